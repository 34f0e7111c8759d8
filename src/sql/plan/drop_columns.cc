// Only what is needed is read, and what is wide is read last.
#include <algorithm>

#include "sql/plan/rewrite.h"

namespace mote {

namespace {

// A sort that keeps more rows than this reads them with the rest: one by one costs more.
constexpr int64_t kMaxFetchedRows = 1000;

bool is_wide(const Type& type) {
  return type.is(TypeKind::kText) || type.is(TypeKind::kBlob) || type.is(TypeKind::kVector);
}

void add_own_expressions(PlanNode& node, SlotSet* used) {
  for_each_own_expression(node, [&](BoundExpressionPtr& e) { used->add(*e); });
}

void add_all_expressions(PlanNode& node, SlotSet* used) {
  add_own_expressions(node, used);
  for (auto& child : node.children) add_all_expressions(*child, used);
}

// The scans whose rows come through to `node`, each row with its columns or not at all.
void collect_scans(PlanNode& node, std::vector<PlanNode*>* scans) {
  switch (node.kind) {
    case PlanKind::kScan: scans->push_back(&node); return;
    case PlanKind::kFilter:
    case PlanKind::kTextScore: collect_scans(*node.children[0], scans); return;
    case PlanKind::kHashJoin:
    case PlanKind::kLoopJoin:
    case PlanKind::kAsofJoin:
    case PlanKind::kApply:
      collect_scans(*node.children[0], scans);
      if (node.join == JoinType::kInner && node.kind != PlanKind::kApply) {
        collect_scans(*node.children[1], scans);
      }
      return;
    default: return;
  }
}

bool keeps_few_rows(const PlanNode& sort) {
  if (sort.limit == nullptr) return false;
  if (sort.limit->kind != BoundKind::kConstant) return true;
  return !sort.limit->constant.is_null() && sort.limit->constant.integer() <= kMaxFetchedRows;
}

// Puts a fetch of the wide columns of one scan above `node`; they leave `required`, and the scan's
// row id enters it.
PlanPtr fetch_above(PlanPtr node, const PlanNode& scan, const SlotSet& used_below,
                    SlotSet* required) {
  std::vector<size_t> wide;
  SlotId row_id = 0;
  bool has_row_id = false;
  for (size_t i = 0; i < scan.columns.size(); ++i) {
    const OutputColumn& output = scan.outputs[i];
    if (scan.columns[i] == kRowIdColumn) {
      row_id = output.slot;
      has_row_id = true;
    } else if (is_wide(output.type) && required->contains(output.slot) &&
               !used_below.contains(output.slot)) {
      wide.push_back(i);
    }
  }
  if (wide.empty() || !has_row_id) return node;
  PlanPtr fetch = make_node(PlanKind::kFetch, std::move(node));
  fetch->table = scan.table;
  fetch->table_name = scan.table_name;
  fetch->row_id = make_column(row_id, Type::integer(), "rowid");
  for (const size_t i : wide) {
    fetch->columns.push_back(scan.columns[i]);
    fetch->outputs.push_back(scan.outputs[i]);
    required->remove(scan.outputs[i].slot);
  }
  required->add(row_id);
  return fetch;
}

void keep_scan_outputs(PlanNode& scan, const SlotSet& required) {
  SlotSet needed = required;
  add_own_expressions(scan, &needed);
  std::vector<OutputColumn> outputs;
  std::vector<uint32_t> columns;
  for (size_t i = 0; i < scan.columns.size(); ++i) {
    if (!needed.contains(scan.outputs[i].slot)) continue;
    outputs.push_back(scan.outputs[i]);
    columns.push_back(scan.columns[i]);
  }
  scan.outputs = std::move(outputs);
  scan.columns = std::move(columns);
}

void keep_project_outputs(PlanNode& node, const SlotSet& required) {
  std::vector<OutputColumn> outputs;
  std::vector<BoundExpressionPtr> expressions;
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (!required.contains(node.outputs[i].slot)) continue;
    outputs.push_back(node.outputs[i]);
    expressions.push_back(std::move(node.expressions[i]));
  }
  node.outputs = std::move(outputs);
  node.expressions = std::move(expressions);
}

void keep_aggregates(PlanNode& node, const SlotSet& required) {
  const auto first = node.outputs.begin() + static_cast<ptrdiff_t>(node.groups.size());
  node.outputs.erase(
      std::remove_if(first, node.outputs.end(),
                     [&](const OutputColumn& output) { return !required.contains(output.slot); }),
      node.outputs.end());
  std::erase_if(node.aggregates, [&](const BoundAggregate& aggregate) {
    return !required.contains(aggregate.slot);
  });
}

}  // namespace

