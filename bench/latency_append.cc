#include <algorithm>
#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "harness.h"
#include "latency.h"
#include "machine.h"
#include "readings.h"

namespace bench {

namespace {

constexpr uint32_t kValues = 10;
constexpr int kProducers = 4;
constexpr int64_t kProducerPeriodNs = 100'000;  // 10 kHz
constexpr double kMillisecond = 1e6;

// What one producer saw. Reserved before it starts, so that it never allocates.
struct ProducerTimes {
  std::vector<int64_t> append_ns;
  std::vector<int64_t> control_ns;
  uint64_t late = 0;  // rows that began more than a period after their time
  const char* thread_class = "";
};

// Does what a call does at the least: it may not be inlined or left out.
__attribute__((noinline)) void empty_call(const Reading& reading) {
  asm volatile("" : : "r"(&reading) : "memory");
}

void put(mote_appender* appender, const Reading& reading) {
  mote_append_begin(appender);
  mote_append_integer(appender, reading.ts);
  mote_append_integer(appender, reading.sensor);
  mote_append_integer(appender, reading.seq);
  for (uint32_t i = 0; i < kValues; ++i) mote_append_float(appender, reading.values[i]);
  // A refused row is in the appender's count of dropped ones.
  (void)mote_append_end(appender, nullptr);
}

// A row's call and an empty one, in turn first, at each tick. A late tick is made up for at once.
void produce(mote::Appender& appender, int64_t begin_ns, uint64_t rows, ReadingSource source,
             ProducerTimes& times) {
  const RealTime real_time;
  times.thread_class = real_time.name();
  Reading reading = source.next();
  for (uint64_t i = 0; i < rows; ++i) {
    const int64_t due = begin_ns + static_cast<int64_t>(i) * kProducerPeriodNs;
    if (now_ns() < due) sleep_until_ns(due);
    reading.ts += kProducerPeriodNs;
    ++reading.seq;
    const int64_t start = now_ns();
    if (start - due > kProducerPeriodNs) ++times.late;
    const bool control_first = i % 2 == 0;
    control_first ? empty_call(reading) : put(appender.get(), reading);
    const int64_t middle = now_ns();
    control_first ? put(appender.get(), reading) : empty_call(reading);
    const int64_t end = now_ns();
    times.append_ns.push_back(control_first ? end - middle : middle - start);
    times.control_ns.push_back(control_first ? middle - start : end - middle);
  }
}

// Asks over and over while it lives.
class Reader {
 public:
  explicit Reader(mote::Database& database)
      : thread_([this, &database] {
          mote::Connection connection = need(database.connect(), "connect");
          mote::Statement statement = need(
              connection.prepare("SELECT count(*), max(ts), sum(v0) FROM readings"), "prepare");
          while (!stop_.load()) {
            need(statement.run(), "read");
            ++queries_;
            sleep_until_ns(now_ns() + 20'000'000);
          }
        }) {}
  ~Reader() { stop(); }
  uint64_t stop() {
    stop_.store(true);
    if (thread_.joinable()) thread_.join();
    return queries_.load();
  }

