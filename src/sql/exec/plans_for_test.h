// Plans, expressions and functions made by hand, for the tests of this folder: nothing here goes
// through the binder, the planner or the registry of functions.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "env/env.h"
#include "sql/exec/evaluator.h"
#include "sql/exec/operator.h"

namespace mote::testing {

using Row = std::vector<Value>;
using Rows = std::vector<Row>;

inline BoundExpressionPtr column(uint32_t position, Type type) {
  auto expression = std::make_unique<BoundExpression>();
  expression->kind = BoundKind::kColumn;
  expression->type = type;
  expression->position = position;
  return expression;
}
inline BoundExpressionPtr constant(Value value) {
  auto expression = std::make_unique<BoundExpression>();
  expression->kind = BoundKind::kConstant;
  expression->type = value.type();
  expression->constant = std::move(value);
  return expression;
}
inline BoundExpressionPtr number(int64_t value) { return constant(Value::integer(value)); }
inline BoundExpressionPtr parameter(uint32_t position, Type type) {
  auto expression = std::make_unique<BoundExpression>();
  expression->kind = BoundKind::kParameter;
  expression->type = type;
  expression->parameter = position;
  return expression;
}
template <typename... Children>
BoundExpressionPtr node(BoundKind kind, Type type, Children... children) {
  auto expression = std::make_unique<BoundExpression>();
  expression->kind = kind;
  expression->type = type;
  (expression->children.push_back(std::move(children)), ...);
  return expression;
}
template <typename... Children>
BoundExpressionPtr call(const ScalarFunction& function, Type type, Children... children) {
  BoundExpressionPtr expression = node(BoundKind::kCall, type, std::move(children)...);
  expression->function = &function;
  return expression;
}

// a < b, and a / b, which fails where b is zero; of INTEGER.
inline Status evaluate_less(const FunctionContext&, std::span<const Column* const> arguments,
                            uint32_t row_count, Column& out) {
  for (uint32_t i = 0; i < row_count; ++i) {
    out.lane<bool>()[i] = arguments[0]->lane<int64_t>()[i] < arguments[1]->lane<int64_t>()[i];
  }
  return {};
}
inline Status evaluate_divide(const FunctionContext&, std::span<const Column* const> arguments,
                              uint32_t row_count, Column& out) {
  for (uint32_t i = 0; i < row_count; ++i) {
    out.lane<int64_t>()[i] = 0;
    if (out.is_null(i)) continue;
    const int64_t by = arguments[1]->lane<int64_t>()[i];
    if (by == 0) return invalid_argument("division by zero");
    out.lane<int64_t>()[i] = arguments[0]->lane<int64_t>()[i] / by;
  }
  return {};
}
inline const ScalarFunction kLess = {"<", nullptr, evaluate_less, 2, 2};
inline const ScalarFunction kDivide = {"/", nullptr, evaluate_divide, 2, 2};

inline BoundExpressionPtr less(BoundExpressionPtr a, BoundExpressionPtr b) {
  return call(kLess, Type::boolean(), std::move(a), std::move(b));
}

// The sum of INTEGERs; NULL over none.
struct SumState {
  int64_t sum;
  int64_t count;
};
inline Status update_sum(std::span<const Column* const> arguments, uint32_t row_count,
                         RowStates states, Arena&) {
  for (uint32_t i = 0; i < row_count; ++i) {
    if (arguments[0]->is_null(i)) continue;
    auto* const state = static_cast<SumState*>(states[i]);
    state->sum += arguments[0]->lane<int64_t>()[i];
    ++state->count;
  }
  return {};
}
inline Status finish_sum(const void* state, Column& out, uint32_t row) {
  const auto* const sum = static_cast<const SumState*>(state);
  if (sum->count == 0) {
    out.set_null(row);
  } else {
    out.lane<int64_t>()[row] = sum->sum;
  }
  return {};
}
inline const AggregateFunction kSum = {
    "sum", nullptr, sizeof(SumState), [](void*) {}, update_sum, nullptr, finish_sum, 1, 1};

inline BoundAggregate sum_of(BoundExpressionPtr argument) {
  BoundAggregate aggregate;
  aggregate.function = &kSum;
  aggregate.type = Type::integer();
  aggregate.arguments.push_back(std::move(argument));
  return aggregate;
}

inline PlanPtr plan(PlanKind kind, std::span<const Type> outputs) {
  auto made = std::make_unique<PlanNode>();
  made->kind = kind;
  for (const Type& type : outputs) made->outputs.push_back({0, type, "c"});
  return made;
}
inline PlanPtr plan(PlanKind kind, std::initializer_list<Type> outputs) {
  return plan(kind, std::span(outputs.begin(), outputs.size()));
}
inline std::vector<Type> output_types(const PlanNode& of) {
  std::vector<Type> types;
  for (const OutputColumn& output : of.outputs) types.push_back(output.type);
  return types;
}
// A plan over one child, with the child's outputs.
inline PlanPtr above(PlanKind kind, PlanPtr child) {
  PlanPtr made = plan(kind, output_types(*child));
  made->children.push_back(std::move(child));
  return made;
}
inline PlanPtr values(std::span<const Type> types, const Rows& rows) {
  PlanPtr made = plan(PlanKind::kValues, types);
  made->row_count = rows.size();
  for (const Row& row : rows) {
    for (size_t c = 0; c < row.size(); ++c) {
      made->expressions.push_back(constant(row[c].is_null() ? Value::null(types[c]) : row[c]));
    }
  }
  return made;
}

// INTEGERs from [0, distinct), some NULL.
inline Value random_integer(std::mt19937& random, int64_t distinct, double null_share = 0.1) {
  if (std::uniform_real_distribution<>(0, 1)(random) < null_share) {
    return Value::null(Type::integer());
  }
  return Value::integer(std::uniform_int_distribution<int64_t>(0, distinct - 1)(random));
}
inline Rows random_rows(std::mt19937& random, size_t count, std::initializer_list<int64_t> distinct,
                        double null_share = 0.1) {
  Rows rows(count);
  for (Row& row : rows) {
    for (const int64_t each : distinct) row.push_back(random_integer(random, each, null_share));
  }
  return rows;
}
inline std::vector<Type> integers(size_t count) {
  return std::vector<Type>(count, Type::integer());
}

// What a plan needs to run without tables.
struct Runner {
  explicit Runner(size_t budget_bytes = 64u << 20) : budget(budget_bytes) {
    context.env = &posix_env();
    context.budget = &budget;
    context.parameters = &parameters;
    context.cancelled = &cancelled;
  }

