#include "sql/exec/evaluator.h"

#include <optional>

#include "sql/exec/plans_for_test.h"

namespace mote {
namespace {

using namespace testing;

// A value of the model: nothing is NULL. An error of a branch that is reached is an error of all.
struct Model {
  std::optional<int64_t> value;
  bool failed = false;
};

Model model_of(const BoundExpression& expression, const Row& row);

Model model_of_logic(const BoundExpression& expression, const Row& row) {
  const bool decides = expression.kind == BoundKind::kOr;
  bool null = false;
  for (const auto& child : expression.children) {
    const Model branch = model_of(*child, row);
    if (branch.failed) return branch;
    if (!branch.value.has_value()) {
      null = true;
    } else if ((*branch.value != 0) == decides) {
      return branch;
    }
  }
  return null ? Model{} : Model{!decides};
}

Model model_of_in(const BoundExpression& expression, const Row& row) {
  std::vector<Model> values;
  for (const auto& child : expression.children) {
    values.push_back(model_of(*child, row));
    if (values.back().failed) return values.back();
  }
  bool null = !values[0].value.has_value();
  for (size_t i = 1; i < values.size(); ++i) {
    if (!values[i].value.has_value()) {
      null = true;
    } else if (values[0].value.has_value() && *values[i].value == *values[0].value) {
      return Model{1};
    }
  }
  return null ? Model{} : Model{0};
}

// One row at a time, in the order in which SQL means it.
Model model_of(const BoundExpression& expression, const Row& row) {
  const auto child = [&](size_t i) { return model_of(*expression.children[i], row); };
  switch (expression.kind) {
    case BoundKind::kColumn: {
      const Value& value = row[expression.position];
      if (value.is_null()) return {};
      return {value.type().is(TypeKind::kBoolean) ? value.boolean() : value.integer()};
    }
    case BoundKind::kConstant:
      if (expression.constant.is_null()) return {};
      return {expression.constant.integer()};
    case BoundKind::kAnd:
    case BoundKind::kOr: return model_of_logic(expression, row);
    case BoundKind::kNot: {
      Model from = child(0);
      if (from.value.has_value()) from.value = *from.value == 0;
      return from;
    }
    case BoundKind::kIsNull: {
      const Model from = child(0);
      return from.failed ? from : Model{!from.value.has_value()};
    }
    case BoundKind::kCase:
      for (size_t i = 0; i + 1 < expression.children.size(); i += 2) {
        const Model condition = child(i);
        if (condition.failed) return condition;
        if (condition.value.value_or(0) != 0) return child(i + 1);
      }
      return child(expression.children.size() - 1);
    case BoundKind::kIn: return model_of_in(expression, row);
    case BoundKind::kCall: {
      const Model a = child(0);
      const Model b = child(1);
      if (a.failed || b.failed) return {std::nullopt, true};
      if (!a.value.has_value() || !b.value.has_value()) return {};
      if (expression.function == &kLess) return {*a.value < *b.value};
      if (*b.value == 0) return {std::nullopt, true};
      return {*a.value / *b.value};
    }
    default: return {};
  }
}

// A random tree of INTEGER or BOOLEAN over three INTEGER columns.
BoundExpressionPtr random_tree(std::mt19937& random, bool boolean, uint32_t depth) {
  const auto pick = [&random](int n) {
    return std::uniform_int_distribution<>(0, n - 1)(random);
  };
  const auto integer = [&] { return random_tree(random, false, depth - 1); };
  const auto truth = [&] { return random_tree(random, true, depth - 1); };
  if (!boolean) {
    const int kind = depth == 0 ? pick(2) : pick(5);
    if (kind == 0) return column(pick(3), Type::integer());
    if (kind == 1) return constant(random_integer(random, 5));
    if (kind == 2) return call(kDivide, Type::integer(), integer(), integer());
    return node(BoundKind::kCase, Type::integer(), truth(), integer(), truth(), integer(),
                integer());
  }
  if (depth == 0) return less(column(pick(3), Type::integer()), number(pick(5)));
  switch (pick(6)) {
    case 0: return node(BoundKind::kAnd, Type::boolean(), truth(), truth(), truth());
    case 1: return node(BoundKind::kOr, Type::boolean(), truth(), truth(), truth());
    case 2: return node(BoundKind::kNot, Type::boolean(), truth());
    case 3: return node(BoundKind::kIsNull, Type::boolean(), integer());
    case 4: {
      BoundExpressionPtr in = node(BoundKind::kIn, Type::boolean(), integer());
      const int entries = 1 + pick(12);
      for (int i = 0; i < entries; ++i) in->children.push_back(constant(random_integer(random, 9)));
      if (pick(3) == 0) in->children.push_back(integer());
      return in;
    }
    default: return less(integer(), integer());
  }
}

Chunk chunk_of(const Rows& rows, std::span<const Type> types) {
  Chunk chunk;
  chunk.reset(types);
  for (uint32_t i = 0; i < rows.size(); ++i) {
    for (uint32_t c = 0; c < types.size(); ++c) chunk.column(c).set_value(i, rows[i][c]);
  }
  chunk.set_row_count(static_cast<uint32_t>(rows.size()));
  return chunk;
}

// Random trees on random chunks against evaluation row by row. Divisions by zero are common, so
// that a branch evaluated for a row that does not reach it is found out.
TEST(Evaluator, AgreesWithEvaluationRowByRow) {
  uint32_t failed = 0;
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const BoundExpressionPtr tree = random_tree(random, seed % 2 == 0, 1 + seed % 4);
    const Rows rows = random_rows(random, 1 + seed % 7 * 50, {5, 5, 3});
    const Chunk chunk = chunk_of(rows, integers(3));
    bool expect_failure = false;
    for (const Row& row : rows) expect_failure = expect_failure || model_of(*tree, row).failed;
    failed += expect_failure;
    Runner runner;
    Evaluator evaluator(*tree);
    ASSERT_TRUE(evaluator.prepare(runner.context).ok());
    const Result<const Column*> found = evaluator.evaluate(chunk);
    ASSERT_EQ(found.ok(), !expect_failure);
    if (!found.ok()) continue;
    for (uint32_t i = 0; i < rows.size(); ++i) {
      const Model expected = model_of(*tree, rows[i]);
      ASSERT_EQ((*found)->is_null(i), !expected.value.has_value()) << "row " << i;
      if (!expected.value.has_value()) continue;
      const int64_t value =
          seed % 2 == 0 ? (*found)->lane<bool>()[i] : (*found)->lane<int64_t>()[i];
      ASSERT_EQ(value, *expected.value) << "row " << i;
    }
  }
  // The trees must be neither all failing nor all harmless.
  EXPECT_GT(failed, 300u);
  EXPECT_LT(failed, 2700u);
}

// An evaluator goes on to longer and shorter chunks, and to other parameters, with the same result
// as a new one.
TEST(Evaluator, KeepsNothingOfEarlierChunksOrParameters) {
  const BoundExpressionPtr tree =
      less(column(0, Type::integer()), parameter(0, Type::integer()));
  Evaluator evaluator(*tree);
  for (uint32_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Runner runner;
    runner.parameters = {random_integer(random, 5)};
    ASSERT_TRUE(evaluator.prepare(runner.context).ok());
    for (int round = 0; round < 3; ++round) {
      const Rows rows = random_rows(random, 1 + random() % kChunkRows, {5});
      Selection selection;
      ASSERT_TRUE(evaluator.select(chunk_of(rows, integers(1)), &selection).ok());
      std::vector<uint16_t> expected;
      for (uint32_t i = 0; i < rows.size(); ++i) {
        const bool known = !rows[i][0].is_null() && !runner.parameters[0].is_null();
        if (known && rows[i][0].integer() < runner.parameters[0].integer()) {
          expected.push_back(static_cast<uint16_t>(i));
        }
      }
      EXPECT_EQ(std::vector<uint16_t>(selection.rows.begin(),
                                      selection.rows.begin() + selection.count),
                expected);
    }
  }
}

TEST(Evaluator, TakesTreesOfTheGreatestDepth) {
  BoundExpressionPtr tree = less(column(0, Type::integer()), number(3));
  for (uint32_t depth = 1; depth < kMaxExpressionDepth; ++depth) {
    tree = depth % 2 == 0
               ? node(BoundKind::kNot, Type::boolean(), std::move(tree))
               : node(BoundKind::kCase, Type::boolean(), std::move(tree),
                      constant(Value::boolean(true)), constant(Value::boolean(false)));
  }
  Runner runner;
  Evaluator evaluator(*tree);
  ASSERT_TRUE(evaluator.prepare(runner.context).ok());
  const Rows rows = {{Value::integer(1)}, {Value::integer(5)}, {Value::null(Type::integer())}};
  const Result<const Column*> found = evaluator.evaluate(chunk_of(rows, integers(1)));
  ASSERT_TRUE(found.ok());
  // 499 times NOT.
  EXPECT_FALSE((*found)->lane<bool>()[0]);
  EXPECT_TRUE((*found)->lane<bool>()[1]);
}

TEST(Evaluator, RefusesNegativeLimits) {
  Runner runner;
  const Result<std::optional<uint64_t>> limit =
      evaluate_count(number(-1), runner.context, "LIMIT");
  ASSERT_FALSE(limit.ok());
  EXPECT_EQ(limit.status().message(), "LIMIT is -1; it must not be negative");
}

}  // namespace
}  // namespace mote
