// Blocks of up to 1,024 integers of 64 bits, each in the cheapest of several forms: what every
// other encoding ends in.
//
// Each block says how it is written: constant; frame of reference (PackedBlock); the same of its
// first or second differences; runs; or, when the stream has an EntropyModel, entropy-coded. Rows
// of several sources that take turns (sensors, joints, wheels) are near the row one turn before,
// not near the last one, so a stream may have a lag: differences are then also taken over that
// distance. The reader of a block is told its row count and stops at its end, so blocks of several
// streams can follow each other.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/coding.h"
#include "base/limits.h"
#include "base/status.h"

namespace mote {

class EntropyModel;

// What a smaller size may cost in decoding time.
enum class Effort : uint8_t { kFast, kSmall };

// An encoding's price is its bits a word and the time that a word's decoding takes on one core, a
// nanosecond being worth so many bits: with one bit entropy coding must save 4.5 bits a word, or a
// column stays with packed bits. This is the only rule by which encodings are chosen; the times are
// rough, of an x86-64 server core.
constexpr double bits_per_ns(Effort effort) { return effort == Effort::kFast ? 1.0 : 0.1; }
inline constexpr double kPackedNs = 0.5;
inline constexpr double kEntropyNs = 4.5;

// Pieces of a column that stand for all of it; each of at most kChunkRows words.
using SampleBlocks = std::vector<std::span<const uint64_t>>;

class IntegerStream {
 public:
  static constexpr uint32_t kMaxLag = 64;

  IntegerStream();
  ~IntegerStream();
  IntegerStream(IntegerStream&&) noexcept;
  IntegerStream& operator=(IntegerStream&&) noexcept;

  // A stream with a lag and an entropy model where those lower the price of the sample.
  static IntegerStream train(const SampleBlocks& sample, Effort effort);

  void serialize(std::string* out) const;
  static Result<IntegerStream> parse(ByteReader& reader);

  // count in [1, kChunkRows].
  void encode(const uint64_t* words, uint32_t count, std::string* out) const;
  Status decode(ByteReader& reader, uint32_t count, uint64_t* words) const;
  // Word `at` alone; the reader ends behind the whole block. Random access for constants and frames
  // of reference, otherwise the block is decoded.
  Status decode_word(ByteReader& reader, uint32_t count, uint32_t at, uint64_t* word) const;

  double decode_ns() const { return model_ != nullptr ? kPackedNs + kEntropyNs : kPackedNs; }
  // For the name of an encoding that ends in this stream.
  std::string name_suffix() const;
  size_t memory_bytes() const;

 private:
  // Differences over a distance: the lag, and how often they are taken (1 or 2).
  struct Turns {
    uint32_t lag = 0;  // 0: none
    uint32_t order = 0;

    uint32_t heads() const { return lag * order; }
  };
  // The lag whose differences are narrowest; 0 when none saves anything worth a try.
  static uint32_t find_lag(const SampleBlocks& sample);
  static void turn_residuals(Turns turns, const uint64_t* words, uint32_t count, uint64_t* out);
  void train_model(const SampleBlocks& sample);
  size_t sampled_bytes(const SampleBlocks& sample) const;
  // Writes nothing when the residuals are as wide as words.
  void encode_turns(const uint64_t* words, uint32_t count, std::string* out) const;
  Status decode_turns(ByteReader& reader, uint32_t count, uint64_t* words) const;
  Status decode_turns_word(ByteReader& reader, uint32_t count, uint32_t at, uint64_t* word) const;

  Turns turns_;
  Effort effort_ = Effort::kFast;  // only while encoding
  std::unique_ptr<EntropyModel> model_;
};

}  // namespace mote
