#include "storage/manifest_record.h"

#include "base/coding.h"
#include "base/limits.h"

namespace mote {

namespace {

// What an edit changes, in front of each change. The numbers are in files and never change.
enum class Field : uint8_t {
  kEnd = 0,
  kEpoch = 1,
  kLogFloor = 2,
  kSequence = 3,
  kNextFile = 4,
  kNextBlobFile = 5,
  kNextTable = 6,
  kPutTable = 7,
  kDropTable = 8,
  kNextRow = 9,
  kRemovePart = 10,
  kAddPart = 11,
  kDeletes = 12,
  kClosedEpoch = 13,
};

void put_number(ByteWriter& writer, Field field, uint64_t value) {
  writer.fixed(field);
  writer.varint(value);
}

template <typename T>
void put_optional(ByteWriter& writer, Field field, const std::optional<T>& value) {
  if (value.has_value()) put_number(writer, field, *value);
}

uint32_t take_u32(ByteReader& reader) {
  const uint64_t value = reader.varint();
  if (value > UINT32_MAX) reader.fail();
  return static_cast<uint32_t>(value);
}

RowId take_row(ByteReader& reader) {
  const uint64_t value = reader.varint();
  if (value > kMaxRowId + 1) reader.fail();
  return value;
}

Status check_ranges(uint32_t id, const TableState& table) {
  RowId end = 0;
  for (const auto& [base, part] : table.parts) {
    if (base < end) {
      return corruption("manifest: parts of table %u overlap at row %llu", id,
                        static_cast<unsigned long long>(base));
    }
    end = base + part.row_count;
  }
  return {};
}

Result<TableState*> find_table(ManifestState* state, uint32_t id) {
  const auto found = state->tables.find(id);
  if (found != state->tables.end()) return &found->second;
  return corruption("manifest: an edit names table %u, which does not exist", id);
}

template <typename T>
Status raise(const char* what, const std::optional<T>& value, T* out) {
  if (!value.has_value()) return {};
  if (*value < *out) {
    return corruption("manifest: an edit sets %s to %llu, below %llu", what,
                      static_cast<unsigned long long>(*value),
                      static_cast<unsigned long long>(*out));
  }
  *out = *value;
  return {};
}

}  // namespace

void PartDefinition::serialize(std::string* out) const {
  ByteWriter writer(out);
  writer.varint(file);
  writer.varint(base);
  writer.varint(row_count);
  writer.varint(file_bytes);
  writer.varint(footer_offset);
  writer.fixed(footer_checksum);
}

Result<PartDefinition> PartDefinition::deserialize(ByteReader& reader) {
  PartDefinition part;
  part.file = reader.varint();
  part.base = reader.varint();
  part.row_count = take_u32(reader);
  part.file_bytes = reader.varint();
  part.footer_offset = reader.varint();
  part.footer_checksum = reader.fixed<uint64_t>();
  if (reader.failed()) return corruption("a part's definition ends early");
  if (part.row_count == 0 || part.row_count > kMaxPartRows || part.base > kMaxRowId ||
      part.footer_offset >= part.file_bytes) {
    return corruption("part %llu is defined with base %llu, %u rows, %llu bytes, footer at %llu",
                      static_cast<unsigned long long>(part.file),
                      static_cast<unsigned long long>(part.base), part.row_count,
                      static_cast<unsigned long long>(part.file_bytes),
                      static_cast<unsigned long long>(part.footer_offset));
  }
  return part;
}

void serialize_state(const ManifestState& state, std::string* out) {
  ByteWriter writer(out);
  writer.varint(state.epoch);
  writer.varint(state.log_floor);
  writer.varint(state.sequence);
  writer.varint(state.next_file);
  writer.varint(state.next_blob_file);
  writer.varint(state.next_table);
  writer.varint(state.closed_epoch);
  writer.varint(state.tables.size());
  for (const auto& [id, table] : state.tables) {
    writer.varint(id);
    writer.text(table.definition);
    writer.varint(table.next_row);
    writer.varint(table.deletes_file);
    writer.fixed(table.deletes_checksum);
    writer.varint(table.parts.size());
    for (const auto& [base, part] : table.parts) part.serialize(out);
  }
}

Result<ManifestState> deserialize_state(std::string_view bytes) {
  ByteReader reader(bytes);
  ManifestState state;
  state.epoch = take_u32(reader);
  state.log_floor = reader.varint();
  state.sequence = reader.varint();
  state.next_file = reader.varint();
  state.next_blob_file = take_u32(reader);
  state.next_table = take_u32(reader);
  state.closed_epoch = take_u32(reader);
  constexpr size_t kLeastTableBytes = 13;
  constexpr size_t kLeastPartBytes = 13;
  for (uint64_t tables = reader.count(kLeastTableBytes); tables > 0; --tables) {
    const uint32_t id = take_u32(reader);
    TableState table;
    table.definition = reader.text();
    table.next_row = take_row(reader);
    table.deletes_file = reader.varint();
    table.deletes_checksum = reader.fixed<uint64_t>();
    for (uint64_t parts = reader.count(kLeastPartBytes); parts > 0; --parts) {
      MOTE_ASSIGN(const PartDefinition part, PartDefinition::deserialize(reader));
      table.parts.emplace(part.base, part);
    }
    MOTE_TRY(check_ranges(id, table));
    if (!state.tables.emplace(id, std::move(table)).second) {
      return corruption("manifest: table %u is there twice", id);
    }
  }
  if (reader.failed() || reader.remaining() != 0) {
    return corruption("manifest: the state has %zu bytes, which are too few or too many",
                      bytes.size());
  }
  return state;
}

void serialize_edit(const ManifestEdit& edit, std::string* out) {
  ByteWriter writer(out);
  put_optional(writer, Field::kEpoch, edit.epoch);
  put_optional(writer, Field::kClosedEpoch, edit.closed_epoch);
  put_optional(writer, Field::kLogFloor, edit.log_floor);
  put_optional(writer, Field::kSequence, edit.sequence);
  put_optional(writer, Field::kNextFile, edit.next_file);
  put_optional(writer, Field::kNextBlobFile, edit.next_blob_file);
  put_optional(writer, Field::kNextTable, edit.next_table);
  for (const auto& table : edit.put_tables) {
    put_number(writer, Field::kPutTable, table.id);
    writer.text(table.definition);
  }
  for (const uint32_t id : edit.drop_tables) put_number(writer, Field::kDropTable, id);
  for (const auto& next : edit.next_rows) {
    put_number(writer, Field::kNextRow, next.table);
    writer.varint(next.next_row);
  }
  for (const auto& part : edit.remove_parts) {
    put_number(writer, Field::kRemovePart, part.table);
    part.definition.serialize(out);
  }
  for (const auto& part : edit.add_parts) {
    put_number(writer, Field::kAddPart, part.table);
    part.definition.serialize(out);
  }
  for (const auto& deletes : edit.deletes) {
    put_number(writer, Field::kDeletes, deletes.table);
    writer.varint(deletes.file);
    writer.fixed(deletes.checksum);
  }
  writer.fixed(Field::kEnd);
}

namespace {

// Reads one change. `field` is neither kEnd nor, when it names a number, followed by anything else.
Status take_field(Field field, ByteReader& reader, ManifestEdit* edit) {
  switch (field) {
    case Field::kEnd: break;
    case Field::kEpoch: edit->epoch = take_u32(reader); return {};
    case Field::kClosedEpoch: edit->closed_epoch = take_u32(reader); return {};
    case Field::kLogFloor: edit->log_floor = reader.varint(); return {};
    case Field::kSequence: edit->sequence = reader.varint(); return {};
    case Field::kNextFile: edit->next_file = reader.varint(); return {};
    case Field::kNextBlobFile: edit->next_blob_file = take_u32(reader); return {};
    case Field::kNextTable: edit->next_table = take_u32(reader); return {};
    case Field::kPutTable: {
      const uint32_t id = take_u32(reader);
      edit->put_tables.push_back({id, std::string(reader.text())});
      return {};
    }
    case Field::kDropTable: edit->drop_tables.push_back(take_u32(reader)); return {};
    case Field::kNextRow: {
      const uint32_t id = take_u32(reader);
      edit->next_rows.push_back({id, take_row(reader)});
      return {};
    }
    case Field::kRemovePart:
    case Field::kAddPart: {
      const uint32_t id = take_u32(reader);
      MOTE_ASSIGN(const PartDefinition part, PartDefinition::deserialize(reader));
      (field == Field::kAddPart ? edit->add_parts : edit->remove_parts).push_back({id, part});
      return {};
    }
    case Field::kDeletes: {
      const uint32_t id = take_u32(reader);
      const uint64_t file = reader.varint();
      edit->deletes.push_back({id, file, reader.fixed<uint64_t>()});
      return {};
    }
  }
  return corruption("manifest: an edit has a field of unknown kind %u",
                    static_cast<unsigned>(field));
}

}  // namespace

Result<ManifestEdit> deserialize_edit(std::string_view bytes) {
  ByteReader reader(bytes);
  ManifestEdit edit;
  for (;;) {
    const auto field = reader.fixed<Field>();
    if (reader.failed()) return corruption("manifest: an edit ends early");
    if (field == Field::kEnd) break;
    MOTE_TRY(take_field(field, reader, &edit));
    if (reader.failed()) return corruption("manifest: an edit ends early");
  }
  if (reader.remaining() != 0) {
    return corruption("manifest: an edit has %zu bytes behind its end", reader.remaining());
  }
  return edit;
}

namespace {

Status apply_parts(const ManifestEdit& edit, ManifestState* state) {
  for (const auto& removed : edit.remove_parts) {
    MOTE_ASSIGN(TableState* const table, find_table(state, removed.table));
    const auto found = table->parts.find(removed.definition.base);
    if (found == table->parts.end() || found->second.file != removed.definition.file) {
      return corruption("manifest: an edit removes part %llu of table %u, which is not there",
                        static_cast<unsigned long long>(removed.definition.file), removed.table);
    }
    table->parts.erase(found);
  }
  std::set<uint32_t> changed;
  for (const auto& added : edit.add_parts) {
    MOTE_ASSIGN(TableState* const table, find_table(state, added.table));
    if (!table->parts.emplace(added.definition.base, added.definition).second) {
      return corruption("manifest: parts of table %u overlap at row %llu", added.table,
                        static_cast<unsigned long long>(added.definition.base));
    }
    changed.insert(added.table);
  }
  for (const uint32_t id : changed) MOTE_TRY(check_ranges(id, state->tables[id]));
  return {};
}

}  // namespace

Status apply_edit(const ManifestEdit& edit, ManifestState* state) {
  MOTE_TRY(raise("the epoch", edit.epoch, &state->epoch));
  MOTE_TRY(raise("the closed epoch", edit.closed_epoch, &state->closed_epoch));
  MOTE_TRY(raise("the log's floor", edit.log_floor, &state->log_floor));
  MOTE_TRY(raise("the commit sequence", edit.sequence, &state->sequence));
  MOTE_TRY(raise("the next file", edit.next_file, &state->next_file));
  MOTE_TRY(raise("the next blob file", edit.next_blob_file, &state->next_blob_file));
  MOTE_TRY(raise("the next table", edit.next_table, &state->next_table));
  for (const auto& table : edit.put_tables) {
    state->tables[table.id].definition = table.definition;
  }
  for (const uint32_t id : edit.drop_tables) {
    if (state->tables.erase(id) == 0) {
      return corruption("manifest: an edit drops table %u, which does not exist", id);
    }
  }
  for (const auto& next : edit.next_rows) {
    MOTE_ASSIGN(TableState* const table, find_table(state, next.table));
    MOTE_TRY(raise("a table's next row", std::optional(next.next_row), &table->next_row));
  }
  MOTE_TRY(apply_parts(edit, state));
  for (const auto& deletes : edit.deletes) {
    MOTE_ASSIGN(TableState* const table, find_table(state, deletes.table));
    table->deletes_file = deletes.file;
    table->deletes_checksum = deletes.checksum;
  }
  return {};
}

}  // namespace mote
