#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>

#include "env/posix_file.h"
#include "env/sync.h"

namespace mote {

const char* thread_class_name(ThreadClass thread_class) {
  switch (thread_class) {
    case ThreadClass::kNormal: return "normal";
    case ThreadClass::kRealTime: return "real-time";
    case ThreadClass::kRaised: return "raised";
    case ThreadClass::kIdle: return "idle";
  }
  return "unknown";
}

namespace {

// Kept, since asking the kernel costs as much as finding a row; a forked child asks anew.
std::atomic<uint32_t> known_process_id{0};
void learn_process_id() {
  known_process_id.store(static_cast<uint32_t>(::getpid()), std::memory_order_relaxed);
}

// Files locked by this process: flock is per open file, so a second open in one process would only
// wait for itself or, under another name, be refused without saying by whom.
struct LockedFiles {
  Mutex mutex{LockRank::kLeaf};
  std::vector<FileIdentity> files;
};
LockedFiles& locked_files() {
  static LockedFiles files;
  return files;
}

// flock: released by the kernel when the last descriptor of the open file goes. A forked child
// holds a copy of the descriptor, but its close does not release the lock while the parent has its
// own.
class PosixLock : public FileLock {
 public:
  // directory: a descriptor of the file's directory, or -1 when it could not be opened.
  PosixLock(int descriptor, FileIdentity identity, int directory, std::string name)
      : descriptor_(descriptor),
        identity_(identity),
        directory_(directory),
        name_(std::move(name)),
        process_(::getpid()) {}
  ~PosixLock() override {
    {
      MutexLock lock(locked_files().mutex);
      std::erase(locked_files().files, identity_);
    }
    // Forked children share the lock and would keep it; and none of them may give it away.
    if (::getpid() == process_) ::flock(descriptor_, LOCK_UN);
    ::close(descriptor_);
    if (directory_ >= 0) ::close(directory_);
  }

  // One step from the directory, which costs a commit less than the whole path.
  bool in_place() const override {
    struct ::stat status;
    if (directory_ < 0) return true;
    if (::fstatat(directory_, name_.c_str(), &status, 0) != 0) return errno != ENOENT;
    return identity_ ==
           FileIdentity{static_cast<uint64_t>(status.st_dev), static_cast<uint64_t>(status.st_ino)};
  }

 private:
  const int descriptor_;
  const FileIdentity identity_;
  const int directory_;
  const std::string name_;
  const ::pid_t process_;
};

std::string lock_holder(int descriptor) {
  char text[32] = {};
  const ssize_t count = ::pread(descriptor, text, sizeof text - 1, 0);
  const std::string pid(text, count > 0 ? strspn(text, "0123456789") : 0);
  return pid.empty() ? "another process" : "process " + pid;
}

class PosixThread : public ThreadHandle {
 public:
  explicit PosixThread(std::thread thread) : thread_(std::move(thread)) {}
  ~PosixThread() override { thread_.join(); }

 private:
  std::thread thread_;
};

int64_t clock_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

class PosixEnv : public Env {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenOptions options) override {
    return open_posix_file(path, options);
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return posix_error(from, "rename", errno);
    return {};
  }

  Status remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return posix_error(path, "remove", errno);
    return {};
  }

  Status create_directory(const std::string& path) override {
    if (::mkdir(path.c_str(), 0700) == 0) return {};
    if (errno == EEXIST) {
      MOTE_ASSIGN(const FileStat status, stat(path));
      if (status.is_directory) return {};
      errno = EEXIST;
    }
    return posix_error(path, "make directory", errno);
  }

  Status sync_directory(const std::string& path) override {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return posix_error(path, "open directory", errno);
    const int result = ::fsync(descriptor);
    const int error = errno;
    ::close(descriptor);
    if (result != 0) return posix_error(path, "sync directory", error);
    return {};
  }

