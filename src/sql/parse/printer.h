// Writes syntax trees as SQL: one object a text.
//
// Recursive, as deep as the tree.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/parse/ast.h"
#include "sql/parse/print.h"

namespace mote {

class Printer {
 public:
  explicit Printer(std::string* out) : out_(*out) {}

  // Brackets are put around what binds less tightly than `precedence`.
  void expression(const ast::Expression& e, uint8_t precedence = 0);
  void query(const ast::Select& select);
  void statement(const ast::Statement& statement);

 private:
  void text(std::string_view piece) { out_ += piece; }
  void name(std::string_view piece) { append_name(piece, &out_); }
  void names(const std::vector<std::string>& list);  // (a, b)
  void expressions(const std::vector<ast::ExpressionPtr>& list, size_t first = 0);
  void literal(const ast::Expression& e);
  void unary(const ast::Expression& e);
  void binary(const ast::Expression& e);
  void chain(const ast::Expression& e);
  void in(const ast::Expression& e);
  void case_of(const ast::Expression& e);
  void call(const ast::Expression& e);
  void order(const std::vector<ast::OrderItem>& items);
  void order_items(const std::vector<ast::OrderItem>& items);
  void window(const ast::Window& window);
  void boundary(const ast::FrameBoundary& boundary);

  void query_term(const ast::Select& select, bool needs_brackets);
  void compound(const ast::Select& select);
  void select_core(const ast::Select& select);
  void items(const std::vector<ast::SelectItem>& list);
  void from(const ast::FromItem& item);
  void join(const ast::FromItem& item);
  void value(const ast::Expression& e);
  void arguments(const std::vector<ast::Argument>& list);
  void options(const std::vector<ast::Argument>& list);

  void insert(const ast::Insert& insert);
  void update(const ast::Update& update);
  void erase(const ast::Delete& erase);
  void create_table(const ast::CreateTable& table);
  void create_index(const ast::CreateIndex& index);
  void create_view(const ast::CreateView& view);
  void copy(const ast::Copy& copy);
  void set(const ast::Statement& statement);
  void assignments(const std::vector<ast::Assignment>& list);
  void where(const ast::ExpressionPtr& condition);
  void returning(const std::vector<ast::SelectItem>& list);
  void named(const char* words, const ast::Statement& statement);

  std::string& out_;
};

}  // namespace mote
