#include "reader/npy_header.h"

#include <charconv>

#include "base/limits.h"

namespace mote {

namespace {

// Walks over the Python literal of the header: a dictionary of strings, tuples, lists and numbers.
class LiteralReader {
 public:
  explicit LiteralReader(std::string_view text) : text_(text) {}

  bool accept(char c) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool peek(char c) {
    skip_blanks();
    return at_ < text_.size() && text_[at_] == c;
  }
  bool string(std::string* out) {
    skip_blanks();
    if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) return false;
    const char quote = text_[at_++];
    out->clear();
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '\\') ++at_;
      if (at_ < text_.size()) out->push_back(text_[at_++]);
    }
    return at_ < text_.size() && ++at_ > 0;
  }
  bool number(uint64_t* out) {
    skip_blanks();
    const char* begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), *out);
    if (error != std::errc()) return false;
    at_ += static_cast<size_t>(end - begin);
    accept('L');
    return true;
  }
  bool word(std::string_view wanted) {
    skip_blanks();
    if (text_.substr(at_, wanted.size()) != wanted) return false;
    at_ += wanted.size();
    return true;
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  std::string_view text_;
  size_t at_ = 0;
};

Status bad_header(const char* what) { return invalid_argument("the .npy header %s", what); }

bool tuple(LiteralReader& reader, std::vector<uint64_t>* out) {
  if (!reader.accept('(')) return false;
  while (!reader.accept(')')) {
    uint64_t value = 0;
    if (!reader.number(&value) || out->size() == 32) return false;
    out->push_back(value);
    if (!reader.accept(',') && !reader.peek(')')) return false;
  }
  return true;
}

