// For the tests of this layer: calls a function by name on values, the way the evaluator does.
#pragma once

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "function/function.h"
#include "types/text_format.h"

namespace mote {

inline Column column_of(Type type, const std::vector<Value>& values) {
  Column column;
  column.reset(type, /*zeroed=*/true);
  for (uint32_t i = 0; i < values.size(); ++i) column.set_value(i, values[i]);
  return column;
}

// Null rows must have zero entries, see Column.
inline void expect_zero_entries(const Column& column, uint32_t row_count) {
  for (uint32_t i = 0; i < row_count; ++i) {
    if (!column.is_null(i)) continue;
    for (uint32_t lane = 0; lane < lane_count(column.type().kind); ++lane) {
      switch (lane_kind(column.type().kind)) {
        case LaneKind::kBool: EXPECT_FALSE(column.lane<bool>(lane)[i]); break;
        case LaneKind::kInt64: EXPECT_EQ(column.lane<int64_t>(lane)[i], 0); break;
        case LaneKind::kFloat32: EXPECT_EQ(column.lane<float>(lane)[i], 0); break;
        case LaneKind::kFloat64: EXPECT_EQ(column.lane<double>(lane)[i], 0); break;
        case LaneKind::kBytes: EXPECT_TRUE(column.lane<std::string_view>(lane)[i].empty()); break;
      }
    }
  }
}

inline Result<std::vector<Column>> cast_all(const std::vector<Column>& columns,
                                            const std::vector<Type>& types, uint32_t row_count) {
  std::vector<Column> cast(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    MOTE_TRY(cast_column(columns[i], row_count, types[i], CastMode::kImplicit, cast[i]));
  }
  return cast;
}

inline std::vector<Type> types_of(const std::vector<Column>& columns) {
  std::vector<Type> types;
  for (const Column& column : columns) types.push_back(column.type());
  return types;
}

inline std::vector<const Column*> pointers_to(const std::vector<Column>& columns) {
  std::vector<const Column*> pointers;
  for (const Column& column : columns) pointers.push_back(&column);
  return pointers;
}

inline Result<Column> call_columns(std::string_view name, const std::vector<Column>& columns,
                                   uint32_t row_count, FunctionContext context = {}) {
  MOTE_ASSIGN(const ResolvedScalar resolved, resolve_scalar(name, types_of(columns)));
  MOTE_ASSIGN(const std::vector<Column> cast, cast_all(columns, resolved.cast_to, row_count));
  Column out(resolved.type);
  if (resolved.function->nulls_pass) {
    for (const Column& column : cast) out.validity().intersect(column.validity());
  }
  MOTE_TRY(resolved.function->evaluate(context, pointers_to(cast), row_count, out));
  EXPECT_EQ(out.type(), resolved.type) << name;
  expect_zero_entries(out, row_count);
  return out;
}

// One row. A Value that is NULL of no type is an untyped NULL.
inline Result<Value> call(std::string_view name, const std::vector<Value>& arguments) {
  std::vector<Column> columns;
  for (const Value& argument : arguments) columns.push_back(column_of(argument.type(), {argument}));
  MOTE_ASSIGN(const Column out, call_columns(name, columns, 1));
  return out.value(0);
}

// The row as text, "NULL", or "error: message".
inline std::string shown(const Result<Value>& value) {
  if (!value.ok()) return "error: " + value.status().message();
  return value->is_null() ? "NULL" : value->to_text();
}
inline std::string call_text(std::string_view name, const std::vector<Value>& arguments) {
  return shown(call(name, arguments));
}

inline Value integer(int64_t value) { return Value::integer(value); }
inline Value floating(double value) { return Value::floating(value); }
inline Value text(std::string value) { return Value::text(std::move(value)); }
inline Value boolean(bool value) { return Value::boolean(value); }
inline Value timestamp(const char* spelled) { return Value::timestamp(*parse_timestamp(spelled)); }
inline Value interval(const char* spelled) { return Value::interval(*parse_interval(spelled)); }
inline Value vector(const char* spelled, VectorElement element = VectorElement::kF32) {
  std::string elements = *parse_vector(spelled, element, 0);
  const auto dimension = static_cast<uint32_t>(elements.size() / element_bytes(element));
  return Value::vector(Type::vector(dimension, element), std::move(elements));
}

// The states of one aggregate over some groups.
class AggregateStates {
 public:
  AggregateStates(const ResolvedAggregate& resolved, uint32_t group_count)
      : function_(resolved.function),
        type_(resolved.type),
        stride_((resolved.function->state_bytes + 15) / 16),
        memory_(static_cast<size_t>(stride_) * group_count),
        group_count_(group_count) {
    for (uint32_t group = 0; group < group_count; ++group) function_->init(state(group));
  }

  void* state(uint32_t group) { return &memory_[static_cast<size_t>(group) * stride_]; }

  Status update(const std::vector<Column>& columns, const std::vector<uint32_t>& groups) {
    std::vector<void*> states;
    for (const uint32_t group : groups) states.push_back(state(group));
    return function_->update(pointers_to(columns), static_cast<uint32_t>(groups.size()),
                             RowStates::each(states.data()), arena_);
  }
  Status merge(AggregateStates& later) {
    for (uint32_t group = 0; group < group_count_; ++group) {
      MOTE_TRY(function_->merge(state(group), later.state(group), arena_));
    }
    return {};
  }
  Result<std::vector<Value>> finish() {
    Column out(type_);
    for (uint32_t group = 0; group < group_count_; ++group) {
      MOTE_TRY(function_->finish(state(group), out, group));
    }
    expect_zero_entries(out, group_count_);
    std::vector<Value> values;
    for (uint32_t group = 0; group < group_count_; ++group) values.push_back(out.value(group));
    return values;
  }

 private:
  struct alignas(16) Unit {
    char bytes[16] = {};
  };
  const AggregateFunction* function_;
  Type type_;
  uint32_t stride_;
  std::vector<Unit> memory_;
  uint32_t group_count_;
  Arena arena_;
};

// All rows into one group.
inline Result<Value> aggregate(std::string_view name, const std::vector<Column>& columns,
                               uint32_t row_count) {
  MOTE_ASSIGN(const ResolvedAggregate resolved, resolve_aggregate(name, types_of(columns)));
  MOTE_ASSIGN(const std::vector<Column> cast, cast_all(columns, resolved.cast_to, row_count));
  AggregateStates states(resolved, 1);
  MOTE_TRY(states.update(cast, std::vector<uint32_t>(row_count, 0)));
  MOTE_ASSIGN(const std::vector<Value> values, states.finish());
  return values[0];
}
inline Result<Value> aggregate(std::string_view name, Type type, const std::vector<Value>& values) {
  return aggregate(name, {column_of(type, values)}, static_cast<uint32_t>(values.size()));
}

}  // namespace mote
