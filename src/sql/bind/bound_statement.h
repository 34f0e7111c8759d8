// A statement with every name looked up and every type known: what the binder gives the planner,
// and, for statements that are not plans (DDL, transactions), what the session acts upon.
//
// A query is kept in the order in which SQL means it: source, subqueries, WHERE, groups, HAVING,
// windows, select list, DISTINCT, ORDER BY, LIMIT. Stages pass columns on by slot; a slot is made
// by exactly one stage and its type never changes.
//
// Plain structs, owned from the root down.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catalog/catalog.h"
#include "sql/bind/expression.h"
#include "types/schema.h"

namespace mote {

struct BoundQuery;

struct BoundColumn {
  SlotId slot = 0;
  Type type;
  std::string name;
};

enum class SourceKind : uint8_t { kTable, kFunction, kQuery, kJoin, kAsofJoin };

// Something that rows come from: an item of FROM.
struct BoundSource {
  SourceKind kind = SourceKind::kTable;
  // kTable: all columns in schema order. kFunction: as described. kQuery: the query's outputs.
  // Empty for joins, which have their children's.
  std::vector<BoundColumn> columns;

  TableId table = 0;       // kTable
  SlotId row_id_slot = 0;  // kTable: the row id as INTEGER
  std::string name;        // kTable, kFunction
  // kFunction: positional arguments, then one a name in option_names.
  std::vector<BoundExpressionPtr> arguments;
  std::vector<std::string> option_names;
  std::unique_ptr<BoundQuery> query;  // kQuery

  // Joins: kInner or kLeft.
  JoinType join = JoinType::kInner;
  std::unique_ptr<BoundSource> left;
  std::unique_ptr<BoundSource> right;
  BoundExpressionPtr condition;  // kJoin; null for a cross join
  // kAsofJoin, see plan.h.
  std::vector<BoundExpressionPtr> left_keys;
  std::vector<BoundExpressionPtr> right_keys;
  BoundExpressionPtr left_time;
  BoundExpressionPtr right_time;
  bool strict = false;
  bool backward = true;
  BoundExpressionPtr tolerance;
};
using BoundSourcePtr = std::unique_ptr<BoundSource>;

// A subquery used inside an expression, as a join of the rows at hand with the subquery's.
struct BoundSubquery {
  JoinType join = JoinType::kMark;  // kSemi, kAnti, kMark, kSingle
  std::unique_ptr<BoundQuery> query;
  // Of the rows at hand and the subquery's outputs; null matches every row.
  BoundExpressionPtr condition;
  // kAnti and kMark of IN: a NULL on either side leaves the answer open, so the mark is the
  // three-valued OR of the condition over the right rows, and NOT IN drops rows it is open for.
  // Otherwise a NULL condition is no match and the mark is never NULL.
  bool null_aware = false;
  BoundColumn mark;  // kMark
  // Slots of the rows at hand that the subquery itself reads (not its condition): when there are
  // any it has to be run once a row.
  std::vector<BoundColumn> outer;
};

// The BM25 score of a text column against a query, as a column.
struct BoundTextScore {
  SlotId slot = 0;
  TableId table = 0;
  uint32_t text_column = 0;  // position in the table's schema
  BoundExpressionPtr text;
  BoundExpressionPtr query;
};

struct BoundOutput {
  BoundColumn column;
  BoundExpressionPtr expression;
};

struct BoundOrder {
  BoundColumn column;  // one of the outputs
  bool descending = false;
  bool nulls_first = false;
};

// Window calls that share PARTITION BY and ORDER BY.
struct BoundWindowOrder {
  BoundExpressionPtr expression;
  bool descending = false;
  bool nulls_first = false;
};
struct BoundWindowStage {
  std::vector<BoundExpressionPtr> partition;
  std::vector<BoundWindowOrder> order;
  std::vector<BoundWindowCall> calls;
};

enum class QueryKind : uint8_t { kSelect, kValues, kUnionAll };

struct BoundQuery {
  QueryKind kind = QueryKind::kSelect;
  // What the query gives: the first visible_count columns. Those behind are there for ORDER BY.
  std::vector<BoundOutput> outputs;  // kValues, kUnionAll: without expressions
  uint32_t visible_count = 0;

