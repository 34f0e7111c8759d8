#include "sql/exec/operator.h"

#include "sql/exec/operators.h"

namespace mote {

Status Operator::open(QueryContext& context) {
  close();
  context_ = &context;
  measured_rows_ = 0;
  measured_ns_ = 0;
  if (!opens_children()) {
    for (const auto& child : children_) MOTE_TRY(child->open(context));
  }
  if (!context.measure) return start();
  const int64_t before = context.env->monotonic_ns();
  Status status = start();
  measured_ns_ += context.env->monotonic_ns() - before;
  return status;
}

Result<bool> Operator::next(Chunk& out) {
  MOTE_TRY(context_->check());
  if (!context_->measure) return produce(out);
  const int64_t before = context_->env->monotonic_ns();
  Result<bool> more = produce(out);
  measured_ns_ += context_->env->monotonic_ns() - before;
  if (more.ok() && *more) measured_rows_ += out.row_count();
  return more;
}

void Operator::close() {
  if (context_ == nullptr) return;
  finish();
  for (const auto& child : children_) child->close();
  context_ = nullptr;
}

namespace {

std::unique_ptr<Operator> make_one(const PlanNode& plan) {
  switch (plan.kind) {
    case PlanKind::kScan: return make_scan(plan);
    case PlanKind::kKeyLookup: return make_key_lookup(plan);
    case PlanKind::kTableFunction: return make_table_function(plan);
    case PlanKind::kValues: return make_values(plan);
    case PlanKind::kFilter: return make_filter(plan);
    case PlanKind::kProject: return make_project(plan);
    case PlanKind::kTextScore: return make_text_score(plan);
    case PlanKind::kFetch: return make_fetch(plan);
    case PlanKind::kHashJoin: return make_hash_join(plan);
    case PlanKind::kLoopJoin: return make_loop_join(plan);
    case PlanKind::kApply: return make_apply(plan);
    case PlanKind::kAsofJoin: return make_asof_join(plan);
    case PlanKind::kAggregate: return make_aggregate(plan);
    case PlanKind::kWindow: return make_window(plan);
    case PlanKind::kDistinct: return make_distinct(plan);
    case PlanKind::kUnionAll: return make_union_all(plan);
    case PlanKind::kSort: return make_sort(plan);
    case PlanKind::kLimit: return make_limit(plan);
    case PlanKind::kInsert: return make_insert(plan);
    case PlanKind::kUpdate: return make_update(plan);
    case PlanKind::kDelete: return make_delete(plan);
    case PlanKind::kCreateTableAs: return make_create_table_as(plan);
    case PlanKind::kCopyTo: return make_copy_to(plan);
  }
  return nullptr;
}

}  // namespace

Result<std::unique_ptr<Operator>> make_operator(const PlanNode& plan) {
  std::unique_ptr<Operator> made = make_one(plan);
  if (made == nullptr) {
    return invalid_argument("a plan of kind %d can not be run", static_cast<int>(plan.kind));
  }
  for (const auto& child : plan.children) {
    MOTE_ASSIGN(std::unique_ptr<Operator> made_child, make_operator(*child));
    made->children_.push_back(std::move(made_child));
  }
  return made;
}

namespace {

void list_operators(const Operator& root, std::vector<const Operator*>* list) {
  list->push_back(&root);
  for (const auto& child : root.children()) list_operators(*child, list);
}

}  // namespace

std::string explain_measured(const Operator& root) {
  // explain() gives one line a node, children behind their parent.
  std::vector<const Operator*> operators;
  list_operators(root, &operators);
  const std::string text = explain(root.plan());
  std::string result;
  size_t from = 0;
  for (size_t i = 0; from < text.size(); ++i) {
    size_t end = text.find('\n', from);
    if (end == std::string::npos) end = text.size();
    result.append(text, from, end - from);
    if (i < operators.size()) {
      result += format_text("  [%llu rows, %.3f ms]",
                            static_cast<unsigned long long>(operators[i]->measured_rows()),
                            static_cast<double>(operators[i]->measured_ns()) / 1e6);
    }
    result += '\n';
    from = end + 1;
  }
  return result;
}

}  // namespace mote
