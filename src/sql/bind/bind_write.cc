// INSERT, UPDATE, DELETE, RETURNING.
#include <algorithm>

#include "sql/bind/binder_state.h"
#include "sql/parse/parser.h"

namespace mote {

namespace {

std::string column_text(const TableDefinition& table, uint32_t column) {
  return "column '" + table.name + "." + table.schema.columns[column].name + "'";
}

Status no_such_column(const TableDefinition& table, const std::string& name, uint32_t offset) {
  std::vector<std::string> names;
  for (const ColumnDefinition& column : table.schema.columns) names.push_back(column.name);
  return not_found("table '%s' has no column '%s'%s", table.name.c_str(), name.c_str(),
                   nearest_hint(name, names).c_str())
      .at(offset);
}

// The targets' place of a schema column; nothing when it takes its default.
std::optional<size_t> place_of(const std::vector<uint32_t>& targets, uint32_t column) {
  const auto found = std::find(targets.begin(), targets.end(), column);
  if (found == targets.end()) return std::nullopt;
  return static_cast<size_t>(found - targets.begin());
}

}  // namespace

Result<std::vector<uint32_t>> Binder::target_columns(const TableDefinition& table,
                                                     const std::vector<std::string>& names,
                                                     uint32_t offset) {
  std::vector<uint32_t> targets;
  if (names.empty()) {
    for (uint32_t i = 0; i < table.schema.columns.size(); ++i) targets.push_back(i);
    return targets;
  }
  for (const std::string& name : names) {
    const std::optional<uint32_t> column = table.schema.find(name);
    if (!column.has_value()) return no_such_column(table, name, offset);
    if (place_of(targets, *column).has_value()) {
      return invalid_argument("column '%s' is named twice", name.c_str()).at(offset);
    }
    targets.push_back(*column);
  }
  return targets;
}

Result<BoundExpressionPtr> Binder::bind_default(const ColumnDefinition& column) {
  if (column.default_sql.empty()) return make_constant(Value::null(column.type));
  const std::string what = "the default of column '" + column.name + "'";
  Result<ast::ExpressionPtr> parsed = parse_expression(column.default_sql);
  if (!parsed.ok()) return std::move(parsed).status().in(what);
  Scope no_columns;
  ExpressionContext context;
  context.scope = &no_columns;
  context.clause = "DEFAULT";
  Result<BoundExpressionPtr> bound = bind_expression(**parsed, context);
  if (!bound.ok()) return std::move(bound).status().in(what);
  return coerce(std::move(*bound), column.type, what.c_str());
}

Result<BoundQueryPtr> Binder::bind_insert_values(const ast::Select& values,
                                                 const TableDefinition& table,
                                                 const std::vector<uint32_t>& targets) {
  auto query = std::make_unique<BoundQuery>();
  query->kind = QueryKind::kValues;
  query->row_count = values.rows.size();
  Scope no_columns;
  ExpressionContext context;
  context.scope = &no_columns;
  context.clause = "VALUES";
  const uint32_t width = static_cast<uint32_t>(table.schema.columns.size());
  std::vector<std::string> names;
  std::vector<BoundExpressionPtr> defaults(width);
  for (uint32_t c = 0; c < width; ++c) {
    const ColumnDefinition& column = table.schema.columns[c];
    names.push_back(column_text(table, c));
    if (!place_of(targets, c).has_value()) {
      MOTE_ASSIGN(defaults[c], bind_default(column));
    }
    query->outputs.push_back({{add_slot(), column.type, column.name}, nullptr});
  }
  query->visible_count = width;
  for (const auto& row : values.rows) {
    if (row.size() != targets.size()) {
      return invalid_argument("table '%s': %zu values for %zu columns", table.name.c_str(),
                              row.size(), targets.size())
          .at(row[0]->offset);
    }
    std::vector<BoundExpressionPtr> cells(width);
    for (size_t i = 0; i < row.size(); ++i) {
      MOTE_ASSIGN(BoundExpressionPtr value, bind_expression(*row[i], context));
      MOTE_ASSIGN(cells[targets[i]], coerce(std::move(value), table.schema.columns[targets[i]].type,
                                            names[targets[i]].c_str()));
    }
    for (uint32_t c = 0; c < width; ++c) {
      if (cells[c] == nullptr) cells[c] = defaults[c]->clone();
      query->values.push_back(std::move(cells[c]));
    }
  }
  return query;
}

Result<BoundQueryPtr> Binder::insert_from_query(BoundQueryPtr source, const TableDefinition& table,
                                                const std::vector<uint32_t>& targets,
                                                uint32_t offset) {
  if (source->visible_count != targets.size()) {
    return invalid_argument("table '%s': %u values for %zu columns", table.name.c_str(),
                            source->visible_count, targets.size())
        .at(offset);
  }
  BoundQueryPtr query = wrap_query(std::move(source));
  std::vector<BoundOutput> given = std::move(query->outputs);
  query->outputs.clear();
  for (uint32_t c = 0; c < table.schema.columns.size(); ++c) {
    const ColumnDefinition& column = table.schema.columns[c];
    BoundOutput output;
    output.column = {add_slot(), column.type, column.name};
    const std::optional<size_t> place = place_of(targets, c);
    if (place.has_value()) {
      given[*place].expression->offset = offset;
      MOTE_ASSIGN(output.expression, coerce(std::move(given[*place].expression), column.type,
                                            column_text(table, c).c_str()));
    } else {
      MOTE_ASSIGN(output.expression, bind_default(column));
    }
    query->outputs.push_back(std::move(output));
  }
  query->visible_count = static_cast<uint32_t>(query->outputs.size());
  return query;
}

Status Binder::bind_insert(const ast::Insert& insert, BoundStatement& out) {
  if (insert.on_conflict != ast::ConflictAction::kNone) {
    return unsupported("ON CONFLICT", insert.table_offset);
  }
  MOTE_ASSIGN(const TableDefinition* table, find_table(insert.table, insert.table_offset));
  MOTE_ASSIGN(std::vector<uint32_t> targets,
              target_columns(*table, insert.columns, insert.table_offset));
  out.kind = StatementKind::kInsert;
  out.writes = true;
  out.table = table->id;
  const ast::Select* source = insert.source.get();
  if (source == nullptr) {  // DEFAULT VALUES
    auto query = std::make_unique<BoundQuery>();
    query->kind = QueryKind::kValues;
    query->row_count = 1;
    for (const ColumnDefinition& column : table->schema.columns) {
      MOTE_ASSIGN(BoundExpressionPtr value, bind_default(column));
      query->values.push_back(std::move(value));
      query->outputs.push_back({{add_slot(), column.type, column.name}, nullptr});
    }
    query->visible_count = static_cast<uint32_t>(query->outputs.size());
    out.query = std::move(query);
  } else if (source->kind == ast::SelectKind::kValues && source->with.empty() &&
             source->order_by.empty() && source->limit == nullptr &&
             source->row_offset == nullptr) {
    MOTE_ASSIGN(out.query, bind_insert_values(*source, *table, targets));
  } else {
    MOTE_ASSIGN(BoundQueryPtr query, bind_query(*source, nullptr));
    MOTE_ASSIGN(out.query, insert_from_query(std::move(query), *table, targets, source->offset));
  }
  return bind_returning(insert.returning, *table, out);
}

Status Binder::bind_returning(const std::vector<ast::SelectItem>& items,
                              const TableDefinition& table, BoundStatement& out) {
  Scope scope;
  ScopeTable affected;
  affected.name = table.name;
  for (const ColumnDefinition& column : table.schema.columns) {
    const BoundColumn bound{add_slot(), column.type, column.name};
    out.table_columns.push_back(bound);
    affected.columns.push_back({bound, false});
  }
  scope.tables.push_back(std::move(affected));
  ExpressionContext context;
  context.scope = &scope;
  context.clause = "RETURNING";
  std::vector<SelectOutput> outputs;
  for (const ast::SelectItem& item : items) {
    if (item.expression->kind == ast::ExpressionKind::kStar) {
      MOTE_TRY(expand_star(*item.expression, scope, &outputs));
      continue;
    }
    MOTE_ASSIGN(BoundExpressionPtr bound, bind_expression(*item.expression, context));
    std::string name = output_name(item, *bound);
    outputs.push_back({std::move(bound), std::move(name)});
  }
  for (SelectOutput& output : outputs) {
    const BoundColumn column{add_slot(), output.expression->type, std::move(output.name)};
    out.result.push_back(column);
    out.returning.push_back({column, std::move(output.expression)});
  }
  return {};
}

Status Binder::bind_update(const ast::Update& update, BoundStatement& out) {
  if (update.from != nullptr) return unsupported("UPDATE .. FROM", update.from->offset);
  MOTE_ASSIGN(const TableDefinition* table, find_table(update.table, update.table_offset));
  out.kind = StatementKind::kUpdate;
  out.writes = true;
  out.table = table->id;
  auto query = std::make_unique<BoundQuery>();
  query->source = table_source(*table);
  Scope scope;
  ast::FromItem named;
  named.alias = update.alias;
  MOTE_TRY(add_to_scope(named, table->name, query->source->columns, scope));
  ExpressionContext context;
  context.scope = &scope;
  context.subqueries = &query->subqueries;
  MOTE_TRY(bind_where(update.where.get(), context, *query));
  context.clause = "SET";
  const SlotId row_id = query->source->row_id_slot;
  query->outputs.push_back(
      {{add_slot(), Type::integer(), "rowid"}, make_column(row_id, Type::integer(), "rowid")});
  std::vector<BoundExpressionPtr> values(table->schema.columns.size());
  for (const ast::Assignment& assignment : update.assignments) {
    const std::optional<uint32_t> column = table->schema.find(assignment.column);
    if (!column.has_value()) return no_such_column(*table, assignment.column, assignment.offset);
    if (values[*column] != nullptr) {
      return invalid_argument("column '%s' is set twice", assignment.column.c_str())
          .at(assignment.offset);
    }
    MOTE_ASSIGN(BoundExpressionPtr value, bind_expression(*assignment.value, context));
    MOTE_ASSIGN(values[*column], coerce(std::move(value), table->schema.columns[*column].type,
                                        column_text(*table, *column).c_str()));
  }
  for (size_t c = 0; c < values.size(); ++c) {
    const BoundColumn& column = query->source->columns[c];
    if (values[c] == nullptr) values[c] = make_column(column.slot, column.type, column.name);
    query->outputs.push_back({{add_slot(), column.type, column.name}, std::move(values[c])});
  }
  query->visible_count = static_cast<uint32_t>(query->outputs.size());
  out.query = std::move(query);
  return bind_returning(update.returning, *table, out);
}

Status Binder::bind_delete(const ast::Delete& erase, BoundStatement& out) {
  MOTE_ASSIGN(const TableDefinition* table, find_table(erase.table, erase.table_offset));
  out.kind = StatementKind::kDelete;
  out.writes = true;
  out.table = table->id;
  auto query = std::make_unique<BoundQuery>();
  query->source = table_source(*table);
  Scope scope;
  ast::FromItem named;
  named.alias = erase.alias;
  MOTE_TRY(add_to_scope(named, table->name, query->source->columns, scope));
  ExpressionContext context;
  context.scope = &scope;
  context.subqueries = &query->subqueries;
  MOTE_TRY(bind_where(erase.where.get(), context, *query));
  query->outputs.push_back({{add_slot(), Type::integer(), "rowid"},
                            make_column(query->source->row_id_slot, Type::integer(), "rowid")});
  if (!erase.returning.empty()) {
    for (const BoundColumn& column : query->source->columns) {
      query->outputs.push_back({{add_slot(), column.type, column.name},
                                make_column(column.slot, column.type, column.name)});
    }
  }
  query->visible_count = static_cast<uint32_t>(query->outputs.size());
  out.query = std::move(query);
  return bind_returning(erase.returning, *table, out);
}

}  // namespace mote
