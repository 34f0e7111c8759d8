// The newest rows, in memory.
//
// A memtable is one arena of fixed size, allocated and touched before it is used, so that taking a
// row never waits for memory. It holds a run of rows for each table written to. Rows are columnar,
// in segments that grow from 64 to kChunkRows rows. One thread at a time appends (the holder of the
// commit token); any number read rows below a count they were given, without locks: a segment's
// arrays never move and each row's place is written once, before the row count that covers it is
// published with release order.
//
// Each row carries its commit sequence, so a snapshot finds the rows it may see by binary search.
//
// Keys: a run of a table with a PRIMARY KEY keeps a skiplist from encoded key to row (Pugh 1990;
// single writer, lock-free readers as in LevelDB), in the same arena.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/memory_budget.h"
#include "base/row_id.h"
#include "base/status.h"
#include "storage/blob_file.h"
#include "storage/row_range.h"
#include "types/chunk.h"
#include "types/schema.h"

namespace mote {

using CommitSequence = uint64_t;

// Bump allocation from one prefaulted block; when it is used up, from overflow blocks charged to
// the budget.
class MemtableArena {
 public:
  static Result<std::unique_ptr<MemtableArena>> create(size_t size_bytes, MemoryBudget& budget);
  ~MemtableArena();
  // Never null. alignment <= 64.
  char* allocate(size_t size_bytes, size_t alignment);
  size_t used_bytes() const { return used_.load(std::memory_order_relaxed); }
  size_t size_bytes() const { return size_bytes_; }
  size_t left_bytes() const { return size_bytes_ > used_bytes() ? size_bytes_ - used_bytes() : 0; }
  void clear();

 private:
  MemtableArena(char* block, size_t size_bytes, MemoryBudget& budget);
  char* const block_;
  const size_t size_bytes_;
  MemoryBudget& budget_;
  MemoryCharge charge_;
  std::atomic<size_t> used_{0};
  std::vector<std::unique_ptr<char[]>> overflow_;
};

class Memtable;

// The rows of one table in one memtable.
class MemtableRun : public RowRange {
 public:
  // The run keeps `memtable` alive through its control block, not by a pointer of its own.
  MemtableRun(Memtable& memtable, std::shared_ptr<const Schema> schema, RowId base,
              std::shared_ptr<BlobStore> blobs);

  // Appends the rows of a decoded batch; columns in schema order. references[c] (may be null) gives
  // for rows of a TEXT or BLOB column that live in a blob file their reference. Rows become visible
  // with publish(). Keys must have been checked. Errors: kLimit for a key that is too long (nothing
  // appended then).
  Status append(const Chunk& rows, std::span<const Column* const> references,
                CommitSequence sequence);
  // Makes all appended rows readable (release order).
  void publish();

  // How many rows were committed at or before `sequence`.
  uint64_t visible_rows(CommitSequence sequence) const;
  // An upper bound of the arena bytes that appending `rows` takes.
  static size_t append_bytes(const Schema& schema, const Chunk& rows);

  RowId base() const override { return base_; }
  uint64_t row_count() const override { return row_count_.load(std::memory_order_acquire); }
  uint32_t block_count() const override;
  BlockSpan block(uint32_t block) const override;
  uint32_t block_of(RowId row) const override;
  Result<const ColumnStats*> block_stats(uint32_t, uint32_t) const override { return nullptr; }
  Result<const ColumnStats*> range_stats(uint32_t) const override { return nullptr; }
  Status read(uint32_t block, uint32_t column, Column& out) const override;
  Status read_row(RowId row, uint32_t column, Column& out, uint32_t to) const override;
  Status find_key(std::string_view key, std::vector<RowId>* rows) const override;

  // For flush: the references of a TEXT or BLOB column's rows, all null when there are none.
  Status read_references(uint32_t block, uint32_t column, Column& out) const;
  const std::shared_ptr<const Schema>& schema() const { return schema_; }

 private:
  struct Segment;
  struct KeyNode;
  class KeyList;
  Memtable& memtable_;
  const std::shared_ptr<const Schema> schema_;
  const RowId base_;
  const std::shared_ptr<BlobStore> blobs_;
  std::atomic<uint64_t> row_count_{0};
};

}  // namespace mote
