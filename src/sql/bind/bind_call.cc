// Calls: scalar functions, aggregates, windows, text scores.
#include <algorithm>

#include "sql/bind/binder_state.h"
#include "sql/parse/print.h"

namespace mote {

using ast::ExpressionKind;

namespace {

// min(a, b) is a scalar function, min(a) an aggregate.
bool is_aggregate_call(const ast::Expression& call) {
  if (call.star) return !find_aggregate(call.name).empty();
  const auto overloads = find_aggregate(call.name);
  return std::any_of(overloads.begin(), overloads.end(), [&](const AggregateFunction* function) {
    return call.children.size() >= function->least_arguments &&
           call.children.size() <= function->most_arguments;
  });
}

struct WindowName {
  const char* name;
  WindowFunction function;
  uint32_t least_arguments;
  uint32_t most_arguments;
};
constexpr WindowName kWindowNames[] = {
    {"row_number", WindowFunction::kRowNumber, 0, 0},
    {"rank", WindowFunction::kRank, 0, 0},
    {"dense_rank", WindowFunction::kDenseRank, 0, 0},
    {"ntile", WindowFunction::kNtile, 1, 1},
    {"lag", WindowFunction::kLag, 1, 3},
    {"lead", WindowFunction::kLead, 1, 3},
    {"first_value", WindowFunction::kFirstValue, 1, 1},
    {"last_value", WindowFunction::kLastValue, 1, 1},
    {"nth_value", WindowFunction::kNthValue, 2, 2},
};

const WindowName* find_window_name(std::string_view name) {
  for (const WindowName& known : kWindowNames) {
    if (same_name(known.name, name)) return &known;
  }
  return nullptr;
}

bool same_expressions(const std::vector<BoundExpressionPtr>& a,
                      const std::vector<BoundExpressionPtr>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return x->equals(*y); });
}

bool same_aggregate(const BoundAggregate& a, const BoundAggregate& b) {
  if (a.function != b.function || a.distinct != b.distinct || a.type != b.type) return false;
  if ((a.filter == nullptr) != (b.filter == nullptr)) return false;
  if (a.filter != nullptr && !a.filter->equals(*b.filter)) return false;
  return same_expressions(a.arguments, b.arguments);
}

bool same_stage(const BoundWindowStage& a, const BoundWindowStage& b) {
  return same_expressions(a.partition, b.partition) &&
         std::equal(a.order.begin(), a.order.end(), b.order.begin(), b.order.end(),
                    [](const BoundWindowOrder& x, const BoundWindowOrder& y) {
                      return x.descending == y.descending && x.nulls_first == y.nulls_first &&
                             x.expression->equals(*y.expression);
                    });
}

FrameBound frame_bound(ast::BoundaryKind kind) {
  switch (kind) {
    case ast::BoundaryKind::kUnboundedPreceding: return FrameBound::kUnboundedPreceding;
    case ast::BoundaryKind::kPreceding: return FrameBound::kPreceding;
    case ast::BoundaryKind::kCurrentRow: return FrameBound::kCurrentRow;
    case ast::BoundaryKind::kFollowing: return FrameBound::kFollowing;
    case ast::BoundaryKind::kUnboundedFollowing: break;
  }
  return FrameBound::kUnboundedFollowing;
}

}  // namespace

bool nulls_come_first(const ast::OrderItem& item) {
  // As SQLite has it, and as Value::compare does: NULL is below everything.
  if (item.nulls == ast::NullsOrder::kDefault) return !item.descending;
  return item.nulls == ast::NullsOrder::kFirst;
}

