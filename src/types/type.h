// The types of columns and values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace mote {

// The numbers are written to files and to the C ABI and never change.
enum class TypeKind : uint8_t {
  kNull = 0,  // the type of a bare NULL
  kBoolean = 1,
  kInteger = 2,  // 64 bits, signed; both extremes are ordinary values
  kFloat4 = 3,   // IEEE 754 binary32
  kFloat = 4,    // IEEE 754 binary64
  kText = 5,     // UTF-8
  kBlob = 6,
  kTimestamp = 7,  // nanoseconds since 1970-01-01T00:00:00Z, 64 bits, signed
  kInterval = 8,   // months, days and nanoseconds, see Interval
  kVector = 9,     // `dimension` elements of one kind
  kPoint = 10,     // x, y
  kPoint3d = 11,   // x, y, z
};
inline constexpr uint8_t kTypeKindCount = 12;

enum class VectorElement : uint8_t { kF32 = 0, kF16 = 1, kI8 = 2 };

// How a type's values lie in memory: `count` lanes, each an array with one entry a row. A POINT is
// two lanes of double, an INTERVAL two of int64, everything of variable size one lane of
// string_view.
enum class LaneKind : uint8_t { kBool, kInt64, kFloat32, kFloat64, kBytes };

struct Type {
  TypeKind kind = TypeKind::kNull;
  VectorElement element = VectorElement::kF32;  // of a VECTOR
  uint32_t dimension = 0;                       // of a VECTOR, in [1, kMaxVectorDimension]

  static Type of(TypeKind kind) { return Type{kind}; }
  static Type boolean() { return Type{TypeKind::kBoolean}; }
  static Type integer() { return Type{TypeKind::kInteger}; }
  static Type floating() { return Type{TypeKind::kFloat}; }
  static Type text() { return Type{TypeKind::kText}; }
  static Type blob() { return Type{TypeKind::kBlob}; }
  static Type timestamp() { return Type{TypeKind::kTimestamp}; }
  static Type interval() { return Type{TypeKind::kInterval}; }
  static Type vector(uint32_t dimension, VectorElement element = VectorElement::kF32) {
    return Type{TypeKind::kVector, element, dimension};
  }

  bool operator==(const Type&) const = default;
  bool is(TypeKind other) const { return kind == other; }
  bool is_numeric() const {
    return kind == TypeKind::kInteger || kind == TypeKind::kFloat4 || kind == TypeKind::kFloat;
  }
  // SQL spelling: "INTEGER", "VECTOR(384, f16)".
  std::string name() const;
};

// Bytes of one element: 4, 2 or 1.
uint32_t element_bytes(VectorElement element);
inline constexpr uint32_t kMaxLanes = 3;

// kNull has lanes of int64, all null.
constexpr LaneKind lane_kind(TypeKind kind) {
  switch (kind) {
    case TypeKind::kBoolean: return LaneKind::kBool;
    case TypeKind::kNull:
    case TypeKind::kInteger:
    case TypeKind::kTimestamp:
    case TypeKind::kInterval: return LaneKind::kInt64;
    case TypeKind::kFloat4: return LaneKind::kFloat32;
    case TypeKind::kFloat:
    case TypeKind::kPoint:
    case TypeKind::kPoint3d: return LaneKind::kFloat64;
    case TypeKind::kText:
    case TypeKind::kBlob:
    case TypeKind::kVector: return LaneKind::kBytes;
  }
  return LaneKind::kInt64;
}

constexpr uint32_t lane_count(TypeKind kind) {
  if (kind == TypeKind::kInterval || kind == TypeKind::kPoint) return 2;
  return kind == TypeKind::kPoint3d ? 3 : 1;
}

constexpr uint32_t lane_entry_bytes(LaneKind kind) {
  switch (kind) {
    case LaneKind::kBool: return 1;
    case LaneKind::kFloat32: return 4;
    case LaneKind::kInt64:
    case LaneKind::kFloat64: return 8;
    case LaneKind::kBytes: return sizeof(std::string_view);
  }
  return 8;
}

// The type that SQL spells `name`, without arguments: INTEGER, INT, BIGINT, FLOAT, DOUBLE, REAL,
// FLOAT4, TEXT, VARCHAR, STRING, BLOB, BYTEA, BOOLEAN, BOOL, TIMESTAMP, TIMESTAMP_NS, DATETIME,
// INTERVAL, POINT, POINT3D, VECTOR; in any case. kNull when there is none.
TypeKind type_kind_from_name(std::string_view name);

}  // namespace mote
