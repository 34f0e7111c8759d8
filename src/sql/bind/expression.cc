#include "sql/bind/expression.h"

#include "types/text_format.h"

namespace mote {

namespace {

// Long constants (vectors, texts) are cut in plans.
constexpr size_t kShownConstantBytes = 48;

std::string constant_text(const Value& value) {
  if (value.is_null()) return "NULL";
  std::string text = value.to_text();
  if (text.size() > kShownConstantBytes) text = text.substr(0, kShownConstantBytes) + "..";
  switch (value.type().kind) {
    case TypeKind::kBoolean:
    case TypeKind::kInteger:
    case TypeKind::kFloat4:
    case TypeKind::kFloat: return text;
    default: return "'" + text + "'";
  }
}

bool is_symbol(std::string_view name) {
  const char c = name.empty() ? 'a' : name[0];
  return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_');
}

bool is_word_operator(std::string_view name) {
  return name == "like" || name == "ilike" || name == "glob";
}

// As part of a larger expression: in brackets when it is an infix one itself.
std::string operand_text(const BoundExpression& expression) {
  const bool infix =
      expression.kind == BoundKind::kAnd || expression.kind == BoundKind::kOr ||
      expression.kind == BoundKind::kNot || expression.kind == BoundKind::kIsNull ||
      expression.kind == BoundKind::kIn ||
      (expression.kind == BoundKind::kCall && expression.children.size() >= 2 &&
       (is_symbol(expression.function->name) || is_word_operator(expression.function->name)));
  return infix ? "(" + expression.to_text() + ")" : expression.to_text();
}

std::string joined(const std::vector<BoundExpressionPtr>& children, size_t first,
                   const char* separator, bool as_operands) {
  std::string text;
  for (size_t i = first; i < children.size(); ++i) {
    if (i > first) text += separator;
    text += as_operands ? operand_text(*children[i]) : children[i]->to_text();
  }
  return text;
}

std::string call_text(const BoundExpression& call) {
  const std::string name(call.function->name);
  if (is_symbol(name) && call.children.size() == 1) return name + operand_text(*call.children[0]);
  if ((is_symbol(name) || is_word_operator(name)) && call.children.size() == 2) {
    return operand_text(*call.children[0]) + " " + name + " " + operand_text(*call.children[1]);
  }
  return name + "(" + joined(call.children, 0, ", ", false) + ")";
}

std::string case_text(const BoundExpression& expression) {
  std::string text = "CASE";
  const auto& children = expression.children;
  for (size_t i = 0; i + 1 < children.size(); i += 2) {
    text += " WHEN " + children[i]->to_text() + " THEN " + children[i + 1]->to_text();
  }
  return text + " ELSE " + children.back()->to_text() + " END";
}

}  // namespace

BoundExpressionPtr BoundExpression::clone() const {
  auto copy = std::make_unique<BoundExpression>();
  copy->kind = kind;
  copy->type = type;
  copy->offset = offset;
  copy->slot = slot;
  copy->name = name;
  copy->position = position;
  copy->constant = constant;
  copy->parameter = parameter;
  copy->function = function;
  copy->cast_mode = cast_mode;
  copy->children.reserve(children.size());
  for (const auto& child : children) copy->children.push_back(child->clone());
  return copy;
}

bool BoundExpression::equals(const BoundExpression& other) const {
  if (kind != other.kind || type != other.type || children.size() != other.children.size() ||
      function != other.function || cast_mode != other.cast_mode) {
    return false;
  }
  if (kind == BoundKind::kColumn && slot != other.slot) return false;
  if (kind == BoundKind::kParameter && parameter != other.parameter) return false;
  if (kind == BoundKind::kConstant && !(constant == other.constant)) return false;
  if (function != nullptr && function->volatility == Volatility::kVolatile) return false;
  for (size_t i = 0; i < children.size(); ++i) {
    if (!children[i]->equals(*other.children[i])) return false;
  }
  return true;
}

std::string BoundExpression::to_text() const {
  switch (kind) {
    case BoundKind::kColumn: return name;
    case BoundKind::kConstant: return constant_text(constant);
    case BoundKind::kParameter: return format_text("$%u", parameter + 1);
    case BoundKind::kCall: return call_text(*this);
    case BoundKind::kCast: return operand_text(*children[0]) + "::" + type.name();
    case BoundKind::kAnd: return joined(children, 0, " AND ", true);
    case BoundKind::kOr: return joined(children, 0, " OR ", true);
    case BoundKind::kNot: return "NOT " + operand_text(*children[0]);
    case BoundKind::kIsNull: return operand_text(*children[0]) + " IS NULL";
    case BoundKind::kCase: return case_text(*this);
    case BoundKind::kIn:
      return operand_text(*children[0]) + " IN (" + joined(children, 1, ", ", false) + ")";
  }
  return {};
}

BoundExpressionPtr make_column(SlotId slot, Type type, std::string name, uint32_t offset) {
  auto column = std::make_unique<BoundExpression>();
  column->kind = BoundKind::kColumn;
  column->slot = slot;
  column->type = type;
  column->name = std::move(name);
  column->offset = offset;
  return column;
}

BoundExpressionPtr make_constant(Value value, uint32_t offset) {
  auto constant = std::make_unique<BoundExpression>();
  constant->kind = BoundKind::kConstant;
  constant->type = value.type();
  constant->constant = std::move(value);
  constant->offset = offset;
  return constant;
}

BoundExpressionPtr make_logical(BoundKind kind, std::vector<BoundExpressionPtr> children) {
  auto logical = std::make_unique<BoundExpression>();
  logical->kind = kind;
  logical->type = Type::boolean();
  logical->offset = children[0]->offset;
  logical->children = std::move(children);
  return logical;
}

void split_conjuncts(BoundExpressionPtr condition, std::vector<BoundExpressionPtr>* out) {
  if (condition == nullptr) return;
  if (condition->kind != BoundKind::kAnd) {
    out->push_back(std::move(condition));
    return;
  }
  for (auto& child : condition->children) split_conjuncts(std::move(child), out);
}

BoundExpressionPtr conjoin(BoundExpressionPtr a, BoundExpressionPtr b) {
  if (a == nullptr) return b;
  if (b == nullptr) return a;
  if (a->kind == BoundKind::kAnd) {
    split_conjuncts(std::move(b), &a->children);
    return a;
  }
  std::vector<BoundExpressionPtr> conjuncts;
  conjuncts.push_back(std::move(a));
  split_conjuncts(std::move(b), &conjuncts);
  return make_logical(BoundKind::kAnd, std::move(conjuncts));
}

}  // namespace mote
