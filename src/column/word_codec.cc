#include "column/word_codec.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <numeric>

#include "column/packed_bytes.h"
#include "kernels/integer_series.h"

namespace mote {

namespace {

using Words = std::array<uint64_t, kChunkRows>;

// Integers that share a factor: start + integer * factor.
class IntegerCodec : public WordCodec {
 public:
  IntegerCodec(uint64_t start, uint64_t factor, IntegerStream stream)
      : start_(start), factor_(factor), stream_(std::move(stream)) {}

  std::string name() const override { return "integer" + stream_.name_suffix(); }
  void serialize(std::string* out) const override {
    ByteWriter writer(out);
    writer.fixed(WordEncoding::kInteger);
    writer.varint(factor_);
    if (factor_ > 1) writer.signed_varint(static_cast<int64_t>(start_));
    stream_.serialize(out);
  }
  void encode(const uint64_t* words, uint32_t count, std::string* out) const override {
    if (factor_ == 1) return stream_.encode(words, count, out);
    Words integers;
    for (uint32_t i = 0; i < count; ++i) integers[i] = (words[i] - start_) / factor_;
    stream_.encode(integers.data(), count, out);
  }
  Status decode(ByteReader& reader, uint32_t count, uint64_t* words) const override {
    MOTE_TRY(stream_.decode(reader, count, words));
    if (factor_ != 1) scale_words(words, count, start_, factor_);
    return {};
  }
  Status decode_word(ByteReader& reader, uint32_t count, uint32_t at,
                     uint64_t* word) const override {
    MOTE_TRY(stream_.decode_word(reader, count, at, word));
    if (factor_ != 1) *word = start_ + *word * factor_;
    return {};
  }
  double decode_ns() const override { return stream_.decode_ns(); }
  size_t memory_bytes() const override { return sizeof(*this) + stream_.memory_bytes(); }

 private:
  const uint64_t start_;  // the least word, so that the integers are not negative
  const uint64_t factor_;
  const IntegerStream stream_;
};

// Floats by their bits. Doubles that were computed in lower precision end in zero bits, which are
// cut off.
class OrderedCodec : public WordCodec {
 public:
  OrderedCodec(LaneKind kind, uint32_t shift, IntegerStream stream)
      : kind_(kind), shift_(shift), rule_(rule_of(kind, shift)), stream_(std::move(stream)) {}

  std::string name() const override { return "ordered" + stream_.name_suffix(); }
  void serialize(std::string* out) const override {
    ByteWriter writer(out);
    writer.fixed(WordEncoding::kOrdered);
    writer.fixed(static_cast<uint8_t>(shift_));
    stream_.serialize(out);
  }
  void encode(const uint64_t* words, uint32_t count, std::string* out) const override {
    Words ordered;
    for (uint32_t i = 0; i < count; ++i) {
      ordered[i] = ordered_from_bits(kind_, words[i]);
      ordered[i] = static_cast<uint64_t>(static_cast<int64_t>(ordered[i]) >> shift_);
    }
    stream_.encode(ordered.data(), count, out);
  }
  Status decode(ByteReader& reader, uint32_t count, uint64_t* words) const override {
    MOTE_TRY(stream_.decode(reader, count, words));
    ordered_to_bits(words, count, rule_);
    return {};
  }
  Status decode_word(ByteReader& reader, uint32_t count, uint32_t at,
                     uint64_t* word) const override {
    MOTE_TRY(stream_.decode_word(reader, count, at, word));
    *word = rule_.bits(*word);
    return {};
  }
  double decode_ns() const override { return 0.3 + stream_.decode_ns(); }
  size_t memory_bytes() const override { return sizeof(*this) + stream_.memory_bytes(); }

 private:
  static OrderedBits rule_of(LaneKind kind, uint32_t shift) {
    // The cut bits are zero in the float, hence, where the sign inverts the order, ones here.
    const uint64_t cut = (1ull << shift) - 1;
    const uint64_t kept = kind == LaneKind::kFloat32 ? 0xffffffffull : ~0ull;
    return {shift, cut, kept >> 1, kept};
  }

  const LaneKind kind_;
  const uint32_t shift_;
  const OrderedBits rule_;
  const IntegerStream stream_;
};

// Words as they are, of the bytes that the lane's entries have.
class RawCodec : public WordCodec {
 public:
  explicit RawCodec(LaneKind kind) : entry_bytes_(lane_entry_bytes(kind)) {}

