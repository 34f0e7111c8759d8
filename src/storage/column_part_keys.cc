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

template <typename Visit>
Status ColumnPart::visit_key(std::string_view key, const Visit& visit) const {
  MOTE_ASSIGN(const std::shared_ptr<const Open> open, this->open());
  const PartFooter& footer = open->footer;
  if (footer.key_order == KeyOrder::kNone) return {};
  if (key < footer.least_key || key > footer.greatest_key) return {};
  if (footer.key_order == KeyOrder::kRising) {
    std::optional<uint32_t> row;
    MOTE_TRY(find_rising(*open, key, &row));
    if (row.has_value()) visit(*row);
    return {};
  }
  const KeyPlace place = key_place(key, static_cast<uint32_t>(footer.key_pages.size()));
  Scratch& s = scratch();
  s.rows.clear();
  {
    MOTE_ASSIGN(const BlockCache::Page page, this->page(footer.key_pages[place.page].extent,
                                                        footer.first_key_page + place.page));
    MOTE_TRY(candidates(*page, place, footer.row_count, &s.rows));
  }
  for (size_t i = s.rows.size(); i-- > 0;) {
    int order = 0;
    MOTE_ASSIGN(const bool found, row_has_key(*open, s.rows[i], key, &order));
    if (found && !visit(s.rows[i])) break;
  }
  return {};
}

Status ColumnPart::find_key(std::string_view key, std::vector<RowId>* rows) const {
  const auto begin = static_cast<int64_t>(rows->size());
  Status status = visit_key(key, [&](uint32_t row) {
    rows->push_back(definition_.base + row);
    return true;
  });
  if (!status.ok()) return bad(std::move(status), "looking for a PRIMARY KEY");
  std::reverse(rows->begin() + begin, rows->end());
  return {};
}

Result<std::optional<RowId>> ColumnPart::find_newest(std::string_view key,
                                                     uint64_t rows_end) const {
  std::optional<RowId> found;
  Status status = visit_key(key, [&](uint32_t row) {
    if (row >= rows_end) return true;
    found = definition_.base + row;
    return false;
  });
  if (!status.ok()) return bad(std::move(status), "looking for a PRIMARY KEY");
  return found;
}

Status ColumnPart::find_rising(const Open& open, std::string_view key,
                               std::optional<uint32_t>* row) const {
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
    *row = spaced_row(*(above - 1), key);
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
      *row = middle->row;
      return {};
    }
    if (order > 0) {
      above = middle;
    } else {
      equal = middle + 1;
    }
  }
  if (equal == fences.begin()) return {};
  return find_in_block(open, (equal - 1)->row / kChunkRows, key, row);
}

// Keys rise in the block; purged rows between them are NULL.
Status ColumnPart::find_in_block(const Open& open, uint32_t block, std::string_view key,
                                 std::optional<uint32_t>* found) const {
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
      *found = span.first + row;
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
