// Bit packing of up to 1,024 unsigned words of one width, 0 to 64 bits.
//
// A full block of kPackedBlock words is packed in 16 interleaved lanes: word i stands in lane i %
// 16 at bit (i / 16) * width of that lane. All lanes share their shifts, so one loop with a
// run-time width works on whole vectors, and a single word is found by arithmetic. (Lemire,
// Boytsov: Decoding billions of integers per second through vectorization, 2015; Afroozeh, Boncz:
// The FastLanes compression layout, 2023.) A shorter block is packed word after word.
//
// Pure functions; `packed` needs no alignment.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mote {

inline constexpr uint32_t kPackedBlock = 1024;

// Bytes that `count` words of `width` bits take.
constexpr size_t packed_bytes(uint32_t count, uint32_t width) {
  return (static_cast<size_t>(count) * width + 7) / 8;
}

// Writes packed_bytes(count, width) bytes; words[i] - base must be below 2^width.
void pack_words(const uint64_t* words, uint32_t count, uint64_t base, uint32_t width, char* packed);

// words[i] = base + what was packed. Reads exactly packed_bytes(count, width) bytes.
void unpack_words(const char* packed, uint32_t count, uint64_t base, uint32_t width,
                  uint64_t* words);

// Word `at` of a block of `count`, without the base.
uint64_t unpack_word(const char* packed, uint32_t count, uint32_t width, uint32_t at);

// `width` bits at bit `bit` of a string of `size_bytes`; the bits must lie inside.
uint64_t read_bits(const char* bytes, size_t size_bytes, size_t bit, uint32_t width);

}  // namespace mote
