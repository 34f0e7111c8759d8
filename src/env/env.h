// The whole outside world: files, directories, locks, clocks, chance and tasks.
//
// Nothing else in the library opens a file, reads a clock or starts a thread, so a test can stand
// in for all of it: PosixEnv is real, SimulatedEnv keeps files in memory and can lose power at any
// call, FaultyEnv fails the n-th call. Paths are plain; a database's files all lie in one
// directory.
//
// An Env and its Files are thread-safe, except that one File is not written from two threads at
// once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace mote {

enum class OpenMode : uint8_t {
  kRead,          // must exist
  kReadWrite,     // must exist
  kCreate,        // created empty; an existing file is an error
  kCreateOrOpen,  // created if absent
};

struct OpenOptions {
  OpenMode mode = OpenMode::kRead;
  // Each write is on the medium when it returns (O_DIRECT|O_DSYNC where the file system has it,
  // else write and fdatasync). Offsets, sizes and buffers of such writes are multiples of
  // kLogBlockBytes.
  bool durable_writes = false;
};

// Tells files apart whatever their names.
struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;
  bool operator==(const FileIdentity&) const = default;
};

struct FileStat {
  uint64_t size_bytes = 0;
  FileIdentity identity;
  bool is_directory = false;
};

class File {
 public:
  virtual ~File() = default;
  // Fills `out` from `offset`. Errors: kCorruption when the file ends before, kIoError.
  virtual Status read(uint64_t offset, std::span<std::byte> out) = 0;
  // Reads up to out.size() bytes; fewer only at the end of the file.
  virtual Result<size_t> read_some(uint64_t offset, std::span<std::byte> out) = 0;
  // Writes all of `bytes`; the file grows as needed. Errors: kDiskFull, kIoError; then any part may
  // be there.
  virtual Status write(uint64_t offset, std::span<const std::byte> bytes) = 0;
  // Makes the file's content and size durable. An error means that nobody knows; never call it
  // again.
  virtual Status sync() = 0;
  virtual Status truncate(uint64_t size_bytes) = 0;
  virtual Result<uint64_t> size() = 0;
  virtual Result<FileStat> stat() = 0;
};

// Held until it goes; the operating system releases it when the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
  // The file of that name is still the one that is locked. False when it was replaced or removed,
  // so that another process may take the lock for free. True when nothing can be told. Cheap.
  virtual bool in_place() const = 0;
};

class ThreadHandle {
 public:
  virtual ~ThreadHandle() = default;  // joins
};

// What the log thread asks of the scheduler, and what it got.
enum class ThreadClass : uint8_t { kNormal, kRealTime, kRaised, kIdle };
const char* thread_class_name(ThreadClass thread_class);

class Env {
 public:
  virtual ~Env() = default;

  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenOptions options) = 0;
  // Replaces `to` if it is there. Durable only after sync_directory.
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status remove(const std::string& path) = 0;
  virtual Status create_directory(const std::string& path) = 0;  // an existing one is fine
  virtual Status sync_directory(const std::string& path) = 0;
  // Names, without "." and "..", sorted.
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
  // Errors: kNotFound.
  virtual Result<FileStat> stat(const std::string& path) = 0;
  // The absolute path without links, "." and "..". Errors: kNotFound.
  virtual Result<std::string> real_path(const std::string& path) = 0;
  // Free bytes on the file system of `path` for an ordinary user.
  virtual Result<uint64_t> free_bytes(const std::string& path) = 0;
  // Takes the exclusive lock of the file, creating it, and writes this process's id into it.
  // Errors: kBusy with the holder's id in the message; also when this process holds it already, by
  // any name.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;

  virtual int64_t monotonic_ns() = 0;
  virtual int64_t wall_ns() = 0;  // since 1970, UTC; may jump
  virtual void random(std::span<std::byte> out) = 0;
  virtual uint32_t process_id() = 0;  // changes in a forked child

  // True when start_thread works. False in simulation: then the owner runs its work by calls to
  // `pump`.
  virtual bool has_threads() const = 0;
  virtual Result<std::unique_ptr<ThreadHandle>> start_thread(const char* name,
                                                             std::function<void()> body) = 0;
  // For the calling thread. Returns what it got.
  virtual ThreadClass set_thread_class(ThreadClass wanted) = 0;
};

// The operating system's. One for the process, never destroyed.
Env& posix_env();

}  // namespace mote
