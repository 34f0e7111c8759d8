// The syntax tree of expressions and queries: what a statement says, before any name has been
// looked up.
//
// Plain structs, owned from the root down. Every node carries the byte offset in the statement's
// text where it begins, for error messages. Names stay as written; they compare by same_name().
// Parentheses leave no trace but the shape of the tree, and to_sql() (print.h) puts them back where
// the shape needs them: parsing what it prints gives the same tree.
//
// A tree is at most kMaxExpressionDepth levels high, the queries inside it included, so recursion
// over it is bounded. AND and OR are n-ary: a chain of them is one level however long it is. A
// chain of other operators is left-deep, and each operator in it is a level.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "types/type.h"
#include "types/value.h"

namespace mote::ast {

struct Select;
struct CallClauses;

enum class ExpressionKind : uint8_t {
  kLiteral,    // literal
  kColumn,     // [qualifier.]name
  kStar,       // * or qualifier.*; only in select lists and RETURNING
  kParameter,  // parameter
  kUnary,      // op of children[0]
  kBinary,     // children[0] op children[1]; of the LIKE family also children[2], after ESCAPE
  kAnd,        // n-ary, two or more
  kOr,
  kBetween,   // children[0] BETWEEN children[1] AND children[2]
  kIn,        // children[0] IN (children[1..]), or IN (query) when there is a query
  kExists,    // EXISTS (query)
  kSubquery,  // (query) as one value
  kCase,      // [operand when has_operand,] condition, result, .., [else when has_else]
  kCast,      // children[0] as type; also `TIMESTAMP '..'`, `INTERVAL '..'`, `x::type`
  kCall,      // name(children); with star: name(*)
  kArray,     // ARRAY[children]
  kRow,       // (a, b, ..)
};

enum class Operator : uint8_t {
  kNone,
  // kUnary. The IS forms come after their operand, and `negated` makes them IS NOT.
  kNegate,
  kPlus,
  kBitNot,
  kNot,
  kIsNull,
  kIsTrue,
  kIsFalse,
  // kBinary
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIsDistinctFrom,  // negated: IS NOT DISTINCT FROM, and SQLite's `a IS b`
  kLike,            // this one and the next three may be negated
  kILike,
  kGlob,
  kMatch,
  kL2Distance,            // <->
  kCosineDistance,        // <=>
  kNegativeInnerProduct,  // <#>
  kConcat,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kBitAnd,
  kBitOr,
  kShiftLeft,
  kShiftRight,
};

struct Expression {
  Expression(ExpressionKind the_kind, uint32_t the_offset);
  ~Expression();  // without recursion
  Expression(const Expression&) = delete;
  Expression& operator=(const Expression&) = delete;

  ExpressionKind kind;
  Operator op = Operator::kNone;  // kUnary, kBinary
  bool negated = false;           // NOT LIKE, NOT BETWEEN, NOT IN, IS NOT ..; never NOT EXISTS
  bool distinct = false;          // kCall: name(DISTINCT ..)
  bool star = false;              // kCall: name(*)
  bool has_operand = false;       // kCase
  bool has_else = false;          // kCase
  uint16_t depth = 1;             // levels of this tree, itself and queries included
  uint32_t offset;                // where it begins in the statement's text
  uint32_t parameter = 0;         // kParameter: its number from 0
  Type type;                      // kCast; of a kLiteral: NULL, BOOLEAN, INTEGER, FLOAT, TEXT, BLOB
  union {                         // kLiteral: BOOLEAN and INTEGER; FLOAT
    int64_t integer = 0;
    double floating;
  };
  std::string name;       // kColumn, kCall; kParameter's name, if any; bytes of a TEXT or BLOB
  std::string qualifier;  // kColumn, kStar: the table's name or alias; empty for none
  std::vector<std::unique_ptr<Expression>> children;
  std::unique_ptr<Select> query;         // kIn, kExists, kSubquery
  std::unique_ptr<CallClauses> clauses;  // kCall: ORDER BY, FILTER, OVER; null for none

