#include "base/coding.h"

namespace mote {

uint64_t ByteReader::varint() {
  uint64_t value = 0;
  for (uint32_t i = 0; i < kMaxVarintBytes && at_ < end_; ++i) {
    const uint8_t byte = static_cast<uint8_t>(*at_++);
    if (i == kMaxVarintBytes - 1 && byte > 1) break;  // more than 64 bits
    value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) return value;
  }
  fail();
  return 0;
}

uint64_t ByteReader::count(size_t least_bytes) {
  const uint64_t count = varint();
  if (least_bytes > 0 && count > remaining() / least_bytes) {
    fail();
    return 0;
  }
  return count;
}

}  // namespace mote
