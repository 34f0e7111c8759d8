#include "sql/exec/row_store.h"

#include <algorithm>

#include "base/checksum.h"

namespace mote {

namespace {

struct Wide {  // an entry of a kBytes lane, copied as it is
  uint64_t words[2];
};
static_assert(sizeof(Wide) == sizeof(std::string_view));

uint64_t bytes_of(const Column& column, uint32_t from, uint32_t count) {
  if (lane_kind(column.type().kind) != LaneKind::kBytes) return 0;
  const auto* const values = column.lane<std::string_view>();
  uint64_t size = 0;
  for (uint32_t i = 0; i < count; ++i) size += values[from + i].size();
  return size;
}

template <typename T>
void gather_lane(const Column& from, uint32_t lane, std::span<const uint16_t> rows, Column& out) {
  const auto* const source = reinterpret_cast<const T*>(from.lane<char>(lane));
  auto* const target = reinterpret_cast<T*>(out.lane<char>(lane));
  for (size_t i = 0; i < rows.size(); ++i) target[i] = source[rows[i]];
}

}  // namespace

void gather_rows(const Column& from, std::span<const uint16_t> rows, Column& out) {
  const TypeKind kind = from.type().kind;
  out.reset(from.type());
  for (uint32_t lane = 0; lane < lane_count(kind); ++lane) {
    switch (lane_entry_bytes(lane_kind(kind))) {
      case 1: gather_lane<uint8_t>(from, lane, rows, out); break;
      case 4: gather_lane<uint32_t>(from, lane, rows, out); break;
      case 8: gather_lane<uint64_t>(from, lane, rows, out); break;
      default: gather_lane<Wide>(from, lane, rows, out); break;
    }
  }
  if (!from.validity().all_valid()) {
    for (size_t i = 0; i < rows.size(); ++i) {
      if (from.is_null(rows[i])) out.validity().set_null(static_cast<uint32_t>(i));
    }
  }
  out.keep_alive_with(from);
}

RowStore::RowStore(std::span<const Type> types, MemoryBudget& budget, const char* purpose)
    : types_(types.begin(), types.end()), budget_(&budget), purpose_(purpose) {
  for (const Type& type : types_) {
    chunk_bytes_ += static_cast<size_t>(lane_count(type.kind)) *
                    lane_entry_bytes(lane_kind(type.kind)) * kChunkRows;
  }
}

Status RowStore::make_room(uint64_t bytes) {
  const bool full = row_count_ == chunks_.size() * kChunkRows;
  if (full && row_count_ >= kMaxRows - kChunkRows) {
    return limit_exceeded("a %s can hold no more than %llu rows", purpose_,
                          static_cast<unsigned long long>(kMaxRows - kChunkRows));
  }
  const size_t size = bytes + (full ? chunk_bytes_ + sizeof(Column) * types_.size() : 0);
  if (size != 0) MOTE_TRY(charge_.grow(*budget_, size, purpose_));
  if (full) {
    chunks_.push_back(spare_ != nullptr ? std::move(spare_) : std::make_unique<Chunk>());
    chunks_.back()->reset(types_);
  }
  return {};
}

void RowStore::clear() {
  // A chunk whose texts took much is not worth keeping.
  constexpr size_t kKeptBytes = 256u << 10;
  if (!chunks_.empty() && chunks_[0]->memory_bytes() <= kKeptBytes) spare_ = std::move(chunks_[0]);
  chunks_.clear();
  row_count_ = 0;
  charge_.reset();
}

Status RowStore::append(std::span<const Column> columns, uint32_t row_count) {
  uint32_t from = 0;
  while (from < row_count) {
    const uint32_t at = row_count_ % kChunkRows;
    const uint32_t count = std::min(row_count - from, kChunkRows - at);
    uint64_t bytes = 0;
    for (size_t c = 0; c < types_.size(); ++c) bytes += bytes_of(columns[c], from, count);
    MOTE_TRY(make_room(bytes));
    Chunk& chunk = *chunks_.back();
    for (size_t c = 0; c < types_.size(); ++c) {
      chunk.column(static_cast<uint32_t>(c)).copy_rows(at, columns[c], from, count);
    }
    chunk.set_row_count(at + count);
    row_count_ += count;
    from += count;
  }
  return {};
}

Status RowStore::append_selected(std::span<const Column> columns, std::span<const uint16_t> rows) {
  for (const uint16_t row : rows) {
    uint64_t bytes = 0;
    for (size_t c = 0; c < types_.size(); ++c) bytes += bytes_of(columns[c], row, 1);
    MOTE_TRY(make_room(bytes));
    Chunk& chunk = *chunks_.back();
    const uint32_t at = row_count_ % kChunkRows;
    for (size_t c = 0; c < types_.size(); ++c) {
      chunk.column(static_cast<uint32_t>(c)).copy_rows(at, columns[c], row, 1);
    }
    chunk.set_row_count(at + 1);
    ++row_count_;
  }
  return {};
}

Status RowStore::append_row(const RowStore& from, uint32_t row) {
  const auto at = static_cast<uint16_t>(place(row));
  return append_selected(from.chunks_[row / kChunkRows]->columns(), {&at, 1});
}

namespace {

template <typename T>
void gather_stored(std::span<const std::unique_ptr<Chunk>> chunks, uint32_t column, uint32_t lane,
                   std::span<const uint32_t> rows, Column& out) {
  auto* const target = reinterpret_cast<T*>(out.lane<char>(lane));
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] == RowStore::kNoRow) {
      target[i] = T{};
      continue;
    }
    const Column& source = chunks[rows[i] / kChunkRows]->column(column);
    target[i] = reinterpret_cast<const T*>(source.lane<char>(lane))[rows[i] % kChunkRows];
  }
}

}  // namespace

