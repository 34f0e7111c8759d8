// Joins that pair rows of the left child with rows kept in memory: by hash, by trying all (or a
// band of) rows, or by running the right child anew for each left row.
//
// What they share is here once: a left chunk at a time, the ways it pairs with right rows are
// listed, the condition is evaluated for a chunk of pairs, and the join's type decides what becomes
// of them.
#include <array>
#include <optional>

#include "sql/exec/evaluator.h"
#include "sql/exec/operators.h"
#include "sql/exec/row_store.h"

namespace mote {

namespace {

class PairJoin : public Operator {
 public:
  explicit PairJoin(const PlanNode& plan) : Operator(plan) {
    if (plan.condition != nullptr) condition_.emplace(*plan.condition);
    left_count_ = static_cast<uint32_t>(plan.children[0]->outputs.size());
    right_types_ = types_of(plan.children[1]->outputs);
    gives_pairs_ = plan.join == JoinType::kInner || plan.join == JoinType::kLeft ||
                   plan.join == JoinType::kSingle;
  }

 protected:
  Status start() override {
    if (condition_.has_value()) MOTE_TRY(condition_->prepare(context()));
    has_left_ = false;
    return build();
  }

  Result<bool> produce(Chunk& out) override {
    while (true) {
      if (!has_left_) {
        MOTE_ASSIGN(const bool more, child(0).next(left_));
        if (!more) return false;
        has_left_ = true;
        pairs_left_ = true;
        matches_.fill(0);
        open_.fill(false);
        MOTE_TRY(begin_left());
      }
      while (pairs_left_) {
        MOTE_TRY(context().check());
        pair_count_ = 0;
        pairs_left_ = list_pairs();
        if (pair_count_ == 0) continue;
        if (condition_.has_value()) MOTE_TRY(keep_pairs());
        MOTE_TRY(count_matches());
        if (gives_pairs_ && pair_count_ > 0) {
          give_pairs(out);
          return true;
        }
      }
      has_left_ = false;
      if (give_left_rows(out)) return true;
    }
  }

  void finish() override {
    right_.reset();
    pairs_ = Chunk();
  }

  // Reads the right side, before the first left chunk.
  virtual Status build() = 0;
  // A new left chunk is in left_.
  virtual Status begin_left() = 0;
  // Lists up to kChunkRows pairs by add_pair(); false when these are the last of the left chunk.
  virtual bool list_pairs() = 0;

  void add_pair(uint32_t left_row, uint32_t right_row) {
    pair_left_[pair_count_] = static_cast<uint16_t>(left_row);
    pair_right_[pair_count_++] = right_row;
  }
  bool pairs_full() const { return pair_count_ == kChunkRows; }
  // True when nothing more needs to be known of a left row.
  bool is_decided(uint32_t left_row) const { return !gives_pairs_ && matches_[left_row] != 0; }
  bool needs_right_rows() const { return gives_pairs_ || condition_.has_value(); }
  bool gives_pairs() const { return gives_pairs_; }

  Chunk left_;
  std::vector<Type> right_types_;
  std::shared_ptr<RowStore> right_;  // its first columns are the right child's
  std::array<bool, kChunkRows> open_;  // left rows for which a NULL leaves the answer open

 private:
  // Leaves those pairs for which the condition is true.
  Status keep_pairs() {
    pairs_.columns().resize(left_count_ + right_types_.size());
    for (const uint32_t position : condition_->used_columns()) {
      gather_pairs(position, pairs_.column(position));
    }
    pairs_.set_row_count(pair_count_);
    MOTE_ASSIGN(const Column* const holds, condition_->evaluate(pairs_));
    uint32_t kept = 0;
    for (uint32_t i = 0; i < pair_count_; ++i) {
      if (holds->is_null(i)) {
        if (plan().null_aware) open_[pair_left_[i]] = true;
      } else if (holds->lane<bool>()[i]) {
        pair_left_[kept] = pair_left_[i];
        pair_right_[kept++] = pair_right_[i];
      }
    }
    pair_count_ = kept;
    return {};
  }

  Status count_matches() {
    for (uint32_t i = 0; i < pair_count_; ++i) {
      uint8_t& count = matches_[pair_left_[i]];
      if (count != 0 && plan().join == JoinType::kSingle) {
        return invalid_argument("a subquery used as a value gives more than one row");
      }
      count = 1;
    }
    return {};
  }

