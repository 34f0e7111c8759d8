// Floats as integers times a step, or divided by a divisor: what converters of sensors and rounding
// to decimals make. Values that are not met exactly, bit for bit, are exceptions of their block.
// (Decimals after Afroozeh, Kuffo, Boncz: ALP, 2024; division instead of two multiplications makes
// every correctly rounded decimal exact.)

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "column/word_codec.h"
#include "kernels/integer_series.h"

namespace mote {

namespace {

using Words = std::array<uint64_t, kChunkRows>;

// Written to files.
enum class Rule : uint8_t { kStep = 0, kDivisor = 1 };

// Beyond this an integer is not worth its bits, and conversions leave their vector loops.
constexpr double kMaxInteger = 1125899906842624.0;  // 2^50
// A rule must meet this share of a sample, in per cent.
constexpr size_t kLeastExact = 85;

struct Scale {
  Rule rule = Rule::kStep;
  double factor = 1;

  double value(double integer) const {
    return rule == Rule::kStep ? integer * factor : integer / factor;
  }
  double nearest(double value) const {
    return std::nearbyint(rule == Rule::kStep ? value / factor : value * factor);
  }
};

double float_of(LaneKind kind, uint64_t word) {
  if (kind == LaneKind::kFloat64) return std::bit_cast<double>(word);
  return static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(word)));
}

uint64_t word_of(LaneKind kind, double value) {
  if (kind == LaneKind::kFloat64) return std::bit_cast<uint64_t>(value);
  return std::bit_cast<uint32_t>(static_cast<float>(value));
}

// The integer that stands for a word under a scale: false when there is none.
bool scale_word(const Scale& scale, LaneKind kind, uint64_t word, int64_t* integer) {
  const double nearest = scale.nearest(float_of(kind, word));
  if (!(std::fabs(nearest) < kMaxInteger)) return false;  // NaN and infinity too
  *integer = static_cast<int64_t>(nearest);
  return word_of(kind, scale.value(static_cast<double>(*integer))) == word;
}

class ScaledCodec : public WordCodec {
 public:
  ScaledCodec(LaneKind kind, Scale scale, IntegerStream stream)
      : kind_(kind), scale_(scale), stream_(std::move(stream)) {}

  std::string name() const override { return "scaled" + stream_.name_suffix(); }
  void serialize(std::string* out) const override {
    ByteWriter writer(out);
    writer.fixed(WordEncoding::kScaled);
    writer.fixed(scale_.rule);
    writer.fixed(scale_.factor);
    stream_.serialize(out);
  }
  void encode(const uint64_t* words, uint32_t count, std::string* out) const override {
    Words integers;
    std::array<uint16_t, kChunkRows> exceptions;
    uint32_t exception_count = 0;
    int64_t integer = 0;
    for (uint32_t i = 0; i < count; ++i) {
      int64_t scaled = 0;
      if (scale_word(scale_, kind_, words[i], &scaled)) {
        integer = scaled;
      } else {
        exceptions[exception_count++] = static_cast<uint16_t>(i);
      }
      // An exception repeats its predecessor, which costs least.
      integers[i] = static_cast<uint64_t>(integer);
    }
    ByteWriter writer(out);
    writer.varint(exception_count);
    for (uint32_t k = 0; k < exception_count; ++k) writer.fixed(exceptions[k]);
    for (uint32_t k = 0; k < exception_count; ++k) {
      out->append(reinterpret_cast<const char*>(&words[exceptions[k]]), lane_entry_bytes(kind_));
    }
    stream_.encode(integers.data(), count, out);
  }
  Status decode(ByteReader& reader, uint32_t count, uint64_t* words) const override {
    Exceptions exceptions;
    MOTE_TRY(read_exceptions(reader, count, &exceptions));
    MOTE_TRY(stream_.decode(reader, count, words));
    if (scale_.rule == Rule::kStep) {
      integers_to_products(words, count, scale_.factor);
    } else {
      integers_to_quotients(words, count, scale_.factor);
    }
    if (kind_ == LaneKind::kFloat32) {
      for (uint32_t i = 0; i < count; ++i) {
        words[i] = word_of(kind_, std::bit_cast<double>(words[i]));
      }
    }
    for (uint32_t k = 0; k < exceptions.count; ++k) {
      const uint32_t row = exceptions.row(k);
      if (row >= count) return corruption("exception at row %u of a block of %u", row, count);
      words[row] = exceptions.word(k, lane_entry_bytes(kind_));
    }
    return {};
  }
  Status decode_word(ByteReader& reader, uint32_t count, uint32_t at,
                     uint64_t* word) const override {
    Exceptions exceptions;
    MOTE_TRY(read_exceptions(reader, count, &exceptions));
    MOTE_TRY(stream_.decode_word(reader, count, at, word));
    const double integer = static_cast<double>(static_cast<int64_t>(*word));
    *word = word_of(kind_, scale_.value(integer));
    for (uint32_t k = 0; k < exceptions.count; ++k) {
      if (exceptions.row(k) == at) *word = exceptions.word(k, lane_entry_bytes(kind_));
    }
    return {};
  }
  double decode_ns() const override { return 0.4 + stream_.decode_ns(); }
  size_t memory_bytes() const override { return sizeof(*this) + stream_.memory_bytes(); }

