// The machine under the database: raw durable writes, the scheduler's class, the device's counters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace bench {

// The limit that durable writes are measured against: one pwrite of whole 4 KiB blocks on a
// preallocated, zero-filled O_DIRECT|O_DSYNC file, round and round. Where the file system knows no
// O_DIRECT (tmpfs) it is pwrite + fdatasync.
class RawWriter {
 public:
  static constexpr size_t kBlockBytes = 4096;

  RawWriter(const std::string& path, size_t most_bytes_a_write, uint64_t file_bytes);
  ~RawWriter();
  RawWriter(const RawWriter&) = delete;
  RawWriter& operator=(const RawWriter&) = delete;
  // size_bytes is rounded up to whole blocks. Returns when the bytes are on the medium.
  void write(size_t size_bytes);

 private:
  int file_ = -1;
  bool direct_ = true;
  uint64_t file_bytes_ = 0;
  uint64_t at_ = 0;
  char* bytes_ = nullptr;  // aligned
};

// Gives the calling thread the real-time class while it lives. Threads that are started meanwhile
// do not inherit it.
class RealTime {
 public:
  RealTime();
  ~RealTime();
  RealTime(const RealTime&) = delete;
  RealTime& operator=(const RealTime&) = delete;
  // What the scheduler gave: "real-time" or "normal".
  const char* name() const { return granted_ ? "real-time" : "normal"; }

 private:
  bool granted_ = false;
};

// Bytes written so far to the block device under `directory`, by everybody; 0 where there is none.
uint64_t device_bytes_written(const std::string& directory);
// Pushes everything that the system holds back to the devices.
void sync_all();

// The process's resident memory, in bytes: at most so far, and now.
uint64_t peak_resident_bytes();
uint64_t resident_bytes();

// Lets the system forget the cached pages of the files below `directory`.
void drop_cached_pages(const std::string& directory);

}  // namespace bench
