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
// Rows too wide for that have smaller segments, so that none takes more than kSegmentBytes.
//
// Keys: a run of a table with a PRIMARY KEY keeps hash tables from encoded key to row in the same
// arena. A full one is followed by a larger one and stays as it is, so that no append waits for
// keys to be moved, and readers need no locks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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
// the budget. Written to by one thread at a time; the counters may be read by any.
class MemtableArena {
 public:
  // touch: each page is touched at once; else the first rows do so, one page at a time.
  static Result<std::unique_ptr<MemtableArena>> create(size_t size_bytes, MemoryBudget& budget,
                                                       bool touch = true);
  ~MemtableArena();
  // Never null. alignment <= 64.
  char* allocate(size_t size_bytes, size_t alignment);
  size_t used_bytes() const { return used_.load(std::memory_order_relaxed); }
  size_t size_bytes() const { return size_bytes_; }
  size_t left_bytes() const { return size_bytes_ > used_bytes() ? size_bytes_ - used_bytes() : 0; }
  // Forgets everything and gives the overflow blocks back. Nobody may read any more.
  void clear();

 private:
  MemtableArena(char* block, size_t size_bytes, MemoryBudget& budget);
  char* allocate_overflow(size_t size_bytes, size_t alignment);
  char* const block_;
  const size_t size_bytes_;
  MemoryBudget& budget_;
  MemoryCharge charge_;
  MemoryCharge overflow_charge_;
  std::atomic<size_t> used_{0};  // of the block and of the overflow blocks together
  std::vector<std::unique_ptr<char[]>> overflow_;
  char* overflow_at_ = nullptr;
  size_t overflow_left_ = 0;
};

class Memtable;

inline constexpr size_t kSegmentBytes = 128 * 1024;

// The rows of one table in one memtable. Made by Memtable::add_run.
class MemtableRun : public RowRange {
 public:
  // Lives in `memtable`; the pointers that readers hold share the memtable's control block.
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
  // With so many bytes left, appending `rows` does not go beyond the end of the arena.
  static size_t append_bytes(const Schema& schema, const Chunk& rows);

  RowId base() const override { return base_; }
  uint64_t row_count() const override { return row_count_.load(std::memory_order_acquire); }
  uint32_t block_count() const override;
  BlockSpan block(uint32_t block) const override;
  uint32_t block_of(RowId row) const override;
  Result<SharedStats> block_stats(uint32_t, uint32_t) const override { return SharedStats(); }
  Result<SharedStats> range_stats(uint32_t) const override { return SharedStats(); }
  Status read(uint32_t block, uint32_t column, Column& out) const override;
  Status read_row(RowId row, uint32_t column, Column& out, uint32_t to) const override;
  Status find_key(std::string_view key, std::vector<RowId>* rows) const override;
  Result<std::optional<RowId>> find_newest(std::string_view key, uint64_t rows_end) const override;

  // As read, but values that lie in blob files are NULL and not read: for flushes, together with
  // read_references.
  Status read_inline(uint32_t block, uint32_t column, Column& out) const;
  // For flush: the references of a TEXT or BLOB column's rows, all null when there are none.
  Status read_references(uint32_t block, uint32_t column, Column& out) const override;
  const std::shared_ptr<const Schema>& schema() const { return schema_; }

 private:
  struct Segment;
  struct KeyNode;
  struct KeyTable;
  struct ColumnLayout {
    Type type;
    uint32_t lane_count;
    uint32_t entry_bytes;
    bool has_references;      // TEXT and BLOB: a second bitmap tells references from values
    size_t row_bytes_before;  // of the arrays in front of this column's, a row
    uint32_t bitmaps_before;
  };
  struct Place {  // of a row
    uint32_t segment;
    uint32_t row;  // in the segment
  };
  static constexpr uint32_t kDirectories = 24;
  static constexpr uint32_t kFirstDirectory = 16;

  void lay_out();
  Place place_of(uint64_t row) const;
  uint64_t rows_before(uint32_t segment) const;
  uint32_t capacity_of(uint32_t segment) const;
  const Segment& segment_at(uint32_t segment) const;
  Segment* segment_for_append(uint32_t segment);
  char* lanes_of(const Segment& segment, const ColumnLayout& layout) const;
  uint64_t* bitmap_of(const Segment& segment, const ColumnLayout& layout, uint32_t which) const;
  void store_column(Segment& segment, uint32_t column, uint32_t to, const Column& from,
                    const Column* references, uint32_t first, uint32_t count);
  void store_bytes(Segment& segment, uint32_t column, uint32_t to, const Column& from,
                   const Column* references, uint32_t first, uint32_t count);
  Status read_some(uint32_t block, uint32_t column, uint32_t row_count, bool blobs,
                   Column& out) const;
  Status read_blob(std::string_view reference, Column& out, uint32_t to) const;
  uint64_t sequence_of(uint64_t row) const;

  Status encode_keys(const Chunk& rows);
  void insert_key(std::string_view key, uint32_t row);
  void make_key_room(const Chunk& rows);
  template <typename Visit>
  void visit_key(std::string_view key, const Visit& visit) const;
  static size_t key_bytes_bound(uint32_t row_count);

  Memtable& memtable_;
  const std::shared_ptr<const Schema> schema_;
  const RowId base_;
  const std::shared_ptr<BlobStore> blobs_;
  std::vector<ColumnLayout> layouts_;
  size_t row_bytes_ = 0;
  uint32_t bitmap_count_ = 0;
  uint32_t first_rows_ = 0;  // capacity of the first segment
  uint32_t last_rows_ = 0;   // capacity of those that no longer grow
  uint32_t growing_ = 0;     // how many segments are smaller than last_rows_
  // Directory d lists kFirstDirectory << d segments. A reader of published rows meets only entries
  // written before the rows were published.
  Segment** directories_[kDirectories] = {};
  uint64_t appended_ = 0;  // the writer's; rows [row_count_, appended_) are not published
  std::atomic<uint64_t> row_count_{0};

  std::atomic<KeyTable*> keys_{nullptr};  // the newest
  std::string key_bytes_;                 // of the batch being appended
  std::vector<uint32_t> key_ends_;
};

// An arena and the runs in it. Those who hold one of its runs, or a column read from one, hold the
// memtable and its arena; when the last goes, the arena is cleared, and its owner, who keeps it in
// a pool, may give it to another memtable.
class Memtable : public std::enable_shared_from_this<Memtable> {
 public:
  explicit Memtable(std::shared_ptr<MemtableArena> arena);  // only through std::make_shared
  ~Memtable();

  MemtableArena& arena() { return *arena_; }
  // A run for a table that has none here, its first row being `base`. By the writing thread.
  std::shared_ptr<MemtableRun> add_run(std::shared_ptr<const Schema> schema, RowId base,
                                       std::shared_ptr<BlobStore> blobs);

 private:
  const std::shared_ptr<MemtableArena> arena_;
  std::vector<std::unique_ptr<MemtableRun>> runs_;
};

}  // namespace mote
