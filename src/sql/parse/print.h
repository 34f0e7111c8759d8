// Syntax trees as SQL text: what parse gives back as the same tree.
#pragma once

#include <string>
#include <string_view>

#include "sql/parse/ast.h"

namespace mote {

std::string to_sql(const ast::Expression& expression);
std::string to_sql(const ast::Select& select);
std::string to_sql(const ast::Statement& statement);

// A name as it must be written: quoted when it is a keyword or has other characters than ASCII
// letters, digits and underscores.
void append_name(std::string_view name, std::string* out);
// 'text' with its quotes doubled.
void append_quoted_text(std::string_view text, std::string* out);

}  // namespace mote
