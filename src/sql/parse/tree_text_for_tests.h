// Syntax trees as s-expressions, for tests only: each field that means something, and no brackets
// left out, so that two trees are equal when their texts are.
#pragma once

#include <string>
#include <vector>

#include "sql/parse/ast.h"

namespace mote {

inline std::string tree_text(const ast::Select& select);
inline std::string tree_text(const ast::Expression& e);

inline std::string tree_text(const ast::ExpressionPtr& e) {
  return e == nullptr ? "-" : tree_text(*e);
}

inline std::string tree_list(const std::vector<ast::ExpressionPtr>& list) {
  std::string out;
  for (const ast::ExpressionPtr& e : list) out += " " + tree_text(e);
  return out;
}

inline std::string name_list_text(const std::vector<std::string>& names) {
  std::string out = "[";
  for (const std::string& name : names) out += name + ";";
  return out + "]";
}

inline std::string order_text(const std::vector<ast::OrderItem>& items) {
  std::string out;
  for (const ast::OrderItem& item : items) {
    out += " (by " + tree_text(item.expression) + (item.descending ? " desc" : "");
    if (item.nulls != ast::NullsOrder::kDefault) {
      out += item.nulls == ast::NullsOrder::kFirst ? " first" : " last";
    }
    out += ")";
  }
  return out;
}

inline std::string window_text(const ast::Window& window) {
  std::string out = "(window " + window.base + " partition" + tree_list(window.partition_by) +
                    order_text(window.order_by);
  if (window.has_frame) {
    out += " frame " + std::to_string(static_cast<int>(window.unit)) + " " +
           std::to_string(static_cast<int>(window.start.kind)) + " " +
           tree_text(window.start.distance) + " " +
           std::to_string(static_cast<int>(window.end.kind)) + " " +
           tree_text(window.end.distance) + " " +
           std::to_string(static_cast<int>(window.exclude));
  }
  return out + ")";
}

inline const char* tree_operator(ast::Operator op) {
  static const char* const kNames[] = {
      "none", "neg",  "pos",  "~",     "not", "isnull", "istrue", "isfalse", "=",
      "<>",   "<",    "<=",   ">",     ">=",  "isdist", "like",   "ilike",   "glob",
      "match", "<->", "<=>",  "<#>",   "||",  "+",      "-",      "*",       "/",
      "%",    "&",    "|",    "<<",    ">>"};
  return kNames[static_cast<size_t>(op)];
}

inline std::string tree_text(const ast::Expression& e) {
  const std::string negated = e.negated ? "!" : "";
  const std::string children = tree_list(e.children);
  const std::string query = e.query == nullptr ? "" : " " + tree_text(*e.query);
  const std::string qualifier = e.qualifier.empty() ? "" : e.qualifier + ".";
  switch (e.kind) {
    case ast::ExpressionKind::kLiteral: {
      const Value value = e.literal();
      if (value.is_null()) return "null";
      if (e.type.is(TypeKind::kText)) return "'" + e.name + "'";
      if (e.type.is(TypeKind::kFloat)) return std::to_string(e.integer) + "f" + value.to_text();
      return value.to_text();
    }
    case ast::ExpressionKind::kColumn: return qualifier + e.name;
    case ast::ExpressionKind::kStar: return qualifier + "*";
    case ast::ExpressionKind::kParameter: return "?" + std::to_string(e.parameter) + e.name;
    case ast::ExpressionKind::kUnary:
    case ast::ExpressionKind::kBinary:
      return "(" + negated + tree_operator(e.op) + children + ")";
    case ast::ExpressionKind::kAnd: return "(and" + children + ")";
    case ast::ExpressionKind::kOr: return "(or" + children + ")";
    case ast::ExpressionKind::kBetween: return "(" + negated + "between" + children + ")";
    case ast::ExpressionKind::kIn: return "(" + negated + "in" + children + query + ")";
    case ast::ExpressionKind::kExists: return "(exists" + query + ")";
    case ast::ExpressionKind::kSubquery: return "(query" + query + ")";
    case ast::ExpressionKind::kCase:
      return std::string("(case") + (e.has_operand ? " of" : "") + children +
             (e.has_else ? " else)" : ")");
    case ast::ExpressionKind::kCast: return "(cast" + children + " " + e.type.name() + ")";
    case ast::ExpressionKind::kArray: return "(array" + children + ")";
    case ast::ExpressionKind::kRow: return "(row" + children + ")";
    case ast::ExpressionKind::kCall: break;
  }
  std::string out = "(" + e.name + "()" + (e.distinct ? " distinct" : "") + (e.star ? " *" : "");
  out += children;
  if (e.clauses != nullptr) {
    out += order_text(e.clauses->order_by);
    if (e.clauses->filter != nullptr) out += " filter " + tree_text(e.clauses->filter);
    if (e.clauses->over != nullptr) out += " over " + window_text(*e.clauses->over);
  }
  return out + ")";
}

inline std::string argument_text(const std::vector<ast::Argument>& list) {
  std::string out;
  for (const ast::Argument& argument : list) {
    out += " " + (argument.name.empty() ? "" : argument.name + ":") + tree_text(argument.value);
  }
  return out;
}

inline std::string tree_text(const ast::FromItem& item) {
  static const char* const kJoins[] = {"inner", "left", "right",    "full",
                                       "cross", "asof", "asof-left"};
  std::string out;
  switch (item.kind) {
    case ast::FromKind::kTable: out = item.name; break;
    case ast::FromKind::kFunction:
      out = "(" + item.name + "()" + argument_text(item.arguments) + ")";
      break;
    case ast::FromKind::kSubquery: out = tree_text(*item.query); break;
    case ast::FromKind::kJoin:
      out = std::string("(") + (item.natural ? "natural-" : "") +
            kJoins[static_cast<size_t>(item.join)] + " " + tree_text(*item.left) + " " +
            tree_text(*item.right);
      if (item.on != nullptr) out += " on " + tree_text(item.on);
      if (!item.using_columns.empty()) out += " using " + name_list_text(item.using_columns);
      if (item.tolerance != nullptr) out += " tolerance " + tree_text(item.tolerance);
      return out + ")";
  }
  if (!item.alias.empty()) out += " as " + item.alias;
  if (!item.column_aliases.empty()) out += name_list_text(item.column_aliases);
  return out;
}

inline std::string item_text(const std::vector<ast::SelectItem>& items) {
  std::string out;
  for (const ast::SelectItem& item : items) {
    out += " " + tree_text(item.expression) + (item.alias.empty() ? "" : " as " + item.alias);
  }
  return out;
}

inline std::string tree_text(const ast::Select& select) {
  static const char* const kKinds[] = {"select",    "values",    "union",
                                       "union-all", "intersect", "except"};
  std::string out = "(";
  for (const ast::WithQuery& part : select.with) {
    out += std::string(select.recursive ? "with-recursive " : "with ") + part.name +
           (part.columns.empty() ? "" : name_list_text(part.columns)) + " " +
           tree_text(*part.query) + " ";
  }
  out += kKinds[static_cast<size_t>(select.kind)];
  if (select.left != nullptr) out += " " + tree_text(*select.left);
  if (select.right != nullptr) out += " " + tree_text(*select.right);
  for (const std::vector<ast::ExpressionPtr>& row : select.rows) out += " (" + tree_list(row) + ")";
  out += std::string(select.distinct ? " distinct" : "") + item_text(select.items);
  if (select.from != nullptr) out += " from " + tree_text(*select.from);
  if (select.where != nullptr) out += " where " + tree_text(select.where);
  if (!select.group_by.empty()) out += " group" + tree_list(select.group_by);
  if (select.having != nullptr) out += " having " + tree_text(select.having);
  for (const ast::NamedWindow& window : select.windows) {
    out += " window " + window.name + window_text(window.window);
  }
  out += order_text(select.order_by);
  if (select.limit != nullptr) out += " limit " + tree_text(select.limit);
  if (select.row_offset != nullptr) out += " offset " + tree_text(select.row_offset);
  return out + ")";
}

inline std::string assignment_text(const std::vector<ast::Assignment>& list) {
  std::string out;
  for (const ast::Assignment& one : list) out += " " + one.column + ":=" + tree_text(one.value);
  return out;
}

inline std::string tree_text(const ast::CreateTable& table) {
  std::string out = "create " + table.table + (table.if_not_exists ? " if-not-exists" : "");
  for (const ast::ColumnDeclaration& column : table.columns) {
    out += " (" + column.name + " " + column.type.name() + (column.not_null ? " not-null" : "") +
           (column.primary_key ? " key" : "") + (column.unique ? " unique" : "") +
           (column.default_value == nullptr ? "" : " default " + tree_text(column.default_value)) +
           ")";
  }
  if (!table.primary_key.empty()) out += " key " + name_list_text(table.primary_key);
  if (!table.time_key.empty()) out += " time " + name_list_text(table.time_key);
  for (const std::vector<std::string>& key : table.unique_keys) {
    out += " unique " + name_list_text(key);
  }
  return out + argument_text(table.options) +
         (table.query == nullptr ? "" : " as " + tree_text(*table.query));
}

inline std::string tree_text(const ast::Insert& insert) {
  std::string out = "insert " + insert.table +
                    (insert.columns.empty() ? "" : name_list_text(insert.columns));
  out += insert.source == nullptr ? " default" : " " + tree_text(*insert.source);
  if (insert.on_conflict != ast::ConflictAction::kNone) {
    out += " conflict " + std::to_string(static_cast<int>(insert.on_conflict)) +
           name_list_text(insert.conflict_columns) + assignment_text(insert.assignments) +
           " where " + tree_text(insert.where);
  }
  return out + (insert.returning.empty() ? "" : " returning" + item_text(insert.returning));
}

inline std::string tree_text(const ast::Statement& s) {
  std::string out = s.explain == ast::ExplainMode::kNone   ? ""
                    : s.explain == ast::ExplainMode::kPlan ? "explain "
                                                           : "explain-analyze ";
  if (s.select != nullptr) return out + tree_text(*s.select);
  if (s.insert != nullptr) return out + tree_text(*s.insert);
  if (s.create_table != nullptr) return out + tree_text(*s.create_table);
  if (const ast::Update* update = s.update.get()) {
    return out + "update " + update->table + " " + update->alias +
           assignment_text(update->assignments) +
           (update->from == nullptr ? "" : " from " + tree_text(*update->from)) + " where " +
           tree_text(update->where) + item_text(update->returning);
  }
  if (const ast::Delete* erase = s.erase.get()) {
    return out + "delete " + erase->table + " " + erase->alias + " where " +
           tree_text(erase->where) + item_text(erase->returning);
  }
  if (const ast::CreateIndex* index = s.create_index.get()) {
    return out + (index->unique ? "unique-index " : "index ") + index->index + " " +
           (index->if_not_exists ? "if-not-exists " : "") + index->table + " " + index->method +
           order_text(index->keys) + argument_text(index->options) + " where " +
           tree_text(index->where);
  }
  if (const ast::CreateView* view = s.create_view.get()) {
    return out + "view " + view->view + (view->if_not_exists ? " if-not-exists " : " ") +
           name_list_text(view->columns) + tree_text(*view->query);
  }
  if (const ast::Copy* copy = s.copy.get()) {
    return out + "copy " + copy->table + name_list_text(copy->columns) +
           (copy->query == nullptr ? "" : tree_text(*copy->query)) +
           (copy->from ? " from " : " to ") + copy->file + argument_text(copy->options);
  }
  static const char* const kKinds[] = {
      "select",      "insert",     "update",    "delete",   "create-table", "create-index",
      "create-view", "drop-table", "drop-index", "drop-view", "begin",      "commit",
      "rollback",    "savepoint",  "rollback-to", "release", "checkpoint",  "vacuum",
      "check",       "copy",       "show-tables", "describe", "set"};
  return out + kKinds[static_cast<size_t>(s.kind)] + (s.name.empty() ? "" : " " + s.name) +
         (s.if_exists ? " if-exists" : "") +
         (s.value == nullptr ? "" : " " + tree_text(s.value));
}

}  // namespace mote
