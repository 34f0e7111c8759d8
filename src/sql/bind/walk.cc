#include "sql/bind/walk.h"

#include <algorithm>

namespace mote {

namespace {

void visit_if(BoundExpressionPtr& expression, ExpressionVisitor& visitor) {
  if (expression != nullptr) visitor.visit(expression);
}

void visit_all(std::vector<BoundExpressionPtr>& expressions, ExpressionVisitor& visitor) {
  for (auto& expression : expressions) visit_if(expression, visitor);
}

void visit_aggregate(BoundAggregate& aggregate, ExpressionVisitor& visitor) {
  visit_all(aggregate.arguments, visitor);
  visit_if(aggregate.filter, visitor);
}

void visit_window(BoundWindowStage& stage, ExpressionVisitor& visitor) {
  visit_all(stage.partition, visitor);
  for (auto& order : stage.order) visit_if(order.expression, visitor);
  for (auto& call : stage.calls) {
    visit_aggregate(call.aggregate, visitor);
    visit_if(call.start_distance, visitor);
    visit_if(call.end_distance, visitor);
  }
}

void visit_subqueries(std::vector<BoundSubquery>& subqueries, ExpressionVisitor& visitor) {
  for (auto& subquery : subqueries) {
    for_each_expression(*subquery.query, visitor);
    visit_if(subquery.condition, visitor);
  }
}

class OuterColumns final : public ExpressionVisitor {
 public:
  OuterColumns(SlotId first, std::vector<BoundColumn>* out) : first_(first), out_(out) {}
  void visit(BoundExpressionPtr& expression) override {
    std::vector<BoundColumn> columns;
    collect_columns(*expression, &columns);
    for (auto& column : columns) {
      const bool known = std::any_of(out_->begin(), out_->end(),
                                     [&](const auto& c) { return c.slot == column.slot; });
      if (column.slot < first_ && !known) out_->push_back(std::move(column));
    }
  }

 private:
  const SlotId first_;
  std::vector<BoundColumn>* const out_;
};

}  // namespace

void for_each_expression(BoundSource& source, ExpressionVisitor& visitor) {
  visit_all(source.arguments, visitor);
  if (source.query != nullptr) for_each_expression(*source.query, visitor);
  if (source.left != nullptr) for_each_expression(*source.left, visitor);
  if (source.right != nullptr) for_each_expression(*source.right, visitor);
  visit_if(source.condition, visitor);
  visit_all(source.left_keys, visitor);
  visit_all(source.right_keys, visitor);
  visit_if(source.left_time, visitor);
  visit_if(source.right_time, visitor);
  visit_if(source.tolerance, visitor);
}

void for_each_expression(BoundQuery& query, ExpressionVisitor& visitor) {
  if (query.source != nullptr) for_each_expression(*query.source, visitor);
  if (query.left != nullptr) for_each_expression(*query.left, visitor);
  if (query.right != nullptr) for_each_expression(*query.right, visitor);
  visit_subqueries(query.subqueries, visitor);
  visit_if(query.where, visitor);
  for (auto& score : query.scores) {
    visit_if(score.text, visitor);
    visit_if(score.query, visitor);
  }
  for (auto& group : query.groups) visit_if(group.expression, visitor);
  for (auto& aggregate : query.aggregates) visit_aggregate(aggregate, visitor);
  visit_subqueries(query.late_subqueries, visitor);
  visit_if(query.having, visitor);
  for (auto& window : query.windows) visit_window(window, visitor);
  for (auto& output : query.outputs) visit_if(output.expression, visitor);
  visit_all(query.values, visitor);
  visit_if(query.limit, visitor);
  visit_if(query.row_offset, visitor);
}

void collect_columns(const BoundExpression& expression, std::vector<BoundColumn>* out) {
  if (expression.kind == BoundKind::kColumn) {
    for (const BoundColumn& column : *out) {
      if (column.slot == expression.slot) return;
    }
    out->push_back({expression.slot, expression.type, expression.name});
  }
  for (const auto& child : expression.children) collect_columns(*child, out);
}

bool reads_only(const BoundExpression& expression, SlotId first, SlotId end) {
  if (expression.kind == BoundKind::kColumn) {
    return expression.slot >= first && expression.slot < end;
  }
  return std::all_of(expression.children.begin(), expression.children.end(),
                     [&](const auto& child) { return reads_only(*child, first, end); });
}

bool reads_columns(const BoundExpression& expression) {
  return expression.kind == BoundKind::kColumn ||
         std::any_of(expression.children.begin(), expression.children.end(),
                     [](const auto& child) { return reads_columns(*child); });
}

std::vector<BoundColumn> outer_columns(BoundQuery& query, SlotId first) {
  std::vector<BoundColumn> columns;
  OuterColumns visitor(first, &columns);
  for_each_expression(query, visitor);
  return columns;
}

}  // namespace mote
