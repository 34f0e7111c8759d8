#include "column/encoding.h"

#include <gtest/gtest.h>

#include <cstring>

#include "column/bytes_codec.h"
#include "column/column_shapes.h"

namespace mote {
namespace {

// Equal bit for bit, nulls and the zeros of null rows included.
void expect_same_row(const Column& a, uint32_t row_a, const Column& b, uint32_t row_b) {
  ASSERT_EQ(a.is_null(row_a), b.is_null(row_b));
  for (uint32_t lane = 0; lane < lane_count(a.type().kind); ++lane) {
    const LaneKind kind = lane_kind(a.type().kind);
    if (kind == LaneKind::kBytes) {
      ASSERT_EQ(a.lane<std::string_view>(lane)[row_a], b.lane<std::string_view>(lane)[row_b]);
      continue;
    }
    const size_t size = lane_entry_bytes(kind);
    ASSERT_EQ(
        std::memcmp(a.lane<char>(lane) + row_a * size, b.lane<char>(lane) + row_b * size, size), 0)
        << "lane " << lane << ", row " << row_a;
  }
}

void expect_round_trip(const Rows& rows, const EncodeOptions& options = {}) {
  const std::vector<const Column*> columns = rows.columns();
  const auto encoded = encode_column(rows.type, columns, rows.row_counts, options);
  ASSERT_TRUE(encoded.ok()) << encoded.status().message();
  ASSERT_EQ(encoded->blocks.size(), rows.chunks.size());
  auto opened = ColumnDecoder::open(rows.type, encoded->prelude);
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  const std::shared_ptr<const ColumnDecoder> decoder = std::move(opened).value();
  for (size_t block = 0; block < rows.chunks.size(); ++block) {
    SCOPED_TRACE(testing::Message() << "block " << block << ", " << encoded->encoding_names);
    const std::string& bytes = encoded->blocks[block].bytes;
    const uint32_t count = rows.row_counts[block];
    Column out;
    const Status decoded = decoder->decode(bytes, count, out, decoder);
    ASSERT_TRUE(decoded.ok()) << decoded.message();
    Column one(rows.type);
    for (uint32_t row = 0; row < count; ++row) {
      ASSERT_NO_FATAL_FAILURE(expect_same_row(rows.chunks[block], row, out, row));
      if (row % 61 != 0 && row + 1 != count) continue;
      const Status status = decoder->decode_row(bytes, count, row, one, row % 7, decoder);
      ASSERT_TRUE(status.ok()) << status.message();
      ASSERT_NO_FATAL_FAILURE(expect_same_row(rows.chunks[block], row, one, row % 7));
    }
  }
}

// Every shape, with few, many and only nulls, around the borders of blocks, in the encoding that is
// chosen and in every one that can be forced, with zstd and without.
TEST(Encoding, GivesBackEveryBit) {
  for (const Shape& shape : kShapes) {
    for (uint32_t row_count : {1u, 2u, 1023u, 1024u, 1025u, 5000u}) {
      for (uint32_t null_percent : {0u, 20u, 100u}) {
        SCOPED_TRACE(testing::Message()
                     << shape.name << ", " << row_count << " rows, " << null_percent << " % nulls");
        const Rows rows = make_rows(shape.type, row_count, row_count, null_percent, shape.write);
        ASSERT_NO_FATAL_FAILURE(expect_round_trip(rows));
        ASSERT_NO_FATAL_FAILURE(expect_round_trip(rows, {.strong_compression = true}));
        for (int encoding = 0; encoding < kWordEncodingCount; ++encoding) {
          const Force force(encoding, encoding % kByteEncodingCount);
          ASSERT_NO_FATAL_FAILURE(expect_round_trip(rows));
        }
      }
    }
  }
}

Result<EncodedColumn> encode(const Rows& rows, const EncodeOptions& options = {}) {
  return encode_column(rows.type, rows.columns(), rows.row_counts, options);
}

double bits_per_value(Type type, Writer write, const char* encoding) {
  const Rows rows = make_rows(type, 65536, 7, 0, write);
  const auto encoded = encode(rows);
  EXPECT_TRUE(encoded.ok());
  EXPECT_EQ(encoded->encoding_names, encoding);
  return static_cast<double>(encoded->size_bytes()) * 8 / 65536;
}

// Noise of the converter alone would take log2(16) = 4 bits a value; the sine takes a few more.
TEST(Encoding, TakesConverterCountsAsIntegers) {
  const auto write = [](Column& c, uint32_t r, uint64_t i, std::mt19937_64& random) {
    const double count = std::round(9000 * std::sin(static_cast<double>(i) / 300)) +
                         static_cast<double>(random() % 16);
    c.lane<double>()[r] = count * (9.80665 / 16384);
  };
  EXPECT_LT(bits_per_value(Type::floating(), write, "scaled"), 7);
}

TEST(Encoding, TakesDecimalsAsIntegers) {
  const auto write = [](Column& c, uint32_t r, uint64_t, std::mt19937_64& random) {
    c.lane<double>()[r] = static_cast<double>(random() % 1000) / 100;
  };
  EXPECT_LT(bits_per_value(Type::floating(), write, "scaled"), 10.2);
}

TEST(Encoding, TakesASequenceInNextToNothing) {
  const auto write = [](Column& c, uint32_t r, uint64_t i, std::mt19937_64&) {
    c.lane<int64_t>()[r] = static_cast<int64_t>(i * 5'000'000 + 1'700'000'000'000'000'000);
  };
  EXPECT_LT(bits_per_value(Type::timestamp(), write, "integer"), 0.2);
}

// Five wheels in turn, each near its own last value only: differences of 3 bits of noise take 4.
TEST(Encoding, TakesSensorsInTurnAsTheirOwnDifferences) {
  const auto write = [](Column& c, uint32_t r, uint64_t i, std::mt19937_64& random) {
    const int64_t wheel = static_cast<int64_t>(i % 5);
    c.lane<int64_t>()[r] = wheel * wheel * 1'000'003 + static_cast<int64_t>(i * 7 + random() % 8);
  };
  EXPECT_LT(bits_per_value(Type::integer(), write, "integer in turn"), 5.3);
}

// A clock that is late by up to a second once in a hundred rows: those rows do not widen the
// others.
TEST(Encoding, RareJumpsDoNotWidenTheOthers) {
  const auto write = [](Column& c, uint32_t r, uint64_t i, std::mt19937_64& random) {
    const uint64_t late = random() % 100 == 0 ? random() % 1'000'000'000 : 0;
    c.lane<int64_t>()[r] = static_cast<int64_t>(i * 5'000'000 + random() % 1024 - late);
  };
  EXPECT_LT(bits_per_value(Type::timestamp(), write, "integer"), 13);
}

// 300 irrational numbers in no order: log2(300) = 8.2 bits, and their list.
TEST(Encoding, TakesFewDistinctFloatsAsADictionary) {
  const auto write = [](Column& c, uint32_t r, uint64_t, std::mt19937_64& random) {
    c.lane<double>()[r] = std::sqrt(static_cast<double>(random() % 300));
  };
  EXPECT_LT(bits_per_value(Type::floating(), write, "dictionary"), 9.6);
}

TEST(Encoding, TakesFewDistinctTextsAsADictionary) {
  const auto write = [](Column& c, uint32_t r, uint64_t, std::mt19937_64& random) {
    c.lane<std::string_view>()[r] = c.store("/sensor/number/" + std::to_string(random() % 16));
  };
  EXPECT_LT(bits_per_value(Type::text(), write, "dictionary"), 4.2);
}

// A normal distribution around zero, of doubles: sign and exponent have few values, all mantissa
// bits are noise, so 52 bits and a little are the least.
TEST(Encoding, TakesTheExponentsOfNoiseInFewBits) {
  const auto write = [](Column& c, uint32_t r, uint64_t, std::mt19937_64& random) {
    double sum = 0;
    for (int k = 0; k < 12; ++k) sum += static_cast<double>(random() >> 11) * 0x1p-53 - 0.5;
    c.lane<double>()[r] = sum * 1.1;
  };
  EXPECT_LT(bits_per_value(Type::floating(), write, "ordered entropy"), 56);
}

TEST(Encoding, NullsCostNextToNothing) {
  const Rows rows = make_rows(Type::integer(), 65536, 3, 100,
                              [](Column&, uint32_t, uint64_t, std::mt19937_64&) {});
  const auto encoded = encode(rows);
  ASSERT_TRUE(encoded.ok());
  EXPECT_LT(encoded->size_bytes(), 64 * 2u);
}

TEST(Encoding, RefusesMoreRowsThanAPartHas) {
  Column column;
  column.reset(Type::boolean(), true);
  constexpr uint32_t kChunks = kMaxPartRows / kChunkRows;
  std::vector<const Column*> columns(kChunks, &column);
  std::vector<uint32_t> counts(kChunks, kChunkRows);
  EXPECT_TRUE(encode_column(Type::boolean(), columns, counts, {}).ok());
  counts.back() -= 1;
  EXPECT_TRUE(encode_column(Type::boolean(), columns, counts, {}).ok());
  counts.back() += 1;
  columns.push_back(&column);
  counts.push_back(1);
  EXPECT_EQ(encode_column(Type::boolean(), columns, counts, {}).status().code(),
            Code::kInvalidArgument);
}

// A text column that is decoded keeps the decoder's dictionary alive by itself.
TEST(Encoding, DecodedTextOutlivesItsDecoder) {
  const auto write = [](Column& c, uint32_t r, uint64_t i, std::mt19937_64&) {
    c.lane<std::string_view>()[r] = c.store("word " + std::to_string(i % 3));
  };
  const Rows rows = make_rows(Type::text(), 100, 1, 0, write);
  const auto encoded = encode(rows);
  ASSERT_TRUE(encoded.ok());
  std::shared_ptr<const ColumnDecoder> decoder =
      std::move(ColumnDecoder::open(rows.type, encoded->prelude)).value();
  Column out;
  ASSERT_TRUE(decoder->decode(encoded->blocks[0].bytes, 100, out, decoder).ok());
  decoder.reset();
  for (uint32_t row = 0; row < 100; ++row) expect_same_row(rows.chunks[0], row, out, row);
}

}  // namespace
}  // namespace mote
