// Queries: SELECT, VALUES, compounds, WITH, FROM.

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "sql/parse/parse_state.h"

namespace mote {

using ast::FromItem;
using ast::FromItemPtr;
using ast::FromKind;
using ast::JoinKind;
using ast::Select;
using ast::SelectKind;
using ast::SelectPtr;

namespace {

bool has_clauses(const Select& select) {
  return !select.with.empty() || !select.order_by.empty() || select.limit != nullptr ||
         select.row_offset != nullptr;
}

// SELECT * FROM (query): what a query in brackets becomes when clauses follow the brackets.
SelectPtr wrapped(SelectPtr query) {
  auto outer = std::make_unique<Select>();
  outer->offset = query->offset;
  outer->depth = static_cast<uint16_t>(query->depth + 1);
  ast::SelectItem item;
  item.expression =
      std::make_unique<ast::Expression>(ast::ExpressionKind::kStar, query->offset);
  outer->items.push_back(std::move(item));
  outer->from = std::make_unique<FromItem>();
  outer->from->kind = FromKind::kSubquery;
  outer->from->offset = query->offset;
  outer->from->query = std::move(query);
  return outer;
}

}  // namespace

SelectPtr Parser::query() {
  if (!enter_query()) return nullptr;
  const uint32_t outer_joins = std::exchange(joins_, 0u);
  const uint32_t outer_height = std::exchange(height_, 0u);
  SelectPtr select = query_body();
  if (select == nullptr) return nullptr;
  const uint32_t depth = std::max<uint32_t>(select->depth, height_ + 1);
  if (!deepen(depth, select->offset)) return nullptr;
  select->depth = static_cast<uint16_t>(depth);
  height_ = std::max(outer_height, depth);
  joins_ = outer_joins;
  leave_query();
  return select;
}

SelectPtr Parser::query_in_brackets() {
  if (!starts_query(0) && !at(Symbol::kOpen)) {
    fail_expected("SELECT");
    return nullptr;
  }
  SelectPtr select = query();
  if (select == nullptr || !expect(Symbol::kClose, "')'")) return nullptr;
  return select;
}

// Leaves in height_ the height of the clauses that belong to the whole.
SelectPtr Parser::query_body() {
  const auto whole = std::make_unique<Select>();  // not on the stack, which recursion needs
  Select& clauses = *whole;
  if (at(Keyword::kWith) && !with_clause(&clauses)) return nullptr;
  const uint32_t with_height = std::exchange(height_, 0u);
  SelectPtr select = compound(/*intersect_only=*/false);
  if (select == nullptr) return nullptr;
  height_ = with_height;
  if (!query_tail(&clauses)) return nullptr;
  if (!has_clauses(clauses)) return select;
  if (has_clauses(*select)) select = wrapped(std::move(select));
  select->recursive = clauses.recursive;
  select->with = std::move(clauses.with);
  select->order_by = std::move(clauses.order_by);
  select->limit = std::move(clauses.limit);
  select->row_offset = std::move(clauses.row_offset);
  return select;
}

bool Parser::with_clause(Select* select) {
  advance();
  select->recursive = accept(Keyword::kRecursive);
  do {
    ast::WithQuery part;
    part.offset = offset();
    if (!name("a name for the query", &part.name)) return false;
    if (at(Symbol::kOpen) && !name_list(&part.columns)) return false;
    if (!expect(Keyword::kAs) || !expect(Symbol::kOpen, "'('")) return false;
    part.query = query_in_brackets();
    if (part.query == nullptr) return false;
    select->with.push_back(std::move(part));
  } while (accept(Symbol::kComma));
  return true;
}

// Terms joined by UNION and EXCEPT, whose terms in turn are joined by INTERSECT.
SelectPtr Parser::compound(bool intersect_only) {
  SelectPtr left = intersect_only ? query_term() : compound(true);
  while (left != nullptr) {
    SelectKind kind = SelectKind::kIntersect;
    if (intersect_only) {
      if (!accept(Keyword::kIntersect)) break;
    } else if (accept(Keyword::kUnion)) {
      kind = accept(Keyword::kAll) ? SelectKind::kUnionAll : SelectKind::kUnion;
    } else if (accept(Keyword::kExcept)) {
      kind = SelectKind::kExcept;
    } else {
      break;
    }
    SelectPtr right = intersect_only ? query_term() : compound(true);
    if (right == nullptr) return nullptr;
    const uint32_t depth = std::max(left->depth, right->depth) + 1u;
    if (!deepen(depth, right->offset)) return nullptr;
    auto both = std::make_unique<Select>();
    both->kind = kind;
    both->offset = left->offset;
    both->depth = static_cast<uint16_t>(depth);
    both->left = std::move(left);
    both->right = std::move(right);
    left = std::move(both);
  }
  return left;
}

SelectPtr Parser::query_term() {
  if (accept(Symbol::kOpen)) return query_in_brackets();
  const uint32_t outer_height = std::exchange(height_, 0u);
  SelectPtr select = select_core();
  if (select == nullptr || !deepen(height_ + 1, select->offset)) return nullptr;
  select->depth = static_cast<uint16_t>(height_ + 1);
  height_ = outer_height;
  return select;
}

SelectPtr Parser::select_core() {
  auto select = std::make_unique<Select>();
  select->offset = offset();
  if (accept(Keyword::kValues)) {
    select->kind = SelectKind::kValues;
    return values_rows(select.get()) ? std::move(select) : nullptr;
  }
  if (!expect(Keyword::kSelect)) return nullptr;
  select->distinct = accept(Keyword::kDistinct);
  if (!select->distinct) accept(Keyword::kAll);
  if (!select_items(&select->items) || !select_clauses(select.get())) return nullptr;
  return select;
}

bool Parser::select_clauses(Select* select) {
  if (accept(Keyword::kFrom) && (select->from = from_clause()) == nullptr) return false;
  if (accept(Keyword::kWhere) && (select->where = expression()) == nullptr) return false;
  if (accept(Keyword::kGroup)) {
    if (!expect(Keyword::kBy) || !expression_list(&select->group_by)) return false;
  }
  if (accept(Keyword::kHaving) && (select->having = expression()) == nullptr) return false;
  if (!accept(Keyword::kWindow)) return true;
  do {
    select->windows.emplace_back();
    ast::NamedWindow& window = select->windows.back();
    if (!name("a window's name", &window.name) || !expect(Keyword::kAs)) return false;
    if (!expect(Symbol::kOpen, "'('") || !window_definition(&window.window)) return false;
  } while (accept(Symbol::kComma));
  return true;
}

bool Parser::values_rows(Select* select) {
  do {
    const uint32_t row_offset = offset();
    if (!expect(Symbol::kOpen, "'('")) return false;
    select->rows.emplace_back();
    if (select->rows.size() > 1) select->rows.back().reserve(select->rows[0].size());
    if (!expression_list(&select->rows.back())) return false;
    if (!expect(Symbol::kClose, "',' or ')'")) return false;
    const size_t width = select->rows.back().size();
    if (width != select->rows[0].size()) {
      return fail(invalid_argument("row %zu of VALUES has %zu values; the first has %zu",
                                   select->rows.size(), width, select->rows[0].size()),
                  row_offset);
    }
  } while (accept(Symbol::kComma));
  return true;
}

// ORDER BY, LIMIT n [OFFSET m], LIMIT m, n, OFFSET m.
bool Parser::query_tail(Select* select) {
  if (at(Keyword::kOrder) && !order_list(&select->order_by)) return false;
  if (accept(Keyword::kLimit) && !accept(Keyword::kAll)) {
    select->limit = expression();
    if (select->limit == nullptr) return false;
    if (accept(Symbol::kComma)) {
      select->row_offset = std::move(select->limit);
      select->limit = expression();
      return select->limit != nullptr;
    }
  }
  if (!accept(Keyword::kOffset)) return true;
  select->row_offset = expression();
  if (select->row_offset == nullptr) return false;
  if (!accept(Keyword::kRows)) accept(Keyword::kRow);
  if (select->limit == nullptr && accept(Keyword::kLimit)) {
    select->limit = expression();
    return select->limit != nullptr;
  }
  return true;
}

bool Parser::select_items(std::vector<ast::SelectItem>* out) {
  do {
    out->emplace_back();
    if (!select_item(&out->back())) return false;
  } while (accept(Symbol::kComma));
  return true;
}

bool Parser::select_item(ast::SelectItem* out) {
  const uint32_t begin = offset();
  const bool is_qualified = at_name() && at(Symbol::kDot, 1) && at(Symbol::kStar, 2);
  if (is_qualified || at(Symbol::kStar)) {
    out->expression = std::make_unique<ast::Expression>(ast::ExpressionKind::kStar, begin);
    if (is_qualified) {
      out->expression->qualifier = take_name();
      advance();
    }
    advance();
    return true;
  }
  out->expression = expression();
  if (out->expression == nullptr) return false;
  const Token& last = tokens_[at_ - 1];
  out->text = text_.substr(begin, last.offset + last.size_bytes - begin);
  if (!accept(Keyword::kAs)) {
    implicit_alias(&out->alias);
    return true;
  }
  // Behind AS no word is a keyword.
  if (peek().kind != TokenKind::kName && peek().kind != TokenKind::kQuotedName) {
    return fail_expected("a name");
  }
  out->alias = take_name();
  return true;
}

// FROM.

FromItemPtr Parser::from_clause() {
  FromItemPtr left = from_term();
  while (left != nullptr) {
    auto join = std::make_unique<FromItem>();
    join->kind = FromKind::kJoin;
    join->offset = offset();
    bool found = false;
    if (!join_kind(join.get(), &found)) return nullptr;
    if (!found) break;
    if (++joins_ > kMaxJoins) {
      fail(limit_exceeded("a FROM has more than %u joins", kMaxJoins), join->offset);
      return nullptr;
    }
    join->left = std::move(left);
    join->right = from_term();
    if (join->right == nullptr || !join_condition(join.get())) return nullptr;
    left = std::move(join);
  }
  return left;
}

bool Parser::join_kind(FromItem* join, bool* found) {
  *found = true;
  join->join = JoinKind::kCross;
  if (accept(Symbol::kComma)) return true;
  join->natural = accept(Keyword::kNatural);
  if (accept(Keyword::kCross)) return expect(Keyword::kJoin);
  const bool has_asof_word =
      at(Keyword::kAsof) &&
      (at(Keyword::kJoin, 1) || at(Keyword::kLeft, 1) || at(Keyword::kInner, 1));
  if (has_asof_word) {
    advance();
    join->join = JoinKind::kAsof;
    if (accept(Keyword::kLeft)) {
      join->join = JoinKind::kAsofLeft;
      accept(Keyword::kOuter);
    } else {
      accept(Keyword::kInner);
    }
    return expect(Keyword::kJoin);
  }
  const bool is_outer = at(Keyword::kLeft) || at(Keyword::kRight) || at(Keyword::kFull);
  join->join = at(Keyword::kLeft)    ? JoinKind::kLeft
               : at(Keyword::kRight) ? JoinKind::kRight
               : at(Keyword::kFull)  ? JoinKind::kFull
                                     : JoinKind::kInner;
  if (is_outer) {
    advance();
    accept(Keyword::kOuter);
    return expect(Keyword::kJoin);
  }
  if (accept(Keyword::kInner) || join->natural) return expect(Keyword::kJoin);
  *found = accept(Keyword::kJoin);
  return true;
}

bool Parser::join_condition(FromItem* join) {
  if (join->join == JoinKind::kCross || join->natural) return true;
  if (accept(Keyword::kUsing)) {
    if (!name_list(&join->using_columns)) return false;
  } else if (accept(Keyword::kOn)) {
    join->on = expression();
    if (join->on == nullptr) return false;
  } else {
    return fail_expected("ON or USING");
  }
  if (join->join != JoinKind::kAsof && join->join != JoinKind::kAsofLeft) return true;
  if (!accept(Keyword::kTolerance)) return true;
  join->tolerance = expression();
  return join->tolerance != nullptr;
}

FromItemPtr Parser::from_term() {
  auto item = std::make_unique<FromItem>();
  item->offset = offset();
  if (accept(Symbol::kOpen)) return from_brackets(&item) ? std::move(item) : nullptr;
  return from_named(item.get()) ? std::move(item) : nullptr;
}

// A query, or joins, in brackets.
bool Parser::from_brackets(FromItemPtr* out) {
  if (!starts_query(0)) {
    if (!enter_query()) return false;
    *out = from_clause();
    if (*out == nullptr || !expect(Symbol::kClose, "')' or a join")) return false;
    leave_query();
    return true;
  }
  (*out)->kind = FromKind::kSubquery;
  (*out)->query = query_in_brackets();
  return (*out)->query != nullptr && from_alias(out->get());
}

bool Parser::from_named(FromItem* item) {
  if (!name("a table", &item->name)) return false;
  if (accept(Symbol::kOpen)) {
    item->kind = FromKind::kFunction;
    if (!arguments(&item->arguments)) return false;
  }
  return from_alias(item);
}

bool Parser::from_alias(FromItem* item) {
  if (accept(Keyword::kAs)) {
    if (!name("an alias", &item->alias)) return false;
  } else if (!implicit_alias(&item->alias)) {
    return true;
  }
  return !at(Symbol::kOpen) || name_list(&item->column_aliases);
}

// Behind the opening bracket: value, .., name = value, ..; takes the closing one.
bool Parser::arguments(std::vector<ast::Argument>* out) {
  if (accept(Symbol::kClose)) return true;
  do {
    ast::Argument argument;
    argument.offset = offset();
    if (at_name() && (at(Symbol::kEqual, 1) || at(Symbol::kNamed, 1))) {
      argument.name = take_name();
      advance();
    } else if (!out->empty() && !out->back().name.empty()) {
      return fail_expected("name = value, since the argument before has a name");
    }
    argument.value = expression();
    if (argument.value == nullptr) return false;
    out->push_back(std::move(argument));
  } while (accept(Symbol::kComma));
  return expect(Symbol::kClose, "',' or ')'");
}

}  // namespace mote