Result<BoundExpressionPtr> Binder::bind_call(const ast::Expression& expression,
                                             ExpressionContext& context) {
  const ast::CallClauses* clauses = expression.clauses.get();
  if (clauses != nullptr && clauses->over != nullptr) return bind_window(expression, context);
  if (same_name(expression.name, "bm25")) return bind_score(expression, context);
  if (is_aggregate_call(expression)) {
    if (context.aggregates == nullptr) {
      return invalid_argument("aggregate %s() can not stand in %s", expression.name.c_str(),
                              context.clause)
          .at(expression.offset);
    }
    MOTE_ASSIGN(BoundAggregate aggregate, bind_aggregate(expression, context));
    for (const BoundAggregate& known : *context.aggregates) {
      if (same_aggregate(known, aggregate)) {
        return make_column(known.slot, known.type, known.text, expression.offset);
      }
    }
    aggregate.slot = add_slot();
    BoundExpressionPtr column =
        make_column(aggregate.slot, aggregate.type, aggregate.text, expression.offset);
    context.aggregates->push_back(std::move(aggregate));
    return column;
  }
  if (find_window_name(expression.name) != nullptr && find_scalar(expression.name).empty()) {
    return invalid_argument("%s() needs OVER (..)", expression.name.c_str()).at(expression.offset);
  }
  if (expression.star || expression.distinct || clauses != nullptr) {
    return invalid_argument(
               "%s() is not an aggregate; *, DISTINCT, FILTER and ORDER BY are for those",
               expression.name.c_str())
        .at(expression.offset);
  }
  std::vector<BoundExpressionPtr> arguments;
  for (const auto& child : expression.children) {
    MOTE_ASSIGN(BoundExpressionPtr argument, bind_expression(*child, context));
    arguments.push_back(std::move(argument));
  }
  return apply(fold_name(expression.name), std::move(arguments), expression.offset);
}

Result<BoundAggregate> Binder::bind_aggregate(const ast::Expression& expression,
                                              const ExpressionContext& context) {
  ExpressionContext inner;
  inner.scope = context.scope;
  inner.clause = "an aggregate";
  inner.subqueries = context.early_subqueries;
  inner.early_subqueries = context.early_subqueries;
  inner.scores = context.scores;
  BoundAggregate aggregate;
  aggregate.distinct = expression.distinct;
  aggregate.text = to_sql(expression);
  std::vector<Type> types;
  for (const auto& child : expression.children) {
    MOTE_ASSIGN(BoundExpressionPtr argument, bind_expression(*child, inner));
    types.push_back(argument->type);
    aggregate.arguments.push_back(std::move(argument));
  }
  Result<ResolvedAggregate> resolved = resolve_aggregate(fold_name(expression.name), types);
  if (!resolved.ok()) return std::move(resolved).status().at(expression.offset);
  aggregate.function = resolved->function;
  aggregate.type = resolved->type;
  const std::string what = "argument of " + expression.name;
  for (size_t i = 0; i < aggregate.arguments.size(); ++i) {
    MOTE_ASSIGN(aggregate.arguments[i],
                coerce(std::move(aggregate.arguments[i]), resolved->cast_to[i], what.c_str()));
  }
  if (expression.clauses == nullptr) return aggregate;
  if (!expression.clauses->order_by.empty()) {
    return unsupported("ORDER BY inside an aggregate", expression.offset);
  }
  if (expression.clauses->filter != nullptr) {
    inner.clause = "FILTER";
    MOTE_ASSIGN(aggregate.filter, bind_condition(*expression.clauses->filter, inner));
  }
  return aggregate;
}

Result<BoundExpressionPtr> Binder::bind_score(const ast::Expression& expression,
                                              ExpressionContext& context) {
  if (expression.children.size() != 2) {
    return invalid_argument("bm25 and match take a TEXT column and a query").at(expression.offset);
  }
  if (context.scores == nullptr) {
    return invalid_argument("a text score can not stand in %s", context.clause)
        .at(expression.offset);
  }
  MOTE_ASSIGN(BoundExpressionPtr text, bind_expression(*expression.children[0], context));
  MOTE_ASSIGN(BoundExpressionPtr query, bind_expression(*expression.children[1], context));
  if (text->kind != BoundKind::kColumn || !text->type.is(TypeKind::kText) ||
      slots_[text->slot].table == 0) {
    return invalid_argument("a text score needs a TEXT column of a table; this is %s",
                            describe(*text).c_str())
        .at(expression.children[0]->offset);
  }
  MOTE_ASSIGN(query, coerce(std::move(query), Type::text(), "the text query"));
  for (const BoundTextScore& known : *context.scores) {
    if (known.text->equals(*text) && known.query->equals(*query)) {
      return make_column(known.slot, Type::floating(), "bm25", expression.offset);
    }
  }
  BoundTextScore score;
  score.slot = add_slot();
  score.table = slots_[text->slot].table;
  score.text_column = slots_[text->slot].column;
  score.text = std::move(text);
  score.query = std::move(query);
  BoundExpressionPtr column = make_column(score.slot, Type::floating(), "bm25", expression.offset);
  context.scores->push_back(std::move(score));
  return column;
}

