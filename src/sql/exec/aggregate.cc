// GROUP BY and aggregates, by hash. Groups come out in order of first appearance.
#include <array>
#include <cstring>
#include <optional>

#include "base/arena.h"
#include "sql/exec/evaluator.h"
#include "sql/exec/operators.h"
#include "sql/exec/row_store.h"

namespace mote {

namespace {

constexpr size_t kStateAlignment = 16;

// One aggregate of the node: its arguments, and which rows it takes.
struct Call {
  explicit Call(const BoundAggregate& bound) : aggregate(&bound), arguments(bound.arguments) {
    if (bound.filter != nullptr) filter.emplace(*bound.filter);
  }
  const BoundAggregate* aggregate;
  EvaluatorList arguments;
  std::optional<Evaluator> filter;
  std::optional<KeyTable> seen;  // DISTINCT: group number and arguments
  size_t state_offset = 0;       // in a group's states
};

class Aggregate : public Operator {
 public:
  explicit Aggregate(const PlanNode& plan) : Operator(plan), groups_(plan.groups) {
    for (const BoundExpressionPtr& group : plan.groups) group_types_.push_back(group->type);
    for (const BoundAggregate& aggregate : plan.aggregates) {
      Call& call = calls_.emplace_back(aggregate);
      call.state_offset = group_bytes_;
      const size_t size = aggregate.function->state_bytes;
      group_bytes_ += (size + kStateAlignment - 1) / kStateAlignment * kStateAlignment;
    }
    outputs_ = types_of(plan.outputs);
  }

 protected:
  Status start() override {
    clear();
    MOTE_TRY(groups_.prepare(context()));
    for (Call& call : calls_) {
      MOTE_TRY(call.arguments.prepare(context()));
      if (call.filter.has_value()) MOTE_TRY(call.filter->prepare(context()));
      if (!call.aggregate->distinct) continue;
      std::vector<Type> types = {Type::integer()};
      for (const BoundExpressionPtr& argument : call.aggregate->arguments) {
        types.push_back(argument->type);
      }
      call.seen.emplace(types, *context().budget, "DISTINCT aggregate");
    }
    table_.emplace(group_types_, *context().budget, "GROUP BY");
    arena_.emplace();
    if (group_types_.empty()) MOTE_TRY(add_groups(1));
    return {};
  }

  Result<bool> produce(Chunk& out) override {
    if (!read_all_) {
      read_all_ = true;
      while (true) {
        MOTE_ASSIGN(const bool more, child().next(in_));
        if (!more) break;
        MOTE_TRY(add_rows());
      }
    }
    finish_charge_.reset();
    if (given_ == group_count_) return false;
    out.columns().resize(outputs_.size());
    const uint32_t count = std::min(kChunkRows, group_count_ - given_);
    const auto width = static_cast<uint32_t>(group_types_.size());
    for (uint32_t c = 0; c < width; ++c) {
      out.column(c) = table_->keys().chunk(given_ / kChunkRows).column(c);
      if (lane_kind(group_types_[c].kind) == LaneKind::kBytes) {
        out.column(c).keep_alive(table_->keys().shared_from_this());
      }
    }
    for (uint32_t i = 0; i < calls_.size(); ++i) {
      Column& column = out.column(width + i);
      column.reset(outputs_[width + i]);
      for (uint32_t group = 0; group < count; ++group) {
        MOTE_TRY(finish_group(*calls_[i].aggregate->function, state_of(calls_[i], given_ + group),
                              column, group));
      }
    }
    out.set_row_count(count);
    given_ += count;
    return true;
  }

  void finish() override { clear(); }

 private:
  struct Free {
    void operator()(char* p) const { ::operator delete (p, std::align_val_t{kStateAlignment}); }
  };

  void clear() {
    for (Call& call : calls_) call.seen.reset();
    table_.reset();
    states_.clear();
    arena_.reset();
    charge_.reset();
    finish_charge_.reset();
    arena_charged_ = 0;
    group_count_ = 0;
    given_ = 0;
    read_all_ = false;
  }

  void* state_of(const Call& call, uint32_t group) const {
    return states_[group / kChunkRows].get() + (group % kChunkRows) * group_bytes_ +
           call.state_offset;
  }

  Status finish_group(const AggregateFunction& function, const void* state, Column& out,
                      uint32_t row) {
    if (function.finish_bytes != nullptr) {
      MOTE_TRY(context().check());
      const uint64_t size = function.finish_bytes(state);
      MOTE_TRY(finish_charge_.grow(*context().budget, size, "aggregate"));
      MOTE_TRY(function.finish(state, out, row));
      // Texts stay with the rows that are given; other room was for the way there.
      if (lane_kind(out.type().kind) != LaneKind::kBytes) finish_charge_.reset();
      return {};
    }
    return function.finish(state, out, row);
  }

  Status add_groups(uint32_t count) {
    for (; group_count_ < count; ++group_count_) {
      const uint32_t at = group_count_ % kChunkRows;
      if (at == 0) {
        // A single group, the common case without GROUP BY, takes no block of its own.
        const size_t size = std::max<size_t>(
            kStateAlignment, group_bytes_ * (group_types_.empty() ? 1 : kChunkRows));
        MOTE_TRY(charge_.grow(*context().budget, size, "GROUP BY"));
        states_.emplace_back(
            static_cast<char*>(::operator new (size, std::align_val_t{kStateAlignment})));
        std::memset(states_.back().get(), 0, size);
      }
      for (const Call& call : calls_) call.aggregate->function->init(state_of(call, group_count_));
    }
    return {};
  }

