#include "machine.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "harness.h"

namespace bench {

RawWriter::RawWriter(const std::string& path, size_t most_bytes_a_write, uint64_t file_bytes)
    : file_bytes_(file_bytes / kBlockBytes * kBlockBytes) {
  const size_t room = (most_bytes_a_write + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
  if (room > file_bytes_) fail("a raw file of %llu bytes is too small", (unsigned long long)room);
  bytes_ = static_cast<char*>(std::aligned_alloc(kBlockBytes, room));
  std::memset(bytes_, 0, room);
  // Filled before it is measured, so that no write allocates blocks.
  const int fill = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0644);
  for (uint64_t at = 0; at < file_bytes_;) {
    const size_t part = std::min<uint64_t>(room, file_bytes_ - at);
    const ssize_t wrote = ::pwrite(fill, bytes_, part, static_cast<off_t>(at));
    if (wrote <= 0) fail("%s: %s", path.c_str(), std::strerror(errno));
    at += static_cast<uint64_t>(wrote);
  }
  if (::fsync(fill) != 0) fail("%s: %s", path.c_str(), std::strerror(errno));
  ::close(fill);
  for (size_t i = 0; i < room; ++i) bytes_[i] = static_cast<char>(i * 131 + i / 251);
  file_ = ::open(path.c_str(), O_WRONLY | O_DIRECT | O_DSYNC);
  if (file_ < 0) {
    direct_ = false;
    file_ = ::open(path.c_str(), O_WRONLY);
  }
  if (file_ < 0) fail("%s: %s", path.c_str(), std::strerror(errno));
}

RawWriter::~RawWriter() {
  ::close(file_);
  std::free(bytes_);
}

void RawWriter::write(size_t size_bytes) {
  const size_t whole = (size_bytes + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
  if (at_ + whole > file_bytes_) at_ = 0;
  if (::pwrite(file_, bytes_, whole, static_cast<off_t>(at_)) != static_cast<ssize_t>(whole)) {
    fail("raw write: %s", std::strerror(errno));
  }
  if (!direct_ && ::fdatasync(file_) != 0) fail("raw write: %s", std::strerror(errno));
  at_ += whole;
}

RealTime::RealTime() {
  sched_param wanted{};
  wanted.sched_priority = 1;
  granted_ = ::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &wanted) == 0;
}

RealTime::~RealTime() {
  const sched_param ordinary{};
  if (granted_) (void)::sched_setscheduler(0, SCHED_OTHER, &ordinary);
}

uint64_t device_bytes_written(const std::string& directory) {
  struct stat found {};
  if (::stat(directory.c_str(), &found) != 0) return 0;
  char path[96];
  std::snprintf(path, sizeof path, "/sys/dev/block/%u:%u/stat", major(found.st_dev),
                minor(found.st_dev));
  FILE* file = std::fopen(path, "r");
  if (file == nullptr) return 0;
  // The seventh number is sectors written, of 512 bytes whatever the device's own.
  unsigned long long fields[7] = {};
  int read = 0;
  while (read < 7 && std::fscanf(file, "%llu", &fields[read]) == 1) ++read;
  std::fclose(file);
  return read == 7 ? fields[6] * 512 : 0;
}

void sync_all() { ::sync(); }

namespace {

uint64_t status_bytes(const char* name) {
  FILE* file = std::fopen("/proc/self/status", "r");
  if (file == nullptr) return 0;
  char line[256];
  unsigned long long kilobytes = 0;
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::strncmp(line, name, std::strlen(name)) == 0) {
      (void)std::sscanf(line + std::strlen(name), "%llu", &kilobytes);
    }
  }
  std::fclose(file);
  return kilobytes * 1024;
}

}  // namespace

uint64_t peak_resident_bytes() { return status_bytes("VmHWM:"); }
uint64_t resident_bytes() { return status_bytes("VmRSS:"); }

void drop_cached_pages(const std::string& directory) {
  DIR* folder = ::opendir(directory.c_str());
  if (folder == nullptr) return;
  while (const dirent* entry = ::readdir(folder)) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    const std::string path = directory + "/" + name;
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0) continue;
    if (S_ISDIR(found.st_mode)) {
      drop_cached_pages(path);
      continue;
    }
    const int file = ::open(path.c_str(), O_RDONLY);
    if (file < 0) continue;
    (void)::fsync(file);
    (void)::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    ::close(file);
  }
  ::closedir(folder);
}

}  // namespace bench
