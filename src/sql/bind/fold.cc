#include "sql/bind/fold.h"

#include <algorithm>

#include "sql/bind/binder.h"

namespace mote {

namespace {

// What the value of a constant expression may take to be computed once, in binding.
constexpr size_t kMaxFoldedBytes = 1u << 20;

Result<Value> evaluate_call(const BoundExpression& call, const FunctionContext& context,
                            std::span<const Value> values) {
  std::vector<Column> columns(values.size());
  std::vector<const Column*> arguments;
  Column out;
  out.reset(call.type, /*zeroed=*/true);
  bool any_null = false;
  for (size_t i = 0; i < values.size(); ++i) {
    columns[i].reset(call.children[i]->type, /*zeroed=*/true);
    columns[i].set_value(0, values[i]);
    any_null = any_null || values[i].is_null();
    arguments.push_back(&columns[i]);
  }
  if (call.function->nulls_pass && any_null) return Value::null(call.type);
  MOTE_TRY(call.function->evaluate(context, arguments, 1, out));
  return out.value(0);
}

// AND and OR: `decisive` is the value that settles the matter.
Value evaluate_logical(std::span<const Value> values, bool decisive) {
  bool any_null = false;
  for (const Value& value : values) {
    if (value.is_null()) {
      any_null = true;
    } else if (value.boolean() == decisive) {
      return Value::boolean(decisive);
    }
  }
  return any_null ? Value::null(Type::boolean()) : Value::boolean(!decisive);
}

Value evaluate_in(std::span<const Value> values) {
  bool any_null = values[0].is_null();
  for (size_t i = 1; i < values.size() && !values[0].is_null(); ++i) {
    if (values[i].is_null()) {
      any_null = true;
    } else if (values[0].compare(values[i]) == 0) {
      return Value::boolean(true);
    }
  }
  return any_null ? Value::null(Type::boolean()) : Value::boolean(false);
}

Result<Value> evaluate(const BoundExpression& expression, const FunctionContext& context);

Result<Value> evaluate_case(const BoundExpression& expression, const FunctionContext& context) {
  const auto& children = expression.children;
  for (size_t i = 0; i + 1 < children.size(); i += 2) {
    MOTE_ASSIGN(const Value condition, evaluate(*children[i], context));
    if (!condition.is_null() && condition.boolean()) return evaluate(*children[i + 1], context);
  }
  return evaluate(*children.back(), context);
}

Result<Value> evaluate(const BoundExpression& expression, const FunctionContext& context) {
  if (expression.kind == BoundKind::kConstant) return expression.constant;
  if (expression.kind == BoundKind::kColumn || expression.kind == BoundKind::kParameter) {
    return invalid_argument("%s is not a constant", expression.to_text().c_str())
        .at(expression.offset);
  }
  if (expression.kind == BoundKind::kCase) return evaluate_case(expression, context);
  std::vector<Value> values;
  for (const auto& child : expression.children) {
    MOTE_ASSIGN(Value value, evaluate(*child, context));
    values.push_back(std::move(value));
  }
  switch (expression.kind) {
    case BoundKind::kCall: {
      Result<Value> value = evaluate_call(expression, context, values);
      if (!value.ok()) return std::move(value).status().at(expression.offset);
      return value;
    }
    case BoundKind::kCast: {
      Result<Value> value = cast_value(values[0], expression.type, expression.cast_mode);
      if (!value.ok()) return std::move(value).status().at(expression.offset);
      return value;
    }
    case BoundKind::kAnd: return evaluate_logical(values, false);
    case BoundKind::kOr: return evaluate_logical(values, true);
    case BoundKind::kNot:
      return values[0].is_null() ? Value::null(Type::boolean())
                                 : Value::boolean(!values[0].boolean());
    case BoundKind::kIsNull: return Value::boolean(values[0].is_null());
    case BoundKind::kIn: return evaluate_in(values);
    default: MOTE_CHECK(false);
  }
}

bool all_constant(const BoundExpression& expression) {
  return std::all_of(expression.children.begin(), expression.children.end(),
                     [](const auto& child) { return child->kind == BoundKind::kConstant; });
}

bool is_constant(const BoundExpression& expression, const Value& value) {
  return expression.kind == BoundKind::kConstant && expression.constant == value;
}

// x AND TRUE is x, x AND FALSE is FALSE; likewise OR. The children have been folded.
void fold_logical(BoundExpressionPtr& expression) {
  const bool decisive = expression->kind == BoundKind::kOr;
  auto& children = expression->children;
  std::erase_if(children,
                [&](const auto& child) { return is_constant(*child, Value::boolean(!decisive)); });
  if (children.empty()) {
    expression = make_constant(Value::boolean(!decisive), expression->offset);
    return;
  }
  for (const auto& child : children) {
    if (is_constant(*child, Value::boolean(decisive))) {
      expression = make_constant(Value::boolean(decisive), expression->offset);
      return;
    }
  }
  if (children.size() == 1) {
    BoundExpressionPtr only = std::move(children[0]);
    expression = std::move(only);
  }
}

}  // namespace

void fold(BoundExpressionPtr& expression) {
  if (expression == nullptr) return;
  for (auto& child : expression->children) fold(child);
  switch (expression->kind) {
    case BoundKind::kColumn:
    case BoundKind::kConstant:
    case BoundKind::kParameter: return;
    case BoundKind::kAnd:
    case BoundKind::kOr: fold_logical(expression); return;
    default: break;
  }
  if (!all_constant(*expression)) return;
  if (expression->function != nullptr &&
      expression->function->volatility != Volatility::kImmutable) {
    return;
  }
  // A large value is left to the execution, which has a budget for it.
  const MemoryBudget budget(kMaxFoldedBytes);
  FunctionContext context;
  context.budget = &budget;
  Result<Value> value = evaluate(*expression, context);
  if (!value.ok() || value->type() != expression->type) return;
  expression = make_constant(std::move(*value), expression->offset);
}

Result<Value> evaluate_constant(const BoundExpression& expression, int64_t statement_wall_ns) {
  FunctionContext context;
  context.statement_wall_ns = statement_wall_ns;
  return evaluate(expression, context);
}

}  // namespace mote
