// = <> < <= > >= and IS DISTINCT FROM, for all types that have an order.
//
// The order is that of Value::compare: NaN is equal to itself and above every number, -0 is 0,
// bytes go by their unsigned value, intervals by their length. INTEGER and FLOAT are compared
// exactly, also where FLOAT can not tell neighbouring integers apart.
#include <cmath>
#include <cstring>

#include "function/lanes.h"
#include "function/registry.h"
#include "function/signature.h"

namespace mote {

namespace {

using enum TypeKind;

// All six comparisons are one of two tests, with its sides exchanged or its answer inverted.
enum class Test { kEqual, kLess };

int compare_exactly(int64_t whole, double number) {
  if (std::isnan(number) || number >= 9223372036854775808.0) return -1;
  if (number < -9223372036854775808.0) return 1;
  const auto truncated = static_cast<int64_t>(number);
  if (whole != truncated) return whole < truncated ? -1 : 1;
  const double fraction = number - static_cast<double>(truncated);
  return fraction > 0 ? -1 : fraction < 0 ? 1 : 0;
}

template <typename A, typename B, typename F>
void test_lanes(const Column& a, const Column& b, uint32_t row_count, bool inverted, bool* out,
                F test) {
  const A* const left = a.lane<A>();
  const B* const right = b.lane<B>();
  for (uint32_t i = 0; i < row_count; ++i) out[i] = test(left[i], right[i]) != inverted;
}

template <typename T>
void test_ordered(const Column& a, const Column& b, uint32_t row_count, Test test, bool inverted,
                  bool* out) {
  if (test == Test::kEqual) {
    test_lanes<T, T>(a, b, row_count, inverted, out, [](T x, T y) { return x == y; });
  } else {
    test_lanes<T, T>(a, b, row_count, inverted, out, [](T x, T y) { return x < y; });
  }
}

template <typename T>
void test_floats(const Column& a, const Column& b, uint32_t row_count, Test test, bool inverted,
                 bool* out) {
  if (test == Test::kEqual) {
    test_lanes<T, T>(a, b, row_count, inverted, out,
                     [](T x, T y) { return (x == y) | ((x != x) & (y != y)); });
  } else {
    test_lanes<T, T>(a, b, row_count, inverted, out,
                     [](T x, T y) { return (x < y) | ((y != y) & (x == x)); });
  }
}

void test_mixed(const Column& a, const Column& b, uint32_t row_count, Test test, bool inverted,
                bool* out) {
  const bool whole_left = a.type().is(kInteger);
  const auto* const whole = (whole_left ? a : b).lane<int64_t>();
  const auto* const number = (whole_left ? b : a).lane<double>();
  const int less = whole_left ? -1 : 1;
  const int wanted = test == Test::kEqual ? 0 : less;
  for (uint32_t i = 0; i < row_count; ++i) {
    out[i] = (compare_exactly(whole[i], number[i]) == wanted) != inverted;
  }
}

void test_columns(const Column& a, const Column& b, uint32_t row_count, Test test, bool inverted,
                  bool* out) {
  if (a.type().kind != b.type().kind) {
    test_mixed(a, b, row_count, test, inverted, out);
    return;
  }
  switch (a.type().kind) {
    case kBoolean: test_ordered<bool>(a, b, row_count, test, inverted, out); return;
    case kInteger:
    case kTimestamp: test_ordered<int64_t>(a, b, row_count, test, inverted, out); return;
    case kFloat4: test_floats<float>(a, b, row_count, test, inverted, out); return;
    case kFloat: test_floats<double>(a, b, row_count, test, inverted, out); return;
    case kText:
    case kBlob:
    case kVector: test_ordered<std::string_view>(a, b, row_count, test, inverted, out); return;
    default: break;
  }
  for (uint32_t i = 0; i < row_count; ++i) {
    const int order = a.compare_rows(i, b, i);
    out[i] = (test == Test::kEqual ? order == 0 : order < 0) != inverted;
  }
}

template <Test kTest, bool kExchanged, bool kInverted>
Status compare(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  const Column& a = *arguments[kExchanged ? 1 : 0];
  const Column& b = *arguments[kExchanged ? 0 : 1];
  test_columns(a, b, row_count, kTest, kInverted, out.lane<bool>());
  clear_null_entries(out, row_count);
  return {};
}

Status is_distinct_from(const FunctionContext&, Arguments arguments, uint32_t row_count,
                        Column& out) {
  const Column& a = *arguments[0];
  const Column& b = *arguments[1];
  bool* const to = out.lane<bool>();
  test_columns(a, b, row_count, Test::kEqual, /*inverted=*/true, to);
  if (a.validity().all_valid() && b.validity().all_valid()) return {};
  for (uint32_t i = 0; i < row_count; ++i) {
    if (a.is_null(i) || b.is_null(i)) to[i] = a.is_null(i) != b.is_null(i);
  }
  return {};
}

// INTEGER and FLOAT stay as they are; everything else is brought to one type.
std::optional<Type> resolve_comparison(std::span<const Type> arguments, std::span<Type> cast_to) {
  const std::optional<Type> shared = shared_type(arguments);
  if (!shared.has_value()) return std::nullopt;
  const bool mixed = arguments[0].is_numeric() && arguments[1].is_numeric();
  for (size_t i = 0; i < 2; ++i) {
    cast_to[i] = shared->is(kNull)                    ? Type::text()
                 : mixed && arguments[i].is(kInteger) ? Type::integer()
                                                      : *shared;
  }
  return Type::boolean();
}

constexpr std::string_view kTwoEqualTypes = "(value, value) of one type, or two numbers";

constexpr ScalarFunction comparison(std::string_view name, ScalarFunction::Evaluate evaluate) {
  return passing(name, kTwoEqualTypes, resolve_comparison, evaluate, 2);
}

constexpr ScalarFunction kTable[] = {
    comparison("=", compare<Test::kEqual, false, false>),
    comparison("<>", compare<Test::kEqual, false, true>),
    comparison("<", compare<Test::kLess, false, false>),
    comparison(">", compare<Test::kLess, true, false>),
    comparison("<=", compare<Test::kLess, true, true>),
    comparison(">=", compare<Test::kLess, false, true>),
    seeing_nulls("is_distinct_from", kTwoEqualTypes, resolve_comparison, is_distinct_from, 2, 2),
};

}  // namespace

std::span<const ScalarFunction> comparison_functions() { return kTable; }

}  // namespace mote
