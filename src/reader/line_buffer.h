// A stream's bytes in a window that grows to hold one whole record, however it is ended.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/limits.h"
#include "reader/byte_stream.h"

namespace mote {

class LineBuffer {
 public:
  LineBuffer(std::unique_ptr<ByteStream> stream, MemoryBudget& budget)
      : stream_(std::move(stream)), budget_(budget) {}

  // What is read and not yet consumed. Valid until more() or consume().
  std::string_view window() const { return {bytes_.data() + begin_, end_ - begin_}; }
  // Reads on, keeping the window's bytes. False at the end of the stream. Errors: kLimit when the
  // window holds kMaxLineBytes already; those of the stream; kOutOfMemory.
  Result<bool> more();
  void consume(size_t size_bytes) { begin_ += size_bytes; }
  bool at_end() const { return at_end_; }

 private:
  static constexpr size_t kFirstBytes = 256 * 1024;
  std::unique_ptr<ByteStream> stream_;
  MemoryBudget& budget_;
  MemoryCharge charge_;
  std::string bytes_;
  size_t begin_ = 0;
  size_t end_ = 0;
  bool at_end_ = false;
};

}  // namespace mote
