// Recently read pages of parts and the directories of parts in use, within a fixed part of the
// memory budget; they give way to whoever else needs it.
//
// A page is what a part reads and checks at once: some blocks of one column, 16 to 64 KiB. Pages
// are shared with readers by reference count, replaced by CLOCK (second chance), and looked up in
// shards with a lock each.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory_budget.h"
#include "base/status.h"
#include "env/sync.h"

namespace mote {

class BlockCache final : public MemoryReclaimer {
 public:
  using Page = std::shared_ptr<const std::string>;

  // What a part has loaded beside its pages, and can load again.
  class Directory {
   public:
    virtual ~Directory() = default;
    // Lets go of it. What a reader has taken lives on until that reader is done.
    virtual void unload() const = 0;
    // By its readers, so that the hand of the clock passes over it once.
    void mark_used() const {
      if (!used_.load(std::memory_order_relaxed)) used_.store(true, std::memory_order_relaxed);
    }

   private:
    friend class BlockCache;
    mutable std::atomic<bool> used_{false};
  };

  // capacity_bytes is charged to the budget as pages come and given back as they go; directories,
  // which charge themselves, have a third of it in addition. Becomes the budget's reclaimer.
  BlockCache(size_t capacity_bytes, MemoryBudget& budget);
  ~BlockCache();

  // The directory holds size_bytes more. Unloads others while there are too many.
  void add_directory(const Directory& directory, size_t size_bytes);
  // It is going away.
  void remove_directory(const Directory& directory);

  // Drops pages, then directories, those not used lately first.
  bool reclaim(size_t size_bytes) override;

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
    size_t directory_bytes = 0;
  };
  Counters counters() const;

 private:
  struct Shard;
  struct LoadedDirectory {
    const Directory* directory;
    size_t size_bytes;
  };
  // Unloads one that is not `kept`; nothing when there is none.
  std::optional<size_t> unload_one(const Directory* kept);

  std::vector<std::unique_ptr<Shard>> shards_;
  std::atomic<size_t> next_shard_{0};  // where reclaim() goes on
  MemoryBudget& budget_;

  mutable Mutex directories_mutex_{LockRank::kCache};
  const size_t directories_capacity_bytes_;
  size_t directories_bytes_ = 0;
  size_t directories_hand_ = 0;
  std::vector<LoadedDirectory> directories_;
};

}  // namespace mote
