// A set of row ids: sorted containers of 65,536 ids each, an array while sparse and a bitmap while
// dense, after Roaring bitmaps (Lemire et al., 2016).
//
// Containers are shared between copies and copied when written, so a copy costs one pointer a
// container: a delete set gets a new version for each commit that deletes, and old snapshots keep
// theirs.
//
// Not thread-safe for writing; a const RowSet may be read by any number of threads.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/row_id.h"
#include "base/status.h"

namespace mote {

class RowSet {
 public:
  static constexpr uint32_t kContainerRows = 1u << 16;
  static constexpr uint32_t kMaxArray = 4096;  // at 4,096 ids array and bitmap are of one size

  // Returns true if the row was not there before.
  bool add(RowId row);
  // Adds rows in rising order, at the price of one changed container for each 2^16 of their span.
  void add_all(std::span<const RowId> rows);
  // Adds [first, last).
  void add_range(RowId first, RowId last);
  bool contains(RowId row) const;
  uint64_t size() const;
  bool empty() const { return containers_.empty(); }

  // How many rows of [first, last) are in the set.
  uint64_t count_range(RowId first, RowId last) const;
  // Clears, in `words` (bit i stands for row first + i, for row_count rows), the rows in the set.
  // Returns how many bits it cleared. first need not be aligned.
  uint32_t clear_rows(RowId first, uint32_t row_count, std::span<uint64_t> words) const;

  RowSet united_with(const RowSet& other) const;
  RowSet intersected_with(const RowSet& other) const;
  // The rows below `first` or not below `last` leave the set.
  void keep_range(RowId first, RowId last);

  // The rows in rising order.
  std::vector<RowId> to_vector() const;

  bool operator==(const RowSet& other) const;

  // A byte string for files; deserialize checks everything and rejects what serialize does not
  // write.
  void serialize(std::string* out) const;
  static Result<RowSet> deserialize(std::string_view bytes);

  size_t memory_bytes() const;

 private:
  struct Container {
    uint32_t count = 0;           // ids in it; > 0
    std::vector<uint16_t> array;  // sorted; used while count <= kMaxArray
    std::vector<uint64_t> bits;   // 1,024 words; used while count > kMaxArray
  };
  struct Slot {
    uint64_t high;  // row >> 16
    std::shared_ptr<const Container> container;
  };
  std::vector<Slot> containers_;  // sorted by high, none empty

  size_t lower_bound(uint64_t high) const;
};

}  // namespace mote
