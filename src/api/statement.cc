// Statements: preparing, binding, stepping, and the values of the current row.
#include <utility>

#include "api/objects.h"
#include "types/text_format.h"

namespace {

using mote::Column;
using mote::LaneKind;
using mote::report;
using mote::Type;
using mote::TypeKind;
using mote::Value;

mote_code bind(mote_statement* statement, uint32_t parameter, Value value) {
  return report(statement->statement.bind(parameter, std::move(value)));
}

// The current row's column, or null where there is none or it is NULL.
const Column* value_at(const mote_statement* statement, uint32_t column) {
  if (statement->chunk == nullptr || column >= statement->chunk->column_count()) return nullptr;
  const Column& values = statement->chunk->column(column);
  return values.is_null(statement->row) ? nullptr : &values;
}

// The current value as another type, as CAST does; nothing where that fails.
Value converted(const mote_statement* statement, uint32_t column, Type type) {
  const Column* values = value_at(statement, column);
  if (values == nullptr) return {};
  auto value = mote::cast_value(values->value(statement->row), type, mote::CastMode::kImplicit);
  return value.ok() ? std::move(value).value() : Value();
}

template <typename T>
std::vector<T>& sized(std::vector<T>& entries, uint32_t column) {
  if (entries.size() <= column) entries.resize(column + 1);
  return entries;
}

}  // namespace

mote_code mote_prepare(mote_connection* connection, const char* sql, size_t size_bytes,
                       mote_statement** statement, size_t* consumed_bytes) {
  *statement = nullptr;
  auto prepared = connection->connection->prepare(mote::text_of(sql, size_bytes), consumed_bytes);
  if (!prepared.ok()) return report(prepared.status());
  if (prepared->is_empty()) return MOTE_OK;
  *statement = new mote_statement(connection->database, std::move(prepared).value());
  return MOTE_OK;
}

void mote_finalize(mote_statement* statement) { delete statement; }

uint32_t mote_parameter_count(mote_statement* statement) {
  return statement->statement.parameter_count();
}

const char* mote_parameter_name(mote_statement* statement, uint32_t parameter) {
  const std::string_view name = statement->statement.parameter_name(parameter);
  if (name.empty()) return nullptr;
  statement->name = name;
  return statement->name.c_str();
}

uint32_t mote_parameter_position(mote_statement* statement, const char* name) {
  return statement->statement.parameter_position(mote::text_of(name, MOTE_ZERO_TERMINATED));
}

mote_code mote_bind_null(mote_statement* statement, uint32_t parameter) {
  return bind(statement, parameter, Value());
}
mote_code mote_bind_boolean(mote_statement* statement, uint32_t parameter, int value) {
  return bind(statement, parameter, Value::boolean(value != 0));
}
mote_code mote_bind_integer(mote_statement* statement, uint32_t parameter, int64_t value) {
  return bind(statement, parameter, Value::integer(value));
}
mote_code mote_bind_float(mote_statement* statement, uint32_t parameter, double value) {
  return bind(statement, parameter, Value::floating(value));
}
mote_code mote_bind_text(mote_statement* statement, uint32_t parameter, const char* text,
                         size_t size_bytes) {
  const std::string_view bytes = mote::text_of(text, size_bytes);
  if (!mote::is_utf8(bytes)) return mote::report_invalid("the text to bind is not UTF-8");
  return bind(statement, parameter, Value::text(std::string(bytes)));
}
mote_code mote_bind_blob(mote_statement* statement, uint32_t parameter, const void* bytes,
                         size_t size_bytes) {
  return bind(statement, parameter,
              Value::blob(std::string(static_cast<const char*>(bytes), size_bytes)));
}
mote_code mote_bind_timestamp(mote_statement* statement, uint32_t parameter, int64_t nanoseconds) {
  return bind(statement, parameter, Value::timestamp(nanoseconds));
}
mote_code mote_bind_interval(mote_statement* statement, uint32_t parameter, int32_t months,
                             int32_t days, int64_t nanoseconds) {
  return bind(statement, parameter, Value::interval({months, days, nanoseconds}));
}
mote_code mote_bind_vector(mote_statement* statement, uint32_t parameter, const float* elements,
                           uint32_t dimension) {
  if (dimension == 0 || dimension > mote::kMaxVectorDimension) {
    return report(mote::invalid_argument("a vector has 1 to %u dimensions, not %u",
                                         mote::kMaxVectorDimension, dimension));
  }
  std::string bytes;
  for (uint32_t i = 0; i < dimension; ++i) {
    const auto appended = mote::append_vector_element(mote::VectorElement::kF32,
                                                      static_cast<double>(elements[i]), &bytes);
    if (!appended.ok()) return report(appended);
  }
  return bind(statement, parameter, Value::vector(Type::vector(dimension), std::move(bytes)));
}
mote_code mote_bind_point(mote_statement* statement, uint32_t parameter, double x, double y) {
  return bind(statement, parameter, Value::point(x, y));
}
mote_code mote_bind_point3d(mote_statement* statement, uint32_t parameter, double x, double y,
                            double z) {
  return bind(statement, parameter, Value::point3d(x, y, z));
}
void mote_clear_bindings(mote_statement* statement) { statement->statement.clear_bindings(); }

