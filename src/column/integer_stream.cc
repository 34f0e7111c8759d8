#include "column/integer_stream.h"

#include <algorithm>
#include <array>
#include <bit>

#include "column/entropy_model.h"
#include "kernels/bit_packing.h"
#include "kernels/integer_series.h"

namespace mote {

namespace {

// Written to files.
enum Form : uint8_t {
  kConstant = 0,
  kFrame = 1,
  kDifferences = 2,
  kSecondDifferences = 3,
  kRuns = 4,
  kEntropy = 5,
};

// A form that is slower to decode must be this much smaller: per mille of the faster one's size.
// Entropy coding decodes several times slower than packed bits, so a column gets a model only for a
// good reason; a column that has one uses it more freely.
constexpr size_t kDifferenceGain = 985;
constexpr size_t kModelGain = 870;
constexpr size_t kModelGainSmall = 985;
constexpr size_t kEntropyGain = 960;
// Words that plain forms leave at this many bytes would go on to byte planes, which decode no
// faster.
constexpr size_t kNoiseBytes = 6;

using Words = std::array<uint64_t, kChunkRows>;

uint32_t width_of(WordRange range) {
  return static_cast<uint32_t>(std::bit_width(static_cast<uint64_t>(range.maximum) -
                                              static_cast<uint64_t>(range.minimum)));
}

void write_packed(const uint64_t* words, uint32_t count, WordRange range, std::string* out) {
  const uint32_t width = width_of(range);
  ByteWriter writer(out);
  writer.signed_varint(range.minimum);
  writer.fixed(static_cast<uint8_t>(width));
  const size_t at = out->size();
  out->resize(at + packed_bytes(count, width));
  pack_words(words, count, static_cast<uint64_t>(range.minimum), width, out->data() + at);
}

struct Packed {
  uint64_t base;
  uint32_t width;
  std::string_view bytes;
};

Status read_packed(ByteReader& reader, uint32_t count, Packed* packed) {
  packed->base = static_cast<uint64_t>(reader.signed_varint());
  packed->width = reader.fixed<uint8_t>();
  if (packed->width > 64) {
    return corruption("packed width is %u bits; the limit is 64", packed->width);
  }
  packed->bytes = reader.bytes(packed_bytes(count, packed->width));
  if (reader.failed()) return corruption("block of integers ends early");
  return {};
}

// Sizes of the forms of one block.
struct Shape {
  WordRange range[3];  // of the words, their first and their second differences
  size_t size_bytes[3];
};

Shape shape_of(const uint64_t* words, uint32_t count, Words& first, Words& second) {
  Shape shape;
  take_differences(words, count, first.data());
  take_differences(first.data() + 1, count - 1, second.data() + 1);
  second[0] = count > 2 ? second[2] : 0;
  if (count > 1) second[1] = second[0];
  shape.range[0] = range_of(words, count);
  shape.range[1] = range_of(first.data(), count);
  shape.range[2] = range_of(second.data(), count);
  for (uint32_t order = 0; order < 3; ++order) {
    shape.size_bytes[order] = 4 + 4 * order + packed_bytes(count, width_of(shape.range[order]));
  }
  return shape;
}

// The cheapest of the forms without runs and without a model.
void encode_plain(const uint64_t* words, uint32_t count, std::string* out) {
  Words first;
  Words second;
  const Shape shape = shape_of(words, count, first, second);
  ByteWriter writer(out);
  if (shape.range[0].minimum == shape.range[0].maximum) {
    writer.fixed<uint8_t>(kConstant);
    return writer.signed_varint(shape.range[0].minimum);
  }
  uint32_t order = 0;
  for (uint32_t other = 1; other < 3; ++other) {
    if (shape.size_bytes[other] * 1000 < shape.size_bytes[order] * kDifferenceGain) order = other;
  }
  writer.fixed<uint8_t>(static_cast<uint8_t>(kFrame + order));
  if (order > 0) writer.signed_varint(static_cast<int64_t>(words[0]));
  if (order > 1) writer.signed_varint(static_cast<int64_t>(first[1]));
  const uint64_t* const packed = order == 0 ? words : order == 1 ? first.data() : second.data();
  write_packed(packed, count, shape.range[order], out);
}

// Runs: their count less one, their values and their lengths less one, as plain blocks.
void encode_runs(const uint64_t* words, uint32_t count, uint32_t run_count, std::string* out) {
  Words values;
  Words lengths;
  uint32_t run = 0;
  for (uint32_t from = 0, to = 1; from < count; from = to++, ++run) {
    while (to < count && words[to] == words[from]) ++to;
    values[run] = words[from];
    lengths[run] = to - from - 1;
  }
  ByteWriter writer(out);
  writer.fixed<uint8_t>(kRuns);
  writer.varint(run_count - 1);
  encode_plain(values.data(), run_count, out);
  encode_plain(lengths.data(), run_count, out);
}

Status decode_plain(uint8_t form, ByteReader& reader, uint32_t count, uint64_t* words) {
  if (form == kConstant) {
    const uint64_t word = static_cast<uint64_t>(reader.signed_varint());
    if (reader.failed()) return corruption("block of integers ends early");
    std::fill(words, words + count, word);
    return {};
  }
  if (form > kSecondDifferences) return corruption("unknown form %u of a block of integers", form);
  const uint64_t first = form > kFrame ? static_cast<uint64_t>(reader.signed_varint()) : 0;
  const uint64_t second =
      form > kDifferences ? static_cast<uint64_t>(reader.signed_varint()) : 0;
  Packed packed;
  MOTE_TRY(read_packed(reader, count, &packed));
  unpack_words(packed.bytes.data(), count, packed.base, packed.width, words);
  if (form > kDifferences && count > 1) sum_differences(words + 1, count - 1, second);
  if (form > kFrame) sum_differences(words, count, first);
  return {};
}

Status decode_runs(ByteReader& reader, uint32_t count, uint64_t* words) {
  const uint64_t run_count = reader.varint() + 1;
  if (reader.failed() || run_count > count) {
    return corruption("block of %u rows has %llu runs", count,
                      static_cast<unsigned long long>(run_count));
  }
  Words values;
  Words lengths;
  const uint32_t runs = static_cast<uint32_t>(run_count);
  MOTE_TRY(decode_plain(reader.fixed<uint8_t>(), reader, runs, values.data()));
  MOTE_TRY(decode_plain(reader.fixed<uint8_t>(), reader, runs, lengths.data()));
  uint32_t row = 0;
  for (uint32_t run = 0; run < runs; ++run) {
    if (lengths[run] >= count - row) return corruption("runs are longer than the %u rows", count);
    const uint32_t end = row + static_cast<uint32_t>(lengths[run]) + 1;
    std::fill(words + row, words + end, values[run]);
    row = end;
  }
  if (row != count) return corruption("runs cover %u of %u rows", row, count);
  return {};
}

}  // namespace

IntegerStream::IntegerStream() = default;
IntegerStream::~IntegerStream() = default;
IntegerStream::IntegerStream(IntegerStream&&) noexcept = default;
IntegerStream& IntegerStream::operator=(IntegerStream&&) noexcept = default;

IntegerStream IntegerStream::train(const SampleBlocks& sample, Effort effort) {
  // A few blocks tell whether the model pays; all of them make it.
  constexpr size_t kCompared = 4;
  IntegerStream plain;
  IntegerStream modelled;
  modelled.model_ = EntropyModel::train(sample);
  if (modelled.model_ == nullptr) return plain;
  std::string packed;
  modelled.serialize(&packed);
  size_t packed_bytes = packed.size() * std::min(kCompared, sample.size()) / sample.size();
  size_t plain_bytes = 0;
  size_t words = 0;
  const size_t stride = std::max<size_t>(1, sample.size() / kCompared);
  for (size_t i = 0; i < sample.size(); i += stride) {
    const uint32_t count = static_cast<uint32_t>(sample[i].size());
    words += count;
    packed.clear();
    plain.encode(sample[i].data(), count, &packed);
    plain_bytes += packed.size();
    packed.clear();
    modelled.encode(sample[i].data(), count, &packed);
    packed_bytes += packed.size();
  }
  const bool small = effort == Effort::kSmall || plain_bytes > words * kNoiseBytes;
  const size_t gain = small ? kModelGainSmall : kModelGain;
  const bool pays = packed_bytes * 1000 < plain_bytes * gain;
  return pays ? std::move(modelled) : std::move(plain);
}

void IntegerStream::serialize(std::string* out) const {
  ByteWriter(out).fixed<uint8_t>(model_ != nullptr ? 1 : 0);
  if (model_ != nullptr) model_->serialize(out);
}

Result<IntegerStream> IntegerStream::parse(ByteReader& reader) {
  IntegerStream stream;
  const uint8_t kind = reader.fixed<uint8_t>();
  if (reader.failed() || kind > 1) return corruption("unknown kind %u of integer stream", kind);
  if (kind == 1) {
    MOTE_ASSIGN(stream.model_, EntropyModel::parse(reader));
  }
  return stream;
}

void IntegerStream::encode(const uint64_t* words, uint32_t count, std::string* out) const {
  const size_t from = out->size();
  encode_plain(words, count, out);
  size_t best = out->size() - from;
  std::string other;
  const uint32_t run_count = count_runs(words, count);
  if (run_count > 1 && run_count <= count / 2) {
    encode_runs(words, count, run_count, &other);
    if (other.size() * 1000 < best * kDifferenceGain) {
      out->replace(from, best, other);
      best = other.size();
    }
  }
  if (model_ == nullptr || best < 16) return;
  other.assign(1, static_cast<char>(kEntropy));
  model_->encode(words, count, &other);
  if (other.size() * 1000 < best * kEntropyGain) out->replace(from, best, other);
}

Status IntegerStream::decode(ByteReader& reader, uint32_t count, uint64_t* words) const {
  const uint8_t form = reader.fixed<uint8_t>();
  if (form == kRuns) return decode_runs(reader, count, words);
  if (form != kEntropy) return decode_plain(form, reader, count, words);
  if (model_ == nullptr) return corruption("entropy-coded block in a stream without a model");
  return model_->decode(reader, count, words);
}

Status IntegerStream::decode_word(ByteReader& reader, uint32_t count, uint32_t at,
                                  uint64_t* word) const {
  ByteReader peek = reader;
  const uint8_t form = peek.fixed<uint8_t>();
  if (form == kFrame) {
    Packed packed;
    MOTE_TRY(read_packed(peek, count, &packed));
    *word = packed.base + unpack_word(packed.bytes.data(), count, packed.width, at);
    reader = peek;
    return {};
  }
  if (form == kConstant) {
    *word = static_cast<uint64_t>(peek.signed_varint());
    if (peek.failed()) return corruption("block of integers ends early");
    reader = peek;
    return {};
  }
  if (form == kDifferences) {
    const uint64_t first = static_cast<uint64_t>(peek.signed_varint());
    Packed packed;
    MOTE_TRY(read_packed(peek, count, &packed));
    if (packed.width == 0) {  // a constant stride, as sequence numbers have
      *word = first + at * packed.base;
      reader = peek;
      return {};
    }
  }
  Words words;
  MOTE_TRY(decode(reader, count, words.data()));
  *word = words[at];
  return {};
}

size_t IntegerStream::memory_bytes() const {
  return sizeof(*this) + (model_ != nullptr ? model_->memory_bytes() : 0);
}

}  // namespace mote
