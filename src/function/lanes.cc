#include "function/lanes.h"

namespace mote {

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
