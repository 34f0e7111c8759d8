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
// The inverse, from index lag on; the words before that are there already.
void sum_lagged_differences(uint64_t* words, uint32_t count, uint32_t lag);

// How often a word differs from the one before, plus one. count > 0.
uint32_t count_runs(const uint64_t* words, uint32_t count);

// out[i] = start + words[i] * factor.
void scale_words(uint64_t* words, uint32_t count, uint64_t start, uint64_t factor);

// Integers as doubles, bit for bit what (double)(int64_t)words[i] * factor gives; in place. Words
// between -2^51 and 2^51 take the vector loop, others the plain one.
void integers_to_products(uint64_t* words, uint32_t count, double factor);
// The same with a quotient: (double)(int64_t)words[i] / divisor.
void integers_to_quotients(uint64_t* words, uint32_t count, double divisor);

}  // namespace mote
