#include "sql/plan/planner.h"

#include <algorithm>

#include "sql/bind/fold.h"
#include "sql/bind/walk.h"
#include "sql/plan/rewrite.h"

namespace mote {

PlanPtr make_node(PlanKind kind, PlanPtr child) {
  auto node = std::make_unique<PlanNode>();
  node->kind = kind;
  if (child != nullptr) {
    node->outputs = child->outputs;
    node->children.push_back(std::move(child));
  }
  return node;
}

bool is_volatile(const BoundExpression& expression) {
  if (expression.function != nullptr && expression.function->volatility == Volatility::kVolatile) {
    return true;
  }
  return std::any_of(expression.children.begin(), expression.children.end(),
                     [](const auto& child) { return is_volatile(*child); });
}

namespace {

OutputColumn output_of(const BoundColumn& column) {
  return {column.slot, column.type, column.name};
}

bool gives_right_columns(JoinType join) {
  return join == JoinType::kInner || join == JoinType::kLeft || join == JoinType::kSingle;
}

PlanPtr make_join(PlanKind kind, JoinType join, PlanPtr left, PlanPtr right) {
  PlanPtr node = make_node(kind, std::move(left));
  node->join = join;
  if (gives_right_columns(join)) {
    node->outputs.insert(node->outputs.end(), right->outputs.begin(), right->outputs.end());
  }
  node->children.push_back(std::move(right));
  return node;
}

// Puts parameters in the place of columns that a query run anew for each row has from outside.
void replace_outer(PlanNode& node, const std::vector<BoundColumn>& outer, uint32_t first);

void replace_outer(BoundExpression& expression, const std::vector<BoundColumn>& outer,
                   uint32_t first) {
  for (auto& child : expression.children) replace_outer(*child, outer, first);
  if (expression.kind != BoundKind::kColumn) return;
  for (size_t i = 0; i < outer.size(); ++i) {
    if (outer[i].slot != expression.slot) continue;
    expression.kind = BoundKind::kParameter;
    expression.parameter = first + static_cast<uint32_t>(i);
    return;
  }
}

void replace_outer(PlanNode& node, const std::vector<BoundColumn>& outer, uint32_t first) {
  for_each_own_expression(node, [&](BoundExpressionPtr& e) { replace_outer(*e, outer, first); });
  for (auto& child : node.children) replace_outer(*child, outer, first);
}

// Bound queries to nodes, conjuncts pushed down on the way.
class Builder {
 public:
  explicit Builder(uint32_t first_free_parameter) : next_parameter_(first_free_parameter) {}

  PlanPtr build(BoundQuery& query);

 private:
  PlanPtr build_select(BoundQuery& query);
  PlanPtr build_source(BoundSource& source);
  PlanPtr build_values(BoundQuery& query);
  PlanPtr build_union(BoundQuery& query);
  PlanPtr add_subquery(PlanPtr node, BoundSubquery& subquery);
  PlanPtr add_aggregate(PlanPtr node, BoundQuery& query);
  PlanPtr add_window(PlanPtr node, BoundWindowStage& stage);
  PlanPtr add_where(PlanPtr node, BoundQuery& query);
  PlanPtr add_order_and_limit(PlanPtr node, BoundQuery& query);
  // A limited sort below the projection, so that only surviving rows are projected.
  bool can_sort_first(const BoundQuery& query) const;
  PlanPtr add_early_sort(PlanPtr node, BoundQuery& query);

