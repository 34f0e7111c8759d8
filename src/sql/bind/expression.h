// Typed expressions: what the binder makes of the parser's, and what the one evaluator computes.
//
// While binding and planning, a column is named by its slot, a number that is unique in the
// statement; the last step of planning replaces slots by positions in the operator's input chunk.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "function/function.h"
#include "types/text_format.h"
#include "types/type.h"
#include "types/value.h"

namespace mote {

using SlotId = uint32_t;

enum class BoundKind : uint8_t {
  kColumn,     // slot; after planning: position
  kConstant,   // constant
  kParameter,  // parameter: its value is read at execution; its type was known when the statement
               // was bound
  kCall,       // function(children)
  kCast,       // children[0] as type, by cast_mode
  kAnd,        // n-ary, three-valued, later children only for rows that earlier ones leave open
  kOr,
  kNot,
  kIsNull,  // children[0] IS NULL
  kCase,    // condition, result, condition, result, .., else (always there, maybe a NULL constant)
  kIn,  // children[0] IN (children[1..]), all of one type; large constant lists are probed by hash
};

struct BoundExpression {
  BoundKind kind = BoundKind::kConstant;
  Type type;
  uint32_t offset = 0;             // in the SQL text, for errors at run time
  SlotId slot = 0;                 // kColumn
  std::string name;                // kColumn, for messages and EXPLAIN
  uint32_t position = UINT32_MAX;  // kColumn, once planned
  Value constant;                  // kConstant
  uint32_t parameter = 0;          // kParameter, from 0
  const ScalarFunction* function = nullptr;
  CastMode cast_mode = CastMode::kImplicit;
  std::vector<std::unique_ptr<BoundExpression>> children;

  std::unique_ptr<BoundExpression> clone() const;
  // Structural equality, offsets apart.
  bool equals(const BoundExpression& other) const;
  // As SQL, for EXPLAIN and column names.
  std::string to_text() const;
};
using BoundExpressionPtr = std::unique_ptr<BoundExpression>;

BoundExpressionPtr make_column(SlotId slot, Type type, std::string name, uint32_t offset = 0);
BoundExpressionPtr make_constant(Value value, uint32_t offset = 0);
// kAnd, kOr, kNot, kIsNull over these children; BOOLEAN.
BoundExpressionPtr make_logical(BoundKind kind, std::vector<BoundExpressionPtr> children);
// a AND b, flat; either may be null.
BoundExpressionPtr conjoin(BoundExpressionPtr a, BoundExpressionPtr b);
// Moves the conjuncts of `condition` (which may be null) behind `out`.
void split_conjuncts(BoundExpressionPtr condition, std::vector<BoundExpressionPtr>* out);

struct BoundAggregate {
  const AggregateFunction* function = nullptr;
  std::vector<BoundExpressionPtr> arguments;  // cast as the function wants them
  BoundExpressionPtr filter;                  // FILTER (WHERE ..); null for none
  bool distinct = false;
  Type type;
  SlotId slot = 0;   // the result
  std::string text;  // as SQL, for EXPLAIN
};

// How the rows of the right side decide over or widen those of the left.
enum class JoinType : uint8_t {
  kInner,
  kLeft,    // left rows without a match come once, the right columns NULL
  kSemi,    // left rows that have a match; left columns only
  kAnti,    // left rows that have none; left columns only
  kMark,    // every left row once, and one BOOLEAN column more: whether it has a match
  kSingle,  // as kLeft, but a second match for one left row is an error: a scalar subquery
};

enum class WindowFunction : uint8_t {
  kRowNumber,
  kRank,
  kDenseRank,
  kNtile,       // arguments: bucket count
  kLag,         // arguments: value, distance (INTEGER, default 1), default (NULL)
  kLead,        // likewise; all three are always there
  kFirstValue,  // of the frame
  kLastValue,
  kNthValue,   // arguments: value, n from 1
  kAggregate,  // aggregate.function over the frame
};

enum class FrameBound : uint8_t {
  kUnboundedPreceding,
  kPreceding,
  kCurrentRow,
  kFollowing,
  kUnboundedFollowing,
};

// A window call. The rows it is over are partitioned and ordered by the stage it belongs to.
struct BoundWindowCall {
  WindowFunction kind = WindowFunction::kRowNumber;
  BoundAggregate aggregate;  // arguments, filter, type, slot and text of every kind; function only
                             // of kAggregate. Not distinct.
  // The frame: ROWS counts rows; RANGE takes the current row's peers with it, and has distances
  // only over one ORDER BY key, in that key's type (INTERVAL for a TIMESTAMP).
  bool rows = false;
  FrameBound start = FrameBound::kUnboundedPreceding;
  FrameBound end = FrameBound::kCurrentRow;
  BoundExpressionPtr start_distance;  // without columns; kPreceding, kFollowing
  BoundExpressionPtr end_distance;
};

}  // namespace mote
