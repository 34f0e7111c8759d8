// The end of a column part: where everything else stands and what its checksums are. Not for use
// outside this layer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "column/encoding.h"
#include "types/schema.h"
#include "types/type.h"

namespace mote {

inline constexpr uint64_t kPartMagic = 0x747261706574'6f6dull;  // "motepart"
inline constexpr uint32_t kPartHeaderBytes = 32;   // magic, version, zero, database id, file number
inline constexpr uint32_t kPartTrailerBytes = 32;  // footer's offset, size, checksum; magic
inline constexpr size_t kLeastPageBytes = 16 * 1024;
inline constexpr size_t kFullPageBytes = 64 * 1024;  // only one block alone may make a page larger

// Bytes that are read and checked at once.
struct Extent {
  uint64_t offset = 0;
  uint32_t size_bytes = 0;
  uint64_t checksum = 0;
};

// Some blocks of one column: the end of each within the page, as u32, then their bytes. In the key
// directory: see part_keys.h.
struct Page {
  Extent extent;
  uint32_t first_block = 0;
};

struct StoredColumn {
  std::string encoding_names;
  Extent prelude;
  std::vector<Page> pages;
  uint32_t first_page = 0;  // the first page's number in the file, its name in the cache
  uint64_t size_bytes() const;
};

struct FooterColumn {
  Type type;
  StoredColumn values;
  ColumnStats stats;                       // of all rows
  Extent block_stats;                      // the serialized stats of each block
  std::optional<StoredColumn> references;  // when a value lies in a blob file
};

enum class KeyOrder : uint8_t {
  kNone = 0,       // no PRIMARY KEY, or no row with one
  kRising = 1,     // each key is above the one before, so that the rows are searched
  kDirectory = 2,  // keys are found by the directory
};

// The first key of a block. Blocks that hold only purged rows have none.
struct KeyFence {
  static constexpr size_t kPrefixBytes = 16;
  uint32_t row = 0;
  std::string prefix;  // the key, cut or filled with zeros to kPrefixBytes
  // When all rows of the block, from `row` on without a gap, have keys of eight bytes that are at
  // equal distances as numbers, as serial numbers and sampling times at a fixed rate are: how many
  // rows and what distance. Then a key gives its row without reading any. Else 0.
  uint32_t spaced_rows = 0;
  uint64_t distance = 0;
};

struct PartFooter {
  uint32_t row_count = 0;
  std::vector<FooterColumn> columns;
  std::vector<uint32_t> blob_files;  // rising
  KeyOrder key_order = KeyOrder::kNone;
  std::string least_key;
  std::string greatest_key;
  std::vector<KeyFence> fences;  // of rising keys
  std::vector<Page> key_pages;   // of the directory; first_block is not used
  uint32_t first_key_page = 0;
  uint32_t page_count = 0;  // of all columns and the directory

  uint32_t block_count() const { return (row_count + kChunkRows - 1) / kChunkRows; }
  size_t memory_bytes() const;
  void serialize(std::string* out) const;
  // Checks everything against the file's size and the schema. Errors: kCorruption.
  static Result<PartFooter> deserialize(std::string_view bytes, const Schema& schema,
                                        uint64_t footer_offset);
};

// Corrects the stats of a block's inline values, in which values that lie in blob files are NULL:
// those are no NULLs, and bounds that do not know them are none.
void count_references(uint32_t reference_count, ColumnStats* stats);

// What checksums of a place in a part start from, so that bytes of another place, file or database
// do not verify.
uint64_t part_seed(uint64_t database_id, uint64_t file, uint64_t offset);

}  // namespace mote
