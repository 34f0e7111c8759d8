// The binder's inside: one object a statement, spread over the bind_*.cc files.
//
// A Scope says which columns names may mean at a place, and links to the scope of the query around
// it. An ExpressionContext says what an expression may contain there: aggregates, windows,
// subqueries. Slots are numbered in the order in which they are made, so that a query's own slots
// are those from its first one on, and lower ones belong to the queries around it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/bind/binder.h"
#include "sql/bind/bound_statement.h"
#include "sql/parse/ast.h"

namespace mote {

struct ScopeColumn {
  BoundColumn column;
  bool hidden = false;  // by USING: only found with its table's name, and not part of *
};

struct ScopeTable {
  std::string name;  // the alias, or the table's own name
  std::vector<ScopeColumn> columns;
  // Of a stored table: what `rowid` means where no column has that name. Not part of *.
  std::optional<ScopeColumn> row_id;
};

struct Scope {
  const Scope* parent = nullptr;
  std::vector<ScopeTable> tables;
};

// An item of a select list.
struct SelectOutput {
  BoundExpressionPtr expression;
  std::string name;
};

struct ExpressionContext {
  const Scope* scope = nullptr;
  const char* clause = "";  // for messages: "WHERE"
  // Where aggregates and window calls go; null where they are not allowed.
  std::vector<BoundAggregate>* aggregates = nullptr;
  std::vector<BoundWindowStage>* windows = nullptr;
  std::vector<BoundSubquery>* subqueries = nullptr;  // null: not allowed
  std::vector<BoundTextScore>* scores = nullptr;     // null: not allowed
  // Where aggregates' arguments put their subqueries.
  std::vector<BoundSubquery>* early_subqueries = nullptr;
  // Select-list names that may be used where no column has the name; null for none.
  const std::vector<SelectOutput>* aliases = nullptr;
  const std::vector<ast::NamedWindow>* named_windows = nullptr;
};

// A table of WITH, and those that its query and everything else inside it may use besides.
struct WithFrame {
  const ast::WithQuery* table = nullptr;
  const Scope* scope = nullptr;
  const WithFrame* below = nullptr;
};

// What is known of a slot.
struct SlotOrigin {
  TableId table = 0;  // 0: not a column of a table
  uint32_t column = 0;
};

class Binder {
 public:
  Binder(const Catalog& catalog, TableFunctions& functions, std::span<const Type> parameter_types)
      : catalog_(catalog), functions_(functions), given_types_(parameter_types) {}

  Result<BoundStatement> bind(const ast::Statement& statement);
  // A parameter was used before its type was known, and then became known.
  bool wants_second_pass() const;

 private:
  // --- bind_statement.cc
  Status bind_definition(const ast::Statement& statement, BoundStatement& out);
  Status bind_create_table(const ast::CreateTable& create, BoundStatement& out);
  Result<BoundQueryPtr> bind_create_columns(const ast::CreateTable& create, BoundQueryPtr query,
                                            Schema* schema);
  Result<ColumnDefinition> bind_declaration(const ast::ColumnDeclaration& declaration);
  Status bind_drop(const ast::Statement& statement, BoundStatement& out);
  Status bind_copy(const ast::Copy& copy, BoundStatement& out);
  Result<Value> copy_option(const ast::Argument& option);
  Status bind_copy_from(const ast::Copy& copy, BoundStatement& out);
  Status bind_set(const ast::Statement& statement, BoundStatement& out);

  // --- bind_write.cc
  Status bind_insert(const ast::Insert& insert, BoundStatement& out);
  Status bind_update(const ast::Update& update, BoundStatement& out);
  Status bind_delete(const ast::Delete& erase, BoundStatement& out);
  Status bind_returning(const std::vector<ast::SelectItem>& items, const TableDefinition& table,
                        BoundStatement& out);
  // Schema positions of the named columns, or all; duplicates and unknown names are errors.
  Result<std::vector<uint32_t>> target_columns(const TableDefinition& table,
                                               const std::vector<std::string>& names,
                                               uint32_t offset);
  Result<BoundExpressionPtr> bind_default(const ColumnDefinition& column);
  Result<BoundQueryPtr> bind_insert_values(const ast::Select& values, const TableDefinition& table,
                                           const std::vector<uint32_t>& targets);
  // `source`'s outputs as rows of the table.
  Result<BoundQueryPtr> insert_from_query(BoundQueryPtr source, const TableDefinition& table,
                                          const std::vector<uint32_t>& targets, uint32_t offset);
  BoundSourcePtr table_source(const TableDefinition& table);
  Result<const TableDefinition*> find_table(const std::string& name, uint32_t offset);

