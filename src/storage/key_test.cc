#include "storage/key.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "base/limits.h"

namespace mote {
namespace {

std::string key_of(const Value& value) {
  std::string key;
  const Status status = append_key(std::span(&value, 1), &key);
  EXPECT_TRUE(status.ok()) << status.message();
  return key;
}

int sign(int order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }

void expect_order(const std::vector<Value>& values) {
  for (const Value& a : values) {
    for (const Value& b : values) {
      EXPECT_EQ(sign(key_of(a).compare(key_of(b))), sign(a.compare(b)))
          << a.to_text() << " and " << b.to_text();
    }
  }
}

TEST(Key, OrderOfBytesIsOrderOfIntegers) {
  std::vector<Value> values;
  for (int64_t v : {INT64_MIN, INT64_MIN + 1, int64_t{-256}, int64_t{-1}, int64_t{0}, int64_t{1},
                    int64_t{255}, int64_t{256}, INT64_MAX}) {
    values.push_back(Value::integer(v));
  }
  expect_order(values);
}

TEST(Key, OrderOfBytesIsOrderOfFloats) {
  std::vector<Value> values;
  const double infinity = std::numeric_limits<double>::infinity();
  for (double v : {-infinity, -1e300, -1.5, -5e-324, -0.0, 0.0, 5e-324, 1.0, 1e300, infinity,
                   std::nan(""), -std::nan("")}) {
    values.push_back(Value::floating(v));
  }
  expect_order(values);
  EXPECT_EQ(key_of(Value::floating(-0.0)), key_of(Value::floating(0.0)));
}

TEST(Key, OrderOfBytesIsOrderOfTexts) {
  std::mt19937_64 random(7);
  std::vector<Value> values = {Value::text(""), Value::text(std::string(1, '\0'))};
  for (int i = 0; i < 40; ++i) {
    std::string text;
    for (size_t n = random() % 5; n > 0; --n) text.push_back("\0\1\2a\xff"[random() % 5]);
    values.push_back(Value::text(text));
  }
  expect_order(values);
}

TEST(Key, ColumnsFollowOneAnother) {
  // A prefix in the first column is not confused with what follows.
  std::string a, b;
  const Value first[] = {Value::text("a"), Value::text("bc")};
  const Value second[] = {Value::text("ab"), Value::text("c")};
  ASSERT_TRUE(append_key(first, &a).ok());
  ASSERT_TRUE(append_key(second, &b).ok());
  EXPECT_NE(a, b);
  EXPECT_LT(a, b);
}

Value random_value(TypeKind kind, std::mt19937_64& random) {
  const auto small = static_cast<int64_t>(random() % 5) - 2;
  switch (kind) {
    case TypeKind::kBoolean: return Value::boolean(random() % 2 == 0);
    case TypeKind::kInteger: return Value::integer(small);
    case TypeKind::kTimestamp: return Value::timestamp(small * 1'000'000'007);
    case TypeKind::kFloat4: return Value::float4(static_cast<float>(small) / 4);
    case TypeKind::kFloat: {
      if (random() % 8 == 0) return Value::floating(std::nan(""));
      return Value::floating(random() % 8 == 0 ? -0.0 : static_cast<double>(small) / 3);
    }
    default: break;
  }
  std::string text;
  for (size_t n = random() % 4; n > 0; --n) text.push_back("\0\1a\xff"[random() % 4]);
  return kind == TypeKind::kText ? Value::text(text) : Value::blob(text);
}

// Tuples of random types, with values drawn from few so that prefixes are often equal: the order of
// their keys is that of the first column that differs.
TEST(Key, OrderOfBytesIsOrderOfTuples) {
  constexpr TypeKind kKinds[] = {TypeKind::kBoolean,  TypeKind::kInteger, TypeKind::kFloat4,
                                 TypeKind::kFloat,    TypeKind::kText,    TypeKind::kBlob,
                                 TypeKind::kTimestamp};
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::vector<Value> a, b;
    for (size_t n = 1 + random() % 4; n > 0; --n) {
      const TypeKind kind = kKinds[random() % std::size(kKinds)];
      a.push_back(random_value(kind, random));
      b.push_back(random() % 2 == 0 ? a.back() : random_value(kind, random));
    }
    int expected = 0;
    for (size_t i = 0; expected == 0 && i < a.size(); ++i) expected = sign(a[i].compare(b[i]));
    std::string key_a, key_b;
    ASSERT_TRUE(append_key(a, &key_a).ok());
    ASSERT_TRUE(append_key(b, &key_b).ok());
    EXPECT_EQ(sign(key_a.compare(key_b)), expected);
  }
}

TEST(Key, ColumnsAndValuesGiveTheSameBytes) {
  const Value values[] = {Value::boolean(true),
                          Value::integer(-3),
                          Value::float4(1.5f),
                          Value::floating(-2.25),
                          Value::text(std::string("x\0y", 3)),
                          Value::blob("\xff"),
                          Value::timestamp(-1234)};
  std::vector<Column> columns;
  for (const Value& value : values) {
    columns.emplace_back(value.type());
    columns.back().set_value(0, value);
  }
  std::vector<const Column*> pointers;
  for (const Column& column : columns) pointers.push_back(&column);
  std::string from_values, from_columns;
  ASSERT_TRUE(append_key(values, &from_values).ok());
  ASSERT_TRUE(append_key(pointers, 0, &from_columns).ok());
  EXPECT_EQ(from_values, from_columns);
}

TEST(Key, NullIsRefused) {
  std::string key;
  const Value null = Value::null(Type::integer());
  EXPECT_EQ(append_key(std::span(&null, 1), &key).code(), Code::kConstraint);
}

TEST(Key, LongestKeyIsTakenAndOneByteMoreIsNot) {
  for (int more : {-1, 0, 1}) {
    std::string key;
    const size_t size = static_cast<size_t>(static_cast<int>(kMaxKeyBytes) - 2 + more);
    const Value value = Value::text(std::string(size, 'x'));
    EXPECT_EQ(append_key(std::span(&value, 1), &key).code(), more <= 0 ? Code::kOk : Code::kLimit);
  }
}

}  // namespace
}  // namespace mote
