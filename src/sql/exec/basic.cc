// Operators that look at one chunk at a time: values, filter, project, limit, union, distinct.
#include <optional>

#include "sql/exec/evaluator.h"
#include "sql/exec/operators.h"
#include "sql/exec/row_store.h"

namespace mote {

namespace {

// Rows of constants and parameters mostly, which need no evaluator: its columns would cost more
// memory than a long list has text.
class Values : public Operator {
 public:
  explicit Values(const PlanNode& plan) : Operator(plan), types_(types_of(plan.outputs)) {
    for (uint32_t i = 0; i < plan.expressions.size(); ++i) {
      if (!is_constant(*plan.expressions[i])) computed_.push_back({i, *plan.expressions[i]});
    }
    one_row_.set_row_count(1);
  }

 protected:
  Status start() override {
    row_ = 0;
    next_computed_ = 0;
    for (Computed& computed : computed_) MOTE_TRY(computed.evaluator.prepare(context()));
    return {};
  }

  Result<bool> produce(Chunk& out) override {
    // Whoever took the last rows may hold their lanes still, and a reset would make others.
    if (row_ == plan().row_count) return false;
    out.reset(types_);
    const auto width = static_cast<uint32_t>(types_.size());
    uint32_t rows = 0;
    for (; row_ < plan().row_count && rows < kChunkRows; ++row_, ++rows) {
      for (uint32_t c = 0; c < width; ++c) MOTE_TRY(put(row_ * width + c, out.column(c), rows));
    }
    out.set_row_count(rows);
    return true;
  }

 private:
  struct Computed {
    uint64_t position;  // of the expression
    Evaluator evaluator;
    Computed(uint64_t at, const BoundExpression& expression)
        : position(at), evaluator(expression) {}
  };

  Status put(uint64_t position, Column& out, uint32_t row) {
    const Value* value = nullptr;
    if (next_computed_ == computed_.size() || computed_[next_computed_].position != position) {
      MOTE_ASSIGN(value, constant_value(*plan().expressions[position], context(), &cast_));
      out.set_value(row, *value);
      return {};
    }
    MOTE_ASSIGN(const Column* const one, computed_[next_computed_++].evaluator.evaluate(one_row_));
    if (one->is_null(0)) {
      out.set_null(row);
    } else {
      out.copy_rows(row, *one, 0, 1);
    }
    return {};
  }

  std::vector<Type> types_;
  std::vector<Computed> computed_;  // the other expressions, in their order
  size_t next_computed_ = 0;
  Chunk one_row_;
  Value cast_;
  uint64_t row_ = 0;
};

class Filter : public Operator {
 public:
  explicit Filter(const PlanNode& plan) : Operator(plan), condition_(*plan.condition) {}

 protected:
  Status start() override { return condition_.prepare(context()); }

  Result<bool> produce(Chunk& out) override {
    while (true) {
      MOTE_ASSIGN(const bool more, child().next(out));
      if (!more) return false;
      MOTE_TRY(condition_.select(out, &rows_));
      if (rows_.count == 0) continue;
      out.keep(rows_);
      return true;
    }
  }

 private:
  Evaluator condition_;
  Selection rows_;
};

class Project : public Operator {
 public:
  explicit Project(const PlanNode& plan) : Operator(plan), evaluators_(plan.expressions) {
    // A column that is passed on and used nowhere else is swapped, so that its memory goes back and
    // forth between the chunks instead of being shared and made anew.
    std::vector<uint32_t> uses;
    for (size_t i = 0; i < evaluators_.size(); ++i) {
      for (const uint32_t position : evaluators_[i].used_columns()) {
        if (uses.size() <= position) uses.resize(position + 1);
        ++uses[position];
      }
    }
    for (size_t i = 0; i < evaluators_.size(); ++i) {
      const std::optional<uint32_t> column = evaluators_[i].plain_column();
      swapped_.push_back(column.has_value() && uses[*column] == 1 ? *column : kNotSwapped);
    }
  }

 protected:
  Status start() override { return evaluators_.prepare(context()); }

