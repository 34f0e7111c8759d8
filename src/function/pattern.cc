#include "function/pattern.h"

#include <cstring>

#include "base/limits.h"
#include "function/lanes.h"
#include "function/registry.h"
#include "function/signature.h"
#include "function/text_score.h"
#include "function/unicode.h"

namespace mote {

namespace {

constexpr size_t kNowhere = std::string_view::npos;

Status check_pattern_size(std::string_view pattern) {
  if (pattern.size() <= kMaxLikePatternBytes) return {};
  return limit_exceeded("pattern of %zu bytes; the limit is %zu", pattern.size(),
                        kMaxLikePatternBytes);
}

}  // namespace

void LikePattern::append(uint32_t code, Case letter_case) {
  Segment& segment = segments_.back();
  append_code_point(letter_case == Case::kFolded ? lower_code_point(code) : code, &segment.bytes);
  if (!segment.any.empty()) segment.any.resize(segment.bytes.size(), 0);
  ++segment.code_points;
}

void LikePattern::append_any() {
  Segment& segment = segments_.back();
  segment.any.resize(segment.bytes.size(), 0);
  segment.bytes += '_';
  segment.any += '\1';
  ++segment.code_points;
}

Status LikePattern::compile(std::string_view pattern, std::string_view escape, Case letter_case) {
  MOTE_TRY(check_pattern_size(pattern));
  std::string_view escape_rest = escape;
  const uint32_t escape_code = escape.empty() ? 0 : take_code_point(&escape_rest);
  if (!escape_rest.empty()) {
    return invalid_argument("ESCAPE %s is longer than one character", quoted(escape).c_str());
  }
  segments_.assign(1, {});
  std::string_view rest = pattern;
  bool in_percents = false;
  while (!rest.empty()) {
    uint32_t code = take_code_point(&rest);
    if (code == '%' && (escape.empty() || escape_code != '%')) {
      if (!in_percents) segments_.emplace_back();
      in_percents = true;
      continue;
    }
    in_percents = false;
    if (!escape.empty() && code == escape_code) {
      if (rest.empty()) {
        return invalid_argument("LIKE pattern %s ends with its escape", quoted(pattern).c_str());
      }
      code = take_code_point(&rest);
    } else if (code == '_') {
      append_any();
      continue;
    }
    append(code, letter_case);
  }
  return {};
}

// Where the segment ends when it begins at `at`.
size_t LikePattern::match_at(const Segment& segment, std::string_view text, size_t at) {
  if (segment.any.empty()) {
    const bool fits = text.substr(at, segment.bytes.size()) == segment.bytes;
    return fits ? at + segment.bytes.size() : kNowhere;
  }
  for (size_t i = 0; i < segment.bytes.size(); ++i) {
    if (at >= text.size()) return kNowhere;
    if (segment.any[i] != 0) {
      at += code_point_bytes(text, at);
    } else if (text[at] == segment.bytes[i]) {
      ++at;
    } else {
      return kNowhere;
    }
  }
  return at;
}

// Where the first occurrence at or behind `from` ends.
size_t LikePattern::find_end(const Segment& segment, std::string_view text, size_t from) {
  if (segment.bytes.empty()) return from;
  if (segment.any.empty()) {
    const void* const found =
        memmem(text.data() + from, text.size() - from, segment.bytes.data(), segment.bytes.size());
    if (found == nullptr) return kNowhere;
    return static_cast<size_t>(static_cast<const char*>(found) - text.data()) +
           segment.bytes.size();
  }
  for (size_t at = from; at < text.size(); at += code_point_bytes(text, at)) {
    const size_t end = match_at(segment, text, at);
    if (end != kNowhere) return end;
  }
  return kNowhere;
}

bool LikePattern::matches_at_end(const Segment& segment, std::string_view text, size_t from) {
  if (segment.any.empty()) {
    return text.size() - from >= segment.bytes.size() && text.ends_with(segment.bytes);
  }
  size_t at = text.size();
  for (uint32_t i = 0; i < segment.code_points; ++i) {
    if (at <= from) return false;
    do {
      --at;
    } while (at > from && is_continuation(text[at]));
  }
  return match_at(segment, text, at) == text.size();
}

bool LikePattern::matches(std::string_view text) const {
  size_t at = match_at(segments_.front(), text, 0);
  if (at == kNowhere) return false;
  if (segments_.size() == 1) return at == text.size();
  for (size_t i = 1; i + 1 < segments_.size(); ++i) {
    at = find_end(segments_[i], text, at);
    if (at == kNowhere) return false;
  }
  return matches_at_end(segments_.back(), text, at);
}

namespace {

// Takes a set, whose [ has been taken, off the pattern; tells whether `code` is in it. The set must
// be closed.
bool take_set(std::string_view* pattern, uint32_t code) {
  bool inverted = false;
  bool found = false;
  if (pattern->starts_with('^')) {
    inverted = true;
    pattern->remove_prefix(1);
  }
  bool is_first = true;
  while (!pattern->empty()) {
    const uint32_t low = take_code_point(pattern);
    if (low == ']' && !is_first) return found != inverted;
    is_first = false;
    uint32_t high = low;
    if (pattern->size() > 1 && pattern->front() == '-' && (*pattern)[1] != ']') {
      pattern->remove_prefix(1);
      high = take_code_point(pattern);
    }
    found |= code >= low && code <= high;
  }
  return false;
}

// Takes the pattern's next element, no *, and the text's next code point; whether they fit.
bool take_one(std::string_view* pattern, std::string_view* text) {
  const uint32_t wanted = take_code_point(pattern);
  const uint32_t code = take_code_point(text);
  if (wanted == '?') return true;
  if (wanted == '[') return take_set(pattern, code);
  return wanted == code;
}

}  // namespace

Status glob_check(std::string_view pattern) {
  MOTE_TRY(check_pattern_size(pattern));
  for (std::string_view rest = pattern; !rest.empty();) {
    if (take_code_point(&rest) != '[') continue;
    const size_t first = rest.starts_with('^') ? 1 : 0;
    const size_t close = rest.find(']', first + 1);
    if (close == kNowhere) {
      return invalid_argument("GLOB pattern %s has a [ without ]", quoted(pattern).c_str());
    }
    (void)take_set(&rest, 0);
  }
  return {};
}

bool glob_matches(std::string_view pattern, std::string_view text) {
  std::string_view after_star;  // the pattern behind the last *
  std::string_view star_text;   // the text from which it was last tried
  bool has_star = false;
  while (true) {
    if (pattern.starts_with('*')) {
      pattern.remove_prefix(1);
      has_star = true;
      after_star = pattern;
      star_text = text;
      continue;
    }
    if (text.empty()) {
      if (pattern.empty()) return true;
      return false;
    }
    if (!pattern.empty() && take_one(&pattern, &text)) continue;
    if (!has_star || star_text.empty()) return false;
    (void)take_code_point(&star_text);
    pattern = after_star;
    text = star_text;
  }
}

namespace {

using enum TypeKind;

// Whether two rows hold the very same bytes, as rows of a constant do.
bool is_same_view(std::string_view a, std::string_view b) {
  return a.data() == b.data() && a.size() == b.size();
}

template <LikePattern::Case kCase>
Status like(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  const auto* const texts = arguments[0]->lane<std::string_view>();
  const auto* const patterns = arguments[1]->lane<std::string_view>();
  const auto* const escapes =
      arguments.size() > 2 ? arguments[2]->lane<std::string_view>() : nullptr;
  LikePattern compiled;
  bool has_compiled = false;
  uint32_t compiled_row = 0;
  std::string folded;
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    const bool is_same = has_compiled && is_same_view(patterns[i], patterns[compiled_row]) &&
                         (escapes == nullptr || is_same_view(escapes[i], escapes[compiled_row]));
    if (!is_same) {
      MOTE_TRY(compiled.compile(patterns[i], escapes != nullptr ? escapes[i] : std::string_view(),
                                kCase));
      has_compiled = true;
      compiled_row = i;
    }
    std::string_view text = texts[i];
    if (kCase == LikePattern::Case::kFolded) {
      folded.clear();
      append_lower(text, &folded);
      text = folded;
    }
    out.lane<bool>()[i] = compiled.matches(text);
    return {};
  });
}

