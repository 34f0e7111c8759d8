// One database and several processes, several names, several openers.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "scratch_for_tests.h"

namespace mote_process {
namespace {

// A child process that runs `body` and tells its result; a pipe tells when it is ready.
class Child {
 public:
  template <typename Body>
  explicit Child(Body body) {
    EXPECT_EQ(::pipe(pipe_), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(pipe_[0]);
      ::_exit(body(pipe_[1]));
    }
    ::close(pipe_[1]);
  }
  ~Child() {
    if (pid_ > 0) kill();
    ::close(pipe_[0]);
  }
  bool wait_until_ready() const {
    char byte = 0;
    return ::read(pipe_[0], &byte, 1) == 1;
  }
  void kill() {
    ::kill(pid_, SIGKILL);
    exit_status();
  }
  int exit_status() {
    int status = -1;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  pid_t pid() const { return pid_; }

 private:
  int pipe_[2] = {-1, -1};
  pid_t pid_ = -1;
};

void tell_ready(int descriptor) { (void)!::write(descriptor, "r", 1); }

// Opens, makes table t with a row, says so and stays.
int hold_open(const std::string& path, int ready) {
  mote::Result<mote::Database> database = mote::Database::open(path, small_options());
  if (!database.ok()) return 1;
  if (!database->execute("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1)").ok()) return 2;
  tell_ready(ready);
  ::pause();
  return 0;
}

mote::Error open_error(const std::string& path, const mote::Options& options = small_options()) {
  mote::Result<mote::Database> database = mote::Database::open(path, options);
  return database.ok() ? mote::Error{} : database.error();
}

TEST(Sharing, ASecondProcessIsToldTheHolder) {
  const Scratch scratch;
  const std::string path = scratch / "db";
  Child holder([&](int ready) { return hold_open(path, ready); });
  ASSERT_TRUE(holder.wait_until_ready());
  const mote::Error error = open_error(path);
  EXPECT_EQ(error.code, MOTE_BUSY);
  EXPECT_NE(error.message.find(std::to_string(holder.pid())), std::string::npos) << error.message;
}

TEST(Sharing, AKilledHolderLeavesNoLock) {
  const Scratch scratch;
  const std::string path = scratch / "db";
  Child holder([&](int ready) { return hold_open(path, ready); });
  ASSERT_TRUE(holder.wait_until_ready());
  holder.kill();
  mote::Result<mote::Database> database = mote::Database::open(path, small_options());
  ASSERT_TRUE(database.ok()) << database.error().message;
  EXPECT_EQ(count_rows(database->connection(), "t"), 1);
}

TEST(Sharing, AStoppedHolderKeepsItsLock) {
  const Scratch scratch;
  const std::string path = scratch / "db";
  Child holder([&](int ready) { return hold_open(path, ready); });
  ASSERT_TRUE(holder.wait_until_ready());
  ::kill(holder.pid(), SIGSTOP);
  EXPECT_EQ(open_error(path).code, MOTE_BUSY);
}

TEST(Sharing, OtherNamesOfAnOpenDatabaseAreRefused) {
  const Scratch scratch;
  const std::string path = scratch / "db";
  mote::Database database = mote::Database::open(path, small_options()).value();
  std::filesystem::create_directory_symlink(path, scratch / "link");
  std::filesystem::create_directory(scratch / "other");
  EXPECT_EQ(open_error(path).code, MOTE_BUSY);
  EXPECT_EQ(open_error(scratch / "link").code, MOTE_BUSY);
  EXPECT_EQ(open_error(scratch / "other/../db").code, MOTE_BUSY);
  EXPECT_EQ(open_error(path + "/").code, MOTE_BUSY);
  EXPECT_TRUE(database.execute("CREATE TABLE t (a INTEGER)").ok());
}

TEST(Sharing, TwoNamesAtOnceGiveOneOpener) {
  const Scratch scratch;
  const std::string path = scratch / "db";
  mote::Database::open(path, small_options()).value().close().value();
  std::filesystem::create_directory_symlink(path, scratch / "link");
  mote::Database through_link = mote::Database::open(scratch / "link", small_options()).value();
  Child other([&](int) { return open_error(path).code == MOTE_BUSY ? 0 : 1; });
  EXPECT_EQ(other.exit_status(), 0);
}

// Without its LOCK file another process may take the directory: the holder notices and writes no
// more; what it had acknowledged stays.
TEST(Sharing, AHolderWhoseLockFileIsDeletedStopsWriting) {
  const Scratch scratch;
  const std::string path = scratch / "db";
  {
    mote::Database database = mote::Database::open(path, small_options()).value();
    database.execute("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1)").value();
    ASSERT_TRUE(std::filesystem::remove(path + "/LOCK"));
    EXPECT_FALSE(database.execute("INSERT INTO t VALUES (2)").ok());
    Child second([&](int) {
      mote::Result<mote::Database> taken = mote::Database::open(path, small_options());
      return taken.ok() && taken->execute("INSERT INTO t VALUES (3)").ok() ? 0 : 1;
    });
    EXPECT_EQ(second.exit_status(), 0);
    EXPECT_FALSE(database.execute("INSERT INTO t VALUES (4)").ok());
    EXPECT_EQ(count_rows(database.connection(), "t"), 1);
  }
  mote::Database database = mote::Database::open(path, small_options()).value();
  EXPECT_EQ(count_rows(database.connection(), "t"), 2);
  EXPECT_TRUE(database.check().value().empty());
}

// A reader takes no lock and changes no file; it sees what was committed when it opened.
TEST(Sharing, AReadOnlyOpenBesideAWriterReadsWhatIsCommitted) {
  const Scratch scratch;
  const std::string path = scratch / "db";
  mote::Database writer = mote::Database::open(path, small_options()).value();
  writer.execute("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1), (2)").value();
  Child reader([&](int) {
    mote::Options options = small_options();
    options.read_only = true;
    mote::Result<mote::Database> database = mote::Database::open(path, options);
    if (!database.ok()) return std::fprintf(stderr, "%s\n", database.error().message.c_str()), 1;
    if (count_rows(database->connection(), "t") != 2) return 2;
    const mote::Result<void> written = database->execute("INSERT INTO t VALUES (3)");
    return written.error().code == MOTE_READ_ONLY ? 0 : 3;
  });
  EXPECT_EQ(reader.exit_status(), 0);
  EXPECT_TRUE(writer.execute("INSERT INTO t VALUES (3)").ok());
  EXPECT_EQ(count_rows(writer.connection(), "t"), 3);
}

// Inserts pairs of rows whose sum is 0 and deletes pairs, so that flushes and merges run and files
// come and go.
int write_pairs(const std::string& path, int ready) {
  mote::Result<mote::Database> database = mote::Database::open(path, small_options());
  if (!database.ok()) return 1;
  if (!database->execute("CREATE TABLE t (id INTEGER, value INTEGER, note TEXT)").ok()) return 2;
  tell_ready(ready);
  for (int round = 0;; ++round) {
    const std::string insert =
        "INSERT INTO t SELECT " + std::to_string(round) +
        ", CASE WHEN n % 2 = 0 THEN n ELSE 1 - n END, repeat('note ', 10) || n"
        " FROM generate_series(2, 2001) g(n)";
    const std::string erase = "DELETE FROM t WHERE id % 3 = " + std::to_string(round % 3) +
                              " AND id < " + std::to_string(round - 5);
    if (!database->execute(insert).ok() || !database->execute(erase).ok()) return 3;
  }
}

TEST(Sharing, AReadersSnapshotStaysWhileTheWriterMergesItsFilesAway) {
  const Scratch scratch;
  const std::string path = scratch / "db";
  Child writer([&](int ready) { return write_pairs(path, ready); });
  ASSERT_TRUE(writer.wait_until_ready());
  mote::Options options = small_options();
  options.read_only = true;
  for (int round = 0; round < 40; ++round) {
    SCOPED_TRACE(round);
    mote::Result<mote::Database> reader = mote::Database::open(path, options);
    ASSERT_TRUE(reader.ok()) << reader.error().message;
    const int64_t count = count_rows(reader->connection(), "t");
    EXPECT_EQ(count % 2000, 0);
    for (int again = 0; again < 2; ++again) {
      ::usleep(20'000);
      mote::Result<mote::Statement> statement = reader->connection().query(
          "SELECT count(*), coalesce(sum(value), 0), count(note) FROM t WHERE length(note) > 3");
      ASSERT_TRUE(statement.ok()) << statement.error().message;
      const mote::Result<bool> row = statement->step();
      ASSERT_TRUE(row.ok()) << row.error().message;
      EXPECT_EQ(statement->integer(0), count);
      EXPECT_EQ(statement->integer(1), 0);
    }
  }
  writer.kill();
}

TEST(Sharing, AForkedChildGetsClosedAndChangesNothing) {
  const Scratch scratch;
  const std::string path = scratch / "db";
  mote::Database database = mote::Database::open(path, small_options()).value();
  database.execute("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1)").value();
  mote::Appender appender = database.appender("t").value();
  Child child([&](int) {
    if (database.execute("INSERT INTO t VALUES (2)").error().code != MOTE_CLOSED) return 1;
    if (database.checkpoint().error().code != MOTE_CLOSED) return 2;
    if (database.close().error().code != MOTE_CLOSED) return 3;
    if (appender.append(9).error().code != MOTE_CLOSED) return 4;
    { const mote::Database gone = std::move(database); }
    return 0;
  });
  EXPECT_EQ(child.exit_status(), 0);
  EXPECT_TRUE(database.execute("INSERT INTO t VALUES (3)").ok());
  EXPECT_EQ(count_rows(database.connection(), "t"), 2);
  EXPECT_EQ(open_error(path).code, MOTE_BUSY) << "the child's end released the parent's lock";
  EXPECT_TRUE(database.close().ok());
}

TEST(Sharing, ALivingForkedChildDoesNotKeepTheLock) {
  const Scratch scratch;
  const std::string path = scratch / "db";
  mote::Database database = mote::Database::open(path, small_options()).value();
  Child child([&](int ready) {
    tell_ready(ready);
    ::pause();
    return 0;
  });
  ASSERT_TRUE(child.wait_until_ready());
  ASSERT_TRUE(database.close().ok());
  const mote::Error error = open_error(path);
  EXPECT_EQ(error.code, MOTE_OK) << error.message;
}

TEST(Sharing, AnExecutedChildInheritsNoFile) {
  const Scratch scratch;
  const std::string path = scratch / "db";
  mote::Database database = mote::Database::open(path, small_options()).value();
  Child child([&](int) {
    ::execl("/bin/sh", "sh", "-c", "ls -l /proc/self/fd | grep -c mote-process", nullptr);
    return 99;
  });
  EXPECT_EQ(child.exit_status(), 1);  // grep: nothing found
}

// Storms of openers: each that gets the database adds one row, and no row is lost.
TEST(Sharing, OpenersInTurnLoseNothing) {
  const Scratch scratch;
  const std::string path = scratch / "db";
  mote::Database::open(path, small_options()).value().execute("CREATE TABLE t (a INTEGER)").value();
  constexpr int kChildren = 4;
  constexpr int kRows = 6;
  const auto insert_rows = [&](int) {
    for (int rows = 0; rows < kRows;) {
      mote::Result<mote::Database> database = mote::Database::open(path, small_options());
      if (!database.ok() && database.error().code != MOTE_BUSY) return 1;
      if (database.ok()) {
        if (!database->execute("INSERT INTO t VALUES (1)").ok()) return 2;
        ++rows;
        if (!database->close().ok()) return 3;
      }
      ::usleep(2000);
    }
    return 0;
  };
  {
    std::vector<std::unique_ptr<Child>> children;
    for (int i = 0; i < kChildren; ++i) children.push_back(std::make_unique<Child>(insert_rows));
    for (auto& child : children) EXPECT_EQ(child->exit_status(), 0);
  }
  mote::Database database = mote::Database::open(path, small_options()).value();
  EXPECT_EQ(count_rows(database.connection(), "t"), kChildren * kRows);
}

}  // namespace
}  // namespace mote_process
