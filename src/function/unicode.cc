#include "function/unicode.h"

namespace mote {

namespace {

constexpr uint32_t kBadByte = 0xdc00;

struct Range {
  uint32_t first;
  uint32_t last;
};

constexpr bool is_in(uint32_t code, uint32_t first, uint32_t last) {
  return code >= first && code <= last;
}

// Lower-case letters a fixed distance behind their upper case.
struct CaseRange {
  uint32_t first_upper;
  uint32_t last_upper;
  uint32_t distance;
};

constexpr CaseRange kCaseRanges[] = {
    {0x41, 0x5a, 32},    // ASCII
    {0xc0, 0xd6, 32},    // Latin-1
    {0xd8, 0xde, 32},    //
    {0x388, 0x38a, 37},  // Greek with accents
    {0x391, 0x3a1, 32},  // Greek
    {0x3a3, 0x3ab, 32},  //
    {0x400, 0x40f, 80},  // Cyrillic
    {0x410, 0x42f, 32},  //
    {0x386, 0x386, 38},  // single letters
    {0x38c, 0x38c, 64},  //
    {0x38e, 0x38f, 63},  //
};
constexpr uint32_t kUpperY = 0x178;
constexpr uint32_t kLowerY = 0xff;

// Where upper and lower case take turns: the upper one has the given parity.
struct PairRange {
  uint32_t first;
  uint32_t last;
  uint32_t upper_parity;
};

constexpr PairRange kPairRanges[] = {
    {0x100, 0x12f, 0}, {0x132, 0x137, 0}, {0x139, 0x148, 1}, {0x14a, 0x177, 0},
    {0x179, 0x17e, 1}, {0x460, 0x481, 0}, {0x48a, 0x4bf, 0}, {0x4d0, 0x52f, 0},
};

// Blocks above ASCII that no word is made of.
constexpr Range kNoWords[] = {
    {0x80, 0xa9},       {0xab, 0xb1},        {0xb4, 0xb4},     {0xb6, 0xb8},     {0xbb, 0xbb},
    {0xbf, 0xbf},       {0xd7, 0xd7},        {0xf7, 0xf7},     {0x37e, 0x37e},   {0x387, 0x387},
    {0x55a, 0x55f},     {0x589, 0x58a},      {0x5be, 0x5be},   {0x60c, 0x60d},   {0x61b, 0x61f},
    {0x66a, 0x66d},     {0x6d4, 0x6d4},      {0x964, 0x965},   {0xe4f, 0xe4f},   {0x1680, 0x1680},
    {0x2000, 0x206f},   {0x20a0, 0x20cf},    {0x2100, 0x2101}, {0x2190, 0x2bff}, {0x2e00, 0x2e7f},
    {0x3000, 0x3004},   {0x3008, 0x3020},    {0x3030, 0x3030}, {0x303d, 0x303f}, {0x30a0, 0x30a0},
    {0x30fb, 0x30fb},   {0xd800, 0xf8ff},    {0xfe10, 0xfe1f}, {0xfe30, 0xfe6f}, {0xfeff, 0xfeff},
    {0xff00, 0xff0f},   {0xff1a, 0xff20},    {0xff3b, 0xff40}, {0xff5b, 0xff65}, {0xffe0, 0xffff},
    {0x1f000, 0x1faff}, {0xe0000, 0x10ffff},
};

constexpr Range kCjk[] = {
    {0x1100, 0x11ff}, {0x2e80, 0x2fdf}, {0x3005, 0x3007}, {0x3021, 0x3029}, {0x3031, 0x303c},
    {0x3040, 0x30ff}, {0x3105, 0x318f}, {0x31a0, 0x31bf}, {0x31f0, 0x31ff}, {0x3400, 0x4dbf},
    {0x4e00, 0x9fff}, {0xac00, 0xd7af}, {0xf900, 0xfaff}, {0xff66, 0xff9f}, {0x20000, 0x3ffff},
};

template <size_t kCount>
bool is_in_any(uint32_t code, const Range (&ranges)[kCount]) {
  for (const Range& range : ranges) {
    if (is_in(code, range.first, range.last)) return true;
  }
  return false;
}

}  // namespace

size_t code_point_bytes(std::string_view text, size_t at) {
  const auto lead = static_cast<uint8_t>(text[at]);
  const size_t wanted = lead < 0xc2 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 1;
  for (size_t i = 1; i < wanted; ++i) {
    if (at + i >= text.size() || !is_continuation(text[at + i])) return 1;
  }
  if (wanted < 3) return wanted;
  // Neither longer than needed, nor a surrogate, nor above 0x10ffff.
  const auto second = static_cast<uint8_t>(text[at + 1]);
  const bool bad = (lead == 0xe0 && second < 0xa0) || (lead == 0xed && second >= 0xa0) ||
                   (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second >= 0x90);
  return bad ? 1 : wanted;
}

uint32_t take_code_point(std::string_view* text) {
  const size_t size = code_point_bytes(*text, 0);
  const auto lead = static_cast<uint8_t>(text->front());
  uint32_t code = lead;
  if (size == 1) {
    if (lead >= 0x80) code = kBadByte + lead;
  } else {
    code = lead & (0x7fu >> size);
    for (size_t i = 1; i < size; ++i) code = code << 6 | (static_cast<uint8_t>((*text)[i]) & 0x3f);
  }
  text->remove_prefix(size);
  return code;
}

void append_code_point(uint32_t code, std::string* to) {
  const auto put = [to](uint32_t byte) { *to += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (is_in(code, kBadByte + 0x80, kBadByte + 0xff)) {
    put(code - kBadByte);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

int64_t count_code_points(std::string_view text) {
  int64_t count = 0;
  for (size_t at = 0; at < text.size(); at += code_point_bytes(text, at)) ++count;
  return count;
}

size_t offset_of_code_point(std::string_view text, int64_t position) {
  size_t at = 0;
  for (int64_t i = 0; i < position && at < text.size(); ++i) at += code_point_bytes(text, at);
  return at;
}

uint32_t lower_code_point(uint32_t code) {
  if (code < 0x80) return code >= 'A' && code <= 'Z' ? code + 32 : code;
  if (code == kUpperY) return kLowerY;
  for (const CaseRange& range : kCaseRanges) {
    if (is_in(code, range.first_upper, range.last_upper)) return code + range.distance;
  }
  for (const PairRange& range : kPairRanges) {
    if (!is_in(code, range.first, range.last)) continue;
    return code % 2 == range.upper_parity ? code + 1 : code;
  }
  return code;
}

uint32_t upper_code_point(uint32_t code) {
  if (code < 0x80) return code >= 'a' && code <= 'z' ? code - 32 : code;
  if (code == kLowerY) return kUpperY;
  if (code == 0x3c2) return 0x3a3;  // the sigma that ends a word
  for (const CaseRange& range : kCaseRanges) {
    if (is_in(code, range.first_upper + range.distance, range.last_upper + range.distance)) {
      return code - range.distance;
    }
  }
  for (const PairRange& range : kPairRanges) {
    if (!is_in(code, range.first, range.last)) continue;
    return code % 2 == range.upper_parity ? code : code - 1;
  }
  return code;
}

void append_lower(std::string_view text, std::string* to) {
  while (!text.empty()) append_code_point(lower_code_point(take_code_point(&text)), to);
}

void append_upper(std::string_view text, std::string* to) {
  while (!text.empty()) append_code_point(upper_code_point(take_code_point(&text)), to);
}

bool is_word_code_point(uint32_t code) {
  if (code < 0x80) {
    return is_in(code, '0', '9') || is_in(code, 'a', 'z') || is_in(code, 'A', 'Z');
  }
  return !is_in_any(code, kNoWords);
}

bool is_cjk_code_point(uint32_t code) { return code >= 0x1100 && is_in_any(code, kCjk); }

}  // namespace mote
