#include "reader/json_source.h"

#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>
#include <rapidjson/stream.h>

#include <map>
#include <utility>

#include "reader/field_type.h"
#include "reader/line_buffer.h"
#include "reader/source_options.h"
#include "types/schema.h"
#include "types/text_format.h"

namespace mote {

namespace {

enum class JsonKind : uint8_t { kNull, kBoolean, kNumber, kString, kNested };

struct JsonMember {
  std::string name;
  JsonKind kind = JsonKind::kNull;
  std::string text;
};

// Takes the members of the one object of a line; what is nested in it is taken as text.
class MemberReader {
 public:
  MemberReader(const rapidjson::MemoryStream& stream, std::vector<JsonMember>* members)
      : stream_(stream), members_(members) {}

  bool Null() { return depth_ > 1 || put(JsonKind::kNull, {}); }
  bool Bool(bool value) { return depth_ > 1 || put(JsonKind::kBoolean, value ? "true" : "false"); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
    return depth_ > 1 || put(JsonKind::kNumber, {text, size});
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    return depth_ > 1 || put(JsonKind::kString, {text, size});
  }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    if (depth_ > 1) return true;
    if (count_ == kMaxColumns) return false;
    if (count_ == members_->size()) members_->emplace_back();
    (*members_)[count_].name.assign(text, size);
    return true;
  }
  bool StartObject() { return begin_nested(); }
  bool EndObject(rapidjson::SizeType) { return end_nested(); }
  bool StartArray() { return depth_ > 0 && begin_nested(); }
  bool EndArray(rapidjson::SizeType) { return end_nested(); }
  // With numbers as raw text these are not called.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(int64_t) { return false; }
  bool Uint64(uint64_t) { return false; }
  bool Double(double) { return false; }

  size_t count() const { return count_; }
  bool is_full() const { return count_ == kMaxColumns; }

 private:
  bool put(JsonKind kind, std::string_view text) {
    if (depth_ != 1) return false;  // the line is not an object
    (*members_)[count_].kind = kind;
    (*members_)[count_].text.assign(text);
    ++count_;
    return true;
  }
  bool begin_nested() {
    // The iterative parser calls before it takes the bracket.
    if (++depth_ == 2) nested_begin_ = stream_.Tell();
    return true;
  }
  bool end_nested() {
    if (--depth_ != 1) return true;
    return put(JsonKind::kNested,
               {stream_.begin_ + nested_begin_, stream_.Tell() + 1 - nested_begin_});
  }

  const rapidjson::MemoryStream& stream_;
  std::vector<JsonMember>* members_;
  size_t count_ = 0;
  uint64_t depth_ = 0;
  size_t nested_begin_ = 0;
};

// What has been seen of a member in all lines.
struct MemberTypes {
  FieldTypes texts;
  bool boolean = false;
  bool number = false;
  bool string = false;
  bool nested = false;

  void see(const JsonMember& member) {
    boolean |= member.kind == JsonKind::kBoolean;
    number |= member.kind == JsonKind::kNumber;
    string |= member.kind == JsonKind::kString;
    nested |= member.kind == JsonKind::kNested;
    if (member.kind != JsonKind::kNull) texts.see(member.text);
  }
  Type type() const {
    if (boolean + number + string + nested != 1 || nested) return Type::text();
    const Type type = texts.type();
    // A string of digits stays what it is.
    if (string && !type.is(TypeKind::kTimestamp)) return Type::text();
    return type;
  }
};

class JsonSource : public RowSource {
 public:
  explicit JsonSource(std::string file) : file_(std::move(file)) {}

  Status open(Env& env, const FileAccess& files, std::span<const SourceOption> given,
              MemoryBudget& budget) {
    SourceOptions options(given);
    MOTE_ASSIGN(const std::vector<std::string> names, options.list("names"));
    MOTE_ASSIGN(const std::vector<std::string> types, options.list("types"));
    MOTE_ASSIGN(const int64_t sample_rows, options.integer("sample_rows", 0));
    MOTE_ASSIGN(row_number_, options.boolean("row_number", false));
    MOTE_TRY(options.finish("read_json"));
    if (names.size() != types.size()) {
      return invalid_argument("read_json: %zu names with %zu types", names.size(), types.size());
    }
    MOTE_ASSIGN(const std::string path, files.resolve(file_));
    if (row_number_) MOTE_TRY(add_column("row", Type::integer()));
    for (size_t i = 0; i < names.size(); ++i) {
      MOTE_ASSIGN(const Type type, parse_type_name(types[i]));
      MOTE_TRY(add_column(names[i], type));
    }
    MOTE_TRY(start(env, path, budget));
    if (!names.empty()) return {};
    MOTE_TRY(find_columns(sample_rows));
    return start(env, path, budget);
  }

  const std::vector<SourceColumn>& columns() const override { return columns_; }

  Result<bool> next(Chunk& out) override {
    std::vector<Type> types;
    for (const SourceColumn& column : columns_) types.push_back(column.type);
    out.reset(types);
    uint32_t row = 0;
    while (row < kChunkRows) {
      MOTE_ASSIGN(const bool more, next_object());
      if (!more) break;
      for (uint32_t i = 0; i < columns_.size(); ++i) out.column(i).set_null(row);
      if (row_number_) {
        out.column(0).validity().set_valid(row);
        out.column(0).lane<int64_t>()[row] = row_++;
      }
      for (size_t i = 0; i < member_count_; ++i) MOTE_TRY(put_member(members_[i], row, out));
      ++row;
    }
    out.set_row_count(row);
    return row > 0;
  }

