// Columnar batches: what flows between operators, out of parts and into memtables.
//
// A Column holds up to kChunkRows values of one type in lanes (see LaneKind) and a validity bitmap.
// Lanes are shared between copies of a Column, so passing a column through a projection costs a
// pointer; who writes takes `reset`, which gives lanes of its own. Bytes that a kBytes lane points
// to live in the column's heap or in whatever `keep_alive` holds (a decoded block, another column's
// heap).
//
// Entries of null rows are zero (empty for bytes), so kernels may compute on them and results do
// not depend on leftovers. Not thread-safe for writing.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/limits.h"
#include "base/status.h"
#include "types/type.h"
#include "types/value.h"

namespace mote {

// One bit a row, set for a value, clear for NULL.
class Validity {
 public:
  static constexpr uint32_t kWords = kChunkRows / 64;
  bool all_valid() const { return all_valid_; }
  bool is_valid(uint32_t row) const {
    return all_valid_ || ((words_[row / 64] >> (row % 64)) & 1) != 0;
  }
  void set_null(uint32_t row) {
    if (all_valid_) {
      words_.fill(~0ull);
      all_valid_ = false;
    }
    words_[row / 64] &= ~(1ull << (row % 64));
  }
  void set_valid(uint32_t row) {
    if (!all_valid_) words_[row / 64] |= 1ull << (row % 64);
  }
  void set_all_valid() { all_valid_ = true; }
  void set_all_null() {
    words_.fill(0);
    all_valid_ = false;
  }
  // Valid here and there.
  void intersect(const Validity& other);
  uint32_t null_count(uint32_t row_count) const;
  // Word w of the bitmap; all ones where everything is valid.
  uint64_t word(uint32_t w) const { return all_valid_ ? ~0ull : words_[w]; }
  void set_word(uint32_t w, uint64_t bits) {
    if (all_valid_ && bits != ~0ull) {
      words_.fill(~0ull);
      all_valid_ = false;
    }
    if (!all_valid_) words_[w] = bits;
  }

 private:
  bool all_valid_ = true;
  std::array<uint64_t, kWords> words_;  // meaningful while !all_valid_
};

// Rows of a chunk by position, rising.
struct Selection {
  uint32_t count = 0;
  std::array<uint16_t, kChunkRows> rows;
};

class Column {
 public:
  Column() = default;
  explicit Column(Type type) { reset(type); }

  // An empty column of `type` with lanes of its own for kChunkRows rows, everything valid and zero
  // only when `zeroed`: a producer that writes every row need not pay for it.
  void reset(Type type, bool zeroed = false);

  const Type& type() const { return type_; }
  Validity& validity() { return validity_; }
  const Validity& validity() const { return validity_; }
  bool is_null(uint32_t row) const { return !validity_.is_valid(row); }

  // Lane `lane` as an array of kChunkRows entries. T is bool, int64_t, float, double or
  // std::string_view and must be the lane's kind. The writable form requires lanes of one's own.
  template <typename T>
  T* lane(uint32_t lane = 0) {
    return reinterpret_cast<T*>(lanes_[lane].get());
  }
  template <typename T>
  const T* lane(uint32_t lane = 0) const {
    return reinterpret_cast<const T*>(lanes_[lane].get());
  }

  // Lets lane `lane` be `entries`, shared with their owner and read only from here on.
  void borrow_lane(uint32_t lane, std::shared_ptr<char[]> entries);

  // Copies bytes into the column's heap; for writing a kBytes lane.
  std::string_view store(std::string_view bytes);
  // Uninitialised room of `size` bytes in the column's heap.
  char* store_room(size_t size);
  // Keeps `owner` alive as long as this column and its copies.
  void keep_alive(std::shared_ptr<const void> owner);
  // Takes over everything that keeps the bytes of `other` alive.
  void keep_alive_with(const Column& other);

  void set_null(uint32_t row);
  // value.type() must be type() or the value NULL.
  void set_value(uint32_t row, const Value& value);
  Value value(uint32_t row) const;
  // Copies one row; the bytes are shared when `other` is kept alive by this column, which is for
  // the caller to see to.
  void copy_row(uint32_t to, const Column& other, uint32_t from);
  // Rows [from, from + count) of `other` to [to, to + count) here, bytes copied into this heap.
  void copy_rows(uint32_t to, const Column& other, uint32_t from, uint32_t count);
  // A new column with the selected rows, sharing the bytes.
  Column selected(const Selection& selection) const;
  // Order of two rows as Value::compare has it, NULL first.
  int compare_rows(uint32_t row, const Column& other, uint32_t other_row) const;
  // Equal rows have equal hashes (-0 and 0, all NaNs and all NULLs too), whatever their columns.
  uint64_t hash_row(uint32_t row, uint64_t seed) const;

  // Bytes held: lanes, heap, not what is kept alive.
  size_t memory_bytes() const;

 private:
  Type type_;
  Validity validity_;
  std::array<std::shared_ptr<char[]>, kMaxLanes> lanes_;
  std::shared_ptr<Arena> heap_;                          // lazily made
  std::vector<std::shared_ptr<const void>> kept_alive_;  // few; without duplicates
};

// A batch of rows: columns of equal row count.
class Chunk {
 public:
  uint32_t row_count() const { return row_count_; }
  void set_row_count(uint32_t row_count) {
    MOTE_CHECK(row_count <= kChunkRows);
    row_count_ = row_count;
  }
  uint32_t column_count() const { return static_cast<uint32_t>(columns_.size()); }
  Column& column(uint32_t position) { return columns_[position]; }
  const Column& column(uint32_t position) const { return columns_[position]; }
  std::vector<Column>& columns() { return columns_; }
  const std::vector<Column>& columns() const { return columns_; }

  // No rows; one fresh column a type.
  void reset(std::span<const Type> types);
  // Keeps only the selected rows.
  void keep(const Selection& selection);
  void clear() {
    columns_.clear();
    row_count_ = 0;
  }
  size_t memory_bytes() const;

 private:
  std::vector<Column> columns_;
  uint32_t row_count_ = 0;
};

}  // namespace mote
