// The planner's steps over a plan whose expressions still name slots. plan_statement() runs them in
// the order in which they stand here.
#pragma once

#include <memory>
#include <vector>

#include "base/status.h"
#include "catalog/catalog.h"
#include "sql/plan/plan.h"
#include "sql/plan/planner.h"

namespace mote {

// Slots, each once.
class SlotSet {
 public:
  void add(SlotId slot) {
    if (slot >= present_.size()) present_.resize(slot + 1);
    present_[slot] = true;
  }
  void add(const BoundExpression& expression) {
    if (expression.kind == BoundKind::kColumn) add(expression.slot);
    for (const auto& child : expression.children) add(*child);
  }
  void add_outputs(const PlanNode& node) {
    for (const OutputColumn& output : node.outputs) add(output.slot);
  }
  void remove(SlotId slot) {
    if (slot < present_.size()) present_[slot] = false;
  }
  bool contains(SlotId slot) const { return slot < present_.size() && present_[slot]; }
  // Whether the expression reads nothing else.
  bool covers(const BoundExpression& expression) const {
    if (expression.kind == BoundKind::kColumn) return contains(expression.slot);
    for (const auto& child : expression.children) {
      if (!covers(*child)) return false;
    }
    return true;
  }

 private:
  std::vector<bool> present_;
};

// Calls visit(BoundExpressionPtr&) for each whole expression of the node itself.
template <typename Visit>
void for_each_own_expression(PlanNode& node, Visit&& visit) {
  const auto one = [&](BoundExpressionPtr& expression) {
    if (expression != nullptr) visit(expression);
  };
  const auto all = [&](std::vector<BoundExpressionPtr>& expressions) {
    for (auto& expression : expressions) one(expression);
  };
  for (auto& test : node.prune) {
    one(test.value);
    all(test.box);
  }
  all(node.key);
  one(node.condition);
  all(node.expressions);
  one(node.row_id);
  all(node.left_keys);
  all(node.right_keys);
  one(node.band_key);
  one(node.band_low);
  one(node.band_high);
  one(node.left_time);
  one(node.right_time);
  one(node.tolerance);
  all(node.groups);
  const auto aggregate = [&](BoundAggregate& call) {
    all(call.arguments);
    one(call.filter);
  };
  for (auto& call : node.aggregates) aggregate(call);
  for (auto& call : node.windows) {
    aggregate(call.aggregate);
    one(call.start_distance);
    one(call.end_distance);
  }
  for (auto& sort_key : node.sort_keys) one(sort_key.expression);
  one(node.limit);
  one(node.row_offset);
}

PlanPtr make_node(PlanKind kind, PlanPtr child = nullptr);
bool is_volatile(const BoundExpression& expression);

// Puts the conjuncts as far down in `node` as they may go without changing a row of the result.
// What they read must be among the node's outputs or (for a scan) below.
PlanPtr push_down(PlanPtr node, std::vector<BoundExpressionPtr> conjuncts);

// Orders inner joins of three relations or more by estimated rows. More than kMaxOrderedRelations
// of them are joined as they are written: the search takes time with the cube of their number.
inline constexpr size_t kMaxOrderedRelations = 64;
void order_joins(PlanPtr& node, const TableStatistics* statistics);

// Joins: equalities of their conditions become hash keys, inequalities a band, and what only one
// side decides goes there.
void choose_joins(PlanNode& node);

// Drops columns that nobody needs, and under a sort with a limit puts off the wide ones that only
// the surviving rows need.
void drop_columns(PlanPtr& node, const SlotSet& required);

// Makes the outputs of a node that passes its children's columns on anew, after those have changed.
void pass_outputs(PlanNode& node);

// Scans: prune tests from the conjuncts, and key lookups. Then estimates, bottom up, and with them
// the build side of hash joins.
void choose_access(PlanNode& node, const Catalog& catalog);
void estimate(PlanNode& node, const TableStatistics* statistics);

// Replaces slots by positions in the input, and where a projection only picks columns of a scan
// lets the scan give them so. Errors: a slot that is not in the input, which is a planner's fault.
void merge_projections(PlanPtr& node);
Status resolve_positions(PlanNode& node);

}  // namespace mote
