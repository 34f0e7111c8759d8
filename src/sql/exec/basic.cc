// Operators that look at one chunk at a time: values, filter, project, limit, union, distinct.
#include <optional>

#include "sql/exec/evaluator.h"
#include "sql/exec/operators.h"
#include "sql/exec/row_store.h"

namespace mote {

namespace {

class Values : public Operator {
 public:
  explicit Values(const PlanNode& plan) : Operator(plan), evaluators_(plan.expressions) {
    one_row_.set_row_count(1);
    types_ = types_of(plan.outputs);
  }

 protected:
  Status start() override {
    at_ = 0;
    return evaluators_.prepare(context());
  }

  Result<bool> produce(Chunk& out) override {
    out.reset(types_);
    const auto width = static_cast<uint32_t>(types_.size());
    uint32_t rows = 0;
    for (; at_ < plan().row_count && rows < kChunkRows; ++at_, ++rows) {
      for (uint32_t c = 0; c < width; ++c) {
        MOTE_ASSIGN(const Column* const value, evaluators_[at_ * width + c].evaluate(one_row_));
        if (value->is_null(0)) {
          out.column(c).set_null(rows);
        } else {
          out.column(c).copy_rows(rows, *value, 0, 1);
        }
      }
    }
    out.set_row_count(rows);
    return rows > 0;
  }

 private:
  EvaluatorList evaluators_;
  std::vector<Type> types_;
  Chunk one_row_;
  uint64_t at_ = 0;
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
