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

// As FLOAT, for hashing.
BoundExpressionPtr as_float(BoundExpressionPtr expression) {
  if (expression->type.is(TypeKind::kFloat)) return expression;
  auto cast = std::make_unique<BoundExpression>();
  cast->kind = BoundKind::kCast;
  cast->type = Type::floating();
  cast->offset = expression->offset;
  cast->children.push_back(std::move(expression));
  return cast;
}

// left = right to a pair of keys. Numbers of two kinds are hashed as FLOAT: equal ones have equal
// hashes, and since large integers round to one FLOAT the equality stays as a condition.
void take_key(BoundExpressionPtr& conjunct, const Sides& sides, PlanNode& node) {
  if (!is_call(*conjunct, "=")) return;
  BoundExpressionPtr& a = conjunct->children[0];
  BoundExpressionPtr& b = conjunct->children[1];
  const bool straight = of_left(*a, sides) && of_right(*b, sides);
  if (!straight && !(of_left(*b, sides) && of_right(*a, sides))) return;
  BoundExpressionPtr& left = straight ? a : b;
  BoundExpressionPtr& right = straight ? b : a;
  if (left->type == right->type) {
    node.left_keys.push_back(std::move(left));
    node.right_keys.push_back(std::move(right));
    conjunct = nullptr;
  } else if (left->type.is_numeric() && right->type.is_numeric() && !node.null_aware) {
    node.left_keys.push_back(as_float(left->clone()));
    node.right_keys.push_back(as_float(right->clone()));
  }
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

BoundExpressionPtr call_of(std::string_view name, BoundExpressionPtr a, BoundExpressionPtr b) {
  std::vector<Type> types{a->type};
  if (b != nullptr) types.push_back(b->type);
  Result<ResolvedScalar> resolved = resolve_scalar(name, types);
  if (!resolved.ok() || resolved->cast_to != types) return nullptr;
  auto call = std::make_unique<BoundExpression>();
  call->kind = BoundKind::kCall;
  call->type = resolved->type;
  call->offset = a->offset;
  call->function = resolved->function;
  call->children.push_back(std::move(a));
  if (b != nullptr) call->children.push_back(std::move(b));
  return call;
}

// The least distance that is certainly out of reach: rounding in a - b and in a bound is far less
// than what these add.
constexpr double kReachFactor = 1.0 + 1e-6;
constexpr double kCentreFactor = 1e-12;

// centre - reach or centre + reach, and a little further.
BoundExpressionPtr bound_beyond(const BoundExpression& centre, double reach, const char* sign) {
  BoundExpressionPtr slack = call_of("abs", centre.clone(), nullptr);
  if (slack == nullptr) return nullptr;
  slack = call_of("*", std::move(slack), make_constant(Value::floating(kCentreFactor)));
  if (slack == nullptr) return nullptr;
  BoundExpressionPtr distance =
      call_of("+", std::move(slack), make_constant(Value::floating(reach * kReachFactor)));
  return distance == nullptr ? nullptr : call_of(sign, centre.clone(), std::move(distance));
}

// abs(right - left) <= reach, for FLOAT: a band around the left side.
void take_distance(const BoundExpression& conjunct, const Sides& sides, PlanNode& node) {
  if (node.band_key != nullptr || !(is_call(conjunct, "<") || is_call(conjunct, "<="))) return;
  const BoundExpression& absolute = *conjunct.children[0];
  const BoundExpression& reach = *conjunct.children[1];
  const bool shape = absolute.kind == BoundKind::kCall && absolute.function->name == "abs" &&
                     is_call(*absolute.children[0], "-") && reach.kind == BoundKind::kConstant &&
                     reach.type.is(TypeKind::kFloat) && !reach.constant.is_null();
  if (!shape) return;
  const auto& ends = absolute.children[0]->children;
  for (const size_t at : {0, 1}) {
    const BoundExpression& key = *ends[at];
    const BoundExpression& centre = *ends[1 - at];
    const bool floats = key.type.is(TypeKind::kFloat) && centre.type.is(TypeKind::kFloat);
    if (!floats || !of_right(key, sides) || !of_left(centre, sides)) continue;
    BoundExpressionPtr low = bound_beyond(centre, reach.constant.floating(), "-");
    BoundExpressionPtr high = bound_beyond(centre, reach.constant.floating(), "+");
    if (low == nullptr || high == nullptr) return;
    node.band_key = key.clone();
    node.band_low = std::move(low);
    node.band_high = std::move(high);
    return;
  }
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
    for (const auto& conjunct : conjuncts) take_distance(*conjunct, sides, node);
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
