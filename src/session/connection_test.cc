#include "session/connection.h"

#include <map>

#include "session/database_for_test.h"

namespace mote {
namespace {

using testing::DatabaseForTest;

Statement prepared(DatabaseForTest& database, std::string_view sql) {
  Result<Statement> statement = database.connection().prepare(sql);
  EXPECT_TRUE(statement.ok()) << statement.status().message();
  return std::move(statement).value();
}

TEST(Connection, AnswersStatementByStatement) {
  DatabaseForTest database;
  const std::string_view sql = "SELECT 1; -- one\nSELECT 2;;\n  ";
  size_t consumed = 0;
  Result<Statement> first = database.connection().prepare(sql, &consumed);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(sql.substr(0, consumed), "SELECT 1;");
  EXPECT_EQ(DatabaseForTest::rows(*first), "1\n");
  EXPECT_EQ(database.run(sql), "1\n2\n");
}

TEST(Connection, AnEmptyStatementGivesNothing) {
  DatabaseForTest database;
  for (const char* sql : {"", ";", " -- nothing\n", "/* */;"}) {
    Statement statement = prepared(database, sql);
    EXPECT_TRUE(statement.is_empty()) << sql;
    EXPECT_EQ(statement.column_count(), 0u);
    EXPECT_EQ(DatabaseForTest::rows(statement), "");
  }
}

TEST(Connection, ErrorsNameTheirPlaceInTheScript) {
  DatabaseForTest database;
  const std::string_view sql = "SELECT 1;\nSELECT nope;";
  const Status status = database.connection().execute(sql);
  ASSERT_FALSE(status.ok());
  const TextPlace place = text_place(sql, status.offset());
  EXPECT_EQ(place.line, 2u);
  EXPECT_EQ(place.column, 8u);
}

TEST(Connection, PlacesAreCountedInCodePoints) {
  const std::string_view text =
      "a\n\xc3\xa4\xe2\x82\xac"
      "b";
  EXPECT_EQ(text_place(text, 2).column, 1u);
  EXPECT_EQ(text_place(text, 7).line, 2u);
  EXPECT_EQ(text_place(text, 7).column, 3u);
}

TEST(Connection, AutocommitKeepsWhatAStatementWrote) {
  DatabaseForTest database;
  EXPECT_EQ(database.run("CREATE TABLE t(a INTEGER, b TEXT);"
                         "INSERT INTO t VALUES (1, 'one'), (2, NULL);"
                         "SELECT * FROM t"),
            "1|one\n2|NULL\n");
  database.reopen();
  EXPECT_EQ(database.run("SELECT a FROM t WHERE b IS NULL"), "2\n");
}

TEST(Connection, TransactionsAreSeenWholeOrNotAtAll) {
  DatabaseForTest database;
  const std::unique_ptr<Connection> other = database.connect();
  EXPECT_EQ(database.run("CREATE TABLE t(a INTEGER); BEGIN; INSERT INTO t VALUES (1);"
                         "SELECT count(*) FROM t"),
            "1\n");
  EXPECT_TRUE(database.connection().in_transaction());
  EXPECT_EQ(DatabaseForTest::run(*other, "SELECT count(*) FROM t"), "0\n");
  EXPECT_EQ(database.run("COMMIT"), "");
  EXPECT_FALSE(database.connection().in_transaction());
  EXPECT_EQ(DatabaseForTest::run(*other, "SELECT count(*) FROM t"), "1\n");
  EXPECT_EQ(database.run("BEGIN; DELETE FROM t; ROLLBACK; SELECT count(*) FROM t"), "1\n");
}

TEST(Connection, SavepointsNest) {
  DatabaseForTest database;
  EXPECT_EQ(database.run("CREATE TABLE t(a INTEGER); BEGIN; INSERT INTO t VALUES (1);"
                         "SAVEPOINT s; INSERT INTO t VALUES (2); SAVEPOINT r;"
                         "INSERT INTO t VALUES (3); ROLLBACK TO r; SELECT a FROM t ORDER BY a;"
                         "ROLLBACK TO s; SELECT a FROM t; RELEASE s; COMMIT; SELECT a FROM t"),
            "1\n2\n1\n1\n");
  EXPECT_EQ(database.run("SAVEPOINT s"), "error: there is no transaction; BEGIN starts one");
  EXPECT_EQ(database.run("BEGIN; RELEASE s").substr(0, 7), "error: ");
}

// What a failing statement did is undone; what the transaction did before stays.
TEST(Connection, AFailingStatementUndoesItselfOnly) {
  DatabaseForTest database;
  ASSERT_EQ(database.run("CREATE TABLE t(a INTEGER PRIMARY KEY); BEGIN; INSERT INTO t VALUES (7)"),
            "");
  EXPECT_EQ(
      database.run("INSERT INTO t SELECT x FROM (SELECT 1 AS x UNION ALL SELECT 7)").substr(0, 7),
      "error: ");
  EXPECT_TRUE(database.connection().in_transaction());
  EXPECT_EQ(database.run("SELECT a FROM t; INSERT INTO t VALUES (8); COMMIT; SELECT a FROM t"),
            "7\n7\n8\n");
}

TEST(Connection, AFailingStatementWithoutTransactionLeavesNothing) {
  DatabaseForTest database;
  ASSERT_EQ(database.run("CREATE TABLE t(a INTEGER NOT NULL)"), "");
  EXPECT_EQ(database.run("INSERT INTO t VALUES (1), (NULL)").substr(0, 7), "error: ");
  EXPECT_EQ(database.run("SELECT count(*) FROM t"), "0\n");
}

TEST(Connection, AConflictingCommitEndsTheTransaction) {
  DatabaseForTest database;
  const std::unique_ptr<Connection> other = database.connect();
  ASSERT_EQ(database.run("CREATE TABLE t(a INTEGER, b INTEGER); INSERT INTO t VALUES (1, 0);"
                         "BEGIN; UPDATE t SET b = 1"),
            "");
  ASSERT_EQ(DatabaseForTest::run(*other, "UPDATE t SET b = 2"), "");
  EXPECT_EQ(database.connection().execute("COMMIT").code(), Code::kConflict);
  EXPECT_FALSE(database.connection().in_transaction());
  EXPECT_EQ(database.run("SELECT b FROM t"), "2\n");
}

TEST(Connection, ReturningGivesTheRowsWritten) {
  DatabaseForTest database;
  EXPECT_EQ(database.run("CREATE TABLE t(a INTEGER, b INTEGER);"
                         "INSERT INTO t VALUES (1, 10), (2, 20) RETURNING a + b AS s;"
                         "UPDATE t SET b = b + 1 WHERE a = 2 RETURNING *;"
                         "DELETE FROM t WHERE a = 1 RETURNING b"),
            "11\n22\n2|21\n10\n");
}

// An overflow in RETURNING comes before the commit.
TEST(Connection, AnErrorInReturningUndoesTheStatement) {
  DatabaseForTest database;
  ASSERT_EQ(database.run("CREATE TABLE t(a INTEGER)"), "");
  const char* const sql = "INSERT INTO t VALUES (1) RETURNING 9223372036854775807 + a";
  EXPECT_EQ(database.run(sql).substr(0, 7), "error: ");
  EXPECT_EQ(database.run("SELECT count(*) FROM t"), "0\n");
}

TEST(Connection, AWritingStatementDoesNotSeeItsOwnRows) {
  DatabaseForTest database;
  EXPECT_EQ(database.run("CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (1), (2);"
                         "INSERT INTO t SELECT a + 10 FROM t; SELECT count(*), sum(a) FROM t;"
                         "UPDATE t SET a = a + 100; SELECT sum(a) FROM t"),
            "4|26\n426\n");
}

TEST(Connection, AStatementWhoseTableTheTransactionDroppedFailsByItself) {
  DatabaseForTest database;
  ASSERT_EQ(database.run("CREATE TABLE t(a INTEGER); BEGIN"), "");
  Statement insert = prepared(database, "INSERT INTO t VALUES (1)");
  ASSERT_EQ(database.run("DROP TABLE t"), "");
  EXPECT_EQ(insert.next().status().code(), Code::kNotFound);
  EXPECT_TRUE(database.connection().in_transaction());
}

// What a statement computed stays in its columns for the next execution, but not when it is much.
TEST(Connection, AnIdleStatementHoldsNoLargeValues) {
  DatabaseForTest database(16u << 20);
  const char* const sql = "SELECT length(repeat('x', 6000000))";
  Statement first = prepared(database, sql);
  Statement second = prepared(database, sql);
  const size_t before = database.database().budget().used_bytes();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(DatabaseForTest::rows(first), "6000000\n");
    EXPECT_EQ(database.database().budget().used_bytes(), before);
    EXPECT_EQ(DatabaseForTest::rows(second), "6000000\n");
  }
}

TEST(Connection, ReadingOnBehindAWriteOfItsTransactionIsAnError) {
  DatabaseForTest database;
  ASSERT_EQ(database.run("CREATE TABLE t(a INTEGER);"
                         "INSERT INTO t SELECT generate_series FROM generate_series(1, 5000);"
                         "BEGIN"),
            "");
  Statement reader = prepared(database, "SELECT a FROM t");
  ASSERT_TRUE(reader.next().ok());
  ASSERT_EQ(database.run("INSERT INTO t VALUES (0)"), "");
  EXPECT_EQ(reader.next().status().code(), Code::kInvalidArgument);
  // It can be executed again.
  EXPECT_TRUE(reader.next().ok());
}

TEST(Connection, AReaderKeepsItsSnapshot) {
  DatabaseForTest database;
  ASSERT_EQ(database.run("CREATE TABLE t(a INTEGER);"
                         "INSERT INTO t SELECT generate_series FROM generate_series(1, 5000)"),
            "");
  Statement reader = prepared(database, "SELECT a FROM t");
  Result<const Chunk*> chunk = reader.next();
  ASSERT_TRUE(chunk.ok());
  uint64_t rows = (*chunk)->row_count();
  ASSERT_EQ(database.run("DELETE FROM t; CHECKPOINT; VACUUM"), "");
  while (true) {
    chunk = reader.next();
    ASSERT_TRUE(chunk.ok()) << chunk.status().message();
    if (*chunk == nullptr) break;
    rows += (*chunk)->row_count();
  }
  EXPECT_EQ(rows, 5000u);
}

TEST(Connection, StatementsOutliveTheirConnection) {
  DatabaseForTest database;
  std::unique_ptr<Connection> connection = database.connect();
  Result<Statement> statement = connection->prepare("SELECT 1");
  ASSERT_TRUE(statement.ok());
  connection.reset();
  EXPECT_EQ(statement->next().status().code(), Code::kClosed);
}

TEST(Connection, InterruptEndsTheRunningStatement) {
  DatabaseForTest database;
  Statement statement =
      prepared(database, "SELECT generate_series FROM generate_series(1, 100000000)");
  ASSERT_TRUE(statement.next().ok());
  database.connection().interrupt();
  EXPECT_EQ(statement.next().status().code(), Code::kCancelled);
  // It does not stop the next one.
  EXPECT_EQ(database.run("SELECT 1"), "1\n");
}

TEST(Connection, AStatementMayTakeNoLongerThanItsTimeout) {
  DatabaseForTest database;
  database.connection().set_timeout_ns(1'000'000);
  Statement statement =
      prepared(database, "SELECT generate_series FROM generate_series(1, 100000000)");
  ASSERT_TRUE(statement.next().ok());
  database.env().advance_ns(2'000'000);
  EXPECT_EQ(statement.next().status().code(), Code::kCancelled);
}

TEST(Connection, AStatementMayHoldNoMoreThanItsMemory) {
  DatabaseForTest database;
  ConnectionOptions options;
  options.query_memory_bytes = 1u << 20;
  const std::unique_ptr<Connection> small = database.connect(options);
  const Status status = small->execute(
      "SELECT a FROM (SELECT generate_series AS a FROM generate_series(1, 1000000)) AS s "
      "ORDER BY -a");
  EXPECT_EQ(status.code(), Code::kOutOfMemory);
  EXPECT_EQ(DatabaseForTest::run(*small, "SELECT 1"), "1\n");
}

TEST(Statement, TakesParametersByPositionAndName) {
  DatabaseForTest database;
  Statement statement = prepared(database, "SELECT :a + 1, :b = 'y', :a");
  ASSERT_EQ(statement.parameter_count(), 2u);
  EXPECT_EQ(statement.parameter_position(":b"), 2u);
  EXPECT_EQ(statement.parameter_position("a"), 1u);
  EXPECT_EQ(statement.parameter_position("c"), 0u);
  ASSERT_TRUE(statement.bind(1, Value::integer(41)).ok());
  ASSERT_TRUE(statement.bind(2, Value::text("y")).ok());
  EXPECT_EQ(statement.bind(3, Value()).code(), Code::kNotFound);
  EXPECT_EQ(statement.bind(0, Value()).code(), Code::kNotFound);
  EXPECT_EQ(DatabaseForTest::rows(statement), "42|true|41\n");
  statement.clear_bindings();
  EXPECT_EQ(DatabaseForTest::rows(statement), "NULL|NULL|NULL\n");
}

// `x > ?` on an INTEGER column must mean the same whatever type is bound, in any order.
TEST(Statement, TakesParametersOfAnyTypeAgainAndAgain) {
  DatabaseForTest database;
  ASSERT_EQ(database.run("CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (1), (2), (3), (4)"), "");
  Statement statement = prepared(database, "SELECT count(*) FROM t WHERE a > ?");
  const std::pair<Value, const char*> cases[] = {
      {Value::integer(2), "2\n"}, {Value::floating(2.5), "2\n"},
      {Value::integer(3), "1\n"}, {Value::floating(0.5), "4\n"},
      {Value(), "0\n"},           {Value::text("2"), "2\n"}};
  for (const auto& [value, expected] : cases) {
    SCOPED_TRACE(value.to_text());
    ASSERT_TRUE(statement.bind(1, value).ok());
    EXPECT_EQ(DatabaseForTest::rows(statement), expected);
  }
}

TEST(Statement, FollowsTheCatalog) {
  DatabaseForTest database;
  ASSERT_EQ(database.run("CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (1)"), "");
  Statement statement = prepared(database, "SELECT * FROM t");
  EXPECT_EQ(DatabaseForTest::rows(statement), "1\n");
  ASSERT_EQ(database.run("DROP TABLE t; CREATE TABLE t(b TEXT, c TEXT);"
                         "INSERT INTO t VALUES ('x', 'y')"),
            "");
  EXPECT_EQ(DatabaseForTest::rows(statement), "x|y\n");
  EXPECT_EQ(statement.column_count(), 2u);
  ASSERT_EQ(database.run("DROP TABLE t"), "");
  EXPECT_EQ(statement.next().status().code(), Code::kNotFound);
}

TEST(Statement, ResetBeginsAnew) {
  DatabaseForTest database;
  ASSERT_EQ(database.run("CREATE TABLE t(a INTEGER);"
                         "INSERT INTO t SELECT generate_series FROM generate_series(1, 3000)"),
            "");
  Statement statement = prepared(database, "SELECT a FROM t");
  for (int round = 0; round < 3; ++round) {
    Result<const Chunk*> chunk = statement.next();
    ASSERT_TRUE(chunk.ok());
    EXPECT_EQ((*chunk)->column(0).value(0).integer(), 1);
    statement.reset();
  }
}

TEST(Statement, CountsTheRowsItAffects) {
  DatabaseForTest database;
  ASSERT_EQ(database.run("CREATE TABLE t(a INTEGER)"), "");
  for (const auto& [sql, count] : std::map<const char*, uint64_t>{
           {"INSERT INTO t SELECT generate_series FROM generate_series(1, 3000)", 3000},
           {"SELECT a FROM t", 0}}) {
    Statement statement = prepared(database, sql);
    DatabaseForTest::rows(statement);
    EXPECT_EQ(statement.rows_affected(), count) << sql;
  }
  Statement update = prepared(database, "UPDATE t SET a = 0 WHERE a > 2990");
  EXPECT_EQ(DatabaseForTest::rows(update), "");
  EXPECT_EQ(update.rows_affected(), 10u);
  EXPECT_EQ(DatabaseForTest::rows(update), "");
  EXPECT_EQ(update.rows_affected(), 0u);
}

TEST(Statement, LooksUpRowsByKeyAsTheyAreNow) {
  DatabaseForTest database;
  ASSERT_EQ(database.run("CREATE TABLE t(k INTEGER PRIMARY KEY, v TEXT);"
                         "INSERT INTO t SELECT generate_series, CAST(generate_series AS TEXT) "
                         "FROM generate_series(1, 5000)"),
            "");
  Statement statement = prepared(database, "SELECT v FROM t WHERE k = ?");
  const auto look_up = [&](int64_t key) {
    EXPECT_TRUE(statement.bind(1, Value::integer(key)).ok());
    return DatabaseForTest::rows(statement);
  };
  EXPECT_EQ(look_up(1), "1\n");
  EXPECT_EQ(look_up(5000), "5000\n");
  EXPECT_EQ(look_up(5001), "");
  ASSERT_EQ(database.run("UPDATE t SET v = 'changed' WHERE k = 77; DELETE FROM t WHERE k = 78;"
                         "CHECKPOINT"),
            "");
  EXPECT_EQ(look_up(77), "changed\n");
  EXPECT_EQ(look_up(78), "");
  EXPECT_EQ(look_up(79), "79\n");
}

TEST(Commands, DescribeAndShow) {
  DatabaseForTest database;
  ASSERT_EQ(database.run("CREATE TABLE b(k INTEGER, v VECTOR(3) NOT NULL, d FLOAT DEFAULT 0.5,"
                         " PRIMARY KEY (k)); CREATE TABLE a(x TEXT); INSERT INTO a VALUES ('y')"),
            "");
  EXPECT_EQ(database.run("SHOW TABLES"), "a|1\nb|0\n");
  const std::string described = database.run("DESCRIBE b");
  EXPECT_EQ(described.substr(0, 2), "k|");
  EXPECT_NE(described.find("v|VECTOR(3)|true|NULL|NULL"), described.npos) << described;
  EXPECT_NE(database.run("DESCRIBE c").find("error: "), std::string::npos);
}

TEST(Commands, ExplainShowsThePlanAndRunsNothing) {
  DatabaseForTest database;
  ASSERT_EQ(database.run("CREATE TABLE t(a INTEGER)"), "");
  EXPECT_NE(database.run("EXPLAIN SELECT * FROM t WHERE a = 1").find("Scan"), std::string::npos);
  ASSERT_NE(database.run("EXPLAIN INSERT INTO t VALUES (1)").find("Insert"), std::string::npos);
  EXPECT_EQ(database.run("SELECT count(*) FROM t"), "0\n");
}

TEST(Commands, ExplainAnalyzeCountsRows) {
  DatabaseForTest database;
  ASSERT_EQ(database.run("CREATE TABLE t(a INTEGER);"
                         "INSERT INTO t SELECT generate_series FROM generate_series(1, 3000)"),
            "");
  const std::string text = database.run("EXPLAIN ANALYZE SELECT a FROM t WHERE a <= 10");
  EXPECT_NE(text.find("[10 rows"), text.npos) << text;
}

TEST(Commands, CheckFindsNothingWrong) {
  DatabaseForTest database;
  EXPECT_EQ(database.run("CREATE TABLE t(a INTEGER PRIMARY KEY);"
                         "INSERT INTO t SELECT generate_series FROM generate_series(1, 3000);"
                         "CHECKPOINT; CHECK"),
            "");
}

TEST(Commands, SettingsHaveNamesAndRanges) {
  DatabaseForTest database;
  EXPECT_EQ(database.run("SET timeout_ms = 100; SET sync = 'async'"), "");
  EXPECT_EQ(database.connection().options().sync, SyncMode::kAsync);
  EXPECT_NE(database.run("SET timeout_ms = -1").find("error: "), std::string::npos);
  EXPECT_NE(database.run("SET nothing = 1").find("error: "), std::string::npos);
}

}  // namespace
}  // namespace mote