  Result<bool> produce(Chunk& out) override {
    MOTE_ASSIGN(const bool more, child().next(in_));
    if (!more) return false;
    out.columns().resize(evaluators_.size());
    for (uint32_t i = 0; i < evaluators_.size(); ++i) {
      if (swapped_[i] == kNotSwapped) MOTE_TRY(evaluators_[i].evaluate_into(in_, out.column(i)));
    }
    for (uint32_t i = 0; i < evaluators_.size(); ++i) {
      if (swapped_[i] != kNotSwapped) std::swap(out.column(i), in_.column(swapped_[i]));
    }
    out.set_row_count(in_.row_count());
    return true;
  }

 private:
  static constexpr uint32_t kNotSwapped = UINT32_MAX;
  EvaluatorList evaluators_;
  std::vector<uint32_t> swapped_;  // the input column that an output takes
  Chunk in_;
};

class Limit : public Operator {
 public:
  using Operator::Operator;

 protected:
  Status start() override {
    MOTE_ASSIGN(const std::optional<uint64_t> limit,
                evaluate_count(plan().limit, context(), "LIMIT"));
    MOTE_ASSIGN(const std::optional<uint64_t> skipped,
                evaluate_count(plan().row_offset, context(), "OFFSET"));
    left_ = limit.value_or(UINT64_MAX);
    to_skip_ = skipped.value_or(0);
    return {};
  }

  Result<bool> produce(Chunk& out) override {
    while (left_ > 0) {
      MOTE_ASSIGN(const bool more, child().next(out));
      if (!more) return false;
      const uint32_t rows = out.row_count();
      if (to_skip_ >= rows) {
        to_skip_ -= rows;
        continue;
      }
      const auto first = static_cast<uint32_t>(to_skip_);
      const auto count = static_cast<uint32_t>(std::min<uint64_t>(rows - first, left_));
      to_skip_ = 0;
      left_ -= count;
      rows_.count = count;
      for (uint32_t i = 0; i < count; ++i) rows_.rows[i] = static_cast<uint16_t>(first + i);
      out.keep(rows_);
      return true;
    }
    return false;
  }

 private:
  uint64_t left_ = 0;
  uint64_t to_skip_ = 0;
  Selection rows_;
};

class UnionAll : public Operator {
 public:
  using Operator::Operator;

 protected:
  Status start() override {
    at_ = 0;
    return {};
  }

  Result<bool> produce(Chunk& out) override {
    for (; at_ < children().size(); ++at_) {
      MOTE_ASSIGN(const bool more, child(at_).next(out));
      if (more) return true;
    }
    return false;
  }

 private:
  size_t at_ = 0;
};

class Distinct : public Operator {
 public:
  using Operator::Operator;

 protected:
  Status start() override {
    seen_.emplace(types_of(plan().outputs), *context().budget, "DISTINCT");
    return {};
  }

  Result<bool> produce(Chunk& out) override {
    std::array<uint32_t, kChunkRows> numbers;
    while (true) {
      MOTE_ASSIGN(const bool more, child().next(out));
      if (!more) return false;
      uint32_t known = seen_->key_count();
      MOTE_TRY(seen_->find_or_add(out, std::span(numbers).first(out.row_count())));
      // New keys are numbered on, so a row is the first of its kind when its number is the next.
      rows_.count = 0;
      for (uint32_t i = 0; i < out.row_count(); ++i) {
        if (numbers[i] != known) continue;
        rows_.rows[rows_.count++] = static_cast<uint16_t>(i);
        ++known;
      }
      if (rows_.count == 0) continue;
      out.keep(rows_);
      return true;
    }
  }

  void finish() override { seen_.reset(); }

 private:
  std::optional<KeyTable> seen_;
  Selection rows_;
};

}  // namespace

std::unique_ptr<Operator> make_values(const PlanNode& plan) {
  return std::make_unique<Values>(plan);
}
std::unique_ptr<Operator> make_filter(const PlanNode& plan) {
  return std::make_unique<Filter>(plan);
}
std::unique_ptr<Operator> make_project(const PlanNode& plan) {
  return std::make_unique<Project>(plan);
}
std::unique_ptr<Operator> make_limit(const PlanNode& plan) { return std::make_unique<Limit>(plan); }
std::unique_ptr<Operator> make_union_all(const PlanNode& plan) {
  return std::make_unique<UnionAll>(plan);
}
std::unique_ptr<Operator> make_distinct(const PlanNode& plan) {
  return std::make_unique<Distinct>(plan);
}

}  // namespace mote
