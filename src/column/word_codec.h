// How the values of a lane of fixed size become blocks of bytes and back.
//
// The entries of such a lane (booleans, integers, floats of 4 and 8 bytes) are taken as words:
// their bits, zero-extended to 64. A WordCodec is made for a whole column by one of the plan
// functions below, is written to the column's prelude, and is read back from there; the same object
// encodes and decodes.
//
// Immutable, hence thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/coding.h"
#include "base/status.h"
#include "column/integer_stream.h"
#include "types/type.h"

namespace mote {

// Written to files.
enum class WordEncoding : uint8_t {
  kInteger = 0,     // start + integer * factor
  kOrdered = 1,     // bits of floats, mapped so that their order is that of integers
  kDictionary = 2,  // ranks in a sorted list of distinct words
  kScaled = 3,      // floats as integers times a step or by a divisor
  kPlanes = 4,      // byte planes, LZ4 or zstd
  kRaw = 5,
};
inline constexpr uint8_t kWordEncodingCount = 6;

class WordCodec {
 public:
  virtual ~WordCodec() = default;
  virtual std::string name() const = 0;
  // With its WordEncoding in front.
  virtual void serialize(std::string* out) const = 0;
  // count in [1, kChunkRows].
  virtual void encode(const uint64_t* words, uint32_t count, std::string* out) const = 0;
  virtual Status decode(ByteReader& reader, uint32_t count, uint64_t* words) const = 0;
  virtual Status decode_word(ByteReader& reader, uint32_t count, uint32_t at,
                             uint64_t* word) const = 0;
  virtual size_t memory_bytes() const = 0;
  // About the time that a word takes in decode.
  virtual double decode_ns() const = 0;
};

// Where a codec may be nested in another's prelude; a dictionary's words are never a dictionary.
enum class Nesting : uint8_t { kOutermost, kDictionaryWords };
Result<std::unique_ptr<WordCodec>> parse_word_codec(LaneKind kind, ByteReader& reader,
                                                    Nesting nesting);

// The words of one lane of a column, and a sample of them.
struct WordSeries {
  LaneKind kind = LaneKind::kInt64;
  std::span<const uint64_t> words;
  SampleBlocks sample;
  Effort effort = Effort::kFast;
  bool may_nest = true;  // false for the words of a dictionary

  static constexpr size_t kSampleBlocks = 8;
  static WordSeries of(LaneKind kind, std::span<const uint64_t> words, Effort effort);
};

// Plans: null when the encoding does not suit the series.
std::unique_ptr<WordCodec> plan_integer(const WordSeries& series);
std::unique_ptr<WordCodec> plan_ordered(const WordSeries& series);
std::unique_ptr<WordCodec> plan_dictionary(const WordSeries& series);
std::unique_ptr<WordCodec> plan_scaled(const WordSeries& series);
std::unique_ptr<WordCodec> plan_planes(const WordSeries& series);
std::unique_ptr<WordCodec> plan_raw(const WordSeries& series);

// The share of distinct words in the sample, in (0, 1].
double distinct_share(const WordSeries& series);

// The parsers of the encodings, called by parse_word_codec with the encoding's number read.
using WordCodecResult = Result<std::unique_ptr<WordCodec>>;
WordCodecResult parse_integer_codec(ByteReader& reader);
WordCodecResult parse_ordered_codec(LaneKind kind, ByteReader& reader);
WordCodecResult parse_dictionary_codec(LaneKind kind, ByteReader& reader);
WordCodecResult parse_scaled_codec(LaneKind kind, ByteReader& reader);
WordCodecResult parse_planes_codec(LaneKind kind, ByteReader& reader);
WordCodecResult parse_raw_codec(LaneKind kind, ByteReader& reader);

// The cheapest of all encodings for the series, judged on the sample, or the one that is asked for
// when it suits; the latter is for tests.
std::unique_ptr<WordCodec> choose_word_codec(const WordSeries& series);
std::unique_ptr<WordCodec> plan_word_codec(WordEncoding encoding, const WordSeries& series);

// Bits of floats to integers of the same order; OrderedBits (kernels) is the way back. The lane is
// kFloat32 or kFloat64.
inline uint64_t ordered_from_bits(LaneKind kind, uint64_t bits) {
  if (kind == LaneKind::kFloat32) {
    const uint32_t word = static_cast<uint32_t>(bits);
    const uint32_t flip = static_cast<uint32_t>(static_cast<int32_t>(word) >> 31) >> 1;
    return static_cast<uint64_t>(static_cast<int64_t>(static_cast<int32_t>(word ^ flip)));
  }
  return bits ^ (static_cast<uint64_t>(static_cast<int64_t>(bits) >> 63) >> 1);
}
// Test access: while a value is set, every lane that it suits is encoded with it.
struct ForcedEncoding {
  static inline int word_encoding = -1;  // a WordEncoding
  static inline int byte_encoding = -1;  // a ByteEncoding
};

}  // namespace mote
