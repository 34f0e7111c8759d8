#include "storage/block_cache.h"

#include <algorithm>
#include <unordered_map>

#include "base/checksum.h"
#include "storage/trim_allocator.h"

namespace mote {

namespace {

constexpr size_t kMaxShards = 16;
constexpr size_t kLeastShardBytes = 2u << 20;  // so that a page of many large values finds room
constexpr size_t kEntryBytes = 128;            // what an entry costs beside its page's bytes

struct PageName {
  uint64_t file;
  uint32_t page;
  bool operator==(const PageName&) const = default;
};
struct PageNameHash {
  size_t operator()(const PageName& name) const {
    return mix64(name.file * 0x9e3779b97f4a7c15u + name.page);
  }
};

}  // namespace

// Entries stand in a ring over which the CLOCK's hand goes; a free place has no page.
struct BlockCache::Shard {
  struct Entry {
    PageName name;
    Page page;
    size_t charge_bytes = 0;
    bool used = false;  // since the hand last came by
  };
  mutable Mutex mutex{LockRank::kCache};
  size_t capacity_bytes = 0;
  size_t size_bytes = 0;
  size_t trim_bytes = 0;    // once so many are loaded, the allocator is trimmed
  size_t loaded_bytes = 0;  // since then
  uint64_t hits = 0;
  uint64_t misses = 0;
  std::unordered_map<PageName, uint32_t, PageNameHash> places;
  std::vector<Entry> ring;
  std::vector<uint32_t> free_places;
  uint32_t hand = 0;

