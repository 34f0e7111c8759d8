// Whether a commit fits what was committed since its snapshot: first committer wins.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "engine/table_view.h"
#include "engine/write_set.h"

namespace mote {

// Errors: kConflict when a row to be deleted is deleted already.
Status check_deletes(const PreparedTable& table, const TableVersion& now);

// Compares the keys of the commit's own rows with those of the rows of `now` (up to `sequence`)
// that are not in its snapshot. Errors: kConstraint naming the key's values; kCorruption, kIoError.
Status check_keys_since(const PreparedTable& table, const TableVersion& now,
                        CommitSequence sequence);

// kConstraint for a key that is taken; `row` of `columns` (in key order) has it.
Status duplicate_key(const TableDefinition& table, std::span<const Column* const> columns,
                     uint32_t row);

// Calls visit(row, columns in key order, position in them, key) for rows [from, end) of a range.
using KeyVisitor = std::function<Status(RowId row, std::span<const Column* const> columns,
                                        uint32_t at, std::string_view key)>;
Status visit_keys(const Schema& schema, const RowRange& range, RowId from, RowId end,
                  const RowSet& deletes, const KeyVisitor& visit);

}  // namespace mote
