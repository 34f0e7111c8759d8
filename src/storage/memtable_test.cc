#include "storage/memtable.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/limits.h"
#include "env/env.h"
#include "env/simulated_env.h"
#include "storage/rows_for_tests.h"

namespace mote {
namespace {

constexpr size_t kArenaBytes = 1u << 20;

struct Table {
  explicit Table(std::shared_ptr<const Schema> table_schema, size_t arena_bytes = kArenaBytes)
      : schema(std::move(table_schema)) {
    arena = std::shared_ptr<MemtableArena>(*MemtableArena::create(arena_bytes, budget));
    memtable = std::make_shared<Memtable>(arena);
    run = memtable->add_run(schema, base, nullptr);
  }
  Status append(const std::vector<Row>& rows, CommitSequence sequence) {
    for (size_t first = 0; first < rows.size(); first += kChunkRows) {
      const size_t count = std::min<size_t>(kChunkRows, rows.size() - first);
      MOTE_TRY(run->append(chunk_of(*schema, rows, first, count), {}, sequence));
    }
    run->publish();
    return {};
  }
  MemoryBudget budget{64u << 20};
  std::shared_ptr<const Schema> schema;
  RowId base = 1000;
  std::shared_ptr<MemtableArena> arena;
  std::shared_ptr<Memtable> memtable;
  std::shared_ptr<MemtableRun> run;
};

// Random batches of all types: everything read back, counts at every older sequence, and the rows
// of every key, are those of the list of rows that were given.
TEST(MemtableRun, HoldsWhatAppendingToAListHolds) {
  for (uint64_t seed = 0; seed < 12; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    Table table(schema_of_all_types(/*keyed=*/seed % 2 == 0));
    std::vector<Row> rows;
    std::vector<std::pair<CommitSequence, uint64_t>> counts;  // rows at a sequence
    CommitSequence sequence = 10;
    for (int batch = 0; batch < 20; ++batch) {
      std::vector<Row> added;
      for (size_t n = random() % (batch % 5 == 0 ? 700 : 4); n > 0; --n) {
        added.push_back(!rows.empty() && random() % 4 == 0 ? rows[random() % rows.size()]
                                                           : random_row(*table.schema, random));
      }
      sequence += 1 + random() % 3;
      ASSERT_TRUE(table.append(added, sequence).ok());
      rows.insert(rows.end(), added.begin(), added.end());
      counts.emplace_back(sequence, rows.size());
    }
    expect_rows(*table.run, *table.schema, rows);
    EXPECT_EQ(table.run->visible_rows(9), 0u);
    for (const auto& [at, count] : counts) EXPECT_EQ(table.run->visible_rows(at), count);
    if (table.schema->primary_key.empty()) continue;
    for (const Row& row : rows) {
      std::vector<RowId> expected, found;
      const std::string key = key_of(*table.schema, row);
      for (size_t r = 0; r < rows.size(); ++r) {
        if (rows[r][0] == row[0] && rows[r][1] == row[1]) expected.push_back(table.base + r);
      }
      ASSERT_TRUE(table.run->find_key(key, &found).ok());
      ASSERT_EQ(found, expected);
      expect_newest(*table.run, key, expected);
      found.clear();
      ASSERT_TRUE(table.run->find_key(key + "x", &found).ok());
      ASSERT_TRUE(found.empty());
    }
  }
}

std::shared_ptr<const Schema> keyed_schema(Type key) {
  auto schema = std::make_shared<Schema>();
  schema->columns.resize(3);
  schema->columns[0].type = key;
  schema->columns[1].type = Type::text();
  schema->columns[2].type = Type::floating();
  schema->primary_key = {0};
  return schema;
}

// What row number `row` holds in the test below.
Row numbered_row(uint64_t row) {
  const auto number = static_cast<int64_t>(row);
  Row values = {Value::integer(number * 7919 % 100'003), Value::text("text " + std::to_string(row)),
                Value::floating(static_cast<double>(row) / 4)};
  if (row % 3 == 0) values[2] = Value::null(Type::floating());
  return values;
}

void read_while_written(const MemtableRun& run, const Schema& schema, uint64_t end) {
  std::mt19937_64 random(3);
  Column column;
  for (uint64_t seen = 0; seen < end;) {
    seen = run.row_count();
    if (seen == 0) continue;
    const uint64_t row = random() % 4 == 0 ? seen - 1 : random() % seen;
    const uint32_t block = run.block_of(run.base() + row);
    const uint32_t c = static_cast<uint32_t>(random() % 3);
    ASSERT_TRUE(run.read(block, c, column).ok());
    const Row expected = numbered_row(row);
    ASSERT_EQ(column.value(static_cast<uint32_t>(row) - run.block(block).first), expected[c]);
    std::vector<RowId> found;
    ASSERT_TRUE(run.find_key(key_of(schema, expected), &found).ok());
    ASSERT_EQ(found, std::vector<RowId>{run.base() + row});
    ASSERT_LE(run.visible_rows(row / 10), (row / 10 + 1) * 10);
    ASSERT_GT(run.visible_rows(row / 10), row);
  }
}

// Readers meet only whole rows, by place and by key, while the writer goes on.
TEST(MemtableRun, IsReadWhileItIsWritten) {
  Table table(keyed_schema(Type::integer()), 8u << 20);
  constexpr uint64_t kRows = 20'000;
  std::vector<std::unique_ptr<ThreadHandle>> readers;
  for (int i = 0; i < 2; ++i) {
    readers.push_back(*posix_env().start_thread(
        "reader", [&] { read_while_written(*table.run, *table.schema, kRows); }));
  }
  std::mt19937_64 random(1);
  for (uint64_t row = 0; row < kRows; row += 10) {
    std::vector<Row> rows;
    for (uint64_t r = row; r < row + 10; ++r) rows.push_back(numbered_row(r));
    ASSERT_TRUE(table.append(rows, row / 10).ok());
  }
  readers.clear();
}

TEST(MemtableRun, FindsKeysThatRise) {
  Table table(keyed_schema(Type::timestamp()));
  std::vector<Row> rows;
  for (int i = 0; i < 3000; ++i) {
    rows.push_back({Value::timestamp(i * 5), Value::text(""), Value::floating(i)});
  }
  ASSERT_TRUE(table.append(rows, 1).ok());
  for (size_t i = 0; i < rows.size(); ++i) {
    std::vector<RowId> found;
    ASSERT_TRUE(table.run->find_key(key_of(*table.schema, rows[i]), &found).ok());
    ASSERT_EQ(found, std::vector<RowId>{table.base + i});
  }
}

// A row is not there for readers before publish(), neither by count nor by key.
TEST(MemtableRun, ShowsRowsOnlyOncePublished) {
  Table table(keyed_schema(Type::integer()));
  const std::vector<Row> rows = {numbered_row(1), numbered_row(2)};
  ASSERT_TRUE(table.run->append(chunk_of(*table.schema, rows, 0, 2), {}, 5).ok());
  std::vector<RowId> found;
  ASSERT_TRUE(table.run->find_key(key_of(*table.schema, rows[0]), &found).ok());
  EXPECT_TRUE(found.empty());
  EXPECT_EQ(table.run->row_count(), 0u);
  EXPECT_EQ(table.run->block_count(), 0u);
  table.run->publish();
  ASSERT_TRUE(table.run->find_key(key_of(*table.schema, rows[0]), &found).ok());
  EXPECT_EQ(found, std::vector<RowId>{table.base});
  EXPECT_EQ(table.run->row_count(), 2u);
}

TEST(MemtableRun, AppendsNothingWhenAKeyIsTooLong) {
  for (const int more : {-1, 0, 1}) {
    SCOPED_TRACE(more);
    Table table(keyed_schema(Type::text()));
    const std::string text(static_cast<size_t>(static_cast<int>(kMaxKeyBytes) - 2 + more), 'k');
    const std::vector<Row> rows = {{Value::text("first"), Value::text(""), Value::floating(1)},
                                   {Value::text(text), Value::text(""), Value::floating(2)}};
    const Status status = table.append(rows, 1);
    table.run->publish();
    EXPECT_EQ(status.code(), more <= 0 ? Code::kOk : Code::kLimit);
    EXPECT_EQ(table.run->row_count(), more <= 0 ? 2u : 0u);
  }
}

// While append_bytes are left, appending does not go beyond the end of the arena, whatever stands
// in the run already; and the bound is not so large that much of an arena is never used.
TEST(MemtableRun, FitsWhereItsBoundFits) {
  for (uint64_t seed = 0; seed < 24; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const size_t arena_bytes = seed % 3 == 0 ? 64 * 1024 : seed % 3 == 1 ? 300'000 : 2u << 20;
    Table table(seed % 2 == 0 ? keyed_schema(Type::text()) : schema_of_all_types(false),
                arena_bytes);
    const size_t largest = seed % 4 < 2 ? 1 : 1 + random() % 200;
    for (;;) {
      std::vector<Row> rows;
      for (size_t n = 1 + random() % largest; n > 0; --n) {
        rows.push_back(random_row(*table.schema, random));
      }
      const Chunk chunk = chunk_of(*table.schema, rows, 0, rows.size());
      if (MemtableRun::append_bytes(*table.schema, chunk) > table.arena->left_bytes()) break;
      ASSERT_TRUE(table.run->append(chunk, {}, 1).ok());
      ASSERT_LE(table.arena->used_bytes(), arena_bytes);
    }
    if (largest == 1 && arena_bytes > 64 * 1024) {
      EXPECT_GE(table.arena->used_bytes(), arena_bytes / 2);
    }
  }
}

// A table of very wide rows does not take a large arena for its first row.
TEST(MemtableRun, KeepsSegmentsOfWideRowsSmall) {
  auto schema = std::make_shared<Schema>();
  schema->columns.resize(kMaxColumns);
  for (ColumnDefinition& column : schema->columns) column.type = Type::floating();
  Table table(schema, 4u << 20);
  std::mt19937_64 random(1);
  std::vector<Row> rows = {random_row(*schema, random)};
  ASSERT_TRUE(table.append(rows, 1).ok());
  EXPECT_LE(table.arena->used_bytes(), 2 * kSegmentBytes);
  for (int i = 0; i < 40; ++i) rows.push_back(random_row(*schema, random));
  ASSERT_TRUE(table.append({rows.begin() + 1, rows.end()}, 2).ok());
  expect_rows(*table.run, *schema, rows);
}

// Beyond its end an arena goes on with room of its own, pays for it, and gives it back.
TEST(MemtableRun, GoesOnBeyondTheEndOfTheArena) {
  Table table(schema_of_all_types(true), 64 * 1024);
  const size_t before = table.budget.used_bytes();
  std::mt19937_64 random(5);
  std::vector<Row> rows;
  for (int i = 0; i < 3000; ++i) rows.push_back(random_row(*table.schema, random));
  ASSERT_TRUE(table.append(rows, 1).ok());
  expect_rows(*table.run, *table.schema, rows);
  EXPECT_EQ(table.arena->left_bytes(), 0u);
  EXPECT_GT(table.budget.used_bytes(), before + 100'000);
  table.run.reset();
  table.memtable.reset();
  EXPECT_EQ(table.budget.used_bytes(), before);
  EXPECT_EQ(table.arena->left_bytes(), 64u * 1024);
}

// A column that was read keeps its bytes when run and memtable are gone.
TEST(MemtableRun, OutlivesItselfInWhatWasRead) {
  Table table(keyed_schema(Type::integer()));
  ASSERT_TRUE(table.append({numbered_row(4)}, 1).ok());
  Column column;
  ASSERT_TRUE(table.run->read(0, 1, column).ok());
  table.run.reset();
  table.memtable.reset();
  EXPECT_NE(table.arena.use_count(), 1);
  EXPECT_EQ(column.value(0), Value::text("text 4"));
  column = Column();
  EXPECT_EQ(table.arena.use_count(), 1);
}

TEST(MemtableRun, ReadsValuesOfBlobFiles) {
  SimulatedEnv env(1);
  ASSERT_TRUE(env.create_directory("db").ok());
  Table table(keyed_schema(Type::integer()));
  const auto blobs = std::make_shared<BlobStore>(env, "db", 7, table.budget);
  table.run = table.memtable->add_run(table.schema, 0, blobs);
  const std::string large(20'000, 'b');
  std::string reference;
  blobs->append(large)->serialize(&reference);
  std::vector<Row> rows = {numbered_row(1), numbered_row(2), numbered_row(4)};
  rows[1][1] = Value::null(Type::text());
  Column references(Type::blob());
  references.validity().set_all_null();
  references.set_value(1, Value::blob(reference));
  const Column* const of_columns[] = {nullptr, &references, nullptr};
  ASSERT_TRUE(table.run->append(chunk_of(*table.schema, rows, 0, 3), of_columns, 1).ok());
  table.run->publish();
  rows[1][1] = Value::text(large);
  expect_rows(*table.run, *table.schema, rows);
  Column column;
  ASSERT_TRUE(table.run->read_references(0, 1, column).ok());
  EXPECT_TRUE(column.is_null(0));
  EXPECT_EQ(column.value(1), Value::blob(reference));
  EXPECT_TRUE(column.is_null(2));
  ASSERT_TRUE(table.run->read_references(0, 2, column).ok());
  EXPECT_TRUE(column.is_null(1));
}

TEST(MemtableArena, IsRefusedByABudgetThatIsTooSmall) {
  for (const int more : {-1, 0, 1}) {
    MemoryBudget budget(static_cast<size_t>(static_cast<int>(kArenaBytes) - more));
    EXPECT_EQ(MemtableArena::create(kArenaBytes, budget).status().code(),
              more <= 0 ? Code::kOk : Code::kOutOfMemory);
    EXPECT_EQ(budget.used_bytes(), 0u);
  }
}

}  // namespace
}  // namespace mote
