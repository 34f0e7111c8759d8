// The plan as text.
#include "sql/plan/plan.h"

namespace mote {

namespace {

const char* kind_name(PlanKind kind) {
  switch (kind) {
    case PlanKind::kScan: return "Scan";
    case PlanKind::kKeyLookup: return "KeyLookup";
    case PlanKind::kTableFunction: return "TableFunction";
    case PlanKind::kValues: return "Values";
    case PlanKind::kFilter: return "Filter";
    case PlanKind::kProject: return "Project";
    case PlanKind::kTextScore: return "TextScore";
    case PlanKind::kFetch: return "Fetch";
    case PlanKind::kHashJoin: return "HashJoin";
    case PlanKind::kLoopJoin: return "LoopJoin";
    case PlanKind::kApply: return "Apply";
    case PlanKind::kAsofJoin: return "AsofJoin";
    case PlanKind::kAggregate: return "Aggregate";
    case PlanKind::kWindow: return "Window";
    case PlanKind::kDistinct: return "Distinct";
    case PlanKind::kUnionAll: return "UnionAll";
    case PlanKind::kSort: return "Sort";
    case PlanKind::kLimit: return "Limit";
    case PlanKind::kInsert: return "Insert";
    case PlanKind::kUpdate: return "Update";
    case PlanKind::kDelete: return "Delete";
    case PlanKind::kCreateTableAs: return "CreateTableAs";
    case PlanKind::kCopyTo: return "CopyTo";
  }
  return "";
}

const char* join_name(JoinType join) {
  switch (join) {
    case JoinType::kInner: return "inner";
    case JoinType::kLeft: return "left";
    case JoinType::kSemi: return "semi";
    case JoinType::kAnti: return "anti";
    case JoinType::kMark: return "mark";
    case JoinType::kSingle: return "single";
  }
  return "";
}

const char* test_symbol(PruneTest::Kind kind) {
  switch (kind) {
    case PruneTest::Kind::kEqual: return "=";
    case PruneTest::Kind::kLess: return "<";
    case PruneTest::Kind::kLessEqual: return "<=";
    case PruneTest::Kind::kGreater: return ">";
    case PruneTest::Kind::kGreaterEqual: return ">=";
    case PruneTest::Kind::kNotNull:
    case PruneTest::Kind::kBox: break;
  }
  return "";
}

std::string texts(const std::vector<BoundExpressionPtr>& expressions) {
  std::string text;
  for (const auto& expression : expressions) {
    if (!text.empty()) text += ", ";
    text += expression->to_text();
  }
  return text;
}

void add(std::string* line, const char* label, const std::string& text) {
  if (text.empty()) return;
  *line += std::string(" ") + label + (label[0] == '\0' ? "[" : "=[") + text + "]";
}

void add(std::string* line, const char* label, const BoundExpressionPtr& expression) {
  if (expression != nullptr) add(line, label, expression->to_text());
}

// The columns that the node gives or adds, by the names they have there.
std::string output_names(const PlanNode& node, size_t first) {
  std::string text;
  for (size_t i = first; i < node.outputs.size(); ++i) {
    if (i > first) text += ", ";
    text += node.outputs[i].name;
  }
  return text;
}

std::string prune_text(const PlanNode& scan) {
  std::string text;
  for (const PruneTest& test : scan.prune) {
    if (!text.empty()) text += ", ";
    std::string column = format_text("column %u", test.column);
    for (size_t i = 0; i < scan.columns.size(); ++i) {
      if (scan.columns[i] == test.column) column = scan.outputs[i].name;
    }
    text += column;
    if (test.kind == PruneTest::Kind::kNotNull) {
      text += " IS NOT NULL";
    } else if (test.kind == PruneTest::Kind::kBox) {
      text += " in box(" + texts(test.box) + ")";
    } else {
      text += std::string(" ") + test_symbol(test.kind) + " " + test.value->to_text();
    }
  }
  return text;
}

std::string sort_text(const PlanNode& node) {
  std::string text;
  for (const SortKey& key : node.sort_keys) {
    if (!text.empty()) text += ", ";
    text += key.expression->to_text();
    if (key.descending) text += " DESC";
    if (key.nulls_first == key.descending) text += key.nulls_first ? " NULLS FIRST" : " NULLS LAST";
  }
  return text;
}

std::string aggregate_texts(const PlanNode& node) {
  std::string text;
  for (const BoundAggregate& aggregate : node.aggregates) {
    if (!text.empty()) text += ", ";
    text += aggregate.text;
  }
  for (const BoundWindowCall& call : node.windows) {
    if (!text.empty()) text += ", ";
    text += call.aggregate.text;
  }
  return text;
}

std::string key_texts(const PlanNode& join) {
  std::string text;
  for (size_t i = 0; i < join.left_keys.size() && i < join.right_keys.size(); ++i) {
    if (i > 0) text += ", ";
    text += join.left_keys[i]->to_text() + " = " + join.right_keys[i]->to_text();
  }
  return text;
}

void add_join(std::string* line, const PlanNode& node) {
  *line += std::string(" ") + join_name(node.join);
  if (node.null_aware) *line += " null-aware";
  if (node.kind == PlanKind::kApply) {
    add(line, "outer", texts(node.left_keys));
  } else {
    add(line, "keys", key_texts(node));
  }
  if (node.left_time != nullptr) {
    const char* symbol =
        node.backward ? (node.strict ? " > " : " >= ") : (node.strict ? " < " : " <= ");
    add(line, "time", node.left_time->to_text() + symbol + node.right_time->to_text());
  }
  add(line, "tolerance", node.tolerance);
  add(line, "band", node.band_key);
  add(line, "low", node.band_low);
  add(line, "high", node.band_high);
}

std::string node_text(const PlanNode& node) {
  std::string line = kind_name(node.kind);
  if (!node.table_name.empty()) line += " " + node.table_name;
  if (!node.function_name.empty()) line += " " + node.function_name;
  if (node.children.size() == 2 && node.kind != PlanKind::kUnionAll) add_join(&line, node);
  switch (node.kind) {
    case PlanKind::kScan:
    case PlanKind::kKeyLookup: add(&line, "columns", output_names(node, 0)); break;
    case PlanKind::kFetch:
      add(&line, "columns", output_names(node, node.outputs.size() - node.columns.size()));
      break;
    case PlanKind::kValues:
      line += format_text(" %llu rows", static_cast<unsigned long long>(node.row_count));
      break;
    case PlanKind::kCopyTo: line += " '" + node.file_name + "'"; break;
    case PlanKind::kProject:
    case PlanKind::kTextScore:
    case PlanKind::kTableFunction: add(&line, "", texts(node.expressions)); break;
    default: break;
  }
  add(&line, "key", texts(node.key));
  add(&line, node.kind == PlanKind::kWindow ? "partition" : "groups", texts(node.groups));
  add(&line, node.kind == PlanKind::kWindow ? "calls" : "aggregates", aggregate_texts(node));
  add(&line, "order", sort_text(node));
  add(&line, "limit", node.limit);
  add(&line, "offset", node.row_offset);
  add(&line, "condition", node.condition);
  add(&line, "prune", prune_text(node));
  return line;
}

void append(const PlanNode& node, uint32_t depth, std::string* out) {
  out->append(2 * depth, ' ');
  *out += node_text(node);
  if (node.estimated_rows > 0) *out += format_text(" (~%.0f rows)", node.estimated_rows);
  *out += "\n";
  for (const auto& child : node.children) append(*child, depth + 1, out);
}

}  // namespace

std::string explain(const PlanNode& plan) {
  std::string text;
  append(plan, 0, &text);
  return text;
}

}  // namespace mote
