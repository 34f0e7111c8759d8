// Statements other than queries as SQL text.

#include <utility>

#include "sql/parse/printer.h"

namespace mote {

using ast::ExpressionPtr;

void Printer::where(const ExpressionPtr& condition) {
  if (condition == nullptr) return;
  text(" WHERE ");
  expression(*condition);
}

void Printer::returning(const std::vector<ast::SelectItem>& list) {
  if (list.empty()) return;
  text(" RETURNING ");
  items(list);
}

void Printer::assignments(const std::vector<ast::Assignment>& list) {
  text(" SET ");
  for (size_t i = 0; i < list.size(); ++i) {
    if (i > 0) text(", ");
    name(list[i].column);
    text(" = ");
    expression(*list[i].value);
  }
}

void Printer::insert(const ast::Insert& insert) {
  const bool has_conflict_clause = insert.on_conflict == ast::ConflictAction::kUpdate ||
                                   insert.on_conflict == ast::ConflictAction::kNothing;
  text(insert.on_conflict == ast::ConflictAction::kReplace ? "INSERT OR REPLACE INTO "
                                                           : "INSERT INTO ");
  name(insert.table);
  if (!insert.columns.empty()) {
    text(" ");
    names(insert.columns);
  }
  text(" ");
  insert.source == nullptr ? text("DEFAULT VALUES") : query(*insert.source);
  if (has_conflict_clause) {
    text(" ON CONFLICT ");
    if (!insert.conflict_columns.empty()) {
      names(insert.conflict_columns);
      text(" ");
    }
    if (insert.on_conflict == ast::ConflictAction::kNothing) {
      text("DO NOTHING");
    } else {
      text("DO UPDATE");
      assignments(insert.assignments);
      where(insert.where);
    }
  }
  returning(insert.returning);
}

void Printer::update(const ast::Update& update) {
  text("UPDATE ");
  name(update.table);
  if (!update.alias.empty()) {
    text(" AS ");
    name(update.alias);
  }
  assignments(update.assignments);
  if (update.from != nullptr) {
    text(" FROM ");
    from(*update.from);
  }
  where(update.where);
  returning(update.returning);
}

void Printer::erase(const ast::Delete& erase) {
  text("DELETE FROM ");
  name(erase.table);
  if (!erase.alias.empty()) {
    text(" AS ");
    name(erase.alias);
  }
  where(erase.where);
  returning(erase.returning);
}

void Printer::create_table(const ast::CreateTable& table) {
  text(table.if_not_exists ? "CREATE TABLE IF NOT EXISTS " : "CREATE TABLE ");
  name(table.table);
  const char* separator = " (";
  for (const ast::ColumnDeclaration& column : table.columns) {
    text(std::exchange(separator, ", "));
    name(column.name);
    text(" ");
    text(column.type.name());
    if (column.not_null) text(" NOT NULL");
    if (column.primary_key) text(" PRIMARY KEY");
    if (column.unique) text(" UNIQUE");
    if (column.default_value == nullptr) continue;
    text(" DEFAULT ");
    expression(*column.default_value);
  }
  if (!table.primary_key.empty()) {
    text(std::exchange(separator, ", "));
    text("PRIMARY KEY ");
    names(table.primary_key);
  }
  if (!table.time_key.empty()) {
    text(std::exchange(separator, ", "));
    text("TIME KEY ");
    names(table.time_key);
  }
  for (const std::vector<std::string>& key : table.unique_keys) {
    text(std::exchange(separator, ", "));
    text("UNIQUE ");
    names(key);
  }
  if (separator[0] == ',') text(")");
  options(table.options);
  if (table.query == nullptr) return;
  text(" AS ");
  query(*table.query);
}

void Printer::create_index(const ast::CreateIndex& index) {
  text(index.unique ? "CREATE UNIQUE INDEX " : "CREATE INDEX ");
  if (index.if_not_exists) text("IF NOT EXISTS ");
  name(index.index);
  text(" ON ");
  name(index.table);
  if (!index.method.empty()) {
    text(" USING ");
    name(index.method);
  }
  text(" (");
  order_items(index.keys);
  text(")");
  options(index.options);
  where(index.where);
}

void Printer::create_view(const ast::CreateView& view) {
  text(view.if_not_exists ? "CREATE VIEW IF NOT EXISTS " : "CREATE VIEW ");
  name(view.view);
  if (!view.columns.empty()) names(view.columns);
  text(" AS ");
  query(*view.query);
}

void Printer::copy(const ast::Copy& copy) {
  text("COPY ");
  if (copy.query != nullptr) {
    text("(");
    query(*copy.query);
    text(")");
  } else {
    name(copy.table);
    if (!copy.columns.empty()) {
      text(" ");
      names(copy.columns);
    }
  }
  text(copy.from ? " FROM " : " TO ");
  append_quoted_text(copy.file, &out_);
  options(copy.options);
}

void Printer::set(const ast::Statement& statement) {
  named(statement.value == nullptr ? "PRAGMA " : "SET ", statement);
  if (statement.value == nullptr) return;
  text(" = ");
  value(*statement.value);
}

void Printer::named(const char* words, const ast::Statement& statement) {
  text(words);
  if (statement.if_exists) text("IF EXISTS ");
  name(statement.name);
}

void Printer::statement(const ast::Statement& statement) {
  if (statement.explain == ast::ExplainMode::kPlan) text("EXPLAIN ");
  if (statement.explain == ast::ExplainMode::kAnalyze) text("EXPLAIN ANALYZE ");
  switch (statement.kind) {
    case ast::StatementKind::kSelect: query(*statement.select); break;
    case ast::StatementKind::kInsert: insert(*statement.insert); break;
    case ast::StatementKind::kUpdate: update(*statement.update); break;
    case ast::StatementKind::kDelete: erase(*statement.erase); break;
    case ast::StatementKind::kCreateTable: create_table(*statement.create_table); break;
    case ast::StatementKind::kCreateIndex: create_index(*statement.create_index); break;
    case ast::StatementKind::kCreateView: create_view(*statement.create_view); break;
    case ast::StatementKind::kDropTable: named("DROP TABLE ", statement); break;
    case ast::StatementKind::kDropIndex: named("DROP INDEX ", statement); break;
    case ast::StatementKind::kDropView: named("DROP VIEW ", statement); break;
    case ast::StatementKind::kBegin: text("BEGIN"); break;
    case ast::StatementKind::kCommit: text("COMMIT"); break;
    case ast::StatementKind::kRollback: text("ROLLBACK"); break;
    case ast::StatementKind::kSavepoint: named("SAVEPOINT ", statement); break;
    case ast::StatementKind::kRollbackTo: named("ROLLBACK TO ", statement); break;
    case ast::StatementKind::kRelease: named("RELEASE ", statement); break;
    case ast::StatementKind::kCheckpoint: text("CHECKPOINT"); break;
    case ast::StatementKind::kVacuum: text("VACUUM"); break;
    case ast::StatementKind::kCheck: text("CHECK"); break;
    case ast::StatementKind::kCopy: copy(*statement.copy); break;
    case ast::StatementKind::kShowTables: text("SHOW TABLES"); break;
    case ast::StatementKind::kDescribe: named("DESCRIBE ", statement); break;
    case ast::StatementKind::kSet: set(statement); break;
  }
}

std::string to_sql(const ast::Statement& statement) {
  std::string out;
  Printer(&out).statement(statement);
  return out;
}

}  // namespace mote
