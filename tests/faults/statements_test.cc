// A program of SQL statements in which the n-th charge of memory, or the n-th call of the
// environment, fails; n grows until the program meets no fault.
//
// A statement that fails has done nothing, the database goes on, and the statement succeeds when it
// is given again; after an error of the disk it may also have been done. What is expected comes
// from a run without faults. MOTE_TEST_LONG=1: every n, of the calls every sixth for each of the
// six ways to fail, so that each call fails in one of them; otherwise a sample.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "engine/database.h"
#include "env/faulty_env.h"
#include "env/simulated_env.h"
#include "failing_charge.h"
#include "session/connection.h"

namespace mote {
namespace {

using faults::failing_charge;

constexpr std::string_view kReopen = "REOPEN";

// Each is a transaction of its own.
const std::vector<std::string_view> kProgram = {
    "BEGIN; CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, x FLOAT, s TEXT, v VECTOR(3));"
    "CREATE TABLE u (k INTEGER NOT NULL, n TEXT); COMMIT",
    "INSERT INTO t SELECT generate_series, generate_series % 7, generate_series / 3.0,"
    " 'text ' || (generate_series * 7919 % 1000), '[1,2,3]' FROM generate_series(1, 2500)",
    "INSERT INTO u SELECT generate_series % 50, 'name ' || generate_series"
    " FROM generate_series(1, 300)",
    "SELECT a, count(*), sum(x), min(s) FROM t GROUP BY a HAVING count(*) > 2 ORDER BY a",
    "UPDATE t SET a = a + 1, s = upper(s) WHERE id % 5 = 0 RETURNING id",
    "DELETE FROM t WHERE id % 11 = 3",
    "CHECKPOINT",
    "CREATE TABLE w AS SELECT t.id, u.n FROM t JOIN u ON t.a = u.k WHERE t.id < 200",
    "SELECT id, n FROM w ORDER BY n DESC, id LIMIT 20",
    "BEGIN; INSERT INTO u VALUES (1000, 'a'); SAVEPOINT s; DELETE FROM u; ROLLBACK TO s;"
    "UPDATE u SET n = 'b' WHERE k = 1000; DELETE FROM t WHERE id > 2400; COMMIT",
    "INSERT INTO u VALUES (1001, repeat('long ', 10000))",
    "SELECT DISTINCT a FROM t WHERE a NOT IN (SELECT k FROM u WHERE k > 3) ORDER BY a",
    kReopen,
    "SELECT id, row_number() OVER (PARTITION BY a ORDER BY x DESC) FROM t WHERE id < 40 ORDER BY "
    "id",
    "INSERT INTO t (id, a) VALUES (5000, 1), (5001, 2)",
    "VACUUM",
    "DROP TABLE w",
    "SELECT id FROM t ORDER BY v <-> '[1,1,1]', id LIMIT 5",
};

#if defined(__SANITIZE_ADDRESS__)
constexpr uint64_t kSampleOf = 61;  // a sanitizer takes its time
#else
constexpr uint64_t kSampleOf = 23;
#endif

bool is_long() { return std::getenv("MOTE_TEST_LONG") != nullptr; }

std::string shown(const Status& status) { return status.ok() ? "OK" : status.message(); }

Status run_all(Connection& connection, std::string_view sql, std::string* rows) {
  while (!sql.empty()) {
    size_t consumed = 0;
    MOTE_ASSIGN(Statement statement, connection.prepare(sql, &consumed));
    sql.remove_prefix(consumed);
    for (;;) {
      MOTE_ASSIGN(const Chunk* const chunk, statement.next());
      if (chunk == nullptr) break;
      for (uint32_t row = 0; row < chunk->row_count(); ++row) {
        for (uint32_t c = 0; c < chunk->column_count(); ++c) {
          *rows += chunk->column(c).value(row).to_text() + "|";
        }
        *rows += "\n";
      }
    }
  }
  return {};
}

class Program {
 public:
  explicit Program(Env& env) : env_(env) {
    options_.background_thread = false;
    options_.memory_bytes = kMinMemoryBytes;
    options_.memtable_bytes = 256u << 10;
    options_.log_file_bytes = 1280u << 10;
    options_.log_limit_bytes = 8u << 20;
  }

  Status open() {
    if (database_ == nullptr) {
      MOTE_ASSIGN(database_, Database::open(env_, "/db", options_));
    }
    MOTE_ASSIGN(connection_, Connection::create(*database_, {}));
    return {};
  }
  Status close() {
    connection_.reset();
    if (database_ == nullptr) return {};
    Status closed = database_->close();
    database_.reset();
    return closed;
  }
  Status run(std::string_view unit, std::string* rows) {
    rows->clear();
    if (unit != kReopen) return run_all(*connection_, unit, rows);
    MOTE_TRY(close());
    return open();
  }
  // Ends what a failed statement has left: its transaction, and a database that did not open.
  Status recover() {
    connection_.reset();
    return open();
  }
  std::string state() {
    std::string text;
    for (const char* table : {"t", "u", "w"}) {
      std::string rows;
      const Status read =
          run_all(*connection_, std::string("SELECT * FROM ") + table + " ORDER BY 1, 2", &rows);
      if (!read.ok()) rows = read.code() == Code::kNotFound ? "absent\n" : shown(read) + "\n";
      text += rows + "--\n";
    }
    return text;
  }
  void expect_sound() {
    std::vector<std::string> problems;
    const Status checked = database_->check(&problems);
    EXPECT_EQ(shown(checked), "OK");
    EXPECT_EQ(problems, std::vector<std::string>());
  }

