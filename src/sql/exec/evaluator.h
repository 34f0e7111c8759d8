// The one evaluator: computes a BoundExpression for all rows of a chunk.
//
// An Evaluator is an expression made ready to run. It owns a column for each inner node, so that
// evaluating chunk after chunk allocates nothing; constants and parameters are spread over a column
// once an execution. AND, OR and CASE compute later branches only for the rows that earlier ones
// leave open, so an error in a branch that is not taken is no error.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/status.h"
#include "sql/bind/expression.h"
#include "sql/exec/query_context.h"
#include "types/chunk.h"

namespace mote {

class Evaluator {
 public:
  // expression: planned, so that columns have positions; must outlive this.
  explicit Evaluator(const BoundExpression& expression);
  ~Evaluator();
  Evaluator(Evaluator&&) noexcept;
  Evaluator& operator=(Evaluator&&) noexcept;

  // Begins an execution. context must live as long as it. Errors: a parameter that can not be cast.
  Status prepare(const QueryContext& context);
  // The value for each row of `in`; valid until `in` changes or the next evaluation.
  Result<const Column*> evaluate(const Chunk& in);
  // The same into a column of the caller's.
  Status evaluate_into(const Chunk& in, Column& out);
  // For conditions: the rows for which the (boolean) value is true.
  Status select(const Chunk& in, Selection* rows);

  // The positions of the input that are used, each once, rising.
  const std::vector<uint32_t>& used_columns() const { return used_; }
  // The position when the expression is nothing but a column.
  std::optional<uint32_t> plain_column() const;

  class Node;

 private:
  std::unique_ptr<Node> root_;
  std::vector<uint32_t> used_;
};

// Several expressions over the same input, into a chunk.
class EvaluatorList {
 public:
  explicit EvaluatorList(std::span<const BoundExpressionPtr> expressions);
  Status prepare(const QueryContext& context);
  // out gets one column an expression and in's row count. Its columns are used again where they are
  // not shared.
  Status evaluate(const Chunk& in, Chunk& out);
  size_t size() const { return evaluators_.size(); }
  Evaluator& operator[](size_t position) { return evaluators_[position]; }

 private:
  std::vector<Evaluator> evaluators_;
};

// The value of a constant or parameter in the expression's type: its own place, or `room` when it
// had to be cast. Errors: a parameter that can not be cast.
Result<const Value*> constant_value(const BoundExpression& expression, const QueryContext& context,
                                    Value* room);
inline bool is_constant(const BoundExpression& expression) {
  return expression.kind == BoundKind::kConstant || expression.kind == BoundKind::kParameter;
}
// The value of an expression without columns.
Result<Value> evaluate_once(const BoundExpression& expression, const QueryContext& context);

// A LIMIT or OFFSET: nothing for a null expression or NULL. Errors: kInvalidArgument when negative.
Result<std::optional<uint64_t>> evaluate_count(const BoundExpressionPtr& expression,
                                               const QueryContext& context, const char* name);

// Adds the positions of the columns that an expression uses; then sort and make unique.
void collect_columns(const BoundExpression& expression, std::vector<uint32_t>* positions);

}  // namespace mote
