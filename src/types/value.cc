#include "types/value.h"

#include <cmath>
#include <cstring>

#include "types/text_format.h"

namespace mote {

namespace {

int compare_numbers(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) {
    return static_cast<int>(std::isnan(a)) - static_cast<int>(std::isnan(b));
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

template <typename T>
int compare_ordered(T a, T b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

}  // namespace

int compare_intervals(Interval a, Interval b) {
  constexpr __int128 kDay = 86'400'000'000'000;
  const auto length = [](Interval value) {
    return (static_cast<__int128>(value.months) * 30 + value.days) * kDay + value.nanoseconds;
  };
  return compare_ordered(length(a), length(b));
}

Value Value::null(Type type) {
  Value value;
  value.type_ = type;
  return value;
}

Value Value::boolean(bool value) {
  Value result = null(Type::boolean());
  result.is_null_ = false;
  result.scalar_[0].integer = value ? 1 : 0;
  return result;
}

Value Value::integer(int64_t value) {
  Value result = null(Type::integer());
  result.is_null_ = false;
  result.scalar_[0].integer = value;
  return result;
}

Value Value::float4(float value) {
  Value result = null(Type::of(TypeKind::kFloat4));
  result.is_null_ = false;
  result.scalar_[0].floating = value;
  return result;
}

Value Value::floating(double value) {
  Value result = null(Type::floating());
  result.is_null_ = false;
  result.scalar_[0].floating = value;
  return result;
}

Value Value::text(std::string value) {
  Value result = null(Type::text());
  result.is_null_ = false;
  result.bytes_ = std::move(value);
  return result;
}

Value Value::blob(std::string value) {
  Value result = null(Type::blob());
  result.is_null_ = false;
  result.bytes_ = std::move(value);
  return result;
}

Value Value::timestamp(int64_t nanoseconds) {
  Value result = null(Type::timestamp());
  result.is_null_ = false;
  result.scalar_[0].integer = nanoseconds;
  return result;
}

Value Value::interval(Interval value) {
  Value result = null(Type::interval());
  result.is_null_ = false;
  result.scalar_[0].integer = value.calendar_lane();
  result.scalar_[1].integer = value.nanoseconds;
  return result;
}

Value Value::point(double x, double y) {
  Value result = null(Type::of(TypeKind::kPoint));
  result.is_null_ = false;
  result.scalar_[0].floating = x;
  result.scalar_[1].floating = y;
  return result;
}

Value Value::point3d(double x, double y, double z) {
  Value result = null(Type::of(TypeKind::kPoint3d));
  result.is_null_ = false;
  result.scalar_[0].floating = x;
  result.scalar_[1].floating = y;
  result.scalar_[2].floating = z;
  return result;
}

Value Value::vector(Type type, std::string elements) {
  MOTE_CHECK(elements.size() == static_cast<size_t>(type.dimension) * element_bytes(type.element));
  Value result = null(type);
  result.is_null_ = false;
  result.bytes_ = std::move(elements);
  return result;
}

int Value::compare(const Value& other) const {
  if (is_null_ || other.is_null_) {
    return static_cast<int>(other.is_null_) - static_cast<int>(is_null_);
  }
  MOTE_CHECK(type_.kind == other.type_.kind);
  switch (type_.kind) {
    case TypeKind::kNull: return 0;
    case TypeKind::kBoolean:
    case TypeKind::kInteger:
    case TypeKind::kTimestamp: return compare_ordered(scalar_[0].integer, other.scalar_[0].integer);
    case TypeKind::kFloat4:
    case TypeKind::kFloat: return compare_numbers(scalar_[0].floating, other.scalar_[0].floating);
    case TypeKind::kText:
    case TypeKind::kBlob:
    case TypeKind::kVector: return compare_ordered(bytes_.compare(other.bytes_), 0);
    case TypeKind::kInterval: return compare_intervals(interval(), other.interval());
    case TypeKind::kPoint:
    case TypeKind::kPoint3d: break;
  }
  for (uint32_t axis = 0; axis < lane_count(type_.kind); ++axis) {
    const int order = compare_numbers(scalar_[axis].floating, other.scalar_[axis].floating);
    if (order != 0) return order;
  }
  return 0;
}

bool Value::operator==(const Value& other) const {
  if (is_null_ && other.is_null_) return true;
  return type_ == other.type_ && compare(other) == 0;
}

std::string Value::to_text() const {
  std::string text;
  if (is_null_) return text;
  switch (type_.kind) {
    case TypeKind::kNull: break;
    case TypeKind::kBoolean: text = boolean() ? "true" : "false"; break;
    case TypeKind::kInteger: text = std::to_string(integer()); break;
    case TypeKind::kFloat4: append_float4(float4(), &text); break;
    case TypeKind::kFloat: append_float(floating(), &text); break;
    case TypeKind::kText: text = bytes_; break;
    case TypeKind::kBlob: append_blob(bytes_, &text); break;
    case TypeKind::kTimestamp: append_timestamp(integer(), &text); break;
    case TypeKind::kInterval: append_interval(interval(), &text); break;
    case TypeKind::kVector: append_vector(type_, bytes_, &text); break;
    case TypeKind::kPoint:
    case TypeKind::kPoint3d:
      text = "POINT(";
      for (uint32_t axis = 0; axis < lane_count(type_.kind); ++axis) {
        if (axis > 0) text += ' ';
        append_float(scalar_[axis].floating, &text);
      }
      text += ')';
      break;
  }
  return text;
}

}  // namespace mote
