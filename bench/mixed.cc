// Camera frames beside durable rows: neither may make the other wait. And the memory that all of
// it takes, in a process of its own.
#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "frames.h"
#include "harness.h"
#include "interleave.h"
#include "machine.h"
#include "peers.h"
#include "readings.h"

namespace bench {

namespace {

constexpr uint32_t kValues = 10;
constexpr int64_t kRowPeriodNs = 5'000'000;
constexpr int64_t kFramePeriodNs = 1'000'000'000 / 60;  // two cameras of 30 frames a second
constexpr uint64_t kRawFileBytes = 32u << 20;

Lane lane_of(const std::string& name, const std::string& version, std::function<void()> run) {
  Lane lane;
  lane.name = name;
  lane.version = version;
  lane.run = std::move(run);
  return lane;
}

// One raw write and one of the database at each tick, half a period apart, in random order. With a
// control lane (the second), it stands in for the raw one every other time.
std::string run_pairs(std::vector<Lane>& lanes, int64_t period_ns, uint64_t ticks, uint64_t seed,
                      const std::function<void()>& before_tick) {
  Random random(seed);
  const RealTime real_time;
  const int64_t begin = now_ns() + period_ns;
  for (uint64_t i = 0; i < ticks; ++i) {
    before_tick();
    size_t first = lanes.size() == 2 ? 0 : random.below(2);
    size_t second = lanes.size() - 1;
    if (random.below(2) == 0) std::swap(first, second);
    const int64_t at = begin + static_cast<int64_t>(i) * period_ns;
    sleep_until_ns(at);
    run_lane(lanes[first], i);
    sleep_until_ns(at + period_ns / 2);
    run_lane(lanes[second], i);
  }
  return real_time.name();
}

void run_cameras_and_rows(const Arguments& arguments, const std::string& directory) {
  const uint64_t seconds = arguments.quick ? 12 : 60;
  MoteStore store(directory + "/mote", kValues, mote::Options{});
  FrameStore frames(store.database());
  RawWriter raw_frames(directory + "/raw_frames", FrameSource::kMostBytes, kRawFileBytes);
  RawWriter raw(directory + "/raw", RawWriter::kBlockBytes, kRawFileBytes / 2);
  RawWriter control(directory + "/control", RawWriter::kBlockBytes, kRawFileBytes / 2);
  FrameSource camera(61);
  std::string_view frame;
  uint64_t frame_bytes = 0;
  std::vector<Lane> frame_lanes;
  frame_lanes.push_back(lane_of(kRawLane, "", [&] { raw_frames.write(frame.size()); }));
  frame_lanes.push_back(lane_of(kMoteLane, "", [&] { frames.insert(frame); }));
  ReadingSource source(Signal::kImu, 67);
  Reading row;
  std::vector<Lane> row_lanes;
  row_lanes.push_back(lane_of(kRawLane, "", [&] { raw.write(RawWriter::kBlockBytes); }));
  row_lanes.push_back(lane_of(kControlLane, "", [&] { control.write(RawWriter::kBlockBytes); }));
  row_lanes.push_back(lane_of(kMoteLane, "", [&] { store.insert(row); }));
  const uint64_t blob_bytes_before = store.database().counters().blob_bytes;
  std::string thread_class;
  std::thread cameras([&] {
    run_pairs(frame_lanes, kFramePeriodNs, seconds * 60, 71, [&] {
      frame = camera.next();
      frame_bytes += frame.size();
    });
  });
  thread_class =
      run_pairs(row_lanes, kRowPeriodNs, seconds * 200, 73, [&] { row = source.next(); });
  cameras.join();
  report_lanes({"frames_60_hz", thread_class}, frame_lanes, {0, 1.3});
  report_lanes({"rows_beside_frames", thread_class}, row_lanes, {1.10, 1.30});
  const mote_counters counters = store.database().counters();
  Row("frames_60_hz", "blob_bytes_per_byte")
      .value(static_cast<double>(counters.blob_bytes - blob_bytes_before) /
                 static_cast<double>(frame_bytes),
             "x")
      .samples(frame_lanes[1].took_ns.size())
      .number("frame_bytes", static_cast<double>(frame_bytes))
      .number("log_bytes", static_cast<double>(counters.log_bytes))
      .at_most(1.02)
      .print();
  if (store.ask("SELECT sum(length(image)) FROM frames") != static_cast<double>(frame_bytes)) {
    fail("bytes of frames are missing");
  }
}

// The other databases' frames against raw writes of the same bytes, without rows beside.
void run_peer_frames(const Arguments& arguments, const std::string& directory) {
  const uint64_t ticks = arguments.quick ? 150 : 1'200;
  std::vector<std::unique_ptr<Peer>> peers = open_peers(directory + "/peers", kValues);
  print_peers("frames_alone", peers);
  MoteStore store(directory + "/mote", kValues, mote::Options{});
  FrameStore frames(store.database());
  RawWriter raw(directory + "/raw", FrameSource::kMostBytes, kRawFileBytes);
  FrameSource camera(79);
  std::string_view frame;
  int64_t key = 0;
  std::vector<Lane> lanes;
  lanes.push_back(lane_of(kRawLane, "", [&] { raw.write(frame.size()); }));
  lanes.push_back(lane_of(kMoteLane, "", [&] { frames.insert(frame); }));
  for (const std::unique_ptr<Peer>& peer : peers) {
    lanes.push_back(lane_of(peer->name(), peer->version(), [&] { peer->insert_blob(key, frame); }));
  }
  Random random(83);
  std::vector<size_t> order(lanes.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  const RealTime real_time;
  for (uint64_t tick = 0; tick < ticks; ++tick) {
    frame = camera.next();
    ++key;
    for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    for (const size_t i : order) run_lane(lanes[i], tick);
  }
  report_lanes({"frames_alone", real_time.name()}, lanes, {});
}

}  // namespace

}  // namespace bench

int main(int count, char** values) {
  using namespace bench;
  const Arguments arguments = Arguments::parse(count, values);
  print_machine(arguments.directory, [] { return RealTime().name(); }());
  if (arguments.wants("cameras")) {
    const Scratch scratch(arguments.directory);
    run_cameras_and_rows(arguments, scratch.path());
  }
  if (arguments.wants("peer_frames")) {
    const Scratch scratch(arguments.directory);
    run_peer_frames(arguments, scratch.path());
  }
  if (arguments.wants("memory")) {
    std::vector<std::string> words = {arguments.beside("mixed_memory"), "--dir",
                                      arguments.directory};
    if (arguments.quick) words.push_back("--quick");
    if (run_program(words, Output::kPassedOn) != 0) fail("mixed_memory failed");
  }
  return 0;
}