  void gather_pairs(uint32_t position, Column& out) const {
    if (position < left_count_) {
      gather_rows(left_.column(position), {pair_left_.data(), pair_count_}, out);
    } else {
      right_->gather(position - left_count_, {pair_right_.data(), pair_count_}, out);
    }
  }

  void give_pairs(Chunk& out) {
    out.columns().resize(left_count_ + right_types_.size());
    for (uint32_t c = 0; c < out.column_count(); ++c) gather_pairs(c, out.column(c));
    out.set_row_count(pair_count_);
  }

  // The rows that a left chunk gives when all its pairs are known; false for none.
  bool give_left_rows(Chunk& out) {
    const JoinType join = plan().join;
    if (join == JoinType::kInner) return false;
    pair_count_ = 0;
    for (uint32_t i = 0; i < left_.row_count(); ++i) {
      const bool matched = matches_[i] != 0;
      if (join == JoinType::kMark || (join == JoinType::kSemi ? matched : !matched)) {
        if (join == JoinType::kAnti && open_[i]) continue;
        add_pair(i, RowStore::kNoRow);
      }
    }
    if (pair_count_ == 0) return false;
    out.columns().resize(plan().outputs.size());
    for (uint32_t c = 0; c < left_count_; ++c) gather_pairs(c, out.column(c));
    if (join == JoinType::kMark) {
      Column& mark = out.column(left_count_);
      mark.reset(Type::boolean());
      for (uint32_t i = 0; i < pair_count_; ++i) {
        mark.lane<bool>()[i] = matches_[i] != 0;
        if (matches_[i] == 0 && open_[i]) mark.set_null(i);
      }
    } else if (gives_pairs_) {
      for (uint32_t c = 0; c < right_types_.size(); ++c) {
        Column& column = out.column(left_count_ + c);
        column.reset(right_types_[c], /*zeroed=*/true);
        column.validity().set_all_null();
      }
    }
    out.set_row_count(pair_count_);
    return true;
  }

  std::optional<Evaluator> condition_;
  uint32_t left_count_ = 0;
  bool gives_pairs_ = false;
  bool has_left_ = false;
  bool pairs_left_ = false;
  std::array<uint8_t, kChunkRows> matches_;
  std::array<uint16_t, kChunkRows> pair_left_;
  std::array<uint32_t, kChunkRows> pair_right_;
  uint32_t pair_count_ = 0;
  Chunk pairs_;
};

class HashJoin : public PairJoin {
 public:
  explicit HashJoin(const PlanNode& plan)
      : PairJoin(plan), left_keys_(plan.left_keys), right_keys_(plan.right_keys) {}

 protected:
  Status build() override {
    MOTE_TRY(left_keys_.prepare(context()));
    MOTE_TRY(right_keys_.prepare(context()));
    std::vector<Type> key_types;
    for (const BoundExpressionPtr& key : plan().right_keys) key_types.push_back(key->type);
    table_.emplace(key_types, *context().budget, "hash join");
    right_ = std::make_shared<RowStore>(right_types_, *context().budget, "hash join");
    next_.clear();
    first_.clear();
    last_.clear();
    right_has_null_ = false;
    right_count_ = 0;
    Chunk rows;
    while (true) {
      MOTE_ASSIGN(const bool more, child(1).next(rows));
      if (!more) return {};
      MOTE_TRY(add_right(rows));
    }
  }

  Status begin_left() override {
    MOTE_TRY(left_keys_.evaluate(left_, keys_));
    table_->find(keys_, std::span(numbers_).first(left_.row_count()));
    at_left_ = 0;
    at_right_ = kNotBegun;
    if (plan().null_aware && right_count_ > 0) {
      for (uint32_t i = 0; i < left_.row_count(); ++i) {
        open_[i] = right_has_null_ || keys_.column(0).is_null(i);
      }
    }
    return {};
  }

  bool list_pairs() override {
    for (; at_left_ < left_.row_count(); ++at_left_, at_right_ = kNotBegun) {
      if (at_right_ == kNotBegun) {
        const uint32_t number = numbers_[at_left_];
        at_right_ = number == RowStore::kNoRow ? RowStore::kNoRow : first_[number];
      }
      while (at_right_ != RowStore::kNoRow && !is_decided(at_left_)) {
        if (pairs_full()) return true;
        add_pair(at_left_, at_right_);
        // Without a condition the first pair decides where only a match is asked for.
        at_right_ = needs_right_rows() ? next_[at_right_] : RowStore::kNoRow;
      }
    }
    return false;
  }

  void finish() override {
    PairJoin::finish();
    table_.reset();
    next_ = {};
    first_ = {};
    last_ = {};
    charge_.reset();
  }

