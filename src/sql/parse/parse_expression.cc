// Expressions, by operator precedence with a stack of our own.
//
// The parser alternates between wanting an operand and having one. What is begun and not finished
// (an operator that lacks its right operand, a bracket, a call, a CASE) waits as a frame on a
// vector, so that brackets and operators inside one another cost no stack of the thread. Only
// queries and the clauses of calls recurse, kMaxQueryDepth deep.

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/limits.h"
#include "sql/parse/parse_state.h"
#include "sql/parse/precedence.h"
#include "types/schema.h"

namespace mote {

using ast::Expression;
using ast::ExpressionKind;
using ast::ExpressionPtr;
using ast::Operator;

namespace {

ExpressionPtr make(ExpressionKind kind, uint32_t offset) {
  return std::make_unique<Expression>(kind, offset);
}

ExpressionPtr make_text(std::string text, uint32_t offset) {
  ExpressionPtr literal = make(ExpressionKind::kLiteral, offset);
  literal->type = Type::text();
  literal->name = std::move(text);
  return literal;
}

Operator symbol_operator(Symbol symbol) {
  switch (symbol) {
    case Symbol::kEqual: return Operator::kEqual;
    case Symbol::kNotEqual: return Operator::kNotEqual;
    case Symbol::kLess: return Operator::kLess;
    case Symbol::kLessEqual: return Operator::kLessEqual;
    case Symbol::kGreater: return Operator::kGreater;
    case Symbol::kGreaterEqual: return Operator::kGreaterEqual;
    case Symbol::kL2Distance: return Operator::kL2Distance;
    case Symbol::kCosineDistance: return Operator::kCosineDistance;
    case Symbol::kNegativeInnerProduct: return Operator::kNegativeInnerProduct;
    case Symbol::kConcat: return Operator::kConcat;
    case Symbol::kPlus: return Operator::kAdd;
    case Symbol::kMinus: return Operator::kSubtract;
    case Symbol::kStar: return Operator::kMultiply;
    case Symbol::kSlash: return Operator::kDivide;
    case Symbol::kPercent: return Operator::kModulo;
    case Symbol::kBitAnd: return Operator::kBitAnd;
    case Symbol::kBitOr: return Operator::kBitOr;
    case Symbol::kShiftLeft: return Operator::kShiftLeft;
    case Symbol::kShiftRight: return Operator::kShiftRight;
    default: return Operator::kNone;
  }
}

Operator word_operator(Keyword keyword) {
  switch (keyword) {
    case Keyword::kLike: return Operator::kLike;
    case Keyword::kIlike: return Operator::kILike;
    case Keyword::kGlob: return Operator::kGlob;
    case Keyword::kMatch: return Operator::kMatch;
    default: return Operator::kNone;
  }
}

bool names_function(Keyword keyword) {  // also when it is reserved
  return keyword == Keyword::kLeft || keyword == Keyword::kRight || keyword == Keyword::kLike;
}

// DATE '2026-01-26' is the TIMESTAMP of its midnight.
TypeKind literal_type(std::string_view word) {
  return same_name(word, "DATE") ? TypeKind::kTimestamp : type_kind_from_name(word);
}

}  // namespace

class ExpressionParser {
 public:
  explicit ExpressionParser(Parser* parser) : parser_(*parser) {}
  ExpressionPtr parse();

 private:
  enum class FrameKind : uint8_t {
    kOperator,     // node lacks its last operand
    kBetween,      // an operator that lacks two: AND must follow the first
    kParenthesis,  // from here on brackets; node: null, or a row
    kList,         // node: IN with its value, or ARRAY
    kCall,
    kCast,
    kCaseOperand,
    kCaseWhen,
    kCaseThen,
    kCaseElse,
  };
  // Which words, beside commas, may stand between a call's arguments.
  enum class Spelling : uint8_t { kPlain, kExtract, kSubstring, kPosition, kTrim };
  struct Frame {
    FrameKind kind = FrameKind::kOperator;
    uint8_t precedence = 0;  // of operators
    Spelling spelling = Spelling::kPlain;
    bool is_swapped = false;  // the two arguments read stand in the other order in the tree
    uint32_t offset = 0;
    ExpressionPtr node;
  };