 private:
  std::atomic<bool> stop_{false};
  std::atomic<uint64_t> queries_{0};
  std::thread thread_;
};

void report_append_times(std::vector<ProducerTimes>& producers) {
  std::vector<int64_t> append;
  std::vector<int64_t> control;
  uint64_t late = 0;
  for (ProducerTimes& times : producers) {
    append.insert(append.end(), times.append_ns.begin(), times.append_ns.end());
    control.insert(control.end(), times.control_ns.begin(), times.control_ns.end());
    late += times.late;
  }
  std::sort(append.begin(), append.end());
  std::sort(control.begin(), control.end());
  const char* thread_class = producers.front().thread_class;
  const auto row = [&](const char* metric, double value, const char* unit) {
    Row line("append_10khz", metric);
    line.value(value, unit).samples(append.size()).text("class", thread_class);
    return line;
  };
  const auto us = [](const std::vector<int64_t>& sorted, double p) {
    return quantile_of_sorted(sorted, p) / 1e3;
  };
  row("p50", us(append, 0.5), "us").at_most(0.5).print();
  row("p99", us(append, 0.99), "us").print();
  row("p99.9", us(append, 0.999), "us").at_most(20).print();
  row("max", us(append, 1), "us").print();
  row("control_p50", us(control, 0.5), "us").print();
  row("control_p99.9", us(control, 0.999), "us").print();
  row("control_max", us(control, 1), "us").print();
  const double excess = std::max(0.0, us(append, 1) - us(control, 1));
  row("max_beyond_control", excess / 1e3, "ms").at_most(1).print();
  row("began_late", static_cast<double>(late), "rows").print();
}

}  // namespace

void run_appends(const Arguments& arguments, const std::string& directory) {
  const uint64_t rows = (arguments.quick ? 8 : 60) * 10'000ull;
  MoteStore store(directory + "/mote", kValues, mote::Options{});
  std::deque<mote::Appender> appenders;
  std::vector<ProducerTimes> times(kProducers);
  for (int i = 0; i < kProducers; ++i) {
    appenders.push_back(need(store.database().appender("readings"), "appender"));
    // Touched now, so that no page fault falls into a measured call.
    times[i].append_ns.assign(rows, 1);
    times[i].control_ns.assign(rows, 1);
    times[i].append_ns.clear();
    times[i].control_ns.clear();
  }
  uint64_t queries = 0;
  {
    const Checkpoints checkpoints(store.database());
    Reader reader(store.database());
    std::vector<std::thread> threads;
    const int64_t begin = now_ns() + 50'000'000;
    for (int i = 0; i < kProducers; ++i) {
      const int64_t shift = kProducerPeriodNs * i / kProducers;
      threads.emplace_back(produce, std::ref(appenders[i]), begin + shift, rows,
                           ReadingSource(Signal::kImu, 100 + i), std::ref(times[i]));
    }
    for (std::thread& thread : threads) thread.join();
    queries = reader.stop();
  }
  report_append_times(times);
  uint64_t dropped = 0;
  for (mote::Appender& appender : appenders) {
    need(appender.flush(std::chrono::seconds(30)), "flush");
    dropped += appender.counters().dropped;
  }
  Row("append_10khz", "dropped")
      .value(static_cast<double>(dropped), "rows")
      .samples(rows * kProducers)
      .at_most(0)
      .print();
  const double stored = store.ask("SELECT count(*) FROM readings");
  Row("append_10khz", "missing")
      .value(static_cast<double>(rows * kProducers - dropped) - stored, "rows")
      .samples(rows * kProducers)
      .at_most(0)
      .print();
  const mote_counters counters = store.database().counters();
  Row("append_10khz", "background_work")
      .value(static_cast<double>(counters.flushes + counters.merges), "flushes and merges")
      .samples(1)
      .number("reader_queries", static_cast<double>(queries))
      .number("waits_for_memtable", static_cast<double>(counters.waits_for_memtable))
      .text("log_thread_class", counters.log_thread_class)
      .print();
  Row("append_10khz", "load_average").value(load_average(), "processes").samples(1).print();
}

void run_acknowledgements(const Arguments& arguments, const std::string& directory) {
  const uint64_t rows = arguments.quick ? 600 : 4'000;
  mote::Options options;
  MoteStore store(directory + "/mote", kValues, options);
  RawWriter raw(directory + "/raw", RawWriter::kBlockBytes, 16u << 20);
  ReadingSource source(Signal::kImu, 3);
  Random random(5);
  std::vector<int64_t> raw_ns;
  std::vector<int64_t> ack_ns;
  const RealTime real_time;
  for (uint64_t i = 0; i < rows; ++i) {
    const auto append = [&] {
      const Reading reading = source.next();
      const int64_t begin = now_ns();
      const mote::Ack ack = store.append(reading);
      if (!ack.wait_for(std::chrono::seconds(10))) fail("mote: wait: %s", mote_error_message());
      ack_ns.push_back(now_ns() - begin);
    };
    const auto write = [&] {
      const int64_t begin = now_ns();
      raw.write(RawWriter::kBlockBytes);
      raw_ns.push_back(now_ns() - begin);
    };
    // At any point of the window, and not always at the same.
    sleep_until_ns(now_ns() + static_cast<int64_t>(random.below(4'000'000)));
    if (random.below(2) == 0) {
      append();
      write();
    } else {
      write();
      append();
    }
  }
  const double raw_us = quantile(raw_ns, 0.5) / 1e3;
  const double goal = options.window_ms * 1e3 + 1.2 * raw_us;
  Row("acknowledgement", "p50")
      .value(quantile(ack_ns, 0.5) / 1e3, "us")
      .samples(rows)
      .text("class", real_time.name())
      .number("window_ms", options.window_ms)
      .number("raw_p50_us", raw_us)
      .at_most(goal)
      .print();
  Row("acknowledgement", "p99")
      .value(quantile(ack_ns, 0.99) / 1e3, "us")
      .samples(rows)
      .number("raw_p99_us", quantile(raw_ns, 0.99) / 1e3)
      .print();
}

void run_without_disk(const Arguments& arguments) {
  const Scratch scratch("/dev/shm");
  MoteStore store(scratch / "mote", kValues, mote::Options{});
  ReadingSource source(Signal::kImu, 9);
  const uint64_t rows = arguments.quick ? 1'600 : 24'000;
  constexpr int64_t kPeriodNs = 5'000'000;
  std::vector<int64_t> call_ns(rows);
  std::vector<int64_t> jitter_ns(rows);
  std::vector<int64_t> spin_ns(rows);
  const char* thread_class = "";
  {
    const Checkpoints checkpoints(store.database());
    const int64_t begin = now_ns() + kPeriodNs;
    // Beside it a thread that only wakes: how late is what the scheduler does to anybody.
    std::thread jitter([&] {
      const RealTime real_time;
      for (uint64_t i = 0; i < rows; ++i) {
        const int64_t due = begin + static_cast<int64_t>(i) * kPeriodNs + kPeriodNs / 2;
        sleep_until_ns(due);
        jitter_ns[i] = now_ns() - due;
      }
    });
    const RealTime real_time;
    thread_class = real_time.name();
    for (uint64_t i = 0; i < rows; ++i) {
      const Reading reading = source.next();
      sleep_until_ns(begin + static_cast<int64_t>(i) * kPeriodNs);
      const int64_t start = now_ns();
      store.insert(reading);
      const int64_t end = now_ns();
      call_ns[i] = end - start;
      // The same time spent doing nothing: what is stolen from it is not the database's.
      int64_t now = end;
      while (now - end < call_ns[i] && now - end < 1'000'000) now = now_ns();
      spin_ns[i] = now - end - std::min<int64_t>(call_ns[i], 1'000'000);
    }
    jitter.join();
  }
  const double call = quantile(call_ns, 1);
  const double jitter = quantile(jitter_ns, 1);
  const auto row = [&](const char* metric, double value, const char* unit) {
    Row line("without_disk", metric);
    line.value(value, unit).samples(rows).text("class", thread_class);
    return line;
  };
  row("p50", quantile(call_ns, 0.5) / 1e3, "us").print();
  row("p99", quantile(call_ns, 0.99) / 1e3, "us").print();
  row("p99.9", quantile(call_ns, 0.999) / 1e3, "us").print();
  row("max", call / 1e3, "us").print();
  row("jitter_max", jitter / 1e3, "us").print();
  row("spin_control_max", quantile(spin_ns, 1) / 1e3, "us").print();
  row("max_beyond_jitter", std::max(0.0, call - jitter) / kMillisecond, "ms").at_most(1).print();
  Row("without_disk", "load_average").value(load_average(), "processes").samples(1).print();
}

}  // namespace bench
