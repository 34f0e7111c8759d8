#include <gtest/gtest.h>

#include "column/column_shapes.h"

namespace mote {
namespace {

void expect_equal(const ColumnStats& a, const ColumnStats& b) {
  EXPECT_EQ(a.row_count, b.row_count);
  EXPECT_EQ(a.null_count, b.null_count);
  EXPECT_EQ(a.nan_count, b.nan_count);
  EXPECT_EQ(a.minimum, b.minimum);
  EXPECT_EQ(a.maximum, b.maximum);
  EXPECT_TRUE(a.sum == b.sum || (std::isnan(a.sum) && std::isnan(b.sum))) << a.sum << " " << b.sum;
  EXPECT_TRUE(a.integer_sum == b.integer_sum);
  EXPECT_EQ(a.box_minimum, b.box_minimum);
  EXPECT_EQ(a.box_maximum, b.box_maximum);
}

bool is_nan(const Value& value) {
  return (value.type().is(TypeKind::kFloat) || value.type().is(TypeKind::kFloat4)) &&
         std::isnan(value.floating());
}

// The same through Value, one row after another.
ColumnStats stats_by_values(const Column& column, uint32_t row_count) {
  const TypeKind kind = column.type().kind;
  const bool is_point = kind == TypeKind::kPoint || kind == TypeKind::kPoint3d;
  const bool is_float = kind == TypeKind::kFloat || kind == TypeKind::kFloat4;
  const bool bounded = is_float || kind == TypeKind::kBoolean || kind == TypeKind::kInteger ||
                       kind == TypeKind::kTimestamp;
  ColumnStats stats;
  stats.row_count = row_count;
  if (is_point) stats.box_minimum.fill(INFINITY);
  if (is_point) stats.box_maximum.fill(-INFINITY);
  for (uint32_t row = 0; row < row_count; ++row) {
    const Value value = column.value(row);
    if (value.is_null()) {
      ++stats.null_count;
    } else if (is_nan(value)) {
      ++stats.nan_count;
    } else if (bounded) {
      if (stats.minimum.is_null() || value.compare(stats.minimum) < 0) stats.minimum = value;
      if (stats.maximum.is_null() || value.compare(stats.maximum) > 0) stats.maximum = value;
      if (is_float) stats.sum += value.floating();
      if (kind == TypeKind::kInteger) stats.integer_sum += value.integer();
    } else if (is_point) {
      for (uint32_t axis = 0; axis < lane_count(kind); ++axis) {
        const double coordinate = value.coordinate(axis);
        if (std::isnan(coordinate)) continue;
        stats.box_minimum[axis] = std::min(stats.box_minimum[axis], coordinate);
        stats.box_maximum[axis] = std::max(stats.box_maximum[axis], coordinate);
      }
    }
  }
  return stats;
}

TEST(ColumnStats, AreThoseOfAPlainLoop) {
  for (const Shape& shape : kShapes) {
    if (shape.type.is(TypeKind::kText)) continue;
    for (uint32_t null_percent : {0u, 30u, 100u}) {
      SCOPED_TRACE(testing::Message() << shape.name << ", " << null_percent << " % nulls");
      const Rows rows = make_rows(shape.type, 1000, 11, null_percent, shape.write);
      expect_equal(stats_of(rows.chunks[0], 1000), stats_by_values(rows.chunks[0], 1000));
    }
  }
}

TEST(ColumnStats, ComeBackFromBytes) {
  for (const Shape& shape : kShapes) {
    for (uint32_t null_percent : {0u, 100u}) {
      SCOPED_TRACE(testing::Message() << shape.name << ", " << null_percent << " % nulls");
      const Rows rows = make_rows(shape.type, 1000, 11, null_percent, shape.write);
      const ColumnStats stats = stats_of(rows.chunks[0], 1000);
      std::string bytes;
      stats.serialize(shape.type, &bytes);
      ByteReader reader(bytes);
      const auto read = ColumnStats::deserialize(shape.type, reader);
      ASSERT_TRUE(read.ok());
      EXPECT_EQ(reader.remaining(), 0u);
      expect_equal(*read, stats);
      for (size_t size = 0; size < bytes.size(); ++size) {
        ByteReader cut(bytes.data(), size);
        EXPECT_FALSE(ColumnStats::deserialize(shape.type, cut).ok());
      }
    }
  }
}

// Appending the stats of blocks gives the bounds and counts of all rows.
TEST(ColumnStats, OfBlocksAppendToThoseOfTheWhole) {
  for (const Shape& shape : kShapes) {
    SCOPED_TRACE(shape.name);
    const Rows rows = make_rows(shape.type, 3000, 4, 40, shape.write);
    ColumnStats whole;
    ColumnStats expected;
    for (size_t i = 0; i < rows.chunks.size(); ++i) {
      const ColumnStats stats = stats_of(rows.chunks[i], rows.row_counts[i]);
      whole.append(stats);
      expected.row_count += stats.row_count;
      expected.null_count += stats.null_count;
      for (uint32_t row = 0; row < rows.row_counts[i]; ++row) {
        const Value value = rows.chunks[i].value(row);
        if (value.is_null() || whole.minimum.is_null() || is_nan(value)) continue;
        ASSERT_LE(whole.minimum.compare(value), 0);
        ASSERT_GE(whole.maximum.compare(value), 0);
      }
    }
    EXPECT_EQ(whole.row_count, expected.row_count);
    EXPECT_EQ(whole.null_count, expected.null_count);
  }
}

ColumnStats stats_of_texts(std::initializer_list<std::string> texts) {
  Column column;
  column.reset(Type::text(), true);
  uint32_t row = 0;
  for (const std::string& text : texts) column.lane<std::string_view>()[row++] = column.store(text);
  return stats_of(column, row);
}

// One byte below the limit, at it and above it.
TEST(ColumnStats, TextBoundsAreCutOutwards) {
  constexpr size_t kLimit = ColumnStats::kBoundBytes;
  for (size_t size : {kLimit - 1, kLimit}) {
    const ColumnStats stats = stats_of_texts({std::string(size, 'm')});
    EXPECT_EQ(stats.minimum.bytes(), std::string(size, 'm'));
    EXPECT_EQ(stats.maximum.bytes(), std::string(size, 'm'));
  }
  const ColumnStats cut = stats_of_texts({std::string(kLimit + 1, 'm')});
  EXPECT_EQ(cut.minimum.bytes(), std::string(kLimit, 'm'));
  EXPECT_EQ(cut.maximum.bytes(), std::string(kLimit - 1, 'm') + "n");
}

TEST(ColumnStats, TextWithoutAnUpperBoundHasNoneAfterAppending) {
  ColumnStats stats = stats_of_texts({std::string(ColumnStats::kBoundBytes + 1, '\xff')});
  EXPECT_TRUE(stats.maximum.is_null());
  EXPECT_FALSE(stats.minimum.is_null());
  stats.append(stats_of_texts({"b"}));
  EXPECT_TRUE(stats.maximum.is_null());
  EXPECT_EQ(stats.minimum.bytes(), "b");
}

}  // namespace
}  // namespace mote
