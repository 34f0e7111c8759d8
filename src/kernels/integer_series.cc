#include "kernels/integer_series.h"

#include <algorithm>
#include <bit>

#include "kernels/dispatch.h"

namespace mote {

namespace {

// Adding 1.5 * 2^52 as bits to a small integer gives the double 1.5 * 2^52 + integer exactly.
constexpr double kMagic = 6755399441055744.0;
constexpr int64_t kMagicRange = int64_t{1} << 51;

inline double as_double(uint64_t word) {
  return std::bit_cast<double>(word + std::bit_cast<uint64_t>(kMagic)) - kMagic;
}

bool all_small(const uint64_t* words, uint32_t count) {
  if (count == 0) return true;
  const WordRange range = range_of(words, count);
  return range.minimum > -kMagicRange && range.maximum < kMagicRange;
}

MOTE_CLONES void small_products(uint64_t* words, uint32_t count, double factor) {
  for (uint32_t i = 0; i < count; ++i) {
    words[i] = std::bit_cast<uint64_t>(as_double(words[i]) * factor);
  }
}

MOTE_CLONES void small_quotients(uint64_t* words, uint32_t count, double divisor) {
  for (uint32_t i = 0; i < count; ++i) {
    words[i] = std::bit_cast<uint64_t>(as_double(words[i]) / divisor);
  }
}

}  // namespace

MOTE_CLONES WordRange range_of(const uint64_t* words, uint32_t count) {
  constexpr uint32_t kStride = 8;
  int64_t least[kStride];
  int64_t most[kStride];
  for (uint32_t k = 0; k < kStride; ++k) least[k] = most[k] = static_cast<int64_t>(words[0]);
  uint32_t i = 0;
  for (; i + kStride <= count; i += kStride) {
    for (uint32_t k = 0; k < kStride; ++k) {
      const int64_t word = static_cast<int64_t>(words[i + k]);
      least[k] = word < least[k] ? word : least[k];
      most[k] = word > most[k] ? word : most[k];
    }
  }
  WordRange range{least[0], most[0]};
  for (; i < count; ++i) {
    range.minimum = std::min(range.minimum, static_cast<int64_t>(words[i]));
    range.maximum = std::max(range.maximum, static_cast<int64_t>(words[i]));
  }
  for (uint32_t k = 1; k < kStride; ++k) {
    range.minimum = std::min(range.minimum, least[k]);
    range.maximum = std::max(range.maximum, most[k]);
  }
  return range;
}

void take_differences(const uint64_t* words, uint32_t count, uint64_t* out) {
  for (uint32_t i = count; i-- > 1;) out[i] = words[i] - words[i - 1];
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

MOTE_CLONES uint32_t count_runs(const uint64_t* words, uint32_t count) {
  uint32_t runs = 1;
  for (uint32_t i = 1; i < count; ++i) runs += words[i] != words[i - 1] ? 1 : 0;
  return runs;
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