 private:
  static constexpr uint32_t kNotBegun = RowStore::kNoRow - 1;

  Status add_right(const Chunk& rows) {
    const uint32_t count = rows.row_count();
    MOTE_TRY(right_keys_.evaluate(rows, keys_));
    for (const Column& key : keys_.columns()) {
      right_has_null_ = right_has_null_ || key.validity().null_count(count) > 0;
    }
    MOTE_TRY(table_->find_or_add(keys_, std::span(numbers_).first(count)));
    right_count_ += count;
    first_.resize(table_->key_count(), RowStore::kNoRow);
    if (!needs_right_rows()) {
      // Only whether a key is there matters; any row stands for it.
      std::fill(first_.begin(), first_.end(), 0);
      return {};
    }
    MOTE_TRY(charge_.grow(*context().budget, count * 3 * sizeof(uint32_t), "hash join"));
    last_.resize(table_->key_count(), RowStore::kNoRow);
    const uint32_t base = right_->row_count();
    MOTE_TRY(right_->append(rows));
    next_.resize(base + count, RowStore::kNoRow);
    for (uint32_t i = 0; i < count; ++i) {
      uint32_t& last = last_[numbers_[i]];
      (last == RowStore::kNoRow ? first_[numbers_[i]] : next_[last]) = base + i;
      last = base + i;
    }
    return {};
  }

  EvaluatorList left_keys_;
  EvaluatorList right_keys_;
  std::optional<KeyTable> table_;
  // Right rows of one key are chained in their order.
  std::vector<uint32_t> first_;  // by key number
  std::vector<uint32_t> last_;   // by key number
  std::vector<uint32_t> next_;   // by right row
  bool right_has_null_ = false;
  uint64_t right_count_ = 0;
  Chunk keys_;
  std::array<uint32_t, kChunkRows> numbers_;
  uint32_t at_left_ = 0;
  uint32_t at_right_ = kNotBegun;  // the next row of the chain
  MemoryCharge charge_;
};

class LoopJoin : public PairJoin {
 public:
  explicit LoopJoin(const PlanNode& plan) : PairJoin(plan) {
    // A row outside the band can still leave a three-valued answer open.
    if (plan.band_key == nullptr || plan.null_aware) return;
    band_key_.emplace(*plan.band_key);
    if (plan.band_low != nullptr) band_low_.emplace(*plan.band_low);
    if (plan.band_high != nullptr) band_high_.emplace(*plan.band_high);
  }

 protected:
  Status build() override {
    std::vector<Type> types = right_types_;
    if (band_key_.has_value()) {
      MOTE_TRY(band_key_->prepare(context()));
      types.push_back(plan().band_key->type);
    }
    if (band_low_.has_value()) MOTE_TRY(band_low_->prepare(context()));
    if (band_high_.has_value()) MOTE_TRY(band_high_->prepare(context()));
    right_ = std::make_shared<RowStore>(types, *context().budget, "join");
    Chunk rows;
    while (true) {
      MOTE_ASSIGN(const bool more, child(1).next(rows));
      if (!more) break;
      if (band_key_.has_value()) {
        MOTE_ASSIGN(const Column* const key, band_key_->evaluate(rows));
        Column copy = *key;
        rows.columns().push_back(std::move(copy));
      }
      MOTE_TRY(right_->append(rows));
      if (band_key_.has_value()) rows.columns().pop_back();
    }
    return band_key_.has_value() ? order_rows() : Status();
  }

  Status begin_left() override {
    at_left_ = 0;
    if (band_low_.has_value()) {
      MOTE_ASSIGN(low_, band_low_->evaluate(left_));
    }
    if (band_high_.has_value()) {
      MOTE_ASSIGN(high_, band_high_->evaluate(left_));
    }
    if (left_.row_count() > 0) set_band();
    return {};
  }

  bool list_pairs() override {
    while (at_left_ < left_.row_count()) {
      while (at_right_ < end_right_ && !is_decided(at_left_)) {
        if (pairs_full()) return true;
        add_pair(at_left_, band_key_.has_value() ? order_[at_right_] : at_right_);
        ++at_right_;
        // Without a condition any pair decides where only a match is asked for.
        if (!needs_right_rows()) break;
      }
      if (++at_left_ < left_.row_count()) set_band();
    }
    return false;
  }

  void finish() override {
    PairJoin::finish();
    order_ = {};
    charge_.reset();
  }

