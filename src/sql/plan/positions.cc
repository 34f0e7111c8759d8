// The last step: columns by position.
#include <algorithm>

#include "sql/plan/rewrite.h"

namespace mote {

namespace {

using Layout = std::vector<OutputColumn>;

Status resolve(BoundExpression& expression, const Layout& layout) {
  for (auto& child : expression.children) MOTE_TRY(resolve(*child, layout));
  if (expression.kind != BoundKind::kColumn) return {};
  for (size_t i = 0; i < layout.size(); ++i) {
    if (layout[i].slot != expression.slot) continue;
    expression.position = static_cast<uint32_t>(i);
    return {};
  }
  return invalid_argument("plan: column '%s' is not among the input's", expression.name.c_str())
      .at(expression.offset);
}

Status resolve_all(std::vector<BoundExpressionPtr>& expressions, const Layout& layout) {
  for (auto& expression : expressions) MOTE_TRY(resolve(*expression, layout));
  return {};
}

Status resolve_if(BoundExpressionPtr& expression, const Layout& layout) {
  return expression == nullptr ? Status() : resolve(*expression, layout);
}

Status resolve_join(PlanNode& node) {
  const Layout& left = node.children[0]->outputs;
  const Layout& right = node.children[1]->outputs;
  MOTE_TRY(resolve_all(node.left_keys, left));
  MOTE_TRY(resolve_all(node.right_keys, right));
  MOTE_TRY(resolve_if(node.left_time, left));
  MOTE_TRY(resolve_if(node.right_time, right));
  MOTE_TRY(resolve_if(node.band_key, right));
  MOTE_TRY(resolve_if(node.band_low, left));
  MOTE_TRY(resolve_if(node.band_high, left));
  Layout both = left;
  both.insert(both.end(), right.begin(), right.end());
  return resolve_if(node.condition, both);
}

// A projection that picks each column at most once, and all that the scan's condition reads.
bool only_picks(const PlanNode& project, const PlanNode& scan) {
  SlotSet picked;
  for (const auto& expression : project.expressions) {
    if (expression->kind != BoundKind::kColumn || picked.contains(expression->slot)) return false;
    picked.add(expression->slot);
  }
  return scan.condition == nullptr || picked.covers(*scan.condition);
}

void rename_slots(BoundExpression& expression, const PlanNode& project) {
  for (auto& child : expression.children) rename_slots(*child, project);
  if (expression.kind != BoundKind::kColumn) return;
  for (size_t i = 0; i < project.expressions.size(); ++i) {
    if (project.expressions[i]->slot != expression.slot) continue;
    expression.slot = project.outputs[i].slot;
    return;
  }
}

}  // namespace

void merge_projections(PlanPtr& node) {
  for (auto& child : node->children) merge_projections(child);
  if (node->kind != PlanKind::kProject) return;
  PlanNode& scan = *node->children[0];
  if (scan.kind != PlanKind::kScan && scan.kind != PlanKind::kKeyLookup) return;
  if (!only_picks(*node, scan)) return;
  std::vector<uint32_t> columns;
  for (const auto& expression : node->expressions) {
    for (size_t i = 0; i < scan.outputs.size(); ++i) {
      if (scan.outputs[i].slot == expression->slot) columns.push_back(scan.columns[i]);
    }
  }
  if (columns.size() != node->expressions.size()) return;
  if (scan.condition != nullptr) rename_slots(*scan.condition, *node);
  scan.columns = std::move(columns);
  scan.outputs = std::move(node->outputs);
  PlanPtr only = std::move(node->children[0]);
  node = std::move(only);
}

Status resolve_positions(PlanNode& node) {
  for (auto& child : node.children) MOTE_TRY(resolve_positions(*child));
  if (node.children.size() == 2 && node.kind != PlanKind::kUnionAll) return resolve_join(node);
  const bool source = node.children.empty();
  const Layout& input = source ? node.outputs : node.children[0]->outputs;
  Status status;
  for_each_own_expression(node, [&](BoundExpressionPtr& expression) {
    if (status.ok()) status = resolve(*expression, input);
  });
  return status;
}

}  // namespace mote
