#include "storage/key.h"

#include <bit>
#include <cmath>
#include <limits>
#include <string_view>

#include "base/check.h"
#include "base/coding.h"
#include "base/limits.h"

namespace mote {
namespace {

constexpr uint64_t kSignBit = 1ull << 63;

void append_big_endian(uint64_t bits, std::string* out) {
  char bytes[sizeof bits];
  store_fixed(bytes, __builtin_bswap64(bits));
  out->append(bytes, sizeof bytes);
}

void append_integer(int64_t value, std::string* out) {
  append_big_endian(static_cast<uint64_t>(value) ^ kSignBit, out);
}

// Negative numbers sort downwards by their bits, so all of those are flipped; of the others only
// the sign.
void append_float(double value, std::string* out) {
  if (value == 0) value = 0;  // -0 is 0
  if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
  uint64_t bits = std::bit_cast<uint64_t>(value);
  if (std::isnan(value)) bits &= ~kSignBit;
  append_big_endian((bits & kSignBit) != 0 ? ~bits : bits ^ kSignBit, out);
}

// 00 in the value becomes 00 ff and the end 00 01, so a value sorts before its extensions.
void append_bytes(std::string_view bytes, std::string* out) {
  for (size_t zero; (zero = bytes.find('\0')) != std::string_view::npos;) {
    out->append(bytes.substr(0, zero + 1));
    out->push_back(static_cast<char>(0xff));
    bytes.remove_prefix(zero + 1);
  }
  out->append(bytes);
  out->push_back(0);
  out->push_back(1);
}

Status check_size(size_t begin, const std::string& out) {
  if (out.size() - begin <= kMaxKeyBytes) return {};
  return limit_exceeded("a PRIMARY KEY value takes %zu bytes as a key; the limit is %u",
                        out.size() - begin, kMaxKeyBytes);
}

}  // namespace

Status append_key(std::span<const Column* const> columns, uint32_t row, std::string* out) {
  const size_t begin = out->size();
  for (const Column* column : columns) {
    if (column->is_null(row)) return constraint("NULL in a PRIMARY KEY column");
    switch (column->type().kind) {
      case TypeKind::kBoolean: out->push_back(column->lane<bool>()[row] ? 1 : 0); break;
      case TypeKind::kInteger:
      case TypeKind::kTimestamp: append_integer(column->lane<int64_t>()[row], out); break;
      case TypeKind::kFloat4: append_float(column->lane<float>()[row], out); break;
      case TypeKind::kFloat: append_float(column->lane<double>()[row], out); break;
      case TypeKind::kText:
      case TypeKind::kBlob: append_bytes(column->lane<std::string_view>()[row], out); break;
      default: MOTE_CHECK(false);  // the catalog refuses such key columns
    }
  }
  return check_size(begin, *out);
}

Status append_key(std::span<const Value> values, std::string* out) {
  const size_t begin = out->size();
  for (const Value& value : values) {
    if (value.is_null()) return constraint("NULL in a PRIMARY KEY column");
    switch (value.type().kind) {
      case TypeKind::kBoolean: out->push_back(value.boolean() ? 1 : 0); break;
      case TypeKind::kInteger:
      case TypeKind::kTimestamp: append_integer(value.integer(), out); break;
      case TypeKind::kFloat4:
      case TypeKind::kFloat: append_float(value.floating(), out); break;
      case TypeKind::kText:
      case TypeKind::kBlob: append_bytes(value.bytes(), out); break;
      default: MOTE_CHECK(false);
    }
  }
  return check_size(begin, *out);
}

}  // namespace mote
