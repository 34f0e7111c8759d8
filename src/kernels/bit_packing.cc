#include "kernels/bit_packing.h"

#include <algorithm>
#include <cstring>

#include "kernels/dispatch.h"

namespace mote {

namespace {

constexpr uint32_t kLanes = 16;
constexpr uint32_t kLaneRows = kPackedBlock / kLanes;

// Four words that one AVX2 or two SSE2 or NEON registers hold.
typedef uint64_t Quad __attribute__((vector_size(32)));
constexpr uint32_t kQuads = kLanes / 4;

// Through references, since a vector as argument or result would depend on the machine.
inline void load_quad(const void* in, Quad& quad) { std::memcpy(&quad, in, sizeof(quad)); }

inline uint64_t mask_of(uint32_t width) { return width >= 64 ? ~0ull : (1ull << width) - 1; }

MOTE_CLONES void unpack_lanes(const char* packed, uint64_t base, uint32_t width, uint64_t* words) {
  const uint64_t mask = mask_of(width);
  for (uint32_t row = 0; row < kLaneRows; ++row) {
    const uint32_t bit = row * width;
    const uint32_t shift = bit % 64;
    const char* const in = packed + static_cast<size_t>(bit / 64) * kLanes * 8;
    uint64_t* const out = words + static_cast<size_t>(row) * kLanes;
    if (shift + width <= 64) {
      for (uint32_t q = 0; q < kQuads; ++q) {
        Quad quad;
        load_quad(in + q * 32, quad);
        quad = ((quad >> shift) & mask) + base;
        std::memcpy(out + q * 4, &quad, sizeof(quad));
      }
    } else {
      for (uint32_t q = 0; q < kQuads; ++q) {
        Quad quad;
        Quad next;
        load_quad(in + q * 32, quad);
        load_quad(in + kLanes * 8 + q * 32, next);
        quad = (((quad >> shift) | (next << (64 - shift))) & mask) + base;
        std::memcpy(out + q * 4, &quad, sizeof(quad));
      }
    }
  }
}

MOTE_CLONES void pack_lanes(const uint64_t* words, uint64_t base, uint32_t width, char* packed) {
  Quad open[kQuads] = {};  // bits of the word that is being filled, for each lane
  uint32_t filled = 0;
  for (uint32_t row = 0; row < kLaneRows; ++row) {
    const bool closes = filled + width >= 64;
    for (uint32_t q = 0; q < kQuads; ++q) {
      Quad quad;
      load_quad(words + static_cast<size_t>(row) * kLanes + q * 4, quad);
      quad -= base;
      open[q] |= quad << filled;
      if (!closes) continue;
      std::memcpy(packed + q * 32, &open[q], sizeof(open[q]));
      open[q] = filled == 0 ? Quad{} : quad >> (64 - filled);
    }
    if (closes) packed += static_cast<size_t>(kLanes) * 8;
    filled = closes ? filled + width - 64 : filled + width;
  }
}

}  // namespace

uint64_t read_bits(const char* bytes, size_t size_bytes, size_t bit, uint32_t width) {
  if (width == 0) return 0;
  const size_t at = bit / 8;
  const uint32_t shift = bit % 8;
  uint64_t low = 0;
  std::memcpy(&low, bytes + at, std::min<size_t>(8, size_bytes - at));
  uint64_t value = low >> shift;
  if (shift + width > 64) {
    value |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[at + 8])) << (64 - shift);
  }
  return value & mask_of(width);
}

void pack_words(const uint64_t* words, uint32_t count, uint64_t base, uint32_t width,
                char* packed) {
  if (width == 0 || count == 0) return;
  if (count == kPackedBlock) return pack_lanes(words, base, width, packed);
  std::memset(packed, 0, packed_bytes(count, width));
  size_t bit = 0;
  for (uint32_t i = 0; i < count; ++i, bit += width) {
    const uint64_t value = words[i] - base;
    char* const at = packed + bit / 8;
    const uint32_t shift = bit % 8;
    const uint32_t touched = (shift + width + 7) / 8;
    uint64_t low = 0;
    std::memcpy(&low, at, std::min(8u, touched));
    low |= value << shift;
    std::memcpy(at, &low, std::min(8u, touched));
    if (touched > 8) at[8] = static_cast<char>(value >> (64 - shift));
  }
}

void unpack_words(const char* packed, uint32_t count, uint64_t base, uint32_t width,
                  uint64_t* words) {
  if (width == 0) {
    std::fill(words, words + count, base);
    return;
  }
  if (count == kPackedBlock) return unpack_lanes(packed, base, width, words);
  const size_t size_bytes = packed_bytes(count, width);
  uint32_t i = 0;
  // As long as the eight bytes from a word's first one hold all of it and are there.
  if (width <= 57) {
    const uint64_t mask = mask_of(width);
    for (size_t bit = 0; i < count && bit / 8 + 8 <= size_bytes; ++i, bit += width) {
      uint64_t word = 0;
      std::memcpy(&word, packed + bit / 8, sizeof(word));
      words[i] = base + ((word >> (bit % 8)) & mask);
    }
  }
  for (; i < count; ++i) {
    words[i] = base + read_bits(packed, size_bytes, static_cast<size_t>(i) * width, width);
  }
}

uint64_t unpack_word(const char* packed, uint32_t count, uint32_t width, uint32_t at) {
  if (width == 0) return 0;
  if (count != kPackedBlock) {
    return read_bits(packed, packed_bytes(count, width), static_cast<size_t>(at) * width, width);
  }
  const uint32_t bit = at / kLanes * width;
  const uint32_t shift = bit % 64;
  const char* const in = packed + (static_cast<size_t>(bit / 64) * kLanes + at % kLanes) * 8;
  uint64_t word = 0;
  std::memcpy(&word, in, 8);
  uint64_t value = word >> shift;
  if (shift + width > 64) {
    std::memcpy(&word, in + kLanes * 8, 8);
    value |= word << (64 - shift);
  }
  return value & mask_of(width);
}

}  // namespace mote
