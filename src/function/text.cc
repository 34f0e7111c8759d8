// Functions that look at texts: lengths, positions, case, codes; and || and concat.
//
// Positions and lengths count code points, from 1.
#include <algorithm>
#include <cstring>

#include "base/limits.h"
#include "function/lanes.h"
#include "function/registry.h"
#include "function/signature.h"
#include "function/unicode.h"
#include "types/text_format.h"

namespace mote {

namespace {

using enum TypeKind;
using Text = std::string_view;

Status lengths(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  return map_rows<int64_t, Text>(*arguments[0], row_count, out,
                                 [](Text text) { return count_code_points(text); });
}

Status byte_lengths(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  return map_rows<int64_t, Text>(*arguments[0], row_count, out,
                                 [](Text text) { return text.size(); });
}

// rewrite(text, &result) for each row. growth: how many times longer a result may become.
template <typename F>
Status rewrite_rows(const FunctionContext& context, Arguments arguments, uint32_t row_count,
                    Column& out, uint64_t growth, F rewrite) {
  std::string result;
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    const Text text = arguments[0]->lane<Text>()[i];
    // The result is there twice, and the first time in room that has grown by doubling.
    MOTE_TRY(context.before_bytes(out, 3 * growth * text.size()));
    result.clear();
    rewrite(text, &result);
    out.lane<Text>()[i] = out.store(result);
    return {};
  });
}

Status lower(const FunctionContext& context, Arguments arguments, uint32_t row_count, Column& out) {
  return rewrite_rows(context, arguments, row_count, out, /*growth=*/2, append_lower);
}

Status upper(const FunctionContext& context, Arguments arguments, uint32_t row_count, Column& out) {
  return rewrite_rows(context, arguments, row_count, out, /*growth=*/2, append_upper);
}

void append_reversed(Text text, std::string* to) {
  to->resize(text.size());
  size_t end = text.size();
  for (size_t at = 0; at < text.size();) {
    const size_t size = code_point_bytes(text, at);
    end -= size;
    std::memcpy(to->data() + end, text.data() + at, size);
    at += size;
  }
}

Status reverse(const FunctionContext& context, Arguments arguments, uint32_t row_count,
               Column& out) {
  return rewrite_rows(context, arguments, row_count, out, /*growth=*/1, append_reversed);
}

void append_hex(Text bytes, std::string* to) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (const char byte : bytes) {
    *to += kDigits[static_cast<uint8_t>(byte) >> 4];
    *to += kDigits[static_cast<uint8_t>(byte) & 15];
  }
}

Status hex(const FunctionContext& context, Arguments arguments, uint32_t row_count, Column& out) {
  return rewrite_rows(context, arguments, row_count, out, /*growth=*/2, append_hex);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char folded = static_cast<char>(c | 0x20);
  return folded >= 'a' && folded <= 'f' ? folded - 'a' + 10 : -1;
}

// What is not hexadecimal is NULL.
Status unhex(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  std::string bytes;
  return fill_valid_rows(row_count, out, [&](uint32_t i) {
    const Text digits = arguments[0]->lane<Text>()[i];
    bytes.clear();
    bool is_hex = digits.size() % 2 == 0;
    for (size_t at = 0; is_hex && at < digits.size(); at += 2) {
      const int high = hex_digit(digits[at]);
      const int low = hex_digit(digits[at + 1]);
      is_hex = high >= 0 && low >= 0;
      bytes += static_cast<char>(high * 16 + low);
    }
    if (is_hex) {
      out.lane<Text>()[i] = out.store(bytes);
    } else {
      out.set_null(i);
    }
  });
}

// Which argument is the text that is looked into; the other is looked for.
template <size_t kText>
Status positions(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  return map_rows<int64_t, Text, Text>(
      *arguments[kText], *arguments[1 - kText], row_count, out, [](Text text, Text wanted) {
        const size_t at = text.find(wanted);
        return at == Text::npos ? 0 : count_code_points(text.substr(0, at)) + 1;
      });
}

Status starts_with(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  return map_rows<bool, Text, Text>(
      *arguments[0], *arguments[1], row_count, out,
      [](Text text, Text wanted) { return text.starts_with(wanted); });
}

Status ends_with(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  return map_rows<bool, Text, Text>(*arguments[0], *arguments[1], row_count, out,
                                    [](Text text, Text wanted) { return text.ends_with(wanted); });
}

