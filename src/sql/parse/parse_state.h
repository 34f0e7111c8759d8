// The parser's inside: one object a statement, over its tokens.
//
// A method that gives a pointer gives null, and one that gives a bool false, when it has failed;
// the first error is kept and the callers only pass the failure on, so that frames stay small.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "sql/parse/ast.h"
#include "sql/parse/lexer.h"

namespace mote {

class Parser {
 public:
  Parser(std::string_view text, const std::vector<Token>& tokens) : text_(text), tokens_(tokens) {}

  ast::StatementPtr statement();
  ast::ExpressionPtr expression();
  // The statement's end, or an error.
  bool at_end_or_fail();
  Status take_error() { return std::move(error_); }

 private:
  friend class ExpressionParser;

  // Tokens.
  const Token& peek(size_t ahead = 0) const {
    const size_t wanted = at_ + ahead;
    return tokens_[wanted < tokens_.size() ? wanted : tokens_.size() - 1];
  }
  std::string_view spelling(const Token& token) const {
    return text_.substr(token.offset, token.size_bytes);
  }
  uint32_t offset() const { return peek().offset; }
  bool at(Keyword keyword, size_t ahead = 0) const { return peek(ahead).keyword == keyword; }
  bool at(Symbol symbol, size_t ahead = 0) const { return peek(ahead).symbol == symbol; }
  bool at_word(std::string_view word) const;  // a bare name that is no keyword, in any case
  void advance() {
    if (at_ + 1 < tokens_.size()) ++at_;
  }
  template <typename Wanted>
  bool accept(Wanted wanted) {
    if (!at(wanted)) return false;
    advance();
    return true;
  }
  bool expect(Keyword keyword);
  bool expect(Symbol symbol, const char* spelled);

  // Errors; all give false.
  bool fail(Status error, uint32_t offset);
  bool fail_expected(const char* what);  // syntax error at the next token
  bool enter_query();                    // counts one level of recursion
  void leave_query() { --query_depth_; }

  // Names.
  bool at_name() const { return is_name(peek()); }
  static bool is_name(const Token& token) {
    return token.kind == TokenKind::kQuotedName ||
           (token.kind == TokenKind::kName && keyword_use(token.keyword) != KeywordUse::kReserved);
  }
  std::string take_name();  // the next token's, of whatever kind
  bool name(const char* what, std::string* out);
  bool name_list(std::vector<std::string>* out);  // (a, b, ..)
  bool text_literal(const char* what, std::string* out);
  bool implicit_alias(std::string* out);
  bool from_alias(ast::FromItem* item);

  // Expressions: parse_expression.cc.
  bool expression_list(std::vector<ast::ExpressionPtr>* out);
  bool order_list(std::vector<ast::OrderItem>* out);
  bool type(Type* out);
  bool vector_arguments(Type* out);
  bool starts_query(size_t ahead);
  const Token& after_bracket(size_t open);
  bool deepen(uint32_t depth, uint32_t at_offset);
  ast::ExpressionPtr parameter();
  ast::ExpressionPtr number(bool negative);

  // Clauses of calls: parse_call.cc.
  bool call_clauses(ast::Expression* call);
  bool window_definition(ast::Window* window);
  bool window_frame(ast::Window* window);
  bool frame_boundary(ast::FrameBoundary* boundary);

  // Queries: parse_query.cc.
  ast::SelectPtr query();
  ast::SelectPtr query_in_brackets();  // after the opening one; takes the closing one
  ast::SelectPtr query_body();
  bool with_clause(ast::Select* select);
  ast::SelectPtr compound(bool intersect_only);
  ast::SelectPtr query_term();
  ast::SelectPtr select_core();
  bool select_clauses(ast::Select* select);
  bool values_rows(ast::Select* select);
  bool query_tail(ast::Select* select);
  bool select_items(std::vector<ast::SelectItem>* out);
  bool select_item(ast::SelectItem* out);
  ast::FromItemPtr from_clause();
  ast::FromItemPtr from_term();
  bool from_brackets(ast::FromItemPtr* out);
  bool from_named(ast::FromItem* item);
  bool join_kind(ast::FromItem* join, bool* found);
  bool join_condition(ast::FromItem* join);
  bool arguments(std::vector<ast::Argument>* out);
  bool option_list(std::vector<ast::Argument>* out);
  bool option_value(ast::Argument* option);

  // Statements: parse_statement.cc.
  bool statement_body(ast::Statement* out);
  bool query_statement(ast::Statement* out);
  bool insert(ast::Statement* out);
  bool insert_conflict(ast::Insert* insert);
  bool assignments(std::vector<ast::Assignment>* out);
  bool returning(std::vector<ast::SelectItem>* out);
  bool update(ast::Statement* out);
  bool erase(ast::Statement* out);
  bool create(ast::Statement* out);
  bool create_table(ast::Statement* out);
  bool table_element(ast::CreateTable* table);
  bool column_declaration(ast::CreateTable* table);
  bool column_constraint(ast::ColumnDeclaration* column, bool* found);
  bool create_index(ast::Statement* out, bool unique);
  bool create_view(ast::Statement* out);
  bool drop(ast::Statement* out);
  bool transaction(ast::Statement* out);
  bool named(ast::StatementKind kind, ast::Statement* out);
  bool copy(ast::Statement* out);
  bool copy_options(std::vector<ast::Argument>* out);
  bool set(ast::Statement* out);
  bool pragma(ast::Statement* out);
  bool if_not_exists(bool* out);

  std::string_view text_;
  const std::vector<Token>& tokens_;
  size_t at_ = 0;
  Status error_;
  uint32_t query_depth_ = 0;                  // recursion: queries and clauses
  uint32_t brackets_ = 0;                     // open brackets of all expressions being read
  uint32_t height_ = 0;                       // of the trees read since the query began
  uint32_t joins_ = 0;                        // of the FROM being read
  bool in_default_ = false;                   // a DEFAULT is read: NOT NULL ends it
  size_t last_alias_ = SIZE_MAX;              // token of the last alias without AS
  std::vector<uint32_t> closing_;             // of each opening bracket's token; empty until asked
  std::vector<std::string> parameter_names_;  // one a parameter so far
  std::map<std::string, uint32_t, std::less<>> named_parameters_;
};

}  // namespace mote
