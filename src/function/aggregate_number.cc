// count, sum, total, avg, variance and standard deviation, bool_and, bool_or, count_if.
//
// NULLs are passed over. sum of INTEGERs is exact, and an error only when the whole sum does not
// fit; sums of FLOATs are compensated, see float_sum.h. Variances by Welford's updates and Chan's
// merge.
#include <algorithm>
#include <cmath>

#include "function/aggregate_state.h"
#include "function/float_sum.h"
#include "function/registry.h"
#include "function/signature.h"

namespace mote {

namespace {

using enum TypeKind;

struct CountState {
  int64_t count;
};

uint32_t valid_rows(const Column& column, uint32_t row_count) {
  return row_count - column.validity().null_count(row_count);
}

Status count_rows(Arguments arguments, uint32_t row_count, RowStates states, Arena&) {
  if (states.only() != nullptr) {
    static_cast<CountState*>(states.only())->count +=
        arguments.empty() ? row_count : valid_rows(*arguments[0], row_count);
    return {};
  }
  each_counted_row<CountState>(arguments, row_count, states,
                               [](CountState& state, uint32_t) { ++state.count; });
  return {};
}

Status count_true(Arguments arguments, uint32_t row_count, RowStates states, Arena&) {
  const bool* const values = arguments[0]->lane<bool>();
  each_counted_row<CountState>(arguments, row_count, states, [&](CountState& state, uint32_t i) {
    state.count += values[i] ? 1 : 0;
  });
  return {};
}

Status merge_counts(void* into, const void* from, Arena&) {
  static_cast<CountState*>(into)->count += static_cast<const CountState*>(from)->count;
  return {};
}

Status finish_count(const void* state, Column& out, uint32_t row) {
  out.lane<int64_t>()[row] = static_cast<const CountState*>(state)->count;
  return {};
}

struct IntegerSumState {
  __int128 sum;
  int64_t count;
};

// No more than 2^32 values at a time, so that the halves can not overflow.
__int128 sum_of(const int64_t* values, uint32_t row_count) {
  int64_t high = 0;
  uint64_t low = 0;
  for (uint32_t i = 0; i < row_count; ++i) {
    high += values[i] >> 32;
    low += static_cast<uint32_t>(values[i]);
  }
  return static_cast<__int128>(high) * (__int128{1} << 32) + low;
}

Status add_integers(Arguments arguments, uint32_t row_count, RowStates states, Arena&) {
  const auto* const values = arguments[0]->lane<int64_t>();
  if (states.only() != nullptr) {
    auto& state = *static_cast<IntegerSumState*>(states.only());
    state.sum += sum_of(values, row_count);
    state.count += valid_rows(*arguments[0], row_count);
    return {};
  }
  each_counted_row<IntegerSumState>(arguments, row_count, states,
                                    [&](IntegerSumState& state, uint32_t i) {
                                      state.sum += values[i];
                                      ++state.count;
                                    });
  return {};
}

Status merge_integer_sums(void* into, const void* from, Arena&) {
  const auto& other = *static_cast<const IntegerSumState*>(from);
  static_cast<IntegerSumState*>(into)->sum += other.sum;
  static_cast<IntegerSumState*>(into)->count += other.count;
  return {};
}

Status finish_integer_sum(const void* state, Column& out, uint32_t row) {
  const auto& sum = *static_cast<const IntegerSumState*>(state);
  if (sum.count == 0) {
    out.set_null(row);
    return {};
  }
  if (sum.sum < INT64_MIN || sum.sum > INT64_MAX) {
    return invalid_argument(
        "sum of %lld integers, about %.6g, does not fit INTEGER; total() is FLOAT",
        static_cast<long long>(sum.count), static_cast<double>(sum.sum));
  }
  out.lane<int64_t>()[row] = static_cast<int64_t>(sum.sum);
  return {};
}

Status finish_integer_average(const void* state, Column& out, uint32_t row) {
  const auto& sum = *static_cast<const IntegerSumState*>(state);
  if (sum.count == 0) {
    out.set_null(row);
  } else {
    // In two steps, since a sum beyond 2^53 would lose its last digits on the way.
    const auto whole = static_cast<double>(sum.sum / sum.count);
    const auto rest = static_cast<double>(sum.sum % sum.count);
    out.lane<double>()[row] = whole + rest / static_cast<double>(sum.count);
  }
  return {};
}

Status finish_integer_total(const void* state, Column& out, uint32_t row) {
  out.lane<double>()[row] = static_cast<double>(static_cast<const IntegerSumState*>(state)->sum);
  return {};
}

struct FloatSumState {
  FloatSum sum;
  int64_t count;
};

Status add_floating(Arguments arguments, uint32_t row_count, RowStates states, Arena&) {
  const auto* const values = arguments[0]->lane<double>();
  if (states.only() != nullptr) {
    auto& state = *static_cast<FloatSumState*>(states.only());
    add_floats(values, row_count, &state.sum);  // entries of null rows are zero
    state.count += valid_rows(*arguments[0], row_count);
    return {};
  }
  each_counted_row<FloatSumState>(arguments, row_count, states,
                                  [&](FloatSumState& state, uint32_t i) {
                                    state.sum.add(values[i]);
                                    ++state.count;
                                  });
  return {};
}

Status merge_float_sums(void* into, const void* from, Arena&) {
  const auto& other = *static_cast<const FloatSumState*>(from);
  static_cast<FloatSumState*>(into)->sum.add(other.sum);
  static_cast<FloatSumState*>(into)->count += other.count;
  return {};
}

enum class FloatResult { kSum, kAverage, kTotal };

template <FloatResult kResult>
Status finish_float(const void* state, Column& out, uint32_t row) {
  const auto& sum = *static_cast<const FloatSumState*>(state);
  if (sum.count == 0 && kResult != FloatResult::kTotal) {
    out.set_null(row);
    return {};
  }
  const double value = sum.sum.value();
  out.lane<double>()[row] =
      kResult == FloatResult::kAverage ? value / static_cast<double>(sum.count) : value;
  return {};
}

struct VarianceState {
  int64_t count;
  double mean;
  double squares;  // sum of squared distances from the mean
};

Status add_deviations(Arguments arguments, uint32_t row_count, RowStates states, Arena&) {
  const auto* const values = arguments[0]->lane<double>();
  each_counted_row<VarianceState>(arguments, row_count, states,
                                  [&](VarianceState& state, uint32_t i) {
                                    const double distance = values[i] - state.mean;
                                    state.mean += distance / static_cast<double>(++state.count);
                                    state.squares += distance * (values[i] - state.mean);
                                  });
  return {};
}

Status merge_deviations(void* into, const void* from, Arena&) {
  auto& a = *static_cast<VarianceState*>(into);
  const auto& b = *static_cast<const VarianceState*>(from);
  if (b.count == 0) return {};
  const auto both = static_cast<double>(a.count + b.count);
  const auto share = static_cast<double>(b.count) / both;
  const double distance = b.mean - a.mean;
  a.squares += b.squares + distance * distance * static_cast<double>(a.count) * share;
  a.mean += distance * share;
  a.count += b.count;
  return {};
}

template <bool kSample, bool kRoot>
Status finish_deviation(const void* state, Column& out, uint32_t row) {
  const auto& sums = *static_cast<const VarianceState*>(state);
  const int64_t divisor = kSample ? sums.count - 1 : sums.count;
  if (divisor < 1) {
    out.set_null(row);
    return {};
  }
  const double variance = sums.squares / static_cast<double>(divisor);
  out.lane<double>()[row] = kRoot ? std::sqrt(variance) : variance;
  return {};
}

struct TruthState {
  bool any_true;
  bool any_false;
};

Status add_truths(Arguments arguments, uint32_t row_count, RowStates states, Arena&) {
  const bool* const values = arguments[0]->lane<bool>();
  each_counted_row<TruthState>(arguments, row_count, states, [&](TruthState& state, uint32_t i) {
    (values[i] ? state.any_true : state.any_false) = true;
  });
  return {};
}

Status merge_truths(void* into, const void* from, Arena&) {
  static_cast<TruthState*>(into)->any_true |= static_cast<const TruthState*>(from)->any_true;
  static_cast<TruthState*>(into)->any_false |= static_cast<const TruthState*>(from)->any_false;
  return {};
}

template <bool kAnd>
Status finish_truth(const void* state, Column& out, uint32_t row) {
  const auto& truth = *static_cast<const TruthState*>(state);
  if (!truth.any_true && !truth.any_false) {
    out.set_null(row);
  } else {
    out.lane<bool>()[row] = kAnd ? !truth.any_false : truth.any_true;
  }
  return {};
}

std::optional<Type> resolve_count(std::span<const Type> arguments, std::span<Type> cast_to) {
  std::copy(arguments.begin(), arguments.end(), cast_to.begin());
  return Type::integer();
}

// BOOLEAN counts as 0 and 1, so that sum(a > b) counts.
template <TypeKind kResult>
std::optional<Type> resolve_integers(std::span<const Type> arguments, std::span<Type> cast_to) {
  const bool fits = arguments[0].is(kInteger) || arguments[0].is(kBoolean);
  if (!fits && !arguments[0].is(kNull)) return std::nullopt;
  cast_to[0] = Type::integer();
  return Type::of(kResult);
}

constexpr auto kFloats = takes<kFloat, kFloat>;
constexpr auto kBooleans = takes<kBoolean, kBoolean>;

constexpr AggregateFunction over_integers(std::string_view name, AggregateFunction::Resolve resolve,
                                          Status (*finish)(const void*, Column&, uint32_t)) {
  return {name,
          resolve,
          sizeof(IntegerSumState),
          leave_zero,
          add_integers,
          merge_integer_sums,
          finish,
          1,
          1,
          "(INTEGER)"};
}

constexpr AggregateFunction over_floats(std::string_view name,
                                        Status (*finish)(const void*, Column&, uint32_t)) {
  return {
      name, kFloats,  sizeof(FloatSumState), leave_zero, add_floating, merge_float_sums, finish, 1,
      1,    "(FLOAT)"};
}

constexpr AggregateFunction deviation(std::string_view name,
                                      Status (*finish)(const void*, Column&, uint32_t)) {
  return {name,
          kFloats,
          sizeof(VarianceState),
          leave_zero,
          add_deviations,
          merge_deviations,
          finish,
          1,
          1,
          "(FLOAT)"};
}

constexpr AggregateFunction truth(std::string_view name,
                                  Status (*finish)(const void*, Column&, uint32_t)) {
  return {name, kBooleans, sizeof(TruthState), leave_zero, add_truths, merge_truths, finish,
          1,    1,         "(BOOLEAN)"};
}

constexpr AggregateFunction counting(std::string_view name, AggregateFunction::Resolve resolve,
                                     Status (*update)(Arguments, uint32_t, RowStates, Arena&),
                                     uint32_t least_arguments, std::string_view signature) {
  return {name,         resolve,      sizeof(CountState), leave_zero, update,
          merge_counts, finish_count, least_arguments,    1,          signature};
}

constexpr AggregateFunction kTable[] = {
    counting("count", resolve_count, count_rows, 0, "(*) or (value)"),
    counting("count_if", takes<kInteger, kBoolean>, count_true, 1, "(BOOLEAN)"),
    over_integers("sum", resolve_integers<kInteger>, finish_integer_sum),
    over_floats("sum", finish_float<FloatResult::kSum>),
    over_integers("avg", resolve_integers<kFloat>, finish_integer_average),
    over_floats("avg", finish_float<FloatResult::kAverage>),
    over_integers("mean", resolve_integers<kFloat>, finish_integer_average),
    over_floats("mean", finish_float<FloatResult::kAverage>),
    over_integers("total", resolve_integers<kFloat>, finish_integer_total),
    over_floats("total", finish_float<FloatResult::kTotal>),
    deviation("variance", finish_deviation<true, false>),
    deviation("var_samp", finish_deviation<true, false>),
    deviation("var_pop", finish_deviation<false, false>),
    deviation("stddev", finish_deviation<true, true>),
    deviation("stddev_samp", finish_deviation<true, true>),
    deviation("stddev_pop", finish_deviation<false, true>),
    truth("bool_and", finish_truth<true>),
    truth("every", finish_truth<true>),
    truth("bool_or", finish_truth<false>),
};

}  // namespace

std::span<const AggregateFunction> number_aggregates() { return kTable; }

}  // namespace mote
