// Numbers, booleans and bytes as text.
#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "types/schema.h"
#include "types/text_format.h"

namespace mote {

namespace {

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

Status bad_text(std::string_view text, const char* rule) {
  const std::string shown(text.substr(0, 40));
  return invalid_argument("'%s%s' %s", shown.c_str(), text.size() > 40 ? ".." : "", rule);
}

template <typename T>
void append_shortest(T value, std::string* out) {
  if (std::isnan(value)) {
    *out += "nan";
    return;
  }
  if (std::isinf(value)) {
    *out += value < 0 ? "-inf" : "inf";
    return;
  }
  char room[64];
  const auto end = std::to_chars(room, room + sizeof room, value).ptr;
  const std::string_view digits(room, static_cast<size_t>(end - room));
  *out += digits;
  if (digits.find_first_of(".e") == std::string_view::npos) *out += ".0";
}

}  // namespace

void append_float(double value, std::string* out) { append_shortest(value, out); }
void append_float4(float value, std::string* out) { append_shortest(value, out); }

void append_blob(std::string_view bytes, std::string* out) {
  constexpr char kDigits[] = "0123456789abcdef";
  *out += "\\x";
  for (const char c : bytes) {
    out->push_back(kDigits[static_cast<uint8_t>(c) >> 4]);
    out->push_back(kDigits[static_cast<uint8_t>(c) & 15]);
  }
}

Result<int64_t> parse_integer(std::string_view text) {
  std::string_view digits = trimmed(text);
  if (digits.size() > 1 && digits[0] == '+' && digits[1] != '-') digits.remove_prefix(1);
  const size_t point = digits.find('.');
  if (point != std::string_view::npos) {
    const std::string_view fraction = digits.substr(point + 1);
    if (fraction.find_first_not_of('0') != std::string_view::npos || point == 0) {
      return bad_text(text, "is not a whole number");
    }
    digits = digits.substr(0, point);
  }
  int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::result_out_of_range) {
    return bad_text(text, "does not fit INTEGER, -9223372036854775808 to 9223372036854775807");
  }
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return bad_text(text, "is not an INTEGER");
  }
  return value;
}

Result<double> parse_float(std::string_view text) {
  std::string_view digits = trimmed(text);
  if (digits.size() > 1 && digits[0] == '+' && digits[1] != '-') digits.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end != digits.data() + digits.size() || digits.empty() ||
      (error != std::errc() && error != std::errc::result_out_of_range)) {
    return bad_text(text, "is not a FLOAT");
  }
  if (error == std::errc::result_out_of_range) {
    // from_chars does not say on which side; a number without digits before its exponent's sign is
    // rare enough to be looked at again here.
    const size_t exponent = digits.find_first_of("eE");
    const bool tiny = exponent != std::string_view::npos && exponent + 1 < digits.size() &&
                      digits[exponent + 1] == '-';
    const bool negative = digits[0] == '-';
    if (tiny || exponent == std::string_view::npos) return negative ? -0.0 : 0.0;
    return bad_text(text, "does not fit FLOAT");
  }
  return value;
}

Result<bool> parse_boolean(std::string_view text) {
  const std::string_view word = trimmed(text);
  for (const char* const yes : {"true", "t", "yes", "y", "on", "1"}) {
    if (same_name(word, yes)) return true;
  }
  for (const char* const no : {"false", "f", "no", "n", "off", "0"}) {
    if (same_name(word, no)) return false;
  }
  return bad_text(text, "is not a BOOLEAN");
}

Result<std::string> parse_blob(std::string_view text) {
  if (!text.starts_with("\\x")) return std::string(text);
  const std::string_view digits = text.substr(2);
  if (digits.size() % 2 != 0) return bad_text(text, "has an odd number of hexadecimal digits");
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  std::string bytes;
  bytes.reserve(digits.size() / 2);
  for (size_t i = 0; i < digits.size(); i += 2) {
    const int high = digit(digits[i]);
    const int low = digit(digits[i + 1]);
    if (high < 0 || low < 0) return bad_text(text, "is not hexadecimal");
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

bool is_utf8(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const auto first = static_cast<uint8_t>(text[at]);
    const size_t more = first < 0x80                    ? 0
                        : first >= 0xc2 && first < 0xe0 ? 1
                        : first >= 0xe0 && first < 0xf0 ? 2
                        : first >= 0xf0 && first < 0xf5 ? 3
                                                        : 9;
    if (more > 3 || at + more >= text.size() + (more == 0 ? 1 : 0)) return false;
    for (size_t i = 1; i <= more; ++i) {
      if ((static_cast<uint8_t>(text[at + i]) & 0xc0) != 0x80) return false;
    }
    const uint8_t second = more > 0 ? static_cast<uint8_t>(text[at + 1]) : 0;
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
        (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) {
      return false;  // overlong, surrogate or above U+10FFFF
    }
    at += more + 1;
  }
  return true;
}

// IEEE 754-2008 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits.
uint16_t half_from_float(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = (bits >> 16) & 0x8000;
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return static_cast<uint16_t>(sign | 0x7e00);
  if (magnitude >= 0x477ff000) return static_cast<uint16_t>(sign | 0x7c00);  // rounds above 65504
  if (magnitude < 0x38800000) {  // below 2^-14: subnormal, a multiple of 2^-24
    const float scaled = std::bit_cast<float>(magnitude) * 16777216.0f;
    const float rounded = std::nearbyintf(scaled);
    return static_cast<uint16_t>(sign | static_cast<uint32_t>(rounded));
  }
  const uint32_t rebiased = magnitude - (112u << 23);
  const uint32_t rest = rebiased & 0x1fff;
  uint32_t half = rebiased >> 13;
  if (rest > 0x1000 || (rest == 0x1000 && (half & 1) != 0)) ++half;
  return static_cast<uint16_t>(sign | half);
}

float float_from_half(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = (half >> 10) & 31;
  const uint32_t fraction = half & 0x3ff;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000 | (fraction << 13));
  if (exponent != 0) {
    return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
  }
  const float magnitude = static_cast<float>(fraction) / 16777216.0f;
  return sign != 0 ? -magnitude : magnitude;
}

}  // namespace mote
