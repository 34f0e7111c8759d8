// Mathematical functions.
//
// A result that does not exist (the root of a negative number, the logarithm of zero) is NULL, as
// in SQLite; a NaN argument gives NaN.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <numbers>

#include "base/checksum.h"
#include "function/lanes.h"
#include "function/registry.h"
#include "function/signature.h"

namespace mote {

namespace {

using enum TypeKind;

template <double (*kFunction)(double)>
Status apply_one(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  const auto* const from = arguments[0]->lane<double>();
  auto* const to = out.lane<double>();
  for (uint32_t i = 0; i < row_count; ++i) to[i] = kFunction(from[i]);
  for (uint32_t i = 0; i < row_count; ++i) {
    if (to[i] != to[i] && from[i] == from[i]) out.set_null(i);
  }
  clear_null_entries(out, row_count);
  return {};
}

template <double (*kFunction)(double, double)>
Status apply_two(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  const auto* const a = arguments[0]->lane<double>();
  const auto* const b = arguments[1]->lane<double>();
  auto* const to = out.lane<double>();
  for (uint32_t i = 0; i < row_count; ++i) to[i] = kFunction(a[i], b[i]);
  for (uint32_t i = 0; i < row_count; ++i) {
    if (to[i] != to[i] && a[i] == a[i] && b[i] == b[i]) out.set_null(i);
  }
  clear_null_entries(out, row_count);
  return {};
}

double natural_logarithm(double x) { return x > 0 ? std::log(x) : std::nan(""); }
double logarithm_10(double x) { return x > 0 ? std::log10(x) : std::nan(""); }
double logarithm_2(double x) { return x > 0 ? std::log2(x) : std::nan(""); }
double logarithm_to_base(double base, double x) {
  if (!(base > 0) || base == 1 || !(x > 0)) return std::nan("");
  if (base == 2) return std::log2(x);
  return base == 10 ? std::log10(x) : std::log(x) / std::log(base);
}
double power(double x, double y) { return x == 0 && y < 0 ? std::nan("") : std::pow(x, y); }
double square_root(double x) { return std::sqrt(x); }
double cube_root(double x) { return std::cbrt(x); }
double exponential(double x) { return std::exp(x); }
double sine(double x) { return std::sin(x); }
double cosine(double x) { return std::cos(x); }
double tangent(double x) { return std::tan(x); }
// All by atan2, to within a unit or two in the last place: the tables of the library's other arc
// functions take 110 KB of a static program.
double arc_sine(double x) { return std::atan2(x, std::sqrt((1 - x) * (1 + x))); }
double arc_cosine(double x) { return std::atan2(std::sqrt((1 - x) * (1 + x)), x); }
double arc_tangent(double x) { return std::atan2(x, 1.0); }
double arc_tangent_2(double y, double x) { return std::atan2(y, x); }
double hyperbolic_sine(double x) { return std::sinh(x); }
double hyperbolic_cosine(double x) { return std::cosh(x); }
double hyperbolic_tangent(double x) { return std::tanh(x); }
double degrees(double x) { return x * (180 / std::numbers::pi); }
double radians(double x) { return x * (std::numbers::pi / 180); }
double floor_of(double x) { return std::floor(x); }
double ceiling_of(double x) { return std::ceil(x); }
double truncation_of(double x) { return std::trunc(x); }
double rounding_of(double x) { return std::round(x); }
double magnitude_of(double x) { return std::fabs(x); }
double hypotenuse(double x, double y) { return std::hypot(x, y); }

Status keep(const FunctionContext&, Arguments arguments, uint32_t, Column& out) {
  out = *arguments[0];
  return {};
}

Status absolute_integers(const FunctionContext&, Arguments arguments, uint32_t row_count,
                         Column& out) {
  const auto* const from = arguments[0]->lane<int64_t>();
  auto* const to = out.lane<int64_t>();
  bool overflows = false;
  for (uint32_t i = 0; i < row_count; ++i) {
    overflows |= from[i] == INT64_MIN;
    const auto bits = static_cast<uint64_t>(from[i]);
    to[i] = static_cast<int64_t>(from[i] < 0 ? 0 - bits : bits);
  }
  if (!overflows) return {};
  return invalid_argument("abs(%lld) does not fit INTEGER", static_cast<long long>(INT64_MIN));
}

Status sign_of_integers(const FunctionContext&, Arguments arguments, uint32_t row_count,
                        Column& out) {
  return map_rows<int64_t, int64_t>(*arguments[0], row_count, out,
                                    [](int64_t x) { return (x > 0) - (x < 0); });
}

// Of a NaN there is no sign.
Status sign_of_floats(const FunctionContext&, Arguments arguments, uint32_t row_count,
                      Column& out) {
  const auto* const from = arguments[0]->lane<double>();
  for (uint32_t i = 0; i < row_count; ++i) {
    out.lane<int64_t>()[i] = (from[i] > 0) - (from[i] < 0);
    if (from[i] != from[i]) out.set_null(i);
  }
  return {};
}

// Halves go away from zero. Beyond 15 digits, and for numbers without a fraction, x stays.
double rounded(double x, int64_t digits) {
  if (digits > 15 || !std::isfinite(x) || (digits >= 0 && std::fabs(x) >= 0x1p53)) return x;
  if (digits < -308) return 0;
  const double scale = std::pow(10, static_cast<double>(digits < 0 ? -digits : digits));
  const double result = digits < 0 ? std::round(x / scale) * scale : std::round(x * scale) / scale;
  return std::isfinite(result) ? result : x;
}

Status round_floats(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  return map_rows<double, double, int64_t>(
      *arguments[0], *arguments[1], row_count, out,
      [](double x, int64_t digits) { return rounded(x, digits); });
}

Status round_integers(const FunctionContext&, Arguments arguments, uint32_t row_count,
                      Column& out) {
  const auto* const values = arguments[0]->lane<int64_t>();
  const auto* const digits = arguments[1]->lane<int64_t>();
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    int64_t& to = out.lane<int64_t>()[i];
    to = values[i];
    if (digits[i] >= 0) return {};
    if (digits[i] < -19) {
      to = 0;
      return {};
    }
    __int128 scale = 1;
    for (int64_t at = digits[i]; at < 0; ++at) scale *= 10;
    const __int128 half = to < 0 ? -scale / 2 : scale / 2;
    const __int128 result = (to + half) / scale * scale;
    if (result < INT64_MIN || result > INT64_MAX) {
      return invalid_argument("round(%lld, %lld) does not fit INTEGER",
                              static_cast<long long>(values[i]), static_cast<long long>(digits[i]));
    }
    to = static_cast<int64_t>(result);
    return {};
  });
}