  std::string name() const override { return "raw"; }
  void serialize(std::string* out) const override { ByteWriter(out).fixed(WordEncoding::kRaw); }
  void encode(const uint64_t* words, uint32_t count, std::string* out) const override {
    for (uint32_t i = 0; i < count; ++i) {
      out->append(reinterpret_cast<const char*>(&words[i]), entry_bytes_);
    }
  }
  Status decode(ByteReader& reader, uint32_t count, uint64_t* words) const override {
    const std::string_view bytes = reader.bytes(static_cast<size_t>(count) * entry_bytes_);
    if (reader.failed()) return corruption("raw block of %u rows ends early", count);
    for (uint32_t i = 0; i < count; ++i) words[i] = word_at(bytes, i);
    return {};
  }
  Status decode_word(ByteReader& reader, uint32_t count, uint32_t at,
                     uint64_t* word) const override {
    const std::string_view bytes = reader.bytes(static_cast<size_t>(count) * entry_bytes_);
    if (reader.failed()) return corruption("raw block of %u rows ends early", count);
    *word = word_at(bytes, at);
    return {};
  }
  double decode_ns() const override { return 0.3; }
  size_t memory_bytes() const override { return sizeof(*this); }

 private:
  uint64_t word_at(std::string_view bytes, uint32_t at) const {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + static_cast<size_t>(at) * entry_bytes_, entry_bytes_);
    return word;
  }

  const uint32_t entry_bytes_;
};

// The bytes of the words, plane by plane (the first byte of every word, then the second ..), each
// plane compressed on its own, since the planes of exponents pack well and those of noise do not.
class PlanesCodec : public WordCodec {
 public:
  PlanesCodec(LaneKind kind, bool strong) : entry_bytes_(lane_entry_bytes(kind)), strong_(strong) {}

  std::string name() const override { return "planes"; }
  void serialize(std::string* out) const override { ByteWriter(out).fixed(WordEncoding::kPlanes); }
  void encode(const uint64_t* words, uint32_t count, std::string* out) const override {
    std::string plane(count, '\0');
    for (uint32_t byte = 0; byte < entry_bytes_; ++byte) {
      for (uint32_t i = 0; i < count; ++i) plane[i] = static_cast<char>(words[i] >> (8 * byte));
      write_packed_bytes(plane, strong_, out);
    }
  }
  Status decode(ByteReader& reader, uint32_t count, uint64_t* words) const override {
    std::array<char, kChunkRows> plane;
    std::fill(words, words + count, 0);
    for (uint32_t byte = 0; byte < entry_bytes_; ++byte) {
      PackedBytes packed;
      MOTE_TRY(read_packed_bytes(reader, &packed));
      if (packed.size_bytes != count) {
        return corruption("byte plane of %llu bytes; the block has %u rows",
                          static_cast<unsigned long long>(packed.size_bytes), count);
      }
      MOTE_TRY(unpack_bytes(packed, plane.data()));
      for (uint32_t i = 0; i < count; ++i) {
        words[i] |= static_cast<uint64_t>(static_cast<uint8_t>(plane[i])) << (8 * byte);
      }
    }
    return {};
  }
  Status decode_word(ByteReader& reader, uint32_t count, uint32_t at,
                     uint64_t* word) const override {
    Words words;
    MOTE_TRY(decode(reader, count, words.data()));
    *word = words[at];
    return {};
  }
  double decode_ns() const override { return 5; }
  size_t memory_bytes() const override { return sizeof(*this); }

 private:
  const uint32_t entry_bytes_;
  const bool strong_;
};

bool is_float(LaneKind kind) { return kind == LaneKind::kFloat32 || kind == LaneKind::kFloat64; }

// Runs a function over each block of the sample and collects the words it makes.
struct MappedSample {
  std::vector<std::vector<uint64_t>> blocks;
  SampleBlocks spans;
  template <typename Map>
  MappedSample(const SampleBlocks& sample, Map map) {
    for (const auto& block : sample) {
      std::vector<uint64_t> mapped(block.begin(), block.end());
      for (uint64_t& word : mapped) word = map(word);
      blocks.push_back(std::move(mapped));
    }
    for (const auto& block : blocks) spans.push_back(block);
  }
};

}  // namespace

