#include "column/packed_block.h"

#include <algorithm>
#include <array>
#include <bit>

#include "kernels/bit_packing.h"
#include "kernels/integer_series.h"

namespace mote {

namespace {

// Set in the byte of the width when patches follow.
constexpr uint8_t kPatched = 0x80;
// Patches must save this: per mille of the size without them.
constexpr size_t kPatchGain = 970;
// A block with fewer words, or narrower ones, is packed as it is.
constexpr uint32_t kLeastPatchedWords = 64;
constexpr uint32_t kLeastPatchedWidth = 4;
// At most one word of so many is a patch.
constexpr uint32_t kPatchShare = 8;

constexpr size_t kHeaderBytes = 4;
constexpr size_t kPatchHeaderBytes = 6;

uint32_t width_of(WordRange range) {
  return static_cast<uint32_t>(
      std::bit_width(static_cast<uint64_t>(range.maximum) - static_cast<uint64_t>(range.minimum)));
}

// Where most words lie: [centre - 2^(width - 1), centre + 2^(width - 1)).
struct Window {
  uint64_t centre = 0;
  uint32_t width = 64;

  uint64_t low() const { return width == 0 ? centre : centre - (1ull << (width - 1)); }
};

// The window around the centre with the least size, judged on every stride-th word, when a word
// outside it takes patch_bits.
Window choose_window(const uint64_t* words, uint32_t count, uint32_t stride, uint64_t centre,
                     uint32_t patch_bits) {
  uint32_t widths[65] = {};
  uint32_t looked_at = 0;
  for (uint32_t i = 0; i < count; i += stride, ++looked_at) {
    ++widths[std::bit_width(zigzag(static_cast<int64_t>(words[i] - centre)))];
  }
  Window window{centre, 64};
  uint32_t outside = 0;
  uint64_t least = ~0ull;
  for (uint32_t width = 64; outside * kPatchShare <= looked_at; --width) {
    const uint64_t bits = uint64_t{looked_at} * width + uint64_t{outside} * patch_bits;
    if (bits < least) {
      least = bits;
      window.width = width;
    }
    if (width == 0) break;
    outside += widths[width];
  }
  return window;
}

uint64_t rough_median(const uint64_t* words, uint32_t count) {
  constexpr uint32_t kSampled = 64;
  int64_t sample[kSampled];
  const uint32_t sampled = std::min(count, kSampled);
  for (uint32_t i = 0; i < sampled; ++i) {
    sample[i] = static_cast<int64_t>(words[size_t{i} * count / sampled]);
  }
  std::nth_element(sample, sample + sampled / 2, sample + sampled);
  return static_cast<uint64_t>(sample[sampled / 2]);
}

// The range of the words that do not, or do, lie in `width` bits from `base`.
struct Parted {
  WordRange inside{INT64_MAX, INT64_MIN};
  WordRange outside{INT64_MAX, INT64_MIN};
  uint32_t outside_count = 0;
};

void widen(WordRange& range, int64_t word) {
  range.minimum = std::min(range.minimum, word);
  range.maximum = std::max(range.maximum, word);
}

Parted part_words(const uint64_t* words, uint32_t count, uint64_t base, uint32_t width) {
  Parted parted;
  for (uint32_t i = 0; i < count; ++i) {
    const int64_t word = static_cast<int64_t>(words[i]);
    if ((words[i] - base) >> width == 0) {
      widen(parted.inside, word);
    } else {
      widen(parted.outside, word);
      ++parted.outside_count;
    }
  }
  return parted;
}

bool fits(uint64_t word, const PackPlan& plan) {
  return plan.width == 64 || (word - plan.base) >> plan.width == 0;
}

}  // namespace

PackPlan plan_packed(const uint64_t* words, uint32_t count) {
  const WordRange range = range_of(words, count);
  const uint32_t width = width_of(range);
  PackPlan plan{static_cast<uint64_t>(range.minimum), width, 0,
                kHeaderBytes + packed_bytes(count, width)};
  if (count < kLeastPatchedWords || width < kLeastPatchedWidth) return plan;
  // A glance tells whether all words are worth a look.
  constexpr uint32_t kGlanceStride = 4;
  const uint64_t centre = rough_median(words, count);
  const uint32_t patch_bits = width + 16;
  Window window = choose_window(words, count, kGlanceStride, centre, patch_bits);
  if (window.width >= width) return plan;
  window = choose_window(words, count, 1, centre, patch_bits);
  if (window.width >= width) return plan;
  Parted parted = part_words(words, count, window.low(), window.width);
  if (parted.outside_count == 0 || parted.outside_count > count / kPatchShare) return plan;
  const uint32_t inner = width_of(parted.inside);
  // A window that wraps holds words of both ends.
  if (inner > window.width) return plan;
  // The window was around the centre; now its words begin at zero and it holds some more.
  const auto base = static_cast<uint64_t>(parted.inside.minimum);
  parted = part_words(words, count, base, inner);
  if (parted.outside_count == 0) return plan;
  const size_t size = kHeaderBytes + packed_bytes(count, inner) + kPatchHeaderBytes +
                      parted.outside_count * sizeof(uint16_t) +
                      packed_bytes(parted.outside_count, width_of(parted.outside));
  if (size * 1000 >= plan.size_bytes * kPatchGain) return plan;
  return {base, inner, parted.outside_count, size};
}

void write_packed(const uint64_t* words, uint32_t count, const PackPlan& plan, std::string* out) {
  ByteWriter writer(out);
  writer.signed_varint(static_cast<int64_t>(plan.base));
  writer.fixed(static_cast<uint8_t>(plan.width | (plan.patch_count > 0 ? kPatched : 0u)));
  const size_t at = out->size();
  out->resize(at + packed_bytes(count, plan.width));
  if (plan.patch_count == 0) {
    pack_words(words, count, plan.base, plan.width, out->data() + at);
    return;
  }
  std::array<uint64_t, kChunkRows> inside;
  std::array<uint64_t, kChunkRows> patches;
  std::array<uint16_t, kChunkRows> rows;
  uint32_t patch_count = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const bool is_inside = fits(words[i], plan);
    inside[i] = is_inside ? words[i] : plan.base;
    patches[patch_count] = words[i];
    rows[patch_count] = static_cast<uint16_t>(i);
    patch_count += is_inside ? 0 : 1;
  }
  MOTE_CHECK(patch_count == plan.patch_count);
  pack_words(inside.data(), count, plan.base, plan.width, out->data() + at);
  const WordRange range = range_of(patches.data(), patch_count);
  const uint32_t width = width_of(range);
  writer.varint(patch_count);
  writer.signed_varint(range.minimum);
  writer.fixed(static_cast<uint8_t>(width));
  for (uint32_t k = 0; k < patch_count; ++k) writer.fixed(rows[k]);
  const size_t patches_at = out->size();
  out->resize(patches_at + packed_bytes(patch_count, width));
  pack_words(patches.data(), patch_count, static_cast<uint64_t>(range.minimum), width,
             out->data() + patches_at);
}

