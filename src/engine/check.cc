#include "engine/key_check.h"
#include "engine/maintenance.h"

namespace mote {

namespace {

Status check_table(const TableVersion& table, CommitSequence sequence,
                   std::vector<std::string>* problems) {
  const std::string& name = table.definition->name;
  const TableView view(table, sequence, nullptr, nullptr);
  RowId end = 0;
  for (uint32_t i = 0; i < view.range_count(); ++i) {
    const RowRange& range = view.range(i);
    if (range.base() < end) {
      problems->push_back(format_text("table '%s': two ranges have row %llu", name.c_str(),
                                      static_cast<unsigned long long>(range.base())));
    }
    end = range.base() + range.row_count();
    if (table.runs[i] != nullptr) continue;
    const Status verified = static_cast<const ColumnPart&>(range).verify(problems);
    if (!verified.ok()) problems->push_back(verified.message());
  }
  if (table.definition->schema.primary_key.empty()) return {};
  // Each visible key leads to its row and to no other.
  for (uint32_t i = 0; i < view.range_count(); ++i) {
    const RowRange& range = view.range(i);
    const Status visited = visit_keys(
        table.definition->schema, range, range.base(), range.base() + view.visible_rows(i),
        *table.deletes,
        [&](RowId row, std::span<const Column* const>, uint32_t, std::string_view key) -> Status {
          MOTE_ASSIGN(const std::optional<RowId> found, view.find_key(key));
          if (found == row) return {};
          problems->push_back(format_text(
              "table '%s': the PRIMARY KEY of row %llu leads to %s", name.c_str(),
              static_cast<unsigned long long>(row),
              found.has_value()
                  ? format_text("row %llu", static_cast<unsigned long long>(*found)).c_str()
                  : "no row"));
          return {};
        });
    if (!visited.ok()) problems->push_back(visited.message());
  }
  return {};
}

}  // namespace

Status check_database(Core& core, std::vector<std::string>* problems) {
  const VersionPin pin = core.versions.pin();
  const CommitSequence sequence = pin->visible.load();
  for (const auto& table : pin->tables) MOTE_TRY(check_table(*table, sequence, problems));
  return {};
}

}  // namespace mote