mote_code mote_step(mote_statement* statement) {
  if (statement->chunk != nullptr && statement->row + 1 < statement->chunk->row_count()) {
    ++statement->row;
    return MOTE_ROW;
  }
  statement->chunk = nullptr;
  mote::Result<const mote::Chunk*> chunk = statement->statement.next();
  if (!chunk.ok()) return report(chunk.status());
  statement->chunk = *chunk;
  statement->row = 0;
  return statement->chunk == nullptr ? MOTE_DONE : MOTE_ROW;
}

void mote_reset(mote_statement* statement) {
  statement->chunk = nullptr;
  statement->statement.reset();
}

uint64_t mote_rows_affected(mote_statement* statement) {
  return statement->statement.rows_affected();
}

uint32_t mote_column_count(mote_statement* statement) {
  return statement->statement.column_count();
}

const char* mote_column_name(mote_statement* statement, uint32_t column) {
  if (column >= statement->statement.column_count()) return "";
  statement->name = statement->statement.column_name(column);
  return statement->name.c_str();
}

mote_type mote_column_type(mote_statement* statement, uint32_t column) {
  if (column >= statement->statement.column_count()) return MOTE_NULL;
  return static_cast<mote_type>(statement->statement.column_type(column).kind);
}

const char* mote_column_type_name(mote_statement* statement, uint32_t column) {
  if (column >= statement->statement.column_count()) return "NULL";
  std::string& name = sized(statement->type_names, column)[column];
  name = statement->statement.column_type(column).name();
  return name.c_str();
}

int mote_column_is_null(mote_statement* statement, uint32_t column) {
  return value_at(statement, column) == nullptr ? 1 : 0;
}

int mote_column_boolean(mote_statement* statement, uint32_t column) {
  const Value value = converted(statement, column, Type::boolean());
  return !value.is_null() && value.boolean() ? 1 : 0;
}

int64_t mote_column_integer(mote_statement* statement, uint32_t column) {
  const Column* values = value_at(statement, column);
  if (values == nullptr) return 0;
  const TypeKind kind = values->type().kind;
  if (kind == TypeKind::kInteger || kind == TypeKind::kTimestamp) {
    return values->lane<int64_t>()[statement->row];
  }
  const Value value = converted(statement, column, Type::integer());
  return value.is_null() ? 0 : value.integer();
}

double mote_column_float(mote_statement* statement, uint32_t column) {
  const Column* values = value_at(statement, column);
  if (values == nullptr) return 0;
  if (values->type().is(TypeKind::kFloat)) return values->lane<double>()[statement->row];
  const Value value = converted(statement, column, Type::floating());
  return value.is_null() ? 0 : value.floating();
}

const char* mote_column_text(mote_statement* statement, uint32_t column, size_t* size_bytes) {
  const Column* values = value_at(statement, column);
  if (size_bytes != nullptr) *size_bytes = 0;
  if (values == nullptr) return nullptr;
  std::string& text = sized(statement->texts, column)[column];
  const TypeKind kind = values->type().kind;
  if (kind == TypeKind::kText || kind == TypeKind::kBlob) {
    text = values->lane<std::string_view>()[statement->row];
  } else {
    text = values->value(statement->row).to_text();
  }
  if (size_bytes != nullptr) *size_bytes = text.size();
  return text.c_str();
}

const void* mote_column_blob(mote_statement* statement, uint32_t column, size_t* size_bytes) {
  const Column* values = value_at(statement, column);
  if (size_bytes != nullptr) *size_bytes = 0;
  if (values == nullptr) return nullptr;
  if (mote::lane_kind(values->type().kind) != LaneKind::kBytes) {
    return mote_column_text(statement, column, size_bytes);
  }
  const std::string_view bytes = values->lane<std::string_view>()[statement->row];
  if (size_bytes != nullptr) *size_bytes = bytes.size();
  return bytes.data();
}

const float* mote_column_vector(mote_statement* statement, uint32_t column, uint32_t* dimension) {
  const Column* values = value_at(statement, column);
  if (dimension != nullptr) *dimension = 0;
  if (values == nullptr || !values->type().is(TypeKind::kVector)) return nullptr;
  const Type& type = values->type();
  const std::string_view bytes = values->lane<std::string_view>()[statement->row];
  std::vector<float>& elements = sized(statement->vectors, column)[column];
  elements.resize(type.dimension);
  for (uint32_t i = 0; i < type.dimension; ++i) {
    elements[i] = mote::vector_element(type.element, bytes.data(), i);
  }
  if (dimension != nullptr) *dimension = type.dimension;
  return elements.data();
}

double mote_column_coordinate(mote_statement* statement, uint32_t column, uint32_t axis) {
  const Column* values = value_at(statement, column);
  if (values == nullptr) return 0;
  const TypeKind kind = values->type().kind;
  const uint32_t axes = kind == TypeKind::kPoint ? 2 : kind == TypeKind::kPoint3d ? 3 : 0;
  return axis < axes ? values->lane<double>(axis)[statement->row] : 0;
}

void mote_column_interval(mote_statement* statement, uint32_t column, int32_t* months,
                          int32_t* days, int64_t* nanoseconds) {
  const Value value = converted(statement, column, Type::interval());
  const mote::Interval interval = value.is_null() ? mote::Interval{} : value.interval();
  *months = interval.months;
  *days = interval.days;
  *nanoseconds = interval.nanoseconds;
}
