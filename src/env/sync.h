// Locks and waiting. The one place outside posix.cc that knows std::mutex, so that every lock of
// the library has a name and a rank, and a debug build aborts when two are taken against the order
// of ARCHITECTURE.md.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "base/check.h"

namespace mote {

// Lower ranks are taken first. The table in ARCHITECTURE.md gives each its purpose.
enum class LockRank : uint8_t {
  kRegistry = 10,     // open databases of this process
  kDatabase = 20,     // closing, thread life
  kDrain = 25,        // taking rows from the appenders' rings
  kMaintenance = 30,  // one flush, merge or checkpoint at a time
  kCommit = 40,       // the commit token
  kRings = 50,        // list of producers
  kManifest = 60,
  kVersion = 70,  // installing a version
  kBlob = 80,
  kCache = 90,
  kWait = 100,  // waiting for durability
  kLeaf = 110,  // holds nothing else
};

class Mutex {
 public:
  explicit Mutex(LockRank rank) : rank_(rank) {}
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;
  void lock();
  void unlock();
  bool try_lock();

 private:
  friend class CondVar;
  std::mutex mutex_;
  const LockRank rank_;
};

class MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

class CondVar {
 public:
  // Callers hold `mutex` and loop on their condition.
  void wait(Mutex& mutex);
  // False when `timeout_ns` passed without a wake-up.
  bool wait_for(Mutex& mutex, int64_t timeout_ns);
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable_any condition_;
};

}  // namespace mote