WordSeries WordSeries::of(LaneKind kind, std::span<const uint64_t> words, Effort effort) {
  WordSeries series;
  series.kind = kind;
  series.words = words;
  series.effort = effort;
  const size_t blocks = (words.size() + kChunkRows - 1) / kChunkRows;
  const size_t taken = std::min(blocks, kSampleBlocks);
  for (size_t i = 0; i < taken; ++i) {
    // Evenly spread, the first and the last block among them.
    const size_t block = taken == blocks ? i : i * (blocks - 1) / (taken - 1);
    const size_t from = block * kChunkRows;
    series.sample.push_back(words.subspan(from, std::min<size_t>(kChunkRows, words.size() - from)));
  }
  return series;
}

std::unique_ptr<WordCodec> plan_integer(const WordSeries& series) {
  if (is_float(series.kind)) return nullptr;
  const auto minimum = static_cast<uint64_t>(static_cast<int64_t>(*std::min_element(
      series.words.begin(), series.words.end(),
      [](uint64_t a, uint64_t b) { return static_cast<int64_t>(a) < static_cast<int64_t>(b); })));
  uint64_t factor = 0;
  for (uint64_t word : series.words) {
    factor = std::gcd(factor, word - minimum);
    if (factor == 1) break;
  }
  if (series.kind == LaneKind::kBool) {  // one bit at most: nothing to model
    return std::make_unique<IntegerCodec>(0, 1, IntegerStream());
  }
  if (factor <= 1) {
    return std::make_unique<IntegerCodec>(0, 1, IntegerStream::train(series.sample, series.effort));
  }
  const MappedSample mapped(series.sample,
                            [&](uint64_t word) { return (word - minimum) / factor; });
  return std::make_unique<IntegerCodec>(minimum, factor,
                                        IntegerStream::train(mapped.spans, series.effort));
}

std::unique_ptr<WordCodec> plan_ordered(const WordSeries& series) {
  if (!is_float(series.kind)) return nullptr;
  uint64_t used = 0;
  for (uint64_t word : series.words) used |= word;
  const uint32_t limit = lane_entry_bytes(series.kind) * 8 - 1;
  const uint32_t shift =
      std::min(limit, used == 0 ? 0u : static_cast<uint32_t>(std::countr_zero(used)));
  const MappedSample mapped(series.sample, [&](uint64_t word) {
    const uint64_t ordered = ordered_from_bits(series.kind, word);
    return static_cast<uint64_t>(static_cast<int64_t>(ordered) >> shift);
  });
  return std::make_unique<OrderedCodec>(series.kind, shift,
                                        IntegerStream::train(mapped.spans, series.effort));
}

std::unique_ptr<WordCodec> plan_raw(const WordSeries& series) {
  return std::make_unique<RawCodec>(series.kind);
}

std::unique_ptr<WordCodec> plan_planes(const WordSeries& series) {
  if (series.kind == LaneKind::kBool) return nullptr;
  return std::make_unique<PlanesCodec>(series.kind, series.effort == Effort::kSmall);
}

WordCodecResult parse_integer_codec(ByteReader& reader) {
  const uint64_t factor = reader.varint();
  const uint64_t start = factor > 1 ? static_cast<uint64_t>(reader.signed_varint()) : 0;
  if (reader.failed() || factor == 0) return corruption("integer encoding without a factor");
  MOTE_ASSIGN(IntegerStream stream, IntegerStream::parse(reader));
  return std::unique_ptr<WordCodec>(new IntegerCodec(start, factor, std::move(stream)));
}

WordCodecResult parse_ordered_codec(LaneKind kind, ByteReader& reader) {
  const uint8_t shift = reader.fixed<uint8_t>();
  if (reader.failed() || !is_float(kind) || shift >= lane_entry_bytes(kind) * 8) {
    return corruption("encoding of floats with a shift of %u bits", shift);
  }
  MOTE_ASSIGN(IntegerStream stream, IntegerStream::parse(reader));
  return std::unique_ptr<WordCodec>(new OrderedCodec(kind, shift, std::move(stream)));
}

WordCodecResult parse_planes_codec(LaneKind kind, ByteReader&) {
  return std::unique_ptr<WordCodec>(new PlanesCodec(kind, false));
}

WordCodecResult parse_raw_codec(LaneKind kind, ByteReader&) {
  return std::unique_ptr<WordCodec>(new RawCodec(kind));
}

