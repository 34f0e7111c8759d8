// Strings of bytes, compressed as a whole when that makes them smaller.
//
// Written as method, size and bytes. One packed byte never stands for more than kMaxExpansion
// bytes, so what a damaged size can make a reader allocate is bounded by what it was given.
#pragma once

#include <string>
#include <string_view>

#include "base/coding.h"
#include "base/status.h"

namespace mote {

inline constexpr uint64_t kMaxExpansion = 255;  // the most that LZ4 can do
inline constexpr uint64_t kExpansionSlack = 64;

// strong: zstd when this build has it.
void write_packed_bytes(std::string_view bytes, bool strong, std::string* out);

// What stands there; nothing is unpacked yet.
struct PackedBytes {
  uint8_t method = 0;
  uint64_t size_bytes = 0;  // unpacked
  std::string_view packed;
};
Status read_packed_bytes(ByteReader& reader, PackedBytes* packed);
// Writes exactly packed.size_bytes.
Status unpack_bytes(const PackedBytes& packed, char* out);

}  // namespace mote
