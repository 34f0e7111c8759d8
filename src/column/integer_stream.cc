#include "column/integer_stream.h"

#include <algorithm>
#include <array>
#include <bit>

#include "column/entropy_model.h"
#include "column/integer_forms.h"
#include "column/packed_block.h"
#include "kernels/integer_series.h"

namespace mote {

namespace {

// What stands in a stream's prelude.
constexpr uint8_t kHasModel = 1;
constexpr uint8_t kHasLag = 2;

using Words = std::array<uint64_t, kChunkRows>;

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

// A few blocks of a sample tell whether something pays; all of them make it.
SampleBlocks compared(const SampleBlocks& sample) {
  constexpr size_t kCompared = 4;
  SampleBlocks blocks;
  const size_t stride = std::max<size_t>(1, sample.size() / kCompared);
  for (size_t i = 0; i < sample.size(); i += stride) blocks.push_back(sample[i]);
  return blocks;
}

// Word `at` of a block of differences: their sum as far as it.
Status decode_summed_word(uint8_t form, ByteReader& reader, uint32_t count, uint32_t at,
                          uint64_t* word) {
  const uint64_t first = static_cast<uint64_t>(reader.signed_varint());
  uint64_t difference =
      form == kSecondDifferences ? static_cast<uint64_t>(reader.signed_varint()) : 0;
  PackedBlock packed;
  MOTE_TRY(read_packed(reader, count, &packed));
  *word = first;
  if (form == kDifferences && packed.width == 0 && packed.patch_count == 0) {
    *word += at * packed.base;  // a constant stride, as sequence numbers have
    return {};
  }
  Words words;
  packed.unpack(words.data());
  if (form == kDifferences) {
    for (uint32_t i = 1; i <= at; ++i) *word += words[i];
    return {};
  }
  if (at > 0) *word += difference;
  for (uint32_t i = 2; i <= at; ++i) {
    difference += words[i];
    *word += difference;
  }
  return {};
}

}  // namespace

void encode_plain(const uint64_t* words, uint32_t count, std::string* out) {
  Words first;
  Words second;
  take_differences(words, count, first.data());
  take_differences(first.data() + 1, count - 1, second.data() + 1);
  second[0] = count > 2 ? second[2] : 0;
  if (count > 1) second[1] = second[0];
  const uint64_t* const series[] = {words, first.data(), second.data()};
  ByteWriter writer(out);
  const PackPlan frame = plan_packed(words, count);
  if (frame.width == 0 && frame.patch_count == 0) {
    writer.fixed<uint8_t>(kConstant);
    return writer.signed_varint(static_cast<int64_t>(frame.base));
  }
  PackPlan best = frame;
  uint32_t order = 0;
  for (uint32_t other = 1; other < 3; ++other) {
    PackPlan plan = plan_packed(series[other], count);
    plan.size_bytes += 4 * size_t{other};
    if (plan.size_bytes * 1000 >= best.size_bytes * kDifferenceGain) continue;
    best = plan;
    order = other;
  }
  writer.fixed<uint8_t>(static_cast<uint8_t>(kFrame + order));
  if (order > 0) writer.signed_varint(static_cast<int64_t>(words[0]));
  if (order > 1) writer.signed_varint(static_cast<int64_t>(first[1]));
  write_packed(series[order], count, best, out);
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
  const uint64_t second = form > kDifferences ? static_cast<uint64_t>(reader.signed_varint()) : 0;
  PackedBlock packed;
  MOTE_TRY(read_packed(reader, count, &packed));
  packed.unpack(words);
  if (form > kDifferences && count > 1) sum_differences(words + 1, count - 1, second);
  if (form > kFrame) sum_differences(words, count, first);
  return {};
}

IntegerStream::IntegerStream() = default;
IntegerStream::~IntegerStream() = default;
IntegerStream::IntegerStream(IntegerStream&&) noexcept = default;
IntegerStream& IntegerStream::operator=(IntegerStream&&) noexcept = default;

IntegerStream IntegerStream::train(const SampleBlocks& sample, Effort effort) {
  IntegerStream best;
  size_t best_bytes = best.sampled_bytes(sample);
  const uint32_t lag = find_lag(sample);
  for (uint32_t order = 1; lag > 0 && order <= 2; ++order) {
    IntegerStream lagged;
    lagged.turns_ = {lag, order};
    const size_t bytes = lagged.sampled_bytes(sample);
    if (bytes * 1000 >= best_bytes * kDifferenceGain) continue;
    best = std::move(lagged);
    best_bytes = bytes;
  }
  IntegerStream other;
  other.effort_ = effort;
  other.turns_ = best.turns_;
  other.train_model(sample);
  if (other.model_ == nullptr) return best;
  size_t words = 0;
  for (const auto& block : compared(sample)) words += block.size();
  const bool pays = other.sampled_bytes(sample) + entropy_price_bytes(words, effort) < best_bytes;
  return pays ? std::move(other) : std::move(best);
}

// Bytes of some blocks, and of their share of the prelude.
size_t IntegerStream::sampled_bytes(const SampleBlocks& sample) const {
  const SampleBlocks blocks = compared(sample);
  std::string packed;
  serialize(&packed);
  size_t size = packed.size() * blocks.size() / sample.size();
  packed.clear();
  for (const auto& block : blocks) {
    encode(block.data(), static_cast<uint32_t>(block.size()), &packed);
  }
  return size + packed.size();
}

void IntegerStream::train_model(const SampleBlocks& sample) {
  if (turns_.lag == 0) {
    model_ = EntropyModel::train(sample);
    return;
  }
  std::vector<std::vector<uint64_t>> residuals;
  SampleBlocks spans;
  for (const auto& block : sample) {
    if (block.size() <= turns_.heads()) continue;
    residuals.emplace_back(block.size());
    turn_residuals(turns_, block.data(), static_cast<uint32_t>(block.size()),
                   residuals.back().data());
  }
  for (const auto& block : residuals) {
    spans.push_back(std::span<const uint64_t>(block).subspan(turns_.heads()));
  }
  if (!spans.empty()) model_ = EntropyModel::train(spans);
}

void IntegerStream::serialize(std::string* out) const {
  ByteWriter writer(out);
  writer.fixed(
      static_cast<uint8_t>((model_ != nullptr ? kHasModel : 0) | (turns_.lag > 0 ? kHasLag : 0)));
  if (turns_.lag > 0) {
    writer.fixed(static_cast<uint8_t>(turns_.lag));
    writer.fixed(static_cast<uint8_t>(turns_.order));
  }
  if (model_ != nullptr) model_->serialize(out);
}

Result<IntegerStream> IntegerStream::parse(ByteReader& reader) {
  IntegerStream stream;
  const uint8_t kind = reader.fixed<uint8_t>();
  if (reader.failed() || kind > (kHasModel | kHasLag)) {
    return corruption("unknown kind %u of integer stream", kind);
  }
  if ((kind & kHasLag) != 0) {
    stream.turns_ = {reader.fixed<uint8_t>(), reader.fixed<uint8_t>()};
    const Turns turns = stream.turns_;
    if (reader.failed() || turns.lag == 0 || turns.lag > kMaxLag || turns.order == 0 ||
        turns.order > 2) {
      return corruption("integer stream with lag %u, taken %u times", turns.lag, turns.order);
    }
  }
  if ((kind & kHasModel) != 0) {
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
  if (turns_.lag > 0) {
    if (count <= 2 * turns_.heads()) return;
    other.clear();
    encode_turns(words, count, &other);
    if (other.empty()) return;
    const size_t price = other[0] == kTurnsEntropy ? entropy_price_bytes(count, effort_) : 0;
    if ((other.size() + price) * 1000 < best * kDifferenceGain) out->replace(from, best, other);
    return;
  }
  if (model_ == nullptr || best < 16) return;
  other.assign(1, static_cast<char>(kEntropy));
  model_->encode(words, count, &other);
  if (other.size() + entropy_price_bytes(count, effort_) < best) out->replace(from, best, other);
}

Status IntegerStream::decode(ByteReader& reader, uint32_t count, uint64_t* words) const {
  ByteReader peek = reader;
  const uint8_t form = peek.fixed<uint8_t>();
  if (form == kTurns || form == kTurnsEntropy) return decode_turns(reader, count, words);
  reader = peek;
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
    PackedBlock packed;
    MOTE_TRY(read_packed(peek, count, &packed));
    *word = packed.word(at);
    reader = peek;
    return {};
  }
  if (form == kTurns) return decode_turns_word(reader, count, at, word);
  if (form == kConstant) {
    *word = static_cast<uint64_t>(peek.signed_varint());
    if (peek.failed()) return corruption("block of integers ends early");
    reader = peek;
    return {};
  }
  if (form == kDifferences || form == kSecondDifferences) {
    MOTE_TRY(decode_summed_word(form, peek, count, at, word));
    reader = peek;
    return {};
  }
  Words words;
  MOTE_TRY(decode(reader, count, words.data()));
  *word = words[at];
  return {};
}

std::string IntegerStream::name_suffix() const {
  return std::string(turns_.lag > 0 ? " in turn" : "") + (model_ != nullptr ? " entropy" : "");
}

size_t IntegerStream::memory_bytes() const {
  return sizeof(*this) + (model_ != nullptr ? model_->memory_bytes() : 0);
}

}  // namespace mote
