// Syntax tree -> bound statement: names are looked up, types checked, implicit casts put in,
// aggregates and windows told apart, subqueries made joins.
//
// Messages say where (the offset in the SQL text), both types, and the nearest name. Recursion
// follows the tree, which the parser keeps within kMaxExpressionDepth; that takes up to 1 MiB of
// stack.
//
// No state is shared: any number of threads may bind.
#pragma once

#include <span>
#include <string_view>

#include "base/status.h"
#include "catalog/catalog.h"
#include "sql/bind/bound_statement.h"
#include "sql/bind/table_functions.h"
#include "sql/parse/ast.h"

namespace mote {

// parameter_types: the types of values already bound, kNull (or left out at the end) where none is
//
// Errors: kNotFound for names; kInvalidArgument for types and for what SQL does not allow; those of
// `functions`. All with an offset.
Result<BoundStatement> bind_statement(const ast::Statement& statement, const Catalog& catalog,
                                      TableFunctions& functions,
                                      std::span<const Type> parameter_types);

// The value of an expression without columns and parameters, at once. Used for DEFAULTs shown to
// the user, options and limits; stable functions (now()) count as of `statement_wall_ns`.
Result<Value> evaluate_constant(const BoundExpression& expression, int64_t statement_wall_ns);

}  // namespace mote
