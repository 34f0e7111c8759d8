// The part of an IntegerStream that takes differences over a lag.
//
// A block of count words leaves count - lag * order residuals. The first words (heads) have none;
// their low bits take the residuals' places, so that the packed block stays whole, and their high
// bits are written in front.

#include <algorithm>
#include <array>
#include <bit>

#include "column/entropy_model.h"
#include "column/integer_forms.h"
#include "column/integer_stream.h"
#include "column/packed_block.h"
#include "kernels/integer_series.h"

namespace mote {

namespace {

using Words = std::array<uint64_t, kChunkRows>;

uint64_t join_head(uint64_t high, uint64_t low, uint32_t width) {
  return width == 64 ? low : high << width | low;
}

}  // namespace

// Sums of the widths of first and second differences are compared; bytes decide later.
uint32_t IntegerStream::find_lag(const SampleBlocks& sample) {
  constexpr size_t kLookedAt = 2;           // blocks
  constexpr uint32_t kWordsLookedAt = 384;  // of each, behind two of the largest lags
  constexpr uint32_t kFirst = 2 * kMaxLag;
  // A lag must save a quarter of a bit a word, since the heads of a block cost some.
  constexpr uint64_t kWordsABit = 4;
  uint64_t unlagged_bits = 0;
  uint64_t least_bits = ~0ull;
  uint64_t words = 0;
  uint32_t best = 0;
  const size_t stride = std::max<size_t>(1, sample.size() / kLookedAt);
  for (uint32_t lag = 1; lag <= kMaxLag; ++lag) {
    uint64_t first_bits = 0;
    uint64_t second_bits = 0;
    words = 0;
    for (size_t b = stride / 2; b < sample.size(); b += stride) {
      const uint64_t* const block = sample[b].data();
      const size_t end = std::min<size_t>(sample[b].size(), kFirst + kWordsLookedAt);
      for (size_t i = kFirst; i < end; ++i, ++words) {
        const uint64_t first = block[i] - block[i - lag];
        const uint64_t second = first - (block[i - lag] - block[i - 2 * lag]);
        first_bits += static_cast<uint64_t>(std::bit_width(zigzag(static_cast<int64_t>(first))));
        second_bits += static_cast<uint64_t>(std::bit_width(zigzag(static_cast<int64_t>(second))));
      }
    }
    const uint64_t bits = std::min(first_bits, second_bits);
    if (lag == 1) unlagged_bits = bits;
    if (lag == 1 || bits >= least_bits) continue;
    least_bits = bits;
    best = lag;
  }
  return words > 0 && least_bits + words / kWordsABit < unlagged_bits ? best : 0;
}

// Heads, then residuals: words[0 .. lag), and with order 2 the first differences behind them.
void IntegerStream::turn_residuals(Turns turns, const uint64_t* words, uint32_t count,
                                   uint64_t* out) {
  const uint32_t lag = turns.lag;
  if (turns.order == 1) {
    std::copy_n(words, lag, out);
    return take_lagged_differences(words, count, lag, out);
  }
  Words first;
  take_lagged_differences(words, count, lag, first.data());
  std::copy_n(words, lag, out);
  std::copy_n(first.data() + lag, lag, out + lag);
  take_lagged_differences(first.data() + lag, count - lag, lag, out + lag);
}

void IntegerStream::encode_turns(const uint64_t* words, uint32_t count, std::string* out) const {
  Words residuals;
  turn_residuals(turns_, words, count, residuals.data());
  const uint32_t heads = turns_.heads();
  ByteWriter writer(out);
  std::string entropy;
  if (model_ != nullptr) {
    ByteWriter(&entropy).fixed<uint8_t>(kTurnsEntropy);
    for (uint32_t from = 0; from < heads; from += turns_.lag) {
      encode_plain(residuals.data() + from, turns_.lag, &entropy);
    }
    model_->encode(residuals.data() + heads, count - heads, &entropy);
  }
  PackPlan plan = plan_packed(residuals.data() + heads, count - heads);
  if (plan.width < 64) {
    writer.fixed<uint8_t>(kTurns);
    for (uint32_t from = 0; from < heads; from += turns_.lag) {
      std::array<uint64_t, kMaxLag> high;
      for (uint32_t i = 0; i < turns_.lag; ++i) {
        uint64_t& head = residuals[from + i];
        high[i] = static_cast<uint64_t>(static_cast<int64_t>(head) >> plan.width);
        head = plan.base + (head & plan.mask());
      }
      encode_plain(high.data(), turns_.lag, out);
    }
    write_packed(residuals.data(), count, plan, out);
  }
  if (entropy.empty()) return;
  const size_t price = entropy_price_bytes(count, effort_);
  if (out->empty() || entropy.size() + price < out->size()) out->swap(entropy);
}

Status IntegerStream::decode_turns(ByteReader& reader, uint32_t count, uint64_t* words) const {
  const uint8_t form = reader.fixed<uint8_t>();
  const uint32_t heads = turns_.heads();
  if (turns_.lag == 0 || count <= heads) {
    return corruption("block of %u integers with a lag of %u", count, turns_.lag);
  }
  std::array<uint64_t, 2 * kMaxLag> high;
  for (uint32_t from = 0; from < heads; from += turns_.lag) {
    MOTE_TRY(decode_plain(reader.fixed<uint8_t>(), reader, turns_.lag, high.data() + from));
  }
  if (form == kTurnsEntropy) {
    if (model_ == nullptr) return corruption("entropy-coded block in a stream without a model");
    MOTE_TRY(model_->decode(reader, count - heads, words + heads));
    std::copy_n(high.data(), heads, words);
  } else {
    PackedBlock packed;
    MOTE_TRY(read_packed(reader, count, &packed));
    packed.unpack(words);
    for (uint32_t i = 0; i < heads; ++i) {
      words[i] = join_head(high[i], words[i] - packed.base, packed.width);
    }
  }
  sum_lagged_differences(words, count, turns_.lag, turns_.order);
  return {};
}

// Only the words of the same turn are unpacked.
Status IntegerStream::decode_turns_word(ByteReader& reader, uint32_t count, uint32_t at,
                                        uint64_t* word) const {
  reader.fixed<uint8_t>();
  const uint32_t lag = turns_.lag;
  const uint32_t heads = turns_.heads();
  if (lag == 0 || count <= heads) {
    return corruption("block of %u integers with a lag of %u", count, lag);
  }
  std::array<uint64_t, 2 * kMaxLag> high;
  for (uint32_t from = 0; from < heads; from += lag) {
    MOTE_TRY(decode_plain(reader.fixed<uint8_t>(), reader, lag, high.data() + from));
  }
  PackedBlock packed;
  MOTE_TRY(read_packed(reader, count, &packed));
  const uint32_t place = at % lag;
  const uint32_t turn = at / lag;
  Words turn_words;
  for (uint32_t i = 0; i <= turn; ++i) turn_words[i] = packed.offset_word(place + i * lag);
  for (uint32_t k = 0; k < packed.patch_count; ++k) {
    const uint32_t row = packed.patch_row(k);
    if (row <= at && row % lag == place) turn_words[row / lag] = packed.patch_word(k);
  }
  for (uint32_t i = 0; i < std::min(turns_.order, turn + 1); ++i) {
    turn_words[i] = join_head(high[i * lag + place], turn_words[i] - packed.base, packed.width);
  }
  const uint32_t order = std::min(turns_.order, turn);
  if (order > 0) sum_lagged_differences(turn_words.data(), turn + 1, /*lag=*/1, order);
  *word = turn_words[turn];
  return {};
}

}  // namespace mote
