// Column blocks: any bytes as prelude and block. Input: type, row count, size of the prelude.
#include <random>

#include "base/check.h"
#include "base/coding.h"
#include "base/limits.h"
#include "column/encoding.h"
#include "fuzz_target.h"
#include "storage/rows_for_tests.h"

namespace mote::fuzz {

namespace {

constexpr size_t kHeadBytes = 5;

std::vector<Type> all_types() { return schema_of_all_types(false)->types(); }

}  // namespace

void take(std::span<const std::byte> input) {
  if (input.size() < kHeadBytes) return;
  const std::string_view bytes = as_text(input);
  const std::vector<Type> types = all_types();
  const Type type = types[static_cast<uint8_t>(bytes[0]) % types.size()];
  const uint32_t row_count = 1 + load_fixed<uint16_t>(bytes.data() + 1) % kChunkRows;
  const std::string_view rest = bytes.substr(kHeadBytes);
  const size_t prelude_bytes =
      std::min<size_t>(load_fixed<uint16_t>(bytes.data() + 3), rest.size());
  auto opened = ColumnDecoder::open(type, rest.substr(0, prelude_bytes));
  if (!opened.ok()) return;
  const std::shared_ptr<const ColumnDecoder> decoder = std::move(opened).value();
  const std::string block(rest.substr(prelude_bytes));
  Column whole;
  const bool decoded = decoder->decode(block, row_count, whole, decoder).ok();
  Column one(type);
  for (const uint32_t row : {0u, row_count / 2, row_count - 1}) {
    const bool found = decoder->decode_row(block, row_count, row, one, 0, decoder).ok();
    if (!decoded) continue;
    MOTE_CHECK(found);
    MOTE_CHECK(one.value(0).to_text() == whole.value(row).to_text());
  }
}

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  const std::vector<Type> types = all_types();
  for (size_t t = 0; t < types.size(); ++t) {
    for (const uint32_t shape : {0u, 1u, 2u, 3u}) {
      std::mt19937_64 random(shape);
      const uint32_t row_count = shape == 0 ? 1 : 300;
      Column column(types[t]);
      for (uint32_t row = 0; row < row_count; ++row) {
        // Shape 1: any values and NULLs; 2: few different ones; 3: rising, where that is a thing.
        if (shape == 2) random.seed(row % 4);
        Value value = random_value(types[t], random);
        if (shape == 3 && types[t].is(TypeKind::kInteger))
          value = Value::integer(row * 5 + row % 3);
        if (shape == 3 && types[t].is(TypeKind::kTimestamp)) value = Value::timestamp(row * 1000);
        if (shape == 1 && row % 5 == 0) value = Value::null(types[t]);
        column.set_value(row, value);
      }
      const Column* columns[] = {&column};
      const uint32_t counts[] = {row_count};
      const auto encoded = encode_column(types[t], columns, counts, {});
      MOTE_CHECK(encoded.ok());
      std::string seed;
      ByteWriter writer(&seed);
      writer.fixed(static_cast<uint8_t>(t));
      writer.fixed(static_cast<uint16_t>(row_count - 1));
      writer.fixed(static_cast<uint16_t>(encoded->prelude.size()));
      all.push_back(seed + encoded->prelude + encoded->blocks[0].bytes);
    }
  }
  return all;
}

}  // namespace mote::fuzz
