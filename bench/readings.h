// The rows that the benchmarks write, and moteDB's side of writing them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "harness.h"
#include "mote/mote.hpp"

namespace bench {

// A sensor's reading. 64 bytes with six values, 96 with ten.
struct Reading {
  static constexpr uint32_t kMostValues = 10;
  int64_t ts = 0;
  uint32_t sensor = 0;
  uint32_t seq = 0;
  std::array<double, kMostValues> values{};

  static constexpr size_t bytes_of(uint32_t value_count) { return 16 + 8ull * value_count; }
};

enum class Signal : uint8_t {
  kImu,      // integers of 16 bits times a scale, as an IMU's driver gives them
  kDecimal,  // rounded to 0.001, as a logger that prints gives them
  kEkf,      // true doubles of a smooth pose
  kNoise,    // random bits of the mantissa: nothing can be saved
};

// A robot's stream: 16 sensors at 200 Hz each with 20 us of jitter, 1 % of the rows late by up to
// 10 ms. The same seed gives the same rows.
class ReadingSource {
 public:
  static constexpr uint32_t kSensors = 16;
  ReadingSource(Signal signal, uint64_t seed, uint32_t value_count = Reading::kMostValues);
  Reading next();

 private:
  double value(uint32_t sensor, uint32_t axis);

  Signal signal_;
  uint32_t value_count_;
  Random random_;
  uint64_t row_ = 0;
  std::array<std::array<double, Reading::kMostValues>, kSensors> state_{};
  std::array<std::array<double, Reading::kMostValues>, kSensors> rate_{};
};

// Ends the program with moteDB's message when a call failed.
template <typename T>
T need(mote::Result<T> result, const char* what) {
  if (!result.ok()) fail("mote: %s: %s", what, result.error().message.c_str());
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

// A database with one table, `readings (ts, sensor, seq, v0..)`.
class MoteStore {
 public:
  // Waits for room in the appender's ring at most this long.
  static constexpr std::chrono::seconds kPatience{60};

  MoteStore(const std::string& directory, uint32_t value_count, const mote::Options& options,
            const std::string& table = "readings");

  // One durable commit through a prepared INSERT.
  void insert(const Reading& reading);
  // One transaction of prepared INSERTs.
  void insert_batch(std::span<const Reading> readings);
  // Through the appender; returns when the last row is durable.
  void append_batch(std::span<const Reading> readings);
  // Through the appender; does not wait.
  mote::Ack append(const Reading& reading);

  mote::Database& database() { return database_; }
  void close() { need(database_.close(), "close"); }
  // The first value of the first row that a query gives.
  double ask(const std::string& sql);

 private:
  void bind(const Reading& reading);

  uint32_t value_count_;
  std::string table_;
  mote::Database database_;
  mote::Statement insert_;
  // Opened by the first append: while one is open the log's thread wakes once a window.
  std::optional<mote::Appender> appender_;
};

}  // namespace bench
