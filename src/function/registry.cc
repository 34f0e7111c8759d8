// Looks functions up by name and chooses among overloads.
#include "function/registry.h"

#include <algorithm>

#include "types/schema.h"

namespace mote {

namespace {

// Pointers to all built-ins in order of names. Made at the first look-up, never taken apart.
template <typename Function>
std::vector<const Function*> sorted_by_name(
    std::initializer_list<std::span<const Function>> tables) {
  std::vector<const Function*> sorted;
  for (const auto& table : tables) {
    for (const Function& function : table) sorted.push_back(&function);
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Function* a, const Function* b) { return a->name < b->name; });
  return sorted;
}

const std::vector<const ScalarFunction*>& all_scalars() {
  static const auto* const kAll =
      new std::vector<const ScalarFunction*>(sorted_by_name<ScalarFunction>(
          {arithmetic_functions(), interval_functions(), comparison_functions(),
           conditional_functions(), mathematical_functions(), distance_functions(),
           spatial_functions(), time_functions(), calendar_functions(), text_functions(),
           text_shape_functions(), pattern_functions()}));
  return *kAll;
}

const std::vector<const AggregateFunction*>& all_aggregates() {
  static const auto* const kAll =
      new std::vector<const AggregateFunction*>(sorted_by_name<AggregateFunction>(
          {number_aggregates(), order_aggregates(), collecting_aggregates()}));
  return *kAll;
}

template <typename Function>
std::span<const Function* const> overloads_of(const std::vector<const Function*>& all,
                                              std::string_view name) {
  if (name.size() > kMaxNameBytes) return {};
  const std::string folded = fold_name(name);
  const auto before = [](const Function* f, const std::string& wanted) { return f->name < wanted; };
  const auto first = std::lower_bound(all.begin(), all.end(), folded, before);
  auto last = first;
  while (last != all.end() && (*last)->name == folded) ++last;
  return std::span(all).subspan(static_cast<size_t>(first - all.begin()),
                                static_cast<size_t>(last - first));
}

template <typename Function>
std::vector<std::string_view> names_of(const std::vector<const Function*>& all) {
  std::vector<std::string_view> names;
  for (const Function* const function : all) {
    if (names.empty() || names.back() != function->name) names.push_back(function->name);
  }
  return names;
}

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

Status unknown_name(const char* what, std::string_view name,
                    const std::vector<std::string_view>& known) {
  constexpr size_t kFarthest = 3;  // names further apart are other names
  const std::string folded = fold_name(name.substr(0, kMaxNameBytes));
  std::string hint;
  for (size_t distance = 1; distance < std::min(kFarthest, folded.size()) && hint.empty();
       ++distance) {
    for (const std::string_view candidate : known) {
      if (edit_distance(folded, candidate) != distance) continue;
      hint += hint.empty() ? "; did you mean " : " or ";
      hint += candidate;
    }
  }
  return not_found("no %s '%s'%s", what, folded.c_str(), hint.c_str());
}

std::string list_of(std::span<const Type> types) {
  std::string list = "(";
  for (size_t i = 0; i < types.size(); ++i) {
    if (i > 0) list += ", ";
    list += types[i].is(TypeKind::kNull) ? "untyped" : types[i].name();
  }
  return list + ")";
}

template <typename Function>
Status no_overload(std::string_view name, std::span<const Type> arguments,
                   std::span<const Function* const> overloads) {
  std::string known;
  for (const Function* const function : overloads) {
    if (!known.empty()) known += " or ";
    known += function->name;
    known += function->signature;
  }
  std::string dimensions;
  if (arguments.size() == 2 && arguments[0].is(TypeKind::kVector) &&
      arguments[1].is(TypeKind::kVector) && arguments[0].dimension != arguments[1].dimension) {
    dimensions = format_text("; the dimensions %u and %u differ", arguments[0].dimension,
                             arguments[1].dimension);
  }
  return invalid_argument("%s does not take %s; it is %s%s", std::string(name).c_str(),
                          list_of(arguments).c_str(), known.c_str(), dimensions.c_str());
}

// The overload that needs the fewest casts; the first of equals.
template <typename Function, typename Resolved>
Result<Resolved> choose(std::string_view name, std::span<const Type> arguments,
                        std::span<const Function* const> overloads) {
  size_t fewest = SIZE_MAX;
  Resolved best{};
  std::vector<Type> cast_to(arguments.size());
  for (const Function* const function : overloads) {
    if (arguments.size() < function->least_arguments ||
        arguments.size() > function->most_arguments) {
      continue;
    }
    std::copy(arguments.begin(), arguments.end(), cast_to.begin());
    const std::optional<Type> type = function->resolve(arguments, cast_to);
    if (!type.has_value()) continue;
    size_t casts = 0;
    for (size_t i = 0; i < arguments.size(); ++i) {
      casts += cast_to[i] != arguments[i] && !arguments[i].is(TypeKind::kNull) ? 1 : 0;
    }
    if (casts >= fewest) continue;
    fewest = casts;
    best = Resolved{function, *type, cast_to};
  }
  if (best.function == nullptr) return no_overload(name, arguments, overloads);
  return best;
}

}  // namespace

std::span<const ScalarFunction* const> find_scalar(std::string_view name) {
  return overloads_of(all_scalars(), name);
}

std::span<const AggregateFunction* const> find_aggregate(std::string_view name) {
  return overloads_of(all_aggregates(), name);
}

std::vector<std::string_view> scalar_names() { return names_of(all_scalars()); }

std::vector<std::string_view> aggregate_names() { return names_of(all_aggregates()); }

Result<ResolvedScalar> resolve_scalar(std::string_view name, std::span<const Type> arguments) {
  const auto overloads = find_scalar(name);
  if (overloads.empty()) {
    std::vector<std::string_view> known = scalar_names();
    for (const std::string_view aggregate : aggregate_names()) known.push_back(aggregate);
    std::sort(known.begin(), known.end());
    known.erase(std::unique(known.begin(), known.end()), known.end());
    return unknown_name("function", name, known);
  }
  return choose<ScalarFunction, ResolvedScalar>(name, arguments, overloads);
}

Result<ResolvedAggregate> resolve_aggregate(std::string_view name,
                                            std::span<const Type> arguments) {
  const auto overloads = find_aggregate(name);
  if (overloads.empty()) return unknown_name("aggregate", name, aggregate_names());
  return choose<AggregateFunction, ResolvedAggregate>(name, arguments, overloads);
}

}  // namespace mote
