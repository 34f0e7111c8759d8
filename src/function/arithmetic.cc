// Operators on numbers: + - * / % and bits.
//
// INTEGER stays INTEGER and an overflow is an error; any FLOAT makes FLOAT. Division by zero is
// NULL, for both. Division of INTEGERs cuts towards zero, and the remainder has the dividend's
// sign.
#include <cmath>

#include "function/lanes.h"
#include "function/registry.h"
#include "function/signature.h"

namespace mote {

namespace {

using enum TypeKind;

// compute(a, b, &result) tells whether the result overflows, for all rows; an overflow in a row
// that is not null is an error.
template <typename F>
Status checked(const char* symbol, Arguments arguments, uint32_t row_count, Column& out,
               F compute) {
  const auto* const a = arguments[0]->lane<int64_t>();
  const auto* const b = arguments[1]->lane<int64_t>();
  auto* const to = out.lane<int64_t>();
  bool overflows = false;
  for (uint32_t i = 0; i < row_count; ++i) overflows |= compute(a[i], b[i], &to[i]);
  if (overflows) {
    for (uint32_t i = 0; i < row_count; ++i) {
      if (out.is_null(i) || !compute(a[i], b[i], &to[i])) continue;
      return invalid_argument("%lld %s %lld does not fit INTEGER", static_cast<long long>(a[i]),
                              symbol, static_cast<long long>(b[i]));
    }
  }
  clear_null_entries(out, row_count);
  return {};
}

Status add_integers(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  return checked("+", arguments, row_count, out, [](int64_t a, int64_t b, int64_t* to) {
    return __builtin_add_overflow(a, b, to);
  });
}

Status subtract_integers(const FunctionContext&, Arguments arguments, uint32_t row_count,
                         Column& out) {
  return checked("-", arguments, row_count, out, [](int64_t a, int64_t b, int64_t* to) {
    return __builtin_sub_overflow(a, b, to);
  });
}

Status multiply_integers(const FunctionContext&, Arguments arguments, uint32_t row_count,
                         Column& out) {
  return checked("*", arguments, row_count, out, [](int64_t a, int64_t b, int64_t* to) {
    return __builtin_mul_overflow(a, b, to);
  });
}

void null_where_zero(const Column& divisor, uint32_t row_count, Column& out) {
  const bool whole = divisor.type().is(kInteger);
  for (uint32_t i = 0; i < row_count; ++i) {
    if (whole ? divisor.lane<int64_t>()[i] == 0 : divisor.lane<double>()[i] == 0) out.set_null(i);
  }
}

Status divide_integers(const FunctionContext&, Arguments arguments, uint32_t row_count,
                       Column& out) {
  null_where_zero(*arguments[1], row_count, out);
  return checked("/", arguments, row_count, out, [](int64_t a, int64_t b, int64_t* to) {
    const bool overflows = a == INT64_MIN && b == -1;
    *to = b == 0 || overflows ? 0 : a / b;
    return overflows;
  });
}

Status remainder_of_integers(const FunctionContext&, Arguments arguments, uint32_t row_count,
                             Column& out) {
  null_where_zero(*arguments[1], row_count, out);
  return map_rows<int64_t, int64_t, int64_t>(
      *arguments[0], *arguments[1], row_count, out,
      [](int64_t a, int64_t b) { return b == 0 || b == -1 ? 0 : a % b; });
}

Status negate_integers(const FunctionContext&, Arguments arguments, uint32_t row_count,
                       Column& out) {
  const auto* const from = arguments[0]->lane<int64_t>();
  auto* const to = out.lane<int64_t>();
  bool overflows = false;
  for (uint32_t i = 0; i < row_count; ++i) {
    overflows |= from[i] == INT64_MIN;
    to[i] = static_cast<int64_t>(0 - static_cast<uint64_t>(from[i]));
  }
  if (!overflows) return {};
  return invalid_argument("-(%lld) does not fit INTEGER", static_cast<long long>(INT64_MIN));
}

enum class FloatOperation { kAdd, kSubtract, kMultiply, kDivide, kRemainder };

template <FloatOperation kOperation>
Status compute_floats(const FunctionContext&, Arguments arguments, uint32_t row_count,
                      Column& out) {
  if (kOperation == FloatOperation::kDivide || kOperation == FloatOperation::kRemainder) {
    null_where_zero(*arguments[1], row_count, out);
  }
  return map_rows<double, double, double>(*arguments[0], *arguments[1], row_count, out,
                                          [](double a, double b) {
                                            switch (kOperation) {
                                              case FloatOperation::kAdd: return a + b;
                                              case FloatOperation::kSubtract: return a - b;
                                              case FloatOperation::kMultiply: return a * b;
                                              case FloatOperation::kDivide: return a / b;
                                              case FloatOperation::kRemainder: break;
                                            }
                                            return std::fmod(a, b);
                                          });
}

Status negate_floats(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  return map_rows<double, double>(*arguments[0], row_count, out, [](double a) { return -a; });
}

Status keep(const FunctionContext&, Arguments arguments, uint32_t, Column& out) {
  out = *arguments[0];
  return {};
}

enum class BitOperation { kAnd, kOr, kXor, kShiftLeft, kShiftRight };

// A shift by 64 bits or more leaves nothing but the sign; a negative one goes the other way.
int64_t shifted(int64_t value, int64_t by) {
  if (by >= 0) return by > 63 ? 0 : static_cast<int64_t>(static_cast<uint64_t>(value) << by);
  return value >> (by < -63 ? 63 : -by);
}

template <BitOperation kOperation>
Status compute_bits(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  return map_rows<int64_t, int64_t, int64_t>(*arguments[0], *arguments[1], row_count, out,
                                             [](int64_t a, int64_t b) {
                                               switch (kOperation) {
                                                 case BitOperation::kAnd: return a & b;
                                                 case BitOperation::kOr: return a | b;
                                                 case BitOperation::kXor: return a ^ b;
                                                 case BitOperation::kShiftLeft:
                                                   return shifted(a, b);
                                                 case BitOperation::kShiftRight: break;
                                               }
                                               return shifted(a, b == INT64_MIN ? INT64_MAX : -b);
                                             });
}

Status invert_bits(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  return map_rows<int64_t, int64_t>(*arguments[0], row_count, out, [](int64_t a) { return ~a; });
}

constexpr auto kIntegers = takes<kInteger, kInteger>;
constexpr auto kFloats = takes<kFloat, kFloat>;
constexpr std::string_view kTwoIntegers = "(INTEGER, INTEGER)";
constexpr std::string_view kTwoFloats = "(FLOAT, FLOAT)";

constexpr ScalarFunction kTable[] = {
    passing("+", kTwoIntegers, kIntegers, add_integers, 2),
    passing("+", kTwoFloats, kFloats, compute_floats<FloatOperation::kAdd>, 2),
    passing("+", "(INTEGER)", kIntegers, keep, 1),
    passing("+", "(FLOAT)", kFloats, keep, 1),
    passing("-", kTwoIntegers, kIntegers, subtract_integers, 2),
    passing("-", kTwoFloats, kFloats, compute_floats<FloatOperation::kSubtract>, 2),
    passing("-", "(INTEGER)", kIntegers, negate_integers, 1),
    passing("-", "(FLOAT)", kFloats, negate_floats, 1),
    passing("*", kTwoIntegers, kIntegers, multiply_integers, 2),
    passing("*", kTwoFloats, kFloats, compute_floats<FloatOperation::kMultiply>, 2),
    passing("/", kTwoIntegers, kIntegers, divide_integers, 2),
    passing("/", kTwoFloats, kFloats, compute_floats<FloatOperation::kDivide>, 2),
    passing("%", kTwoIntegers, kIntegers, remainder_of_integers, 2),
    passing("%", kTwoFloats, kFloats, compute_floats<FloatOperation::kRemainder>, 2),
    passing("mod", kTwoIntegers, kIntegers, remainder_of_integers, 2),
    passing("mod", kTwoFloats, kFloats, compute_floats<FloatOperation::kRemainder>, 2),
    passing("&", kTwoIntegers, kIntegers, compute_bits<BitOperation::kAnd>, 2),
    passing("|", kTwoIntegers, kIntegers, compute_bits<BitOperation::kOr>, 2),
    passing("xor", kTwoIntegers, kIntegers, compute_bits<BitOperation::kXor>, 2),
    passing("<<", kTwoIntegers, kIntegers, compute_bits<BitOperation::kShiftLeft>, 2),
    passing(">>", kTwoIntegers, kIntegers, compute_bits<BitOperation::kShiftRight>, 2),
    passing("~", "(INTEGER)", kIntegers, invert_bits, 1),
};

}  // namespace

std::span<const ScalarFunction> arithmetic_functions() { return kTable; }

}  // namespace mote
