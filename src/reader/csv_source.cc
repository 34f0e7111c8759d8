#include "reader/csv_source.h"

#include <algorithm>
#include <set>
#include <utility>

#include "reader/csv_records.h"
#include "reader/field_type.h"
#include "reader/source_options.h"
#include "types/schema.h"
#include "types/text_format.h"

namespace mote {

namespace {

struct CsvOptions {
  CsvFormat format;
  std::optional<bool> header;     // not given: found by sniff()
  std::optional<char> separator;  // likewise
  bool all_text = false;
  bool row_number = false;
  uint64_t skip = 0;
  uint64_t sample_rows = 0;
  std::string null_text;
  std::vector<std::string> names;
  std::vector<std::string> types;
};

Result<uint64_t> count_option(SourceOptions& options, std::string_view name) {
  MOTE_ASSIGN(const int64_t value, options.integer(name, 0));
  if (value < 0) {
    return invalid_argument("option '%.*s': %lld is less than 0", static_cast<int>(name.size()),
                            name.data(), static_cast<long long>(value));
  }
  return static_cast<uint64_t>(value);
}

Result<CsvOptions> read_options(std::span<const SourceOption> given) {
  SourceOptions options(given);
  CsvOptions csv;
  MOTE_ASSIGN(csv.header, options.optional_boolean("header"));
  MOTE_ASSIGN(csv.names, options.list("names"));
  MOTE_ASSIGN(csv.types, options.list("types"));
  MOTE_ASSIGN(csv.all_text, options.boolean("all_text", false));
  MOTE_ASSIGN(csv.row_number, options.boolean("row_number", false));
  MOTE_ASSIGN(csv.sample_rows, count_option(options, "sample_rows"));
  MOTE_ASSIGN(csv.skip, count_option(options, "skip"));
  MOTE_ASSIGN(csv.null_text, options.text("null", ""));
  MOTE_ASSIGN(csv.separator, options.character("separator", std::nullopt));
  MOTE_ASSIGN(csv.format.quote, options.character("quote", '"'));
  MOTE_ASSIGN(csv.format.comment, options.character("comment", std::nullopt));
  MOTE_TRY(options.finish("read_csv"));
  if (csv.separator.has_value() && (csv.separator == '\n' || csv.separator == csv.format.quote)) {
    return invalid_argument("option 'separator': must be a character other than quote and newline");
  }
  return csv;
}

// What is tried when the separator is not given, the first that fits is taken. Blanks separate
// numbers only: words with blanks between them are one text.
constexpr char kSeparators[] = {',', '\t', ';', '|', ' '};
constexpr uint32_t kSniffedRecords = 64;

bool is_number(const CsvField& field) {
  FieldTypes types;
  types.see(field.text);
  return !field.quoted && !field.text.empty() && types.type().is_numeric();
}

bool all_numbers(const std::vector<CsvField>& fields) {
  return !fields.empty() && std::all_of(fields.begin(), fields.end(), is_number);
}

class CsvSource : public RowSource {
 public:
  CsvSource(std::string file, CsvOptions options)
      : file_(std::move(file)), options_(std::move(options)), format_(options_.format) {}

  Status open(Env& env, const FileAccess& files, MemoryBudget& budget) {
    MOTE_ASSIGN(const std::string path, files.resolve(file_));
    MOTE_TRY(sniff(env, path, budget));
    MOTE_TRY(start(env, path, budget));
    if (options_.types.empty() && !options_.all_text) {
      MOTE_TRY(find_types());
      MOTE_TRY(start(env, path, budget));
    }
    if (options_.row_number) {
      columns_.insert(columns_.begin(), {"row", Type::integer()});
    }
    return check_names();
  }

  const std::vector<SourceColumn>& columns() const override { return columns_; }

