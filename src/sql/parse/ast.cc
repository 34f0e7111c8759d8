#include "sql/parse/ast.h"

#include <utility>

namespace mote::ast {

namespace {

void move_order(std::vector<OrderItem>* items, std::vector<ExpressionPtr>* out) {
  for (OrderItem& item : *items) out->push_back(std::move(item.expression));
}

// Takes what `expression` owns, so that destroying it frees one node.
void take_children(Expression* expression, std::vector<ExpressionPtr>* out) {
  for (ExpressionPtr& child : expression->children) out->push_back(std::move(child));
  expression->children.clear();
  if (expression->clauses == nullptr) return;
  move_order(&expression->clauses->order_by, out);
  out->push_back(std::move(expression->clauses->filter));
  if (Window* window = expression->clauses->over.get()) {
    for (ExpressionPtr& key : window->partition_by) out->push_back(std::move(key));
    move_order(&window->order_by, out);
    out->push_back(std::move(window->start.distance));
    out->push_back(std::move(window->end.distance));
  }
  expression->clauses.reset();
}

}  // namespace

Expression::Expression(ExpressionKind the_kind, uint32_t the_offset)
    : kind(the_kind), offset(the_offset) {}

Expression::~Expression() {
  if (children.empty() && clauses == nullptr) return;
  std::vector<ExpressionPtr> pending;
  take_children(this, &pending);
  while (!pending.empty()) {
    const ExpressionPtr expression = std::move(pending.back());
    pending.pop_back();
    if (expression != nullptr) take_children(expression.get(), &pending);
  }
}

Select::~Select() {
  SelectPtr term = std::move(left);
  while (term != nullptr) term = std::move(term->left);
}

Value Expression::literal() const {
  switch (type.kind) {
    case TypeKind::kBoolean: return Value::boolean(integer != 0);
    case TypeKind::kInteger: return Value::integer(integer);
    case TypeKind::kFloat: return Value::floating(floating);
    case TypeKind::kText: return Value::text(name);
    case TypeKind::kBlob: return Value::blob(name);
    default: return Value();
  }
}

}  // namespace mote::ast
