// The header of a NumPy .npy file, versions 1 to 3: what one element is, and how they lie.
// Source: the format's description in NumPy (numpy.lib.format).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace mote {

// One number, text or time inside an element.
struct NpyField {
  std::string name;  // empty in an array that is not structured
  char kind = 'f';   // b i u f S U V M m, as NumPy has them
  bool big_endian = false;
  uint32_t size_bytes = 8;  // of one item; a U item's is 4 times its characters
  uint32_t offset = 0;      // in the element
  uint32_t item_count = 1;  // of a sub-array
  int64_t tick_ns = 1;      // of M and m: nanoseconds a tick
};

struct NpyHeader {
  std::vector<NpyField> fields;  // one when not structured
  bool structured = false;
  uint64_t element_bytes = 0;
  bool fortran_order = false;
  uint64_t row_count = 1;   // the first dimension; the others are columns, the last running fastest
  uint64_t row_stride = 1;  // from one row to the next, in elements
  std::vector<uint64_t> column_offsets;  // where each column's first element lies, in elements
  bool one_dimensional = true;
};

inline constexpr uint32_t kMaxNpyHeaderBytes = 1u << 20;

// text: the header's dictionary. Errors: kInvalidArgument for what it can not be.
Result<NpyHeader> parse_npy_header(std::string_view text);

}  // namespace mote
