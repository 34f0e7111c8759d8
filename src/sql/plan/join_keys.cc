// How joins are run: hash keys, bands, and what one side decides alone.
#include <algorithm>

#include "sql/plan/rewrite.h"

namespace mote {

namespace {

struct Sides {
  SlotSet left;
  SlotSet right;
};

bool reads_any(const BoundExpression& expression) { return !SlotSet().covers(expression); }

bool of_left(const BoundExpression& e, const Sides& sides) {
  return reads_any(e) && sides.left.covers(e) && !is_volatile(e);
}
bool of_right(const BoundExpression& e, const Sides& sides) {
  return reads_any(e) && sides.right.covers(e) && !is_volatile(e);
}

bool is_call(const BoundExpression& expression, std::string_view name) {
  return expression.kind == BoundKind::kCall && expression.function->name == name &&
         expression.children.size() == 2;
}

// Hash keys must have equal types and an equality that hashing agrees with.
bool is_key_pair(const BoundExpression& a, const BoundExpression& b) { return a.type == b.type; }

// left = right to a pair of keys.
bool take_key(BoundExpressionPtr& conjunct, const Sides& sides, PlanNode& node) {
  if (!is_call(*conjunct, "=")) return false;
  BoundExpressionPtr& a = conjunct->children[0];
  BoundExpressionPtr& b = conjunct->children[1];
  if (!is_key_pair(*a, *b)) return false;
  if (of_left(*a, sides) && of_right(*b, sides)) {
    node.left_keys.push_back(std::move(a));
    node.right_keys.push_back(std::move(b));
  } else if (of_left(*b, sides) && of_right(*a, sides)) {
    node.left_keys.push_back(std::move(b));
    node.right_keys.push_back(std::move(a));
  } else {
    return false;
  }
  conjunct = nullptr;
  return true;
}

// right >= left or right <= left: a bound of the band. Both bounds are of one right expression.
void take_bound(const BoundExpression& conjunct, const Sides& sides, PlanNode& node) {
  const bool less = is_call(conjunct, "<") || is_call(conjunct, "<=");
  const bool greater = is_call(conjunct, ">") || is_call(conjunct, ">=");
  if (!less && !greater) return;
  const BoundExpression& a = *conjunct.children[0];
  const BoundExpression& b = *conjunct.children[1];
  const bool right_first = of_right(a, sides) && of_left(b, sides);
  if (!right_first && !(of_left(a, sides) && of_right(b, sides))) return;
  const BoundExpression& key = right_first ? a : b;
  const BoundExpression& bound = right_first ? b : a;
  if (key.type != bound.type || !(key.type.is_numeric() || key.type.is(TypeKind::kTimestamp))) {
    return;
  }
  if (node.band_key != nullptr && !node.band_key->equals(key)) return;
  BoundExpressionPtr& place = less == right_first ? node.band_high : node.band_low;
  if (place != nullptr) return;
  if (node.band_key == nullptr) node.band_key = key.clone();
  place = bound.clone();
}

void choose_join(PlanNode& node) {
  Sides sides;
  sides.left.add_outputs(*node.children[0]);
  sides.right.add_outputs(*node.children[1]);
  std::vector<BoundExpressionPtr> conjuncts;
  split_conjuncts(std::move(node.condition), &conjuncts);
  node.condition = nullptr;
  if (!node.null_aware) {
    // A right row that fails such a conjunct matches no left row.
    std::vector<BoundExpressionPtr> right_only;
    for (auto& conjunct : conjuncts) {
      if (of_right(*conjunct, sides)) right_only.push_back(std::move(conjunct));
    }
    std::erase(conjuncts, nullptr);
    node.children[1] = push_down(std::move(node.children[1]), std::move(right_only));
  }
  if (node.join == JoinType::kSemi) {
    std::vector<BoundExpressionPtr> left_only;
    for (auto& conjunct : conjuncts) {
      if (of_left(*conjunct, sides)) left_only.push_back(std::move(conjunct));
    }
    std::erase(conjuncts, nullptr);
    node.children[0] = push_down(std::move(node.children[0]), std::move(left_only));
  }
  // IN's rules for NULL are known to the hash join only for one key and nothing else.
  if (!node.null_aware || conjuncts.size() == 1) {
    for (auto& conjunct : conjuncts) take_key(conjunct, sides, node);
    std::erase(conjuncts, nullptr);
  }
  if (!node.left_keys.empty()) {
    node.kind = PlanKind::kHashJoin;
  } else if (!node.null_aware) {
    for (const auto& conjunct : conjuncts) take_bound(*conjunct, sides, node);
  }
  for (auto& conjunct : conjuncts) {
    node.condition = conjoin(std::move(node.condition), std::move(conjunct));
  }
}

}  // namespace

void choose_joins(PlanNode& node) {
  if (node.kind == PlanKind::kLoopJoin) choose_join(node);
  for (auto& child : node.children) choose_joins(*child);
}

}  // namespace mote