  Result<std::vector<std::string>> list(const std::string& path) override {
    DIR* const directory = ::opendir(path.c_str());
    if (directory == nullptr) return posix_error(path, "list", errno);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* const entry = ::readdir(directory)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    const int error = errno;
    ::closedir(directory);
    if (error != 0) return posix_error(path, "list", error);
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<FileStat> stat(const std::string& path) override {
    struct ::stat status;
    if (::stat(path.c_str(), &status) != 0) return posix_error(path, "stat", errno);
    return FileStat{static_cast<uint64_t>(status.st_size),
                    {static_cast<uint64_t>(status.st_dev), static_cast<uint64_t>(status.st_ino)},
                    S_ISDIR(status.st_mode)};
  }

  Result<std::string> real_path(const std::string& path) override {
    char* const resolved = ::realpath(path.c_str(), nullptr);
    if (resolved == nullptr) return posix_error(path, "resolve", errno);
    std::string result(resolved);
    ::free(resolved);
    return result;
  }

  Result<uint64_t> free_bytes(const std::string& path) override {
    struct ::statvfs status;
    if (::statvfs(path.c_str(), &status) != 0) return posix_error(path, "statvfs", errno);
    return static_cast<uint64_t>(status.f_bavail) * status.f_frsize;
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

  int64_t monotonic_ns() override { return clock_ns(CLOCK_MONOTONIC); }
  int64_t wall_ns() override { return clock_ns(CLOCK_REALTIME); }
  void random(std::span<std::byte> out) override {
    size_t at = 0;
    while (at < out.size()) {
      const ssize_t got = ::getrandom(out.data() + at, out.size() - at, 0);
      if (got > 0) at += static_cast<size_t>(got);
    }
  }
  uint32_t process_id() override { return known_process_id.load(std::memory_order_relaxed); }
  bool has_threads() const override { return true; }

  Result<std::unique_ptr<ThreadHandle>> start_thread(const char* name,
                                                     std::function<void()> body) override {
    std::string label(name);
    label.resize(std::min<size_t>(label.size(), 15));  // Linux keeps no more
    return std::unique_ptr<ThreadHandle>(
        std::make_unique<PosixThread>(std::thread([label, body = std::move(body)] {
          ::pthread_setname_np(::pthread_self(), label.c_str());
          body();
        })));
  }

  ThreadClass set_thread_class(ThreadClass wanted) override;
};

Result<std::unique_ptr<FileLock>> PosixEnv::lock(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return posix_error(path, "open lock", errno);
  const auto refuse = [&](Status status) {
    ::close(descriptor);
    return status;
  };
  struct ::stat status;
  if (::fstat(descriptor, &status) != 0) return refuse(posix_error(path, "stat", errno));
  const FileIdentity identity{static_cast<uint64_t>(status.st_dev),
                              static_cast<uint64_t>(status.st_ino)};
  MutexLock lock(locked_files().mutex);
  auto& files = locked_files().files;
  if (std::find(files.begin(), files.end(), identity) != files.end()) {
    return refuse(busy("%s: is locked by this process (%u) already", path.c_str(), process_id()));
  }
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return refuse(posix_error(path, "lock", errno));
    return refuse(busy("%s: is locked by %s", path.c_str(), lock_holder(descriptor).c_str()));
  }
  const std::string pid = std::to_string(process_id()) + "\n";
  if (::ftruncate(descriptor, 0) != 0 ||
      ::pwrite(descriptor, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return refuse(posix_error(path, "write process id", errno));
  }
  files.push_back(identity);
  const size_t slash = path.find_last_of('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int parent = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return std::unique_ptr<FileLock>(std::make_unique<PosixLock>(
      descriptor, identity, parent, path.substr(slash == std::string::npos ? 0 : slash + 1)));
}

ThreadClass PosixEnv::set_thread_class(ThreadClass wanted) {
  const auto thread = static_cast<id_t>(::syscall(SYS_gettid));
  sched_param parameters{};
  switch (wanted) {
    case ThreadClass::kRealTime:
    case ThreadClass::kRaised:
      if (wanted == ThreadClass::kRealTime) {
        parameters.sched_priority =
            1;  // above every ordinary thread, below the host's own real-time ones
        if (::pthread_setschedparam(::pthread_self(), SCHED_FIFO, &parameters) == 0) return wanted;
      }
      return ::setpriority(PRIO_PROCESS, thread, -10) == 0 ? ThreadClass::kRaised
                                                           : ThreadClass::kNormal;
    case ThreadClass::kIdle:
      (void)::setpriority(PRIO_PROCESS, thread, 19);
      return ThreadClass::kIdle;
    case ThreadClass::kNormal: break;
  }
  return ThreadClass::kNormal;
}

}  // namespace

Env& posix_env() {
  // Never destroyed: threads may outlive main's statics.
  static PosixEnv* const env = [] {
    learn_process_id();
    MOTE_CHECK(::pthread_atfork(nullptr, nullptr, learn_process_id) == 0);
    return new PosixEnv;
  }();
  return *env;
}

}  // namespace mote