void RowStore::gather(uint32_t column, std::span<const uint32_t> rows, Column& out) const {
  const TypeKind kind = types_[column].kind;
  out.reset(types_[column]);
  for (uint32_t lane = 0; lane < lane_count(kind); ++lane) {
    switch (lane_entry_bytes(lane_kind(kind))) {
      case 1: gather_stored<uint8_t>(chunks_, column, lane, rows, out); break;
      case 4: gather_stored<uint32_t>(chunks_, column, lane, rows, out); break;
      case 8: gather_stored<uint64_t>(chunks_, column, lane, rows, out); break;
      default: gather_stored<Wide>(chunks_, column, lane, rows, out); break;
    }
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] == kNoRow || column_of(rows[i], column).is_null(place(rows[i]))) {
      out.validity().set_null(static_cast<uint32_t>(i));
    }
  }
  if (lane_kind(kind) == LaneKind::kBytes) out.keep_alive(shared_from_this());
}

void hash_rows(const Chunk& keys, std::span<uint64_t> hashes) {
  std::fill(hashes.begin(), hashes.end(), 0);
  for (const Column& column : keys.columns()) {
    const TypeKind kind = column.type().kind;
    if (column.validity().all_valid() &&
        (kind == TypeKind::kInteger || kind == TypeKind::kTimestamp)) {
      const auto* const values = column.lane<int64_t>();
      size_t row = 0;
      for (uint64_t& hash : hashes) hash = mix64(hash ^ static_cast<uint64_t>(values[row++]));
    } else {
      for (uint32_t i = 0; i < hashes.size(); ++i) hashes[i] = column.hash_row(i, hashes[i]);
    }
  }
}

KeyTable::KeyTable(std::span<const Type> types, MemoryBudget& budget, const char* purpose)
    : keys_(std::make_shared<RowStore>(types, budget, purpose)),
      types_(types.begin(), types.end()),
      budget_(&budget),
      purpose_(purpose) {}

Status KeyTable::grow() {
  const size_t size = slots_.empty() ? 1024 : slots_.size() * 2;
  MOTE_TRY(charge_.grow(*budget_, (size - slots_.size()) * sizeof(uint64_t), purpose_));
  std::vector<uint64_t> old(size, 0);
  old.swap(slots_);
  // The upper half of the hash names the slot, so the keys need not be hashed again.
  for (const uint64_t slot : old) {
    if (slot == 0) continue;
    size_t at = (slot >> 32) & (size - 1);
    while (slots_[at] != 0) at = (at + 1) & (size - 1);
    slots_[at] = slot;
  }
  return {};
}

size_t KeyTable::slot_of(const Chunk& keys, uint32_t row, uint64_t hash) const {
  const size_t mask = slots_.size() - 1;
  for (size_t at = (hash >> 32) & mask;; at = (at + 1) & mask) {
    const uint64_t slot = slots_[at];
    if (slot == 0) return at;
    if ((slot >> 32) != (hash >> 32)) continue;
    const auto number = static_cast<uint32_t>(slot) - 1;
    bool equal = true;
    for (uint32_t c = 0; equal && c < types_.size(); ++c) {
      equal = keys.column(c).compare_rows(row, keys_->column_of(number, c),
                                          RowStore::place(number)) == 0;
    }
    if (equal) return at;
  }
}

