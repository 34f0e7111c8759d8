#include "output.h"

#include <algorithm>
#include <cmath>

namespace shell {

namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

std::string_view bytes_of(mote_statement* statement, uint32_t column) {
  size_t size = 0;
  const void* bytes = mote_column_blob(statement, column, &size);
  return {static_cast<const char*>(bytes), size};
}

class CsvWriter : public RowWriter {
 public:
  explicit CsvWriter(FILE* out) : out_(out) {}

  void begin(mote_statement* statement) override {
    line_.clear();
    for (uint32_t column = 0; column < mote_column_count(statement); ++column) {
      append_field(mote_column_name(statement, column), column);
    }
    flush_line();
  }
  void row(mote_statement* statement) override {
    line_.clear();
    for (uint32_t column = 0; column < mote_column_count(statement); ++column) {
      if (mote_column_is_null(statement, column) != 0) {
        if (column > 0) line_.push_back(',');
      } else {
        append_field(value_text(statement, column), column);
      }
    }
    flush_line();
  }
  void end() override {}

 private:
  // RFC 4180; an empty text is quoted, so that it is not NULL.
  void append_field(std::string_view field, uint32_t column) {
    if (column > 0) line_.push_back(',');
    if (!field.empty() && field.find_first_of(",\"\r\n") == std::string_view::npos) {
      line_ += field;
      return;
    }
    line_.push_back('"');
    for (const char c : field) {
      if (c == '"') line_.push_back('"');
      line_.push_back(c);
    }
    line_.push_back('"');
  }
  void flush_line() {
    line_.push_back('\n');
    std::fwrite(line_.data(), 1, line_.size(), out_);
  }
  FILE* out_;
  std::string line_;
};

class JsonWriter : public RowWriter {
 public:
  explicit JsonWriter(FILE* out) : out_(out) {}

  void begin(mote_statement* statement) override {
    names_.clear();
    for (uint32_t column = 0; column < mote_column_count(statement); ++column) {
      std::string name;
      append_json_text(mote_column_name(statement, column), &name);
      names_.push_back(name + ":");
    }
  }
  void row(mote_statement* statement) override {
    line_ = "{";
    for (uint32_t column = 0; column < names_.size(); ++column) {
      if (column > 0) line_.push_back(',');
      line_ += names_[column];
      append_value(statement, column);
    }
    line_ += "}\n";
    std::fwrite(line_.data(), 1, line_.size(), out_);
  }
  void end() override {}

 private:
  void append_value(mote_statement* statement, uint32_t column) {
    if (mote_column_is_null(statement, column) != 0) {
      line_ += "null";
      return;
    }
    const mote_type type = mote_column_type(statement, column);
    const std::string text = value_text(statement, column);
    switch (type) {
      case MOTE_BOOLEAN:
      case MOTE_INTEGER:
      case MOTE_VECTOR: line_ += text; return;
      case MOTE_FLOAT4:
      case MOTE_FLOAT:
        // JSON has no NaN and no infinity; they are texts.
        if (std::isfinite(mote_column_float(statement, column))) {
          line_ += text;
        } else {
          append_json_text(text, &line_);
        }
        return;
      default: append_json_text(text, &line_);
    }
  }
  FILE* out_;
  std::string line_;
  std::vector<std::string> names_;
};

// The first rows decide how wide the columns are; what is wider later is cut.
class BoxWriter : public RowWriter {
 public:
  explicit BoxWriter(FILE* out) : out_(out) {}

  void begin(mote_statement* statement) override {
    widths_.clear();
    right_.clear();
    held_.clear();
    framed_ = false;
    row_count_ = 0;
    std::vector<std::string> names;
    for (uint32_t column = 0; column < mote_column_count(statement); ++column) {
      names.emplace_back(mote_column_name(statement, column));
      widths_.push_back(0);
      const mote_type type = mote_column_type(statement, column);
      right_.push_back(type == MOTE_INTEGER || type == MOTE_FLOAT || type == MOTE_FLOAT4);
    }
    hold(std::move(names));
  }
  void row(mote_statement* statement) override {
    std::vector<std::string> cells;
    for (uint32_t column = 0; column < widths_.size(); ++column) {
      const bool null = mote_column_is_null(statement, column) != 0;
      cells.push_back(null ? "NULL" : one_line(value_text(statement, column)));
    }
    ++row_count_;
    if (framed_) {
      print(cells);
    } else {
      hold(std::move(cells));
      if (held_.size() > kHeldRows) print_held();
    }
  }
  void end() override {
    if (!framed_) print_held();
    rule("└", "┴", "┘");
    std::fprintf(out_, "%llu row%s\n", static_cast<unsigned long long>(row_count_),
                 row_count_ == 1 ? "" : "s");
  }

