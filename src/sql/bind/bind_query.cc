// Queries around SELECT: WITH, VALUES, UNION and its kin, LIMIT.
#include <deque>

#include "sql/bind/binder_state.h"

namespace mote {

using ast::SelectKind;

Result<BoundQueryPtr> Binder::bind_query(const ast::Select& select, const Scope* parent) {
  if (select.with.empty()) return bind_query_body(select, parent);
  if (select.recursive) return unsupported("WITH RECURSIVE", select.offset);
  const WithFrame* const outside = with_frames_;
  std::deque<WithFrame> frames;
  for (const ast::WithQuery& table : select.with) {
    frames.push_back({&table, parent, with_frames_});
    with_frames_ = &frames.back();
  }
  Result<BoundQueryPtr> query = bind_query_body(select, parent);
  with_frames_ = outside;
  return query;
}

Result<BoundQueryPtr> Binder::bind_query_body(const ast::Select& select, const Scope* parent) {
  switch (select.kind) {
    case SelectKind::kSelect: return bind_select(select, parent);
    case SelectKind::kValues: break;
    case SelectKind::kUnion:
    case SelectKind::kUnionAll:
    case SelectKind::kIntersect:
    case SelectKind::kExcept: break;
  }
  BoundQueryPtr query;
  if (select.kind == SelectKind::kValues) {
    MOTE_ASSIGN(query, bind_values(select, parent));
  } else {
    MOTE_ASSIGN(query, bind_compound(select, parent));
  }
  if (!select.order_by.empty()) return order_compound(select, std::move(query), parent);
  MOTE_TRY(bind_limit(select, *query));
  return query;
}

Status Binder::bind_limit(const ast::Select& select, BoundQuery& query) {
  Scope no_columns;
  ExpressionContext context;
  context.scope = &no_columns;
  context.clause = "LIMIT";
  if (select.limit != nullptr) {
    MOTE_ASSIGN(query.limit, bind_expression(*select.limit, context));
    MOTE_ASSIGN(query.limit, coerce(std::move(query.limit), Type::integer(), "LIMIT"));
  }
  if (select.row_offset != nullptr) {
    MOTE_ASSIGN(query.row_offset, bind_expression(*select.row_offset, context));
    MOTE_ASSIGN(query.row_offset, coerce(std::move(query.row_offset), Type::integer(), "OFFSET"));
  }
  return {};
}

Result<BoundQueryPtr> Binder::bind_values(const ast::Select& select, const Scope* parent) {
  auto query = std::make_unique<BoundQuery>();
  query->kind = QueryKind::kValues;
  query->row_count = select.rows.size();
  Scope no_columns;
  no_columns.parent = parent;
  ExpressionContext context;
  context.scope = &no_columns;
  context.clause = "VALUES";
  for (const auto& row : select.rows) {
    for (const auto& expression : row) {
      MOTE_ASSIGN(BoundExpressionPtr bound, bind_expression(*expression, context));
      query->values.push_back(std::move(bound));
    }
  }
  const size_t width = select.rows[0].size();
  for (size_t c = 0; c < width; ++c) {
    std::vector<BoundExpressionPtr*> column;
    for (size_t i = c; i < query->values.size(); i += width) column.push_back(&query->values[i]);
    MOTE_ASSIGN(const Type type, unify_all(column, "VALUES"));
    BoundOutput output;
    output.column = {add_slot(), type, format_text("column%zu", c + 1)};
    query->outputs.push_back(std::move(output));
  }
  query->visible_count = static_cast<uint32_t>(width);
  return query;
}

BoundQueryPtr Binder::wrap_query(BoundQueryPtr inner) {
  auto query = std::make_unique<BoundQuery>();
  query->source = std::make_unique<BoundSource>();
  query->source->kind = SourceKind::kQuery;
  query->visible_count = inner->visible_count;
  for (uint32_t i = 0; i < inner->visible_count; ++i) {
    const BoundColumn& column = inner->outputs[i].column;
    query->source->columns.push_back(column);
    BoundOutput output;
    output.column = {add_slot(), column.type, column.name};
    output.expression = make_column(column.slot, column.type, column.name);
    query->outputs.push_back(std::move(output));
  }
  query->source->query = std::move(inner);
  return query;
}

Result<BoundQueryPtr> Binder::convert_outputs(BoundQueryPtr query, std::span<const Type> types) {
  bool same = true;
  for (uint32_t i = 0; i < query->visible_count; ++i) {
    same = same && query->outputs[i].column.type == types[i];
  }
  if (same) return query;
  const bool in_place =
      query->kind == QueryKind::kSelect && !query->distinct && query->order.empty();
  if (!in_place) query = wrap_query(std::move(query));
  for (uint32_t i = 0; i < query->visible_count; ++i) {
    BoundOutput& output = query->outputs[i];
    const std::string what = "column '" + output.column.name + "'";
    MOTE_ASSIGN(output.expression, coerce(std::move(output.expression), types[i], what.c_str()));
    output.column.type = types[i];
  }
  return query;
}

Status Binder::unify_arms(BoundQueryPtr& left, BoundQueryPtr& right, uint32_t offset) {
  if (left->visible_count != right->visible_count) {
    return invalid_argument("the sides give %u and %u columns; they must give as many",
                            left->visible_count, right->visible_count)
        .at(offset);
  }
  std::vector<Type> types;
  for (uint32_t i = 0; i < left->visible_count; ++i) {
    const BoundOutput& a = left->outputs[i];
    const BoundOutput& b = right->outputs[i];
    std::optional<Type> joint = joint_type(a.column.type, b.column.type);
    if (!joint.has_value() && a.expression != nullptr && is_text_literal(*a.expression)) {
      joint = b.column.type;
    }
    if (!joint.has_value() && b.expression != nullptr && is_text_literal(*b.expression)) {
      joint = a.column.type;
    }
    if (!joint.has_value()) {
      return invalid_argument("column %u is %s on one side and %s on the other", i + 1,
                              a.column.type.name().c_str(), b.column.type.name().c_str())
          .at(offset);
    }
    types.push_back(*joint);
  }
  MOTE_ASSIGN(left, convert_outputs(std::move(left), types));
  MOTE_ASSIGN(right, convert_outputs(std::move(right), types));
  return {};
}

namespace {

// The rows of one query after those of the other.
BoundQueryPtr append_queries(BoundQueryPtr left, BoundQueryPtr right,
                             std::vector<BoundOutput> outputs) {
  auto query = std::make_unique<BoundQuery>();
  query->kind = QueryKind::kUnionAll;
  query->visible_count = static_cast<uint32_t>(outputs.size());
  query->outputs = std::move(outputs);
  query->left = std::move(left);
  query->right = std::move(right);
  return query;
}

}  // namespace

Result<BoundQueryPtr> Binder::bind_compound(const ast::Select& select, const Scope* parent) {
  MOTE_ASSIGN(BoundQueryPtr left, bind_query(*select.left, parent));
  MOTE_ASSIGN(BoundQueryPtr right, bind_query(*select.right, parent));
  MOTE_TRY(unify_arms(left, right, select.right->offset));
  if (select.kind == SelectKind::kIntersect || select.kind == SelectKind::kExcept) {
    return bind_set_operation(select, std::move(left), std::move(right));
  }
  std::vector<BoundOutput> outputs;
  for (uint32_t i = 0; i < left->visible_count; ++i) {
    const BoundColumn& column = left->outputs[i].column;
    outputs.push_back({{add_slot(), column.type, column.name}, nullptr});
  }
  BoundQueryPtr query = append_queries(std::move(left), std::move(right), std::move(outputs));
  query->distinct = select.kind == SelectKind::kUnion;
  return query;
}

// INTERSECT and EXCEPT: the rows of both sides, marked with their side, grouped by all columns;
// the least and the greatest side of a group tell where its rows are from.
Result<BoundQueryPtr> Binder::bind_set_operation(const ast::Select& select, BoundQueryPtr left,
                                                 BoundQueryPtr right) {
  BoundQueryPtr sides[2] = {wrap_query(std::move(left)), wrap_query(std::move(right))};
  for (int64_t side = 0; side < 2; ++side) {
    BoundOutput output;
    output.column = {add_slot(), Type::integer(), "side"};
    output.expression = make_constant(Value::integer(side));
    sides[side]->outputs.push_back(std::move(output));
    ++sides[side]->visible_count;
  }
  std::vector<BoundOutput> outputs;
  for (const BoundOutput& output : sides[0]->outputs) {
    outputs.push_back({{add_slot(), output.column.type, output.column.name}, nullptr});
  }
  BoundQueryPtr query =
      wrap_query(append_queries(std::move(sides[0]), std::move(sides[1]), std::move(outputs)));
  const BoundColumn side = query->source->columns.back();
  query->outputs.pop_back();
  --query->visible_count;
  query->grouped = true;
  for (BoundOutput& output : query->outputs) {
    BoundOutput group;
    group.column = {add_slot(), output.column.type, output.column.name};
    group.expression = std::move(output.expression);
    output.expression = make_column(group.column.slot, group.column.type, group.column.name);
    query->groups.push_back(std::move(group));
  }
  const int64_t expected = select.kind == SelectKind::kIntersect ? 1 : 0;
  const Type integer = Type::integer();
  for (const char* name : {"min", "max"}) {
    MOTE_ASSIGN(const ResolvedAggregate resolved, resolve_aggregate(name, {&integer, 1}));
    BoundAggregate aggregate;
    aggregate.function = resolved.function;
    aggregate.type = resolved.type;
    aggregate.arguments.push_back(make_column(side.slot, side.type, side.name));
    aggregate.slot = add_slot();
    aggregate.text = std::string(name) + "(side)";
    const bool greatest = name[1] == 'a';
    MOTE_ASSIGN(BoundExpressionPtr test,
                compare("=", make_column(aggregate.slot, aggregate.type, aggregate.text),
                        make_constant(Value::integer(greatest ? expected : 0)), select.offset));
    query->having = conjoin(std::move(query->having), std::move(test));
    query->aggregates.push_back(std::move(aggregate));
  }
  return query;
}

}  // namespace mote
