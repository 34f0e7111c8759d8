// A column part: any bytes as its file, checksums apart (unchecked.cc). The last four bytes of the
// input are the row count that the manifest would know.
#include <random>

#include "base/check.h"
#include "base/coding.h"
#include "base/limits.h"
#include "env/simulated_env.h"
#include "fuzz_target.h"
#include "storage/column_part.h"
#include "storage/part_footer.h"
#include "storage/rows_for_tests.h"

namespace mote::fuzz {

namespace {

constexpr uint64_t kFile = 3;
constexpr uint64_t kAnyChecksum = 0x5eed;

struct Store {
  Store() { MOTE_CHECK(env.create_directory("db").ok()); }
  SimulatedEnv env{1};
  MemoryBudget budget{64u << 20};
  BlockCache cache{4u << 20, budget};
  BlobStore blobs{env, "db", 7, budget};
  PartEnvironment environment{env, "db", 7, cache, blobs, budget};
};

void read_all(const ColumnPart& part, const Schema& schema) {
  Column column;
  for (uint32_t block = 0; block < std::min(part.block_count(), 4u); ++block) {
    for (uint32_t c = 0; c < schema.columns.size(); ++c) {
      static_cast<void>(part.block_stats(block, c).ok());
      static_cast<void>(part.read(block, c, column).ok());
      static_cast<void>(part.read_inline(block, c, column).ok());
      static_cast<void>(part.read_references(block, c, column).ok());
      column.reset(schema.columns[c].type);
      const RowId row = part.base() + part.block(block).first;
      static_cast<void>(part.read_row(row, c, column, 0).ok());
    }
  }
  std::mt19937_64 random(1);
  for (int i = 0; i < 4 && !schema.primary_key.empty(); ++i) {
    std::vector<RowId> rows;
    static_cast<void>(part.find_key(key_of(schema, random_row(schema, random)), &rows).ok());
    for (const RowId row : rows) MOTE_CHECK(row < part.base() + part.row_count());
  }
}

}  // namespace

void take(std::span<const std::byte> input) {
  if (input.size() < 4 + kPartTrailerBytes) return;
  const std::string_view bytes = as_text(input);
  const auto row_count = load_fixed<uint32_t>(bytes.data() + bytes.size() - 4);
  const bool keyed = (row_count >> 31) != 0;
  const std::string_view content = bytes.substr(0, bytes.size() - 4);
  Store store;
  auto file = store.env.open("db/" + part_file_name(kFile), {OpenMode::kCreate, false});
  MOTE_CHECK(file.ok());
  MOTE_CHECK((*file)->write(0, as_bytes(content)).ok());
  PartDefinition definition;
  definition.file = kFile;
  definition.base = 5000;
  definition.row_count = 1 + (row_count & 0x7fffffff) % kMaxPartRows;
  definition.file_bytes = content.size();
  definition.footer_offset =
      load_fixed<uint64_t>(content.data() + content.size() - kPartTrailerBytes);
  definition.footer_checksum = kAnyChecksum;
  const auto schema = schema_of_all_types(keyed);
  const ColumnPart part(store.environment, schema, definition);
  if (!part.range_stats(0).ok()) return;
  read_all(part, *schema);
  std::vector<std::string> problems;
  static_cast<void>(part.verify(&problems).ok());
}

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (const uint32_t row_count : {1u, 40u, 1500u}) {
    for (const bool keyed : {false, true}) {
      Store store;
      const auto schema = schema_of_all_types(keyed);
      std::mt19937_64 random(row_count);
      std::vector<Row> rows;
      for (uint32_t i = 0; i < row_count; ++i) rows.push_back(random_row(*schema, random));
      PartWriter writer(store.environment, schema, kFile, {}, {});
      for (size_t first = 0; first < rows.size(); first += kChunkRows) {
        const size_t count = std::min<size_t>(kChunkRows, rows.size() - first);
        MOTE_CHECK(writer.append(chunk_of(*schema, rows, first, count), {}).ok());
      }
      MOTE_CHECK(writer.finish().ok());
      std::string seed = *store.env.file_bytes("db/" + part_file_name(kFile));
      ByteWriter(&seed).fixed((row_count - 1) | (keyed ? 1u << 31 : 0));
      all.push_back(seed);
    }
  }
  return all;
}

}  // namespace mote::fuzz
