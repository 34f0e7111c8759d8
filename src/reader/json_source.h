// read_json: one JSON object a line, its members as columns.
#pragma once

#include "reader/row_source.h"

namespace mote {

// arguments: [file]. The columns are the members' names in the order of their first appearance in
// the file; a member that a line lacks is NULL there. Numbers are INTEGER when all are whole, else
// FLOAT; true and false are BOOLEAN; strings are TEXT, or TIMESTAMP when all are ISO times; objects
// and arrays are TEXT, as they are written. Members of differing kinds make TEXT.
// Options: types, names (a selection of members, with the types given), sample_rows (0: all),
// row_number (false).
Result<std::unique_ptr<RowSource>> open_json(Env& env, const FileAccess& files,
                                             const std::string& file,
                                             std::span<const SourceOption> options,
                                             MemoryBudget& budget);

}  // namespace mote
