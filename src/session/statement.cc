#include <algorithm>

#include "session/statement_state.h"
#include "sql/bind/binder.h"
#include "sql/exec/table_function.h"
#include "sql/plan/planner.h"
#include "types/text_format.h"

namespace mote {

namespace {

// No name that SQL can spell, so it meets none of the user's.
constexpr const char* kStatementSavepoint = "\x01statement";

// The tables' sizes as the transaction sees them.
class SeenStatistics : public TableStatistics {
 public:
  explicit SeenStatistics(const Transaction& seen) : seen_(&seen) {}
  uint64_t row_count(TableId table) const override {
    const Result<TableView> view = seen_->table(table);
    return view.ok() ? view->visible_row_count() : 0;
  }

 private:
  const Transaction* seen_;
};

void collect_tables(const PlanNode& plan, std::vector<TableId>* tables) {
  if (plan.table != 0) tables->push_back(plan.table);
  for (const auto& child : plan.children) collect_tables(*child, tables);
}

// What an execution failed with, or, worse, what undoing it failed with.
Status worse_of(Status status, Status undone) {
  if (undone.ok()) return status;
  return status.ok() ? std::move(undone) : std::move(undone).in(status.message());
}

}  // namespace

StatementState::StatementState(std::shared_ptr<ConnectionState> the_connection,
                               std::string_view the_sql, ast::StatementPtr the_tree)
    : connection(std::move(the_connection)),
      sql(the_sql),
      tree(std::move(the_tree)),
      budget_(connection->options.query_memory_bytes, &connection->database->budget()) {
  if (tree == nullptr) return;
  bindings.resize(tree->parameter_names.size());
  given_types_.resize(bindings.size());
}

StatementState::~StatementState() { end(); }

Status StatementState::bind_tree(Transaction& seen) {
  root_.reset();
  plan_.reset();
  is_bound_ = false;
  TableFunctionCatalog functions(connection->database->env(), connection->files, budget_);
  MOTE_ASSIGN(bound_, bind_statement(*tree, seen.catalog(), functions, given_types_));
  is_bound_ = true;
  columns = bound_.result;
  if (bound_.explain != ExplainMode::kNone) {
    columns = {{0, Type::text(), "plan"}};
  } else if (!bound_.has_plan()) {
    columns = Command::columns(bound_.kind);
  }
  return {};
}

Status StatementState::plan_in(Transaction& seen) {
  MOTE_TRY(bind_tree(seen));
  tables_.clear();
  if (!bound_.has_plan()) return {};
  const SeenStatistics statistics(seen);
  MOTE_ASSIGN(plan_, plan_statement(bound_, seen.catalog(), &statistics));
  MOTE_ASSIGN(root_, make_operator(*plan_));
  std::vector<TableId> used;
  collect_tables(*plan_, &used);
  std::sort(used.begin(), used.end());
  used.erase(std::unique(used.begin(), used.end()), used.end());
  for (const TableId table : used) tables_.push_back(seen.catalog().share(table));
  return {};
}

bool StatementState::plan_is_current(const Transaction& seen) const {
  // What DDL does depends on names that are not there yet, so it is bound anew each time.
  if (!is_bound_ || !bound_.has_plan() || plan_ == nullptr ||
      bound_.kind == StatementKind::kCreateTableAs) {
    return false;
  }
  for (const auto& table : tables_) {
    if (table == nullptr || seen.catalog().find(table->id) != table.get()) return false;
  }
  return true;
}

// True when the value could be had in the plan's type; false when the parameter's type was changed.
bool StatementState::set_parameter(size_t position) {
  const BoundParameter& wanted = bound_.parameters[position];
  const Value& value = bindings[position];
  if (value.is_null()) {
    parameters_[position] = Value::null(wanted.type);
    return true;
  }
  if (value.type() == wanted.type) {
    parameters_[position] = value;
    return true;
  }
  if (!wanted.given && !wanted.type.is(TypeKind::kNull)) {
    Result<Value> cast = cast_value(value, wanted.type, CastMode::kImplicit);
    if (cast.ok()) {
      parameters_[position] = std::move(cast).value();
      return true;
    }
  }
  given_types_[position] = value.type();
  return false;
}

Status StatementState::set_parameters(Transaction& seen) {
  parameters_.resize(bindings.size());
  // Each round fixes the type of one parameter at least.
  for (size_t round = 0; round <= bindings.size(); ++round) {
    bool fits = true;
    for (size_t i = 0; i < bindings.size() && i < bound_.parameters.size(); ++i) {
      fits = set_parameter(i) && fits;
    }
    if (fits) return {};
    MOTE_TRY(plan_in(seen));
  }
  return invalid_argument("the types of the parameters can not be settled");
}

Status StatementState::open_plan(Transaction& in) {
  MOTE_TRY(set_parameters(in));
  Env& env = connection->database->env();
  context_.env = &env;
  context_.transaction = &in;
  context_.parameters = &parameters_;
  context_.budget = &budget_;
  context_.function.statement_wall_ns = env.wall_ns();
  context_.files = &connection->files;
  context_.cancelled = &connection->interrupted;
  context_.deadline_ns = INT64_MAX;
  if (connection->timeout_ns > 0) {
    context_.deadline_ns = env.monotonic_ns() + connection->timeout_ns;
  }
  context_.measure = bound_.explain == ExplainMode::kAnalyze;
  context_.rows_affected = 0;
  context_.open_function_context();
  return root_->open(context_);
}

void StatementState::begin_results() {
  is_complete_ = true;
  if (columns.empty()) return;
  std::vector<Type> types;
  for (const BoundColumn& column : columns) types.push_back(column.type);
  results_ = std::make_shared<RowStore>(types, budget_, "result");
  results_given_ = 0;
}

// Pulls all rows of the plan, and keeps them when they are to be given.
Status StatementState::keep_rows(bool give) {
  while (true) {
    MOTE_ASSIGN(const bool more, root_->next(chunk_));
    if (!more) break;
    if (give && results_ != nullptr) MOTE_TRY(results_->append(chunk_));
  }
  rows_affected = context_.rows_affected;
  return {};
}

Status StatementState::keep_lines(std::string_view text) {
  Chunk line;
  const Type type = Type::text();
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    line.reset(std::span(&type, 1));
    line.column(0).lane<std::string_view>()[0] = text.substr(0, end);
    line.set_row_count(1);
    MOTE_TRY(results_->append(line));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

// The plan's work in a transaction whose end is someone else's matter.
Status StatementState::run(Transaction& in) {
  if (!plan_is_current(in)) {
    MOTE_TRY(plan_in(in));
  } else if (root_ == nullptr) {
    MOTE_ASSIGN(root_, make_operator(*plan_));
  }
  if (bound_.explain == ExplainMode::kPlan) {
    begin_results();
    return keep_lines(explain(*plan_));
  }
  MOTE_TRY(open_plan(in));
  if (bound_.explain == ExplainMode::kAnalyze) {
    begin_results();
    MOTE_TRY(keep_rows(/*give=*/false));
    return keep_lines(explain_measured(*root_));
  }
  if (!bound_.writes) return {};
  begin_results();
  return keep_rows(/*give=*/true);
}

Status StatementState::start() {
  rows_affected = 0;
  connection->interrupted.store(false, std::memory_order_relaxed);
  if (tree == nullptr) {
    begin_results();
    return {};
  }
  if (!bound_.has_plan()) {
    MOTE_TRY(Command::run(*this));
    if (!is_complete_) begin_results();
    return {};
  }
  return run_in_transaction(bound_.writes && bound_.explain != ExplainMode::kPlan);
}

Status StatementState::run_in_transaction(bool writes) {
  if (connection->transaction == nullptr) {
    MOTE_ASSIGN(own_transaction_, connection->database->begin());
    MOTE_TRY(run(*own_transaction_));
    return writes ? own_transaction_->commit(connection->options.sync).status() : Status();
  }
  shared_transaction_ = connection->transaction;
  if (!writes) {
    transaction_changes_ = connection->transaction_changes;
    return run(*shared_transaction_);
  }
  // A statement that fails undoes what it did and nothing else.
  Transaction& in = *shared_transaction_;
  transaction_changes_ = ++connection->transaction_changes;
  MOTE_TRY(in.savepoint(kStatementSavepoint));
  Status status = run(in);
  if (!status.ok()) {
    if (root_ != nullptr) root_->close();
    status = worse_of(std::move(status), in.rollback_to(kStatementSavepoint));
  }
  return worse_of(std::move(status), in.release(kStatementSavepoint));
}

Result<const Chunk*> StatementState::next() {
  if (connection->closed) {
    end();
    return closed("the connection of this statement is closed");
  }
  if (!running_) {
    running_ = true;
    if (Status status = start(); !status.ok()) {
      end();
      return status;
    }
  }
  if (is_complete_) {
    if (results_ != nullptr && results_given_ < results_->chunk_count())
      return &results_->chunk(results_given_++);
    end();
    return nullptr;
  }
  if (shared_transaction_ != nullptr && transaction_changes_ != connection->transaction_changes) {
    end();
    return invalid_argument(
        "the transaction was changed or ended while this statement was giving rows; fetch all rows "
        "before the next writing statement");
  }
  Result<bool> more = root_->next(chunk_);
  if (more.ok() && *more) return &chunk_;
  end();
  if (!more.ok()) return std::move(more).status();
  return nullptr;
}

void StatementState::end() {
  if (!running_) return;
  running_ = false;
  if (root_ != nullptr) root_->close();
  is_complete_ = false;
  results_.reset();
  // Operators keep their columns for the next execution, but large values are worth more to others
  // until then.
  if (budget_.used_bytes() > 0) {
    chunk_.clear();
    root_.reset();
  }
  own_transaction_.reset();
  shared_transaction_.reset();
}

Statement::Statement(std::unique_ptr<StatementState> state) : state_(std::move(state)) {}
Statement::Statement(Statement&&) noexcept = default;
Statement& Statement::operator=(Statement&&) noexcept = default;
Statement::~Statement() = default;

bool Statement::is_empty() const { return state_->tree == nullptr; }

uint32_t Statement::parameter_count() const {
  return static_cast<uint32_t>(state_->bindings.size());
}

std::string_view Statement::parameter_name(uint32_t position) const {
  if (position == 0 || position > parameter_count()) return {};
  return state_->tree->parameter_names[position - 1];
}

uint32_t Statement::parameter_position(std::string_view name) const {
  const auto bare = [](std::string_view text) {
    const bool signed_name = !text.empty() && (text[0] == ':' || text[0] == '$' || text[0] == '@');
    return signed_name ? text.substr(1) : text;
  };
  for (uint32_t i = 1; i <= parameter_count(); ++i) {
    if (!bare(name).empty() && bare(parameter_name(i)) == bare(name)) return i;
  }
  return 0;
}

Status Statement::bind(uint32_t position, Value value) {
  state_->end();
  if (position == 0 || position > parameter_count()) {
    return not_found("no parameter %u; the statement has %u", position, parameter_count());
  }
  state_->bindings[position - 1] = std::move(value);
  return {};
}

void Statement::clear_bindings() {
  state_->end();
  for (Value& value : state_->bindings) value = Value();
}

uint32_t Statement::column_count() const { return static_cast<uint32_t>(state_->columns.size()); }
std::string_view Statement::column_name(uint32_t column) const {
  return state_->columns[column].name;
}
Type Statement::column_type(uint32_t column) const { return state_->columns[column].type; }

Result<const Chunk*> Statement::next() { return state_->next(); }
void Statement::reset() { state_->end(); }
uint64_t Statement::rows_affected() const { return state_->rows_affected; }

}  // namespace mote
