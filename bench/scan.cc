// Sums over ten million rows against summing the same numbers in memory; a range of one per cent;
// and single rows by their key, against the other databases.
#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness.h"
#include "machine.h"
#include "peers.h"
#include "readings.h"

namespace bench {

namespace {

constexpr uint32_t kValues = 2;  // v0 as an IMU gives it, v1 a true double
constexpr uint64_t kBatchRows = 20'000;
constexpr int kRounds = 9;
// Room for both columns as they are stored: the sums are hot.
constexpr uint64_t kMemoryBytes = 256u << 20;

class Source {
 public:
  Reading next() {
    Reading reading = imu_.next();
    reading.values[1] = ekf_.next().values[0];
    return reading;
  }

 private:
  ReadingSource imu_{Signal::kImu, 31, 1};
  ReadingSource ekf_{Signal::kEkf, 37, 1};
};

double median_ms(int rounds, const std::function<void()>& work) {
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) {
    const int64_t begin = now_ns();
    work();
    times.push_back(static_cast<double>(now_ns() - begin) / 1e6);
  }
  return median(std::move(times));
}

// Several sums side by side, so that memory and not the adder's latency is the limit.
double sum_in_memory(const std::vector<double>& values) {
  constexpr size_t kSums = 16;
  double sums[kSums] = {};
  size_t i = 0;
  for (; i + kSums <= values.size(); i += kSums) {
    for (size_t lane = 0; lane < kSums; ++lane) sums[lane] += values[i + lane];
  }
  double total = 0;
  for (const double sum : sums) total += sum;
  for (; i < values.size(); ++i) total += values[i];
  return total;
}

// Keeps a result from being optimised away.
volatile double kept_result;

mote::Options options() {
  mote::Options options;
  options.memory_bytes = kMemoryBytes;
  return options;
}

struct Table {
  uint64_t rows = 0;
  std::vector<double> imu;
  std::vector<double> ekf;
  std::vector<int64_t> ts;
};

Table load(MoteStore& store, Peer* sqlite, uint64_t rows, uint64_t sqlite_rows) {
  Table table;
  table.rows = rows;
  Source source;
  std::vector<Reading> batch(kBatchRows);
  int64_t mote_ns = 0;
  for (uint64_t done = 0; done < rows; done += kBatchRows) {
    for (Reading& reading : batch) {
      reading = source.next();
      table.imu.push_back(reading.values[0]);
      table.ekf.push_back(reading.values[1]);
      table.ts.push_back(reading.ts);
    }
    const int64_t begin = now_ns();
    store.append_batch(batch);
    mote_ns += now_ns() - begin;
    if (sqlite != nullptr && done < sqlite_rows) sqlite->insert_batch(batch);
  }
  need(store.database().checkpoint(), "checkpoint");
  need(store.database().vacuum(), "vacuum");
  Row("scan", "load_rate")
      .value(static_cast<double>(rows) / (static_cast<double>(mote_ns) / 1e9), "rows/s")
      .samples(rows)
      .print();
  return table;
}

void check_sum(double found, double expected) {
  const double difference = found - expected;
  const double scale = std::max(1.0, std::abs(expected));
  if (std::abs(difference) > 1e-6 * scale)
    fail("the sum is %.17g, expected %.17g", found, expected);
}

struct Sums {
  double full_ms = 0;
  double memory_ms = 0;
};

Sums run_sum(MoteStore& store, const Table& table, const std::string& column,
             const std::vector<double>& values) {
  const double gigabytes = static_cast<double>(table.rows) * 8 / 1e9;
  const std::string sql = "SELECT sum(" + column + ") FROM readings";
  check_sum(store.ask(sql), sum_in_memory(values));
  Sums sums;
  // Interleaved: the machine's clock may change between rounds.
  std::vector<double> memory;
  std::vector<double> database;
  for (int i = 0; i < kRounds; ++i) {
    memory.push_back(median_ms(1, [&] { kept_result = sum_in_memory(values); }));
    database.push_back(median_ms(1, [&] { kept_result = store.ask(sql); }));
  }
  sums.memory_ms = median(memory);
  sums.full_ms = median(database);
  const std::string name = column == "v0" ? "sum_imu" : "sum_ekf";
  Row(name, "memory_rate")
      .value(gigabytes / (sums.memory_ms / 1e3), "GB/s")
      .samples(kRounds)
      .print();
  Row(name, "rate")
      .value(gigabytes / (sums.full_ms / 1e3), "GB/s")
      .samples(kRounds)
      .number("ms", sums.full_ms)
      .print();
  Row(name, "rate_against_memory")
      .value(sums.memory_ms / sums.full_ms, "x memory")
      .samples(kRounds)
      .at_least(0.40)
      .print();
  // What no stored statistic can answer.
  const std::string computed = "SELECT sum(" + column + " * 2.0) FROM readings";
  Row(name, "computed_rate")
      .value(gigabytes / (median_ms(3, [&] { kept_result = store.ask(computed); }) / 1e3), "GB/s")
      .samples(3)
      .print();
  return sums;
}

void run_range(MoteStore& store, Peer* sqlite, const Table& table, uint64_t sqlite_rows,
               double full_ms) {
  std::vector<int64_t> sorted = table.ts;
  std::sort(sorted.begin(), sorted.end());
  const size_t from = sorted.size() / 2;
  const size_t to = from + sorted.size() / 100;
  const int64_t low = sorted[from];
  const int64_t high = sorted[to];
  mote::Statement statement = need(
      store.database().prepare("SELECT sum(v1) FROM readings WHERE ts >= ? AND ts < ?"), "prepare");
  double expected = 0;
  for (size_t i = 0; i < table.ts.size(); ++i) {
    if (table.ts[i] >= low && table.ts[i] < high) expected += table.ekf[i];
  }
  double found = 0;
  const auto ask = [&] {
    need(statement.bind(1, mote::Timestamp{low}), "bind");
    need(statement.bind(2, mote::Timestamp{high}), "bind");
    if (!need(statement.step(), "range")) fail("mote: no row");
    found = statement.number(0);
    statement.reset();
  };
  ask();
  check_sum(found, expected);
  const double ms = median_ms(3 * kRounds, ask);
  Row("range_1_percent", "time").value(ms, "ms").samples(3 * kRounds).print();
  Row("range_1_percent", "against_full_scan")
      .value(full_ms / ms, "x")
      .samples(3 * kRounds)
      .number("full_scan_ms", full_ms)
      .at_least(50)
      .print();
  if (sqlite == nullptr) return;
  const auto rows = static_cast<int64_t>(sqlite_rows);
  const double scale = static_cast<double>(table.rows) / static_cast<double>(sqlite_rows);
  const double sqlite_full = median_ms(2, [&] { kept_result = sqlite->sum(1, rows); });
  Row("sum_imu", "time")
      .value(sqlite_full * scale, "ms")
      .samples(2)
      .peer(sqlite->name(), sqlite->version())
      .number("measured_rows", static_cast<double>(rows))
      .print();
  const double sqlite_range =
      median_ms(kRounds, [&] { kept_result = sqlite->sum(rows / 2, rows / 2 + rows / 100); });
  Row("range_1_percent", "time")
      .value(sqlite_range * scale, "ms")
      .samples(kRounds)
      .peer(sqlite->name(), sqlite->version())
      .text("by", "rowid")
      .print();
}

void run_cold(const std::string& directory, const Table& table) {
  drop_cached_pages(directory);
  const int64_t opened = now_ns();
  MoteStore store(directory, kValues, options());
  const double open_ms = static_cast<double>(now_ns() - opened) / 1e6;
  const int64_t begin = now_ns();
  kept_result = store.ask("SELECT sum(v1) FROM readings");
  const double ms = static_cast<double>(now_ns() - begin) / 1e6;
  const double gigabytes = static_cast<double>(table.rows) * 8 / 1e9;
  Row("sum_ekf", "cold_rate")
      .value(gigabytes / (ms / 1e3), "GB/s")
      .samples(1)
      .number("ms", ms)
      .number("open_ms", open_ms)
      .print();
  store.close();
}

void run_scans(const Arguments& arguments, const std::string& directory) {
  const uint64_t rows = arguments.quick ? 2'000'000 : 10'000'000;
  const uint64_t sqlite_rows = arguments.quick ? 400'000 : rows;
  std::unique_ptr<Peer> sqlite = open_peer("SQLite", directory + "/peers", kValues);
  Table table;
  {
    MoteStore store(directory + "/mote", kValues, options());
    table = load(store, sqlite.get(), rows, sqlite_rows);
    Row("scan", "bytes_per_row")
        .value(static_cast<double>(bytes_below(directory + "/mote", "part-")) /
                   static_cast<double>(rows),
               "bytes")
        .samples(rows)
        .number("parts", static_cast<double>(files_below(directory + "/mote", "part-")))
        .print();
    (void)run_sum(store, table, "v0", table.imu);
    const Sums ekf = run_sum(store, table, "v1", table.ekf);
    run_range(store, sqlite.get(), table, sqlite_rows, ekf.full_ms);
    store.close();
  }
  run_cold(directory + "/mote", table);
}

// Single rows by key: a prepared statement each, one read of each database in turn.
class PointTable {
 public:
  PointTable(const std::string& directory, int64_t rows)
      : database_(need(mote::Database::open(directory), "open")) {
    need(database_.execute("CREATE TABLE points (id INTEGER PRIMARY KEY, v FLOAT NOT NULL)"),
         "create table");
    {
      mote::Appender appender =
          need(database_.appender("points", {mote::OnFull::block(MoteStore::kPatience), 1u << 20}),
               "appender");
      for (int64_t id = 1; id <= rows; ++id) {
        need(appender.append(id, static_cast<double>(id) * 0.5), "append");
      }
      need(appender.flush(MoteStore::kPatience), "flush");
    }
    need(database_.checkpoint(), "checkpoint");
    statement_.emplace_back(
        need(database_.prepare("SELECT v FROM points WHERE id = ?"), "prepare"));
  }
  double read(int64_t id) {
    mote_statement* const statement = statement_.front().get();
    if (mote_bind_integer(statement, 1, id) != MOTE_OK || mote_step(statement) != MOTE_ROW) {
      fail("mote: key %lld: %s", (long long)id, mote_error_message());
    }
    const double value = mote_column_float(statement, 0);
    mote_reset(statement);
    return value;
  }