  // --- bind_query.cc
  Result<BoundQueryPtr> bind_query(const ast::Select& select, const Scope* parent);
  Result<BoundQueryPtr> bind_query_body(const ast::Select& select, const Scope* parent);
  Result<BoundQueryPtr> bind_values(const ast::Select& select, const Scope* parent);
  Result<BoundQueryPtr> bind_compound(const ast::Select& select, const Scope* parent);
  Result<BoundQueryPtr> bind_set_operation(const ast::Select& select, BoundQueryPtr left,
                                           BoundQueryPtr right);
  // Orders and limits a query that has no ORDER BY of its own.
  Result<BoundQueryPtr> order_compound(const ast::Select& select, BoundQueryPtr query,
                                       const Scope* parent);
  Status bind_limit(const ast::Select& select, BoundQuery& query);
  // Makes both queries give the same types, column by column.
  Status unify_arms(BoundQueryPtr& left, BoundQueryPtr& right, uint32_t offset);
  Result<BoundQueryPtr> convert_outputs(BoundQueryPtr query, std::span<const Type> types);
  BoundQueryPtr wrap_query(BoundQueryPtr query);

  // --- bind_select.cc
  struct SelectState;
  Result<BoundQueryPtr> bind_select(const ast::Select& select, const Scope* parent);
  Status bind_where(const ast::Expression* where, ExpressionContext& context, BoundQuery& query);
  Status bind_items(const ast::Select& select, SelectState& state);
  void place_subqueries(SelectState& state);
  Status bind_groups(const ast::Select& select, SelectState& state);
  Status bind_having_and_order(const ast::Select& select, SelectState& state);
  Status bind_order_item(const ast::Select& select, const ast::OrderItem& item, SelectState& state);
  Status regroup_all(SelectState& state);
  Status regroup(BoundExpressionPtr& expression, const SelectState& state);
  void finish_outputs(SelectState& state);
  Status expand_star(const ast::Expression& star, const Scope& scope,
                     std::vector<SelectOutput>* out);
  static std::string output_name(const ast::SelectItem& item, const BoundExpression& expression);

  // --- bind_from.cc
  Result<BoundSourcePtr> bind_from(const ast::FromItem& item, Scope& scope);
  Result<BoundSourcePtr> bind_named_source(const ast::FromItem& item, Scope& scope);
  Result<BoundSourcePtr> bind_table_function(const ast::FromItem& item, Scope& scope);
  Result<BoundSourcePtr> call_table_function(const ast::FromItem& item);
  Result<BoundSourcePtr> bind_join(const ast::FromItem& item, Scope& scope);
  Status bind_using(const ast::FromItem& item, size_t left_tables, Scope& inside,
                    BoundSource& join);
  Status bind_asof(const ast::FromItem& item, SlotId right_first, const Scope& scope,
                   BoundSource& join);
  Status bind_asof_conjunct(const ast::Expression& conjunct, SlotId right_first,
                            ExpressionContext& context, BoundSource& join);
  Status add_to_scope(const ast::FromItem& item, const std::string& name,
                      const std::vector<BoundColumn>& columns, Scope& scope);

  // --- bind_expression.cc
  Result<BoundExpressionPtr> bind_expression(const ast::Expression& expression,
                                             ExpressionContext& context);
  Result<BoundExpressionPtr> bind_column(const ast::Expression& expression,
                                         const ExpressionContext& context);
  BoundExpressionPtr bind_parameter(const ast::Expression& expression);
  Result<BoundExpressionPtr> bind_unary(const ast::Expression& expression,
                                        ExpressionContext& context);
  Result<BoundExpressionPtr> bind_binary(const ast::Expression& expression,
                                         ExpressionContext& context);
  Result<BoundExpressionPtr> bind_comparison(const ast::Expression& expression,
                                             ExpressionContext& context);
  Result<BoundExpressionPtr> bind_connective(const ast::Expression& expression,
                                             ExpressionContext& context);
  Result<BoundExpressionPtr> bind_between(const ast::Expression& expression,
                                          ExpressionContext& context);
  Result<BoundExpressionPtr> bind_in_list(const ast::Expression& expression,
                                          ExpressionContext& context);
  Result<BoundExpressionPtr> bind_case(const ast::Expression& expression,
                                       ExpressionContext& context);
  Result<BoundExpressionPtr> bind_array(const ast::Expression& expression,
                                        ExpressionContext& context);
  // As a condition: BOOLEAN, or an error naming the clause.
  Result<BoundExpressionPtr> bind_condition(const ast::Expression& expression,
                                            ExpressionContext& context);

