#include "env/faulty_env.h"

#include <algorithm>

namespace mote {

void FaultyEnv::arm(uint64_t call, Fault fault, bool for_ever) {
  calls_.store(0);
  fault_.store(fault);
  for_ever_.store(for_ever);
  fired_.store(false);
  fail_at_.store(call);
}

bool FaultyEnv::strikes() {
  const uint64_t call = calls_.fetch_add(1) + 1;
  const uint64_t fail_at = fail_at_.load();
  const bool strikes = fail_at != 0 && (call == fail_at || (for_ever_.load() && call > fail_at));
  if (strikes) fired_.store(true);
  return strikes;
}

Status FaultyEnv::count_call(const char* what, const std::string& path) {
  if (!strikes()) return {};
  if (fault_.load() == Fault::kDiskFull) return disk_full("%s: %s: injected", path.c_str(), what);
  return io_error("%s: %s: injected", path.c_str(), what);
}

class FaultyFile : public File {
 public:
  FaultyFile(FaultyEnv& env, std::string path, bool durable, std::unique_ptr<File> base)
      : env_(env), path_(std::move(path)), durable_(durable), base_(std::move(base)) {}

  Status read(uint64_t offset, std::span<std::byte> out) override {
    MOTE_TRY(env_.count_call("read", path_));
    return base_->read(offset, out);
  }
  Result<size_t> read_some(uint64_t offset, std::span<std::byte> out) override {
    MOTE_TRY(env_.count_call("read", path_));
    return base_->read_some(offset, out);
  }
  Status write(uint64_t offset, std::span<const std::byte> bytes) override {
    const Status fault = env_.count_call("write", path_);
    if (fault.ok()) return base_->write(offset, bytes);
    if (env_.fault_.load() == Fault::kShortWrite) {
      // Half of it is there, in whole blocks where the file asks for them; its result no longer
      // matters.
      size_t half = bytes.size() / 2;
      if (durable_) half -= half % 4096;
      if (half > 0) (void)base_->write(offset, bytes.first(half));
    }
    return fault;
  }
  Status sync() override {
    MOTE_TRY(env_.count_call("sync", path_));
    return base_->sync();
  }
  Status truncate(uint64_t size_bytes) override {
    MOTE_TRY(env_.count_call("truncate", path_));
    return base_->truncate(size_bytes);
  }
  Result<uint64_t> size() override {
    MOTE_TRY(env_.count_call("size", path_));
    return base_->size();
  }
  Result<FileStat> stat() override {
    MOTE_TRY(env_.count_call("stat", path_));
    return base_->stat();
  }

 private:
  FaultyEnv& env_;
  const std::string path_;
  const bool durable_;
  const std::unique_ptr<File> base_;
};

Result<std::unique_ptr<File>> FaultyEnv::open(const std::string& path, OpenOptions options) {
  MOTE_TRY(count_call("open", path));
  MOTE_ASSIGN(auto file, base_.open(path, options));
  return std::unique_ptr<File>(
      std::make_unique<FaultyFile>(*this, path, options.durable_writes, std::move(file)));
}

Status FaultyEnv::rename(const std::string& from, const std::string& to) {
  MOTE_TRY(count_call("rename", from));
  return base_.rename(from, to);
}

Status FaultyEnv::remove(const std::string& path) {
  MOTE_TRY(count_call("remove", path));
  return base_.remove(path);
}

Status FaultyEnv::create_directory(const std::string& path) {
  MOTE_TRY(count_call("make directory", path));
  return base_.create_directory(path);
}

Status FaultyEnv::sync_directory(const std::string& path) {
  MOTE_TRY(count_call("sync directory", path));
  return base_.sync_directory(path);
}

Result<std::vector<std::string>> FaultyEnv::list(const std::string& path) {
  MOTE_TRY(count_call("list", path));
  return base_.list(path);
}

Result<FileStat> FaultyEnv::stat(const std::string& path) {
  MOTE_TRY(count_call("stat", path));
  return base_.stat(path);
}

Result<std::string> FaultyEnv::real_path(const std::string& path) {
  MOTE_TRY(count_call("resolve", path));
  return base_.real_path(path);
}

Result<uint64_t> FaultyEnv::free_bytes(const std::string& path) {
  MOTE_TRY(count_call("statvfs", path));
  return base_.free_bytes(path);
}

Result<std::unique_ptr<FileLock>> FaultyEnv::lock(const std::string& path) {
  MOTE_TRY(count_call("lock", path));
  return base_.lock(path);
}

}  // namespace mote
