// Walks over bound queries: every expression in them, at any depth.
#pragma once

#include <memory>
#include <vector>

#include "sql/bind/bound_statement.h"

namespace mote {

// What is done at each expression that a query owns. The expression may be replaced.
class ExpressionVisitor {
 public:
  virtual ~ExpressionVisitor() = default;
  virtual void visit(BoundExpressionPtr& expression) = 0;
};

// Calls the visitor once for each whole expression of `query` and of the queries inside it.
// `outer` lists of subqueries are not expressions and are left alone.
void for_each_expression(BoundQuery& query, ExpressionVisitor& visitor);
void for_each_expression(BoundSource& source, ExpressionVisitor& visitor);

// The columns that an expression reads, each once.
void collect_columns(const BoundExpression& expression, std::vector<BoundColumn>* out);
// Whether every column that it reads is in [first, end) of the slots.
bool reads_only(const BoundExpression& expression, SlotId first, SlotId end);
bool reads_columns(const BoundExpression& expression);

// The columns below slot `first` that the query reads: those of the queries around it.
std::vector<BoundColumn> outer_columns(BoundQuery& query, SlotId first);

}  // namespace mote
