// XXH3-64 (Yann Collet's xxHash), seeded, so that the same bytes in another place do not verify.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace mote {

uint64_t checksum(std::span<const std::byte> bytes, uint64_t seed);
uint64_t checksum(std::string_view bytes, uint64_t seed);

// A well-mixed hash of one 64-bit number, for seeds and hash tables.
uint64_t mix64(uint64_t value);

}  // namespace mote
