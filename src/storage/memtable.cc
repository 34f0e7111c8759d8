#include "storage/memtable.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

#include "base/check.h"
#include "base/coding.h"

namespace mote {

namespace {

constexpr uint32_t kFirstSegmentRows = 64;
constexpr uint32_t kLeastSegmentRows = 8;
constexpr size_t kAlignment = 64;

size_t row_bytes_of(Type type) {
  return static_cast<size_t>(lane_entry_bytes(lane_kind(type.kind))) * lane_count(type.kind);
}

bool may_lie_in_blob_file(Type type) {
  return type.is(TypeKind::kText) || type.is(TypeKind::kBlob);
}

size_t bitmap_words(uint32_t capacity) { return (capacity + 63) / 64; }

// Of the arrays of a row: its sequence and its lanes.
size_t row_bytes_of(const Schema& schema) {
  size_t size = sizeof(CommitSequence);
  for (const ColumnDefinition& column : schema.columns) size += row_bytes_of(column.type);
  return size;
}

uint32_t bitmaps_of(const Schema& schema) {
  uint32_t count = 0;
  for (const ColumnDefinition& column : schema.columns) {
    count += may_lie_in_blob_file(column.type) ? 2 : 1;
  }
  return count;
}

uint32_t largest_segment_rows(size_t row_bytes) {
  uint32_t rows = kChunkRows;
  while (rows > kLeastSegmentRows && rows * row_bytes > kSegmentBytes) rows /= 2;
  return rows;
}

// Bitmaps are read while later bits of the same word are set.
void set_bit(uint64_t* words, uint32_t row) {
  std::atomic_ref<uint64_t> word(words[row / 64]);
  word.store(word.load(std::memory_order_relaxed) | (1ull << (row % 64)),
             std::memory_order_relaxed);
}
uint64_t load_word(uint64_t* words, size_t word) {
  return std::atomic_ref<uint64_t>(words[word]).load(std::memory_order_relaxed);
}
bool test_bit(uint64_t* words, uint32_t row) {
  return ((load_word(words, row / 64) >> (row % 64)) & 1) != 0;
}

}  // namespace

// Arrays of `capacity` entries behind this header: the sequences, then for each column its lanes;
// then for each column the bitmap of its nulls and, for TEXT and BLOB, of its references.
struct MemtableRun::Segment {
  uint32_t capacity;
  char* arrays;
  uint64_t* bitmaps;
};

Memtable::Memtable(std::shared_ptr<MemtableArena> arena) : arena_(std::move(arena)) {}

Memtable::~Memtable() {
  runs_.clear();
  arena_->clear();
}

std::shared_ptr<MemtableRun> Memtable::add_run(std::shared_ptr<const Schema> schema, RowId base,
                                               std::shared_ptr<BlobStore> blobs) {
  runs_.push_back(std::make_unique<MemtableRun>(*this, std::move(schema), base, std::move(blobs)));
  return std::shared_ptr<MemtableRun>(shared_from_this(), runs_.back().get());
}

MemtableRun::MemtableRun(Memtable& memtable, std::shared_ptr<const Schema> schema, RowId base,
                         std::shared_ptr<BlobStore> blobs)
    : memtable_(memtable), schema_(std::move(schema)), base_(base), blobs_(std::move(blobs)) {
  lay_out();
}

void MemtableRun::lay_out() {
  row_bytes_ = sizeof(CommitSequence);
  for (const ColumnDefinition& column : schema_->columns) {
    ColumnLayout layout;
    layout.type = column.type;
    layout.lane_count = lane_count(column.type.kind);
    layout.entry_bytes = lane_entry_bytes(lane_kind(column.type.kind));
    layout.has_references = may_lie_in_blob_file(column.type);
    layout.row_bytes_before = row_bytes_;
    layout.bitmaps_before = bitmap_count_;
    layouts_.push_back(layout);
    row_bytes_ += row_bytes_of(column.type);
    bitmap_count_ += layout.has_references ? 2 : 1;
  }
  last_rows_ = largest_segment_rows(row_bytes_);
  first_rows_ = std::min(kFirstSegmentRows, last_rows_);
  growing_ = static_cast<uint32_t>(std::bit_width(last_rows_ / first_rows_)) - 1;
}

uint64_t MemtableRun::rows_before(uint32_t segment) const {
  if (segment <= growing_) return (static_cast<uint64_t>(first_rows_) << segment) - first_rows_;
  return rows_before(growing_) + static_cast<uint64_t>(last_rows_) * (segment - growing_);
}

uint32_t MemtableRun::capacity_of(uint32_t segment) const {
  return segment < growing_ ? first_rows_ << segment : last_rows_;
}

MemtableRun::Place MemtableRun::place_of(uint64_t row) const {
  const uint64_t growing_rows = last_rows_ - first_rows_;  // in the segments that grow
  if (row < growing_rows) {
    const auto segment = static_cast<uint32_t>(std::bit_width(row / first_rows_ + 1)) - 1;
    return {segment, static_cast<uint32_t>(row - rows_before(segment))};
  }
  row -= growing_rows;
  return {growing_ + static_cast<uint32_t>(row / last_rows_),
          static_cast<uint32_t>(row % last_rows_)};
}

namespace {
// Directory d lists `first << d` segments, so segment s is in the one where s + first gets its
// highest bit.
struct DirectoryPlace {
  uint32_t directory;
  uint32_t entry;
};
DirectoryPlace directory_place(uint32_t segment, uint32_t first) {
  const uint32_t shifted = segment + first;
  const auto directory = static_cast<uint32_t>(std::bit_width(shifted / first)) - 1;
  return {directory, shifted - (first << directory)};
}
}  // namespace

const MemtableRun::Segment& MemtableRun::segment_at(uint32_t segment) const {
  const DirectoryPlace place = directory_place(segment, kFirstDirectory);
  return *directories_[place.directory][place.entry];
}

MemtableRun::Segment* MemtableRun::segment_for_append(uint32_t segment) {
  const DirectoryPlace place = directory_place(segment, kFirstDirectory);
  MOTE_CHECK(place.directory < kDirectories);
  Segment**& directory = directories_[place.directory];
  MemtableArena& arena = memtable_.arena();
  if (directory == nullptr) {
    const size_t size =
        sizeof(Segment*) * (static_cast<size_t>(kFirstDirectory) << place.directory);
    directory = reinterpret_cast<Segment**>(arena.allocate(size, alignof(Segment*)));
    std::memset(static_cast<void*>(directory), 0, size);
  }
  Segment*& found = directory[place.entry];
  if (found != nullptr) return found;
  const uint32_t capacity = capacity_of(segment);
  const size_t bitmap_bytes = bitmap_words(capacity) * 8 * bitmap_count_;
  const size_t array_bytes = row_bytes_ * capacity;
  char* const room =
      arena.allocate(sizeof(Segment) + bitmap_bytes + array_bytes + kAlignment, alignof(Segment));
  char* bitmaps = room + sizeof(Segment);
  std::memset(bitmaps, 0, bitmap_bytes);
  char* arrays = bitmaps + bitmap_bytes;
  arrays += (0 - reinterpret_cast<uintptr_t>(arrays)) & (kAlignment - 1);
  found = new (room) Segment{capacity, arrays, reinterpret_cast<uint64_t*>(bitmaps)};
  return found;
}

char* MemtableRun::lanes_of(const Segment& segment, const ColumnLayout& layout) const {
  return segment.arrays + layout.row_bytes_before * segment.capacity;
}

// which: 0 for nulls, 1 for references.
uint64_t* MemtableRun::bitmap_of(const Segment& segment, const ColumnLayout& layout,
                                 uint32_t which) const {
  return segment.bitmaps + bitmap_words(segment.capacity) * (layout.bitmaps_before + which);
}

size_t MemtableRun::append_bytes(const Schema& schema, const Chunk& rows) {
  const size_t row_bytes = row_bytes_of(schema);
  const uint32_t bitmaps = bitmaps_of(schema);
  const uint32_t last_rows = largest_segment_rows(row_bytes);
  const uint32_t row_count = rows.row_count();
  // However full the last segment is, new ones hold less than the rows and one more segment.
  const size_t capacity = static_cast<size_t>(row_count) + last_rows;
  const size_t segments = capacity / last_rows + 6;
  size_t size = capacity * row_bytes + (capacity / 64 + segments) * sizeof(uint64_t) * bitmaps +
                segments * (sizeof(Segment) + 2 * kAlignment);
  size += sizeof(Segment*) * 2 * (segments + kFirstDirectory);
  for (const Column& column : rows.columns()) {
    if (lane_kind(column.type().kind) != LaneKind::kBytes) continue;
    const auto* const values = column.lane<std::string_view>();
    for (uint32_t row = 0; row < row_count; ++row) {
      size += std::max<size_t>(values[row].size(), BlobReference::kBytes);
    }
  }
  if (schema.primary_key.empty()) return size;
  size_t key_bytes = 0;
  for (const uint32_t position : schema.primary_key) {
    const Column& column = rows.column(position);
    if (lane_kind(column.type().kind) != LaneKind::kBytes) {
      key_bytes += row_count * sizeof(uint64_t);
      continue;
    }
    const auto* const values = column.lane<std::string_view>();
    for (uint32_t row = 0; row < row_count; ++row) key_bytes += values[row].size() * 2 + 2;
  }
  return size + key_bytes + key_bytes_bound(row_count);
}

Status MemtableRun::append(const Chunk& rows, std::span<const Column* const> references,
                           CommitSequence sequence) {
  const uint32_t row_count = rows.row_count();
  const bool keyed = !schema_->primary_key.empty();
  if (keyed) {
    MOTE_TRY(encode_keys(rows));
    make_key_room(rows);
  }
  const uint64_t first_row = appended_;
  for (uint32_t copied = 0; copied < row_count;) {
    const Place place = place_of(appended_);
    Segment& segment = *segment_for_append(place.segment);
    const uint32_t count = std::min(segment.capacity - place.row, row_count - copied);
    auto* const sequences = reinterpret_cast<CommitSequence*>(segment.arrays);
    std::fill_n(sequences + place.row, count, sequence);
    for (uint32_t c = 0; c < layouts_.size(); ++c) {
      const Column* const column_references = references.empty() ? nullptr : references[c];
      store_column(segment, c, place.row, rows.column(c), column_references, copied, count);
    }
    copied += count;
    appended_ += count;
  }
  if (!keyed) return {};
  uint32_t begin = 0;
  for (uint32_t i = 0; i < row_count; ++i) {
    const std::string_view key(key_bytes_.data() + begin, key_ends_[i] - begin);
    insert_key(key, static_cast<uint32_t>(first_row + i));
    begin = key_ends_[i];
  }
  return {};
}

void MemtableRun::publish() { row_count_.store(appended_, std::memory_order_release); }

void MemtableRun::store_column(Segment& segment, uint32_t column, uint32_t to, const Column& from,
                               const Column* references, uint32_t first, uint32_t count) {
  const ColumnLayout& layout = layouts_[column];
  if (lane_kind(layout.type.kind) == LaneKind::kBytes) {
    store_bytes(segment, column, to, from, references, first, count);
    return;
  }
  const size_t size = layout.entry_bytes;
  char* lanes = lanes_of(segment, layout);
  for (uint32_t lane = 0; lane < layout.lane_count; ++lane) {
    const char* const source = from.lane<char>(lane) + first * size;
    if (count == 1 && size == sizeof(uint64_t)) {
      std::memcpy(lanes + to * sizeof(uint64_t), source, sizeof(uint64_t));
    } else {
      std::memcpy(lanes + to * size, source, count * size);
    }
    lanes += segment.capacity * size;
  }
  if (from.validity().all_valid()) return;
  uint64_t* const nulls = bitmap_of(segment, layout, 0);
  for (uint32_t i = 0; i < count; ++i) {
    if (from.is_null(first + i)) set_bit(nulls, to + i);
  }
}

void MemtableRun::store_bytes(Segment& segment, uint32_t column, uint32_t to, const Column& from,
                              const Column* references, uint32_t first, uint32_t count) {
  const ColumnLayout& layout = layouts_[column];
  auto* const entries = reinterpret_cast<std::string_view*>(lanes_of(segment, layout)) + to;
  const auto* const values = from.lane<std::string_view>() + first;
  const auto is_reference = [&](uint32_t i) {
    return references != nullptr && !references->is_null(first + i);
  };
  size_t size = 0;
  for (uint32_t i = 0; i < count; ++i) {
    entries[i] = is_reference(i)           ? references->lane<std::string_view>()[first + i]
                 : from.is_null(first + i) ? std::string_view()
                                           : values[i];
    size += entries[i].size();
  }
  char* room = size == 0 ? nullptr : memtable_.arena().allocate(size, 1);
  for (uint32_t i = 0; i < count; ++i) {
    if (entries[i].empty()) {
      entries[i] = {};
      continue;
    }
    std::memcpy(room, entries[i].data(), entries[i].size());
    entries[i] = {room, entries[i].size()};
    room += entries[i].size();
  }
  for (uint32_t i = 0; i < count; ++i) {
    if (is_reference(i)) {
      set_bit(bitmap_of(segment, layout, 1), to + i);
    } else if (from.is_null(first + i)) {
      set_bit(bitmap_of(segment, layout, 0), to + i);
    }
  }
}

uint64_t MemtableRun::sequence_of(uint64_t row) const {
  const Place place = place_of(row);
  return reinterpret_cast<const CommitSequence*>(segment_at(place.segment).arrays)[place.row];
}

uint64_t MemtableRun::visible_rows(CommitSequence sequence) const {
  uint64_t end = row_count();
  if (end == 0 || sequence_of(end - 1) <= sequence) return end;
  uint64_t begin = 0;
  while (begin < end) {
    const uint64_t middle = begin + (end - begin) / 2;
    if (sequence_of(middle) <= sequence) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

uint32_t MemtableRun::block_count() const {
  const uint64_t rows = row_count();
  return rows == 0 ? 0 : place_of(rows - 1).segment + 1;
}

BlockSpan MemtableRun::block(uint32_t block) const {
  const uint64_t first = rows_before(block);
  const uint64_t rows = row_count();
  MOTE_CHECK(first < rows);
  return {static_cast<uint32_t>(first),
          static_cast<uint32_t>(std::min<uint64_t>(capacity_of(block), rows - first))};
}

uint32_t MemtableRun::block_of(RowId row) const { return place_of(row - base_).segment; }

Status MemtableRun::read_blob(std::string_view reference, Column& out, uint32_t to) const {
  MOTE_ASSIGN(const BlobReference parsed, BlobReference::deserialize(reference));
  char* const room = out.store_room(parsed.size_bytes);
  MOTE_TRY(blobs_->read(parsed, room));
  out.lane<std::string_view>()[to] = {room, parsed.size_bytes};
  return {};
}

Status MemtableRun::read_inline(uint32_t block, uint32_t column, Column& out) const {
  const uint32_t row_count = this->block(block).row_count;
  return read_some(block, column, row_count, /*blobs=*/false, out);
}

Status MemtableRun::read(uint32_t block, uint32_t column, Column& out) const {
  const uint32_t row_count = this->block(block).row_count;
  return read_some(block, column, row_count, /*blobs=*/true, out);
}

Status MemtableRun::read_some(uint32_t block, uint32_t column, uint32_t row_count, bool blobs,
                              Column& out) const {
  const ColumnLayout& layout = layouts_[column];
  const Segment& segment = segment_at(block);
  out.reset(layout.type);
  const char* lanes = lanes_of(segment, layout);
  for (uint32_t lane = 0; lane < layout.lane_count; ++lane) {
    std::memcpy(out.lane<char>(lane), lanes, static_cast<size_t>(row_count) * layout.entry_bytes);
    lanes += static_cast<size_t>(segment.capacity) * layout.entry_bytes;
  }
  uint64_t* const nulls = bitmap_of(segment, layout, 0);
  for (uint32_t w = 0; w * 64 < row_count; ++w) {
    const uint32_t rows = std::min(64u, row_count - w * 64);
    const uint64_t bits = load_word(nulls, w) & (rows == 64 ? ~0ull : (1ull << rows) - 1);
    if (bits != 0) out.validity().set_word(w, ~bits);
  }
  if (lane_kind(layout.type.kind) != LaneKind::kBytes) return {};
  out.keep_alive(memtable_.shared_from_this());
  if (!layout.has_references) return {};
  uint64_t* const references = bitmap_of(segment, layout, 1);
  for (uint32_t w = 0; w * 64 < row_count; ++w) {
    for (uint64_t bits = load_word(references, w); bits != 0; bits &= bits - 1) {
      const uint32_t row = w * 64 + static_cast<uint32_t>(std::countr_zero(bits));
      if (row >= row_count) break;
      if (blobs) {
        MOTE_TRY(read_blob(out.lane<std::string_view>()[row], out, row));
      } else {
        out.set_null(row);
      }
    }
  }
  return {};
}

Status MemtableRun::read_row(RowId row, uint32_t column, Column& out, uint32_t to) const {
  const ColumnLayout& layout = layouts_[column];
  const Place place = place_of(row - base_);
  const Segment& segment = segment_at(place.segment);
  const char* lanes = lanes_of(segment, layout);
  const size_t size = layout.entry_bytes;
  for (uint32_t lane = 0; lane < layout.lane_count; ++lane) {
    std::memcpy(out.lane<char>(lane) + to * size, lanes + place.row * size, size);
    lanes += segment.capacity * size;
  }
  if (test_bit(bitmap_of(segment, layout, 0), place.row)) {
    out.validity().set_null(to);
    return {};
  }
  out.validity().set_valid(to);
  if (lane_kind(layout.type.kind) != LaneKind::kBytes) return {};
  if (layout.has_references && test_bit(bitmap_of(segment, layout, 1), place.row)) {
    return read_blob(out.lane<std::string_view>()[to], out, to);
  }
  out.keep_alive(memtable_.shared_from_this());
  return {};
}

Status MemtableRun::read_references(uint32_t block, uint32_t column, Column& out) const {
  const ColumnLayout& layout = layouts_[column];
  const uint32_t row_count = this->block(block).row_count;
  const Segment& segment = segment_at(block);
  out.reset(Type::blob(), /*zeroed=*/true);
  out.validity().set_all_null();
  if (!layout.has_references) return {};
  out.keep_alive(memtable_.shared_from_this());
  const auto* const entries = reinterpret_cast<const std::string_view*>(lanes_of(segment, layout));
  uint64_t* const references = bitmap_of(segment, layout, 1);
  for (uint32_t row = 0; row < row_count; ++row) {
    if (!test_bit(references, row)) continue;
    out.validity().set_valid(row);
    out.lane<std::string_view>()[row] = entries[row];
  }
  return {};
}

}  // namespace mote
