// TIMESTAMP and INTERVAL under + - * /.
//
// An INTEGER beside a TIMESTAMP is a number of nanoseconds. A fraction of a month becomes days of a
// month of 30, a fraction of a day nanoseconds of a day of 24 hours.
#include <cmath>

#include "function/lanes.h"
#include "function/registry.h"
#include "function/signature.h"
#include "types/text_format.h"

namespace mote {

namespace {

using enum TypeKind;

constexpr int64_t kDayNanoseconds = 86'400'000'000'000;

Status interval_overflow() {
  return invalid_argument("INTERVAL out of range: 2^31 months and days, 2^63 nanoseconds");
}

Status timestamp_overflow() {
  return invalid_argument("time is outside 1677-09-21 .. 2262-04-11, the range of TIMESTAMP");
}

bool negated(Interval from, Interval* to) {
  return !__builtin_sub_overflow(0, from.months, &to->months) &&
         !__builtin_sub_overflow(0, from.days, &to->days) &&
         !__builtin_sub_overflow(int64_t{0}, from.nanoseconds, &to->nanoseconds);
}

bool added(Interval a, Interval b, Interval* to) {
  return !__builtin_add_overflow(a.months, b.months, &to->months) &&
         !__builtin_add_overflow(a.days, b.days, &to->days) &&
         !__builtin_add_overflow(a.nanoseconds, b.nanoseconds, &to->nanoseconds);
}

bool multiplied(Interval from, int64_t factor, Interval* to) {
  return !__builtin_mul_overflow(from.months, factor, &to->months) &&
         !__builtin_mul_overflow(from.days, factor, &to->days) &&
         !__builtin_mul_overflow(from.nanoseconds, factor, &to->nanoseconds);
}

bool scaled(Interval from, double factor, Interval* to) {
  const double months = from.months * factor;
  const double days = from.days * factor + (months - std::trunc(months)) * 30;
  const double nanoseconds = static_cast<double>(from.nanoseconds) * factor +
                             std::nearbyint((days - std::trunc(days)) * kDayNanoseconds);
  // Also false for NaN.
  if (!(std::fabs(months) < 2147483647.0 && std::fabs(days) < 2147483647.0 &&
        std::fabs(nanoseconds) < 9223372036854775807.0)) {
    return false;
  }
  *to = {static_cast<int32_t>(months), static_cast<int32_t>(days),
         static_cast<int64_t>(std::nearbyint(nanoseconds))};
  return true;
}

template <bool kMinus>
Status move_timestamps(const Column& times, const Column& spans, uint32_t row_count, Column& out) {
  const auto* const time = times.lane<int64_t>();
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    Interval span = interval_at(spans, i);
    if (kMinus && !negated(span, &span)) return interval_overflow();
    if (span.months == 0 && span.days == 0) {
      if (__builtin_add_overflow(time[i], span.nanoseconds, &out.lane<int64_t>()[i])) {
        return timestamp_overflow();
      }
      return {};
    }
    MOTE_ASSIGN(out.lane<int64_t>()[i], add_interval(time[i], span));
    return {};
  });
}

Status timestamp_plus_interval(const FunctionContext&, Arguments arguments, uint32_t row_count,
                               Column& out) {
  return move_timestamps<false>(*arguments[0], *arguments[1], row_count, out);
}

Status interval_plus_timestamp(const FunctionContext&, Arguments arguments, uint32_t row_count,
                               Column& out) {
  return move_timestamps<false>(*arguments[1], *arguments[0], row_count, out);
}

Status timestamp_minus_interval(const FunctionContext&, Arguments arguments, uint32_t row_count,
                                Column& out) {
  return move_timestamps<true>(*arguments[0], *arguments[1], row_count, out);
}

Status timestamp_minus_timestamp(const FunctionContext&, Arguments arguments, uint32_t row_count,
                                 Column& out) {
  const auto* const a = arguments[0]->lane<int64_t>();
  const auto* const b = arguments[1]->lane<int64_t>();
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    Interval span;
    if (__builtin_sub_overflow(a[i], b[i], &span.nanoseconds)) return interval_overflow();
    put_interval(out, i, span);
    return {};
  });
}

template <bool kMinus>
Status move_by_nanoseconds(const FunctionContext&, Arguments arguments, uint32_t row_count,
                           Column& out) {
  const auto* const a = arguments[0]->lane<int64_t>();
  const auto* const b = arguments[1]->lane<int64_t>();
  auto* const to = out.lane<int64_t>();
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    const bool overflows = kMinus ? __builtin_sub_overflow(a[i], b[i], &to[i])
                                  : __builtin_add_overflow(a[i], b[i], &to[i]);
    return overflows ? timestamp_overflow() : Status();
  });
}

template <bool kMinus>
Status combine_intervals(const FunctionContext&, Arguments arguments, uint32_t row_count,
                         Column& out) {
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    Interval right = interval_at(*arguments[1], i);
    Interval result;
    if (kMinus && !negated(right, &right)) return interval_overflow();
    if (!added(interval_at(*arguments[0], i), right, &result)) return interval_overflow();
    put_interval(out, i, result);
    return {};
  });
}

Status negate_intervals(const FunctionContext&, Arguments arguments, uint32_t row_count,
                        Column& out) {
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    Interval result;
    if (!negated(interval_at(*arguments[0], i), &result)) return interval_overflow();
    put_interval(out, i, result);
    return {};
  });
}

