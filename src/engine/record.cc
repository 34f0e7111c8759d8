#include "engine/record.h"

namespace mote {

namespace {

constexpr uint8_t kHasNulls = 1;
constexpr uint8_t kHasReferences = 2;

size_t bitmap_bytes(uint32_t row_count) { return (row_count + 7) / 8; }

void append_bitmap(const Validity& validity, uint32_t row_count, ByteWriter& writer) {
  char bytes[kChunkRows / 8];
  for (uint32_t w = 0; w * 64 < row_count; ++w) store_fixed(bytes + w * 8, validity.word(w));
  writer.bytes({bytes, bitmap_bytes(row_count)});
}

// Bits behind row_count are ignored.
bool read_bitmap(ByteReader& reader, uint32_t row_count, Validity* validity) {
  const std::string_view bytes = reader.bytes(bitmap_bytes(row_count));
  if (reader.failed()) return false;
  char padded[kChunkRows / 8] = {};
  std::memcpy(padded, bytes.data(), bytes.size());
  for (uint32_t w = 0; w < Validity::kWords; ++w) {
    validity->set_word(w, load_fixed<uint64_t>(padded + w * 8));
  }
  return true;
}

void append_lanes(const Column& column, uint32_t row_count, ByteWriter& writer) {
  const LaneKind kind = lane_kind(column.type().kind);
  if (kind == LaneKind::kBytes) {
    const auto* values = column.lane<std::string_view>();
    for (uint32_t row = 0; row < row_count; ++row) writer.varint(values[row].size());
    for (uint32_t row = 0; row < row_count; ++row) writer.bytes(values[row]);
    return;
  }
  const size_t size = static_cast<size_t>(lane_entry_bytes(kind)) * row_count;
  for (uint32_t lane = 0; lane < lane_count(column.type().kind); ++lane) {
    writer.bytes({column.lane<char>(lane), size});
  }
}

void append_column(const Column& column, const Column* references, uint32_t row_count,
                   ByteWriter& writer) {
  uint8_t flags = 0;
  if (column.validity().null_count(row_count) > 0) flags |= kHasNulls;
  if (references != nullptr && references->validity().null_count(row_count) < row_count) {
    flags |= kHasReferences;
  }
  writer.fixed(flags);
  if ((flags & kHasNulls) != 0) append_bitmap(column.validity(), row_count, writer);
  append_lanes(column, row_count, writer);
  if ((flags & kHasReferences) != 0) {
    append_bitmap(references->validity(), row_count, writer);
    for (uint32_t row = 0; row < row_count; ++row) {
      if (!references->is_null(row)) writer.bytes(references->lane<std::string_view>()[row]);
    }
  }
}

bool read_bytes_lane(ByteReader& reader, uint32_t row_count, Column* column) {
  uint64_t sizes[kChunkRows];
  uint64_t total = 0;
  for (uint32_t row = 0; row < row_count; ++row) {
    sizes[row] = reader.varint();
    if (sizes[row] > kMaxValueBytes) return false;
    total += sizes[row];
  }
  if (reader.failed() || total > reader.remaining()) return false;
  auto* values = column->lane<std::string_view>();
  for (uint32_t row = 0; row < row_count; ++row) {
    values[row] = column->store(reader.bytes(sizes[row]));
  }
  const Type& type = column->type();
  if (!type.is(TypeKind::kVector)) return true;
  const size_t expected = static_cast<size_t>(type.dimension) * element_bytes(type.element);
  for (uint32_t row = 0; row < row_count; ++row) {
    if (!column->is_null(row) && values[row].size() != expected) return false;
  }
  return true;
}

bool read_lanes(ByteReader& reader, uint32_t row_count, Column* column) {
  const LaneKind kind = lane_kind(column->type().kind);
  if (kind == LaneKind::kBytes) return read_bytes_lane(reader, row_count, column);
  const size_t size = static_cast<size_t>(lane_entry_bytes(kind)) * row_count;
  for (uint32_t lane = 0; lane < lane_count(column->type().kind); ++lane) {
    const std::string_view bytes = reader.bytes(size);
    if (reader.failed()) return false;
    std::memcpy(column->lane<char>(lane), bytes.data(), size);
    if (kind == LaneKind::kBool) {
      for (const char byte : bytes) {
        if (static_cast<uint8_t>(byte) > 1) return false;
      }
    }
  }
  return true;
}

bool read_references(ByteReader& reader, uint32_t row_count, Column* references) {
  references->reset(Type::blob(), /*zeroed=*/true);
  if (!read_bitmap(reader, row_count, &references->validity())) return false;
  for (uint32_t row = 0; row < row_count; ++row) {
    if (references->is_null(row)) continue;
    const std::string_view bytes = reader.bytes(BlobReference::kBytes);
    if (reader.failed()) return false;
    references->lane<std::string_view>()[row] = references->store(bytes);
  }
  return true;
}

bool read_column(ByteReader& reader, uint32_t row_count, Type type, uint32_t position,
                 RowBatch* batch) {
  const uint8_t flags = reader.fixed<uint8_t>();
  if (reader.failed() || flags > (kHasNulls | kHasReferences)) return false;
  Column& column = batch->rows.column(position);
  if ((flags & kHasNulls) != 0 && !read_bitmap(reader, row_count, &column.validity())) {
    return false;
  }
  if (!read_lanes(reader, row_count, &column)) return false;
  if ((flags & kHasReferences) == 0) return true;
  if (!type.is(TypeKind::kText) && !type.is(TypeKind::kBlob)) return false;
  if (batch->references.empty()) batch->references.resize(batch->rows.column_count());
  return read_references(reader, row_count, &batch->references[position]);
}

Status read_rows_record(ByteReader& reader, RecordVisitor& visitor) {
  const TableId table = static_cast<TableId>(reader.varint());
  const RowId first = reader.fixed<uint64_t>();
  const std::string_view body = reader.text();
  if (reader.failed()) return corruption("log record of rows: cut short");
  const std::shared_ptr<const Schema> schema = visitor.schema_of(table);
  if (schema == nullptr) return {};
  ByteReader columns(body);
  const uint64_t row_count = columns.varint();
  if (columns.failed() || row_count == 0 || row_count > kChunkRows || first > kMaxRowId) {
    return corruption("log record of rows: table %u, %llu rows", table,
                      static_cast<unsigned long long>(row_count));
  }
  RowBatch batch;
  const std::vector<Type> types = schema->types();
  batch.rows.reset(types);
  for (uint32_t position = 0; position < types.size(); ++position) {
    if (!read_column(columns, static_cast<uint32_t>(row_count), types[position], position,
                     &batch)) {
      return corruption("log record of rows: table %u, column '%s' does not fit its type", table,
                        schema->columns[position].name.c_str());
    }
  }
  if (columns.remaining() != 0) {
    return corruption("log record of rows: table %u, %zu bytes too many", table,
                      columns.remaining());
  }
  batch.rows.set_row_count(static_cast<uint32_t>(row_count));
  return visitor.rows(table, first, batch);
}

Status read_adopt_record(ByteReader& reader, RecordVisitor& visitor) {
  const TableId table = static_cast<TableId>(reader.varint());
  const RowId base = reader.fixed<uint64_t>();
  MOTE_ASSIGN(PartDefinition part, PartDefinition::deserialize(reader));
  part.base = base;
  return visitor.adopt_part(table, part);
}

Status read_record(RecordKind kind, ByteReader& reader, RecordVisitor& visitor) {
  switch (kind) {
    case RecordKind::kEnd: return visitor.end_commit();
    case RecordKind::kRows: return read_rows_record(reader, visitor);
    case RecordKind::kDeletes: {
      const TableId table = static_cast<TableId>(reader.varint());
      MOTE_ASSIGN(RowSet rows, RowSet::deserialize(reader.text()));
      return visitor.deletes(table, std::move(rows));
    }
    case RecordKind::kCreateTable: {
      MOTE_ASSIGN(auto table, TableDefinition::deserialize(reader));
      return visitor.create_table(std::move(table));
    }
    case RecordKind::kDropTable: return visitor.drop_table(static_cast<TableId>(reader.varint()));
    case RecordKind::kAdoptPart: return read_adopt_record(reader, visitor);
  }
  return corruption("log record of unknown kind %u", static_cast<unsigned>(kind));
}

}  // namespace

std::vector<const Column*> RowBatch::reference_pointers() const {
  std::vector<const Column*> pointers(rows.column_count(), nullptr);
  for (size_t i = 0; i < references.size(); ++i) {
    if (!references[i].type().is(TypeKind::kNull)) pointers[i] = &references[i];
  }
  return pointers;
}

void append_end_record(std::string* out) {
  ByteWriter(out).fixed(static_cast<uint8_t>(RecordKind::kEnd));
}

size_t append_rows_record(TableId table, const Schema& schema, const RowBatch& batch,
                          std::string* out) {
  ByteWriter writer(out);
  writer.fixed(static_cast<uint8_t>(RecordKind::kRows));
  writer.varint(table);
  const size_t row_id_at = out->size();
  writer.fixed(uint64_t{0});
  std::string body;
  ByteWriter columns(&body);
  const uint32_t row_count = batch.rows.row_count();
  columns.varint(row_count);
  const std::vector<const Column*> references = batch.reference_pointers();
  for (uint32_t position = 0; position < schema.columns.size(); ++position) {
    append_column(batch.rows.column(position), references[position], row_count, columns);
  }
  writer.text(body);
  return row_id_at;
}

void append_deletes_record(TableId table, const RowSet& rows, std::string* out) {
  ByteWriter writer(out);
  writer.fixed(static_cast<uint8_t>(RecordKind::kDeletes));
  writer.varint(table);
  std::string bytes;
  rows.serialize(&bytes);
  writer.text(bytes);
}

void append_create_record(const TableDefinition& table, std::string* out) {
  ByteWriter(out).fixed(static_cast<uint8_t>(RecordKind::kCreateTable));
  table.serialize(out);
}

void append_drop_record(TableId table, std::string* out) {
  ByteWriter writer(out);
  writer.fixed(static_cast<uint8_t>(RecordKind::kDropTable));
  writer.varint(table);
}

size_t append_adopt_record(TableId table, const PartDefinition& part, std::string* out) {
  ByteWriter writer(out);
  writer.fixed(static_cast<uint8_t>(RecordKind::kAdoptPart));
  writer.varint(table);
  const size_t base_at = out->size();
  writer.fixed(uint64_t{0});
  part.serialize(out);
  return base_at;
}

Status read_records(std::string_view payload, RecordVisitor& visitor) {
  ByteReader reader(payload);
  while (reader.remaining() > 0) {
    const auto kind = static_cast<RecordKind>(reader.fixed<uint8_t>());
    MOTE_TRY(read_record(kind, reader, visitor));
    if (reader.failed()) {
      return corruption("log record of kind %u: cut short", static_cast<unsigned>(kind));
    }
  }
  return {};
}

}  // namespace mote