 private:
  mote::Database database_;
  std::vector<mote::Statement> statement_;
};

void report_reads(const std::vector<std::pair<std::string, std::string>>& names,
                  const std::vector<std::vector<int64_t>>& times) {
  for (size_t i = 0; i < names.size(); ++i) {
    for (const double p : {0.5, 0.99, 0.999}) {
      Row row("point_read", p == 0.5 ? "p50" : p == 0.99 ? "p99" : "p99.9");
      if (i > 0) row.peer(names[i].first, names[i].second);
      row.value(quantile(times[i], p) / 1e3, "us").samples(times[i].size());
      if (i == 0 && p == 0.5) row.at_most(1.5);
      row.print();
    }
  }
}

void run_points(const Arguments& arguments, const std::string& directory) {
  const int64_t rows = 300'000;
  const int reads = arguments.quick ? 30'000 : 300'000;
  PointTable points(directory + "/mote", rows);
  std::vector<std::unique_ptr<Peer>> peers = open_peers(directory + "/peers", 1);
  print_peers("point_read", peers);
  std::vector<Reading> batch(kBatchRows);
  for (int64_t id = 1; id <= rows;) {
    for (Reading& reading : batch) reading.values[0] = static_cast<double>(id++) * 0.5;
    for (const std::unique_ptr<Peer>& peer : peers) peer->insert_batch(batch);
  }
  std::vector<std::pair<std::string, std::string>> names = {{"mote", ""}};
  for (const std::unique_ptr<Peer>& peer : peers) names.emplace_back(peer->name(), peer->version());
  std::vector<std::vector<int64_t>> times(names.size());
  std::vector<size_t> order(names.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  Random random(41);
  for (int read = 0; read < reads; ++read) {
    const int64_t id = 1 + static_cast<int64_t>(random.below(rows));
    for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    for (const size_t i : order) {
      const int64_t begin = now_ns();
      const double value = i == 0 ? points.read(id) : peers[i - 1]->read(id);
      times[i].push_back(now_ns() - begin);
      if (value != static_cast<double>(id) * 0.5) fail("%s: wrong value", names[i].first.c_str());
    }
  }
  report_reads(names, times);
}

}  // namespace

}  // namespace bench

int main(int count, char** values) {
  using namespace bench;
  const Arguments arguments = Arguments::parse(count, values);
  print_machine(arguments.directory, "normal");
  if (arguments.wants("scan")) {
    const Scratch scratch(arguments.directory);
    run_scans(arguments, scratch.path());
  }
  if (arguments.wants("point_read")) {
    const Scratch scratch(arguments.directory);
    run_points(arguments, scratch.path());
  }
  return 0;
}