namespace {

bool is_join(PlanKind kind) {
  return kind == PlanKind::kHashJoin || kind == PlanKind::kLoopJoin || kind == PlanKind::kApply ||
         kind == PlanKind::kAsofJoin;
}

// How many columns the node puts behind those it passes on; nothing when it passes none on.
std::optional<size_t> added_columns(const PlanNode& node) {
  switch (node.kind) {
    case PlanKind::kFilter:
    case PlanKind::kDistinct:
    case PlanKind::kSort:
    case PlanKind::kLimit: return 0;
    case PlanKind::kTextScore: return 1;
    case PlanKind::kFetch: return node.columns.size();
    case PlanKind::kWindow: return node.windows.size();
    default: break;
  }
  if (!is_join(node.kind)) return std::nullopt;
  return node.join == JoinType::kMark ? 1 : 0;
}

}  // namespace

void pass_outputs(PlanNode& node) {
  const std::optional<size_t> added = added_columns(node);
  if (!added.has_value()) return;
  std::vector<OutputColumn> outputs = node.children[0]->outputs;
  const bool right_too = is_join(node.kind) && node.join != JoinType::kSemi &&
                         node.join != JoinType::kAnti && node.join != JoinType::kMark;
  if (right_too) {
    const auto& right = node.children[1]->outputs;
    outputs.insert(outputs.end(), right.begin(), right.end());
  }
  outputs.insert(outputs.end(), node.outputs.end() - static_cast<ptrdiff_t>(*added),
                 node.outputs.end());
  node.outputs = std::move(outputs);
}

void drop_columns(PlanPtr& node, const SlotSet& required) {
  SlotSet below = required;
  switch (node->kind) {
    case PlanKind::kScan: keep_scan_outputs(*node, required); return;
    case PlanKind::kKeyLookup:
    case PlanKind::kTableFunction:
    case PlanKind::kValues: return;
    case PlanKind::kProject:
      keep_project_outputs(*node, required);
      below = SlotSet();
      break;
    case PlanKind::kAggregate:
      keep_aggregates(*node, required);
      below = SlotSet();
      break;
    case PlanKind::kDistinct:
    case PlanKind::kUnionAll:
    case PlanKind::kInsert:
    case PlanKind::kUpdate:
    case PlanKind::kDelete:
    case PlanKind::kCreateTableAs:
    case PlanKind::kCopyTo:
      // These take their input's columns by position.
      for (auto& child : node->children) {
        SlotSet all;
        all.add_outputs(*child);
        drop_columns(child, all);
      }
      return;
    default: break;
  }
  add_own_expressions(*node, &below);
  if (node->kind == PlanKind::kSort && keeps_few_rows(*node)) {
    SlotSet used_below;
    add_all_expressions(*node, &used_below);
    std::vector<PlanNode*> scans;
    collect_scans(*node->children[0], &scans);
    PlanNode* const sort = node.get();
    for (PlanNode* scan : scans) node = fetch_above(std::move(node), *scan, used_below, &below);
    drop_columns(sort->children[0], below);
    pass_outputs(*sort);
    // The fetches stand above the sort, the first one lowest.
    std::vector<PlanNode*> fetches;
    for (PlanNode* at = node.get(); at != sort; at = at->children[0].get()) fetches.push_back(at);
    for (size_t i = fetches.size(); i-- > 0;) pass_outputs(*fetches[i]);
    return;
  }
  for (auto& child : node->children) drop_columns(child, below);
  pass_outputs(*node);
}

}  // namespace mote
