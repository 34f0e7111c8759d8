#include "engine/key_check.h"

#include <algorithm>

#include "storage/key.h"

namespace mote {

Status check_deletes(const PreparedTable& table, const TableVersion& now) {
  if (table.deletes.empty() || now.deletes.get() == table.seen_deletes) return {};
  const RowSet both = table.deletes.intersected_with(*now.deletes);
  if (both.empty()) return {};
  return conflict("table '%s': row %llu was changed or deleted by another transaction",
                  table.definition->name.c_str(),
                  static_cast<unsigned long long>(both.to_vector().front()));
}

Status duplicate_key(const TableDefinition& table, std::span<const Column* const> columns,
                     uint32_t row) {
  std::string names;
  std::string values;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) names += ", ";
    if (i > 0) values += ", ";
    names += table.schema.columns[table.schema.primary_key[i]].name;
    constexpr size_t kShownBytes = 64;
    const std::string text = columns[i]->value(row).to_text();
    values += text.size() <= kShownBytes ? text : text.substr(0, kShownBytes) + "..";
  }
  return constraint("table '%s' has a row with PRIMARY KEY (%s) = (%s) already", table.name.c_str(),
                    names.c_str(), values.c_str());
}

Status visit_keys(const Schema& schema, const RowRange& range, RowId from, RowId end,
                  const RowSet& deletes, const KeyVisitor& visit) {
  from = std::max(from, range.base());
  if (from >= end) return {};
  std::vector<Column> columns(schema.primary_key.size());
  std::vector<const Column*> pointers;
  for (const Column& column : columns) pointers.push_back(&column);
  std::string key;
  for (uint32_t block = range.block_of(from); block < range.block_count(); ++block) {
    const BlockSpan span = range.block(block);
    const RowId first = range.base() + span.first;
    if (first >= end) break;
    for (size_t i = 0; i < columns.size(); ++i) {
      MOTE_TRY(range.read(block, schema.primary_key[i], columns[i]));
    }
    for (uint32_t at = 0; at < span.row_count; ++at) {
      const RowId row = first + at;
      if (row < from || row >= end || deletes.contains(row)) continue;
      key.clear();
      MOTE_TRY(append_key(pointers, at, &key));
      MOTE_TRY(visit(row, pointers, at, key));
    }
  }
  return {};
}

namespace {

// Looks for the keys of `from`'s rows [from_row, from_end) in the rows [in_row, in_end) of `in`.
Status compare_keys(const TableDefinition& table, const RowRange& from, RowId from_row,
                    RowId from_end, const RowSet& from_deletes, const RowRange& in, RowId in_row,
                    RowId in_end, const RowSet& in_deletes) {
  std::vector<RowId> found;
  return visit_keys(table.schema, from, from_row, from_end, from_deletes,
                    [&](RowId, std::span<const Column* const> columns, uint32_t at,
                        std::string_view key) -> Status {
                      found.clear();
                      MOTE_TRY(in.find_key(key, &found));
                      for (const RowId row : found) {
                        if (row >= in_row && row < in_end && !in_deletes.contains(row)) {
                          return duplicate_key(table, columns, at);
                        }
                      }
                      return {};
                    });
}

}  // namespace

Status check_keys_since(const PreparedTable& table, const TableVersion& now,
                        CommitSequence sequence) {
  if (table.own_rows == nullptr) return {};
  const RowRange& own = *table.own_rows;
  const RowId own_end = own.base() + own.row_count();
  for (size_t i = now.ranges.size(); i-- > 0;) {
    const RowRange& range = *now.ranges[i];
    const uint64_t rows =
        now.runs[i] != nullptr ? now.runs[i]->visible_rows(sequence) : range.row_count();
    const RowId end = range.base() + rows;
    if (end <= table.seen_rows_end) {
      // Runs without visible rows end where they begin; what is before this one may be unseen.
      if (rows > 0) break;
      continue;
    }
    const RowId since = std::max(table.seen_rows_end, range.base());
    // The fewer rows are looked up among the others.
    if (end - since < own.row_count()) {
      MOTE_TRY(compare_keys(*table.definition, range, since, end, *now.deletes, own, own.base(),
                            own_end, table.own_deletes));
    } else {
      MOTE_TRY(compare_keys(*table.definition, own, own.base(), own_end, table.own_deletes, range,
                            since, end, *now.deletes));
    }
  }
  return {};
}

}  // namespace mote
