// Many databases and many threads in one process: opening, writing, reading and closing at once.
//
// MOTE_TEST_LONG=1: 1,000 rounds. A round, or a wait of all for one turn, that takes more than
// kRoundLimitSeconds ends the program.
#include <signal.h>

#include <atomic>
#include <barrier>
#include <cstdio>
#include <fstream>
#include <thread>

#include "scratch_for_tests.h"

namespace mote_process {
namespace {

constexpr int kThreads = 12;
constexpr unsigned kRoundLimitSeconds = 60;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMeasuresMemory = false;  // a sanitizer keeps what was freed
constexpr int kQuickRounds = 12;
constexpr int kLongRounds = 60;
#else
constexpr bool kMeasuresMemory = true;
constexpr int kQuickRounds = 50;
constexpr int kLongRounds = 1000;
#endif

int rounds() { return std::getenv("MOTE_TEST_LONG") != nullptr ? kLongRounds : kQuickRounds; }

void on_alarm(int) {
  constexpr char kMessage[] = "instances: a round did not end: deadlock\n";
  (void)!::write(STDERR_FILENO, kMessage, sizeof kMessage - 1);
  ::abort();
}

class Watchdog {
 public:
  Watchdog() {
    ::signal(SIGALRM, on_alarm);
    feed();
  }
  ~Watchdog() { ::alarm(0); }
  static void feed() { ::alarm(kRoundLimitSeconds); }
};

size_t open_files() {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    static_cast<void>(entry);
    ++count;
  }
  return count;
}

size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  size_t size = 0;
  size_t resident = 0;
  statm >> size >> resident;
  return resident * 4096;
}

// One thread's part of a round: its database of this round is nobody else's. "" when all was well.
std::string use_database(const std::string& path, int64_t expected) {
  mote::Result<mote::Database> database = mote::Database::open(path, small_options());
  if (!database.ok()) return "open: " + database.error().message;
  const mote::Result<void> written = database->execute(
      "CREATE TABLE IF NOT EXISTS t (id INTEGER, x TEXT);"
      "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')");
  if (!written.ok()) return "insert: " + written.error().message;
  const int64_t count = count_rows(database->connection(), "t");
  if (count != expected) return "count: " + std::to_string(count);
  mote::Result<mote::Connection> second = database->connect();
  if (!second.ok()) return "connect: " + second.error().message;
  if (count_rows(*second, "t") != expected) return "count of a second connection";
  const mote::Result<void> closed = database->close();
  return closed.ok() ? "" : "close: " + closed.error().message;
}

TEST(Instances, OpenWriteReadAndCloseAtOnceWithoutDeadlockOrLeak) {
  const Scratch scratch;
  const Watchdog watchdog;
  std::barrier round_begins(kThreads);
  std::array<std::string, kThreads> failures;
  size_t files_before = 0;
  size_t resident_before = 0;
  const int all = rounds();
  const auto work = [&](int thread) {
    for (int round = 0; round < all; ++round) {
      round_begins.arrive_and_wait();
      if (thread == 0) Watchdog::feed();
      if (thread == 0 && round == all / 4) {
        files_before = open_files();
        resident_before = resident_bytes();
      }
      round_begins.arrive_and_wait();
      const std::string path = scratch / ("db" + std::to_string((thread + round) % kThreads));
      const std::string failure = use_database(path, 3 * (round + 1));
      if (!failure.empty() && failures[static_cast<size_t>(thread)].empty()) {
        failures[static_cast<size_t>(thread)] = "round " + std::to_string(round) + ": " + failure;
      }
    }
  };
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) threads.emplace_back(work, thread);
  for (std::thread& thread : threads) thread.join();
  for (const std::string& failure : failures) EXPECT_EQ(failure, "");
  EXPECT_LE(open_files(), files_before);
  if (kMeasuresMemory) {
    EXPECT_LE(resident_bytes(), resident_before + (16u << 20));
  }
}

// Twelve threads close while twelve others ask and insert: one closes, all others are told so, and
// what was acknowledged before is there afterwards.
TEST(Instances, OfTwelveThatCloseExactlyOneSucceeds) {
  const Scratch scratch;
  const Watchdog watchdog;
  const std::string path = scratch / "db";
  std::atomic<int64_t> acknowledged{0};
  for (int round = 0; round < rounds() / 5 + 1; ++round) {
    SCOPED_TRACE(round);
    Watchdog::feed();
    mote::Database database = mote::Database::open(path, small_options()).value();
    database.execute("CREATE TABLE IF NOT EXISTS t (a INTEGER)").value();
    ASSERT_EQ(count_rows(database.connection(), "t"), acknowledged.load());
    std::barrier begin(2 * kThreads);
    std::atomic<int> closed{0};
    std::atomic<int> refused{0};
    std::atomic<int> strange{0};
    const auto close = [&] {
      begin.arrive_and_wait();
      std::this_thread::sleep_for(std::chrono::microseconds(round * 37 % 3000));
      const mote_code code = mote_close(database.get());
      ++(code == MOTE_OK ? closed : code == MOTE_CLOSED ? refused : strange);
    };
    const auto use = [&](int thread) {
      mote::Connection connection = database.connect().value();
      begin.arrive_and_wait();
      for (int i = 0; i < 200; ++i) {
        if (thread % 2 == 0 && i % 8 == 0) {
          const mote::Result<void> inserted = connection.execute("INSERT INTO t VALUES (1)");
          if (inserted.ok()) {
            ++acknowledged;
            continue;
          }
          if (inserted.error().code != MOTE_CLOSED) ++strange;
          return;
        }
        mote::Result<mote::Statement> statement = connection.query("SELECT count(*) FROM t");
        const mote_code code =
            statement.ok() ? mote_step(statement->get()) : statement.error().code;
        if (code != MOTE_ROW && code != MOTE_CLOSED) ++strange;
        if (code != MOTE_ROW) return;
      }
    };
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back(close);
      threads.emplace_back(use, thread);
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(closed.load(), 1);
    EXPECT_EQ(refused.load(), kThreads - 1);
    EXPECT_EQ(strange.load(), 0);
  }
}

// Threads that all want the same database: at each moment one has it.
TEST(Instances, OneOfManyOpenersAtOnceHasTheDatabase) {
  const Scratch scratch;
  const Watchdog watchdog;
  const std::string path = scratch / "db";
  std::atomic<int> holders{0};
  std::atomic<int> wrong{0};
  std::atomic<int> turns{0};
  const auto work = [&] {
    for (int i = 0; i < rounds() / 2; ++i) {
      mote::Result<mote::Database> database = mote::Database::open(path, small_options());
      if (!database.ok()) {
        if (database.error().code != MOTE_BUSY) ++wrong;
        std::this_thread::yield();
        continue;
      }
      if (holders.fetch_add(1) != 0) ++wrong;
      ++turns;
      Watchdog::feed();
      holders.fetch_sub(1);
      if (!database->close().ok()) ++wrong;
    }
  };
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0);
  EXPECT_GT(turns.load(), 0);
}

}  // namespace
}  // namespace mote_process
