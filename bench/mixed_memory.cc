// The peak of resident memory under mixed load with a budget of 32 MiB: rows at 10 kHz, two
// cameras, four readers, flushes and merges. A program of its own, without the other databases, so
// that the process's memory is moteDB's.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "frames.h"
#include "harness.h"
#include "machine.h"
#include "readings.h"

namespace bench {

namespace {

constexpr uint32_t kValues = 10;
constexpr uint64_t kMebibyte = 1u << 20;
constexpr uint64_t kBudgetBytes = 32 * kMebibyte;
constexpr uint64_t kOverheadBytes = 8 * kMebibyte;
constexpr int kReaders = 4;

void read_often(mote::Database& database, const std::atomic<bool>& stop,
                std::atomic<uint64_t>& queries) {
  mote::Connection connection = need(database.connect(), "connect");
  mote::Statement statement =
      need(connection.prepare("SELECT sensor, count(*), avg(v0), max(v1) FROM readings"
                              " GROUP BY sensor ORDER BY sensor"),
           "prepare");
  while (!stop.load()) {
    need(statement.run(), "read");
    ++queries;
    sleep_until_ns(now_ns() + 50'000'000);
  }
}

void write_frames(mote::Database& database, int64_t end_ns) {
  FrameStore frames(database);
  FrameSource camera(89);
  constexpr int64_t kPeriodNs = 1'000'000'000 / 60;
  for (int64_t due = now_ns(); due < end_ns; due += kPeriodNs) {
    sleep_until_ns(due);
    frames.insert(camera.next());
  }
}

// Rows at 10 kHz, ten at each millisecond's tick.
uint64_t write_rows(MoteStore& store, int64_t end_ns) {
  ReadingSource source(Signal::kEkf, 97, kValues);
  uint64_t rows = 0;
  for (int64_t due = now_ns(); due < end_ns; due += 1'000'000) {
    sleep_until_ns(due);
    for (int i = 0; i < 10; ++i, ++rows) (void)store.append(source.next());
  }
  return rows;
}

void run_memory(const Arguments& arguments, const std::string& directory) {
  const uint64_t before = resident_bytes();
  mote::Options options;
  options.memory_bytes = kBudgetBytes;
  MoteStore store(directory + "/mote", kValues, options);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> queries{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&] { read_often(store.database(), stop, queries); });
  }
  const int64_t end_ns = now_ns() + (arguments.quick ? 8 : 60) * 1'000'000'000LL;
  std::thread cameras([&] { write_frames(store.database(), end_ns); });
  const uint64_t rows = write_rows(store, end_ns);
  cameras.join();
  stop.store(true);
  for (std::thread& reader : readers) reader.join();
  need(store.database().checkpoint(), "checkpoint");
  const mote_counters counters = store.database().counters();
  const auto mebibytes = [](uint64_t bytes) {
    return static_cast<double>(bytes) / static_cast<double>(kMebibyte);
  };
  Row("memory", "peak_resident")
      .value(mebibytes(peak_resident_bytes()), "MiB")
      .samples(rows)
      .number("budget_mib", mebibytes(kBudgetBytes))
      .number("before_open_mib", mebibytes(before))
      .number("budget_peak_mib", mebibytes(counters.memory_peak_bytes))
      .number("queries", static_cast<double>(queries.load()))
      .at_most(mebibytes(kBudgetBytes + kOverheadBytes))
      .print();
}

}  // namespace

}  // namespace bench

int main(int count, char** values) {
  using namespace bench;
  const Arguments arguments = Arguments::parse(count, values);
  const Scratch scratch(arguments.directory);
  run_memory(arguments, scratch.path());
  return 0;
}