Status absolute_intervals(const FunctionContext&, Arguments arguments, uint32_t row_count,
                          Column& out) {
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    Interval result = interval_at(*arguments[0], i);
    if (compare_intervals(result, Interval{}) < 0 && !negated(result, &result)) {
      return interval_overflow();
    }
    put_interval(out, i, result);
    return {};
  });
}

// Which of the two arguments is the interval.
template <size_t kSpan>
Status multiply_by_integers(const FunctionContext&, Arguments arguments, uint32_t row_count,
                            Column& out) {
  const auto* const factors = arguments[1 - kSpan]->lane<int64_t>();
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    Interval result;
    if (!multiplied(interval_at(*arguments[kSpan], i), factors[i], &result)) {
      return interval_overflow();
    }
    put_interval(out, i, result);
    return {};
  });
}

template <size_t kSpan>
Status multiply_by_floats(const FunctionContext&, Arguments arguments, uint32_t row_count,
                          Column& out) {
  const auto* const factors = arguments[1 - kSpan]->lane<double>();
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    Interval result;
    if (!scaled(interval_at(*arguments[kSpan], i), factors[i], &result)) {
      return interval_overflow();
    }
    put_interval(out, i, result);
    return {};
  });
}

Status divide_by_floats(const FunctionContext&, Arguments arguments, uint32_t row_count,
                        Column& out) {
  const auto* const divisors = arguments[1]->lane<double>();
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    Interval result;
    if (divisors[i] == 0) {
      out.set_null(i);
      return {};
    }
    if (!scaled(interval_at(*arguments[0], i), 1 / divisors[i], &result)) {
      return interval_overflow();
    }
    put_interval(out, i, result);
    return {};
  });
}

constexpr auto kCombine = takes<kInterval, kInterval, kInterval>;
constexpr auto kMove = takes<kTimestamp, kTimestamp, kInterval>;
constexpr auto kMoveByInteger = takes<kTimestamp, kTimestamp, kInteger>;

// A number alone is no time here, so that INTEGER + INTERVAL is an error.
template <ScalarFunction::Resolve kResolve, TypeKind kFirst, TypeKind kSecond>
std::optional<Type> only(std::span<const Type> arguments, std::span<Type> cast_to) {
  const auto fits = [](Type type, TypeKind kind) { return type.is(kind) || type.is(kNull); };
  if (!fits(arguments[0], kFirst)) return std::nullopt;
  if (arguments.size() > 1 && !fits(arguments[1], kSecond)) return std::nullopt;
  if (arguments[0].is(kNull) && arguments[arguments.size() - 1].is(kNull)) return std::nullopt;
  return kResolve(arguments, cast_to);
}

constexpr ScalarFunction kTable[] = {
    passing("+", "(TIMESTAMP, INTERVAL)", only<kMove, kTimestamp, kInterval>,
            timestamp_plus_interval, 2),
    passing("+", "(INTERVAL, TIMESTAMP)",
            only<takes<kTimestamp, kInterval, kTimestamp>, kInterval, kTimestamp>,
            interval_plus_timestamp, 2),
    passing("+", "(INTERVAL, INTERVAL)", only<kCombine, kInterval, kInterval>,
            combine_intervals<false>, 2),
    passing("+", "(TIMESTAMP, INTEGER)", only<kMoveByInteger, kTimestamp, kInteger>,
            move_by_nanoseconds<false>, 2),
    passing("-", "(TIMESTAMP, TIMESTAMP)",
            only<takes<kInterval, kTimestamp, kTimestamp>, kTimestamp, kTimestamp>,
            timestamp_minus_timestamp, 2),
    passing("-", "(TIMESTAMP, INTERVAL)", only<kMove, kTimestamp, kInterval>,
            timestamp_minus_interval, 2),
    passing("-", "(INTERVAL, INTERVAL)", only<kCombine, kInterval, kInterval>,
            combine_intervals<true>, 2),
    passing("-", "(TIMESTAMP, INTEGER)", only<kMoveByInteger, kTimestamp, kInteger>,
            move_by_nanoseconds<true>, 2),
    passing("-", "(INTERVAL)", only<takes<kInterval, kInterval>, kInterval, kInterval>,
            negate_intervals, 1),
    passing("abs", "(INTERVAL)", only<takes<kInterval, kInterval>, kInterval, kInterval>,
            absolute_intervals, 1),
    passing("*", "(INTERVAL, INTEGER)",
            only<takes<kInterval, kInterval, kInteger>, kInterval, kInteger>,
            multiply_by_integers<0>, 2),
    passing("*", "(INTERVAL, FLOAT)", takes<kInterval, kInterval, kFloat>, multiply_by_floats<0>,
            2),
    passing("*", "(INTEGER, INTERVAL)",
            only<takes<kInterval, kInteger, kInterval>, kInteger, kInterval>,
            multiply_by_integers<1>, 2),
    passing("*", "(FLOAT, INTERVAL)", takes<kInterval, kFloat, kInterval>, multiply_by_floats<1>,
            2),
    passing("/", "(INTERVAL, FLOAT)", takes<kInterval, kInterval, kFloat>, divide_by_floats, 2),
};

}  // namespace

std::span<const ScalarFunction> interval_functions() { return kTable; }

}  // namespace mote
