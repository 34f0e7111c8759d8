#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <random>
#include <vector>

#include "kernels/bit_packing.h"
#include "kernels/integer_series.h"

namespace mote {
namespace {

std::vector<uint64_t> random_words(uint64_t seed, uint32_t count, uint32_t width) {
  std::mt19937_64 random(seed);
  std::vector<uint64_t> words(count);
  for (uint64_t& word : words) word = width == 0 ? 0 : random() >> (64 - width);
  return words;
}

// Every width, whole and broken blocks, with a base that makes the words wrap: all come back, each
// alone too, and nothing is written beyond the promised bytes.
TEST(BitPacking, GivesBackWhatWasPacked) {
  for (uint32_t width = 0; width <= 64; ++width) {
    for (uint32_t count : {1u, 2u, 15u, 63u, 1023u, 1024u}) {
      SCOPED_TRACE(testing::Message() << width << " bits, " << count << " words");
      const uint64_t base = 0 - 7ull * width;
      std::vector<uint64_t> words = random_words(width * 2000 + count, count, width);
      for (uint64_t& word : words) word += base;
      std::string packed(packed_bytes(count, width) + 1, '\x5a');
      pack_words(words.data(), count, base, width, packed.data());
      EXPECT_EQ(packed.back(), '\x5a');
      // An exact allocation, so that a sanitizer sees a read past its end.
      const std::vector<char> exact(packed.begin(), packed.end() - 1);
      std::vector<uint64_t> unpacked(count);
      unpack_words(exact.data(), count, base, width, unpacked.data());
      EXPECT_EQ(unpacked, words);
      for (uint32_t i = 0; i < count; i += 1 + count / 50) {
        ASSERT_EQ(unpack_word(exact.data(), count, width, i) + base, words[i]);
      }
    }
  }
}

TEST(IntegerSeries, DifferencesSumToTheSeries) {
  for (uint32_t count : {1u, 2u, 9u, 1024u}) {
    SCOPED_TRACE(count);
    const std::vector<uint64_t> words = random_words(count, count, 64);
    std::vector<uint64_t> differences(count);
    take_differences(words.data(), count, differences.data());
    sum_differences(differences.data(), count, words[0]);
    EXPECT_EQ(differences, words);
  }
}

// Series that take turns, at every distance, once and twice, also when the last turn is broken off.
TEST(IntegerSeries, LaggedDifferencesSumToTheSeries) {
  for (uint32_t lag : {1u, 2u, 3u, 4u, 5u, 7u, 8u, 16u, 17u, 63u, 64u}) {
    for (uint32_t count : {128u, 129u, 131u, 150u, 1000u, 1023u, 1024u}) {
      SCOPED_TRACE(testing::Message() << "lag " << lag << ", " << count << " words");
      const std::vector<uint64_t> words = random_words(count * 100 + lag, count, 64);
      std::vector<uint64_t> series = words;
      take_lagged_differences(words.data(), count, lag, series.data());
      for (uint32_t i = lag; i < count; ++i) ASSERT_EQ(series[i], words[i] - words[i - lag]);
      std::vector<uint64_t> second = series;
      take_lagged_differences(series.data() + lag, count - lag, lag, second.data() + lag);
      sum_lagged_differences(series.data(), count, lag, 1);
      EXPECT_EQ(series, words);
      sum_lagged_differences(second.data(), count, lag, 2);
      EXPECT_EQ(second, words);
    }
  }
}

// The loop against its rule, word by word.
TEST(IntegerSeries, OrderedIntegersBecomeBits) {
  for (uint32_t shift : {0u, 1u, 29u}) {
    const uint64_t cut = (1ull << shift) - 1;
    for (const OrderedBits& rule : {OrderedBits{shift, cut, ~0ull >> 1, ~0ull},
                                    OrderedBits{shift, cut, 0x7fffffff, 0xffffffff}}) {
      std::vector<uint64_t> words = random_words(shift, 1023, 64);
      const std::vector<uint64_t> ordered = words;
      ordered_to_bits(words.data(), 1023, rule);
      for (uint32_t i = 0; i < 1023; ++i) ASSERT_EQ(words[i], rule.bits(ordered[i]));
    }
  }
}

TEST(IntegerSeries, RangeIsThatOfSignedIntegers) {
  for (uint32_t count : {1u, 7u, 8u, 9u, 1000u}) {
    SCOPED_TRACE(count);
    const std::vector<uint64_t> words = random_words(count, count, 64);
    int64_t minimum = std::numeric_limits<int64_t>::max();
    int64_t maximum = std::numeric_limits<int64_t>::min();
    for (uint64_t word : words) {
      minimum = std::min(minimum, static_cast<int64_t>(word));
      maximum = std::max(maximum, static_cast<int64_t>(word));
    }
    const WordRange range = range_of(words.data(), count);
    EXPECT_EQ(range.minimum, minimum);
    EXPECT_EQ(range.maximum, maximum);
  }
}

// Small and large integers, negative ones and zero, give the same bits as the plain conversion.
TEST(IntegerSeries, ProductsAndQuotientsAreThoseOfPlainArithmetic) {
  for (uint32_t width : {8u, 50u, 52u, 64u}) {
    SCOPED_TRACE(width);
    std::vector<uint64_t> words = random_words(width, 1024, width);
    for (uint64_t& word : words) word -= width < 64 ? (1ull << (width - 1)) : 0;
    words[0] = 0;
    std::vector<uint64_t> products = words;
    std::vector<uint64_t> quotients = words;
    integers_to_products(products.data(), 1024, 0.1);
    integers_to_quotients(quotients.data(), 1024, 1000.0);
    for (uint32_t i = 0; i < 1024; ++i) {
      const double plain = static_cast<double>(static_cast<int64_t>(words[i]));
      ASSERT_EQ(products[i], std::bit_cast<uint64_t>(plain * 0.1));
      ASSERT_EQ(quotients[i], std::bit_cast<uint64_t>(plain / 1000.0));
    }
  }
}

}  // namespace
}  // namespace mote
