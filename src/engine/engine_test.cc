// The whole of the engine in its plain use: what is committed is read, also after a reopen.
#include "engine/engine_for_tests.h"

#include <gtest/gtest.h>

namespace mote {
namespace {

TEST(Database, KeepsWhatWasCommitted) {
  SimulatedEnv env(1);
  auto db = open_for_test(env);
  const TableId table = create_numbers(*db, "t");
  insert_numbers(*db, table, {{1, "one"}, {2, "two"}});
  EXPECT_EQ(rows_of(*db, table), (Rows{{1, "one"}, {2, "two"}}));
}

TEST(Database, FindsEverythingAfterReopen) {
  SimulatedEnv env(1);
  TableId table = 0;
  {
    auto db = open_for_test(env);
    table = create_numbers(*db, "t");
    insert_numbers(*db, table, {{1, "one"}, {2, "two"}});
    ASSERT_OK(db->checkpoint());
    insert_numbers(*db, table, {{3, "three"}});
    erase_number(*db, table, 2);
    EXPECT_EQ(rows_of(*db, table), (Rows{{1, "one"}, {3, "three"}}));
    ASSERT_OK(db->close());
  }
  auto db = open_for_test(env);
  EXPECT_EQ(rows_of(*db, table), (Rows{{1, "one"}, {3, "three"}}));
  EXPECT_EQ(db->counters().replayed_groups, 0u);
}

TEST(Database, ReplaysTheLogAfterACrash) {
  SimulatedEnv env(1);
  TableId table = 0;
  std::unique_ptr<SimulatedEnv> after;
  {
    auto db = open_for_test(env);
    table = create_numbers(*db, "t");
    insert_numbers(*db, table, {{1, "one"}, {2, "two"}});
    ASSERT_OK(db->checkpoint());
    insert_numbers(*db, table, {{3, "three"}});
    erase_number(*db, table, 2);
    after = env.crash_image(PowerLoss::kLoseUnsynced, 1);
  }
  auto db = open_for_test(*after);
  EXPECT_EQ(rows_of(*db, table), (Rows{{1, "one"}, {3, "three"}}));
  EXPECT_GT(db->counters().replayed_groups, 0u);
}

// A robot without a battery-backed clock boots in 1970 and is set right later, maybe backwards.
// What was committed first stays first, through a crash that replays the log.
TEST(Database, MindsNoJumpOfTheClock) {
  SimulatedEnv env(1);
  std::unique_ptr<SimulatedEnv> after;
  TableId table = 0;
  {
    auto db = open_for_test(env);
    table = create_numbers(*db, "t");
    int64_t number = 0;
    for (const int64_t wall_ns : {int64_t{0}, INT64_MAX, int64_t{-1}, int64_t{1} << 60}) {
      env.set_wall_ns(wall_ns);
      insert_numbers(*db, table, {{number, "before"}});
      erase_number(*db, table, number);
      insert_numbers(*db, table, {{number, "after"}});
      ++number;
    }
    after = env.crash_image(PowerLoss::kLoseUnsynced, 1);
  }
  after->set_wall_ns(-5);
  auto db = open_for_test(*after);
  EXPECT_EQ(rows_of(*db, table), (Rows{{0, "after"}, {1, "after"}, {2, "after"}, {3, "after"}}));
}

TEST(Database, FlushesManyMemtables) {
  SimulatedEnv env(1);
  DatabaseOptions options = small_options();
  auto db = open_for_test(env, options);
  const TableId table = create_numbers(*db, "t");
  Rows expected;
  for (int64_t i = 0; i < 20000; ++i) {
    Rows batch;
    for (int64_t j = 0; j < 50; ++j, ++i) batch[i] = "row " + std::to_string(i);
    --i;
    insert_numbers(*db, table, batch);
    expected.insert(batch.begin(), batch.end());
  }
  EXPECT_GT(db->counters().flushes, 4u);
  EXPECT_EQ(rows_of(*db, table), expected);
  ASSERT_OK(db->close());
  db = open_for_test(env, options);
  EXPECT_EQ(rows_of(*db, table), expected);
  std::vector<std::string> problems;
  ASSERT_OK(db->check(&problems));
  EXPECT_EQ(problems, std::vector<std::string>());
}

TEST(Database, RefusesATakenKeyInMemoryAndInParts) {
  SimulatedEnv env(1);
  auto db = open_for_test(env);
  const TableId table = create_numbers(*db, "t");
  insert_numbers(*db, table, {{1, "one"}});
  EXPECT_EQ(try_insert(*db, table, {{1, "again"}}).code(), Code::kConstraint);
  ASSERT_OK(db->checkpoint());
  EXPECT_EQ(try_insert(*db, table, {{1, "again"}}).code(), Code::kConstraint);
  erase_number(*db, table, 1);
  EXPECT_EQ(try_insert(*db, table, {{1, "again"}}).code(), Code::kOk);
}

// 8 MB a chunk once they are written, in a budget of 8 MiB.
TEST(Database, WritesRowsThatShareOneTextInSmallParts) {
  SimulatedEnv env(1);
  auto db = open_for_test(env);
  const TableId table = create_numbers(*db, "t");
  const std::string text(8000, 'x');
  Rows expected;
  auto transaction = *db->begin();
  for (int64_t i = 0; i < 4; ++i) {
    ASSERT_OK(transaction->savepoint("before"));
    Chunk chunk;
    chunk.reset(numbers_schema().types());
    for (uint32_t row = 0; row < kChunkRows; ++row) {
      chunk.column(0).lane<int64_t>()[row] = i * kChunkRows + row;
      chunk.column(1).lane<std::string_view>()[row] = text;
      if (i != 2) expected[i * kChunkRows + row] = text;
    }
    chunk.set_row_count(kChunkRows);
    ASSERT_OK(transaction->insert(table, chunk));
    if (i == 2) ASSERT_OK(transaction->rollback_to("before"));
  }
  EXPECT_EQ(rows_of(*transaction, table), expected);
  ASSERT_OK(transaction->commit(SyncMode::kSync).status());
  EXPECT_EQ(rows_of(*db, table), expected);
  ASSERT_OK(db->close());
  db = open_for_test(env);
  EXPECT_EQ(rows_of(*db, table), expected);
}

TEST(Database, MovesLargeTransactionsThroughParts) {
  SimulatedEnv env(1);
  auto db = open_for_test(env);
  const TableId table = create_numbers(*db, "t");
  Rows expected;
  auto transaction = *db->begin();
  for (int64_t i = 0; i < 30; ++i) {
    Rows batch;
    for (int64_t j = 0; j < 1000; ++j) batch[i * 1000 + j] = std::string(100, 'x');
    ASSERT_OK(transaction->insert(table, chunk_of(batch)));
    expected.insert(batch.begin(), batch.end());
  }
  ASSERT_OK(erase_in(*transaction, table, 5));
  expected.erase(5);
  EXPECT_EQ(rows_of(*transaction, table), expected);
  ASSERT_OK(transaction->commit(SyncMode::kSync).status());
  EXPECT_EQ(rows_of(*db, table), expected);
  auto image = env.crash_image(PowerLoss::kLoseUnsynced, 1);
  auto again = open_for_test(*image);
  EXPECT_EQ(rows_of(*again, table), expected);
}

TEST(Database, KeepsLargeValuesInBlobFiles) {
  SimulatedEnv env(1);
  auto db = open_for_test(env);
  const TableId table = create_numbers(*db, "t");
  const std::string large(100'000, 'y');
  insert_numbers(*db, table, {{1, large}, {2, "small"}});
  EXPECT_EQ(rows_of(*db, table), (Rows{{1, large}, {2, "small"}}));
  EXPECT_GE(db->counters().blob_bytes, large.size());
  ASSERT_OK(db->checkpoint());
  EXPECT_EQ(rows_of(*db, table), (Rows{{1, large}, {2, "small"}}));
  ASSERT_OK(db->close());
  db = open_for_test(env);
  EXPECT_EQ(rows_of(*db, table), (Rows{{1, large}, {2, "small"}}));
  erase_number(*db, table, 1);
  ASSERT_OK(db->vacuum());
  EXPECT_EQ(rows_of(*db, table), (Rows{{2, "small"}}));
}

}  // namespace
}  // namespace mote
