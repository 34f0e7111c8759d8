// PRIMARY KEY values as bytes whose memcmp order is the order of the values: integers and
// timestamps big-endian with the sign flipped, floats by their order-preserving bit pattern (-0 as
// 0, NaN above all), TEXT and BLOB with 0x00 escaped as 00 ff and ended by 00 01, booleans one
// byte. Columns follow one another.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/status.h"
#include "types/chunk.h"
#include "types/schema.h"

namespace mote {

// Appends the key of a row. columns are the key's columns in key order. Errors: kConstraint when
// one is NULL; kLimit when the key is longer than kMaxKeyBytes.
Status append_key(std::span<const Column* const> columns, uint32_t row, std::string* out);
// The same of values, which have the columns' types.
Status append_key(std::span<const Value> values, std::string* out);

}  // namespace mote
