#include "engine/table_view.h"

#include <algorithm>
#include <bit>

namespace mote {

TableView::TableView(const TableVersion& table, CommitSequence sequence,
                     std::shared_ptr<const RowRange> own_rows, const RowSet* own_deletes)
    : table_(&table),
      sequence_(sequence),
      own_rows_(std::move(own_rows)),
      own_deletes_(own_deletes) {}

uint32_t TableView::range_count() const {
  return static_cast<uint32_t>(table_->ranges.size()) + (own_rows_ != nullptr ? 1 : 0);
}

const RowRange& TableView::range(uint32_t i) const {
  return i < table_->ranges.size() ? *table_->ranges[i] : *own_rows_;
}

uint64_t TableView::visible_rows(uint32_t i) const {
  if (i < table_->runs.size() && table_->runs[i] != nullptr) {
    return table_->runs[i]->visible_rows(sequence_);
  }
  return range(i).row_count();
}

uint32_t TableView::visible_in_block(uint32_t i, uint32_t block, std::span<uint64_t> words) const {
  const BlockSpan span = range(i).block(block);
  const uint64_t end = visible_rows(i);
  const uint64_t in_snapshot = end > span.first ? end - span.first : 0;
  const auto row_count = static_cast<uint32_t>(std::min<uint64_t>(span.row_count, in_snapshot));
  for (uint32_t w = 0; w < Validity::kWords; ++w) {
    const uint32_t rows = row_count > w * 64 ? std::min(64u, row_count - w * 64) : 0;
    words[w] = rows == 64 ? ~0ull : (1ull << rows) - 1;
  }
  if (row_count == 0) return 0;
  const RowId first = range(i).base() + span.first;
  uint32_t cleared = 0;
  if (!table_->deletes->empty()) cleared += table_->deletes->clear_rows(first, row_count, words);
  if (own_deletes_ != nullptr && !own_deletes_->empty()) {
    cleared += own_deletes_->clear_rows(first, row_count, words);
  }
  return row_count - cleared;
}

bool TableView::is_visible(RowId row) const {
  const std::optional<uint32_t> i = range_of(row);
  if (!i.has_value() || row - range(*i).base() >= visible_rows(*i)) return false;
  if (own_deletes_ != nullptr && own_deletes_->contains(row)) return false;
  return !table_->deletes->contains(row);
}

std::optional<uint32_t> TableView::range_of(RowId row) const {
  if (own_rows_ != nullptr && row >= own_rows_->base()) {
    if (row - own_rows_->base() >= own_rows_->row_count()) return std::nullopt;
    return static_cast<uint32_t>(table_->ranges.size());
  }
  const auto behind =
      std::upper_bound(table_->ranges.begin(), table_->ranges.end(), row,
                       [](RowId id, const auto& range) { return id < range->base(); });
  if (behind == table_->ranges.begin()) return std::nullopt;
  const auto i = static_cast<uint32_t>(behind - table_->ranges.begin()) - 1;
  if (row - table_->ranges[i]->base() >= table_->ranges[i]->row_count()) return std::nullopt;
  return i;
}

Result<std::optional<RowId>> TableView::find_key(std::string_view key) const {
  // The newest rows first: they are in memory, and what is looked for is most often new.
  for (uint32_t i = range_count(); i-- > 0;) {
    MOTE_ASSIGN(const std::optional<RowId> row, range(i).find_newest(key, visible_rows(i)));
    if (!row.has_value()) continue;
    if (!table_->deletes->contains(*row) &&
        (own_deletes_ == nullptr || !own_deletes_->contains(*row))) {
      return row;
    }
  }
  return std::optional<RowId>();
}

uint64_t TableView::visible_row_count() const {
  uint64_t count = 0;
  for (uint32_t i = 0; i < range_count(); ++i) {
    const uint64_t rows = visible_rows(i);
    const RowId base = range(i).base();
    count += rows - table_->deletes->count_range(base, base + rows);
    if (own_deletes_ != nullptr) count -= own_deletes_->count_range(base, base + rows);
  }
  return count;
}

bool TableView::range_has_deletes(uint32_t i) const {
  const RowId base = range(i).base();
  const RowId end = base + visible_rows(i);
  if (!table_->deletes->empty() && table_->deletes->count_range(base, end) > 0) return true;
  return own_deletes_ != nullptr && own_deletes_->count_range(base, end) > 0;
}

}  // namespace mote
