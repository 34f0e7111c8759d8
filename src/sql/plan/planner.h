// Bound statement -> plan. Rewrites that never change an answer: predicates go down to where their
// columns come from, constants fold, only needed columns are scanned, conjuncts become prune tests
// and key lookups, equalities become hash keys, wide columns are fetched for the rows that survive
// a limit.
//
// No state is shared: any number of threads may plan.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "catalog/catalog.h"
#include "sql/bind/bound_statement.h"
#include "sql/plan/plan.h"

namespace mote {

// What is known of the tables' sizes. Only speed depends on it.
class TableStatistics {
 public:
  virtual ~TableStatistics() = default;
  virtual uint64_t row_count(TableId table) const = 0;
};

// The plan of a statement that has one (has_plan()); takes the statement's query apart.
// `statistics` may be null. The catalog is the one that the statement was bound against.
Result<PlanPtr> plan_statement(BoundStatement& statement, const Catalog& catalog,
                               const TableStatistics* statistics);

}  // namespace mote
