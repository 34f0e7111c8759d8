#include "sql/parse/lexer.h"

#include <algorithm>
#include <iterator>

#include "base/limits.h"
#include "sql/parse/parser.h"
#include "types/text_format.h"

namespace mote {

namespace {

struct KeywordEntry {
  std::string_view text;
  KeywordUse use;
};

// Sorted; entry i is keyword i + 1.
constexpr KeywordEntry kKeywords[] = {
    {"ALL", KeywordUse::kReserved}, {"ANALYZE", KeywordUse::kQuoted},
    {"AND", KeywordUse::kReserved}, {"ARRAY", KeywordUse::kQuoted},
    {"AS", KeywordUse::kReserved}, {"ASC", KeywordUse::kQuoted}, {"ASOF", KeywordUse::kQuoted},
    {"BEGIN", KeywordUse::kQuoted}, {"BETWEEN", KeywordUse::kReserved},
    {"BOTH", KeywordUse::kQuoted}, {"BY", KeywordUse::kQuoted}, {"CASE", KeywordUse::kReserved},
    {"CAST", KeywordUse::kQuoted}, {"CHECK", KeywordUse::kQuoted},
    {"CHECKPOINT", KeywordUse::kQuoted}, {"COMMIT", KeywordUse::kQuoted},
    {"CONFLICT", KeywordUse::kQuoted}, {"CONSTRAINT", KeywordUse::kQuoted},
    {"COPY", KeywordUse::kQuoted}, {"CREATE", KeywordUse::kReserved},
    {"CROSS", KeywordUse::kReserved}, {"CURRENT", KeywordUse::kQuoted},
    {"DEFAULT", KeywordUse::kReserved}, {"DEFERRED", KeywordUse::kQuoted},
    {"DELETE", KeywordUse::kReserved}, {"DESC", KeywordUse::kQuoted},
    {"DESCRIBE", KeywordUse::kQuoted}, {"DISTINCT", KeywordUse::kReserved},
    {"DO", KeywordUse::kQuoted}, {"DROP", KeywordUse::kReserved},
    {"ELSE", KeywordUse::kReserved}, {"END", KeywordUse::kReserved},
    {"ESCAPE", KeywordUse::kQuoted}, {"EXCEPT", KeywordUse::kReserved},
    {"EXCLUDE", KeywordUse::kQuoted}, {"EXCLUSIVE", KeywordUse::kQuoted},
    {"EXISTS", KeywordUse::kReserved}, {"EXPLAIN", KeywordUse::kQuoted},
    {"EXTRACT", KeywordUse::kQuoted}, {"FALSE", KeywordUse::kReserved},
    {"FILTER", KeywordUse::kQuoted}, {"FIRST", KeywordUse::kPlain},
    {"FOLLOWING", KeywordUse::kQuoted}, {"FOR", KeywordUse::kQuoted},
    {"FROM", KeywordUse::kReserved}, {"FULL", KeywordUse::kReserved},
    {"GLOB", KeywordUse::kQuoted}, {"GROUP", KeywordUse::kReserved},
    {"GROUPS", KeywordUse::kQuoted}, {"HAVING", KeywordUse::kReserved},
    {"IF", KeywordUse::kQuoted}, {"IGNORE", KeywordUse::kQuoted}, {"ILIKE", KeywordUse::kQuoted},
    {"IMMEDIATE", KeywordUse::kQuoted}, {"IN", KeywordUse::kReserved},
    {"INDEX", KeywordUse::kPlain}, {"INNER", KeywordUse::kReserved},
    {"INSERT", KeywordUse::kReserved}, {"INTERSECT", KeywordUse::kReserved},
    {"INTO", KeywordUse::kReserved}, {"IS", KeywordUse::kReserved},
    {"ISNULL", KeywordUse::kQuoted}, {"JOIN", KeywordUse::kReserved},
    {"KEY", KeywordUse::kPlain}, {"LAST", KeywordUse::kPlain}, {"LEADING", KeywordUse::kQuoted},
    {"LEFT", KeywordUse::kReserved}, {"LIKE", KeywordUse::kReserved},
    {"LIMIT", KeywordUse::kReserved}, {"MATCH", KeywordUse::kQuoted},
    {"NATURAL", KeywordUse::kReserved}, {"NO", KeywordUse::kPlain},
    {"NOT", KeywordUse::kReserved}, {"NOTHING", KeywordUse::kQuoted},
    {"NOTNULL", KeywordUse::kQuoted}, {"NULL", KeywordUse::kReserved},
    {"NULLS", KeywordUse::kQuoted}, {"OFFSET", KeywordUse::kReserved},
    {"ON", KeywordUse::kReserved}, {"OR", KeywordUse::kReserved},
    {"ORDER", KeywordUse::kReserved}, {"OTHERS", KeywordUse::kQuoted},
    {"OUTER", KeywordUse::kReserved}, {"OVER", KeywordUse::kQuoted},
    {"PARTITION", KeywordUse::kQuoted}, {"PRAGMA", KeywordUse::kQuoted},
    {"PRECEDING", KeywordUse::kQuoted}, {"PRIMARY", KeywordUse::kReserved},
    {"RANGE", KeywordUse::kQuoted}, {"RECURSIVE", KeywordUse::kQuoted},
    {"RELEASE", KeywordUse::kQuoted}, {"REPLACE", KeywordUse::kQuoted},
    {"RETURNING", KeywordUse::kReserved}, {"RIGHT", KeywordUse::kReserved},
    {"ROLLBACK", KeywordUse::kQuoted}, {"ROW", KeywordUse::kPlain},
    {"ROWS", KeywordUse::kQuoted}, {"SAVEPOINT", KeywordUse::kQuoted},
    {"SELECT", KeywordUse::kReserved}, {"SET", KeywordUse::kReserved},
    {"SHOW", KeywordUse::kQuoted}, {"START", KeywordUse::kPlain},
    {"TABLE", KeywordUse::kReserved}, {"TABLES", KeywordUse::kPlain},
    {"THEN", KeywordUse::kReserved}, {"TIES", KeywordUse::kQuoted}, {"TIME", KeywordUse::kPlain},
    {"TO", KeywordUse::kQuoted}, {"TOLERANCE", KeywordUse::kPlain},
    {"TRAILING", KeywordUse::kQuoted}, {"TRANSACTION", KeywordUse::kQuoted},
    {"TRUE", KeywordUse::kReserved}, {"UNBOUNDED", KeywordUse::kQuoted},
    {"UNION", KeywordUse::kReserved}, {"UNIQUE", KeywordUse::kReserved},
    {"UPDATE", KeywordUse::kReserved}, {"USING", KeywordUse::kReserved},
    {"VACUUM", KeywordUse::kQuoted}, {"VALUES", KeywordUse::kReserved},
    {"VIEW", KeywordUse::kPlain}, {"WHEN", KeywordUse::kReserved}, {"WHERE", KeywordUse::kReserved},
    {"WINDOW", KeywordUse::kQuoted}, {"WITH", KeywordUse::kReserved},
    {"WITHOUT", KeywordUse::kQuoted}, {"WORK", KeywordUse::kQuoted},
    {"ZONE", KeywordUse::kQuoted},
};
constexpr size_t kLongestKeyword = 11;
static_assert(std::is_sorted(std::begin(kKeywords), std::end(kKeywords),
                             [](const KeywordEntry& a, const KeywordEntry& b) {
                               return a.text < b.text;
                             }));

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}
bool begins_name(char c) {
  return (upper(c) >= 'A' && upper(c) <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool continues_name(char c) { return begins_name(c) || is_digit(c) || c == '$'; }
bool is_hexadecimal(char c) { return is_digit(c) || (upper(c) >= 'A' && upper(c) <= 'F'); }

// Whether `a` becomes `b`, which is as long or one longer, by one edit.
bool is_one_edit_away(std::string_view a, std::string_view b) {
  size_t same = 0;
  while (same < a.size() && same < b.size() && a[same] == b[same]) ++same;
  const std::string_view rest_a = a.substr(same);
  const std::string_view rest_b = b.substr(same);
  if (a.size() != b.size()) return rest_a == rest_b.substr(1);
  if (rest_a.empty()) return false;
  if (rest_a.substr(1) == rest_b.substr(1)) return true;
  return rest_a.size() >= 2 && rest_a[0] == rest_b[1] && rest_a[1] == rest_b[0] &&
         rest_a.substr(2) == rest_b.substr(2);
}

struct SymbolEntry {
  std::string_view text;
  Symbol symbol;
};
// Longer ones first.
constexpr SymbolEntry kSymbols[] = {
    {"<->", Symbol::kL2Distance},
    {"<=>", Symbol::kCosineDistance},
    {"<#>", Symbol::kNegativeInnerProduct},
    {"==", Symbol::kEqual},
    {"<>", Symbol::kNotEqual},
    {"!=", Symbol::kNotEqual},
    {"<=", Symbol::kLessEqual},
    {">=", Symbol::kGreaterEqual},
    {"||", Symbol::kConcat},
    {"<<", Symbol::kShiftLeft},
    {">>", Symbol::kShiftRight},
    {"::", Symbol::kCast},
    {"=>", Symbol::kNamed},
    {":=", Symbol::kNamed},
    {"(", Symbol::kOpen},
    {")", Symbol::kClose},
    {"[", Symbol::kOpenSquare},
    {"]", Symbol::kCloseSquare},
    {",", Symbol::kComma},
    {".", Symbol::kDot},
    {"+", Symbol::kPlus},
    {"-", Symbol::kMinus},
    {"*", Symbol::kStar},
    {"/", Symbol::kSlash},
    {"%", Symbol::kPercent},
    {"=", Symbol::kEqual},
    {"<", Symbol::kLess},
    {">", Symbol::kGreater},
    {"&", Symbol::kBitAnd},
    {"|", Symbol::kBitOr},
    {"~", Symbol::kBitNot},
};

// Cuts a text into tokens, one a call. After what is no token it goes on behind it, so that the
// statement's end is found all the same.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  enum class Found : uint8_t { kToken, kSemicolon, kEndOfText, kError };
  Found next(Token* token);

  size_t position() const { return at_; }
  // Where the blanks and comments before the last token ended.
  size_t token_begin() const { return begin_; }
  // The text ends in a quotation or comment that is not closed.
  bool is_open() const { return is_open_; }
  Status take_error() { return std::move(error_); }

 private:
  char peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  void skip_blanks();
  bool skip_quoted(char quote);
  Found read_name(Token* token);
  Found read_number(Token* token);
  Found read_parameter(Token* token);
  Found read_blob(Token* token);
  Found read_symbol(Token* token);
  Found finish(TokenKind kind, Token* token) {
    token->kind = kind;
    token->offset = static_cast<uint32_t>(begin_);
    token->size_bytes = static_cast<uint32_t>(at_ - begin_);
    return Found::kToken;
  }
  Found fail(Status error) {
    error_ = std::move(error).at(static_cast<uint32_t>(begin_));
    return Found::kError;
  }
  std::string spelled() const {
    return std::string(text_.substr(begin_, std::min<size_t>(at_ - begin_, 40)));
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t begin_ = 0;
  bool is_open_ = false;
  Status error_;
};

void Lexer::skip_blanks() {
  while (at_ < text_.size()) {
    if (is_blank(text_[at_])) {
      ++at_;
    } else if (peek() == '-' && peek(1) == '-') {
      const size_t end = text_.find('\n', at_);
      at_ = end == std::string_view::npos ? text_.size() : end + 1;
    } else if (peek() == '/' && peek(1) == '*') {
      const size_t end = text_.find("*/", at_ + 2);
      if (end == std::string_view::npos) {
        is_open_ = true;
        return;
      }
      at_ = end + 2;
    } else {
      return;
    }
  }
}

Lexer::Found Lexer::next(Token* token) {
  *token = Token();
  skip_blanks();
  begin_ = at_;
  if (at_ == text_.size()) return Found::kEndOfText;
  if (is_open_) {
    at_ = text_.size();
    return fail(invalid_argument("the comment that begins here is not closed by */"));
  }
  const char c = text_[at_];
  if (c == ';') {
    ++at_;
    return Found::kSemicolon;
  }
  if ((c == 'x' || c == 'X') && peek(1) == '\'') return read_blob(token);
  if (begins_name(c)) return read_name(token);
  if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return read_number(token);
  if (c == '\'' || c == '"') {
    if (!skip_quoted(c)) {
      return fail(invalid_argument("the quotation that begins here is not closed by %c", c));
    }
    if (c == '"' && at_ - begin_ == 2) return fail(invalid_argument("a name is empty"));
    return finish(c == '"' ? TokenKind::kQuotedName : TokenKind::kText, token);
  }
  if (c == '?' || c == '@' || c == '$' || (c == ':' && begins_name(peek(1)))) {
    return read_parameter(token);
  }
  return read_symbol(token);
}

bool Lexer::skip_quoted(char quote) {
  for (++at_;; at_ += 2) {
    at_ = text_.find(quote, at_);
    if (at_ == std::string_view::npos) {
      at_ = text_.size();
      is_open_ = true;
      return false;
    }
    if (peek(1) != quote) break;
  }
  ++at_;
  return true;
}

Lexer::Found Lexer::read_name(Token* token) {
  while (at_ < text_.size() && continues_name(text_[at_])) ++at_;
  token->keyword = find_keyword(text_.substr(begin_, at_ - begin_));
  return finish(TokenKind::kName, token);
}

Lexer::Found Lexer::read_number(Token* token) {
  if (peek() == '0' && upper(peek(1)) == 'X' && is_hexadecimal(peek(2))) {
    at_ += 2;
    while (is_hexadecimal(peek())) ++at_;
  } else {
    while (is_digit(peek())) ++at_;
    if (peek() == '.') ++at_;
    while (is_digit(peek())) ++at_;
    const size_t sign = peek(1) == '+' || peek(1) == '-' ? 2 : 1;
    if (upper(peek()) == 'E' && is_digit(peek(sign))) {
      at_ += sign;
      while (is_digit(peek())) ++at_;
    }
  }
  if (at_ < text_.size() && continues_name(text_[at_])) {
    while (at_ < text_.size() && continues_name(text_[at_])) ++at_;
    return fail(invalid_argument("'%s' is neither a number nor a name", spelled().c_str()));
  }
  return finish(TokenKind::kNumber, token);
}

Lexer::Found Lexer::read_parameter(Token* token) {
  const char mark = text_[at_++];
  if (is_digit(peek()) && (mark == '?' || mark == '$')) {
    while (is_digit(peek())) ++at_;
  } else if (mark != '?') {
    while (at_ < text_.size() && continues_name(text_[at_])) ++at_;
    if (at_ - begin_ == 1) return fail(invalid_argument("'%c' begins no parameter", mark));
  }
  return finish(TokenKind::kParameter, token);
}

Lexer::Found Lexer::read_blob(Token* token) {
  ++at_;
  if (!skip_quoted('\'')) {
    return fail(invalid_argument("the quotation that begins here is not closed by '"));
  }
  const std::string_view digits = text_.substr(begin_ + 2, at_ - begin_ - 3);
  if (digits.size() % 2 != 0 || !std::all_of(digits.begin(), digits.end(), is_hexadecimal)) {
    return fail(invalid_argument("%s: a blob is x'..' with two hexadecimal digits a byte",
                                 spelled().c_str()));
  }
  return finish(TokenKind::kBlob, token);
}

Lexer::Found Lexer::read_symbol(Token* token) {
  const std::string_view rest = text_.substr(at_);
  for (const SymbolEntry& entry : kSymbols) {
    if (rest[0] != entry.text[0] || rest.substr(0, entry.text.size()) != entry.text) continue;
    at_ += entry.text.size();
    token->symbol = entry.symbol;
    return finish(TokenKind::kSymbol, token);
  }
  const unsigned char c = static_cast<unsigned char>(text_[at_++]);
  if (c < ' ' || c == 0x7f) {
    return fail(invalid_argument("byte 0x%02x has no meaning in a statement", c));
  }
  return fail(invalid_argument("'%c' has no meaning in a statement", c));
}

// Where `text`, which is not UTF-8, stops being so, by halving.
size_t first_invalid_byte(std::string_view text) {
  size_t good = 0;
  size_t bad = text.size();
  while (bad - good > 1) {
    const size_t middle = good + (bad - good) / 2;
    size_t cut = middle;  // not inside a character
    while (cut > good && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut;
    if (cut == good) cut = middle;
    if (is_utf8(text.substr(good, cut - good))) {
      good = cut;
    } else {
      bad = cut;
    }
  }
  return good;
}

}  // namespace

Keyword find_keyword(std::string_view word) {
  if (word.size() > kLongestKeyword) return Keyword::kNone;
  char folded[kLongestKeyword];
  std::transform(word.begin(), word.end(), folded, upper);
  const std::string_view sought(folded, word.size());
  const KeywordEntry* found = std::lower_bound(
      std::begin(kKeywords), std::end(kKeywords), sought,
      [](const KeywordEntry& entry, std::string_view text) { return entry.text < text; });
  if (found == std::end(kKeywords) || found->text != sought) return Keyword::kNone;
  return static_cast<Keyword>(found - kKeywords + 1);
}

std::string_view keyword_text(Keyword keyword) {
  return keyword == Keyword::kNone ? "" : kKeywords[static_cast<size_t>(keyword) - 1].text;
}

KeywordUse keyword_use(Keyword keyword) {
  return keyword == Keyword::kNone ? KeywordUse::kPlain
                                   : kKeywords[static_cast<size_t>(keyword) - 1].use;
}

Keyword misspelt_keyword(std::string_view word) {
  if (word.size() < 4 || word.size() > kLongestKeyword + 1) return Keyword::kNone;
  char folded[kLongestKeyword + 1];
  std::transform(word.begin(), word.end(), folded, upper);
  const std::string_view sought(folded, word.size());
  for (const KeywordEntry& entry : kKeywords) {
    if (entry.text.size() < 4) continue;
    const bool is_near = sought.size() <= entry.text.size()
                             ? entry.text.size() - sought.size() <= 1 &&
                                   is_one_edit_away(sought, entry.text)
                             : sought.size() - entry.text.size() <= 1 &&
                                   is_one_edit_away(entry.text, sought);
    if (is_near) return static_cast<Keyword>(&entry - kKeywords + 1);
  }
  return Keyword::kNone;
}

Status read_tokens(std::string_view text, std::vector<Token>* tokens, size_t* consumed) {
  Lexer lexer(text);
  Status error;
  size_t begin = 0;  // of the statement
  size_t end = 0;  // of its last token
  bool is_empty = true;
  for (;;) {
    Token token;
    const Lexer::Found found = lexer.next(&token);
    if (is_empty) begin = end = lexer.token_begin();
    if (found == Lexer::Found::kEndOfText) break;
    if (found == Lexer::Found::kSemicolon) {
      if (!is_empty) break;
      continue;
    }
    is_empty = false;
    end = lexer.position();
    if (end - begin > kMaxStatementBytes) {
      if (error.ok() || error.code() != Code::kLimit) {
        error = limit_exceeded("the statement is longer than %zu bytes", kMaxStatementBytes)
                    .at(static_cast<uint32_t>(begin));
        tokens->clear();
      }
      continue;
    }
    if (found == Lexer::Found::kError) {
      if (error.ok()) error = lexer.take_error();
    } else {
      tokens->push_back(token);
    }
  }
  *consumed = lexer.position();
  MOTE_TRY(std::move(error));
  const std::string_view statement = text.substr(begin, end - begin);
  if (!is_utf8(statement)) {
    const size_t bad = begin + first_invalid_byte(statement);
    return invalid_argument("byte 0x%02x is not UTF-8", static_cast<unsigned char>(text[bad]))
        .at(static_cast<uint32_t>(bad));
  }
  Token last;
  last.offset = static_cast<uint32_t>(end);
  tokens->push_back(last);
  return Status();
}

size_t complete_statements_bytes(std::string_view text) {
  Lexer lexer(text);
  size_t complete = 0;
  for (;;) {
    Token token;
    const Lexer::Found found = lexer.next(&token);
    if (found == Lexer::Found::kEndOfText || lexer.is_open()) return complete;
    if (found == Lexer::Found::kSemicolon) complete = lexer.position();
  }
}

bool ends_inside_statement(std::string_view text) {
  Lexer lexer(text);
  bool is_inside = false;
  for (;;) {
    Token token;
    const Lexer::Found found = lexer.next(&token);
    if (lexer.is_open()) return true;
    if (found == Lexer::Found::kEndOfText) return is_inside;
    is_inside = found != Lexer::Found::kSemicolon;
  }
}

std::string unquoted(std::string_view token) {
  const char quote = token.front();
  const std::string_view inside = token.substr(1, token.size() - 2);
  std::string out;
  out.reserve(inside.size());
  for (size_t i = 0; i < inside.size(); ++i) {
    out.push_back(inside[i]);
    if (inside[i] == quote) ++i;
  }
  return out;
}

}  // namespace mote
