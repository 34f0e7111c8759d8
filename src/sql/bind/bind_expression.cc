// Expressions other than calls and subqueries.
#include <cmath>

#include "sql/bind/binder_state.h"
#include "sql/bind/fold.h"
#include "types/text_format.h"

namespace mote {

using ast::ExpressionKind;
using ast::Operator;

namespace {

const char* operator_name(Operator op) {
  switch (op) {
    case Operator::kNegate:
    case Operator::kSubtract: return "-";
    case Operator::kBitNot: return "~";
    case Operator::kEqual: return "=";
    case Operator::kNotEqual: return "<>";
    case Operator::kLess: return "<";
    case Operator::kLessEqual: return "<=";
    case Operator::kGreater: return ">";
    case Operator::kGreaterEqual: return ">=";
    case Operator::kLike: return "like";
    case Operator::kILike: return "ilike";
    case Operator::kGlob: return "glob";
    case Operator::kMatch: return "match";
    case Operator::kL2Distance: return "<->";
    case Operator::kCosineDistance: return "<=>";
    case Operator::kNegativeInnerProduct: return "<#>";
    case Operator::kConcat: return "||";
    case Operator::kPlus:
    case Operator::kAdd: return "+";
    case Operator::kMultiply: return "*";
    case Operator::kDivide: return "/";
    case Operator::kModulo: return "%";
    case Operator::kBitAnd: return "&";
    case Operator::kBitOr: return "|";
    case Operator::kShiftLeft: return "<<";
    case Operator::kShiftRight: return ">>";
    default: return "";
  }
}

BoundExpressionPtr negate(BoundExpressionPtr expression) {
  std::vector<BoundExpressionPtr> children;
  children.push_back(std::move(expression));
  return make_logical(BoundKind::kNot, std::move(children));
}

BoundExpressionPtr is_null(BoundExpressionPtr expression) {
  std::vector<BoundExpressionPtr> children;
  children.push_back(std::move(expression));
  return make_logical(BoundKind::kIsNull, std::move(children));
}

BoundExpressionPtr negate_if(bool negated, BoundExpressionPtr expression) {
  return negated ? negate(std::move(expression)) : std::move(expression);
}

BoundExpressionPtr make_case(std::vector<BoundExpressionPtr> children, Type type, uint32_t offset) {
  auto expression = std::make_unique<BoundExpression>();
  expression->kind = BoundKind::kCase;
  expression->type = type;
  expression->offset = offset;
  expression->children = std::move(children);
  return expression;
}

constexpr std::string_view kRowIdName = "rowid";

// What a name means in one scope; more than one meaning is an error.
Status find_in_scope(const ast::Expression& name, const Scope& scope, const ScopeColumn** found) {
  const ScopeTable* table_of_found = nullptr;
  const auto take = [&](const ScopeTable& table, const ScopeColumn& column) -> Status {
    if (*found != nullptr) {
      return invalid_argument("column '%s' is ambiguous: it may be of '%s' or of '%s'",
                              name.name.c_str(), table_of_found->name.c_str(), table.name.c_str())
          .at(name.offset);
    }
    *found = &column;
    table_of_found = &table;
    return {};
  };
  for (const ScopeTable& table : scope.tables) {
    if (!name.qualifier.empty() && !same_name(table.name, name.qualifier)) continue;
    for (const ScopeColumn& column : table.columns) {
      if (column.hidden && name.qualifier.empty()) continue;
      if (same_name(column.column.name, name.name)) MOTE_TRY(take(table, column));
    }
  }
  if (*found != nullptr || !same_name(name.name, kRowIdName)) return {};
  for (const ScopeTable& table : scope.tables) {
    if (!name.qualifier.empty() && !same_name(table.name, name.qualifier)) continue;
    if (table.row_id.has_value()) MOTE_TRY(take(table, *table.row_id));
  }
  return {};
}

Status no_such_column(const ast::Expression& name, const ExpressionContext& context) {
  std::vector<std::string> columns;
  std::vector<std::string> tables;
  bool table_found = name.qualifier.empty();
  for (const Scope* scope = context.scope; scope != nullptr; scope = scope->parent) {
    for (const ScopeTable& table : scope->tables) {
      tables.push_back(table.name);
      const bool here = name.qualifier.empty() || same_name(table.name, name.qualifier);
      table_found = table_found || here;
      for (const ScopeColumn& column : table.columns) {
        if (here) columns.push_back(column.column.name);
      }
    }
  }
  if (!table_found) {
    return not_found("no table '%s' in FROM%s", name.qualifier.c_str(),
                     nearest_hint(name.qualifier, tables).c_str())
        .at(name.offset);
  }
  const std::string shown = name.qualifier.empty() ? name.name : name.qualifier + "." + name.name;
  return not_found("no column '%s'%s", shown.c_str(), nearest_hint(name.name, columns).c_str())
      .at(name.offset);
}

}  // namespace

Result<BoundExpressionPtr> Binder::bind_expression(const ast::Expression& expression,
                                                   ExpressionContext& context) {
  switch (expression.kind) {
    case ExpressionKind::kLiteral: return make_constant(expression.literal(), expression.offset);
    case ExpressionKind::kColumn: return bind_column(expression, context);
    case ExpressionKind::kParameter: return bind_parameter(expression);
    case ExpressionKind::kUnary: return bind_unary(expression, context);
    case ExpressionKind::kBinary: return bind_binary(expression, context);
    case ExpressionKind::kAnd:
    case ExpressionKind::kOr: return bind_connective(expression, context);
    case ExpressionKind::kBetween: return bind_between(expression, context);
    case ExpressionKind::kIn:
      return expression.query != nullptr ? bind_in_query(expression, context)
                                         : bind_in_list(expression, context);
    case ExpressionKind::kExists: return bind_exists(expression, context);
    case ExpressionKind::kSubquery: return bind_scalar_subquery(expression, context);
    case ExpressionKind::kCase: return bind_case(expression, context);
    case ExpressionKind::kCall: return bind_call(expression, context);
    case ExpressionKind::kArray: return bind_array(expression, context);
    case ExpressionKind::kCast: break;
    case ExpressionKind::kStar:
      return invalid_argument("* stands only in a select list or in count(*)")
          .at(expression.offset);
    case ExpressionKind::kRow: return unsupported("a row outside = and IN", expression.offset);
  }
  MOTE_ASSIGN(BoundExpressionPtr operand, bind_expression(*expression.children[0], context));
  if (operand->type.is(TypeKind::kNull) || is_text_literal(*operand)) {
    return coerce(std::move(operand), expression.type, "CAST");
  }
  if (operand->type == expression.type) return operand;
  if (!can_become(operand->type, expression.type)) {
    return invalid_argument("CAST: %s can not become %s", describe(*operand).c_str(),
                            expression.type.name().c_str())
        .at(expression.offset);
  }
  auto cast = std::make_unique<BoundExpression>();
  cast->kind = BoundKind::kCast;
  cast->type = expression.type;
  if (cast->type.is(TypeKind::kVector) && cast->type.dimension == 0) {
    if (!operand->type.is(TypeKind::kVector)) {
      return invalid_argument("CAST to VECTOR needs the dimension: VECTOR(n)")
          .at(expression.offset);
    }
    cast->type.dimension = operand->type.dimension;
  }
  cast->offset = expression.offset;
  cast->cast_mode = CastMode::kExplicit;
  cast->children.push_back(std::move(operand));
  return cast;
}

Result<BoundExpressionPtr> Binder::bind_condition(const ast::Expression& expression,
                                                  ExpressionContext& context) {
  MOTE_ASSIGN(BoundExpressionPtr condition, bind_expression(expression, context));
  if (condition->type.is(TypeKind::kBoolean)) return condition;
  if (condition->type.is(TypeKind::kNull)) {
    return coerce(std::move(condition), Type::boolean(), "a condition");
  }
  return invalid_argument("a condition of %s must be BOOLEAN; this is %s", context.clause,
                          describe(*condition).c_str())
      .at(expression.offset);
}

Result<BoundExpressionPtr> Binder::bind_column(const ast::Expression& expression,
                                               const ExpressionContext& context) {
  for (const Scope* scope = context.scope; scope != nullptr; scope = scope->parent) {
    const ScopeColumn* found = nullptr;
    MOTE_TRY(find_in_scope(expression, *scope, &found));
    if (found != nullptr) {
      const BoundColumn& column = found->column;
      return make_column(column.slot, column.type, column.name, expression.offset);
    }
    if (scope != context.scope || context.aliases == nullptr || !expression.qualifier.empty()) {
      continue;
    }
    for (const SelectOutput& output : *context.aliases) {
      if (same_name(output.name, expression.name)) return output.expression->clone();
    }
  }
  return no_such_column(expression, context);
}

BoundExpressionPtr Binder::bind_parameter(const ast::Expression& expression) {
  auto parameter = std::make_unique<BoundExpression>();
  parameter->kind = BoundKind::kParameter;
  parameter->offset = expression.offset;
  parameter->parameter = expression.parameter;
  parameter->type = parameters_[expression.parameter].type;
  if (parameter->type.is(TypeKind::kNull)) used_untyped_[expression.parameter] = true;
  return parameter;
}

Result<BoundExpressionPtr> Binder::bind_unary(const ast::Expression& expression,
                                              ExpressionContext& context) {
  const ast::Expression& child = *expression.children[0];
  switch (expression.op) {
    case Operator::kNot: {
      MOTE_ASSIGN(BoundExpressionPtr operand, bind_condition(child, context));
      return negate(std::move(operand));
    }
    case Operator::kIsNull: {
      MOTE_ASSIGN(BoundExpressionPtr operand, bind_expression(child, context));
      return negate_if(expression.negated, is_null(std::move(operand)));
    }
    case Operator::kIsTrue:
    case Operator::kIsFalse: {
      MOTE_ASSIGN(BoundExpressionPtr operand, bind_condition(child, context));
      BoundExpressionPtr known = negate(is_null(operand->clone()));
      operand = negate_if(expression.op == Operator::kIsFalse, std::move(operand));
      return negate_if(expression.negated, conjoin(std::move(known), std::move(operand)));
    }
    default: break;
  }
  MOTE_ASSIGN(BoundExpressionPtr operand, bind_expression(child, context));
  if (expression.op == Operator::kPlus && operand->type.is_numeric()) return operand;
  std::vector<BoundExpressionPtr> arguments;
  arguments.push_back(std::move(operand));
  return apply(operator_name(expression.op), std::move(arguments), expression.offset);
}

Result<BoundExpressionPtr> Binder::bind_binary(const ast::Expression& expression,
                                               ExpressionContext& context) {
  switch (expression.op) {
    case Operator::kEqual:
    case Operator::kNotEqual:
    case Operator::kLess:
    case Operator::kLessEqual:
    case Operator::kGreater:
    case Operator::kGreaterEqual:
    case Operator::kIsDistinctFrom: return bind_comparison(expression, context);
    default: break;
  }
  std::vector<BoundExpressionPtr> arguments;
  for (const auto& child : expression.children) {
    MOTE_ASSIGN(BoundExpressionPtr argument, bind_expression(*child, context));
    arguments.push_back(std::move(argument));
  }
  MOTE_ASSIGN(BoundExpressionPtr call,
              apply(operator_name(expression.op), std::move(arguments), expression.offset));
  return negate_if(expression.negated, std::move(call));
}

Result<BoundExpressionPtr> Binder::bind_comparison(const ast::Expression& expression,
                                                   ExpressionContext& context) {
  const ast::Expression& left_side = *expression.children[0];
  const ast::Expression& right_side = *expression.children[1];
  const bool rows = left_side.kind == ExpressionKind::kRow &&
                    right_side.kind == ExpressionKind::kRow && expression.op == Operator::kEqual;
  if (rows && left_side.children.size() == right_side.children.size()) {
    BoundExpressionPtr all;
    for (size_t i = 0; i < left_side.children.size(); ++i) {
      MOTE_ASSIGN(BoundExpressionPtr left, bind_expression(*left_side.children[i], context));
      MOTE_ASSIGN(BoundExpressionPtr right, bind_expression(*right_side.children[i], context));
      MOTE_ASSIGN(BoundExpressionPtr equal,
                  compare("=", std::move(left), std::move(right), expression.offset));
      all = conjoin(std::move(all), std::move(equal));
    }
    return all;
  }
  MOTE_ASSIGN(BoundExpressionPtr left, bind_expression(left_side, context));
  MOTE_ASSIGN(BoundExpressionPtr right, bind_expression(right_side, context));
  if (expression.op != Operator::kIsDistinctFrom) {
    return compare(operator_name(expression.op), std::move(left), std::move(right),
                   expression.offset);
  }
  MOTE_ASSIGN(BoundExpressionPtr differ,
              compare("is_distinct_from", std::move(left), std::move(right), expression.offset));
  return negate_if(expression.negated, std::move(differ));
}

Result<BoundExpressionPtr> Binder::bind_connective(const ast::Expression& expression,
                                                   ExpressionContext& context) {
  std::vector<BoundExpressionPtr> children;
  for (const auto& child : expression.children) {
    MOTE_ASSIGN(BoundExpressionPtr bound, bind_condition(*child, context));
    children.push_back(std::move(bound));
  }
  return make_logical(expression.kind == ExpressionKind::kAnd ? BoundKind::kAnd : BoundKind::kOr,
                      std::move(children));
}

Result<BoundExpressionPtr> Binder::bind_between(const ast::Expression& expression,
                                                ExpressionContext& context) {
  MOTE_ASSIGN(BoundExpressionPtr value, bind_expression(*expression.children[0], context));
  MOTE_ASSIGN(BoundExpressionPtr low, bind_expression(*expression.children[1], context));
  MOTE_ASSIGN(BoundExpressionPtr high, bind_expression(*expression.children[2], context));
  BoundExpressionPtr again = value->clone();
  MOTE_ASSIGN(BoundExpressionPtr above,
              compare(">=", std::move(value), std::move(low), expression.offset));
  MOTE_ASSIGN(BoundExpressionPtr below,
              compare("<=", std::move(again), std::move(high), expression.offset));
  return negate_if(expression.negated, conjoin(std::move(above), std::move(below)));
}

Result<BoundExpressionPtr> Binder::bind_in_list(const ast::Expression& expression,
                                                ExpressionContext& context) {
  auto in = std::make_unique<BoundExpression>();
  in->kind = BoundKind::kIn;
  in->type = Type::boolean();
  in->offset = expression.offset;
  std::vector<BoundExpressionPtr*> members;
  for (const auto& child : expression.children) {
    MOTE_ASSIGN(BoundExpressionPtr bound, bind_expression(*child, context));
    if (!in->children.empty()) match_number(*in->children[0], bound);
    in->children.push_back(std::move(bound));
  }
  for (auto& child : in->children) members.push_back(&child);
  MOTE_TRY(unify_all(members, "IN").status());
  return negate_if(expression.negated, std::move(in));
}

Result<BoundExpressionPtr> Binder::bind_case(const ast::Expression& expression,
                                             ExpressionContext& context) {
  const auto& parts = expression.children;
  size_t at = 0;
  BoundExpressionPtr operand;
  if (expression.has_operand) {
    MOTE_ASSIGN(operand, bind_expression(*parts[at++], context));
  }
  std::vector<BoundExpressionPtr> children;
  const size_t end = parts.size() - (expression.has_else ? 1 : 0);
  for (; at < end; at += 2) {
    BoundExpressionPtr condition;
    if (operand != nullptr) {
      MOTE_ASSIGN(BoundExpressionPtr value, bind_expression(*parts[at], context));
      MOTE_ASSIGN(condition, compare("=", operand->clone(), std::move(value), parts[at]->offset));
    } else {
      MOTE_ASSIGN(condition, bind_condition(*parts[at], context));
    }
    MOTE_ASSIGN(BoundExpressionPtr result, bind_expression(*parts[at + 1], context));
    children.push_back(std::move(condition));
    children.push_back(std::move(result));
  }
  if (expression.has_else) {
    MOTE_ASSIGN(BoundExpressionPtr otherwise, bind_expression(*parts.back(), context));
    children.push_back(std::move(otherwise));
  } else {
    children.push_back(make_constant(Value(), expression.offset));
  }
  std::vector<BoundExpressionPtr*> results;
  for (size_t i = 1; i < children.size(); i += 2) results.push_back(&children[i]);
  results.push_back(&children.back());
  MOTE_ASSIGN(const Type type, unify_all(results, "CASE"));
  return make_case(std::move(children), type, expression.offset);
}

Result<BoundExpressionPtr> Binder::bind_array(const ast::Expression& expression,
                                              ExpressionContext& context) {
  std::string elements;
  uint32_t dimension = 0;
  for (const auto& child : expression.children) {
    MOTE_ASSIGN(BoundExpressionPtr element, bind_expression(*child, context));
    MOTE_ASSIGN(element, coerce(std::move(element), Type::floating(), "an element of ARRAY"));
    fold(element);
    if (element->kind != BoundKind::kConstant || element->constant.is_null()) {
      return unsupported("ARRAY with elements that are not constant numbers", child->offset);
    }
    Status appended =
        append_vector_element(VectorElement::kF32, element->constant.floating(), &elements);
    if (!appended.ok()) return std::move(appended).at(child->offset);
    ++dimension;
  }
  if (dimension == 0 || dimension > kMaxVectorDimension) {
    return invalid_argument("ARRAY of %u elements; a VECTOR has 1 to %u", dimension,
                            kMaxVectorDimension)
        .at(expression.offset);
  }
  return make_constant(Value::vector(Type::vector(dimension), std::move(elements)),
                       expression.offset);
}

}  // namespace mote
