// Random trees, printed and parsed again: the tree that comes back must be the one that was made.
// Trees are made node by node without the parser, so that a shape which only the parser would
// never make is met too.

#include "sql/parse/print.h"

#include <gtest/gtest.h>

#include <random>

#include "sql/parse/lexer.h"
#include "sql/parse/parser.h"
#include "sql/parse/tree_text_for_tests.h"

namespace mote {
namespace {

using ast::Expression;
using ast::ExpressionKind;
using ast::ExpressionPtr;
using ast::Operator;
using ast::SelectPtr;

class RandomTrees {
 public:
  explicit RandomTrees(uint32_t seed) : random_(seed) {}

  uint32_t below(uint32_t limit) { return static_cast<uint32_t>(random_() % limit); }
  bool one_in(uint32_t n) { return below(n) == 0; }

  std::string name() {
    static const char* const kNames[] = {
        "a", "B1", "_x", "select", "time", "Order", "a b", "q\"q", "\xc3\xa4", "9", "true",
        "range", "partition", "recursive", "cast", "array", "current_timestamp", "timestamp",
        "asof", "tolerance", "window", "left", "substring", "position", "trim", "extract", "'",
        "escape", "match", "not", "x", "rows", "distinct", "all", "filter", "over", "f32", "--"};
    return kNames[below(std::size(kNames))];
  }
  std::vector<std::string> names(uint32_t most) {
    std::vector<std::string> out(1 + below(most));
    for (std::string& one : out) one = name();
    return out;
  }

  ExpressionPtr expression(uint32_t depth) {
    if (depth == 0) return leaf();
    switch (below(14)) {
      case 0: return unary(depth);
      case 1:
      case 2:
      case 3: return binary(depth);
      case 4: return parent(ExpressionKind::kAnd, depth, 2 + below(2));
      case 5: return parent(ExpressionKind::kOr, depth, 2 + below(2));
      case 6: return negated(parent(ExpressionKind::kBetween, depth, 3));
      case 7: return in(depth);
      case 8: return case_of(depth);
      case 9: return cast(depth);
      case 10: return call(depth);
      case 11: return parent(ExpressionKind::kArray, depth, below(3));
      case 12: return parent(ExpressionKind::kRow, depth, 2 + below(2));
      default: return subquery(depth);
    }
  }

  SelectPtr query(uint32_t depth) {
    auto select = std::make_unique<ast::Select>();
    if (depth > 0 && one_in(6)) with(select.get(), depth - 1);
    if (depth > 0 && one_in(4)) {
      select->kind = static_cast<ast::SelectKind>(2 + below(4));
      select->left = query(depth - 1);
      select->right = query(depth - 1);
    } else if (one_in(5)) {
      values(select.get(), depth);
    } else {
      core(select.get(), depth);
    }
    if (one_in(4)) select->order_by = order(depth);
    if (one_in(4)) select->limit = expression(depth / 2);
    if (one_in(4)) select->row_offset = expression(depth / 2);
    return select;
  }

  std::vector<ast::SelectItem> items(uint32_t depth) {
    std::vector<ast::SelectItem> out(1 + below(3));
    for (ast::SelectItem& item : out) {
      if (one_in(5)) {
        item.expression = make(ExpressionKind::kStar);
        if (one_in(2)) item.expression->qualifier = name();
      } else {
        item.expression = expression(depth);
        if (one_in(3)) item.alias = name();
      }
    }
    return out;
  }

  std::vector<ast::Assignment> assignments(uint32_t depth) {
    std::vector<ast::Assignment> out(1 + below(2));
    for (ast::Assignment& one : out) {
      one.column = name();
      one.value = expression(depth);
    }
    return out;
  }

  ast::FromItemPtr from(uint32_t depth) {
    auto item = std::make_unique<ast::FromItem>();
    const uint32_t choice = depth == 0 ? 0 : below(5);
    if (choice >= 3) return join(depth - 1);
    item->name = name();
    if (choice == 1) {
      item->kind = ast::FromKind::kFunction;
      item->arguments = arguments(depth - 1);
    }
    if (choice == 2) {
      item->kind = ast::FromKind::kSubquery;
      item->name.clear();
      item->query = query(depth - 1);
    }
    if (one_in(2)) item->alias = name();
    if (!item->alias.empty() && one_in(3)) item->column_aliases = names(2);
    return item;
  }

  std::vector<ast::Argument> arguments(uint32_t depth) {
    std::vector<ast::Argument> out(below(4));
    bool is_named = false;
    for (ast::Argument& argument : out) {
      is_named = is_named || one_in(2);
      if (is_named) argument.name = name();
      argument.value = expression(depth);
    }
    return out;
  }

