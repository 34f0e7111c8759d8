// Reading and writing under snapshot isolation.
//
// A transaction sees the snapshot of its beginning and its own writes. At commit the first
// committer wins: deleting (or updating) a row that another transaction has deleted since, or
// inserting a PRIMARY KEY that is taken, fails and nothing of the transaction remains. A
// transaction belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/row_id.h"
#include "base/status.h"
#include "catalog/catalog.h"
#include "engine/options.h"
#include "engine/table_view.h"
#include "types/chunk.h"

namespace mote {

class Database;

class Transaction {
 public:
  ~Transaction();  // rolls back what is not committed
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  const Catalog& catalog() const;
  // Sequence of the snapshot: all commits up to it are seen.
  CommitSequence sequence() const;
  // Errors: kNotFound when the table is gone.
  Result<TableView> table(TableId table) const;

  // Adds rows; columns in schema order, types exact. Values of NOT NULL and key columns are checked
  // here, and keys against the transaction's own view; at commit again against what others
  // committed. Errors: kConstraint naming column or key values, kOutOfMemory, kReadOnly, kLimit.
  Status insert(TableId table, const Chunk& rows);
  // Deletes visible rows. Rows that the transaction has itself deleted already are left out.
  Status erase(TableId table, std::span<const RowId> rows);

  // DDL is part of the transaction. The new table's id is given back.
  Result<TableId> create_table(std::string name, Schema schema);
  Status drop_table(TableId table);

  // Savepoints nest; names may repeat, the newest wins. Errors: kNotFound, kLimit (kMaxSavepoints).
  Status savepoint(std::string name);
  Status rollback_to(std::string_view name);
  Status release(std::string_view name);

  // Gives back the commit's sequence (the snapshot's when nothing was written). Errors: kConflict,
  // kConstraint: rolled back; kDiskFull: nothing is written; kReadOnly / kIoError: in doubt until
  // reopened. After commit or rollback only the destructor may be called.
  Result<CommitSequence> commit(SyncMode sync);
  void rollback();
  bool has_writes() const;

 private:
  friend class BlobReader;
  friend class Database;
  struct State;
  explicit Transaction(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mote
