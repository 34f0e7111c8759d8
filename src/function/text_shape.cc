// Functions that make texts of texts: substr, trim, replace, pad, repeat, split_part.
//
// Parts of a text point into it and are not copied.
#include <algorithm>

#include "base/limits.h"
#include "function/lanes.h"
#include "function/registry.h"
#include "function/signature.h"
#include "function/unicode.h"

namespace mote {

namespace {

using enum TypeKind;
using Text = std::string_view;

// part(text, row) for each row is a piece of the text.
template <typename F>
Status cut_rows(Arguments arguments, uint32_t row_count, Column& out, F part) {
  out.keep_alive_with(*arguments[0]);
  return fill_valid_rows(row_count, out, [&](uint32_t i) {
    out.lane<Text>()[i] = part(arguments[0]->lane<Text>()[i], i);
  });
}

// First and count of the units that substr(x, start, count) takes of `size`, as SQLite has it: a
// start below zero counts from the end, a count below zero goes backwards.
struct Piece {
  int64_t first;
  int64_t count;
};

Piece piece_of(int64_t size, int64_t start, int64_t count) {
  constexpr int64_t kFar = int64_t{1} << 40;
  start = std::clamp(start, -kFar, kFar);
  count = std::clamp(count, -kFar, kFar);
  const bool backwards = count < 0;
  if (backwards) count = -count;
  if (start < 0) {
    start += size;
    if (start < 0) {
      count = std::max<int64_t>(0, count + start);
      start = 0;
    }
  } else if (start > 0) {
    --start;
  } else if (count > 0) {
    --count;
  }
  if (backwards) {
    start -= count;
    if (start < 0) {
      count += start;
      start = 0;
    }
  }
  return {start, std::max<int64_t>(0, count)};
}

Status substrings(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  const auto* const starts = arguments[1]->lane<int64_t>();
  const int64_t* const counts = arguments.size() > 2 ? arguments[2]->lane<int64_t>() : nullptr;
  const bool is_text = arguments[0]->type().is(kText);
  return cut_rows(arguments, row_count, out, [&](Text text, uint32_t i) -> Text {
    const int64_t count = counts != nullptr ? counts[i] : INT64_MAX;
    // The size matters only to a start that is counted from the end.
    const int64_t size = !is_text        ? static_cast<int64_t>(text.size())
                         : starts[i] < 0 ? count_code_points(text)
                                         : 0;
    const Piece piece = piece_of(size, starts[i], count);
    const auto offset = [&](Text of, int64_t position) {
      return is_text ? offset_of_code_point(of, position)
                     : static_cast<size_t>(std::min<int64_t>(position, of.size()));
    };
    const Text behind = text.substr(offset(text, piece.first));
    return behind.substr(0, offset(behind, piece.count));
  });
}

// The first n; all but the last -n when n is below zero.
Status lefts(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  const auto* const counts = arguments[1]->lane<int64_t>();
  return cut_rows(arguments, row_count, out, [&](Text text, uint32_t i) {
    const int64_t count = counts[i] < 0 ? count_code_points(text) + counts[i] : counts[i];
    return text.substr(0, offset_of_code_point(text, count));
  });
}

Status rights(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  const auto* const counts = arguments[1]->lane<int64_t>();
  return cut_rows(arguments, row_count, out, [&](Text text, uint32_t i) {
    const int64_t skipped = counts[i] < 0 ? (counts[i] == INT64_MIN ? INT64_MAX : -counts[i])
                                          : count_code_points(text) - counts[i];
    return text.substr(offset_of_code_point(text, skipped));
  });
}

bool has_code_point(Text set, uint32_t wanted) {
  while (!set.empty()) {
    if (take_code_point(&set) == wanted) return true;
  }
  return false;
}

Text trimmed_left(Text text, Text set) {
  while (!text.empty()) {
    Text behind = text;
    if (!has_code_point(set, take_code_point(&behind))) break;
    text = behind;
  }
  return text;
}

Text trimmed_right(Text text, Text set) {
  while (!text.empty()) {
    size_t at = text.size() - 1;
    while (at > 0 && is_continuation(text[at])) --at;
    Text last = text.substr(at);
    const uint32_t code = take_code_point(&last);
    if (!last.empty() || !has_code_point(set, code)) break;
    text = text.substr(0, at);
  }
  return text;
}

template <bool kLeft, bool kRight>
Status trims(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  const Text* const sets = arguments.size() > 1 ? arguments[1]->lane<Text>() : nullptr;
  return cut_rows(arguments, row_count, out, [&](Text text, uint32_t i) {
    const Text set = sets != nullptr ? sets[i] : Text(" ");
    if (kLeft) text = trimmed_left(text, set);
    if (kRight) text = trimmed_right(text, set);
    return text;
  });
}

// Field n between separators, from 1; from the end when n is below zero; empty when there is none.
Text field_of(Text text, Text separator, int64_t position) {
  if (separator.empty()) return position == 1 || position == -1 ? text : Text();
  if (position < 0) {
    int64_t fields = 1;
    for (size_t at = text.find(separator); at != Text::npos;
         at = text.find(separator, at + separator.size())) {
      ++fields;
    }
    position = position < -fields ? 0 : position + fields + 1;
  }
  if (position <= 0) return {};
  while (true) {
    const size_t end = text.find(separator);
    if (--position == 0) return text.substr(0, end);
    if (end == Text::npos) return {};
    text.remove_prefix(end + separator.size());
  }
}

Status split_parts(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  const auto* const separators = arguments[1]->lane<Text>();
  const auto* const positions = arguments[2]->lane<int64_t>();
  return cut_rows(arguments, row_count, out, [&](Text text, uint32_t i) {
    return field_of(text, separators[i], positions[i]);
  });
}

Status check_value_size(__int128 size) {
  if (size <= kMaxValueBytes) return {};
  return limit_exceeded("a value of more than %llu bytes, the limit",
                        static_cast<unsigned long long>(kMaxValueBytes));
}

Status replaces(const FunctionContext& context, Arguments arguments, uint32_t row_count,
                Column& out) {
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    const Text text = arguments[0]->lane<Text>()[i];
    const Text wanted = arguments[1]->lane<Text>()[i];
    const Text by = arguments[2]->lane<Text>()[i];
    uint64_t found = 0;
    const size_t first = wanted.empty() ? Text::npos : text.find(wanted);
    for (size_t at = first; at != Text::npos; at = text.find(wanted, at + wanted.size())) ++found;
    const __int128 size = static_cast<__int128>(text.size()) - found * wanted.size() +
                          static_cast<__int128>(found) * by.size();
    MOTE_TRY(check_value_size(size));
    const auto size_bytes = static_cast<size_t>(size);
    MOTE_TRY(context.before_bytes(out, size_bytes));
    char* const room = size_bytes > 0 ? out.store_room(size_bytes) : nullptr;
    char* to = room;
    Text rest = text;
    for (; found > 0; --found) {
      const size_t at = rest.find(wanted);
      to = std::copy_n(rest.data(), at, to);
      to = std::copy(by.begin(), by.end(), to);
      rest.remove_prefix(at + wanted.size());
    }
    std::copy(rest.begin(), rest.end(), to);
    out.lane<Text>()[i] = {room, size_bytes};
    return {};
  });
}

