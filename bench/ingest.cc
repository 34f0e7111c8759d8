// Rows in durable batches of 1,000 against raw durable writes of the same bytes and the other
// databases, interleaved batch by batch; and what the device writes for each byte of rows.
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

constexpr uint32_t kValues = 6;  // a row of 64 bytes
constexpr uint64_t kBatchRows = 1'000;
constexpr uint64_t kRowBytes = 64;
constexpr uint64_t kBatchBytes = kBatchRows * kRowBytes;
constexpr uint64_t kRawWriteBytes = 64 * 1024;

struct Contender {
  std::string name;
  std::string version;  // of a peer
  std::function<void(std::span<const Reading>)> write;
  std::vector<int64_t> took_ns;

  double seconds() const {
    int64_t sum = 0;
    for (const int64_t took : took_ns) sum += took;
    return static_cast<double>(sum) / 1e9;
  }
  double rows_per_second() const {
    return static_cast<double>(took_ns.size() * kBatchRows) / seconds();
  }
};

Row row_of(const Contender& contender, const char* metric) {
  Row row("batches", metric);
  if (!contender.version.empty()) row.peer(contender.name, contender.version);
  if (contender.version.empty()) row.text("through", contender.name);
  return row;
}

void report_batches(std::vector<Contender>& contenders) {
  const Contender& raw = contenders.front();
  const double raw_longest = quantile(raw.took_ns, 1) / 1e6;
  double best_rival = 0;
  for (const Contender& contender : contenders) {
    if (!contender.version.empty()) {
      best_rival = std::max(best_rival, contender.rows_per_second());
    }
  }
  for (const Contender& contender : contenders) {
    const double rate = contender.rows_per_second();
    const uint64_t batches = contender.took_ns.size();
    const bool ours = contender.name.starts_with("mote");
    row_of(contender, "rate")
        .value(rate, "rows/s")
        .samples(batches)
        .number("megabytes_per_second", rate * kRowBytes / 1e6)
        .print();
    row_of(contender, "p50")
        .value(quantile(contender.took_ns, 0.5) / 1e6, "ms")
        .samples(batches)
        .print();
    row_of(contender, "p99")
        .value(quantile(contender.took_ns, 0.99) / 1e6, "ms")
        .samples(batches)
        .print();
    Row longest = row_of(contender, "longest");
    longest.value(quantile(contender.took_ns, 1) / 1e6, "ms").samples(batches);
    if (ours) longest.at_most(2 * raw_longest);
    longest.print();
    if (&contender == &raw) continue;
    // Raw writes 64 KiB where a batch is 64,000 bytes: counted by the byte.
    const double raw_rate = raw.rows_per_second() * kRawWriteBytes / kBatchBytes;
    Row ratio = row_of(contender, "rate_against_raw");
    ratio.value(rate / raw_rate, "x raw").samples(batches);
    if (ours) ratio.at_least(0.60);
    ratio.print();
    if (ours && best_rival > 0) {
      row_of(contender, "rate_against_best_rival")
          .value(rate / best_rival, "x")
          .samples(batches)
          .at_least(3)
          .print();
    }
  }
}

