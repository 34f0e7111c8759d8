// Values as text, both ways. The one place that knows how a TIMESTAMP, a FLOAT or a VECTOR is
// spelled.
//
// Parsers take the whole text, blanks around it allowed, and return kInvalidArgument with a message
// that quotes the text (cut at 40 bytes) and names the rule.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "types/type.h"
#include "types/value.h"

namespace mote {

// Shortest text that reads back to the same number, always with a point, an exponent, or as nan /
// inf / -inf.
void append_float(double value, std::string* out);
void append_float4(float value, std::string* out);
// 2026-01-26T10:00:00.123456789Z without trailing zeros in the fraction.
void append_timestamp(int64_t nanoseconds, std::string* out);
// 1 month 2 days 00:00:01.5 in parts that are not zero; 00:00:00 for none.
void append_interval(Interval value, std::string* out);
void append_blob(std::string_view bytes, std::string* out);                  // \x0aff
void append_vector(Type type, std::string_view elements, std::string* out);  // [0.5,1.0]

// Whole integers, and decimals whose fraction is zero (1403638128940097024.0000000000), exactly.
Result<int64_t> parse_integer(std::string_view text);
// Decimal, exponent, nan, inf, infinity, with sign, in any case.
Result<double> parse_float(std::string_view text);
Result<bool> parse_boolean(std::string_view text);  // true/false, t/f, yes/no, 1/0
// ISO 8601: date; date and time divided by T or blank; fraction up to nine digits; Z or an offset
// +hh:mm; no zone means UTC. Or an integer: nanoseconds since 1970.
Result<int64_t> parse_timestamp(std::string_view text);
// '20 ms', '1 hour 30 minutes', '00:00:01.5', '-2 days'. Units: ns us ms s min h d, week, month,
// year and their long names, singular or plural.
Result<Interval> parse_interval(std::string_view text);
Result<std::string> parse_blob(
    std::string_view text);  // \x.. as hexadecimal, anything else as its bytes
// '[0.5, 1]' with `dimension` elements when that is not 0; elements must be finite and fit.
Result<std::string> parse_vector(std::string_view text, VectorElement element, uint32_t dimension);
// 'x y' / '(x, y)' / 'POINT(x y)' and the same with z.
Result<Value> parse_point(std::string_view text, TypeKind kind);

// Elements as stored -> floats and back. Errors: kInvalidArgument for NaN, infinity, or out of i8's
// range.
float vector_element(VectorElement element, const char* elements, uint32_t position);
Status append_vector_element(VectorElement element, double value, std::string* out);

// IEEE 754 binary16, round to nearest even (F16C or NEON where the compiler has it is not needed
// here).
uint16_t half_from_float(float value);
float float_from_half(uint16_t half);

// Calendar arithmetic on the proleptic Gregorian calendar, UTC.
struct CivilTime {
  int32_t year;
  uint32_t month, day, hour, minute, second;  // month and day from 1
  uint32_t nanosecond;
};
CivilTime civil_from_timestamp(int64_t nanoseconds);
// Errors: kInvalidArgument when the time is outside 1677-09-21 .. 2262-04-11.
Result<int64_t> timestamp_from_civil(const CivilTime& civil);
// Adds months (day clipped to the month's end), then days, then nanoseconds. Errors: out of range.
Result<int64_t> add_interval(int64_t timestamp, Interval interval);

bool is_utf8(std::string_view text);

// The value as `type`: the one conversion of literals, parameters, imports and CAST. NULL stays
// NULL. Numbers convert when nothing but a fraction's rounding is lost (FLOAT to INTEGER only when
// whole, or by CAST with `rounding`), TEXT is parsed, INTEGER becomes a TIMESTAMP as nanoseconds,
// everything becomes TEXT.
enum class CastMode : uint8_t { kImplicit, kExplicit };
Result<Value> cast_value(const Value& value, Type type, CastMode mode);

}  // namespace mote
