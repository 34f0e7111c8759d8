// Window functions: rows sorted by partition and order, then one more column a call.
//
// All rows are kept; an order of their numbers is sorted. Rows are given in that order, and each
// call is computed for the rows of a chunk from where the partition, the peers and the frame begin
// and end. An aggregate whose frame only grows goes on with the state of the row before; any other
// frame is added up anew.
#include <array>
#include <cstring>
#include <optional>

#include "base/arena.h"
#include "sql/exec/evaluator.h"
#include "sql/exec/operators.h"
#include "sql/exec/row_store.h"

namespace mote {

namespace {

// Half open, places in the sorted order.
struct Span {
  size_t begin = 0;
  size_t end = 0;
};

struct WindowCall {
  explicit WindowCall(const BoundWindowCall& the_call)
      : call(&the_call), arguments(the_call.aggregate.arguments) {
    if (the_call.aggregate.filter != nullptr) filter.emplace(*the_call.aggregate.filter);
    state.resize(the_call.aggregate.function == nullptr
                     ? 0
                     : (the_call.aggregate.function->state_bytes + 15) / 16);
  }
  const BoundWindowCall* call;
  EvaluatorList arguments;
  std::optional<Evaluator> filter;
  uint32_t first_column = 0;   // of the arguments in the kept rows
  uint32_t filter_column = 0;  // of FILTER's value
  Value start_distance;
  Value end_distance;
  struct alignas(16) StateUnit {
    char bytes[16];
  };
  std::vector<StateUnit> state;  // of an aggregate over the rows of `added`
  Span added;
};

class Window : public Operator {
 public:
  explicit Window(const PlanNode& plan) : Operator(plan), partition_(plan.groups) {
    types_ = types_of(plan.children[0]->outputs);
    input_count_ = static_cast<uint32_t>(types_.size());
    for (const BoundExpressionPtr& key : plan.groups) types_.push_back(key->type);
    order_column_ = static_cast<uint32_t>(types_.size());
    for (const SortKey& key : plan.sort_keys) {
      order_.emplace_back(*key.expression);
      types_.push_back(key.expression->type);
    }
    for (const BoundWindowCall& bound : plan.windows) {
      WindowCall& call = calls_.emplace_back(bound);
      call.first_column = static_cast<uint32_t>(types_.size());
      for (const BoundExpressionPtr& argument : bound.aggregate.arguments) {
        types_.push_back(argument->type);
      }
      call.filter_column = static_cast<uint32_t>(types_.size());
      if (call.filter.has_value()) types_.push_back(Type::boolean());
    }
  }

 protected:
  Status start() override {
    clear();
    MOTE_TRY(partition_.prepare(context()));
    for (Evaluator& key : order_) MOTE_TRY(key.prepare(context()));
    for (WindowCall& call : calls_) {
      MOTE_TRY(call.arguments.prepare(context()));
      if (call.filter.has_value()) MOTE_TRY(call.filter->prepare(context()));
      MOTE_TRY(set_distance(call.call->start_distance, &call.start_distance));
      MOTE_TRY(set_distance(call.call->end_distance, &call.end_distance));
    }
    rows_ = std::make_shared<RowStore>(types_, *context().budget, "window");
    return {};
  }

  Result<bool> produce(Chunk& out) override {
    if (!read_all_) MOTE_TRY(read_all());
    if (at_ == sorted_.size()) return false;
    const size_t count = std::min<size_t>(kChunkRows, sorted_.size() - at_);
    out.columns().resize(plan().outputs.size());
    for (uint32_t c = 0; c < input_count_; ++c) {
      rows_->gather(c, std::span(sorted_).subspan(at_, count), out.column(c));
    }
    for (uint32_t i = 0; i < calls_.size(); ++i) {
      out.column(input_count_ + i).reset(plan().outputs[input_count_ + i].type);
    }
    for (uint32_t to = 0; to < count; ++to, ++at_) {
      if (at_ % 64 == 0) MOTE_TRY(context().check());
      move_to(at_);
      for (uint32_t i = 0; i < calls_.size(); ++i) {
        MOTE_TRY(compute(calls_[i], out.column(input_count_ + i), to));
      }
    }
    out.set_row_count(static_cast<uint32_t>(count));
    return true;
  }

