// Joins against nested loops over all pairs.
#include <optional>

#include "sql/exec/plans_for_test.h"

namespace mote {
namespace {

using namespace testing;

using Truth = std::optional<bool>;  // nothing is NULL

Truth equal(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return std::nullopt;
  return a.integer() == b.integer();
}
Truth is_less(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return std::nullopt;
  return a.integer() < b.integer();
}
Truth both(Truth a, Truth b) {
  if (a == Truth(false) || b == Truth(false)) return false;
  if (!a.has_value() || !b.has_value()) return std::nullopt;
  return true;
}

// holds(left, right) decides over each pair.
template <typename Holds>
Rows joined(const Rows& left, const Rows& right, JoinType type, bool null_aware, size_t right_width,
            Holds holds) {
  Rows result;
  for (const Row& a : left) {
    bool matched = false;
    bool open = false;
    for (const Row& b : right) {
      const Truth truth = holds(a, b);
      open = open || !truth.has_value();
      if (!truth.value_or(false)) continue;
      matched = true;
      if (type == JoinType::kInner || type == JoinType::kLeft) {
        Row row = a;
        row.insert(row.end(), b.begin(), b.end());
        result.push_back(row);
      }
    }
    open = open && null_aware && !matched;
    Row row = a;
    switch (type) {
      case JoinType::kInner: continue;
      case JoinType::kLeft:
        if (matched) continue;
        row.resize(a.size() + right_width, Value::null(Type::integer()));
        break;
      case JoinType::kSemi:
        if (!matched) continue;
        break;
      case JoinType::kAnti:
        if (matched || open) continue;
        break;
      case JoinType::kMark:
        row.push_back(open ? Value::null(Type::boolean()) : Value::boolean(matched));
        break;
      case JoinType::kSingle: break;
    }
    result.push_back(row);
  }
  return result;
}

PlanPtr join_plan(PlanKind kind, JoinType type, PlanPtr left, PlanPtr right) {
  std::vector<Type> outputs = output_types(*left);
  if (type == JoinType::kInner || type == JoinType::kLeft || type == JoinType::kSingle) {
    for (const Type& each : output_types(*right)) outputs.push_back(each);
  }
  if (type == JoinType::kMark) outputs.push_back(Type::boolean());
  PlanPtr made = plan(kind, outputs);
  made->join = type;
  made->children.push_back(std::move(left));
  made->children.push_back(std::move(right));
  return made;
}

constexpr JoinType kTypes[] = {JoinType::kInner, JoinType::kLeft, JoinType::kSemi, JoinType::kAnti,
                               JoinType::kMark};

TEST(Join, HashJoinAgreesWithNestedLoops) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const JoinType type = kTypes[seed % 5];
    const bool residual = seed % 2 == 0;
    const bool two_keys = seed % 3 == 0;
    const Rows left = random_rows(random, random() % 1500, {100, 3, 20});
    const Rows right = random_rows(random, seed % 7 == 0 ? 0 : random() % 1500, {100, 3, 20});
    PlanPtr join = join_plan(PlanKind::kHashJoin, type, values(integers(3), left),
                             values(integers(3), right));
    for (uint32_t key = 0; key < (two_keys ? 2u : 1u); ++key) {
      join->left_keys.push_back(column(key, Type::integer()));
      join->right_keys.push_back(column(key, Type::integer()));
    }
    if (residual) join->condition = less(column(2, Type::integer()), column(5, Type::integer()));
    const auto holds = [&](const Row& a, const Row& b) {
      Truth truth = equal(a[0], b[0]);
      if (two_keys) truth = both(truth, equal(a[1], b[1]));
      if (residual) truth = both(truth, is_less(a[2], b[2]));
      return truth;
    };
    expect_same_in_any_order(Runner().run(*join), joined(left, right, type, false, 3, holds));
  }
}

TEST(Join, NullAwareJoinsLeaveOpenWhatNullLeavesOpen) {
  for (uint32_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const JoinType type = seed % 2 == 0 ? JoinType::kAnti : JoinType::kMark;
    const bool hash = seed % 4 < 2;
    const Rows left = random_rows(random, 300, {30});
    // With and without NULLs, and empty.
    const Rows right = random_rows(random, seed % 5 * 10, {30}, seed % 3 == 0 ? 0.1 : 0);
    PlanPtr join = join_plan(hash ? PlanKind::kHashJoin : PlanKind::kLoopJoin, type,
                             values(integers(1), left), values(integers(1), right));
    join->null_aware = true;
    if (hash) {
      join->left_keys.push_back(column(0, Type::integer()));
      join->right_keys.push_back(column(0, Type::integer()));
    } else {
      join->condition = less(column(0, Type::integer()), column(1, Type::integer()));
    }
    const auto holds = [&](const Row& a, const Row& b) {
      return hash ? equal(a[0], b[0]) : is_less(a[0], b[0]);
    };
    expect_same_in_any_order(Runner().run(*join), joined(left, right, type, true, 1, holds));
  }
}

TEST(Join, LoopJoinAgreesWithNestedLoops) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const JoinType type = kTypes[seed % 5];
    const bool has_condition = seed % 3 != 0;
    const bool has_band = has_condition && seed % 2 == 0;
    const Rows left = random_rows(random, random() % 300, {50, 5});
    const Rows right = random_rows(random, random() % 300, {50, 5});
    PlanPtr join = join_plan(PlanKind::kLoopJoin, type, values(integers(2), left),
                             values(integers(2), right));
    // right < left is what the band says: right in [.., left].
    if (has_condition) {
      join->condition = less(column(2, Type::integer()), column(0, Type::integer()));
    }
    if (has_band) {
      join->band_key = column(0, Type::integer());
      join->band_high = column(0, Type::integer());
    }
    const auto holds = [&](const Row& a, const Row& b) {
      return has_condition ? is_less(b[0], a[0]) : Truth(true);
    };
    expect_same_in_any_order(Runner().run(*join), joined(left, right, type, false, 2, holds));
  }
}

