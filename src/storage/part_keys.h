// How a part finds a PRIMARY KEY.
//
// Keys that rise with the row need no structure but the first key of each block; where they rise by
// equal steps, not even the block is read. Others have a
// directory: a hash table in pages that are read through the cache. A key's hash names a page, a
// bucket in it, and 12 bits that are kept beside the row; rows whose bits agree are read and their
// keys compared, so that the directory may be wrong about one key in some hundred but never about
// the answer.
//
// A page: the end of each bucket as u32, counted in entries, then the entries: u32, row << 12 |
// fingerprint, in the order of rows in each bucket.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/memory_budget.h"
#include "base/status.h"
#include "storage/part_footer.h"
#include "types/chunk.h"
#include "types/schema.h"

namespace mote {

inline constexpr uint32_t kKeyBuckets = 256;
inline constexpr uint32_t kKeysPerPage = 4096;  // on average
inline constexpr uint32_t kFingerprintBits = 12;
static_assert(kMaxPartRows <= 1u << (32 - kFingerprintBits));

struct KeyPlace {
  uint32_t page;
  uint32_t bucket;
  uint32_t fingerprint;
};
KeyPlace key_place(std::string_view key, uint32_t page_count);

// Takes the keys of a part in the order of rows, and tells how they are to be found.
class KeyCollector {
 public:
  // Errors: kOutOfMemory.
  Status add(std::string_view key, uint32_t row, MemoryBudget& budget);
  bool empty() const { return count_ == 0; }
  // Sets order, bounds and fences. When that is kDirectory, gives the directory's pages.
  std::vector<std::string> finish(PartFooter* footer);

 private:
  void add_to_fence(std::string_view key, uint32_t row);
  std::vector<std::string> make_pages() const;

  uint64_t count_ = 0;
  bool rising_ = true;
  std::string last_;
  std::string least_;
  std::string greatest_;
  std::vector<KeyFence> fences_;  // while rising
  struct HashedRow {
    uint64_t hash;
    uint32_t row;
  };
  std::vector<HashedRow> rows_;
  MemoryCharge charge_;
};

// The key of a row of a chunk's columns, appended to `out`. False for a purged row, whose key
// columns are NULL.
Result<bool> key_of_row(const Schema& schema, const Column* const* columns, uint32_t row,
                        std::string* out);

// Appends the rows of a bucket whose fingerprint agrees. Errors: kCorruption.
Status candidates(std::string_view page, const KeyPlace& place, uint32_t row_count,
                  std::vector<uint32_t>* rows);

// The row of a key of eight bytes that is not below the fence's, by the fence alone; nothing when
// no row has it. Only for fences with spaced_rows.
std::optional<uint32_t> spaced_row(const KeyFence& fence, std::string_view key);
inline constexpr size_t kSpacedKeyBytes = 8;

// The key cut or filled with zeros, as fences hold it.
std::string fence_prefix(std::string_view key);

}  // namespace mote
