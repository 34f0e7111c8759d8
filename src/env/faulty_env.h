// Another Env whose n-th call fails: once, or that one and all after it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "env/env.h"

namespace mote {

enum class Fault : uint8_t { kIoError, kDiskFull, kShortWrite };

class FaultyEnv : public Env {
 public:
  explicit FaultyEnv(Env& base) : base_(base) {}

  // Calls that touch files, reads included, are counted from 1 after each arm(). call 0: never.
  void arm(uint64_t call, Fault fault, bool for_ever);
  void disarm() { arm(0, Fault::kIoError, false); }
  uint64_t call_count() const { return calls_.load(); }
  bool fired() const { return fired_.load(); }

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
  int64_t monotonic_ns() override { return base_.monotonic_ns(); }
  int64_t wall_ns() override { return base_.wall_ns(); }
  void random(std::span<std::byte> out) override { base_.random(out); }
  uint32_t process_id() override { return base_.process_id(); }
  bool has_threads() const override { return base_.has_threads(); }
  Result<std::unique_ptr<ThreadHandle>> start_thread(const char* name,
                                                     std::function<void()> body) override {
    return base_.start_thread(name, std::move(body));
  }
  ThreadClass set_thread_class(ThreadClass wanted) override {
    return base_.set_thread_class(wanted);
  }

 private:
  friend class FaultyFile;
  bool strikes();
  // The injected error when this call is to fail.
  Status count_call(const char* what, const std::string& path);

  Env& base_;
  std::atomic<uint64_t> calls_{0};
  std::atomic<uint64_t> fail_at_{0};
  std::atomic<Fault> fault_{Fault::kIoError};
  std::atomic<bool> for_ever_{false};
  std::atomic<bool> fired_{false};
};

}  // namespace mote
