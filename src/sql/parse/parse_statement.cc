// Statements other than queries.

#include <utility>

#include "sql/parse/parse_state.h"
#include "types/schema.h"

namespace mote {

using ast::ConflictAction;
using ast::StatementKind;

ast::StatementPtr Parser::statement() {
  auto out = std::make_unique<ast::Statement>();
  out->offset = offset();
  const uint32_t explain_offset = offset();
  if (accept(Keyword::kExplain)) {
    out->explain = ast::ExplainMode::kPlan;
    if (accept(Keyword::kAnalyze)) out->explain = ast::ExplainMode::kAnalyze;
    if (at_word("QUERY")) {
      advance();
      if (!at_word("PLAN")) {
        fail_expected("PLAN");
        return nullptr;
      }
      advance();
    }
  }
  if (!statement_body(out.get()) || !at_end_or_fail()) return nullptr;
  if (out->explain != ast::ExplainMode::kNone && out->kind > StatementKind::kCreateTable) {
    fail(invalid_argument("EXPLAIN is for SELECT, INSERT, UPDATE, DELETE and CREATE TABLE .. AS"),
         explain_offset);
    return nullptr;
  }
  out->parameter_names = std::move(parameter_names_);
  return out;
}

bool Parser::statement_body(ast::Statement* out) {
  if (starts_query(0) || at(Symbol::kOpen)) return query_statement(out);
  switch (peek().keyword) {
    case Keyword::kInsert:
    case Keyword::kReplace: return insert(out);
    case Keyword::kUpdate: return update(out);
    case Keyword::kDelete: return erase(out);
    case Keyword::kCreate: return create(out);
    case Keyword::kDrop: return drop(out);
    case Keyword::kBegin:
    case Keyword::kStart:
    case Keyword::kCommit:
    case Keyword::kEnd:
    case Keyword::kRollback: return transaction(out);
    case Keyword::kSavepoint: advance(); return named(StatementKind::kSavepoint, out);
    case Keyword::kRelease:
      advance();
      if (at(Keyword::kSavepoint) && is_name(peek(1))) advance();
      return named(StatementKind::kRelease, out);
    case Keyword::kCopy: return copy(out);
    case Keyword::kSet: return set(out);
    case Keyword::kPragma: return pragma(out);
    case Keyword::kDesc:
    case Keyword::kDescribe: advance(); return named(StatementKind::kDescribe, out);
    case Keyword::kShow:
      advance();
      if (!at(Keyword::kTables)) return named(StatementKind::kSet, out);
      out->kind = StatementKind::kShowTables;
      break;
    case Keyword::kCheckpoint: out->kind = StatementKind::kCheckpoint; break;
    case Keyword::kVacuum: out->kind = StatementKind::kVacuum; break;
    case Keyword::kCheck: out->kind = StatementKind::kCheck; break;
    default: return fail_expected("a statement");
  }
  advance();
  return true;
}

bool Parser::query_statement(ast::Statement* out) {
  out->kind = StatementKind::kSelect;
  out->select = query();
  return out->select != nullptr;
}

bool Parser::named(StatementKind kind, ast::Statement* out) {
  out->kind = kind;
  out->name_offset = offset();
  return name("a name", &out->name);
}

// INSERT [OR REPLACE | IGNORE] INTO table [(columns)] source [ON CONFLICT ..] [RETURNING ..]
bool Parser::insert(ast::Statement* out) {
  out->kind = StatementKind::kInsert;
  out->insert = std::make_unique<ast::Insert>();
  ast::Insert& insert = *out->insert;
  if (accept(Keyword::kReplace)) {
    insert.on_conflict = ConflictAction::kReplace;
  } else {
    advance();
    if (accept(Keyword::kOr)) {
      insert.on_conflict =
          at(Keyword::kReplace) ? ConflictAction::kReplace : ConflictAction::kNothing;
      if (!accept(Keyword::kReplace) && !accept(Keyword::kIgnore)) {
        return fail_expected("REPLACE or IGNORE");
      }
    }
  }
  if (!expect(Keyword::kInto)) return false;
  insert.table_offset = offset();
  if (!name("a table's name", &insert.table)) return false;
  if (at(Symbol::kOpen) && !starts_query(1) && !name_list(&insert.columns)) return false;
  if (accept(Keyword::kDefault)) {
    if (!expect(Keyword::kValues)) return false;
  } else {
    if (!starts_query(0) && !at(Symbol::kOpen)) return fail_expected("VALUES or SELECT");
    insert.source = query();
    if (insert.source == nullptr) return false;
  }
  if (at(Keyword::kOn) && !insert_conflict(&insert)) return false;
  return returning(&insert.returning);
}

// ON CONFLICT [(columns)] DO NOTHING | DO UPDATE SET .. [WHERE ..]
bool Parser::insert_conflict(ast::Insert* insert) {
  const uint32_t begin = offset();
  advance();
  if (insert->on_conflict != ConflictAction::kNone) {
    return fail(invalid_argument("INSERT OR .. and ON CONFLICT say the same twice"), begin);
  }
  if (!expect(Keyword::kConflict)) return false;
  if (at(Symbol::kOpen) && !name_list(&insert->conflict_columns)) return false;
  if (!expect(Keyword::kDo)) return false;
  if (accept(Keyword::kNothing)) {
    insert->on_conflict = ConflictAction::kNothing;
    return true;
  }
  insert->on_conflict = ConflictAction::kUpdate;
  if (!accept(Keyword::kUpdate)) return fail_expected("NOTHING or UPDATE");
  if (!assignments(&insert->assignments)) return false;
  return !accept(Keyword::kWhere) || (insert->where = expression()) != nullptr;
}

// SET column = value, ..
bool Parser::assignments(std::vector<ast::Assignment>* out) {
  if (!expect(Keyword::kSet)) return false;
  do {
    ast::Assignment assignment;
    assignment.offset = offset();
    if (!name("a column's name", &assignment.column) || !expect(Symbol::kEqual, "'='")) {
      return false;
    }
    assignment.value = expression();
    if (assignment.value == nullptr) return false;
    out->push_back(std::move(assignment));
  } while (accept(Symbol::kComma));
  return true;
}

bool Parser::returning(std::vector<ast::SelectItem>* out) {
  return !accept(Keyword::kReturning) || select_items(out);
}

bool Parser::update(ast::Statement* out) {
  out->kind = StatementKind::kUpdate;
  out->update = std::make_unique<ast::Update>();
  ast::Update& update = *out->update;
  advance();
  update.table_offset = offset();
  if (!name("a table's name", &update.table)) return false;
  if (accept(Keyword::kAs)) {
    if (!name("an alias", &update.alias)) return false;
  } else {
    implicit_alias(&update.alias);
  }
  if (!assignments(&update.assignments)) return false;
  if (accept(Keyword::kFrom) && (update.from = from_clause()) == nullptr) return false;
  if (accept(Keyword::kWhere) && (update.where = expression()) == nullptr) return false;
  return returning(&update.returning);
}

bool Parser::erase(ast::Statement* out) {
  out->kind = StatementKind::kDelete;
  out->erase = std::make_unique<ast::Delete>();
  ast::Delete& erase = *out->erase;
  advance();
  if (!expect(Keyword::kFrom)) return false;
  erase.table_offset = offset();
  if (!name("a table's name", &erase.table)) return false;
  if (accept(Keyword::kAs)) {
    if (!name("an alias", &erase.alias)) return false;
  } else {
    implicit_alias(&erase.alias);
  }
  if (accept(Keyword::kWhere) && (erase.where = expression()) == nullptr) return false;
  return returning(&erase.returning);
}

// CREATE and DROP.

bool Parser::create(ast::Statement* out) {
  advance();
  if (at(Keyword::kTable)) return create_table(out);
  const bool unique = accept(Keyword::kUnique);
  if (at(Keyword::kIndex)) return create_index(out, unique);
  if (unique) return fail_expected("INDEX");
  return at(Keyword::kView) ? create_view(out) : fail_expected("TABLE, INDEX or VIEW");
}

// CREATE VIEW [IF NOT EXISTS] name [(columns)] AS query
bool Parser::create_view(ast::Statement* out) {
  out->kind = StatementKind::kCreateView;
  out->create_view = std::make_unique<ast::CreateView>();
  ast::CreateView& view = *out->create_view;
  advance();
  if (!if_not_exists(&view.if_not_exists)) return false;
  view.view_offset = offset();
  if (!name("a view's name", &view.view)) return false;
  if (at(Symbol::kOpen) && !name_list(&view.columns)) return false;
  if (!expect(Keyword::kAs)) return false;
  if (!starts_query(0) && !at(Symbol::kOpen)) return fail_expected("SELECT");
  view.query = query();
  return view.query != nullptr;
}

bool Parser::if_not_exists(bool* out) {
  if (!at(Keyword::kIf) || !at(Keyword::kNot, 1)) return true;
  advance();
  advance();
  *out = true;
  return expect(Keyword::kExists);
}

bool Parser::create_table(ast::Statement* out) {
  out->kind = StatementKind::kCreateTable;
  out->create_table = std::make_unique<ast::CreateTable>();
  ast::CreateTable& table = *out->create_table;
  advance();
  if (!if_not_exists(&table.if_not_exists)) return false;
  table.table_offset = offset();
  if (!name("a table's name", &table.table)) return false;
  if (accept(Symbol::kOpen)) {
    do {
      if (!table_element(&table)) return false;
    } while (accept(Symbol::kComma));
    if (!expect(Symbol::kClose, "',' or ')'")) return false;
  } else if (!at(Keyword::kAs) && !at(Keyword::kWith)) {
    return fail_expected("'(' or AS");
  }
  if (accept(Keyword::kWith) && !option_list(&table.options)) return false;
  if (!table.columns.empty()) return true;
  if (!expect(Keyword::kAs)) return false;
  if (!starts_query(0) && !at(Symbol::kOpen)) return fail_expected("SELECT");
  table.query = query();
  return table.query != nullptr;
}

bool Parser::table_element(ast::CreateTable* table) {
  const uint32_t begin = offset();
  const bool is_named = at(Keyword::kConstraint) && is_name(peek(1)) &&
                        (at(Keyword::kPrimary, 2) || at(Keyword::kUnique, 2));
  if (is_named) {
    advance();
    advance();
  }
  if (at(Keyword::kPrimary)) {
    advance();
    if (!expect(Keyword::kKey)) return false;
    if (!table->primary_key.empty()) {
      return fail(invalid_argument("table '%s' has two PRIMARY KEYs", table->table.c_str()), begin);
    }
    table->primary_key_offset = begin;
    return name_list(&table->primary_key);
  }
  if (at(Keyword::kTime) && at(Keyword::kKey, 1) && at(Symbol::kOpen, 2)) {
    advance();
    advance();
    return name_list(&table->time_key);
  }
  if (at(Keyword::kUnique)) {
    advance();
    table->unique_keys.emplace_back();
    return name_list(&table->unique_keys.back());
  }
  return column_declaration(table);
}

bool Parser::column_declaration(ast::CreateTable* table) {
  ast::ColumnDeclaration column;
  column.offset = offset();
  if (!name("a column's name", &column.name) || !type(&column.type)) return false;
  bool found = true;
  while (found) {
    if (!column_constraint(&column, &found)) return false;
  }
  table->columns.push_back(std::move(column));
  return true;
}

bool Parser::column_constraint(ast::ColumnDeclaration* column, bool* found) {
  if (accept(Keyword::kNot)) {
    column->not_null = true;
    return expect(Keyword::kNull);
  }
  if (accept(Keyword::kNull)) return true;
  if (accept(Keyword::kPrimary)) {
    column->primary_key = true;
    return expect(Keyword::kKey);
  }
  if (accept(Keyword::kUnique)) {
    column->unique = true;
    return true;
  }
  if (accept(Keyword::kDefault)) {
    in_default_ = true;
    column->default_value = expression();
    in_default_ = false;
    return column->default_value != nullptr;
  }
  *found = false;
  if (at(Symbol::kComma) || at(Symbol::kClose)) return true;
  return fail_expected("NOT NULL, PRIMARY KEY, UNIQUE, DEFAULT, ',' or ')'");
}

// CREATE [UNIQUE] INDEX [IF NOT EXISTS] name ON table [USING method] (keys) [WITH ..] [WHERE ..]
bool Parser::create_index(ast::Statement* out, bool unique) {
  out->kind = StatementKind::kCreateIndex;
  out->create_index = std::make_unique<ast::CreateIndex>();
  ast::CreateIndex& index = *out->create_index;
  index.unique = unique;
  advance();
  if (!if_not_exists(&index.if_not_exists)) return false;
  if (!name("an index's name", &index.index) || !expect(Keyword::kOn)) return false;
  index.table_offset = offset();
  if (!name("a table's name", &index.table)) return false;
  if (accept(Keyword::kUsing) && !name("an index method", &index.method)) return false;
  if (!expect(Symbol::kOpen, "'('")) return false;
  do {
    ast::OrderItem key;
    key.expression = expression();
    if (key.expression == nullptr) return false;
    key.descending = accept(Keyword::kDesc);
    if (!key.descending) accept(Keyword::kAsc);
    index.keys.push_back(std::move(key));
  } while (accept(Symbol::kComma));
  if (!expect(Symbol::kClose, "',' or ')'")) return false;
  if (accept(Keyword::kWith) && !option_list(&index.options)) return false;
  return !accept(Keyword::kWhere) || (index.where = expression()) != nullptr;
}

bool Parser::drop(ast::Statement* out) {
  advance();
  StatementKind kind = StatementKind::kDropTable;
  if (accept(Keyword::kIndex)) {
    kind = StatementKind::kDropIndex;
  } else if (accept(Keyword::kView)) {
    kind = StatementKind::kDropView;
  } else if (!accept(Keyword::kTable)) {
    return fail_expected("TABLE, INDEX or VIEW");
  }
  if (at(Keyword::kIf) && at(Keyword::kExists, 1)) {
    advance();
    advance();
    out->if_exists = true;
  }
  return named(kind, out);
}

// Transactions.

bool Parser::transaction(ast::Statement* out) {
  const Keyword first = peek().keyword;
  advance();
  if (first == Keyword::kBegin && (at(Keyword::kDeferred) || at(Keyword::kImmediate) ||
                                   at(Keyword::kExclusive))) {
    advance();
  }
  if (first == Keyword::kStart) {
    if (!expect(Keyword::kTransaction)) return false;
  } else if (!accept(Keyword::kTransaction)) {
    accept(Keyword::kWork);
  }
  out->kind = StatementKind::kBegin;
  if (first == Keyword::kCommit || first == Keyword::kEnd) out->kind = StatementKind::kCommit;
  if (first == Keyword::kRollback) {
    out->kind = StatementKind::kRollback;
    if (accept(Keyword::kTo)) {
      if (at(Keyword::kSavepoint) && is_name(peek(1))) advance();
      return named(StatementKind::kRollbackTo, out);
    }
  }
  return true;
}

// COPY, SET and options.

bool Parser::copy(ast::Statement* out) {
  out->kind = StatementKind::kCopy;
  out->copy = std::make_unique<ast::Copy>();
  ast::Copy& copy = *out->copy;
  advance();
  copy.table_offset = offset();
  if (accept(Symbol::kOpen)) {
    copy.query = query_in_brackets();
    if (copy.query == nullptr) return false;
  } else {
    if (!name("a table's name or (SELECT ..)", &copy.table)) return false;
    if (at(Symbol::kOpen) && !name_list(&copy.columns)) return false;
  }
  copy.from = copy.query == nullptr && at(Keyword::kFrom);
  if (!accept(Keyword::kTo)) {
    if (!copy.from) return fail_expected(copy.query == nullptr ? "FROM or TO" : "TO");
    advance();
  }
  copy.file_offset = offset();
  if (!text_literal("a file's name in single quotes", &copy.file)) return false;
  if (accept(Keyword::kWith) || at(Symbol::kOpen)) return option_list(&copy.options);
  return true;
}

// (name = value, name value, name, ..)
bool Parser::option_list(std::vector<ast::Argument>* out) {
  if (!expect(Symbol::kOpen, "'('")) return false;
  do {
    ast::Argument option;
    option.offset = offset();
    if (!name("an option's name", &option.name)) return false;
    if (!accept(Symbol::kEqual)) accept(Symbol::kNamed);
    if (!option_value(&option)) return false;
    out->push_back(std::move(option));
  } while (accept(Symbol::kComma));
  return expect(Symbol::kClose, "',' or ')'");
}

// A bare word is a text, and no value at all is TRUE.
bool Parser::option_value(ast::Argument* option) {
  const bool is_word =
      at_name() && (at(Symbol::kComma, 1) || at(Symbol::kClose, 1) ||
                    peek(1).kind == TokenKind::kEnd);
  const bool is_absent = at(Symbol::kComma) || at(Symbol::kClose);
  if (!is_word && !is_absent) {
    option->value = expression();
    return option->value != nullptr;
  }
  option->value = std::make_unique<ast::Expression>(ast::ExpressionKind::kLiteral, offset());
  option->value->type = is_word ? Type::text() : Type::boolean();
  if (is_word) {
    option->value->name = take_name();
  } else {
    option->value->integer = 1;
  }
  return true;
}

// SET name = value, SET name TO value.
bool Parser::set(ast::Statement* out) {
  advance();
  if (!named(StatementKind::kSet, out)) return false;
  if (!accept(Symbol::kEqual) && !accept(Keyword::kTo)) return fail_expected("'=' or TO");
  ast::Argument option;
  if (!option_value(&option)) return false;
  out->value = std::move(option.value);
  return true;
}

// PRAGMA name, PRAGMA name = value, PRAGMA name(value).
bool Parser::pragma(ast::Statement* out) {
  advance();
  if (!named(StatementKind::kSet, out)) return false;
  if (same_name(out->name, "integrity_check")) {
    out->kind = StatementKind::kCheck;
    out->name.clear();
    return true;
  }
  const bool has_brackets = accept(Symbol::kOpen);
  if (!has_brackets && !accept(Symbol::kEqual)) return true;
  ast::Argument option;
  if (!option_value(&option)) return false;
  out->value = std::move(option.value);
  return !has_brackets || expect(Symbol::kClose, "')'");
}

}  // namespace mote
