#include "reader/row_source.h"

namespace mote {

bool is_source(std::string_view) { return false; }

Result<std::unique_ptr<RowSource>> open_source(Env&, const FileAccess&, std::string_view function,
                                               std::span<const Value>,
                                               std::span<const SourceOption>, MemoryBudget&) {
  return not_found("no table function '%.*s'", static_cast<int>(function.size()), function.data());
}

}  // namespace mote
