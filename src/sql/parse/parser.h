// SQL text to syntax tree.
//
// Parses one statement at a time, so that a shell can answer each before it reads the next. The
// dialect is that of SQLite and PostgreSQL where they agree. Operators, from loose to tight:
//
//   OR
//   AND
//   NOT
//   = == <> != IS [NOT] [NOT] BETWEEN, IN, LIKE, ILIKE, GLOB, MATCH
//   < <= > >=
//   <-> <=> <#> & | << >>
//   + -
//   * / %
//   ||
//   unary - + ~
//   ::
//
// No state is shared: any number of threads may parse.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/status.h"
#include "sql/parse/ast.h"

namespace mote {

// Parses the first statement of `text`, up to and with its semicolon or the end of the text, and
// sets *consumed to the number of bytes it took, also when there is an error (then up to and with
// the first semicolon outside quotes and comments, so that a caller may go on with the next one).
// Gives null when there is no statement: only blanks, comments and semicolons, all consumed.
// Offsets, those of errors included, count from the beginning of `text`.
//
// Errors: kInvalidArgument for syntax, with the offset; kLimit for a statement longer than
// kMaxStatementBytes or nested deeper than kMaxExpressionDepth or kMaxQueryDepth.
Result<ast::StatementPtr> parse_statement(std::string_view text, size_t* consumed);

// Parses `text` as one expression, such as a stored DEFAULT.
Result<ast::ExpressionPtr> parse_expression(std::string_view text);

// The number of leading bytes of `text` that make up whole statements, each ended by a semicolon;
// what follows is the beginning of one, or blanks.
size_t complete_statements_bytes(std::string_view text);

// Whether `text` ends inside a statement: something other than blanks and whole comments stands
// after the last semicolon, or a quotation or comment is open.
bool ends_inside_statement(std::string_view text);

}  // namespace mote
