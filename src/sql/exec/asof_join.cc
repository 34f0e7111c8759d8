// ASOF JOIN: each left row with the nearest right row in time, of equal keys.
//
// The right side is kept, sorted by key and time; each left row finds its place by binary search,
// begun where the last row of the same key was found, since left rows usually come in order of
// time.
#include <array>
#include <bit>
#include <cmath>
#include <optional>

#include "sql/exec/evaluator.h"
#include "sql/exec/operators.h"
#include "sql/exec/row_store.h"

namespace mote {

namespace {

// Times as integers in their order: floats by their bits. NaN, as NULL, is no time.
std::optional<int64_t> time_at(const Column& column, uint32_t row) {
  if (column.is_null(row)) return std::nullopt;
  double value;
  switch (column.type().kind) {
    case TypeKind::kInteger:
    case TypeKind::kTimestamp: return column.lane<int64_t>()[row];
    case TypeKind::kFloat4: value = static_cast<double>(column.lane<float>()[row]); break;
    case TypeKind::kFloat: value = column.lane<double>()[row]; break;
    default: return std::nullopt;
  }
  if (std::isnan(value)) return std::nullopt;
  const auto bits = std::bit_cast<int64_t>(value == 0 ? 0.0 : value);
  return bits < 0 ? INT64_MIN + (~bits) : bits;
}

double float_time(int64_t time) {
  return std::bit_cast<double>(time < 0 ? ~(time - INT64_MIN) : time);
}

class AsofJoin : public Operator {
 public:
  explicit AsofJoin(const PlanNode& plan)
      : Operator(plan),
        left_keys_(plan.left_keys),
        right_keys_(plan.right_keys),
        left_time_(*plan.left_time),
        right_time_(*plan.right_time),
        left_count_(static_cast<uint32_t>(plan.children[0]->outputs.size())),
        right_types_(types_of(plan.children[1]->outputs)) {}

 protected:
  Status start() override {
    clear();
    MOTE_TRY(left_keys_.prepare(context()));
    MOTE_TRY(right_keys_.prepare(context()));
    MOTE_TRY(left_time_.prepare(context()));
    MOTE_TRY(right_time_.prepare(context()));
    MOTE_TRY(set_tolerance());
    std::vector<Type> key_types;
    for (const BoundExpressionPtr& key : plan().right_keys) key_types.push_back(key->type);
    table_.emplace(key_types, *context().budget, "ASOF JOIN");
    right_ = std::make_shared<RowStore>(right_types_, *context().budget, "ASOF JOIN");
    while (true) {
      MOTE_ASSIGN(const bool more, child(1).next(rows_));
      if (!more) break;
      MOTE_TRY(add_right());
    }
    MOTE_TRY(sort_in_steps(context(), entries_, [](const Entry& a, const Entry& b) {
      if (a.key != b.key) return a.key < b.key;
      return a.time != b.time ? a.time < b.time : a.row < b.row;
    }));
    MOTE_TRY(charge_.grow(*context().budget, (table_->key_count() + 1) * 2 * sizeof(size_t),
                          "ASOF JOIN"));
    begins_.assign(table_->key_count() + 1, entries_.size());
    for (size_t i = entries_.size(); i-- > 0;) begins_[entries_[i].key] = i;
    for (size_t key = table_->key_count(); key-- > 0;) {
      begins_[key] = std::min(begins_[key], begins_[key + 1]);
    }
    last_places_ = begins_;
    return {};
  }

  Result<bool> produce(Chunk& out) override {
    while (true) {
      MOTE_ASSIGN(const bool more, child(0).next(left_));
      if (!more) return false;
      MOTE_TRY(left_keys_.evaluate(left_, keys_));
      MOTE_ASSIGN(const Column* const times, left_time_.evaluate(left_));
      table_->find(keys_, std::span(numbers_).first(left_.row_count()));
      left_rows_.clear();
      right_rows_.clear();
      for (uint32_t i = 0; i < left_.row_count(); ++i) {
        const std::optional<int64_t> time = time_at(*times, i);
        const uint32_t row = time.has_value() && numbers_[i] != RowStore::kNoRow
                                 ? nearest(numbers_[i], *time)
                                 : RowStore::kNoRow;
        if (row == RowStore::kNoRow && plan().join == JoinType::kInner) continue;
        left_rows_.push_back(static_cast<uint16_t>(i));
        right_rows_.push_back(row);
      }
      if (left_rows_.empty()) continue;
      give(out);
      return true;
    }
  }

  void finish() override { clear(); }

 private:
  struct Entry {
    int64_t time;
    uint32_t key;
    uint32_t row;
  };

  void clear() {
    table_.reset();
    right_.reset();
    entries_ = {};
    begins_ = {};
    last_places_ = {};
    charge_.reset();
  }

