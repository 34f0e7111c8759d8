// Room for durable writes, which take whole blocks at addresses that are multiples of
// kLogBlockBytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "base/limits.h"

namespace mote {

struct AlignedDelete {
  void operator()(std::byte* p) const { ::operator delete (p, std::align_val_t{kLogBlockBytes}); }
};
using AlignedBytes = std::unique_ptr<std::byte[], AlignedDelete>;

inline AlignedBytes allocate_aligned(size_t size_bytes) {
  return AlignedBytes(
      static_cast<std::byte*>(::operator new (size_bytes, std::align_val_t{kLogBlockBytes})));
}

inline uint64_t round_up_to_block(uint64_t size_bytes) {
  return (size_bytes + kLogBlockBytes - 1) / kLogBlockBytes * kLogBlockBytes;
}

}  // namespace mote
