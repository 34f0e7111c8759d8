// ORDER BY, whole or the first rows of it.
//
// Rows are kept as they come and named by number; what is sorted is an entry of 16 bytes a row: a
// prefix of the first key whose order as a number is the key's, and the row. Runs are sorted while
// rows arrive and merged while rows are given, so no step takes long. With a limit, only rows that
// beat the worst of the best so far are kept, and the rest is thrown out whenever it has doubled.
#include <array>
#include <bit>
#include <cmath>
#include <optional>

#include "sql/exec/evaluator.h"
#include "sql/exec/operators.h"
#include "sql/exec/row_store.h"

namespace mote {

namespace {

constexpr uint32_t kRunRows = 8 * kChunkRows;
// Up to this limit the first rows are kept apart from the rest; above it all rows are sorted.
constexpr uint64_t kMaxKeptRows = kRunRows;

uint64_t ordered_bits(double value) {
  if (std::isnan(value)) return UINT64_MAX;
  const auto bits = std::bit_cast<uint64_t>(value == 0 ? 0.0 : value);
  return (bits >> 63) != 0 ? ~bits : bits | (1ull << 63);
}

// A number whose order is that of the values as far as it goes: a < b implies prefix <= prefix.
uint64_t key_prefix(const Column& column, uint32_t row) {
  switch (column.type().kind) {
    case TypeKind::kBoolean: return column.lane<bool>()[row] ? 1 : 0;
    case TypeKind::kInteger:
    case TypeKind::kTimestamp:
      return static_cast<uint64_t>(column.lane<int64_t>()[row]) ^ (1ull << 63);
    case TypeKind::kFloat4:
      return ordered_bits(static_cast<double>(column.lane<float>()[row]));
    case TypeKind::kFloat:
    case TypeKind::kPoint:
    case TypeKind::kPoint3d: return ordered_bits(column.lane<double>()[row]);
    case TypeKind::kText:
    case TypeKind::kBlob: {
      const std::string_view text = column.lane<std::string_view>()[row];
      uint64_t prefix = 0;
      for (size_t i = 0; i < 8; ++i) {
        prefix = prefix << 8 | (i < text.size() ? static_cast<uint8_t>(text[i]) : 0);
      }
      return prefix;
    }
    case TypeKind::kNull:
    case TypeKind::kInterval:
    case TypeKind::kVector: break;
  }
  return 0;
}

class Sort : public Operator {
 public:
  explicit Sort(const PlanNode& plan) : Operator(plan) {
    types_ = types_of(plan.outputs);
    column_count_ = static_cast<uint32_t>(types_.size());
    for (const SortKey& key : plan.sort_keys) {
      keys_.emplace_back(*key.expression);
      // A key that is a column is not kept twice.
      const std::optional<uint32_t> column = keys_.back().plain_column();
      key_columns_.push_back(column.value_or(static_cast<uint32_t>(types_.size())));
      if (!column.has_value()) types_.push_back(key.expression->type);
    }
  }

 protected:
  Status start() override {
    clear();
    for (Evaluator& key : keys_) MOTE_TRY(key.prepare(context()));
    MOTE_ASSIGN(const std::optional<uint64_t> limit,
                evaluate_count(plan().limit, context(), "LIMIT"));
    MOTE_ASSIGN(const std::optional<uint64_t> skipped,
                evaluate_count(plan().row_offset, context(), "OFFSET"));
    to_skip_ = skipped.value_or(0);
    limit_ = UINT64_MAX;
    if (limit.has_value() && *limit < UINT64_MAX - to_skip_) limit_ = *limit + to_skip_;
    rows_ = make_store();
    return {};
  }

