// One value of any type, owned: literals, parameters, defaults, zone-map bounds, result cells. Bulk
// data never goes through Value; it lives in Columns.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "types/type.h"

namespace mote {

// A span of time. Its parts are kept apart, since a month is not a number of days and a day, across
// a change of clocks, not a number of hours; comparisons take a month as 30 days and a day as 24
// hours.
struct Interval {
  int32_t months = 0;
  int32_t days = 0;
  int64_t nanoseconds = 0;
  bool operator==(const Interval&) const = default;

  // As the two int64 lanes of a Column.
  int64_t calendar_lane() const {
    return static_cast<int64_t>((static_cast<uint64_t>(static_cast<uint32_t>(months)) << 32) |
                                static_cast<uint32_t>(days));
  }
  static Interval from_lanes(int64_t calendar, int64_t nanoseconds) {
    return {static_cast<int32_t>(calendar >> 32), static_cast<int32_t>(calendar), nanoseconds};
  }
};

// Negative, zero or positive as a is shorter than, as long as, or longer than b.
int compare_intervals(Interval a, Interval b);

class Value {
 public:
  Value() = default;  // NULL of no type
  static Value null(Type type);
  static Value boolean(bool value);
  static Value integer(int64_t value);
  static Value float4(float value);
  static Value floating(double value);
  static Value text(std::string value);
  static Value blob(std::string value);
  static Value timestamp(int64_t nanoseconds);
  static Value interval(Interval value);
  static Value point(double x, double y);
  static Value point3d(double x, double y, double z);
  // elements: dimension * element_bytes bytes, as stored.
  static Value vector(Type type, std::string elements);

  const Type& type() const { return type_; }
  bool is_null() const { return is_null_; }
  bool boolean() const { return scalar_[0].integer != 0; }
  int64_t integer() const { return scalar_[0].integer; }  // INTEGER and TIMESTAMP
  float float4() const { return static_cast<float>(scalar_[0].floating); }
  double floating() const { return scalar_[0].floating; }  // FLOAT and FLOAT4
  double coordinate(uint32_t axis) const { return scalar_[axis].floating; }
  Interval interval() const { return Interval::from_lanes(scalar_[0].integer, scalar_[1].integer); }
  const std::string& bytes() const { return bytes_; }  // TEXT, BLOB, VECTOR

  // Total order within one type: NULL first, NaN above every number and equal to itself, -0 equal
  // to 0. The types must be equal, or one of the values NULL.
  int compare(const Value& other) const;
  // The same type and compare() == 0.
  bool operator==(const Value& other) const;

  // As the shell's CSV shows it, without quoting; NULL is empty.
  std::string to_text() const;

 private:
  union Scalar {
    int64_t integer;
    double floating;
  };
  Type type_;
  bool is_null_ = true;
  Scalar scalar_[kMaxLanes] = {};
  std::string bytes_;
};

}  // namespace mote
