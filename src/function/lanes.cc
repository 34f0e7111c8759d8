#include "function/lanes.h"

namespace mote {

Status FunctionContext::before_many_bytes(const Column& out, uint64_t size_bytes) const {
  if (check != nullptr) MOTE_TRY(check(statement));
  if (budget == nullptr) return {};
  const uint64_t made = out.memory_bytes();
  const uint64_t free = budget->free_bytes();
  if (made <= free && size_bytes <= free - made) return {};
  return out_of_memory("a value needs %llu bytes; %llu of the budget's %zu bytes are left",
                       static_cast<unsigned long long>(size_bytes),
                       static_cast<unsigned long long>(free - std::min(made, free)),
                       budget->limit_bytes());
}

void clear_null_entries(Column& out, uint32_t row_count) {
  if (out.validity().all_valid()) return;
  for (uint32_t i = 0; i < row_count; ++i) {
    if (out.is_null(i)) out.set_null(i);
  }
}

std::string quoted(std::string_view text) {
  std::string shown = "'";
  shown += text.substr(0, 40);
  if (text.size() > 40) shown += "..";
  return shown + "'";
}

}  // namespace mote
