#include "catalog/catalog.h"

#include <algorithm>

namespace mote {

void TableDefinition::serialize(std::string* out) const {
  ByteWriter writer(out);
  writer.varint(id);
  writer.text(name);
  schema.serialize(out);
}

Result<std::shared_ptr<const TableDefinition>> TableDefinition::deserialize(ByteReader& reader) {
  auto table = std::make_shared<TableDefinition>();
  const uint64_t id = reader.varint();
  table->name = std::string(reader.text());
  if (reader.failed() || id == 0 || id > kMaxTables || table->name.empty()) {
    return corruption("table definition: id %llu, name of %zu bytes",
                      static_cast<unsigned long long>(id), table->name.size());
  }
  table->id = static_cast<TableId>(id);
  MOTE_ASSIGN(table->schema, Schema::deserialize(reader));
  return std::shared_ptr<const TableDefinition>(std::move(table));
}

const TableDefinition* Catalog::find(std::string_view name) const {
  const auto found = by_name_.find(fold_name(name));
  return found == by_name_.end() ? nullptr : found->second.get();
}

const TableDefinition* Catalog::find(TableId id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second.get();
}

std::shared_ptr<const TableDefinition> Catalog::share(TableId id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

std::vector<const TableDefinition*> Catalog::tables() const {
  std::vector<const TableDefinition*> tables;
  for (const auto& [name, table] : by_name_) tables.push_back(table.get());
  return tables;
}

namespace {

Status validate_columns(const TableDefinition& table) {
  const auto& columns = table.schema.columns;
  if (columns.empty()) return invalid_argument("table '%s' has no columns", table.name.c_str());
  if (columns.size() > kMaxColumns) {
    return limit_exceeded("table '%s' has %zu columns; the limit is %u", table.name.c_str(),
                          columns.size(), kMaxColumns);
  }
  std::vector<std::string> names;
  for (const ColumnDefinition& column : columns) {
    if (column.name.empty() || column.name.size() > kMaxNameBytes) {
      return limit_exceeded("a column's name has %zu bytes; names have 1 to %u", column.name.size(),
                            kMaxNameBytes);
    }
    names.push_back(fold_name(column.name));
  }
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) {
    return invalid_argument("table '%s' has two columns '%s'", table.name.c_str(), twice->c_str());
  }
  return {};
}

bool can_be_key(TypeKind kind) {
  switch (kind) {
    case TypeKind::kBoolean:
    case TypeKind::kInteger:
    case TypeKind::kFloat4:
    case TypeKind::kFloat:
    case TypeKind::kText:
    case TypeKind::kBlob:
    case TypeKind::kTimestamp: return true;
    default: return false;
  }
}

Status validate_key(const TableDefinition& table) {
  const Schema& schema = table.schema;
  if (schema.primary_key.size() > kMaxKeyColumns) {
    return limit_exceeded("PRIMARY KEY of '%s' has %zu columns; the limit is %u",
                          table.name.c_str(), schema.primary_key.size(), kMaxKeyColumns);
  }
  std::vector<bool> seen(schema.columns.size(), false);
  for (const uint32_t position : schema.primary_key) {
    if (position >= schema.columns.size()) {
      return invalid_argument("PRIMARY KEY of '%s' names a column that is not there",
                              table.name.c_str());
    }
    const ColumnDefinition& column = schema.columns[position];
    if (seen[position]) {
      return invalid_argument("PRIMARY KEY of '%s' names column '%s' twice", table.name.c_str(),
                              column.name.c_str());
    }
    seen[position] = true;
    if (!can_be_key(column.type.kind)) {
      return invalid_argument("column '%s' of type %s can not be in a PRIMARY KEY",
                              column.name.c_str(), column.type.name().c_str());
    }
  }
  return {};
}

// Levenshtein distance, given up above 3.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

}  // namespace

Status Catalog::add(std::shared_ptr<const TableDefinition> table) {
  if (table->name.empty() || table->name.size() > kMaxNameBytes) {
    return limit_exceeded("a table's name has %zu bytes; names have 1 to %u", table->name.size(),
                          kMaxNameBytes);
  }
  if (find(table->name) != nullptr) {
    return invalid_argument("table '%s' is there already", table->name.c_str());
  }
  MOTE_TRY(validate_columns(*table));
  MOTE_TRY(validate_key(*table));
  by_name_[fold_name(table->name)] = table;
  by_id_[table->id] = std::move(table);
  return {};
}

Result<std::shared_ptr<const Catalog>> Catalog::of(
    const std::vector<std::shared_ptr<const TableDefinition>>& tables) {
  auto catalog = std::make_shared<Catalog>();
  for (const auto& table : tables) MOTE_TRY(catalog->add(table));
  return std::shared_ptr<const Catalog>(std::move(catalog));
}

Result<std::shared_ptr<const Catalog>> Catalog::with_table(
    std::shared_ptr<const TableDefinition> table) const {
  auto changed = std::make_shared<Catalog>(*this);
  MOTE_TRY(changed->add(std::move(table)));
  return std::shared_ptr<const Catalog>(std::move(changed));
}

Result<std::shared_ptr<const Catalog>> Catalog::without_table(TableId id) const {
  const TableDefinition* table = find(id);
  if (table == nullptr) return not_found("no table with id %u", id);
  auto changed = std::make_shared<Catalog>(*this);
  changed->by_name_.erase(fold_name(table->name));
  changed->by_id_.erase(id);
  return std::shared_ptr<const Catalog>(std::move(changed));
}

Status Catalog::no_such_table(std::string_view name) const {
  const std::string folded = fold_name(name);
  const std::string shown(name.substr(0, kMaxNameBytes));
  const std::string* nearest = nullptr;
  size_t best = 3;
  for (const auto& [other, table] : by_name_) {
    if (folded.size() > kMaxNameBytes) break;
    const size_t distance = edit_distance(folded, other);
    if (distance < best) {
      best = distance;
      nearest = &table->name;
    }
  }
  if (nearest != nullptr) {
    return not_found("no table '%s'; did you mean '%s'?", shown.c_str(), nearest->c_str());
  }
  return not_found("no table '%s'", shown.c_str());
}

}  // namespace mote
