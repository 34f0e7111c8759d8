#include "column/packed_block.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <vector>

namespace mote {
namespace {

void expect_round_trip(const std::vector<uint64_t>& words, bool patched) {
  const uint32_t count = static_cast<uint32_t>(words.size());
  const PackPlan plan = plan_packed(words.data(), count);
  EXPECT_EQ(plan.patch_count > 0, patched);
  std::string bytes;
  write_packed(words.data(), count, plan, &bytes);
  // An exact allocation, so that a sanitizer sees a read past its end.
  const std::vector<char> exact(bytes.begin(), bytes.end());
  ByteReader reader(std::string_view(exact.data(), exact.size()));
  PackedBlock packed;
  ASSERT_TRUE(read_packed(reader, count, &packed).ok());
  EXPECT_EQ(reader.remaining(), 0u);
  std::vector<uint64_t> unpacked(count);
  packed.unpack(unpacked.data());
  EXPECT_EQ(unpacked, words);
  for (uint32_t i = 0; i < count; ++i) ASSERT_EQ(packed.word(i), words[i]);
}

// Few words far away, above, below, at both ends of the integers, are patches; the others then take
// about the bits that they would take alone.
TEST(PackedBlock, WordsFarAwayArePatches) {
  const uint64_t far[] = {1ull << 40, 0 - (1ull << 30), 1ull << 63, (1ull << 63) - 1};
  for (uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const uint64_t base = seed % 3 == 0 ? 0 : random();
    std::vector<uint64_t> words(seed % 2 == 0 ? 1024 : 200 + random() % 800);
    for (uint64_t& word : words) word = base + random() % 256;
    for (int i = 0; i < 8; ++i) words[random() % words.size()] = base + far[random() % 4];
    expect_round_trip(words, /*patched=*/true);
    EXPECT_LE(plan_packed(words.data(), static_cast<uint32_t>(words.size())).size_bytes,
              words.size() * 9 / 8 + 120);
  }
}

// Words without any structure are packed in one width.
TEST(PackedBlock, WordsOfOneKindAreNot) {
  for (uint32_t width : {0u, 1u, 3u, 4u, 17u, 63u, 64u}) {
    for (uint32_t count : {1u, 2u, 63u, 64u, 65u, 1024u}) {
      SCOPED_TRACE(testing::Message() << width << " bits, " << count << " words");
      std::mt19937_64 random(width);
      std::vector<uint64_t> words(count);
      for (uint64_t& word : words) word = width == 0 ? 7 : random() >> (64 - width);
      expect_round_trip(words, /*patched=*/false);
    }
  }
}

// More than one word in eight is too many.
TEST(PackedBlock, ManyWordsFarAwayWidenAll) {
  std::vector<uint64_t> words(1024);
  for (uint32_t i = 0; i < 1024; ++i) words[i] = i % 6 == 0 ? 1ull << 20 : i % 2;
  expect_round_trip(words, /*patched=*/false);
}

// Rows of patches that are not rising, or not of the block.
TEST(PackedBlock, ImpossiblePatchesAreCorruption) {
  std::vector<uint64_t> words(100);
  words[10] = words[20] = 1ull << 40;
  std::string bytes;
  write_packed(words.data(), 100, plan_packed(words.data(), 100), &bytes);
  const size_t rows = bytes.find(std::string("\x0a\0\x14\0", 4));
  ASSERT_NE(rows, std::string::npos);
  for (const char row : {'\x0a', '\x09', '\x64'}) {
    std::string damaged = bytes;
    damaged[rows + 2] = row;
    ByteReader reader(damaged);
    PackedBlock packed;
    EXPECT_EQ(read_packed(reader, 100, &packed).code(), Code::kCorruption);
  }
}

}  // namespace
}  // namespace mote