WordCodecResult parse_word_codec(LaneKind kind, ByteReader& reader, Nesting nesting) {
  const uint8_t encoding = reader.fixed<uint8_t>();
  if (reader.failed()) return corruption("prelude of a column ends early");
  switch (static_cast<WordEncoding>(encoding)) {
    case WordEncoding::kInteger: return parse_integer_codec(reader);
    case WordEncoding::kOrdered: return parse_ordered_codec(kind, reader);
    case WordEncoding::kDictionary:
      if (nesting == Nesting::kDictionaryWords) break;
      return parse_dictionary_codec(kind, reader);
    case WordEncoding::kScaled: return parse_scaled_codec(kind, reader);
    case WordEncoding::kPlanes: return parse_planes_codec(kind, reader);
    case WordEncoding::kRaw: return parse_raw_codec(kind, reader);
  }
  return corruption("unknown encoding %u of a lane", encoding);
}

std::unique_ptr<WordCodec> plan_word_codec(WordEncoding encoding, const WordSeries& series) {
  switch (encoding) {
    case WordEncoding::kInteger: return plan_integer(series);
    case WordEncoding::kOrdered: return plan_ordered(series);
    case WordEncoding::kDictionary: return series.may_nest ? plan_dictionary(series) : nullptr;
    case WordEncoding::kScaled: return plan_scaled(series);
    case WordEncoding::kPlanes: return plan_planes(series);
    case WordEncoding::kRaw: return plan_raw(series);
  }
  return nullptr;
}

namespace {

// Bytes that a codec makes of the whole series, from what it makes of the sample, and those that
// its decoding is worth.
struct Price {
  double size_bytes = 0;
  double bytes = 0;
};

Price price_of(const WordCodec& codec, const WordSeries& series) {
  size_t sampled = 0;
  std::string prelude;
  std::string blocks;
  codec.serialize(&prelude);
  for (const auto& block : series.sample) {
    codec.encode(block.data(), static_cast<uint32_t>(block.size()), &blocks);
    sampled += block.size();
  }
  const auto words = static_cast<double>(series.words.size());
  Price price;
  price.size_bytes = static_cast<double>(prelude.size()) +
                     static_cast<double>(blocks.size()) * words / static_cast<double>(sampled);
  price.bytes = price.size_bytes + words * codec.decode_ns() * bits_per_ns(series.effort) / 8;
  return price;
}

// Whether an encoding is worth a try, after the best so far takes `bits` bits a word.
bool may_pay(WordEncoding encoding, WordEncoding best, double bits, const WordSeries& series) {
  const double raw_bits = lane_entry_bytes(series.kind) * 8;
  switch (encoding) {
    // An exact scale beats what knows nothing of it.
    case WordEncoding::kOrdered: return best != WordEncoding::kScaled || bits > raw_bits / 2;
    case WordEncoding::kPlanes: return bits > raw_bits * 0.7;
    // Neighbours of few bits are found without a list of all words, and exact scales leave to a
    // dictionary only what has gaps.
    case WordEncoding::kDictionary:
      if (bits <= 6 || !series.may_nest) return false;
      return distinct_share(series) < (best == WordEncoding::kScaled ? 0.125 : 0.9);
    default: return true;
  }
}

}  // namespace

std::unique_ptr<WordCodec> choose_word_codec(const WordSeries& series) {
  constexpr WordEncoding kOrder[] = {WordEncoding::kInteger, WordEncoding::kScaled,
                                     WordEncoding::kOrdered, WordEncoding::kDictionary,
                                     WordEncoding::kPlanes};
  std::unique_ptr<WordCodec> best = plan_raw(series);
  WordEncoding best_encoding = WordEncoding::kRaw;
  Price least = price_of(*best, series);
  for (WordEncoding encoding : kOrder) {
    const double bits = least.size_bytes * 8 / static_cast<double>(series.words.size());
    if (!may_pay(encoding, best_encoding, bits, series)) continue;
    std::unique_ptr<WordCodec> codec = plan_word_codec(encoding, series);
    if (codec == nullptr) continue;
    const Price price = price_of(*codec, series);
    if (price.bytes >= least.bytes) continue;
    best = std::move(codec);
    best_encoding = encoding;
    least = price;
  }
  return best;
}

}  // namespace mote