  void finish() override { clear(); }

 private:
  void clear() {
    rows_.reset();
    sorted_ = {};
    charge_.reset();
    arena_.reset();
    arena_charge_.reset();
    at_ = 0;
    partition_span_ = {};
    peers_ = {};
    read_all_ = false;
  }

  Status set_distance(const BoundExpressionPtr& expression, Value* distance) {
    if (expression == nullptr) return {};
    MOTE_ASSIGN(*distance, evaluate_once(*expression, context()));
    const bool negative = distance->type().is(TypeKind::kInteger)
                              ? distance->integer() < 0
                              : distance->type().is(TypeKind::kFloat) && distance->floating() < 0;
    if (distance->is_null() || negative) {
      return invalid_argument("the distance of a window frame is '%s'; it must not be %s",
                              distance->to_text().c_str(),
                              distance->is_null() ? "NULL" : "negative")
          .at(expression->offset);
    }
    return {};
  }

  Status read_all() {
    read_all_ = true;
    arena_.emplace();
    Chunk in;
    while (true) {
      MOTE_ASSIGN(const bool more, child().next(in));
      if (!more) break;
      std::vector<Column> columns = in.columns();
      for (size_t i = 0; i < partition_.size(); ++i) {
        MOTE_TRY(add_column(partition_[i], in, &columns));
      }
      for (Evaluator& key : order_) MOTE_TRY(add_column(key, in, &columns));
      for (WindowCall& call : calls_) {
        for (size_t i = 0; i < call.arguments.size(); ++i) {
          MOTE_TRY(add_column(call.arguments[i], in, &columns));
        }
        if (call.filter.has_value()) MOTE_TRY(add_column(*call.filter, in, &columns));
      }
      MOTE_TRY(rows_->append(columns, in.row_count()));
    }
    MOTE_TRY(charge_.grow(*context().budget, rows_->row_count() * sizeof(uint32_t), "window"));
    sorted_.resize(rows_->row_count());
    for (uint32_t row = 0; row < sorted_.size(); ++row) sorted_[row] = row;
    return sort_in_steps(context(), sorted_, [this](uint32_t a, uint32_t b) {
      int order = compare_partition(a, b);
      if (order == 0) order = compare_order(a, b);
      return order != 0 ? order < 0 : a < b;
    });
  }

  static Status add_column(Evaluator& evaluator, const Chunk& in, std::vector<Column>* columns) {
    MOTE_ASSIGN(const Column* const column, evaluator.evaluate(in));
    columns->push_back(*column);
    return {};
  }

  int compare_column(uint32_t column, uint32_t a, uint32_t b) const {
    return rows_->column_of(a, column).compare_rows(RowStore::place(a), rows_->column_of(b, column),
                                                    RowStore::place(b));
  }

  int compare_partition(uint32_t a, uint32_t b) const {
    for (uint32_t c = input_count_; c < order_column_; ++c) {
      const int order = compare_column(c, a, b);
      if (order != 0) return order;
    }
    return 0;
  }

  int compare_order(uint32_t a, uint32_t b) const {
    for (uint32_t k = 0; k < order_.size(); ++k) {
      const SortKey& key = plan().sort_keys[k];
      const bool a_null = is_null(order_column_ + k, a);
      const bool b_null = is_null(order_column_ + k, b);
      if (a_null != b_null) return a_null == key.nulls_first ? -1 : 1;
      const int order = compare_column(order_column_ + k, a, b);
      if (order != 0) return key.descending ? -order : order;
    }
    return 0;
  }

  bool is_null(uint32_t column, uint32_t row) const {
    return rows_->column_of(row, column).is_null(RowStore::place(row));
  }
  Value value(uint32_t column, size_t place) const {
    const uint32_t row = sorted_[place];
    return rows_->column_of(row, column).value(RowStore::place(row));
  }

