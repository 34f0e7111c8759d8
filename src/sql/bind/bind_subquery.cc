// Subqueries inside expressions. Each becomes a join of the rows at hand with the subquery's rows:
// EXISTS and IN that decide over rows are semi and anti joins, those whose truth value is used are
// mark joins, and a subquery used as a value is a single join.
//
// A subquery that names columns of the query around it is freed from them where that is possible by
// moving the conjuncts that do so into the join's condition. What remains is listed in `outer`, and
// has to be run once a row.
#include <algorithm>

#include "sql/bind/binder_state.h"
#include "sql/bind/walk.h"

namespace mote {

using ast::ExpressionKind;

namespace {

// Replaces inner columns by outputs of the subquery, which get one each as they are met.
class OutputColumns final {
 public:
  OutputColumns(BoundQuery& query, SlotId first, std::vector<SlotOrigin>& slots)
      : query_(query), first_(first), slots_(slots) {}

  void replace(BoundExpression& expression) {
    for (auto& child : expression.children) replace(*child);
    if (expression.kind != BoundKind::kColumn || expression.slot < first_) return;
    for (const BoundOutput& output : query_.outputs) {
      if (output.expression != nullptr && output.expression->kind == BoundKind::kColumn &&
          output.expression->slot == expression.slot) {
        expression.slot = output.column.slot;
        return;
      }
    }
    slots_.emplace_back();
    BoundOutput output;
    output.column = {static_cast<SlotId>(slots_.size() - 1), expression.type, expression.name};
    output.expression = make_column(expression.slot, expression.type, expression.name);
    expression.slot = output.column.slot;
    query_.outputs.push_back(std::move(output));
  }

