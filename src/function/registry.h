// The tables of built-in functions, one a source file, which the registry joins into one list.
#pragma once

#include <span>

#include "function/function.h"

namespace mote {

std::span<const ScalarFunction> arithmetic_functions();
std::span<const ScalarFunction> interval_functions();
std::span<const ScalarFunction> comparison_functions();
std::span<const ScalarFunction> conditional_functions();
std::span<const ScalarFunction> mathematical_functions();
std::span<const ScalarFunction> distance_functions();
std::span<const ScalarFunction> spatial_functions();
std::span<const ScalarFunction> time_functions();
std::span<const ScalarFunction> calendar_functions();
std::span<const ScalarFunction> text_functions();
std::span<const ScalarFunction> text_shape_functions();
std::span<const ScalarFunction> pattern_functions();

std::span<const AggregateFunction> number_aggregates();
std::span<const AggregateFunction> order_aggregates();
std::span<const AggregateFunction> collecting_aggregates();

}  // namespace mote