enum class Class { kNan, kInfinite, kFinite };

template <Class kClass>
Status classify(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  return map_rows<bool, double>(*arguments[0], row_count, out, [](double x) {
    if (kClass == Class::kNan) return x != x;
    const bool finite = x - x == 0;
    return kClass == Class::kFinite ? finite : !finite && x == x;
  });
}

Status pi(const FunctionContext&, Arguments, uint32_t row_count, Column& out) {
  std::fill_n(out.lane<double>(), row_count, std::numbers::pi);
  return {};
}

// Different for every row and statement of a process, and for processes by the time of day. Nothing
// for secrets.
Status random_numbers(const FunctionContext& context, Arguments, uint32_t row_count, Column& out) {
  static std::atomic<uint64_t> drawn{0};
  const uint64_t first = drawn.fetch_add(row_count, std::memory_order_relaxed);
  const uint64_t seed = mix64(static_cast<uint64_t>(context.statement_wall_ns));
  for (uint32_t i = 0; i < row_count; ++i) {
    out.lane<double>()[i] = static_cast<double>(mix64(seed ^ (first + i)) >> 11) * 0x1p-53;
  }
  return {};
}

std::optional<Type> resolve_nothing(std::span<const Type>, std::span<Type>) {
  return Type::floating();
}

constexpr auto kFloats = takes<kFloat, kFloat>;
constexpr auto kIntegers = takes<kInteger, kInteger>;
constexpr std::string_view kOneFloat = "(FLOAT)";
constexpr std::string_view kTwoFloats = "(FLOAT, FLOAT)";

template <double (*kFunction)(double)>
constexpr ScalarFunction one(std::string_view name) {
  return passing(name, kOneFloat, kFloats, apply_one<kFunction>, 1);
}
template <double (*kFunction)(double, double)>
constexpr ScalarFunction two(std::string_view name) {
  return passing(name, kTwoFloats, kFloats, apply_two<kFunction>, 2);
}
constexpr ScalarFunction whole(std::string_view name) {
  return passing(name, "(INTEGER)", kIntegers, keep, 1);
}

constexpr ScalarFunction kTable[] = {
    passing("abs", "(INTEGER)", kIntegers, absolute_integers, 1),
    one<magnitude_of>("abs"),
    whole("ceil"),
    one<ceiling_of>("ceil"),
    whole("ceiling"),
    one<ceiling_of>("ceiling"),
    whole("floor"),
    one<floor_of>("floor"),
    whole("trunc"),
    one<truncation_of>("trunc"),
    whole("round"),
    one<rounding_of>("round"),
    passing("round", "(INTEGER, INTEGER)", kIntegers, round_integers, 2),
    passing("round", "(FLOAT, INTEGER)", takes<kFloat, kFloat, kInteger>, round_floats, 2),
    passing("sign", "(INTEGER)", kIntegers, sign_of_integers, 1),
    passing("sign", kOneFloat, takes<kInteger, kFloat>, sign_of_floats, 1),
    one<square_root>("sqrt"),
    one<cube_root>("cbrt"),
    one<exponential>("exp"),
    one<natural_logarithm>("ln"),
    one<logarithm_10>("log10"),
    one<logarithm_2>("log2"),
    one<logarithm_10>("log"),
    two<logarithm_to_base>("log"),
    two<power>("pow"),
    two<power>("power"),
    two<hypotenuse>("hypot"),
    one<sine>("sin"),
    one<cosine>("cos"),
    one<tangent>("tan"),
    one<arc_sine>("asin"),
    one<arc_cosine>("acos"),
    one<arc_tangent>("atan"),
    two<arc_tangent_2>("atan2"),
    one<hyperbolic_sine>("sinh"),
    one<hyperbolic_cosine>("cosh"),
    one<hyperbolic_tangent>("tanh"),
    one<degrees>("degrees"),
    one<radians>("radians"),
    passing("isnan", kOneFloat, takes<kBoolean, kFloat>, classify<Class::kNan>, 1),
    passing("isinf", kOneFloat, takes<kBoolean, kFloat>, classify<Class::kInfinite>, 1),
    passing("isfinite", kOneFloat, takes<kBoolean, kFloat>, classify<Class::kFinite>, 1),
    passing("pi", "()", resolve_nothing, pi, 0),
    {"random", resolve_nothing, random_numbers, 0, 0, true, Volatility::kVolatile, "()"},
};

}  // namespace

std::span<const ScalarFunction> mathematical_functions() { return kTable; }

}  // namespace mote