  Value literal() const;  // kLiteral
};
using ExpressionPtr = std::unique_ptr<Expression>;

enum class NullsOrder : uint8_t { kDefault, kFirst, kLast };

struct OrderItem {
  ExpressionPtr expression;
  bool descending = false;
  NullsOrder nulls = NullsOrder::kDefault;
};

enum class FrameUnit : uint8_t { kRows, kRange, kGroups };
enum class FrameExclude : uint8_t { kNoOthers, kCurrentRow, kGroup, kTies };
enum class BoundaryKind : uint8_t {
  kUnboundedPreceding,
  kPreceding,  // distance
  kCurrentRow,
  kFollowing,  // distance
  kUnboundedFollowing,
};
struct FrameBoundary {
  BoundaryKind kind = BoundaryKind::kCurrentRow;
  ExpressionPtr distance;
};
struct Window {
  std::string base;  // OVER base, or OVER (base ..); empty for none
  std::vector<ExpressionPtr> partition_by;
  std::vector<OrderItem> order_by;
  bool has_frame = false;
  FrameUnit unit = FrameUnit::kRange;
  FrameBoundary start;
  FrameBoundary end;
  FrameExclude exclude = FrameExclude::kNoOthers;
};
struct CallClauses {
  std::vector<OrderItem> order_by;  // inside the brackets
  ExpressionPtr filter;             // FILTER (WHERE ..)
  std::unique_ptr<Window> over;
};

// FROM.

enum class FromKind : uint8_t { kTable, kFunction, kSubquery, kJoin };
enum class JoinKind : uint8_t { kInner, kLeft, kRight, kFull, kCross, kAsof, kAsofLeft };

// The value of an option (`WITH (name = value)`) or of a table function; an empty name for a
// positional one, which never follows a named one.
struct Argument {
  std::string name;
  ExpressionPtr value;
  uint32_t offset = 0;
};

struct FromItem {
  FromKind kind = FromKind::kTable;
  uint32_t offset = 0;
  std::string name;                         // kTable, kFunction
  std::string alias;                        // empty for none
  std::vector<std::string> column_aliases;  // alias(a, b, ..)
  std::vector<Argument> arguments;          // kFunction
  std::unique_ptr<Select> query;            // kSubquery

  // kJoin. A comma is a kCross join. At most kMaxJoins joins in one FROM.
  JoinKind join = JoinKind::kInner;
  bool natural = false;
  std::unique_ptr<FromItem> left;
  std::unique_ptr<FromItem> right;
  ExpressionPtr on;  // null with USING, NATURAL, or CROSS
  std::vector<std::string> using_columns;
  ExpressionPtr tolerance;  // ASOF joins; null for none
};
using FromItemPtr = std::unique_ptr<FromItem>;

// Queries.

struct SelectItem {
  ExpressionPtr expression;  // kStar for * and t.*
  std::string alias;         // empty for none
  std::string text;          // the expression as written: a column's name when there is no alias
};

struct WithQuery {
  std::string name;
  uint32_t offset = 0;
  std::vector<std::string> columns;
  std::unique_ptr<Select> query;
};

struct NamedWindow {
  std::string name;
  Window window;
};

enum class SelectKind : uint8_t { kSelect, kValues, kUnion, kUnionAll, kIntersect, kExcept };

// One query. Compound kinds have only left and right, beside WITH, ORDER BY and LIMIT. INTERSECT
// binds tighter than UNION and EXCEPT.
struct Select {
  Select() = default;
  ~Select();  // without recursion over the terms of a compound
  Select(const Select&) = delete;
  Select& operator=(const Select&) = delete;

  SelectKind kind = SelectKind::kSelect;
  uint16_t depth = 1;  // levels of this query with all in it; at most kMaxExpressionDepth
  uint32_t offset = 0;
  bool recursive = false;  // WITH RECURSIVE
  std::vector<WithQuery> with;
  std::unique_ptr<Select> left;
  std::unique_ptr<Select> right;
  std::vector<std::vector<ExpressionPtr>> rows;  // kValues: all of one width

  bool distinct = false;
  std::vector<SelectItem> items;
  FromItemPtr from;  // null for none
  ExpressionPtr where;
  std::vector<ExpressionPtr> group_by;
  ExpressionPtr having;
  std::vector<NamedWindow> windows;

  std::vector<OrderItem> order_by;
  ExpressionPtr limit;
  ExpressionPtr row_offset;
};
using SelectPtr = std::unique_ptr<Select>;

}  // namespace mote::ast