Status contains(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  return map_rows<bool, Text, Text>(
      *arguments[0], *arguments[1], row_count, out,
      [](Text text, Text wanted) { return text.find(wanted) != Text::npos; });
}

// The code of the first character; NULL of an empty text.
Status first_code(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  return fill_valid_rows(row_count, out, [&](uint32_t i) {
    Text text = arguments[0]->lane<Text>()[i];
    if (text.empty()) {
      out.set_null(i);
    } else {
      out.lane<int64_t>()[i] = take_code_point(&text);
    }
  });
}

Status characters(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  std::string result;
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    result.clear();
    for (const Column* const argument : arguments) {
      const int64_t code = argument->lane<int64_t>()[i];
      if (code < 1 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        return invalid_argument("%lld is no character: 1 to 1114111 without 55296 to 57343",
                                static_cast<long long>(code));
      }
      append_code_point(static_cast<uint32_t>(code), &result);
    }
    out.lane<Text>()[i] = out.store(result);
    return {};
  });
}

Status check_value_size(uint64_t size) {
  if (size <= kMaxValueBytes) return {};
  return limit_exceeded("a value of %llu bytes; the limit is %llu",
                        static_cast<unsigned long long>(size),
                        static_cast<unsigned long long>(kMaxValueBytes));
}

Status concatenate(const FunctionContext& context, Arguments arguments, uint32_t row_count,
                   Column& out) {
  const auto* const a = arguments[0]->lane<Text>();
  const auto* const b = arguments[1]->lane<Text>();
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    const size_t size = a[i].size() + b[i].size();
    MOTE_TRY(check_value_size(size));
    MOTE_TRY(context.before_bytes(out, size));
    char* const room = size > 0 ? out.store_room(size) : nullptr;
    if (!a[i].empty()) std::memcpy(room, a[i].data(), a[i].size());
    if (!b[i].empty()) std::memcpy(room + a[i].size(), b[i].data(), b[i].size());
    out.lane<Text>()[i] = {room, size};
    return {};
  });
}

// The arguments of row i that are not NULL, with `separator` between them, in the room of `out`.
Status join_row(const FunctionContext& context, Arguments arguments, Text separator, uint32_t i,
                Column& out) {
  uint64_t size = 0;
  uint64_t joined = 0;
  for (const Column* const argument : arguments) {
    if (argument->is_null(i)) continue;
    size += argument->lane<Text>()[i].size() + (joined++ > 0 ? separator.size() : 0);
  }
  MOTE_TRY(check_value_size(size));
  MOTE_TRY(context.before_bytes(out, size));
  char* const room = size > 0 ? out.store_room(size) : nullptr;
  char* to = room;
  for (const Column* const argument : arguments) {
    if (argument->is_null(i)) continue;
    const Text text = argument->lane<Text>()[i];
    to = std::copy(text.begin(), text.end(), to);
    if (--joined > 0) to = std::copy(separator.begin(), separator.end(), to);
  }
  out.lane<Text>()[i] = {room, size};
  return {};
}

// NULLs are left out.
Status concat(const FunctionContext& context, Arguments arguments, uint32_t row_count,
              Column& out) {
  for (uint32_t i = 0; i < row_count; ++i) {
    MOTE_TRY(join_row(context, arguments, Text(), i, out));
  }
  return {};
}

Status concat_with_separator(const FunctionContext& context, Arguments arguments,
                             uint32_t row_count, Column& out) {
  out.validity() = arguments[0]->validity();
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    return join_row(context, arguments.subspan(1), arguments[0]->lane<Text>()[i], i, out);
  });
}

void append_quoted(const Value& value, std::string* to) {
  if (value.is_null()) {
    *to += "NULL";
  } else if (value.type().is_numeric() || value.type().is(kBoolean)) {
    *to += value.to_text();
  } else if (value.type().is(kBlob)) {
    *to += "X'";
    append_hex(value.bytes(), to);
    *to += '\'';
  } else {
    *to += '\'';
    for (const char c : value.to_text()) {
      *to += c;
      if (c == '\'') *to += c;
    }
    *to += '\'';
  }
}

