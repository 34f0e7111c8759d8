// Reading tables: scan, lookup by PRIMARY KEY, fetch by row id.
//
// A scan goes block by block. Blocks that statistics exclude are passed over; of the others the
// columns of the condition are decoded first, and the remaining columns only when rows survive.
// Values of a few surviving rows are read one by one, so that a selective question over camera
// frames does not read the frames of the whole block.
#include <array>
#include <bit>
#include <optional>

#include "sql/exec/evaluator.h"
#include "sql/exec/operators.h"
#include "sql/exec/prune.h"
#include "sql/exec/row_store.h"
#include "storage/key.h"

namespace mote {

namespace {

// Up to so many rows of a block are read one by one rather than by decoding all of it.
constexpr uint32_t kFewRows = 8;
// The same for columns of bytes, whose rows may be large.
constexpr uint32_t kFewWideRows = 64;

bool is_wide(const Type& type) { return lane_kind(type.kind) == LaneKind::kBytes; }

class Scan : public Operator {
 public:
  explicit Scan(const PlanNode& plan) : Operator(plan), pruner_(plan) {
    if (plan.condition != nullptr) condition_.emplace(*plan.condition);
    for (uint32_t i = 0; i < plan.columns.size(); ++i) {
      wide_ = wide_ || is_wide(plan.outputs[i].type);
      const bool early =
          condition_.has_value() && std::binary_search(condition_->used_columns().begin(),
                                                       condition_->used_columns().end(), i);
      (early ? early_ : late_).push_back(i);
    }
  }

 protected:
  Status start() override {
    range_ = 0;
    block_ = 0;
    range_checked_ = false;
    if (condition_.has_value()) MOTE_TRY(condition_->prepare(context()));
    MOTE_TRY(pruner_.prepare(context()));
    MOTE_ASSIGN(TableView view, context().transaction->table(plan().table));
    view_.emplace(std::move(view));
    return {};
  }

  Result<bool> produce(Chunk& out) override {
    charge_.reset();
    out.columns().resize(plan().columns.size());
    if (pruner_.excludes_everything()) return false;
    for (; range_ < view_->range_count(); ++range_, block_ = 0, range_checked_ = false) {
      const RowRange& range = view_->range(range_);
      const uint64_t visible_rows = view_->visible_rows(range_);
      if (!range_checked_) {
        range_checked_ = true;
        MOTE_ASSIGN(const bool excluded, pruner_.excludes_range(range));
        if (excluded) continue;
      }
      while (block_ < range.block_count() && range.block(block_).first < visible_rows) {
        MOTE_TRY(context().check());
        MOTE_ASSIGN(const bool found, read_block(range, block_++, out));
        if (found) return true;
      }
    }
    return false;
  }

  void finish() override {
    view_.reset();
    charge_.reset();
  }

 private:
  Result<bool> read_block(const RowRange& range, uint32_t block, Chunk& out) {
    MOTE_ASSIGN(const bool excluded, pruner_.excludes_block(range, block));
    if (excluded) return false;
    const BlockSpan span = range.block(block);
    std::array<uint64_t, Validity::kWords> visible;
    const uint32_t count = view_->visible_in_block(range_, block, visible);
    if (count == 0) return false;
    select_bits(visible, span.row_count, &rows_);
    MOTE_CHECK(rows_.count == count);

    out.set_row_count(count);
    MOTE_TRY(read_columns(range, block, early_, out));
    if (condition_.has_value()) {
      MOTE_TRY(condition_->select(out, &kept_));
      if (kept_.count == 0) return false;
      if (kept_.count < count) {
        for (const uint32_t position : early_) {
          out.column(position) = out.column(position).selected(kept_);
        }
        for (uint32_t i = 0; i < kept_.count; ++i) rows_.rows[i] = rows_.rows[kept_.rows[i]];
        rows_.count = kept_.count;
        out.set_row_count(kept_.count);
      }
    }
    MOTE_TRY(read_columns(range, block, late_, out));
    if (wide_) MOTE_TRY(charge_.grow(*context().budget, out.memory_bytes(), "scan"));
    return true;
  }

  static void select_bits(std::span<const uint64_t> words, uint32_t row_count, Selection* rows) {
    rows->count = 0;
    for (uint32_t w = 0; w * 64 < row_count; ++w) {
      for (uint64_t bits = words[w]; bits != 0; bits &= bits - 1) {
        const uint32_t row = w * 64 + static_cast<uint32_t>(std::countr_zero(bits));
        if (row >= row_count) break;
        rows->rows[rows->count++] = static_cast<uint16_t>(row);
      }
    }
  }

  // The rows of rows_ of some columns.
  Status read_columns(const RowRange& range, uint32_t block, std::span<const uint32_t> positions,
                      Chunk& out) {
    const BlockSpan span = range.block(block);
    for (const uint32_t position : positions) {
      Column& column = out.column(position);
      const Type type = plan().outputs[position].type;
      const uint32_t source = plan().columns[position];
      if (source == kRowIdColumn) {
        column.reset(Type::integer());
        const auto base = static_cast<int64_t>(range.base() + span.first);
        for (uint32_t i = 0; i < rows_.count; ++i) {
          column.lane<int64_t>()[i] = base + rows_.rows[i];
        }
      } else if (rows_.count <= (is_wide(type) ? kFewWideRows : kFewRows) &&
                 rows_.count * 4 <= span.row_count) {
        column.reset(type);
        for (uint32_t i = 0; i < rows_.count; ++i) {
          MOTE_TRY(range.read_row(range.base() + span.first + rows_.rows[i], source, column, i));
        }
      } else if (rows_.count == span.row_count) {
        MOTE_TRY(range.read(block, source, column));
      } else {
        MOTE_TRY(range.read(block, source, decoded_));
        gather_rows(decoded_, {rows_.rows.data(), rows_.count}, column);
      }
    }
    return {};
  }

