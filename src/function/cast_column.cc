// Casts of whole columns: loops where a number only changes its width, cast_value for the rest.
#include <algorithm>

#include "function/lanes.h"
#include "types/text_format.h"

namespace mote {

namespace {

// Whether the two kinds have the same entries: INTEGER and TIMESTAMP.
bool same_entries(TypeKind a, TypeKind b) {
  const auto whole = [](TypeKind kind) {
    return kind == TypeKind::kInteger || kind == TypeKind::kTimestamp;
  };
  return whole(a) && whole(b);
}

bool cast_by_loop(const Column& from, uint32_t row_count, TypeKind to, Column& out) {
  switch (from.type().kind) {
    case TypeKind::kInteger:
    case TypeKind::kTimestamp: {
      const auto* const whole = from.lane<int64_t>();
      if (same_entries(from.type().kind, to)) {
        std::copy_n(whole, row_count, out.lane<int64_t>());
      } else if (from.type().is(TypeKind::kInteger) && to == TypeKind::kFloat) {
        std::copy_n(whole, row_count, out.lane<double>());
      } else {
        return false;
      }
      return true;
    }
    case TypeKind::kFloat4:
      if (to != TypeKind::kFloat) return false;
      std::copy_n(from.lane<float>(), row_count, out.lane<double>());
      return true;
    case TypeKind::kBoolean:
      if (to != TypeKind::kInteger) return false;
      std::copy_n(from.lane<bool>(), row_count, out.lane<int64_t>());
      return true;
    default: return false;
  }
}

}  // namespace

Status cast_column(const Column& from, uint32_t row_count, Type type, CastMode mode, Column& out) {
  if (from.type() == type) {
    out = from;
    return {};
  }
  out.reset(type, /*zeroed=*/true);
  if (from.type().is(TypeKind::kNull)) {
    out.validity().set_all_null();
    return {};
  }
  if (type.is(TypeKind::kVector) && type.dimension == 0) {
    return invalid_argument("a cast to VECTOR needs the dimension: VECTOR(n)");
  }
  out.validity() = from.validity();
  if (cast_by_loop(from, row_count, type.kind, out)) return {};
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    MOTE_ASSIGN(const Value value, cast_value(from.value(i), type, mode));
    out.set_value(i, value);
    return {};
  });
}

}  // namespace mote