  // kSelect
  BoundSourcePtr source;                       // null: one row without columns
  std::vector<BoundSubquery> subqueries;       // before WHERE, in order
  BoundExpressionPtr where;                    // null for none
  std::vector<BoundTextScore> scores;          // after WHERE
  bool grouped = false;                        // GROUP BY or aggregates
  std::vector<BoundOutput> groups;             // over what WHERE leaves
  std::vector<BoundAggregate> aggregates;      // likewise
  std::vector<BoundSubquery> late_subqueries;  // those of a grouped query's HAVING and select list
  BoundExpressionPtr having;
  std::vector<BoundWindowStage> windows;

  // kValues: row after row, outputs.size() each.
  std::vector<BoundExpressionPtr> values;
  uint64_t row_count = 0;

  // kUnionAll: the arms' outputs have been cast to these outputs' types.
  std::unique_ptr<BoundQuery> left;
  std::unique_ptr<BoundQuery> right;

  bool distinct = false;          // over the visible outputs
  std::vector<BoundOrder> order;  // over the outputs
  BoundExpressionPtr limit;       // without columns; null for none
  BoundExpressionPtr row_offset;
};
using BoundQueryPtr = std::unique_ptr<BoundQuery>;

// A parameter of the statement. Before execution the session gives every parameter a value of
// `type`:
//  - `type` is known (from what the parameter is compared with, inserted into, ..): it casts the
//    caller's value by cast_value(.., kImplicit). When that fails, and the value is not NULL, the
//    statement is bound again with the value's own type given for this parameter (`x > ?` on an
//    INTEGER column bound to 2.5), and only an error of that binding is the caller's.
//  - `type` is kNull (nothing tells it, as in SELECT ?): a NULL may be used as it is; for any other
//    value the statement is bound again with the value's type given.
// A type given at bind time is kept as it is. The result columns can change with a new binding.
struct BoundParameter {
  std::string name;  // without its $ or :; empty for ? and ?N
  Type type;
  bool given = false;  // by the caller of bind_statement
};

enum class StatementKind : uint8_t {
  // Those that have a plan.
  kQuery,
  kInsert,  // also COPY FROM
  kUpdate,
  kDelete,
  kCreateTableAs,
  kCopyTo,
  // Those that the session carries out.
  kCreateTable,
  kDropTable,
  kBegin,
  kCommit,
  kRollback,
  kSavepoint,
  kRollbackTo,
  kRelease,
  kCheckpoint,
  kVacuum,
  kCheck,
  kShowTables,
  kDescribe,
  kSet,
};

enum class ExplainMode : uint8_t { kNone, kPlan, kAnalyze };

struct BoundStatement {
  StatementKind kind = StatementKind::kQuery;
  ExplainMode explain = ExplainMode::kNone;
  std::vector<BoundParameter> parameters;
  // Of the rows it gives: SELECT, RETURNING. Empty for others (also for EXPLAIN, whose one TEXT
  // column is the session's).
  std::vector<BoundColumn> result;

  bool has_plan() const { return kind <= StatementKind::kCopyTo; }
  // Whether it changes tables, rows or definitions.
  bool writes = false;

  // SELECT: its rows. INSERT: rows in schema order. UPDATE: the row id, then the whole new row in
  // schema order. DELETE: the row id, then, with RETURNING, the row. CREATE TABLE AS, COPY TO: the
  // rows. COPY FROM is an INSERT.
  BoundQueryPtr query;

  TableId table = 0;  // INSERT, UPDATE, DELETE; DROP TABLE, DESCRIBE (0: absent, IF EXISTS said)
  // INSERT, UPDATE, DELETE: the affected rows' columns, which `returning` is over.
  std::vector<BoundColumn> table_columns;
  std::vector<BoundOutput> returning;

  // CREATE TABLE [AS]: name and schema, id 0. With IF NOT EXISTS and the table there, `exists` is
  // set and nothing is to be made.
  std::shared_ptr<const TableDefinition> create;
  bool exists = false;

  // DROP TABLE, DESCRIBE: the table. SAVEPOINT, ROLLBACK TO, RELEASE: the savepoint. SET: the
  // setting. COPY TO: the file.
  std::string name;
  Value value;                                              // SET
  std::vector<std::pair<std::string, Value>> copy_options;  // COPY TO
};

}  // namespace mote
