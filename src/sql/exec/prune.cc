#include "sql/exec/prune.h"

#include <cmath>

#include "sql/exec/evaluator.h"

namespace mote {

namespace {

bool is_nan(const Value& value) {
  return (value.type().is(TypeKind::kFloat) || value.type().is(TypeKind::kFloat4)) &&
         std::isnan(value.floating());
}

}  // namespace

Status Pruner::prepare(const QueryContext& context) {
  excludes_everything_ = false;
  for (size_t i = 0; i < tests_.size(); ++i) {
    values_[i].clear();
    if (tests_[i].value != nullptr) {
      MOTE_ASSIGN(Value value, evaluate_once(*tests_[i].value, context));
      excludes_everything_ = excludes_everything_ || value.is_null();
      values_[i].push_back(std::move(value));
    }
    for (const BoundExpressionPtr& bound : tests_[i].box) {
      MOTE_ASSIGN(Value value, evaluate_once(*bound, context));
      excludes_everything_ = excludes_everything_ || value.is_null();
      values_[i].push_back(std::move(value));
    }
  }
  return {};
}

bool Pruner::excludes(size_t test, const ColumnStats& stats) const {
  using Kind = PruneTest::Kind;
  // None of the tests is true for NULL.
  if (stats.null_count == stats.row_count) return true;
  const Kind kind = tests_[test].kind;
  const std::vector<Value>& values = values_[test];
  if (kind == Kind::kNotNull) return false;
  if (kind == Kind::kBox) {
    const size_t axes = values.size() / 2;
    for (size_t axis = 0; axis < axes; ++axis) {
      if (stats.box_maximum[axis] < values[axis].floating() ||
          stats.box_minimum[axis] > values[axes + axis].floating()) {
        return true;
      }
    }
    return false;
  }
  // NaN is above every number and in neither bound.
  if (is_nan(values[0])) return false;
  const bool has_nan = stats.nan_count > 0;
  const bool above_minimum = stats.minimum.is_null() || values[0].compare(stats.minimum) >= 0;
  const bool equals_minimum = stats.minimum.is_null() || values[0].compare(stats.minimum) == 0;
  const bool below_maximum =
      stats.maximum.is_null() || has_nan || values[0].compare(stats.maximum) <= 0;
  switch (kind) {
    case Kind::kEqual: return !above_minimum || !below_maximum;
    case Kind::kLess:
      // A cut minimum of TEXT is below the values, so equality proves nothing there.
      return !above_minimum || (equals_minimum && !stats.minimum.is_null() &&
                                !stats.minimum.type().is(TypeKind::kText));
    case Kind::kLessEqual: return !above_minimum;
    case Kind::kGreater:
      return !below_maximum || (!has_nan && !stats.maximum.is_null() &&
                                !stats.maximum.type().is(TypeKind::kText) &&
                                values[0].compare(stats.maximum) == 0);
    case Kind::kGreaterEqual: return !below_maximum;
    case Kind::kNotNull:
    case Kind::kBox: break;
  }
  return false;
}

Result<bool> Pruner::excludes_range(const RowRange& range) const {
  for (size_t i = 0; i < tests_.size(); ++i) {
    MOTE_ASSIGN(const SharedStats stats, range.range_stats(tests_[i].column));
    if (stats != nullptr && excludes(i, *stats)) return true;
  }
  return false;
}

Result<bool> Pruner::excludes_block(const RowRange& range, uint32_t block) const {
  for (size_t i = 0; i < tests_.size(); ++i) {
    MOTE_ASSIGN(const SharedStats stats, range.block_stats(block, tests_[i].column));
    if (stats != nullptr && excludes(i, *stats)) return true;
  }
  return false;
}

}  // namespace mote
