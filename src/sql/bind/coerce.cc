// Types: implicit casts, comparisons, calls.
#include <algorithm>
#include <cmath>

#include "sql/bind/binder_state.h"
#include "sql/bind/fold.h"
#include "types/text_format.h"

namespace mote {

std::string describe(const BoundExpression& expression) {
  const std::string type = expression.type.name();
  if (expression.kind == BoundKind::kColumn && !expression.name.empty()) {
    return "column '" + expression.name + "' (" + type + ")";
  }
  return type;
}

bool can_become(Type from, Type to) {
  if (from == to || from.is(TypeKind::kNull) || to.is(TypeKind::kText)) return true;
  switch (from.kind) {
    case TypeKind::kText: return !to.is(TypeKind::kNull);
    case TypeKind::kInteger:
      return to.is_numeric() || to.is(TypeKind::kTimestamp) || to.is(TypeKind::kBoolean);
    case TypeKind::kFloat4:
    case TypeKind::kFloat: return to.is_numeric();
    case TypeKind::kBoolean:
    case TypeKind::kTimestamp: return to.is(TypeKind::kInteger);
    case TypeKind::kVector:
      return to.is(TypeKind::kVector) && (to.dimension == from.dimension || to.dimension == 0);
    case TypeKind::kBlob: return to.is(TypeKind::kVector);
    default: return false;
  }
}

bool is_text_literal(const BoundExpression& expression) {
  return expression.type.is(TypeKind::kText) &&
         (expression.kind == BoundKind::kConstant || expression.kind == BoundKind::kParameter);
}

std::optional<Type> joint_type(Type a, Type b) {
  if (a == b || b.is(TypeKind::kNull)) return a;
  if (a.is(TypeKind::kNull)) return b;
  if (a.is_numeric() && b.is_numeric()) return Type::floating();
  const auto pair = [&](TypeKind x, TypeKind y) {
    return (a.is(x) && b.is(y)) || (a.is(y) && b.is(x));
  };
  if (pair(TypeKind::kInteger, TypeKind::kTimestamp)) return Type::timestamp();
  if (a.is(TypeKind::kVector) && b.is(TypeKind::kVector) && a.dimension == b.dimension) {
    return Type::vector(a.dimension);
  }
  return std::nullopt;
}

Status unsupported(const char* what, uint32_t offset) {
  return invalid_argument("%s is not supported", what).at(offset);
}

// A number compared with one of another kind is made one of that kind when nothing is lost: 5.0
// beside an INTEGER column is 5, 1 beside a FLOAT column is 1.0. Then blocks can be skipped.
void match_number(const BoundExpression& other, BoundExpressionPtr& constant) {
  const bool numbers = other.type.is_numeric() && constant->type.is_numeric();
  if (!numbers || other.type == constant->type || constant->kind != BoundKind::kConstant ||
      constant->constant.is_null()) {
    return;
  }
  const Type type = constant->type;
  Result<Value> there = cast_value(constant->constant, other.type, CastMode::kImplicit);
  if (!there.ok()) return;
  const Result<Value> back = cast_value(*there, type, CastMode::kImplicit);
  if (!back.ok() || !(*back == constant->constant)) return;
  constant = make_constant(std::move(*there), constant->offset);
}

SlotId Binder::add_slot(SlotOrigin origin) {
  slots_.push_back(origin);
  return static_cast<SlotId>(slots_.size() - 1);
}

namespace {

BoundExpressionPtr make_cast(BoundExpressionPtr expression, Type type, CastMode mode) {
  auto cast = std::make_unique<BoundExpression>();
  cast->kind = BoundKind::kCast;
  cast->type = type;
  cast->offset = expression->offset;
  cast->cast_mode = mode;
  cast->children.push_back(std::move(expression));
  return cast;
}

}  // namespace

Result<BoundExpressionPtr> Binder::coerce(BoundExpressionPtr expression, Type type,
                                          const char* what) {
  const Type from = expression->type;
  if (from == type || type.is(TypeKind::kNull)) return expression;
  const uint32_t offset = expression->offset;
  if (expression->kind == BoundKind::kParameter && from.is(TypeKind::kNull)) {
    BoundParameter& parameter = parameters_[expression->parameter];
    if (parameter.type.is(TypeKind::kNull)) parameter.type = type;
    expression->type = parameter.type;
    return coerce(std::move(expression), type, what);
  }
  if (!can_become(from, type)) {
    return invalid_argument("%s is %s; %s can not become that", what, type.name().c_str(),
                            describe(*expression).c_str())
        .at(offset);
  }
  if (expression->kind == BoundKind::kConstant) {
    Result<Value> value = cast_value(expression->constant, type, CastMode::kImplicit);
    if (!value.ok()) return std::move(value).status().in(what).at(offset);
    // A VECTOR without a stated dimension takes the literal's.
    return make_constant(std::move(*value), offset);
  }
  return make_cast(std::move(expression), type, CastMode::kImplicit);
}

Status Binder::unify(BoundExpressionPtr& left, BoundExpressionPtr& right, const char* what) {
  if (left->type == right->type) return {};
  const auto untyped = [](const BoundExpression& e) { return e.type.is(TypeKind::kNull); };
  const bool left_gives = is_text_literal(*left) && !right->type.is(TypeKind::kText);
  const bool right_gives = is_text_literal(*right) && !left->type.is(TypeKind::kText);
  if ((left_gives && !untyped(*right)) || untyped(*left)) {
    MOTE_ASSIGN(left, coerce(std::move(left), right->type, describe(*right).c_str()));
    return {};
  }
  if (right_gives || untyped(*right)) {
    MOTE_ASSIGN(right, coerce(std::move(right), left->type, describe(*left).c_str()));
    return {};
  }
  match_number(*left, right);
  match_number(*right, left);
  if (left->type.is_numeric() && right->type.is_numeric()) return {};
  const std::optional<Type> joint = joint_type(left->type, right->type);
  if (!joint.has_value()) {
    return invalid_argument("%s and %s can not be %s", describe(*left).c_str(),
                            describe(*right).c_str(), what)
        .at(left->offset);
  }
  MOTE_ASSIGN(left, coerce(std::move(left), *joint, what));
  MOTE_ASSIGN(right, coerce(std::move(right), *joint, what));
  return {};
}

Result<BoundExpressionPtr> Binder::compare(const char* name, BoundExpressionPtr left,
                                           BoundExpressionPtr right, uint32_t offset) {
  MOTE_TRY(unify(left, right, "compared"));
  std::vector<BoundExpressionPtr> arguments;
  arguments.push_back(std::move(left));
  arguments.push_back(std::move(right));
  return apply(name, std::move(arguments), offset);
}

Result<BoundExpressionPtr> Binder::apply(std::string_view name,
                                         std::vector<BoundExpressionPtr> arguments,
                                         uint32_t offset) {
  std::vector<Type> types;
  for (const auto& argument : arguments) types.push_back(argument->type);
  Result<ResolvedScalar> resolved = resolve_scalar(name, types);
  if (!resolved.ok() && resolved.status().code() != Code::kNotFound) {
    // Text literals take the type that the function wants.
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (is_text_literal(*arguments[i])) types[i] = Type{};
    }
    Result<ResolvedScalar> adapted = resolve_scalar(name, types);
    if (adapted.ok()) resolved = std::move(adapted);
  }
  if (!resolved.ok()) return std::move(resolved).status().at(offset);
  auto call = std::make_unique<BoundExpression>();
  call->kind = BoundKind::kCall;
  call->type = resolved->type;
  call->offset = offset;
  call->function = resolved->function;
  const std::string what = "argument of " + std::string(name);
  for (size_t i = 0; i < arguments.size(); ++i) {
    MOTE_ASSIGN(BoundExpressionPtr argument,
                coerce(std::move(arguments[i]), resolved->cast_to[i], what.c_str()));
    call->children.push_back(std::move(argument));
  }
  return call;
}

