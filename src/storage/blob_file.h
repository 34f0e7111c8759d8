// Large values, each written once, beside the log.
//
// A TEXT or BLOB value of kBlobThresholdBytes or more goes to a blob file before its row is
// committed; the row carries a BlobReference. Files are preallocated, filled front to back with one
// durable write a value (rounded up to kLogBlockBytes), and dropped whole when no part, memtable or
// transaction refers to them any more. So a camera frame never stands in the log before a 200 Hz
// row, and its bytes are written once.
//
// Thread-safe. Writing is under a lock of its own; reading takes one only to find the open file.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory_budget.h"
#include "base/status.h"
#include "env/env.h"
#include "env/sync.h"

namespace mote {

inline constexpr uint32_t kBlobThresholdBytes = 16 * 1024;
inline constexpr uint64_t kBlobFileBytes = 64u << 20;  // a larger value has a file to itself

// Called before each write or truncation of about `size_bytes`, so that background work can be
// paced or cancelled.
using Pace = std::function<Status(size_t size_bytes)>;

struct BlobReference {
  uint32_t file = 0;
  uint64_t offset = 0;  // a multiple of kLogBlockBytes
  uint64_t size_bytes = 0;
  uint64_t checksum = 0;  // XXH3 seeded with the database id, file and offset

  static constexpr size_t kBytes = 28;
  void serialize(std::string* out) const;
  static Result<BlobReference> deserialize(std::string_view bytes);
};

class BlobStore {
 public:
  // files: those that the manifest knows. Files that it does not know are orphans and removed by
  // recovery.
  BlobStore(Env& env, std::string directory, uint64_t database_id, MemoryBudget& budget);
  ~BlobStore();

  // Writes a value; durable when this returns. size_bytes <= kMaxValueBytes. The bytes pass through
  // one aligned staging buffer, so memory is bounded whatever the size. Errors: kDiskFull,
  // kIoError: then the value is not there, and the file is not written to again.
  Result<BlobReference> append(std::string_view value);
  // Reads all of a value. Errors: kCorruption naming file and offset; kIoError.
  Status read(const BlobReference& reference, char* out) const;
  // Reads [offset, offset + size) without checking the checksum of the whole.
  Status read_range(const BlobReference& reference, uint64_t offset, std::span<char> out) const;

  // The next file's number; counts on from what recovery found.
  void set_next_file(uint32_t file);
  uint32_t next_file() const;
  // Files below `end` that are not in `referenced` and not being written to are removed, large ones
  // after truncation in paced steps, since freeing many blocks at once holds up other writes. Take
  // `end` from next_file() before gathering `referenced`, so that a value appended meanwhile stays.
  Status drop_unreferenced(const std::set<uint32_t>& referenced, uint32_t end = UINT32_MAX,
                           const Pace& pace = {});
  // Closes the file being written, giving back the room behind its end.
  Status seal();
  uint64_t written_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string blob_file_name(uint32_t file);

}  // namespace mote
