// SQL text to tokens.
//
// Tokens are views of the text by offset and size; what they spell is worked out by the parser.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace mote {

// In the order of the alphabet, as the table of their spellings in lexer.cc.
enum class Keyword : uint8_t {
  kNone, kAll, kAnalyze, kAnd, kArray, kAs, kAsc, kAsof, kBegin, kBetween, kBoth, kBy, kCase,
  kCast, kCheck, kCheckpoint, kCommit, kConflict, kConstraint, kCopy, kCreate, kCross, kCurrent,
  kDefault, kDeferred, kDelete, kDesc, kDescribe, kDistinct, kDo, kDrop, kElse, kEnd, kEscape,
  kExcept, kExclude, kExclusive, kExists, kExplain, kExtract, kFalse, kFilter, kFirst,
  kFollowing, kFor, kFrom, kFull, kGlob, kGroup, kGroups, kHaving, kIf, kIgnore, kIlike,
  kImmediate, kIn, kIndex, kInner, kInsert, kIntersect, kInto, kIs, kIsnull, kJoin, kKey, kLast,
  kLeading, kLeft, kLike, kLimit, kMatch, kNatural, kNo, kNot, kNothing, kNotnull, kNull, kNulls,
  kOffset, kOn, kOr, kOrder, kOthers, kOuter, kOver, kPartition, kPragma, kPreceding, kPrimary,
  kRange, kRecursive, kRelease, kReplace, kReturning, kRight, kRollback, kRow, kRows, kSavepoint,
  kSelect, kSet, kShow, kStart, kTable, kTables, kThen, kTies, kTime, kTo, kTolerance, kTrailing,
  kTransaction, kTrue, kUnbounded, kUnion, kUnique, kUpdate, kUsing, kVacuum, kValues, kView, kWhen,
  kWhere, kWindow, kWith, kWithout, kWork, kZone,
};

enum class KeywordUse : uint8_t {
  kPlain,     // a name like any other wherever a name may stand
  kQuoted,    // a name too, but quoted when printed since it means something in some of the places
  kReserved,  // a name only when quoted
};

// kNone when `word`, in any case, is no keyword.
Keyword find_keyword(std::string_view word);
std::string_view keyword_text(Keyword keyword);
KeywordUse keyword_use(Keyword keyword);
// The keyword that `word` misspells by one letter too many, too few, wrong, or by two neighbours
// swapped; kNone when there is none. Words of fewer than four letters misspell nothing.
Keyword misspelt_keyword(std::string_view word);

enum class TokenKind : uint8_t {
  kEnd,  // the semicolon, or the end of the text
  kName,
  kQuotedName,
  kNumber,
  kText,
  kBlob,       // x'..'
  kParameter,  // ?, ?1, $1, $name, :name, @name
  kSymbol,
};

enum class Symbol : uint8_t {
  kNone,
  kOpen,
  kClose,
  kOpenSquare,
  kCloseSquare,
  kComma,
  kDot,
  kPlus,
  kMinus,
  kStar,
  kSlash,
  kPercent,
  kEqual,  // = and ==
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kL2Distance,
  kCosineDistance,
  kNegativeInnerProduct,
  kConcat,
  kBitAnd,
  kBitOr,
  kBitNot,
  kShiftLeft,
  kShiftRight,
  kCast,   // ::
  kNamed,  // => and :=
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  Symbol symbol = Symbol::kNone;
  Keyword keyword = Keyword::kNone;  // of a kName
  uint32_t offset = 0;
  uint32_t size_bytes = 0;
};

// Reads the tokens of the first statement of `text`, blanks, comments and semicolons before it left
// out, and ends them with a kEnd. *consumed counts the bytes through its semicolon, or all of them,
// also when there is an error.
//
// Errors: kInvalidArgument for what is no token or no UTF-8; kLimit.
Status read_tokens(std::string_view text, std::vector<Token>* tokens, size_t* consumed);

// What a token means. `token` is its text: a quoted name or text without its quotes, doubled ones
// taken as one.
std::string unquoted(std::string_view token);

}  // namespace mote