// The value as an SQL literal.
Status quote(const FunctionContext& context, Arguments arguments, uint32_t row_count, Column& out) {
  std::string literal;
  const bool bytes = lane_kind(arguments[0]->type().kind) == LaneKind::kBytes;
  for (uint32_t i = 0; i < row_count; ++i) {
    // The value, its text, and the literal in growing room and as it is kept.
    if (bytes) MOTE_TRY(context.before_bytes(out, 8 * arguments[0]->lane<Text>()[i].size()));
    literal.clear();
    append_quoted(arguments[0]->value(i), &literal);
    out.lane<Text>()[i] = out.store(literal);
  }
  return {};
}

std::optional<Type> resolve_quote(std::span<const Type> arguments, std::span<Type> cast_to) {
  cast_to[0] = arguments[0];
  return Type::text();
}

std::optional<Type> resolve_as_text(std::span<const Type>, std::span<Type> cast_to) {
  for (Type& type : cast_to) type = Type::text();
  return Type::text();
}

// BLOBs make a BLOB; with a TEXT on one side the other becomes TEXT.
std::optional<Type> resolve_concatenation(std::span<const Type> arguments,
                                          std::span<Type> cast_to) {
  const auto is = [&](size_t i, TypeKind kind) {
    return arguments[i].is(kind) || arguments[i].is(kNull);
  };
  const bool any_blob = arguments[0].is(kBlob) || arguments[1].is(kBlob);
  if (any_blob && is(0, kBlob) && is(1, kBlob)) {
    cast_to[0] = cast_to[1] = Type::blob();
    return Type::blob();
  }
  if (!is(0, kText) && !is(1, kText)) return std::nullopt;
  return resolve_as_text(arguments, cast_to);
}

constexpr auto kIntegerOfText = takes<kInteger, kText>;
constexpr auto kIntegerOfBlob = takes<kInteger, kBlob>;
constexpr auto kTextOfText = takes<kText, kText>;
constexpr auto kTest = takes<kBoolean, kText>;
constexpr std::string_view kOneText = "(TEXT)";
constexpr std::string_view kOneBlob = "(BLOB)";
constexpr std::string_view kTwoTexts = "(TEXT, TEXT)";
constexpr uint32_t kAnyNumber = UINT32_MAX;

constexpr ScalarFunction kTable[] = {
    passing("length", kOneText, kIntegerOfText, lengths, 1),
    passing("length", kOneBlob, kIntegerOfBlob, byte_lengths, 1),
    passing("char_length", kOneText, kIntegerOfText, lengths, 1),
    passing("character_length", kOneText, kIntegerOfText, lengths, 1),
    passing("octet_length", kOneText, kIntegerOfText, byte_lengths, 1),
    passing("octet_length", kOneBlob, kIntegerOfBlob, byte_lengths, 1),
    passing("lower", kOneText, kTextOfText, lower, 1),
    passing("upper", kOneText, kTextOfText, upper, 1),
    passing("reverse", kOneText, kTextOfText, reverse, 1),
    passing("hex", kOneText, kTextOfText, hex, 1),
    passing("hex", kOneBlob, takes<kText, kBlob>, hex, 1),
    passing("unhex", kOneText, takes<kBlob, kText>, unhex, 1),
    passing("instr", "(TEXT, wanted)", kIntegerOfText, positions<0>, 2),
    passing("strpos", "(TEXT, wanted)", kIntegerOfText, positions<0>, 2),
    passing("position", "(wanted, TEXT)", kIntegerOfText, positions<1>, 2),
    passing("starts_with", kTwoTexts, kTest, starts_with, 2),
    passing("ends_with", kTwoTexts, kTest, ends_with, 2),
    passing("contains", kTwoTexts, kTest, contains, 2),
    passing("ascii", kOneText, kIntegerOfText, first_code, 1),
    passing("unicode", kOneText, kIntegerOfText, first_code, 1),
    passing("chr", "(INTEGER)", takes<kText, kInteger>, characters, 1),
    passing("char", "(INTEGER, ..)", takes<kText, kInteger>, characters, 1, kAnyNumber),
    passing("||", "(TEXT, value) or two BLOBs", resolve_concatenation, concatenate, 2),
    seeing_nulls("concat", "(value, ..)", resolve_as_text, concat, 1, kAnyNumber),
    seeing_nulls("concat_ws", "(separator, value, ..)", resolve_as_text, concat_with_separator, 1,
                 kAnyNumber),
    seeing_nulls("quote", "(value)", resolve_quote, quote, 1, 1),
};

}  // namespace

std::span<const ScalarFunction> text_functions() { return kTable; }

}  // namespace mote