 private:
  static ExpressionPtr make(ExpressionKind kind) { return std::make_unique<Expression>(kind, 0u); }

  ExpressionPtr parent(ExpressionKind kind, uint32_t depth, uint32_t count) {
    ExpressionPtr e = make(kind);
    for (uint32_t i = 0; i < count; ++i) e->children.push_back(expression(depth - 1));
    return e;
  }
  ExpressionPtr negated(ExpressionPtr e) {
    e->negated = one_in(2);
    return e;
  }

  ExpressionPtr leaf() {
    ExpressionPtr e = make(ExpressionKind::kLiteral);
    switch (below(9)) {
      case 0: return e;
      case 1:
        e->type = Type::boolean();
        e->integer = below(2);
        return e;
      case 2:
        e->type = Type::integer();
        e->integer = one_in(4) ? INT64_MIN + below(2) : static_cast<int64_t>(below(9)) - 4;
        return e;
      case 3:
        e->type = Type::floating();
        e->floating = (static_cast<double>(below(2001)) - 1000) * (one_in(2) ? 1e-9 : 1e200 / 7);
        if (e->floating == 0) e->floating = 0.5;
        return e;
      case 4:
        e->type = one_in(2) ? Type::text() : Type::blob();
        e->name = name() + (e->type.is(TypeKind::kBlob) ? std::string("\0\xff", 2) : "\n;");
        return e;
      case 5:
        e = make(ExpressionKind::kParameter);
        e->parameter = below(32766);
        return e;
      default:
        e = make(ExpressionKind::kColumn);
        e->name = name();
        if (one_in(3)) e->qualifier = name();
        return e;
    }
  }

  ExpressionPtr unary(uint32_t depth) {
    ExpressionPtr e = parent(ExpressionKind::kUnary, depth, 1);
    e->op = static_cast<Operator>(1 + below(7));
    return e->op >= Operator::kIsNull ? negated(std::move(e)) : std::move(e);
  }

  ExpressionPtr binary(uint32_t depth) {
    ExpressionPtr e = parent(ExpressionKind::kBinary, depth, 2);
    const uint32_t first = static_cast<uint32_t>(Operator::kEqual);
    const uint32_t last = static_cast<uint32_t>(Operator::kShiftRight);
    e->op = static_cast<Operator>(first + below(last - first + 1));
    const bool is_like = e->op == Operator::kLike || e->op == Operator::kILike;
    if (is_like && one_in(2)) e->children.push_back(expression(depth - 1));
    const bool can_negate = e->op >= Operator::kIsDistinctFrom && e->op <= Operator::kMatch;
    return can_negate ? negated(std::move(e)) : std::move(e);
  }

  ExpressionPtr in(uint32_t depth) {
    ExpressionPtr e = negated(parent(ExpressionKind::kIn, depth, 1));
    if (one_in(3)) {
      e->query = query(depth - 1);
    } else {
      for (uint32_t i = below(3); i > 0; --i) e->children.push_back(expression(depth - 1));
    }
    return e;
  }

  ExpressionPtr case_of(uint32_t depth) {
    const bool has_operand = one_in(2);
    const bool has_else = one_in(2);
    ExpressionPtr e = parent(ExpressionKind::kCase, depth,
                             2 * (1 + below(2)) + uint32_t{has_operand} + uint32_t{has_else});
    e->has_operand = has_operand;
    e->has_else = has_else;
    return e;
  }

  ExpressionPtr cast(uint32_t depth) {
    static const Type kTypes[] = {Type::text(), Type::floating(), Type::timestamp(),
                                  Type::vector(3, VectorElement::kF16),
                                  Type::of(TypeKind::kPoint3d), Type::interval()};
    ExpressionPtr e = parent(ExpressionKind::kCast, depth, 1);
    e->type = kTypes[below(std::size(kTypes))];
    return e;
  }

  ExpressionPtr call(uint32_t depth) {
    ExpressionPtr e = parent(ExpressionKind::kCall, depth, below(4));
    e->name = name();
    e->star = e->children.empty() && one_in(2);
    e->distinct = !e->children.empty() && one_in(4);
    if (!one_in(3)) return e;
    e->clauses = std::make_unique<ast::CallClauses>();
    if (!e->children.empty() && one_in(2)) e->clauses->order_by = order(depth - 1);
    if (one_in(2)) e->clauses->filter = expression(depth - 1);
    if (one_in(2)) {
      e->clauses->over = std::make_unique<ast::Window>();
      window(e->clauses->over.get(), depth - 1);
    }
    return e;
  }

