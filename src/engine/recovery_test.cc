// Opening what is damaged, full, foreign or used by another.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/engine_for_tests.h"

namespace mote {
namespace {

std::vector<std::string> files_like(Env& env, const std::string& begin) {
  std::vector<std::string> names = *env.list("db");
  std::erase_if(names, [&](const std::string& name) { return name.rfind(begin, 0) != 0; });
  return names;
}

void fill(Database& db, TableId table, int64_t from, int64_t to, const std::string& text) {
  while (from < to) {
    Rows batch;
    for (int64_t i = 0; i < 1000 && from < to; ++i) batch[from++] = text;
    insert_numbers(db, table, batch);
  }
}

void pump_all(Database& db) {
  while (*db.pump(1'000'000)) {
  }
}

TEST(Keys, StayUniqueBehindThreeHundredThousandRowsAndAReopen) {
  SimulatedEnv env(1);
  DatabaseOptions options;
  auto db = open_for_test(env, options);
  const TableId table = create_numbers(*db, "t");
  fill(*db, table, 0, 300'000, "x");
  const auto probe = [&](int64_t number) { return try_insert(*db, table, {{number, "y"}}).code(); };
  for (const int64_t number : {0, 1, 150'000, 299'999}) EXPECT_EQ(probe(number), Code::kConstraint);
  ASSERT_OK(db->close());
  db = open_for_test(env, options);
  for (const int64_t number : {0, 1, 150'000, 299'999}) EXPECT_EQ(probe(number), Code::kConstraint);
  EXPECT_EQ(probe(300'000), Code::kOk);
  ASSERT_OK(db->vacuum());
  EXPECT_EQ(probe(150'000), Code::kConstraint);
  auto transaction = *db->begin();
  EXPECT_EQ(transaction->table(table)->visible_row_count(), 300'001u);
}

TEST(Recovery, NamesADamagedPartAndReadsTheRest) {
  SimulatedEnv env(1);
  auto db = open_for_test(env);
  const TableId bad = create_numbers(*db, "bad");
  const TableId good = create_numbers(*db, "good");
  for (int64_t i = 0; i < 3000; i += 500) {
    Rows batch;
    for (int64_t j = i; j < i + 500; ++j) batch[j] = std::to_string(j * 7919 % 10'007);
    insert_numbers(*db, bad, batch);
  }
  ASSERT_OK(db->close());
  db = open_for_test(env);
  fill(*db, good, 0, 1000, "y");
  const std::string part = files_like(env, "part-")[0];
  ASSERT_OK(db->close());
  db.reset();
  const uint64_t size = env.file_bytes("db/" + part)->size();
  for (uint64_t at = 64; at + 64 < size; at += 100) {
    ASSERT_OK(env.damage("db/" + part, at, "damage"));
  }
  db = open_for_test(env);
  auto transaction = *db->begin();
  const Status status = scan_numbers(*transaction, bad).status();
  EXPECT_EQ(status.code(), Code::kCorruption);
  EXPECT_NE(status.message().find(part), std::string::npos) << status.message();
  EXPECT_EQ(rows_of(*transaction, good).size(), 1000u);
  std::vector<std::string> problems;
  ASSERT_OK(db->check(&problems));
  EXPECT_FALSE(problems.empty());
  transaction.reset();
  ASSERT_OK(db->close());

  std::vector<std::string> report;
  auto salvaged = Database::salvage(env, "db", small_options(), &report);
  ASSERT_OK(salvaged.status());
  EXPECT_FALSE(report.empty());
  EXPECT_LT(rows_of(**salvaged, bad).size(), 3000u);
  EXPECT_EQ(rows_of(**salvaged, good).size(), 1000u);
  EXPECT_EQ(try_insert(**salvaged, good, {{-1, "z"}}).code(), Code::kReadOnly);
}

DatabaseOptions long_log_options() {
  DatabaseOptions options = small_options();
  options.log_file_bytes = 4u << 20;
  options.log_limit_bytes = 32u << 20;
  return options;
}

// 420 KB of rows in memtables of 256 KB.
std::unique_ptr<SimulatedEnv> crashed_with_full_memtables(TableId* table) {
  SimulatedEnv env(1);
  auto db = open_for_test(env, long_log_options());
  *table = create_numbers(*db, "t");
  const std::string text(700, 'x');
  for (int64_t i = 0; i < 600; i += 100) fill(*db, *table, i, i + 100, text);
  EXPECT_EQ(db->counters().flushes, 0u);
  return env.crash_image(PowerLoss::kLoseUnsynced, 1);
}

TEST(Recovery, ReplaysIntoMemtablesAndFlushesBehindTheOpen) {
  TableId table = 0;
  const auto env = crashed_with_full_memtables(&table);
  auto db = open_for_test(*env, long_log_options());
  EXPECT_EQ(db->counters().part_bytes, 0u);
  EXPECT_EQ(rows_of(*db, table).size(), 600u);
  insert_numbers(*db, table, {{600, "behind"}});
  pump_all(*db);
  EXPECT_GE(db->counters().flushes, 2u);
  EXPECT_EQ(rows_of(*db, table).size(), 601u);
  // Cut short again, before and after.
  for (const PowerLoss policy : {PowerLoss::kLoseUnsynced, PowerLoss::kKeepAll}) {
    const auto again = env->crash_image(policy, 2);
    auto reopened = open_for_test(*again, long_log_options());
    EXPECT_EQ(rows_of(*reopened, table).size(), 601u);
  }
}

TEST(Recovery, FlushesWhenTheMemtablesHaveBecomeSmaller) {
  TableId table = 0;
  const auto env = crashed_with_full_memtables(&table);
  DatabaseOptions options = long_log_options();
  options.memtable_bytes = 128 * 1024;
  auto db = open_for_test(*env, options);
  EXPECT_GT(db->counters().flushes, 0u);
  EXPECT_EQ(rows_of(*db, table).size(), 600u);
}

TEST(Blobs, OfRowsThatWereNeverCommittedGoAfterTheNextOpen) {
  SimulatedEnv env(1);
  auto db = open_for_test(env);
  const TableId table = create_numbers(*db, "t");
  const std::string kept(20'000, 'k');
  insert_numbers(*db, table, {{1, kept}});
  ASSERT_OK(db->close());
  db = open_for_test(env);
  auto open = *db->begin();
  ASSERT_OK(open->insert(table, chunk_of({{2, std::string(20'000, 'l')}})));
  ASSERT_EQ(files_like(env, "blob-").size(), 2u);
  const auto image = env.crash_image(PowerLoss::kKeepAll, 1);
  db = open_for_test(*image);
  insert_numbers(*db, table, {{3, kept}});
  pump_all(*db);
  EXPECT_EQ(files_like(*image, "blob-").size(), 2u);
  EXPECT_EQ(rows_of(*db, table), (Rows{{1, kept}, {3, kept}}));
  // What is in a memtable, and what an open transaction has written, stays.
  const auto again = image->crash_image(PowerLoss::kKeepAll, 2);
  db = open_for_test(*again);
  auto writer = *db->begin();
  ASSERT_OK(writer->insert(table, chunk_of({{4, kept}})));
  pump_all(*db);
  ASSERT_OK(writer->commit(SyncMode::kSync).status());
  pump_all(*db);
  EXPECT_EQ(rows_of(*db, table), (Rows{{1, kept}, {3, kept}, {4, kept}}));
  db.reset();
}

TEST(Blobs, GoWithTheirRowsThoughACommittedTransactionIsKept) {
  SimulatedEnv env(1);
  auto db = open_for_test(env);
  const TableId table = create_numbers(*db, "t");
  auto committed = *db->begin();
  ASSERT_OK(committed->insert(table, chunk_of({{1, std::string(20'000, 'x')}})));
  ASSERT_OK(committed->commit(SyncMode::kSync).status());
  EXPECT_NE(committed->catalog().find("t"), nullptr);
  ASSERT_OK(db->close());
  db = open_for_test(env);
  auto kept = *db->begin();
  ASSERT_OK(kept->insert(table, chunk_of({{2, std::string(20'000, 'y')}})));
  ASSERT_OK(kept->commit(SyncMode::kSync).status());
  erase_number(*db, table, 1);
  ASSERT_OK(db->vacuum());
  EXPECT_EQ(files_like(env, "blob-").size(), 1u);
}

TEST(Recovery, TellsDamageInTheLogFromATornTail) {
  SimulatedEnv env(1);
  auto db = open_for_test(env);
  const TableId table = create_numbers(*db, "t");
  for (int64_t i = 0; i < 20; ++i) insert_numbers(*db, table, {{i, "row"}});
  auto image = env.crash_image(PowerLoss::kLoseUnsynced, 1);
  const std::string log = files_like(*image, "log-")[0];
  // The tenth group after the one that made the table.
  ASSERT_OK(image->damage("db/" + log, 10 * 4096 + 70, "damage"));
  const auto opened = Database::open(*image, "db", small_options());
  EXPECT_EQ(opened.status().code(), Code::kCorruption) << opened.status().message();
  std::vector<std::string> report;
  auto salvaged = Database::salvage(*image, "db", small_options(), &report);
  ASSERT_OK(salvaged.status());
  EXPECT_EQ(report.size(), 1u);
  const Rows rows = rows_of(**salvaged, table);
  EXPECT_EQ(rows.size(), 9u);
  EXPECT_EQ(rows.rbegin()->first, 8);
}

// A merge leaves nothing of deleted rows but their numbers, so they must stay deleted even when the
// log that deleted them is lost.
TEST(Recovery, RowsThatAMergePurgedStayDeletedWithoutTheLog) {
  SimulatedEnv env(1);
  auto db = open_for_test(env);
  const TableId table = create_numbers(*db, "t");
  fill(*db, table, 0, 10, "row");
  ASSERT_OK(db->checkpoint());
  for (int64_t i = 0; i < 5; ++i) erase_number(*db, table, i);
  while (*db->pump(1'000'000)) {
  }
  ASSERT_EQ(db->counters().merges, 1u);
  insert_numbers(*db, table, {{100, "later"}});
  auto image = env.crash_image(PowerLoss::kLoseUnsynced, 1);
  // The group of the first delete, behind those of the table and its rows.
  ASSERT_OK(image->damage("db/" + files_like(*image, "log-")[0], 2 * 4096 + 70, "damage"));
  EXPECT_EQ(Database::open(*image, "db", small_options()).status().code(), Code::kCorruption);
  std::vector<std::string> report;
  auto salvaged = Database::salvage(*image, "db", small_options(), &report);
  ASSERT_OK(salvaged.status());
  EXPECT_EQ(rows_of(**salvaged, table).size(), 5u);
}

TEST(Recovery, ReadingWritesNothing) {
  SimulatedEnv env(1);
  auto db = open_for_test(env);
  const TableId table = create_numbers(*db, "t");
  fill(*db, table, 0, 5000, "some text");
  auto image = env.crash_image(PowerLoss::kLoseUnsynced, 1);
  DatabaseOptions options = small_options();
  options.read_only = true;
  const uint64_t calls = image->call_count();
  {
    auto reader = open_for_test(*image, options);
    EXPECT_EQ(rows_of(*reader, table).size(), 5000u);
    EXPECT_EQ(try_insert(*reader, table, {{-1, "z"}}).code(), Code::kReadOnly);
    EXPECT_EQ(reader->checkpoint().code(), Code::kReadOnly);
    ASSERT_OK(reader->close());
  }
  EXPECT_EQ(image->call_count(), calls);
}

TEST(Recovery, RefusesWhatIsNoDatabase) {
  SimulatedEnv env(1);
  DatabaseOptions options = small_options();
  options.create = false;
  EXPECT_EQ(Database::open(env, "db", options).status().code(), Code::kNotFound);
  { auto file = *env.open("file", {OpenMode::kCreate, false}); }
  EXPECT_EQ(Database::open(env, "file", small_options()).status().code(), Code::kInvalidArgument);
  ASSERT_OK(env.create_directory("db"));
  {
    auto file = *env.open("db/MANIFEST", {OpenMode::kCreate, false});
    const std::string text(8192, 'x');
    ASSERT_OK(file->write(0, as_bytes(text)));
  }
  EXPECT_EQ(Database::open(env, "db", small_options()).status().code(), Code::kCorruption);
}

TEST(Recovery, NeverTakesADatabaseWithoutItsManifestForAnEmptyDirectory) {
  SimulatedEnv env(1);
  auto db = open_for_test(env);
  insert_numbers(*db, create_numbers(*db, "t"), {{1, "x"}});
  ASSERT_OK(db->close());
  db.reset();
  ASSERT_OK(env.remove("db/MANIFEST"));
  const std::vector<std::string> before = *env.list("db");
  const Status status = Database::open(env, "db", {}).status();
  EXPECT_EQ(status.code(), Code::kCorruption);
  EXPECT_NE(status.message().find("no MANIFEST"), std::string::npos) << status.message();
  EXPECT_EQ(*env.list("db"), before);
}

TEST(Recovery, NeedsALeastMemoryAndWorksWithIt) {
  SimulatedEnv env(1);
  DatabaseOptions options;
  options.memory_bytes = kMinMemoryBytes - 1;
  EXPECT_EQ(Database::open(env, "db", options).status().code(), Code::kInvalidArgument);
  options.memory_bytes = kMinMemoryBytes;
  auto db = open_for_test(env, options);
  const TableId table = create_numbers(*db, "t");
  fill(*db, table, 0, 60'000, std::string(100, 'm'));
  ASSERT_OK(db->vacuum());
  EXPECT_LE(db->counters().memory_peak_bytes, kMinMemoryBytes);
  EXPECT_EQ(rows_of(*db, table).size(), 60'000u);
}

// Nothing is lost on a full disk, and writing goes on without a reopen when there is room again.
TEST(DiskFull, IsToldAndPasses) {
  SimulatedEnv env(1);
  auto db = open_for_test(env);
  const TableId table = create_numbers(*db, "t");
  uint64_t used = 0;
  for (const std::string& name : *env.list("db")) used += env.stat("db/" + name)->size_bytes;
  env.set_capacity(used + 3 * 1024 * 1024);
  int64_t next = 0;
  Rows expected;
  Status status;
  while (next < 1'000'000) {
    Rows batch;
    const std::string text(60, static_cast<char>('a' + next % 7));
    for (int i = 0; i < 500; ++i) batch[next + i] = text;
    next += 500;
    status = try_insert(*db, table, batch);
    if (!status.ok()) break;
    expected.insert(batch.begin(), batch.end());
  }
  EXPECT_EQ(status.code(), Code::kDiskFull) << status.message();
  EXPECT_TRUE(rows_of(*db, table) == expected);
  // What is too large for the memtables' room may still fit beside them, or not.
  const Rows large = {{-1, std::string(50'000, 'b')}};
  status = try_insert(*db, table, large);
  if (status.ok()) expected.insert(large.begin(), large.end());
  EXPECT_TRUE(status.ok() || status.code() == Code::kDiskFull) << status.message();
  EXPECT_TRUE(rows_of(*db, table) == expected);
  env.set_capacity(std::nullopt);
  insert_numbers(*db, table, {{-2, "room again"}});
  expected[-2] = "room again";
  fill(*db, table, 2'000'000, 2'010'000, "more");
  for (int64_t i = 2'000'000; i < 2'010'000; ++i) expected[i] = "more";
  EXPECT_TRUE(rows_of(*db, table) == expected);
  ASSERT_OK(db->close());
  db = open_for_test(env);
  EXPECT_TRUE(rows_of(*db, table) == expected);
}

// With the disk full to the last byte, deleting and vacuuming still make room.
TEST(DiskFull, TheBallastLetsDeletingMakeRoom) {
  SimulatedEnv env(1);
  DatabaseOptions options = small_options();
  options.ballast_bytes = 1u << 20;
  auto db = open_for_test(env, options);
  const TableId table = create_numbers(*db, "t");
  for (bool more = true; more;) more = *db->pump(1'000'000);
  ASSERT_OK(env.stat("db/BALLAST").status());
  EXPECT_EQ(env.stat("db/BALLAST")->size_bytes, options.ballast_bytes);
  fill(*db, table, 0, 20'000, std::string(50, 'f'));
  ASSERT_OK(db->checkpoint());
  for (bool more = true; more;) more = *db->pump(1'000'000);
  uint64_t used = 0;
  for (const std::string& name : *env.list("db")) used += env.stat("db/" + name)->size_bytes;
  env.set_capacity(used);
  auto transaction = *db->begin();
  for (int64_t i = 0; i < 20'000; i += 2) ASSERT_OK(erase_in(*transaction, table, i));
  ASSERT_OK(transaction->commit(SyncMode::kSync).status());
  transaction.reset();
  ASSERT_OK(db->vacuum());
  EXPECT_EQ(rows_of(*db, table).size(), 10'000u);
  EXPECT_EQ(env.stat("db/BALLAST").status().code(), Code::kNotFound);
}

TEST(Recovery, TheWallClockMayJump) {
  SimulatedEnv env(1);
  auto db = open_for_test(env);
  const TableId table = create_numbers(*db, "t");
  insert_numbers(*db, table, {{1, "one"}});
  env.set_wall_ns(0);
  insert_numbers(*db, table, {{2, "two"}});
  erase_number(*db, table, 1);
  env.set_wall_ns(INT64_MAX / 2);
  insert_numbers(*db, table, {{1, "again"}});
  auto image = env.crash_image(PowerLoss::kLoseUnsynced, 1);
  auto again = open_for_test(*image);
  EXPECT_EQ(rows_of(*again, table), (Rows{{1, "again"}, {2, "two"}}));
}

TEST(Recovery, AForkedChildIsRefusedAndHarmsNothing) {
  const std::string directory =
      ::testing::TempDir() + "mote_engine_fork_" + std::to_string(::getpid());
  DatabaseOptions options = small_options();
  options.background_thread = false;
  auto db = open_for_test(posix_env(), options, directory);
  const TableId table = create_numbers(*db, "t");
  insert_numbers(*db, table, {{1, "one"}});
  const pid_t child = ::fork();
  if (child == 0) {
    bool refused = db->begin().status().code() == Code::kClosed;
    refused = refused && db->close().code() == Code::kClosed;
    db.reset();
    ::_exit(refused ? 0 : 1);
  }
  int result = -1;
  ASSERT_EQ(::waitpid(child, &result, 0), child);
  EXPECT_EQ(result, 0);
  insert_numbers(*db, table, {{2, "two"}});
  EXPECT_EQ(rows_of(*db, table), (Rows{{1, "one"}, {2, "two"}}));
  EXPECT_EQ(Database::open(posix_env(), directory, options).status().code(), Code::kBusy);
  ASSERT_OK(db->close());
  db.reset();
  for (const std::string& name : *posix_env().list(directory)) {
    EXPECT_OK(posix_env().remove(directory + "/" + name));
  }
}

}  // namespace
}  // namespace mote
