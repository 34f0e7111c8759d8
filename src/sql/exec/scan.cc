// Reading tables: scan, lookup by PRIMARY KEY, fetch by row id.
//
// A scan goes block by block. Blocks that statistics exclude are passed over; of the others the
// columns of the condition are decoded first, and the remaining columns only when rows survive.
// Values of a few surviving rows are read one by one, so that a selective question over camera
// frames does not read the frames of the whole block.
#include <algorithm>
#include <array>
#include <bit>
#include <optional>

#include "sql/exec/evaluator.h"
#include "sql/exec/operators.h"
#include "sql/exec/prune.h"
#include "sql/exec/row_store.h"
#include "storage/blob_file.h"
#include "storage/key.h"

namespace mote {

namespace {

// Up to so many rows of a block are read one by one rather than by decoding all of it.
constexpr uint32_t kFewRows = 8;
// The same for columns of bytes, whose rows may be large.
constexpr uint32_t kFewWideRows = 64;

// Where most words of a block's visible rows come from.
constexpr std::array<uint16_t, kChunkRows> kEveryRow = [] {
  std::array<uint16_t, kChunkRows> rows{};
  for (uint32_t row = 0; row < kChunkRows; ++row) rows[row] = static_cast<uint16_t>(row);
  return rows;
}();

bool is_wide(const Type& type) { return lane_kind(type.kind) == LaneKind::kBytes; }

// What each row of a block has in blob files, over some columns. Reading a value costs its size, so
// blocks with much of that are read in slices of rows.
class BlobSizes {
 public:
  static constexpr uint64_t kMaxSliceBytes = 4u << 20;

  // columns: schema positions, of TEXT and BLOB columns.
  Status measure(const RowRange& range, uint32_t block, std::span<const uint32_t> columns) {
    sizes_.clear();
    for (const uint32_t column : columns) {
      MOTE_TRY(range.read_references(block, column, references_));
      const uint32_t row_count = range.block(block).row_count;
      if (references_.validity().null_count(row_count) == row_count) continue;
      sizes_.resize(row_count);
      for (uint32_t row = 0; row < row_count; ++row) {
        if (references_.is_null(row)) continue;
        MOTE_ASSIGN(const BlobReference reference,
                    BlobReference::deserialize(references_.lane<std::string_view>()[row]));
        sizes_[row] += reference.size_bytes;
      }
    }
    return {};
  }
  void clear() { sizes_.clear(); }
  bool any() const { return !sizes_.empty(); }

  // The end of the slice of `rows` that begins at `from`: one row at least.
  uint32_t slice_end(const Selection& rows, uint32_t from) const {
    if (sizes_.empty()) return rows.count;
    uint64_t bytes = 0;
    uint32_t to = from;
    do {
      bytes += sizes_[rows.rows[to++]];
    } while (to < rows.count && bytes + sizes_[rows.rows[to]] <= kMaxSliceBytes);
    return to;
  }

 private:
  std::vector<uint64_t> sizes_;  // by row of the block; empty: nothing lies in blob files
  Column references_;
};

class Scan : public Operator {
 public:
  explicit Scan(const PlanNode& plan) : Operator(plan), pruner_(plan) {
    if (plan.condition != nullptr) condition_.emplace(*plan.condition);
    for (uint32_t i = 0; i < plan.columns.size(); ++i) {
      const Type& type = plan.outputs[i].type;
      const bool early =
          condition_.has_value() && std::binary_search(condition_->used_columns().begin(),
                                                       condition_->used_columns().end(), i);
      (early ? early_ : late_).push_back(i);
      holds_bytes_ = holds_bytes_ || is_wide(type);
      if (!type.is(TypeKind::kText) && !type.is(TypeKind::kBlob)) continue;
      (early ? early_blobs_ : late_blobs_).push_back(plan.columns[i]);
    }
  }

 protected:
  Status start() override {
    range_ = 0;
    block_ = 0;
    range_checked_ = false;
    visible_.count = visible_at_ = 0;
    kept_.count = kept_at_ = 0;
    if (condition_.has_value()) MOTE_TRY(condition_->prepare(context()));
    MOTE_TRY(pruner_.prepare(context()));
    MOTE_ASSIGN(TableView view, context().transaction->table(plan().table));
    view_.emplace(std::move(view));
    return {};
  }

  // Three steps, each done until the one before has nothing left: a block's visible rows, a slice
  // of them that meets the condition, a slice of those with all columns.
  Result<bool> produce(Chunk& out) override {
    charge_.reset();
    out.columns().resize(plan().columns.size());
    while (true) {
      if (kept_at_ < kept_.count) {
        MOTE_TRY(give_rows(out));
        return true;
      }
      MOTE_TRY(context().check());
      if (visible_at_ < visible_.count) {
        MOTE_TRY(keep_rows(out));
        continue;
      }
      MOTE_ASSIGN(const bool found, next_block());
      if (!found) return false;
    }
  }

  void finish() override {
    view_.reset();
    charge_.reset();
    held_.clear();
  }

 private:
  const RowRange& range() const { return view_->range(range_); }

  // Moves on to a block with visible rows, which is then block_; false at the end.
  Result<bool> next_block() {
    if (pruner_.excludes_everything()) return false;
    for (; range_ < view_->range_count(); ++range_, block_ = 0, range_checked_ = false) {
      const uint64_t visible_rows = view_->visible_rows(range_);
      if (!range_checked_) {
        MOTE_ASSIGN(const bool excluded, pruner_.excludes_range(range()));
        if (excluded) continue;
      } else {
        ++block_;
      }
      range_checked_ = true;
      for (; block_ < range().block_count() && range().block(block_).first < visible_rows;
           ++block_) {
        MOTE_TRY(context().check());
        MOTE_ASSIGN(const bool excluded, pruner_.excludes_block(range(), block_));
        if (excluded) continue;
        std::array<uint64_t, Validity::kWords> visible;
        if (view_->visible_in_block(range_, block_, visible) == 0) continue;
        select_bits(visible, range().block(block_).row_count, &visible_);
        visible_at_ = 0;
        early_sizes_.clear();
        if (!early_blobs_.empty()) {
          MOTE_TRY(early_sizes_.measure(range(), block_, early_blobs_));
        }
        return true;
      }
    }
    return false;
  }

