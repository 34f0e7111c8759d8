// Aggregates that keep all their values: string_agg, median and quantile_cont. What they keep lies
// in the arena that the operator owns and charges.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/limits.h"
#include "function/aggregate_state.h"
#include "function/registry.h"
#include "function/signature.h"

namespace mote {

namespace {

using enum TypeKind;

// A text that grows by doubling its room.
struct JoinedState {
  char* bytes;
  uint64_t size;
  uint64_t capacity;
  std::string_view separator;  // of the first row, in the arena: goes before a merged text
  bool any;
};

Status append_bytes(JoinedState& state, std::string_view bytes, Arena& arena) {
  if (bytes.empty()) return {};
  if (state.size + bytes.size() > kMaxValueBytes) {
    return limit_exceeded("string_agg: a value of more than %llu bytes, the limit",
                          static_cast<unsigned long long>(kMaxValueBytes));
  }
  if (state.capacity - state.size < bytes.size()) {
    const uint64_t capacity = std::max<uint64_t>(64, 2 * (state.size + bytes.size()));
    if (!arena.has_room(capacity)) {
      return out_of_memory("string_agg needs %llu bytes, which the budget does not have",
                           static_cast<unsigned long long>(capacity));
    }
    state.capacity = capacity;
    char* const grown = arena.allocate(state.capacity, 1);
    if (state.size > 0) std::memcpy(grown, state.bytes, state.size);
    state.bytes = grown;
  }
  std::memcpy(state.bytes + state.size, bytes.data(), bytes.size());
  state.size += bytes.size();
  return {};
}

Status join_texts(Arguments arguments, uint32_t row_count, RowStates states, Arena& arena) {
  for (uint32_t i = 0; i < row_count; ++i) {
    if (arguments[0]->is_null(i)) continue;
    auto& state = *static_cast<JoinedState*>(states[i]);
    const std::string_view separator =
        arguments.size() > 1 ? arguments[1]->lane<std::string_view>()[i] : std::string_view(",");
    if (state.any) {
      MOTE_TRY(append_bytes(state, separator, arena));
    } else {
      state.separator = arena.copy(separator);
    }
    state.any = true;
    MOTE_TRY(append_bytes(state, arguments[0]->lane<std::string_view>()[i], arena));
  }
  return {};
}

Status merge_texts(void* into, const void* from, Arena& arena) {
  auto& state = *static_cast<JoinedState*>(into);
  const auto& later = *static_cast<const JoinedState*>(from);
  if (!later.any) return {};
  if (state.any) {
    MOTE_TRY(append_bytes(state, later.separator, arena));
  } else {
    state.separator = arena.copy(later.separator);
  }
  state.any = true;
  return append_bytes(state, {later.bytes, later.size}, arena);
}

Status finish_texts(const void* state, Column& out, uint32_t row) {
  const auto& joined = *static_cast<const JoinedState*>(state);
  if (joined.any) {
    out.lane<std::string_view>()[row] = out.store({joined.bytes, joined.size});
  } else {
    out.set_null(row);
  }
  return {};
}

uint64_t bytes_to_finish_texts(const void* state) {
  return static_cast<const JoinedState*>(state)->size;
}

// Values in blocks of the arena, each twice as large as the one before.
struct ValueBlock {
  ValueBlock* before;
  uint64_t count;
  uint64_t capacity;
  double* values() { return reinterpret_cast<double*>(this + 1); }
  const double* values() const { return reinterpret_cast<const double*>(this + 1); }
};

struct QuantileState {
  ValueBlock* last;
  uint64_t count;
  double quantile;
};

constexpr uint64_t kLeastBlockValues = 8;
constexpr uint64_t kMostBlockValues = 1u << 16;

void add_value(QuantileState& state, double value, Arena& arena) {
  ValueBlock* block = state.last;
  if (block == nullptr || block->count == block->capacity) {
    const uint64_t capacity =
        block == nullptr ? kLeastBlockValues : std::min(2 * block->capacity, kMostBlockValues);
    auto* const added = reinterpret_cast<ValueBlock*>(
        arena.allocate(sizeof(ValueBlock) + capacity * sizeof(double), alignof(ValueBlock)));
    *added = {block, 0, capacity};
    state.last = block = added;
  }
  block->values()[block->count++] = value;
  ++state.count;
}

Status collect_values(Arguments arguments, uint32_t row_count, RowStates states, Arena& arena) {
  const auto* const values = arguments[0]->lane<double>();
  for (uint32_t i = 0; i < row_count; ++i) {
    auto& state = *static_cast<QuantileState*>(states[i]);
    if (arguments.size() > 1) {
      const double quantile = arguments[1]->lane<double>()[i];
      // Also for NaN, and for NULL, whose entry must not pass for a zero.
      if (!(quantile >= 0 && quantile <= 1) || arguments[1]->is_null(i)) {
        return invalid_argument(
            "a quantile is between 0 and 1, not %s",
            arguments[1]->is_null(i) ? "NULL" : format_text("%g", quantile).c_str());
      }
      state.quantile = quantile;
    }
    if (!arguments[0]->is_null(i)) add_value(state, values[i], arena);
  }
  return {};
}

Status merge_values(void* into, const void* from, Arena& arena) {
  auto& state = *static_cast<QuantileState*>(into);
  const auto& later = *static_cast<const QuantileState*>(from);
  if (later.count > 0) state.quantile = later.quantile;
  for (const ValueBlock* block = later.last; block != nullptr; block = block->before) {
    for (uint64_t i = 0; i < block->count; ++i) add_value(state, block->values()[i], arena);
  }
  return {};
}

// NaN above every number.
bool is_less(double a, double b) { return std::isnan(b) ? !std::isnan(a) : a < b; }

// Between the two values around place q * (count - 1).
double interpolated(std::vector<double>& values, double quantile) {
  const double place = quantile * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(place);
  const auto nth = values.begin() + static_cast<ptrdiff_t>(below);
  std::nth_element(values.begin(), nth, values.end(), is_less);
  const double low = *nth;
  const double fraction = place - static_cast<double>(below);
  if (fraction == 0) return low;
  const double high = *std::min_element(nth + 1, values.end(), is_less);
  return low == high ? low : low * (1 - fraction) + high * fraction;
}

uint64_t bytes_to_finish_quantile(const void* state) {
  return static_cast<const QuantileState*>(state)->count * sizeof(double);
}

template <bool kMedian>
Status finish_quantile(const void* state, Column& out, uint32_t row) {
  const auto& collected = *static_cast<const QuantileState*>(state);
  if (collected.count == 0) {
    out.set_null(row);
    return {};
  }
  std::vector<double> values;
  values.reserve(collected.count);
  for (const ValueBlock* block = collected.last; block != nullptr; block = block->before) {
    values.insert(values.end(), block->values(), block->values() + block->count);
  }
  out.lane<double>()[row] = interpolated(values, kMedian ? 0.5 : collected.quantile);
  return {};
}

// What is joined may be of any type; it is joined as text.
std::optional<Type> resolve_join(std::span<const Type> arguments, std::span<Type> cast_to) {
  if (arguments.size() > 1 && !is_implicit(arguments[1], kText)) return std::nullopt;
  for (Type& type : cast_to) type = Type::text();
  return Type::text();
}

constexpr AggregateFunction joining(std::string_view name) {
  return {name,
          resolve_join,
          sizeof(JoinedState),
          leave_zero,
          join_texts,
          merge_texts,
          finish_texts,
          1,
          2,
          "(value [, separator])",
          bytes_to_finish_texts};
}

constexpr AggregateFunction quantile(std::string_view name) {
  return {name,
          takes<kFloat, kFloat>,
          sizeof(QuantileState),
          leave_zero,
          collect_values,
          merge_values,
          finish_quantile<false>,
          2,
          2,
          "(FLOAT, quantile)",
          bytes_to_finish_quantile};
}

constexpr AggregateFunction kTable[] = {
    joining("string_agg"),
    joining("group_concat"),
    {"median", takes<kFloat, kFloat>, sizeof(QuantileState), leave_zero, collect_values,
     merge_values, finish_quantile<true>, 1, 1, "(FLOAT)", bytes_to_finish_quantile},
    quantile("quantile_cont"),
    quantile("quantile"),
    quantile("percentile"),
    quantile("percentile_cont"),
};

}  // namespace

std::span<const AggregateFunction> collecting_aggregates() { return kTable; }

}  // namespace mote
