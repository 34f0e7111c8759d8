// One number for all the memory a database may hold.
//
// Large buffers are charged before they are allocated and the charge is given back when they go; a
// charge that does not fit is an error for the one who asked, never an abort. Children draw on
// their parent, so a query has its own smaller limit inside the database's. Caches fill what is
// free and give way to everyone else. Thread-safe: one atomic a budget.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/status.h"

namespace mote {

// Holds memory that it can do without: a cache.
class MemoryReclaimer {
 public:
  // Gives back about size_bytes. False when there is nothing left to give. Any thread, with locks
  // held up to those of LockRank::kBlob.
  virtual bool reclaim(size_t size_bytes) = 0;

 protected:
  ~MemoryReclaimer() = default;
};

class MemoryBudget {
 public:
  // limit_bytes: what may be charged at once. parent, if any, outlives this and is charged too.
  explicit MemoryBudget(size_t limit_bytes, MemoryBudget* parent = nullptr)
      : limit_bytes_(limit_bytes), parent_(parent) {}
  ~MemoryBudget();
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  // Asks the reclaimer for what is missing. Errors: kOutOfMemory; `purpose` names the buffer in the
  // message. Nothing is charged then.
  Status charge(size_t size_bytes, const char* purpose);
  // Without asking the reclaimer: for the reclaimer itself, and under its locks.
  Status charge_spare(size_t size_bytes, const char* purpose);
  void release(size_t size_bytes);

  // null: none. It outlives the charges or takes itself away.
  void set_reclaimer(MemoryReclaimer* reclaimer) {
    reclaimer_.store(reclaimer, std::memory_order_release);
  }

  size_t used_bytes() const { return used_bytes_.load(std::memory_order_relaxed); }
  size_t peak_bytes() const { return peak_bytes_.load(std::memory_order_relaxed); }
  size_t limit_bytes() const { return limit_bytes_; }
  // What could be charged now, if nobody else charged anything.
  size_t free_bytes() const;

 private:
  const size_t limit_bytes_;
  MemoryBudget* const parent_;
  std::atomic<MemoryReclaimer*> reclaimer_{nullptr};
  std::atomic<size_t> used_bytes_{0};  // <= limit_bytes_
  std::atomic<size_t> peak_bytes_{0};
};

// A charge that is given back when this goes out of scope.
class MemoryCharge {
 public:
  MemoryCharge() = default;
  MemoryCharge(MemoryCharge&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  MemoryCharge& operator=(MemoryCharge&& other) noexcept {
    if (this != &other) {
      reset();
      budget_ = std::exchange(other.budget_, nullptr);
      size_ = std::exchange(other.size_, 0);
    }
    return *this;
  }
  ~MemoryCharge() { reset(); }

  // Charges `size_bytes` more to `budget`, which stays the same for the life of this object.
  Status grow(MemoryBudget& budget, size_t size_bytes, const char* purpose) {
    MOTE_CHECK(budget_ == nullptr || budget_ == &budget);
    MOTE_TRY(budget.charge(size_bytes, purpose));
    budget_ = &budget;
    size_ += size_bytes;
    return {};
  }
  void reset() {
    if (budget_ != nullptr) budget_->release(size_);
    budget_ = nullptr;
    size_ = 0;
  }
  size_t size_bytes() const { return size_; }

 private:
  MemoryBudget* budget_ = nullptr;
  size_t size_ = 0;
};

}  // namespace mote
