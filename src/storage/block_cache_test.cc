#include "storage/block_cache.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "env/env.h"

namespace mote {
namespace {

constexpr size_t kPageBytes = 1000;

std::string page_bytes(uint64_t file, uint32_t page) {
  std::string bytes = format_text("%llu/%u:", static_cast<unsigned long long>(file), page);
  bytes.resize(kPageBytes, '.');
  return bytes;
}

// Whether the page came from the cache.
bool is_hit(BlockCache& cache, uint64_t file, uint32_t page) {
  bool loaded = false;
  const auto got = cache.get(file, page, [&]() -> Result<std::string> {
    loaded = true;
    return page_bytes(file, page);
  });
  EXPECT_TRUE(got.ok());
  EXPECT_EQ(**got, page_bytes(file, page));
  return !loaded;
}

// Whatever is asked for in whatever order, the right page comes, and what is held stays within the
// capacity and is charged.
TEST(BlockCache, GivesTheRightPagesWithinItsCapacity) {
  for (uint64_t seed = 0; seed < 5; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    MemoryBudget budget(1u << 20);
    {
      BlockCache cache(20 * kPageBytes, budget);
      for (int i = 0; i < 5000; ++i) {
        is_hit(cache, random() % 3, static_cast<uint32_t>(random() % 20));
        ASSERT_LE(cache.counters().size_bytes, 20 * kPageBytes);
        ASSERT_EQ(cache.counters().size_bytes, budget.used_bytes());
        if (i % 500 == 0) cache.erase_file(random() % 3);
      }
      const BlockCache::Counters counters = cache.counters();
      EXPECT_EQ(counters.hits + counters.misses, 5000u);
      EXPECT_GT(counters.hits, 500u);
    }
    EXPECT_EQ(budget.used_bytes(), 0u);
  }
}

// CLOCK: of two pages the one that was used since the hand came by stays.
TEST(BlockCache, GivesUsedPagesASecondChance) {
  MemoryBudget budget(1u << 20);
  BlockCache cache(10 * kPageBytes, budget);  // with what entries cost: eight pages
  for (uint32_t page = 0; page < 8; ++page) EXPECT_FALSE(is_hit(cache, 1, page));
  EXPECT_TRUE(is_hit(cache, 1, 0));
  EXPECT_FALSE(is_hit(cache, 1, 8));
  EXPECT_TRUE(is_hit(cache, 1, 0));
  EXPECT_FALSE(is_hit(cache, 1, 1));
}

TEST(BlockCache, KeepsNothingThatTheBudgetHasNoRoomFor) {
  MemoryBudget budget(3 * kPageBytes);
  BlockCache cache(100 * kPageBytes, budget);
  MemoryCharge others;
  ASSERT_TRUE(others.grow(budget, 2 * kPageBytes + 1, "a test").ok());
  EXPECT_FALSE(is_hit(cache, 1, 1));
  EXPECT_FALSE(is_hit(cache, 1, 1));
  EXPECT_EQ(cache.counters().size_bytes, 0u);
  others.reset();
  EXPECT_FALSE(is_hit(cache, 1, 1));
  EXPECT_TRUE(is_hit(cache, 1, 1));
}

TEST(BlockCache, KeepsNoPageLargerThanItself) {
  MemoryBudget budget(1u << 20);
  BlockCache cache(kPageBytes, budget);  // no room for what an entry costs besides
  EXPECT_FALSE(is_hit(cache, 1, 1));
  EXPECT_FALSE(is_hit(cache, 1, 1));
}

// What others ask for comes out of the cache: pages first, then directories, until it is empty.
TEST(BlockCache, GivesWayToEveryoneElse) {
  struct Loaded final : BlockCache::Directory {
    void unload() const override { ++unloaded; }
    mutable int unloaded = 0;
  };
  MemoryBudget budget(1u << 20);
  BlockCache cache(512u << 10, budget);
  Loaded used, idle;
  MemoryCharge directories;
  ASSERT_TRUE(directories.grow(budget, 1000, "two directories").ok());
  cache.add_directory(used, 500);
  cache.add_directory(idle, 500);
  used.mark_used();
  for (uint32_t page = 0; page < 10; ++page) {
    ASSERT_TRUE(
        cache.get(1, page, [] { return Result<std::string>(std::string(40'000, 'x')); }).ok());
  }
  const size_t full = budget.used_bytes();
  ASSERT_GT(full, 400'000u);
  MemoryCharge query;
  ASSERT_TRUE(query.grow(budget, (1u << 20) - full + 1000, "a query").ok());
  EXPECT_LT(cache.counters().size_bytes, full - 1000);
  EXPECT_EQ(idle.unloaded + used.unloaded, 0);
  // A child's charge is the parent's too.
  MemoryBudget child(1u << 20, &budget);
  MemoryCharge rest;
  EXPECT_EQ(rest.grow(child, (1u << 20) - query.size_bytes() - 999, "too much").code(),
            Code::kOutOfMemory);
  EXPECT_EQ(cache.counters().size_bytes, 0u);
  EXPECT_EQ(idle.unloaded, 1);
  EXPECT_EQ(used.unloaded, 1);
  EXPECT_TRUE(rest.grow(child, (1u << 20) - query.size_bytes() - 1000, "all that is left").ok());
}

TEST(BlockCache, UnloadsDirectoriesBeyondTheirShareThoseNotUsedFirst) {
  struct Loaded final : BlockCache::Directory {
    void unload() const override { ++unloaded; }
    mutable int unloaded = 0;
  };
  MemoryBudget budget(1u << 20);
  BlockCache cache(300'000, budget);  // a third of which is theirs
  Loaded used, idle, next;
  cache.add_directory(used, 50'000);
  cache.add_directory(idle, 49'999);
  used.mark_used();
  cache.add_directory(next, 1);
  EXPECT_EQ(idle.unloaded + used.unloaded + next.unloaded, 0);
  cache.add_directory(next, 1);
  EXPECT_EQ(used.unloaded, 0);
  EXPECT_EQ(idle.unloaded, 1);
  EXPECT_EQ(cache.counters().directory_bytes, 50'002u);
  // The one that grows stays, however large it is.
  cache.add_directory(next, 1u << 20);
  EXPECT_EQ(used.unloaded, 1);
  EXPECT_EQ(next.unloaded, 0);
  cache.remove_directory(next);
  EXPECT_EQ(cache.counters().directory_bytes, 0u);
}

TEST(BlockCache, ForgetsAFile) {
  MemoryBudget budget(1u << 20);
  BlockCache cache(100 * kPageBytes, budget);
  for (uint64_t file = 1; file <= 2; ++file) is_hit(cache, file, 3);
  cache.erase_file(1);
  EXPECT_FALSE(is_hit(cache, 1, 3));
  EXPECT_TRUE(is_hit(cache, 2, 3));
}

// An error of the loader is the caller's, and the next caller loads again.
TEST(BlockCache, KeepsNoError) {
  MemoryBudget budget(1u << 20);
  BlockCache cache(100 * kPageBytes, budget);
  const auto failed = cache.get(1, 1, [] { return Result<std::string>(io_error("no")); });
  EXPECT_EQ(failed.status().code(), Code::kIoError);
  EXPECT_FALSE(is_hit(cache, 1, 1));
  EXPECT_TRUE(is_hit(cache, 1, 1));
}

TEST(BlockCache, ServesManyThreads) {
  MemoryBudget budget(64u << 20);
  BlockCache cache(16u << 20, budget);
  std::vector<std::unique_ptr<ThreadHandle>> threads;
  for (uint64_t t = 0; t < 4; ++t) {
    threads.push_back(*posix_env().start_thread("reader", [&cache, t] {
      std::mt19937_64 random(t);
      for (int i = 0; i < 4000; ++i) {
        is_hit(cache, random() % 4, static_cast<uint32_t>(random() % 100));
        if (i % 1000 == 0) cache.erase_file(t);
      }
    }));
  }
  threads.clear();
  EXPECT_EQ(cache.counters().size_bytes, budget.used_bytes());
  cache.clear();
  EXPECT_EQ(budget.used_bytes(), 0u);
}

}  // namespace
}  // namespace mote
