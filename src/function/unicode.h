// Code points: UTF-8 both ways, case, and what a word is made of.
//
// Case is known for ASCII, Latin-1, Latin Extended-A, Greek and Cyrillic, one code point to one;
// other scripts are left as they are. Bytes that are not UTF-8 are taken one by one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mote {

inline constexpr bool is_continuation(char byte) {
  return (static_cast<uint8_t>(byte) & 0xc0) == 0x80;
}

// Takes one code point off the front of `text`, which is not empty. A byte that does not begin one
// comes as 0xdc00 + byte, which no valid text has.
uint32_t take_code_point(std::string_view* text);
// The inverse, also of bytes that are not UTF-8.
void append_code_point(uint32_t code, std::string* to);

// Bytes of the code point that begins at `at`.
size_t code_point_bytes(std::string_view text, size_t at);
int64_t count_code_points(std::string_view text);
// Byte offset of code point number `position`, or the size of the text when there are fewer.
size_t offset_of_code_point(std::string_view text, int64_t position);

uint32_t lower_code_point(uint32_t code);
uint32_t upper_code_point(uint32_t code);
void append_lower(std::string_view text, std::string* to);
void append_upper(std::string_view text, std::string* to);

// A letter, digit or mark, as opposed to blanks, punctuation and symbols. Outside of the scripts
// above everything is a letter that is not in a block of punctuation or symbols.
bool is_word_code_point(uint32_t code);
// Chinese, Japanese and Korean writing, which does not put blanks between words.
bool is_cjk_code_point(uint32_t code);

}  // namespace mote
