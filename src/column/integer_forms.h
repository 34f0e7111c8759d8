// How an IntegerStream writes a block, for the files that make it up. Not for use outside them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/coding.h"
#include "base/status.h"
#include "column/integer_stream.h"

namespace mote {

// Written to files.
enum IntegerForm : uint8_t {
  kConstant = 0,
  kFrame = 1,
  kDifferences = 2,
  kSecondDifferences = 3,
  kRuns = 4,
  kEntropy = 5,
  kTurns = 6,         // differences over the stream's lag, packed
  kTurnsEntropy = 7,  // the same, entropy-coded
};

// A form of packed bits must be this much smaller than a simpler one: per mille of its size.
inline constexpr size_t kDifferenceGain = 985;

// Bytes that entropy-coded words are charged for their decoding.
inline size_t entropy_price_bytes(size_t words, Effort effort) {
  return static_cast<size_t>(static_cast<double>(words) * kEntropyNs * bits_per_ns(effort) / 8);
}

// The cheapest of the forms without runs, a lag and a model.
void encode_plain(const uint64_t* words, uint32_t count, std::string* out);
Status decode_plain(uint8_t form, ByteReader& reader, uint32_t count, uint64_t* words);

}  // namespace mote
