#include <algorithm>
#include <cstring>
#include <new>

#include "storage/memtable.h"

namespace mote {

namespace {
constexpr size_t kAlignment = 64;
constexpr size_t kOverflowBytes = 64 * 1024;
}  // namespace

MemtableArena::MemtableArena(char* block, size_t size_bytes, MemoryBudget& budget)
    : block_(block), size_bytes_(size_bytes), budget_(budget) {}

MemtableArena::~MemtableArena() { ::operator delete (block_, std::align_val_t{kAlignment}); }

Result<std::unique_ptr<MemtableArena>> MemtableArena::create(size_t size_bytes,
                                                             MemoryBudget& budget, bool touch) {
  MemoryCharge charge;
  MOTE_TRY(charge.grow(budget, size_bytes, "a memtable"));
  char* const block = static_cast<char*>(
      ::operator new (std::max<size_t>(size_bytes, 1), std::align_val_t{kAlignment}));
  // Each page is touched here, so that no append waits for the kernel to find one.
  if (touch) std::memset(block, 0, size_bytes);
  std::unique_ptr<MemtableArena> arena(new MemtableArena(block, size_bytes, budget));
  arena->charge_ = std::move(charge);
  return arena;
}

char* MemtableArena::allocate(size_t size_bytes, size_t alignment) {
  const size_t used = used_bytes();
  const size_t begin = (used + alignment - 1) & ~(alignment - 1);
  if (begin + size_bytes > size_bytes_) [[unlikely]] {
    return allocate_overflow(size_bytes, alignment);
  }
  used_.store(begin + size_bytes, std::memory_order_relaxed);
  return block_ + begin;
}

char* MemtableArena::allocate_overflow(size_t size_bytes, size_t alignment) {
  size_t skip = (0 - reinterpret_cast<uintptr_t>(overflow_at_)) & (alignment - 1);
  if (overflow_at_ == nullptr || skip + size_bytes > overflow_left_) {
    const size_t block_bytes = std::max(kOverflowBytes, size_bytes + kAlignment);
    // A row that was acknowledged must have a place: without room in the budget it gets one
    // uncharged. The engine changes memtables before it comes to that.
    const Status charged =
        overflow_charge_.grow(budget_, block_bytes, "rows beyond the end of a memtable");
    static_cast<void>(charged.ok());
    overflow_.push_back(std::make_unique_for_overwrite<char[]>(block_bytes));
    overflow_at_ = overflow_.back().get();
    overflow_left_ = block_bytes;
    skip = (0 - reinterpret_cast<uintptr_t>(overflow_at_)) & (alignment - 1);
  }
  char* const result = overflow_at_ + skip;
  overflow_at_ += skip + size_bytes;
  overflow_left_ -= skip + size_bytes;
  // The rest of the block stays unused from here on: used_ counts it as used.
  used_.store(std::max(used_bytes(), size_bytes_) + skip + size_bytes, std::memory_order_relaxed);
  return result;
}

void MemtableArena::clear() {
  overflow_.clear();
  overflow_charge_.reset();
  overflow_at_ = nullptr;
  overflow_left_ = 0;
  used_.store(0, std::memory_order_relaxed);
}

}  // namespace mote