  ExpressionPtr subquery(uint32_t depth) {
    ExpressionPtr e = make(one_in(2) ? ExpressionKind::kExists : ExpressionKind::kSubquery);
    e->query = query(depth - 1);
    return e;
  }

  std::vector<ast::OrderItem> order(uint32_t depth) {
    std::vector<ast::OrderItem> out(1 + below(2));
    for (ast::OrderItem& item : out) {
      item.expression = expression(depth / 2);
      item.descending = one_in(2);
      item.nulls = static_cast<ast::NullsOrder>(below(3));
    }
    return out;
  }

  void window(ast::Window* window, uint32_t depth) {
    if (one_in(3)) window->base = name();
    if (one_in(2)) window->partition_by.push_back(expression(depth / 2));
    if (one_in(2)) window->order_by = order(depth / 2);
    window->has_frame = one_in(2);
    if (!window->has_frame) return;
    window->unit = static_cast<ast::FrameUnit>(below(3));
    window->exclude = static_cast<ast::FrameExclude>(below(4));
    for (ast::FrameBoundary* boundary : {&window->start, &window->end}) {
      boundary->kind = static_cast<ast::BoundaryKind>(below(5));
      const bool has_distance = boundary->kind == ast::BoundaryKind::kPreceding ||
                                boundary->kind == ast::BoundaryKind::kFollowing;
      if (has_distance) boundary->distance = expression(depth / 2);
    }
  }

  void with(ast::Select* select, uint32_t depth) {
    select->recursive = one_in(2);
    select->with.resize(1 + below(2));
    for (ast::WithQuery& part : select->with) {
      part.name = name();
      if (one_in(2)) part.columns = names(2);
      part.query = query(depth);
    }
  }

  void values(ast::Select* select, uint32_t depth) {
    select->kind = ast::SelectKind::kValues;
    const uint32_t width = 1 + below(2);
    select->rows.resize(1 + below(3));
    for (std::vector<ExpressionPtr>& row : select->rows) {
      for (uint32_t i = 0; i < width; ++i) row.push_back(expression(depth / 2));
    }
  }

  void core(ast::Select* select, uint32_t depth) {
    select->distinct = one_in(4);
    select->items = items(depth / 2);
    if (one_in(2)) select->from = from(depth);
    if (one_in(3)) select->where = expression(depth / 2);
    if (one_in(4)) select->group_by.push_back(expression(depth / 2));
    if (one_in(4)) select->having = expression(depth / 2);
    if (!one_in(6)) return;
    select->windows.resize(1);
    select->windows[0].name = name();
    window(&select->windows[0].window, depth / 2);
  }

  ast::FromItemPtr join(uint32_t depth) {
    auto item = std::make_unique<ast::FromItem>();
    item->kind = ast::FromKind::kJoin;
    item->join = static_cast<ast::JoinKind>(below(7));
    item->left = from(depth);
    item->right = from(depth);
    const bool is_asof = item->join >= ast::JoinKind::kAsof;
    if (item->join == ast::JoinKind::kCross) return item;
    item->natural = !is_asof && one_in(4);
    if (item->natural) return item;
    if (one_in(2)) {
      item->on = expression(depth / 2);
    } else {
      item->using_columns = names(2);
    }
    if (is_asof && one_in(2)) item->tolerance = expression(depth / 2);
    return item;
  }

