#include "base/arena.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/check.h"

namespace mote {

namespace {
constexpr size_t kAlignment = 64;
constexpr size_t kFirstBlockBytes = 4096;
constexpr size_t kLargestBlockBytes = 1u << 20;
}  // namespace

void Arena::Free::operator()(char* p) const { ::operator delete (p, std::align_val_t{kAlignment}); }

char* Arena::allocate(size_t size_bytes, size_t alignment) {
  MOTE_CHECK(alignment <= kAlignment && (alignment & (alignment - 1)) == 0);
  const size_t skip = (0 - reinterpret_cast<uintptr_t>(at_)) & (alignment - 1);
  if (at_ == nullptr || skip + size_bytes > left_) {
    add_block(size_bytes);
    return allocate(size_bytes, alignment);
  }
  char* const result = at_ + skip;
  at_ += skip + size_bytes;
  left_ -= skip + size_bytes;
  return result;
}

void Arena::add_block(size_t size_bytes) {
  const size_t block_bytes = std::max(next_block_bytes_, size_bytes);
  next_block_bytes_ = std::min(next_block_bytes_ * 2, kLargestBlockBytes);
  blocks_.emplace_back(
      static_cast<char*>(::operator new (block_bytes, std::align_val_t{kAlignment})));
  at_ = blocks_.back().get();
  left_ = block_bytes;
  last_block_bytes_ = block_bytes;
  memory_bytes_ += block_bytes;
}

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) return {};
  char* const room = allocate(text.size(), 1);
  std::memcpy(room, text.data(), text.size());
  return {room, text.size()};
}

void Arena::clear() {
  if (blocks_.empty()) return;
  if (blocks_.size() > 1) blocks_.erase(blocks_.begin(), blocks_.end() - 1);
  at_ = blocks_.back().get();
  left_ = last_block_bytes_;
  memory_bytes_ = last_block_bytes_;
  next_block_bytes_ = std::max(kFirstBlockBytes, std::min(last_block_bytes_, kLargestBlockBytes));
}

}  // namespace mote
