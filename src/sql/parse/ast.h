// The syntax tree of statements. See ast_query.h for what holds of all nodes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sql/parse/ast_query.h"
#include "types/type.h"

namespace mote::ast {

struct Assignment {
  std::string column;
  uint32_t offset = 0;
  ExpressionPtr value;
};

enum class ConflictAction : uint8_t { kNone, kNothing, kReplace, kUpdate };

struct Insert {
  std::string table;
  uint32_t table_offset = 0;
  std::vector<std::string> columns;  // empty: all, in the table's order
  SelectPtr source;                  // kind kValues for VALUES; null for DEFAULT VALUES
  ConflictAction on_conflict = ConflictAction::kNone;  // OR REPLACE, OR IGNORE, ON CONFLICT ..
  std::vector<std::string> conflict_columns;
  std::vector<Assignment> assignments;  // ON CONFLICT .. DO UPDATE SET
  ExpressionPtr where;                  // of DO UPDATE
  std::vector<SelectItem> returning;    // empty for none
};

struct Update {
  std::string table;
  uint32_t table_offset = 0;
  std::string alias;
  std::vector<Assignment> assignments;
  FromItemPtr from;
  ExpressionPtr where;
  std::vector<SelectItem> returning;
};

struct Delete {
  std::string table;
  uint32_t table_offset = 0;
  std::string alias;
  ExpressionPtr where;
  std::vector<SelectItem> returning;
};

struct ColumnDeclaration {
  std::string name;
  uint32_t offset = 0;
  Type type;
  bool not_null = false;
  bool primary_key = false;
  bool unique = false;
  ExpressionPtr default_value;  // null for none
};

struct CreateTable {
  std::string table;
  uint32_t table_offset = 0;
  bool if_not_exists = false;
  std::vector<ColumnDeclaration> columns;  // empty with a query and no names
  std::vector<std::string> primary_key;    // PRIMARY KEY (a, b) as a clause of its own
  uint32_t primary_key_offset = 0;
  std::vector<std::string> time_key;  // TIME KEY (t)
  std::vector<std::vector<std::string>> unique_keys;
  std::vector<Argument> options;  // WITH (name = value, ..)
  SelectPtr query;                // CREATE TABLE .. AS; null for none
};

struct CreateIndex {
  std::string index;
  std::string table;
  uint32_t table_offset = 0;
  bool unique = false;
  bool if_not_exists = false;
  std::string method;  // USING method; empty for none
  std::vector<OrderItem> keys;
  std::vector<Argument> options;
  ExpressionPtr where;
};

struct CreateView {
  std::string view;
  uint32_t view_offset = 0;
  bool if_not_exists = false;
  std::vector<std::string> columns;
  SelectPtr query;
};

// COPY table [(columns)] FROM 'file', COPY table | (query) TO 'file'.
struct Copy {
  bool from = false;  // FROM reads the file, TO writes it
  std::string table;  // empty with a query
  uint32_t table_offset = 0;
  std::vector<std::string> columns;
  SelectPtr query;
  std::string file;
  uint32_t file_offset = 0;
  std::vector<Argument> options;
};

enum class StatementKind : uint8_t {
  kSelect,       // select
  kInsert,       // insert
  kUpdate,       // update
  kDelete,       // erase
  kCreateTable,  // create_table
  kCreateIndex,  // create_index
  kCreateView,   // create_view
  kDropTable,    // name, if_exists
  kDropIndex,    // name, if_exists
  kDropView,     // name, if_exists
  kBegin,
  kCommit,
  kRollback,
  kSavepoint,   // name
  kRollbackTo,  // name
  kRelease,     // name
  kCheckpoint,
  kVacuum,
  kCheck,       // CHECK, PRAGMA integrity_check
  kCopy,        // copy
  kShowTables,  // SHOW TABLES
  kDescribe,    // DESCRIBE name
  kSet,         // SET name = value, PRAGMA name = value; a PRAGMA without value has none
};

enum class ExplainMode : uint8_t { kNone, kPlan, kAnalyze };

struct Statement {
  StatementKind kind = StatementKind::kSelect;
  ExplainMode explain = ExplainMode::kNone;  // of kSelect, kInsert, kUpdate, kDelete, kCreateTable
  bool if_exists = false;
  uint32_t offset = 0;
  uint32_t name_offset = 0;
  std::string name;
  ExpressionPtr value;  // kSet
  SelectPtr select;
  std::unique_ptr<Insert> insert;
  std::unique_ptr<Update> update;
  std::unique_ptr<Delete> erase;
  std::unique_ptr<CreateTable> create_table;
  std::unique_ptr<CreateIndex> create_index;
  std::unique_ptr<CreateView> create_view;
  std::unique_ptr<Copy> copy;
  // One a parameter, in the order of their numbers; empty for ? and ?N.
  std::vector<std::string> parameter_names;
};
using StatementPtr = std::unique_ptr<Statement>;

}  // namespace mote::ast
