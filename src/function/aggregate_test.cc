#include <cmath>
#include <map>

#include "function/float_sum.h"
#include "function/test_call.h"

namespace mote {
namespace {

TEST(Aggregates, OverNoRows) {
  const Type type = Type::integer();
  EXPECT_EQ(shown(aggregate("count", type, {})), "0");
  EXPECT_EQ(shown(aggregate("sum", type, {})), "NULL");
  EXPECT_EQ(shown(aggregate("avg", type, {})), "NULL");
  EXPECT_EQ(shown(aggregate("min", type, {})), "NULL");
  EXPECT_EQ(shown(aggregate("total", type, {})), "0.0");
  EXPECT_EQ(shown(aggregate("stddev", type, {})), "NULL");
  EXPECT_EQ(shown(aggregate("bool_and", Type::boolean(), {})), "NULL");
}

TEST(Aggregates, PassOverNulls) {
  const std::vector<Value> values = {Value::null(Type::integer()), integer(3), integer(8),
                                     Value::null(Type::integer())};
  const Type type = Type::integer();
  EXPECT_EQ(shown(aggregate("count", type, values)), "2");
  EXPECT_EQ(shown(aggregate("count", std::vector<Column>{}, 4)), "4");
  EXPECT_EQ(shown(aggregate("sum", type, values)), "11");
  EXPECT_EQ(shown(aggregate("avg", type, values)), "5.5");
  EXPECT_EQ(shown(aggregate("min", type, values)), "3");
  EXPECT_EQ(shown(aggregate("max", type, values)), "8");
  EXPECT_EQ(shown(aggregate("any_value", type, values)), "3");
  EXPECT_EQ(shown(aggregate("first", type, values)), "NULL");
  EXPECT_EQ(shown(aggregate("last", type, values)), "NULL");
}

TEST(Aggregates, SumOfIntegersIsAnErrorOnlyWhenTheWholeSumDoesNotFit) {
  const Type type = Type::integer();
  EXPECT_EQ(shown(aggregate("sum", type, {integer(INT64_MAX), integer(1), integer(-2)})),
            "9223372036854775806");
  EXPECT_EQ(shown(aggregate("sum", type, {integer(INT64_MIN), integer(INT64_MIN), integer(-5)})),
            "error: sum of 3 integers, about -1.84467e+19, does not fit INTEGER; total() is FLOAT");
  EXPECT_EQ(shown(aggregate("avg", type, {integer(INT64_MAX), integer(INT64_MAX)})),
            "9223372036854775808.0");
  EXPECT_EQ(shown(aggregate("sum", Type::boolean(), {boolean(true), boolean(true)})), "2");
}

TEST(Aggregates, SumOfFloatsLosesNothing) {
  const Type type = Type::floating();
  std::vector<Value> values;
  for (int i = 0; i < 100; ++i) {
    values.push_back(floating(1e16));
    values.push_back(floating(1));
    values.push_back(floating(-1e16));
  }
  EXPECT_EQ(shown(aggregate("sum", type, values)), "100.0");
  EXPECT_EQ(shown(aggregate("sum", type, {floating(INFINITY), floating(1)})), "inf");
  EXPECT_EQ(shown(aggregate("sum", type, {floating(INFINITY), floating(-INFINITY)})), "nan");
  EXPECT_EQ(shown(aggregate("sum", type, {floating(0.1), floating(0.2), floating(0.3)})), "0.6");
}

// However the values are cut, the vector loop adds them as the row loop does.
TEST(FloatSum, DoesNotDependOnTheCut) {
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::vector<double> values;
  for (int i = 0; i < 3000; ++i) values.push_back(std::ldexp(uniform(random), i % 60));
  FloatSum one_by_one;
  for (const double value : values) one_by_one.add(value);
  for (uint32_t cut = 1; cut < 1500; cut += 37) {
    FloatSum sum;
    for (size_t at = 0; at < values.size(); at += cut) {
      const auto count = static_cast<uint32_t>(std::min<size_t>(cut, values.size() - at));
      add_floats(values.data() + at, count, &sum);
    }
    EXPECT_EQ(sum.value(), one_by_one.value()) << cut;
  }
}

struct Expected {
  int64_t count = 0;
  double sum = 0;
  double least = INFINITY;
  double greatest = -INFINITY;
  std::vector<double> values;
};

// Random values in random groups, cut into two states that are merged, against plain loops.
TEST(Aggregates, OfGroupsAgreeWithLoops) {
  constexpr uint32_t kGroups = 7;
  for (uint32_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::vector<Value> values;
    std::vector<uint32_t> groups;
    std::map<uint32_t, Expected> expected;
    for (int i = 0; i < 1000; ++i) {
      groups.push_back(static_cast<uint32_t>(random() % kGroups));
      const bool is_null = random() % 5 == 0;
      const double value = static_cast<double>(random() % 1000) / 7;
      values.push_back(is_null ? Value::null(Type::floating()) : floating(value));
      if (is_null) continue;
      Expected& group = expected[groups.back()];
      ++group.count;
      group.sum += value;
      group.least = std::min(group.least, value);
      group.greatest = std::max(group.greatest, value);
      group.values.push_back(value);
    }
    const std::vector<Value> early(values.begin(), values.begin() + 400);
    const std::vector<Value> late(values.begin() + 400, values.end());
    for (const char* const name :
         {"count", "sum", "avg", "min", "max", "var_pop", "var_samp", "stddev_pop"}) {
      SCOPED_TRACE(name);
      const Result<ResolvedAggregate> resolved =
          resolve_aggregate(name, std::vector<Type>{Type::floating()});
      ASSERT_TRUE(resolved.ok());
      AggregateStates first(*resolved, kGroups);
      AggregateStates second(*resolved, kGroups);
      ASSERT_TRUE(
          first.update({column_of(Type::floating(), early)}, {groups.begin(), groups.begin() + 400})
              .ok());
      ASSERT_TRUE(
          second.update({column_of(Type::floating(), late)}, {groups.begin() + 400, groups.end()})
              .ok());
      ASSERT_TRUE(first.merge(second).ok());
      const auto finished = first.finish();
      ASSERT_TRUE(finished.ok());
      for (uint32_t g = 0; g < kGroups; ++g) {
        const Expected& group = expected[g];
        const auto count = static_cast<double>(group.count);
        double squares = 0;
        for (const double v : group.values) squares += std::pow(v - group.sum / count, 2);
        const std::string_view what = name;
        const double wanted = what == "count"      ? count
                              : what == "sum"      ? group.sum
                              : what == "avg"      ? group.sum / count
                              : what == "min"      ? group.least
                              : what == "max"      ? group.greatest
                              : what == "var_pop"  ? squares / count
                              : what == "var_samp" ? squares / (count - 1)
                                                   : std::sqrt(squares / count);
        const Value& value = (*finished)[g];
        const double got =
            what == "count" ? static_cast<double>(value.integer()) : value.floating();
        EXPECT_NEAR(got, wanted, 1e-9 * std::fabs(wanted));
      }
    }
  }
}

// min, max, first and last of every type, in two merged halves, against Value::compare.
TEST(Aggregates, ExtremesOfEveryTypeFollowTheOrderOfValues) {
  const std::vector<std::vector<Value>> sets = {
      {text("b"), text("abc"), text(""), Value::null(Type::text()), text("zz"), text("y")},
      {floating(1), floating(std::nan("")), floating(-3), floating(INFINITY), floating(2)},
      {Value::float4(1), Value::float4(NAN), Value::float4(-2), Value::float4(7)},
      {boolean(true), boolean(false), boolean(true), boolean(false)},
      {interval("1 month"), interval("29 days"), interval("31 days"), interval("1 ns")},
      {timestamp("2024-01-01"), timestamp("1960-01-01"), timestamp("2200-01-01")},
  };
  for (const std::vector<Value>& set : sets) {
    const Type type = set[0].type();
    SCOPED_TRACE(type.name());
    for (const char* const name : {"min", "max", "first", "last"}) {
      SCOPED_TRACE(name);
      const auto resolved = resolve_aggregate(name, std::vector<Type>{type});
      AggregateStates one(*resolved, 1);
      AggregateStates two(*resolved, 1);
      ASSERT_TRUE(one.update({column_of(type, {set[0], set[1]})}, {0, 0}).ok());
      const std::vector<Value> rest(set.begin() + 2, set.end());
      ASSERT_TRUE(two.update({column_of(type, rest)}, std::vector<uint32_t>(rest.size(), 0)).ok());
      ASSERT_TRUE(one.merge(two).ok());
      Value best;
      for (const Value& value : set) {
        if (value.is_null()) continue;
        const int order = best.is_null() ? 1 : value.compare(best);
        const bool takes =
            std::string_view(name) == "min" ? best.is_null() || order < 0 : order > 0;
        if (takes) best = value;
      }
      if (std::string_view(name) == "first") best = set[0];
      if (std::string_view(name) == "last") best = set[set.size() - 1];
      EXPECT_EQ((*one.finish())[0], best);
    }
  }
}

TEST(Aggregates, ArgumentsOfExtremes) {
  const Column names = column_of(Type::text(), {text("a"), text("bb"), text("ccc"), text("d")});
  const Column by = column_of(Type::integer(),
                              {integer(2), integer(1), Value::null(Type::integer()), integer(1)});
  EXPECT_EQ(shown(aggregate("arg_min", {names, by}, 4)), "bb");
  EXPECT_EQ(shown(aggregate("arg_max", {names, by}, 4)), "a");
}

TEST(Aggregates, TruthsAndCounts) {
  const std::vector<Value> mixed = {boolean(true), boolean(false), Value::null(Type::boolean())};
  EXPECT_EQ(shown(aggregate("bool_and", Type::boolean(), mixed)), "false");
  EXPECT_EQ(shown(aggregate("bool_or", Type::boolean(), mixed)), "true");
  EXPECT_EQ(shown(aggregate("count_if", Type::boolean(), mixed)), "1");
}

}  // namespace
}  // namespace mote
