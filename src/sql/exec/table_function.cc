#include "sql/exec/table_function.h"

#include <optional>

#include "sql/exec/evaluator.h"
#include "sql/exec/operators.h"
#include "types/schema.h"
#include "types/text_format.h"

namespace mote {

namespace {

constexpr std::string_view kSeries = "generate_series";

// The type of generate_series(start, stop [, step]): INTEGER, FLOAT, or TIMESTAMP with an INTERVAL
// as its step.
Result<Type> series_type(std::span<const Value> arguments) {
  if (arguments.size() < 2 || arguments.size() > 3) {
    return invalid_argument("generate_series takes start, stop and maybe step; %zu are given",
                            arguments.size());
  }
  bool integers = true;
  bool numbers = true;
  for (const Value& argument : arguments) {
    const Type type = argument.type();
    integers = integers && (type.is(TypeKind::kInteger) || type.is(TypeKind::kNull));
    numbers = numbers && (type.is_numeric() || type.is(TypeKind::kNull));
  }
  if (integers) return Type::integer();
  if (numbers) return Type::floating();
  const bool times = arguments.size() == 3 && arguments[0].type().is(TypeKind::kTimestamp) &&
                     arguments[1].type().is(TypeKind::kTimestamp) &&
                     arguments[2].type().is(TypeKind::kInterval);
  if (times) return Type::timestamp();
  return invalid_argument(
      "generate_series takes (INTEGER, INTEGER [, INTEGER]), (FLOAT, FLOAT [, FLOAT]) or "
      "(TIMESTAMP, TIMESTAMP, INTERVAL)");
}

// The values of one series.
class Series {
 public:
  // Nothing for a NULL argument: no rows.
  static Result<std::optional<Series>> create(std::span<const Value> arguments) {
    MOTE_ASSIGN(const Type type, series_type(arguments));
    for (const Value& argument : arguments) {
      if (argument.is_null()) return std::optional<Series>();
    }
    Series series;
    series.type_ = type;
    const bool has_step = arguments.size() == 3;
    bool zero_step = false;
    if (type.is(TypeKind::kFloat)) {
      const auto number = [](const Value& value) {
        return value.type().is(TypeKind::kInteger) ? static_cast<double>(value.integer())
                                                   : value.floating();
      };
      series.float_start_ = number(arguments[0]);
      series.float_stop_ = number(arguments[1]);
      series.float_step_ = has_step ? number(arguments[2]) : 1.0;
      zero_step = !(series.float_step_ > 0) && !(series.float_step_ < 0);
      series.down_ = series.float_step_ < 0;
    } else {
      series.at_ = arguments[0].integer();
      series.stop_ = arguments[1].integer();
      if (type.is(TypeKind::kTimestamp)) {
        series.interval_ = arguments[2].interval();
        const int sign = compare_intervals(series.interval_, Interval{});
        zero_step = sign == 0;
        series.down_ = sign < 0;
      } else {
        series.step_ = has_step ? arguments[2].integer() : 1;
        zero_step = series.step_ == 0;
        series.down_ = series.step_ < 0;
      }
    }
    if (zero_step) return invalid_argument("generate_series: the step must not be zero");
    return std::optional<Series>(std::move(series));
  }

  // Fills `out` from its first row; fewer than kChunkRows rows only at the end.
  uint32_t fill(Column& out) {
    uint32_t rows = 0;
    for (; rows < kChunkRows && !ended_; ++rows) {
      if (type_.is(TypeKind::kFloat)) {
        const double value = float_start_ + static_cast<double>(count_) * float_step_;
        if (!(down_ ? value >= float_stop_ : value <= float_stop_)) break;
        ++count_;
        out.lane<double>()[rows] = value;
        continue;
      }
      if (down_ ? at_ < stop_ : at_ > stop_) break;
      out.lane<int64_t>()[rows] = at_;
      advance();
    }
    if (rows < kChunkRows) ended_ = true;
    return rows;
  }

 private:
  void advance() {
    if (type_.is(TypeKind::kInteger)) {
      ended_ = __builtin_add_overflow(at_, step_, &at_);
      return;
    }
    const Result<int64_t> time = add_interval(at_, interval_);
    // A step that, clipped to a month's end, leads nowhere would never end.
    ended_ = !time.ok() || (down_ ? *time >= at_ : *time <= at_);
    if (!ended_) at_ = *time;
  }

