// What type the texts of a column have: found by looking at all of them.
//
// BOOLEAN for true and false; INTEGER for whole numbers, also for those written with a fraction of
// zeros when one of them is too large to be exact as a FLOAT (1403638128940097024.0000000000);
// FLOAT for other numbers, nan and inf among them; TIMESTAMP for ISO dates and times; TEXT for the
// rest.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"
#include "types/chunk.h"
#include "types/type.h"

namespace mote {

class FieldTypes {
 public:
  // Sees one more text, without the blanks around it.
  void see(std::string_view text);
  // Sees something that can only be TEXT.
  void see_text() {
    possible_ = 0;
    seen_ = true;
  }
  // TEXT when nothing was seen.
  Type type() const;

 private:
  enum : uint8_t { kBoolean = 1, kWhole = 2, kNumber = 4, kTime = 8 };
  uint8_t possible_ = kBoolean | kWhole | kNumber | kTime;
  bool seen_ = false;
  bool has_point_ = false;    // a whole number was written with a fraction
  bool needs_exact_ = false;  // and one of those is beyond 2^53
};

// Puts the value that `text` spells in column.type() at `row`. Errors: kInvalidArgument as the
// parsers of types/text_format.h give it; for TEXT that is not UTF-8 too.
Status put_text(std::string_view text, uint32_t row, Column& column);

}  // namespace mote
