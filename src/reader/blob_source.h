// read_blob: whole files as rows.
#pragma once

#include "reader/row_source.h"

namespace mote {

inline constexpr uint32_t kMaxGlobFiles = 1'000'000;

// arguments: [pattern], a path whose components may hold * (any run of characters) and ? (one); a
// pattern that matches nothing gives no rows. Columns: `filename`, written as the pattern is, and
// `content`, the file's bytes. Files come in the order of their names. No options.
Result<std::unique_ptr<RowSource>> open_blobs(Env& env, const FileAccess& files,
                                              const std::string& pattern,
                                              std::span<const SourceOption> options,
                                              MemoryBudget& budget);

// True when `name` matches the pattern of one component.
bool matches_glob(std::string_view pattern, std::string_view name);

}  // namespace mote
