// read_npy: an array of a NumPy .npy file as rows.
#pragma once

#include "reader/row_source.h"

namespace mote {

// arguments: [file]. Columns: `row`, counting from 0; then `value` for an array of one dimension,
// c0, c1, .. for more (all but the first dimension are columns, the last running fastest), or the
// fields of a structured type, a field that is an array itself as name_0, name_1, ..
// Types: b BOOLEAN; i, u INTEGER (u8 above i64's maximum is an error); f2, f4 FLOAT4; f8 FLOAT; S
// and V BLOB, all of their bytes; U TEXT; M TIMESTAMP and m INTERVAL (NaT is NULL). No options.
Result<std::unique_ptr<RowSource>> open_npy(Env& env, const FileAccess& files,
                                            const std::string& file,
                                            std::span<const SourceOption> options,
                                            MemoryBudget& budget);

}  // namespace mote