  bool read_operand();
  bool read_keyword_operand();
  bool read_name_operand();
  bool read_bracket();
  bool read_query(ExpressionKind kind, ExpressionPtr node, uint32_t offset);
  bool begin_case();
  bool begin_cast();
  bool begin_call(std::string name);
  bool begin_special_call(Frame* frame);
  bool read_operator();
  bool read_keyword_operator();
  bool is_in_position() const;
  bool read_is();
  bool read_null_test(bool negated);
  bool postfix(Operator op, bool negated);
  bool read_between(bool negated);
  bool read_in(bool negated);
  bool read_escape();
  bool read_casts();
  bool read_chain(ExpressionKind kind, uint8_t precedence);
  bool binary(Operator op, bool negated);
  bool close_bracket();
  bool continue_list(Symbol closing, const char* spelled);
  bool continue_call();
  bool continue_case();
  bool finish_cast();
  bool finish_call();

  // Gives operators that bind at least as tightly as `precedence` their last operand.
  bool reduce(uint8_t precedence);
  void push_operator(ExpressionPtr node, uint8_t precedence);
  bool push_bracket(FrameKind kind, ExpressionPtr node, uint32_t offset);
  // Takes the innermost bracket's node for the operand.
  void pop_bracket();
  bool add_child(Expression* node);
  void have(ExpressionPtr operand) {
    operand_ = std::move(operand);
    has_operand_ = true;
  }
  bool fail_depth(uint32_t offset) { return parser_.deepen(kMaxExpressionDepth + 1, offset); }

