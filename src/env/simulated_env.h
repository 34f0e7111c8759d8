// A machine in memory whose power can fail at any call.
//
// It keeps, for each file, the bytes that are surely on the medium and the writes that are not yet,
// and, for each directory, the same of its names. `crash_image` gives the machine as it may be
// found after a power cut at this moment, under one of eight policies. Time stands still unless a
// test moves it, chance comes from a seed, there are no threads. Everything is deterministic.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "env/env.h"

namespace mote {

// What the medium kept of writes that no sync has made durable. Sectors are 512 bytes.
enum class PowerLoss : uint8_t {
  kLoseUnsynced = 0,       // nothing of them
  kKeepAll = 1,            // all
  kPrefix = 2,             // the first so many of all pending operations, in order
  kTornSectors = 3,        // any set of sectors
  kReordered = 4,          // any set of whole operations, across files
  kZeroOrGarbageTail = 5,  // sizes grew, the new bytes are zero or garbage
  kNamesLost = 6,          // data kept, names (create, rename, remove) lost
  kNamesKept = 7,          // names kept, data lost
};
inline constexpr uint32_t kPowerLossCount = 8;

class SimulatedEnv : public Env {
 public:
  explicit SimulatedEnv(uint64_t seed);
  ~SimulatedEnv() override;

  // Calls that change what the medium holds or may hold, counted from 1: creating opens, write,
  // sync, truncate, rename, remove, create_directory, sync_directory. Reads do not count.
  uint64_t call_count() const;
  // Call number `call` fails with kIoError "power is off", as all after it do; what it did to the
  // medium is left to the crash image. 0: never.
  void cut_power_at(uint64_t call);
  bool power_is_off() const;

  // A machine with what the medium may hold if power fails now, or failed during call number `call`
  // (which may have had any part of its effect). One recorded run thus gives an image for each of
  // its calls. `seed` decides what the policy leaves open. The wall clock goes on, locks are gone,
  // the process id is another.
  std::unique_ptr<SimulatedEnv> crash_image(PowerLoss policy, uint64_t seed) const;
  std::unique_ptr<SimulatedEnv> crash_image_during(uint64_t call, PowerLoss policy,
                                                   uint64_t seed) const;

  void advance_ns(int64_t ns);
  void set_wall_ns(int64_t ns);
  // The bytes of the medium may be damaged by tests: flips bits in what is durable and cached
  // alike.
  Status damage(const std::string& path, uint64_t offset, std::string_view bytes);
  Result<std::string> file_bytes(const std::string& path) const;
  // Limits the bytes of all files together; writes beyond get kDiskFull.
  void set_capacity(std::optional<uint64_t> size_bytes);

  // Env
  Result<std::unique_ptr<File>> open(const std::string& path, OpenOptions options) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status create_directory(const std::string& path) override;
  Status sync_directory(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<FileStat> stat(const std::string& path) override;
  Result<std::string> real_path(const std::string& path) override;
  Result<uint64_t> free_bytes(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
  int64_t monotonic_ns() override;
  int64_t wall_ns() override;
  void random(std::span<std::byte> out) override;
  uint32_t process_id() override;
  bool has_threads() const override { return false; }
  Result<std::unique_ptr<ThreadHandle>> start_thread(const char* name,
                                                     std::function<void()> body) override;
  ThreadClass set_thread_class(ThreadClass wanted) override;

 private:
  friend class SimulatedFile;
  struct State;
  std::shared_ptr<State> state_;
  explicit SimulatedEnv(std::shared_ptr<State> state);
};

}  // namespace mote
