// Loops over series of words: ranges, differences and their sums. All arithmetic wraps, so every
// series can be taken apart and put together again.
#pragma once

#include <cstdint>

namespace mote {

// The smallest and largest word, as signed integers. count > 0.
struct WordRange {
  int64_t minimum;
  int64_t maximum;
};
WordRange range_of(const uint64_t* words, uint32_t count);

// out[i] = words[i] - words[i - 1] for i in [1, count); out[0] = out[1], or 0 when alone, so that
// it does not widen the range. In place is allowed.
void take_differences(const uint64_t* words, uint32_t count, uint64_t* out);

// The inverse: words[0] becomes `first`, words[i] becomes words[i - 1] + words[i].
void sum_differences(uint64_t* words, uint32_t count, uint64_t first);

// The same over a distance, for series that take turns: out[i] = words[i] - words[i - lag] for i in
// [lag, count); earlier entries of out are left alone. Not in place. lag > 0.
void take_lagged_differences(const uint64_t* words, uint32_t count, uint32_t lag, uint64_t* out);
// The inverse, of differences that were taken `order` times (1 or 2): words[0 .. lag) are there,
// with order 2 the first differences of words[lag .. 2 * lag) follow, the rest are differences of
// that order; each becomes a word. count >= lag * order.
void sum_lagged_differences(uint64_t* words, uint32_t count, uint32_t lag, uint32_t order);

// How often a word differs from the one before, plus one. count > 0.
uint32_t count_runs(const uint64_t* words, uint32_t count);

// out[i] = start + words[i] * factor.
void scale_words(uint64_t* words, uint32_t count, uint64_t start, uint64_t factor);

// Integers as doubles, bit for bit what (double)(int64_t)words[i] * factor gives; in place. Words
// between -2^51 and 2^51 take the vector loop, others the plain one.
void integers_to_products(uint64_t* words, uint32_t count, double factor);
// The same with a quotient: (double)(int64_t)words[i] / divisor.
void integers_to_quotients(uint64_t* words, uint32_t count, double divisor);

// Shifted integers that have the order of floats as the bits of those; in place. `flip` is what a
// negative float's bits differ by, `cut` the bits that the shift has cut off a negative one, `kept`
// the bits that a float has.
struct OrderedBits {
  uint32_t shift;
  uint64_t cut;
  uint64_t flip;
  uint64_t kept;

  uint64_t bits(uint64_t ordered) const {
    const uint64_t sign = static_cast<uint64_t>(static_cast<int64_t>(ordered) >> 63);
    return ((ordered << shift | (sign & cut)) ^ (sign & flip)) & kept;
  }
};
void ordered_to_bits(uint64_t* words, uint32_t count, const OrderedBits& rule);

}  // namespace mote
