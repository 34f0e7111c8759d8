#include "sql/parse/print.h"

#include "sql/parse/lexer.h"
#include "sql/parse/precedence.h"
#include "sql/parse/printer.h"
#include "types/schema.h"
#include "types/text_format.h"

namespace mote {

using ast::Expression;
using ast::ExpressionKind;
using ast::ExpressionPtr;
using ast::Operator;
using ast::Select;
using ast::SelectKind;

namespace {

const char* operator_text(Operator op) {
  switch (op) {
    case Operator::kEqual: return "=";
    case Operator::kNotEqual: return "<>";
    case Operator::kLess: return "<";
    case Operator::kLessEqual: return "<=";
    case Operator::kGreater: return ">";
    case Operator::kGreaterEqual: return ">=";
    case Operator::kLike: return "LIKE";
    case Operator::kILike: return "ILIKE";
    case Operator::kGlob: return "GLOB";
    case Operator::kMatch: return "MATCH";
    case Operator::kL2Distance: return "<->";
    case Operator::kCosineDistance: return "<=>";
    case Operator::kNegativeInnerProduct: return "<#>";
    case Operator::kConcat: return "||";
    case Operator::kAdd: return "+";
    case Operator::kSubtract: return "-";
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

uint8_t precedence_of(const Expression& e) {
  switch (e.kind) {
    case ExpressionKind::kOr: return kOrPrecedence;
    case ExpressionKind::kAnd: return kAndPrecedence;
    case ExpressionKind::kBetween:
    case ExpressionKind::kIn: return kEqualityPrecedence;
    case ExpressionKind::kBinary: return operator_precedence(e.op);
    case ExpressionKind::kUnary:
      if (e.op == Operator::kNot) return kNotPrecedence;
      return e.op == Operator::kNegate || e.op == Operator::kPlus || e.op == Operator::kBitNot
                 ? kUnaryPrecedence
                 : kEqualityPrecedence;
    default: return kPrimaryPrecedence;
  }
}

bool has_clauses(const Select& select) {
  return !select.with.empty() || !select.order_by.empty() || select.limit != nullptr ||
         select.row_offset != nullptr;
}

bool is_compound(SelectKind kind) {
  return kind != SelectKind::kSelect && kind != SelectKind::kValues;
}

const char* join_text(ast::JoinKind kind) {
  switch (kind) {
    case ast::JoinKind::kInner: return " JOIN ";
    case ast::JoinKind::kLeft: return " LEFT JOIN ";
    case ast::JoinKind::kRight: return " RIGHT JOIN ";
    case ast::JoinKind::kFull: return " FULL JOIN ";
    case ast::JoinKind::kCross: return " CROSS JOIN ";
    case ast::JoinKind::kAsof: return " ASOF JOIN ";
    case ast::JoinKind::kAsofLeft: return " ASOF LEFT JOIN ";
  }
  return "";
}

bool is_plain_name(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  for (const char c : name) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!is_letter && !(c >= '0' && c <= '9') && c != '_') return false;
  }
  // CURRENT_TIMESTAMP is a call unless it is quoted.
  return keyword_use(find_keyword(name)) == KeywordUse::kPlain &&
         !same_name(name, "CURRENT_TIMESTAMP");
}

void append_with_doubled(std::string_view text, char quote, std::string* out) {
  out->push_back(quote);
  for (const char c : text) {
    if (c == quote) out->push_back(c);
    out->push_back(c);
  }
  out->push_back(quote);
}

}  // namespace

// Expressions.

void Printer::expression(const Expression& e, uint8_t precedence) {
  const bool brackets = precedence_of(e) < precedence;
  if (brackets) text("(");
  switch (e.kind) {
    case ExpressionKind::kLiteral: literal(e); break;
    case ExpressionKind::kColumn:
    case ExpressionKind::kStar:
      if (!e.qualifier.empty()) {
        name(e.qualifier);
        text(".");
      }
      e.kind == ExpressionKind::kStar ? text("*") : name(e.name);
      break;
    case ExpressionKind::kParameter:
      text(e.name.empty() ? "?" : "$");
      text(e.name.empty() ? format_text("%u", e.parameter + 1) : e.name);
      break;
    case ExpressionKind::kUnary: unary(e); break;
    case ExpressionKind::kBinary: binary(e); break;
    case ExpressionKind::kAnd:
    case ExpressionKind::kOr: chain(e); break;
    case ExpressionKind::kBetween:
      expression(*e.children[0], kEqualityPrecedence);
      text(e.negated ? " NOT BETWEEN " : " BETWEEN ");
      expression(*e.children[1], kEqualityPrecedence + 1);
      text(" AND ");
      expression(*e.children[2], kEqualityPrecedence + 1);
      break;
    case ExpressionKind::kIn: in(e); break;
    case ExpressionKind::kExists: text("EXISTS "); [[fallthrough]];
    case ExpressionKind::kSubquery:
      text("(");
      query(*e.query);
      text(")");
      break;
    case ExpressionKind::kCase: case_of(e); break;
    case ExpressionKind::kCast:
      text("CAST(");
      expression(*e.children[0]);
      text(" AS ");
      text(e.type.name());
      text(")");
      break;
    case ExpressionKind::kCall: call(e); break;
    case ExpressionKind::kArray:
      text("ARRAY[");
      expressions(e.children);
      text("]");
      break;
    case ExpressionKind::kRow:
      text("(");
      expressions(e.children);
      text(")");
      break;
  }
  if (brackets) text(")");
}

void Printer::literal(const Expression& e) {
  switch (e.type.kind) {
    case TypeKind::kBoolean: text(e.integer != 0 ? "TRUE" : "FALSE"); break;
    case TypeKind::kInteger: text(format_text("%lld", static_cast<long long>(e.integer))); break;
    case TypeKind::kFloat: append_float(e.floating, &out_); break;
    case TypeKind::kText: append_quoted_text(e.name, &out_); break;
    case TypeKind::kBlob:
      text("x'");
      for (const char c : e.name) text(format_text("%02x", static_cast<unsigned char>(c)));
      text("'");
      break;
    default: text("NULL"); break;
  }
}

void Printer::unary(const Expression& e) {
  const Expression& operand = *e.children[0];
  switch (e.op) {
    case Operator::kNot:
      text("NOT ");
      expression(operand, kNotPrecedence);
      return;
    case Operator::kIsNull:
    case Operator::kIsTrue:
    case Operator::kIsFalse:
      expression(operand, kEqualityPrecedence);
      text(e.negated ? " IS NOT " : " IS ");
      text(e.op == Operator::kIsNull ? "NULL" : e.op == Operator::kIsTrue ? "TRUE" : "FALSE");
      return;
    default: break;
  }
  text(e.op == Operator::kNegate ? "-" : e.op == Operator::kPlus ? "+" : "~");
  // -5 is a literal and -- a comment, so what is negated has brackets unless it is a name.
  const bool is_plain =
      operand.kind == ExpressionKind::kColumn || operand.kind == ExpressionKind::kParameter;
  if (!is_plain) text("(");
  expression(operand);
  if (!is_plain) text(")");
}

void Printer::binary(const Expression& e) {
  const uint8_t precedence = operator_precedence(e.op);
  expression(*e.children[0], precedence);
  if (e.op == Operator::kIsDistinctFrom) {
    text(e.negated ? " IS NOT DISTINCT FROM " : " IS DISTINCT FROM ");
  } else {
    text(e.negated ? " NOT " : " ");
    text(operator_text(e.op));
    text(" ");
  }
  expression(*e.children[1], precedence + 1);
  if (e.children.size() < 3) return;
  text(" ESCAPE ");
  expression(*e.children[2], precedence + 1);
}

void Printer::chain(const Expression& e) {
  const uint8_t precedence = precedence_of(e);
  for (size_t i = 0; i < e.children.size(); ++i) {
    if (i > 0) text(e.kind == ExpressionKind::kAnd ? " AND " : " OR ");
    expression(*e.children[i], precedence + 1);
  }
}

void Printer::in(const Expression& e) {
  expression(*e.children[0], kEqualityPrecedence);
  text(e.negated ? " NOT IN (" : " IN (");
  if (e.query != nullptr) {
    query(*e.query);
  } else {
    expressions(e.children, 1);
  }
  text(")");
}

void Printer::case_of(const Expression& e) {
  text("CASE");
  size_t at = 0;
  if (e.has_operand) {
    text(" ");
    expression(*e.children[at++]);
  }
  const size_t end = e.children.size() - (e.has_else ? 1 : 0);
  for (; at + 1 < end; at += 2) {
    text(" WHEN ");
    expression(*e.children[at]);
    text(" THEN ");
    expression(*e.children[at + 1]);
  }
  if (e.has_else) {
    text(" ELSE ");
    expression(*e.children[end]);
  }
  text(" END");
}

void Printer::call(const Expression& e) {
  // POSITION(a IN b) is a form of its own, in which an IN would be lost.
  if (!same_name(e.name, "POSITION")) {
    name(e.name);
  } else {
    text("\"" + e.name + "\"");
  }
  text("(");
  if (e.star) text("*");
  if (e.distinct) text("DISTINCT ");
  expressions(e.children);
  if (e.clauses != nullptr && !e.clauses->order_by.empty()) order(e.clauses->order_by);
  text(")");
  if (e.clauses == nullptr) return;
  if (e.clauses->filter != nullptr) {
    text(" FILTER (WHERE ");
    expression(*e.clauses->filter);
    text(")");
  }
  if (e.clauses->over == nullptr) return;
  text(" OVER (");
  window(*e.clauses->over);
  text(")");
}

void Printer::expressions(const std::vector<ExpressionPtr>& list, size_t first) {
  for (size_t i = first; i < list.size(); ++i) {
    if (i > first) text(", ");
    expression(*list[i]);
  }
}

void Printer::order(const std::vector<ast::OrderItem>& list) {
  text(" ORDER BY ");
  order_items(list);
}

void Printer::order_items(const std::vector<ast::OrderItem>& list) {
  for (size_t i = 0; i < list.size(); ++i) {
    if (i > 0) text(", ");
    expression(*list[i].expression);
    if (list[i].descending) text(" DESC");
    if (list[i].nulls == ast::NullsOrder::kFirst) text(" NULLS FIRST");
    if (list[i].nulls == ast::NullsOrder::kLast) text(" NULLS LAST");
  }
}

void Printer::window(const ast::Window& window) {
  if (!window.base.empty()) name(window.base);
  if (!window.partition_by.empty()) {
    text(" PARTITION BY ");
    expressions(window.partition_by);
  }
  if (!window.order_by.empty()) order(window.order_by);
  if (!window.has_frame) return;
  const bool is_rows = window.unit == ast::FrameUnit::kRows;
  const bool is_range = window.unit == ast::FrameUnit::kRange;
  text(is_rows ? " ROWS BETWEEN " : is_range ? " RANGE BETWEEN " : " GROUPS BETWEEN ");
  boundary(window.start);
  text(" AND ");
  boundary(window.end);
  switch (window.exclude) {
    case ast::FrameExclude::kNoOthers: break;
    case ast::FrameExclude::kCurrentRow: text(" EXCLUDE CURRENT ROW"); break;
    case ast::FrameExclude::kGroup: text(" EXCLUDE GROUP"); break;
    case ast::FrameExclude::kTies: text(" EXCLUDE TIES"); break;
  }
}

void Printer::boundary(const ast::FrameBoundary& boundary) {
  switch (boundary.kind) {
    case ast::BoundaryKind::kUnboundedPreceding: text("UNBOUNDED PRECEDING"); break;
    case ast::BoundaryKind::kUnboundedFollowing: text("UNBOUNDED FOLLOWING"); break;
    case ast::BoundaryKind::kCurrentRow: text("CURRENT ROW"); break;
    case ast::BoundaryKind::kPreceding:
      expression(*boundary.distance);
      text(" PRECEDING");
      break;
    case ast::BoundaryKind::kFollowing:
      expression(*boundary.distance);
      text(" FOLLOWING");
      break;
  }
}

void Printer::names(const std::vector<std::string>& list) {
  text("(");
  for (size_t i = 0; i < list.size(); ++i) {
    if (i > 0) text(", ");
    name(list[i]);
  }
  text(")");
}

// Queries.

void Printer::query(const Select& select) {
  if (!select.with.empty()) text(select.recursive ? "WITH RECURSIVE " : "WITH ");
  for (size_t i = 0; i < select.with.size(); ++i) {
    if (i > 0) text(", ");
    name(select.with[i].name);
    if (!select.with[i].columns.empty()) names(select.with[i].columns);
    text(" AS (");
    query(*select.with[i].query);
    text(")");
  }
  if (!select.with.empty()) text(" ");
  is_compound(select.kind) ? compound(select) : select_core(select);
  if (!select.order_by.empty()) order(select.order_by);
  if (select.limit != nullptr) {
    text(" LIMIT ");
    expression(*select.limit);
  }
  if (select.row_offset != nullptr) {
    text(" OFFSET ");
    expression(*select.row_offset);
  }
}

void Printer::query_term(const Select& select, bool needs_brackets) {
  if (needs_brackets || has_clauses(select)) {
    text("(");
    query(select);
    text(")");
  } else {
    is_compound(select.kind) ? compound(select) : select_core(select);
  }
}

void Printer::compound(const Select& select) {
  const bool is_intersect = select.kind == SelectKind::kIntersect;
  const SelectKind left = select.left->kind;
  const SelectKind right = select.right->kind;
  query_term(*select.left, is_intersect && is_compound(left) && left != SelectKind::kIntersect);
  switch (select.kind) {
    case SelectKind::kUnion: text(" UNION "); break;
    case SelectKind::kUnionAll: text(" UNION ALL "); break;
    case SelectKind::kExcept: text(" EXCEPT "); break;
    default: text(" INTERSECT "); break;
  }
  query_term(*select.right,
             is_compound(right) && (is_intersect || right != SelectKind::kIntersect));
}

void Printer::select_core(const Select& select) {
  if (select.kind == SelectKind::kValues) {
    text("VALUES ");
    for (size_t i = 0; i < select.rows.size(); ++i) {
      text(i > 0 ? ", (" : "(");
      expressions(select.rows[i]);
      text(")");
    }
    return;
  }
  text(select.distinct ? "SELECT DISTINCT " : "SELECT ");
  items(select.items);
  if (select.from != nullptr) {
    text(" FROM ");
    from(*select.from);
  }
  where(select.where);
  if (!select.group_by.empty()) {
    text(" GROUP BY ");
    expressions(select.group_by);
  }
  if (select.having != nullptr) {
    text(" HAVING ");
    expression(*select.having);
  }
  for (size_t i = 0; i < select.windows.size(); ++i) {
    text(i > 0 ? ", " : " WINDOW ");
    name(select.windows[i].name);
    text(" AS (");
    window(select.windows[i].window);
    text(")");
  }
}

void Printer::items(const std::vector<ast::SelectItem>& list) {
  for (size_t i = 0; i < list.size(); ++i) {
    if (i > 0) text(", ");
    expression(*list[i].expression);
    if (list[i].alias.empty()) continue;
    text(" AS ");
    name(list[i].alias);
  }
}

void Printer::from(const ast::FromItem& item) {
  switch (item.kind) {
    case ast::FromKind::kJoin: join(item); return;
    case ast::FromKind::kTable: name(item.name); break;
    case ast::FromKind::kFunction:
      name(item.name);
      arguments(item.arguments);
      break;
    case ast::FromKind::kSubquery:
      text("(");
      query(*item.query);
      text(")");
      break;
  }
  if (item.alias.empty()) return;
  text(" AS ");
  name(item.alias);
  if (!item.column_aliases.empty()) names(item.column_aliases);
}

void Printer::join(const ast::FromItem& item) {
  from(*item.left);
  if (item.natural) text(" NATURAL");
  text(join_text(item.join));
  const bool brackets = item.right->kind == ast::FromKind::kJoin;
  if (brackets) text("(");
  from(*item.right);
  if (brackets) text(")");
  if (item.on != nullptr) {
    text(" ON ");
    expression(*item.on);
  }
  if (!item.using_columns.empty()) {
    text(" USING ");
    names(item.using_columns);
  }
  if (item.tolerance == nullptr) return;
  text(" TOLERANCE ");
  expression(*item.tolerance);
}

// An argument or option. `a = b` must not look like a name with a value, nor a column like a word.
void Printer::value(const Expression& e) {
  const bool brackets =
      precedence_of(e) < kPrimaryPrecedence || e.kind == ExpressionKind::kColumn;
  if (brackets) text("(");
  expression(e);
  if (brackets) text(")");
}

void Printer::arguments(const std::vector<ast::Argument>& list) {
  text("(");
  for (size_t i = 0; i < list.size(); ++i) {
    if (i > 0) text(", ");
    if (!list[i].name.empty()) {
      name(list[i].name);
      text(" = ");
    }
    value(*list[i].value);
  }
  text(")");
}

void Printer::options(const std::vector<ast::Argument>& list) {
  if (list.empty()) return;
  text(" WITH ");
  arguments(list);
}

void append_name(std::string_view name, std::string* out) {
  if (is_plain_name(name)) {
    *out += name;
  } else {
    append_with_doubled(name, '"', out);
  }
}

void append_quoted_text(std::string_view text, std::string* out) {
  append_with_doubled(text, '\'', out);
}

std::string to_sql(const Expression& expression) {
  std::string out;
  Printer(&out).expression(expression);
  return out;
}

std::string to_sql(const Select& select) {
  std::string out;
  Printer(&out).query(select);
  return out;
}

}  // namespace mote
