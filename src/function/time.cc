// Functions between TIMESTAMP, INTERVAL and numbers: now, epoch, make_timestamp, time_bucket.
#include <algorithm>
#include <cmath>

#include "function/lanes.h"
#include "function/registry.h"
#include "function/signature.h"
#include "types/text_format.h"

namespace mote {

namespace {

using enum TypeKind;

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kDay = 86'400 * kSecond;
// Buckets start from here unless told otherwise: 2000-01-03, a Monday, so that buckets of a week
// begin on Mondays; 2000-01-01 for months.
constexpr int64_t kDefaultOrigin = 946'857'600 * kSecond;
constexpr int64_t kDefaultMonthOrigin = 946'684'800 * kSecond;

int64_t floor_divide(int64_t value, int64_t by) {
  const int64_t quotient = value / by;
  return value % by < 0 ? quotient - 1 : quotient;
}

Status now(const FunctionContext& context, Arguments, uint32_t row_count, Column& out) {
  std::fill_n(out.lane<int64_t>(), row_count, context.statement_wall_ns);
  return {};
}

// Whole units since 1970, rounded down.
template <int64_t kUnit>
Status epoch_of_timestamps(const FunctionContext&, Arguments arguments, uint32_t row_count,
                           Column& out) {
  return map_rows<int64_t, int64_t>(*arguments[0], row_count, out,
                                    [](int64_t time) { return floor_divide(time, kUnit); });
}

template <int64_t kUnit>
Status epoch_of_intervals(const FunctionContext&, Arguments arguments, uint32_t row_count,
                          Column& out) {
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    const Interval span = interval_at(*arguments[0], i);
    const __int128 length =
        (static_cast<__int128>(span.months) * 30 + span.days) * kDay + span.nanoseconds;
    const __int128 units = length / kUnit - (length % kUnit < 0 ? 1 : 0);
    if (units < INT64_MIN || units > INT64_MAX) {
      return invalid_argument("an INTERVAL of %d months and %d days is longer than 2^63 ns",
                              span.months, span.days);
    }
    out.lane<int64_t>()[i] = static_cast<int64_t>(units);
    return {};
  });
}

// Seconds with their fraction. The whole seconds are split off first, so that the fraction keeps
// what FLOAT has room for.
double seconds_of(int64_t nanoseconds) {
  const int64_t whole = floor_divide(nanoseconds, kSecond);
  return static_cast<double>(whole) + static_cast<double>(nanoseconds - whole * kSecond) / 1e9;
}

Status epoch_seconds(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  return map_rows<double, int64_t>(*arguments[0], row_count, out, seconds_of);
}

Status epoch_seconds_of_intervals(const FunctionContext&, Arguments arguments, uint32_t row_count,
                                  Column& out) {
  return fill_valid_rows(row_count, out, [&](uint32_t i) {
    const Interval span = interval_at(*arguments[0], i);
    const double days = static_cast<double>(span.months) * 30 + span.days;
    out.lane<double>()[i] = days * 86400 + seconds_of(span.nanoseconds);
  });
}

template <int64_t kUnit>
Status timestamps_from_integers(const FunctionContext&, Arguments arguments, uint32_t row_count,
                                Column& out) {
  const auto* const from = arguments[0]->lane<int64_t>();
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    if (!__builtin_mul_overflow(from[i], kUnit, &out.lane<int64_t>()[i])) return {};
    return invalid_argument("%lld units of %lld ns are outside the range of TIMESTAMP",
                            static_cast<long long>(from[i]), static_cast<long long>(kUnit));
  });
}

Status timestamps_from_seconds(const FunctionContext&, Arguments arguments, uint32_t row_count,
                               Column& out) {
  const auto* const from = arguments[0]->lane<double>();
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    const double whole = std::floor(from[i]);
    // Also for NaN.
    if (!(std::fabs(whole) < 9.2e9)) {
      return invalid_argument("%g seconds are outside the range of TIMESTAMP", from[i]);
    }
    out.lane<int64_t>()[i] = static_cast<int64_t>(whole) * kSecond +
                             static_cast<int64_t>(std::nearbyint((from[i] - whole) * 1e9));
    return {};
  });
}

