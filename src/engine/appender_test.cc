// Rings: what is accepted, dropped and durable, by policy, and with threads on a real disk.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>

#include "engine/engine_for_tests.h"
#include "env/sync.h"

namespace mote {
namespace {

using Thread = std::unique_ptr<ThreadHandle>;

Thread start(std::function<void()> body) {
  return *posix_env().start_thread("test", std::move(body));
}

void pause_ms(int64_t ms) {
  Mutex mutex(LockRank::kLeaf);
  CondVar never;
  MutexLock lock(mutex);
  never.wait_for(mutex, ms * 1'000'000);
}

Result<Ack> put(Appender& appender, int64_t number, std::string_view text) {
  appender.begin_row();
  appender.put_integer(number);
  appender.put_bytes(text);
  return appender.end_row();
}

class AppenderOn : public ::testing::Test {
 protected:
  std::unique_ptr<Appender> make(FullPolicy policy, uint64_t ring_bytes = kMinRingBytes) {
    AppenderOptions options;
    options.on_full = policy;
    options.ring_bytes = ring_bytes;
    options.block_timeout_ms = 50;
    Result<std::unique_ptr<Appender>> appender = db_->appender(table_, options);
    EXPECT_EQ(shown(appender.status()), "OK");
    return std::move(*appender);
  }