 private:
  static constexpr size_t kHeldRows = 1000;
  static constexpr size_t kMaxCellWidth = 60;

  static std::string one_line(std::string text) {
    for (char& c : text) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    }
    return text;
  }
  void hold(std::vector<std::string> cells) {
    for (size_t i = 0; i < cells.size(); ++i) {
      widths_[i] = std::max(widths_[i], std::min(display_width(cells[i]), kMaxCellWidth));
    }
    held_.push_back(std::move(cells));
  }
  void print_held() {
    framed_ = true;
    rule("┌", "┬", "┐");
    for (size_t i = 0; i < held_.size(); ++i) {
      print(held_[i]);
      if (i == 0) rule("├", "┼", "┤");
    }
    held_.clear();
  }
  void rule(const char* left, const char* middle, const char* right) {
    std::string line = left;
    for (size_t i = 0; i < widths_.size(); ++i) {
      if (i > 0) line += middle;
      for (size_t k = 0; k < widths_[i] + 2; ++k) line += "─";
    }
    std::fprintf(out_, "%s%s\n", line.c_str(), right);
  }
  void print(const std::vector<std::string>& cells) {
    std::string line = "│";
    for (size_t i = 0; i < cells.size(); ++i) {
      std::string cell = cells[i];
      if (display_width(cell) > widths_[i]) cell = cut(cell, widths_[i]);
      const std::string blanks(widths_[i] - std::min(widths_[i], display_width(cell)), ' ');
      line += " " + (right_[i] ? blanks + cell : cell + blanks) + " │";
    }
    std::fprintf(out_, "%s\n", line.c_str());
  }
  static std::string cut(const std::string& cell, size_t width) {
    size_t end = 0;
    for (size_t shown = 0; end < cell.size(); ++end) {
      const bool begins = (static_cast<unsigned char>(cell[end]) & 0xc0) != 0x80;
      if (begins && shown++ == width - 1) break;
    }
    return cell.substr(0, end) + "…";
  }

  FILE* out_;
  std::vector<size_t> widths_;
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> held_;  // names, then rows, until the frame is drawn
  bool framed_ = false;
  uint64_t row_count_ = 0;
};

}  // namespace

std::string value_text(mote_statement* statement, uint32_t column) {
  const mote_type type = mote_column_type(statement, column);
  if (type != MOTE_BLOB) {
    size_t size = 0;
    const char* text = mote_column_text(statement, column, &size);
    return text == nullptr ? std::string() : std::string(text, size);
  }
  const std::string_view bytes = bytes_of(statement, column);
  std::string text = "\\x";
  text.reserve(2 + 2 * bytes.size());
  for (const char c : bytes) {
    text.push_back(kHexDigits[static_cast<unsigned char>(c) >> 4]);
    text.push_back(kHexDigits[static_cast<unsigned char>(c) & 15]);
  }
  return text;
}

void append_json_text(std::string_view text, std::string* out) {
  out->push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"': *out += "\\\""; break;
      case '\\': *out += "\\\\"; break;
      case '\n': *out += "\\n"; break;
      case '\r': *out += "\\r"; break;
      case '\t': *out += "\\t"; break;
      default:
        if (byte < 0x20) {
          *out += "\\u00";
          out->push_back(kHexDigits[byte >> 4]);
          out->push_back(kHexDigits[byte & 15]);
        } else {
          out->push_back(c);
        }
    }
  }
  out->push_back('"');
}

size_t display_width(std::string_view text) {
  // One column a code point; wide scripts take two (East Asian Width, roughly by block).
  size_t width = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0) == 0x80) continue;
    const bool wide = byte >= 0xe3 && byte < 0xee;
    width += wide || byte >= 0xf0 ? 2 : 1;
  }
  return width;
}

std::unique_ptr<RowWriter> make_writer(Format format, FILE* out) {
  switch (format) {
    case Format::kCsv: return std::make_unique<CsvWriter>(out);
    case Format::kJson: return std::make_unique<JsonWriter>(out);
    case Format::kBox: return std::make_unique<BoxWriter>(out);
  }
  return nullptr;
}

}  // namespace shell
