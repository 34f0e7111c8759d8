#include "reader/field_type.h"

#include <charconv>
#include <cmath>

#include "types/text_format.h"

namespace mote {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_boolean(std::string_view text) {
  return text == "true" || text == "false" || text == "TRUE" || text == "FALSE" || text == "True" ||
         text == "False";
}

constexpr int64_t kExactFloat = int64_t{1} << 53;

}  // namespace

void FieldTypes::see(std::string_view text) {
  seen_ = true;
  if (possible_ == 0) return;
  if ((possible_ & kBoolean) != 0 && !is_boolean(text)) possible_ &= ~kBoolean;
  if ((possible_ & kTime) != 0) {
    // A date has a dash behind its year; a bare number is no time.
    const bool looks = text.size() >= 8 && is_digit(text[0]) && text.find('-', 1) <= 6;
    if (!looks || !parse_timestamp(text).ok()) possible_ &= ~kTime;
  }
  if ((possible_ & kWhole) != 0) {
    int64_t value = 0;
    const char* end = text.data() + text.size();
    const char* begin = text.size() > 1 && text[0] == '+' ? text.data() + 1 : text.data();
    const auto [at, error] = std::from_chars(begin, end, value);
    if (error != std::errc() || at != end) {
      if (const Result<int64_t> exact = parse_integer(text); exact.ok()) {
        has_point_ = true;
        needs_exact_ = needs_exact_ || *exact > kExactFloat || *exact < -kExactFloat;
      } else {
        possible_ &= ~kWhole;
      }
    }
  }
  if ((possible_ & (kNumber | kWhole)) == kNumber && !parse_float(text).ok()) possible_ &= ~kNumber;
}

Type FieldTypes::type() const {
  if (!seen_ || possible_ == 0) return Type::text();
  if ((possible_ & kBoolean) != 0) return Type::boolean();
  if ((possible_ & kWhole) != 0 && (!has_point_ || needs_exact_)) return Type::integer();
  // Every whole number that was seen is a number too.
  if ((possible_ & kNumber) != 0) return Type::floating();
  if ((possible_ & kTime) != 0) return Type::timestamp();
  return Type::text();
}

Status put_text(std::string_view text, uint32_t row, Column& column) {
  const Type& type = column.type();
  switch (type.kind) {
    case TypeKind::kText:
      if (!is_utf8(text)) return invalid_argument("the text is not UTF-8");
      column.lane<std::string_view>()[row] = column.store(text);
      return {};
    case TypeKind::kInteger: {
      MOTE_ASSIGN(column.lane<int64_t>()[row], parse_integer(text));
      return {};
    }
    case TypeKind::kTimestamp: {
      MOTE_ASSIGN(column.lane<int64_t>()[row], parse_timestamp(text));
      return {};
    }
    case TypeKind::kFloat: {
      MOTE_ASSIGN(column.lane<double>()[row], parse_float(text));
      return {};
    }
    case TypeKind::kVector: {
      MOTE_ASSIGN(const std::string elements, parse_vector(text, type.element, type.dimension));
      column.lane<std::string_view>()[row] = column.store(elements);
      return {};
    }
    default: {
      MOTE_ASSIGN(const Value value,
                  cast_value(Value::text(std::string(trimmed(text))), type, CastMode::kImplicit));
      column.set_value(row, value);
      return {};
    }
  }
}

}  // namespace mote
