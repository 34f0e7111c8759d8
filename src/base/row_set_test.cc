#include "base/row_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace mote {
namespace {

// A set around container borders, dense and sparse.
std::pair<RowSet, std::set<RowId>> random_set(uint32_t seed) {
  std::mt19937_64 random(seed);
  RowSet rows;
  std::set<RowId> model;
  const uint32_t steps = 1 + static_cast<uint32_t>(random() % 60);
  for (uint32_t i = 0; i < steps; ++i) {
    const RowId first = random() % (4 * RowSet::kContainerRows);
    const RowId size = random() % 8 == 0 ? random() % 9000 : 1;
    if (random() % 4 == 0) {
      std::set<RowId> several;
      for (RowId left = random() % 3 == 0 ? size : random() % 5; left > 0; --left) {
        several.insert(first + random() % (random() % 2 == 0 ? 10'000 : 150'000));
      }
      rows.add_all(std::vector<RowId>(several.begin(), several.end()));
      model.insert(several.begin(), several.end());
    } else if (size == 1) {
      EXPECT_EQ(rows.add(first), model.insert(first).second);
    } else {
      rows.add_range(first, first + size);
      for (RowId row = first; row < first + size; ++row) model.insert(row);
    }
  }
  return {rows, model};
}

// Whatever is added, the set says what a std::set says.
TEST(RowSet, AgreesWithAnOrderedSet) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    const auto [rows, model] = random_set(seed);
    EXPECT_EQ(rows.to_vector(), std::vector<RowId>(model.begin(), model.end()));
    EXPECT_EQ(rows.size(), model.size());
    std::mt19937_64 random(seed);
    for (int i = 0; i < 200; ++i) {
      const RowId row = random() % (4 * RowSet::kContainerRows);
      EXPECT_EQ(rows.contains(row), model.count(row) == 1);
      const RowId last = row + random() % 100'000;
      const auto counted =
          static_cast<uint64_t>(std::distance(model.lower_bound(row), model.lower_bound(last)));
      ASSERT_EQ(rows.count_range(row, last), counted);
    }
  }
}

TEST(RowSet, UnitesAndIntersectsAsSetsDo) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    const auto [a, model_a] = random_set(seed);
    const auto [b, model_b] = random_set(seed + 1000);
    std::vector<RowId> both;
    std::vector<RowId> either;
    std::set_union(model_a.begin(), model_a.end(), model_b.begin(), model_b.end(),
                   std::back_inserter(either));
    std::set_intersection(model_a.begin(), model_a.end(), model_b.begin(), model_b.end(),
                          std::back_inserter(both));
    EXPECT_EQ(a.united_with(b).to_vector(), either);
    EXPECT_EQ(a.intersected_with(b).to_vector(), both);
    RowSet kept = a;
    kept.keep_range(70'000, 140'000);
    const std::vector<RowId> expected(model_a.lower_bound(70'000), model_a.lower_bound(140'000));
    EXPECT_EQ(kept.to_vector(), expected);
  }
}

// A range of the size of all row ids costs no more than the rows there are.
TEST(RowSet, KeepsPartsOfASetThatSpansAllIds) {
  RowSet rows;
  rows.add(1);
  rows.add(kMaxRowId / 2);
  rows.add_range(kMaxRowId - 10, kMaxRowId);
  RowSet low = rows;
  low.keep_range(0, kMaxRowId / 2);
  EXPECT_EQ(low.to_vector(), std::vector<RowId>{1});
  RowSet high = rows;
  high.keep_range(kMaxRowId / 2, kMaxRowId - 8);
  EXPECT_EQ(high.to_vector(), (std::vector<RowId>{kMaxRowId / 2, kMaxRowId - 10, kMaxRowId - 9}));
  high.keep_range(2, 2);
  EXPECT_TRUE(high.empty());
}

TEST(RowSet, ClearsTheBitsOfItsRows) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    const auto [rows, model] = random_set(seed);
    std::mt19937_64 random(seed);
    for (int i = 0; i < 20; ++i) {
      const RowId first = random() % (4 * RowSet::kContainerRows);
      const auto count = static_cast<uint32_t>(1 + random() % 1024);
      uint64_t words[16];
      std::fill(std::begin(words), std::end(words), ~0ull);
      const uint32_t cleared = rows.clear_rows(first, count, words);
      uint32_t expected = 0;
      for (uint32_t bit = 0; bit < count; ++bit) {
        const bool there = model.count(first + bit) == 1;
        expected += there ? 1 : 0;
        ASSERT_EQ((words[bit / 64] >> (bit % 64)) & 1, there ? 0u : 1u);
      }
      EXPECT_EQ(cleared, expected);
    }
  }
}

TEST(RowSet, KeepsCopiesApart) {
  RowSet rows;
  rows.add_range(0, 5000);
  const RowSet before = rows;
  rows.add(70'000);
  rows.add(4'999'999);
  EXPECT_EQ(before.size(), 5000u);
  EXPECT_EQ(rows.size(), 5002u);
}

TEST(RowSet, ReadsBackWhatItWrites) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    const auto [rows, model] = random_set(seed);
    std::string bytes;
    rows.serialize(&bytes);
    const Result<RowSet> back = RowSet::deserialize(bytes);
    ASSERT_TRUE(back.ok()) << back.status().message();
    EXPECT_EQ(*back, rows);
    EXPECT_FALSE(RowSet::deserialize(bytes.substr(0, bytes.size() - 1)).ok());
  }
}

// Damage is found or gives another set: never a crash, never more rows than the bytes can hold.
TEST(RowSet, SurvivesDamagedBytes) {
  std::mt19937_64 random(7);
  for (uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    std::string bytes;
    random_set(seed).first.serialize(&bytes);
    bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
    const Result<RowSet> back = RowSet::deserialize(bytes);
    if (back.ok()) {
      EXPECT_LE(back->size(), bytes.size() * 8);
    } else {
      EXPECT_EQ(back.status().code(), Code::kCorruption);
    }
  }
}

}  // namespace
}  // namespace mote