  Result<Rows> run(const PlanNode& of) {
    MOTE_ASSIGN(const std::unique_ptr<Operator> root, make_operator(of));
    return run(*root);
  }
  Result<Rows> run(Operator& root) {
    Rows rows;
    MOTE_TRY(root.open(context));
    Chunk chunk;
    while (true) {
      Result<bool> more = root.next(chunk);
      if (!more.ok()) {
        root.close();
        return std::move(more).status();
      }
      if (!*more) break;
      EXPECT_GT(chunk.row_count(), 0u);
      for (uint32_t i = 0; i < chunk.row_count(); ++i) {
        Row& row = rows.emplace_back();
        for (const Column& each : chunk.columns()) row.push_back(each.value(i));
      }
    }
    root.close();
    return rows;
  }

  MemoryBudget budget;
  std::vector<Value> parameters;
  std::atomic<bool> cancelled{false};
  QueryContext context;
};

inline bool row_less(const Row& a, const Row& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    const int order = a[i].compare(b[i]);
    if (order != 0) return order < 0;
  }
  return false;
}
inline std::string text_of(const Rows& rows) {
  std::string text;
  for (const Row& row : rows) {
    for (const Value& value : row) text += (value.is_null() ? "NULL" : value.to_text()) + " ";
    text += "\n";
  }
  return text;
}
// Compares as text, in this order or, sorted, in any.
inline void expect_same(const Result<Rows>& found, const Rows& expected) {
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ(text_of(*found), text_of(expected));
}
inline void expect_same_in_any_order(Result<Rows> found, Rows expected) {
  ASSERT_TRUE(found.ok()) << found.status().message();
  std::sort(found->begin(), found->end(), row_less);
  std::sort(expected.begin(), expected.end(), row_less);
  EXPECT_EQ(text_of(*found), text_of(expected));
}

}  // namespace mote::testing