  Type type_;
  bool down_ = false;
  bool ended_ = false;
  int64_t at_ = 0;
  int64_t stop_ = 0;
  int64_t step_ = 0;
  Interval interval_;
  double float_start_ = 0;
  double float_stop_ = 0;
  double float_step_ = 0;
  uint64_t count_ = 0;
};

class TableFunction : public Operator {
 public:
  using Operator::Operator;

 protected:
  Status start() override {
    finish();
    std::vector<Value> arguments;
    for (const BoundExpressionPtr& expression : plan().expressions) {
      MOTE_ASSIGN(Value value, evaluate_once(*expression, context()));
      arguments.push_back(std::move(value));
    }
    if (same_name(plan().function_name, kSeries)) {
      MOTE_ASSIGN(series_, Series::create(arguments));
      return {};
    }
    std::vector<SourceOption> options;
    const size_t positional = arguments.size() - plan().option_names.size();
    for (size_t i = 0; i < plan().option_names.size(); ++i) {
      options.push_back({plan().option_names[i], std::move(arguments[positional + i])});
    }
    arguments.resize(positional);
    MOTE_ASSIGN(source_, open_source(*context().env, *context().files, plan().function_name,
                                     arguments, options, *context().budget));
    return match_columns();
  }

  Result<bool> produce(Chunk& out) override {
    if (source_ == nullptr) {
      if (!series_.has_value()) return false;
      out.columns().resize(plan().outputs.size());
      Column values(plan().outputs.empty() ? Type::integer() : plan().outputs[0].type);
      const uint32_t rows = series_->fill(values);
      for (Column& column : out.columns()) column = values;
      out.set_row_count(rows);
      return rows > 0;
    }
    MOTE_ASSIGN(const bool more, source_->next(rows_));
    if (!more) return false;
    out.columns().resize(columns_.size());
    for (uint32_t i = 0; i < columns_.size(); ++i) out.column(i) = rows_.column(columns_[i]);
    out.set_row_count(rows_.row_count());
    return true;
  }

  void finish() override {
    source_.reset();
    series_.reset();
    rows_ = Chunk();
  }

 private:
  // Finds the outputs among the source's columns: the file may have changed since it was described.
  Status match_columns() {
    columns_.clear();
    const std::vector<SourceColumn>& found = source_->columns();
    const bool by_place = found.size() == plan().outputs.size();
    for (uint32_t i = 0; i < plan().outputs.size(); ++i) {
      const OutputColumn& wanted = plan().outputs[i];
      uint32_t at = by_place ? i : 0;
      while (!by_place && at < found.size() && !same_name(found[at].name, wanted.name)) ++at;
      if (at >= found.size() || found[at].type != wanted.type) {
        return invalid_argument(
            "%s: column '%s' is no longer there as %s; the file has changed since the statement "
            "was prepared",
            plan().function_name.c_str(), wanted.name.c_str(), wanted.type.name().c_str());
      }
      columns_.push_back(at);
    }
    return {};
  }

  std::optional<Series> series_;
  std::unique_ptr<RowSource> source_;
  std::vector<uint32_t> columns_;  // the source's column of each output
  Chunk rows_;
};

}  // namespace

Result<std::vector<TableFunctions::Column>> TableFunctionCatalog::describe(
    std::string_view name, std::span<const Value> arguments,
    std::span<const std::pair<std::string, Value>> options) {
  std::vector<Column> columns;
  if (same_name(name, kSeries)) {
    if (!options.empty()) {
      return not_found("generate_series has no option '%s'", options[0].first.c_str());
    }
    MOTE_ASSIGN(const Type type, series_type(arguments));
    columns.push_back({std::string(kSeries), type});
    return columns;
  }
  if (!is_source(name)) {
    return not_found(
        "no table function '%.*s'; there are generate_series, read_csv, read_json, read_npy and "
        "read_blob",
        static_cast<int>(name.size()), name.data());
  }
  for (const Value& argument : arguments) {
    if (argument.is_null()) {
      return invalid_argument("%.*s: the file's name must be known when the statement is prepared",
                              static_cast<int>(name.size()), name.data());
    }
  }
  std::vector<SourceOption> source_options;
  for (const auto& [option, value] : options) source_options.push_back({option, value});
  MOTE_ASSIGN(const std::unique_ptr<RowSource> source,
              open_source(*env_, *files_, name, arguments, source_options, *budget_));
  for (const SourceColumn& column : source->columns()) {
    columns.push_back({column.name, column.type});
  }
  return columns;
}

std::unique_ptr<Operator> make_table_function(const PlanNode& plan) {
  return std::make_unique<TableFunction>(plan);
}

}  // namespace mote
