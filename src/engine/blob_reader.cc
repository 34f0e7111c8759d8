#include "engine/blob_reader.h"

#include <cstring>
#include <utility>

#include "engine/transaction_state.h"

namespace mote {

BlobReader::BlobReader(std::unique_ptr<Transaction> transaction)
    : transaction_(std::move(transaction)) {}

Result<std::unique_ptr<BlobReader>> BlobReader::open(std::unique_ptr<Transaction> transaction,
                                                     TableId table, uint32_t column, RowId row) {
  MOTE_ASSIGN(const TableView view, transaction->table(table));
  const ColumnDefinition& definition = view.schema().columns[column];
  if (!definition.type.is(TypeKind::kText) && !definition.type.is(TypeKind::kBlob)) {
    return invalid_argument("column '%s' is %s; TEXT and BLOB are read piece by piece",
                            definition.name.c_str(), definition.type.name().c_str());
  }
  const std::optional<uint32_t> range = view.range_of(row);
  if (!range.has_value() || !view.is_visible(row)) {
    return not_found("table '%s' has no row with rowid %llu", view.definition().name.c_str(),
                     static_cast<unsigned long long>(row));
  }
  const RowRange& rows = view.range(*range);
  const uint32_t block = rows.block_of(row);
  const auto at = static_cast<uint32_t>(row - rows.base() - rows.block(block).first);
  auto reader = std::unique_ptr<BlobReader>(new BlobReader(std::move(transaction)));
  Column references;
  MOTE_TRY(rows.read_references(block, column, references));
  if (!references.is_null(at)) {
    MOTE_ASSIGN(reader->reference_,
                BlobReference::deserialize(references.lane<std::string_view>()[at]));
    reader->size_bytes_ = reader->reference_->size_bytes;
    return reader;
  }
  Column value(definition.type);
  MOTE_TRY(rows.read_row(row, column, value, 0));
  if (value.is_null(0)) {
    return not_found("the value of column '%s' in row %llu is NULL", definition.name.c_str(),
                     static_cast<unsigned long long>(row));
  }
  reader->bytes_ = value.lane<std::string_view>()[0];
  reader->size_bytes_ = reader->bytes_.size();
  return reader;
}

Status BlobReader::read(uint64_t offset, std::span<char> out) const {
  if (offset > size_bytes_ || out.size() > size_bytes_ - offset) {
    return invalid_argument("%zu bytes from %llu on; the value has %llu", out.size(),
                            static_cast<unsigned long long>(offset),
                            static_cast<unsigned long long>(size_bytes_));
  }
  if (reference_.has_value()) {
    return transaction_->state_->core->blobs->read_range(*reference_, offset, out);
  }
  std::memcpy(out.data(), bytes_.data() + offset, out.size());
  return {};
}

}  // namespace mote