 private:
  Status start(Env& env, const std::string& path, MemoryBudget& budget) {
    MOTE_ASSIGN(auto stream, open_byte_stream(env, path, file_, budget));
    lines_ = std::make_unique<LineBuffer>(std::move(stream), budget);
    consumed_ = 0;
    line_ = 0;
    return {};
  }

  Status add_column(const std::string& name, Type type) {
    if (name.empty() || name.size() > kMaxNameBytes) {
      return invalid_argument("file '%s': the name '%.40s' is empty or longer than %u bytes",
                              file_.c_str(), name.c_str(), kMaxNameBytes);
    }
    if (columns_.size() == kMaxColumns) {
      return limit_exceeded("file '%s': more than %u different members", file_.c_str(),
                            kMaxColumns);
    }
    for (const SourceColumn& column : columns_) {
      if (same_name(column.name, name)) {
        return invalid_argument("file '%s': members '%s' and '%s' differ in case alone",
                                file_.c_str(), column.name.c_str(), name.c_str());
      }
    }
    positions_.emplace(name, static_cast<uint32_t>(columns_.size()));
    columns_.push_back({name, type});
    return {};
  }

  Status find_columns(int64_t sample_rows) {
    std::vector<MemberTypes> types(columns_.size());
    for (int64_t row = 0; sample_rows <= 0 || row < sample_rows; ++row) {
      MOTE_ASSIGN(const bool more, next_object());
      if (!more) break;
      for (size_t i = 0; i < member_count_; ++i) {
        const auto place = positions_.find(members_[i].name);
        if (place == positions_.end()) {
          MOTE_TRY(add_column(members_[i].name, Type::text()));
          types.emplace_back();
          types.back().see(members_[i]);
        } else {
          types[place->second].see(members_[i]);
        }
      }
    }
    if (columns_.empty()) {
      return invalid_argument("file '%s': holds no members, so it has no columns", file_.c_str());
    }
    for (size_t i = row_number_ ? 1 : 0; i < types.size(); ++i) columns_[i].type = types[i].type();
    return {};
  }

  Status put_member(const JsonMember& member, uint32_t row, Chunk& out) const {
    const auto place = positions_.find(member.name);
    if (place == positions_.end() || member.kind == JsonKind::kNull) return {};
    Column& column = out.column(place->second);
    column.validity().set_valid(row);
    Status status = put_text(member.text, row, column);
    if (status.ok()) return status;
    return std::move(status).in(format_text("file '%s', line %llu, column '%s'", file_.c_str(),
                                            static_cast<unsigned long long>(line_),
                                            member.name.c_str()));
  }

  // The next line that is not blank, without its end. False at the end of the file.
  Result<bool> next_line(std::string_view* line) {
    for (;;) {
      lines_->consume(consumed_);
      consumed_ = 0;
      const std::string_view window = lines_->window();
      const size_t end = window.find('\n');
      if (end == std::string_view::npos && !lines_->at_end()) {
        Result<bool> more = lines_->more();
        if (!more.ok()) return bad_line(std::move(more).status(), line_ + 1);
        continue;
      }
      if (window.empty()) return false;
      ++line_;
      *line = window.substr(0, end);
      consumed_ = end == std::string_view::npos ? window.size() : end + 1;
      if (line->find_first_not_of(" \t\r") != std::string_view::npos) return true;
    }
  }

  Status bad_line(Status status, uint64_t line) const {
    return std::move(status).in(
        format_text("file '%s', line %llu", file_.c_str(), static_cast<unsigned long long>(line)));
  }

  Result<bool> next_object() {
    std::string_view line;
    MOTE_ASSIGN(const bool more, next_line(&line));
    if (!more) return false;
    rapidjson::MemoryStream stream(line.data(), line.size());
    MemberReader reader(stream, &members_);
    // Iterative, so that nesting does not use the stack.
    constexpr unsigned kFlags = rapidjson::kParseIterativeFlag |
                                rapidjson::kParseNumbersAsStringsFlag |
                                rapidjson::kParseValidateEncodingFlag;
    rapidjson::Reader parser;
    const rapidjson::ParseResult result = parser.Parse<kFlags>(stream, reader);
    if (reader.is_full() && result.IsError()) {
      return bad_line(limit_exceeded("more than %u members", kMaxColumns), line_);
    }
    if (result.IsError()) {
      const bool ended = result.Code() == rapidjson::kParseErrorTermination;
      return bad_line(invalid_argument("column %zu: %s", result.Offset() + 1,
                                       ended ? "a line must be a JSON object"
                                             : rapidjson::GetParseError_En(result.Code())),
                      line_);
    }
    member_count_ = reader.count();
    return true;
  }

  const std::string file_;
  std::unique_ptr<LineBuffer> lines_;
  std::vector<SourceColumn> columns_;
  std::map<std::string, uint32_t, std::less<>> positions_;
  std::vector<JsonMember> members_;  // the first member_count_ are of the current line
  size_t member_count_ = 0;
  size_t consumed_ = 0;
  uint64_t line_ = 0;
  bool row_number_ = false;
  int64_t row_ = 0;
};

}  // namespace

Result<std::unique_ptr<RowSource>> open_json(Env& env, const FileAccess& files,
                                             const std::string& file,
                                             std::span<const SourceOption> options,
                                             MemoryBudget& budget) {
  auto source = std::make_unique<JsonSource>(file);
  MOTE_TRY(source->open(env, files, options, budget));
  return std::unique_ptr<RowSource>(std::move(source));
}

}  // namespace mote