  Status add_rows() {
    const uint32_t row_count = in_.row_count();
    if (!group_types_.empty()) {
      MOTE_TRY(groups_.evaluate(in_, keys_));
      MOTE_TRY(table_->find_or_add(keys_, std::span(numbers_).first(row_count)));
      MOTE_TRY(add_groups(table_->key_count()));
    }
    arena_->set_limit_bytes(arena_charged_ + context().budget->free_bytes());
    for (Call& call : calls_) MOTE_TRY(update(call));
    const size_t used = arena_->memory_bytes();
    if (used > arena_charged_) {
      MOTE_TRY(charge_.grow(*context().budget, used - arena_charged_, "aggregate"));
      arena_charged_ = used;
    }
    return {};
  }

  Status update(Call& call) {
    Chunk* rows = &in_;
    std::span<const uint32_t> numbers(numbers_.data(), in_.row_count());
    if (call.filter.has_value()) {
      MOTE_TRY(call.filter->select(in_, &selection_));
      if (selection_.count == 0) return {};
      if (selection_.count < in_.row_count()) {
        filtered_ = in_;
        filtered_.keep(selection_);
        rows = &filtered_;
        for (uint32_t i = 0; i < selection_.count && !group_types_.empty(); ++i) {
          filtered_numbers_[i] = numbers_[selection_.rows[i]];
        }
        numbers = {filtered_numbers_.data(), selection_.count};
      }
    }
    if (call.aggregate->distinct) {
      MOTE_TRY(call.arguments.evaluate(*rows, arguments_));
      return update_distinct(call, numbers);
    }
    pointers_.clear();
    for (size_t i = 0; i < call.arguments.size(); ++i) {
      MOTE_ASSIGN(const Column* const argument, call.arguments[i].evaluate(*rows));
      pointers_.push_back(argument);
    }
    return update_states(call, numbers);
  }

  Status update_distinct(Call& call, std::span<const uint32_t> numbers) {
    Chunk keys;
    const Type integer = Type::integer();
    keys.reset(std::span(&integer, 1));
    for (size_t i = 0; i < numbers.size(); ++i) keys.column(0).lane<int64_t>()[i] = numbers[i];
    for (const Column& argument : arguments_.columns()) keys.columns().push_back(argument);
    keys.set_row_count(arguments_.row_count());
    std::array<uint32_t, kChunkRows> found;
    uint32_t known = call.seen->key_count();
    MOTE_TRY(call.seen->find_or_add(keys, std::span(found).first(numbers.size())));
    std::array<uint32_t, kChunkRows> first_numbers;
    selection_.count = 0;
    for (uint32_t i = 0; i < numbers.size(); ++i) {
      if (found[i] != known) continue;
      ++known;
      first_numbers[selection_.count] = numbers[i];
      selection_.rows[selection_.count++] = static_cast<uint16_t>(i);
    }
    if (selection_.count == 0) return {};
    arguments_.keep(selection_);
    pointers_.clear();
    for (const Column& argument : arguments_.columns()) pointers_.push_back(&argument);
    return update_states(call, std::span(first_numbers).first(selection_.count));
  }

  static bool is_one_group(std::span<const uint32_t> numbers) {
    for (const uint32_t number : numbers) {
      if (number != numbers[0]) return false;
    }
    return true;
  }

  // The arguments are in pointers_; there is a row.
  Status update_states(Call& call, std::span<const uint32_t> numbers) {
    const AggregateFunction& function = *call.aggregate->function;
    const auto row_count = static_cast<uint32_t>(numbers.size());
    if (group_count_ == 1 || is_one_group(numbers)) {
      const RowStates states = RowStates::one(state_of(call, numbers[0]));
      return function.update(pointers_, row_count, states, *arena_);
    }
    std::array<void*, kChunkRows> states;
    void** const places = states.data();
    const uint32_t* const groups = numbers.data();
    if (group_count_ <= kChunkRows) {
      char* const first = states_[0].get() + call.state_offset;
      for (uint32_t i = 0; i < row_count; ++i) places[i] = first + groups[i] * group_bytes_;
    } else {
      for (uint32_t i = 0; i < row_count; ++i) places[i] = state_of(call, groups[i]);
    }
    return function.update(pointers_, row_count, RowStates::each(states.data()), *arena_);
  }

  EvaluatorList groups_;
  std::vector<Type> group_types_;
  std::vector<Type> outputs_;
  std::vector<Call> calls_;
  size_t group_bytes_ = 0;  // of the states of one group
  std::optional<KeyTable> table_;
  std::vector<std::unique_ptr<char, Free>> states_;  // a block for kChunkRows groups
  std::optional<Arena> arena_;
  size_t arena_charged_ = 0;
  MemoryCharge charge_;
  MemoryCharge finish_charge_;  // of the rows given last
  uint32_t group_count_ = 0;
  uint32_t given_ = 0;
  bool read_all_ = false;

  Chunk in_;
  Chunk keys_;
  Chunk filtered_;
  Chunk arguments_;
  Selection selection_;
  // The group of each row: zero ever without GROUP BY.
  std::array<uint32_t, kChunkRows> numbers_{};
  std::array<uint32_t, kChunkRows> filtered_numbers_{};
  std::vector<const Column*> pointers_;
};

}  // namespace

std::unique_ptr<Operator> make_aggregate(const PlanNode& plan) {
  return std::make_unique<Aggregate>(plan);
}

}  // namespace mote
