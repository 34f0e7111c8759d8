// What may follow the arguments of a call: ORDER BY, FILTER, OVER.

#include "sql/parse/parse_state.h"

namespace mote {

using ast::BoundaryKind;
using ast::FrameUnit;

// At ORDER, or behind the closing bracket.
bool Parser::call_clauses(ast::Expression* call) {
  auto clauses = std::make_unique<ast::CallClauses>();
  bool found = false;
  if (at(Keyword::kOrder)) {
    found = true;
    if (!enter_query() || !order_list(&clauses->order_by)) return false;
    leave_query();
  }
  if (!expect(Symbol::kClose, "')'")) return false;
  if (at(Keyword::kFilter) && at(Symbol::kOpen, 1)) {
    found = true;
    advance();
    advance();
    if (!enter_query() || !expect(Keyword::kWhere)) return false;
    clauses->filter = expression();
    if (clauses->filter == nullptr || !expect(Symbol::kClose, "')'")) return false;
    leave_query();
  }
  if (at(Keyword::kOver) && (at(Symbol::kOpen, 1) || is_name(peek(1)))) {
    found = true;
    advance();
    clauses->over = std::make_unique<ast::Window>();
    if (at_name()) {
      clauses->over->base = take_name();
    } else {
      advance();
      if (!enter_query() || !window_definition(clauses->over.get())) return false;
      leave_query();
    }
  }
  if (found) call->clauses = std::move(clauses);
  return true;
}

// Behind the opening bracket; takes the closing one.
bool Parser::window_definition(ast::Window* window) {
  const bool begins_clause = at(Keyword::kPartition) || at(Keyword::kRows) ||
                             at(Keyword::kRange) || at(Keyword::kGroups);
  if (at_name() && !begins_clause) window->base = take_name();
  if (accept(Keyword::kPartition)) {
    if (!expect(Keyword::kBy) || !expression_list(&window->partition_by)) return false;
  }
  if (at(Keyword::kOrder) && !order_list(&window->order_by)) return false;
  if (at(Keyword::kRows) || at(Keyword::kRange) || at(Keyword::kGroups)) {
    if (!window_frame(window)) return false;
  }
  return expect(Symbol::kClose, "')'");
}

bool Parser::window_frame(ast::Window* window) {
  window->has_frame = true;
  window->unit = at(Keyword::kRows)    ? FrameUnit::kRows
                 : at(Keyword::kRange) ? FrameUnit::kRange
                                       : FrameUnit::kGroups;
  advance();
  if (accept(Keyword::kBetween)) {
    if (!frame_boundary(&window->start) || !expect(Keyword::kAnd)) return false;
    if (!frame_boundary(&window->end)) return false;
  } else if (!frame_boundary(&window->start)) {
    return false;
  }
  if (!accept(Keyword::kExclude)) return true;
  if (accept(Keyword::kNo)) return expect(Keyword::kOthers);
  if (accept(Keyword::kCurrent)) {
    window->exclude = ast::FrameExclude::kCurrentRow;
    return expect(Keyword::kRow);
  }
  window->exclude = at(Keyword::kGroup) ? ast::FrameExclude::kGroup : ast::FrameExclude::kTies;
  if (accept(Keyword::kGroup) || accept(Keyword::kTies)) return true;
  return fail_expected("NO OTHERS, CURRENT ROW, GROUP or TIES");
}

bool Parser::frame_boundary(ast::FrameBoundary* boundary) {
  if (accept(Keyword::kCurrent)) {
    boundary->kind = BoundaryKind::kCurrentRow;
    return expect(Keyword::kRow);
  }
  const bool is_unbounded = accept(Keyword::kUnbounded);
  if (!is_unbounded) {
    boundary->distance = expression();
    if (boundary->distance == nullptr) return false;
  }
  if (accept(Keyword::kPreceding)) {
    boundary->kind = is_unbounded ? BoundaryKind::kUnboundedPreceding : BoundaryKind::kPreceding;
    return true;
  }
  if (accept(Keyword::kFollowing)) {
    boundary->kind = is_unbounded ? BoundaryKind::kUnboundedFollowing : BoundaryKind::kFollowing;
    return true;
  }
  return fail_expected("PRECEDING or FOLLOWING");
}

}  // namespace mote
