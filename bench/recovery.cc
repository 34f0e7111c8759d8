// How long a database takes to open: after its process was killed, and after a clean close.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "harness.h"
#include "machine.h"
#include "peers.h"
#include "readings.h"

namespace bench {

namespace {

// Keeps a result from being optimised away.
volatile uint64_t kept_sum;

constexpr uint32_t kValues = 6;
constexpr uint64_t kMebibyte = 1u << 20;
constexpr uint64_t kBatchRows = 1'000;
constexpr uint64_t kLogTargetBytes = 64 * kMebibyte;
constexpr double kReplayGoalMegabytesPerSecond = 300;

// Memtables that hold all of the log that is replayed.
mote::Options large_memtables() {
  mote::Options options;
  options.memory_bytes = 1024 * kMebibyte;
  // A memtable is flushed once the log since its beginning is a quarter of the limit.
  options.log_limit_bytes = 512 * kMebibyte;
  return options;
}

// What the writing process says after each durable batch.
struct Progress {
  uint64_t rows = 0;
  uint64_t live_log_bytes = 0;
};

// The child: writes until it is killed.
void write_until_killed(const std::string& directory) {
  MoteStore store(directory, kValues, large_memtables());
  ReadingSource source(Signal::kImu, 43, kValues);
  std::vector<Reading> rows(kBatchRows);
  Progress progress;
  for (;;) {
    for (Reading& row : rows) row = source.next();
    store.append_batch(rows);
    progress.rows += kBatchRows;
    progress.live_log_bytes = store.database().counters().log_live_bytes;
    if (::write(STDOUT_FILENO, &progress, sizeof progress) != sizeof progress) return;
  }
}

// Starts the child, kills it once its log is long enough, and returns the last thing it said. A
// log that a flush cuts again and again is long enough near the longest that was seen.
Progress killed_writer(const Arguments& arguments, const std::string& directory) {
  int ends[2];
  if (::pipe(ends) != 0) fail("pipe: %s", std::strerror(errno));
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::execl(arguments.program.c_str(), arguments.program.c_str(), "--child", "write",
            directory.c_str(), nullptr);
    std::_Exit(127);
  }
  ::close(ends[1]);
  constexpr uint64_t kFewestRows = 2 * kLogTargetBytes / 64;
  uint64_t longest = 0;
  Progress last;
  Progress progress;
  bool killed = false;
  while (::read(ends[0], &progress, sizeof progress) == sizeof progress) {
    last = progress;
    longest = std::max(longest, last.live_log_bytes);
    const bool near_longest = last.rows >= kFewestRows && last.live_log_bytes >= longest / 10 * 9;
    if (killed || (last.live_log_bytes < kLogTargetBytes && !near_longest)) continue;
    ::kill(child, SIGKILL);
    killed = true;
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!killed) fail("the writing process ended by itself with status %d", status);
  return last;
}

// Reads the files whose name begins with `prefix` and sums them up, as replay must at the least.
double raw_read_seconds(const std::string& directory, const std::string& prefix, uint64_t* bytes) {
  std::vector<char> piece(kMebibyte);
  const int64_t begin = now_ns();
  *bytes = 0;
  uint64_t sum = 0;
  for (const std::string& path : files_named(directory, prefix)) {
    const int file = ::open(path.c_str(), O_RDONLY);
    if (file < 0) fail("%s: %s", path.c_str(), std::strerror(errno));
    for (off_t at = 0;;) {
      const ssize_t size = ::pread(file, piece.data(), piece.size(), at);
      if (size <= 0) break;
      sum ^= XXH3_64bits(piece.data(), static_cast<size_t>(size));
      at += size;
      *bytes += static_cast<uint64_t>(size);
    }
    ::close(file);
  }
  kept_sum = sum;
  return static_cast<double>(now_ns() - begin) / 1e9;
}

void run_replay(const Arguments& arguments) {
  const int rounds = arguments.quick ? 2 : 5;
  std::vector<double> rates;
  std::vector<double> raw_rates;
  std::vector<double> open_excess;
  double log_megabytes = 0;
  uint64_t lost = 0;
  for (int round = 0; round < rounds; ++round) {
    const Scratch scratch(arguments.directory);
    const std::string directory = scratch / "mote";
    const Progress progress = killed_writer(arguments, directory);
    uint64_t raw_bytes = 0;
    // Once to warm the cache, once to measure: the log's own writes go past the cache.
    (void)raw_read_seconds(directory, "log-", &raw_bytes);
    const double raw_seconds = raw_read_seconds(directory, "log-", &raw_bytes);
    raw_rates.push_back(static_cast<double>(raw_bytes) / 1e6 / raw_seconds);
    const int64_t begin = now_ns();
    mote::Database database = need(mote::Database::open(directory, large_memtables()), "open");
    const double seconds = static_cast<double>(now_ns() - begin) / 1e9;
    log_megabytes = static_cast<double>(progress.live_log_bytes) / 1e6;
    rates.push_back(log_megabytes / seconds);
    open_excess.push_back(seconds * 1e3 - 3.3 * log_megabytes);
    mote::Statement count = need(database.query("SELECT count(*) FROM readings"), "count");
    if (!need(count.step(), "count")) fail("mote: no count");
    const auto found = static_cast<uint64_t>(count.integer(0));
    if (found < progress.rows) lost += progress.rows - found;
    Row("replay", "round")
        .value(seconds * 1e3, "ms")
        .samples(1)
        .number("log_megabytes", log_megabytes)
        .number("rows_acknowledged", static_cast<double>(progress.rows))
        .number("rows_found", static_cast<double>(found))
        .number("replayed_groups", static_cast<double>(database.counters().replayed_groups))
        .print();
  }
  const double rate = median(rates);
  Row("replay", "rate")
      .value(rate, "MB/s")
      .samples(rates.size())
      .number("log_megabytes", log_megabytes)
      .at_least(kReplayGoalMegabytesPerSecond)
      .print();
  Row("replay", "raw_read_and_checksum")
      .value(median(raw_rates), "MB/s")
      .samples(raw_rates.size())
      .print();
  Row("replay", "rate_against_raw")
      .value(rate / median(raw_rates), "x")
      .samples(rates.size())
      .print();
  Row("replay", "open_beyond_3.3_ms_per_megabyte")
      .value(median(open_excess), "ms")
      .samples(rates.size())
      .at_most(1)
      .print();
  Row("replay", "acknowledged_rows_lost")
      .value(static_cast<double>(lost), "rows")
      .samples(rates.size())
      .at_most(0)
      .print();
}

// A database of many tables whose numbers can not be made smaller.
void build_large(const std::string& directory, uint64_t bytes, int tables, int layers) {
  const uint64_t rows = bytes / 64 / static_cast<uint64_t>(tables * layers);
  ReadingSource source(Signal::kNoise, 47, kValues);
  for (int layer = 0; layer < layers; ++layer) {
    mote::Options options;
    options.memory_bytes = 128 * kMebibyte;
    mote::Database database = need(mote::Database::open(directory, options), "open");
    for (int table = 0; table < tables; ++table) {
      const std::string name = "t" + std::to_string(table);
      need(database.execute("CREATE TABLE IF NOT EXISTS " + name +
                            " (ts TIMESTAMP, v0 FLOAT, v1 FLOAT, v2 FLOAT, v3 FLOAT, v4 FLOAT,"
                            " v5 FLOAT, v6 FLOAT)"),
           "create table");
      mote::Appender appender =
          need(database.appender(name, {mote::OnFull::block(MoteStore::kPatience), 1u << 20}),
               "appender");
      for (uint64_t row = 0; row < rows; ++row) {
        const Reading r = source.next();
        need(appender.append(mote::Timestamp{r.ts}, r.values[0], r.values[1], r.values[2],
                             r.values[3], r.values[4], r.values[5], r.values[0] + r.values[1]),
             "append");
      }
      need(appender.flush(MoteStore::kPatience), "flush");
    }
    need(database.close(), "close");
  }
}

void report_opens(const std::string& metric, const std::vector<int64_t>& times, double goal,
                  uint64_t bytes, uint64_t files) {
  Row row("clean_open", metric);
  row.value(quantile(times, 0.5) / 1e6, "ms")
      .samples(times.size())
      .number("max_ms", quantile(times, 1) / 1e6)
      .number("megabytes", static_cast<double>(bytes) / 1e6)
      .number("files", static_cast<double>(files));
  if (goal > 0) row.at_most(goal);
  row.print();
}

void open_mote(const std::string& directory, int opens, uint64_t bytes, uint64_t files) {
  std::vector<int64_t> open_ns;
  std::vector<int64_t> first_row_ns;
  std::vector<int64_t> close_ns;
  for (int i = 0; i < opens; ++i) {
    const int64_t begin = now_ns();
    mote::Database database = need(mote::Database::open(directory), "open");
    const int64_t opened = now_ns();
    mote::Statement statement = need(database.query("SELECT v0 FROM t0 LIMIT 1"), "query");
    if (!need(statement.step(), "query")) fail("mote: no row");
    const int64_t asked = now_ns();
    statement = need(database.query("SELECT 1"), "query");
    need(database.close(), "close");
    open_ns.push_back(opened - begin);
    first_row_ns.push_back(asked - begin);
    close_ns.push_back(now_ns() - asked);
  }
  report_opens("open", open_ns, 1.0, bytes, files);
  report_opens("open_to_first_row", first_row_ns, 0, bytes, files);
  report_opens("close", close_ns, 0, bytes, files);
}

void open_peer_often(const std::string& name, const std::string& directory, int opens,
                     uint64_t bytes) {
  {
    const std::unique_ptr<Peer> peer = open_peer(name, directory, kValues);
    if (peer == nullptr) return;
    const std::string blob(kMebibyte, 'b');
    for (uint64_t done = 0; done < bytes; done += blob.size()) {
      peer->insert_blob(static_cast<int64_t>(done / blob.size()) + 1, blob);
    }
    peer->insert(Reading{});
  }
  std::vector<int64_t> open_ns;
  std::string version;
  for (int i = 0; i < opens; ++i) {
    const int64_t begin = now_ns();
    const std::unique_ptr<Peer> peer = open_peer(name, directory, kValues);
    open_ns.push_back(now_ns() - begin);
    version = peer->version();
  }
  Row("clean_open", "open")
      .peer(name, version)
      .value(quantile(open_ns, 0.5) / 1e6, "ms")
      .samples(open_ns.size())
      .number("max_ms", quantile(open_ns, 1) / 1e6)
      .number("megabytes", static_cast<double>(bytes_below(directory)) / 1e6)
      .print();
}

void run_clean_open(const Arguments& arguments) {
  const uint64_t bytes = (arguments.quick ? 100 : 1'000) * 1'000'000ull;
  const int opens = 20;
  const Scratch scratch(arguments.directory);
  const std::string directory = scratch / "mote";
  build_large(directory, bytes, arguments.quick ? 40 : 250, arguments.quick ? 2 : 4);
  open_mote(directory, opens, bytes_below(directory), files_below(directory));
  for (const char* name : {"SQLite", "LMDB", "RocksDB"}) {
    open_peer_often(name, scratch / name, opens, bytes);
  }
}

}  // namespace

}  // namespace bench

int main(int count, char** values) {
  using namespace bench;
  const Arguments arguments = Arguments::parse(count, values);
  if (arguments.rest.size() == 2) {
    write_until_killed(arguments.rest[1]);
    return 1;
  }
  print_machine(arguments.directory, "normal");
  if (arguments.wants("replay")) run_replay(arguments);
  if (arguments.wants("clean_open")) run_clean_open(arguments);
  return 0;
}
