// Words as offsets of one width from a base: the frame of reference. Words far away from the others
// would widen all offsets, so where that costs less they are patches: their rows and words are
// written apart (Zukowski, Heman, Nes, Boncz: Super-scalar RAM-CPU cache compression, 2006).
//
// Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/coding.h"
#include "base/limits.h"
#include "base/status.h"

namespace mote {

// How a block is packed: words in [base, base + 2^width) as offsets, others as patches.
struct PackPlan {
  uint64_t base = 0;
  uint32_t width = 0;
  uint32_t patch_count = 0;
  size_t size_bytes = 0;

  uint64_t mask() const { return width == 64 ? ~0ull : (1ull << width) - 1; }
};

// The smallest plan for words[0 .. count), count in [1, kChunkRows].
PackPlan plan_packed(const uint64_t* words, uint32_t count);
// patch_count is the number of words that do not fit the plan.
void write_packed(const uint64_t* words, uint32_t count, const PackPlan& plan, std::string* out);

// A block that was read; borrows its bytes.
struct PackedBlock {
  uint32_t count = 0;
  uint64_t base = 0;
  uint32_t width = 0;
  std::string_view offsets;
  uint32_t patch_count = 0;
  uint64_t patch_base = 0;
  uint32_t patch_width = 0;
  std::string_view patch_rows;  // rising u16
  std::string_view patch_offsets;

  uint32_t patch_row(uint32_t patch) const {
    return load_fixed<uint16_t>(patch_rows.data() + size_t{patch} * sizeof(uint16_t));
  }
  uint64_t patch_word(uint32_t patch) const;
  void unpack(uint64_t* words) const;
  uint64_t word(uint32_t at) const;
  // Without patches.
  uint64_t offset_word(uint32_t at) const;
};
// Checks that all rows of patches lie in the block.
Status read_packed(ByteReader& reader, uint32_t count, PackedBlock* packed);

}  // namespace mote
