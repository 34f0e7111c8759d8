#include "sql/exec/evaluator.h"

#include <algorithm>
#include <cstring>

#include "sql/exec/row_store.h"

namespace mote {

namespace {

// From this many constants on, IN is answered by a hash table.
constexpr size_t kLeastHashedList = 8;

// What the columns of an expression's node may take without being charged: the lanes and short
// texts that every node has.
constexpr size_t kUnchargedBytes = 256u << 10;

void select_all(uint32_t row_count, Selection* all) {
  all->count = row_count;
  for (uint32_t i = 0; i < row_count; ++i) all->rows[i] = static_cast<uint16_t>(i);
}

std::span<const uint16_t> rows_of(const Selection& selection) {
  return {selection.rows.data(), selection.count};
}

}  // namespace

// One node of the expression and the columns it computes into.
class Evaluator::Node {
 public:
  explicit Node(const BoundExpression& expression);

  Status prepare(const QueryContext& context);
  Result<const Column*> evaluate(const Chunk& in);
  Status evaluate_into(const Chunk& in, Column& out);
  const BoundExpression& expression() const { return *expression_; }

 private:
  Status compute(const Chunk& in, Column& out);
  Status compute_call(const Chunk& in, Column& out);
  Status compute_logic(const Chunk& in, Column& out);
  Status compute_case(const Chunk& in, Column& out);
  Status compute_in(const Chunk& in, Column& out);
  Status compute_listed(const Column& needle, uint32_t row_count, Column& out);
  Status prepare_list(const QueryContext& context);
  Status spread_constant(uint32_t row_count);
  // Charges what the last result holds, as far as it is worth mentioning.
  Status charge_result(const Column& result);
  // This node's values for some rows of `in`: value i belongs to rows[i].
  Result<const Column*> evaluate_rows(const Chunk& in, const Selection& rows);
  bool is_constant() const { return mote::is_constant(*expression_); }

