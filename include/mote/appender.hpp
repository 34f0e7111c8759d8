// Rows from a control loop. Part of mote.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "mote/mote.h"
#include "mote/result.hpp"
#include "mote/values.hpp"

namespace mote {
inline namespace client {

// What an append does when the ring is full.
struct OnFull {
  mote_on_full policy = MOTE_FAIL;
  uint32_t timeout_ms = 0;
  static OnFull fail() { return {MOTE_FAIL, 0}; }
  static OnFull drop_oldest() { return {MOTE_DROP_OLDEST, 0}; }
  static OnFull drop_newest() { return {MOTE_DROP_NEWEST, 0}; }
  static OnFull block(std::chrono::milliseconds timeout) {
    return {MOTE_BLOCK, static_cast<uint32_t>(timeout.count())};
  }
};

struct AppenderOptions {
  OnFull on_full;
  uint64_t ring_bytes = 1u << 20;  // a power of two
};

// Names one appended row: plain data. Not to be asked once its appender is gone.
class Ack {
 public:
  Ack() = default;
  Ack(mote_appender* appender, mote_ack row) : appender_(appender), row_(row) {}
  bool durable() const { return appender_ != nullptr && mote_ack_durable(appender_, row_) != 0; }
  // True when the row is on the medium; false after the timeout or when it was lost.
  bool wait_for(std::chrono::nanoseconds timeout) const {
    return appender_ != nullptr && mote_ack_wait(appender_, row_, timeout.count()) == MOTE_OK;
  }
  uint64_t row_number() const { return row_; }

 private:
  mote_appender* appender_ = nullptr;
  mote_ack row_ = 0;
};

struct AppenderCounters {
  uint64_t accepted = 0;
  uint64_t dropped = 0;
  uint64_t durable = 0;
};

class Appender {
 public:
  explicit Appender(mote_appender* appender) : appender_(appender) {}

  // A row, one value a column in the table's order; columns left out are their DEFAULT or NULL.
  // Values: nullptr, bool, numbers, text (also of BLOB columns), std::span<const float> for a
  // VECTOR, std::span<const std::byte> for a BLOB, and those of values.hpp. Never waits, unless
  // OnFull::block was asked for.
  template <typename... Values>
  Result<Ack> append(const Values&... values) {
    mote_append_begin(get());
    (put(values), ...);
    mote_ack row = 0;
    const mote_code code = mote_append_end(get(), &row);
    if (code != MOTE_OK) return Error::last(code);
    return Ack(get(), row);
  }

  AppenderCounters counters() {
    mote_appender_counters now{};
    now.struct_size = sizeof now;
    // Fails only for a structure of another size.
    (void)mote_appender_get_counters(get(), &now);
    return {now.accepted, now.dropped, now.durable};
  }
  Result<void> flush(std::chrono::nanoseconds timeout) {
    return detail::checked(mote_appender_flush(get(), timeout.count()));
  }
  mote_appender* get() { return appender_.get(); }

 private:
  void put(std::nullptr_t) { mote_append_null(get()); }
  template <typename T>
  requires std::is_arithmetic_v<T>
  void put(T value) {
    if constexpr (std::is_same_v<T, bool>) {
      mote_append_boolean(get(), value ? 1 : 0);
    } else if constexpr (std::is_floating_point_v<T>) {
      mote_append_float(get(), static_cast<double>(value));
    } else {
      mote_append_integer(get(), static_cast<int64_t>(value));
    }
  }
  void put(std::string_view text) { mote_append_bytes(get(), text.data(), text.size()); }
  void put(std::span<const std::byte> bytes) {
    mote_append_bytes(get(), bytes.data(), bytes.size());
  }
  void put(Timestamp time) { mote_append_integer(get(), time.nanoseconds); }
  void put(Interval span) { mote_append_interval(get(), span.months, span.days, span.nanoseconds); }
  void put(Point point) { mote_append_point(get(), point.x, point.y); }
  void put(Point3d point) { mote_append_point3d(get(), point.x, point.y, point.z); }
  void put(std::span<const float> elements) {
    mote_append_vector(get(), elements.data(), static_cast<uint32_t>(elements.size()));
  }

  struct Close {
    void operator()(mote_appender* appender) const { mote_appender_close(appender); }
  };
  std::unique_ptr<mote_appender, Close> appender_;
};

}  // namespace client
}  // namespace mote
