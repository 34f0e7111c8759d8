// Predicates go down to where their columns come from.
#include <algorithm>

#include "sql/plan/rewrite.h"

namespace mote {

namespace {

using Conjuncts = std::vector<BoundExpressionPtr>;

// Puts expressions in the place of the columns that a node makes of them.
void substitute(BoundExpressionPtr& expression, const std::vector<OutputColumn>& outputs,
                const std::vector<BoundExpressionPtr>& expressions) {
  if (expression->kind == BoundKind::kColumn) {
    for (size_t i = 0; i < expressions.size(); ++i) {
      if (outputs[i].slot == expression->slot) {
        expression = expressions[i]->clone();
        return;
      }
    }
    return;
  }
  for (auto& child : expression->children) substitute(child, outputs, expressions);
}

PlanPtr filter_above(PlanPtr node, Conjuncts conjuncts) {
  if (conjuncts.empty()) return node;
  PlanPtr filter = make_node(PlanKind::kFilter, std::move(node));
  for (auto& conjunct : conjuncts) {
    filter->condition = conjoin(std::move(filter->condition), std::move(conjunct));
  }
  return filter;
}

void push_into_child(PlanNode& node, size_t child, Conjuncts conjuncts) {
  if (conjuncts.empty()) return;
  node.children[child] = push_down(std::move(node.children[child]), std::move(conjuncts));
}

// Keeps in `conjuncts` those that read other columns too; gives those covered by `columns`.
Conjuncts take_covered(Conjuncts& conjuncts, const SlotSet& columns) {
  Conjuncts taken;
  for (auto& conjunct : conjuncts) {
    if (columns.covers(*conjunct) && !is_volatile(*conjunct)) taken.push_back(std::move(conjunct));
  }
  std::erase(conjuncts, nullptr);
  return taken;
}

PlanPtr push_through_join(PlanPtr node, Conjuncts conjuncts) {
  SlotSet left;
  left.add_outputs(*node->children[0]);
  push_into_child(*node, 0, take_covered(conjuncts, left));
  if (node->join != JoinType::kInner || node->kind != PlanKind::kLoopJoin) {
    return filter_above(std::move(node), std::move(conjuncts));
  }
  SlotSet right;
  right.add_outputs(*node->children[1]);
  push_into_child(*node, 1, take_covered(conjuncts, right));
  for (auto& conjunct : conjuncts) {
    node->condition = conjoin(std::move(node->condition), std::move(conjunct));
  }
  return node;
}

PlanPtr push_through_project(PlanPtr node, Conjuncts conjuncts) {
  const bool any_volatile =
      std::any_of(node->expressions.begin(), node->expressions.end(),
                  [](const auto& expression) { return is_volatile(*expression); });
  if (any_volatile) return filter_above(std::move(node), std::move(conjuncts));
  for (auto& conjunct : conjuncts) substitute(conjunct, node->outputs, node->expressions);
  push_into_child(*node, 0, std::move(conjuncts));
  return node;
}

PlanPtr push_through_aggregate(PlanPtr node, Conjuncts conjuncts) {
  // Without groups there is one row whatever comes in, so nothing may be taken away below.
  SlotSet groups;
  for (size_t i = 0; i < node->groups.size(); ++i) groups.add(node->outputs[i].slot);
  Conjuncts below;
  if (!node->groups.empty()) {
    for (auto& conjunct : conjuncts) {
      SlotSet reads;
      reads.add(*conjunct);
      const bool constant = SlotSet().covers(*conjunct);
      if (!constant && groups.covers(*conjunct) && !is_volatile(*conjunct)) {
        below.push_back(std::move(conjunct));
      }
    }
    std::erase(conjuncts, nullptr);
  }
  for (auto& conjunct : below) substitute(conjunct, node->outputs, node->groups);
  push_into_child(*node, 0, std::move(below));
  return filter_above(std::move(node), std::move(conjuncts));
}

PlanPtr push_through_window(PlanPtr node, Conjuncts conjuncts) {
  // Whole partitions may be left out: those that a conjunct over the partition's columns excludes.
  SlotSet partition;
  for (const auto& expression : node->groups) {
    if (expression->kind == BoundKind::kColumn) partition.add(expression->slot);
  }
  Conjuncts below;
  for (auto& conjunct : conjuncts) {
    if (!SlotSet().covers(*conjunct) && partition.covers(*conjunct) && !is_volatile(*conjunct)) {
      below.push_back(std::move(conjunct));
    }
  }
  std::erase(conjuncts, nullptr);
  push_into_child(*node, 0, std::move(below));
  return filter_above(std::move(node), std::move(conjuncts));
}

PlanPtr push_through_union(PlanPtr node, Conjuncts conjuncts) {
  for (auto& child : node->children) {
    std::vector<BoundExpressionPtr> columns;
    for (const OutputColumn& output : child->outputs) {
      columns.push_back(make_column(output.slot, output.type, output.name));
    }
    Conjuncts copies;
    for (const auto& conjunct : conjuncts) {
      copies.push_back(conjunct->clone());
      substitute(copies.back(), node->outputs, columns);
    }
    child = push_down(std::move(child), std::move(copies));
  }
  return node;
}

}  // namespace

PlanPtr push_down(PlanPtr node, Conjuncts conjuncts) {
  if (conjuncts.empty()) return node;
  const bool any_volatile = std::any_of(conjuncts.begin(), conjuncts.end(),
                                        [](const auto& c) { return is_volatile(*c); });
  switch (node->kind) {
    case PlanKind::kScan:
      for (auto& conjunct : conjuncts) {
        node->condition = conjoin(std::move(node->condition), std::move(conjunct));
      }
      return node;
    case PlanKind::kFilter: {
      Conjuncts all;
      split_conjuncts(std::move(node->condition), &all);
      for (auto& conjunct : conjuncts) all.push_back(std::move(conjunct));
      return push_down(std::move(node->children[0]), std::move(all));
    }
    case PlanKind::kLoopJoin:
    case PlanKind::kHashJoin:
    case PlanKind::kApply:
    case PlanKind::kAsofJoin: return push_through_join(std::move(node), std::move(conjuncts));
    default: break;
  }
  if (any_volatile) return filter_above(std::move(node), std::move(conjuncts));
  switch (node->kind) {
    case PlanKind::kProject: return push_through_project(std::move(node), std::move(conjuncts));
    case PlanKind::kAggregate: return push_through_aggregate(std::move(node), std::move(conjuncts));
    case PlanKind::kWindow: return push_through_window(std::move(node), std::move(conjuncts));
    case PlanKind::kUnionAll: return push_through_union(std::move(node), std::move(conjuncts));
    case PlanKind::kDistinct: push_into_child(*node, 0, std::move(conjuncts)); return node;
    case PlanKind::kSort: {
      if (node->limit != nullptr || node->row_offset != nullptr) break;
      push_into_child(*node, 0, std::move(conjuncts));
      return node;
    }
    case PlanKind::kTextScore: {
      SlotSet below;
      below.add_outputs(*node->children[0]);
      push_into_child(*node, 0, take_covered(conjuncts, below));
      break;
    }
    default: break;
  }
  return filter_above(std::move(node), std::move(conjuncts));
}

}  // namespace mote