  Result<bool> produce(Chunk& out) override {
    if (!read_all_) MOTE_TRY(read_all());
    picked_.clear();
    while (!merge_.empty() && picked_.size() < kChunkRows && given_ < limit_) {
      std::pop_heap(merge_.begin(), merge_.end(), behind_);
      Run& run = merge_.back();
      if (given_ >= to_skip_) picked_.push_back(entries_[run.at].row);
      ++run.at;
      ++given_;
      if (given_ % kChunkRows == 0) MOTE_TRY(context().check());
      if (run.at == run.end) {
        merge_.pop_back();
      } else {
        std::push_heap(merge_.begin(), merge_.end(), behind_);
      }
    }
    if (picked_.empty()) return false;
    out.columns().resize(column_count_);
    for (uint32_t c = 0; c < column_count_; ++c) rows_->gather(c, picked_, out.column(c));
    out.set_row_count(static_cast<uint32_t>(picked_.size()));
    return true;
  }

  void finish() override { clear(); }

 private:
  struct Entry {
    uint64_t prefix;
    uint32_t row;
  };
  struct Run {
    size_t at;
    size_t end;
  };
  struct Behind {  // heaps have the greatest first
    const Sort* sort;
    bool operator()(const Run& a, const Run& b) const {
      return sort->before(sort->entries_[b.at], sort->entries_[a.at]);
    }
  };

  std::shared_ptr<RowStore> make_store() {
    return std::make_shared<RowStore>(types_, *context().budget, "ORDER BY");
  }

  void clear() {
    rows_.reset();
    entries_ = {};
    merge_ = {};
    charge_.reset();
    run_begin_ = 0;
    given_ = 0;
    read_all_ = false;
    worst_.reset();
  }

  // The order of two rows by all keys.
  int compare(const Column& a_first, uint32_t a, const Column& b_first, uint32_t b,
              const SortKey& key) const {
    const bool a_null = a_first.is_null(a);
    const bool b_null = b_first.is_null(b);
    if (a_null || b_null) {
      if (a_null == b_null) return 0;
      return a_null == key.nulls_first ? -1 : 1;
    }
    const int order = a_first.compare_rows(a, b_first, b);
    return key.descending ? -order : order;
  }

  bool before(const Entry& a, const Entry& b) const {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    for (size_t k = 0; k < keys_.size(); ++k) {
      const int order = compare(rows_->column_of(a.row, key_columns_[k]), RowStore::place(a.row),
                                rows_->column_of(b.row, key_columns_[k]), RowStore::place(b.row),
                                plan().sort_keys[k]);
      if (order != 0) return order < 0;
    }
    return a.row < b.row;
  }

  uint64_t prefix_of(const Column& column, uint32_t row) const {
    const SortKey& key = plan().sort_keys[0];
    if (column.is_null(row)) return key.nulls_first ? 0 : UINT64_MAX;
    const uint64_t prefix = key_prefix(column, row);
    // The extremes are for NULL alone; what shares a prefix is compared by value.
    return std::clamp<uint64_t>(key.descending ? ~prefix : prefix, 1, UINT64_MAX - 1);
  }

  Status read_all() {
    read_all_ = true;
    if (limit_ == 0) return {};
    while (true) {
      MOTE_ASSIGN(const bool more, child().next(in_));
      if (!more) break;
      MOTE_TRY(add_rows());
    }
    if (run_begin_ < entries_.size()) end_run();
    behind_ = Behind{this};
    std::make_heap(merge_.begin(), merge_.end(), behind_);
    return {};
  }

