// Whole statements: definitions, COPY, SET, and those that carry only a name.
#include <algorithm>

#include "base/check.h"
#include "sql/bind/binder_state.h"
#include "sql/bind/fold.h"
#include "sql/parse/print.h"

namespace mote {

namespace {

StatementKind plain_kind(ast::StatementKind kind) {
  switch (kind) {
    case ast::StatementKind::kBegin: return StatementKind::kBegin;
    case ast::StatementKind::kCommit: return StatementKind::kCommit;
    case ast::StatementKind::kRollback: return StatementKind::kRollback;
    case ast::StatementKind::kSavepoint: return StatementKind::kSavepoint;
    case ast::StatementKind::kRollbackTo: return StatementKind::kRollbackTo;
    case ast::StatementKind::kRelease: return StatementKind::kRelease;
    case ast::StatementKind::kCheckpoint: return StatementKind::kCheckpoint;
    case ast::StatementKind::kVacuum: return StatementKind::kVacuum;
    case ast::StatementKind::kShowTables: return StatementKind::kShowTables;
    case ast::StatementKind::kDescribe: return StatementKind::kDescribe;
    case ast::StatementKind::kCheck: return StatementKind::kCheck;
    // Those that have a case of their own in Binder::bind and bind_definition.
    case ast::StatementKind::kSelect:
    case ast::StatementKind::kInsert:
    case ast::StatementKind::kUpdate:
    case ast::StatementKind::kDelete:
    case ast::StatementKind::kCreateTable:
    case ast::StatementKind::kCreateIndex:
    case ast::StatementKind::kCreateView:
    case ast::StatementKind::kDropTable:
    case ast::StatementKind::kDropIndex:
    case ast::StatementKind::kDropView:
    case ast::StatementKind::kCopy:
    case ast::StatementKind::kSet: break;
  }
  MOTE_CHECK(false);
  return StatementKind::kCheck;
}

ExplainMode explain_mode(ast::ExplainMode mode) {
  switch (mode) {
    case ast::ExplainMode::kNone: return ExplainMode::kNone;
    case ast::ExplainMode::kPlan: return ExplainMode::kPlan;
    case ast::ExplainMode::kAnalyze: break;
  }
  return ExplainMode::kAnalyze;
}

// Positions of the key's columns; they become NOT NULL.
Status set_primary_key(const std::vector<std::string>& names, uint32_t offset, Schema* schema) {
  for (const std::string& name : names) {
    const std::optional<uint32_t> column = schema->find(name);
    if (!column.has_value()) {
      return not_found("PRIMARY KEY: no column '%s'", name.c_str()).at(offset);
    }
    schema->primary_key.push_back(*column);
  }
  for (const uint32_t column : schema->primary_key) schema->columns[column].not_null = true;
  return {};
}

Status refuse_unsupported(const ast::CreateTable& create) {
  if (!create.time_key.empty()) return unsupported("TIME KEY", create.table_offset);
  if (!create.unique_keys.empty()) return unsupported("UNIQUE", create.table_offset);
  for (const ast::ColumnDeclaration& column : create.columns) {
    if (column.unique) return unsupported("UNIQUE", column.offset);
  }
  if (!create.options.empty()) {
    return invalid_argument("CREATE TABLE has no option '%s'", create.options[0].name.c_str())
        .at(create.options[0].offset);
  }
  return {};
}

// read_csv and so on, by the format named or by the file's name.
Result<std::string> reader_for(const ast::Copy& copy, const std::string& format) {
  std::string_view name = copy.file;
  for (const std::string_view suffix : {".gz", ".zst"}) {
    if (name.ends_with(suffix)) name.remove_suffix(suffix.size());
  }
  const auto is = [&](std::string_view wanted, std::initializer_list<std::string_view> suffixes) {
    if (!format.empty()) return same_name(format, wanted);
    return std::any_of(suffixes.begin(), suffixes.end(),
                       [&](std::string_view suffix) { return name.ends_with(suffix); });
  };
  if (is("csv", {".csv", ".tsv", ".txt"})) return std::string("read_csv");
  if (is("json", {".json", ".jsonl", ".ndjson"})) return std::string("read_json");
  if (is("npy", {".npy"})) return std::string("read_npy");
  if (!format.empty()) {
    return invalid_argument("COPY: no format '%s'; there are csv, json and npy", format.c_str())
        .at(copy.file_offset);
  }
  return invalid_argument("COPY: the name of '%s' does not tell its format; say WITH (format = ..)",
                          copy.file.c_str())
      .at(copy.file_offset);
}

}  // namespace

Result<BoundStatement> Binder::bind(const ast::Statement& statement) {
  parameters_.clear();
  for (size_t i = 0; i < statement.parameter_names.size(); ++i) {
    BoundParameter parameter;
    parameter.name = statement.parameter_names[i];
    if (i < given_types_.size()) parameter.type = given_types_[i];
    parameter.given = !parameter.type.is(TypeKind::kNull);
    parameters_.push_back(std::move(parameter));
  }
  used_untyped_.assign(parameters_.size(), false);
  BoundStatement out;
  out.explain = explain_mode(statement.explain);
  switch (statement.kind) {
    case ast::StatementKind::kSelect: {
      MOTE_ASSIGN(out.query, bind_query(*statement.select, nullptr));
      for (uint32_t i = 0; i < out.query->visible_count; ++i) {
        out.result.push_back(out.query->outputs[i].column);
      }
      break;
    }
    case ast::StatementKind::kInsert: MOTE_TRY(bind_insert(*statement.insert, out)); break;
    case ast::StatementKind::kUpdate: MOTE_TRY(bind_update(*statement.update, out)); break;
    case ast::StatementKind::kDelete: MOTE_TRY(bind_delete(*statement.erase, out)); break;
    case ast::StatementKind::kCopy: MOTE_TRY(bind_copy(*statement.copy, out)); break;
    default: MOTE_TRY(bind_definition(statement, out)); break;
  }
  out.parameters = parameters_;
  return out;
}

bool Binder::wants_second_pass() const {
  for (size_t i = 0; i < parameters_.size(); ++i) {
    if (used_untyped_[i] && !parameters_[i].given && !parameters_[i].type.is(TypeKind::kNull)) {
      return true;
    }
  }
  return false;
}

Status Binder::bind_definition(const ast::Statement& statement, BoundStatement& out) {
  switch (statement.kind) {
    case ast::StatementKind::kCreateTable: return bind_create_table(*statement.create_table, out);
    case ast::StatementKind::kCreateIndex:
      return unsupported("CREATE INDEX", statement.create_index->table_offset);
    case ast::StatementKind::kDropIndex: return unsupported("DROP INDEX", statement.name_offset);
    case ast::StatementKind::kCreateView:
      return unsupported("CREATE VIEW", statement.create_view->view_offset);
    case ast::StatementKind::kDropView: return unsupported("DROP VIEW", statement.name_offset);
    case ast::StatementKind::kDropTable: return bind_drop(statement, out);
    case ast::StatementKind::kSet: return bind_set(statement, out);
    default: break;
  }
  out.kind = plain_kind(statement.kind);
  out.name = statement.name;
  out.writes = out.kind == StatementKind::kCheckpoint || out.kind == StatementKind::kVacuum;
  if (statement.kind == ast::StatementKind::kDescribe) {
    MOTE_ASSIGN(const TableDefinition* table, find_table(statement.name, statement.name_offset));
    out.table = table->id;
  }
  return {};
}

Status Binder::bind_drop(const ast::Statement& statement, BoundStatement& out) {
  out.kind = StatementKind::kDropTable;
  out.writes = true;
  out.name = statement.name;
  const TableDefinition* table = catalog_.find(statement.name);
  if (table == nullptr && !statement.if_exists) {
    return catalog_.no_such_table(statement.name).at(statement.name_offset);
  }
  if (table != nullptr) out.table = table->id;
  return {};
}

Status Binder::bind_set(const ast::Statement& statement, BoundStatement& out) {
  out.kind = StatementKind::kSet;
  out.name = statement.name;
  if (statement.value == nullptr) return {};
  if (statement.value->kind == ast::ExpressionKind::kColumn) {
    out.value = Value::text(statement.value->name);
    return {};
  }
  Scope no_columns;
  ExpressionContext context;
  context.scope = &no_columns;
  context.clause = "SET";
  MOTE_ASSIGN(BoundExpressionPtr value, bind_expression(*statement.value, context));
  MOTE_ASSIGN(out.value, evaluate_constant(*value, 0));
  return {};
}

Result<ColumnDefinition> Binder::bind_declaration(const ast::ColumnDeclaration& declaration) {
  ColumnDefinition column;
  column.name = declaration.name;
  column.type = declaration.type;
  column.not_null = declaration.not_null;
  if (column.type.is(TypeKind::kNull)) {
    return invalid_argument("column '%s' needs a type", column.name.c_str()).at(declaration.offset);
  }
  if (column.type.is(TypeKind::kVector) && column.type.dimension == 0) {
    return invalid_argument("column '%s' needs a dimension: VECTOR(n)", column.name.c_str())
        .at(declaration.offset);
  }
  if (declaration.default_value != nullptr) {
    column.default_sql = to_sql(*declaration.default_value);
    Result<BoundExpressionPtr> value = bind_default(column);
    if (!value.ok()) {
      // Its offset is one in the default's own text.
      return invalid_argument("%s", value.status().message().c_str())
          .at(declaration.default_value->offset);
    }
  }
  return column;
}

Status Binder::bind_create_table(const ast::CreateTable& create, BoundStatement& out) {
  out.kind = create.query == nullptr ? StatementKind::kCreateTable : StatementKind::kCreateTableAs;
  out.writes = true;
  out.name = create.table;
  MOTE_TRY(refuse_unsupported(create));
  if (catalog_.find(create.table) != nullptr) {
    if (!create.if_not_exists) {
      return invalid_argument("table '%s' is there already", create.table.c_str())
          .at(create.table_offset);
    }
    out.kind = StatementKind::kCreateTable;
    out.exists = true;
    return {};
  }
  auto table = std::make_shared<TableDefinition>();
  table->name = create.table;
  if (create.query != nullptr) {
    MOTE_ASSIGN(BoundQueryPtr query, bind_query(*create.query, nullptr));
    MOTE_ASSIGN(out.query, bind_create_columns(create, std::move(query), &table->schema));
  } else {
    for (const ast::ColumnDeclaration& declaration : create.columns) {
      MOTE_ASSIGN(ColumnDefinition column, bind_declaration(declaration));
      table->schema.columns.push_back(std::move(column));
    }
  }
  std::vector<std::string> key = create.primary_key;
  for (const ast::ColumnDeclaration& declaration : create.columns) {
    if (!declaration.primary_key) continue;
    if (!key.empty()) {
      return invalid_argument("table '%s' has two primary keys", create.table.c_str())
          .at(declaration.offset);
    }
    key.push_back(declaration.name);
  }
  MOTE_TRY(set_primary_key(key, create.primary_key_offset, &table->schema));
  Status valid = catalog_.with_table(table).status();
  if (!valid.ok()) return std::move(valid).at(create.table_offset);
  out.create = std::move(table);
  return {};
}

// CREATE TABLE .. AS: names and types that are declared stand, the others are the query's.
Result<BoundQueryPtr> Binder::bind_create_columns(const ast::CreateTable& create,
                                                  BoundQueryPtr query, Schema* schema) {
  if (!create.columns.empty() && create.columns.size() != query->visible_count) {
    return invalid_argument("table '%s': %zu columns are declared, the query gives %u",
                            create.table.c_str(), create.columns.size(), query->visible_count)
        .at(create.table_offset);
  }
  std::vector<Type> types;
  for (uint32_t i = 0; i < query->visible_count; ++i) {
    ColumnDefinition column;
    column.name = query->outputs[i].column.name;
    column.type = query->outputs[i].column.type;
    if (!create.columns.empty()) {
      const ast::ColumnDeclaration& declared = create.columns[i];
      column.name = declared.name;
      if (!declared.type.is(TypeKind::kNull)) {
        MOTE_ASSIGN(column, bind_declaration(declared));
      }
      column.not_null = declared.not_null;
    }
    if (column.type.is(TypeKind::kNull)) {
      return invalid_argument("column '%s' has no type; say CAST(.. AS ..)", column.name.c_str())
          .at(create.query->offset);
    }
    types.push_back(column.type);
    schema->columns.push_back(std::move(column));
  }
  return convert_outputs(std::move(query), types);
}

Status Binder::bind_copy(const ast::Copy& copy, BoundStatement& out) {
  if (copy.from) return bind_copy_from(copy, out);
  out.kind = StatementKind::kCopyTo;
  out.name = copy.file;
  for (const ast::Argument& option : copy.options) {
    MOTE_ASSIGN(Value value, copy_option(option));
    out.copy_options.emplace_back(fold_name(option.name), std::move(value));
  }
  if (copy.query != nullptr) {
    MOTE_ASSIGN(out.query, bind_query(*copy.query, nullptr));
    return {};
  }
  MOTE_ASSIGN(const TableDefinition* table, find_table(copy.table, copy.table_offset));
  MOTE_ASSIGN(const std::vector<uint32_t> columns,
              target_columns(*table, copy.columns, copy.table_offset));
  auto query = std::make_unique<BoundQuery>();
  query->source = table_source(*table);
  for (const uint32_t c : columns) {
    const BoundColumn& column = query->source->columns[c];
    query->outputs.push_back({{add_slot(), column.type, column.name},
                              make_column(column.slot, column.type, column.name)});
  }
  query->visible_count = static_cast<uint32_t>(query->outputs.size());
  out.query = std::move(query);
  return {};
}

Result<Value> Binder::copy_option(const ast::Argument& option) {
  if (option.value->kind == ast::ExpressionKind::kColumn) return Value::text(option.value->name);
  Scope no_columns;
  ExpressionContext context;
  context.scope = &no_columns;
  context.clause = "COPY";
  MOTE_ASSIGN(BoundExpressionPtr value, bind_expression(*option.value, context));
  return evaluate_constant(*value, 0);
}

namespace {

// The columns' types as read_csv takes them.
std::string type_list(const Schema& schema, std::span<const uint32_t> positions) {
  std::string list;
  for (const uint32_t position : positions) {
    list += (list.empty() ? "" : ", ") + schema.columns[position].type.name();
  }
  return list;
}

}  // namespace

// COPY t FROM 'file' is INSERT INTO t SELECT * FROM read_csv('file', ..). The columns of JSON lines
// are taken by name, others by place.
Status Binder::bind_copy_from(const ast::Copy& copy, BoundStatement& out) {
  MOTE_ASSIGN(const TableDefinition* table, find_table(copy.table, copy.table_offset));
  out.kind = StatementKind::kInsert;
  out.writes = true;
  out.table = table->id;
  auto source = std::make_unique<BoundSource>();
  source->kind = SourceKind::kFunction;
  std::string format;
  std::vector<std::pair<std::string, Value>> options;
  source->arguments.push_back(make_constant(Value::text(copy.file), copy.file_offset));
  for (const ast::Argument& option : copy.options) {
    MOTE_ASSIGN(Value value, copy_option(option));
    if (same_name(option.name, "format")) {
      format = value.to_text();
      continue;
    }
    source->option_names.push_back(fold_name(option.name));
    source->arguments.push_back(make_constant(value, option.offset));
    options.emplace_back(fold_name(option.name), std::move(value));
  }
  MOTE_ASSIGN(source->name, reader_for(copy, format));
  const bool typed = std::find(source->option_names.begin(), source->option_names.end(), "types") !=
                     source->option_names.end();
  if (source->name == "read_csv" && !typed) {
    // The table tells the types, so the file's are not guessed: '007' stays a TEXT, and what does
    // not fit is told with its line.
    MOTE_ASSIGN(const std::vector<uint32_t> positions,
                target_columns(*table, copy.columns, copy.table_offset));
    const Value types = Value::text(type_list(table->schema, positions));
    source->option_names.emplace_back("types");
    source->arguments.push_back(make_constant(types, copy.file_offset));
    options.emplace_back("types", types);
  }
  const Value file = Value::text(copy.file);
  Result<std::vector<TableFunctions::Column>> columns =
      functions_.describe(source->name, {&file, 1}, options);
  if (!columns.ok()) return std::move(columns).status().at(copy.file_offset);
  auto query = std::make_unique<BoundQuery>();
  std::vector<std::string> names = copy.columns;
  const bool by_name = source->name == "read_json" && names.empty();
  for (TableFunctions::Column& column : *columns) {
    if (by_name) names.push_back(column.name);
    const BoundColumn bound{add_slot(), column.type, std::move(column.name)};
    source->columns.push_back(bound);
    query->outputs.push_back(
        {{add_slot(), bound.type, bound.name}, make_column(bound.slot, bound.type, bound.name)});
  }
  query->visible_count = static_cast<uint32_t>(query->outputs.size());
  query->source = std::move(source);
  MOTE_ASSIGN(const std::vector<uint32_t> targets,
              target_columns(*table, names, copy.table_offset));
  MOTE_ASSIGN(out.query, insert_from_query(std::move(query), *table, targets, copy.file_offset));
  return bind_returning({}, *table, out);
}

Result<BoundStatement> bind_statement(const ast::Statement& statement, const Catalog& catalog,
                                      TableFunctions& functions,
                                      std::span<const Type> parameter_types) {
  Binder binder(catalog, functions, parameter_types);
  Result<BoundStatement> bound = binder.bind(statement);
  if (!bound.ok() || !binder.wants_second_pass()) return bound;
  // A parameter's type became known after a use of it: bind again, knowing it from the start.
  std::vector<Type> types;
  for (const BoundParameter& parameter : bound->parameters) types.push_back(parameter.type);
  Binder again(catalog, functions, types);
  Result<BoundStatement> second = again.bind(statement);
  if (!second.ok()) return second;
  for (size_t i = 0; i < types.size(); ++i) {
    second->parameters[i].given = bound->parameters[i].given;
  }
  return second;
}

}  // namespace mote
