// An entropy coder for integers whose distribution is far from flat: noise around a prediction,
// values that often repeat, floating-point numbers with few exponents.
//
// A word becomes its residual (itself, or its first or second difference, less a centre), and the
// residual a symbol and some plain low bits. Symbols are either size classes (the position of the
// leading one of the zigzagged residual and a few bits behind it), or the residual's top bits. Up
// to 255 symbols are known; others are written as an escape and 64 bits. Symbols are coded by a
// range asymmetric numeral system (Duda, 2013) with static frequencies of kSlotBits bits in four
// interleaved states (Giesen, 2014).
//
// Immutable after training or parsing.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/coding.h"
#include "base/status.h"
#include "column/integer_stream.h"

namespace mote {

class EntropyModel {
 public:
  static constexpr uint32_t kSlotBits = 12;
  static constexpr uint32_t kMaxSymbols = 256;

  // Null when the sample is too small for a model to pay.
  static std::unique_ptr<EntropyModel> train(const SampleBlocks& sample);

  void serialize(std::string* out) const;
  static Result<std::unique_ptr<EntropyModel>> parse(ByteReader& reader);

  void encode(const uint64_t* words, uint32_t count, std::string* out) const;
  Status decode(ByteReader& reader, uint32_t count, uint64_t* words) const;
  size_t memory_bytes() const { return sizeof(*this); }
};

}  // namespace mote