Status read_packed(ByteReader& reader, uint32_t count, PackedBlock* packed) {
  packed->count = count;
  packed->base = static_cast<uint64_t>(reader.signed_varint());
  const uint8_t head = reader.fixed<uint8_t>();
  packed->width = head & ~uint32_t{kPatched};
  if (packed->width > 64) {
    return corruption("packed width is %u bits; the limit is 64", packed->width);
  }
  packed->offsets = reader.bytes(packed_bytes(count, packed->width));
  packed->patch_count = 0;
  if ((head & kPatched) != 0 && !reader.failed()) {
    const uint64_t patch_count = reader.varint();
    if (patch_count > count) {
      return corruption("block of %u words has %llu patches", count,
                        static_cast<unsigned long long>(patch_count));
    }
    packed->patch_count = static_cast<uint32_t>(patch_count);
    packed->patch_base = static_cast<uint64_t>(reader.signed_varint());
    packed->patch_width = reader.fixed<uint8_t>();
    if (packed->patch_width > 64) {
      return corruption("width of patches is %u bits; the limit is 64", packed->patch_width);
    }
    packed->patch_rows = reader.bytes(packed->patch_count * sizeof(uint16_t));
    packed->patch_offsets = reader.bytes(packed_bytes(packed->patch_count, packed->patch_width));
  }
  if (reader.failed()) return corruption("block of integers ends early");
  uint32_t least = 0;
  for (uint32_t k = 0; k < packed->patch_count; ++k) {
    const uint32_t row = packed->patch_row(k);
    if (row < least || row >= count) {
      return corruption("patch at row %u of a block of %u", row, count);
    }
    least = row + 1;
  }
  return {};
}

uint64_t PackedBlock::patch_word(uint32_t patch) const {
  return patch_base + unpack_word(patch_offsets.data(), patch_count, patch_width, patch);
}

void PackedBlock::unpack(uint64_t* words) const {
  unpack_words(offsets.data(), count, base, width, words);
  for (uint32_t k = 0; k < patch_count; ++k) words[patch_row(k)] = patch_word(k);
}

uint64_t PackedBlock::offset_word(uint32_t at) const {
  return base + unpack_word(offsets.data(), count, width, at);
}

uint64_t PackedBlock::word(uint32_t at) const {
  uint32_t low = 0;
  uint32_t high = patch_count;
  while (low < high) {
    const uint32_t middle = (low + high) / 2;
    const uint32_t row = patch_row(middle);
    if (row == at) return patch_word(middle);
    if (row < at) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return offset_word(at);
}

}  // namespace mote
