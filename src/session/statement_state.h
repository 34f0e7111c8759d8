// What a Connection and a Statement hold.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/memory_budget.h"
#include "engine/database.h"
#include "reader/row_source.h"
#include "session/connection.h"
#include "sql/bind/bound_statement.h"
#include "sql/exec/operator.h"
#include "sql/exec/row_store.h"
#include "sql/parse/ast.h"
#include "sql/plan/plan.h"

namespace mote {

struct ConnectionState {
  ConnectionState(Database& the_database, const ConnectionOptions& the_options,
                  FileAccess the_files);

  Database* database;
  ConnectionOptions options;
  FileAccess files;
  int64_t timeout_ns = 0;
  std::atomic<bool> interrupted{false};
  bool closed = false;

  // The transaction that BEGIN opened. Shared with statements that read in it.
  std::shared_ptr<Transaction> transaction;
  // Moves on with every change in the transaction and with its end, since what a statement reads
  // is valid until then.
  uint64_t transaction_changes = 0;
};

struct StatementState {
  StatementState(std::shared_ptr<ConnectionState> the_connection, std::string_view the_sql,
                 ast::StatementPtr the_tree);
  ~StatementState();

  // Binds and plans against the catalog that the transaction sees.
  Status plan_in(Transaction& seen);
  bool plan_is_current(const Transaction& seen) const;
  Result<const Chunk*> next();
  void end();

  std::shared_ptr<ConnectionState> connection;
  std::string sql;
  ast::StatementPtr tree;  // null: empty
  std::vector<Value> bindings;
  uint64_t rows_affected = 0;
  std::vector<BoundColumn> columns;

 private:
  friend class Command;
  Status start();
  Status run(Transaction& in);
  Status run_in_transaction(bool writes);
  Status bind_tree(Transaction& seen);
  // Gives the bound values the types that the plan wants, planning anew where it takes others.
  Status set_parameters(Transaction& seen);
  bool set_parameter(size_t position);
  Status open_plan(Transaction& in);
  Status keep_rows(bool give);
  Status keep_lines(std::string_view text);
  void begin_results();

  MemoryBudget budget_;
  BoundStatement bound_;
  bool is_bound_ = false;
  std::vector<Type> given_types_;  // of parameters; kNull where the statement tells the type
  std::vector<Value> parameters_;  // bindings in the types of the plan
  // The tables that the plan was made for: it is current while the catalog has the same ones.
  std::vector<std::shared_ptr<const TableDefinition>> tables_;
  PlanPtr plan_;
  // What a reading execution that goes on reads in: a transaction of its own, or the connection's.
  std::unique_ptr<Transaction> own_transaction_;
  std::shared_ptr<Transaction> shared_transaction_;
  uint64_t transaction_changes_ = 0;  // when it began
  QueryContext context_;
  std::unique_ptr<Operator> root_;
  bool is_complete_ = false;  // everything was computed; what is left are the rows in results_
  std::shared_ptr<RowStore> results_;  // null for a statement without columns
  uint32_t results_given_ = 0;
  Chunk chunk_;
  bool running_ = false;
};

// Statements that are no plans: transactions, DDL, maintenance, questions about the catalog.
class Command {
 public:
  // Runs the statement's command; rows go to its results.
  static Status run(StatementState& statement);
  // The columns of the command's rows.
  static std::vector<BoundColumn> columns(StatementKind kind);

 private:
  static Status run_ddl(StatementState& statement);
  static Status run_transaction(StatementState& statement);
  static Status check(StatementState& statement);
  static Status show_tables(StatementState& statement);
  static Status describe(StatementState& statement);
  static Status set(StatementState& statement);
};

}  // namespace mote