namespace {

template <typename T>
void compare_lane(const RowStore& keys, uint32_t position, const Column& rows,
                  std::span<const uint32_t> numbers, bool* equal) {
  const T* const values = rows.lane<T>();
  // The first chunk has the keys of nearly all rows where there are few keys.
  const Column& first = keys.chunk(0).column(position);
  const uint32_t plain_end = first.validity().all_valid() ? kChunkRows : 0;
  const T* const first_values = first.lane<T>();
  const uint32_t* const known = numbers.data();
  for (size_t i = 0; i < numbers.size(); ++i) {
    const uint32_t number = known[i];
    if (number < plain_end) {
      equal[i] = equal[i] && values[i] == first_values[number];
    } else if (number != RowStore::kNoRow) {
      const Column& column = keys.column_of(number, position);
      const uint32_t at = RowStore::place(number);
      equal[i] = equal[i] && !column.is_null(at) && values[i] == column.lane<T>()[at];
    }
  }
}

// Clears equal[i] where key numbers[i] has another value in a column than row i.
void compare_column(const RowStore& stored, uint32_t position, const Column& rows,
                    std::span<const uint32_t> numbers, bool* equal) {
  const TypeKind kind = rows.type().kind;
  const bool all_valid = rows.validity().all_valid();
  if (all_valid && (kind == TypeKind::kInteger || kind == TypeKind::kTimestamp)) {
    compare_lane<int64_t>(stored, position, rows, numbers, equal);
  } else if (all_valid && lane_kind(kind) == LaneKind::kBytes) {
    compare_lane<std::string_view>(stored, position, rows, numbers, equal);
  } else {
    for (uint32_t i = 0; i < numbers.size(); ++i) {
      if (numbers[i] == RowStore::kNoRow || !equal[i]) continue;
      equal[i] = rows.compare_rows(i, stored.column_of(numbers[i], position),
                                   RowStore::place(numbers[i])) == 0;
    }
  }
}

// numbers[i] becomes the first key whose hash meets row i's, kNoRow where none does, and `open` the
// rows that have another key. Column by column, so that no row asks for the types anew.
void guess(std::span<const uint64_t> slots, const RowStore& stored, uint32_t width,
           const Chunk& keys, const uint64_t* hashes, std::span<uint32_t> numbers,
           Selection* open) {
  const size_t mask = slots.size() - 1;
  const uint64_t* const slot_at = slots.data();
  std::array<bool, kChunkRows> equal;
  uint32_t row = 0;
  for (uint32_t& number : numbers) {
    const uint64_t half = hashes[row] >> 32;
    size_t at = half & mask;
    while (slot_at[at] != 0 && (slot_at[at] >> 32) != half) at = (at + 1) & mask;
    number = static_cast<uint32_t>(slot_at[at]) - 1;  // an empty slot is kNoRow
    equal.data()[row++] = number != RowStore::kNoRow;
  }
  for (uint32_t c = 0; c < width && stored.row_count() > 0; ++c) {
    compare_column(stored, c, keys.column(c), numbers, equal.data());
  }
  open->count = 0;
  for (uint32_t i = 0; i < row; ++i) {
    if (!equal.data()[i]) open->rows[open->count++] = static_cast<uint16_t>(i);
  }
}

}  // namespace

Status KeyTable::find_or_add(const Chunk& keys, std::span<uint32_t> numbers) {
  std::array<uint64_t, kChunkRows> hashes;
  hash_rows(keys, std::span(hashes).first(numbers.size()));
  if (slots_.empty()) MOTE_TRY(grow());
  Selection open;
  guess(slots_, *keys_, static_cast<uint32_t>(types_.size()), keys, hashes.data(), numbers, &open);
  for (const uint16_t i : std::span(open.rows).first(open.count)) {
    // At most three of five slots are taken, so chains stay short.
    if ((key_count() + 1) * 5ull > slots_.size() * 3ull) MOTE_TRY(grow());
    const size_t at = slot_of(keys, i, hashes[i]);
    if (slots_[at] == 0) {
      const auto row = static_cast<uint16_t>(i);
      MOTE_TRY(keys_->append_selected(keys.columns(), {&row, 1}));
      slots_[at] = (hashes[i] >> 32 << 32) | key_count();
    }
    numbers[i] = static_cast<uint32_t>(slots_[at]) - 1;
  }
  return {};
}

void KeyTable::find(const Chunk& keys, std::span<uint32_t> numbers) const {
  std::array<uint64_t, kChunkRows> hashes;
  if (slots_.empty()) {
    std::fill(numbers.begin(), numbers.end(), RowStore::kNoRow);
    return;
  }
  hash_rows(keys, std::span(hashes).first(numbers.size()));
  Selection open;
  guess(slots_, *keys_, static_cast<uint32_t>(types_.size()), keys, hashes.data(), numbers, &open);
  for (const uint16_t i : std::span(open.rows).first(open.count)) {
    if (numbers[i] == RowStore::kNoRow) continue;
    numbers[i] = static_cast<uint32_t>(slots_[slot_of(keys, i, hashes[i])]) - 1;
  }
  for (const Column& column : keys.columns()) {
    if (column.validity().all_valid()) continue;
    for (uint32_t i = 0; i < numbers.size(); ++i) {
      if (column.is_null(i)) numbers[i] = RowStore::kNoRow;
    }
  }
}

}  // namespace mote