  // --- bind_call.cc
  Result<BoundExpressionPtr> bind_call(const ast::Expression& expression,
                                       ExpressionContext& context);
  Result<BoundExpressionPtr> bind_score(const ast::Expression& expression,
                                        ExpressionContext& context);
  Result<BoundAggregate> bind_aggregate(const ast::Expression& expression,
                                        const ExpressionContext& context);
  Result<BoundExpressionPtr> bind_window(const ast::Expression& expression,
                                         ExpressionContext& context);
  Result<BoundWindowCall> bind_window_call(const ast::Expression& expression,
                                           const ExpressionContext& context);
  Status bind_window_arguments(const ast::Expression& expression, const ExpressionContext& context,
                               BoundWindowCall& call);
  Status bind_frame(const ast::Window& window, const BoundWindowStage& stage,
                    ExpressionContext& context, BoundWindowCall& call);
  Result<BoundWindowStage> bind_window_order(const ast::Window& window, ExpressionContext& context,
                                             const ast::Window** frame);
  // A root of a select list or ORDER BY: match() means the score there.
  Result<BoundExpressionPtr> bind_ranked(const ast::Expression& expression,
                                         ExpressionContext& context);

  // --- bind_subquery.cc
  Result<BoundExpressionPtr> bind_scalar_subquery(const ast::Expression& expression,
                                                  ExpressionContext& context);
  Result<BoundExpressionPtr> bind_exists(const ast::Expression& expression,
                                         ExpressionContext& context);
  Result<BoundExpressionPtr> bind_in_query(const ast::Expression& expression,
                                           ExpressionContext& context);
  // A conjunct of WHERE: EXISTS and IN become semi and anti joins; gives null then.
  Result<BoundExpressionPtr> bind_conjunct(const ast::Expression& expression,
                                           ExpressionContext& context);
  Result<BoundSubquery> exists_subquery(const ast::Select& select, ExpressionContext& context);
  Result<BoundSubquery> in_subquery(const ast::Expression& expression, bool null_aware,
                                    ExpressionContext& context);
  Status reserve_subqueries(const ast::Expression& expression, const ExpressionContext& context);
  void decorrelate(BoundSubquery& subquery, SlotId first, bool keep_outputs);

  // --- coerce.cc
  SlotId add_slot(SlotOrigin origin = {});
  // `expression` as `type`; `what` names the place for the error: "column 'ts'".
  Result<BoundExpressionPtr> coerce(BoundExpressionPtr expression, Type type, const char* what);
  // Gives both the type in which they can be compared.
  Status unify(BoundExpressionPtr& left, BoundExpressionPtr& right, const char* what);
  Result<BoundExpressionPtr> compare(const char* name, BoundExpressionPtr left,
                                     BoundExpressionPtr right, uint32_t offset);
  Result<BoundExpressionPtr> apply(std::string_view name, std::vector<BoundExpressionPtr> arguments,
                                   uint32_t offset);
  // One type for all (CASE, IN, VALUES, UNION) and the children cast to it.
  Result<Type> unify_all(std::span<BoundExpressionPtr* const> expressions, const char* what);

  const Catalog& catalog_;
  TableFunctions& functions_;
  std::span<const Type> given_types_;
  std::vector<BoundParameter> parameters_;
  std::vector<bool> used_untyped_;
  std::vector<SlotOrigin> slots_;
  const WithFrame* with_frames_ = nullptr;
  uint32_t with_uses_ = 0;
};

// NULL sorts below everything unless the item says otherwise.
bool nulls_come_first(const ast::OrderItem& item);
// "column 'ts' (TIMESTAMP)", "INTEGER".
std::string describe(const BoundExpression& expression);
// Whether cast_value(.., kImplicit) can succeed for some value.
bool can_become(Type from, Type to);
// TEXT written in the statement, or bound as TEXT: it takes the type its surroundings want.
bool is_text_literal(const BoundExpression& expression);
// The type of both, when there is one: numbers widen, INTEGER becomes TIMESTAMP, NULL anything.
std::optional<Type> joint_type(Type a, Type b);
// Makes a constant number one of the other's kind, when nothing is lost.
void match_number(const BoundExpression& other, BoundExpressionPtr& constant);
// "; did you mean 'angle'?", or nothing.
std::string nearest_hint(std::string_view name, std::span<const std::string> candidates);
Status unsupported(const char* what, uint32_t offset);

}  // namespace mote
