#include "demo.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <mote/mote.hpp>
#include <string>
#include <vector>

#include "recorder.h"
#include "world.h"

namespace shell {

namespace {

using robot::kStreamCount;
using robot::kStreams;
using robot::Progress;

constexpr double kSeconds = 16;    // of the robot's life
constexpr double kKilledAt = 8.3;  // seconds after the recording began

std::string time_text(int64_t ns) {
  // Enough for whole ticks after the start of 2026.
  const int64_t since = ns - robot::kStartNs;
  char text[64];
  std::snprintf(text, sizeof text, "2026-01-01T00:00:%02lld.%03lldZ",
                static_cast<long long>(since / 1'000'000'000),
                static_cast<long long>(since % 1'000'000'000 / 1'000'000));
  return text;
}

struct Child {
  pid_t process = -1;
  int pipe = -1;
};

bool start(const std::string& directory, Child* child) {
  int ends[2];
  if (pipe(ends) != 0) return false;
  child->process = fork();
  if (child->process == 0) {
    close(ends[0]);
    const std::string pipe_number = std::to_string(ends[1]);
    execl("/proc/self/exe", "mote", "demo-record", directory.c_str(), pipe_number.c_str(),
          static_cast<char*>(nullptr));
    _exit(127);
  }
  close(ends[1]);
  child->pipe = ends[0];
  return child->process > 0;
}

// Reads the child's reports until it ends, killing it after kill_after_s when that is not 0.
// Returns its last report.
Progress follow(Child& child, double kill_after_s, int* status) {
  Progress last, report;
  const int reports_before_kill = static_cast<int>(kill_after_s * 10);
  int reports = 0;
  while (read(child.pipe, &report, sizeof report) == static_cast<ssize_t>(sizeof report)) {
    last = report;
    if (++reports == reports_before_kill) kill(child.process, SIGKILL);
  }
  close(child.pipe);
  waitpid(child.process, status, 0);
  return last;
}

void print_latency(const Progress& progress) {
  const auto us = [](uint64_t ns) { return static_cast<double>(ns) / 1000; };
  std::printf("  append: %llu calls, p50 %.1f us, p99 %.1f us, p99.9 %.1f us, max %.1f us\n",
              static_cast<unsigned long long>(progress.appends), us(progress.append_p50_ns),
              us(progress.append_p99_ns), us(progress.append_p999_ns), us(progress.append_max_ns));
  std::printf("  durable INSERT: %llu calls, p50 %.0f us, p99 %.0f us, max %.0f us\n",
              static_cast<unsigned long long>(progress.inserts), us(progress.insert_p50_ns),
              us(progress.insert_p99_ns), us(progress.insert_max_ns));
}

mote::Result<int64_t> integer_of(mote::Database& database, const std::string& sql) {
  auto statement = database.query(sql);
  if (!statement) return statement.error();
  auto more = statement->step();
  if (!more) return more.error();
  return *more ? statement->integer(0) : 0;
}

// Counts rows, compares them with what was acknowledged, and their values with the world's.
mote::Result<uint64_t> check(mote::Database& database, const Progress& progress,
                             const std::array<uint64_t, kStreamCount>& before) {
  uint64_t lost = 0;
  for (size_t i = 0; i < kStreamCount; ++i) {
    const robot::Stream& stream = kStreams[i];
    const std::string table = stream.table;
    auto found = integer_of(database, "SELECT count(*) FROM " + table);
    if (!found) return found.error();
    const auto rows = static_cast<uint64_t>(*found);
    const uint64_t promised = before[i] + progress.acknowledged[i];
    if (rows < promised) lost += promised - rows;
    // Rows are ticks 0, 1, .. without a hole: the greatest time says how many there are.
    auto last = integer_of(database, "SELECT max(ts) FROM " + table);
    if (!last) return last.error();
    const bool whole = rows == 0 || *last == stream.time_ns(rows - 1);
    std::printf("  %-9s %6llu acknowledged, %6llu found, %llu dropped%s\n", stream.table,
                static_cast<unsigned long long>(promised), static_cast<unsigned long long>(rows),
                static_cast<unsigned long long>(progress.dropped[i]),
                whole || progress.dropped[i] > 0 ? "" : ", WITH HOLES");
    if (!whole && progress.dropped[i] == 0) ++lost;
  }
  return lost;
}

mote::Result<void> compare_values(mote::Database& database) {
  auto rows = database.query("SELECT ts, fz FROM wrench ORDER BY ts");
  if (!rows) return rows.error();
  uint64_t different = 0, count = 0;
  for (;; ++count) {
    auto more = rows->step();
    if (!more) return more.error();
    if (!*more) break;
    const auto tick =
        static_cast<uint64_t>((rows->integer(0) - robot::kStartNs) / robot::kWrench.period_ns());
    if (rows->number(1) != robot::wrench_at(tick)[2]) ++different;
  }
  std::printf("  %llu forces compared with the world, %llu differ\n",
              static_cast<unsigned long long>(count), static_cast<unsigned long long>(different));
  if (different > 0) return mote::Error{MOTE_CORRUPTION, "a force is not what was recorded", -1};
  return {};
}

mote::Result<void> print_rows(mote::Database& database, const std::string& sql) {
  auto statement = database.query(sql);
  if (!statement) return statement.error();
  for (bool first = true;; first = false) {
    auto more = statement->step();
    if (!more) return more.error();
    if (first) {
      std::string names;
      for (uint32_t i = 0; i < statement->column_count(); ++i) {
        names += (i > 0 ? " | " : "  ") + statement->column_name(i);
      }
      std::printf("%s\n", names.c_str());
    }
    if (!*more) return {};
    std::string line;
    for (uint32_t i = 0; i < statement->column_count(); ++i) {
      line += (i > 0 ? " | " : "  ") + std::string(statement->text(i));
    }
    std::printf("%s\n", line.c_str());
  }
}

mote::Result<void> ask(mote::Database& database, const std::string& directory) {
  const int64_t now = robot::kFrames.time_ns(static_cast<uint64_t>(kSeconds * 10));
  const std::string question =
      "SELECT f.ts, w.fz, f.descriptor <-> asked.descriptor AS distance, f.position\n"
      "FROM frames f\n"
      "JOIN frames asked ON asked.ts = TIMESTAMP '" +
      time_text(robot::kFrames.time_ns(140)) +
      "'\n"
      "ASOF JOIN wrench w ON f.ts >= w.ts TOLERANCE '20 ms'\n"
      "WHERE f.ts > TIMESTAMP '" +
      time_text(now - 3'000'000'000) +
      "' AND w.fz > 2.0\n"
      "ORDER BY distance LIMIT 5";
  std::printf(
      "\nAll frames of the last 3 s while the force exceeded 2 N, most like one image first:\n\n");
  std::printf("%s;\n\n", question.c_str());
  if (auto shown = print_rows(database, "EXPLAIN " + question); !shown) return shown;
  std::printf("\n");
  if (auto shown = print_rows(database, question); !shown) return shown;
  std::printf(
      "\nTo go on: mote %s\n"
      "  SELECT time_bucket('1 s', ts) AS second, max(fz) FROM wrench GROUP BY second ORDER BY "
      "second;\n"
      "  SELECT ts, note FROM notes WHERE match(note, 'door handle') ORDER BY ts LIMIT 5;\n"
      "  SELECT ts, position FROM odometry WHERE st_within_3d(position, 0, 0, 0, 1, 1, 1) LIMIT "
      "5;\n",
      directory.c_str());
  return {};
}

void print_sizes(const std::string& directory) {
  uint64_t total = 0;
  std::vector<std::pair<std::string, uint64_t>> kinds;
  DIR* open_directory = opendir(directory.c_str());
  if (open_directory == nullptr) return;
  while (const dirent* entry = readdir(open_directory)) {
    struct stat about {};
    const std::string name = entry->d_name;
    if (stat((directory + "/" + name).c_str(), &about) != 0 || !S_ISREG(about.st_mode)) continue;
    const std::string kind = name.substr(0, name.find('-'));  // log-0000000000000001
    // Allocated, not apparent: files that are filled later have room behind their end.
    const uint64_t size = static_cast<uint64_t>(about.st_blocks) * 512;
    total += size;
    bool known = false;
    for (auto& [other, sum] : kinds) {
      if (other == kind) {
        sum += size;
        known = true;
      }
    }
    if (!known) kinds.emplace_back(kind, size);
  }
  closedir(open_directory);
  std::printf("Files in %s: %.1f MB", directory.c_str(), static_cast<double>(total) / 1e6);
  for (const auto& [kind, size] : kinds) {
    std::printf(", %s %.2f MB", kind.c_str(), static_cast<double>(size) / 1e6);
  }
  std::printf("\n");
}

int fail(const mote::Error& error) {
  std::fprintf(stderr, "demo: %s\n", error.message.c_str());
  return 1;
}

// Reopens what a recording left, and checks it.
mote::Result<uint64_t> look(const std::string& directory, const Progress& progress,
                            std::array<uint64_t, kStreamCount>* rows) {
  auto database = mote::Database::open(directory);
  if (!database) return database.error();
  std::printf("  reopened; %llu commit groups replayed\n",
              static_cast<unsigned long long>(database->counters().replayed_groups));
  auto lost = check(*database, progress, *rows);
  if (!lost) return lost;
  if (auto compared = compare_values(*database); !compared) return compared.error();
  auto problems = database->check();
  if (!problems) return problems.error();
  std::printf("  CHECK: %zu problems\n", problems->size());
  for (size_t i = 0; i < kStreamCount; ++i) {
    auto found = integer_of(*database, "SELECT count(*) FROM " + std::string(kStreams[i].table));
    if (!found) return found.error();
    (*rows)[i] = static_cast<uint64_t>(*found);
  }
  if (auto closed = database->close(); !closed) return closed.error();
  return *lost + problems->size();
}

int demo(const std::string& directory) {
  std::array<uint64_t, kStreamCount> rows{};
  uint64_t lost = 0;
  for (const bool killed : {true, false}) {
    std::printf(killed ? "Recording a robot; its process will be killed after %.1f s ..\n"
                       : "Recording on, up to %.0f s of the robot's time ..\n",
                killed ? kKilledAt : kSeconds);
    std::fflush(stdout);
    Child child;
    if (!start(directory, &child)) {
      std::fprintf(stderr, "demo: a process can not be started: %s\n", strerror(errno));
      return 1;
    }
    int status = 0;
    const Progress progress = follow(child, killed ? kKilledAt : 0, &status);
    const bool as_meant = killed ? WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL
                                 : WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!as_meant) {
      std::fprintf(stderr, "demo: the recording process did not end as it was meant to\n");
      return 1;
    }
    std::printf(killed ? "  killed\n" : "  done\n");
    print_latency(progress);
    auto found = look(directory, progress, &rows);
    if (!found) return fail(found.error());
    lost += *found;
  }
  auto database = mote::Database::open(directory);
  if (!database) return fail(database.error());
  if (auto asked = ask(*database, directory); !asked) return fail(asked.error());
  if (auto closed = database->close(); !closed) return fail(closed.error());
  std::printf("\n");
  print_sizes(directory);
  std::printf("Acknowledged and lost: %llu\n", static_cast<unsigned long long>(lost));
  return lost == 0 ? 0 : 1;
}

}  // namespace

std::optional<int> run_demo(int argument_count, char** arguments) {
  const std::string word = arguments[0];
  if (word == "demo-record" && argument_count == 3) {
    signal(SIGPIPE, SIG_IGN);
    return robot::record(arguments[1], kSeconds, atoi(arguments[2]));
  }
  if (word != "demo" || argument_count > 2) return std::nullopt;
  if (argument_count == 2) {
    struct stat about {};
    if (stat(arguments[1], &about) == 0) {
      std::fprintf(stderr, "demo: '%s' is there already; the demo makes a database of its own\n",
                   arguments[1]);
      return 1;
    }
    return demo(arguments[1]);
  }
  const char* temporary = std::getenv("TMPDIR");
  std::string directory =
      std::string(temporary != nullptr ? temporary : "/tmp") + "/mote-demo-XXXXXX";
  if (mkdtemp(directory.data()) == nullptr) {
    std::fprintf(stderr, "demo: '%s': %s\n", directory.c_str(), strerror(errno));
    return 1;
  }
  return demo(directory + "/robot.mote");
}

}  // namespace shell
