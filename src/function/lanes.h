// Loops over the lanes of columns, for the built-in functions.
#pragma once

#include <cstdint>
#include <span>

#include "function/function.h"

namespace mote {

using Arguments = std::span<const Column* const>;

// Makes the entries of null rows zero, as a Column promises, where a loop computed something there.
void clear_null_entries(Column& out, uint32_t row_count);

// out[i] = compute(a[i]) for all rows.
template <typename Out, typename A, typename F>
Status map_rows(const Column& a, uint32_t row_count, Column& out, F compute) {
  const A* const from = a.lane<A>();
  Out* const to = out.lane<Out>();
  for (uint32_t i = 0; i < row_count; ++i) to[i] = static_cast<Out>(compute(from[i]));
  clear_null_entries(out, row_count);
  return {};
}

// out[i] = compute(a[i], b[i]) for all rows.
template <typename Out, typename A, typename B, typename F>
Status map_rows(const Column& a, const Column& b, uint32_t row_count, Column& out, F compute) {
  const A* const left = a.lane<A>();
  const B* const right = b.lane<B>();
  Out* const to = out.lane<Out>();
  for (uint32_t i = 0; i < row_count; ++i) to[i] = static_cast<Out>(compute(left[i], right[i]));
  clear_null_entries(out, row_count);
  return {};
}

// compute(i) for the rows that are not null; the others' entries become zero.
template <typename F>
Status each_valid_row(uint32_t row_count, Column& out, F compute) {
  for (uint32_t i = 0; i < row_count; ++i) {
    if (out.is_null(i)) {
      out.set_null(i);
    } else {
      MOTE_TRY(compute(i));
    }
  }
  return {};
}

// compute(i) for the rows that are not null, when it can not fail.
template <typename F>
Status fill_valid_rows(uint32_t row_count, Column& out, F compute) {
  for (uint32_t i = 0; i < row_count; ++i) {
    if (out.is_null(i)) {
      out.set_null(i);
    } else {
      compute(i);
    }
  }
  return {};
}

inline Interval interval_at(const Column& column, uint32_t row) {
  return Interval::from_lanes(column.lane<int64_t>(0)[row], column.lane<int64_t>(1)[row]);
}
inline void put_interval(Column& column, uint32_t row, Interval value) {
  column.lane<int64_t>(0)[row] = value.calendar_lane();
  column.lane<int64_t>(1)[row] = value.nanoseconds;
}

// An argument as messages quote it, cut at 40 bytes.
std::string quoted(std::string_view text);

}  // namespace mote
