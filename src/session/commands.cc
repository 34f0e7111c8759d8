#include <array>

#include "session/statement_state.h"
#include "types/text_format.h"

namespace mote {

namespace {

Status append_row(RowStore& results, std::span<const BoundColumn> columns,
                  std::span<const Value> values) {
  Chunk row;
  std::vector<Type> types;
  for (const BoundColumn& column : columns) types.push_back(column.type);
  row.reset(types);
  for (uint32_t c = 0; c < values.size(); ++c) row.column(c).set_value(0, values[c]);
  row.set_row_count(1);
  return results.append(row);
}

// Gives `body` the connection's transaction, or one of its own that is then committed.
template <typename Body>
Status in_transaction(ConnectionState& connection, Body body) {
  if (connection.transaction != nullptr) {
    ++connection.transaction_changes;
    return body(*connection.transaction);
  }
  MOTE_ASSIGN(const std::unique_ptr<Transaction> own, connection.database->begin());
  MOTE_TRY(body(*own));
  return own->commit(connection.options.sync).status();
}

}  // namespace

std::vector<BoundColumn> Command::columns(StatementKind kind) {
  switch (kind) {
    case StatementKind::kCheck: return {{0, Type::text(), "problem"}};
    case StatementKind::kShowTables:
      return {{0, Type::text(), "name"}, {0, Type::integer(), "row_count"}};
    case StatementKind::kDescribe:
      return {{0, Type::text(), "column"},
              {0, Type::text(), "type"},
              {0, Type::boolean(), "not_null"},
              {0, Type::integer(), "key"},
              {0, Type::text(), "default"}};
    default: return {};
  }
}

Status Command::run(StatementState& statement) {
  Database& database = *statement.connection->database;
  switch (statement.bound_.kind) {
    case StatementKind::kCreateTable:
    case StatementKind::kDropTable: return run_ddl(statement);
    case StatementKind::kBegin:
    case StatementKind::kCommit:
    case StatementKind::kRollback:
    case StatementKind::kSavepoint:
    case StatementKind::kRollbackTo:
    case StatementKind::kRelease: return run_transaction(statement);
    case StatementKind::kCheckpoint: return database.checkpoint();
    case StatementKind::kVacuum: return database.vacuum();
    case StatementKind::kCheck: return check(statement);
    case StatementKind::kShowTables: return show_tables(statement);
    case StatementKind::kDescribe: return describe(statement);
    case StatementKind::kSet: return set(statement);
    case StatementKind::kQuery:
    case StatementKind::kInsert:
    case StatementKind::kUpdate:
    case StatementKind::kDelete:
    case StatementKind::kCreateTableAs:
    case StatementKind::kCopyTo: break;
  }
  return invalid_argument("a statement of kind %d is no command",
                          static_cast<int>(statement.bound_.kind));
}

Status Command::run_ddl(StatementState& statement) {
  return in_transaction(*statement.connection, [&](Transaction& in) -> Status {
    // Names are looked up in the catalog of now.
    MOTE_TRY(statement.bind_tree(in));
    const BoundStatement& bound = statement.bound_;
    if (bound.kind == StatementKind::kDropTable) {
      return bound.table == 0 ? Status() : in.drop_table(bound.table);
    }
    if (bound.exists) return {};
    return in.create_table(bound.create->name, bound.create->schema).status();
  });
}

Status Command::run_transaction(StatementState& statement) {
  ConnectionState& connection = *statement.connection;
  const BoundStatement& bound = statement.bound_;
  if (bound.kind == StatementKind::kBegin) {
    if (connection.transaction != nullptr) {
      return invalid_argument("BEGIN inside a transaction; COMMIT or ROLLBACK first");
    }
    MOTE_ASSIGN(connection.transaction, connection.database->begin());
    return {};
  }
  if (connection.transaction == nullptr) {
    return invalid_argument("there is no transaction; BEGIN starts one");
  }
  ++connection.transaction_changes;
  Transaction& in = *connection.transaction;
  switch (bound.kind) {
    case StatementKind::kSavepoint: return in.savepoint(bound.name);
    case StatementKind::kRollbackTo: return in.rollback_to(bound.name);
    case StatementKind::kRelease: return in.release(bound.name);
    default: break;
  }
  // Either way the transaction is over.
  const std::shared_ptr<Transaction> ended = std::move(connection.transaction);
  connection.transaction = nullptr;
  if (bound.kind == StatementKind::kCommit) return ended->commit(connection.options.sync).status();
  ended->rollback();
  return {};
}

Status Command::check(StatementState& statement) {
  std::vector<std::string> problems;
  MOTE_TRY(statement.connection->database->check(&problems));
  statement.begin_results();
  for (std::string& problem : problems) {
    const Value value = Value::text(std::move(problem));
    MOTE_TRY(append_row(*statement.results_, statement.columns, std::span(&value, 1)));
  }
  return {};
}

Status Command::show_tables(StatementState& statement) {
  ConnectionState& connection = *statement.connection;
  statement.begin_results();
  std::shared_ptr<Transaction> seen = connection.transaction;
  if (seen == nullptr) {
    MOTE_ASSIGN(seen, connection.database->begin());
  }
  for (const TableDefinition* const table : seen->catalog().tables()) {
    MOTE_ASSIGN(const TableView view, seen->table(table->id));
    const std::array<Value, 2> row = {
        Value::text(table->name), Value::integer(static_cast<int64_t>(view.visible_row_count()))};
    MOTE_TRY(append_row(*statement.results_, statement.columns, row));
  }
  return {};
}

Status Command::describe(StatementState& statement) {
  ConnectionState& connection = *statement.connection;
  statement.begin_results();
  std::shared_ptr<Transaction> seen = connection.transaction;
  if (seen == nullptr) {
    MOTE_ASSIGN(seen, connection.database->begin());
  }
  const std::string& name = statement.bound_.name;
  const TableDefinition* const table = seen->catalog().find(name);
  if (table == nullptr) return seen->catalog().no_such_table(name);
  for (uint32_t c = 0; c < table->schema.columns.size(); ++c) {
    const ColumnDefinition& column = table->schema.columns[c];
    Value key = Value::null(Type::integer());
    for (size_t k = 0; k < table->schema.primary_key.size(); ++k) {
      if (table->schema.primary_key[k] == c) key = Value::integer(static_cast<int64_t>(k + 1));
    }
    const std::array<Value, 5> row = {
        Value::text(column.name), Value::text(column.type.name()),
        Value::boolean(column.not_null), key,
        column.default_sql.empty() ? Value::null(Type::text()) : Value::text(column.default_sql)};
    MOTE_TRY(append_row(*statement.results_, statement.columns, row));
  }
  return {};
}

Status Command::set(StatementState& statement) {
  ConnectionState& connection = *statement.connection;
  const std::string& name = statement.bound_.name;
  const Value& value = statement.bound_.value;
  if (same_name(name, "timeout_ms")) {
    if (!value.type().is(TypeKind::kInteger) || value.is_null() || value.integer() < 0 ||
        value.integer() > INT64_MAX / 1'000'000) {
      return invalid_argument("timeout_ms is '%s'; it must be a number of milliseconds, 0 for none",
                              value.to_text().c_str());
    }
    connection.timeout_ns = value.integer() * 1'000'000;
    return {};
  }
  if (same_name(name, "sync")) {
    const std::string mode = value.to_text();
    if (same_name(mode, "sync")) {
      connection.options.sync = SyncMode::kSync;
    } else if (same_name(mode, "group")) {
      connection.options.sync = SyncMode::kGroup;
    } else if (same_name(mode, "async")) {
      connection.options.sync = SyncMode::kAsync;
    } else {
      return invalid_argument("sync is '%s'; it must be sync, group or async", mode.c_str());
    }
    return {};
  }
  return not_found("no setting '%s'; there are timeout_ms and sync", name.c_str());
}

}  // namespace mote