Status repeats(const FunctionContext& context, Arguments arguments, uint32_t row_count,
               Column& out) {
  const auto* const texts = arguments[0]->lane<Text>();
  const auto* const counts = arguments[1]->lane<int64_t>();
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    const int64_t count = texts[i].empty() ? 0 : std::max<int64_t>(0, counts[i]);
    const __int128 size = static_cast<__int128>(count) * texts[i].size();
    MOTE_TRY(check_value_size(size));
    MOTE_TRY(context.before_bytes(out, static_cast<uint64_t>(size)));
    char* const room = size > 0 ? out.store_room(static_cast<size_t>(size)) : nullptr;
    char* to = room;
    for (int64_t n = 0; n < count; ++n) to = std::copy(texts[i].begin(), texts[i].end(), to);
    out.lane<Text>()[i] = {room, static_cast<size_t>(size)};
    return {};
  });
}

// The bytes that `count` code points of `fill`, over and over, take.
__int128 filled_bytes(Text fill, int64_t count) {
  const int64_t points = count_code_points(fill);
  const size_t rest = offset_of_code_point(fill, count % points);
  return static_cast<__int128>(count / points) * fill.size() + rest;
}

// Longer texts are cut at the right, on whichever side shorter ones are filled.
template <bool kLeft>
Status pads(const FunctionContext& context, Arguments arguments, uint32_t row_count, Column& out) {
  const auto* const widths = arguments[1]->lane<int64_t>();
  const Text* const fills = arguments.size() > 2 ? arguments[2]->lane<Text>() : nullptr;
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    const int64_t width = std::max<int64_t>(0, widths[i]);
    MOTE_TRY(check_value_size(width));
    const Text whole = arguments[0]->lane<Text>()[i];
    const Text text = whole.substr(0, offset_of_code_point(whole, width));
    const Text fill = fills != nullptr ? fills[i] : Text(" ");
    const int64_t missing = fill.empty() ? 0 : width - count_code_points(text);
    const __int128 filled = missing > 0 ? filled_bytes(fill, missing) : 0;
    MOTE_TRY(check_value_size(filled + text.size()));
    const auto size = static_cast<size_t>(filled + text.size());
    MOTE_TRY(context.before_bytes(out, size));
    char* const room = size > 0 ? out.store_room(size) : nullptr;
    char* to = room;
    if (!kLeft) to = std::copy(text.begin(), text.end(), to);
    for (auto left = static_cast<size_t>(filled); left > 0;) {
      const size_t piece = std::min(left, fill.size());
      to = std::copy_n(fill.data(), piece, to);
      left -= piece;
    }
    if (kLeft) std::copy(text.begin(), text.end(), to);
    out.lane<Text>()[i] = {room, size};
    return {};
  });
}