// The unit in brackets of a datetime type: [ns], [ms], [10us] ..
Result<int64_t> ticks(std::string_view unit) {
  int64_t count = 1;
  if (unit.size() < 3 || unit.front() != '[' || unit.back() != ']') {
    return bad_header("has a time without a unit");
  }
  unit = unit.substr(1, unit.size() - 2);
  const auto [end, error] = std::from_chars(unit.data(), unit.data() + unit.size(), count);
  if (error == std::errc()) unit.remove_prefix(static_cast<size_t>(end - unit.data()));
  if (count < 1 || count > 1'000'000) return bad_header("has a time of an unknown unit");
  const struct {
    std::string_view name;
    int64_t ns;
  } units[] = {{"ns", 1},
               {"us", 1'000},
               {"ms", 1'000'000},
               {"s", 1'000'000'000},
               {"m", 60'000'000'000},
               {"h", 3'600'000'000'000},
               {"D", 86'400'000'000'000}};
  for (const auto& known : units) {
    if (known.name == unit) return count * known.ns;
  }
  return bad_header("has a time of an unknown unit");
}

// A type such as '<f8', '|S8', '<M8[ns]'.
Status parse_item(std::string_view text, NpyField* field) {
  if (text.empty()) return bad_header("has an empty type");
  if (text[0] == '<' || text[0] == '>' || text[0] == '|' || text[0] == '=') {
    field->big_endian = text[0] == '>';
    text.remove_prefix(1);
  }
  uint64_t size = 0;
  if (text.empty()) return bad_header("has an empty type");
  field->kind = text[0];
  const char* end_of_text = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data() + 1, end_of_text, size);
  if (error != std::errc() || size > (1u << 24)) return bad_header("has a type without a size");
  const std::string_view rest(end, static_cast<size_t>(end_of_text - end));
  const auto is_one_of = [&](std::initializer_list<uint64_t> sizes) {
    for (const uint64_t allowed : sizes) {
      if (size == allowed) return true;
    }
    return false;
  };
  bool known = rest.empty();
  switch (field->kind) {
    case 'b': known = known && size == 1; break;
    case 'i':
    case 'u': known = known && is_one_of({1, 2, 4, 8}); break;
    case 'f': known = known && is_one_of({2, 4, 8}); break;
    case 'S':
    case 'V': break;
    case 'U': size *= 4; break;
    case 'M':
    case 'm': {
      known = size == 8;
      MOTE_ASSIGN(field->tick_ns, ticks(rest));
      break;
    }
    default: known = false;
  }
  if (!known) {
    return invalid_argument("the .npy type '%.*s' has no SQL type", static_cast<int>(text.size()),
                            text.data());
  }
  field->size_bytes = static_cast<uint32_t>(size);
  return {};
}

Status parse_structure(LiteralReader& reader, NpyHeader* header) {
  header->structured = true;
  while (!reader.accept(']')) {
    NpyField field;
    std::string type;
    if (!reader.accept('(') || !reader.string(&field.name) || !reader.accept(',')) {
      return bad_header("has a field that is not (name, type)");
    }
    if (reader.peek('[')) return bad_header("has a structure inside a structure");
    if (!reader.string(&type)) return bad_header("has a field without a type");
    MOTE_TRY(parse_item(type, &field));
    if (reader.accept(',') && !reader.peek(')')) {
      std::vector<uint64_t> shape;
      if (!tuple(reader, &shape)) return bad_header("has a field with a bad shape");
      uint64_t items = 1;
      for (const uint64_t extent : shape) {
        if (extent == 0 || extent > kMaxColumns) return bad_header("has a field with a bad shape");
        items *= extent;
        if (items > kMaxColumns) return bad_header("has a field of too many items");
      }
      field.item_count = static_cast<uint32_t>(items);
    }
    if (!reader.accept(')')) return bad_header("has a field that does not end");
    field.offset = static_cast<uint32_t>(header->element_bytes);
    header->element_bytes += uint64_t{field.size_bytes} * field.item_count;
    if (header->element_bytes > (1u << 30)) return bad_header("has too large an element");
    header->fields.push_back(std::move(field));
    if (header->fields.size() > kMaxColumns) return bad_header("has too many fields");
    if (!reader.accept(',') && !reader.peek(']')) return bad_header("has a broken list of fields");
  }
  return {};
}

Status parse_type(LiteralReader& reader, NpyHeader* header) {
  if (reader.accept('[')) return parse_structure(reader, header);
  NpyField field;
  std::string type;
  if (!reader.string(&type)) return bad_header("has no type");
  MOTE_TRY(parse_item(type, &field));
  header->element_bytes = field.size_bytes;
  header->fields.push_back(std::move(field));
  return {};
}

Status apply_shape(const std::vector<uint64_t>& shape, NpyHeader* header) {
  header->one_dimensional = shape.size() <= 1;
  header->row_count = shape.empty() ? 1 : shape[0];
  uint64_t columns = 1;
  for (size_t i = 1; i < shape.size(); ++i) {
    columns = shape[i] > kMaxColumns ? kMaxColumns + 1 : columns * shape[i];
    if (columns > kMaxColumns) {
      return invalid_argument("the array has more than %u columns", kMaxColumns);
    }
  }
  if (columns == 0) return invalid_argument("the array has no columns");
  if (header->element_bytes == 0 ||
      header->row_count > (uint64_t{1} << 48) / (header->element_bytes * columns)) {
    return bad_header("has a shape that is too large");
  }
  header->row_stride = header->fortran_order ? 1 : columns;
  for (uint64_t column = 0; column < columns; ++column) {
    if (!header->fortran_order) {
      header->column_offsets.push_back(column);
      continue;
    }
    uint64_t rest = column, offset = 0, stride = columns * header->row_count;
    for (size_t i = shape.size(); i-- > 1;) {
      stride /= shape[i];
      offset += (rest % shape[i]) * stride;
      rest /= shape[i];
    }
    header->column_offsets.push_back(offset);
  }
  return {};
}

}  // namespace

Result<NpyHeader> parse_npy_header(std::string_view text) {
  LiteralReader reader(text);
  NpyHeader header;
  std::vector<uint64_t> shape;
  bool has_type = false, has_order = false, has_shape = false;
  if (!reader.accept('{')) return bad_header("is not a dictionary");
  while (!reader.accept('}')) {
    std::string key;
    if (!reader.string(&key) || !reader.accept(':')) return bad_header("is not a dictionary");
    if (key == "descr" && !has_type) {
      has_type = true;
      MOTE_TRY(parse_type(reader, &header));
    } else if (key == "fortran_order" && !has_order) {
      has_order = true;
      header.fortran_order = reader.word("True");
      if (!header.fortran_order && !reader.word("False")) return bad_header("has a bad order");
    } else if (key == "shape" && !has_shape) {
      has_shape = true;
      if (!tuple(reader, &shape)) return bad_header("has a bad shape");
    } else {
      return invalid_argument("the .npy header has an unknown or repeated key '%.40s'",
                              key.c_str());
    }
    if (!reader.accept(',') && !reader.peek('}')) return bad_header("is not a dictionary");
  }
  if (!has_type || !has_order || !has_shape) return bad_header("lacks descr, order or shape");
  MOTE_TRY(apply_shape(shape, &header));
  return header;
}

}  // namespace mote
