// A file's bytes from front to back, decompressed on the way when it is .gz or .zst.
//
// What a file is, its first bytes say; a name that promises a compression which the bytes are not
// is an error, so that a damaged archive is never read as text. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/memory_budget.h"
#include "base/status.h"
#include "env/env.h"

namespace mote {

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Fills `out` unless the stream ends before; returns the bytes given, 0 only at the end. Errors:
  // kIoError; kCorruption naming the file for compressed bytes that are damaged or cut short.
  virtual Result<size_t> read(std::span<char> out) = 0;
  virtual bool is_compressed() const = 0;
};

// path: a real path. shown_name stands in messages. Errors: kNotFound, kIoError; kInvalidArgument
// for a compression that this build can not read; kOutOfMemory.
Result<std::unique_ptr<ByteStream>> open_byte_stream(Env& env, const std::string& path,
                                                     const std::string& shown_name,
                                                     MemoryBudget& budget);

}  // namespace mote
