// Rows kept in memory: what joins, sorts and writes hold. Rows are appended and stay where they
// are, packed into full chunks, all charged to the query's budget.
//
// A store is held by shared_ptr, so that columns gathered from it may point to its bytes and keep
// it alive. Not thread-safe for writing.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/memory_budget.h"
#include "base/status.h"
#include "types/chunk.h"

namespace mote {

class RowStore : public std::enable_shared_from_this<RowStore> {
 public:
  static constexpr uint32_t kNoRow = UINT32_MAX;
  // Rows are named by 32 bits; the last name means none.
  static constexpr uint64_t kMaxRows = UINT32_MAX;

  // budget outlives this; purpose names the holder in errors.
  RowStore(std::span<const Type> types, MemoryBudget& budget, const char* purpose);

  // Copies the chunk's rows, bytes included. The chunk may have more columns than the store; those
  // are left out. Errors: kOutOfMemory, kLimit.
  Status append(const Chunk& rows) { return append(rows.columns(), rows.row_count()); }
  Status append(std::span<const Column> columns, uint32_t row_count);
  Status append_selected(std::span<const Column> columns, std::span<const uint16_t> rows);
  // Copies a row of another store of the same types.
  Status append_row(const RowStore& from, uint32_t row);

  // Forgets all rows and gives back their charge. One chunk's memory stays, for rows to come.
  void clear();
  // Charges rows to come to another budget; there must be none.
  void draw_on(MemoryBudget& budget) { budget_ = &budget; }

  uint32_t row_count() const { return row_count_; }
  uint32_t chunk_count() const { return static_cast<uint32_t>(chunks_.size()); }
  const Chunk& chunk(uint32_t position) const { return *chunks_[position]; }
  const Column& column_of(uint32_t row, uint32_t column) const {
    return chunks_[row / kChunkRows]->column(column);
  }
  static uint32_t place(uint32_t row) { return row % kChunkRows; }

  // Rows of a column to `out`, which is reset. kNoRow gives NULL. The bytes are shared and kept
  // alive.
  void gather(uint32_t column, std::span<const uint32_t> rows, Column& out) const;
  size_t memory_bytes() const { return charge_.size_bytes(); }

 private:
  Status make_room(uint64_t bytes);  // for one row at least, and `bytes` of text

  std::vector<Type> types_;
  MemoryBudget* budget_;
  const char* purpose_;
  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::unique_ptr<Chunk> spare_;
  uint32_t row_count_ = 0;
  size_t chunk_bytes_ = 0;  // lanes of one chunk
  MemoryCharge charge_;
};

// rows[i] of `from` to row i of `out`, which is reset; bytes shared. Rows may repeat.
void gather_rows(const Column& from, std::span<const uint16_t> rows, Column& out);
// The types of a plan node's outputs.
template <typename Outputs>
std::vector<Type> types_of(const Outputs& outputs) {
  std::vector<Type> types;
  types.reserve(outputs.size());
  for (const auto& output : outputs) types.push_back(output.type);
  return types;
}

// A hash table over the rows of a RowStore: gives equal keys the same number, counted from 0 in
// order of first appearance. NULL equals NULL here.
class KeyTable {
 public:
  KeyTable(std::span<const Type> types, MemoryBudget& budget, const char* purpose);

  // numbers[i] gets the number of row i's key, added when it is new. Errors: kOutOfMemory.
  Status find_or_add(const Chunk& keys, std::span<uint32_t> numbers);
  // The same without adding: RowStore::kNoRow for a key that is not there or that holds NULL.
  void find(const Chunk& keys, std::span<uint32_t> numbers) const;

  uint32_t key_count() const { return keys_->row_count(); }
  const RowStore& keys() const { return *keys_; }

 private:
  Status grow();
  // The slot that holds the key of a row, or the empty one where it belongs.
  size_t slot_of(const Chunk& keys, uint32_t row, uint64_t hash) const;

  std::shared_ptr<RowStore> keys_;
  std::vector<Type> types_;
  MemoryBudget* budget_;
  const char* purpose_;
  // The hash's upper half and the number + 1; zero when empty. A power of two of slots.
  std::vector<uint64_t> slots_;
  MemoryCharge charge_;
};

// hashes[i] of row i over all columns; equal keys have equal hashes.
void hash_rows(const Chunk& keys, std::span<uint64_t> hashes);

}  // namespace mote
