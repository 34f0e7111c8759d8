// How an IntegerStream writes a block, for the files that make it up. Not for use outside them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/coding.h"
#include "base/status.h"

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

// A form that is slower to decode must be this much smaller: per mille of the faster one's size.
// Entropy coding decodes several times slower than packed bits, so a column gets a model only for a
// good reason; a column that has one uses it more freely.
inline constexpr size_t kDifferenceGain = 985;
inline constexpr size_t kModelGain = 870;
inline constexpr size_t kModelGainSmall = 985;
inline constexpr size_t kEntropyGain = 960;
// Words that plain forms leave at this many bytes would go on to byte planes, which decode no
// faster.
inline constexpr size_t kNoiseBytes = 6;

// The cheapest of the forms without runs, a lag and a model.
void encode_plain(const uint64_t* words, uint32_t count, std::string* out);
Status decode_plain(uint8_t form, ByteReader& reader, uint32_t count, uint64_t* words);

}  // namespace mote
