// What a scan reads: a run of rows [base, base + row_count) of one table, cut into blocks of at
// most kChunkRows rows. Column parts, memtable runs and a transaction's own rows are row ranges;
// whoever scans need not know which.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/row_id.h"
#include "base/status.h"
#include "column/encoding.h"
#include "types/chunk.h"

namespace mote {

struct BlockSpan {
  uint32_t first = 0;      // of the range's rows
  uint32_t row_count = 0;  // in [1, kChunkRows]
};

// Keeps what it points into.
using SharedStats = std::shared_ptr<const ColumnStats>;

// Immutable below the row count that a reader was given; shared by snapshots, used from any thread.
class RowRange {
 public:
  virtual ~RowRange() = default;
  virtual RowId base() const = 0;
  // All rows; a snapshot may see fewer of a memtable run.
  virtual uint64_t row_count() const = 0;
  virtual uint32_t block_count() const = 0;
  virtual BlockSpan block(uint32_t block) const = 0;
  // The block that holds row `row` (base <= row < base + row_count).
  virtual uint32_t block_of(RowId row) const = 0;

  // Statistics of a column in a block or in all of the range; null when there are none (memtable
  // runs).
  virtual Result<SharedStats> block_stats(uint32_t block, uint32_t column) const = 0;
  virtual Result<SharedStats> range_stats(uint32_t column) const = 0;

  // Decodes a column of a block. `out` is reset; all rows of the block are given, also those that a
  // snapshot does not see. Values that live in blob files are read into out's heap. Errors:
  // kCorruption naming file, column, rows; kIoError.
  virtual Status read(uint32_t block, uint32_t column, Column& out) const = 0;
  // One row of a column, to row `to` of `out`, which has the column's type and room.
  virtual Status read_row(RowId row, uint32_t column, Column& out, uint32_t to) const = 0;

  // Of a TEXT or BLOB column's block the BlobReference of each row whose value lives in a blob
  // file, NULL for the others. `out` is reset.
  virtual Status read_references(uint32_t block, uint32_t column, Column& out) const = 0;

  // The rows whose key columns encode to `key` (see key.h), of this range, in rising order,
  // appended to `rows`. Exact. Errors as read.
  virtual Status find_key(std::string_view key, std::vector<RowId>* rows) const = 0;
  // The last of them among the first `rows_end` rows of the range. Of the versions of a row that a
  // snapshot sees only that can be alive, and it is found without looking at the others.
  virtual Result<std::optional<RowId>> find_newest(std::string_view key, uint64_t rows_end) const {
    std::vector<RowId> rows;
    MOTE_TRY(find_key(key, &rows));
    while (!rows.empty() && rows.back() - base() >= rows_end) rows.pop_back();
    return rows.empty() ? std::nullopt : std::optional<RowId>(rows.back());
  }
};

// A range as one snapshot sees it: rows below `end` only.
struct VisibleRange {
  std::shared_ptr<const RowRange> range;
  uint64_t row_count = 0;  // <= range->row_count()
};

}  // namespace mote
