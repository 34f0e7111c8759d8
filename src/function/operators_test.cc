#include <cmath>

#include "function/test_call.h"

namespace mote {
namespace {

constexpr int64_t kIntegers[] = {INT64_MIN,
                                 INT64_MIN + 1,
                                 -4611686018427387905,
                                 -9007199254740993,
                                 -7,
                                 -1,
                                 0,
                                 1,
                                 2,
                                 3,
                                 63,
                                 64,
                                 4294967296,
                                 9007199254740993,
                                 4611686018427387904,
                                 INT64_MAX};

// Every pair of edge integers, against 128-bit arithmetic.
TEST(Arithmetic, OfIntegersIsExactOrAnError) {
  for (const int64_t a : kIntegers) {
    for (const int64_t b : kIntegers) {
      SCOPED_TRACE(format_text("%lld %lld", static_cast<long long>(a), static_cast<long long>(b)));
      const __int128 wide = a;
      const std::pair<const char*, __int128> cases[] = {{"+", wide + b},
                                                        {"-", wide - b},
                                                        {"*", wide * b},
                                                        {"/", b == 0 ? 0 : wide / b},
                                                        {"%", b == 0 ? 0 : wide % b}};
      for (const auto& [name, expected] : cases) {
        const Result<Value> result = call(name, {integer(a), integer(b)});
        const bool fits = expected >= INT64_MIN && expected <= INT64_MAX;
        ASSERT_EQ(result.ok(), fits) << name;
        if (!fits) continue;
        const bool is_null = b == 0 && (*name == '/' || *name == '%');
        ASSERT_EQ(result->is_null(), is_null) << name;
        if (!is_null) ASSERT_EQ(result->integer(), static_cast<int64_t>(expected)) << name;
      }
    }
  }
}

TEST(Arithmetic, AnOverflowNamesBothValues) {
  EXPECT_EQ(call_text("+", {integer(INT64_MAX), integer(1)}),
            "error: 9223372036854775807 + 1 does not fit INTEGER");
  EXPECT_EQ(call_text("-", {integer(INT64_MIN)}),
            "error: -(-9223372036854775808) does not fit INTEGER");
}

// A null entry is zero, and 0 - INT64_MIN overflows, but no one asked for that row.
TEST(Arithmetic, NullRowsAreNeverErrors) {
  const std::vector<Value> a = {Value::null(Type::integer()), integer(5)};
  const std::vector<Value> b = {integer(INT64_MIN), integer(3)};
  const Result<Column> out =
      call_columns("-", {column_of(Type::integer(), a), column_of(Type::integer(), b)}, 2);
  ASSERT_TRUE(out.ok());
  EXPECT_TRUE(out->is_null(0));
  EXPECT_EQ(out->value(1), integer(2));
}

TEST(Arithmetic, MixedNumbersAreFloat) {
  EXPECT_EQ(call_text("+", {integer(1), floating(0.5)}), "1.5");
  EXPECT_EQ(call_text("/", {integer(7), integer(2)}), "3");
  EXPECT_EQ(call_text("/", {integer(-7), integer(2)}), "-3");
  EXPECT_EQ(call_text("%", {integer(-7), integer(2)}), "-1");
  EXPECT_EQ(call_text("/", {integer(7), floating(2)}), "3.5");
  EXPECT_EQ(call_text("/", {floating(7), floating(0)}), "NULL");
  EXPECT_EQ(call_text("%", {floating(7.5), floating(2)}), "1.5");
  EXPECT_EQ(call_text("*", {Value::float4(0.5F), Value::float4(3)}), "1.5");
}

TEST(Arithmetic, BitsShiftOutAndBackwards) {
  EXPECT_EQ(call_text("<<", {integer(1), integer(63)}), "-9223372036854775808");
  EXPECT_EQ(call_text("<<", {integer(1), integer(64)}), "0");
  EXPECT_EQ(call_text(">>", {integer(-8), integer(1)}), "-4");
  EXPECT_EQ(call_text(">>", {integer(-8), integer(200)}), "-1");
  EXPECT_EQ(call_text("<<", {integer(8), integer(-2)}), "2");
  EXPECT_EQ(call_text(">>", {integer(1), integer(INT64_MIN)}), "0");
  EXPECT_EQ(call_text("&", {integer(12), integer(10)}), "8");
  EXPECT_EQ(call_text("|", {integer(12), integer(10)}), "14");
  EXPECT_EQ(call_text("~", {integer(0)}), "-1");
}

// Values of every kind that can be compared, many equal.
Value random_value(Type type, std::mt19937_64& random) {
  const auto small = static_cast<int64_t>(random() % 5) - 2;
  const double floats[] = {-0.0, 0.0, 1.5, std::nan(""), -INFINITY};
  if (random() % 6 == 0) return Value::null(type);
  switch (type.kind) {
    case TypeKind::kBoolean: return Value::boolean(small > 0);
    case TypeKind::kInteger: return Value::integer(small == 2 ? INT64_MIN : small);
    case TypeKind::kFloat4: return Value::float4(static_cast<float>(floats[random() % 5]));
    case TypeKind::kFloat: return Value::floating(floats[random() % 5]);
    case TypeKind::kText: return Value::text(std::string(static_cast<size_t>(small + 2), 'a'));
    case TypeKind::kBlob: return Value::blob(std::string(1, static_cast<char>(small)));
    case TypeKind::kTimestamp: return Value::timestamp(small);
    default: return Value::interval({small == 1 ? 1 : 0, small == 0 ? 30 : 0, small == 2 ? 5 : 0});
  }
}

TEST(Comparison, AgreesWithTheOrderOfValues) {
  for (const TypeKind kind :
       {TypeKind::kBoolean, TypeKind::kInteger, TypeKind::kFloat4, TypeKind::kFloat,
        TypeKind::kText, TypeKind::kBlob, TypeKind::kTimestamp, TypeKind::kInterval}) {
    SCOPED_TRACE(Type::of(kind).name());
    std::mt19937_64 random(17);
    std::vector<Value> a;
    std::vector<Value> b;
    for (int i = 0; i < 500; ++i) {
      a.push_back(random_value(Type::of(kind), random));
      b.push_back(random_value(Type::of(kind), random));
    }
    const std::vector<Column> columns = {column_of(Type::of(kind), a),
                                         column_of(Type::of(kind), b)};
    for (const char* const name : {"=", "<>", "<", "<=", ">", ">=", "is_distinct_from"}) {
      const Result<Column> out = call_columns(name, columns, 500);
      ASSERT_TRUE(out.ok());
      const std::string_view op = name;
      for (uint32_t i = 0; i < 500; ++i) {
        const int order = a[i].compare(b[i]);
        if (op == "is_distinct_from") {
          ASSERT_EQ(out->value(i), boolean(order != 0));
          continue;
        }
        ASSERT_EQ(out->is_null(i), a[i].is_null() || b[i].is_null());
        if (out->is_null(i)) continue;
        const bool expected = op == "="    ? order == 0
                              : op == "<>" ? order != 0
                              : op == "<"  ? order < 0
                              : op == "<=" ? order <= 0
                              : op == ">"  ? order > 0
                                           : order >= 0;
        ASSERT_EQ(out->value(i).boolean(), expected) << name << " " << i;
      }
    }
  }
}

// Long doubles of x86 hold both kinds exactly; elsewhere they are wider still or the test is
// weaker.
TEST(Comparison, OfIntegerAndFloatIsExact) {
  std::vector<double> floats = {
      0.5,    -0.5,     9007199254740992.0, 9223372036854775808.0, -9223372036854775808.0, 1e300,
      -1e300, INFINITY, -INFINITY};
  for (const int64_t whole : kIntegers) floats.push_back(static_cast<double>(whole));
  for (const int64_t whole : kIntegers) {
    for (const double number : floats) {
      const auto a = static_cast<long double>(whole);
      const auto b = static_cast<long double>(number);
      EXPECT_EQ(call("<", {integer(whole), floating(number)})->boolean(), a < b);
      EXPECT_EQ(call(">", {integer(whole), floating(number)})->boolean(), a > b);
      EXPECT_EQ(call("=", {integer(whole), floating(number)})->boolean(), a == b);
      EXPECT_EQ(call("<=", {floating(number), integer(whole)})->boolean(), b <= a);
      EXPECT_EQ(call(">=", {floating(number), integer(whole)})->boolean(), b >= a);
    }
    EXPECT_TRUE(call("<", {integer(whole), floating(std::nan(""))})->boolean());
  }
}

TEST(Comparison, OfUnlikeTypesIsRefused) {
  EXPECT_EQ(call_text("=", {text("a"), integer(1)}),
            "error: = does not take (TEXT, INTEGER); it is =(value, value) of one type, or two "
            "numbers");
}

TEST(Intervals, MoveTimestamps) {
  const Value time = timestamp("2024-01-31T10:00:00Z");
  EXPECT_EQ(call_text("+", {time, interval("1 month")}), "2024-02-29T10:00:00Z");
  EXPECT_EQ(call_text("-", {time, interval("20 ms")}), "2024-01-31T09:59:59.98Z");
  EXPECT_EQ(call_text("+", {interval("2 days"), time}), "2024-02-02T10:00:00Z");
  EXPECT_EQ(call_text("-", {time, timestamp("2024-01-30T10:00:00Z")}), "24:00:00");
  EXPECT_EQ(call_text("+", {time, integer(1)}), "2024-01-31T10:00:00.000000001Z");
  EXPECT_EQ(call_text("+", {Value::timestamp(INT64_MAX), interval("1 ns")}),
            "error: time is outside 1677-09-21 .. 2262-04-11, the range of TIMESTAMP");
  EXPECT_FALSE(call("-", {Value::timestamp(INT64_MIN), Value::timestamp(1)}).ok());
  EXPECT_FALSE(call("+", {integer(1), interval("1 day")}).ok());
}

TEST(Intervals, AddAndScale) {
  EXPECT_EQ(call_text("+", {interval("1 month"), interval("3 days 4 hours")}),
            "1 month 3 days 04:00:00");
  EXPECT_EQ(call_text("-", {interval("1 hour"), interval("90 minutes")}), "-00:30:00");
  EXPECT_EQ(call_text("*", {interval("20 ms"), integer(3)}), "00:00:00.06");
  EXPECT_EQ(call_text("*", {floating(1.5), interval("1 month 1 day")}), "1 month 16 days 12:00:00");
  EXPECT_EQ(call_text("/", {interval("1 second"), integer(4)}), "00:00:00.25");
  EXPECT_EQ(call_text("/", {interval("1 second"), integer(0)}), "NULL");
  EXPECT_EQ(call_text("-", {interval("1 day")}), "-1 day");
  EXPECT_EQ(call_text("abs", {interval("-1 day")}), "1 day");
  EXPECT_FALSE(call("*", {interval("1000000 days"), integer(1000000)}).ok());
  EXPECT_FALSE(call("*", {interval("1 day"), floating(std::nan(""))}).ok());
}

TEST(Conditional, ChoosesRows) {
  const Value null = Value::null(Type::integer());
  EXPECT_EQ(call_text("coalesce", {null, integer(2), integer(3)}), "2");
  EXPECT_EQ(call_text("coalesce", {Value(), Value()}), "NULL");
  EXPECT_EQ(call_text("coalesce", {null, floating(0.5)}), "0.5");
  EXPECT_EQ(call_text("ifnull", {Value(), text("x")}), "x");
  EXPECT_EQ(call_text("nullif", {integer(1), integer(1)}), "NULL");
  EXPECT_EQ(call_text("nullif", {integer(1), null}), "1");
  EXPECT_EQ(call_text("nullif", {text("a"), text("b")}), "a");
  EXPECT_EQ(call_text("if", {boolean(true), integer(1), integer(2)}), "1");
  EXPECT_EQ(call_text("iif", {Value::null(Type::boolean()), integer(1), integer(2)}), "2");
  EXPECT_EQ(call_text("if", {boolean(false), integer(1)}), "NULL");
  EXPECT_EQ(call_text("greatest", {integer(1), null, floating(2.5)}), "2.5");
  EXPECT_EQ(call_text("least", {text("b"), text("a")}), "a");
  EXPECT_EQ(call_text("greatest", {null, null}), "NULL");
  EXPECT_EQ(call_text("max", {integer(1), null}), "NULL");
  EXPECT_EQ(call_text("min", {integer(3), integer(2)}), "2");
  EXPECT_EQ(call_text("typeof", {floating(1)}), "FLOAT");
}

TEST(Registry, NamesTheNearestFunctions) {
  EXPECT_EQ(call_text("coalesc", {integer(1)}),
            "error: no function 'coalesc'; did you mean coalesce");
  EXPECT_EQ(call_text("qqqqqqqqqqqq", {}), "error: no function 'qqqqqqqqqqqq'");
  EXPECT_EQ(resolve_aggregate("smu", std::vector<Type>{Type::integer()}).status().code(),
            Code::kNotFound);
}

TEST(Registry, FindsNamesInAnyCaseAndSorted) {
  EXPECT_FALSE(find_scalar("CoAlEsCe").empty());
  EXPECT_TRUE(find_scalar("coalescent").empty());
  EXPECT_TRUE(find_scalar(std::string(1000, 'a')).empty());
  EXPECT_FALSE(find_aggregate("SUM").empty());
  const auto names = scalar_names();
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  for (const std::string_view name : names) {
    for (const ScalarFunction* const function : find_scalar(name)) {
      EXPECT_EQ(function->name, name);
      EXPECT_FALSE(function->signature.empty()) << name;
    }
  }
}

TEST(Registry, ListsTheSignaturesThereAre) {
  EXPECT_EQ(call_text("~", {text("a")}), "error: ~ does not take (TEXT); it is ~(INTEGER)");
  EXPECT_EQ(call_text("~", {integer(1), integer(2)}),
            "error: ~ does not take (INTEGER, INTEGER); it is ~(INTEGER)");
}

TEST(CastColumn, AgreesWithCastValue) {
  std::mt19937_64 random(3);
  const TypeKind kinds[] = {TypeKind::kBoolean, TypeKind::kInteger, TypeKind::kFloat4,
                            TypeKind::kFloat,   TypeKind::kText,    TypeKind::kTimestamp};
  for (const TypeKind from : kinds) {
    for (const TypeKind to : kinds) {
      SCOPED_TRACE(Type::of(from).name() + " as " + Type::of(to).name());
      for (int round = 0; round < 30; ++round) {
        const Value value = random_value(Type::of(from), random);
        const Result<Value> expected = cast_value(value, Type::of(to), CastMode::kExplicit);
        Column out;
        const Status status = cast_column(column_of(Type::of(from), {value}), 1, Type::of(to),
                                          CastMode::kExplicit, out);
        ASSERT_EQ(status.ok(), expected.ok());
        if (expected.ok()) ASSERT_EQ(out.value(0), *expected);
      }
    }
  }
}

TEST(CastColumn, AVectorNeedsItsDimension) {
  Column out;
  EXPECT_FALSE(cast_column(column_of(Type::text(), {text("[1,2]")}), 1, Type::vector(0),
                           CastMode::kExplicit, out)
                   .ok());
  ASSERT_TRUE(cast_column(column_of(Type::text(), {text("[1,2]")}), 1, Type::vector(2),
                          CastMode::kExplicit, out)
                  .ok());
  EXPECT_EQ(out.value(0).to_text(), "[1.0,2.0]");
}

}  // namespace
}  // namespace mote