  Result<bool> next(Chunk& out) override {
    std::vector<Type> types;
    for (const SourceColumn& column : columns_) types.push_back(column.type);
    out.reset(types);
    uint32_t row = 0;
    const uint32_t shift = options_.row_number ? 1 : 0;
    while (row < kChunkRows) {
      MOTE_ASSIGN(const bool more, next_record());
      if (!more) break;
      if (shift != 0) out.column(0).lane<int64_t>()[row] = static_cast<int64_t>(row_number_++);
      const std::vector<CsvField>& fields = records_->fields();
      for (uint32_t i = 0; i < fields.size(); ++i) {
        MOTE_TRY(put_field(fields[i], row, columns_[i + shift], out.column(i + shift)));
      }
      ++row;
    }
    out.set_row_count(row);
    return row > 0;
  }

 private:
  // Separator and header, where the statement does not say: the separator that gives each of the
  // first records the same number of fields, at least two; a header unless the first record is
  // numbers alone.
  Status sniff(Env& env, const std::string& path, MemoryBudget& budget) {
    format_.separator = options_.separator.value_or(',');
    if (!options_.separator.has_value()) {
      for (const char separator : kSeparators) {
        MOTE_ASSIGN(const bool fits, separator_fits(separator, env, path, budget));
        if (!fits) continue;
        format_.separator = separator;
        break;
      }
    }
    header_ = options_.header.value_or(true);
    if (options_.header.has_value()) return {};
    MOTE_ASSIGN(auto stream, open_byte_stream(env, path, file_, budget));
    CsvRecords records(std::move(stream), format_, budget);
    MOTE_TRY(in_file(records.skip_lines(options_.skip)));
    const Result<bool> any = records.next();
    header_ = !any.ok() || !*any || !all_numbers(records.fields());
    return {};
  }

  // A record that can not be split says that the separator does not fit; reading says what is
  // wrong.
  Result<bool> separator_fits(char separator, Env& env, const std::string& path,
                              MemoryBudget& budget) {
    MOTE_ASSIGN(auto stream, open_byte_stream(env, path, file_, budget));
    CsvFormat format = format_;
    format.separator = separator;
    CsvRecords records(std::move(stream), format, budget);
    MOTE_TRY(in_file(records.skip_lines(options_.skip)));
    size_t field_count = 0;
    for (uint32_t row = 0; row < kSniffedRecords; ++row) {
      const Result<bool> more = records.next();
      if (!more.ok()) return false;
      if (!*more) break;
      const std::vector<CsvField>& fields = records.fields();
      if (row == 0) field_count = fields.size();
      if (fields.size() < 2 || fields.size() != field_count) return false;
      if (separator == ' ' && row > 0 && !all_numbers(fields)) return false;
    }
    return field_count >= 2;
  }

  // Opens the file anew, up to the first row.
  Status start(Env& env, const std::string& path, MemoryBudget& budget) {
    MOTE_ASSIGN(auto stream, open_byte_stream(env, path, file_, budget));
    records_ = std::make_unique<CsvRecords>(std::move(stream), format_, budget);
    pending_ = false;
    MOTE_TRY(in_file(records_->skip_lines(options_.skip)));
    MOTE_ASSIGN(const bool any, next_line());
    const std::vector<CsvField>& fields = records_->fields();
    if (columns_.empty()) MOTE_TRY(name_columns(any ? fields.size() : 0));
    pending_ = any && !header_;
    return {};
  }

  Status name_columns(size_t field_count) {
    const std::vector<CsvField>& fields = records_->fields();
    if (field_count == 0 && options_.names.empty()) {
      return invalid_argument("file '%s': is empty, so it has no columns", file_.c_str());
    }
    if (field_count == 0) field_count = options_.names.size();
    if (!options_.names.empty() && options_.names.size() != field_count) {
      return invalid_argument("file '%s': has %zu columns; option 'names' gives %zu", file_.c_str(),
                              field_count, options_.names.size());
    }
    if (!options_.types.empty() && options_.types.size() != field_count) {
      return invalid_argument("file '%s': has %zu columns; option 'types' gives %zu", file_.c_str(),
                              field_count, options_.types.size());
    }
    for (size_t i = 0; i < field_count; ++i) {
      SourceColumn column{"c" + std::to_string(i), Type::text()};
      if (header_ && i < fields.size()) column.name = fields[i].text;
      if (!options_.names.empty()) column.name = options_.names[i];
      if (!options_.types.empty()) {
        MOTE_ASSIGN(column.type, parse_type_name(options_.types[i]));
      }
      columns_.push_back(std::move(column));
    }
    field_count_ = field_count;
    return {};
  }