void run_batches(const Arguments& arguments, const std::string& directory) {
  const uint64_t batches = arguments.quick ? 400 : 5'000;
  RawWriter raw(directory + "/raw", kRawWriteBytes, 64u << 20);
  MoteStore appended(directory + "/appended", kValues, mote::Options{});
  MoteStore inserted(directory + "/inserted", kValues, mote::Options{});
  std::vector<std::unique_ptr<Peer>> peers = open_peers(directory + "/peers", kValues);
  print_peers("batches", peers);
  std::vector<Contender> contenders;
  contenders.push_back(
      {"raw", "", [&](std::span<const Reading>) { raw.write(kRawWriteBytes); }, {}});
  contenders.push_back({"mote appender",
                        "",
                        [&](std::span<const Reading> rows) { appended.append_batch(rows); },
                        {}});
  contenders.push_back(
      {"mote SQL", "", [&](std::span<const Reading> rows) { inserted.insert_batch(rows); }, {}});
  for (const std::unique_ptr<Peer>& peer : peers) {
    contenders.push_back({peer->name(),
                          peer->version(),
                          [&peer](std::span<const Reading> rows) { peer->insert_batch(rows); },
                          {}});
  }
  ReadingSource source(Signal::kImu, 17);
  Random random(19);
  std::vector<Reading> rows(kBatchRows);
  std::vector<size_t> order(contenders.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  {
    const RealTime real_time;
    Row("batches", "class").value(0, "").samples(1).text("class", real_time.name()).print();
    for (uint64_t batch = 0; batch < batches; ++batch) {
      for (Reading& row : rows) row = source.next();
      for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
      for (const size_t i : order) {
        const int64_t begin = now_ns();
        contenders[i].write(rows);
        contenders[i].took_ns.push_back(now_ns() - begin);
      }
    }
  }
  report_batches(contenders);
  for (MoteStore* store : {&appended, &inserted}) {
    const mote_counters counters = store->database().counters();
    Row("batches", "waits_for_memtable")
        .value(static_cast<double>(counters.waits_for_memtable), "commits")
        .samples(batches)
        .text("through", store == &appended ? "mote appender" : "mote SQL")
        .print();
    const double missing =
        static_cast<double>(batches * kBatchRows) - store->ask("SELECT count(*) FROM readings");
    if (missing != 0) fail("%.0f rows are missing", missing);
  }
  print_skipped("batches_with_indexes", "this slice of the language has no CREATE INDEX");
}

// Device bytes and the database's own count while `work` runs, over `logical_bytes` of rows.
void report_amplification(const char* case_name, MoteStore& store, const std::string& directory,
                          uint64_t rows, uint64_t row_bytes, double goal,
                          const std::function<void()>& work) {
  sync_all();
  // What everybody else writes in the same time.
  const int64_t idle_begin = now_ns();
  const uint64_t idle_before = device_bytes_written(directory);
  sleep_until_ns(idle_begin + 1'000'000'000);
  sync_all();
  const double idle_rate = static_cast<double>(device_bytes_written(directory) - idle_before) /
                           (static_cast<double>(now_ns() - idle_begin) / 1e9);
  const mote_counters before = store.database().counters();
  const uint64_t device_before = device_bytes_written(directory);
  const int64_t begin = now_ns();
  work();
  sync_all();
  const double seconds = static_cast<double>(now_ns() - begin) / 1e9;
  const uint64_t device = device_bytes_written(directory) - device_before;
  const mote_counters after = store.database().counters();
  const uint64_t own = after.log_bytes - before.log_bytes + after.part_bytes - before.part_bytes +
                       after.blob_bytes - before.blob_bytes;
  const auto logical = static_cast<double>(rows * row_bytes);
  Row device_row(case_name, "device_bytes_per_byte");
  device_row.value(static_cast<double>(device) / logical, "x")
      .samples(rows)
      .number("others_bytes_per_second", idle_rate)
      .number("seconds", seconds);
  // Writes of others more than a twentieth of the goal's make the figure void.
  if (goal > 0 && idle_rate * seconds > goal * logical / 20) {
    device_row.void_goal(goal, "others write to the device");
  } else if (goal > 0) {
    device_row.at_most(goal);
  }
  device_row.print();
  Row own_row(case_name, "written_bytes_per_byte");
  own_row.value(static_cast<double>(own) / logical, "x")
      .samples(rows)
      .number("log_bytes", static_cast<double>(after.log_bytes - before.log_bytes))
      .number("part_bytes", static_cast<double>(after.part_bytes - before.part_bytes));
  if (goal > 0) own_row.at_most(goal);
  own_row.print();
}

void run_bulk_amplification(const Arguments& arguments, const std::string& directory) {
  const uint64_t batches = arguments.quick ? 600 : 5'000;
  MoteStore store(directory + "/mote", kValues, mote::Options{});
  ReadingSource source(Signal::kImu, 23);
  std::vector<Reading> rows(kBatchRows);
  report_amplification("amplification_bulk", store, directory, batches * kBatchRows, kRowBytes, 1.8,
                       [&] {
                         for (uint64_t batch = 0; batch < batches; ++batch) {
                           for (Reading& row : rows) row = source.next();
                           store.append_batch(rows);
                         }
                         need(store.database().checkpoint(), "checkpoint");
                       });
}

// 96-byte rows at 200 Hz, not waited for or each waited for.
void run_stream_amplification(const Arguments& arguments, const std::string& directory,
                              bool each_durable) {
  constexpr uint32_t kStreamValues = 10;
  const uint64_t rows = (arguments.quick ? 6 : 40) * 200ull;
  mote::Options options;
  options.window_ms = 100;
  MoteStore store(directory + "/mote", kStreamValues, options);
  ReadingSource source(Signal::kImu, 29);
  const char* name = each_durable ? "amplification_sync_each" : "amplification_window_100ms";
  report_amplification(
      name, store, directory, rows, Reading::bytes_of(kStreamValues), each_durable ? 0 : 3.0, [&] {
        const int64_t begin = now_ns();
        for (uint64_t i = 0; i < rows; ++i) {
          sleep_until_ns(begin + static_cast<int64_t>(i) * 5'000'000);
          each_durable ? store.insert(source.next()) : (void)store.append(source.next());
        }
        need(store.database().wait_durable(std::chrono::seconds(10)), "wait");
      });
}

}  // namespace

}  // namespace bench

int main(int count, char** values) {
  using namespace bench;
  const Arguments arguments = Arguments::parse(count, values);
  print_machine(arguments.directory, [] { return RealTime().name(); }());
  if (arguments.wants("batches")) {
    const Scratch scratch(arguments.directory);
    run_batches(arguments, scratch.path());
  }
  if (arguments.wants("amplification_bulk")) {
    const Scratch scratch(arguments.directory);
    run_bulk_amplification(arguments, scratch.path());
  }
  for (const bool each_durable : {false, true}) {
    if (!arguments.wants("amplification_stream")) break;
    const Scratch scratch(arguments.directory);
    run_stream_amplification(arguments, scratch.path(), each_durable);
  }
  return 0;
}
