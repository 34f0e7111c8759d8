// Statements whose answers were worked out by hand.
#include "session/database_for_test.h"

namespace mote {
namespace {

using testing::DatabaseForTest;

struct Question {
  const char* sql;
  const char* answer;
};

void expect_answers(DatabaseForTest& database, std::span<const Question> questions) {
  for (const Question& question : questions) {
    SCOPED_TRACE(question.sql);
    EXPECT_EQ(database.run(question.sql), question.answer);
  }
}

void create_robot(DatabaseForTest& database) {
  ASSERT_EQ(database.run(R"(
      CREATE TABLE wrench(t TIMESTAMP, arm TEXT, force FLOAT);
      INSERT INTO wrench VALUES
        ('2026-01-26T10:00:00.000Z', 'left', 0.5), ('2026-01-26T10:00:00.010Z', 'left', 2.5),
        ('2026-01-26T10:00:00.020Z', 'right', 3.5), ('2026-01-26T10:00:00.030Z', 'left', NULL),
        ('2026-01-26T10:00:00.040Z', 'right', 1.0), ('2026-01-26T10:00:00.050Z', 'left', 4.0);
      CREATE TABLE frames(t TIMESTAMP PRIMARY KEY, arm TEXT, emb VECTOR(2), at POINT);
      INSERT INTO frames VALUES
        ('2026-01-26T10:00:00.015Z', 'left', '[1, 0]', POINT(0, 0)),
        ('2026-01-26T10:00:00.025Z', 'right', '[0, 1]', POINT(1, 1)),
        ('2026-01-26T10:00:00.005Z', 'right', '[0.5, 0.5]', POINT(2, 2)),
        ('2026-01-26T10:00:00.055Z', 'left', '[-1, 0]', NULL);)"),
            "");
}

TEST(Sql, ExpressionsFollowThreeValuedLogic) {
  DatabaseForTest database;
  const Question questions[] = {
      {"SELECT 1 + 2 * 3, -7 / 2, 7 % 4, 7.0 / 2", "7|-3|3|3.5\n"},
      {"SELECT NULL AND FALSE, NULL OR TRUE, NOT NULL, NULL = NULL", "false|true|NULL|NULL\n"},
      {"SELECT 1 IN (2, NULL), 1 IN (1, NULL), 1 NOT IN (2, 3)", "NULL|true|true\n"},
      {"SELECT CASE WHEN NULL THEN 1 WHEN 2 > 1 THEN 2 ELSE 3 END, CASE 5 WHEN 4 THEN 'a' END",
       "2|NULL\n"},
      {"SELECT 2 BETWEEN 1 AND 3, NULL IS NULL, 1 IS NOT NULL", "true|true|true\n"},
      {"SELECT 'abc' LIKE 'a%', 'abc' LIKE '_b', 'a' || 'b'", "true|false|ab\n"},
      {"SELECT 9223372036854775807, -9223372036854775808",
       "9223372036854775807|-9223372036854775808\n"},
      {"SELECT CAST('12' AS INTEGER) + 1, CAST(2.5 AS TEXT), '3'::FLOAT", "13|2.5|3.0\n"},
      {"SELECT CASE WHEN x = 0 THEN -1 ELSE 10 / x END FROM (SELECT 0 AS x UNION ALL SELECT 5) s",
       "-1\n2\n"},
  };
  expect_answers(database, questions);
}

TEST(Sql, AsksOneTable) {
  DatabaseForTest database;
  create_robot(database);
  const Question questions[] = {
      {"SELECT count(*), count(force), sum(force), min(force), max(force) FROM wrench",
       "6|5|11.5|0.5|4.0\n"},
      {"SELECT force FROM wrench WHERE force > 2 ORDER BY force DESC", "4.0\n3.5\n2.5\n"},
      {"SELECT arm, count(*), avg(force) FROM wrench GROUP BY arm ORDER BY arm",
       "left|4|2.3333333333333335\nright|2|2.25\n"},
      {"SELECT arm FROM wrench GROUP BY arm HAVING count(*) > 2", "left\n"},
      {"SELECT DISTINCT arm FROM wrench ORDER BY 1", "left\nright\n"},
      {"SELECT force FROM wrench ORDER BY force LIMIT 2 OFFSET 1", "0.5\n1.0\n"},
      {"SELECT force FROM wrench ORDER BY force DESC NULLS LAST LIMIT 1 OFFSET 5", "NULL\n"},
      {"SELECT count(*) FROM wrench WHERE force IS NULL OR force < 1", "2\n"},
      {"SELECT t FROM wrench WHERE force = 3.5", "2026-01-26T10:00:00.02Z\n"},
      {"SELECT epoch_ns(max(t)) - epoch_ns(min(t)) FROM wrench", "50000000\n"},
      {"SELECT count(*) FROM wrench WHERE t > TIMESTAMP '2026-01-26T10:00:00.03Z' - INTERVAL "
       "'15 ms'",
       "4\n"},
      {"SELECT time_bucket(INTERVAL '20 ms', t) AS b, count(*) FROM wrench GROUP BY b ORDER BY b",
       "2026-01-26T10:00:00Z|2\n2026-01-26T10:00:00.02Z|2\n2026-01-26T10:00:00.04Z|2\n"},
      {"SELECT count(DISTINCT arm), sum(force) FILTER (WHERE arm = 'right') FROM wrench",
       "2|4.5\n"},
      {"SELECT now()", "2026-01-26T10:00:00Z\n"},
  };
  expect_answers(database, questions);
}

TEST(Sql, JoinsTables) {
  DatabaseForTest database;
  create_robot(database);
  const Question questions[] = {
      {"SELECT count(*) FROM frames f JOIN wrench w ON f.arm = w.arm", "12\n"},
      {"SELECT f.t, w.force FROM frames f LEFT JOIN wrench w ON f.arm = w.arm AND w.force > 3.9 "
       "ORDER BY f.t",
       "2026-01-26T10:00:00.005Z|NULL\n2026-01-26T10:00:00.015Z|4.0\n"
       "2026-01-26T10:00:00.025Z|NULL\n2026-01-26T10:00:00.055Z|4.0\n"},
      {"SELECT epoch_ns(f.t) % 1000000000 / 1000000, w.force FROM frames f ASOF LEFT JOIN wrench w "
       "ON f.arm = w.arm AND f.t >= w.t ORDER BY f.t",
       "5|NULL\n15|2.5\n25|3.5\n55|4.0\n"},
      {"SELECT epoch_ns(f.t) % 1000000000 / 1000000, w.force FROM frames f ASOF JOIN wrench w "
       "ON f.arm = w.arm AND f.t >= w.t TOLERANCE '5 ms' ORDER BY f.t",
       "15|2.5\n25|3.5\n55|4.0\n"},
      {"SELECT count(*) FROM frames a, frames b WHERE a.t < b.t", "6\n"},
      {"SELECT arm FROM frames WHERE arm IN (SELECT arm FROM wrench WHERE force > 3.8)",
       "left\nleft\n"},
      {"SELECT count(*) FROM frames f WHERE EXISTS (SELECT 1 FROM wrench w WHERE w.arm = f.arm AND "
       "w.t > f.t)",
       "3\n"},
      {"SELECT (SELECT max(force) FROM wrench)", "4.0\n"},
      {"SELECT epoch_ns(f.t) % 1000000000 / 1000000, (SELECT max(w.force) FROM wrench w WHERE "
       "w.t < f.t) FROM frames f ORDER BY f.t",
       "5|0.5\n15|2.5\n25|3.5\n55|4.0\n"},
      {"SELECT s.arm, s.n FROM (SELECT arm, count(*) AS n FROM wrench GROUP BY arm) AS s WHERE s.n "
       "> 2",
       "left|4\n"},
  };
  expect_answers(database, questions);
}

TEST(Sql, RanksByDistance) {
  DatabaseForTest database;
  create_robot(database);
  const Question questions[] = {
      {"SELECT emb <-> '[1, 0]' FROM frames ORDER BY emb <-> '[1, 0]' LIMIT 1", "0.0\n"},
      {"SELECT arm FROM frames ORDER BY emb <=> '[0, 2]' LIMIT 1", "right\n"},
      {"SELECT emb <#> '[1, 0]' FROM frames ORDER BY 1 LIMIT 1", "-1.0\n"},
      {"SELECT count(*) FROM frames WHERE st_within(at, 0, 0, 1, 1)", "2\n"},
      {"SELECT count(*) FROM frames WHERE st_dwithin(at, POINT(0, 0), 1.5)", "2\n"},
      {"SELECT st_distance(POINT(0, 0), POINT(3, 4))", "5.0\n"},
  };
  expect_answers(database, questions);
}

TEST(Sql, WindowsRankAndAddUp) {
  DatabaseForTest database;
  create_robot(database);
  const Question questions[] = {
      {"SELECT force, row_number() OVER (ORDER BY t) FROM wrench WHERE arm = 'left' ORDER BY t",
       "0.5|1\n2.5|2\nNULL|3\n4.0|4\n"},
      {"SELECT force, sum(force) OVER (PARTITION BY arm ORDER BY t) FROM wrench ORDER BY t",
       "0.5|0.5\n2.5|3.0\n3.5|3.5\nNULL|3.0\n1.0|4.5\n4.0|7.0\n"},
      {"SELECT min(force) OVER (ORDER BY t ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM wrench "
       "ORDER BY t",
       "0.5\n0.5\n2.5\n3.5\n1.0\n1.0\n"},
      {"SELECT lag(force) OVER (ORDER BY t) FROM wrench ORDER BY t LIMIT 3", "NULL\n0.5\n2.5\n"},
  };
  expect_answers(database, questions);
}

TEST(Sql, CreatesTablesFromQueries) {
  DatabaseForTest database;
  create_robot(database);
  const Question questions[] = {
      {"CREATE TABLE strong AS SELECT t, force FROM wrench WHERE force > 2; SELECT count(*) FROM "
       "strong",
       "3\n"},
      {"CREATE TABLE IF NOT EXISTS strong AS SELECT 1 AS a; SELECT count(*) FROM strong", "3\n"},
      {"DROP TABLE strong; DROP TABLE IF EXISTS strong", ""},
  };
  expect_answers(database, questions);
}

TEST(Sql, GeneratesSeries) {
  DatabaseForTest database;
  const Question questions[] = {
      {"SELECT * FROM generate_series(1, 3)", "1\n2\n3\n"},
      {"SELECT * FROM generate_series(3, 1, -2)", "3\n1\n"},
      {"SELECT * FROM generate_series(1, 0)", ""},
      {"SELECT count(*), sum(generate_series) FROM generate_series(1, 100000)",
       "100000|5000050000\n"},
      {"SELECT * FROM generate_series(9223372036854775806, 9223372036854775807)",
       "9223372036854775806\n9223372036854775807\n"},
      {"SELECT * FROM generate_series(TIMESTAMP '2026-01-31', TIMESTAMP '2026-03-31', INTERVAL '1 "
       "month')",
       "2026-01-31T00:00:00Z\n2026-02-28T00:00:00Z\n2026-03-28T00:00:00Z\n"},
  };
  expect_answers(database, questions);
  EXPECT_NE(database.run("SELECT * FROM generate_series(1, 2, 0)").find("step must not be zero"),
            std::string::npos);
}

// COPY TO and back, with what CSV and JSON have to quote.
TEST(Sql, CopiesRowsToFilesAndBack) {
  DatabaseForTest database;
  ASSERT_TRUE(database.env().create_directory("/files").ok());
  ConnectionOptions options;
  options.files_directory = "/files";
  const std::unique_ptr<Connection> connection = database.connect(options);
  const auto run = [&](std::string_view sql) { return DatabaseForTest::run(*connection, sql); };
  ASSERT_EQ(run("CREATE TABLE t(a INTEGER, b TEXT, c FLOAT, d BOOLEAN);"
                "INSERT INTO t VALUES (1, 'x,\"y\"', 6, TRUE), (2, '', NULL, FALSE),"
                " (3, NULL, 0.1, NULL), (4, 'line\nline', -2.5, TRUE)"),
            "");
  ASSERT_EQ(run("COPY t TO 'out.csv'; COPY t TO 'out.json'"), "");
  const Result<std::string> csv = database.env().file_bytes("/files/out.csv");
  ASSERT_TRUE(csv.ok());
  EXPECT_EQ(*csv,
            "a,b,c,d\r\n1,\"x,\"\"y\"\"\",6.0,true\r\n2,\"\",,false\r\n3,,0.1,\r\n"
            "4,\"line\nline\",-2.5,true\r\n");
  const Result<std::string> json = database.env().file_bytes("/files/out.json");
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(*json,
            "{\"a\":1,\"b\":\"x,\\\"y\\\"\",\"c\":6.0,\"d\":true}\n"
            "{\"a\":2,\"b\":\"\",\"c\":null,\"d\":false}\n"
            "{\"a\":3,\"b\":null,\"c\":0.1,\"d\":null}\n"
            "{\"a\":4,\"b\":\"line\\nline\",\"c\":-2.5,\"d\":true}\n");
  ASSERT_EQ(run("CREATE TABLE u(a INTEGER, b TEXT, c FLOAT, d BOOLEAN); COPY u FROM 'out.csv'"),
            "");
  EXPECT_EQ(run("SELECT * FROM u"), run("SELECT * FROM t"));
  EXPECT_NE(run("COPY t TO '../out.csv'").find("outside"), std::string::npos);
  EXPECT_NE(database.run("COPY t TO 'out.csv'").find("error: "), std::string::npos);
}

// Forty frames of a megabyte in one block, asked for with a budget that a few of them fill.
TEST(Sql, ReadsLargeBlobsInSlices) {
  DatabaseForTest database;
  ConnectionOptions options;
  options.query_memory_bytes = 12u << 20;
  const std::unique_ptr<Connection> connection = database.connect(options);
  ASSERT_TRUE(connection->execute("CREATE TABLE frames(n INTEGER, content BLOB)").ok());
  Result<Statement> insert = connection->prepare("INSERT INTO frames VALUES (?, ?)");
  ASSERT_TRUE(insert.ok());
  for (int64_t n = 0; n < 40; ++n) {
    ASSERT_TRUE(insert->bind(1, Value::integer(n)).ok());
    const char byte = static_cast<char>('a' + n % 26);
    ASSERT_TRUE(insert->bind(2, Value::blob(std::string(1u << 20, byte))).ok());
    ASSERT_EQ(DatabaseForTest::rows(*insert), "");
  }
  for (const char* sql : {"SELECT n, content FROM frames",
                          "CHECKPOINT; SELECT n, content FROM frames",
                          "SELECT n, content FROM frames WHERE length(content) > 5 AND n >= 0"}) {
    SCOPED_TRACE(sql);
    const size_t begin = std::string_view(sql).find("SELECT");
    ASSERT_TRUE(connection->execute(std::string_view(sql).substr(0, begin)).ok());
    Result<Statement> select = connection->prepare(sql + begin);
    ASSERT_TRUE(select.ok());
    int64_t rows = 0;
    while (true) {
      Result<const Chunk*> chunk = select->next();
      ASSERT_TRUE(chunk.ok()) << chunk.status().message();
      if (*chunk == nullptr) break;
      EXPECT_LE((*chunk)->row_count(), 4u);
      for (uint32_t row = 0; row < (*chunk)->row_count(); ++row, ++rows) {
        EXPECT_EQ((*chunk)->column(0).lane<int64_t>()[row], rows);
        const std::string_view content = (*chunk)->column(1).lane<std::string_view>()[row];
        ASSERT_EQ(content.size(), 1u << 20);
        EXPECT_EQ(content[content.size() / 2], static_cast<char>('a' + rows % 26));
      }
    }
    EXPECT_EQ(rows, 40);
  }
  EXPECT_EQ(DatabaseForTest::run(*connection, "SELECT n FROM frames WHERE n = 7"), "7\n");
}

TEST(Sql, FindsTextByRelevance) {
  DatabaseForTest database;
  ASSERT_EQ(database.run("CREATE TABLE notes(n INTEGER, body TEXT);"
                         "INSERT INTO notes VALUES (1, 'the red cup is on the table'),"
                         " (2, 'a cup, a red cup, the only cup'), (3, 'the robot waits'),"
                         " (4, NULL), (5, 'table and chair')"),
            "");
  EXPECT_EQ(database.run("SELECT n FROM notes WHERE body MATCH 'cup' ORDER BY n"), "1\n2\n");
  EXPECT_EQ(database.run("DELETE FROM notes WHERE n = 3; CHECKPOINT;"
                         "SELECT n FROM notes WHERE body MATCH 'chair robot'"),
            "5\n");
}

TEST(Sql, MessagesNameWhatIsWrong) {
  DatabaseForTest database;
  create_robot(database);
  for (const char* sql : {"SELECT * FROM wrenchh", "SELECT forcee FROM wrench", "SELECT 1 +",
                          "SELECT force + arm FROM wrench", "SELECT nofunction(1)",
                          "INSERT INTO frames(t) VALUES ('2026-01-26T10:00:00.015Z')",
                          "INSERT INTO frames(t, emb) VALUES ('2027-01-01', '[1, 2, 3]')",
                          "SELECT 9223372036854775807 + 1"}) {
    SCOPED_TRACE(sql);
    const std::string answer = database.run(sql);
    EXPECT_EQ(answer.substr(0, 7), "error: ") << answer;
    EXPECT_GT(answer.size(), 20u) << answer;
  }
}

}  // namespace
}  // namespace mote
