#include "env/posix_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/limits.h"

namespace mote {

namespace {

// One transfer is at most this large: Linux cuts at 2 GiB.
constexpr size_t kLargestTransfer = 1u << 30;

class PosixFile : public File {
 public:
  // syncs: write() makes durable by a sync of its own, since the descriptor does not.
  PosixFile(std::string path, int descriptor, bool syncs)
      : path_(std::move(path)), descriptor_(descriptor), syncs_(syncs) {}
  ~PosixFile() override { ::close(descriptor_); }

  Status read(uint64_t offset, std::span<std::byte> out) override {
    MOTE_ASSIGN(const size_t count, read_some(offset, out));
    if (count == out.size()) return {};
    return corruption("%s: ends at byte %llu; %zu bytes from %llu are expected", path_.c_str(),
                      static_cast<unsigned long long>(offset + count), out.size(),
                      static_cast<unsigned long long>(offset));
  }

  Result<size_t> read_some(uint64_t offset, std::span<std::byte> out) override {
    size_t count = 0;
    while (count < out.size()) {
      const ssize_t got =
          ::pread(descriptor_, out.data() + count, std::min(out.size() - count, kLargestTransfer),
                  static_cast<off_t>(offset + count));
      if (got == 0) break;
      if (got < 0) {
        if (errno == EINTR || errno == EAGAIN) continue;
        return posix_error(path_, "read", errno);
      }
      count += static_cast<size_t>(got);
    }
    return count;
  }

  Status write(uint64_t offset, std::span<const std::byte> bytes) override {
    size_t count = 0;
    while (count < bytes.size()) {
      const ssize_t put = ::pwrite(descriptor_, bytes.data() + count,
                                   std::min(bytes.size() - count, kLargestTransfer),
                                   static_cast<off_t>(offset + count));
      if (put < 0) {
        if (errno == EINTR || errno == EAGAIN) continue;
        if (errno == EINVAL && !syncs_ && count == 0 && drop_direct()) continue;
        return posix_error(path_, "write", errno);
      }
      count += static_cast<size_t>(put);
    }
    return syncs_ ? sync() : Status();
  }

  Status sync() override {
    if (::fdatasync(descriptor_) != 0) return posix_error(path_, "sync", errno);
    return {};
  }

  Status truncate(uint64_t size_bytes) override {
    while (::ftruncate(descriptor_, static_cast<off_t>(size_bytes)) != 0) {
      if (errno != EINTR) return posix_error(path_, "truncate", errno);
    }
    return {};
  }

  Result<uint64_t> size() override {
    MOTE_ASSIGN(const FileStat status, stat());
    return status.size_bytes;
  }

  Result<FileStat> stat() override {
    struct ::stat status;
    if (::fstat(descriptor_, &status) != 0) return posix_error(path_, "stat", errno);
    return FileStat{static_cast<uint64_t>(status.st_size),
                    {static_cast<uint64_t>(status.st_dev), static_cast<uint64_t>(status.st_ino)},
                    S_ISDIR(status.st_mode)};
  }

 private:
  // Some file systems accept O_DIRECT at open and refuse the first write. From then on write, then
  // sync.
  bool drop_direct() {
#ifdef O_DIRECT
    const int flags = ::fcntl(descriptor_, F_GETFL);
    if (flags < 0 || (flags & O_DIRECT) == 0) return false;
    if (::fcntl(descriptor_, F_SETFL, flags & ~O_DIRECT) != 0) return false;
    syncs_ = true;
    return true;
#else
    return false;
#endif
  }

  const std::string path_;
  const int descriptor_;
  bool syncs_;
};

int open_flags(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead: return O_RDONLY;
    case OpenMode::kReadWrite: return O_RDWR;
    case OpenMode::kCreate: return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::kCreateOrOpen: return O_RDWR | O_CREAT;
  }
  return O_RDONLY;
}

int open_retrying(const std::string& path, int flags) {
  int descriptor;
  do {
    descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  } while (descriptor < 0 && errno == EINTR);
  return descriptor;
}

// Descriptors 0 to 2 may be closed when a service starts; a database file must not become its
// standard error.
int above_standard(int descriptor) {
  if (descriptor < 0 || descriptor > 2) return descriptor;
  const int moved = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
  ::close(descriptor);
  return moved;
}

}  // namespace

Status posix_error(const std::string& path, const char* what, int error) {
  const std::string message = format_text("%s: %s: %s", path.c_str(), what, std::strerror(error));
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return Status(Code::kDiskFull, message);
    case ENOENT: return Status(Code::kNotFound, message);
    case EROFS:
    case EACCES:
    case EPERM: return Status(Code::kReadOnly, message);
    default: return Status(Code::kIoError, message);
  }
}

Result<std::unique_ptr<File>> open_posix_file(const std::string& path, OpenOptions options) {
  const int flags = open_flags(options.mode);
  int descriptor = -1;
  bool syncs = false;
#ifdef O_DIRECT
  if (options.durable_writes) descriptor = open_retrying(path, flags | O_DIRECT | O_DSYNC);
#endif
  if (descriptor < 0 && options.durable_writes) {
    // The open with O_DIRECT may have made the file before it was refused.
    const int again =
        options.mode == OpenMode::kCreate && errno == EINVAL ? flags & ~O_EXCL : flags;
    descriptor = open_retrying(path, again);
    syncs = true;
  } else if (!options.durable_writes) {
    descriptor = open_retrying(path, flags);
  }
  descriptor = above_standard(descriptor);
  if (descriptor < 0) return posix_error(path, "open", errno);
  return std::unique_ptr<File>(std::make_unique<PosixFile>(path, descriptor, syncs));
}

}  // namespace mote
