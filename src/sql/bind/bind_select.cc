// SELECT.
//
// All expressions are first bound over what FROM gives; aggregates and window calls met on the way
// are put aside and stand there as columns. Whether the query is grouped is known only then; if it
// is, what comes after the grouping is gone over once more: subtrees equal to a GROUP BY expression
// become the group's column, and a column of FROM that is left is an error.
#include <algorithm>

#include "sql/bind/binder_state.h"
#include "sql/bind/walk.h"

namespace mote {

using ast::ExpressionKind;

struct Binder::SelectState {
  Scope scope;
  BoundQuery* query = nullptr;
  std::vector<SelectOutput> outputs;
  uint32_t visible_count = 0;
  struct Order {
    size_t output = 0;
    bool descending = false;
    bool nulls_first = false;
  };
  std::vector<Order> order;
  std::vector<BoundSubquery> subqueries;  // of what comes after the grouping
  ExpressionContext context;              // of what comes after the grouping
};

Result<BoundQueryPtr> Binder::bind_select(const ast::Select& select, const Scope* parent) {
  auto query = std::make_unique<BoundQuery>();
  SelectState state;
  state.query = query.get();
  state.scope.parent = parent;
  if (select.from != nullptr) {
    MOTE_ASSIGN(query->source, bind_from(*select.from, state.scope));
  }
  ExpressionContext before;
  before.scope = &state.scope;
  before.clause = "WHERE";
  before.subqueries = &query->subqueries;
  before.early_subqueries = &query->subqueries;
  before.scores = &query->scores;
  MOTE_TRY(bind_where(select.where.get(), before, *query));
  state.context = before;
  state.context.clause = "the select list";
  state.context.subqueries = &state.subqueries;
  state.context.aggregates = &query->aggregates;
  state.context.windows = &query->windows;
  state.context.named_windows = &select.windows;
  MOTE_TRY(bind_items(select, state));
  MOTE_TRY(bind_groups(select, state));
  MOTE_TRY(bind_having_and_order(select, state));
  query->grouped = !query->groups.empty() || !query->aggregates.empty() || select.having != nullptr;
  query->distinct = select.distinct;
  place_subqueries(state);
  if (query->grouped) MOTE_TRY(regroup_all(state));
  finish_outputs(state);
  MOTE_TRY(bind_limit(select, *query));
  return query;
}

Status Binder::bind_where(const ast::Expression* where, ExpressionContext& context,
                          BoundQuery& query) {
  if (where == nullptr) return {};
  context.clause = "WHERE";
  if (where->kind != ExpressionKind::kAnd) {
    MOTE_ASSIGN(query.where, bind_conjunct(*where, context));
    return {};
  }
  for (const auto& child : where->children) {
    MOTE_ASSIGN(BoundExpressionPtr conjunct, bind_conjunct(*child, context));
    query.where = conjoin(std::move(query.where), std::move(conjunct));
  }
  return {};
}

std::string Binder::output_name(const ast::SelectItem& item, const BoundExpression& expression) {
  if (!item.alias.empty()) return item.alias;
  if (item.expression->kind == ExpressionKind::kColumn) return expression.name;
  return item.text;
}

Status Binder::expand_star(const ast::Expression& star, const Scope& scope,
                           std::vector<SelectOutput>* out) {
  bool found = false;
  std::vector<std::string> names;
  for (const ScopeTable& table : scope.tables) {
    names.push_back(table.name);
    if (!star.qualifier.empty() && !same_name(table.name, star.qualifier)) continue;
    found = true;
    for (const ScopeColumn& column : table.columns) {
      if (column.hidden && star.qualifier.empty()) continue;
      const BoundColumn& c = column.column;
      out->push_back({make_column(c.slot, c.type, c.name, star.offset), c.name});
    }
  }
  if (found) return {};
  if (star.qualifier.empty()) return invalid_argument("* without FROM").at(star.offset);
  return not_found("no table '%s' in FROM%s", star.qualifier.c_str(),
                   nearest_hint(star.qualifier, names).c_str())
      .at(star.offset);
}

Status Binder::bind_items(const ast::Select& select, SelectState& state) {
  for (const ast::SelectItem& item : select.items) {
    if (item.expression->kind == ExpressionKind::kStar) {
      MOTE_TRY(expand_star(*item.expression, state.scope, &state.outputs));
      continue;
    }
    MOTE_ASSIGN(BoundExpressionPtr bound, bind_ranked(*item.expression, state.context));
    std::string name = output_name(item, *bound);
    state.outputs.push_back({std::move(bound), std::move(name)});
  }
  if (state.outputs.size() > kMaxColumns) {
    return limit_exceeded("%zu columns; the limit is %u", state.outputs.size(), kMaxColumns)
        .at(select.offset);
  }
  state.visible_count = static_cast<uint32_t>(state.outputs.size());
  return {};
}

Status Binder::bind_groups(const ast::Select& select, SelectState& state) {
  ExpressionContext context;
  context.scope = &state.scope;
  context.clause = "GROUP BY";
  context.subqueries = &state.query->subqueries;
  context.early_subqueries = &state.query->subqueries;
  context.scores = &state.query->scores;
  std::vector<SelectOutput> aliases;
  for (const SelectOutput& output : state.outputs) {
    aliases.push_back({output.expression->clone(), output.name});
  }
  context.aliases = &aliases;
  for (const auto& item : select.group_by) {
    BoundOutput group;
    const bool ordinal =
        item->kind == ExpressionKind::kLiteral && item->type.is(TypeKind::kInteger);
    if (ordinal) {
      if (item->integer < 1 || item->integer > static_cast<int64_t>(state.visible_count)) {
        return invalid_argument("GROUP BY %lld: the select list has %u columns",
                                static_cast<long long>(item->integer), state.visible_count)
            .at(item->offset);
      }
      group.expression = state.outputs[static_cast<size_t>(item->integer - 1)].expression->clone();
    } else {
      MOTE_ASSIGN(group.expression, bind_expression(*item, context));
    }
    std::vector<BoundColumn> read;
    collect_columns(*group.expression, &read);
    for (const BoundColumn& column : read) {
      for (const BoundAggregate& aggregate : state.query->aggregates) {
        if (aggregate.slot == column.slot) {
          return invalid_argument("GROUP BY can not contain the aggregate %s",
                                  aggregate.text.c_str())
              .at(item->offset);
        }
      }
    }
    const std::string name = group.expression->kind == BoundKind::kColumn
                                 ? group.expression->name
                                 : group.expression->to_text();
    group.column = {add_slot(), group.expression->type, name};
    state.query->groups.push_back(std::move(group));
  }
  return {};
}

Status Binder::bind_having_and_order(const ast::Select& select, SelectState& state) {
  std::vector<SelectOutput> aliases;
  for (const SelectOutput& output : state.outputs) {
    aliases.push_back({output.expression->clone(), output.name});
  }
  state.context.aliases = &aliases;
  if (select.having != nullptr) {
    state.context.clause = "HAVING";
    state.context.windows = nullptr;
    MOTE_ASSIGN(state.query->having, bind_condition(*select.having, state.context));
    state.context.windows = &state.query->windows;
  }
  state.context.clause = "ORDER BY";
  for (const ast::OrderItem& item : select.order_by) {
    MOTE_TRY(bind_order_item(select, item, state));
  }
  state.context.aliases = nullptr;
  return {};
}

Status Binder::bind_order_item(const ast::Select& select, const ast::OrderItem& item,
                               SelectState& state) {
  const ast::Expression& key = *item.expression;
  SelectState::Order order;
  order.descending = item.descending;
  order.nulls_first = nulls_come_first(item);
  if (key.kind == ExpressionKind::kLiteral && key.type.is(TypeKind::kInteger)) {
    if (key.integer < 1 || key.integer > static_cast<int64_t>(state.visible_count)) {
      return invalid_argument("ORDER BY %lld: the select list has %u columns",
                              static_cast<long long>(key.integer), state.visible_count)
          .at(key.offset);
    }
    order.output = static_cast<size_t>(key.integer - 1);
    state.order.push_back(order);
    return {};
  }
  if (key.kind == ExpressionKind::kColumn && key.qualifier.empty()) {
    for (size_t i = 0; i < state.visible_count; ++i) {
      if (!same_name(state.outputs[i].name, key.name)) continue;
      order.output = i;
      state.order.push_back(order);
      return {};
    }
  }
  MOTE_ASSIGN(BoundExpressionPtr bound, bind_ranked(key, state.context));
  size_t at = 0;
  while (at < state.outputs.size() && !state.outputs[at].expression->equals(*bound)) ++at;
  if (at == state.outputs.size()) {
    if (select.distinct) {
      return invalid_argument("ORDER BY of a SELECT DISTINCT can only name what it selects")
          .at(key.offset);
    }
    std::string name = bound->to_text();
    state.outputs.push_back({std::move(bound), std::move(name)});
  }
  order.output = at;
  state.order.push_back(order);
  return {};
}

namespace {

// Whether the groups are made of what the subquery gives (GROUP BY 1, and 1 is a subquery).
bool is_grouped_by(const BoundSubquery& subquery, const std::vector<BoundOutput>& groups) {
  std::vector<BoundColumn> read;
  for (const BoundOutput& group : groups) collect_columns(*group.expression, &read);
  return std::any_of(read.begin(), read.end(), [&](const BoundColumn& column) {
    return subquery.join == JoinType::kMark ? column.slot == subquery.mark.slot
                                            : column.slot == subquery.query->outputs[0].column.slot;
  });
}

}  // namespace

void Binder::place_subqueries(SelectState& state) {
  BoundQuery& query = *state.query;
  for (BoundSubquery& subquery : state.subqueries) {
    const bool late = query.grouped && !is_grouped_by(subquery, query.groups);
    (late ? query.late_subqueries : query.subqueries).push_back(std::move(subquery));
  }
}

namespace {

bool is_source_slot(SlotId slot, const Scope& scope, const BoundQuery& query) {
  for (const ScopeTable& table : scope.tables) {
    if (table.row_id.has_value() && table.row_id->column.slot == slot) return true;
    for (const ScopeColumn& column : table.columns) {
      if (column.column.slot == slot) return true;
    }
  }
  return std::any_of(query.scores.begin(), query.scores.end(),
                     [&](const BoundTextScore& score) { return score.slot == slot; });
}

}  // namespace

Status Binder::regroup(BoundExpressionPtr& expression, const SelectState& state) {
  for (const BoundOutput& group : state.query->groups) {
    if (!group.expression->equals(*expression)) continue;
    expression =
        make_column(group.column.slot, group.column.type, group.column.name, expression->offset);
    return {};
  }
  if (expression->kind == BoundKind::kColumn &&
      is_source_slot(expression->slot, state.scope, *state.query)) {
    return invalid_argument("column '%s' must stand in GROUP BY or inside an aggregate",
                            expression->name.c_str())
        .at(expression->offset);
  }
  for (auto& child : expression->children) MOTE_TRY(regroup(child, state));
  return {};
}

Status Binder::regroup_all(SelectState& state) {
  class Regrouper final : public ExpressionVisitor {
   public:
    Regrouper(Binder& binder, const SelectState& the_state) : binder_(binder), state_(the_state) {}
    void visit(BoundExpressionPtr& expression) override {
      if (status.ok()) status = binder_.regroup(expression, state_);
    }
    Status status;

   private:
    Binder& binder_;
    const SelectState& state_;
  };
  BoundQuery& query = *state.query;
  Regrouper regrouper(*this, state);
  for (SelectOutput& output : state.outputs) regrouper.visit(output.expression);
  if (query.having != nullptr) regrouper.visit(query.having);
  for (BoundWindowStage& stage : query.windows) {
    for (auto& expression : stage.partition) regrouper.visit(expression);
    for (auto& order : stage.order) regrouper.visit(order.expression);
    for (BoundWindowCall& call : stage.calls) {
      for (auto& argument : call.aggregate.arguments) regrouper.visit(argument);
      if (call.aggregate.filter != nullptr) regrouper.visit(call.aggregate.filter);
    }
  }
  for (BoundSubquery& subquery : query.late_subqueries) {
    if (subquery.condition != nullptr) regrouper.visit(subquery.condition);
    for_each_expression(*subquery.query, regrouper);
    if (subquery.outer.empty()) continue;
    // The columns of this query that it reads are the groups' now.
    SlotId first = 0;
    for (const BoundColumn& column : subquery.outer) first = std::max(first, column.slot + 1);
    for (const BoundOutput& group : query.groups) first = std::max(first, group.column.slot + 1);
    std::vector<BoundColumn> read = outer_columns(*subquery.query, first);
    std::erase_if(read, [&](const BoundColumn& column) {
      const bool known = std::any_of(subquery.outer.begin(), subquery.outer.end(),
                                     [&](const auto& c) { return c.slot == column.slot; });
      const bool group = std::any_of(query.groups.begin(), query.groups.end(),
                                     [&](const auto& g) { return g.column.slot == column.slot; });
      return !known && !group;
    });
    subquery.outer = std::move(read);
  }
  return regrouper.status;
}

void Binder::finish_outputs(SelectState& state) {
  BoundQuery& query = *state.query;
  query.visible_count = state.visible_count;
  for (SelectOutput& output : state.outputs) {
    BoundOutput bound;
    bound.column = {add_slot(), output.expression->type, std::move(output.name)};
    bound.expression = std::move(output.expression);
    query.outputs.push_back(std::move(bound));
  }
  for (const SelectState::Order& order : state.order) {
    query.order.push_back(
        {query.outputs[order.output].column, order.descending, order.nulls_first});
  }
}

Result<BoundQueryPtr> Binder::order_compound(const ast::Select& select, BoundQueryPtr inner,
                                             const Scope* parent) {
  auto query = std::make_unique<BoundQuery>();
  SelectState state;
  state.query = query.get();
  state.scope.parent = parent;
  ScopeTable table;
  query->source = std::make_unique<BoundSource>();
  query->source->kind = SourceKind::kQuery;
  for (uint32_t i = 0; i < inner->visible_count; ++i) {
    const BoundColumn& column = inner->outputs[i].column;
    query->source->columns.push_back(column);
    table.columns.push_back({column, false});
    state.outputs.push_back({make_column(column.slot, column.type, column.name), column.name});
  }
  query->source->query = std::move(inner);
  state.scope.tables.push_back(std::move(table));
  state.visible_count = static_cast<uint32_t>(state.outputs.size());
  state.context.scope = &state.scope;
  state.context.subqueries = &query->subqueries;
  state.context.clause = "ORDER BY";
  for (const ast::OrderItem& item : select.order_by) {
    MOTE_TRY(bind_order_item(select, item, state));
  }
  finish_outputs(state);
  MOTE_TRY(bind_limit(select, *query));
  return query;
}

}  // namespace mote
