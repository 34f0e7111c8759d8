// Scalar and aggregate functions: the contract, and the registry in which the binder looks names
// up.
//
// A function works on columns of up to kChunkRows rows and knows nothing of tables or queries.
// Operators are functions too ("+", "=", "like", "<->"): there is one evaluator and it knows only
// calls, columns, constants, CASE, AND/OR and casts.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/memory_budget.h"
#include "base/status.h"
#include "types/chunk.h"
#include "types/text_format.h"
#include "types/type.h"
#include "types/value.h"

namespace mote {

// What a call may ask of its surroundings.
struct FunctionContext {
  int64_t statement_wall_ns = 0;  // now(): one time for the whole statement
  // What results may take; null: any amount. The caller charges what a call has made after it.
  const MemoryBudget* budget = nullptr;
  // Tells whether the statement is to end; may be null.
  Status (*check)(const void* statement) = nullptr;
  const void* statement = nullptr;

  // For a function to ask before it takes `size_bytes` more for a value of `out` or on the way to
  // one. Small values are left to the caller's charge. Errors: kOutOfMemory, kCancelled.
  Status before_bytes(const Column& out, uint64_t size_bytes) const {
    return size_bytes <= kUnaskedBytes ? Status() : before_many_bytes(out, size_bytes);
  }
  static constexpr uint64_t kUnaskedBytes = 512;

 private:
  Status before_many_bytes(const Column& out, uint64_t size_bytes) const;
};

enum class Volatility : uint8_t { kImmutable, kStable /* within a statement */, kVolatile };

struct ScalarFunction {
  std::string_view name;  // lower case
  // The result type for these argument types (kNull for a bare NULL or parameter), and in `cast_to`
  // the types the arguments must be cast to first. Nothing when the function does not take them.
  using Resolve = std::optional<Type> (*)(std::span<const Type> arguments, std::span<Type> cast_to);
  Resolve resolve;
  // out has been reset to the result type. When `nulls_pass` the caller has already made out's
  // validity the intersection of the arguments'; the function computes all rows, whose null entries
  // are zero, and may only add nulls. Errors: kInvalidArgument (division by zero, overflow,
  // dimension mismatch ..), only for rows that are not null.
  using Evaluate = Status (*)(const FunctionContext& context,
                              std::span<const Column* const> arguments, uint32_t row_count,
                              Column& out);
  Evaluate evaluate;
  uint32_t least_arguments;
  uint32_t most_arguments;  // UINT32_MAX: any number
  bool nulls_pass = true;   // NULL in, NULL out
  Volatility volatility = Volatility::kImmutable;
  std::string_view signature = {};  // "(TEXT, INTEGER [, INTEGER])", for messages and docs
};

// Where each row of a chunk is added up: in a state of its group's, or all in one.
class RowStates {
 public:
  static RowStates one(void* state) { return RowStates(state, nullptr); }
  static RowStates each(void* const* states) { return RowStates(nullptr, states); }
  // Null when the rows do not have all the same.
  void* only() const { return only_; }
  void* operator[](uint32_t row) const { return only_ != nullptr ? only_ : each_[row]; }

 private:
  RowStates(void* only, void* const* each) : only_(only), each_(each) {}
  void* only_;
  void* const* each_;
};

// An aggregate's state lives in `state_bytes` bytes, 16-byte aligned, in memory that the operator
// owns and that may be moved by memcpy; what does not fit goes to the arena. States are made zero,
// then init.
struct AggregateFunction {
  std::string_view name;
  using Resolve = std::optional<Type> (*)(std::span<const Type> arguments, std::span<Type> cast_to);
  Resolve resolve;
  uint32_t state_bytes;
  void (*init)(void* state);
  // Adds row i to states[i], for all rows. arguments have been cast.
  Status (*update)(std::span<const Column* const> arguments, uint32_t row_count, RowStates states,
                   Arena& arena);
  // Adds `from` to `into`, as if its rows had come after.
  Status (*merge)(void* into, const void* from, Arena& arena);
  Status (*finish)(const void* state, Column& out, uint32_t row);
  uint32_t least_arguments;
  uint32_t most_arguments;
  std::string_view signature = {};
  // What finish() takes for this state beside the state; null: nothing worth mentioning.
  uint64_t (*finish_bytes)(const void* state) = nullptr;
};

// All overloads of a name, in any case; empty when there is none. They are tried in order, exact
// matches of argument types first, by resolve().
std::span<const ScalarFunction* const> find_scalar(std::string_view name);
std::span<const AggregateFunction* const> find_aggregate(std::string_view name);
// Names in alphabetic order, for messages ("did you mean") and docs.
std::vector<std::string_view> scalar_names();
std::vector<std::string_view> aggregate_names();

struct ResolvedScalar {
  const ScalarFunction* function;
  Type type;
  std::vector<Type> cast_to;
};
// Errors: kNotFound with the nearest names; kInvalidArgument listing the argument types given and
// the signatures there are.
Result<ResolvedScalar> resolve_scalar(std::string_view name, std::span<const Type> arguments);
struct ResolvedAggregate {
  const AggregateFunction* function;
  Type type;
  std::vector<Type> cast_to;
};
Result<ResolvedAggregate> resolve_aggregate(std::string_view name, std::span<const Type> arguments);

// Casts a whole column. Rows that can not be cast are an error naming the value. A VECTOR needs its
// dimension here.
Status cast_column(const Column& from, uint32_t row_count, Type type, CastMode mode, Column& out);

}  // namespace mote
