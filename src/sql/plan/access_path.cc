// How tables are reached: prune tests, lookups by key, and estimates of row counts.
#include <algorithm>
#include <cmath>

#include "sql/plan/rewrite.h"

namespace mote {

namespace {

bool is_constant(const BoundExpression& expression) { return SlotSet().covers(expression); }

std::string_view call_name(const BoundExpression& expression) {
  return expression.kind == BoundKind::kCall ? expression.function->name : std::string_view();
}

// The schema position of a column of this scan; nothing for other expressions and the row id.
std::optional<uint32_t> scan_column(const PlanNode& scan, const BoundExpression& expression) {
  if (expression.kind != BoundKind::kColumn) return std::nullopt;
  for (size_t i = 0; i < scan.outputs.size(); ++i) {
    if (scan.outputs[i].slot == expression.slot && scan.columns[i] != kRowIdColumn) {
      return scan.columns[i];
    }
  }
  return std::nullopt;
}

std::optional<PruneTest::Kind> comparison_kind(std::string_view name, bool flipped) {
  if (name == "=") return PruneTest::Kind::kEqual;
  if (name == "<") return flipped ? PruneTest::Kind::kGreater : PruneTest::Kind::kLess;
  if (name == "<=") return flipped ? PruneTest::Kind::kGreaterEqual : PruneTest::Kind::kLessEqual;
  if (name == ">") return flipped ? PruneTest::Kind::kLess : PruneTest::Kind::kGreater;
  if (name == ">=") return flipped ? PruneTest::Kind::kLessEqual : PruneTest::Kind::kGreaterEqual;
  return std::nullopt;
}

void add_test(PlanNode& scan, PruneTest::Kind kind, uint32_t column, BoundExpressionPtr value) {
  PruneTest test;
  test.kind = kind;
  test.column = column;
  test.value = std::move(value);
  scan.prune.push_back(std::move(test));
}

// column OP constant, either way round.
bool add_comparison(PlanNode& scan, const BoundExpression& call) {
  if (call.kind != BoundKind::kCall || call.children.size() != 2) return false;
  for (const bool flipped : {false, true}) {
    const BoundExpression& left = *call.children[flipped ? 1 : 0];
    const BoundExpression& right = *call.children[flipped ? 0 : 1];
    const std::optional<uint32_t> column = scan_column(scan, left);
    const auto kind = comparison_kind(call_name(call), flipped);
    if (!column.has_value() || !kind.has_value()) continue;
    if (!is_constant(right) || right.type != left.type || is_volatile(right)) continue;
    const bool ordered = lane_count(left.type.kind) == 1 && !left.type.is(TypeKind::kVector);
    if (!ordered) return false;
    add_test(scan, *kind, *column, right.clone());
    return true;
  }
  return false;
}

// st_within(p, x0, y0, x1, y1) and its kin: the box itself. st_dwithin(p, q, r): the box around it.
void add_box(PlanNode& scan, const BoundExpression& call) {
  const std::string_view name = call_name(call);
  const size_t axes = name == "st_within" ? 2 : name == "st_within_3d" ? 3 : 0;
  PruneTest test;
  test.kind = PruneTest::Kind::kBox;
  if (axes != 0 && call.children.size() == 1 + 2 * axes) {
    const std::optional<uint32_t> column = scan_column(scan, *call.children[0]);
    if (!column.has_value()) return;
    test.column = *column;
    for (size_t i = 1; i < call.children.size(); ++i) {
      if (!is_constant(*call.children[i]) || !call.children[i]->type.is(TypeKind::kFloat)) return;
      test.box.push_back(call.children[i]->clone());
    }
    scan.prune.push_back(std::move(test));
    return;
  }
  if (name != "st_dwithin" || call.children.size() != 3) return;
  for (const bool flipped : {false, true}) {
    const std::optional<uint32_t> column = scan_column(scan, *call.children[flipped ? 1 : 0]);
    const BoundExpression& point = *call.children[flipped ? 0 : 1];
    const BoundExpression& radius = *call.children[2];
    if (!column.has_value() || point.kind != BoundKind::kConstant ||
        radius.kind != BoundKind::kConstant || !radius.type.is(TypeKind::kFloat) ||
        point.constant.is_null() || radius.constant.is_null()) {
      continue;
    }
    test.column = *column;
    // A little more than the radius, so that rounding leaves nothing out.
    const double reach = radius.constant.floating();
    for (const double sign : {-1.0, 1.0}) {
      for (uint32_t axis = 0; axis < lane_count(point.type.kind); ++axis) {
        const double centre = point.constant.coordinate(axis);
        const double slack = (std::fabs(centre) + std::fabs(reach)) * 1e-12;
        test.box.push_back(make_constant(Value::floating(centre + sign * (reach + slack))));
      }
    }
    scan.prune.push_back(std::move(test));
    return;
  }
}

// column IN (constants): between the least and the greatest.
void add_in(PlanNode& scan, const BoundExpression& in) {
  const std::optional<uint32_t> column = scan_column(scan, *in.children[0]);
  if (!column.has_value() || lane_count(in.children[0]->type.kind) != 1 ||
      in.children[0]->type.is(TypeKind::kVector)) {
    return;
  }
  const Value* least = nullptr;
  const Value* greatest = nullptr;
  for (size_t i = 1; i < in.children.size(); ++i) {
    const BoundExpression& member = *in.children[i];
    if (member.kind != BoundKind::kConstant || member.type != in.children[0]->type) return;
    if (member.constant.is_null()) continue;
    if (least == nullptr || member.constant.compare(*least) < 0) least = &member.constant;
    if (greatest == nullptr || member.constant.compare(*greatest) > 0) greatest = &member.constant;
  }
  if (least == nullptr) return;
  add_test(scan, PruneTest::Kind::kGreaterEqual, *column, make_constant(*least));
  add_test(scan, PruneTest::Kind::kLessEqual, *column, make_constant(*greatest));
}

void add_prune_test(PlanNode& scan, const BoundExpression& conjunct) {
  if (add_comparison(scan, conjunct)) return;
  if (conjunct.kind == BoundKind::kIn) {
    add_in(scan, conjunct);
  } else if (conjunct.kind == BoundKind::kCall) {
    add_box(scan, conjunct);
  } else if (conjunct.kind == BoundKind::kNot && conjunct.children[0]->kind == BoundKind::kIsNull) {
    const auto column = scan_column(scan, *conjunct.children[0]->children[0]);
    if (column.has_value()) add_test(scan, PruneTest::Kind::kNotNull, *column, nullptr);
  }
}

// All columns of the PRIMARY KEY equal to values: at most one row.
void try_key_lookup(PlanNode& scan, const TableDefinition& table,
                    std::vector<BoundExpressionPtr>& conjuncts) {
  if (table.schema.primary_key.empty()) return;
  std::vector<BoundExpressionPtr*> equalities;
  for (const uint32_t key_column : table.schema.primary_key) {
    BoundExpressionPtr* found = nullptr;
    for (auto& conjunct : conjuncts) {
      if (call_name(*conjunct) != "=") continue;
      for (size_t side = 0; side < 2; ++side) {
        const BoundExpression& column = *conjunct->children[side];
        const BoundExpression& value = *conjunct->children[1 - side];
        if (scan_column(scan, column) == key_column && is_constant(value) &&
            value.type == column.type && !is_volatile(value)) {
          found = &conjunct;
        }
      }
      if (found != nullptr) break;
    }
    if (found == nullptr) return;
    equalities.push_back(found);
  }
  scan.kind = PlanKind::kKeyLookup;
  for (BoundExpressionPtr* equality : equalities) {
    auto& sides = (*equality)->children;
    scan.key.push_back(std::move(sides[is_constant(*sides[0]) ? 0 : 1]));
    equality->reset();
  }
  std::erase(conjuncts, nullptr);
}

double selectivity(const BoundExpression& conjunct) {
  if (call_name(conjunct) == "=") return 0.05;
  return 0.3;
}

double condition_selectivity(const BoundExpression* condition) {
  if (condition == nullptr) return 1;
  if (condition->kind != BoundKind::kAnd) return selectivity(*condition);
  double product = 1;
  for (const auto& child : condition->children) product *= selectivity(*child);
  return product;
}

double limited(double rows, const PlanNode& node) {
  if (node.limit == nullptr || node.limit->kind != BoundKind::kConstant ||
      node.limit->constant.is_null()) {
    return rows;
  }
  return std::min(rows, static_cast<double>(node.limit->constant.integer()));
}

double joined_rows(const PlanNode& node) {
  const double left = node.children[0]->estimated_rows;
  const double right = node.children[1]->estimated_rows;
  switch (node.join) {
    case JoinType::kSemi:
    case JoinType::kAnti: return left / 2;
    case JoinType::kMark:
    case JoinType::kSingle: return left;
    default: break;
  }
  if (node.kind == PlanKind::kAsofJoin) return left;
  if (node.kind == PlanKind::kHashJoin) return std::max(left, right);
  return std::max(left, left * right * condition_selectivity(node.condition.get()));
}

constexpr double kUnknownRows = 1000;

double own_rows(const PlanNode& node, const TableStatistics* statistics) {
  const double child = node.children.empty() ? 0 : node.children[0]->estimated_rows;
  switch (node.kind) {
    case PlanKind::kScan: {
      const double rows = statistics == nullptr
                              ? kUnknownRows
                              : static_cast<double>(statistics->row_count(node.table));
      return rows * condition_selectivity(node.condition.get());
    }
    case PlanKind::kKeyLookup: return 1;
    case PlanKind::kTableFunction: return kUnknownRows;
    case PlanKind::kValues: return static_cast<double>(node.row_count);
    case PlanKind::kFilter: return child * condition_selectivity(node.condition.get());
    case PlanKind::kHashJoin:
    case PlanKind::kLoopJoin:
    case PlanKind::kApply:
    case PlanKind::kAsofJoin: return joined_rows(node);
    case PlanKind::kAggregate: return node.groups.empty() ? 1 : std::sqrt(child);
    case PlanKind::kUnionAll: return child + node.children[1]->estimated_rows;
    case PlanKind::kSort:
    case PlanKind::kLimit: return limited(child, node);
    default: return child;
  }
}

}  // namespace

void choose_access(PlanNode& node, const Catalog& catalog) {
  for (auto& child : node.children) choose_access(*child, catalog);
  if (node.kind != PlanKind::kScan || node.condition == nullptr) return;
  std::vector<BoundExpressionPtr> conjuncts;
  split_conjuncts(std::move(node.condition), &conjuncts);
  node.condition = nullptr;
  const TableDefinition* table = catalog.find(node.table);
  if (table != nullptr) try_key_lookup(node, *table, conjuncts);
  for (auto& conjunct : conjuncts) {
    if (node.kind == PlanKind::kScan) add_prune_test(node, *conjunct);
    node.condition = conjoin(std::move(node.condition), std::move(conjunct));
  }
}

void estimate(PlanNode& node, const TableStatistics* statistics) {
  for (auto& child : node.children) estimate(*child, statistics);
  node.estimated_rows = own_rows(node, statistics);
  // The hash table is of the right side. A left side that is far smaller changes places with it;
  // otherwise the left rows keep their order.
  const bool swap = node.kind == PlanKind::kHashJoin && node.join == JoinType::kInner &&
                    node.children[0]->estimated_rows * 4 < node.children[1]->estimated_rows;
  if (swap) {
    std::swap(node.children[0], node.children[1]);
    std::swap(node.left_keys, node.right_keys);
  }
  // The order of this node's columns or of those below has changed.
  pass_outputs(node);
}

}  // namespace mote
