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
  static constexpr uint32_t kSlots = 1u << kSlotBits;
  static constexpr uint32_t kMaxSymbols = 256;  // the escape is the last

  // How a residual is split; written to files.
  enum class Split : uint8_t { kClasses = 0, kTop = 1 };
  struct Shape {
    uint32_t order = 0;  // 0: words, 1: differences, 2: differences of differences
    Split split = Split::kClasses;
    uint32_t parameter = 0;  // kClasses: bits behind the leading one; kTop: low bits cut off
    int64_t centre = 0;
  };

  // Null when the sample is too small for a model to pay.
  static std::unique_ptr<EntropyModel> train(const SampleBlocks& sample);

  void serialize(std::string* out) const;
  static Result<std::unique_ptr<EntropyModel>> parse(ByteReader& reader);

  // count in [1, kChunkRows].
  void encode(const uint64_t* words, uint32_t count, std::string* out) const;
  Status decode(ByteReader& reader, uint32_t count, uint64_t* words) const;
  size_t memory_bytes() const { return sizeof(*this); }

 private:
  EntropyModel(Shape shape, std::vector<uint64_t> symbols, std::vector<uint16_t> less_one);
  void index_symbols();
  uint32_t symbol_index(uint64_t symbol) const;
  uint8_t pop(uint32_t& state, const uint16_t*& next) const;
  Status decode_symbols(ByteReader& reader, uint32_t count, uint8_t* symbols) const;
  Status decode_residuals(ByteReader& reader, uint32_t count, const uint8_t* symbols,
                          uint64_t* words) const;

  const Shape shape_;
  // Known symbols, rising as signed numbers; frequencies less one, of these and the escape.
  const std::vector<uint64_t> symbols_;
  const std::vector<uint16_t> less_one_;
  std::vector<uint8_t> direct_;  // index by symbol less the first one; only while encoding
  std::array<uint16_t, kMaxSymbols> starts_;
  // What a symbol stands for: base and a number of plain bits that are added to it.
  std::array<uint64_t, kMaxSymbols> bases_;
  std::array<uint8_t, kMaxSymbols> bits_;
  std::array<uint64_t, kMaxSymbols> masks_;
  // For each of the kSlots slots: symbol, frequency less one, distance from the symbol's start.
  std::array<uint32_t, kSlots> slots_;
};

}  // namespace mote
