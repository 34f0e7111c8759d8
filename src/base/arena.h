// Bump allocation for things that die together.
//
// Blocks double from 4 KiB to 1 MiB; a request larger than a block gets its own. Nothing is freed
// before the arena. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace mote {

class Arena {
 public:
  // Uninitialised; aligned to `alignment`, a power of two not above 64. Lives as long as the arena.
  char* allocate(size_t size_bytes, size_t alignment = 8);
  // A copy of `text` that lives as long as the arena.
  std::string_view copy(std::string_view text);
  // Whether `size_bytes` more keep it within its limit. allocate() does not look at the limit: who
  // allocates much asks first.
  bool has_room(size_t size_bytes) const {
    return size_bytes <= left_ || memory_bytes_ + size_bytes <= limit_bytes_;
  }
  void set_limit_bytes(size_t limit_bytes) { limit_bytes_ = limit_bytes; }
  // Bytes taken from the system.
  size_t memory_bytes() const { return memory_bytes_; }
  // Forgets everything; keeps the last block for reuse.
  void clear();

 private:
  struct Free {
    void operator()(char* p) const;
  };
  char* at_ = nullptr;
  size_t left_ = 0;
  size_t next_block_bytes_ = 4096;
  size_t memory_bytes_ = 0;
  size_t limit_bytes_ = SIZE_MAX;
  size_t last_block_bytes_ = 0;
  std::vector<std::unique_ptr<char, Free>> blocks_;

  void add_block(size_t size_bytes);
};

}  // namespace mote
