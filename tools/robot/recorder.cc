#include "recorder.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <mote/mote.hpp>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "latency.h"

namespace robot {

const char* const kSchema =
    "CREATE TABLE IF NOT EXISTS imu (ts TIMESTAMP NOT NULL, ax FLOAT, ay FLOAT, az FLOAT,"
    " gx FLOAT, gy FLOAT, gz FLOAT);"
    "CREATE TABLE IF NOT EXISTS wrench (ts TIMESTAMP NOT NULL, fx FLOAT, fy FLOAT, fz FLOAT,"
    " tx FLOAT, ty FLOAT, tz FLOAT);"
    "CREATE TABLE IF NOT EXISTS odometry (ts TIMESTAMP NOT NULL, position POINT3D,"
    " heading FLOAT, speed FLOAT);"
    "CREATE TABLE IF NOT EXISTS frames (ts TIMESTAMP NOT NULL, image BLOB,"
    " descriptor VECTOR(384), position POINT3D);"
    "CREATE TABLE IF NOT EXISTS notes (ts TIMESTAMP PRIMARY KEY, note TEXT);";

namespace {

using Clock = std::chrono::steady_clock;

int64_t ns_since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
}

class Recorder {
 public:
  Recorder(mote::Database& database, double seconds, int pipe)
      : database_(database), seconds_(seconds), pipe_(pipe) {}

  mote::Result<void> run() {
    for (size_t i = 0; i < kStreamCount; ++i) {
      auto rows = database_.query("SELECT count(*) FROM " + std::string(kStreams[i].table));
      if (!rows) return rows.error();
      if (auto more = rows->step(); !more) return more.error();
      first_[i] = static_cast<uint64_t>(rows->integer(0));
    }
    for (size_t i = 0; i + 1 < kStreamCount; ++i) {
      auto appender = database_.appender(
          kStreams[i].table,
          {mote::OnFull::drop_oldest(), kStreams[i].hertz == 10 ? 4u << 20 : 1u << 20});
      if (!appender) return appender.error();
      appenders_.push_back(std::move(*appender));
    }
    start_ = Clock::now();
    std::vector<std::thread> threads;
    for (size_t i = 0; i < kStreamCount; ++i) {
      threads.emplace_back([this, i] { record_stream(i); });
    }
    report_until_done();
    for (std::thread& thread : threads) thread.join();
    for (mote::Appender& appender : appenders_) {
      if (auto flushed = appender.flush(std::chrono::seconds(10)); !flushed) return flushed;
    }
    send(/*finished=*/true);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (failure_.has_value()) return *failure_;
    return {};
  }

 private:
  // Ticks that are behind schedule are made up for at once, as a sensor's queue would.
  void record_stream(size_t stream) {
    const auto last = static_cast<uint64_t>(seconds_ * kStreams[stream].hertz);
    std::optional<mote::Connection> connection;
    std::optional<mote::Statement> insert;
    if (stream == kStreamCount - 1 && !prepare_notes(&connection, &insert)) return;
    for (uint64_t tick = first_[stream]; tick < last; ++tick) {
      const auto offset =
          static_cast<int64_t>(tick - first_[stream]) * kStreams[stream].period_ns();
      std::this_thread::sleep_until(start_ + std::chrono::nanoseconds(offset));
      const bool good = insert.has_value() ? insert_note(*insert, tick) : append(stream, tick);
      if (!good) break;
    }
    ++done_;
  }

  bool prepare_notes(std::optional<mote::Connection>* connection,
                     std::optional<mote::Statement>* insert) {
    auto connected = database_.connect();
    if (!connected) return fail(connected.error());
    *connection = std::move(*connected);
    auto prepared = (*connection)->prepare("INSERT INTO notes VALUES (?, ?)");
    if (!prepared) return fail(prepared.error());
    *insert = std::move(*prepared);
    return true;
  }