 private:
  const Column& key_of(uint32_t row) const {
    return right_->column_of(row, static_cast<uint32_t>(right_types_.size()));
  }

  // Rows with a key, by key and then by their own order.
  Status order_rows() {
    MOTE_TRY(charge_.grow(*context().budget, right_->row_count() * sizeof(uint32_t), "join"));
    order_.clear();
    for (uint32_t row = 0; row < right_->row_count(); ++row) {
      if (!key_of(row).is_null(RowStore::place(row))) order_.push_back(row);
    }
    return sort_in_steps(context(), order_, [this](uint32_t a, uint32_t b) {
      const int order =
          key_of(a).compare_rows(RowStore::place(a), key_of(b), RowStore::place(b));
      return order != 0 ? order < 0 : a < b;
    });
  }

  // The right rows that the left row at_left_ can pair with.
  void set_band() {
    if (!band_key_.has_value()) {
      at_right_ = 0;
      end_right_ = right_->row_count();
      return;
    }
    auto begin = order_.begin();
    auto end = order_.end();
    if (band_low_.has_value() && !low_->is_null(at_left_)) {
      begin = std::partition_point(begin, end, [this](uint32_t row) {
        return key_of(row).compare_rows(RowStore::place(row), *low_, at_left_) < 0;
      });
    }
    if (band_high_.has_value() && !high_->is_null(at_left_)) {
      end = std::partition_point(begin, end, [this](uint32_t row) {
        return key_of(row).compare_rows(RowStore::place(row), *high_, at_left_) <= 0;
      });
    }
    at_right_ = static_cast<uint32_t>(begin - order_.begin());
    end_right_ = static_cast<uint32_t>(end - order_.begin());
  }

  std::optional<Evaluator> band_key_;
  std::optional<Evaluator> band_low_;
  std::optional<Evaluator> band_high_;
  const Column* low_ = nullptr;   // of the left chunk
  const Column* high_ = nullptr;  // of the left chunk
  std::vector<uint32_t> order_;   // right rows by band key
  uint32_t at_left_ = 0;
  uint32_t at_right_ = 0;  // a right row, or with a band a place in order_
  uint32_t end_right_ = 0;
  MemoryCharge charge_;
};

// Runs the right child for each left row, its parameters set from the row.
class Apply : public PairJoin {
 public:
  explicit Apply(const PlanNode& plan) : PairJoin(plan), values_(plan.left_keys) {}

 protected:
  bool opens_children() const override { return true; }

  Status build() override {
    MOTE_TRY(child(0).open(context()));
    std::vector<Value>& parameters = *context().parameters;
    const size_t needed = plan().first_parameter + plan().left_keys.size();
    if (parameters.size() < needed) parameters.resize(needed);
    return values_.prepare(context());
  }

  Status begin_left() override {
    right_ = std::make_shared<RowStore>(right_types_, *context().budget, "subquery");
    owners_.clear();
    at_ = 0;
    MOTE_TRY(values_.evaluate(left_, outer_));
    for (uint32_t row = 0; row < left_.row_count(); ++row) {
      for (uint32_t i = 0; i < outer_.column_count(); ++i) {
        (*context().parameters)[plan().first_parameter + i] = outer_.column(i).value(row);
      }
      MOTE_TRY(child(1).open(context()));
      while (true) {
        MOTE_ASSIGN(const bool more, child(1).next(rows_));
        if (!more) break;
        MOTE_TRY(right_->append(rows_));
        owners_.resize(right_->row_count(), static_cast<uint16_t>(row));
        if (!needs_right_rows()) break;
      }
      child(1).close();
    }
    return {};
  }

  bool list_pairs() override {
    for (; at_ < owners_.size(); ++at_) {
      if (pairs_full()) return true;
      add_pair(owners_[at_], at_);
    }
    return false;
  }

  void finish() override {
    PairJoin::finish();
    owners_ = {};
  }

 private:
  EvaluatorList values_;
  Chunk outer_;
  Chunk rows_;
  std::vector<uint16_t> owners_;  // the left row of each row of right_
  uint32_t at_ = 0;
};

}  // namespace

std::unique_ptr<Operator> make_hash_join(const PlanNode& plan) {
  return std::make_unique<HashJoin>(plan);
}
std::unique_ptr<Operator> make_loop_join(const PlanNode& plan) {
  return std::make_unique<LoopJoin>(plan);
}
std::unique_ptr<Operator> make_apply(const PlanNode& plan) { return std::make_unique<Apply>(plan); }

}  // namespace mote