constexpr auto kCut = takes<kText, kText, kInteger>;
constexpr auto kTexts = takes<kText, kText>;
constexpr auto kPad = takes<kText, kText, kInteger, kText>;
constexpr std::string_view kSubstring = "(TEXT, start [, count])";
constexpr std::string_view kTrim = "(TEXT [, characters])";
constexpr std::string_view kPadded = "(TEXT, width [, fill])";

constexpr ScalarFunction kTable[] = {
    passing("substr", kSubstring, kCut, substrings, 2, 3),
    passing("substr", "(BLOB, start [, count])", takes<kBlob, kBlob, kInteger>, substrings, 2, 3),
    passing("substring", kSubstring, kCut, substrings, 2, 3),
    passing("left", "(TEXT, count)", kCut, lefts, 2),
    passing("right", "(TEXT, count)", kCut, rights, 2),
    passing("trim", kTrim, kTexts, trims<true, true>, 1, 2),
    passing("ltrim", kTrim, kTexts, trims<true, false>, 1, 2),
    passing("rtrim", kTrim, kTexts, trims<false, true>, 1, 2),
    passing("split_part", "(TEXT, separator, position)", takes<kText, kText, kText, kInteger>,
            split_parts, 3),
    passing("replace", "(TEXT, wanted, by)", kTexts, replaces, 3),
    passing("repeat", "(TEXT, count)", kCut, repeats, 2),
    passing("lpad", kPadded, kPad, pads<true>, 2, 3),
    passing("rpad", kPadded, kPad, pads<false>, 2, 3),
};

}  // namespace

std::span<const ScalarFunction> text_shape_functions() { return kTable; }

}  // namespace mote