Status timestamps_from_parts(const FunctionContext&, Arguments arguments, uint32_t row_count,
                             Column& out) {
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    const auto part = [&](size_t at) { return arguments[at]->lane<int64_t>()[i]; };
    const double seconds = arguments[5]->lane<double>()[i];
    if (part(0) < 1 || part(0) > 9999 || part(1) < 1 || part(1) > 12 || part(2) < 1 ||
        part(3) < 0 || part(3) > 23 || part(4) < 0 || part(4) > 59 ||
        !(seconds >= 0 && seconds < 60)) {
      return invalid_argument(
          "make_timestamp takes a year, month 1-12, day, hour 0-23, minute 0-59, second 0-59");
    }
    CivilTime civil{};
    civil.year = static_cast<int32_t>(part(0));
    civil.month = static_cast<uint32_t>(part(1));
    civil.day = static_cast<uint32_t>(std::min<int64_t>(part(2), 32));
    civil.hour = static_cast<uint32_t>(part(3));
    civil.minute = static_cast<uint32_t>(part(4));
    civil.second = static_cast<uint32_t>(seconds);
    MOTE_ASSIGN(const int64_t time, timestamp_from_civil(civil));
    if (civil_from_timestamp(time).day != civil.day) {
      return invalid_argument("%d-%02u has no day %lld", civil.year, civil.month,
                              static_cast<long long>(part(2)));
    }
    const double fraction = seconds - std::floor(seconds);
    const auto nanoseconds = static_cast<int64_t>(std::nearbyint(fraction * 1e9));
    return __builtin_add_overflow(time, nanoseconds, &out.lane<int64_t>()[i])
               ? invalid_argument("time is outside the range of TIMESTAMP")
               : Status();
  });
}

// The start of the bucket of `width` that holds `time`. Remainders are taken apart, since the
// distance from the origin may not fit.
Result<int64_t> bucket_of_width(int64_t width, int64_t time, int64_t origin) {
  if (width <= 0) {
    return invalid_argument("time_bucket needs a width above zero, not %lld ns",
                            static_cast<long long>(width));
  }
  const auto remainder = [width](int64_t value) {
    const int64_t rest = value % width;
    return rest < 0 ? rest + width : rest;
  };
  int64_t into = remainder(time) - remainder(origin);
  if (into < 0) into += width;
  int64_t start = 0;
  if (__builtin_sub_overflow(time, into, &start)) {
    return invalid_argument("the bucket begins before 1677-09-21, outside the range of TIMESTAMP");
  }
  return start;
}

int64_t months_of(const CivilTime& civil) { return int64_t{civil.year} * 12 + civil.month - 1; }

Result<int64_t> bucket_of_months(int32_t width, int64_t time, int64_t origin) {
  if (width <= 0) {
    return invalid_argument("time_bucket needs a width above zero, not %d months", width);
  }
  const int64_t from = months_of(civil_from_timestamp(origin));
  const int64_t count = months_of(civil_from_timestamp(time)) - from;
  int64_t start_month = floor_divide(count, width) * width;
  MOTE_ASSIGN(int64_t start,
              add_interval(origin, Interval{static_cast<int32_t>(start_month), 0, 0}));
  if (start <= time) return start;
  // The origin's day and hour within its month are later than those of the time.
  start_month -= width;
  return add_interval(origin, Interval{static_cast<int32_t>(start_month), 0, 0});
}

Result<int64_t> bucket_of(Interval width, int64_t time, const int64_t* origin) {
  if (width.months != 0) {
    if (width.days != 0 || width.nanoseconds != 0) {
      return invalid_argument("time_bucket takes months, or days and hours, but not both");
    }
    return bucket_of_months(width.months, time, origin != nullptr ? *origin : kDefaultMonthOrigin);
  }
  int64_t nanoseconds = 0;
  if (__builtin_mul_overflow(int64_t{width.days}, kDay, &nanoseconds) ||
      __builtin_add_overflow(nanoseconds, width.nanoseconds, &nanoseconds)) {
    return invalid_argument("time_bucket's width of %d days is above 2^63 ns", width.days);
  }
  return bucket_of_width(nanoseconds, time, origin != nullptr ? *origin : kDefaultOrigin);
}

