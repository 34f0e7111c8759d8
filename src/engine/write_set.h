// What a transaction has written and not committed: its own rows and the rows it has deleted.
//
// Own rows have provisional ids from kOwnRowBase on; at commit they move to the end of their table,
// without those that the transaction itself has deleted. Rows are kept as the chunks that came,
// shared where they are large and gathered where they are small. When they grow past a share of the
// budget they are spilled: written as a column part, which the commit adopts whole.
//
// Not thread-safe: a transaction belongs to one thread at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "base/row_set.h"
#include "catalog/catalog.h"
#include "engine/record.h"
#include "engine/table_view.h"
#include "storage/blob_file.h"
#include "storage/column_part.h"
#include "storage/row_range.h"

namespace mote {

inline constexpr RowId kOwnRowBase = 1ull << 47;

// Puts each TEXT or BLOB value of kBlobThresholdBytes or more into a blob file. The batch shares
// what it can of `rows`. Sets *wrote when a blob was written.
Status split_large_values(BlobStore& blobs, const Chunk& rows, RowBatch* batch, bool* wrote);
// Appends the rows of `from` to `to`, which owns its lanes; together at most kChunkRows.
void append_batch(const RowBatch& from, RowBatch* to);
// The rows of `batch` that are not in `deletes`; `first` is the id of its first row.
RowBatch without_deleted(const RowBatch& batch, RowId first, const RowSet& deletes);

class OwnRows : public RowRange {
 public:
  OwnRows(std::shared_ptr<const TableDefinition> table, const PartEnvironment& parts);

  Status append(RowBatch batch);
  // Forgets the rows from `row_count` on. Those that are in a part with earlier rows can not be
  // forgotten; they are added to `deletes`.
  void truncate(uint64_t row_count, RowSet* deletes);
  // Writes the rows in memory as parts, numbered from next_file on, of about part_bytes of values
  // each at the most.
  Status spill(std::atomic<uint64_t>& next_file, size_t part_bytes);
  bool wants_spill(size_t limit_bytes) const;
  // The files of the parts are not needed any more.
  void abandon_parts();

  size_t memory_bytes() const { return charge_.size_bytes(); }
  const std::vector<std::shared_ptr<ColumnPart>>& parts() const { return parts_; }
  struct Batch {
    RowBatch batch;
    uint64_t first = 0;  // of the own rows
    bool shared = true;  // with the chunk that came, so not to be written to
  };
  const std::vector<Batch>& batches() const { return batches_; }

  RowId base() const override { return kOwnRowBase; }
  uint64_t row_count() const override { return row_count_; }
  uint32_t block_count() const override;
  BlockSpan block(uint32_t block) const override;
  uint32_t block_of(RowId row) const override;
  Result<SharedStats> block_stats(uint32_t, uint32_t) const override { return SharedStats(); }
  Result<SharedStats> range_stats(uint32_t) const override { return SharedStats(); }
  Status read(uint32_t block, uint32_t column, Column& out) const override;
  Status read_row(RowId row, uint32_t column, Column& out, uint32_t to) const override;
  Status read_references(uint32_t block, uint32_t column, Column& out) const override;
  Status find_key(std::string_view key, std::vector<RowId>* rows) const override;

 private:
  struct KeySlot {
    uint64_t hash = 0;
    uint64_t row = 0;  // counted from 1; 0: the slot is empty
  };
  // A block's part (nullptr: it is a batch) and its number there.
  struct Place {
    const ColumnPart* part = nullptr;
    uint32_t number = 0;
  };
  Place place_of(uint32_t block) const;
  uint64_t part_rows() const;
  Status index_keys(const Batch& batch, uint32_t from_row);
  void put_key(uint64_t hash, uint64_t row);
  Status key_of(uint64_t row, std::string* key) const;
  Status write_parts(std::atomic<uint64_t>& next_file, uint64_t part_bytes,
                     std::vector<std::shared_ptr<ColumnPart>>* written) const;
  void forget_memory();

  const std::shared_ptr<const TableDefinition> table_;
  const PartEnvironment& environment_;
  std::vector<std::shared_ptr<ColumnPart>> parts_;  // the first rows
  std::vector<Batch> batches_;                      // the rows behind them
  // Of the batches' values, each counted for itself: rows that share the bytes of one constant take
  // little memory here and much once they are written.
  uint64_t value_bytes_ = 0;
  uint64_t row_count_ = 0;
  std::vector<KeySlot> keys_;  // of the rows in batches, and of some that are gone; open addressing
  uint64_t key_count_ = 0;
  MemoryCharge charge_;
};

// The writes of one transaction to one table.
struct TableWrites {
  std::shared_ptr<const TableDefinition> definition;
  bool created = false;
  bool dropped = false;
  std::shared_ptr<OwnRows> rows;  // null: none inserted
  RowSet deletes;                 // of rows of the snapshot and of own rows

  uint64_t own_row_count() const { return rows == nullptr ? 0 : rows->row_count(); }
};

// One table's part in a commit, ready to be applied.
struct PreparedTable {
  std::shared_ptr<const TableDefinition> definition;
  bool created = false;
  bool dropped = false;
  std::vector<PartDefinition> parts;  // come before the batches
  RowSet part_deletes;                // of rows in `parts`, counted from the first of them
  std::vector<RowBatch> batches;
  RowSet deletes;                            // of rows of the snapshot
  std::shared_ptr<const RowRange> own_rows;  // for comparing keys; null when there is no key
  RowSet own_deletes;                        // of own_rows
  const RowSet* seen_deletes = nullptr;      // the snapshot's
  RowId seen_rows_end = 0;                   // rows from here on are not in the snapshot

  uint64_t row_count() const;
};

struct PreparedCommit {
  std::vector<PreparedTable> tables;
  std::shared_ptr<const Catalog> catalog;  // after it; set when it is checked
  // The records, but for row ids, the deletes of rows in adopted parts, and the end.
  std::string records;
  struct RowIdPlace {
    size_t offset;      // in records
    size_t table;       // in tables
    uint64_t relative;  // to the table's first row of this commit
  };
  std::vector<RowIdPlace> row_ids;
  size_t memtable_bytes = 0;  // an upper bound of what the rows take

  // Encodes the tables.
  void encode();
  size_t log_bytes() const;  // an upper bound of what the commit takes in the log
};

}  // namespace mote
