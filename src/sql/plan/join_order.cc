// The order of inner joins: greedy. Of the tables that an equality ties to those joined so far, the
// one that leaves the fewest rows comes next; only where nothing is tied is there a cross product.
// (Selinger et al. 1979 search all orders; the greedy choice is that of Fegaras 1998.)
#include <algorithm>
#include <optional>
#include <tuple>

#include "sql/plan/rewrite.h"

namespace mote {

namespace {

struct JoinGraph {
  std::vector<PlanPtr*> relations;
  std::vector<SlotSet> columns;  // of each relation
  std::vector<const BoundExpression*> equalities;
};

bool is_inner_join(const PlanNode& node) {
  return node.kind == PlanKind::kLoopJoin && node.join == JoinType::kInner;
}

void add_equalities(const BoundExpression* condition, JoinGraph* graph) {
  if (condition == nullptr) return;
  if (condition->kind == BoundKind::kAnd) {
    for (const auto& child : condition->children) add_equalities(child.get(), graph);
  } else if (condition->kind == BoundKind::kCall && condition->function->name == "=") {
    graph->equalities.push_back(condition);
  }
}

void collect(PlanPtr& node, JoinGraph* graph) {
  if (!is_inner_join(*node)) {
    graph->relations.push_back(&node);
    graph->columns.emplace_back();
    graph->columns.back().add_outputs(*node);
    return;
  }
  add_equalities(node->condition.get(), graph);
  for (auto& child : node->children) collect(child, graph);
}

// Relations joined one after the other, and what that costs: the rows of all steps together.
class Chain {
 public:
  explicit Chain(const JoinGraph& graph) : graph_(graph), used_(graph.relations.size(), false) {}

  double rows_with(size_t relation) const {
    const double rows = rows_of(relation);
    if (order_.empty()) return rows;
    return is_tied(relation) ? std::max(rows_, rows) : rows_ * rows;
  }

  void add(size_t relation) {
    rows_ = rows_with(relation);
    cost_ += rows_;
    used_[relation] = true;
    order_.push_back(relation);
    for (const OutputColumn& output : (*graph_.relations[relation])->outputs) {
      joined_.add(output.slot);
    }
  }

  void add_cheapest() {
    std::optional<size_t> best;
    for (size_t i = 0; i < used_.size(); ++i) {
      if (!used_[i] && (!best.has_value() || rank(i) < rank(*best))) best = i;
    }
    add(*best);
  }

  double cost() const { return cost_; }
  const std::vector<size_t>& order() const { return order_; }

 private:
  double rows_of(size_t relation) const { return (*graph_.relations[relation])->estimated_rows; }

  // Tied ones first, then by the rows they leave, then by their own; equal ones as written.
  std::tuple<bool, double, double> rank(size_t relation) const {
    return {!order_.empty() && !is_tied(relation), rows_with(relation), rows_of(relation)};
  }

  bool is_tied(size_t relation) const {
    const SlotSet& own = graph_.columns[relation];
    const SlotSet none;
    const auto ties = [&](const BoundExpression& a, const BoundExpression& b) {
      return joined_.covers(a) && !none.covers(a) && own.covers(b) && !none.covers(b);
    };
    return std::any_of(graph_.equalities.begin(), graph_.equalities.end(), [&](const auto* equal) {
      return ties(*equal->children[0], *equal->children[1]) ||
             ties(*equal->children[1], *equal->children[0]);
    });
  }

  const JoinGraph& graph_;
  std::vector<bool> used_;
  std::vector<size_t> order_;
  SlotSet joined_;
  double rows_ = 0;
  double cost_ = 0;
};

// Takes the joins apart: their conditions and, into `relations`, what they join.
void take_apart(PlanPtr node, std::vector<PlanPtr>* relations,
                std::vector<BoundExpressionPtr>* conjuncts) {
  if (!is_inner_join(*node)) {
    relations->push_back(std::move(node));
    return;
  }
  split_conjuncts(std::move(node->condition), conjuncts);
  for (auto& child : node->children) take_apart(std::move(child), relations, conjuncts);
}

PlanPtr join_in_order(PlanPtr node, const std::vector<size_t>& order) {
  std::vector<PlanPtr> relations;
  std::vector<BoundExpressionPtr> conjuncts;
  take_apart(std::move(node), &relations, &conjuncts);
  PlanPtr joined;
  for (const size_t relation : order) {
    if (joined == nullptr) {
      joined = std::move(relations[relation]);
      continue;
    }
    PlanPtr join = make_node(PlanKind::kLoopJoin, std::move(joined));
    join->children.push_back(std::move(relations[relation]));
    pass_outputs(*join);
    joined = std::move(join);
  }
  return push_down(std::move(joined), std::move(conjuncts));
}

}  // namespace

void order_joins(PlanPtr& node, const TableStatistics* statistics) {
  if (!is_inner_join(*node)) {
    for (auto& child : node->children) order_joins(child, statistics);
    return;
  }
  JoinGraph graph;
  collect(node, &graph);
  for (PlanPtr* relation : graph.relations) {
    order_joins(*relation, statistics);
    estimate(**relation, statistics);
  }
  const size_t count = graph.relations.size();
  if (count < 3 || count > kMaxOrderedRelations) return;
  Chain written(graph);
  for (size_t i = 0; i < count; ++i) written.add(i);
  Chain best = Chain(graph);
  while (best.order().size() < count) best.add_cheapest();
  if (best.cost() < written.cost()) node = join_in_order(std::move(node), best.order());
}

}  // namespace mote
