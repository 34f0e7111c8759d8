#include "types/schema.h"

#include "base/limits.h"

namespace mote {

std::string fold_name(std::string_view name) {
  std::string folded(name);
  for (char& c : folded) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return folded;
}

bool same_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  const auto fold = [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; };
  for (size_t i = 0; i < a.size(); ++i) {
    if (fold(a[i]) != fold(b[i])) return false;
  }
  return true;
}

std::optional<uint32_t> Schema::find(std::string_view name) const {
  for (uint32_t position = 0; position < columns.size(); ++position) {
    if (same_name(columns[position].name, name)) return position;
  }
  return std::nullopt;
}

std::vector<Type> Schema::types() const {
  std::vector<Type> types;
  types.reserve(columns.size());
  for (const ColumnDefinition& column : columns) types.push_back(column.type);
  return types;
}

void Schema::serialize(std::string* out) const {
  ByteWriter writer(out);
  writer.varint(columns.size());
  for (const ColumnDefinition& column : columns) {
    writer.text(column.name);
    writer.fixed(static_cast<uint8_t>(column.type.kind));
    writer.fixed(static_cast<uint8_t>(column.type.element));
    writer.varint(column.type.dimension);
    writer.fixed(static_cast<uint8_t>(column.not_null ? 1 : 0));
    writer.text(column.default_sql);
  }
  writer.varint(primary_key.size());
  for (const uint32_t position : primary_key) writer.varint(position);
}

namespace {

Result<ColumnDefinition> read_column(ByteReader& reader) {
  ColumnDefinition column;
  column.name = std::string(reader.text());
  const uint8_t kind = reader.fixed<uint8_t>();
  const uint8_t element = reader.fixed<uint8_t>();
  const uint64_t dimension = reader.varint();
  const uint8_t not_null = reader.fixed<uint8_t>();
  column.default_sql = std::string(reader.text());
  const bool is_vector = kind == static_cast<uint8_t>(TypeKind::kVector);
  if (reader.failed() || kind == 0 || kind >= kTypeKindCount || element > 2 || not_null > 1 ||
      dimension > kMaxVectorDimension || is_vector != (dimension > 0) || column.name.empty() ||
      column.name.size() > kMaxNameBytes) {
    return corruption("schema: column '%.40s' is malformed", column.name.c_str());
  }
  column.type = Type{static_cast<TypeKind>(kind), static_cast<VectorElement>(element),
                     static_cast<uint32_t>(dimension)};
  column.not_null = not_null == 1;
  return column;
}

}  // namespace

Result<Schema> Schema::deserialize(ByteReader& reader) {
  Schema schema;
  const uint64_t columns = reader.count(6);
  if (columns == 0 || columns > kMaxColumns) {
    return corruption("schema: %llu columns; tables have 1 to %u",
                      static_cast<unsigned long long>(columns), kMaxColumns);
  }
  for (uint64_t i = 0; i < columns; ++i) {
    MOTE_ASSIGN(ColumnDefinition column, read_column(reader));
    schema.columns.push_back(std::move(column));
  }
  const uint64_t keys = reader.count(1);
  for (uint64_t i = 0; i < keys; ++i) {
    const uint64_t position = reader.varint();
    if (position >= columns) return corruption("schema: the key names a column that is not there");
    schema.primary_key.push_back(static_cast<uint32_t>(position));
  }
  if (reader.failed() || keys > kMaxKeyColumns) return corruption("schema: the key is malformed");
  return schema;
}

}  // namespace mote