  // Finds the partition and the peers of the row at a place that is the next after the last.
  void move_to(size_t place) {
    row_at_ = place;
    if (place >= partition_span_.end) {
      partition_span_ = {place, place + 1};
      while (partition_span_.end < sorted_.size() &&
             compare_partition(sorted_[place], sorted_[partition_span_.end]) == 0) {
        ++partition_span_.end;
      }
      dense_rank_ = 0;
      peers_ = {place, place};
      for (WindowCall& call : calls_) call.added = {SIZE_MAX, SIZE_MAX};
    }
    if (place >= peers_.end) {
      ++dense_rank_;
      peers_ = {place, place + 1};
      while (peers_.end < partition_span_.end &&
             compare_order(sorted_[place], sorted_[peers_.end]) == 0) {
        ++peers_.end;
      }
    }
  }

  Status compute(WindowCall& call, Column& out, uint32_t to) {
    const auto give = [&](size_t number) {
      out.lane<int64_t>()[to] = static_cast<int64_t>(number);
      return Status();
    };
    switch (call.call->kind) {
      case WindowFunction::kRowNumber: return give(row_at_ - partition_span_.begin + 1);
      case WindowFunction::kRank: return give(peers_.begin - partition_span_.begin + 1);
      case WindowFunction::kDenseRank: return give(dense_rank_);
      case WindowFunction::kNtile: return compute_ntile(call, out, to);
      case WindowFunction::kLag:
      case WindowFunction::kLead: return compute_shifted(call, out, to);
      case WindowFunction::kFirstValue:
      case WindowFunction::kLastValue:
      case WindowFunction::kNthValue: return compute_nth(call, out, to);
      case WindowFunction::kAggregate: break;
    }
    MOTE_ASSIGN(const Span frame, frame_of(call));
    return compute_aggregate(call, frame, out, to);
  }

  Status compute_ntile(const WindowCall& call, Column& out, uint32_t to) {
    const Value buckets = value(call.first_column, row_at_);
    if (buckets.is_null()) {
      out.set_null(to);
      return {};
    }
    if (buckets.integer() < 1) {
      return invalid_argument("ntile(%lld): the number of buckets must be positive",
                              static_cast<long long>(buckets.integer()));
    }
    const auto count = static_cast<uint64_t>(buckets.integer());
    const uint64_t rows = partition_span_.end - partition_span_.begin;
    const uint64_t at = row_at_ - partition_span_.begin;
    // The first rows % count buckets have one row more.
    const uint64_t small = rows / count;
    const uint64_t larger = rows % count;
    const uint64_t in_larger = larger * (small + 1);
    const uint64_t behind = at - std::min(at, in_larger);
    const uint64_t bucket =
        at < in_larger ? at / (small + 1) : larger + behind / std::max<uint64_t>(small, 1);
    out.lane<int64_t>()[to] = static_cast<int64_t>(bucket + 1);
    return {};
  }

  Status compute_shifted(const WindowCall& call, Column& out, uint32_t to) {
    const Value distance = value(call.first_column + 1, row_at_);
    if (distance.is_null()) {
      out.set_null(to);
      return {};
    }
    __int128 place = row_at_;
    place += call.call->kind == WindowFunction::kLag ? -static_cast<__int128>(distance.integer())
                                                     : static_cast<__int128>(distance.integer());
    if (place < static_cast<__int128>(partition_span_.begin) ||
        place >= static_cast<__int128>(partition_span_.end)) {
      out.set_value(to, value(call.first_column + 2, row_at_));
    } else {
      out.set_value(to, value(call.first_column, static_cast<size_t>(place)));
    }
    return {};
  }