  std::optional<Evaluator> condition_;
  Pruner pruner_;
  std::vector<uint32_t> early_;  // outputs that the condition uses
  std::vector<uint32_t> late_;   // the others
  bool wide_ = false;            // an output holds bytes, which are charged chunk by chunk
  std::optional<TableView> view_;
  uint32_t range_ = 0;
  uint32_t block_ = 0;
  bool range_checked_ = false;
  Selection rows_;  // of the block
  Selection kept_;  // of rows_
  Column decoded_;
  MemoryCharge charge_;
};

// Reads a row that a range of the view has, to row `to` of the chunk from column `first` on.
Status read_table_row(const TableView& view, uint32_t range, RowId row, const PlanNode& plan,
                      uint32_t first, Chunk& out, uint32_t to) {
  for (uint32_t i = 0; i < plan.columns.size(); ++i) {
    Column& column = out.column(first + i);
    if (plan.columns[i] == kRowIdColumn) {
      column.lane<int64_t>()[to] = static_cast<int64_t>(row);
    } else {
      MOTE_TRY(view.range(range).read_row(row, plan.columns[i], column, to));
    }
  }
  return {};
}

class KeyLookup : public Operator {
 public:
  explicit KeyLookup(const PlanNode& plan) : Operator(plan), values_(plan.key.size()) {
    types_ = types_of(plan.outputs);
    if (plan.condition != nullptr) condition_.emplace(*plan.condition);
  }

 protected:
  Status start() override {
    done_ = false;
    for (size_t i = 0; i < values_.size(); ++i) {
      MOTE_ASSIGN(values_[i], evaluate_once(*plan().key[i], context()));
      done_ = done_ || values_[i].is_null();
    }
    if (condition_.has_value()) MOTE_TRY(condition_->prepare(context()));
    return {};
  }

  Result<bool> produce(Chunk& out) override {
    if (done_) return false;
    done_ = true;
    key_.clear();
    MOTE_TRY(append_key(values_, &key_));
    MOTE_ASSIGN(const TableView view, context().transaction->table(plan().table));
    MOTE_ASSIGN(const std::optional<RowId> row, view.find_key(key_));
    if (!row.has_value()) return false;
    const std::optional<uint32_t> range = view.range_of(*row);
    MOTE_CHECK(range.has_value());
    out.reset(types_);
    MOTE_TRY(read_table_row(view, *range, *row, plan(), 0, out, 0));
    out.set_row_count(1);
    if (!condition_.has_value()) return true;
    MOTE_TRY(condition_->select(out, &kept_));
    return kept_.count == 1;
  }

 private:
  std::vector<Value> values_;
  std::vector<Type> types_;
  std::optional<Evaluator> condition_;
  std::string key_;
  Selection kept_;
  bool done_ = false;
};

class Fetch : public Operator {
 public:
  explicit Fetch(const PlanNode& plan) : Operator(plan), row_id_(*plan.row_id) {}

 protected:
  Status start() override {
    MOTE_TRY(row_id_.prepare(context()));
    MOTE_ASSIGN(TableView view, context().transaction->table(plan().table));
    view_.emplace(std::move(view));
    return {};
  }

  Result<bool> produce(Chunk& out) override {
    charge_.reset();
    MOTE_ASSIGN(const bool more, child().next(out));
    if (!more) return false;
    MOTE_ASSIGN(const Column* const evaluated, row_id_.evaluate(out));
    const Column ids = *evaluated;
    const auto first = static_cast<uint32_t>(plan().outputs.size() - plan().columns.size());
    out.columns().resize(plan().outputs.size());
    for (uint32_t i = first; i < plan().outputs.size(); ++i) {
      out.column(i).reset(plan().outputs[i].type);
    }
    for (uint32_t row = 0; row < out.row_count(); ++row) {
      if (ids.is_null(row)) {
        for (uint32_t i = first; i < plan().outputs.size(); ++i) out.column(i).set_null(row);
        continue;
      }
      const auto id = static_cast<RowId>(ids.lane<int64_t>()[row]);
      const std::optional<uint32_t> range = view_->range_of(id);
      MOTE_CHECK(range.has_value());
      MOTE_TRY(read_table_row(*view_, *range, id, plan(), first, out, row));
      // Rows are large here, so the budget is asked before the next one is read.
      MOTE_TRY(charge_row(out, first, row));
    }
    return true;
  }

  void finish() override {
    view_.reset();
    charge_.reset();
  }

 private:
  Status charge_row(const Chunk& out, uint32_t first, uint32_t row) {
    size_t size = 0;
    for (uint32_t i = first; i < out.column_count(); ++i) {
      if (is_wide(out.column(i).type())) {
        size += out.column(i).lane<std::string_view>()[row].size();
      }
    }
    return size == 0 ? Status() : charge_.grow(*context().budget, size, "fetch");
  }

  Evaluator row_id_;
  std::optional<TableView> view_;
  MemoryCharge charge_;
};

}  // namespace

std::unique_ptr<Operator> make_scan(const PlanNode& plan) { return std::make_unique<Scan>(plan); }
std::unique_ptr<Operator> make_key_lookup(const PlanNode& plan) {
  return std::make_unique<KeyLookup>(plan);
}
std::unique_ptr<Operator> make_fetch(const PlanNode& plan) { return std::make_unique<Fetch>(plan); }

}  // namespace mote
