#include "readings.h"

#include <cmath>

namespace bench {

namespace {

constexpr double kGravity = 9.80665;
constexpr int64_t kEpochNs = 1'769'421'600'000'000'000;  // 2026-01-26T10:00:00Z
constexpr int64_t kPeriodNs = 5'000'000;
constexpr double kStepSeconds = 0.005;

mote::Database open(const std::string& directory, uint32_t value_count,
                    const mote::Options& options, const std::string& table) {
  mote::Database database = need(mote::Database::open(directory, options), "open");
  std::string sql = "CREATE TABLE IF NOT EXISTS " + table +
                    " (ts TIMESTAMP NOT NULL, sensor INTEGER NOT NULL, seq INTEGER NOT NULL";
  for (uint32_t i = 0; i < value_count; ++i) {
    sql += ", v" + std::to_string(i) + " FLOAT NOT NULL";
  }
  need(database.execute(sql + ")"), "create table");
  return database;
}

std::string insert_text(uint32_t value_count, const std::string& table) {
  std::string sql = "INSERT INTO " + table + " VALUES (?, ?, ?";
  for (uint32_t i = 0; i < value_count; ++i) sql += ", ?";
  return sql + ")";
}

}  // namespace

ReadingSource::ReadingSource(Signal signal, uint64_t seed, uint32_t value_count)
    : signal_(signal), value_count_(value_count), random_(seed) {}

double ReadingSource::value(uint32_t sensor, uint32_t axis) {
  double& state = state_[sensor][axis];
  double& rate = rate_[sensor][axis];
  switch (signal_) {
    case Signal::kImu: {
      // Counts of a 16-bit converter: a slow movement under noise of some counts.
      rate = 0.99 * rate + 6 * random_.bell();
      state = std::fmax(-32768, std::fmin(32767, 0.999 * state + rate + 12 * random_.bell()));
      return std::round(state) * (kGravity / 16384);
    }
    case Signal::kDecimal: {
      rate = 0.99 * rate + 0.004 * random_.bell();
      state = 0.999 * state + rate + 0.01 * random_.bell();
      return std::round(state * 1000) / 1000;
    }
    case Signal::kEkf: {
      rate = 0.995 * rate + 0.02 * random_.bell();
      state += rate * kStepSeconds + 1e-6 * random_.bell();
      return state;
    }
    case Signal::kNoise: break;
  }
  return random_.unit() * 2 - 1;
}

Reading ReadingSource::next() {
  Reading reading;
  reading.sensor = static_cast<uint32_t>(row_ % kSensors);
  reading.seq = static_cast<uint32_t>(row_ / kSensors);
  const int64_t jitter = static_cast<int64_t>(random_.bell() * 20'000);
  reading.ts = kEpochNs + static_cast<int64_t>(reading.seq) * kPeriodNs +
               static_cast<int64_t>(reading.sensor) * (kPeriodNs / kSensors) + jitter;
  if (random_.below(100) == 0) reading.ts -= static_cast<int64_t>(random_.below(10'000'000));
  for (uint32_t axis = 0; axis < value_count_; ++axis) {
    reading.values[axis] = value(reading.sensor, axis);
  }
  ++row_;
  return reading;
}

MoteStore::MoteStore(const std::string& directory, uint32_t value_count,
                     const mote::Options& options, const std::string& table)
    : value_count_(value_count),
      table_(table),
      database_(open(directory, value_count, options, table)),
      insert_(need(database_.prepare(insert_text(value_count, table)), "prepare")) {}

void MoteStore::bind(const Reading& reading) {
  need(insert_.bind(1, mote::Timestamp{reading.ts}), "bind");
  need(insert_.bind(2, reading.sensor), "bind");
  need(insert_.bind(3, reading.seq), "bind");
  for (uint32_t i = 0; i < value_count_; ++i) need(insert_.bind(4 + i, reading.values[i]), "bind");
}

void MoteStore::insert(const Reading& reading) {
  bind(reading);
  need(insert_.run(), "insert");
}

void MoteStore::insert_batch(std::span<const Reading> readings) {
  need(database_.execute("BEGIN"), "begin");
  for (const Reading& reading : readings) insert(reading);
  need(database_.execute("COMMIT"), "commit");
}

mote::Ack MoteStore::append(const Reading& reading) {
  if (!appender_) {
    constexpr uint64_t kRingBytes = 1u << 20;
    appender_.emplace(
        need(database_.appender(table_, {mote::OnFull::block(kPatience), kRingBytes}), "appender"));
  }
  mote_appender* const appender = appender_->get();
  mote_append_begin(appender);
  mote_append_integer(appender, reading.ts);
  mote_append_integer(appender, reading.sensor);
  mote_append_integer(appender, reading.seq);
  for (uint32_t i = 0; i < value_count_; ++i) mote_append_float(appender, reading.values[i]);
  mote_ack row = 0;
  if (mote_append_end(appender, &row) != MOTE_OK) fail("mote: append: %s", mote_error_message());
  return mote::Ack(appender, row);
}

void MoteStore::append_batch(std::span<const Reading> readings) {
  mote::Ack last;
  for (const Reading& reading : readings) last = append(reading);
  if (!last.wait_for(kPatience)) fail("mote: wait: %s", mote_error_message());
}

double MoteStore::ask(const std::string& sql) {
  mote::Statement statement = need(database_.prepare(sql), sql.c_str());
  if (!need(statement.step(), sql.c_str())) fail("mote: %s: no row", sql.c_str());
  return statement.number(0);
}

}  // namespace bench
