#include "engine/write_set.h"

#include <algorithm>
#include <optional>

#include "base/checksum.h"
#include "storage/key.h"
#include "storage/memtable.h"

namespace mote {

namespace {

// A batch of at least this many rows is kept as it came; smaller ones are gathered.
constexpr uint32_t kSharedBatchRows = kChunkRows / 2;

bool can_be_large(const Type& type) { return type.is(TypeKind::kText) || type.is(TypeKind::kBlob); }

bool has_large_value(const Column& column, uint32_t row_count) {
  const auto* const values = column.lane<std::string_view>();
  for (uint32_t row = 0; row < row_count; ++row) {
    if (!column.is_null(row) && values[row].size() >= kBlobThresholdBytes) return true;
  }
  return false;
}

Status split_column(BlobStore& blobs, const Column& from, uint32_t row_count, Column* inlined,
                    Column* references) {
  inlined->reset(from.type(), /*zeroed=*/true);
  inlined->keep_alive_with(from);
  references->reset(Type::blob(), /*zeroed=*/true);
  references->validity().set_all_null();
  const auto* const values = from.lane<std::string_view>();
  for (uint32_t row = 0; row < row_count; ++row) {
    if (from.is_null(row)) {
      inlined->set_null(row);
    } else if (values[row].size() < kBlobThresholdBytes) {
      inlined->lane<std::string_view>()[row] = values[row];
    } else {
      MOTE_ASSIGN(const BlobReference reference, blobs.append(values[row]));
      std::string bytes;
      reference.serialize(&bytes);
      references->lane<std::string_view>()[row] = references->store(bytes);
      references->validity().set_valid(row);
    }
  }
  return {};
}

}  // namespace

Status split_large_values(BlobStore& blobs, const Chunk& rows, RowBatch* batch, bool* wrote) {
  batch->rows = rows;
  batch->references.clear();
  for (uint32_t c = 0; c < rows.column_count(); ++c) {
    const Column& column = rows.column(c);
    if (!can_be_large(column.type()) || !has_large_value(column, rows.row_count())) continue;
    if (batch->references.empty()) batch->references.resize(rows.column_count());
    *wrote = true;
    MOTE_TRY(split_column(blobs, column, rows.row_count(), &batch->rows.column(c),
                          &batch->references[c]));
  }
  return {};
}

void append_batch(const RowBatch& from, RowBatch* to) {
  const uint32_t at = to->rows.row_count();
  const uint32_t count = from.rows.row_count();
  for (uint32_t c = 0; c < from.rows.column_count(); ++c) {
    to->rows.column(c).copy_rows(at, from.rows.column(c), 0, count);
  }
  if (!from.references.empty() && to->references.empty()) {
    to->references.resize(to->rows.column_count());
  }
  for (uint32_t c = 0; c < to->references.size(); ++c) {
    Column& column = to->references[c];
    const bool has = c < from.references.size() && from.references[c].type().is(TypeKind::kBlob);
    if (has && !column.type().is(TypeKind::kBlob)) {
      column.reset(Type::blob(), /*zeroed=*/true);
      column.validity().set_all_null();
    }
    if (has) column.copy_rows(at, from.references[c], 0, count);
  }
  to->rows.set_row_count(at + count);
}

RowBatch without_deleted(const RowBatch& batch, RowId first, const RowSet& deletes) {
  const uint32_t row_count = batch.rows.row_count();
  if (deletes.count_range(first, first + row_count) == 0) return batch;
  Selection selection;
  for (uint32_t row = 0; row < row_count; ++row) {
    if (!deletes.contains(first + row))
      selection.rows[selection.count++] = static_cast<uint16_t>(row);
  }
  RowBatch kept = batch;
  kept.rows.keep(selection);
  for (Column& column : kept.references) {
    if (column.type().is(TypeKind::kBlob)) column = column.selected(selection);
  }
  return kept;
}

namespace {

// Bytes that rows [first, first + count) take when they share none.
uint64_t copied_bytes(const RowBatch& batch, uint32_t first, uint32_t count) {
  uint64_t bytes = 0;
  for (const Column& column : batch.rows.columns()) {
    const LaneKind kind = lane_kind(column.type().kind);
    bytes += uint64_t{lane_entry_bytes(kind)} * lane_count(column.type().kind) * count;
    if (kind != LaneKind::kBytes) continue;
    const auto* const values = column.lane<std::string_view>();
    for (uint32_t row = first; row < first + count; ++row) bytes += values[row].size();
  }
  return bytes;
}

}  // namespace

OwnRows::OwnRows(std::shared_ptr<const TableDefinition> table, const PartEnvironment& parts)
    : table_(std::move(table)), environment_(parts) {}

Status OwnRows::append(RowBatch batch) {
  const uint32_t count = batch.rows.row_count();
  if (count == 0) return {};
  const uint64_t value_bytes = copied_bytes(batch, 0, count);
  Batch* last = batches_.empty() ? nullptr : &batches_.back();
  const bool fits = last != nullptr && last->batch.rows.row_count() + count <= kChunkRows;
  uint32_t from_row = 0;
  if (last == nullptr || count >= kSharedBatchRows || !fits) {
    MOTE_TRY(charge_.grow(environment_.budget, batch.rows.memory_bytes(), "a transaction's rows"));
    batches_.push_back({std::move(batch), row_count_, /*shared=*/true});
  } else {
    size_t added_bytes = 0;
    if (last->shared) {
      RowBatch gathered;
      gathered.rows.reset(table_->schema.types());
      added_bytes = gathered.rows.memory_bytes();
      append_batch(last->batch, &gathered);
      last->batch = std::move(gathered);
      last->shared = false;
    }
    for (const Column& column : batch.rows.columns()) {
      if (lane_kind(column.type().kind) != LaneKind::kBytes) continue;
      for (uint32_t row = 0; row < count; ++row) {
        added_bytes += column.lane<std::string_view>()[row].size();
      }
    }
    MOTE_TRY(charge_.grow(environment_.budget, added_bytes, "a transaction's rows"));
    from_row = last->batch.rows.row_count();
    append_batch(batch, &last->batch);
  }
  row_count_ += count;
  value_bytes_ += value_bytes;
  if (table_->schema.primary_key.empty()) return {};
  return index_keys(batches_.back(), from_row);
}

uint64_t OwnRows::part_rows() const {
  return parts_.empty() ? 0 : parts_.back()->base() + parts_.back()->row_count() - kOwnRowBase;
}

void OwnRows::truncate(uint64_t row_count, RowSet* deletes) {
  if (row_count >= row_count_) return;
  while (!batches_.empty() && batches_.back().first >= row_count) batches_.pop_back();
  if (batches_.empty()) value_bytes_ = 0;
  if (!batches_.empty()) {
    Batch& last = batches_.back();
    const uint64_t kept = std::min<uint64_t>(row_count - last.first, last.batch.rows.row_count());
    last.batch.rows.set_row_count(static_cast<uint32_t>(kept));
  }
  while (!parts_.empty() && parts_.back()->base() - kOwnRowBase >= row_count) {
    parts_.back()->remove_when_unused();
    parts_.pop_back();
  }
  row_count_ = std::max(row_count, part_rows());
  if (row_count_ > row_count) {
    deletes->add_range(kOwnRowBase + row_count, kOwnRowBase + row_count_);
  }
}

void OwnRows::forget_memory() {
  batches_.clear();
  value_bytes_ = 0;
  keys_.clear();
  key_count_ = 0;
  charge_.reset();
}

bool OwnRows::wants_spill(size_t limit_bytes) const {
  return std::max<uint64_t>(charge_.size_bytes(), value_bytes_) >= limit_bytes ||
         row_count_ - part_rows() >= kMaxPartRows / 2;
}

Status OwnRows::write_parts(std::atomic<uint64_t>& next_file, uint64_t part_bytes,
                            std::vector<std::shared_ptr<ColumnPart>>* written) const {
  const std::shared_ptr<const Schema> schema(table_, &table_->schema);
  uint64_t base = kOwnRowBase + part_rows();
  std::optional<PartWriter> writer;
  uint64_t bytes = 0;
  const auto finish = [&]() -> Status {
    MOTE_ASSIGN(PartDefinition definition, writer->finish());
    writer.reset();
    bytes = 0;
    definition.base = base;
    base += definition.row_count;
    written->push_back(std::make_shared<ColumnPart>(environment_, schema, definition));
    return {};
  };
  for (const Batch& batch : batches_) {
    const uint32_t row_count = batch.batch.rows.row_count();
    const std::vector<const Column*> references = batch.batch.reference_pointers();
    for (uint32_t first = 0; first < row_count;) {
      uint32_t count = row_count - first;
      if (const uint64_t all = copied_bytes(batch.batch, first, count); bytes + all < part_bytes) {
        bytes += all;
      } else {
        for (count = 0; first + count < row_count && bytes < part_bytes; ++count) {
          bytes += copied_bytes(batch.batch, first + count, 1);
        }
      }
      if (!writer.has_value()) {
        writer.emplace(environment_, schema, next_file.fetch_add(1), EncodeOptions{}, nullptr);
      }
      MOTE_TRY(writer->append(batch.batch.rows, references, first, count));
      first += count;
      if (bytes >= part_bytes) MOTE_TRY(finish());
    }
  }
  return writer.has_value() ? finish() : Status();
}

Status OwnRows::spill(std::atomic<uint64_t>& next_file, size_t part_bytes) {
  // Parts of one size rather than a short one at the end.
  const uint64_t count = value_bytes_ / part_bytes + 1;
  std::vector<std::shared_ptr<ColumnPart>> written;
  if (Status status = write_parts(next_file, value_bytes_ / count + 1, &written); !status.ok()) {
    for (const auto& part : written) part->remove_when_unused();
    return status;
  }
  parts_.insert(parts_.end(), written.begin(), written.end());
  forget_memory();
  return {};
}

void OwnRows::abandon_parts() {
  for (const auto& part : parts_) part->remove_when_unused();
}

uint32_t OwnRows::block_count() const {
  uint32_t count = static_cast<uint32_t>(batches_.size());
  for (const auto& part : parts_) count += part->block_count();
  return count;
}

OwnRows::Place OwnRows::place_of(uint32_t block) const {
  for (const auto& part : parts_) {
    if (block < part->block_count()) return {part.get(), block};
    block -= part->block_count();
  }
  return {nullptr, block};
}

BlockSpan OwnRows::block(uint32_t block) const {
  const Place place = place_of(block);
  if (place.part == nullptr) {
    const Batch& batch = batches_[place.number];
    return {static_cast<uint32_t>(batch.first), batch.batch.rows.row_count()};
  }
  BlockSpan span = place.part->block(place.number);
  span.first += static_cast<uint32_t>(place.part->base() - kOwnRowBase);
  return span;
}

uint32_t OwnRows::block_of(RowId row) const {
  uint32_t before = 0;
  for (const auto& part : parts_) {
    if (row < part->base() + part->row_count()) return before + part->block_of(row);
    before += part->block_count();
  }
  const uint64_t relative = row - kOwnRowBase;
  const auto behind =
      std::upper_bound(batches_.begin(), batches_.end(), relative,
                       [](uint64_t at, const Batch& batch) { return at < batch.first; });
  return before + static_cast<uint32_t>(behind - batches_.begin()) - 1;
}

namespace {

Status read_blob(const PartEnvironment& environment, const Column& references, uint32_t row,
                 Column& out, uint32_t to) {
  MOTE_ASSIGN(const BlobReference reference,
              BlobReference::deserialize(references.lane<std::string_view>()[row]));
  char* const room = out.store_room(reference.size_bytes);
  MOTE_TRY(environment.blobs.read(reference, room));
  out.lane<std::string_view>()[to] = {room, reference.size_bytes};
  return {};
}

bool is_in_blob_file(const RowBatch& batch, uint32_t column, uint32_t row) {
  return column < batch.references.size() && batch.references[column].type().is(TypeKind::kBlob) &&
         !batch.references[column].is_null(row);
}

}  // namespace

Status OwnRows::read(uint32_t block, uint32_t column, Column& out) const {
  const Place place = place_of(block);
  if (place.part != nullptr) return place.part->read(place.number, column, out);
  const RowBatch& batch = batches_[place.number].batch;
  const Column& values = batch.rows.column(column);
  if (column >= batch.references.size() || !batch.references[column].type().is(TypeKind::kBlob)) {
    out = values;
    return {};
  }
  out.reset(values.type());
  const uint32_t row_count = batch.rows.row_count();
  out.copy_rows(0, values, 0, row_count);
  for (uint32_t row = 0; row < row_count; ++row) {
    if (!is_in_blob_file(batch, column, row)) continue;
    MOTE_TRY(read_blob(environment_, batch.references[column], row, out, row));
  }
  return {};
}

Status OwnRows::read_row(RowId row, uint32_t column, Column& out, uint32_t to) const {
  const uint32_t block = block_of(row);
  const Place place = place_of(block);
  if (place.part != nullptr) return place.part->read_row(row, column, out, to);
  const Batch& batch = batches_[place.number];
  const auto at = static_cast<uint32_t>(row - kOwnRowBase - batch.first);
  if (!is_in_blob_file(batch.batch, column, at)) {
    out.copy_rows(to, batch.batch.rows.column(column), at, 1);
    return {};
  }
  out.validity().set_valid(to);
  return read_blob(environment_, batch.batch.references[column], at, out, to);
}

Status OwnRows::read_references(uint32_t block, uint32_t column, Column& out) const {
  const Place place = place_of(block);
  if (place.part != nullptr) return place.part->read_references(place.number, column, out);
  const RowBatch& batch = batches_[place.number].batch;
  if (column < batch.references.size() && batch.references[column].type().is(TypeKind::kBlob)) {
    out = batch.references[column];
    return {};
  }
  out.reset(Type::blob(), /*zeroed=*/true);
  out.validity().set_all_null();
  return {};
}

namespace {

Status batch_key(const Schema& schema, const Chunk& rows, uint32_t row, std::string* key) {
  const Column* columns[kMaxKeyColumns];
  size_t count = 0;
  for (const uint32_t position : schema.primary_key) columns[count++] = &rows.column(position);
  key->clear();
  return append_key(std::span<const Column* const>(columns, count), row, key);
}

}  // namespace

void OwnRows::put_key(uint64_t hash, uint64_t row) {
  size_t at = hash & (keys_.size() - 1);
  while (keys_[at].row != 0) at = (at + 1) & (keys_.size() - 1);
  keys_[at] = {hash, row + 1};
  ++key_count_;
}

Status OwnRows::index_keys(const Batch& batch, uint32_t from_row) {
  std::string key;
  for (uint32_t row = from_row; row < batch.batch.rows.row_count(); ++row) {
    if ((key_count_ + 1) * 2 > keys_.size()) {
      const size_t size = std::max<size_t>(64, keys_.size() * 2);
      MOTE_TRY(charge_.grow(environment_.budget, (size - keys_.size()) * sizeof(KeySlot),
                            "a transaction's keys"));
      std::vector<KeySlot> before(size);
      before.swap(keys_);
      key_count_ = 0;
      for (const KeySlot& slot : before) {
        if (slot.row != 0 && slot.row <= row_count_) put_key(slot.hash, slot.row - 1);
      }
    }
    MOTE_TRY(batch_key(table_->schema, batch.batch.rows, row, &key));
    put_key(checksum(key, 0), batch.first + row);
  }
  return {};
}

Status OwnRows::key_of(uint64_t row, std::string* key) const {
  const auto behind =
      std::upper_bound(batches_.begin(), batches_.end(), row,
                       [](uint64_t at, const Batch& batch) { return at < batch.first; });
  const Batch& batch = *(behind - 1);
  return batch_key(table_->schema, batch.batch.rows, static_cast<uint32_t>(row - batch.first), key);
}

Status OwnRows::find_key(std::string_view key, std::vector<RowId>* rows) const {
  for (const auto& part : parts_) MOTE_TRY(part->find_key(key, rows));
  if (keys_.empty()) return {};
  const uint64_t hash = checksum(key, 0);
  const size_t found_before = rows->size();
  std::string other;
  for (size_t at = hash & (keys_.size() - 1); keys_[at].row != 0;
       at = (at + 1) & (keys_.size() - 1)) {
    const uint64_t row = keys_[at].row - 1;
    // A slot may be left from rows that were rolled back, whose places others have taken since.
    if (keys_[at].hash != hash || row >= row_count_ || row < part_rows()) continue;
    MOTE_TRY(key_of(row, &other));
    if (other == key) rows->push_back(kOwnRowBase + row);
  }
  const auto first = rows->begin() + static_cast<ptrdiff_t>(found_before);
  std::sort(first, rows->end());
  rows->erase(std::unique(first, rows->end()), rows->end());
  return {};
}

uint64_t PreparedTable::row_count() const {
  uint64_t count = 0;
  for (const PartDefinition& part : parts) count += part.row_count;
  for (const RowBatch& batch : batches) count += batch.rows.row_count();
  return count;
}

void PreparedCommit::encode() {
  records.clear();
  row_ids.clear();
  memtable_bytes = 0;
  for (size_t t = 0; t < tables.size(); ++t) {
    const PreparedTable& table = tables[t];
    const TableId id = table.definition->id;
    if (table.created) append_create_record(*table.definition, &records);
    uint64_t relative = 0;
    for (const PartDefinition& part : table.parts) {
      row_ids.push_back({append_adopt_record(id, part, &records), t, relative});
      relative += part.row_count;
    }
    for (const RowBatch& batch : table.batches) {
      const Schema& schema = table.definition->schema;
      row_ids.push_back({append_rows_record(id, schema, batch, &records), t, relative});
      relative += batch.rows.row_count();
      memtable_bytes += MemtableRun::append_bytes(schema, batch.rows);
    }
    if (!table.deletes.empty()) append_deletes_record(id, table.deletes, &records);
    if (table.dropped) append_drop_record(id, &records);
  }
}

size_t PreparedCommit::log_bytes() const {
  size_t bytes = records.size() + 16;
  for (const PreparedTable& table : tables) {
    if (table.part_deletes.empty()) continue;
    std::string rows;
    table.part_deletes.serialize(&rows);
    // The rows move to other places when their base is known, so containers may be split in two.
    bytes += 2 * rows.size() + RowSet::kContainerRows / 4;
  }
  return bytes;
}

}  // namespace mote