// The right child reads the left row through a parameter.
TEST(Join, ApplyRunsTheRightSideForEachLeftRow) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const JoinType type = kTypes[seed % 5];
    const Rows left = random_rows(random, random() % 1200, {20});
    const Rows right = random_rows(random, random() % 30, {20});
    PlanPtr filter = above(PlanKind::kFilter, values(integers(1), right));
    filter->condition = less(column(0, Type::integer()), parameter(3, Type::integer()));
    PlanPtr join = join_plan(PlanKind::kApply, type, values(integers(1), left), std::move(filter));
    join->first_parameter = 3;
    join->left_keys.push_back(column(0, Type::integer()));
    const auto holds = [](const Row& a, const Row& b) {
      return Truth(is_less(b[0], a[0]).value_or(false));
    };
    expect_same_in_any_order(Runner().run(*join), joined(left, right, type, false, 1, holds));
  }
}

TEST(Join, ASecondRowOfAScalarSubqueryIsAnError) {
  const Rows one = {{Value::integer(1)}};
  const Rows two = {{Value::integer(1)}, {Value::integer(2)}};
  const PlanPtr fine = join_plan(PlanKind::kLoopJoin, JoinType::kSingle, values(integers(1), one),
                                 values(integers(1), one));
  expect_same(Runner().run(*fine), {{Value::integer(1), Value::integer(1)}});
  const PlanPtr wrong = join_plan(PlanKind::kLoopJoin, JoinType::kSingle, values(integers(1), one),
                                  values(integers(1), two));
  EXPECT_EQ(Runner().run(*wrong).status().code(), Code::kInvalidArgument);
}

// ASOF.

struct AsofCase {
  bool backward;
  bool strict;
  bool left_join;
  std::optional<int64_t> tolerance;
};

Rows asof_joined(const Rows& left, const Rows& right, const AsofCase& how) {
  Rows result;
  for (const Row& a : left) {
    const Row* best = nullptr;
    for (const Row& b : right) {
      if (!equal(a[0], b[0]).value_or(false) || a[1].is_null() || b[1].is_null()) continue;
      const int64_t distance =
          how.backward ? a[1].integer() - b[1].integer() : b[1].integer() - a[1].integer();
      if (distance < (how.strict ? 1 : 0) || distance > how.tolerance.value_or(INT64_MAX)) continue;
      // Nearer, or as near and later.
      const int64_t best_distance =
          best == nullptr ? INT64_MAX : std::abs(a[1].integer() - (*best)[1].integer());
      if (best == nullptr || distance <= best_distance) best = &b;
    }
    if (best == nullptr && !how.left_join) continue;
    Row row = a;
    if (best != nullptr) {
      row.insert(row.end(), best->begin(), best->end());
    } else {
      row.resize(row.size() + 3, Value::null(Type::integer()));
    }
    result.push_back(row);
  }
  return result;
}

// Left rows in and out of order of time; many equal times and keys.
TEST(Join, AsofJoinFindsTheNearestRow) {
  for (uint32_t seed = 0; seed < 64; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    AsofCase how = {(seed & 1) != 0, (seed & 2) != 0, (seed & 4) != 0, std::nullopt};
    if ((seed & 8) != 0) how.tolerance = 3;
    Rows left = random_rows(random, random() % 1500, {3, 500}, 0.03);
    Rows right = random_rows(random, random() % 800, {3, 500, 1000000}, 0.03);
    if ((seed & 16) != 0) std::sort(left.begin(), left.end(), row_less);
    if ((seed & 32) != 0) std::sort(right.begin(), right.end(), row_less);
    PlanPtr join = join_plan(PlanKind::kAsofJoin,
                             how.left_join ? JoinType::kLeft : JoinType::kInner,
                             values(integers(2), left), values(integers(3), right));
    join->left_keys.push_back(column(0, Type::integer()));
    join->right_keys.push_back(column(0, Type::integer()));
    join->left_time = column(1, Type::integer());
    join->right_time = column(1, Type::integer());
    join->backward = how.backward;
    join->strict = how.strict;
    if (how.tolerance.has_value()) join->tolerance = number(*how.tolerance);
    expect_same(Runner().run(*join), asof_joined(left, right, how));
  }
}

TEST(Join, AsofJoinOrdersFloatTimesAcrossZero) {
  const Type types[] = {Type::floating()};
  Rows left;
  Rows right;
  for (const double time : {-2.5, -0.5, -0.0, 0.25, 3.0}) left.push_back({Value::floating(time)});
  for (const double time : {-3.0, -1.0, 0.0, 2.0}) right.push_back({Value::floating(time)});
  PlanPtr join = join_plan(PlanKind::kAsofJoin, JoinType::kLeft, values(types, left),
                           values(types, right));
  join->left_time = column(0, Type::floating());
  join->right_time = column(0, Type::floating());
  const Result<Rows> found = Runner().run(*join);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(text_of(*found), "-2.5 -3.0 \n-0.5 -1.0 \n-0.0 0.0 \n0.25 0.0 \n3.0 2.0 \n");
}

}  // namespace
}  // namespace mote
