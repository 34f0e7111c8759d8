// The public doors as a program uses them: the C interface and the C++ header over it.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <mote/mote.hpp>
#include <string>
#include <thread>
#include <vector>

namespace {

class Doors : public testing::Test {
 protected:
  Doors() {
    std::string name = testing::TempDir() + "mote_api_XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~Doors() override { std::filesystem::remove_all(folder_); }

  mote::Database open(mote::Options options = {}) {
    return mote::Database::open(folder_ + "/db", options).value();
  }
  static int64_t integer(mote::Database& database, const std::string& sql) {
    auto statement = database.query(sql);
    EXPECT_TRUE(statement.ok()) << statement.error().message;
    auto more = statement->step();
    EXPECT_TRUE(more.ok()) << more.error().message;
    return *more ? statement->integer(0) : -1;
  }

  std::string folder_;
};

TEST_F(Doors, ABlobIsReadPieceByPieceWhereverItLies) {
  mote::Database database = open();
  database.execute("CREATE TABLE f (id INTEGER PRIMARY KEY, b BLOB)").value();
  std::vector<std::string> values = {"", "short", std::string(16383, 'a'), std::string(16384, 'b'),
                                     std::string(3'000'001, 'c')};
  for (std::string& value : values) {
    for (size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>(i * 7 + value.size());
  }
  auto insert = database.prepare("INSERT INTO f VALUES (?, ?)").value();
  for (size_t i = 0; i < values.size(); ++i) {
    const mote::BlobView blob{std::as_bytes(std::span(values[i]))};
    insert.bind_all(static_cast<int64_t>(i), blob).value();
    insert.run().value();
  }
  for (const bool flushed : {false, true}) {
    if (flushed) database.checkpoint().value();
    for (size_t i = 0; i < values.size(); ++i) {
      const int64_t row = integer(database, "SELECT rowid FROM f WHERE id = " + std::to_string(i));
      auto blob = database.connection().open_blob("f", "b", row);
      ASSERT_TRUE(blob.ok()) << blob.error().message;
      ASSERT_EQ(blob->size_bytes(), values[i].size());
      std::string read(values[i].size(), '\0');
      for (size_t at = 0; at < read.size(); at += 70'001) {
        const size_t size = std::min<size_t>(70'001, read.size() - at);
        blob->read(at, std::as_writable_bytes(std::span(read).subspan(at, size))).value();
      }
      EXPECT_EQ(read, values[i]);
      std::byte beyond;
      EXPECT_EQ(blob->read(values[i].size(), {&beyond, 1}).error().code, MOTE_INVALID_ARGUMENT);
    }
  }
  EXPECT_EQ(database.connection().open_blob("f", "b", 99).error().code, MOTE_NOT_FOUND);
  EXPECT_EQ(database.connection().open_blob("f", "id", 0).error().code, MOTE_INVALID_ARGUMENT);
  EXPECT_EQ(database.connection().open_blob("g", "b", 0).error().code, MOTE_NOT_FOUND);
}

TEST_F(Doors, EveryTypeGoesInByBindingAndComesBack) {
  mote::Database database = open();
  database
      .execute(
          "CREATE TABLE t (b BOOLEAN, i INTEGER, f FLOAT, s TEXT, x BLOB, ts TIMESTAMP, "
          "iv INTERVAL, v VECTOR(3), p POINT, q POINT3D)")
      .value();
  const float elements[] = {0.5f, -1, 2};
  const std::string bytes("\0\1\2", 3);
  auto insert = database.query(
      "INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", true, INT64_MIN, 0.1, "caf\xc3\xa9",
      mote::BlobView{std::as_bytes(std::span(bytes))}, mote::Timestamp{-1}, mote::Interval{1, 2, 3},
      std::span<const float>(elements), mote::Point{1, 2}, mote::Point3d{1, 2, 3});
  ASSERT_TRUE(insert.ok()) << insert.error().message;
  insert->run().value();
  EXPECT_EQ(insert->rows_affected(), 1u);
  auto row = database.query("SELECT * FROM t").value();
  ASSERT_TRUE(row.step().value());
  EXPECT_TRUE(row.boolean(0));
  EXPECT_EQ(row.integer(1), INT64_MIN);
  EXPECT_EQ(row.number(2), 0.1);
  EXPECT_EQ(row.text(3), "caf\xc3\xa9");
  EXPECT_EQ(row.text(4), bytes);
  EXPECT_EQ(row.timestamp(5).nanoseconds, -1);
  EXPECT_EQ(row.text(6), "1 month 2 days 00:00:00.000000003");
  ASSERT_EQ(row.vector(7).size(), 3u);
  EXPECT_EQ(row.vector(7)[1], -1);
  EXPECT_EQ(row.point(8).y, 2);
  EXPECT_EQ(row.point3d(9).z, 3);
  EXPECT_FALSE(row.step().value());
}

TEST_F(Doors, AFailureSaysWhatAndWhere) {
  mote::Database database = open();
  const auto failed = database.execute("SELECT 1;\nSELECT nothing");
  EXPECT_EQ(failed.error().code, MOTE_NOT_FOUND);
  EXPECT_EQ(failed.error().offset, 17);
  EXPECT_NE(failed.error().message.find("nothing"), std::string::npos);
  EXPECT_EQ(mote::Database::open("/proc/nowhere/db").ok(), false);
  EXPECT_STREQ(mote_code_name(MOTE_CONFLICT), "conflict");
}

TEST_F(Doors, AppendedRowsAreCountedAndBecomeDurable) {
  mote::Database database = open();
  database.execute("CREATE TABLE imu (ts TIMESTAMP, ax FLOAT NOT NULL)").value();
  auto imu = database.appender("imu", {mote::OnFull::block(std::chrono::seconds(5)), 4096}).value();
  mote::Ack last;
  for (int i = 0; i < 20'000; ++i) last = imu.append(int64_t{i}, 0.5 * i).value();
  EXPECT_TRUE(last.wait_for(std::chrono::seconds(10)));
  EXPECT_TRUE(last.durable());
  EXPECT_EQ(imu.append(int64_t{1}, nullptr).error().code, MOTE_CONSTRAINT);
  EXPECT_EQ(imu.counters().accepted, 20'000u);
  EXPECT_EQ(imu.counters().durable, 20'000u);
  EXPECT_EQ(imu.counters().dropped, 0u);
  EXPECT_EQ(integer(database, "SELECT count(*) FROM imu WHERE ax >= 0"), 20'000);
  EXPECT_EQ(database.appender("nothing").error().code, MOTE_NOT_FOUND);
}

TEST_F(Doors, InterruptEndsAStatementOfAnotherThread) {
  mote::Database database = open();
  std::atomic<bool> done{false};
  std::thread other([&] {
    while (!done) {
      database.connection().interrupt();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  });
  const auto failed = database.execute(
      "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 1000000) b");
  done = true;
  other.join();
  EXPECT_EQ(failed.error().code, MOTE_CANCELLED);
  EXPECT_EQ(integer(database, "SELECT 1"), 1);
}

TEST_F(Doors, TimeoutEndsAStatement) {
  mote::Database database = open();
  database.connection().set_timeout(std::chrono::milliseconds(50));
  const auto failed = database.execute(
      "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 1000000) b");
  EXPECT_EQ(failed.error().code, MOTE_CANCELLED);
}

TEST_F(Doors, WhatOutlivesACloseSaysClosed) {
  mote::Database database = open();
  database.execute("CREATE TABLE t (a INTEGER)").value();
  auto select = database.prepare("SELECT a FROM t").value();
  auto appender = database.appender("t").value();
  EXPECT_TRUE(appender.append(int64_t{1}).ok());
  database.close().value();
  EXPECT_EQ(database.close().error().code, MOTE_CLOSED);
  EXPECT_EQ(select.step().error().code, MOTE_CLOSED);
  EXPECT_EQ(appender.append(int64_t{2}).error().code, MOTE_CLOSED);
  EXPECT_EQ(database.execute("INSERT INTO t VALUES (3)").error().code, MOTE_CLOSED);
  mote::Database again = open();
  EXPECT_EQ(integer(again, "SELECT count(*) FROM t"), 1);
}

TEST_F(Doors, AForkedChildCanNotUseItsParentsDatabase) {
  mote::Database database = open();
  database.execute("CREATE TABLE t (a INTEGER)").value();
  const pid_t child = fork();
  if (child == 0) {
    const auto failed = database.execute("INSERT INTO t VALUES (1)");
    _exit(failed.error().code == MOTE_CLOSED ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  database.execute("INSERT INTO t VALUES (2)").value();
  EXPECT_EQ(integer(database, "SELECT sum(a) FROM t"), 2);
}

// A program built with an older header has shorter structures.
TEST_F(Doors, ShorterStructuresAreTaken) {
  mote_options options;
  mote_options_init(&options);
  options.struct_size = offsetof(mote_options, create) + sizeof options.create;
  options.files_directory = reinterpret_cast<const char*>(8);  // beyond the size: not looked at
  mote_database* database = nullptr;
  ASSERT_EQ(mote_open((folder_ + "/db").c_str(), &options, &database), MOTE_OK);
  mote_database_free(database);
}

}  // namespace
