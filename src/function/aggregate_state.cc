#include "function/aggregate_state.h"

#include <algorithm>
#include <cmath>

namespace mote {

KeptValue look_at_row(const Column& column, uint32_t row) {
  KeptValue value;
  std::memset(&value, 0, sizeof(value));
  value.kind = column.type().kind;
  value.presence = KeptValue::Presence::kNull;
  if (column.is_null(row)) return value;
  value.presence = KeptValue::Presence::kValue;
  switch (lane_kind(value.kind)) {
    case LaneKind::kBool: value.truth = column.lane<bool>()[row]; break;
    case LaneKind::kFloat32: value.single = column.lane<float>()[row]; break;
    case LaneKind::kInt64:
    case LaneKind::kFloat64:
      for (uint32_t lane = 0; lane < lane_count(value.kind); ++lane) {
        value.whole[lane] = column.lane<int64_t>(lane)[row];
      }
      break;
    case LaneKind::kBytes: {
      const std::string_view text = column.lane<std::string_view>()[row];
      value.bytes = const_cast<char*>(text.data());
      value.size = text.size();
      break;
    }
  }
  return value;
}

void keep_copy(const KeptValue& from, Arena& arena, KeptValue* to) {
  const bool is_bytes = lane_kind(from.kind) == LaneKind::kBytes;
  if (!is_bytes || from.presence != KeptValue::Presence::kValue) {
    // Room once taken stays with the state.
    char* const bytes = to->bytes;
    const uint64_t capacity = to->capacity;
    *to = from;
    if (is_bytes) {
      to->bytes = bytes;
      to->size = 0;
      to->capacity = capacity;
    }
    return;
  }
  if (to->capacity < from.size) {
    to->capacity = std::max<uint64_t>(from.size, 2 * to->capacity);
    to->bytes = arena.allocate(to->capacity, 1);
  }
  if (from.size > 0) std::memcpy(to->bytes, from.bytes, from.size);
  to->size = from.size;
  to->presence = from.presence;
  to->kind = from.kind;
}

void keep_row(const Column& column, uint32_t row, Arena& arena, KeptValue* to) {
  keep_copy(look_at_row(column, row), arena, to);
}

void put_kept(const KeptValue& from, Column& out, uint32_t row) {
  if (from.presence != KeptValue::Presence::kValue) {
    out.set_null(row);
    return;
  }
  switch (lane_kind(from.kind)) {
    case LaneKind::kBool: out.lane<bool>()[row] = from.truth; break;
    case LaneKind::kFloat32: out.lane<float>()[row] = from.single; break;
    case LaneKind::kInt64:
    case LaneKind::kFloat64:
      for (uint32_t lane = 0; lane < lane_count(from.kind); ++lane) {
        out.lane<int64_t>(lane)[row] = from.whole[lane];
      }
      break;
    case LaneKind::kBytes: out.lane<std::string_view>()[row] = out.store(from.text()); break;
  }
}

namespace {

template <typename T>
int compare_plain(T a, T b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

int compare_numbers(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) {
    return static_cast<int>(std::isnan(a)) - static_cast<int>(std::isnan(b));
  }
  return compare_plain(a, b);
}

}  // namespace

int compare_kept(const KeptValue& a, const KeptValue& b) {
  switch (a.kind) {
    case TypeKind::kNull: return 0;
    case TypeKind::kBoolean: return compare_plain(a.truth, b.truth);
    case TypeKind::kInteger:
    case TypeKind::kTimestamp: return compare_plain(a.whole[0], b.whole[0]);
    case TypeKind::kFloat4: return compare_numbers(a.single, b.single);
    case TypeKind::kText:
    case TypeKind::kBlob:
    case TypeKind::kVector: return compare_plain(a.text().compare(b.text()), 0);
    case TypeKind::kInterval:
      return compare_intervals(Interval::from_lanes(a.whole[0], a.whole[1]),
                               Interval::from_lanes(b.whole[0], b.whole[1]));
    case TypeKind::kFloat:
    case TypeKind::kPoint:
    case TypeKind::kPoint3d: break;
  }
  for (uint32_t lane = 0; lane < lane_count(a.kind); ++lane) {
    const int order = compare_numbers(a.number[lane], b.number[lane]);
    if (order != 0) return order;
  }
  return 0;
}

}  // namespace mote
