// How a column part finds a key.
#include <algorithm>
#include <array>

#include "base/coding.h"
#include "storage/column_part_open.h"
#include "storage/key.h"
#include "storage/part_keys.h"

namespace mote {

namespace {

// What a search needs in passing. One a thread, so that a point read allocates nothing.
struct Scratch {
  std::array<Column, kMaxKeyColumns> columns;
  std::array<const Column*, kMaxKeyColumns> pointers;
  std::string key;
  std::vector<uint32_t> rows;

  Scratch() {
    for (size_t i = 0; i < columns.size(); ++i) pointers[i] = &columns[i];
  }
  // Lets go of dictionaries and pages of parts that may be on their way out.
  void release(size_t column_count) {
    for (size_t i = 0; i < column_count; ++i) columns[i].reset(columns[i].type());
  }
};

Scratch& scratch() {
  static thread_local Scratch one;
  return one;
}

}  // namespace

Status ColumnPart::find_key(std::string_view key, std::vector<RowId>* rows) const {
  MOTE_ASSIGN(const Open* const open, this->open());
  const PartFooter& footer = open->footer;
  if (footer.key_order == KeyOrder::kNone) return {};
  if (key < footer.least_key || key > footer.greatest_key) return {};
  Status status = footer.key_order == KeyOrder::kRising ? find_rising(*open, key, rows)
                                                        : find_in_directory(*open, key, rows);
  if (status.ok()) return status;
  return bad(std::move(status), "looking for a PRIMARY KEY");
}

// Compares the key of a row, which is not purged in an intact part, with `key`.
Result<bool> ColumnPart::row_has_key(const Open& open, uint32_t row, std::string_view key,
                                     int* order) const {
  Scratch& s = scratch();
  const std::vector<uint32_t>& positions = schema_->primary_key;
  for (size_t i = 0; i < positions.size(); ++i) {
    s.columns[i].reset(schema_->columns[positions[i]].type);
    MOTE_TRY(read_stored_row(open, row, positions[i], /*references=*/false, s.columns[i], 0));
  }
  s.key.clear();
  MOTE_ASSIGN(const bool there, key_of_row(*schema_, s.pointers.data(), 0, &s.key));
  s.release(positions.size());
  if (!there) return corruption("row %u has no key", row);
  *order = s.key.compare(key);
  return *order == 0;
}

Status ColumnPart::find_in_directory(const Open& open, std::string_view key,
                                     std::vector<RowId>* rows) const {
  const PartFooter& footer = open.footer;
  const KeyPlace place = key_place(key, static_cast<uint32_t>(footer.key_pages.size()));
  Scratch& s = scratch();
  s.rows.clear();
  {
    MOTE_ASSIGN(const BlockCache::Page page, this->page(open, footer.key_pages[place.page].extent,
                                                        footer.first_key_page + place.page));
    MOTE_TRY(candidates(*page, place, footer.row_count, &s.rows));
  }
  for (const uint32_t row : s.rows) {
    int order = 0;
    MOTE_ASSIGN(const bool found, row_has_key(open, row, key, &order));
    if (found) rows->push_back(definition_.base + row);
  }
  return {};
}

Status ColumnPart::find_rising(const Open& open, std::string_view key,
                               std::vector<RowId>* rows) const {
  const std::vector<KeyFence>& fences = open.footer.fences;
  char prefix_bytes[KeyFence::kPrefixBytes] = {};
  key.copy(prefix_bytes, sizeof prefix_bytes);
  const std::string_view prefix(prefix_bytes, sizeof prefix_bytes);
  // The block is the last whose first key is not above `key`: the last fence with a lesser prefix,
  // or one of those whose prefixes are equal.
  auto above = std::upper_bound(
      fences.begin(), fences.end(), prefix,
      [](std::string_view wanted, const KeyFence& fence) { return wanted < fence.prefix; });
  if (above != fences.begin() && (above - 1)->spaced_rows != 0 && key.size() == kSpacedKeyBytes) {
    // No key begins with another, so a prefix that holds all of a key is the key.
    const std::optional<uint32_t> row = spaced_row(*(above - 1), key);
    if (row.has_value()) rows->push_back(definition_.base + *row);
    return {};
  }
  auto equal = std::lower_bound(
      fences.begin(), above, prefix,
      [](const KeyFence& fence, std::string_view wanted) { return fence.prefix < wanted; });
  while (equal != above) {
    const auto middle = equal + (above - equal) / 2;
    int order = 0;
    MOTE_ASSIGN(const bool found, row_has_key(open, middle->row, key, &order));
    if (found) {
      rows->push_back(definition_.base + middle->row);
      return {};
    }
    if (order > 0) {
      above = middle;
    } else {
      equal = middle + 1;
    }
  }
  if (equal == fences.begin()) return {};
  return find_in_block(open, (equal - 1)->row / kChunkRows, key, rows);
}

// Keys rise in the block; purged rows between them are NULL.
Status ColumnPart::find_in_block(const Open& open, uint32_t block, std::string_view key,
                                 std::vector<RowId>* rows) const {
  Scratch& s = scratch();
  const std::vector<uint32_t>& positions = schema_->primary_key;
  for (size_t i = 0; i < positions.size(); ++i) {
    MOTE_TRY(read_stored(open, block, positions[i], /*references=*/false, s.columns[i]));
  }
  const BlockSpan span = this->block(block);
  uint32_t begin = 0;
  uint32_t end = span.row_count;
  while (begin < end) {
    uint32_t middle = begin + (end - begin) / 2;
    // The next row with a key, if there is one before `end`.
    uint32_t row = middle;
    bool there = false;
    for (; row < end && !there; row += there ? 0 : 1) {
      s.key.clear();
      MOTE_ASSIGN(there, key_of_row(*schema_, s.pointers.data(), row, &s.key));
    }
    const int order = there ? s.key.compare(key) : 1;
    if (order == 0) {
      rows->push_back(definition_.base + span.first + row);
      break;
    }
    if (order > 0) {
      end = middle;
    } else {
      begin = row + 1;
    }
  }
  s.release(positions.size());
  return {};
}

}  // namespace mote
