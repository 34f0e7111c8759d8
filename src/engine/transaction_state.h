// What a Transaction holds.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core.h"
#include "engine/transaction.h"
#include "engine/version.h"
#include "engine/write_set.h"

namespace mote {

inline constexpr uint64_t kMaxOwnRows = 1ull << 32;  // of one transaction in one table

struct Savepoint {
  struct Mark {
    uint64_t row_count;
    RowSet deletes;
    bool dropped;
  };
  std::string name;
  std::shared_ptr<const Catalog> catalog;
  std::map<TableId, Mark> marks;
};

struct Transaction::State {
  std::shared_ptr<Core> core;
  VersionPin pin;
  CommitSequence sequence = 0;
  bool done = false;
  bool wrote_blobs = false;
  std::shared_ptr<const Catalog> changed_catalog;  // null: the snapshot's
  std::map<TableId, TableWrites> writes;
  std::map<TableId, std::shared_ptr<const TableVersion>> created;
  std::vector<Savepoint> savepoints;

  ~State();
  const Catalog& catalog() const;
  Result<const TableVersion*> find(TableId table) const;
  TableView view(const TableVersion& table) const;
  TableWrites& writes_to(const TableVersion& table);
  Status check_writable();
  Result<size_t> find_savepoint(std::string_view name) const;
  PreparedTable prepare(const TableWrites& own) const;
  Status prepare(PreparedCommit* commit);
  void end(bool keep_files);
};

}  // namespace mote
