// The one conversion of values: literals, parameters, imports and CAST.
#include <cmath>

#include "base/limits.h"
#include "types/text_format.h"

namespace mote {

namespace {

Status no_cast(const Value& value, Type type) {
  return invalid_argument("%s can not become %s", value.type().name().c_str(), type.name().c_str());
}

Result<Value> integer_from_float(double number, CastMode mode) {
  const double whole = mode == CastMode::kExplicit ? std::nearbyint(number) : number;
  std::string shown;
  append_float(number, &shown);
  // 2^63 is a double; the greatest int64 is not.
  if (!(whole >= -9223372036854775808.0 && whole < 9223372036854775808.0)) {
    return invalid_argument("%s does not fit INTEGER", shown.c_str());
  }
  if (whole != std::trunc(whole)) {
    return invalid_argument("%s is not a whole number; CAST rounds it", shown.c_str());
  }
  return Value::integer(static_cast<int64_t>(whole));
}

Result<Value> cast_text(const Value& value, Type type) {
  const std::string& text = value.bytes();
  switch (type.kind) {
    case TypeKind::kBoolean: {
      MOTE_ASSIGN(const bool parsed, parse_boolean(text));
      return Value::boolean(parsed);
    }
    case TypeKind::kInteger: {
      MOTE_ASSIGN(const int64_t parsed, parse_integer(text));
      return Value::integer(parsed);
    }
    case TypeKind::kFloat4: {
      MOTE_ASSIGN(const double parsed, parse_float(text));
      return Value::float4(static_cast<float>(parsed));
    }
    case TypeKind::kFloat: {
      MOTE_ASSIGN(const double parsed, parse_float(text));
      return Value::floating(parsed);
    }
    case TypeKind::kBlob: {
      MOTE_ASSIGN(std::string parsed, parse_blob(text));
      return Value::blob(std::move(parsed));
    }
    case TypeKind::kTimestamp: {
      MOTE_ASSIGN(const int64_t parsed, parse_timestamp(text));
      return Value::timestamp(parsed);
    }
    case TypeKind::kInterval: {
      MOTE_ASSIGN(const Interval parsed, parse_interval(text));
      return Value::interval(parsed);
    }
    case TypeKind::kVector: {
      MOTE_ASSIGN(std::string parsed, parse_vector(text, type.element, type.dimension));
      type.dimension = static_cast<uint32_t>(parsed.size() / element_bytes(type.element));
      return Value::vector(type, std::move(parsed));
    }
    case TypeKind::kPoint:
    case TypeKind::kPoint3d: return parse_point(text, type.kind);
    case TypeKind::kNull:
    case TypeKind::kText: break;
  }
  return no_cast(value, type);
}

Result<Value> cast_vector(const Value& value, Type type) {
  if (value.type().dimension != type.dimension) {
    return invalid_argument("vector has %u elements; the column has %u", value.type().dimension,
                            type.dimension);
  }
  std::string elements;
  for (uint32_t i = 0; i < type.dimension; ++i) {
    MOTE_TRY(append_vector_element(
        type.element, vector_element(value.type().element, value.bytes().data(), i), &elements));
  }
  return Value::vector(type, std::move(elements));
}

// Raw elements, as a program binds them.
Result<Value> vector_from_blob(const Value& value, Type type) {
  const size_t expected = static_cast<size_t>(type.dimension) * element_bytes(type.element);
  if (value.bytes().size() != expected) {
    return invalid_argument("vector of %zu bytes; %s has %zu", value.bytes().size(),
                            type.name().c_str(), expected);
  }
  for (uint32_t i = 0; i < type.dimension; ++i) {
    if (!std::isfinite(vector_element(type.element, value.bytes().data(), i))) {
      return invalid_argument("vector element %u is not finite", i);
    }
  }
  return Value::vector(type, value.bytes());
}

Result<Value> cast_number(const Value& value, Type type, CastMode mode) {
  const TypeKind from = value.type().kind;
  const bool is_integer = from == TypeKind::kInteger;
  switch (type.kind) {
    case TypeKind::kInteger: return integer_from_float(value.floating(), mode);
    case TypeKind::kFloat4:
      return Value::float4(is_integer ? static_cast<float>(value.integer())
                                      : static_cast<float>(value.floating()));
    case TypeKind::kFloat:
      return Value::floating(is_integer ? static_cast<double>(value.integer()) : value.floating());
    case TypeKind::kTimestamp: {
      if (is_integer) return Value::timestamp(value.integer());
      break;
    }
    case TypeKind::kBoolean:
      if (is_integer && (mode == CastMode::kExplicit || (value.integer() | 1) == 1)) {
        return Value::boolean(value.integer() != 0);
      }
      break;
    default: break;
  }
  return no_cast(value, type);
}

}  // namespace

Result<Value> cast_value(const Value& value, Type type, CastMode mode) {
  if (value.is_null()) return Value::null(type);
  if (value.type() == type) return value;
  if (type.is(TypeKind::kText)) {
    if (value.type().is(TypeKind::kBlob)) {
      if (!is_utf8(value.bytes())) return invalid_argument("BLOB is not UTF-8; TEXT must be");
      return Value::text(value.bytes());
    }
    return Value::text(value.to_text());
  }
  switch (value.type().kind) {
    case TypeKind::kText: return cast_text(value, type);
    case TypeKind::kInteger:
    case TypeKind::kFloat4:
    case TypeKind::kFloat: return cast_number(value, type, mode);
    case TypeKind::kBoolean:
      if (type.is(TypeKind::kInteger)) return Value::integer(value.boolean() ? 1 : 0);
      break;
    case TypeKind::kTimestamp:
      if (type.is(TypeKind::kInteger)) return Value::integer(value.integer());
      break;
    case TypeKind::kVector:
      if (type.is(TypeKind::kVector)) return cast_vector(value, type);
      break;
    case TypeKind::kBlob:
      if (type.is(TypeKind::kVector)) return vector_from_blob(value, type);
      break;
    default: break;
  }
  return no_cast(value, type);
}

}  // namespace mote
