// A TEXT or BLOB value read piece by piece, so that a large one is never whole in memory.
//
// It holds the snapshot in which it was opened. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/row_id.h"
#include "base/status.h"
#include "engine/transaction.h"
#include "storage/blob_file.h"

namespace mote {

class BlobReader {
 public:
  // column: position in the schema. Errors: kNotFound for a row that the transaction does not see
  // or a NULL; kInvalidArgument for a column of another type; those of reading.
  static Result<std::unique_ptr<BlobReader>> open(std::unique_ptr<Transaction> transaction,
                                                  TableId table, uint32_t column, RowId row);

  uint64_t size_bytes() const { return size_bytes_; }
  // Fills `out` with the value's bytes from `offset` on. Errors: kInvalidArgument when they are not
  // all inside the value; kIoError, kCorruption.
  Status read(uint64_t offset, std::span<char> out) const;

 private:
  explicit BlobReader(std::unique_ptr<Transaction> transaction);
  const std::unique_ptr<Transaction> transaction_;
  std::optional<BlobReference> reference_;  // of a value in a blob file
  std::string bytes_;                       // of a value that lies with its row
  uint64_t size_bytes_ = 0;
};

}  // namespace mote
