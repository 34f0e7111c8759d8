// FROM: tables, derived tables, table functions, joins.
#include <algorithm>

#include "sql/bind/binder_state.h"
#include "sql/bind/fold.h"
#include "sql/bind/walk.h"
#include "types/text_format.h"

namespace mote {

using ast::ExpressionKind;
using ast::FromKind;
using ast::JoinKind;
using ast::Operator;

namespace {

// A query of WITH is bound anew at each use; tables that use each other twice, many levels deep,
// would grow without bound.
constexpr uint32_t kMaxWithUses = 500;

bool is_left(JoinKind kind) {
  return kind == JoinKind::kLeft || kind == JoinKind::kRight || kind == JoinKind::kAsofLeft;
}

}  // namespace

Result<BoundSourcePtr> Binder::bind_from(const ast::FromItem& item, Scope& scope) {
  switch (item.kind) {
    case FromKind::kTable: return bind_named_source(item, scope);
    case FromKind::kFunction: return bind_table_function(item, scope);
    case FromKind::kJoin: return bind_join(item, scope);
    case FromKind::kSubquery: break;
  }
  auto source = std::make_unique<BoundSource>();
  source->kind = SourceKind::kQuery;
  MOTE_ASSIGN(source->query, bind_query(*item.query, scope.parent));
  for (uint32_t i = 0; i < source->query->visible_count; ++i) {
    source->columns.push_back(source->query->outputs[i].column);
  }
  MOTE_TRY(add_to_scope(item, item.alias, source->columns, scope));
  return source;
}

Status Binder::add_to_scope(const ast::FromItem& item, const std::string& name,
                            const std::vector<BoundColumn>& columns, Scope& scope) {
  const std::string& shown = item.alias.empty() ? name : item.alias;
  for (const ScopeTable& table : scope.tables) {
    if (!shown.empty() && same_name(table.name, shown)) {
      return invalid_argument("'%s' stands twice in FROM; give one of them an alias", shown.c_str())
          .at(item.offset);
    }
  }
  if (item.column_aliases.size() > columns.size()) {
    return invalid_argument("'%s' has %zu columns; %zu names are given", shown.c_str(),
                            columns.size(), item.column_aliases.size())
        .at(item.offset);
  }
  ScopeTable table;
  table.name = shown;
  for (size_t i = 0; i < columns.size(); ++i) {
    ScopeColumn column{columns[i]};
    if (i < item.column_aliases.size()) column.column.name = item.column_aliases[i];
    table.columns.push_back(std::move(column));
  }
  scope.tables.push_back(std::move(table));
  return {};
}

BoundSourcePtr Binder::table_source(const TableDefinition& table) {
  auto source = std::make_unique<BoundSource>();
  source->table = table.id;
  source->name = table.name;
  for (uint32_t i = 0; i < table.schema.columns.size(); ++i) {
    const ColumnDefinition& column = table.schema.columns[i];
    source->columns.push_back({add_slot({table.id, i}), column.type, column.name});
  }
  source->row_id_slot = add_slot();
  return source;
}

Result<const TableDefinition*> Binder::find_table(const std::string& name, uint32_t offset) {
  const TableDefinition* table = catalog_.find(name);
  if (table == nullptr) return catalog_.no_such_table(name).at(offset);
  return table;
}

Result<BoundSourcePtr> Binder::bind_named_source(const ast::FromItem& item, Scope& scope) {
  const WithFrame* const frames = with_frames_;
  for (const WithFrame* at = frames; at != nullptr; at = at->below) {
    const WithFrame& frame = *at;
    if (!same_name(frame.table->name, item.name)) continue;
    if (++with_uses_ > kMaxWithUses) {
      return limit_exceeded("queries of WITH are used more than %u times", kMaxWithUses)
          .at(item.offset);
    }
    auto source = std::make_unique<BoundSource>();
    source->kind = SourceKind::kQuery;
    with_frames_ = frame.below;
    Result<BoundQueryPtr> query = bind_query(*frame.table->query, frame.scope);
    with_frames_ = frames;
    MOTE_ASSIGN(source->query, std::move(query));
    for (uint32_t c = 0; c < source->query->visible_count; ++c) {
      BoundColumn column = source->query->outputs[c].column;
      if (c < frame.table->columns.size()) column.name = frame.table->columns[c];
      source->columns.push_back(std::move(column));
    }
    if (frame.table->columns.size() > source->columns.size()) {
      return invalid_argument("'%s' has %zu columns; %zu names are given", item.name.c_str(),
                              source->columns.size(), frame.table->columns.size())
          .at(frame.table->offset);
    }
    MOTE_TRY(add_to_scope(item, item.name, source->columns, scope));
    return source;
  }
  MOTE_ASSIGN(const TableDefinition* table, find_table(item.name, item.offset));
  BoundSourcePtr source = table_source(*table);
  MOTE_TRY(add_to_scope(item, table->name, source->columns, scope));
  scope.tables.back().row_id = ScopeColumn{{source->row_id_slot, Type::integer(), "rowid"}};
  return source;
}

Result<BoundSourcePtr> Binder::bind_table_function(const ast::FromItem& item, Scope& scope) {
  MOTE_ASSIGN(BoundSourcePtr source, call_table_function(item));
  // generate_series(..) AS i names the column as well.
  const bool series = same_name(item.name, "generate_series") && source->columns.size() == 1;
  if (series && !item.alias.empty() && item.column_aliases.empty()) {
    ast::FromItem named;
    named.alias = item.alias;
    named.offset = item.offset;
    named.column_aliases.push_back(item.alias);
    MOTE_TRY(add_to_scope(named, item.name, source->columns, scope));
    return source;
  }
  MOTE_TRY(add_to_scope(item, item.name, source->columns, scope));
  return source;
}

Result<BoundSourcePtr> Binder::call_table_function(const ast::FromItem& item) {
  auto source = std::make_unique<BoundSource>();
  source->kind = SourceKind::kFunction;
  source->name = fold_name(item.name);
  Scope no_columns;
  ExpressionContext context;
  context.scope = &no_columns;
  context.clause = "an argument of a table function";
  std::vector<Value> values;
  std::vector<std::pair<std::string, Value>> options;
  for (const ast::Argument& argument : item.arguments) {
    MOTE_ASSIGN(BoundExpressionPtr bound, bind_expression(*argument.value, context));
    fold(bound);
    Value value = bound->kind == BoundKind::kConstant ? bound->constant : Value::null(bound->type);
    if (argument.name.empty()) {
      values.push_back(std::move(value));
    } else {
      source->option_names.push_back(fold_name(argument.name));
      options.emplace_back(fold_name(argument.name), std::move(value));
    }
    source->arguments.push_back(std::move(bound));
  }
  Result<std::vector<TableFunctions::Column>> columns =
      functions_.describe(source->name, values, options);
  if (!columns.ok()) return std::move(columns).status().at(item.offset);
  for (TableFunctions::Column& column : *columns) {
    source->columns.push_back({add_slot(), column.type, std::move(column.name)});
  }
  return source;
}

Result<BoundSourcePtr> Binder::bind_join(const ast::FromItem& item, Scope& scope) {
  if (item.join == JoinKind::kFull) return unsupported("FULL JOIN", item.offset);
  Scope inside;
  inside.parent = scope.parent;
  auto join = std::make_unique<BoundSource>();
  join->kind = SourceKind::kJoin;
  join->join = is_left(item.join) ? JoinType::kLeft : JoinType::kInner;
  MOTE_ASSIGN(join->left, bind_from(*item.left, inside));
  const size_t left_tables = inside.tables.size();
  const SlotId right_first = static_cast<SlotId>(slots_.size());
  MOTE_ASSIGN(join->right, bind_from(*item.right, inside));
  if (item.natural || !item.using_columns.empty()) {
    MOTE_TRY(bind_using(item, left_tables, inside, *join));
  }
  if (item.join == JoinKind::kAsof || item.join == JoinKind::kAsofLeft) {
    MOTE_TRY(bind_asof(item, right_first, inside, *join));
  } else if (item.on != nullptr) {
    ExpressionContext context;
    context.scope = &inside;
    context.clause = "ON";
    MOTE_ASSIGN(join->condition, bind_condition(*item.on, context));
  }
  if (item.join == JoinKind::kRight) std::swap(join->left, join->right);
  for (ScopeTable& table : inside.tables) {
    for (const ScopeTable& known : scope.tables) {
      if (!table.name.empty() && same_name(known.name, table.name)) {
        return invalid_argument("'%s' stands twice in FROM; give one of them an alias",
                                table.name.c_str())
            .at(item.offset);
      }
    }
    scope.tables.push_back(std::move(table));
  }
  return join;
}

namespace {

bool has_visible_column(const Scope& scope, const std::string& name) {
  for (const ScopeTable& table : scope.tables) {
    for (const ScopeColumn& column : table.columns) {
      if (!column.hidden && same_name(column.column.name, name)) return true;
    }
  }
  return false;
}

std::vector<std::string> shared_names(const Scope& left, const Scope& right) {
  std::vector<std::string> names;
  for (const ScopeTable& table : left.tables) {
    for (const ScopeColumn& column : table.columns) {
      if (!column.hidden && has_visible_column(right, column.column.name)) {
        names.push_back(column.column.name);
      }
    }
  }
  return names;
}

}  // namespace

Status Binder::bind_using(const ast::FromItem& item, size_t left_tables, Scope& inside,
                          BoundSource& join) {
  // The two sides apart, so that a name is looked up in one of them.
  Scope left;
  Scope right;
  const auto middle = inside.tables.begin() + static_cast<ptrdiff_t>(left_tables);
  left.tables.assign(inside.tables.begin(), middle);
  right.tables.assign(middle, inside.tables.end());
  const std::vector<std::string> names =
      item.natural ? shared_names(left, right) : item.using_columns;
  // The side that may be all NULL steps back.
  const bool hide_left = item.join == JoinKind::kRight;
  for (const std::string& name : names) {
    ast::Expression reference(ExpressionKind::kColumn, item.offset);
    reference.name = name;
    ExpressionContext context;
    context.clause = "USING";
    context.scope = &left;
    MOTE_ASSIGN(BoundExpressionPtr a, bind_column(reference, context));
    context.scope = &right;
    MOTE_ASSIGN(BoundExpressionPtr b, bind_column(reference, context));
    MOTE_ASSIGN(BoundExpressionPtr equal, compare("=", std::move(a), std::move(b), item.offset));
    join.condition = conjoin(std::move(join.condition), std::move(equal));
    for (size_t t = 0; t < inside.tables.size(); ++t) {
      if ((t < left_tables) != hide_left) continue;
      for (ScopeColumn& column : inside.tables[t].columns) {
        if (same_name(column.column.name, name)) column.hidden = true;
      }
    }
  }
  return {};
}

Status Binder::bind_asof(const ast::FromItem& item, SlotId right_first, const Scope& scope,
                         BoundSource& join) {
  join.kind = SourceKind::kAsofJoin;
  ExpressionContext context;
  context.scope = &scope;
  context.clause = "ON";
  // USING gives equalities.
  std::vector<BoundExpressionPtr> equalities;
  split_conjuncts(std::move(join.condition), &equalities);
  join.condition = nullptr;
  for (auto& equality : equalities) {
    join.left_keys.push_back(std::move(equality->children[0]));
    join.right_keys.push_back(std::move(equality->children[1]));
  }
  if (item.on == nullptr) {
    return invalid_argument("ASOF JOIN needs ON with one inequality of times").at(item.offset);
  }
  if (item.on->kind == ExpressionKind::kAnd) {
    for (const auto& conjunct : item.on->children) {
      MOTE_TRY(bind_asof_conjunct(*conjunct, right_first, context, join));
    }
  } else {
    MOTE_TRY(bind_asof_conjunct(*item.on, right_first, context, join));
  }
  if (join.left_time == nullptr) {
    return invalid_argument("ASOF JOIN needs one inequality of times, such as a.ts >= b.ts")
        .at(item.on->offset);
  }
  if (item.tolerance == nullptr) return {};
  Scope no_columns;
  context.scope = &no_columns;
  context.clause = "TOLERANCE";
  MOTE_ASSIGN(join.tolerance, bind_expression(*item.tolerance, context));
  Type type = join.left_time->type;
  if (type.is(TypeKind::kTimestamp)) type = Type::interval();
  MOTE_ASSIGN(join.tolerance, coerce(std::move(join.tolerance), type, "TOLERANCE"));
  return {};
}

Status Binder::bind_asof_conjunct(const ast::Expression& conjunct, SlotId right_first,
                                  ExpressionContext& context, BoundSource& join) {
  const bool comparison =
      conjunct.kind == ExpressionKind::kBinary && conjunct.op >= Operator::kEqual &&
      conjunct.op <= Operator::kGreaterEqual && conjunct.op != Operator::kNotEqual;
  if (!comparison) {
    return invalid_argument("ASOF JOIN: ON is made of equalities and one inequality")
        .at(conjunct.offset);
  }
  MOTE_ASSIGN(BoundExpressionPtr left, bind_expression(*conjunct.children[0], context));
  MOTE_ASSIGN(BoundExpressionPtr right, bind_expression(*conjunct.children[1], context));
  MOTE_TRY(unify(left, right, "compared"));
  const auto of_left = [&](const BoundExpression& e) {
    return reads_columns(e) && reads_only(e, 0, right_first);
  };
  const auto of_right = [&](const BoundExpression& e) {
    return reads_columns(e) && reads_only(e, right_first, UINT32_MAX);
  };
  Operator op = conjunct.op;
  if (of_right(*left) && of_left(*right)) {
    std::swap(left, right);
    if (op == Operator::kLess || op == Operator::kLessEqual) {
      op = op == Operator::kLess ? Operator::kGreater : Operator::kGreaterEqual;
    } else if (op == Operator::kGreater || op == Operator::kGreaterEqual) {
      op = op == Operator::kGreater ? Operator::kLess : Operator::kLessEqual;
    }
  }
  if (!of_left(*left) || !of_right(*right)) {
    return invalid_argument(
               "ASOF JOIN: each comparison in ON is between the left and the right "
               "side; say other conditions in WHERE or in a derived table")
        .at(conjunct.offset);
  }
  if (left->type != right->type) {  // numbers of two kinds
    MOTE_ASSIGN(left, coerce(std::move(left), Type::floating(), "ON"));
    MOTE_ASSIGN(right, coerce(std::move(right), Type::floating(), "ON"));
  }
  if (op == Operator::kEqual) {
    join.left_keys.push_back(std::move(left));
    join.right_keys.push_back(std::move(right));
    return {};
  }
  if (join.left_time != nullptr) {
    return invalid_argument("ASOF JOIN takes one inequality; say the distance as TOLERANCE")
        .at(conjunct.offset);
  }
  if (!left->type.is_numeric() && !left->type.is(TypeKind::kTimestamp)) {
    return invalid_argument("ASOF JOIN: times are TIMESTAMP or numbers, not %s",
                            left->type.name().c_str())
        .at(conjunct.offset);
  }
  join.strict = op == Operator::kLess || op == Operator::kGreater;
  join.backward = op == Operator::kGreater || op == Operator::kGreaterEqual;
  join.left_time = std::move(left);
  join.right_time = std::move(right);
  return {};
}

}  // namespace mote