  Parser& parser_;
  std::vector<Frame> stack_;
  ExpressionPtr operand_;
  bool has_operand_ = false;
  bool is_done_ = false;
};

ExpressionPtr ExpressionParser::parse() {
  while (!is_done_) {
    if (!(has_operand_ ? read_operator() : read_operand())) return nullptr;
  }
  return std::move(operand_);
}

void ExpressionParser::push_operator(ExpressionPtr node, uint8_t precedence) {
  Frame frame;
  frame.precedence = precedence;
  frame.node = std::move(node);
  stack_.push_back(std::move(frame));
  has_operand_ = false;
}

bool ExpressionParser::push_bracket(FrameKind kind, ExpressionPtr node, uint32_t offset) {
  if (parser_.brackets_ == kMaxExpressionDepth) return fail_depth(offset);
  ++parser_.brackets_;
  Frame frame;
  frame.kind = kind;
  frame.offset = offset;
  frame.node = std::move(node);
  stack_.push_back(std::move(frame));
  has_operand_ = false;
  return true;
}

void ExpressionParser::pop_bracket() {
  --parser_.brackets_;
  have(std::move(stack_.back().node));
  stack_.pop_back();
}

bool ExpressionParser::add_child(Expression* node) {
  const uint32_t depth = std::max<uint32_t>(node->depth, operand_->depth + 1u);
  if (!parser_.deepen(depth, operand_->offset)) return false;
  node->depth = static_cast<uint16_t>(depth);
  node->children.push_back(std::move(operand_));
  has_operand_ = false;
  return true;
}

bool ExpressionParser::reduce(uint8_t precedence) {
  while (!stack_.empty() && stack_.back().kind == FrameKind::kOperator &&
         stack_.back().precedence >= precedence) {
    ExpressionPtr node = std::move(stack_.back().node);
    stack_.pop_back();
    if (!add_child(node.get())) return false;
    have(std::move(node));
  }
  return true;
}

// Operands.

bool ExpressionParser::read_operand() {
  const Token token = parser_.peek();
  switch (token.kind) {
    case TokenKind::kNumber: {
      ExpressionPtr literal = parser_.number(/*negative=*/false);
      if (literal == nullptr) return false;
      have(std::move(literal));
      return true;
    }
    case TokenKind::kText: have(make_text(parser_.take_name(), token.offset)); return true;
    case TokenKind::kBlob: {
      const std::string_view text = parser_.spelling(token);
      ExpressionPtr literal = make_text("", token.offset);
      literal->type = Type::blob();
      for (size_t i = 2; i + 1 < text.size(); i += 2) {
        unsigned byte = 0;
        std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
        literal->name.push_back(static_cast<char>(byte));
      }
      parser_.advance();
      have(std::move(literal));
      return true;
    }
    case TokenKind::kParameter: {
      ExpressionPtr parameter = parser_.parameter();
      if (parameter == nullptr) return false;
      have(std::move(parameter));
      return true;
    }
    case TokenKind::kSymbol: return read_bracket();
    case TokenKind::kQuotedName: return read_name_operand();
    case TokenKind::kName: return read_keyword_operand();
    case TokenKind::kEnd: break;
  }
  return parser_.fail_expected("an expression");
}

// An opening bracket or a prefix operator.
bool ExpressionParser::read_bracket() {
  const uint32_t offset = parser_.offset();
  Operator op = Operator::kNone;
  switch (parser_.peek().symbol) {
    case Symbol::kOpen:
      if (parser_.starts_query(1)) {
        parser_.advance();
        return read_query(ExpressionKind::kSubquery, nullptr, offset);
      }
      parser_.advance();
      return push_bracket(FrameKind::kParenthesis, nullptr, offset);
    case Symbol::kMinus: op = Operator::kNegate; break;
    case Symbol::kPlus: op = Operator::kPlus; break;
    case Symbol::kBitNot: op = Operator::kBitNot; break;
    default: return parser_.fail_expected("an expression");
  }
  parser_.advance();
  if (op == Operator::kNegate && parser_.peek().kind == TokenKind::kNumber) {
    ExpressionPtr literal = parser_.number(/*negative=*/true);
    if (literal == nullptr) return false;
    literal->offset = offset;
    have(std::move(literal));
    return true;
  }
  ExpressionPtr node = make(ExpressionKind::kUnary, offset);
  node->op = op;
  push_operator(std::move(node), kUnaryPrecedence);
  return true;
}

bool ExpressionParser::read_keyword_operand() {
  const Token token = parser_.peek();
  const bool is_call = parser_.at(Symbol::kOpen, 1);
  switch (token.keyword) {
    case Keyword::kNull:
    case Keyword::kTrue:
    case Keyword::kFalse: {
      ExpressionPtr literal = make(ExpressionKind::kLiteral, token.offset);
      if (token.keyword != Keyword::kNull) literal->type = Type::boolean();
      literal->integer = token.keyword == Keyword::kTrue;
      parser_.advance();
      have(std::move(literal));
      return true;
    }
    case Keyword::kNot: {
      ExpressionPtr node = make(ExpressionKind::kUnary, token.offset);
      node->op = Operator::kNot;
      parser_.advance();
      push_operator(std::move(node), kNotPrecedence);
      return true;
    }
    case Keyword::kExists:
      parser_.advance();
      if (!parser_.expect(Symbol::kOpen, "'('")) return false;
      return read_query(ExpressionKind::kExists, nullptr, token.offset);
    case Keyword::kCase: return begin_case();
    case Keyword::kCast:
      if (is_call) return begin_cast();
      break;
    case Keyword::kArray:
      if (!parser_.at(Symbol::kOpenSquare, 1)) break;
      parser_.advance();
      parser_.advance();
      if (parser_.accept(Symbol::kCloseSquare)) {
        have(make(ExpressionKind::kArray, token.offset));
        return true;
      }
      return push_bracket(FrameKind::kList, make(ExpressionKind::kArray, token.offset),
                          token.offset);
    default: break;
  }
  const bool is_reserved = keyword_use(token.keyword) == KeywordUse::kReserved &&
                           !(is_call && names_function(token.keyword));
  return is_reserved ? parser_.fail_expected("an expression") : read_name_operand();
}

// A column, a call, or a literal of a named type.
bool ExpressionParser::read_name_operand() {
  const Token token = parser_.peek();
  if (token.kind == TokenKind::kName && parser_.peek(1).kind == TokenKind::kText) {
    const TypeKind kind = literal_type(parser_.spelling(token));
    if (kind != TypeKind::kNull && kind != TypeKind::kVector) {
      parser_.advance();
      ExpressionPtr cast = make(ExpressionKind::kCast, token.offset);
      cast->type = Type::of(kind);
      const uint32_t offset = parser_.offset();
      have(make_text(parser_.take_name(), offset));
      if (!add_child(cast.get())) return false;
      have(std::move(cast));
      return true;
    }
  }
  std::string name = parser_.take_name();
  if (parser_.at(Symbol::kOpen)) {
    if (!push_bracket(FrameKind::kCall, make(ExpressionKind::kCall, token.offset), token.offset)) {
      return false;
    }
    return begin_call(std::move(name));
  }
  if (token.kind == TokenKind::kName && same_name(name, "CURRENT_TIMESTAMP")) {
    ExpressionPtr call = make(ExpressionKind::kCall, token.offset);
    call->name = "now";
    have(std::move(call));
    return true;
  }
  ExpressionPtr column = make(ExpressionKind::kColumn, token.offset);
  if (parser_.accept(Symbol::kDot)) {
    const TokenKind kind = parser_.peek().kind;  // behind a dot no word is a keyword
    if (kind != TokenKind::kName && kind != TokenKind::kQuotedName) {
      return parser_.fail_expected("a column's name");
    }
    column->qualifier = std::move(name);
    column->name = parser_.take_name();
  } else {
    column->name = std::move(name);
  }
  have(std::move(column));
  return true;
}

// Behind the opening bracket. The query's value becomes that of the operand: `node`, or one of
// `kind`.
bool ExpressionParser::read_query(ExpressionKind kind, ExpressionPtr node, uint32_t offset) {
  if (node == nullptr) node = make(kind, offset);
  node->query = parser_.query_in_brackets();
  if (node->query == nullptr) return false;
  const uint32_t depth = std::max<uint32_t>(node->depth, node->query->depth + 1u);
  if (!parser_.deepen(depth, offset)) return false;
  node->depth = static_cast<uint16_t>(depth);
  have(std::move(node));
  return true;
}

bool ExpressionParser::begin_case() {
  const uint32_t offset = parser_.offset();
  ExpressionPtr node = make(ExpressionKind::kCase, offset);
  parser_.advance();
  node->has_operand = !parser_.at(Keyword::kWhen);
  if (!node->has_operand) parser_.advance();
  const FrameKind kind = node->has_operand ? FrameKind::kCaseOperand : FrameKind::kCaseWhen;
  return push_bracket(kind, std::move(node), offset);
}

bool ExpressionParser::begin_cast() {
  const uint32_t offset = parser_.offset();
  parser_.advance();
  parser_.advance();
  return push_bracket(FrameKind::kCast, make(ExpressionKind::kCast, offset), offset);
}

// At the opening bracket.
bool ExpressionParser::begin_call(std::string name) {
  const bool is_quoted = parser_.tokens_[parser_.at_ - 1].kind == TokenKind::kQuotedName;
  parser_.advance();
  Frame& frame = stack_.back();
  frame.node->name = std::move(name);
  Expression& call = *frame.node;
  if (!is_quoted && !begin_special_call(&frame)) return false;
  if (parser_.at(Symbol::kStar) && parser_.at(Symbol::kClose, 1)) {
    parser_.advance();
    call.star = true;
    return finish_call();
  }
  if (parser_.at(Symbol::kClose)) return finish_call();
  call.distinct = parser_.accept(Keyword::kDistinct);
  if (!call.distinct) parser_.accept(Keyword::kAll);
  return true;
}

// EXTRACT(field FROM x), SUBSTRING(x FROM a FOR b), POSITION(a IN b), TRIM(BOTH a FROM x).
bool ExpressionParser::begin_special_call(Frame* frame) {
  std::string& name = frame->node->name;
  if (same_name(name, "EXTRACT") && parser_.at(Keyword::kFrom, 1)) {
    const uint32_t offset = parser_.offset();
    have(make_text(fold_name(parser_.take_name()), offset));
    parser_.advance();
    return add_child(frame->node.get());
  }
  if (same_name(name, "SUBSTRING") || same_name(name, "SUBSTR")) {
    frame->spelling = Spelling::kSubstring;
  } else if (same_name(name, "POSITION")) {
    frame->spelling = Spelling::kPosition;
  } else if (same_name(name, "TRIM")) {
    frame->spelling = Spelling::kTrim;
    if (parser_.at(Keyword::kLeading)) name = "ltrim";
    if (parser_.at(Keyword::kTrailing)) name = "rtrim";
    if (parser_.at(Keyword::kLeading) || parser_.at(Keyword::kTrailing) ||
        parser_.at(Keyword::kBoth)) {
      const bool is_column = parser_.at(Symbol::kClose, 1) || parser_.at(Symbol::kComma, 1);
      if (!is_column) parser_.advance();
      parser_.accept(Keyword::kFrom);
    }
  }
  return true;
}

// Operators, and what ends an expression.

bool ExpressionParser::read_operator() {
  const Token token = parser_.peek();
  if (token.symbol == Symbol::kCast) return read_casts();
  const Operator op = symbol_operator(token.symbol);
  if (op != Operator::kNone) {
    parser_.advance();
    return binary(op, /*negated=*/false);
  }
  if (token.keyword != Keyword::kNone) return read_keyword_operator();
  return close_bracket();
}

bool ExpressionParser::binary(Operator op, bool negated) {
  const uint8_t precedence = operator_precedence(op);
  if (!reduce(precedence)) return false;
  ExpressionPtr node = make(ExpressionKind::kBinary, operand_->offset);
  node->op = op;
  node->negated = negated;
  if (!add_child(node.get())) return false;
  push_operator(std::move(node), precedence);
  return true;
}

bool ExpressionParser::read_keyword_operator() {
  const Keyword keyword = parser_.peek().keyword;
  switch (keyword) {
    case Keyword::kAnd: return read_chain(ExpressionKind::kAnd, kAndPrecedence);
    case Keyword::kOr: return read_chain(ExpressionKind::kOr, kOrPrecedence);
    case Keyword::kIs: return read_is();
    case Keyword::kIsnull: return read_null_test(/*negated=*/false);
    case Keyword::kNotnull: return read_null_test(/*negated=*/true);
    case Keyword::kEscape: return read_escape();
    default: break;
  }
  const bool negated = keyword == Keyword::kNot;
  if (negated && parser_.at(Keyword::kNull, 1) && !parser_.in_default_) {
    parser_.advance();
    return read_null_test(/*negated=*/true);
  }
  const Keyword word = parser_.peek(negated ? 1 : 0).keyword;
  const Operator op = word_operator(word);
  if (op == Operator::kNone && word != Keyword::kBetween && word != Keyword::kIn) {
    return close_bracket();
  }
  if (word == Keyword::kIn && !negated && is_in_position()) return close_bracket();
  if (negated) parser_.advance();
  parser_.advance();
  if (word == Keyword::kBetween) return read_between(negated);
  if (word == Keyword::kIn) return read_in(negated);
  return binary(op, negated);
}

// Whether an IN belongs to the POSITION(a IN b) around it.
bool ExpressionParser::is_in_position() const {
  size_t level = stack_.size();
  while (level > 0 && stack_[level - 1].kind < FrameKind::kParenthesis) --level;
  return level > 0 && stack_[level - 1].spelling == Spelling::kPosition &&
         stack_[level - 1].node->children.empty();
}

// At the last word of a test for NULL: ISNULL, NOTNULL, NOT NULL.
bool ExpressionParser::read_null_test(bool negated) {
  parser_.advance();
  return postfix(Operator::kIsNull, negated);
}

// An operator behind its operand.
bool ExpressionParser::postfix(Operator op, bool negated) {
  if (!reduce(kEqualityPrecedence)) return false;
  ExpressionPtr node = make(ExpressionKind::kUnary, operand_->offset);
  node->op = op;
  node->negated = negated;
  if (!add_child(node.get())) return false;
  have(std::move(node));
  return true;
}

// AND or OR, which also divides the bounds of BETWEEN.
bool ExpressionParser::read_chain(ExpressionKind kind, uint8_t precedence) {
  if (!reduce(precedence + 1)) return false;
  if (!stack_.empty() && stack_.back().kind == FrameKind::kBetween) {
    if (kind != ExpressionKind::kAnd) return parser_.fail_expected("AND");
    stack_.back().kind = FrameKind::kOperator;
  } else if (stack_.empty() || stack_.back().kind != FrameKind::kOperator ||
             stack_.back().precedence != precedence) {
    push_operator(make(kind, operand_->offset), precedence);
  }
  parser_.advance();
  return add_child(stack_.back().node.get());
}

// IS [NOT] NULL | TRUE | FALSE | DISTINCT FROM x | x.
bool ExpressionParser::read_is() {
  parser_.advance();
  const bool negated = parser_.accept(Keyword::kNot);
  if (parser_.at(Keyword::kDistinct) && parser_.at(Keyword::kFrom, 1)) {
    parser_.advance();
    parser_.advance();
    return binary(Operator::kIsDistinctFrom, negated);
  }
  const Operator op = parser_.at(Keyword::kNull)    ? Operator::kIsNull
                      : parser_.at(Keyword::kTrue)  ? Operator::kIsTrue
                      : parser_.at(Keyword::kFalse) ? Operator::kIsFalse
                                                    : Operator::kNone;
  if (op == Operator::kNone) return binary(Operator::kIsDistinctFrom, !negated);
  parser_.advance();
  return postfix(op, negated);
}

bool ExpressionParser::read_between(bool negated) {
  if (!reduce(kEqualityPrecedence)) return false;
  ExpressionPtr node = make(ExpressionKind::kBetween, operand_->offset);
  node->negated = negated;
  if (!add_child(node.get())) return false;
  push_operator(std::move(node), kEqualityPrecedence);
  stack_.back().kind = FrameKind::kBetween;
  return true;
}

bool ExpressionParser::read_in(bool negated) {
  if (!reduce(kEqualityPrecedence)) return false;
  const uint32_t offset = operand_->offset;
  ExpressionPtr node = make(ExpressionKind::kIn, offset);
  node->negated = negated;
  if (!add_child(node.get())) return false;
  if (parser_.at_name()) {  // IN table
    const uint32_t table_offset = parser_.offset();
    node->query = std::make_unique<ast::Select>();
    node->query->offset = table_offset;
    ast::SelectItem item;
    item.expression = make(ExpressionKind::kStar, table_offset);
    node->query->items.push_back(std::move(item));
    node->query->from = std::make_unique<ast::FromItem>();
    node->query->from->offset = table_offset;
    node->query->from->name = parser_.take_name();
    have(std::move(node));
    return true;
  }
  if (!parser_.expect(Symbol::kOpen, "'('")) return false;
  if (parser_.starts_query(0)) return read_query(ExpressionKind::kIn, std::move(node), offset);
  if (parser_.accept(Symbol::kClose)) {
    have(std::move(node));
    return true;
  }
  return push_bracket(FrameKind::kList, std::move(node), offset);
}

bool ExpressionParser::read_escape() {
  if (!reduce(kEqualityPrecedence + 1)) return false;
  if (stack_.empty() || stack_.back().kind != FrameKind::kOperator ||
      stack_.back().node->kind != ExpressionKind::kBinary ||
      stack_.back().node->children.size() != 1) {
    return close_bracket();
  }
  const Operator op = stack_.back().node->op;
  if (op != Operator::kLike && op != Operator::kILike) return close_bracket();
  parser_.advance();
  return add_child(stack_.back().node.get());
}

bool ExpressionParser::read_casts() {
  parser_.advance();
  ExpressionPtr node = make(ExpressionKind::kCast, operand_->offset);
  if (!parser_.type(&node->type) || !add_child(node.get())) return false;
  have(std::move(node));
  return true;
}

// At what is no operator: finishes the operators, and goes on with the innermost bracket.
bool ExpressionParser::close_bracket() {
  if (!reduce(0)) return false;
  if (stack_.empty()) {
    is_done_ = true;
    return true;
  }
  Frame& frame = stack_.back();
  switch (frame.kind) {
    case FrameKind::kOperator:
    case FrameKind::kBetween: return parser_.fail_expected("AND");
    case FrameKind::kParenthesis:
      if (frame.node == nullptr && parser_.accept(Symbol::kClose)) {
        frame.node = std::move(operand_);
        pop_bracket();
        return true;
      }
      if (frame.node == nullptr && parser_.at(Symbol::kComma)) {
        frame.node = make(ExpressionKind::kRow, frame.offset);
      }
      if (frame.node == nullptr) return parser_.fail_expected("')' or an operator");
      return continue_list(Symbol::kClose, "',' or ')'");
    case FrameKind::kList:
      return frame.node->kind == ExpressionKind::kArray
                 ? continue_list(Symbol::kCloseSquare, "',' or ']'")
                 : continue_list(Symbol::kClose, "',' or ')'");
    case FrameKind::kCall: return continue_call();
    case FrameKind::kCast: return finish_cast();
    default: return continue_case();
  }
}

bool ExpressionParser::continue_list(Symbol closing, const char* spelled) {
  if (!add_child(stack_.back().node.get())) return false;
  if (parser_.accept(Symbol::kComma)) return true;
  if (!parser_.expect(closing, spelled)) return false;
  pop_bracket();
  return true;
}

bool ExpressionParser::continue_call() {
  Frame& frame = stack_.back();
  Expression& call = *frame.node;
  if (!add_child(&call)) return false;
  if (parser_.accept(Symbol::kComma)) return true;
  const size_t count = call.children.size();
  switch (frame.spelling) {
    case Spelling::kSubstring:
      if (count == 1 && parser_.accept(Keyword::kFrom)) return true;
      if (count == 2 && parser_.accept(Keyword::kFor)) return true;
      break;
    case Spelling::kPosition:
      frame.is_swapped = count == 1 && parser_.at(Keyword::kIn);
      if (frame.is_swapped) {
        call.name = "strpos";
        parser_.advance();
        frame.spelling = Spelling::kPlain;
        return true;
      }
      break;
    case Spelling::kTrim:
      frame.is_swapped = frame.is_swapped || (count == 1 && parser_.at(Keyword::kFrom));
      if (count == 1 && parser_.accept(Keyword::kFrom)) return true;
      break;
    default: break;
  }
  if (!parser_.at(Symbol::kClose) && !parser_.at(Keyword::kOrder)) {
    return parser_.fail_expected("',' or ')'");
  }
  if (frame.is_swapped && count == 2) std::swap(call.children[0], call.children[1]);
  return finish_call();
}

// At the closing bracket, or at ORDER.
bool ExpressionParser::finish_call() {
  Expression& call = *stack_.back().node;
  const uint32_t outer_height = parser_.height_;
  parser_.height_ = 0;
  if (!parser_.call_clauses(&call)) return false;
  const uint32_t depth = std::max<uint32_t>(call.depth, parser_.height_ + 1);
  parser_.height_ = outer_height;
  if (!parser_.deepen(depth, call.offset)) return false;
  call.depth = static_cast<uint16_t>(depth);
  pop_bracket();
  return true;
}

bool ExpressionParser::finish_cast() {
  Expression& cast = *stack_.back().node;
  if (!add_child(&cast)) return false;
  if (!parser_.expect(Keyword::kAs) || !parser_.type(&cast.type)) return false;
  if (!parser_.expect(Symbol::kClose, "')'")) return false;
  pop_bracket();
  return true;
}

bool ExpressionParser::continue_case() {
  Frame& frame = stack_.back();
  Expression& node = *frame.node;
  if (!add_child(&node)) return false;
  if (frame.kind == FrameKind::kCaseOperand) {
    frame.kind = FrameKind::kCaseWhen;
    return parser_.expect(Keyword::kWhen);
  }
  if (frame.kind == FrameKind::kCaseWhen) {
    frame.kind = FrameKind::kCaseThen;
    return parser_.expect(Keyword::kThen);
  }
  if (frame.kind == FrameKind::kCaseThen) {
    if (parser_.accept(Keyword::kWhen)) {
      frame.kind = FrameKind::kCaseWhen;
      return true;
    }
    if (parser_.accept(Keyword::kElse)) {
      node.has_else = true;
      frame.kind = FrameKind::kCaseElse;
      return true;
    }
    if (!parser_.at(Keyword::kEnd)) return parser_.fail_expected("WHEN, ELSE or END");
  }
  if (!parser_.expect(Keyword::kEnd)) return false;
  pop_bracket();
  return true;
}

ExpressionPtr Parser::expression() {
  ExpressionParser parser(this);
  ExpressionPtr expression = parser.parse();
  if (expression != nullptr) height_ = std::max<uint32_t>(height_, expression->depth);
  return expression;
}

}  // namespace mote