  Status compute_nth(WindowCall& call, Column& out, uint32_t to) {
    MOTE_ASSIGN(const Span frame, frame_of(call));
    const size_t size = frame.end - frame.begin;
    uint64_t nth = call.call->kind == WindowFunction::kLastValue ? size : 1;
    if (call.call->kind == WindowFunction::kNthValue) {
      const Value number = value(call.first_column + 1, row_at_);
      if (!number.is_null() && number.integer() < 1) {
        return invalid_argument("nth_value(.., %lld): the number must be positive",
                                static_cast<long long>(number.integer()));
      }
      nth = number.is_null() ? 0 : static_cast<uint64_t>(number.integer());
    }
    if (nth == 0 || nth > size) {
      out.set_null(to);
    } else {
      out.set_value(to, value(call.first_column, frame.begin + nth - 1));
    }
    return {};
  }

  Result<Span> frame_of(const WindowCall& call) {
    MOTE_ASSIGN(const size_t begin, bound(call, call.call->start, call.start_distance, true));
    MOTE_ASSIGN(const size_t end, bound(call, call.call->end, call.end_distance, false));
    return Span{begin, std::max(begin, end)};
  }

  // Where the frame of the row begins, or ends.
  Result<size_t> bound(const WindowCall& call, FrameBound kind, const Value& distance,
                       bool is_start) {
    switch (kind) {
      case FrameBound::kUnboundedPreceding: return partition_span_.begin;
      case FrameBound::kUnboundedFollowing: return partition_span_.end;
      case FrameBound::kCurrentRow:
        if (call.call->rows) return is_start ? row_at_ : row_at_ + 1;
        return is_start ? peers_.begin : peers_.end;
      case FrameBound::kPreceding:
      case FrameBound::kFollowing: break;
    }
    const bool preceding = kind == FrameBound::kPreceding;
    if (!call.call->rows) return range_bound(distance, preceding, is_start);
    __int128 place = static_cast<__int128>(row_at_) + (is_start ? 0 : 1);
    place += preceding ? -static_cast<__int128>(distance.integer())
                       : static_cast<__int128>(distance.integer());
    const auto low = static_cast<__int128>(partition_span_.begin);
    const auto high = static_cast<__int128>(partition_span_.end);
    return static_cast<size_t>(std::clamp(place, low, high));
  }

  // RANGE: the first row whose key is not before (start) or is behind (end) the key of the current
  // row moved by the distance. A NULL key has its peers as its frame.
  Result<size_t> range_bound(const Value& distance, bool preceding, bool is_start) {
    const Value key = value(order_column_, row_at_);
    if (key.is_null()) return is_start ? peers_.begin : peers_.end;
    const bool descending = plan().sort_keys[0].descending;
    MOTE_ASSIGN(const Value limit, moved(key, distance, preceding != descending));
    size_t low = partition_span_.begin;
    size_t high = partition_span_.end;
    while (low < high) {
      const size_t middle = low + (high - low) / 2;
      const Value other = value(order_column_, middle);
      bool before;
      if (other.is_null()) {
        before = plan().sort_keys[0].nulls_first;
      } else {
        const int order = descending ? limit.compare(other) : other.compare(limit);
        before = is_start ? order < 0 : order <= 0;
      }
      (before ? low : high) = before ? middle + 1 : middle;
    }
    return low;
  }

  // key - distance, or key + distance; at the end of the type's range where that is beyond it.
  static Result<Value> moved(const Value& key, const Value& distance, bool down) {
    if (key.type().is(TypeKind::kFloat)) {
      return Value::floating(key.floating() + (down ? -distance.floating() : distance.floating()));
    }
    if (key.type().is(TypeKind::kFloat4)) {
      return Value::float4(key.float4() + (down ? -distance.float4() : distance.float4()));
    }
    if (distance.type().is(TypeKind::kInterval)) {
      Interval by = distance.interval();
      if (down) {
        by = {static_cast<int32_t>(0 - static_cast<uint32_t>(by.months)),
              static_cast<int32_t>(0 - static_cast<uint32_t>(by.days)),
              static_cast<int64_t>(0 - static_cast<uint64_t>(by.nanoseconds))};
      }
      const Result<int64_t> time = add_interval(key.integer(), by);
      return Value::timestamp(time.ok() ? *time : down ? INT64_MIN : INT64_MAX);
    }
    int64_t result;
    const bool beyond = down ? __builtin_sub_overflow(key.integer(), distance.integer(), &result)
                             : __builtin_add_overflow(key.integer(), distance.integer(), &result);
    if (beyond) result = down ? INT64_MIN : INT64_MAX;
    return key.type().is(TypeKind::kTimestamp) ? Value::timestamp(result) : Value::integer(result);
  }

