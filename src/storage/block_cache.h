// Recently read pages of parts, within a fixed part of the memory budget.
//
// A page is what a part reads and checks at once: some blocks of one column, 16 to 64 KiB. Pages
// are shared with readers by reference count, replaced by CLOCK (second chance), and looked up in
// shards with a lock each.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory_budget.h"
#include "base/status.h"
#include "env/sync.h"

namespace mote {

class BlockCache {
 public:
  using Page = std::shared_ptr<const std::string>;
  // capacity_bytes is charged to the budget as pages come and given back as they go.
  BlockCache(size_t capacity_bytes, MemoryBudget& budget);
  ~BlockCache();

  // The page of (file, page), loaded by `load` when it is not there. Two readers may load one page
  // at once; one of the two is kept. A page that the budget has no room for is given to the caller
  // and not kept.
  // `load` should capture at most two pointers, so that a hit allocates nothing.
  Result<Page> get(uint64_t file, uint32_t page, const std::function<Result<std::string>()>& load);
  // Forgets the pages of a file that is going away.
  void erase_file(uint64_t file);
  void clear();

  struct Counters {
    uint64_t hits = 0;
    uint64_t misses = 0;
    size_t size_bytes = 0;
  };
  Counters counters() const;

 private:
  struct Shard;
  std::vector<std::unique_ptr<Shard>> shards_;
  MemoryBudget& budget_;
};

}  // namespace mote