Result<BoundExpressionPtr> Binder::bind_ranked(const ast::Expression& expression,
                                               ExpressionContext& context) {
  const bool call = expression.kind == ExpressionKind::kCall && expression.clauses == nullptr &&
                    same_name(expression.name, "match");
  const bool infix = expression.kind == ExpressionKind::kBinary &&
                     expression.op == ast::Operator::kMatch && !expression.negated;
  if ((call || infix) && expression.children.size() == 2) return bind_score(expression, context);
  return bind_expression(expression, context);
}

Result<BoundWindowStage> Binder::bind_window_order(const ast::Window& window,
                                                   ExpressionContext& context,
                                                   const ast::Window** frame) {
  // OVER w and OVER (w ..): what is not said here is said there.
  const ast::Window* partition = &window;
  const ast::Window* order = &window;
  *frame = &window;
  const ast::Window* at = &window;
  size_t steps = 0;
  while (!at->base.empty()) {
    const ast::Window* base = nullptr;
    if (context.named_windows != nullptr) {
      for (const ast::NamedWindow& named : *context.named_windows) {
        if (same_name(named.name, at->base)) base = &named.window;
      }
    }
    if (base == nullptr || ++steps > context.named_windows->size()) {
      return not_found("no window '%s'", at->base.c_str());
    }
    if (partition->partition_by.empty()) partition = base;
    if (order->order_by.empty()) order = base;
    if (!(*frame)->has_frame) *frame = base;
    at = base;
  }
  BoundWindowStage stage;
  for (const auto& expression : partition->partition_by) {
    MOTE_ASSIGN(BoundExpressionPtr bound, bind_expression(*expression, context));
    stage.partition.push_back(std::move(bound));
  }
  for (const ast::OrderItem& item : order->order_by) {
    MOTE_ASSIGN(BoundExpressionPtr bound, bind_expression(*item.expression, context));
    stage.order.push_back({std::move(bound), item.descending, nulls_come_first(item)});
  }
  return stage;
}

Result<BoundExpressionPtr> Binder::bind_window(const ast::Expression& expression,
                                               ExpressionContext& context) {
  if (context.windows == nullptr) {
    return invalid_argument("window function %s() can not stand in %s", expression.name.c_str(),
                            context.clause)
        .at(expression.offset);
  }
  ExpressionContext inner = context;
  inner.windows = nullptr;
  inner.clause = "a window";
  const ast::Window* frame = nullptr;
  Result<BoundWindowStage> bound_stage =
      bind_window_order(*expression.clauses->over, inner, &frame);
  if (!bound_stage.ok()) return std::move(bound_stage).status().at(expression.offset);
  BoundWindowStage stage = std::move(*bound_stage);
  MOTE_ASSIGN(BoundWindowCall call, bind_window_call(expression, inner));
  MOTE_TRY(bind_frame(*frame, stage, inner, call));
  call.aggregate.slot = add_slot();
  BoundExpressionPtr column =
      make_column(call.aggregate.slot, call.aggregate.type, call.aggregate.text, expression.offset);
  for (BoundWindowStage& known : *context.windows) {
    if (same_stage(known, stage)) {
      known.calls.push_back(std::move(call));
      return column;
    }
  }
  stage.calls.push_back(std::move(call));
  context.windows->push_back(std::move(stage));
  return column;
}

Result<BoundWindowCall> Binder::bind_window_call(const ast::Expression& expression,
                                                 const ExpressionContext& context) {
  BoundWindowCall call;
  const WindowName* known = find_window_name(expression.name);
  if (known == nullptr) {
    if (find_aggregate(expression.name).empty()) {
      return not_found("no window function '%s'", expression.name.c_str()).at(expression.offset);
    }
    if (expression.distinct) {
      return unsupported("DISTINCT in a window function", expression.offset);
    }
    call.kind = WindowFunction::kAggregate;
    // Its arguments are over the rows that the window sees, aggregates of the query among them.
    BoundAggregate& aggregate = call.aggregate;
    ExpressionContext inner = context;
    std::vector<Type> types;
    for (const auto& child : expression.children) {
      MOTE_ASSIGN(BoundExpressionPtr argument, bind_expression(*child, inner));
      types.push_back(argument->type);
      aggregate.arguments.push_back(std::move(argument));
    }
    Result<ResolvedAggregate> resolved = resolve_aggregate(fold_name(expression.name), types);
    if (!resolved.ok()) return std::move(resolved).status().at(expression.offset);
    aggregate.function = resolved->function;
    aggregate.type = resolved->type;
    for (size_t i = 0; i < types.size(); ++i) {
      MOTE_ASSIGN(aggregate.arguments[i],
                  coerce(std::move(aggregate.arguments[i]), resolved->cast_to[i], "argument"));
    }
    if (expression.clauses->filter != nullptr) {
      MOTE_ASSIGN(aggregate.filter, bind_condition(*expression.clauses->filter, inner));
    }
  } else {
    if (expression.children.size() < known->least_arguments ||
        expression.children.size() > known->most_arguments || expression.star) {
      return invalid_argument("%s() takes %u to %u arguments, not %zu", known->name,
                              known->least_arguments, known->most_arguments,
                              expression.children.size())
          .at(expression.offset);
    }
    call.kind = known->function;
    MOTE_TRY(bind_window_arguments(expression, context, call));
  }
  call.aggregate.text = to_sql(expression);
  return call;
}