  Status check_names() const {
    std::set<std::string> seen;
    for (const SourceColumn& column : columns_) {
      if (column.name.empty() || column.name.size() > kMaxNameBytes || !is_utf8(column.name)) {
        return invalid_argument("file '%s': a column's name is empty, too long or not UTF-8",
                                file_.c_str());
      }
      if (!seen.insert(fold_name(column.name)).second) {
        return invalid_argument("file '%s': two columns are named '%s'; option 'names' renames",
                                file_.c_str(), column.name.c_str());
      }
    }
    return {};
  }
  Status find_types() {
    std::vector<FieldTypes> found(columns_.size());
    for (uint64_t row = 0; options_.sample_rows == 0 || row < options_.sample_rows; ++row) {
      MOTE_ASSIGN(const bool more, next_record());
      if (!more) break;
      const std::vector<CsvField>& fields = records_->fields();
      for (size_t i = 0; i < fields.size(); ++i) {
        if (is_null(fields[i])) continue;
        if (fields[i].quoted && fields[i].text.empty()) {
          found[i].see_text();
        } else {
          found[i].see(fields[i].text);
        }
      }
    }
    for (size_t i = 0; i < columns_.size(); ++i) columns_[i].type = found[i].type();
    return {};
  }

  bool is_null(const CsvField& field) const {
    return !field.quoted && (field.text.empty() || field.text == options_.null_text);
  }

  Status put_field(const CsvField& field, uint32_t row, const SourceColumn& column,
                   Column& out) const {
    if (is_null(field)) {
      out.set_null(row);
      return {};
    }
    Status status = put_text(field.text, row, out);
    if (status.ok()) return status;
    return std::move(status).in(format_text("file '%s', line %llu, column '%s'", file_.c_str(),
                                            static_cast<unsigned long long>(records_->line()),
                                            column.name.c_str()));
  }

  // The next record, which must have a field for each column.
  Result<bool> next_record() {
    if (pending_) {
      pending_ = false;
    } else {
      MOTE_ASSIGN(const bool more, next_line());
      if (!more) return false;
    }
    if (records_->fields().size() != field_count_) {
      return invalid_argument("file '%s', line %llu: has %zu fields; the file has %zu columns",
                              file_.c_str(), static_cast<unsigned long long>(records_->line()),
                              records_->fields().size(), field_count_);
    }
    return true;
  }

  Result<bool> next_line() {
    Result<bool> more = records_->next();
    if (!more.ok()) return in_file(std::move(more).status());
    return more;
  }
  Status in_file(Status status) const {
    if (status.ok()) return status;
    return std::move(status).in("file '" + file_ + "'");
  }

  const std::string file_;  // as the statement names it
  const CsvOptions options_;
  CsvFormat format_;
  bool header_ = true;
  std::unique_ptr<CsvRecords> records_;
  std::vector<SourceColumn> columns_;
  bool pending_ = false;    // the current record is the first row
  size_t field_count_ = 0;  // of a record; columns_ may have `row` besides
  uint64_t row_number_ = 0;
};

}  // namespace

Result<std::unique_ptr<RowSource>> open_csv(Env& env, const FileAccess& files,
                                            const std::string& file,
                                            std::span<const SourceOption> options,
                                            MemoryBudget& budget) {
  MOTE_ASSIGN(CsvOptions csv, read_options(options));
  auto source = std::make_unique<CsvSource>(file, std::move(csv));
  MOTE_TRY(source->open(env, files, budget));
  return std::unique_ptr<RowSource>(std::move(source));
}

}  // namespace mote