Result<Type> Binder::unify_all(std::span<BoundExpressionPtr* const> expressions, const char* what) {
  // Text literals give way to any other type, so they are looked at last.
  Type type;
  bool any_text_literal = false;
  for (const BoundExpressionPtr* expression : expressions) {
    if (is_text_literal(**expression)) {
      any_text_literal = true;
      continue;
    }
    const std::optional<Type> joint = joint_type(type, (*expression)->type);
    if (!joint.has_value()) {
      return invalid_argument("%s: %s and %s are not of one type", what, type.name().c_str(),
                              describe(**expression).c_str())
          .at((*expression)->offset);
    }
    type = *joint;
  }
  if (type.is(TypeKind::kNull) && any_text_literal) type = Type::text();
  for (BoundExpressionPtr* expression : expressions) {
    MOTE_ASSIGN(*expression, coerce(std::move(*expression), type, what));
  }
  return type;
}

namespace {

size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string nearest_hint(std::string_view name, std::span<const std::string> candidates) {
  if (name.size() > kMaxNameBytes) return {};
  const std::string folded = fold_name(name);
  size_t best = 3;  // names further apart are other names
  std::string hint;
  for (const std::string& candidate : candidates) {
    const size_t distance = edit_distance(folded, fold_name(candidate));
    if (distance < best && distance < folded.size()) {
      best = distance;
      hint = "; did you mean '" + candidate + "'?";
    }
  }
  return hint;
}

}  // namespace mote
