// min, max, first, last, any_value, arg_min and arg_max, for values of any type.
//
// min, max and any_value pass over NULLs; first and last take the row as it is, NULL or not;
// arg_min(x, by) gives x of the first row with the least `by`, NULL or not.
#include <type_traits>

#include "function/aggregate_state.h"
#include "function/registry.h"
#include "function/signature.h"

namespace mote {

namespace {

using enum TypeKind;

struct ExtremeState {
  KeptValue value;
};

// kSign: 1 for max, -1 for min.
template <int kSign, typename T>
bool is_better(T candidate, T best) {
  if constexpr (std::is_floating_point_v<T>) {
    // NaN is above every number.
    if (candidate != candidate) return kSign > 0 && best == best;
    if (best != best) return kSign < 0;
  }
  return kSign > 0 ? candidate > best : candidate < best;
}

template <typename T>
T& kept_lane(KeptValue& value) {
  if constexpr (std::is_same_v<T, double>) return value.number[0];
  if constexpr (std::is_same_v<T, float>) return value.single;
  if constexpr (std::is_same_v<T, int64_t>) return value.whole[0];
}

template <int kSign, typename T>
void update_lane(Arguments arguments, uint32_t row_count, RowStates states) {
  const T* const values = arguments[0]->lane<T>();
  const TypeKind kind = arguments[0]->type().kind;
  const auto offer = [kind](KeptValue& best, T candidate) {
    if (!best.is_none() && !is_better<kSign>(candidate, kept_lane<T>(best))) return;
    kept_lane<T>(best) = candidate;
    best.presence = KeptValue::Presence::kValue;
    best.kind = kind;
  };
  const bool all_valid = arguments[0]->validity().all_valid();
  if (all_valid && row_count > 0 && states.only() != nullptr) {
    T best = values[0];
    for (uint32_t i = 1; i < row_count; ++i) {
      best = is_better<kSign>(values[i], best) ? values[i] : best;
    }
    offer(static_cast<ExtremeState*>(states.only())->value, best);
    return;
  }
  each_counted_row<ExtremeState>(
      arguments, row_count, states,
      [&](ExtremeState& state, uint32_t i) { offer(state.value, values[i]); });
}

template <int kSign>
Status update_extreme(Arguments arguments, uint32_t row_count, RowStates states, Arena& arena) {
  switch (arguments[0]->type().kind) {
    case kInteger:
    case kTimestamp: update_lane<kSign, int64_t>(arguments, row_count, states); return {};
    case kFloat: update_lane<kSign, double>(arguments, row_count, states); return {};
    case kFloat4: update_lane<kSign, float>(arguments, row_count, states); return {};
    default: break;
  }
  each_counted_row<ExtremeState>(
      arguments, row_count, states, [&](ExtremeState& state, uint32_t i) {
        const KeptValue candidate = look_at_row(*arguments[0], i);
        if (!state.value.is_none() && compare_kept(candidate, state.value) * kSign <= 0) return;
        keep_copy(candidate, arena, &state.value);
      });
  return {};
}

template <int kSign>
Status merge_extreme(void* into, const void* from, Arena& arena) {
  auto& best = static_cast<ExtremeState*>(into)->value;
  const auto& candidate = static_cast<const ExtremeState*>(from)->value;
  if (candidate.is_none()) return {};
  if (best.is_none() || compare_kept(candidate, best) * kSign > 0) {
    keep_copy(candidate, arena, &best);
  }
  return {};
}

Status finish_extreme(const void* state, Column& out, uint32_t row) {
  put_kept(static_cast<const ExtremeState*>(state)->value, out, row);
  return {};
}

enum class Place { kFirst, kLast, kAny };

template <Place kPlace>
Status update_place(Arguments arguments, uint32_t row_count, RowStates states, Arena& arena) {
  const Column& column = *arguments[0];
  for (uint32_t i = 0; i < row_count; ++i) {
    KeptValue& kept = static_cast<ExtremeState*>(states[i])->value;
    if (kPlace != Place::kLast && !kept.is_none()) continue;
    if (kPlace == Place::kAny && column.is_null(i)) continue;
    keep_row(column, i, arena, &kept);
  }
  return {};
}

template <Place kPlace>
Status merge_place(void* into, const void* from, Arena& arena) {
  auto& kept = static_cast<ExtremeState*>(into)->value;
  const auto& later = static_cast<const ExtremeState*>(from)->value;
  if (later.is_none() || (kPlace != Place::kLast && !kept.is_none())) return {};
  keep_copy(later, arena, &kept);
  return {};
}

struct ArgumentState {
  KeptValue by;
  KeptValue value;
};

template <int kSign>
Status update_argument(Arguments arguments, uint32_t row_count, RowStates states, Arena& arena) {
  each_counted_row<ArgumentState>(
      arguments.subspan(1), row_count, states, [&](ArgumentState& state, uint32_t i) {
        const KeptValue candidate = look_at_row(*arguments[1], i);
        if (!state.by.is_none() && compare_kept(candidate, state.by) * kSign <= 0) return;
        keep_copy(candidate, arena, &state.by);
        keep_row(*arguments[0], i, arena, &state.value);
      });
  return {};
}

template <int kSign>
Status merge_argument(void* into, const void* from, Arena& arena) {
  auto& best = *static_cast<ArgumentState*>(into);
  const auto& candidate = *static_cast<const ArgumentState*>(from);
  if (candidate.by.is_none()) return {};
  if (!best.by.is_none() && compare_kept(candidate.by, best.by) * kSign <= 0) return {};
  keep_copy(candidate.by, arena, &best.by);
  keep_copy(candidate.value, arena, &best.value);
  return {};
}

Status finish_argument(const void* state, Column& out, uint32_t row) {
  put_kept(static_cast<const ArgumentState*>(state)->value, out, row);
  return {};
}

bool is_ordered(Type type) { return !type.is(kVector) && !type.is(kPoint) && !type.is(kPoint3d); }

// An untyped NULL is TEXT, which everything can become.
Type or_text(Type type) { return type.is(kNull) ? Type::text() : type; }

std::optional<Type> resolve_value(std::span<const Type> arguments, std::span<Type> cast_to) {
  for (size_t i = 0; i < arguments.size(); ++i) cast_to[i] = or_text(arguments[i]);
  return cast_to[0];
}

std::optional<Type> resolve_ordered(std::span<const Type> arguments, std::span<Type> cast_to) {
  if (!is_ordered(arguments[arguments.size() - 1])) return std::nullopt;
  return resolve_value(arguments, cast_to);
}

template <int kSign>
constexpr AggregateFunction extreme(std::string_view name) {
  return {name,
          resolve_ordered,
          sizeof(ExtremeState),
          leave_zero,
          update_extreme<kSign>,
          merge_extreme<kSign>,
          finish_extreme,
          1,
          1,
          "(value) of a type with an order"};
}

template <Place kPlace>
constexpr AggregateFunction place(std::string_view name) {
  return {name,
          resolve_value,
          sizeof(ExtremeState),
          leave_zero,
          update_place<kPlace>,
          merge_place<kPlace>,
          finish_extreme,
          1,
          1,
          "(value)"};
}

template <int kSign>
constexpr AggregateFunction argument(std::string_view name) {
  return {name,
          resolve_ordered,
          sizeof(ArgumentState),
          leave_zero,
          update_argument<kSign>,
          merge_argument<kSign>,
          finish_argument,
          2,
          2,
          "(value, by)"};
}

constexpr AggregateFunction kTable[] = {
    extreme<-1>("min"),
    extreme<1>("max"),
    place<Place::kFirst>("first"),
    place<Place::kLast>("last"),
    place<Place::kAny>("any_value"),
    argument<-1>("arg_min"),
    argument<1>("arg_max"),
    argument<-1>("min_by"),
    argument<1>("max_by"),
};

}  // namespace

std::span<const AggregateFunction> order_aggregates() { return kTable; }

}  // namespace mote
