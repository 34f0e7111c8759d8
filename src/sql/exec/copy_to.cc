// COPY .. TO: rows into a CSV file (RFC 4180) or a file of JSON objects, one a line.
//
// The rows go to a file beside the named one, which takes its name when it is complete and durable:
// nobody meets half a file, and a link of that name is replaced, never followed.
#include <cmath>

#include "base/coding.h"
#include "sql/exec/operators.h"
#include "types/schema.h"
#include "types/text_format.h"

namespace mote {

namespace {

constexpr size_t kWriteBytes = 256u << 10;

void append_cell(const Column& column, uint32_t row, std::string* out) {
  switch (column.type().kind) {
    case TypeKind::kText: out->append(column.lane<std::string_view>()[row]); break;
    case TypeKind::kBlob: append_blob(column.lane<std::string_view>()[row], out); break;
    case TypeKind::kFloat: append_float(column.lane<double>()[row], out); break;
    case TypeKind::kTimestamp: append_timestamp(column.lane<int64_t>()[row], out); break;
    case TypeKind::kVector:
      append_vector(column.type(), column.lane<std::string_view>()[row], out);
      break;
    default: *out += column.value(row).to_text(); break;
  }
}

void append_csv(const Column& column, uint32_t row, char delimiter, std::string* out) {
  if (column.is_null(row)) return;
  const size_t begin = out->size();
  append_cell(column, row, out);
  const std::string_view text = std::string_view(*out).substr(begin);
  const char special[] = {'"', '\r', '\n', delimiter};
  if (!text.empty() && text.find_first_of({special, sizeof(special)}) == text.npos) return;
  std::string quoted = "\"";
  for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
  quoted += '"';
  out->resize(begin);
  *out += quoted;
}

void append_json_text(std::string_view text, std::string* out) {
  *out += '"';
  for (const char c : text) {
    switch (c) {
      case '"': *out += "\\\""; break;
      case '\\': *out += "\\\\"; break;
      case '\n': *out += "\\n"; break;
      case '\r': *out += "\\r"; break;
      case '\t': *out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          *out += format_text("\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(c)));
        } else {
          *out += c;
        }
    }
  }
  *out += '"';
}

void append_json(const Column& column, uint32_t row, std::string* out) {
  if (column.is_null(row)) {
    *out += "null";
    return;
  }
  const TypeKind kind = column.type().kind;
  // JSON has no NaN and no infinity; they go as text, which reads back.
  const bool finite = (kind != TypeKind::kFloat || std::isfinite(column.lane<double>()[row])) &&
                      (kind != TypeKind::kFloat4 || std::isfinite(column.lane<float>()[row]));
  const bool bare = kind == TypeKind::kBoolean || kind == TypeKind::kVector ||
                    (column.type().is_numeric() && finite);
  if (bare) {
    append_cell(column, row, out);
    return;
  }
  std::string text;
  append_cell(column, row, &text);
  append_json_text(text, out);
}

struct CopyFormat {
  bool json = false;
  bool header = true;
  char delimiter = ',';
};

Result<CopyFormat> parse_options(const PlanNode& plan) {
  CopyFormat format;
  const std::string& file = plan.file_name;
  format.json = file.ends_with(".json") || file.ends_with(".jsonl") || file.ends_with(".ndjson");
  for (const auto& [name, value] : plan.copy_options) {
    if (same_name(name, "format") && value.type().is(TypeKind::kText)) {
      const bool csv = same_name(value.bytes(), "csv");
      format.json = same_name(value.bytes(), "json");
      if (!csv && !format.json) {
        return invalid_argument("COPY TO has the formats csv and json, not '%s'",
                                value.bytes().c_str());
      }
    } else if (same_name(name, "header") && value.type().is(TypeKind::kBoolean)) {
      format.header = value.boolean();
    } else if (same_name(name, "delimiter") && value.type().is(TypeKind::kText) &&
               value.bytes().size() == 1) {
      format.delimiter = value.bytes()[0];
    } else {
      return invalid_argument(
          "COPY TO has the options format ('csv' or 'json'), header (a BOOLEAN) and delimiter (one "
          "character); '%s = %s' is none of them",
          name.c_str(), value.to_text().c_str());
    }
  }
  return format;
}

class CopyTo : public Operator {
 public:
  using Operator::Operator;

 protected:
  Status start() override {
    MOTE_ASSIGN(format_, parse_options(plan()));
    MOTE_ASSIGN(const std::string path, context().files->resolve_new(plan().file_name));
    const std::string partial = path + ".mote-partial";
    Env& env = *context().env;
    // What an interrupted copy left behind.
    if (Status removed = env.remove(partial); !removed.ok() && removed.code() != Code::kNotFound) {
      return removed;
    }
    MOTE_ASSIGN(file_, env.open(partial, {OpenMode::kCreate}));
    offset_ = 0;
    text_.clear();
    Status status = write_rows();
    if (status.ok()) status = file_->sync();
    file_.reset();
    if (status.ok()) status = env.rename(partial, path);
    const std::string directory = path.substr(0, std::max<size_t>(1, path.rfind('/')));
    if (status.ok()) return env.sync_directory(directory);
    if (Status removed = env.remove(partial); !removed.ok()) {
      return std::move(status).in(removed.message());
    }
    return status;
  }

  Result<bool> produce(Chunk&) override { return false; }

 private:
  Status write_rows() {
    const std::vector<OutputColumn>& columns = plan().children[0]->outputs;
    if (!format_.json && format_.header) {
      Column names(Type::text());
      for (size_t i = 0; i < columns.size(); ++i) {
        if (i > 0) text_ += format_.delimiter;
        names.lane<std::string_view>()[0] = columns[i].name;
        append_csv(names, 0, format_.delimiter, &text_);
      }
      text_ += "\r\n";
    }
    Chunk rows;
    while (true) {
      MOTE_ASSIGN(const bool more, child().next(rows));
      if (!more) break;
      for (uint32_t row = 0; row < rows.row_count(); ++row) {
        append_row(rows, row);
        if (text_.size() >= kWriteBytes) MOTE_TRY(flush());
      }
      context().rows_affected += rows.row_count();
    }
    return flush();
  }

  void append_row(const Chunk& rows, uint32_t row) {
    const std::vector<OutputColumn>& columns = plan().children[0]->outputs;
    if (format_.json) text_ += '{';
    for (uint32_t c = 0; c < rows.column_count(); ++c) {
      if (format_.json) {
        if (c > 0) text_ += ',';
        append_json_text(columns[c].name, &text_);
        text_ += ':';
        append_json(rows.column(c), row, &text_);
      } else {
        if (c > 0) text_ += format_.delimiter;
        append_csv(rows.column(c), row, format_.delimiter, &text_);
      }
    }
    text_ += format_.json ? "}\n" : "\r\n";
  }

  Status flush() {
    MOTE_TRY(file_->write(offset_, as_bytes(text_)));
    offset_ += text_.size();
    text_.clear();
    return {};
  }

  CopyFormat format_;
  std::unique_ptr<File> file_;
  uint64_t offset_ = 0;
  std::string text_;
};

}  // namespace

std::unique_ptr<Operator> make_copy_to(const PlanNode& plan) {
  return std::make_unique<CopyTo>(plan);
}

}  // namespace mote
