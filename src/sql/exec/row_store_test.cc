// The table of keys against a std::map of their texts.
#include "sql/exec/row_store.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace mote {
namespace {

const Type kTypes[] = {Type::integer(), Type::text(), Type::floating()};

// Rows over so many keys, with NULLs or without.
Chunk random_keys(std::mt19937& random, uint32_t row_count, uint32_t key_count, bool nulls) {
  Chunk keys;
  keys.reset(kTypes);
  for (uint32_t row = 0; row < row_count; ++row) {
    const auto number = static_cast<int64_t>(random() % key_count);
    const std::string text = "key " + std::to_string(number / 3);
    keys.column(0).set_value(row, Value::integer(number));
    keys.column(1).set_value(row, Value::text(text));
    keys.column(2).set_value(row, Value::floating(static_cast<double>(number % 2)));
    if (nulls && random() % 8 == 0) keys.column(static_cast<uint32_t>(random() % 3)).set_null(row);
  }
  keys.set_row_count(row_count);
  return keys;
}

std::string text_of(const Chunk& keys, uint32_t row) {
  std::string text;
  for (const Column& column : keys.columns()) {
    text += column.is_null(row) ? "NULL" : column.value(row).to_text();
    text += '|';
  }
  return text;
}

TEST(KeyTable, NumbersKeysInTheOrderOfTheirAppearance) {
  for (uint32_t seed = 0; seed < 24; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const uint32_t key_count = seed % 3 == 0 ? 5 : seed % 3 == 1 ? 1024 : 6000;
    MemoryBudget budget(64u << 20);
    KeyTable table(kTypes, budget, "test");
    std::map<std::string, uint32_t> known;
    for (int round = 0; round < 12; ++round) {
      const auto row_count =
          static_cast<uint32_t>(round % 2 == 0 ? kChunkRows : 1 + random() % kChunkRows);
      const Chunk keys = random_keys(random, row_count, key_count, seed % 2 == 1);
      std::vector<uint32_t> numbers(row_count);
      ASSERT_TRUE(table.find_or_add(keys, numbers).ok());
      for (uint32_t row = 0; row < row_count; ++row) {
        const auto next = static_cast<uint32_t>(known.size());
        ASSERT_EQ(numbers[row], known.emplace(text_of(keys, row), next).first->second);
      }
      ASSERT_EQ(table.key_count(), known.size());
    }
  }
}

TEST(KeyTable, FindsNoKeyWithNullAndNoneThatIsNotThere) {
  for (uint32_t seed = 0; seed < 16; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const uint32_t key_count = seed % 2 == 0 ? 20 : 5000;
    MemoryBudget budget(64u << 20);
    KeyTable table(kTypes, budget, "test");
    std::map<std::string, uint32_t> known;
    for (uint32_t round = 0; round < seed; ++round) {
      const Chunk keys = random_keys(random, 300, key_count, true);
      std::vector<uint32_t> numbers(300);
      ASSERT_TRUE(table.find_or_add(keys, numbers).ok());
      for (uint32_t row = 0; row < 300; ++row) known[text_of(keys, row)] = numbers[row];
    }
    const Chunk asked = random_keys(random, kChunkRows, key_count, true);
    std::vector<uint32_t> numbers(kChunkRows);
    table.find(asked, numbers);
    for (uint32_t row = 0; row < kChunkRows; ++row) {
      const auto found = known.find(text_of(asked, row));
      bool null = false;
      for (const Column& column : asked.columns()) null = null || column.is_null(row);
      const bool there = !null && found != known.end();
      ASSERT_EQ(numbers[row], there ? found->second : RowStore::kNoRow);
    }
  }
}

}  // namespace
}  // namespace mote