  SimulatedEnv env_{1};
  std::unique_ptr<Database> db_ = open_for_test(env_);
  TableId table_ = create_numbers(*db_, "t", /*with_key=*/false);
};

TEST_F(AppenderOn, RowsAreThereWhenTheAckSaysSo) {
  auto appender = make(FullPolicy::kFail);
  const Ack ack = *put(*appender, 1, "one");
  EXPECT_FALSE(ack.durable());
  EXPECT_EQ(rows_of(*db_, table_), Rows());
  ASSERT_OK(ack.wait_for(1'000'000'000));
  EXPECT_TRUE(ack.durable());
  EXPECT_EQ(rows_of(*db_, table_), (Rows{{1, "one"}}));
  EXPECT_EQ(appender->counters().accepted, 1u);
  EXPECT_EQ(appender->counters().durable, 1u);
}

TEST_F(AppenderOn, AFullRingFails) {
  auto appender = make(FullPolicy::kFail);
  int64_t accepted = 0;
  while (put(*appender, accepted, "0123456789").ok()) ++accepted;
  EXPECT_EQ(put(*appender, 0, "0123456789").status().code(), Code::kFull);
  EXPECT_EQ(appender->counters().accepted, static_cast<uint64_t>(accepted));
  EXPECT_EQ(appender->counters().dropped, 2u);
  ASSERT_OK(appender->flush(1'000'000'000));
  EXPECT_EQ(rows_of(*db_, table_).size(), static_cast<size_t>(accepted));
  EXPECT_OK(put(*appender, accepted, "again").status());
}

TEST_F(AppenderOn, DroppingTheNewestKeepsTheFirstRows) {
  auto appender = make(FullPolicy::kDropNewest);
  for (int64_t i = 0; i < 1000; ++i) ASSERT_OK(put(*appender, i, "0123456789").status());
  ASSERT_OK(appender->flush(1'000'000'000));
  const AppenderCounters counters = appender->counters();
  EXPECT_EQ(counters.accepted + counters.dropped, 1000u);
  EXPECT_EQ(counters.durable, counters.accepted);
  const Rows rows = rows_of(*db_, table_);
  EXPECT_EQ(rows.size(), counters.durable);
  EXPECT_EQ(rows.begin()->first, 0);
  EXPECT_EQ(rows.rbegin()->first, static_cast<int64_t>(counters.durable) - 1);
}

TEST_F(AppenderOn, DroppingTheOldestKeepsTheLastRowsAndAcksTellWhich) {
  auto appender = make(FullPolicy::kDropOldest);
  std::vector<Ack> acks;
  for (int64_t i = 0; i < 1000; ++i) acks.push_back(*put(*appender, i, "0123456789"));
  ASSERT_OK(appender->flush(1'000'000'000));
  const AppenderCounters counters = appender->counters();
  EXPECT_EQ(counters.accepted, 1000u);
  EXPECT_EQ(counters.durable + counters.dropped, 1000u);
  const Rows rows = rows_of(*db_, table_);
  EXPECT_EQ(rows.size(), counters.durable);
  EXPECT_EQ(rows.rbegin()->first, 999);
  for (int64_t i = 0; i < 1000; ++i) {
    const bool there = rows.count(i) != 0;
    EXPECT_EQ(acks[static_cast<size_t>(i)].durable(), there) << i;
    EXPECT_EQ(acks[static_cast<size_t>(i)].wait_for(0).code(), there ? Code::kOk : Code::kFull);
  }
}

TEST_F(AppenderOn, ABadRowIsRefusedAndTheNextIsNot) {
  auto appender = make(FullPolicy::kFail);
  appender->begin_row();
  appender->put_float(1.5);
  EXPECT_EQ(appender->end_row().status().code(), Code::kConstraint);
  appender->begin_row();
  appender->put_null();
  EXPECT_EQ(appender->end_row().status().code(), Code::kConstraint);
  appender->begin_row();
  appender->put_integer(1);
  appender->put_bytes("a");
  appender->put_bytes("b");
  EXPECT_EQ(appender->end_row().status().code(), Code::kInvalidArgument);
  ASSERT_OK(put(*appender, 7, "good").status());
  ASSERT_OK(appender->flush(1'000'000'000));
  EXPECT_EQ(rows_of(*db_, table_), (Rows{{7, "good"}}));
}

TEST_F(AppenderOn, ColumnsThatAreNotPutTakeTheirDefault) {
  Schema schema = numbers_schema(/*with_key=*/false);
  schema.columns[0].default_sql = "42";
  schema.columns[1].default_sql = "'it''s'";
  auto transaction = *db_->begin();
  const TableId table = *transaction->create_table("defaults", schema);
  ASSERT_OK(transaction->commit(SyncMode::kSync).status());
  auto appender = *db_->appender(table, AppenderOptions());
  appender->begin_row();
  ASSERT_OK(appender->end_row().status());
  ASSERT_OK(appender->flush(1'000'000'000));
  EXPECT_EQ(rows_of(*db_, table), (Rows{{42, "it's"}}));
}

TEST_F(AppenderOn, ARowMayTakeHalfTheRing) {
  auto appender = make(FullPolicy::kFail);
  // Header, a word of bits, a number, the text's size and place, and the text.
  const size_t room = kMinRingBytes / 2 - 8 - 8 - 8 - 8;
  EXPECT_OK(put(*appender, 1, std::string(room - 1, 'x')).status());
  EXPECT_OK(put(*appender, 2, std::string(room, 'x')).status());
  EXPECT_EQ(put(*appender, 3, std::string(room + 1, 'x')).status().code(), Code::kLimit);
  ASSERT_OK(appender->flush(1'000'000'000));
  EXPECT_EQ(rows_of(*db_, table_).size(), 2u);
}

TEST_F(AppenderOn, TheColumnsOfARowMayTakeHalfTheRing) {
  // Header, 4 words of bits, 8 bytes a column.
  constexpr size_t kMost = (kMinRingBytes / 2 - 8 - 4 * 8) / 8;
  AppenderOptions options;
  options.ring_bytes = kMinRingBytes;
  for (const size_t count : {kMost - 1, kMost, kMost + 1}) {
    Schema schema;
    for (size_t c = 0; c < count; ++c) {
      schema.columns.push_back({"c" + std::to_string(c), Type::integer(), false, ""});
    }
    auto transaction = *db_->begin();
    const TableId wide = *transaction->create_table("wide" + std::to_string(count), schema);
    ASSERT_OK(transaction->commit(SyncMode::kSync).status());
    const auto appender = db_->appender(wide, options);
    EXPECT_EQ(appender.status().code(), count <= kMost ? Code::kOk : Code::kLimit) << count;
    if (!appender.ok()) continue;
    (*appender)->begin_row();
    (*appender)->put_null();
    (*appender)->put_integer(7);
    ASSERT_OK((*appender)->end_row().status());
    ASSERT_OK((*appender)->flush(1'000'000'000));
  }
}

TEST_F(AppenderOn, RingSizesHaveLimits) {
  AppenderOptions options;
  for (const uint64_t size : {kMinRingBytes / 2, kMinRingBytes + 8, kMaxRingBytes * 2}) {
    options.ring_bytes = size;
    EXPECT_EQ(db_->appender(table_, options).status().code(), Code::kInvalidArgument);
  }
}

TEST_F(AppenderOn, TakenKeysCostOnlyThemselves) {
  const TableId keyed = create_numbers(*db_, "keyed");
  insert_numbers(*db_, keyed, {{5, "there"}});
  AppenderOptions options;
  auto appender = *db_->appender(keyed, options);
  std::vector<Ack> acks;
  for (int64_t i = 0; i < 10; ++i) acks.push_back(*put(*appender, i % 8, "new"));
  ASSERT_OK(db_->wait_durable(1'000'000'000));
  EXPECT_EQ(acks[4].wait_for(0).code(), Code::kOk);
  EXPECT_EQ(acks[5].wait_for(0).code(), Code::kConstraint);
  EXPECT_EQ(acks[9].wait_for(0).code(), Code::kConstraint);
  EXPECT_EQ(appender->counters().durable, 7u);
  EXPECT_EQ(appender->counters().dropped, 3u);
  EXPECT_EQ(rows_of(*db_, keyed).size(), 8u);
}

TEST_F(AppenderOn, RowsOfAGoneAppenderAreWritten) {
  auto appender = make(FullPolicy::kFail);
  ASSERT_OK(put(*appender, 1, "one").status());
  appender.reset();
  ASSERT_OK(db_->close());
  db_ = open_for_test(env_);
  EXPECT_EQ(rows_of(*db_, table_), (Rows{{1, "one"}}));
}

TEST_F(AppenderOn, ALargeValueGoesToABlobFile) {
  auto appender = make(FullPolicy::kFail, 1u << 20);
  const std::string frame(200'000, 'f');
  const Ack ack = *put(*appender, 1, frame);
  ASSERT_OK(ack.wait_for(1'000'000'000));
  EXPECT_GE(db_->counters().blob_bytes, frame.size());
  EXPECT_EQ(rows_of(*db_, table_), (Rows{{1, frame}}));
}

// With threads, on a real file system.
class Threads : public ::testing::Test {
 protected:
  void SetUp() override {
    remove_all();
    DatabaseOptions options = small_options();
    options.memory_bytes = 32u << 20;
    options.sync = SyncMode::kSync;
    db_ = open_for_test(posix_env(), options, directory_);
    table_ = create_numbers(*db_, "t", /*with_key=*/false);
  }
  void TearDown() override {
    db_.reset();
    remove_all();
  }
  void remove_all() {
    const auto names = posix_env().list(directory_);
    if (!names.ok()) return;
    for (const std::string& name : *names) {
      EXPECT_OK(posix_env().remove(directory_ + "/" + name));
    }
  }
  const std::string directory_ =
      ::testing::TempDir() + "mote_engine_threads_" + std::to_string(posix_env().process_id());
  std::unique_ptr<Database> db_;
  TableId table_ = 0;
};

// Each row is durable, dropped or in the ring, whatever producers, log thread and flushes do.
TEST_F(Threads, CountersOfManyAppendersAddUp) {
  constexpr int kProducers = 4;
  constexpr int64_t kRows = 20'000;
  std::atomic<uint64_t> durable{0};
  std::vector<Thread> producers;
  for (int p = 0; p < kProducers; ++p) {
    producers.push_back(start([&, p] {
      AppenderOptions options;
      options.ring_bytes = 16 * 1024;
      options.on_full = static_cast<FullPolicy>(p);
      options.block_timeout_ms = 10'000;
      auto appender = *db_->appender(table_, options);
      uint64_t refused = 0;
      for (int64_t i = 0; i < kRows; ++i) {
        if (!put(*appender, p * kRows + i, "some text of a row").ok()) ++refused;
      }
      EXPECT_OK(appender->flush(30'000'000'000));
      const AppenderCounters counters = appender->counters();
      EXPECT_EQ(counters.durable + counters.dropped, static_cast<uint64_t>(kRows));
      if (options.on_full == FullPolicy::kFail) {
        EXPECT_EQ(counters.dropped, refused);
      }
      if (options.on_full == FullPolicy::kBlock) {
        EXPECT_EQ(counters.dropped, 0u);
      }
      durable.fetch_add(counters.durable);
    }));
  }
  producers.clear();
  EXPECT_EQ(rows_of(*db_, table_).size(), durable.load());
  ASSERT_OK(db_->close());
}

// Writers in all sync modes, readers and checkpoints at once; the sums must fit at every moment:
// each transaction adds one row to each of two tables.
TEST_F(Threads, ReadersSeeWholeTransactionsWhileEverythingRuns) {
  const TableId other = create_numbers(*db_, "other", /*with_key=*/true);
  std::atomic<bool> stop{false};
  std::atomic<int64_t> next{0};
  std::vector<Thread> threads;
  for (int w = 0; w < 3; ++w) {
    threads.push_back(start([&, w] {
      for (int i = 0; i < 40; ++i) {
        const int64_t key = next.fetch_add(1);
        auto transaction = *db_->begin();
        EXPECT_OK(transaction->insert(table_, chunk_of({{key, std::string(500, 'a')}})));
        EXPECT_OK(transaction->insert(other, chunk_of({{key, "b"}})));
        EXPECT_OK(transaction->commit(static_cast<SyncMode>(w)).status());
        EXPECT_EQ(rows_of(*db_, other).count(key), 1u);
      }
    }));
  }
  for (int r = 0; r < 2; ++r) {
    threads.push_back(start([&] {
      while (!stop.load()) {
        auto transaction = *db_->begin();
        const size_t here = rows_of(*transaction, table_).size();
        EXPECT_EQ(rows_of(*transaction, other).size(), here);
      }
    }));
  }
  threads.push_back(start([&] {
    while (!stop.load()) {
      EXPECT_OK(db_->checkpoint());
      pause_ms(20);
    }
  }));
  for (size_t writer = 0; writer < 3; ++writer) threads[writer].reset();
  stop.store(true);
  threads.clear();
  EXPECT_EQ(rows_of(*db_, other).size(), 120u);
  ASSERT_OK(db_->close());
}

TEST_F(Threads, OfThoseWhoInsertOneKeyAtOnceOneSucceeds) {
  const TableId table = create_numbers(*db_, "keyed", /*with_key=*/true);
  constexpr int kWriters = 4;
  constexpr int64_t kKeys = 100;
  std::atomic<int64_t> succeeded{0};
  std::vector<Thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.push_back(start([&] {
      for (int64_t key = 0; key < kKeys; ++key) {
        const Status status = try_insert(*db_, table, {{key, "row"}});
        if (status.ok()) succeeded.fetch_add(1);
        EXPECT_TRUE(status.ok() || status.code() == Code::kConstraint) << shown(status);
      }
    }));
  }
  writers.clear();
  EXPECT_EQ(succeeded.load(), kKeys);
  EXPECT_EQ(rows_of(*db_, table).size(), static_cast<size_t>(kKeys));
}

TEST_F(Threads, OneOfManyClosesAndTheOthersAreTold) {
  for (int round = 0; round < 3; ++round) {
    std::atomic<int> closed_here{0};
    std::atomic<uint64_t> committed{0};
    const size_t before = rows_of(*db_, table_).size();
    std::vector<Thread> threads;
    for (int t = 0; t < 6; ++t) {
      threads.push_back(start([&, t] {
        AppenderOptions options;
        auto appender = db_->appender(table_, options);
        for (int64_t i = 0;; ++i) {
          if (t == 5 && i == 3) {
            const Status status = db_->close();
            if (status.ok()) closed_here.fetch_add(1);
            break;
          }
          const int64_t key = round * 1'000'000 + t * 100'000 + i;
          if (t < 3) {
            const Status status = try_insert(*db_, table_, {{key, "x"}});
            if (!status.ok()) {
              EXPECT_EQ(status.code(), Code::kClosed) << status.message();
              break;
            }
            committed.fetch_add(1);
          } else if (appender.ok()) {
            const auto ack = put(**appender, key, "y");
            if (!ack.ok() && ack.status().code() == Code::kClosed) break;
            if (ack.ok()) committed.fetch_add(1);
            if (!ack.ok()) pause_ms(1);
          } else {
            break;
          }
        }
        const Status status = db_->close();
        if (status.ok()) closed_here.fetch_add(1);
        EXPECT_TRUE(status.ok() || status.code() == Code::kClosed) << status.message();
      }));
    }
    threads.clear();
    EXPECT_EQ(closed_here.load(), 1);
    DatabaseOptions options = small_options();
    options.memory_bytes = 32u << 20;
    db_.reset();
    db_ = open_for_test(posix_env(), options, directory_);
    // What was acknowledged and what was accepted is there.
    EXPECT_EQ(rows_of(*db_, table_).size(), before + committed.load());
  }
}

TEST_F(Threads, ASecondOpenerIsTold) {
  DatabaseOptions options = small_options();
  const auto second = Database::open(posix_env(), directory_, options);
  EXPECT_EQ(second.status().code(), Code::kBusy);
  EXPECT_NE(second.status().message().find(std::to_string(posix_env().process_id())),
            std::string::npos);
}

TEST_F(Threads, AReplacedLockFileIsNoticedAtTheNextCommit) {
  ASSERT_OK(posix_env().remove(directory_ + "/LOCK"));
  EXPECT_EQ(try_insert(*db_, table_, {{1, "one"}}).code(), Code::kIoError);
  EXPECT_EQ(try_insert(*db_, table_, {{1, "one"}}).code(), Code::kReadOnly);
}

}  // namespace
}  // namespace mote