  const BoundExpression* expression_;
  const QueryContext* context_ = nullptr;
  std::vector<std::unique_ptr<Node>> children_;
  std::vector<const Column*> arguments_;  // kCall
  std::vector<uint32_t> used_;            // input columns of all the tree
  Column out_;                            // inner nodes: the last result; constants: spread rows
  uint32_t spread_rows_ = 0;              // constants: how many rows of out_ are filled
  Value constant_;
  // What branching needs, apart from the stack, which deep expressions fill.
  struct Branches {
    Selection open;
    Selection taken;
    std::array<uint32_t, kChunkRows> numbers;
  };
  MemoryCharge charge_;  // of the last result, wherever it went: what keeps it charges its copy
  std::unique_ptr<Branches> branches_;  // kAnd, kOr, kCase, kIn
  Chunk rows_;  // the used columns of the rows that an earlier branch leaves open
  // kIn with many constants.
  std::unique_ptr<MemoryBudget> list_budget_;
  std::unique_ptr<KeyTable> list_;
  bool list_has_null_ = false;
};

Evaluator::Node::Node(const BoundExpression& expression) : expression_(&expression) {
  children_.reserve(expression.children.size());
  for (const BoundExpressionPtr& child : expression.children) {
    children_.push_back(std::make_unique<Node>(*child));
  }
  arguments_.resize(children_.size());
  const BoundKind kind = expression.kind;
  const bool branches = kind == BoundKind::kAnd || kind == BoundKind::kOr ||
                        kind == BoundKind::kCase || kind == BoundKind::kIn;
  if (branches) branches_ = std::make_unique<Branches>();
  collect_columns(expression, &used_);
}

Status Evaluator::Node::prepare(const QueryContext& context) {
  context_ = &context;
  if (charge_.size_bytes() > 0) {
    out_ = Column();
    charge_.reset();
  }
  if (is_constant()) {
    Value room;
    MOTE_ASSIGN(const Value* const value, constant_value(*expression_, context, &room));
    // Here and, once it is spread, in the column.
    const size_t size = 2 * value->bytes().size();
    if (size > kUnchargedBytes && context.budget != nullptr)
      MOTE_TRY(charge_.grow(*context.budget, size, "a constant"));
    constant_ = *value;
    spread_rows_ = 0;
    return {};
  }
  for (const auto& child : children_) MOTE_TRY(child->prepare(context));
  if (expression_->kind == BoundKind::kIn) return prepare_list(context);
  return {};
}

Status Evaluator::Node::spread_constant(uint32_t row_count) {
  if (spread_rows_ == 0) out_.reset(expression_->type, /*zeroed=*/constant_.is_null());
  if (constant_.is_null()) {
    out_.validity().set_all_null();
    spread_rows_ = kChunkRows;
    return {};
  }
  const TypeKind kind = expression_->type.kind;
  for (uint32_t row = spread_rows_; row < row_count; ++row) {
    if (row == 0) {
      out_.set_value(0, constant_);
      continue;
    }
    const uint32_t size = lane_entry_bytes(lane_kind(kind));
    for (uint32_t lane = 0; lane < lane_count(kind); ++lane) {
      std::memcpy(out_.lane<char>(lane) + static_cast<size_t>(row) * size, out_.lane<char>(lane),
                  size);
    }
  }
  spread_rows_ = std::max(spread_rows_, row_count);
  return {};
}

Result<const Column*> Evaluator::Node::evaluate(const Chunk& in) {
  if (expression_->kind == BoundKind::kColumn) return &in.column(expression_->position);
  if (is_constant()) {
    if (spread_rows_ < in.row_count()) MOTE_TRY(spread_constant(in.row_count()));
    return &out_;
  }
  MOTE_TRY(compute(in, out_));
  return &out_;
}

Status Evaluator::Node::evaluate_into(const Chunk& in, Column& out) {
  if (expression_->kind == BoundKind::kColumn || is_constant()) {
    // A constant's lanes may be shared: later, longer chunks only write entries behind those given.
    MOTE_ASSIGN(const Column* const column, evaluate(in));
    out = *column;
    return {};
  }
  return compute(in, out);
}

Status Evaluator::Node::compute(const Chunk& in, Column& out) {
  const uint32_t row_count = in.row_count();
  switch (expression_->kind) {
    case BoundKind::kCall: return compute_call(in, out);
    case BoundKind::kCast: {
      MOTE_ASSIGN(const Column* const from, children_[0]->evaluate(in));
      MOTE_TRY(cast_column(*from, row_count, expression_->type, expression_->cast_mode, out)
                   .at(expression_->offset));
      return charge_result(out).at(expression_->offset);
    }
    case BoundKind::kAnd:
    case BoundKind::kOr: return compute_logic(in, out);
    case BoundKind::kNot: {
      MOTE_ASSIGN(const Column* const from, children_[0]->evaluate(in));
      out.reset(Type::boolean());
      out.validity() = from->validity();
      for (uint32_t i = 0; i < row_count; ++i) {
        out.lane<bool>()[i] = !from->is_null(i) && !from->lane<bool>()[i];
      }
      return {};
    }
    case BoundKind::kIsNull: {
      MOTE_ASSIGN(const Column* const from, children_[0]->evaluate(in));
      out.reset(Type::boolean());
      for (uint32_t i = 0; i < row_count; ++i) out.lane<bool>()[i] = from->is_null(i);
      return {};
    }
    case BoundKind::kCase: return compute_case(in, out);
    case BoundKind::kIn: return compute_in(in, out);
    case BoundKind::kColumn:
    case BoundKind::kConstant:
    case BoundKind::kParameter: break;
  }
  MOTE_CHECK(false);
  return {};
}

Status Evaluator::Node::charge_result(const Column& result) {
  const size_t size = result.memory_bytes();
  if (size <= kUnchargedBytes && charge_.size_bytes() == 0) return {};
  charge_.reset();
  if (size <= kUnchargedBytes || context_->budget == nullptr) return {};
  return charge_.grow(*context_->budget, size, "the values of an expression");
}

Status Evaluator::Node::compute_call(const Chunk& in, Column& out) {
  const ScalarFunction& function = *expression_->function;
  for (size_t i = 0; i < children_.size(); ++i) {
    MOTE_ASSIGN(arguments_[i], children_[i]->evaluate(in));
  }
  out.reset(expression_->type);
  if (function.nulls_pass) {
    for (const Column* const argument : arguments_) {
      out.validity().intersect(argument->validity());
    }
  }
  MOTE_TRY(function.evaluate(context_->function, arguments_, in.row_count(), out)
               .at(expression_->offset));
  return charge_result(out).at(expression_->offset);
}

Result<const Column*> Evaluator::Node::evaluate_rows(const Chunk& in, const Selection& rows) {
  if (rows.count == in.row_count()) return evaluate(in);
  rows_.columns().resize(in.column_count());
  for (const uint32_t position : used_) {
    gather_rows(in.column(position), rows_of(rows), rows_.column(position));
  }
  rows_.set_row_count(rows.count);
  return evaluate(rows_);
}

// AND: a row is decided by the first FALSE; what stays open at the end is NULL if any was, else
// TRUE. OR the other way round.
Status Evaluator::Node::compute_logic(const Chunk& in, Column& out) {
  const uint32_t row_count = in.row_count();
  const bool decides = expression_->kind == BoundKind::kOr;
  out.reset(Type::boolean());
  bool* const values = out.lane<bool>();
  std::fill_n(values, row_count, !decides);
  Selection& open = branches_->open;
  select_all(row_count, &open);
  for (const auto& child : children_) {
    if (open.count == 0) break;
    MOTE_ASSIGN(const Column* const column, child->evaluate_rows(in, open));
    const bool* const branch = column->lane<bool>();
    uint32_t left = 0;
    for (uint32_t i = 0; i < open.count; ++i) {
      const uint16_t row = open.rows[i];
      if (column->is_null(i)) {
        out.validity().set_null(row);
        values[row] = false;
      } else if (branch[i] == decides) {
        out.validity().set_valid(row);
        values[row] = decides;
        continue;
      }
      open.rows[left++] = row;
    }
    open.count = left;
  }
  return {};
}

Status Evaluator::Node::compute_case(const Chunk& in, Column& out) {
  out.reset(expression_->type, /*zeroed=*/true);
  Selection& open = branches_->open;
  Selection& taken = branches_->taken;
  select_all(in.row_count(), &open);
  for (size_t branch = 0; branch < children_.size() && open.count > 0; branch += 2) {
    if (branch + 1 == children_.size()) {
      taken = open;
      open.count = 0;
    } else {
      MOTE_ASSIGN(const Column* const condition, children_[branch]->evaluate_rows(in, open));
      uint32_t left = 0;
      taken.count = 0;
      for (uint32_t i = 0; i < open.count; ++i) {
        const bool is_true = !condition->is_null(i) && condition->lane<bool>()[i];
        (is_true ? taken.rows[taken.count++] : open.rows[left++]) = open.rows[i];
      }
      open.count = left;
    }
    if (taken.count == 0) continue;
    Node& value = *children_[std::min(branch + 1, children_.size() - 1)];
    MOTE_ASSIGN(const Column* const column, value.evaluate_rows(in, taken));
    if (column->type().kind == TypeKind::kNull) {
      for (uint32_t i = 0; i < taken.count; ++i) out.set_null(taken.rows[i]);
      continue;
    }
    for (uint32_t i = 0; i < taken.count; ++i) out.copy_row(taken.rows[i], *column, i);
    out.keep_alive_with(*column);
  }
  return {};
}

Status Evaluator::Node::prepare_list(const QueryContext& context) {
  list_.reset();
  list_has_null_ = false;
  if (children_.size() < 1 + kLeastHashedList) return {};
  for (size_t i = 1; i < children_.size(); ++i) {
    if (!children_[i]->is_constant()) return {};
  }
  list_budget_ = std::make_unique<MemoryBudget>(context.budget->limit_bytes(), context.budget);
  const Type type = children_[0]->expression().type;
  list_ = std::make_unique<KeyTable>(std::span(&type, 1), *list_budget_, "list of IN");
  Chunk keys;
  keys.reset(std::span(&type, 1));
  std::span<uint32_t> numbers = branches_->numbers;
  for (size_t i = 1; i < children_.size(); ++i) {
    const Value& value = children_[i]->constant_;
    if (value.is_null()) {
      list_has_null_ = true;
    } else {
      keys.column(0).set_value(keys.row_count(), value);
      keys.set_row_count(keys.row_count() + 1);
    }
    if (keys.row_count() == kChunkRows || i + 1 == children_.size()) {
      MOTE_TRY(list_->find_or_add(keys, numbers.first(keys.row_count())));
      keys.reset(std::span(&type, 1));
    }
  }
  return {};
}

Status Evaluator::Node::compute_listed(const Column& needle, uint32_t row_count, Column& out) {
  Chunk keys;
  keys.columns().push_back(needle);
  keys.set_row_count(row_count);
  const std::span<uint32_t> numbers = branches_->numbers;
  list_->find(keys, numbers.first(row_count));
  for (uint32_t i = 0; i < row_count; ++i) {
    const bool found = numbers[i] != RowStore::kNoRow;
    out.lane<bool>()[i] = found;
    if (!found && (list_has_null_ || needle.is_null(i))) out.validity().set_null(i);
  }
  return {};
}

Status Evaluator::Node::compute_in(const Chunk& in, Column& out) {
  const uint32_t row_count = in.row_count();
  out.reset(Type::boolean(), /*zeroed=*/true);
  MOTE_ASSIGN(const Column* const needle, children_[0]->evaluate(in));
  if (list_ != nullptr) return compute_listed(*needle, row_count, out);
  for (size_t i = 1; i < children_.size(); ++i) {
    MOTE_ASSIGN(const Column* const entry, children_[i]->evaluate(in));
    for (uint32_t row = 0; row < row_count; ++row) {
      if (out.lane<bool>()[row]) continue;
      if (needle->is_null(row) || entry->is_null(row)) {
        out.validity().set_null(row);
      } else if (needle->compare_rows(row, *entry, row) == 0) {
        out.validity().set_valid(row);
        out.lane<bool>()[row] = true;
      }
    }
  }
  return {};
}

Evaluator::Evaluator(const BoundExpression& expression)
    : root_(std::make_unique<Node>(expression)) {
  collect_columns(expression, &used_);
}
Evaluator::~Evaluator() = default;
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;

Status Evaluator::prepare(const QueryContext& context) { return root_->prepare(context); }

Result<const Column*> Evaluator::evaluate(const Chunk& in) { return root_->evaluate(in); }

Status Evaluator::evaluate_into(const Chunk& in, Column& out) {
  return root_->evaluate_into(in, out);
}

Status Evaluator::select(const Chunk& in, Selection* rows) {
  MOTE_ASSIGN(const Column* const column, root_->evaluate(in));
  const bool* const values = column->lane<bool>();
  rows->count = 0;
  if (column->type().kind == TypeKind::kNull) return {};
  uint16_t* const to = rows->rows.data();
  const uint32_t row_count = in.row_count();
  uint32_t count = 0;
  for (uint32_t i = 0; i < row_count; ++i) {
    to[count] = static_cast<uint16_t>(i);
    count += static_cast<uint32_t>(values[i]);
  }
  if (!column->validity().all_valid()) {
    const uint32_t with_nulls = count;
    count = 0;
    for (uint32_t i = 0; i < with_nulls; ++i) {
      if (column->validity().is_valid(to[i])) to[count++] = to[i];
    }
  }
  rows->count = count;
  return {};
}

std::optional<uint32_t> Evaluator::plain_column() const {
  const BoundExpression& expression = root_->expression();
  if (expression.kind != BoundKind::kColumn) return std::nullopt;
  return expression.position;
}

EvaluatorList::EvaluatorList(std::span<const BoundExpressionPtr> expressions) {
  evaluators_.reserve(expressions.size());
  for (const BoundExpressionPtr& expression : expressions) evaluators_.emplace_back(*expression);
}

Status EvaluatorList::prepare(const QueryContext& context) {
  for (Evaluator& evaluator : evaluators_) MOTE_TRY(evaluator.prepare(context));
  return {};
}

Status EvaluatorList::evaluate(const Chunk& in, Chunk& out) {
  out.columns().resize(evaluators_.size());
  for (size_t i = 0; i < evaluators_.size(); ++i) {
    MOTE_TRY(evaluators_[i].evaluate_into(in, out.column(static_cast<uint32_t>(i))));
  }
  out.set_row_count(in.row_count());
  return {};
}

Result<const Value*> constant_value(const BoundExpression& expression, const QueryContext& context,
                                    Value* room) {
  const Value* value = &expression.constant;
  if (expression.kind == BoundKind::kParameter) {
    const bool given =
        context.parameters != nullptr && expression.parameter < context.parameters->size();
    if (given) value = &(*context.parameters)[expression.parameter];
    if (given && !value->is_null() && value->type() != expression.type) {
      Result<Value> cast = cast_value(*value, expression.type, CastMode::kImplicit);
      if (!cast.ok()) return std::move(cast).status().at(expression.offset);
      *room = std::move(cast).value();
      return room;
    }
  }
  if (!value->is_null()) return value;
  *room = Value::null(expression.type);
  return room;
}

Result<Value> evaluate_once(const BoundExpression& expression, const QueryContext& context) {
  if (is_constant(expression)) {
    Value room;
    MOTE_ASSIGN(const Value* const value, constant_value(expression, context, &room));
    return *value;
  }
  Evaluator evaluator(expression);
  MOTE_TRY(evaluator.prepare(context));
  Chunk one;
  one.set_row_count(1);
  MOTE_ASSIGN(const Column* const column, evaluator.evaluate(one));
  return column->value(0);
}

Result<std::optional<uint64_t>> evaluate_count(const BoundExpressionPtr& expression,
                                               const QueryContext& context, const char* name) {
  if (expression == nullptr) return std::optional<uint64_t>();
  MOTE_ASSIGN(const Value value, evaluate_once(*expression, context));
  if (value.is_null()) return std::optional<uint64_t>();
  if (!value.type().is(TypeKind::kInteger)) {
    return invalid_argument("%s is of type %s; it must be an INTEGER", name,
                            value.type().name().c_str())
        .at(expression->offset);
  }
  if (value.integer() < 0) {
    return invalid_argument("%s is %lld; it must not be negative", name,
                            static_cast<long long>(value.integer()))
        .at(expression->offset);
  }
  return std::optional<uint64_t>(static_cast<uint64_t>(value.integer()));
}

namespace {

void add_columns(const BoundExpression& expression, std::vector<uint32_t>* positions) {
  if (expression.kind == BoundKind::kColumn) positions->push_back(expression.position);
  for (const BoundExpressionPtr& child : expression.children) add_columns(*child, positions);
}

}  // namespace

void collect_columns(const BoundExpression& expression, std::vector<uint32_t>* positions) {
  add_columns(expression, positions);
  std::sort(positions->begin(), positions->end());
  positions->erase(std::unique(positions->begin(), positions->end()), positions->end());
}

}  // namespace mote