  Status set_tolerance() {
    has_tolerance_ = plan().tolerance != nullptr;
    if (!has_tolerance_) return {};
    MOTE_ASSIGN(const Value value, evaluate_once(*plan().tolerance, context()));
    // Nothing is within an unknown distance.
    tolerance_ = -1;
    float_tolerance_ = -1;
    if (value.is_null()) return {};
    if (value.type().is(TypeKind::kInterval)) {
      // A month is 30 days and a day 24 hours where lengths are compared.
      constexpr __int128 kDayNs = 86'400'000'000'000;
      const Interval interval = value.interval();
      tolerance_ = (static_cast<__int128>(interval.months) * 30 + interval.days) * kDayNs +
                   interval.nanoseconds;
    } else if (value.type().is(TypeKind::kInteger)) {
      tolerance_ = value.integer();
      float_tolerance_ = static_cast<double>(value.integer());
    } else {
      float_tolerance_ = value.floating();
      tolerance_ = static_cast<__int128>(std::clamp(float_tolerance_, -1.0, 1e30));
    }
    return {};
  }

  bool within_tolerance(int64_t a, int64_t b) const {
    if (!has_tolerance_) return true;
    const TypeKind kind = plan().left_time->type.kind;
    if (kind == TypeKind::kFloat || kind == TypeKind::kFloat4) {
      return std::abs(float_time(a) - float_time(b)) <= float_tolerance_;
    }
    const __int128 distance = static_cast<__int128>(a) - b;
    return (distance < 0 ? -distance : distance) <= tolerance_;
  }

  Status add_right() {
    const uint32_t count = rows_.row_count();
    MOTE_TRY(right_keys_.evaluate(rows_, keys_));
    MOTE_TRY(table_->find_or_add(keys_, std::span(numbers_).first(count)));
    MOTE_ASSIGN(const Column* const times, right_time_.evaluate(rows_));
    MOTE_TRY(charge_.grow(*context().budget, count * sizeof(Entry), "ASOF JOIN"));
    for (uint32_t i = 0; i < count; ++i) {
      const std::optional<int64_t> time = time_at(*times, i);
      if (time.has_value()) entries_.push_back({*time, numbers_[i], right_->row_count() + i});
    }
    return right_->append(rows_);
  }

  // The first place of [begin, end) whose time is not below `time` (`or_equal`: above it), looked
  // for around the last place.
  size_t first_after(uint32_t key, int64_t time, bool or_equal) {
    const auto below = [time, or_equal](const Entry& entry) {
      return or_equal ? entry.time <= time : entry.time < time;
    };
    size_t low = begins_[key];
    size_t high = begins_[key + 1];
    const size_t last = last_places_[key];
    if (last > low && !below(entries_[last - 1])) {
      high = last;
    } else {
      low = last;
      for (size_t step = 1; last + step < high; step *= 2) {
        if (!below(entries_[last + step])) {
          high = last + step;
          break;
        }
        low = last + step;
      }
    }
    const auto place = std::partition_point(entries_.begin() + static_cast<ptrdiff_t>(low),
                                            entries_.begin() + static_cast<ptrdiff_t>(high), below);
    last_places_[key] = static_cast<size_t>(place - entries_.begin());
    return last_places_[key];
  }

  uint32_t nearest(uint32_t key, int64_t time) {
    size_t place;
    if (plan().backward) {
      place = first_after(key, time, !plan().strict);
      if (place == begins_[key]) return RowStore::kNoRow;
      --place;
    } else {
      place = first_after(key, time, plan().strict);
      if (place == begins_[key + 1]) return RowStore::kNoRow;
      // Of equal times the last.
      while (place + 1 < begins_[key + 1] && entries_[place + 1].time == entries_[place].time) {
        ++place;
      }
    }
    return within_tolerance(entries_[place].time, time) ? entries_[place].row : RowStore::kNoRow;
  }

  void give(Chunk& out) {
    out.columns().resize(left_count_ + right_types_.size());
    for (uint32_t c = 0; c < left_count_; ++c) {
      gather_rows(left_.column(c), left_rows_, out.column(c));
    }
    for (uint32_t c = 0; c < right_types_.size(); ++c) {
      right_->gather(c, right_rows_, out.column(left_count_ + c));
    }
    out.set_row_count(static_cast<uint32_t>(left_rows_.size()));
  }

  EvaluatorList left_keys_;
  EvaluatorList right_keys_;
  Evaluator left_time_;
  Evaluator right_time_;
  const uint32_t left_count_;
  const std::vector<Type> right_types_;
  bool has_tolerance_ = false;
  __int128 tolerance_ = 0;
  double float_tolerance_ = 0;

  std::optional<KeyTable> table_;
  std::shared_ptr<RowStore> right_;
  std::vector<Entry> entries_;
  std::vector<size_t> begins_;       // of each key's entries; one more at the end
  std::vector<size_t> last_places_;  // what first_after gave last, by key
  MemoryCharge charge_;

  Chunk rows_;
  Chunk left_;
  Chunk keys_;
  std::array<uint32_t, kChunkRows> numbers_;
  std::vector<uint16_t> left_rows_;
  std::vector<uint32_t> right_rows_;
};

}  // namespace

std::unique_ptr<Operator> make_asof_join(const PlanNode& plan) {
  return std::make_unique<AsofJoin>(plan);
}

}  // namespace mote
