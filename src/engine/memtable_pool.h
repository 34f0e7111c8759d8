// The arenas of a database's memtables that go round. One is there at open; the background makes
// and touches the others.
//
// A memtable is held by the engine until its rows are in parts, and by every version that has its
// runs; when the last of them lets go, the arena returns to the pool. So a writer that needs the
// next memtable finds an arena as long as flushing keeps up and no reader holds on to old ones;
// when readers do, the pool grows within the budget.
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/memory_budget.h"
#include "env/sync.h"
#include "storage/memtable.h"

namespace mote {

class MemtablePool : public std::enable_shared_from_this<MemtablePool> {
 public:
  // count: how many arenas are kept in the end; one is made now.
  static Result<std::shared_ptr<MemtablePool>> create(uint64_t memtable_bytes, uint32_t count,
                                                      MemoryBudget& budget);
  // An empty memtable; null when no arena is free.
  std::shared_ptr<Memtable> take();
  // Adds one arena, if the budget allows it; it is freed, not kept, when there are too many.
  Status grow();
  // There are fewer arenas than are to be kept.
  bool is_short() const;
  bool has_free() const;
  uint64_t memtable_bytes() const { return memtable_bytes_; }

 private:
  MemtablePool(uint64_t memtable_bytes, MemoryBudget& budget)
      : memtable_bytes_(memtable_bytes), budget_(budget) {}
  void give_back(std::unique_ptr<MemtableArena> arena);

  const uint64_t memtable_bytes_;
  MemoryBudget& budget_;
  mutable Mutex mutex_{LockRank::kLeaf};
  std::vector<std::unique_ptr<MemtableArena>> free_;
  uint32_t kept_ = 0;   // how many there are when all is quiet
  uint32_t total_ = 0;  // free and in use
};

}  // namespace mote