 private:
  Env& env_;
  DatabaseOptions options_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Connection> connection_;
};

// answers[i] and states[i + 1]: of unit i; states[0]: of an empty database.
struct Expected {
  std::vector<std::string> answers;
  std::vector<std::string> states;
};

const Expected& expected() {
  static const Expected made = [] {
    Expected result;
    SimulatedEnv env(1);
    Program program(env);
    EXPECT_EQ(shown(program.open()), "OK");
    result.states.push_back(program.state());
    for (const std::string_view unit : kProgram) {
      std::string answer;
      const Status status = program.run(unit, &answer);
      EXPECT_EQ(shown(status), "OK") << unit;
      result.answers.push_back(answer);
      result.states.push_back(program.state());
    }
    program.expect_sound();
    EXPECT_EQ(shown(program.close()), "OK");
    return result;
  }();
  return made;
}

// Whatever of the two kinds of fault is armed.
struct Faults {
  FaultyEnv* env = nullptr;
  bool fired = false;
  void disarm() {
    fired = env != nullptr ? env->fired() : failing_charge().fired;
    failing_charge().disarm();
    if (env != nullptr) env->disarm();
  }
};

// Runs the units from `at` on until one fails; returns its number, or the number of units.
size_t run_until_failure(Program& program, size_t at, Status* failure) {
  for (; at < kProgram.size(); ++at) {
    std::string answer;
    *failure = program.run(kProgram[at], &answer);
    if (!failure->ok()) return at;
    EXPECT_EQ(answer, expected().answers[at]) << kProgram[at];
  }
  return at;
}

// of_disk: the failed statement may have been done, and the database is opened again.
void run_with_faults(Program& program, Faults& faults, bool of_disk) {
  size_t at = 0;
  Status failure = program.open();
  if (failure.ok()) at = run_until_failure(program, 0, &failure);
  faults.disarm();
  if (!failure.ok()) {
    SCOPED_TRACE(std::string(kProgram[at]) + " failed: " + shown(failure));
    if (of_disk) static_cast<void>(program.close().ok());
    ASSERT_EQ(shown(program.recover()), "OK");
    const std::string state = program.state();
    if (of_disk && state != expected().states[at] && state == expected().states[at + 1]) {
      ++at;
    } else {
      ASSERT_EQ(state, expected().states[at]);
    }
    at = run_until_failure(program, at, &failure);
    ASSERT_EQ(shown(failure), "OK");
  }
  ASSERT_EQ(at, kProgram.size());
  ASSERT_EQ(program.state(), expected().states.back());
  program.expect_sound();
  ASSERT_EQ(shown(program.close()), "OK");
  ASSERT_EQ(shown(program.open()), "OK");
  ASSERT_EQ(program.state(), expected().states.back());
}

class FailingCharges : public ::testing::TestWithParam<bool> {};

TEST_P(FailingCharges, LeaveADatabaseThatGoesOn) {
  ASSERT_EQ(expected().answers.size(), kProgram.size());
  uint64_t runs = 0;
  bool fired = true;
  for (uint64_t charge = 1; fired; charge += is_long() ? 1 : kSampleOf, ++runs) {
    SCOPED_TRACE("charge " + std::to_string(charge));
    SimulatedEnv env(charge);
    Program program(env);
    failing_charge().arm(charge, GetParam());
    Faults faults;
    run_with_faults(program, faults, /*of_disk=*/false);
    fired = faults.fired;
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(runs, 1u);
  printf("%llu charges failed\n", static_cast<unsigned long long>(runs));
}

INSTANTIATE_TEST_SUITE_P(Statements, FailingCharges, ::testing::Bool(), [](const auto& parameter) {
  return parameter.param ? "ForEver" : "Once";
});

class FailingCalls : public ::testing::TestWithParam<std::tuple<Fault, bool>> {};

TEST_P(FailingCalls, LoseNothingAndDoNothingByHalves) {
  ASSERT_EQ(expected().answers.size(), kProgram.size());
  const auto [fault, for_ever] = GetParam();
  constexpr uint64_t kWays = 6;
  const uint64_t way = 2 * static_cast<uint64_t>(fault) + (for_ever ? 1 : 0);
  uint64_t runs = 0;
  bool fired = true;
  for (uint64_t call = 1 + way; fired; call += is_long() ? kWays : kSampleOf, ++runs) {
    SCOPED_TRACE("call " + std::to_string(call));
    SimulatedEnv machine(call);
    FaultyEnv env(machine);
    Program program(env);
    env.arm(call, fault, for_ever);
    // After a failed write of the log the next open decides.
    Faults faults{&env};
    run_with_faults(program, faults, /*of_disk=*/true);
    fired = faults.fired;
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(runs, 1u);
  printf("%llu calls failed\n", static_cast<unsigned long long>(runs));
}

std::string name_of(Fault fault, bool for_ever) {
  constexpr const char* kNames[] = {"IoError", "DiskFull", "ShortWrite"};
  return std::string(kNames[static_cast<size_t>(fault)]) + (for_ever ? "ForEver" : "Once");
}

INSTANTIATE_TEST_SUITE_P(
    Statements, FailingCalls,
    ::testing::Combine(::testing::Values(Fault::kIoError, Fault::kDiskFull, Fault::kShortWrite),
                       ::testing::Bool()),
    [](const auto& each) { return name_of(std::get<0>(each.param), std::get<1>(each.param)); });

}  // namespace
}  // namespace mote