  Status compute_aggregate(WindowCall& call, Span frame, Column& out, uint32_t to) {
    const AggregateFunction& function = *call.call->aggregate.function;
    if (frame.begin != call.added.begin || frame.end < call.added.end) {
      // What states of earlier frames put into the arena is of no use any more.
      if (calls_.size() == 1) {
        arena_->clear();
        arena_charge_.reset();
      }
      std::memset(call.state.data(), 0, call.state.size() * sizeof(WindowCall::StateUnit));
      function.init(call.state.data());
      call.added = {frame.begin, frame.begin};
    }
    while (call.added.end < frame.end) {
      MOTE_TRY(context().check());
      const size_t count = std::min<size_t>(kChunkRows, frame.end - call.added.end);
      MOTE_TRY(add_rows(call, std::span(sorted_).subspan(call.added.end, count)));
      call.added.end += count;
    }
    if (function.finish_bytes != nullptr) {
      const uint64_t size = function.finish_bytes(call.state.data());
      MOTE_TRY(context().function.before_bytes(out, size));
    }
    return function.finish(call.state.data(), out, to);
  }

  Status add_rows(WindowCall& call, std::span<const uint32_t> rows) {
    added_rows_.assign(rows.begin(), rows.end());
    if (call.filter.has_value()) {
      std::erase_if(added_rows_, [&](uint32_t row) {
        const Column& holds = rows_->column_of(row, call.filter_column);
        const uint32_t place = RowStore::place(row);
        return holds.is_null(place) || !holds.lane<bool>()[place];
      });
    }
    std::array<const Column*, 8> columns;
    const size_t width = call.arguments.size();
    if (width > columns.size()) {
      return limit_exceeded("a window function can have no more than %zu arguments; this has %zu",
                            columns.size(), width);
    }
    arguments_.columns().resize(std::max<size_t>(arguments_.column_count(), width));
    for (uint32_t i = 0; i < width; ++i) {
      rows_->gather(call.first_column + i, added_rows_, arguments_.column(i));
      columns[i] = &arguments_.column(i);
    }
    const size_t charged = arena_charge_.size_bytes();
    arena_->set_limit_bytes(charged + context().budget->free_bytes());
    MOTE_TRY(call.call->aggregate.function->update(std::span(columns).first(width),
                                                   static_cast<uint32_t>(added_rows_.size()),
                                                   RowStates::one(call.state.data()), *arena_));
    const size_t used = arena_->memory_bytes();
    if (used <= charged) return {};
    return arena_charge_.grow(*context().budget, used - charged, "window");
  }

  EvaluatorList partition_;
  std::vector<Evaluator> order_;
  std::vector<WindowCall> calls_;
  std::vector<Type> types_;  // of rows_: input, partition, order, then the calls' arguments
  uint32_t input_count_ = 0;
  uint32_t order_column_ = 0;
  std::shared_ptr<RowStore> rows_;
  std::vector<uint32_t> sorted_;
  MemoryCharge charge_;
  std::optional<Arena> arena_;
  MemoryCharge arena_charge_;
  bool read_all_ = false;
  size_t at_ = 0;

  // Of the row being computed.
  size_t row_at_ = 0;
  Span partition_span_;
  Span peers_;
  size_t dense_rank_ = 0;
  std::vector<uint32_t> added_rows_;
  Chunk arguments_;
};

}  // namespace

std::unique_ptr<Operator> make_window(const PlanNode& plan) {
  return std::make_unique<Window>(plan);
}

}  // namespace mote