Status Binder::bind_window_arguments(const ast::Expression& expression,
                                     const ExpressionContext& context, BoundWindowCall& call) {
  ExpressionContext inner = context;
  auto& arguments = call.aggregate.arguments;
  for (const auto& child : expression.children) {
    MOTE_ASSIGN(BoundExpressionPtr argument, bind_expression(*child, inner));
    arguments.push_back(std::move(argument));
  }
  const bool shifts = call.kind == WindowFunction::kLag || call.kind == WindowFunction::kLead;
  call.aggregate.type = Type::integer();
  if (call.kind == WindowFunction::kNtile) {
    MOTE_ASSIGN(arguments[0], coerce(std::move(arguments[0]), Type::integer(), "ntile's count"));
  } else if (!arguments.empty()) {
    call.aggregate.type = arguments[0]->type;
  }
  if (shifts && arguments.size() < 2) {
    arguments.push_back(make_constant(Value::integer(1), expression.offset));
  }
  if (shifts && arguments.size() < 3) {
    arguments.push_back(make_constant(Value::null(arguments[0]->type), expression.offset));
  }
  if (arguments.size() > 1) {
    MOTE_ASSIGN(arguments[1], coerce(std::move(arguments[1]), Type::integer(), "the distance"));
  }
  if (arguments.size() > 2) {
    BoundExpressionPtr* both[] = {&arguments[0], &arguments[2]};
    MOTE_ASSIGN(call.aggregate.type, unify_all(both, expression.name.c_str()));
  }
  return {};
}

Status Binder::bind_frame(const ast::Window& window, const BoundWindowStage& stage,
                          ExpressionContext& context, BoundWindowCall& call) {
  if (!window.has_frame) {
    call.end = stage.order.empty() ? FrameBound::kUnboundedFollowing : FrameBound::kCurrentRow;
    return {};
  }
  const uint32_t offset = stage.order.empty() ? 0 : stage.order[0].expression->offset;
  if (window.unit == ast::FrameUnit::kGroups) return unsupported("a GROUPS frame", offset);
  if (window.exclude != ast::FrameExclude::kNoOthers) {
    return unsupported("EXCLUDE in a frame", offset);
  }
  call.rows = window.unit == ast::FrameUnit::kRows;
  call.start = frame_bound(window.start.kind);
  call.end = frame_bound(window.end.kind);
  const bool distances = window.start.distance != nullptr || window.end.distance != nullptr;
  if (!distances) return {};
  if (!call.rows && stage.order.size() != 1) {
    return invalid_argument("a RANGE frame with a distance needs one ORDER BY key, not %zu",
                            stage.order.size())
        .at(offset);
  }
  Type type = Type::integer();
  if (!call.rows) {
    type = stage.order[0].expression->type;
    if (type.is(TypeKind::kTimestamp)) type = Type::interval();
    if (!type.is_numeric() && !type.is(TypeKind::kInterval)) {
      return invalid_argument("a RANGE frame with a distance over %s: only numbers and TIMESTAMP",
                              type.name().c_str())
          .at(offset);
    }
  }
  if (window.start.distance != nullptr) {
    MOTE_ASSIGN(call.start_distance, bind_expression(*window.start.distance, context));
    MOTE_ASSIGN(call.start_distance,
                coerce(std::move(call.start_distance), type, "a frame's distance"));
  }
  if (window.end.distance != nullptr) {
    MOTE_ASSIGN(call.end_distance, bind_expression(*window.end.distance, context));
    MOTE_ASSIGN(call.end_distance,
                coerce(std::move(call.end_distance), type, "a frame's distance"));
  }
  return {};
}

}  // namespace mote
