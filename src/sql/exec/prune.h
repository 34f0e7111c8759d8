// Which blocks and ranges of a table can hold no row that a scan wants, told from their statistics.
// A test never leaves out a row that the scan's condition would keep; the condition is evaluated
// all the same.
#pragma once

#include <vector>

#include "base/status.h"
#include "sql/exec/query_context.h"
#include "sql/plan/plan.h"
#include "storage/row_range.h"

namespace mote {

class Pruner {
 public:
  explicit Pruner(const PlanNode& scan) : tests_(scan.prune), values_(scan.prune.size()) {}

  // Computes the values that columns are compared with.
  Status prepare(const QueryContext& context);
  // True when a test's value is NULL, so that no row at all can pass.
  bool excludes_everything() const { return excludes_everything_; }
  Result<bool> excludes_range(const RowRange& range) const;
  Result<bool> excludes_block(const RowRange& range, uint32_t block) const;

 private:
  bool excludes(size_t test, const ColumnStats& stats) const;

  const std::vector<PruneTest>& tests_;
  std::vector<std::vector<Value>> values_;  // of each test: one, or a box's bounds
  bool excludes_everything_ = false;
};

}  // namespace mote
