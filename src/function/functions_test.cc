// Known answers of the functions that work row by row.
#include <cmath>

#include "function/test_call.h"

namespace mote {
namespace {

struct Case {
  const char* name;
  std::vector<Value> arguments;
  const char* expected;
};

void expect_all(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    std::string call_as_text = c.name;
    for (const Value& argument : c.arguments) call_as_text += " " + argument.to_text();
    SCOPED_TRACE(call_as_text);
    EXPECT_EQ(call_text(c.name, c.arguments), c.expected);
    // NULL in any place: nothing but NULL comes of it, where NULLs pass.
    const auto resolved = [&] {
      std::vector<Type> types;
      for (const Value& argument : c.arguments) types.push_back(argument.type());
      return resolve_scalar(c.name, types);
    }();
    if (!resolved.ok() || !resolved->function->nulls_pass) continue;
    for (size_t i = 0; i < c.arguments.size(); ++i) {
      std::vector<Value> with_null = c.arguments;
      with_null[i] = Value::null(with_null[i].type());
      EXPECT_EQ(call_text(c.name, with_null), "NULL") << i;
    }
  }
}

Value point(double x, double y) { return Value::point(x, y); }
Value point3d(double x, double y, double z) { return Value::point3d(x, y, z); }

TEST(Mathematics, KnownAnswers) {
  expect_all({
      {"abs", {integer(-5)}, "5"},
      {"abs", {floating(-0.5)}, "0.5"},
      {"abs", {integer(INT64_MIN)}, "error: abs(-9223372036854775808) does not fit INTEGER"},
      {"ceil", {floating(1.2)}, "2.0"},
      {"floor", {floating(-1.2)}, "-2.0"},
      {"floor", {integer(7)}, "7"},
      {"trunc", {floating(-1.7)}, "-1.0"},
      {"round", {floating(2.5)}, "3.0"},
      {"round", {floating(-2.5)}, "-3.0"},
      {"round", {floating(3.14159), integer(2)}, "3.14"},
      {"round", {floating(1234.5), integer(-2)}, "1200.0"},
      {"round", {floating(1e300), integer(5)}, "1e+300"},
      {"round", {integer(1250), integer(-2)}, "1300"},
      {"round", {integer(-1250), integer(-2)}, "-1300"},
      {"round",
       {integer(INT64_MAX), integer(-19)},
       "error: round(9223372036854775807, -19) does not fit INTEGER"},
      {"sign", {integer(-3)}, "-1"},
      {"sign", {floating(0.1)}, "1"},
      {"sqrt", {floating(2.25)}, "1.5"},
      {"sqrt", {floating(-1)}, "NULL"},
      {"sqrt", {floating(NAN)}, "nan"},
      {"cbrt", {floating(-8)}, "-2.0"},
      {"exp", {integer(0)}, "1.0"},
      {"ln", {floating(1)}, "0.0"},
      {"ln", {floating(0)}, "NULL"},
      {"log10", {integer(1000)}, "3.0"},
      {"log", {integer(100)}, "2.0"},
      {"log", {integer(2), integer(8)}, "3.0"},
      {"log2", {integer(8)}, "3.0"},
      {"pow", {integer(2), integer(10)}, "1024.0"},
      {"power", {integer(0), integer(-1)}, "NULL"},
      {"power", {integer(-8), floating(0.5)}, "NULL"},
      {"hypot", {integer(3), integer(4)}, "5.0"},
      {"sin", {integer(0)}, "0.0"},
      {"cos", {integer(0)}, "1.0"},
      {"asin", {integer(2)}, "NULL"},
      {"atan2", {integer(0), integer(1)}, "0.0"},
      {"tanh", {integer(0)}, "0.0"},
      {"degrees", {floating(M_PI)}, "180.0"},
      {"radians", {integer(180)}, "3.141592653589793"},
      {"pi", {}, "3.141592653589793"},
      {"mod", {integer(7), integer(4)}, "3"},
      {"isnan", {floating(NAN)}, "true"},
      {"isinf", {floating(-INFINITY)}, "true"},
      {"isinf", {floating(NAN)}, "false"},
      {"isfinite", {integer(3)}, "true"},
  });
}

TEST(Mathematics, RandomNumbersAreWithinOneAndDiffer) {
  const Result<Column> out = call_columns("random", {}, kChunkRows);
  ASSERT_TRUE(out.ok());
  double sum = 0;
  for (uint32_t i = 0; i < kChunkRows; ++i) {
    const double value = out->lane<double>()[i];
    ASSERT_TRUE(value >= 0 && value < 1);
    if (i > 0) ASSERT_NE(value, out->lane<double>()[i - 1]);
    sum += value;
  }
  EXPECT_NEAR(sum / kChunkRows, 0.5, 0.05);
}

TEST(Vectors, KnownAnswers) {
  expect_all({
      {"<->", {vector("[0,0]"), vector("[3,4]")}, "5.0"},
      {"<=>", {vector("[1,0]"), vector("[0,2]")}, "1.0"},
      {"<=>", {vector("[1,1]"), vector("[3,3]")}, "0.0"},
      {"<=>", {vector("[1,1]"), vector("[0,0]")}, "nan"},
      {"<#>", {vector("[1,2]"), vector("[3,4]")}, "-11.0"},
      {"inner_product", {vector("[1,2]"), vector("[3,4]")}, "11.0"},
      {"l2_distance", {vector("[1]"), vector("[-1]")}, "2.0"},
      {"cosine_distance", {vector("[1]"), vector("[-1]")}, "2.0"},
      {"vector_dims", {vector("[1,2,3]")}, "3"},
      {"dimension", {vector("[1,2,3]", VectorElement::kI8)}, "3"},
      {"vector_norm", {vector("[3,4]", VectorElement::kF16)}, "5.0"},
      {"vector_element", {vector("[3,4]"), integer(2)}, "4.0"},
      {"vector_element", {vector("[3,4]"), integer(3)}, "NULL"},
      {"<->", {text("[0,0]"), text("[3,4]")}, "5.0"},
      {"<->", {text("[0,0]"), text("[3]")}, "error: vectors of 2 and 1 elements have no distance"},
      {"vector_norm", {text("[3,4]")}, "5.0"},
      {"<->", {vector("[1,2]", VectorElement::kI8), vector("[1.5,2]")}, "0.5"},
      {"<->", {vector("[1,2]", VectorElement::kF16), vector("[1,2]", VectorElement::kI8)}, "0.0"},
      {"<->",
       {vector("[1,2]"), vector("[1,2,3]")},
       "error: <-> does not take (VECTOR(2), VECTOR(3)); it is <->(VECTOR(n), VECTOR(n)) or "
       "<->('[..]', '[..]') or <->(POINT, POINT) or <->(POINT3D, POINT3D); the dimensions 2 and 3 "
       "differ"},
  });
}

TEST(Vectors, AnUntypedArgumentTakesTheOthersDimension) {
  const std::vector<Type> types = {Type::vector(3, VectorElement::kI8), Type{}};
  const Result<ResolvedScalar> resolved = resolve_scalar("<->", types);
  ASSERT_TRUE(resolved.ok());
  EXPECT_EQ(resolved->cast_to[1], Type::vector(3));
}

TEST(Spatial, KnownAnswers) {
  expect_all({
      {"st_distance", {point(0, 0), point(3, 4)}, "5.0"},
      {"<->", {point3d(1, 2, 3), point3d(1, 2, 5)}, "2.0"},
      {"st_within", {point(1, 1), integer(0), integer(0), integer(1), integer(1)}, "true"},
      {"st_within", {point(1, 1.5), integer(0), integer(0), integer(1), integer(1)}, "false"},
      {"st_within", {point(1, 1), integer(2), integer(0), integer(1), integer(1)}, "false"},
      {"st_within", {point(NAN, 1), integer(0), integer(0), integer(1), integer(1)}, "false"},
      {"st_within_3d",
       {point3d(1, 1, 1), integer(0), integer(0), integer(0), integer(1), integer(1), integer(1)},
       "true"},
      {"st_within_3d",
       {point3d(1, 1, 2), integer(0), integer(0), integer(0), integer(1), integer(1), integer(1)},
       "false"},
      {"st_dwithin", {point(0, 0), point(3, 4), integer(5)}, "true"},
      {"st_dwithin", {point(0, 0), point(3, 4), floating(4.999)}, "false"},
      {"st_dwithin", {point3d(0, 0, 0), point3d(0, 0, 2), integer(2)}, "true"},
      {"st_x", {point(1, 2)}, "1.0"},
      {"st_y", {point3d(1, 2, 3)}, "2.0"},
      {"st_z", {point3d(1, 2, 3)}, "3.0"},
      {"point", {integer(1), floating(2.5)}, "POINT(1.0 2.5)"},
      {"point3d", {integer(1), integer(2), integer(3)}, "POINT(1.0 2.0 3.0)"},
      {"st_makepoint", {integer(1), integer(2), integer(3)}, "POINT(1.0 2.0 3.0)"},
  });
}

TEST(Time, KnownAnswers) {
  const Value time = timestamp("2024-02-29T13:45:56.123456789Z");
  expect_all({
      {"epoch_ns", {time}, "1709214356123456789"},
      {"epoch_us", {time}, "1709214356123456"},
      {"epoch_ms", {time}, "1709214356123"},
      {"epoch_ms", {Value::timestamp(-1)}, "-1"},
      {"epoch", {timestamp("1970-01-01T00:00:01.5Z")}, "1.5"},
      {"epoch_ns", {interval("1 day 1 ms")}, "86400001000000"},
      {"epoch", {interval("1 month 500 ms")}, "2592000.5"},
      {"make_timestamp_ns", {integer(1)}, "1970-01-01T00:00:00.000000001Z"},
      {"make_timestamp_ms", {integer(-1)}, "1969-12-31T23:59:59.999Z"},
      {"make_timestamp", {integer(1500000)}, "1970-01-01T00:00:01.5Z"},
      {"make_timestamp",
       {integer(INT64_MAX)},
       "error: 9223372036854775807 units of 1000 ns are outside the range of TIMESTAMP"},
      {"make_timestamp",
       {integer(2024), integer(2), integer(29), integer(1), integer(2), floating(3.5)},
       "2024-02-29T01:02:03.5Z"},
      {"make_timestamp",
       {integer(2023), integer(2), integer(29), integer(1), integer(2), floating(3.5)},
       "error: 2023-02 has no day 29"},
      {"to_timestamp", {floating(-0.5)}, "1969-12-31T23:59:59.5Z"},
  });
}

TEST(Calendar, KnownAnswers) {
  const Value time = timestamp("2024-02-29T13:45:56.123456789Z");
  expect_all({
      {"date_part", {text("year"), time}, "2024"},
      {"extract", {text("MILLISECOND"), time}, "56123"},
      {"date_part", {text("week"), time}, "9"},
      {"date_part", {text("quarter"), time}, "1"},
      {"date_part", {text("dow"), time}, "4"},
      {"date_part", {text("isodow"), timestamp("2024-03-03")}, "7"},
      {"date_part", {text("doy"), timestamp("2024-12-31")}, "366"},
      {"date_part", {text("week"), timestamp("2021-01-03")}, "53"},
      {"date_part", {text("isoyear"), timestamp("2021-01-03")}, "2020"},
      {"date_part", {text("week"), timestamp("2018-12-31")}, "1"},
      {"date_part", {text("isoyear"), timestamp("2018-12-31")}, "2019"},
      {"date_part", {text("epoch"), Value::timestamp(-1)}, "-1"},
      {"date_part", {text("dow"), timestamp("1969-12-31")}, "3"},
      {"date_trunc", {text("month"), time}, "2024-02-01T00:00:00Z"},
      {"date_trunc", {text("week"), time}, "2024-02-26T00:00:00Z"},
      {"date_trunc", {text("hour"), timestamp("1969-12-31T23:30:00Z")}, "1969-12-31T23:00:00Z"},
      {"date_trunc", {text("decade"), time}, "2020-01-01T00:00:00Z"},
      {"date_trunc", {text("millisecond"), time}, "2024-02-29T13:45:56.123Z"},
      {"date_trunc",
       {text("doy"), time},
       "error: date_trunc takes nanosecond .. century, not a number in a cycle"},
      {"date_trunc",
       {text("hour"), Value::timestamp(INT64_MIN)},
       "error: date_trunc would leave the range of TIMESTAMP"},
      {"year", {time}, "2024"},
      {"second", {time}, "56"},
      {"strftime",
       {text("%Y-%m-%d %H:%M:%S.%f %j %a %b %% %s"), time},
       "2024-02-29 13:45:56.123456 060 Thu Feb % 1709214356"},
      {"strftime", {time, text("%F %T %I%p")}, "2024-02-29 13:45:56 01PM"},
      {"time_bucket", {interval("1 week"), time}, "2024-02-26T00:00:00Z"},
      {"time_bucket", {interval("1 month"), time}, "2024-02-01T00:00:00Z"},
      {"time_bucket", {interval("3 months"), timestamp("1999-12-31")}, "1999-10-01T00:00:00Z"},
      {"time_bucket",
       {interval("1 month"), timestamp("2024-02-10"), timestamp("2024-01-15")},
       "2024-01-15T00:00:00Z"},
      {"time_bucket", {interval("20 ms"), time}, "2024-02-29T13:45:56.12Z"},
      {"time_bucket", {integer(10), integer(-1)}, "-10"},
      {"time_bucket",
       {interval("0 ms"), time},
       "error: time_bucket needs a width above zero, not 0 ns"},
      {"time_bucket",
       {interval("1 month 1 day"), time},
       "error: time_bucket takes months, or days and hours, but not both"},
  });
  EXPECT_FALSE(call("date_part", {text("fortnight"), time}).ok());
  EXPECT_FALSE(call("strftime", {text("%Q"), time}).ok());
  EXPECT_FALSE(call("strftime", {text("%"), time}).ok());
}

TEST(Time, NowIsTheStatementsTime) {
  const Result<Column> out = call_columns("now", {}, 3, FunctionContext{1500000000});
  ASSERT_TRUE(out.ok());
  EXPECT_EQ(out->value(2).to_text(), "1970-01-01T00:00:01.5Z");
}

// The bucket is found by going down from the time one nanosecond at a time.
TEST(Time, BucketsAgreeWithALoop) {
  for (uint32_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const auto width = static_cast<int64_t>(random() % 50 + 1);
    const auto time = static_cast<int64_t>(random() % 400) - 200;
    const auto origin = static_cast<int64_t>(random() % 400) - 200;
    int64_t start = time;
    while ((start - origin) % width != 0) --start;
    EXPECT_EQ(call("time_bucket", {Value::interval({0, 0, width}), Value::timestamp(time),
                                   Value::timestamp(origin)})
                  ->integer(),
              start);
  }
}

TEST(Time, BucketsReachTheEndsOfTheRange) {
  const Value width = interval("1 hour");
  EXPECT_TRUE(call("time_bucket", {width, Value::timestamp(INT64_MAX)}).ok());
  EXPECT_FALSE(call("time_bucket", {width, Value::timestamp(INT64_MIN)}).ok());
  EXPECT_TRUE(
      call("time_bucket", {width, Value::timestamp(INT64_MAX), Value::timestamp(INT64_MIN)}).ok());
}

// Every day of some years on both ends and in the middle, against a walk through the calendar.
TEST(Time, DatePartsFollowAWalkThroughTheCalendar) {
  constexpr int64_t kDay = 86'400'000'000'000;
  int64_t time = parse_timestamp("1677-09-22").value();
  int64_t iso_day = *parse_timestamp("1677-09-22") / kDay;
  iso_day = ((iso_day % 7) + 7 + 3) % 7;  // Monday 0; 1970-01-01 was a Thursday
  int64_t day_of_year = 265;
  int32_t year = 1677;
  for (int64_t day = 0; day < 213000; ++day, time += kDay) {
    const CivilTime civil = civil_from_timestamp(time);
    if (civil.year != year) {
      year = civil.year;
      day_of_year = 1;
    }
    if (day % 97 == 0 || civil.month == 1 || civil.month == 12) {
      if (day % 3 == 0) {
        ASSERT_EQ(call("date_part", {text("doy"), Value::timestamp(time)})->integer(), day_of_year)
            << day;
        ASSERT_EQ(call("date_part", {text("isodow"), Value::timestamp(time)})->integer(),
                  iso_day + 1);
      }
    }
    ++day_of_year;
    iso_day = (iso_day + 1) % 7;
  }
}

TEST(Text, KnownAnswers) {
  expect_all({
      {"length", {text("naïve")}, "5"},
      {"length", {Value::blob("\xff\xfe")}, "2"},
      {"octet_length", {text("naïve")}, "6"},
      {"lower", {text("ÀÉÎ ŸŽ ΑΩΆ ДЁЖ ABC")}, "àéî ÿž αωά дёж abc"},
      {"upper", {text("àéî ÿž αως дёж abc ß 漢")}, "ÀÉÎ ŸŽ ΑΩΣ ДЁЖ ABC ß 漢"},
      {"reverse", {text("aé漢")}, "漢éa"},
      {"hex", {Value::blob(std::string("\x00\xff", 2))}, "00FF"},
      {"hex", {text("Ab")}, "4162"},
      {"unhex", {text("41fF")}, "\\x41ff"},
      {"unhex", {text("4")}, "NULL"},
      {"unhex", {text("4g")}, "NULL"},
      {"instr", {text("naïve"), text("ve")}, "4"},
      {"strpos", {text("naïve"), text("x")}, "0"},
      {"position", {text("ï"), text("naïve")}, "3"},
      {"instr", {text("abc"), text("")}, "1"},
      {"starts_with", {text("abc"), text("ab")}, "true"},
      {"ends_with", {text("abc"), text("ab")}, "false"},
      {"contains", {text("abc"), text("bc")}, "true"},
      {"ascii", {text("A")}, "65"},
      {"unicode", {text("漢")}, "28450"},
      {"ascii", {text("")}, "NULL"},
      {"chr", {integer(233)}, "é"},
      {"char", {integer(72), integer(105)}, "Hi"},
      {"chr",
       {integer(0xd800)},
       "error: 55296 is no character: 1 to 1114111 without 55296 to 57343"},
      {"||", {text("a"), text("b")}, "ab"},
      {"||", {text("a"), integer(5)}, "a5"},
      {"||", {Value::blob("a"), Value::blob("b")}, "\\x6162"},
      {"concat", {text("a"), Value(), integer(1), floating(0.5)}, "a10.5"},
      {"concat_ws", {text("-"), text("a"), Value(), text("b")}, "a-b"},
      {"concat_ws", {Value::null(Type::text()), text("a")}, "NULL"},
      {"quote", {text("it's")}, "'it''s'"},
      {"quote", {integer(5)}, "5"},
      {"quote", {Value::null(Type::text())}, "NULL"},
      {"quote", {Value::blob("A")}, "X'41'"},
      {"left", {text("naïve"), integer(3)}, "naï"},
      {"left", {text("naïve"), integer(-2)}, "naï"},
      {"left", {text("abc"), integer(-9)}, ""},
      {"right", {text("naïve"), integer(3)}, "ïve"},
      {"right", {text("naïve"), integer(-2)}, "ïve"},
      {"right", {text("abc"), integer(9)}, "abc"},
      {"trim", {text("  a b ")}, "a b"},
      {"ltrim", {text("xxay"), text("xy")}, "ay"},
      {"rtrim", {text("aéxé"), text("éx")}, "a"},
      {"trim", {text("ééaé"), text("é")}, "a"},
      {"split_part", {text("a,b,c"), text(","), integer(2)}, "b"},
      {"split_part", {text("a,b,c"), text(","), integer(-1)}, "c"},
      {"split_part", {text("a,b,c"), text(","), integer(4)}, ""},
      {"split_part", {text("a,b,c"), text(","), integer(-4)}, ""},
      {"replace", {text("banana"), text("an"), text("AN")}, "bANANa"},
      {"replace", {text("banana"), text(""), text("x")}, "banana"},
      {"repeat", {text("ab"), integer(3)}, "ababab"},
      {"repeat", {text("ab"), integer(-3)}, ""},
      {"repeat",
       {text("ab"), integer(INT64_MAX)},
       "error: a value of more than 1000000000 bytes, the limit"},
      {"lpad", {text("7"), integer(3), text("0")}, "007"},
      {"lpad", {text("7é"), integer(5), text("ab")}, "aba7é"},
      {"rpad", {text("7"), integer(3)}, "7  "},
      {"rpad", {text("1234"), integer(2), text("x")}, "12"},
      {"rpad", {text("1"), integer(3), text("")}, "1"},
  });
}

}  // namespace
}  // namespace mote
