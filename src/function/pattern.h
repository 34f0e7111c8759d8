// The matchers of LIKE, ILIKE and GLOB.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace mote {

// A compiled LIKE pattern: % is any text, _ any one code point.
//
// The pattern is cut at its % into segments. The first and the last are tied to the ends of the
// text, the others are found one after another, each at the first place that it fits, which is
// never worse than a later one. A segment without _ is found in time linear in the text; one with _
// takes, at worst, the text times the segment.
class LikePattern {
 public:
  enum class Case { kExact, kFolded };

  // escape: one code point that makes the next one ordinary, or empty.
  // Errors: kLimit above kMaxLikePatternBytes; kInvalidArgument for a longer escape or one that
  // ends the pattern.
  Status compile(std::string_view pattern, std::string_view escape, Case letter_case);
  // text: folded by append_lower when the pattern is.
  bool matches(std::string_view text) const;

 private:
  struct Segment {
    std::string bytes;
    std::string any;  // one entry a byte: whether it stands for any code point; empty for none
    uint32_t code_points = 0;
  };

  void append(uint32_t code, Case letter_case);
  void append_any();
  static size_t match_at(const Segment& segment, std::string_view text, size_t at);
  static size_t find_end(const Segment& segment, std::string_view text, size_t from);
  static bool matches_at_end(const Segment& segment, std::string_view text, size_t from);

  std::vector<Segment> segments_;  // one more than there are runs of %
};

// GLOB as SQLite has it: * any text, ? any one code point, [a-z] and [^a-z] one of a set. At worst
// the text times the pattern. Errors: as for LIKE; a set that does not end.
Status glob_check(std::string_view pattern);
// The pattern has passed glob_check.
bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace mote