  std::mt19937 random_;
};

constexpr uint32_t kSeeds = 1500;

TEST(Print, ExpressionsComeBack) {
  for (uint32_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    const ExpressionPtr made = RandomTrees(seed).expression(seed % 7);
    const std::string sql = to_sql(*made);
    const Result<ExpressionPtr> parsed = parse_expression(sql);
    ASSERT_TRUE(parsed.ok()) << parsed.status().message() << "\n" << sql;
    ASSERT_EQ(tree_text(**parsed), tree_text(*made)) << sql;
  }
}

void expect_same(const ast::Statement& made) {
  const std::string sql = to_sql(made);
  size_t consumed = 0;
  const Result<ast::StatementPtr> parsed = parse_statement(sql, &consumed);
  ASSERT_TRUE(parsed.ok()) << parsed.status().message() << "\n" << sql;
  ASSERT_EQ(tree_text(**parsed), tree_text(made)) << sql;
}

TEST(Print, QueriesComeBack) {
  for (uint32_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    ast::Statement made;
    made.select = RandomTrees(seed).query(seed % 5);
    expect_same(made);
    if (HasFatalFailure()) return;
  }
}

TEST(Print, ChangesComeBack) {
  for (uint32_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    RandomTrees random(seed);
    ast::Statement made;
    if (seed % 3 == 0) {
      made.kind = ast::StatementKind::kInsert;
      made.insert = std::make_unique<ast::Insert>();
      made.insert->table = random.name();
      if (random.one_in(2)) made.insert->columns = random.names(3);
      if (random.below(4) > 0) made.insert->source = random.query(2);
      made.insert->on_conflict = static_cast<ast::ConflictAction>(random.below(4));
      if (made.insert->on_conflict == ast::ConflictAction::kUpdate) {
        made.insert->conflict_columns = random.names(2);
        made.insert->assignments = random.assignments(2);
      }
      if (random.one_in(2)) made.insert->returning = random.items(2);
    } else if (seed % 3 == 1) {
      made.kind = ast::StatementKind::kUpdate;
      made.update = std::make_unique<ast::Update>();
      made.update->table = random.name();
      if (random.one_in(2)) made.update->alias = random.name();
      made.update->assignments = random.assignments(3);
      if (random.one_in(3)) made.update->from = random.from(2);
      if (random.one_in(2)) made.update->where = random.expression(2);
    } else {
      made.kind = ast::StatementKind::kDelete;
      made.erase = std::make_unique<ast::Delete>();
      made.erase->table = random.name();
      if (random.one_in(2)) made.erase->where = random.expression(3);
      if (random.one_in(2)) made.erase->returning = random.items(2);
    }
    expect_same(made);
    if (HasFatalFailure()) return;
  }
}

TEST(Print, TablesComeBack) {
  for (uint32_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    RandomTrees random(seed);
    ast::Statement made;
    made.kind = ast::StatementKind::kCreateTable;
    made.create_table = std::make_unique<ast::CreateTable>();
    ast::CreateTable& table = *made.create_table;
    table.table = random.name();
    table.if_not_exists = random.one_in(2);
    if (random.one_in(4)) {
      table.query = random.query(2);
    } else {
      for (uint32_t i = 0; i <= random.below(4); ++i) {
        ast::ColumnDeclaration column;
        column.name = random.name();
        column.type = Type::vector(1 + random.below(16384), VectorElement::kI8);
        column.not_null = random.one_in(2);
        column.primary_key = random.one_in(4);
        column.unique = random.one_in(4);
        if (random.one_in(2)) column.default_value = random.expression(3);
        table.columns.push_back(std::move(column));
      }
      if (random.one_in(3)) table.primary_key = random.names(3);
      if (random.one_in(3)) table.time_key = random.names(1);
      if (random.one_in(3)) table.unique_keys.push_back(random.names(2));
    }
    expect_same(made);
    if (HasFatalFailure()) return;
  }
}

// Every keyword, as a name in each place where one may stand.
TEST(Print, KeywordsAsNamesComeBack) {
  for (uint8_t i = 1; i <= static_cast<uint8_t>(Keyword::kZone); ++i) {
    const std::string word(keyword_text(static_cast<Keyword>(i)));
    SCOPED_TRACE(word);
    std::string quoted;
    append_name(word, &quoted);
    for (const std::string& pattern :
         {std::string("SELECT @, @.@, @(@) AS @ FROM @ AS @ JOIN @(@) AS @(@) USING (@)"),
          std::string("WITH @(@) AS (SELECT @ FROM @) SELECT f(@) OVER (@) FROM @ WINDOW @ AS (@)"),
          std::string("INSERT INTO @ (@) VALUES (@) ON CONFLICT (@) DO UPDATE SET @ = @"),
          std::string("CREATE TABLE @ (@ INTEGER DEFAULT @, PRIMARY KEY (@))"),
          std::string("ROLLBACK TO @"), std::string("RELEASE @"), std::string("DROP TABLE @"),
          std::string("DELETE FROM @ AS @ WHERE @ LIKE @ RETURNING @"),
          std::string("UPDATE @ AS @ SET @ = @")}) {
      std::string sql;
      for (const char c : pattern) c == '@' ? sql += "\"" + word + "\"" : sql += c;
      size_t consumed = 0;
      const Result<ast::StatementPtr> parsed = parse_statement(sql, &consumed);
      ASSERT_TRUE(parsed.ok()) << parsed.status().message() << "\n" << sql;
      expect_same(**parsed);
      if (HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace mote