  void drop(uint32_t place, MemoryBudget& budget) {
    Entry& entry = ring[place];
    places.erase(entry.name);
    budget.release(entry.charge_bytes);
    size_bytes -= entry.charge_bytes;
    entry = {};
    free_places.push_back(place);
  }
  // Drops the first page that was not used since the hand last came by. False when there is none
  // at all.
  bool evict(MemoryBudget& budget) {
    if (places.empty()) return false;
    for (;; hand = (hand + 1) % static_cast<uint32_t>(ring.size())) {
      Entry& entry = ring[hand];
      if (entry.page == nullptr) continue;
      if (!entry.used) {
        drop(hand, budget);
        return true;
      }
      entry.used = false;
    }
  }
  // Keeps the page if there is room in the shard and in the budget; makes room by dropping others.
  void insert(const PageName& name, const Page& page, MemoryBudget& budget) {
    const size_t charge_bytes = page->size() + kEntryBytes;
    loaded_bytes += charge_bytes;
    if (charge_bytes > capacity_bytes) return;
    while (size_bytes + charge_bytes > capacity_bytes) evict(budget);
    while (!budget.charge_spare(charge_bytes, "a cached page").ok()) {
      if (!evict(budget)) return;
    }
    size_bytes += charge_bytes;
    uint32_t place = static_cast<uint32_t>(ring.size());
    if (free_places.empty()) {
      ring.emplace_back();
    } else {
      place = free_places.back();
      free_places.pop_back();
    }
    ring[place] = {name, page, charge_bytes, false};
    places.emplace(name, place);
  }
};

BlockCache::BlockCache(size_t capacity_bytes, MemoryBudget& budget)
    : budget_(budget), directories_capacity_bytes_(capacity_bytes / 3) {
  const size_t shards = std::clamp<size_t>(capacity_bytes / kLeastShardBytes, 1, kMaxShards);
  for (size_t i = 0; i < shards; ++i) {
    shards_.push_back(std::make_unique<Shard>());
    shards_.back()->capacity_bytes = capacity_bytes / shards;
    shards_.back()->trim_bytes = std::max(capacity_bytes / 16, kLeastTrimBytes);
  }
  budget_.set_reclaimer(this);
}

BlockCache::~BlockCache() {
  budget_.set_reclaimer(nullptr);
  clear();
}

void BlockCache::add_directory(const Directory& directory, size_t size_bytes) {
  MutexLock lock(directories_mutex_);
  const auto found =
      std::find_if(directories_.begin(), directories_.end(),
                   [&](const LoadedDirectory& one) { return one.directory == &directory; });
  if (found != directories_.end()) {
    found->size_bytes += size_bytes;
  } else {
    directories_.push_back({&directory, size_bytes});
  }
  directories_bytes_ += size_bytes;
  while (directories_bytes_ > directories_capacity_bytes_) {
    if (!unload_one(&directory).has_value()) return;
  }
}

void BlockCache::remove_directory(const Directory& directory) {
  MutexLock lock(directories_mutex_);
  for (LoadedDirectory& one : directories_) {
    if (one.directory != &directory) continue;
    directories_bytes_ -= one.size_bytes;
    one = directories_.back();
    directories_.pop_back();
    return;
  }
}

std::optional<size_t> BlockCache::unload_one(const Directory* kept) {
  // The first round may only take marks away.
  for (size_t left = 2 * directories_.size(); left > 0; --left) {
    if (directories_hand_ >= directories_.size()) directories_hand_ = 0;
    const LoadedDirectory one = directories_[directories_hand_];
    if (one.directory == kept || one.directory->used_.exchange(false, std::memory_order_relaxed)) {
      ++directories_hand_;
      continue;
    }
    directories_[directories_hand_] = directories_.back();
    directories_.pop_back();
    directories_bytes_ -= one.size_bytes;
    one.directory->unload();
    return one.size_bytes;
  }
  return std::nullopt;
}

bool BlockCache::reclaim(size_t size_bytes) {
  size_t given = 0;
  size_t empty_shards = 0;
  while (given < size_bytes && empty_shards < shards_.size()) {
    Shard& shard = *shards_[next_shard_.fetch_add(1, std::memory_order_relaxed) % shards_.size()];
    MutexLock lock(shard.mutex);
    const size_t before = shard.size_bytes;
    empty_shards = shard.evict(budget_) ? 0 : empty_shards + 1;
    given += before - shard.size_bytes;
  }
  MutexLock lock(directories_mutex_);
  while (given < size_bytes) {
    const std::optional<size_t> freed = unload_one(nullptr);
    if (!freed.has_value()) break;
    given += *freed;
  }
  return given > 0;
}

Result<BlockCache::Page> BlockCache::get(uint64_t file, uint32_t page,
                                         const std::function<Result<std::string>()>& load) {
  const PageName name{file, page};
  Shard& shard = *shards_[(PageNameHash()(name) >> 32) % shards_.size()];
  {
    MutexLock lock(shard.mutex);
    const auto found = shard.places.find(name);
    if (found != shard.places.end()) {
      ++shard.hits;
      Shard::Entry& entry = shard.ring[found->second];
      entry.used = true;
      return entry.page;
    }
    ++shard.misses;
  }
  MOTE_ASSIGN(std::string bytes, load());
  Page loaded = std::make_shared<const std::string>(std::move(bytes));
  bool trims = false;
  {
    MutexLock lock(shard.mutex);
    const auto found = shard.places.find(name);
    if (found != shard.places.end()) return shard.ring[found->second].page;
    shard.insert(name, loaded, budget_);
    trims = shard.loaded_bytes >= shard.trim_bytes;
    if (trims) shard.loaded_bytes = 0;
  }
  if (trims) trim_allocator();
  return loaded;
}

void BlockCache::erase_file(uint64_t file) {
  for (const auto& shard : shards_) {
    MutexLock lock(shard->mutex);
    for (uint32_t place = 0; place < shard->ring.size(); ++place) {
      const Shard::Entry& entry = shard->ring[place];
      if (entry.page != nullptr && entry.name.file == file) shard->drop(place, budget_);
    }
  }
}

void BlockCache::clear() {
  for (const auto& shard : shards_) {
    MutexLock lock(shard->mutex);
    for (uint32_t place = 0; place < shard->ring.size(); ++place) {
      if (shard->ring[place].page != nullptr) shard->drop(place, budget_);
    }
  }
}

BlockCache::Counters BlockCache::counters() const {
  Counters total;
  for (const auto& shard : shards_) {
    MutexLock lock(shard->mutex);
    total.hits += shard->hits;
    total.misses += shard->misses;
    total.size_bytes += shard->size_bytes;
  }
  MutexLock lock(directories_mutex_);
  total.directory_bytes = directories_bytes_;
  return total;
}

}  // namespace mote