 private:
  struct Exceptions {
    uint32_t count = 0;
    std::string_view rows;
    std::string_view words;
    uint32_t row(uint32_t k) const { return load_fixed<uint16_t>(rows.data() + k * 2); }
    uint64_t word(uint32_t k, uint32_t size_bytes) const {
      uint64_t word = 0;
      std::memcpy(&word, words.data() + static_cast<size_t>(k) * size_bytes, size_bytes);
      return word;
    }
  };
  Status read_exceptions(ByteReader& reader, uint32_t count, Exceptions* exceptions) const {
    const uint64_t found = reader.varint();
    if (reader.failed() || found > count) {
      return corruption("block of %u rows has %llu exceptions", count,
                        static_cast<unsigned long long>(found));
    }
    exceptions->count = static_cast<uint32_t>(found);
    exceptions->rows = reader.bytes(found * sizeof(uint16_t));
    exceptions->words = reader.bytes(found * lane_entry_bytes(kind_));
    if (reader.failed()) return corruption("exceptions of a block end early");
    return {};
  }

  const LaneKind kind_;
  const Scale scale_;
  const IntegerStream stream_;
};

size_t exact_count(const Scale& scale, LaneKind kind, const std::vector<uint64_t>& words,
                   size_t limit) {
  size_t exact = 0;
  int64_t integer = 0;
  for (size_t i = 0; i < std::min(limit, words.size()); ++i) {
    exact += scale_word(scale, kind, words[i], &integer) ? 1 : 0;
  }
  return exact;
}

bool is_exact_enough(const Scale& scale, LaneKind kind, const std::vector<uint64_t>& words) {
  constexpr size_t kGlance = 32;  // most wrong scales fail here
  const size_t glance = std::min(kGlance, words.size());
  if (exact_count(scale, kind, words, glance) * 100 < glance * (kLeastExact - 10)) return false;
  return exact_count(scale, kind, words, words.size()) * 100 >= words.size() * kLeastExact;
}

// The scale of those tried so far that meets most words.
struct BestScale {
  Scale scale;
  size_t exact = 0;

  void offer(Scale candidate, LaneKind kind, const std::vector<uint64_t>& words) {
    if (!is_exact_enough(candidate, kind, words)) return;
    const size_t count = exact_count(candidate, kind, words, words.size());
    if (count <= exact) return;
    exact = count;
    scale = candidate;
  }
};

// A number of decimals that the values have; some programs divide by a power of ten, some multiply
// by its inverse.
bool find_decimals(LaneKind kind, const std::vector<uint64_t>& words, Scale* scale) {
  constexpr int kMaxDecimals = 14;
  BestScale best;
  double divisor = 1;
  for (int decimals = 0; decimals <= kMaxDecimals && best.exact == 0; ++decimals) {
    best.offer({Rule::kDivisor, divisor}, kind, words);
    if (best.exact < words.size()) best.offer({Rule::kStep, 1 / divisor}, kind, words);
    divisor *= 10;
  }
  *scale = best.scale;
  return best.exact > 0;
}

// How many of the rising positive values are near multiples of step, which is refined on the way:
// every value that fits gives it more digits.
size_t fit_step(const std::vector<double>& values, double* step) {
  size_t near = 0;
  for (double value : values) {
    const double integer = std::nearbyint(value / *step);
    if (integer < 1 || std::fabs(value / *step - integer) > 0.05) continue;
    ++near;
    *step = value / integer;
  }
  return near;
}

