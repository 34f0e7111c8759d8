// What a commit group holds: the records of one or more transactions.
//
// payload := commit*          commit := record* end
// record  := rows | deletes | create | drop | adopt        (docs/format.md has the byte tables)
// Rows go as columnar batches of at most kChunkRows. The bytes are read back by recovery alone;
// they are checked all the same, since a group whose checksum is right may have been written by a
// broken program.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/coding.h"
#include "base/row_id.h"
#include "base/row_set.h"
#include "base/status.h"
#include "catalog/catalog.h"
#include "storage/column_part.h"
#include "types/chunk.h"

namespace mote {

// A batch of rows on its way into a table. references[c] holds, for a TEXT or BLOB column, the
// BlobReference of each row whose value lives in a blob file, and NULL for the others; an empty
// vector when there is none at all.
struct RowBatch {
  Chunk rows;
  std::vector<Column> references;

  // One pointer a column, null where a column has no references.
  std::vector<const Column*> reference_pointers() const;
};

enum class RecordKind : uint8_t {
  kEnd = 0,  // of one commit
  kRows = 1,
  kDeletes = 2,
  kCreateTable = 3,
  kDropTable = 4,
  kAdoptPart = 5,
};

void append_end_record(std::string* out);
// Returns where, in `out`, the 8 bytes of the first row's id stand: it is known only when the group
// is put together.
size_t append_rows_record(TableId table, const Schema& schema, const RowBatch& batch,
                          std::string* out);
void append_deletes_record(TableId table, const RowSet& rows, std::string* out);
void append_create_record(const TableDefinition& table, std::string* out);
void append_drop_record(TableId table, std::string* out);
// As append_rows_record, of the part's base.
size_t append_adopt_record(TableId table, const PartDefinition& part, std::string* out);

// What recovery does with each record, in order.
class RecordVisitor {
 public:
  virtual ~RecordVisitor() = default;
  // The schema to read the table's rows by; null for a table that is gone: its rows are skipped.
  virtual std::shared_ptr<const Schema> schema_of(TableId table) = 0;
  virtual Status rows(TableId table, RowId first, const RowBatch& batch) = 0;
  virtual Status deletes(TableId table, RowSet rows) = 0;
  virtual Status create_table(std::shared_ptr<const TableDefinition> table) = 0;
  virtual Status drop_table(TableId table) = 0;
  virtual Status adopt_part(TableId table, const PartDefinition& part) = 0;
  virtual Status end_commit() = 0;
};

// Errors: kCorruption for bytes that no append_..._record writes; the visitor's own.
Status read_records(std::string_view payload, RecordVisitor& visitor);

}  // namespace mote
