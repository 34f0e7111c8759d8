// What transactions see of each other.
#include <gtest/gtest.h>

#include "engine/engine_for_tests.h"

namespace mote {
namespace {

class Snapshot : public ::testing::Test {
 protected:
  SimulatedEnv env_{1};
  std::unique_ptr<Database> db_ = open_for_test(env_);
  TableId table_ = create_numbers(*db_, "t");
};

TEST_F(Snapshot, StaysAsItWasThroughCommitsFlushesAndMerges) {
  insert_numbers(*db_, table_, {{1, "one"}, {2, "two"}});
  auto before = *db_->begin();
  insert_numbers(*db_, table_, {{3, "three"}});
  erase_number(*db_, table_, 1);
  EXPECT_EQ(rows_of(*before, table_), (Rows{{1, "one"}, {2, "two"}}));
  ASSERT_OK(db_->checkpoint());
  ASSERT_OK(db_->vacuum());
  EXPECT_EQ(rows_of(*before, table_), (Rows{{1, "one"}, {2, "two"}}));
  EXPECT_EQ(rows_of(*db_, table_), (Rows{{2, "two"}, {3, "three"}}));
}

TEST_F(Snapshot, SeesOwnWritesAndOthersDoNot) {
  auto writer = *db_->begin();
  ASSERT_OK(writer->insert(table_, chunk_of({{1, "one"}})));
  auto reader = *db_->begin();
  EXPECT_EQ(rows_of(*writer, table_), (Rows{{1, "one"}}));
  EXPECT_EQ(rows_of(*reader, table_), Rows());
  ASSERT_OK(writer->commit(SyncMode::kSync).status());
  EXPECT_EQ(rows_of(*reader, table_), Rows());
  EXPECT_EQ(rows_of(*db_, table_), (Rows{{1, "one"}}));
}

TEST_F(Snapshot, FirstCommitterOfADeleteWins) {
  insert_numbers(*db_, table_, {{1, "one"}});
  auto first = *db_->begin();
  auto second = *db_->begin();
  ASSERT_OK(erase_in(*first, table_, 1));
  ASSERT_OK(erase_in(*second, table_, 1));
  ASSERT_OK(first->commit(SyncMode::kSync).status());
  EXPECT_EQ(second->commit(SyncMode::kSync).status().code(), Code::kConflict);
  EXPECT_EQ(rows_of(*db_, table_), Rows());
}

TEST_F(Snapshot, FirstCommitterOfAKeyWins) {
  auto first = *db_->begin();
  auto second = *db_->begin();
  ASSERT_OK(first->insert(table_, chunk_of({{1, "first"}})));
  ASSERT_OK(second->insert(table_, chunk_of({{1, "second"}, {2, "two"}})));
  ASSERT_OK(first->commit(SyncMode::kSync).status());
  EXPECT_EQ(second->commit(SyncMode::kSync).status().code(), Code::kConstraint);
  EXPECT_EQ(rows_of(*db_, table_), (Rows{{1, "first"}}));
}

// The other's rows are in a part, not in the memtable, when the second commits.
TEST_F(Snapshot, AKeyThatWasFlushedMeanwhileIsTaken) {
  auto late = *db_->begin();
  ASSERT_OK(late->insert(table_, chunk_of({{5, "late"}})));
  insert_numbers(*db_, table_, {{4, "four"}, {5, "five"}, {6, "six"}});
  ASSERT_OK(db_->checkpoint());
  EXPECT_EQ(late->commit(SyncMode::kSync).status().code(), Code::kConstraint);
}

TEST_F(Snapshot, AKeyMayBeReplacedInOneTransaction) {
  insert_numbers(*db_, table_, {{1, "old"}});
  auto transaction = *db_->begin();
  ASSERT_OK(erase_in(*transaction, table_, 1));
  ASSERT_OK(transaction->insert(table_, chunk_of({{1, "new"}})));
  ASSERT_OK(erase_in(*transaction, table_, 1));
  ASSERT_OK(transaction->insert(table_, chunk_of({{1, "newer"}})));
  ASSERT_OK(transaction->commit(SyncMode::kSync).status());
  EXPECT_EQ(rows_of(*db_, table_), (Rows{{1, "newer"}}));
}

TEST_F(Snapshot, DroppingATableThatAnotherWritesIsAConflict) {
  auto writer = *db_->begin();
  ASSERT_OK(writer->insert(table_, chunk_of({{1, "one"}})));
  auto dropper = *db_->begin();
  ASSERT_OK(dropper->drop_table(table_));
  ASSERT_OK(dropper->commit(SyncMode::kSync).status());
  EXPECT_EQ(writer->commit(SyncMode::kSync).status().code(), Code::kConflict);
}

TEST_F(Snapshot, TwoTablesOfOneNameAreAConflict) {
  auto first = *db_->begin();
  auto second = *db_->begin();
  ASSERT_OK(first->create_table("u", numbers_schema()).status());
  ASSERT_OK(second->create_table("U", numbers_schema()).status());
  ASSERT_OK(first->commit(SyncMode::kSync).status());
  EXPECT_EQ(second->commit(SyncMode::kSync).status().code(), Code::kConflict);
}

TEST_F(Snapshot, ReadsADroppedTableUntilItEnds) {
  insert_numbers(*db_, table_, {{1, "one"}});
  ASSERT_OK(db_->checkpoint());
  auto reader = *db_->begin();
  auto dropper = *db_->begin();
  ASSERT_OK(dropper->drop_table(table_));
  ASSERT_OK(dropper->commit(SyncMode::kSync).status());
  ASSERT_OK(db_->checkpoint());
  EXPECT_EQ(rows_of(*reader, table_), (Rows{{1, "one"}}));
  reader.reset();
  dropper.reset();
  ASSERT_OK(db_->vacuum());
  std::vector<std::string> parts = *env_.list("db");
  std::erase_if(parts, [](const std::string& name) { return name.find("part") != 0; });
  EXPECT_EQ(parts, std::vector<std::string>());
}

TEST_F(Snapshot, AnAsynchronousCommitIsSeenAtOnceAndOnlyLaterDurable) {
  ASSERT_OK(try_insert(*db_, table_, {{1, "one"}}, SyncMode::kAsync));
  EXPECT_EQ(rows_of(*db_, table_), (Rows{{1, "one"}}));
  EXPECT_LT(db_->durable_sequence(), (*db_->begin())->sequence());
  ASSERT_OK(db_->wait_durable(1'000'000'000));
  EXPECT_EQ(db_->durable_sequence(), (*db_->begin())->sequence());
}

TEST_F(Snapshot, SavepointsNestAndTheNewestOfANameCounts) {
  auto transaction = *db_->begin();
  ASSERT_OK(transaction->insert(table_, chunk_of({{1, "one"}})));
  ASSERT_OK(transaction->savepoint("s"));
  ASSERT_OK(transaction->insert(table_, chunk_of({{2, "two"}})));
  ASSERT_OK(transaction->savepoint("s"));
  ASSERT_OK(transaction->insert(table_, chunk_of({{3, "three"}})));
  ASSERT_OK(transaction->rollback_to("S"));
  EXPECT_EQ(rows_of(*transaction, table_), (Rows{{1, "one"}, {2, "two"}}));
  ASSERT_OK(transaction->release("s"));
  ASSERT_OK(transaction->rollback_to("s"));
  EXPECT_EQ(rows_of(*transaction, table_), (Rows{{1, "one"}}));
  EXPECT_EQ(transaction->rollback_to("t").code(), Code::kNotFound);
  ASSERT_OK(transaction->insert(table_, chunk_of({{2, "again"}})));
  ASSERT_OK(transaction->commit(SyncMode::kSync).status());
  EXPECT_EQ(rows_of(*db_, table_), (Rows{{1, "one"}, {2, "again"}}));
}

TEST_F(Snapshot, ThereAreSoManySavepoints) {
  auto transaction = *db_->begin();
  for (uint32_t i = 0; i < kMaxSavepoints; ++i) ASSERT_OK(transaction->savepoint("s"));
  EXPECT_EQ(transaction->savepoint("s").code(), Code::kLimit);
  ASSERT_OK(transaction->release("s"));
  EXPECT_OK(transaction->savepoint("s"));
}

// Rolling back to a savepoint takes back rows that have been spilled to parts since.
TEST_F(Snapshot, SavepointsReachIntoSpilledRows) {
  auto transaction = *db_->begin();
  Rows expected;
  int64_t key = 0;
  const auto add = [&](Rows* rows) {
    for (int i = 0; i < 12; ++i) {
      Rows batch;
      for (int j = 0; j < 500; ++j) batch[key++] = std::string(200, 'z');
      ASSERT_OK(transaction->insert(table_, chunk_of(batch)));
      if (rows != nullptr) rows->insert(batch.begin(), batch.end());
    }
  };
  add(&expected);
  ASSERT_OK(transaction->savepoint("s"));
  add(nullptr);
  ASSERT_OK(transaction->rollback_to("s"));
  EXPECT_EQ(rows_of(*transaction, table_), expected);
  add(&expected);
  EXPECT_EQ(transaction->insert(table_, chunk_of({{3, "taken"}})).code(), Code::kConstraint);
  ASSERT_OK(transaction->commit(SyncMode::kSync).status());
  EXPECT_EQ(rows_of(*db_, table_), expected);
}

TEST_F(Snapshot, DefinitionsAreRolledBack) {
  auto transaction = *db_->begin();
  const TableId made = *transaction->create_table("u", numbers_schema());
  ASSERT_OK(transaction->insert(made, chunk_of({{1, "one"}})));
  EXPECT_EQ(rows_of(*transaction, made), (Rows{{1, "one"}}));
  ASSERT_OK(transaction->drop_table(table_));
  EXPECT_EQ(transaction->table(table_).status().code(), Code::kNotFound);
  transaction->rollback();
  auto after = *db_->begin();
  EXPECT_EQ(after->catalog().find("u"), nullptr);
  EXPECT_NE(after->catalog().find("t"), nullptr);
}

TEST_F(Snapshot, BadRowsAreRefusedAndNothingOfThemStays) {
  auto transaction = *db_->begin();
  Chunk twice = chunk_of({{1, "one"}, {2, "two"}});
  twice.column(0).lane<int64_t>()[1] = 1;
  EXPECT_EQ(transaction->insert(table_, twice).code(), Code::kConstraint);
  Chunk null = chunk_of({{1, "one"}});
  null.column(0).set_null(0);
  EXPECT_EQ(transaction->insert(table_, null).code(), Code::kConstraint);
  Chunk narrow = chunk_of({{1, "one"}});
  narrow.columns().pop_back();
  EXPECT_EQ(transaction->insert(table_, narrow).code(), Code::kInvalidArgument);
  EXPECT_EQ(rows_of(*transaction, table_), Rows());
}

TEST_F(Snapshot, ReadersDoNotMindHowManyTheyAre) {
  // Each holds on to the memtables of its time.
  db_.reset();
  db_ = open_for_test(env_, DatabaseOptions());
  insert_numbers(*db_, table_, {{1, "one"}});
  std::vector<std::unique_ptr<Transaction>> readers;
  for (int i = 0; i < 300; ++i) {
    readers.push_back(*db_->begin());
    insert_numbers(*db_, table_, {{100 + i, "x"}});
    erase_number(*db_, table_, 100 + i);
  }
  for (auto& reader : readers) EXPECT_EQ(rows_of(*reader, table_), (Rows{{1, "one"}}));
}

TEST_F(Snapshot, AClosedDatabaseRefusesEverything) {
  auto transaction = *db_->begin();
  ASSERT_OK(transaction->insert(table_, chunk_of({{1, "one"}})));
  ASSERT_OK(db_->close());
  EXPECT_EQ(db_->close().code(), Code::kClosed);
  EXPECT_EQ(db_->begin().status().code(), Code::kClosed);
  EXPECT_EQ(transaction->commit(SyncMode::kSync).status().code(), Code::kClosed);
}

}  // namespace
}  // namespace mote
