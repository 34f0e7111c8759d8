// What one execution of a statement works with: its snapshot, parameters, limits and the outside
// world. Every operator looks at the limits once a chunk, which is well under a millisecond of
// work.
//
// Used by one thread; `cancelled` may be set from any.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "base/status.h"
#include "engine/transaction.h"
#include "env/env.h"
#include "function/function.h"
#include "reader/row_source.h"
#include "types/value.h"

namespace mote {

struct QueryContext {
  Env* env = nullptr;
  Transaction* transaction = nullptr;
  // By BoundExpression::parameter; those past the end are NULL. Not const: a subquery that is run
  // for each outer row finds that row's values behind the statement's own.
  std::vector<Value>* parameters = nullptr;
  MemoryBudget* budget = nullptr;
  FunctionContext function;
  const FileAccess* files = nullptr;
  const std::atomic<bool>* cancelled = nullptr;
  int64_t deadline_ns = INT64_MAX;  // of env's monotonic clock
  bool measure = false;             // operators count their rows and time, for EXPLAIN ANALYZE
  uint64_t rows_affected = 0;       // counted by the writing operators

  // Lets functions ask for this statement's memory and end. Call it when this lies where it stays.
  void open_function_context() {
    function.budget = budget;
    function.statement = this;
    function.check = [](const void* statement) {
      return static_cast<const QueryContext*>(statement)->check();
    };
  }

  // Errors: kCancelled.
  Status check() const {
    if (cancelled != nullptr && cancelled->load(std::memory_order_relaxed)) [[unlikely]] {
      return mote::cancelled("the statement was interrupted");
    }
    if (deadline_ns != INT64_MAX && env->monotonic_ns() > deadline_ns) [[unlikely]] {
      return mote::cancelled("the statement ran longer than its timeout allows");
    }
    return {};
  }
};

}  // namespace mote