  Status add_rows() {
    for (size_t k = 0; k < keys_.size(); ++k) {
      if (key_columns_[k] < column_count_) continue;
      MOTE_ASSIGN(const Column* const key, keys_[k].evaluate(in_));
      if (in_.column_count() <= key_columns_[k]) in_.columns().resize(key_columns_[k] + 1);
      in_.column(key_columns_[k]) = *key;
    }
    const Column* const first = keys_.empty() ? nullptr : &in_.column(key_columns_[0]);
    selection_.count = 0;
    const size_t entries_before = entries_.size();
    const uint32_t base = rows_->row_count();
    for (uint32_t i = 0; i < in_.row_count(); ++i) {
      const uint64_t prefix = first == nullptr ? 0 : prefix_of(*first, i);
      if (worst_.has_value() && !beats_worst(prefix, i)) continue;
      entries_.push_back({prefix, base + selection_.count});
      selection_.rows[selection_.count++] = static_cast<uint16_t>(i);
    }
    if (selection_.count == in_.row_count()) {
      MOTE_TRY(rows_->append(in_));
    } else {
      MOTE_TRY(rows_->append_selected(in_.columns(), {selection_.rows.data(), selection_.count}));
    }
    MOTE_TRY(charge_.grow(*context().budget, (entries_.size() - entries_before) * sizeof(Entry),
                          "ORDER BY"));
    in_.columns().resize(column_count_);
    if (limit_ > kMaxKeptRows) {
      if (entries_.size() - run_begin_ >= kRunRows) end_run();
      return {};
    }
    return entries_.size() > 2 * std::max<uint64_t>(limit_, kChunkRows) ? keep_best() : Status();
  }

  void end_run() {
    std::sort(entries_.begin() + static_cast<ptrdiff_t>(run_begin_), entries_.end(),
              [this](const Entry& a, const Entry& b) { return before(a, b); });
    merge_.push_back({run_begin_, entries_.size()});
    run_begin_ = entries_.size();
  }

  // A later row that is equal to the worst one is behind it.
  bool beats_worst(uint64_t prefix, uint32_t row) const {
    if (prefix != worst_->prefix) return prefix < worst_->prefix;
    for (size_t k = 0; k < keys_.size(); ++k) {
      const int order = compare(in_.column(key_columns_[k]), row,
                                rows_->column_of(worst_->row, key_columns_[k]),
                                RowStore::place(worst_->row), plan().sort_keys[k]);
      if (order != 0) return order < 0;
    }
    return false;
  }

  // Throws out all but the first limit_ rows.
  Status keep_best() {
    const auto less = [this](const Entry& a, const Entry& b) { return before(a, b); };
    const auto end = entries_.begin() + static_cast<ptrdiff_t>(limit_);
    std::nth_element(entries_.begin(), end - 1, entries_.end(), less);
    Entry worst = *(end - 1);
    entries_.resize(limit_);
    // In their old order, so that equal rows stay in the order in which they came.
    std::sort(entries_.begin(), entries_.end(),
              [](const Entry& a, const Entry& b) { return a.row < b.row; });
    std::shared_ptr<RowStore> kept = make_store();
    for (Entry& entry : entries_) {
      const uint32_t row = kept->row_count();
      MOTE_TRY(kept->append_row(*rows_, entry.row));
      if (entry.row == worst.row) worst_ = Entry{entry.prefix, row};
      entry.row = row;
    }
    rows_ = std::move(kept);
    charge_.reset();
    return charge_.grow(*context().budget, entries_.capacity() * sizeof(Entry), "ORDER BY");
  }

  std::vector<Evaluator> keys_;
  std::vector<uint32_t> key_columns_;  // where each key is in rows_
  std::vector<Type> types_;            // of rows_: the outputs, then keys that are no column
  uint32_t column_count_ = 0;
  uint64_t to_skip_ = 0;         // OFFSET
  uint64_t limit_ = UINT64_MAX;  // OFFSET included: the rows that are skipped are sorted too
  std::shared_ptr<RowStore> rows_;
  std::vector<Entry> entries_;
  size_t run_begin_ = 0;
  std::optional<Entry> worst_;  // with a limit: the last of the best so far
  std::vector<Run> merge_;      // sorted runs; a heap once all rows are there
  Behind behind_{nullptr};
  uint64_t given_ = 0;
  bool read_all_ = false;
  MemoryCharge charge_;
  Chunk in_;
  Selection selection_;
  std::vector<uint32_t> picked_;
};

}  // namespace

std::unique_ptr<Operator> make_sort(const PlanNode& plan) { return std::make_unique<Sort>(plan); }

}  // namespace mote
