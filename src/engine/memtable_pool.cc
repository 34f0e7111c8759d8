#include "engine/memtable_pool.h"

namespace mote {

Result<std::shared_ptr<MemtablePool>> MemtablePool::create(uint64_t memtable_bytes, uint32_t count,
                                                           MemoryBudget& budget) {
  std::shared_ptr<MemtablePool> pool(new MemtablePool(memtable_bytes, budget));
  MOTE_ASSIGN(auto first, MemtableArena::create(memtable_bytes, budget, /*touch=*/false));
  pool->free_.push_back(std::move(first));
  pool->total_ = 1;
  pool->kept_ = count;
  return pool;
}

std::shared_ptr<Memtable> MemtablePool::take() {
  std::unique_ptr<MemtableArena> arena;
  {
    MutexLock lock(mutex_);
    if (free_.empty()) return nullptr;
    arena = std::move(free_.back());
    free_.pop_back();
  }
  std::shared_ptr<MemtableArena> shared(arena.release(),
                                        [pool = shared_from_this()](MemtableArena* unused) {
                                          pool->give_back(std::unique_ptr<MemtableArena>(unused));
                                        });
  return std::make_shared<Memtable>(std::move(shared));
}

Status MemtablePool::grow() {
  MOTE_ASSIGN(auto arena, MemtableArena::create(memtable_bytes_, budget_));
  MutexLock lock(mutex_);
  free_.push_back(std::move(arena));
  ++total_;
  return {};
}

bool MemtablePool::is_short() const {
  MutexLock lock(mutex_);
  return total_ < kept_;
}

bool MemtablePool::has_free() const {
  MutexLock lock(mutex_);
  return !free_.empty();
}

void MemtablePool::give_back(std::unique_ptr<MemtableArena> arena) {
  MutexLock lock(mutex_);
  if (total_ <= kept_) {
    free_.push_back(std::move(arena));
  } else {
    --total_;
    arena.reset();
  }
}

}  // namespace mote