  bool insert_note(mote::Statement& insert, uint64_t tick) {
    const std::string note = note_at(tick);
    const auto started = Clock::now();
    auto done = insert.bind_all(mote::Timestamp{kNotes.time_ns(tick)}, std::string_view(note));
    if (done) done = insert.run();
    const int64_t took = ns_since(started);
    if (!done) return fail(done.error());
    const std::lock_guard<std::mutex> lock(mutex_);
    inserts_.add(took);
    return true;
  }

  bool append(size_t stream, uint64_t tick) {
    mote::Appender& appender = appenders_[stream];
    const int64_t ts = kStreams[stream].time_ns(tick);
    const Pose pose = pose_at(static_cast<double>(tick) / kStreams[stream].hertz);
    const std::array<double, 6> six = stream == 0 ? imu_at(tick) : wrench_at(tick);
    std::string image;
    std::array<float, 384> descriptor{};
    if (stream == 3) {
      image = frame_at(tick);
      descriptor = descriptor_of(image);
    }
    const auto started = Clock::now();
    auto row =
        stream == 2
            ? appender.append(ts, mote::Point3d{pose.x, pose.y, pose.z}, pose.heading, pose.speed)
        : stream == 3
            ? appender.append(ts, std::string_view(image), std::span<const float>(descriptor),
                              mote::Point3d{pose.x, pose.y, pose.z})
            : appender.append(ts, six[0], six[1], six[2], six[3], six[4], six[5]);
    const int64_t took = ns_since(started);
    if (!row) return fail(row.error());
    const std::lock_guard<std::mutex> lock(mutex_);
    appends_.add(took);
    return true;
  }

  bool fail(const mote::Error& error) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!failure_.has_value()) failure_ = error;
    ++done_;
    return false;
  }

  void report_until_done() {
    while (done_ < kStreamCount) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      send(/*finished=*/false);
    }
  }

  void send(bool finished) {
    Progress progress;
    const std::lock_guard<std::mutex> lock(mutex_);
    for (size_t i = 0; i < appenders_.size(); ++i) {
      const mote::AppenderCounters counters = appenders_[i].counters();
      progress.acknowledged[i] = counters.durable;
      progress.dropped[i] = counters.dropped;
    }
    progress.acknowledged[kStreamCount - 1] = inserts_.count();
    progress.appends = appends_.count();
    progress.append_p50_ns = appends_.quantile_ns(0.5);
    progress.append_p99_ns = appends_.quantile_ns(0.99);
    progress.append_p999_ns = appends_.quantile_ns(0.999);
    progress.append_max_ns = appends_.max_ns();
    progress.inserts = inserts_.count();
    progress.insert_p50_ns = inserts_.quantile_ns(0.5);
    progress.insert_p99_ns = inserts_.quantile_ns(0.99);
    progress.insert_max_ns = inserts_.max_ns();
    progress.finished = finished ? 1 : 0;
    // Shorter than PIPE_BUF, so it is written whole; a parent that is gone needs no report.
    if (write(pipe_, &progress, sizeof progress) < 0) pipe_ = -1;
  }

  mote::Database& database_;
  const double seconds_;
  int pipe_;
  std::array<uint64_t, kStreamCount> first_{};  // the first tick to record
  std::vector<mote::Appender> appenders_;       // of all streams but the notes
  Clock::time_point start_;
  std::atomic<size_t> done_{0};
  std::mutex mutex_;
  Latency appends_;
  Latency inserts_;
  std::optional<mote::Error> failure_;
};

}  // namespace

int record(const std::string& directory, double seconds, int pipe) {
  mote::Result<mote::Database> database = mote::Database::open(directory);
  mote::Result<void> done;
  if (!database) {
    done = database.error();
  } else {
    done = database->execute(kSchema);
    if (done) done = Recorder(*database, seconds, pipe).run();
    if (done) done = database->close();
  }
  if (done) return 0;
  std::fprintf(stderr, "demo: %s\n", done.error().message.c_str());
  return 1;
}

}  // namespace robot
