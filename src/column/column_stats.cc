#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "column/encoding.h"

namespace mote {

namespace {

bool has_bounds(TypeKind kind) {
  switch (kind) {
    case TypeKind::kBoolean:
    case TypeKind::kInteger:
    case TypeKind::kFloat4:
    case TypeKind::kFloat:
    case TypeKind::kText:
    case TypeKind::kTimestamp: return true;
    default: return false;
  }
}

bool is_point(TypeKind kind) { return kind == TypeKind::kPoint || kind == TypeKind::kPoint3d; }

void clear_box(ColumnStats& stats) {
  stats.box_minimum.fill(std::numeric_limits<double>::infinity());
  stats.box_maximum.fill(-std::numeric_limits<double>::infinity());
}

template <typename Visit>
void for_each_valid(const Column& column, uint32_t row_count, Visit visit) {
  if (column.validity().all_valid()) {
    for (uint32_t row = 0; row < row_count; ++row) visit(row);
    return;
  }
  for (uint32_t row = 0; row < row_count; ++row) {
    if (!column.is_null(row)) visit(row);
  }
}

void add_integers(const Column& column, uint32_t row_count, ColumnStats& stats) {
  const int64_t* const lane = column.lane<int64_t>();
  int64_t minimum = std::numeric_limits<int64_t>::max();
  int64_t maximum = std::numeric_limits<int64_t>::min();
  __int128 sum = 0;
  for_each_valid(column, row_count, [&](uint32_t row) {
    minimum = std::min(minimum, lane[row]);
    maximum = std::max(maximum, lane[row]);
    sum += lane[row];
  });
  if (stats.null_count == row_count) return;
  if (column.type().is(TypeKind::kInteger)) {
    stats.integer_sum = sum;
    stats.minimum = Value::integer(minimum);
    stats.maximum = Value::integer(maximum);
  } else {
    stats.minimum = Value::timestamp(minimum);
    stats.maximum = Value::timestamp(maximum);
  }
}

template <typename Real>
void add_floats(const Column& column, uint32_t row_count, ColumnStats& stats) {
  const Real* const lane = column.lane<Real>();
  Real minimum = std::numeric_limits<Real>::infinity();
  Real maximum = -std::numeric_limits<Real>::infinity();
  double sum = 0;
  uint32_t nan_count = 0;
  for_each_valid(column, row_count, [&](uint32_t row) {
    const Real value = lane[row];
    if (value != value) {
      ++nan_count;
      return;
    }
    minimum = std::min(minimum, value);
    maximum = std::max(maximum, value);
    sum += static_cast<double>(value);
  });
  stats.nan_count = nan_count;
  if (stats.null_count + nan_count == row_count) return;
  stats.sum = sum;
  if constexpr (sizeof(Real) == sizeof(float)) {
    stats.minimum = Value::float4(minimum);
    stats.maximum = Value::float4(maximum);
  } else {
    stats.minimum = Value::floating(minimum);
    stats.maximum = Value::floating(maximum);
  }
}

void add_booleans(const Column& column, uint32_t row_count, ColumnStats& stats) {
  const bool* const lane = column.lane<bool>();
  bool all = true;
  bool any = false;
  for_each_valid(column, row_count, [&](uint32_t row) {
    all = all && lane[row];
    any = any || lane[row];
  });
  if (stats.null_count == row_count) return;
  stats.minimum = Value::boolean(all);
  stats.maximum = Value::boolean(any);
}

// The least string of at most kBoundBytes that is not below any string with this beginning; NULL
// when there is none.
Value upper_bound(std::string_view text) {
  if (text.size() <= ColumnStats::kBoundBytes) return Value::text(std::string(text));
  std::string bound(text.substr(0, ColumnStats::kBoundBytes));
  while (!bound.empty() && static_cast<uint8_t>(bound.back()) == 0xff) bound.pop_back();
  if (bound.empty()) return Value();
  bound.back() = static_cast<char>(static_cast<uint8_t>(bound.back()) + 1);
  return Value::text(std::move(bound));
}

void add_texts(const Column& column, uint32_t row_count, ColumnStats& stats) {
  const std::string_view* const lane = column.lane<std::string_view>();
  const std::string_view* minimum = nullptr;
  const std::string_view* maximum = nullptr;
  for_each_valid(column, row_count, [&](uint32_t row) {
    if (minimum == nullptr || lane[row] < *minimum) minimum = &lane[row];
    if (maximum == nullptr || lane[row] > *maximum) maximum = &lane[row];
  });
  if (minimum == nullptr) return;
  stats.minimum = Value::text(std::string(minimum->substr(0, ColumnStats::kBoundBytes)));
  stats.maximum = upper_bound(*maximum);
}

void add_points(const Column& column, uint32_t row_count, ColumnStats& stats) {
  for (uint32_t axis = 0; axis < lane_count(column.type().kind); ++axis) {
    const double* const lane = column.lane<double>(axis);
    double& minimum = stats.box_minimum[axis];
    double& maximum = stats.box_maximum[axis];
    for_each_valid(column, row_count, [&](uint32_t row) {
      if (lane[row] < minimum) minimum = lane[row];
      if (lane[row] > maximum) maximum = lane[row];
    });
  }
}

void write_value(const Value& value, Type type, std::string* out) {
  ByteWriter writer(out);
  writer.fixed<uint8_t>(value.is_null() ? 0 : 1);
  if (value.is_null()) return;
  switch (type.kind) {
    case TypeKind::kBoolean: return writer.fixed<uint8_t>(value.boolean() ? 1 : 0);
    case TypeKind::kFloat4: return writer.fixed(value.float4());
    case TypeKind::kFloat: return writer.fixed(value.floating());
    case TypeKind::kText: return writer.text(value.bytes());
    default: return writer.signed_varint(value.integer());
  }
}

Value read_value(Type type, ByteReader& reader) {
  if (reader.fixed<uint8_t>() == 0) return Value();
  switch (type.kind) {
    case TypeKind::kBoolean: return Value::boolean(reader.fixed<uint8_t>() != 0);
    case TypeKind::kFloat4: return Value::float4(reader.fixed<float>());
    case TypeKind::kFloat: return Value::floating(reader.fixed<double>());
    case TypeKind::kText: return Value::text(std::string(reader.text()));
    case TypeKind::kTimestamp: return Value::timestamp(reader.signed_varint());
    default: return Value::integer(reader.signed_varint());
  }
}

// Values that a bound bounds.
uint32_t ordered_count(const ColumnStats& stats) {
  return stats.row_count - stats.null_count - stats.nan_count;
}

}  // namespace

ColumnStats stats_of(const Column& column, uint32_t row_count) {
  ColumnStats stats;
  stats.row_count = row_count;
  stats.null_count = column.validity().null_count(row_count);
  if (is_point(column.type().kind)) clear_box(stats);
  switch (column.type().kind) {
    case TypeKind::kBoolean: add_booleans(column, row_count, stats); break;
    case TypeKind::kInteger:
    case TypeKind::kTimestamp: add_integers(column, row_count, stats); break;
    case TypeKind::kFloat4: add_floats<float>(column, row_count, stats); break;
    case TypeKind::kFloat: add_floats<double>(column, row_count, stats); break;
    case TypeKind::kText: add_texts(column, row_count, stats); break;
    case TypeKind::kPoint:
    case TypeKind::kPoint3d: add_points(column, row_count, stats); break;
    default: break;
  }
  return stats;
}

void ColumnStats::append(const ColumnStats& other) {
  if (other.row_count == 0) return;
  if (row_count == 0) {
    *this = other;
    return;
  }
  const uint32_t mine = ordered_count(*this);
  const uint32_t theirs = ordered_count(other);
  if (mine == 0) {
    minimum = other.minimum;
    maximum = other.maximum;
  } else if (theirs > 0) {
    // A bound that is missing although there are values can not be had for both either.
    if (minimum.is_null() || other.minimum.is_null()) {
      minimum = Value();
    } else if (other.minimum.compare(minimum) < 0) {
      minimum = other.minimum;
    }
    if (maximum.is_null() || other.maximum.is_null()) {
      maximum = Value();
    } else if (other.maximum.compare(maximum) > 0) {
      maximum = other.maximum;
    }
  }
  row_count += other.row_count;
  null_count += other.null_count;
  nan_count += other.nan_count;
  sum += other.sum;
  integer_sum += other.integer_sum;
  for (size_t axis = 0; axis < box_minimum.size(); ++axis) {
    box_minimum[axis] = std::min(box_minimum[axis], other.box_minimum[axis]);
    box_maximum[axis] = std::max(box_maximum[axis], other.box_maximum[axis]);
  }
}

void ColumnStats::serialize(Type type, std::string* out) const {
  ByteWriter writer(out);
  writer.varint(row_count);
  writer.varint(null_count);
  if (has_bounds(type.kind)) {
    write_value(minimum, type, out);
    write_value(maximum, type, out);
  }
  if (type.is(TypeKind::kFloat4) || type.is(TypeKind::kFloat)) {
    writer.varint(nan_count);
    writer.fixed(sum);
  }
  if (type.is(TypeKind::kInteger)) {
    writer.varint(static_cast<uint64_t>(static_cast<unsigned __int128>(integer_sum)));
    writer.signed_varint(static_cast<int64_t>(integer_sum >> 64));
  }
  if (!is_point(type.kind)) return;
  for (uint32_t axis = 0; axis < lane_count(type.kind); ++axis) {
    writer.fixed(box_minimum[axis]);
    writer.fixed(box_maximum[axis]);
  }
}

Result<ColumnStats> ColumnStats::deserialize(Type type, ByteReader& reader) {
  ColumnStats stats;
  const uint64_t rows = reader.varint();
  const uint64_t nulls = reader.varint();
  uint64_t nans = 0;
  if (has_bounds(type.kind)) {
    stats.minimum = read_value(type, reader);
    stats.maximum = read_value(type, reader);
  }
  if (type.is(TypeKind::kFloat4) || type.is(TypeKind::kFloat)) {
    nans = reader.varint();
    stats.sum = reader.fixed<double>();
  }
  if (type.is(TypeKind::kInteger)) {
    const uint64_t low = reader.varint();
    const int64_t high = reader.signed_varint();
    stats.integer_sum = static_cast<__int128>(
        (static_cast<unsigned __int128>(static_cast<uint64_t>(high)) << 64) | low);
  }
  if (is_point(type.kind)) {
    clear_box(stats);
    for (uint32_t axis = 0; axis < lane_count(type.kind); ++axis) {
      stats.box_minimum[axis] = reader.fixed<double>();
      stats.box_maximum[axis] = reader.fixed<double>();
    }
  }
  if (reader.failed()) return corruption("statistics of a column end early");
  if (rows > kMaxPartRows || nulls > rows || nans > rows - nulls) {
    return corruption("statistics count %llu rows, %llu nulls and %llu NaNs",
                      static_cast<unsigned long long>(rows),
                      static_cast<unsigned long long>(nulls),
                      static_cast<unsigned long long>(nans));
  }
  stats.row_count = static_cast<uint32_t>(rows);
  stats.null_count = static_cast<uint32_t>(nulls);
  stats.nan_count = static_cast<uint32_t>(nans);
  return stats;
}

}  // namespace mote