// The exact step close to `step`: v = integer * s rounded pins s to about an ulp of v / integer,
// the closer the larger the integer is.
bool find_exact_step(LaneKind kind, const std::vector<uint64_t>& words,
                     const std::vector<double>& values, double step, Scale* scale) {
  constexpr size_t kTried = 6;
  constexpr int kUlps = 2;
  BestScale best;
  const double inverse = std::nearbyint(1 / step);
  if (inverse >= 2 && std::fabs(inverse * step - 1) < 1e-9) {
    best.offer({Rule::kDivisor, inverse}, kind, words);
  }
  for (size_t i = 0; i < std::min(kTried, values.size()); ++i) {
    if (best.exact == words.size()) break;
    const double value = values[values.size() - 1 - i];
    double candidate = value / std::nearbyint(value / step);
    for (int ulp = 0; ulp < kUlps; ++ulp) candidate = std::nextafter(candidate, 0.0);
    for (int ulp = -kUlps; ulp <= kUlps; ++ulp) {
      best.offer({Rule::kStep, candidate}, kind, words);
      candidate = std::nextafter(candidate, std::numeric_limits<double>::infinity());
    }
  }
  *scale = best.scale;
  return best.exact > 0;
}

bool find_step(LaneKind kind, const std::vector<uint64_t>& words, Scale* scale) {
  std::vector<double> values;
  for (uint64_t word : words) {
    const double value = std::fabs(float_of(kind, word));
    if (value > 0 && value < std::numeric_limits<double>::infinity()) values.push_back(value);
  }
  if (values.empty()) return false;
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  // Neighbours differ by a small multiple of the step.
  double least = values.front();
  for (size_t i = 1; i < values.size(); ++i) {
    const double difference = values[i] - values[i - 1];
    if (difference > values.back() * 1e-9) least = std::min(least, difference);
  }
  for (int multiple = 1; multiple <= 6; ++multiple) {
    double step = least / multiple;
    if (fit_step(values, &step) * 100 < values.size() * kLeastExact) continue;
    if (find_exact_step(kind, words, values, step, scale)) return true;
  }
  return false;
}

}  // namespace

std::unique_ptr<WordCodec> plan_scaled(const WordSeries& series) {
  if (series.kind != LaneKind::kFloat32 && series.kind != LaneKind::kFloat64) return nullptr;
  constexpr size_t kLookedAt = 512;
  std::vector<uint64_t> words;
  const size_t share = std::max<size_t>(1, kLookedAt / series.sample.size());
  for (const auto& block : series.sample) {
    const size_t stride = std::max<size_t>(1, block.size() / share);
    for (size_t i = 0; i < block.size(); i += stride) words.push_back(block[i]);
  }
  Scale scale;
  if (!find_decimals(series.kind, words, &scale) && !find_step(series.kind, words, &scale)) {
    return nullptr;
  }
  std::vector<std::vector<uint64_t>> blocks;
  SampleBlocks spans;
  for (const auto& block : series.sample) {
    std::vector<uint64_t> integers;
    int64_t integer = 0;
    for (uint64_t word : block) {
      int64_t scaled = 0;
      if (scale_word(scale, series.kind, word, &scaled)) integer = scaled;
      integers.push_back(static_cast<uint64_t>(integer));
    }
    blocks.push_back(std::move(integers));
  }
  for (const auto& block : blocks) spans.push_back(block);
  return std::make_unique<ScaledCodec>(series.kind, scale,
                                       IntegerStream::train(spans, series.effort));
}

WordCodecResult parse_scaled_codec(LaneKind kind, ByteReader& reader) {
  const uint8_t rule = reader.fixed<uint8_t>();
  const double factor = reader.fixed<double>();
  const bool is_float = kind == LaneKind::kFloat32 || kind == LaneKind::kFloat64;
  if (reader.failed() || rule > 1 || !is_float || !(factor > 0)) {
    return corruption("scaled encoding with rule %u and factor %g", rule, factor);
  }
  MOTE_ASSIGN(IntegerStream stream, IntegerStream::parse(reader));
  return std::unique_ptr<WordCodec>(
      new ScaledCodec(kind, {static_cast<Rule>(rule), factor}, std::move(stream)));
}

}  // namespace mote