Status time_bucket(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  const auto* const times = arguments[1]->lane<int64_t>();
  const int64_t* const origins = arguments.size() > 2 ? arguments[2]->lane<int64_t>() : nullptr;
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    MOTE_ASSIGN(out.lane<int64_t>()[i], bucket_of(interval_at(*arguments[0], i), times[i],
                                                  origins != nullptr ? origins + i : nullptr));
    return {};
  });
}

Status integer_bucket(const FunctionContext&, Arguments arguments, uint32_t row_count,
                      Column& out) {
  const auto* const widths = arguments[0]->lane<int64_t>();
  const auto* const values = arguments[1]->lane<int64_t>();
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    const int64_t origin = arguments.size() > 2 ? arguments[2]->lane<int64_t>()[i] : 0;
    MOTE_ASSIGN(out.lane<int64_t>()[i], bucket_of_width(widths[i], values[i], origin));
    return {};
  });
}

std::optional<Type> resolve_now(std::span<const Type>, std::span<Type>) {
  return Type::timestamp();
}
std::optional<Type> resolve_now_ns(std::span<const Type>, std::span<Type>) {
  return Type::integer();
}

constexpr auto kIntegerOfTime = takes<kInteger, kTimestamp>;
constexpr auto kIntegerOfSpan = takes<kInteger, kInterval>;
constexpr auto kTimeOfInteger = takes<kTimestamp, kInteger>;
constexpr std::string_view kOneTime = "(TIMESTAMP)";
constexpr std::string_view kOneSpan = "(INTERVAL)";
constexpr std::string_view kOneInteger = "(INTEGER)";

template <int64_t kUnit>
constexpr ScalarFunction epoch(std::string_view name) {
  return passing(name, kOneTime, kIntegerOfTime, epoch_of_timestamps<kUnit>, 1);
}
template <int64_t kUnit>
constexpr ScalarFunction span_epoch(std::string_view name) {
  return passing(name, kOneSpan, kIntegerOfSpan, epoch_of_intervals<kUnit>, 1);
}

constexpr ScalarFunction kTable[] = {
    {"now", resolve_now, now, 0, 0, true, Volatility::kStable, "()"},
    {"current_timestamp", resolve_now, now, 0, 0, true, Volatility::kStable, "()"},
    {"now_ns", resolve_now_ns, now, 0, 0, true, Volatility::kStable, "()"},
    epoch<1>("epoch_ns"),
    span_epoch<1>("epoch_ns"),
    epoch<1000>("epoch_us"),
    span_epoch<1000>("epoch_us"),
    epoch<1000000>("epoch_ms"),
    span_epoch<1000000>("epoch_ms"),
    passing("epoch", kOneTime, takes<kFloat, kTimestamp>, epoch_seconds, 1),
    passing("epoch", kOneSpan, takes<kFloat, kInterval>, epoch_seconds_of_intervals, 1),
    passing("make_timestamp_ns", kOneInteger, kTimeOfInteger, timestamps_from_integers<1>, 1),
    passing("make_timestamp_ms", kOneInteger, kTimeOfInteger, timestamps_from_integers<1000000>, 1),
    passing("make_timestamp", "(microseconds)", kTimeOfInteger, timestamps_from_integers<1000>, 1),
    passing("make_timestamp", "(year, month, day, hour, minute, second)",
            takes<kTimestamp, kInteger, kInteger, kInteger, kInteger, kInteger, kFloat>,
            timestamps_from_parts, 6),
    passing("to_timestamp", "(seconds)", takes<kTimestamp, kFloat>, timestamps_from_seconds, 1),
    passing("time_bucket", "(INTERVAL, TIMESTAMP [, origin])",
            takes<kTimestamp, kInterval, kTimestamp>, time_bucket, 2, 3),
    passing("time_bucket", "(INTEGER, INTEGER [, origin])", takes<kInteger, kInteger>,
            integer_bucket, 2, 3),
};

}  // namespace

std::span<const ScalarFunction> time_functions() { return kTable; }

}  // namespace mote
