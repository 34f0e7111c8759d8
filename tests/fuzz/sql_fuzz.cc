// SQL text: any statements over a small database in memory, with little memory and little time.
// Whatever they do, the database is sound afterwards and opens again.
#include <memory>

#include "base/check.h"
#include "base/coding.h"
#include "engine/database.h"
#include "env/simulated_env.h"
#include "fuzz_target.h"
#include "session/connection.h"

namespace mote::fuzz {

namespace {

constexpr int64_t kTickNs = 100'000;
constexpr int64_t kStatementNs = 20'000'000;
constexpr uint32_t kMostStatements = 20;
constexpr uint32_t kMostChunks = 20;

// Time goes on by a tick whenever somebody looks, so that limits of time are deterministic.
class TickingEnv : public SimulatedEnv {
 public:
  TickingEnv() : SimulatedEnv(1) {}
  int64_t monotonic_ns() override {
    advance_ns(kTickNs);
    return SimulatedEnv::monotonic_ns();
  }
};

constexpr std::string_view kTables =
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b FLOAT, s TEXT, v VECTOR(2));"
    "INSERT INTO t VALUES (1, 10, 0.5, 'one', '[1,2]'), (2, NULL, -1, 'two', NULL),"
    "(3, 30, NULL, NULL, '[0,1]'), (4, 10, 2.5, 'four', '[3,3]');"
    "CREATE TABLE u (k TIMESTAMP, n INTEGER, x BLOB, p POINT, f BOOLEAN);"
    "INSERT INTO u VALUES (0, 1, 'b', POINT(1, 2), TRUE), (1000000000, 2, NULL, NULL, FALSE);";

void run(Connection& connection, std::string_view sql) {
  for (uint32_t i = 0; i < kMostStatements && !sql.empty(); ++i) {
    size_t consumed = 0;
    Result<Statement> statement = connection.prepare(sql, &consumed);
    MOTE_CHECK(consumed <= sql.size());
    if (statement.ok()) {
      for (uint32_t chunk = 0; chunk < kMostChunks; ++chunk) {
        const Result<const Chunk*> rows = statement->next();
        if (!rows.ok() || *rows == nullptr) break;
        MOTE_CHECK((*rows)->row_count() > 0);
        for (uint32_t c = 0; c < (*rows)->column_count(); ++c) {
          static_cast<void>((*rows)->column(c).value(0).to_text());
        }
      }
    }
    if (consumed == 0) return;
    sql.remove_prefix(consumed);
  }
}

}  // namespace

void take(std::span<const std::byte> input) {
  TickingEnv env;
  DatabaseOptions options;
  options.background_thread = false;
  options.memory_bytes = 16u << 20;
  // Small files, so that a run takes a millisecond and not a hundred.
  options.memtable_bytes = 256u << 10;
  options.log_file_bytes = 256u << 10;
  options.log_limit_bytes = 2u << 20;
  for (int round = 0; round < 2; ++round) {
    auto opened = Database::open(env, "/db", options);
    MOTE_CHECK(opened.ok());
    const std::unique_ptr<Database> database = std::move(opened).value();
    ConnectionOptions connection_options;
    connection_options.query_memory_bytes = 2u << 20;
    auto connection = Connection::create(*database, connection_options);
    MOTE_CHECK(connection.ok());
    if (round == 0) {
      static_cast<void>((*connection)->execute(kTables).ok());
      (*connection)->set_timeout_ns(kStatementNs);
      run(**connection, as_text(input));
    }
    connection->reset();
    std::vector<std::string> problems;
    MOTE_CHECK(database->check(&problems).ok());
    MOTE_CHECK(problems.empty());
    MOTE_CHECK(database->close().ok());
  }
}

std::vector<std::string> seeds() {
  return {
      "SELECT a, count(*), sum(b), avg(b), min(s) FROM t GROUP BY a HAVING count(*) > 1",
      "SELECT * FROM t WHERE id = 2 OR s LIKE 'f%' ORDER BY b DESC LIMIT 2 OFFSET 1",
      "SELECT t.id, u.n FROM t JOIN u ON t.id = u.n LEFT JOIN t AS w ON w.id = u.n + 5",
      "SELECT id FROM t WHERE a NOT IN (SELECT n FROM u) OR EXISTS (SELECT 1 FROM u WHERE n = id)",
      "WITH c AS (SELECT id, a FROM t) SELECT c.id FROM c UNION ALL SELECT n FROM u EXCEPT SELECT "
      "1",
      "SELECT id, row_number() OVER (PARTITION BY a ORDER BY b) FROM t",
      "SELECT id FROM t ORDER BY l2_distance(v, '[1,1]') LIMIT 2",
      "UPDATE t SET a = a + 1, s = upper(s) WHERE id BETWEEN 1 AND 3 RETURNING id, a",
      "DELETE FROM t WHERE a IS NULL; INSERT INTO t (id) VALUES (2); CHECKPOINT; VACUUM; CHECK",
      "BEGIN; INSERT INTO t VALUES (9,9,9,'n',NULL); SAVEPOINT s; DELETE FROM t; ROLLBACK TO s; "
      "COMMIT",
      "INSERT INTO t VALUES (1, 0, 0, '', NULL) ON CONFLICT (id) DO UPDATE SET a = excluded.a",
      "CREATE TABLE IF NOT EXISTS w (a INTEGER NOT NULL DEFAULT 3, PRIMARY KEY (a)); DROP TABLE w",
      "SELECT CASE WHEN a > 10 THEN 'x' ELSE CAST(b AS TEXT) END, coalesce(a, -1), s || 'x' FROM t",
      "SELECT k + INTERVAL '1 day 2 hours', time_bucket(INTERVAL '1 s', k), epoch_ns(k) FROM u",
      "SELECT generate_series FROM generate_series(1, 100, 7) WHERE generate_series % 2 = 0",
      "EXPLAIN ANALYZE SELECT * FROM t ASOF JOIN u ON t.a >= u.n",
      "SELECT DISTINCT a FROM (SELECT a, b FROM t WHERE b <> 0.5) AS q, LATERAL (SELECT 1) AS l",
      "SHOW TABLES; DESCRIBE t; PRAGMA x; SELECT '\\x00ff', 1e308 * 10, -9223372036854775808 / -1",
      "COPY t TO 'x.csv'; SELECT * FROM read_csv('x.csv'); SELECT substr(s, 2, 1000000000000) FROM "
      "t",
      "SELECT repeat('ab', 1000000000), lpad('x', 100000, 'y'), round(b, 400), 5 % 0 FROM t",
  };
}

}  // namespace mote::fuzz