 private:
  BoundQuery& query_;
  const SlotId first_;
  std::vector<SlotOrigin>& slots_;
};

BoundExpressionPtr negation_of(BoundExpressionPtr expression) {
  std::vector<BoundExpressionPtr> children;
  children.push_back(std::move(expression));
  return make_logical(BoundKind::kNot, std::move(children));
}

}  // namespace

Status Binder::reserve_subqueries(const ast::Expression& expression,
                                  const ExpressionContext& context) {
  if (context.subqueries != nullptr) return {};
  return invalid_argument("a subquery can not stand in %s", context.clause).at(expression.offset);
}

// keep_outputs: the query's columns are used as they are (IN); otherwise (EXISTS) they are dropped.
void Binder::decorrelate(BoundSubquery& subquery, SlotId first, bool keep_outputs) {
  BoundQuery& query = *subquery.query;
  const bool plain = query.kind == QueryKind::kSelect && !query.grouped && query.windows.empty() &&
                     query.limit == nullptr && query.row_offset == nullptr;
  if (plain) {
    // Neither the order nor the number of equal rows matters.
    query.order.clear();
    query.distinct = false;
    query.outputs.resize(keep_outputs ? query.visible_count : 0);
    std::vector<BoundExpressionPtr> conjuncts;
    split_conjuncts(std::move(query.where), &conjuncts);
    query.where = nullptr;
    OutputColumns outputs(query, first, slots_);
    for (auto& conjunct : conjuncts) {
      if (reads_only(*conjunct, first, UINT32_MAX)) {
        query.where = conjoin(std::move(query.where), std::move(conjunct));
        continue;
      }
      outputs.replace(*conjunct);
      if (subquery.null_aware) {
        // Where such a conjunct is NULL the row is not one of the subquery's, which is certain.
        std::vector<BoundExpressionPtr> known;
        known.push_back(conjunct->clone());
        std::vector<BoundExpressionPtr> both;
        both.push_back(make_logical(BoundKind::kIsNull, std::move(known)));
        both[0] = negation_of(std::move(both[0]));
        both.push_back(std::move(conjunct));
        conjunct = make_logical(BoundKind::kAnd, std::move(both));
      }
      subquery.condition = conjoin(std::move(subquery.condition), std::move(conjunct));
    }
    query.visible_count = static_cast<uint32_t>(query.outputs.size());
  }
  subquery.outer = outer_columns(query, first);
}

Result<BoundSubquery> Binder::exists_subquery(const ast::Select& select,
                                              ExpressionContext& context) {
  const SlotId first = static_cast<SlotId>(slots_.size());
  BoundSubquery subquery;
  MOTE_ASSIGN(subquery.query, bind_query(select, context.scope));
  decorrelate(subquery, first, /*keep_outputs=*/false);
  return subquery;
}

Result<BoundSubquery> Binder::in_subquery(const ast::Expression& expression, bool null_aware,
                                          ExpressionContext& context) {
  std::vector<BoundExpressionPtr> operands;
  const ast::Expression& left = *expression.children[0];
  if (left.kind == ExpressionKind::kRow) {
    for (const auto& child : left.children) {
      MOTE_ASSIGN(BoundExpressionPtr operand, bind_expression(*child, context));
      operands.push_back(std::move(operand));
    }
  } else {
    MOTE_ASSIGN(BoundExpressionPtr operand, bind_expression(left, context));
    operands.push_back(std::move(operand));
  }
  const SlotId first = static_cast<SlotId>(slots_.size());
  BoundSubquery subquery;
  subquery.null_aware = null_aware;
  MOTE_ASSIGN(subquery.query, bind_query(*expression.query, context.scope));
  if (subquery.query->visible_count != operands.size()) {
    return invalid_argument("IN: the subquery gives %u columns; %zu are compared",
                            subquery.query->visible_count, operands.size())
        .at(expression.offset);
  }
  BoundExpressionPtr condition;
  for (size_t i = 0; i < operands.size(); ++i) {
    const BoundColumn& column = subquery.query->outputs[i].column;
    MOTE_ASSIGN(BoundExpressionPtr equal,
                compare("=", std::move(operands[i]),
                        make_column(column.slot, column.type, column.name, expression.offset),
                        expression.offset));
    condition = conjoin(std::move(condition), std::move(equal));
  }
  subquery.condition = std::move(condition);
  decorrelate(subquery, first, /*keep_outputs=*/true);
  return subquery;
}

Result<BoundExpressionPtr> Binder::bind_conjunct(const ast::Expression& expression,
                                                 ExpressionContext& context) {
  const bool negation =
      expression.kind == ExpressionKind::kUnary && expression.op == ast::Operator::kNot;
  const ast::Expression& inner = negation ? *expression.children[0] : expression;
  const bool exists = inner.kind == ExpressionKind::kExists;
  const bool in = inner.kind == ExpressionKind::kIn && inner.query != nullptr;
  if (!exists && !in) return bind_condition(expression, context);
  const bool anti = negation != (in && inner.negated);
  BoundSubquery subquery;
  if (exists) {
    MOTE_ASSIGN(subquery, exists_subquery(*inner.query, context));
  } else {
    MOTE_ASSIGN(subquery, in_subquery(inner, /*null_aware=*/anti, context));
  }
  subquery.join = anti ? JoinType::kAnti : JoinType::kSemi;
  context.subqueries->push_back(std::move(subquery));
  return BoundExpressionPtr();
}

namespace {

BoundExpressionPtr mark_column(const BoundSubquery& subquery, uint32_t offset) {
  return make_column(subquery.mark.slot, subquery.mark.type, subquery.mark.name, offset);
}

}  // namespace

Result<BoundExpressionPtr> Binder::bind_exists(const ast::Expression& expression,
                                               ExpressionContext& context) {
  MOTE_TRY(reserve_subqueries(expression, context));
  MOTE_ASSIGN(BoundSubquery subquery, exists_subquery(*expression.query, context));
  subquery.mark = {add_slot(), Type::boolean(), "exists"};
  BoundExpressionPtr mark = mark_column(subquery, expression.offset);
  context.subqueries->push_back(std::move(subquery));
  return mark;
}

Result<BoundExpressionPtr> Binder::bind_in_query(const ast::Expression& expression,
                                                 ExpressionContext& context) {
  MOTE_TRY(reserve_subqueries(expression, context));
  MOTE_ASSIGN(BoundSubquery subquery, in_subquery(expression, /*null_aware=*/true, context));
  subquery.mark = {add_slot(), Type::boolean(), "in"};
  BoundExpressionPtr mark = mark_column(subquery, expression.offset);
  context.subqueries->push_back(std::move(subquery));
  return expression.negated ? negation_of(std::move(mark)) : std::move(mark);
}

Result<BoundExpressionPtr> Binder::bind_scalar_subquery(const ast::Expression& expression,
                                                        ExpressionContext& context) {
  MOTE_TRY(reserve_subqueries(expression, context));
  const SlotId first = static_cast<SlotId>(slots_.size());
  BoundSubquery subquery;
  subquery.join = JoinType::kSingle;
  MOTE_ASSIGN(subquery.query, bind_query(*expression.query, context.scope));
  if (subquery.query->visible_count != 1) {
    return invalid_argument("a subquery used as a value gives one column; this one gives %u",
                            subquery.query->visible_count)
        .at(expression.offset);
  }
  subquery.outer = outer_columns(*subquery.query, first);
  const BoundColumn column = subquery.query->outputs[0].column;
  context.subqueries->push_back(std::move(subquery));
  return make_column(column.slot, column.type, column.name, expression.offset);
}

}  // namespace mote