  static void select_bits(std::span<const uint64_t> words, uint32_t row_count, Selection* rows) {
    rows->count = 0;
    for (uint32_t w = 0; w * 64 < row_count; ++w) {
      if (words[w] == ~0ull && row_count - w * 64 >= 64) {
        std::copy_n(kEveryRow.data() + w * 64, 64, rows->rows.data() + rows->count);
        rows->count += 64;
        continue;
      }
      for (uint64_t bits = words[w]; bits != 0; bits &= bits - 1) {
        const uint32_t row = w * 64 + static_cast<uint32_t>(std::countr_zero(bits));
        if (row >= row_count) break;
        rows->rows[rows->count++] = static_cast<uint16_t>(row);
      }
    }
  }

  // The next visible rows that meet the condition, to kept_ and their early columns to held_.
  Status keep_rows(Chunk& out) {
    kept_at_ = 0;
    take_slice(visible_, &visible_at_, early_sizes_, &kept_);
    held_.columns().resize(out.column_count());
    if (condition_.has_value()) {
      held_.set_row_count(kept_.count);
      MOTE_TRY(read_columns(early_, early_sizes_.any(), kept_, held_));
      MOTE_TRY(condition_->select(held_, &met_));
      if (met_.count < kept_.count) {
        for (const uint32_t position : early_) {
          if (met_.count == 0) break;
          held_.column(position) = held_.column(position).selected(met_);
        }
        for (uint32_t i = 0; i < met_.count; ++i) kept_.rows[i] = kept_.rows[met_.rows[i]];
        kept_.count = met_.count;
      }
    }
    late_sizes_.clear();
    if (late_blobs_.empty() || kept_.count == 0) return {};
    return late_sizes_.measure(range(), block_, late_blobs_);
  }

  // The next rows of kept_ with all columns.
  Status give_rows(Chunk& out) {
    const uint32_t first = kept_at_;
    take_slice(kept_, &kept_at_, late_sizes_, &given_);
    for (const uint32_t position : early_) {
      if (given_.count == kept_.count) {
        std::swap(out.column(position), held_.column(position));
        continue;
      }
      for (uint32_t i = 0; i < given_.count; ++i) {
        met_.rows[i] = static_cast<uint16_t>(first + i);
      }
      gather_rows(held_.column(position), {met_.rows.data(), given_.count}, out.column(position));
    }
    MOTE_TRY(read_columns(late_, late_sizes_.any(), given_, out));
    out.set_row_count(given_.count);
    if (!holds_bytes_) return {};
    return charge_.grow(*context().budget, out.memory_bytes(), "scan");
  }

  static void take_slice(const Selection& from, uint32_t* at, const BlobSizes& sizes,
                         Selection* slice) {
    const uint32_t end = sizes.slice_end(from, *at);
    slice->count = end - *at;
    std::copy(from.rows.begin() + *at, from.rows.begin() + end, slice->rows.begin());
    *at = end;
  }

  // The values of some rows of block_. slices: the block is too large to be read as a whole.
  Status read_columns(std::span<const uint32_t> positions, bool slices, const Selection& rows,
                      Chunk& out) {
    const BlockSpan span = range().block(block_);
    for (const uint32_t position : positions) {
      Column& column = out.column(position);
      const Type type = plan().outputs[position].type;
      const uint32_t source = plan().columns[position];
      const bool few = rows.count <= (is_wide(type) ? kFewWideRows : kFewRows) &&
                       rows.count * 4 <= span.row_count;
      if (source == kRowIdColumn) {
        column.reset(Type::integer());
        const auto base = static_cast<int64_t>(range().base() + span.first);
        for (uint32_t i = 0; i < rows.count; ++i) column.lane<int64_t>()[i] = base + rows.rows[i];
      } else if (few || (slices && is_wide(type))) {
        column.reset(type);
        for (uint32_t i = 0; i < rows.count; ++i) {
          MOTE_TRY(range().read_row(range().base() + span.first + rows.rows[i], source, column, i));
        }
      } else if (rows.count == span.row_count) {
        MOTE_TRY(range().read(block_, source, column));
      } else {
        MOTE_TRY(range().read(block_, source, decoded_));
        gather_rows(decoded_, {rows.rows.data(), rows.count}, column);
      }
    }
    return {};
  }

  std::optional<Evaluator> condition_;
  Pruner pruner_;
  std::vector<uint32_t> early_;        // outputs that the condition uses
  std::vector<uint32_t> late_;         // the others
  std::vector<uint32_t> early_blobs_;  // schema positions of those that may lie in blob files
  std::vector<uint32_t> late_blobs_;
  bool holds_bytes_ = false;  // then chunks are charged one by one
  std::optional<TableView> view_;
  uint32_t range_ = 0;
  uint32_t block_ = 0;
  bool range_checked_ = false;  // range_ is not excluded and block_ was begun

  Selection visible_;  // of block_
  uint32_t visible_at_ = 0;
  BlobSizes early_sizes_;
  Selection kept_;  // of block_: visible and within the condition
  uint32_t kept_at_ = 0;
  Chunk held_;  // the early columns of kept_
  BlobSizes late_sizes_;
  Selection given_;
  Selection met_;
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
