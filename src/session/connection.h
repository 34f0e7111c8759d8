// SQL in, rows out: what the C ABI and the shell stand on.
//
// A Connection carries one transaction at a time and the settings of its statements. Without BEGIN
// each statement is a transaction of its own (autocommit): a reading one ends with its last row or
// reset(), a writing one is run to its end and committed, as durably as `sync` says, before its
// first row (RETURNING) is given. An error inside a transaction undoes that statement only and the
// transaction stays open; a failed COMMIT ends it.
//
// A connection and its statements are used by one thread at a time; interrupt() may come from any.
// Statements may outlive their connection, and then say kClosed; the Database must outlive both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/row_id.h"
#include "base/status.h"
#include "engine/options.h"
#include "types/chunk.h"
#include "types/type.h"
#include "types/value.h"

namespace mote {

class BlobReader;
class Database;
struct ConnectionState;
struct StatementState;

struct ConnectionOptions {
  SyncMode sync = SyncMode::kSync;  // of commits
  // The directory that file readers and COPY may reach; relative names are taken from it. Empty:
  // statements can not name files.
  std::string files_directory;
  // What one statement may hold in memory; 0: half the database's budget.
  uint64_t query_memory_bytes = 0;
};

class Statement {
 public:
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) noexcept;
  ~Statement();

  // True for text that holds no statement: blanks, comments, a lone semicolon. next() of it gives
  // no rows.
  bool is_empty() const;

  // Parameters are counted in the order of their first appearance; ?, ?3, $1, :name, @name and
  // $name as the parser has them.
  uint32_t parameter_count() const;
  // Parameter `position` (from 1) with its sign (":query"); empty for an unnamed one or no such
  // position.
  std::string_view parameter_name(uint32_t position) const;
  // With or without its sign; 0 when there is none.
  uint32_t parameter_position(std::string_view name) const;
  // position from 1. Bindings last until changed; what was never bound is NULL. Ends a running
  // execution as reset() does. Errors: kNotFound for no such position.
  Status bind(uint32_t position, Value value);
  void clear_bindings();

  // The columns of the rows; 0 for a statement that gives none. Types are those that the bindings
  // at preparation or at the last execution led to.
  uint32_t column_count() const;
  std::string_view column_name(uint32_t column) const;
  Type column_type(uint32_t column) const;

  // The next rows, never an empty chunk; null when there are no more. The chunk is valid until the
  // next call on this statement. The first call executes the statement, and so does the first after
  // the end or an error. Errors carry the place in the text given to prepare(). kCancelled after
  // interrupt() or the timeout; kOutOfMemory past query_memory_bytes.
  Result<const Chunk*> next();
  // Ends a running execution; bindings stay. The next call of next() executes anew.
  void reset();
  // Rows inserted, updated, deleted or copied by the last execution.
  uint64_t rows_affected() const;

 private:
  friend class Connection;
  explicit Statement(std::unique_ptr<StatementState> state);
  std::unique_ptr<StatementState> state_;
};

class Connection {
 public:
  // database: borrowed. Errors: kNotFound or kInvalidArgument when files_directory is not a
  // directory.
  static Result<std::unique_ptr<Connection>> create(Database& database,
                                                    const ConnectionOptions& options);
  // Rolls an open transaction back.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The first statement of `sql`. consumed_bytes, when not null, gets how much of `sql` it took,
  // its semicolon included; with an error, how much to leave out to go on behind it. Errors:
  // kInvalidArgument and kNotFound with the place in `sql`; kLimit.
  Result<Statement> prepare(std::string_view sql, size_t* consumed_bytes = nullptr);
  // Runs all statements of `sql` and drops their rows. Stops at the first error, whose place is
  // meant in all of `sql`.
  Status execute(std::string_view sql);

  // A TEXT or BLOB value of committed rows for reading piece by piece; row is its `rowid`. Errors:
  // kNotFound for a table, column or row that is not there or a NULL; kInvalidArgument.
  Result<std::unique_ptr<BlobReader>> open_blob(std::string_view table, std::string_view column,
                                                RowId row);

  // How long a statement may run from its first next(), in nanoseconds; 0: as long as it takes.
  void set_timeout_ns(int64_t timeout_ns);
  // Makes the running statement, if there is one, end with kCancelled within about a millisecond.
  // Thread-safe; may be called from a signal handler.
  void interrupt();

  bool in_transaction() const;
  Database& database();
  const ConnectionOptions& options() const;

 private:
  explicit Connection(std::shared_ptr<ConnectionState> state);
  std::shared_ptr<ConnectionState> state_;
};

// Where byte `offset` of a text stands, counted from 1; columns in code points.
struct TextPlace {
  uint32_t line = 1;
  uint32_t column = 1;
};
TextPlace text_place(std::string_view text, size_t offset);

}  // namespace mote
