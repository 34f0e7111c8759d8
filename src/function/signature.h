// What the argument types of a function may be, and what they are cast to.
#pragma once

#include <array>
#include <optional>
#include <span>

#include "function/function.h"

namespace mote {

// Whether an argument of type `from` is taken where `wanted` is asked for without a word in the
// SQL: an untyped NULL or parameter always, INTEGER for FLOAT and TIMESTAMP, FLOAT4 for FLOAT.
bool is_implicit(Type from, TypeKind wanted);

// The arguments against the wanted kinds, of which the last stands for all that follow.
std::optional<Type> match_kinds(std::span<const Type> arguments, std::span<Type> cast_to,
                                std::span<const TypeKind> wanted, TypeKind result);

// A Resolve for fixed kinds: takes<result, argument..>.
template <TypeKind kResult, TypeKind... kArguments>
std::optional<Type> takes(std::span<const Type> arguments, std::span<Type> cast_to) {
  static constexpr std::array<TypeKind, sizeof...(kArguments)> kWanted{kArguments...};
  return match_kinds(arguments, cast_to, kWanted, kResult);
}

// The one type that all the arguments can have; untyped ones have any. kNull when all are untyped,
// nothing when there is none: numbers of different kinds meet in FLOAT, INTEGER and TIMESTAMP in
// TIMESTAMP.
std::optional<Type> shared_type(std::span<const Type> arguments);

// A row of a table of functions whose NULLs pass.
constexpr ScalarFunction passing(std::string_view name, std::string_view signature,
                                 ScalarFunction::Resolve resolve, ScalarFunction::Evaluate evaluate,
                                 uint32_t least_arguments, uint32_t most_arguments) {
  return {
      name,     resolve, evaluate, least_arguments, most_arguments, true, Volatility::kImmutable,
      signature};
}
constexpr ScalarFunction passing(std::string_view name, std::string_view signature,
                                 ScalarFunction::Resolve resolve, ScalarFunction::Evaluate evaluate,
                                 uint32_t argument_count) {
  return passing(name, signature, resolve, evaluate, argument_count, argument_count);
}
// One that looks at NULLs itself.
constexpr ScalarFunction seeing_nulls(std::string_view name, std::string_view signature,
                                      ScalarFunction::Resolve resolve,
                                      ScalarFunction::Evaluate evaluate, uint32_t least_arguments,
                                      uint32_t most_arguments) {
  return {
      name,     resolve, evaluate, least_arguments, most_arguments, false, Volatility::kImmutable,
      signature};
}

}  // namespace mote
