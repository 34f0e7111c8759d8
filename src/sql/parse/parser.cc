#include "sql/parse/parser.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/limits.h"
#include "sql/parse/parse_state.h"
#include "types/schema.h"
#include "types/text_format.h"

namespace mote {

namespace {

constexpr size_t kQuotedBytes = 40;  // of a token in a message

// `text` for a message, cut between characters.
std::string excerpt(std::string_view text) {
  if (text.size() <= kQuotedBytes) return std::string(text);
  size_t cut = kQuotedBytes;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut;
  return std::string(text.substr(0, cut)) + "...";
}

}  // namespace

// Tokens and errors.

bool Parser::at_word(std::string_view word) const {
  return peek().kind == TokenKind::kName && same_name(spelling(peek()), word);
}

bool Parser::expect(Keyword keyword) {
  if (accept(keyword)) return true;
  return fail_expected(std::string(keyword_text(keyword)).c_str());
}

bool Parser::expect(Symbol symbol, const char* spelled) {
  return accept(symbol) || fail_expected(spelled);
}

bool Parser::fail(Status error, uint32_t offset) {
  if (error_.ok()) error_ = std::move(error).at(offset);
  return false;
}

bool Parser::fail_expected(const char* what) {
  // A misspelt keyword behind an expression has been taken for its alias; it is the one to name.
  if (last_alias_ < at_ && last_alias_ + 1 == at_) {
    const Token& alias = tokens_[last_alias_];
    const Keyword meant = misspelt_keyword(spelling(alias));
    if (alias.keyword == Keyword::kNone && meant != Keyword::kNone) {
      return fail(invalid_argument("syntax error at '%s': expected %s",
                                   excerpt(spelling(alias)).c_str(),
                                   std::string(keyword_text(meant)).c_str()),
                  alias.offset);
    }
  }
  const Token& token = peek();
  if (token.kind == TokenKind::kEnd) {
    return fail(invalid_argument("syntax error at the end of the statement: expected %s", what),
                token.offset);
  }
  std::string hint;
  if (token.kind == TokenKind::kName && token.keyword == Keyword::kNone) {
    const Keyword meant = misspelt_keyword(spelling(token));
    if (meant != Keyword::kNone && keyword_text(meant) != what) {
      hint = "; did you mean " + std::string(keyword_text(meant)) + "?";
    }
  }
  return fail(invalid_argument("syntax error at '%s': expected %s%s",
                               excerpt(spelling(token)).c_str(), what, hint.c_str()),
              token.offset);
}

bool Parser::enter_query() {
  if (++query_depth_ <= kMaxQueryDepth) return true;
  return fail(limit_exceeded("queries and clauses stand inside one another more than %u deep",
                             kMaxQueryDepth),
              offset());
}

bool Parser::deepen(uint32_t depth, uint32_t at_offset) {
  if (depth <= kMaxExpressionDepth) return true;
  return fail(limit_exceeded("the expression is nested more than %u levels deep",
                             kMaxExpressionDepth),
              at_offset);
}

bool Parser::at_end_or_fail() {
  return peek().kind == TokenKind::kEnd || fail_expected("the end of the statement");
}

// Names.

std::string Parser::take_name() {
  const Token token = peek();
  advance();
  const bool is_quoted = token.kind == TokenKind::kQuotedName || token.kind == TokenKind::kText;
  return is_quoted ? unquoted(spelling(token)) : std::string(spelling(token));
}

bool Parser::name(const char* what, std::string* out) {
  if (at_name()) {
    *out = take_name();
    return true;
  }
  const Token token = peek();
  if (token.kind != TokenKind::kName) return fail_expected(what);
  const std::string word(spelling(token));
  return fail(invalid_argument("syntax error at '%s': expected %s; %s is a keyword and must be "
                               "written \"%s\" to be a name",
                               word.c_str(), what,
                               std::string(keyword_text(token.keyword)).c_str(), word.c_str()),
              token.offset);
}

bool Parser::name_list(std::vector<std::string>* out) {
  if (!expect(Symbol::kOpen, "'('")) return false;
  do {
    out->emplace_back();
    if (!name("a column's name", &out->back())) return false;
  } while (accept(Symbol::kComma));
  return expect(Symbol::kClose, "',' or ')'");
}

bool Parser::text_literal(const char* what, std::string* out) {
  if (peek().kind != TokenKind::kText) return fail_expected(what);
  *out = take_name();
  return true;
}

// An alias without AS, where the next token can be nothing else.
bool Parser::implicit_alias(std::string* out) {
  if (!at_name() || at(Keyword::kTolerance)) return false;
  if (at(Keyword::kAsof) &&
      (at(Keyword::kJoin, 1) || at(Keyword::kLeft, 1) || at(Keyword::kInner, 1))) {
    return false;
  }
  if (at(Keyword::kWindow) && at(Keyword::kAs, 2)) return false;
  last_alias_ = at_;
  *out = take_name();
  return true;
}

// Lists.

bool Parser::expression_list(std::vector<ast::ExpressionPtr>* out) {
  do {
    out->push_back(expression());
    if (out->back() == nullptr) return false;
  } while (accept(Symbol::kComma));
  return true;
}

// ORDER BY a DESC NULLS LAST, ..
bool Parser::order_list(std::vector<ast::OrderItem>* out) {
  if (!expect(Keyword::kOrder) || !expect(Keyword::kBy)) return false;
  do {
    ast::OrderItem item;
    item.expression = expression();
    if (item.expression == nullptr) return false;
    item.descending = accept(Keyword::kDesc);
    if (!item.descending) accept(Keyword::kAsc);
    if (accept(Keyword::kNulls)) {
      item.nulls = at(Keyword::kFirst) ? ast::NullsOrder::kFirst : ast::NullsOrder::kLast;
      if (!accept(Keyword::kFirst) && !accept(Keyword::kLast)) {
        return fail_expected("FIRST or LAST");
      }
    }
    out->push_back(std::move(item));
  } while (accept(Symbol::kComma));
  return true;
}

// Literals, parameters and types.

ast::ExpressionPtr Parser::number(bool negative) {
  const Token token = peek();
  advance();
  std::string text = negative ? "-" : "";
  text += spelling(token);
  auto literal = std::make_unique<ast::Expression>(ast::ExpressionKind::kLiteral, token.offset);
  literal->type = Type::integer();
  const size_t sign = negative ? 1 : 0;
  if (text.size() > sign + 2 && (text[sign + 1] == 'x' || text[sign + 1] == 'X')) {
    uint64_t bits = 0;
    const char* end = text.data() + text.size();
    if (std::from_chars(text.data() + sign + 2, end, bits, 16).ec != std::errc()) {
      fail(invalid_argument("%s does not fit in 64 bits", excerpt(text).c_str()), token.offset);
      return nullptr;
    }
    literal->integer = static_cast<int64_t>(negative ? 0 - bits : bits);
    return literal;
  }
  if (text.find_first_of(".eE") == std::string::npos &&
      std::from_chars(text.data(), text.data() + text.size(), literal->integer).ec ==
          std::errc()) {
    return literal;
  }
  Result<double> value = parse_float(text);
  if (!value.ok()) {
    fail(std::move(value).status(), token.offset);
    return nullptr;
  }
  if (!std::isfinite(*value)) {
    fail(invalid_argument("%s is too large for a FLOAT", excerpt(text).c_str()), token.offset);
    return nullptr;
  }
  literal->type = Type::floating();
  literal->floating = *value;
  return literal;
}

ast::ExpressionPtr Parser::parameter() {
  const Token token = peek();
  advance();
  const std::string_view text = spelling(token).substr(1);
  auto expression =
      std::make_unique<ast::Expression>(ast::ExpressionKind::kParameter, token.offset);
  size_t number = parameter_names_.size() + 1;
  if (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    const char* end = text.data() + text.size();
    if (std::from_chars(text.data(), end, number).ec != std::errc()) number = SIZE_MAX;
  } else if (!text.empty()) {
    expression->name = text;
    number = named_parameters_.try_emplace(expression->name, static_cast<uint32_t>(number))
                 .first->second;
  }
  if (number == 0 || number > kMaxParameters) {
    fail(limit_exceeded("parameter %s: parameters are numbered from 1 to %u",
                        excerpt(spelling(token)).c_str(), kMaxParameters),
         token.offset);
    return nullptr;
  }
  if (number > parameter_names_.size()) parameter_names_.resize(number);
  if (!expression->name.empty()) parameter_names_[number - 1] = expression->name;
  expression->parameter = static_cast<uint32_t>(number - 1);
  return expression;
}

bool Parser::type(Type* out) {
  const uint32_t begin = offset();
  std::string spelled;
  if (!name("a type", &spelled)) return false;
  if (same_name(spelled, "DOUBLE") && at_word("PRECISION")) advance();
  if (same_name(spelled, "TIMESTAMP") && (at(Keyword::kWith) || at(Keyword::kWithout)) &&
      at(Keyword::kTime, 1)) {
    advance();
    advance();
    if (!expect(Keyword::kZone)) return false;
  }
  out->kind = type_kind_from_name(spelled);
  if (out->kind == TypeKind::kNull) {
    return fail(invalid_argument("there is no type '%s'; there are BOOLEAN, INTEGER, FLOAT, "
                                 "FLOAT4, TEXT, BLOB, TIMESTAMP, INTERVAL, VECTOR(n), POINT and "
                                 "POINT3D",
                                 excerpt(spelled).c_str()),
                begin);
  }
  if (out->kind == TypeKind::kVector) return vector_arguments(out);
  if (!at(Symbol::kOpen)) return true;
  if (out->kind != TypeKind::kText) {
    return fail(invalid_argument("%s takes no arguments", out->name().c_str()), offset());
  }
  advance();  // VARCHAR(n): a TEXT has no length of its own
  if (peek().kind != TokenKind::kNumber) return fail_expected("a length");
  advance();
  return expect(Symbol::kClose, "')'");
}

// (dimension [, f32 | f16 | i8])
bool Parser::vector_arguments(Type* out) {
  if (!expect(Symbol::kOpen, "'(' and the number of dimensions")) return false;
  const Token token = peek();
  if (token.kind != TokenKind::kNumber) return fail_expected("the number of dimensions");
  const std::string_view text = spelling(token);
  const char* end = text.data() + text.size();
  const std::from_chars_result read = std::from_chars(text.data(), end, out->dimension);
  if (read.ec != std::errc() || read.ptr != end || out->dimension == 0 ||
      out->dimension > kMaxVectorDimension) {
    return fail(invalid_argument("a VECTOR has 1 to %u dimensions, not %s", kMaxVectorDimension,
                                 excerpt(text).c_str()),
                token.offset);
  }
  advance();
  if (accept(Symbol::kComma)) {
    if (at_word("f32")) {
      out->element = VectorElement::kF32;
    } else if (at_word("f16")) {
      out->element = VectorElement::kF16;
    } else if (at_word("i8")) {
      out->element = VectorElement::kI8;
    } else {
      return fail_expected("f32, f16 or i8");
    }
    advance();
  }
  return expect(Symbol::kClose, "')'");
}

// Whether the tokens from `ahead` on are a query. One that begins with a bracket, as in
// (SELECT 1) UNION SELECT 2, is told from an expression by what follows the bracket's end.
bool Parser::starts_query(size_t ahead) {
  const auto is_query_word = [this](size_t where) {
    return at(Keyword::kSelect, where) || at(Keyword::kValues, where) || at(Keyword::kWith, where);
  };
  size_t brackets = 0;
  while (brackets < kMaxQueryDepth && at(Symbol::kOpen, ahead + brackets)) ++brackets;
  if (!is_query_word(ahead + brackets)) return false;
  for (size_t i = 0; i < brackets; ++i) {
    const Token& next = after_bracket(at_ + ahead + i);
    const Keyword word = next.keyword;
    const bool goes_on = word == Keyword::kUnion || word == Keyword::kIntersect ||
                         word == Keyword::kExcept || word == Keyword::kOrder ||
                         word == Keyword::kLimit || word == Keyword::kOffset;
    if (!goes_on && (i == 0 || next.symbol != Symbol::kClose)) return false;
  }
  return true;
}

// The token behind the bracket that closes the one at token `open`; the last one when none does.
const Token& Parser::after_bracket(size_t open) {
  if (closing_.empty()) {
    const uint32_t last = static_cast<uint32_t>(tokens_.size() - 1);
    closing_.resize(tokens_.size(), last);
    std::vector<uint32_t> waiting;
    for (uint32_t i = 0; i < last; ++i) {
      if (tokens_[i].symbol == Symbol::kOpen) waiting.push_back(i);
      if (tokens_[i].symbol != Symbol::kClose || waiting.empty()) continue;
      closing_[waiting.back()] = i;
      waiting.pop_back();
    }
  }
  return tokens_[std::min<size_t>(closing_[open] + 1, tokens_.size() - 1)];
}

// The doors.

Result<ast::StatementPtr> parse_statement(std::string_view text, size_t* consumed) {
  std::vector<Token> tokens;
  MOTE_TRY(read_tokens(text, &tokens, consumed));
  if (tokens.size() == 1) return ast::StatementPtr();
  Parser parser(text, tokens);
  ast::StatementPtr statement = parser.statement();
  if (statement == nullptr) return parser.take_error();
  return statement;
}

Result<ast::ExpressionPtr> parse_expression(std::string_view text) {
  std::vector<Token> tokens;
  size_t consumed = 0;
  MOTE_TRY(read_tokens(text, &tokens, &consumed));
  Parser parser(text, tokens);
  ast::ExpressionPtr expression = parser.expression();
  if (expression == nullptr || !parser.at_end_or_fail()) return parser.take_error();
  if (text.find_first_not_of(" \t\r\n;", consumed) != std::string_view::npos) {
    return invalid_argument("an expression ends at ';'").at(static_cast<uint32_t>(consumed));
  }
  return expression;
}

}  // namespace mote
