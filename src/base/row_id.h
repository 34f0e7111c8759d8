// The name of one immutable row version inside its table.
#pragma once

#include <cstdint>

namespace mote {

// 48 bits, per table, given in commit order, never reused. UPDATE deletes one id and inserts
// another.
using RowId = uint64_t;
inline constexpr RowId kMaxRowId = (1ull << 48) - 1;

// A row and what a ranking thinks of it; smaller scores are better where a ranking is by distance.
struct Hit {
  RowId row;
  float score;
};

}  // namespace mote
