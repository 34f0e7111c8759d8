// A table as one transaction sees it: the ranges of its snapshot, its own uncommitted rows, less
// what is deleted.
//
// Borrowed from a Transaction (or Snapshot) and valid as long as that is and no write is made
// through it. Reading is thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/row_id.h"
#include "base/row_set.h"
#include "base/status.h"
#include "catalog/catalog.h"
#include "storage/memtable.h"
#include "storage/row_range.h"

namespace mote {

// One table in one Version: immutable, shared by the versions between which it did not change.
struct TableVersion {
  std::shared_ptr<const TableDefinition> definition;
  // Parts and memtable runs by base; disjoint, with gaps where all rows are gone.
  std::vector<std::shared_ptr<const RowRange>> ranges;
  // runs[i] is ranges[i] when that is a memtable run, whose visible rows depend on the snapshot;
  // else null.
  std::vector<const MemtableRun*> runs;
  std::shared_ptr<const RowSet> deletes;  // never null
};

class TableView {
 public:
  // own_rows and own_deletes may be null: a transaction that has not written.
  TableView(const TableVersion& table, CommitSequence sequence,
            std::shared_ptr<const RowRange> own_rows, const RowSet* own_deletes);

  const TableDefinition& definition() const { return *table_->definition; }
  const Schema& schema() const { return table_->definition->schema; }

  uint32_t range_count() const;
  const RowRange& range(uint32_t i) const;
  // Rows of range i below this count are in the snapshot.
  uint64_t visible_rows(uint32_t i) const;

  // Sets, in `words`, the bits of the block's rows that are visible (in the snapshot, not deleted);
  // bit i stands for row block.first + i of the range. words has Validity::kWords entries. Returns
  // the number of visible rows.
  uint32_t visible_in_block(uint32_t i, uint32_t block, std::span<uint64_t> words) const;
  bool is_visible(RowId row) const;
  // The range of a row that exists; nothing when no range has it.
  std::optional<uint32_t> range_of(RowId row) const;

  // The one visible row with this PRIMARY KEY (encoded by append_key), if any.
  Result<std::optional<RowId>> find_key(std::string_view key) const;
  // Visible rows. From statistics where that is exact, without decoding.
  uint64_t visible_row_count() const;
  // True when no visible row of range i is deleted, so that statistics of whole blocks may answer
  // aggregates.
  bool range_has_deletes(uint32_t i) const;

 private:
  const TableVersion* table_;
  CommitSequence sequence_;
  std::shared_ptr<const RowRange> own_rows_;
  const RowSet* own_deletes_;
};

}  // namespace mote
