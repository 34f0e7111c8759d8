#include "types/chunk.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "types/schema.h"

namespace mote {
namespace {

std::vector<Type> all_types() {
  return {Type::boolean(),
          Type::integer(),
          Type::of(TypeKind::kFloat4),
          Type::floating(),
          Type::text(),
          Type::blob(),
          Type::timestamp(),
          Type::interval(),
          Type::vector(3, VectorElement::kI8),
          Type::of(TypeKind::kPoint),
          Type::of(TypeKind::kPoint3d)};
}

// Few distinct values of each type, so that equal ones are common; NULL, NaN and -0 among them.
Value random_value(Type type, std::mt19937_64& random) {
  const auto small = static_cast<int64_t>(random() % 5) - 2;
  const double floats[] = {-0.0, 0.0, 1.5, std::nan(""), -INFINITY};
  const double number = floats[random() % 5];
  if (random() % 6 == 0) return Value::null(type);
  switch (type.kind) {
    case TypeKind::kBoolean: return Value::boolean(small > 0);
    case TypeKind::kInteger: return Value::integer(small == 2 ? INT64_MIN : small);
    case TypeKind::kFloat4: return Value::float4(static_cast<float>(number));
    case TypeKind::kFloat: return Value::floating(number);
    case TypeKind::kText: return Value::text(std::string(static_cast<size_t>(small + 2) * 9, 'a'));
    case TypeKind::kBlob: return Value::blob(std::string(static_cast<size_t>(small + 2), '\0'));
    case TypeKind::kTimestamp: return Value::timestamp(small);
    case TypeKind::kInterval: return Value::interval({small == 1 ? 1 : 0, small == 0 ? 30 : 0, 0});
    case TypeKind::kVector:
      return Value::vector(type, std::string(3, static_cast<char>(small + 3)));
    case TypeKind::kPoint: return Value::point(number, static_cast<double>(small));
    default: return Value::point3d(static_cast<double>(small), number, 0);
  }
}

// What a Column says of its rows is what the Values put into it say.
TEST(Column, AgreesWithItsValues) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    for (const Type type : all_types()) {
      SCOPED_TRACE(format_text("seed %u, %s", seed, type.name().c_str()));
      std::mt19937_64 random(seed);
      std::vector<Value> values;
      Column column(type);
      for (uint32_t row = 0; row < 100; ++row) {
        values.push_back(random_value(type, random));
        column.set_value(row, values.back());
      }
      for (uint32_t row = 0; row < 100; ++row) {
        ASSERT_EQ(column.value(row), values[row]);
        const auto other = static_cast<uint32_t>(random() % 100);
        const int order = column.compare_rows(row, column, other);
        ASSERT_EQ(order < 0, values[row].compare(values[other]) < 0);
        ASSERT_EQ(order == 0, values[row].compare(values[other]) == 0);
        if (order == 0) ASSERT_EQ(column.hash_row(row, 7), column.hash_row(other, 7));
      }
    }
  }
}

TEST(Column, CopiesAndSelectionsOutliveTheirSource) {
  for (const Type type : all_types()) {
    SCOPED_TRACE(type.name());
    std::mt19937_64 random(11);
    std::vector<Value> values;
    Column copied;
    copied.reset(type, true);
    Column chosen;
    Selection selection;
    {
      Column column(type);
      for (uint32_t row = 0; row < kChunkRows; ++row) {
        values.push_back(random_value(type, random));
        column.set_value(row, values.back());
        if (random() % 3 == 0) selection.rows[selection.count++] = static_cast<uint16_t>(row);
      }
      copied.copy_rows(10, column, 20, 500);
      chosen = column.selected(selection);
      column.reset(type, true);
    }
    for (uint32_t i = 0; i < 500; ++i) ASSERT_EQ(copied.value(10 + i), values[20 + i]);
    for (uint32_t i = 0; i < selection.count; ++i) {
      ASSERT_EQ(chosen.value(i), values[selection.rows[i]]);
    }
  }
}

TEST(Column, WritingOneCopyLeavesTheOther) {
  Column first(Type::text());
  first.set_value(0, Value::text("before"));
  const Column second = first;
  first.reset(Type::text());
  first.set_value(0, Value::text("after, and longer than before"));
  EXPECT_EQ(second.value(0).bytes(), "before");
  EXPECT_EQ(first.value(0).bytes(), "after, and longer than before");
}

TEST(Validity, CountsNullsUpToTheRowCount) {
  Validity validity;
  EXPECT_EQ(validity.null_count(kChunkRows), 0u);
  for (const uint32_t row : {0u, 63u, 64u, 1023u}) validity.set_null(row);
  EXPECT_EQ(validity.null_count(63), 1u);
  EXPECT_EQ(validity.null_count(64), 2u);
  EXPECT_EQ(validity.null_count(65), 3u);
  EXPECT_EQ(validity.null_count(1023), 3u);
  EXPECT_EQ(validity.null_count(1024), 4u);
  Validity other;
  other.set_null(5);
  validity.intersect(other);
  EXPECT_FALSE(validity.is_valid(5));
  EXPECT_FALSE(validity.is_valid(64));
}

TEST(Schema, ReadsBackWhatItWritesAndSurvivesDamage) {
  Schema schema;
  for (const Type type : all_types()) {
    schema.columns.push_back({"c" + std::to_string(schema.columns.size()), type,
                              schema.columns.size() % 2 == 0,
                              schema.columns.empty() ? "1 + 1" : ""});
  }
  schema.primary_key = {1, 4};
  std::string bytes;
  schema.serialize(&bytes);
  ByteReader reader(bytes);
  const Result<Schema> back = Schema::deserialize(reader);
  ASSERT_TRUE(back.ok()) << back.status().message();
  std::string again;
  back->serialize(&again);
  EXPECT_EQ(again, bytes);
  EXPECT_EQ(back->find("C3"), 3u);
  EXPECT_EQ(back->find("c99"), std::nullopt);
  std::mt19937_64 random(5);
  for (int i = 0; i < 5000; ++i) {
    std::string damaged = bytes.substr(0, random() % (bytes.size() + 1));
    if (!damaged.empty())
      damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
    ByteReader damaged_reader(damaged);
    const Result<Schema> result = Schema::deserialize(damaged_reader);
    if (!result.ok()) ASSERT_EQ(result.status().code(), Code::kCorruption);
  }
}

TEST(Type, HasOneNameAndManySpellings) {
  EXPECT_EQ(Type::vector(384, VectorElement::kF16).name(), "VECTOR(384, f16)");
  EXPECT_EQ(type_kind_from_name("DOUBLE"), TypeKind::kFloat);
  EXPECT_EQ(type_kind_from_name("timestamp_ns"), TypeKind::kTimestamp);
  EXPECT_EQ(type_kind_from_name("quaternion"), TypeKind::kNull);
  for (const Type type : all_types()) {
    if (type.is(TypeKind::kVector)) continue;
    EXPECT_EQ(type_kind_from_name(type.name()), type.kind);
  }
}

}  // namespace
}  // namespace mote
