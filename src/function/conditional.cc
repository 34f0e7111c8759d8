// Functions that choose among their arguments: coalesce, nullif, if, greatest, least; and typeof.
//
// They compute every argument; CASE is what leaves branches out.
#include <algorithm>

#include "function/lanes.h"
#include "function/registry.h"
#include "function/signature.h"

namespace mote {

namespace {

using enum TypeKind;

// The type that arguments [first, ..) share becomes theirs and the result's.
std::optional<Type> share(std::span<const Type> arguments, std::span<Type> cast_to, size_t first) {
  const std::optional<Type> shared = shared_type(arguments.subspan(first));
  if (!shared.has_value()) return std::nullopt;
  for (size_t i = first; i < arguments.size(); ++i) cast_to[i] = *shared;
  return shared;
}

std::optional<Type> resolve_shared(std::span<const Type> arguments, std::span<Type> cast_to) {
  return share(arguments, cast_to, 0);
}

std::optional<Type> resolve_if(std::span<const Type> arguments, std::span<Type> cast_to) {
  if (!arguments[0].is(kBoolean) && !arguments[0].is(kNull)) return std::nullopt;
  cast_to[0] = Type::boolean();
  return share(arguments, cast_to, 1);
}

// The order of points and vectors is for sorting, not for choosing.
std::optional<Type> resolve_ordered(std::span<const Type> arguments, std::span<Type> cast_to) {
  const std::optional<Type> shared = share(arguments, cast_to, 0);
  if (!shared.has_value()) return std::nullopt;
  if (shared->is(kVector) || shared->is(kPoint) || shared->is(kPoint3d)) return std::nullopt;
  return shared;
}

// Rows of `out` are copied from the arguments, whose bytes they go on pointing to.
void keep_bytes(Arguments arguments, Column& out) {
  for (const Column* const argument : arguments) out.keep_alive_with(*argument);
}

void take_row(const Column& from, uint32_t row, Column& out) {
  if (from.is_null(row)) {
    out.set_null(row);
  } else {
    out.copy_row(row, from, row);
  }
}

Status coalesce(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  keep_bytes(arguments, out);
  for (uint32_t i = 0; i < row_count; ++i) {
    size_t chosen = 0;
    while (chosen + 1 < arguments.size() && arguments[chosen]->is_null(i)) ++chosen;
    take_row(*arguments[chosen], i, out);
  }
  return {};
}

Status null_if(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  const Column& value = *arguments[0];
  keep_bytes(arguments.first(1), out);
  for (uint32_t i = 0; i < row_count; ++i) {
    const bool equal = !value.is_null(i) && !arguments[1]->is_null(i) &&
                       value.compare_rows(i, *arguments[1], i) == 0;
    if (equal) {
      out.set_null(i);
    } else {
      take_row(value, i, out);
    }
  }
  return {};
}

Status choose_if(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  const Column& condition = *arguments[0];
  keep_bytes(arguments.subspan(1), out);
  for (uint32_t i = 0; i < row_count; ++i) {
    const bool is_true = !condition.is_null(i) && condition.lane<bool>()[i];
    if (is_true) {
      take_row(*arguments[1], i, out);
    } else if (arguments.size() > 2) {
      take_row(*arguments[2], i, out);
    } else {
      out.set_null(i);
    }
  }
  return {};
}

// kSign: 1 for the greatest, -1 for the least. NULLs are passed over, or decide the row.
template <int kSign, bool kNullsDecide>
Status choose_extreme(const FunctionContext&, Arguments arguments, uint32_t row_count,
                      Column& out) {
  keep_bytes(arguments, out);
  for (uint32_t i = 0; i < row_count; ++i) {
    const Column* chosen = nullptr;
    for (const Column* const argument : arguments) {
      if (argument->is_null(i)) {
        if (!kNullsDecide) continue;
        chosen = argument;
        break;
      }
      if (chosen == nullptr || argument->compare_rows(i, *chosen, i) * kSign > 0) {
        chosen = argument;
      }
    }
    take_row(chosen == nullptr ? *arguments[0] : *chosen, i, out);
  }
  return {};
}

std::optional<Type> resolve_any_to_text(std::span<const Type> arguments, std::span<Type> cast_to) {
  std::copy(arguments.begin(), arguments.end(), cast_to.begin());
  return Type::text();
}

Status type_of(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  const std::string_view name = out.store(arguments[0]->type().name());
  for (uint32_t i = 0; i < row_count; ++i) {
    out.lane<std::string_view>()[i] = arguments[0]->is_null(i) ? "NULL" : name;
  }
  return {};
}

constexpr uint32_t kAnyNumber = UINT32_MAX;
constexpr std::string_view kOneType = "(value, ..) of one type";

constexpr ScalarFunction kTable[] = {
    seeing_nulls("coalesce", kOneType, resolve_shared, coalesce, 1, kAnyNumber),
    seeing_nulls("ifnull", kOneType, resolve_shared, coalesce, 2, 2),
    seeing_nulls("nullif", "(value, value) of one type", resolve_shared, null_if, 2, 2),
    seeing_nulls("if", "(BOOLEAN, value [, value])", resolve_if, choose_if, 2, 3),
    seeing_nulls("iif", "(BOOLEAN, value [, value])", resolve_if, choose_if, 2, 3),
    seeing_nulls("greatest", kOneType, resolve_ordered, choose_extreme<1, false>, 1, kAnyNumber),
    seeing_nulls("least", kOneType, resolve_ordered, choose_extreme<-1, false>, 1, kAnyNumber),
    seeing_nulls("max", kOneType, resolve_ordered, choose_extreme<1, true>, 2, kAnyNumber),
    seeing_nulls("min", kOneType, resolve_ordered, choose_extreme<-1, true>, 2, kAnyNumber),
    seeing_nulls("typeof", "(value)", resolve_any_to_text, type_of, 1, 1),
};

}  // namespace

std::span<const ScalarFunction> conditional_functions() { return kTable; }

}  // namespace mote
