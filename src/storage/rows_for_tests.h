// Random tables for tests: rows as vectors of Value, which are too simple to be wrong, and the same
// rows as chunks.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "storage/key.h"
#include "storage/row_range.h"
#include "types/chunk.h"
#include "types/schema.h"
#include "types/value.h"

namespace mote {

using Row = std::vector<Value>;

// One column of every type, the first few being the key when `keyed`.
inline std::shared_ptr<const Schema> schema_of_all_types(bool keyed) {
  auto schema = std::make_shared<Schema>();
  const std::vector<Type> types = {Type::integer(),
                                   Type::text(),
                                   Type::boolean(),
                                   Type::of(TypeKind::kFloat4),
                                   Type::floating(),
                                   Type::blob(),
                                   Type::timestamp(),
                                   Type::interval(),
                                   Type::vector(3),
                                   Type::vector(5, VectorElement::kI8),
                                   Type::of(TypeKind::kPoint),
                                   Type::of(TypeKind::kPoint3d),
                                   Type::text()};
  for (const Type& type : types) {
    ColumnDefinition column;
    column.name = "c" + std::to_string(schema->columns.size());
    column.type = type;
    schema->columns.push_back(column);
  }
  if (keyed) schema->primary_key = {0, 1};
  return schema;
}

inline std::string random_bytes(size_t size, std::mt19937_64& random) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random() % 4 == 0 ? random() : 'a');
  return bytes;
}

inline Value random_value(const Type& type, std::mt19937_64& random) {
  const auto small = static_cast<int64_t>(random() % 1000) - 500;
  switch (type.kind) {
    case TypeKind::kNull: break;
    case TypeKind::kBoolean: return Value::boolean(random() % 2 == 0);
    case TypeKind::kInteger:
      return Value::integer(random() % 4 == 0 ? static_cast<int64_t>(random()) : small);
    case TypeKind::kFloat4: return Value::float4(static_cast<float>(small) / 8);
    case TypeKind::kFloat: return Value::floating(static_cast<double>(small) / 100);
    case TypeKind::kText: {
      std::string text = random_bytes(random() % 12, random);
      for (char& byte : text) byte &= 0x7f;
      return Value::text(text);
    }
    case TypeKind::kBlob: return Value::blob(random_bytes(random() % 40, random));
    case TypeKind::kTimestamp: return Value::timestamp(small * 1'000'000);
    case TypeKind::kInterval:
      return Value::interval({static_cast<int32_t>(small), static_cast<int32_t>(small / 2), small});
    case TypeKind::kVector: {
      std::string elements;
      for (uint32_t i = 0; i < type.dimension; ++i) {
        const float element = static_cast<float>(random() % 100) / 4;
        if (type.element == VectorElement::kI8) {
          elements.push_back(static_cast<char>(random()));
        } else {
          elements.append(reinterpret_cast<const char*>(&element), sizeof element);
        }
      }
      return Value::vector(type, elements);
    }
    case TypeKind::kPoint:
      return Value::point(static_cast<double>(small), static_cast<double>(small) / 3);
    case TypeKind::kPoint3d:
      return Value::point3d(static_cast<double>(small), static_cast<double>(small) / 3, 0.5);
  }
  return Value::null(type);
}

// Key columns hold values; of the others about one in `null_share` is NULL (0: none).
inline Row random_row(const Schema& schema, std::mt19937_64& random, uint32_t null_share = 5) {
  Row row;
  for (uint32_t c = 0; c < schema.columns.size(); ++c) {
    const Type type = schema.columns[c].type;
    bool in_key = false;
    for (const uint32_t k : schema.primary_key) in_key |= k == c;
    const bool null = !in_key && null_share != 0 && random() % null_share == 0;
    row.push_back(null ? Value::null(type) : random_value(type, random));
  }
  return row;
}

inline Chunk chunk_of(const Schema& schema, const std::vector<Row>& rows, size_t first,
                      size_t count) {
  Chunk chunk;
  const std::vector<Type> types = schema.types();
  chunk.reset(types);
  for (uint32_t c = 0; c < types.size(); ++c) {
    for (uint32_t r = 0; r < count; ++r) chunk.column(c).set_value(r, rows[first + r][c]);
  }
  chunk.set_row_count(static_cast<uint32_t>(count));
  return chunk;
}

inline std::string key_of(const Schema& schema, const Row& row) {
  std::vector<Value> values;
  for (const uint32_t c : schema.primary_key) values.push_back(row[c]);
  std::string key;
  EXPECT_TRUE(append_key(values, &key).ok());
  return key;
}

// find_newest agrees with the rows of the key, whatever part of the range is seen.
inline void expect_newest(const RowRange& range, const std::string& key,
                          const std::vector<RowId>& rows) {
  for (size_t i = 0; i <= rows.size(); i += 1 + rows.size() / 7) {
    const uint64_t end = i == rows.size() ? range.row_count() : rows[i] - range.base();
    const auto found = range.find_newest(key, end);
    ASSERT_TRUE(found.ok()) << found.status().message();
    ASSERT_EQ(found->has_value(), i > 0);
    if (i > 0) ASSERT_EQ(**found, rows[i - 1]);
  }
  const auto found = range.find_newest(key, range.row_count());
  ASSERT_EQ(*found, rows.empty() ? std::nullopt : std::optional<RowId>(rows.back()));
}

// The range holds exactly these rows, by block and, for some, by row.
inline void expect_rows(const RowRange& range, const Schema& schema, const std::vector<Row>& rows) {
  ASSERT_EQ(range.row_count(), rows.size());
  uint64_t next = 0;
  Column column, single;
  for (uint32_t b = 0; b < range.block_count(); ++b) {
    const BlockSpan span = range.block(b);
    ASSERT_EQ(span.first, next);
    ASSERT_GE(span.row_count, 1u);
    ASSERT_LE(span.row_count, kChunkRows);
    next += span.row_count;
    for (uint32_t c = 0; c < schema.columns.size(); ++c) {
      ASSERT_TRUE(range.read(b, c, column).ok());
      single.reset(schema.columns[c].type);
      for (uint32_t r = 0; r < span.row_count; ++r) {
        const uint64_t row = span.first + r;
        ASSERT_EQ(range.block_of(range.base() + row), b);
        ASSERT_EQ(column.value(r), rows[row][c]) << "row " << row << " column " << c;
        if (row % 7 != 0) continue;
        ASSERT_TRUE(range.read_row(range.base() + row, c, single, r).ok());
        ASSERT_EQ(single.value(r), rows[row][c]) << "row " << row << " column " << c;
      }
    }
  }
  EXPECT_EQ(next, rows.size());
}

}  // namespace mote
