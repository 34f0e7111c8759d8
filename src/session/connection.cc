#include "session/connection.h"

#include "engine/blob_reader.h"
#include "engine/database.h"
#include "session/statement_state.h"
#include "sql/parse/parser.h"

namespace mote {

namespace {

uint64_t query_bytes(const Database& database, const ConnectionOptions& options) {
  return options.query_memory_bytes != 0 ? options.query_memory_bytes
                                         : database.options().memory_bytes / 2;
}

Status moved(const Status& status, size_t by) {
  if (status.offset() == Status::kNoOffset) return status;
  return Status(status.code(), status.message(), static_cast<uint32_t>(status.offset() + by));
}

}  // namespace

ConnectionState::ConnectionState(Database& the_database, const ConnectionOptions& the_options,
                                 FileAccess the_files)
    : database(&the_database), options(the_options), files(std::move(the_files)) {
  options.query_memory_bytes = query_bytes(the_database, the_options);
}

Result<std::unique_ptr<Connection>> Connection::create(Database& database,
                                                       const ConnectionOptions& options) {
  MOTE_ASSIGN(FileAccess files, FileAccess::create(database.env(), options.files_directory));
  return std::unique_ptr<Connection>(
      new Connection(std::make_shared<ConnectionState>(database, options, std::move(files))));
}

Connection::Connection(std::shared_ptr<ConnectionState> state) : state_(std::move(state)) {}

Connection::~Connection() {
  state_->closed = true;
  ++state_->transaction_changes;
  if (state_->transaction != nullptr) state_->transaction->rollback();
  state_->transaction.reset();
}

Result<Statement> Connection::prepare(std::string_view sql, size_t* consumed_bytes) {
  size_t consumed = 0;
  Result<ast::StatementPtr> tree = parse_statement(sql, &consumed);
  if (consumed_bytes != nullptr) *consumed_bytes = consumed;
  if (!tree.ok()) return std::move(tree).status();
  auto state =
      std::make_unique<StatementState>(state_, sql.substr(0, consumed), std::move(tree).value());
  if (state->tree != nullptr) {
    if (state_->transaction != nullptr) {
      MOTE_TRY(state->plan_in(*state_->transaction));
    } else {
      MOTE_ASSIGN(const std::unique_ptr<Transaction> seen, state_->database->begin());
      MOTE_TRY(state->plan_in(*seen));
    }
  }
  return Statement(std::move(state));
}

Status Connection::execute(std::string_view sql) {
  size_t at = 0;
  while (at < sql.size()) {
    size_t consumed = 0;
    Result<Statement> statement = prepare(sql.substr(at), &consumed);
    if (!statement.ok()) return moved(statement.status(), at);
    while (true) {
      const Result<const Chunk*> rows = statement->next();
      if (!rows.ok()) return moved(rows.status(), at);
      if (*rows == nullptr) break;
    }
    // Nothing was taken only when there is nothing.
    if (consumed == 0) break;
    at += consumed;
  }
  return {};
}

Result<std::unique_ptr<BlobReader>> Connection::open_blob(std::string_view table,
                                                          std::string_view column, RowId row) {
  MOTE_ASSIGN(std::unique_ptr<Transaction> transaction, state_->database->begin());
  const TableDefinition* definition = transaction->catalog().find(table);
  if (definition == nullptr) return transaction->catalog().no_such_table(table);
  const std::optional<uint32_t> position = definition->schema.find(column);
  if (!position.has_value()) {
    return not_found("table '%s' has no column '%.*s'", definition->name.c_str(),
                     static_cast<int>(column.size()), column.data());
  }
  return BlobReader::open(std::move(transaction), definition->id, *position, row);
}

void Connection::set_timeout_ns(int64_t timeout_ns) { state_->timeout_ns = timeout_ns; }
void Connection::interrupt() { state_->interrupted.store(true, std::memory_order_relaxed); }
bool Connection::in_transaction() const { return state_->transaction != nullptr; }
Database& Connection::database() { return *state_->database; }
const ConnectionOptions& Connection::options() const { return state_->options; }

TextPlace text_place(std::string_view text, size_t offset) {
  TextPlace place;
  for (size_t i = 0; i < offset && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++place.line;
      place.column = 1;
    } else if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) {
      ++place.column;
    }
  }
  return place;
}

}  // namespace mote
