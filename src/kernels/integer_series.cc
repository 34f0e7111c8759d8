#include "kernels/integer_series.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "kernels/dispatch.h"

namespace mote {

namespace {

// Four words that one AVX2 or two SSE2 or NEON registers hold; spelled out, since compilers do not
// agree on which of these loops are worth vectors.
typedef uint64_t Quad __attribute__((vector_size(32)));
typedef int64_t SignedQuad __attribute__((vector_size(32)));
typedef double RealQuad __attribute__((vector_size(32)));
constexpr uint32_t kQuad = 4;

// Adding 1.5 * 2^52 as bits to a small integer gives the double 1.5 * 2^52 + integer exactly.
constexpr double kMagic = 6755399441055744.0;
constexpr uint64_t kMagicBits = std::bit_cast<uint64_t>(kMagic);
constexpr uint64_t kMagicRange = 1ull << 51;

// All words lie in [-2^51, 2^51).
MOTE_CLONES bool all_small(const uint64_t* words, uint32_t count) {
  Quad beyond = {};
  uint32_t i = 0;
  for (; i + kQuad <= count; i += kQuad) {
    Quad quad;
    std::memcpy(&quad, words + i, sizeof(quad));
    beyond |= quad + kMagicRange;
  }
  uint64_t any = beyond[0] | beyond[1] | beyond[2] | beyond[3];
  for (; i < count; ++i) any |= words[i] + kMagicRange;
  return any < 2 * kMagicRange;
}

MOTE_CLONES void small_products(uint64_t* words, uint32_t count, double factor) {
  uint32_t i = 0;
  for (; i + kQuad <= count; i += kQuad) {
    Quad quad;
    std::memcpy(&quad, words + i, sizeof(quad));
    quad += kMagicBits;
    RealQuad real;
    std::memcpy(&real, &quad, sizeof(real));
    real = (real - kMagic) * factor;
    std::memcpy(words + i, &real, sizeof(real));
  }
  for (; i < count; ++i) {
    const double real = std::bit_cast<double>(words[i] + kMagicBits) - kMagic;
    words[i] = std::bit_cast<uint64_t>(real * factor);
  }
}

MOTE_CLONES void small_quotients(uint64_t* words, uint32_t count, double divisor) {
  uint32_t i = 0;
  for (; i + kQuad <= count; i += kQuad) {
    Quad quad;
    std::memcpy(&quad, words + i, sizeof(quad));
    quad += kMagicBits;
    RealQuad real;
    std::memcpy(&real, &quad, sizeof(real));
    real = (real - kMagic) / divisor;
    std::memcpy(words + i, &real, sizeof(real));
  }
  for (; i < count; ++i) {
    const double real = std::bit_cast<double>(words[i] + kMagicBits) - kMagic;
    words[i] = std::bit_cast<uint64_t>(real / divisor);
  }
}

}  // namespace

MOTE_CLONES WordRange range_of(const uint64_t* words, uint32_t count) {
  WordRange range{static_cast<int64_t>(words[0]), static_cast<int64_t>(words[0])};
  uint32_t i = 0;
  if (count >= 2 * kQuad) {
    SignedQuad least[2];
    std::memcpy(least, words, sizeof(least));
    SignedQuad most[2] = {least[0], least[1]};
    for (i = 2 * kQuad; i + 2 * kQuad <= count; i += 2 * kQuad) {
      SignedQuad quads[2];
      std::memcpy(quads, words + i, sizeof(quads));
      for (uint32_t k = 0; k < 2; ++k) {
        least[k] = quads[k] < least[k] ? quads[k] : least[k];
        most[k] = quads[k] > most[k] ? quads[k] : most[k];
      }
    }
    for (uint32_t k = 0; k < 2 * kQuad; ++k) {
      range.minimum = std::min<int64_t>(range.minimum, least[k / kQuad][k % kQuad]);
      range.maximum = std::max<int64_t>(range.maximum, most[k / kQuad][k % kQuad]);
    }
  }
  for (; i < count; ++i) {
    range.minimum = std::min(range.minimum, static_cast<int64_t>(words[i]));
    range.maximum = std::max(range.maximum, static_cast<int64_t>(words[i]));
  }
  return range;
}

MOTE_CLONES void take_differences(const uint64_t* words, uint32_t count, uint64_t* out) {
  // From the end, so that it works in place.
  uint32_t i = count;
  for (; i > kQuad; i -= kQuad) {
    Quad quad;
    Quad before;
    std::memcpy(&quad, words + i - kQuad, sizeof(quad));
    std::memcpy(&before, words + i - kQuad - 1, sizeof(before));
    quad -= before;
    std::memcpy(out + i - kQuad, &quad, sizeof(quad));
  }
  for (; i-- > 1;) out[i] = words[i] - words[i - 1];
  if (count > 0) out[0] = count > 1 ? out[1] : 0;
}

void sum_differences(uint64_t* words, uint32_t count, uint64_t first) {
  if (count == 0) return;
  uint64_t sum = first;
  words[0] = first;
  for (uint32_t i = 1; i < count; ++i) {
    sum += words[i];
    words[i] = sum;
  }
}

MOTE_CLONES void take_lagged_differences(const uint64_t* words, uint32_t count, uint32_t lag,
                                         uint64_t* out) {
  uint32_t i = lag;
  for (; i + kQuad <= count; i += kQuad) {
    Quad quad;
    Quad before;
    std::memcpy(&quad, words + i, sizeof(quad));
    std::memcpy(&before, words + i - lag, sizeof(before));
    quad -= before;
    std::memcpy(out + i, &quad, sizeof(quad));
  }
  for (; i < count; ++i) out[i] = words[i] - words[i - lag];
}

namespace {

// Four neighbours of each turn, their sums held in registers. Returns the first row that is not
// done: up to three are left before the end.
template <uint32_t kOrder>
MOTE_LOOP_PART uint32_t sum_quads(uint64_t* words, uint32_t count, uint32_t lag, uint32_t from) {
  Quad word;
  Quad difference = {};
  std::memcpy(&word, words + from, sizeof(word));
  uint32_t i = from + lag;
  if (kOrder == 2 && i + kQuad <= count) {
    std::memcpy(&difference, words + i, sizeof(difference));
    word += difference;
    std::memcpy(words + i, &word, sizeof(word));
    i += lag;
  }
  for (; i + kQuad <= count; i += lag) {
    Quad residual;
    std::memcpy(&residual, words + i, sizeof(residual));
    if (kOrder == 2) {
      difference += residual;
      word += difference;
    } else {
      word += residual;
    }
    std::memcpy(words + i, &word, sizeof(word));
  }
  return i;
}

// One place of each turn.
template <uint32_t kOrder>
MOTE_LOOP_PART void sum_place(uint64_t* words, uint32_t count, uint32_t lag, uint32_t i) {
  uint64_t word = words[i - lag];
  uint64_t difference = kOrder == 2 && i >= 2 * lag ? word - words[i - 2 * lag] : 0;
  for (; i < count; i += lag) {
    difference = kOrder == 2 ? difference + words[i] : words[i];
    word += difference;
    words[i] = word;
  }
}

template <uint32_t kOrder>
MOTE_LOOP_PART void sum_turns(uint64_t* words, uint32_t count, uint32_t lag) {
  uint32_t place = 0;
  for (; place + kQuad <= lag; place += kQuad) {
    const uint32_t end = sum_quads<kOrder>(words, count, lag, place);
    for (uint32_t i = end; i < count; ++i) sum_place<kOrder>(words, i + 1, lag, i);
  }
  for (; place < lag; ++place) sum_place<kOrder>(words, count, lag, place + lag);
}

}  // namespace

MOTE_CLONES void sum_lagged_differences(uint64_t* words, uint32_t count, uint32_t lag,
                                        uint32_t order) {
  if (order == 2) {
    sum_turns<2>(words, count, lag);
  } else {
    sum_turns<1>(words, count, lag);
  }
}

MOTE_CLONES void ordered_to_bits(uint64_t* words, uint32_t count, const OrderedBits& rule) {
  const OrderedBits copy = rule;
  uint32_t i = 0;
  for (; i + kQuad <= count; i += kQuad) {
    SignedQuad ordered;
    std::memcpy(&ordered, words + i, sizeof(ordered));
    const Quad sign = (Quad)(ordered < 0);
    Quad quad;
    std::memcpy(&quad, words + i, sizeof(quad));
    quad = (((quad << copy.shift) | (sign & copy.cut)) ^ (sign & copy.flip)) & copy.kept;
    std::memcpy(words + i, &quad, sizeof(quad));
  }
  for (; i < count; ++i) words[i] = copy.bits(words[i]);
}

MOTE_CLONES uint32_t count_runs(const uint64_t* words, uint32_t count) {
  SignedQuad equal = {};
  uint32_t i = 1;
  for (; i + kQuad <= count; i += kQuad) {
    Quad quad;
    Quad before;
    std::memcpy(&quad, words + i, sizeof(quad));
    std::memcpy(&before, words + i - 1, sizeof(before));
    equal -= quad == before;  // a lane that holds is -1
  }
  uint64_t runs = i - static_cast<uint64_t>(equal[0] + equal[1] + equal[2] + equal[3]);
  for (; i < count; ++i) runs += words[i] != words[i - 1] ? 1 : 0;
  return static_cast<uint32_t>(runs);
}

MOTE_CLONES void scale_words(uint64_t* words, uint32_t count, uint64_t start, uint64_t factor) {
  for (uint32_t i = 0; i < count; ++i) words[i] = start + words[i] * factor;
}

void integers_to_products(uint64_t* words, uint32_t count, double factor) {
  if (all_small(words, count)) return small_products(words, count, factor);
  for (uint32_t i = 0; i < count; ++i) {
    words[i] =
        std::bit_cast<uint64_t>(static_cast<double>(static_cast<int64_t>(words[i])) * factor);
  }
}

void integers_to_quotients(uint64_t* words, uint32_t count, double divisor) {
  if (all_small(words, count)) return small_quotients(words, count, divisor);
  for (uint32_t i = 0; i < count; ++i) {
    words[i] =
        std::bit_cast<uint64_t>(static_cast<double>(static_cast<int64_t>(words[i])) / divisor);
  }
}

}  // namespace mote
