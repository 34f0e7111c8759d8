// Latency of single durable rows against a raw durable write, interleaved in one loop, beside other
// databases; and of rows that are not waited for.
#include "latency.h"

#include <memory>
#include <string>
#include <vector>

#include "harness.h"
#include "interleave.h"
#include "machine.h"
#include "peers.h"

namespace bench {

namespace {

constexpr uint32_t kValues = 10;  // a row of 96 bytes
constexpr uint64_t kRawFileBytes = 16u << 20;
constexpr RatioGoals kSyncGoals{1.10, 1.30};

// Everything that takes part in the durable loops.
struct Contest {
  Contest(const std::string& where, bool with_peers) : directory(where) {
    if (with_peers) peers = open_peers(directory + "/peers", kValues);
    add(kRawLane, "", [this] { raw.write(RawWriter::kBlockBytes); });
    add(kControlLane, "", [this] { control.write(RawWriter::kBlockBytes); });
    add(kMoteLane, "", [this] { store.insert(row); });
    for (const std::unique_ptr<Peer>& peer : peers) {
      add(peer->name(), peer->version(), [this, &peer] { peer->insert(row); });
    }
  }

  void add(const std::string& name, const std::string& version, std::function<void()> run) {
    Lane lane;
    lane.name = name;
    lane.version = version;
    lane.run = std::move(run);
    lanes.push_back(std::move(lane));
  }

  std::string directory;
  ReadingSource source{Signal::kImu, 1};
  Reading row;
  RawWriter raw{directory + "/raw", RawWriter::kBlockBytes, kRawFileBytes};
  RawWriter control{directory + "/control", RawWriter::kBlockBytes, kRawFileBytes};
  MoteStore store{directory + "/mote", kValues, mote::Options{}};
  std::vector<std::unique_ptr<Peer>> peers;
  std::vector<Lane> lanes;
};

// Each iteration runs raw, control and mote and one of the peers, in random order, without a pause.
std::string closed_loop(Contest& contest, uint64_t iterations, int64_t most_ns) {
  Random random(7);
  const size_t fixed = 3;
  const RealTime real_time;
  const int64_t begin = now_ns();
  for (uint64_t i = 0; i < iterations && now_ns() - begin < most_ns; ++i) {
    contest.row = contest.source.next();
    std::vector<size_t> order = {0, 1, 2};
    if (contest.lanes.size() > fixed) {
      order.push_back(fixed + random.below(contest.lanes.size() - fixed));
    }
    for (size_t at = order.size(); at > 1; --at) std::swap(order[at - 1], order[random.below(at)]);
    for (const size_t lane : order) run_lane(contest.lanes[lane], i);
  }
  return real_time.name();
}

// Every 5 ms one row and one raw write, 2.5 ms apart, in random order; the raw write is the
// control's every other time.
std::string at_200_hz(Contest& contest, uint64_t iterations) {
  constexpr int64_t kPeriodNs = 5'000'000;
  Random random(11);
  const RealTime real_time;
  const int64_t begin = now_ns() + kPeriodNs;
  for (uint64_t i = 0; i < iterations; ++i) {
    contest.row = contest.source.next();
    size_t first = random.below(2);
    size_t second = 2;
    if (random.below(2) == 0) std::swap(first, second);
    const int64_t at = begin + static_cast<int64_t>(i) * kPeriodNs;
    sleep_until_ns(at);
    run_lane(contest.lanes[first], i);
    sleep_until_ns(at + kPeriodNs / 2);
    run_lane(contest.lanes[second], i);
  }
  return real_time.name();
}

void report_log_class(mote::Database& database, const char* case_name) {
  const mote_counters counters = database.counters();
  Row(case_name, "background_work")
      .value(static_cast<double>(counters.flushes + counters.merges), "flushes and merges")
      .samples(1)
      .number("flushes", static_cast<double>(counters.flushes))
      .number("merges", static_cast<double>(counters.merges))
      .number("waits_for_memtable", static_cast<double>(counters.waits_for_memtable))
      .text("log_thread_class", counters.log_thread_class)
      .print();
}

void run_closed_loop(const Arguments& arguments, const std::string& directory) {
  Contest contest(directory, true);
  print_peers("sync_closed", contest.peers);
  ReportLabels labels{"sync_closed", ""};
  {
    const Checkpoints checkpoints(contest.store.database());
    const uint64_t iterations = arguments.quick ? 4'000 : 50'000;
    const int64_t most_ns = (arguments.quick ? 12 : 150) * 1'000'000'000LL;
    labels.thread_class = closed_loop(contest, iterations, most_ns);
  }
  report_lanes(labels, contest.lanes, kSyncGoals);
  report_log_class(contest.store.database(), "sync_closed");
}

void run_200_hz(const Arguments& arguments, const std::string& directory) {
  Contest contest(directory, false);
  ReportLabels labels{"sync_200hz", ""};
  {
    const Checkpoints checkpoints(contest.store.database());
    labels.thread_class = at_200_hz(contest, arguments.quick ? 1'600 : 12'000);
  }
  report_lanes(labels, contest.lanes, kSyncGoals);
  report_log_class(contest.store.database(), "sync_200hz");
}

}  // namespace

Checkpoints::Checkpoints(mote::Database& database)
    : thread_([this, &database] {
        int64_t next = now_ns() + 1'000'000'000;
        while (!stop_.load()) {
          sleep_until_ns(std::min(next, now_ns() + 50'000'000));
          if (now_ns() < next) continue;
          need(database.checkpoint(), "checkpoint");
          next = now_ns() + 1'000'000'000;
        }
      }) {}

Checkpoints::~Checkpoints() {
  stop_.store(true);
  thread_.join();
}

}  // namespace bench

int main(int count, char** values) {
  using namespace bench;
  const Arguments arguments = Arguments::parse(count, values);
  print_machine(arguments.directory, [] { return RealTime().name(); }());
  if (arguments.wants("sync_closed")) {
    const Scratch scratch(arguments.directory);
    run_closed_loop(arguments, scratch.path());
  }
  if (arguments.wants("sync_200hz")) {
    const Scratch scratch(arguments.directory);
    run_200_hz(arguments, scratch.path());
  }
  if (arguments.wants("without_disk")) run_without_disk(arguments);
  if (arguments.wants("append_10khz")) {
    const Scratch scratch(arguments.directory);
    run_appends(arguments, scratch.path());
  }
  if (arguments.wants("acknowledgement")) {
    const Scratch scratch(arguments.directory);
    run_acknowledgements(arguments, scratch.path());
  }
  return 0;
}