Status glob(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  const auto* const texts = arguments[0]->lane<std::string_view>();
  const auto* const patterns = arguments[1]->lane<std::string_view>();
  std::string_view checked;
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    if (!is_same_view(checked, patterns[i])) MOTE_TRY(glob_check(patterns[i]));
    checked = patterns[i];
    out.lane<bool>()[i] = glob_matches(patterns[i], texts[i]);
    return {};
  });
}

// Whether any term of the query is in the text: whether its BM25 score is above zero.
Status match(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  const auto* const texts = arguments[0]->lane<std::string_view>();
  const auto* const queries = arguments[1]->lane<std::string_view>();
  std::optional<Bm25Query> query;
  std::string_view parsed;
  return fill_valid_rows(row_count, out, [&](uint32_t i) {
    if (!query.has_value() || !is_same_view(parsed, queries[i])) {
      parsed = queries[i];
      query.emplace(parsed);
    }
    out.lane<bool>()[i] = query->matches(texts[i]);
  });
}

constexpr auto kTexts = takes<kBoolean, kText>;
constexpr std::string_view kLike = "(TEXT, pattern [, escape])";

constexpr ScalarFunction kTable[] = {
    passing("like", kLike, kTexts, like<LikePattern::Case::kExact>, 2, 3),
    passing("ilike", kLike, kTexts, like<LikePattern::Case::kFolded>, 2, 3),
    passing("glob", "(TEXT, pattern)", kTexts, glob, 2),
    passing("match", "(TEXT, query)", kTexts, match, 2),
};

}  // namespace

std::span<const ScalarFunction> pattern_functions() { return kTable; }

}  // namespace mote
