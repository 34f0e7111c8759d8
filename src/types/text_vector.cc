// Vectors and points as text.
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/coding.h"
#include "base/limits.h"
#include "types/schema.h"
#include "types/text_format.h"

namespace mote {

namespace {

// Numbers one after another, divided by blanks or one comma each.
class NumberReader {
 public:
  explicit NumberReader(std::string_view text) : text_(text) { skip_blanks(); }

  bool at_end() const { return text_.empty(); }
  // Takes `c` when it is next.
  bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    skip_blanks();
    return true;
  }
  bool take_number(double* value) {
    if (!text_.empty() && text_.front() == '+') text_.remove_prefix(1);
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), *value);
    if (error != std::errc()) return false;
    text_.remove_prefix(static_cast<size_t>(end - text_.data()));
    skip_blanks();
    return true;
  }

 private:
  void skip_blanks() {
    while (!text_.empty() &&
           (text_.front() == ' ' || (text_.front() >= '\t' && text_.front() <= '\r'))) {
      text_.remove_prefix(1);
    }
  }
  std::string_view text_;
};

Status bad_text(std::string_view text, const char* rule) {
  const std::string shown(text.substr(0, 40));
  return invalid_argument("'%s%s' %s", shown.c_str(), text.size() > 40 ? ".." : "", rule);
}

}  // namespace

float vector_element(VectorElement element, const char* elements, uint32_t position) {
  switch (element) {
    case VectorElement::kF32: return load_fixed<float>(elements + size_t{4} * position);
    case VectorElement::kF16:
      return float_from_half(load_fixed<uint16_t>(elements + size_t{2} * position));
    case VectorElement::kI8: return static_cast<float>(static_cast<int8_t>(elements[position]));
  }
  return 0;
}

Status append_vector_element(VectorElement element, double value, std::string* out) {
  const auto refuse = [&](const char* rule) {
    std::string shown;
    append_float(value, &shown);
    return invalid_argument("vector element %s %s", shown.c_str(), rule);
  };
  if (!std::isfinite(value)) return refuse("is not finite");
  ByteWriter writer(out);
  switch (element) {
    case VectorElement::kF32:
      if (std::isinf(static_cast<float>(value))) return refuse("does not fit f32");
      writer.fixed(static_cast<float>(value));
      return {};
    case VectorElement::kF16: {
      const uint16_t half = half_from_float(static_cast<float>(value));
      if ((half & 0x7fff) == 0x7c00) return refuse("does not fit f16, -65504 to 65504");
      writer.fixed(half);
      return {};
    }
    case VectorElement::kI8: {
      const double rounded = std::nearbyint(value);
      if (rounded < -128 || rounded > 127) return refuse("does not fit i8, -128 to 127");
      writer.fixed(static_cast<int8_t>(rounded));
      return {};
    }
  }
  return {};
}

void append_vector(Type type, std::string_view elements, std::string* out) {
  *out += '[';
  for (uint32_t i = 0; i < type.dimension; ++i) {
    if (i > 0) *out += ',';
    append_float4(vector_element(type.element, elements.data(), i), out);
  }
  *out += ']';
}

Result<std::string> parse_vector(std::string_view text, VectorElement element, uint32_t dimension) {
  NumberReader reader(text);
  std::string elements;
  uint32_t count = 0;
  const bool bracketed = reader.take('[');
  bool closed = !bracketed;
  while (bracketed && !closed) {
    double value = 0;
    if (!reader.take_number(&value)) return bad_text(text, "is not a vector like [0.5,1]");
    if (++count > kMaxVectorDimension) {
      return limit_exceeded("vector has more than %u elements", kMaxVectorDimension);
    }
    MOTE_TRY(append_vector_element(element, value, &elements));
    closed = reader.take(']');
    if (!closed && !reader.take(',')) return bad_text(text, "is not a vector like [0.5,1]");
  }
  if (!bracketed || !reader.at_end()) return bad_text(text, "is not a vector like [0.5,1]");
  if (dimension != 0 && count != dimension) {
    return invalid_argument("vector has %u elements; the column has %u", count, dimension);
  }
  return elements;
}

Result<Value> parse_point(std::string_view text, TypeKind kind) {
  constexpr std::string_view kWord = "POINT";
  std::string_view rest = text;
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  const bool named = rest.size() > kWord.size() && same_name(rest.substr(0, kWord.size()), kWord);
  if (named) {
    rest.remove_prefix(kWord.size());
    if (same_name(rest.substr(0, 2), "3d")) rest.remove_prefix(2);
    if (!rest.empty() && same_name(rest.substr(0, 2), " z")) rest.remove_prefix(2);
  }
  NumberReader reader(rest);
  const bool bracketed = reader.take('(');
  double axes[3] = {};
  const uint32_t wanted = lane_count(kind);
  const char* const rule = kind == TypeKind::kPoint ? "is not a point like POINT(1 2)"
                                                    : "is not a point like POINT(1 2 3)";
  for (uint32_t axis = 0; axis < wanted; ++axis) {
    if (axis > 0) (void)reader.take(',');
    if (!reader.take_number(&axes[axis])) return bad_text(text, rule);
  }
  if ((bracketed && !reader.take(')')) || (named && !bracketed) || !reader.at_end()) {
    return bad_text(text, rule);
  }
  return kind == TypeKind::kPoint ? Value::point(axes[0], axes[1])
                                  : Value::point3d(axes[0], axes[1], axes[2]);
}

}  // namespace mote
