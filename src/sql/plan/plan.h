// The plan: a tree of operators with everything decided. The executor adds nothing but running it.
//
// Each node's outputs name the columns of the chunks it gives, in order. Expressions of a node
// refer, by position, to the chunk of its input: for joins the left child's columns followed by the
// right child's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "sql/bind/expression.h"
#include "types/schema.h"

namespace mote {

enum class PlanKind : uint8_t {
  kScan,           // rows of a table; see ScanPlan
  kKeyLookup,      // at most one row of a table, by its PRIMARY KEY
  kTableFunction,  // rows of a file reader or generate_series
  kValues,         // rows of constant expressions; also SELECT without FROM (one row, no columns)
  kFilter,
  kProject,
  kTextScore,  // input and one more column: BM25 score of a text column against a query, over the
               // snapshot
  kFetch,      // input and more columns of the rows whose row id it has: for wide columns that only
               // the rows that survive a limit need
  kHashJoin,   // on equal keys, with a residual condition
  kLoopJoin,   // any condition; the right side is kept in memory
  kApply,      // the right child run anew for each left row, with values of that row as parameters
  kAsofJoin,
  kAggregate,
  kWindow,  // input and one more column a call; sorts by partition and order itself, rows come so
  kDistinct,
  kUnionAll,  // the rows of the first child, then those of the second
  kSort,      // with limit set: only the first rows are kept
  kLimit,
  kInsert,
  kUpdate,
  kDelete,
  kCreateTableAs,
  kCopyTo,
};

struct OutputColumn {
  SlotId slot = 0;
  Type type;
  std::string name;
};

struct SortKey {
  BoundExpressionPtr expression;
  bool descending = false;
  bool nulls_first = false;
};

// A comparison of a column with a value known at execution, by which blocks and ranges are skipped:
// column OP value, or box tests on points. The filter is evaluated all the same.
struct PruneTest {
  enum class Kind : uint8_t { kEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kNotNull, kBox };
  Kind kind = Kind::kEqual;
  uint32_t column = 0;                  // position in the table's schema
  BoundExpressionPtr value;             // constant or parameter expression without columns
  std::vector<BoundExpressionPtr> box;  // kBox: minimum of each axis, then maximum of each axis
};

struct PlanNode {
  PlanKind kind = PlanKind::kValues;
  std::vector<std::unique_ptr<PlanNode>> children;
  std::vector<OutputColumn> outputs;
  double estimated_rows = 0;

  // kScan, kKeyLookup, kInsert, kUpdate, kDelete
  TableId table = 0;
  std::string table_name;
  std::vector<uint32_t> columns;  // kScan, kKeyLookup: schema position of each output; kRowIdColumn
                                  // stands for the row id, as INTEGER
  std::vector<PruneTest> prune;   // kScan
  std::vector<BoundExpressionPtr> key;  // kKeyLookup: one a key column, of the key's types

  // kScan, kKeyLookup, kFilter, kHashJoin (residual), kLoopJoin and kApply (null: every pair).
  // HAVING is a kFilter above the kAggregate.
  BoundExpressionPtr condition;  // over the node's own columns (kScan: its outputs)

  // kProject, kTableFunction arguments, kValues (row after row, outputs.size() each), kTextScore:
  // [text, query]
  std::vector<BoundExpressionPtr> expressions;
  uint64_t row_count = 0;  // kValues
  // kTextScore: the text column's place in its table, for the statistics pass over all rows of the
  // snapshot
  uint32_t text_column = 0;

  // kFetch: row_id is over the child's outputs; `table` and `columns` as for kScan, put behind them
  BoundExpressionPtr row_id;

  // joins. Keys are over the left and the right child's columns respectively; the outputs are the
  // left's and then the right's (kSemi, kAnti: only the left's; kMark: the left's and the mark).
  // kHashJoin and kLoopJoin: all types. kApply: all types. kAsofJoin: kInner, kLeft.
  JoinType join = JoinType::kInner;
  // kAnti and kMark, see BoundSubquery: of kHashJoin then with one key and no residual condition:
  // where nothing matches, a NULL key on the left (unless the right side is empty) or any NULL key
  // on the right makes the mark NULL and drops the row of kAnti. Of kLoopJoin: the mark is the
  // three-valued OR over the right rows; kAnti keeps a row when that is FALSE.
  bool null_aware = false;
  std::vector<BoundExpressionPtr> left_keys;
  std::vector<BoundExpressionPtr> right_keys;
  // kLoopJoin: when band_key is there, only right rows with band_low <= band_key <= band_high can
  // satisfy the condition (which is evaluated all the same; a null bound is open), so right rows
  // may be kept in the order of band_key. band_key is over the right child's columns, the bounds
  // over the left's; all of one type.
  BoundExpressionPtr band_key;
  BoundExpressionPtr band_low;
  BoundExpressionPtr band_high;
  // kApply: while the right child runs for a left row, parameter first_parameter + i has the value
  // of left_keys[i].
  uint32_t first_parameter = 0;
  // kAsofJoin: for each left row the right row of equal keys with the greatest right_time <=
  // left_time (< when strict), or, when `backward` is false, the least right_time >= left_time.
  // Among equal times the later row. At most tolerance away.
  BoundExpressionPtr left_time;
  BoundExpressionPtr right_time;
  bool strict = false;
  bool backward = true;
  BoundExpressionPtr tolerance;  // INTERVAL for timestamps, else the times' own type; null for none

  // kAggregate: groups (expressions over the input) become the first outputs, aggregates the rest
  std::vector<BoundExpressionPtr> groups;
  std::vector<BoundAggregate> aggregates;

  // kWindow: groups are the partition, sort_keys the order, both over the input; the outputs are
  // the input's and then one a call. Distances and kNtile's, kLag's, kLead's, kNthValue's numbers
  // may be any expression; those of lag and lead are over the current row.
  std::vector<BoundWindowCall> windows;

  // kSort, kLimit. Limits are expressions without columns; null for none.
  std::vector<SortKey> sort_keys;
  BoundExpressionPtr limit;
  BoundExpressionPtr row_offset;

  // kTableFunction
  std::string function_name;
  std::vector<std::string>
      option_names;  // the last option_names.size() expressions are named options

  // kInsert: child gives rows in schema order. kUpdate: child gives the row id first and then the
  // whole new row in schema order. kDelete: child gives the row id first, then (with returning) the
  // row in schema order.
  bool returning = false;  // then the outputs are the affected rows, in schema order
  std::shared_ptr<const TableDefinition> create;  // kCreateTableAs: name and schema, id 0
  bool if_not_exists = false;

  // kCopyTo
  std::string file_name;
  std::vector<std::pair<std::string, Value>> copy_options;
};
using PlanPtr = std::unique_ptr<PlanNode>;

inline constexpr uint32_t kRowIdColumn = UINT32_MAX;

// The tree as EXPLAIN shows it: a line a node, children indented.
std::string explain(const PlanNode& plan);

}  // namespace mote
