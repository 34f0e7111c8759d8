#include "types/text_format.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "base/limits.h"

namespace mote {
namespace {

std::string float_text(double value) {
  std::string text;
  append_float(value, &text);
  return text;
}

std::string time_text(int64_t nanoseconds) {
  std::string text;
  append_timestamp(nanoseconds, &text);
  return text;
}

std::string span_text(Interval value) {
  std::string text;
  append_interval(value, &text);
  return text;
}

TEST(Float, ReadsBackExactlyAndShowsAPoint) {
  EXPECT_EQ(float_text(6), "6.0");
  EXPECT_EQ(float_text(-0.0), "-0.0");
  EXPECT_EQ(float_text(1e300), "1e+300");
  EXPECT_EQ(float_text(std::nan("")), "nan");
  EXPECT_EQ(float_text(-INFINITY), "-inf");
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    const double value = std::bit_cast<double>(random());
    if (std::isnan(value)) continue;
    const Result<double> back = parse_float(float_text(value));
    ASSERT_TRUE(back.ok()) << float_text(value);
    ASSERT_EQ(std::bit_cast<uint64_t>(*back), std::bit_cast<uint64_t>(value));
  }
}

TEST(Float, TakesSignsExponentsAndNames) {
  EXPECT_EQ(*parse_float(" +1.5e3 "), 1500);
  EXPECT_TRUE(std::isnan(*parse_float("NaN")));
  EXPECT_EQ(*parse_float("-Infinity"), -INFINITY);
  EXPECT_EQ(*parse_float("1e-400"), 0);
  EXPECT_FALSE(parse_float("1e400").ok());
  for (const char* bad : {"", "1.5x", "--1", "+-1", "one", "1 2"}) {
    EXPECT_FALSE(parse_float(bad).ok()) << bad;
  }
}

TEST(Integer, TakesAllOf64BitsAndWholeDecimals) {
  EXPECT_EQ(*parse_integer("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(*parse_integer("9223372036854775807"), INT64_MAX);
  EXPECT_FALSE(parse_integer("9223372036854775808").ok());
  EXPECT_FALSE(parse_integer("-9223372036854775809").ok());
  EXPECT_EQ(*parse_integer("1403638128940097024.0000000000"), 1403638128940097024);
  EXPECT_FALSE(parse_integer("1.5").ok());
  EXPECT_FALSE(parse_integer("").ok());
  EXPECT_EQ(parse_integer("12a").status().message(), "'12a' is not an INTEGER");
}

// Walks the calendar day by day beside the arithmetic.
TEST(Timestamp, FollowsTheCalendarDayByDay) {
  int32_t year = 1680;
  uint32_t month = 1;
  uint32_t day = 1;
  int64_t now = *parse_timestamp("1680-01-01");
  while (year < 2260) {
    const CivilTime civil = civil_from_timestamp(now + 12345);
    ASSERT_EQ(civil.year, year);
    ASSERT_EQ(civil.month, month);
    ASSERT_EQ(civil.day, day);
    ASSERT_EQ(*timestamp_from_civil(civil), now + 12345);
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const uint32_t lengths[] = {31, leap ? 29u : 28u, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (++day > lengths[month - 1]) {
      day = 1;
      if (++month > 12) {
        month = 1;
        ++year;
      }
    }
    now += 86'400'000'000'000;
  }
}

TEST(Timestamp, ReadsBackWhatItPrints) {
  EXPECT_EQ(time_text(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(time_text(-1), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(time_text(1769421600123456789), "2026-01-26T10:00:00.123456789Z");
  EXPECT_EQ(time_text(INT64_MIN), "1677-09-21T00:12:43.145224192Z");
  EXPECT_EQ(time_text(INT64_MAX), "2262-04-11T23:47:16.854775807Z");
  std::mt19937_64 random(2);
  for (int i = 0; i < 20000; ++i) {
    const auto value = static_cast<int64_t>(random());
    ASSERT_EQ(*parse_timestamp(time_text(value)), value);
  }
}

TEST(Timestamp, TakesIsoZonesAndIntegers) {
  EXPECT_EQ(*parse_timestamp("1970-01-01 00:00:01.5"), 1'500'000'000);
  EXPECT_EQ(*parse_timestamp("1970-01-01T02:00:00+02:00"), 0);
  EXPECT_EQ(*parse_timestamp("1970-01-01T02:00+0200"), 0);
  EXPECT_EQ(*parse_timestamp("1969-12-31T22:30:00-01:30"), 0);
  EXPECT_EQ(*parse_timestamp("42"), 42);
  for (const char* bad :
       {"2026-02-29", "2026-13-01", "2026-00-01", "2026-01-32", "2026-01-01T24:00:00",
        "2026-01-01T10", "2026-01-01T10:61:00", "26-01-01", "yesterday", "2300-01-01", "1600-01-01",
        "2026-01-01T10:00:00.1234567891"}) {
    EXPECT_FALSE(parse_timestamp(bad).ok()) << bad;
  }
  EXPECT_TRUE(parse_timestamp("2262-04-11T23:47:16.854775807Z").ok());
  EXPECT_FALSE(parse_timestamp("2262-04-11T23:47:16.854775808Z").ok());
}

TEST(Interval, TakesUnitsAndClocks) {
  EXPECT_EQ(*parse_interval("20 ms"), (Interval{0, 0, 20'000'000}));
  EXPECT_EQ(*parse_interval("20ms"), (Interval{0, 0, 20'000'000}));
  EXPECT_EQ(*parse_interval("1 day 02:30:00.5"), (Interval{0, 1, 9'000'500'000'000}));
  EXPECT_EQ(*parse_interval("-2 days"), (Interval{0, -2, 0}));
  EXPECT_EQ(*parse_interval("1 year 2 months"), (Interval{14, 0, 0}));
  EXPECT_EQ(*parse_interval("1.5 hours"), (Interval{0, 0, 5'400'000'000'000}));
  EXPECT_EQ(*parse_interval("2 WEEKS"), (Interval{0, 14, 0}));
  for (const char* bad :
       {"", "20", "ms", "20 parsecs", "1.5 months", "99999999999 years", "1:2:3"}) {
    EXPECT_FALSE(parse_interval(bad).ok()) << bad;
  }
}

TEST(Interval, ReadsBackWhatItPrints) {
  EXPECT_EQ(span_text({}), "00:00:00");
  EXPECT_EQ(span_text({14, -3, 1'500'000'000}), "1 year 2 months -3 days 00:00:01.5");
  std::mt19937_64 random(3);
  for (int i = 0; i < 5000; ++i) {
    const Interval value{static_cast<int32_t>(random() % 4000) - 2000,
                         static_cast<int32_t>(random() % 4000) - 2000,
                         static_cast<int64_t>(random() >> (1 + random() % 50)) - (1 << 20)};
    const Result<Interval> back = parse_interval(span_text(value));
    ASSERT_TRUE(back.ok()) << span_text(value);
    ASSERT_EQ(*back, value) << span_text(value);
  }
}

TEST(Interval, ClipsToTheEndOfTheMonth) {
  const int64_t january = *parse_timestamp("2024-01-31T12:00:00Z");
  EXPECT_EQ(time_text(*add_interval(january, {1, 0, 0})), "2024-02-29T12:00:00Z");
  EXPECT_EQ(time_text(*add_interval(january, {13, 1, 5})), "2025-03-01T12:00:00.000000005Z");
  EXPECT_FALSE(add_interval(INT64_MAX, {0, 0, 1}).ok());
}

TEST(Half, RoundsEveryValueBackAndTiesToEven) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const float value = float_from_half(static_cast<uint16_t>(bits));
    if (std::isnan(value)) continue;
    ASSERT_EQ(half_from_float(value), bits);
  }
  std::mt19937_64 random(4);
  for (int i = 0; i < 200'000; ++i) {
    const float value =
        std::ldexp(static_cast<float>(random() >> 40), static_cast<int>(random() % 44) - 48);
    if (value > 65519) continue;
    const uint16_t half = half_from_float(value);
    const float here = float_from_half(half);
    const float below = half == 0 ? 0 : float_from_half(static_cast<uint16_t>(half - 1));
    const float above = float_from_half(static_cast<uint16_t>(half + 1));
    ASSERT_LE(std::abs(here - value), std::abs(below - value)) << value;
    if (std::isfinite(above)) ASSERT_LE(std::abs(here - value), std::abs(above - value)) << value;
    if (half > 0 && std::abs(here - value) == std::abs(below - value)) ASSERT_EQ(half % 2, 0);
  }
}

TEST(Vector, ChecksDimensionFinitenessAndRange) {
  EXPECT_EQ(parse_vector("[0.5, 1]", VectorElement::kF32, 2)->size(), 8u);
  EXPECT_EQ(parse_vector("[0.5,1]", VectorElement::kF32, 3).status().message(),
            "vector has 2 elements; the column has 3");
  EXPECT_FALSE(parse_vector("[nan]", VectorElement::kF32, 1).ok());
  EXPECT_FALSE(parse_vector("[1e39]", VectorElement::kF32, 1).ok());
  EXPECT_TRUE(parse_vector("[127,-128]", VectorElement::kI8, 2).ok());
  EXPECT_FALSE(parse_vector("[128]", VectorElement::kI8, 1).ok());
  EXPECT_TRUE(parse_vector("[65504]", VectorElement::kF16, 1).ok());
  EXPECT_FALSE(parse_vector("[65520]", VectorElement::kF16, 1).ok());
  for (const char* bad : {"", "[", "[]", "[1", "[1,]", "[1]x", "1,2", "[1 2]"}) {
    EXPECT_FALSE(parse_vector(bad, VectorElement::kF32, 0).ok()) << bad;
  }
  const auto of_size = [](uint32_t elements) {
    std::string text = "[0";
    for (uint32_t i = 1; i < elements; ++i) text += ",0";
    return parse_vector(text + "]", VectorElement::kI8, 0).status().code();
  };
  EXPECT_EQ(of_size(kMaxVectorDimension - 1), Code::kOk);
  EXPECT_EQ(of_size(kMaxVectorDimension), Code::kOk);
  EXPECT_EQ(of_size(kMaxVectorDimension + 1), Code::kLimit);
}

TEST(Point, TakesTheUsualForms) {
  for (const char* good : {"POINT(1 -2)", "point (1, -2)", "(1,-2)", "1 -2"}) {
    const Result<Value> value = parse_point(good, TypeKind::kPoint);
    ASSERT_TRUE(value.ok()) << good;
    EXPECT_EQ(value->to_text(), "POINT(1.0 -2.0)");
  }
  EXPECT_EQ(parse_point("POINT(1 2 3)", TypeKind::kPoint3d)->to_text(), "POINT(1.0 2.0 3.0)");
  for (const char* bad : {"", "POINT", "POINT 1 2", "(1", "(1 2 3)", "1"}) {
    EXPECT_FALSE(parse_point(bad, TypeKind::kPoint).ok()) << bad;
  }
}

TEST(Utf8, AgreesWithDecodingByTheBook) {
  for (const char* good : {"", "robot", "\xc3\xa9", "\xe4\xbd\xa0", "\xf0\x9f\xa4\x96"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const char* bad : {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                          "\xf4\x90\x80\x80", "\xff", "\xe4\xbd"}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
  }
}

TEST(Cast, KeepsValuesOrSaysWhyNot) {
  const auto cast = [](Value value, Type type, CastMode mode = CastMode::kImplicit) {
    const Result<Value> result = cast_value(value, type, mode);
    return result.ok() ? result->to_text() : "error: " + result.status().message();
  };
  EXPECT_EQ(cast(Value::text("7"), Type::integer()), "7");
  EXPECT_EQ(cast(Value::floating(7), Type::integer()), "7");
  EXPECT_EQ(cast(Value::floating(7.5), Type::integer()),
            "error: 7.5 is not a whole number; CAST rounds it");
  EXPECT_EQ(cast(Value::floating(7.5), Type::integer(), CastMode::kExplicit), "8");
  EXPECT_EQ(cast(Value::floating(9.3e18), Type::integer()), "error: 9.3e+18 does not fit INTEGER");
  EXPECT_EQ(cast(Value::floating(-9223372036854775808.0), Type::integer()), "-9223372036854775808");
  EXPECT_EQ(cast(Value::integer(5), Type::timestamp()), "1970-01-01T00:00:00.000000005Z");
  EXPECT_EQ(cast(Value::text("[1,2]"), Type::vector(2, VectorElement::kI8)), "[1.0,2.0]");
  EXPECT_EQ(cast(Value::boolean(true), Type::vector(2)), "error: BOOLEAN can not become VECTOR(2)");
  EXPECT_EQ(cast(Value::blob("\x01\xff"), Type::text()), "error: BLOB is not UTF-8; TEXT must be");
  EXPECT_TRUE(cast_value(Value(), Type::text(), CastMode::kImplicit)->is_null());
}

}  // namespace
}  // namespace mote
