// Damaged bytes: decoders answer kCorruption or other values, and never crash, hang or read beyond
// what they were given. The sanitizer builds make the last part strict.

#include <gtest/gtest.h>

#include <cstdlib>

#include "column/bytes_codec.h"
#include "column/column_shapes.h"

namespace mote {
namespace {

// One to three changes: a bit, a byte, a cut, an insertion, a block of zeros or ones.
void damage(std::string* bytes, std::mt19937_64& random) {
  for (uint64_t changes = 1 + random() % 3; changes > 0 && !bytes->empty(); --changes) {
    // Half of the changes hit the beginning, where sizes and widths stand.
    const size_t reach = random() % 2 == 0 ? std::min<size_t>(bytes->size(), 24) : bytes->size();
    const size_t at = random() % reach;
    switch (random() % 6) {
      case 0: (*bytes)[at] = static_cast<char>((*bytes)[at] ^ (1 << random() % 8)); break;
      case 1: (*bytes)[at] = static_cast<char>(random()); break;
      case 2: bytes->resize(at); break;
      case 3: bytes->insert(at, 1, static_cast<char>(random())); break;
      case 4: bytes->replace(at, 4, 4, '\xff'); break;
      default: bytes->replace(at, 9, 9, '\0');
    }
  }
}

void expect_whole(const Status& status) {
  if (status.ok()) return;
  EXPECT_EQ(status.code(), Code::kCorruption) << status.message();
}

// Decodes a block in full and some rows alone, from an allocation of its exact size.
void decode_all(const std::shared_ptr<const ColumnDecoder>& decoder, Type type,
                const std::string& bytes, uint32_t row_count) {
  const std::vector<char> exact(bytes.begin(), bytes.end());
  const std::string_view block(exact.data(), exact.size());
  Column out;
  expect_whole(decoder->decode(block, row_count, out, decoder));
  Column one(type);
  for (uint32_t row : {0u, row_count / 2, row_count - 1, row_count}) {
    expect_whole(decoder->decode_row(block, row_count, row, one, 3, decoder));
  }
}

// Every shape in every encoding; then the block, the prelude, or the number of rows is wrong.
TEST(Damage, IsFoundOrHarmless) {
  const bool long_form = std::getenv("MOTE_TEST_LONG") != nullptr;
  const uint32_t rounds = long_form ? 2000 : 40;
  for (const Shape& shape : kShapes) {
    for (int encoding = -1; encoding < kWordEncodingCount; ++encoding) {
      SCOPED_TRACE(testing::Message() << shape.name << ", encoding " << encoding);
      const Force force(encoding, encoding < 0 ? -1 : encoding % kByteEncodingCount);
      const Rows rows = make_rows(shape.type, 3000, 5, encoding == 2 ? 10 : 0, shape.write);
      const auto encoded = encode_column(rows.type, rows.columns(), rows.row_counts,
                                         {.strong_compression = encoding == 3});
      ASSERT_TRUE(encoded.ok());
      std::shared_ptr<const ColumnDecoder> decoder =
          std::move(ColumnDecoder::open(shape.type, encoded->prelude)).value();
      std::mt19937_64 random(static_cast<uint64_t>(encoding) + 99);
      for (uint32_t round = 0; round < rounds; ++round) {
        std::string block = encoded->blocks[round % 3].bytes;
        const uint32_t row_count = rows.row_counts[round % 3];
        damage(&block, random);
        decode_all(decoder, shape.type, block, row_count);
        std::string prelude = encoded->prelude;
        damage(&prelude, random);
        auto opened = ColumnDecoder::open(shape.type, prelude);
        expect_whole(opened.status());
        if (!opened.ok()) continue;
        const std::shared_ptr<const ColumnDecoder> other = std::move(opened).value();
        decode_all(other, shape.type, encoded->blocks[round % 3].bytes, row_count);
      }
      const std::string& whole = encoded->blocks[0].bytes;
      for (uint32_t row_count : {1u, 17u, 1023u}) decode_all(decoder, shape.type, whole, row_count);
      Column out;
      EXPECT_FALSE(decoder->decode(whole, 0, out, decoder).ok());
      EXPECT_FALSE(decoder->decode(whole, kChunkRows + 1, out, decoder).ok());
    }
  }
}

// The prelude and blocks of one type read as those of another.
TEST(Damage, OfTheTypeIsFoundOrHarmless) {
  for (const Shape& shape : kShapes) {
    const Rows rows = make_rows(shape.type, 2000, 5, 3, shape.write);
    const auto encoded = encode_column(rows.type, rows.columns(), rows.row_counts, {});
    ASSERT_TRUE(encoded.ok());
    for (const Shape& other : kShapes) {
      SCOPED_TRACE(testing::Message() << shape.name << " as " << other.name);
      auto opened = ColumnDecoder::open(other.type, encoded->prelude);
      expect_whole(opened.status());
      if (!opened.ok()) continue;
      const std::shared_ptr<const ColumnDecoder> decoder = std::move(opened).value();
      decode_all(decoder, other.type, encoded->blocks[0].bytes, kChunkRows);
    }
  }
}

}  // namespace
}  // namespace mote