  uint32_t next_parameter_;
};

PlanPtr project(PlanPtr child, std::vector<BoundOutput>& outputs, size_t count) {
  PlanPtr node = make_node(PlanKind::kProject, std::move(child));
  node->outputs.clear();
  for (size_t i = 0; i < count; ++i) {
    node->outputs.push_back(output_of(outputs[i].column));
    node->expressions.push_back(std::move(outputs[i].expression));
  }
  return node;
}

PlanPtr filter(PlanPtr child, BoundExpressionPtr condition) {
  std::vector<BoundExpressionPtr> conjuncts;
  split_conjuncts(std::move(condition), &conjuncts);
  return push_down(std::move(child), std::move(conjuncts));
}

PlanPtr Builder::build(BoundQuery& query) {
  switch (query.kind) {
    case QueryKind::kValues: return add_order_and_limit(build_values(query), query);
    case QueryKind::kUnionAll: return add_order_and_limit(build_union(query), query);
    case QueryKind::kSelect: break;
  }
  return build_select(query);
}

PlanPtr Builder::build_values(BoundQuery& query) {
  PlanPtr node = make_node(PlanKind::kValues);
  for (const BoundOutput& output : query.outputs) node->outputs.push_back(output_of(output.column));
  node->expressions = std::move(query.values);
  node->row_count = query.row_count;
  return node;
}

PlanPtr Builder::build_union(BoundQuery& query) {
  PlanPtr node = make_node(PlanKind::kUnionAll);
  for (const BoundOutput& output : query.outputs) node->outputs.push_back(output_of(output.column));
  node->children.push_back(build(*query.left));
  node->children.push_back(build(*query.right));
  if (query.distinct) node = make_node(PlanKind::kDistinct, std::move(node));
  return node;
}

PlanPtr Builder::build_source(BoundSource& source) {
  if (source.kind == SourceKind::kJoin) {
    PlanPtr left = build_source(*source.left);
    PlanPtr right = build_source(*source.right);
    PlanPtr node = make_join(PlanKind::kLoopJoin, source.join, std::move(left), std::move(right));
    fold(source.condition);
    if (source.join == JoinType::kInner)
      return filter(std::move(node), std::move(source.condition));
    node->condition = std::move(source.condition);
    return node;
  }
  if (source.kind == SourceKind::kAsofJoin) {
    PlanPtr left = build_source(*source.left);
    PlanPtr right = build_source(*source.right);
    PlanPtr node = make_join(PlanKind::kAsofJoin, source.join, std::move(left), std::move(right));
    node->left_keys = std::move(source.left_keys);
    node->right_keys = std::move(source.right_keys);
    node->left_time = std::move(source.left_time);
    node->right_time = std::move(source.right_time);
    node->strict = source.strict;
    node->backward = source.backward;
    node->tolerance = std::move(source.tolerance);
    return node;
  }
  if (source.kind == SourceKind::kQuery) return build(*source.query);
  PlanPtr node =
      make_node(source.kind == SourceKind::kTable ? PlanKind::kScan : PlanKind::kTableFunction);
  for (const BoundColumn& column : source.columns) node->outputs.push_back(output_of(column));
  if (source.kind == SourceKind::kFunction) {
    node->function_name = source.name;
    node->option_names = std::move(source.option_names);
    node->expressions = std::move(source.arguments);
    return node;
  }
  node->table = source.table;
  node->table_name = source.name;
  for (uint32_t i = 0; i < source.columns.size(); ++i) node->columns.push_back(i);
  node->outputs.push_back({source.row_id_slot, Type::integer(), "rowid"});
  node->columns.push_back(kRowIdColumn);
  return node;
}

PlanPtr Builder::add_subquery(PlanPtr node, BoundSubquery& subquery) {
  PlanPtr right = build(*subquery.query);
  fold(subquery.condition);
  PlanPtr join;
  if (subquery.outer.empty()) {
    join = make_join(PlanKind::kLoopJoin, subquery.join, std::move(node), std::move(right));
  } else {
    const uint32_t first = next_parameter_;
    next_parameter_ += static_cast<uint32_t>(subquery.outer.size());
    replace_outer(*right, subquery.outer, first);
    join = make_join(PlanKind::kApply, subquery.join, std::move(node), std::move(right));
    join->first_parameter = first;
    for (const BoundColumn& column : subquery.outer) {
      join->left_keys.push_back(make_column(column.slot, column.type, column.name));
    }
  }
  join->condition = std::move(subquery.condition);
  join->null_aware = subquery.null_aware;
  if (subquery.join == JoinType::kMark) join->outputs.push_back(output_of(subquery.mark));
  return join;
}

PlanPtr Builder::add_where(PlanPtr node, BoundQuery& query) {
  fold(query.where);
  std::vector<BoundExpressionPtr> conjuncts;
  split_conjuncts(std::move(query.where), &conjuncts);
  SlotSet available;
  available.add_outputs(*node);
  std::vector<BoundExpressionPtr> before;
  std::vector<BoundExpressionPtr> after;  // those that read scores
  SlotSet scores;
  for (const BoundTextScore& score : query.scores) scores.add(score.slot);
  for (auto& conjunct : conjuncts) {
    std::vector<BoundColumn> read;
    collect_columns(*conjunct, &read);
    const bool scored = std::any_of(read.begin(), read.end(),
                                    [&](const auto& c) { return scores.contains(c.slot); });
    (scored ? after : before).push_back(std::move(conjunct));
  }
  node = push_down(std::move(node), std::move(before));
  for (BoundTextScore& score : query.scores) {
    node = make_node(PlanKind::kTextScore, std::move(node));
    node->table = score.table;
    node->text_column = score.text_column;
    node->expressions.push_back(std::move(score.text));
    node->expressions.push_back(std::move(score.query));
    node->outputs.push_back({score.slot, Type::floating(), "bm25"});
  }
  return push_down(std::move(node), std::move(after));
}

PlanPtr Builder::add_aggregate(PlanPtr child, BoundQuery& query) {
  PlanPtr node = make_node(PlanKind::kAggregate, std::move(child));
  node->outputs.clear();
  for (BoundOutput& group : query.groups) {
    node->outputs.push_back(output_of(group.column));
    fold(group.expression);
    node->groups.push_back(std::move(group.expression));
  }
  for (BoundAggregate& aggregate : query.aggregates) {
    node->outputs.push_back({aggregate.slot, aggregate.type, aggregate.text});
    for (auto& argument : aggregate.arguments) fold(argument);
    fold(aggregate.filter);
  }
  node->aggregates = std::move(query.aggregates);
  return node;
}

PlanPtr Builder::add_window(PlanPtr child, BoundWindowStage& stage) {
  PlanPtr node = make_node(PlanKind::kWindow, std::move(child));
  node->groups = std::move(stage.partition);
  for (BoundWindowOrder& order : stage.order) {
    node->sort_keys.push_back({std::move(order.expression), order.descending, order.nulls_first});
  }
  for (BoundWindowCall& call : stage.calls) {
    node->outputs.push_back({call.aggregate.slot, call.aggregate.type, call.aggregate.text});
    for (auto& argument : call.aggregate.arguments) fold(argument);
    fold(call.start_distance);
    fold(call.end_distance);
  }
  node->windows = std::move(stage.calls);
  return node;
}

PlanPtr Builder::build_select(BoundQuery& query) {
  PlanPtr node;
  if (query.source != nullptr) {
    node = build_source(*query.source);
  } else {
    node = make_node(PlanKind::kValues);
    node->row_count = 1;
  }
  for (BoundSubquery& subquery : query.subqueries) node = add_subquery(std::move(node), subquery);
  node = add_where(std::move(node), query);
  if (query.grouped) node = add_aggregate(std::move(node), query);
  for (BoundSubquery& subquery : query.late_subqueries) {
    node = add_subquery(std::move(node), subquery);
  }
  fold(query.having);
  node = filter(std::move(node), std::move(query.having));
  for (BoundWindowStage& stage : query.windows) node = add_window(std::move(node), stage);
  for (BoundOutput& output : query.outputs) fold(output.expression);
  if (can_sort_first(query)) return add_early_sort(std::move(node), query);
  node = project(std::move(node), query.outputs, query.outputs.size());
  if (query.distinct) node = make_node(PlanKind::kDistinct, std::move(node));
  return add_order_and_limit(std::move(node), query);
}

bool Builder::can_sort_first(const BoundQuery& query) const {
  if (query.order.empty() || query.limit == nullptr || query.distinct) return false;
  return std::none_of(query.outputs.begin(), query.outputs.end(),
                      [](const BoundOutput& o) { return is_volatile(*o.expression); });
}

PlanPtr Builder::add_early_sort(PlanPtr child, BoundQuery& query) {
  PlanPtr sort = make_node(PlanKind::kSort, std::move(child));
  for (const BoundOrder& order : query.order) {
    for (const BoundOutput& output : query.outputs) {
      if (output.column.slot != order.column.slot) continue;
      sort->sort_keys.push_back({output.expression->clone(), order.descending, order.nulls_first});
    }
  }
  fold(query.limit);
  fold(query.row_offset);
  sort->limit = std::move(query.limit);
  sort->row_offset = std::move(query.row_offset);
  return project(std::move(sort), query.outputs, query.visible_count);
}

PlanPtr Builder::add_order_and_limit(PlanPtr node, BoundQuery& query) {
  fold(query.limit);
  fold(query.row_offset);
  if (!query.order.empty()) {
    node = make_node(PlanKind::kSort, std::move(node));
    for (const BoundOrder& order : query.order) {
      const BoundColumn& column = order.column;
      node->sort_keys.push_back({make_column(column.slot, column.type, column.name),
                                 order.descending, order.nulls_first});
    }
  } else if (query.limit != nullptr || query.row_offset != nullptr) {
    node = make_node(PlanKind::kLimit, std::move(node));
  }
  node->limit = std::move(query.limit);
  node->row_offset = std::move(query.row_offset);
  if (query.outputs.size() == query.visible_count) return node;
  // The columns that were there for ORDER BY only.
  std::vector<BoundOutput> visible;
  for (uint32_t i = 0; i < query.visible_count; ++i) {
    const BoundColumn& column = query.outputs[i].column;
    visible.push_back({column, make_column(column.slot, column.type, column.name)});
  }
  PlanPtr projection = project(std::move(node), visible, visible.size());
  return projection;
}

// The node that does what the statement says with the rows.
PlanPtr add_statement(PlanPtr rows, BoundStatement& statement, const Catalog& catalog) {
  PlanKind kind = PlanKind::kInsert;
  switch (statement.kind) {
    case StatementKind::kUpdate: kind = PlanKind::kUpdate; break;
    case StatementKind::kDelete: kind = PlanKind::kDelete; break;
    case StatementKind::kCreateTableAs: kind = PlanKind::kCreateTableAs; break;
    case StatementKind::kCopyTo: kind = PlanKind::kCopyTo; break;
    case StatementKind::kInsert: break;
    default: return rows;
  }
  PlanPtr node = make_node(kind, std::move(rows));
  node->outputs.clear();
  node->create = statement.create;
  if (kind == PlanKind::kCreateTableAs) node->table_name = statement.create->name;
  if (kind == PlanKind::kCopyTo) {
    node->file_name = statement.name;
    node->copy_options = std::move(statement.copy_options);
  }
  if (statement.table != 0) {
    node->table = statement.table;
    const TableDefinition* table = catalog.find(statement.table);
    if (table != nullptr) node->table_name = table->name;
  }
  if (statement.returning.empty()) return node;
  node->returning = true;
  for (const BoundColumn& column : statement.table_columns) {
    node->outputs.push_back(output_of(column));
  }
  for (BoundOutput& output : statement.returning) fold(output.expression);
  return project(std::move(node), statement.returning, statement.returning.size());
}

// Folding of what the builder does not look at one by one.
void fold_all(PlanNode& node) {
  for_each_own_expression(node, [](BoundExpressionPtr& expression) { fold(expression); });
  for (auto& child : node.children) fold_all(*child);
}

}  // namespace

Result<PlanPtr> plan_statement(BoundStatement& statement, const Catalog& catalog,
                               const TableStatistics* statistics) {
  if (!statement.has_plan() || statement.query == nullptr) {
    return invalid_argument("this statement has no plan");
  }
  Builder builder(static_cast<uint32_t>(statement.parameters.size()));
  PlanPtr plan = builder.build(*statement.query);
  plan = add_statement(std::move(plan), statement, catalog);
  fold_all(*plan);
  order_joins(plan, statistics);
  choose_joins(*plan);
  SlotSet required;
  required.add_outputs(*plan);
  drop_columns(plan, required);
  choose_access(*plan, catalog);
  estimate(*plan, statistics);
  merge_projections(plan);
  MOTE_TRY(resolve_positions(*plan));
  return plan;
}

}  // namespace mote
