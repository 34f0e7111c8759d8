// Column parts: immutable files that hold the rows [base, base + row_count) of a table by column.
//
// Layout (docs/format.md has the tables): header; for each column its prelude and its blocks, cut
// into pages of 16 to 64 KiB; the key directory, when the table has a PRIMARY KEY whose values do
// not rise with the row; the footer. Page checksums stand in the footer, the footer's checksum in
// the manifest, so a block that was read from another place or another file does not verify. base
// is not in the file but in the manifest: a transaction that is too large for one log group writes
// its rows as parts before it knows their row ids.
//
// A row slot may be purged: a merge that finds rows deleted keeps their places as NULLs, so ordinal
// = row - base always. The table's delete set still holds them.
//
// Values that live in blob files: a TEXT or BLOB column has a companion column of references, NULL
// for inline values (its block costs a few bytes when there is none).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "base/row_set.h"
#include "base/status.h"
#include "column/encoding.h"
#include "env/env.h"
#include "storage/blob_file.h"
#include "storage/block_cache.h"
#include "storage/row_range.h"
#include "types/schema.h"

namespace mote {

// What the manifest knows of a part.
struct PartDefinition {
  uint64_t file = 0;  // number of the file; never reused
  RowId base = 0;
  uint32_t row_count = 0;  // <= kMaxPartRows
  uint64_t file_bytes = 0;
  uint64_t footer_offset = 0;
  uint64_t footer_checksum = 0;

  void serialize(std::string* out) const;
  static Result<PartDefinition> deserialize(ByteReader& reader);
};
std::string part_file_name(uint64_t file);

struct Extent;
struct StoredColumn;

struct PartEnvironment {  // what parts of one database share; outlives them
  Env& env;
  std::string directory;
  uint64_t database_id;
  BlockCache& cache;
  BlobStore& blobs;
  MemoryBudget& budget;
};

// Builds a part from chunks in row order. Holds the values of the part in memory (charged to the
// budget), so the writer of many rows makes several parts.
class PartWriter {
 public:
  PartWriter(const PartEnvironment& environment, std::shared_ptr<const Schema> schema,
             uint64_t file, EncodeOptions options, Pace pace);
  ~PartWriter();  // removes the file when finish() did not succeed

  // rows: columns in schema order; references as in MemtableRun::append. Rows [first, first +
  // count) are copied, their bytes too, and charged before they are.
  Status append(const Chunk& rows, std::span<const Column* const> references, uint32_t first,
                uint32_t count);
  Status append(const Chunk& rows, std::span<const Column* const> references) {
    return append(rows, references, 0, rows.row_count());
  }
  uint64_t row_count() const;
  size_t memory_bytes() const;
  // Encodes, writes the file, makes it and its name durable. base is 0 in the answer.
  Result<PartDefinition> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class ColumnPart : public RowRange, private BlockCache::Directory {
 public:
  // Opens nothing yet: the file is opened and its footer read and checked at the first use, and
  // again when the cache has unloaded it.
  ColumnPart(const PartEnvironment& environment, std::shared_ptr<const Schema> schema,
             PartDefinition definition);
  ~ColumnPart() override;

  const PartDefinition& definition() const { return definition_; }
  // The file goes with the last user of this part.
  void remove_when_unused();
  // Opens the file and keeps it open, so that it can be read whatever becomes of its name. Errors:
  // kCorruption when it is missing.
  Status hold_file() const;

  RowId base() const override { return definition_.base; }
  uint64_t row_count() const override { return definition_.row_count; }
  uint32_t block_count() const override;
  BlockSpan block(uint32_t block) const override;
  uint32_t block_of(RowId row) const override;
  Result<SharedStats> block_stats(uint32_t block, uint32_t column) const override;
  Result<SharedStats> range_stats(uint32_t column) const override;
  Status read(uint32_t block, uint32_t column, Column& out) const override;
  Status read_row(RowId row, uint32_t column, Column& out, uint32_t to) const override;
  Status find_key(std::string_view key, std::vector<RowId>* rows) const override;
  Result<std::optional<RowId>> find_newest(std::string_view key, uint64_t rows_end) const override;

  // As read, but values that lie in blob files are NULL and not read: for merges, together with
  // read_references.
  Status read_inline(uint32_t block, uint32_t column, Column& out) const;
  // The references of a block, all null when there are none.
  Status read_references(uint32_t block, uint32_t column, Column& out) const override;
  // Blob files that this part refers to.
  Result<std::vector<uint32_t>> blob_files() const;
  // Reads and checks every page, decodes every block, compares the stats and the key directory with
  // the values. Appends a line for each problem; an error only when it can not go on.
  Status verify(std::vector<std::string>* problems) const;
  // For `inspect` and the size bench: a line a column: name, encoding, bytes.
  struct ColumnSize {
    std::string name;
    std::string encoding;
    uint64_t size_bytes;
  };
  Result<std::vector<ColumnSize>> column_sizes() const;

 private:
  struct Open;  // the parsed footer, the open file, and what was loaded so far
  struct Loaded;
  // What is loaded, for as long as the answer lives; it may be unloaded in between.
  Result<std::shared_ptr<const Open>> open() const;
  Result<std::shared_ptr<const Open>> load() const;
  void unload() const override;
  std::string path() const;
  Status bad(Status status, const char* what) const;
  Status bad_block(Status status, uint32_t block, uint32_t column) const;

  Result<std::shared_ptr<File>> file() const;
  Result<std::string> read_extent(const Extent& extent) const;
  Result<BlockCache::Page> page(const Extent& extent, uint32_t page) const;
  Result<std::string_view> block_bytes(const Open& open, const StoredColumn& stored, uint32_t block,
                                       BlockCache::Page* keep) const;
  Result<const std::shared_ptr<const ColumnDecoder>*> decoder(const Open& open, uint32_t column,
                                                              bool references) const;
  Status read_stored(const Open& open, uint32_t block, uint32_t column, bool references,
                     Column& out) const;
  Status read_stored_row(const Open& open, uint32_t row, uint32_t column, bool references,
                         Column& out, uint32_t to) const;
  Status load_stats(const Open& open, uint32_t column, std::vector<ColumnStats>* stats) const;
  Status read_blob(std::string_view reference, Column& out, uint32_t to) const;

  Result<bool> row_has_key(const Open& open, uint32_t row, std::string_view key, int* order) const;
  // Set `row` when there is one.
  Status find_rising(const Open& open, std::string_view key, std::optional<uint32_t>* row) const;
  Status find_in_block(const Open& open, uint32_t block, std::string_view key,
                       std::optional<uint32_t>* row) const;
  // Calls visit(row) for the rows with the key, the newest first, until it returns false.
  template <typename Visit>
  Status visit_key(std::string_view key, const Visit& visit) const;

  Status verify_column(const Open& open, uint32_t column, std::vector<std::string>* problems) const;
  Status verify_keys(const Open& open, std::vector<std::string>* problems) const;
  Status verify_ends(const Open& open, std::vector<std::string>* problems) const;

  const PartEnvironment& environment_;
  const std::shared_ptr<const Schema> schema_;
  const PartDefinition definition_;
  mutable Mutex mutex_{LockRank::kLeaf};
  mutable std::shared_ptr<const Open> open_;
  mutable std::shared_ptr<File> file_;  // null: not open yet, or opened for each page
  std::atomic<bool> remove_when_unused_{false};
};

}  // namespace mote
