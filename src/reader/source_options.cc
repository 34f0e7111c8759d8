#include "reader/source_options.h"

#include <algorithm>

#include "base/limits.h"
#include "types/schema.h"
#include "types/text_format.h"

namespace mote {

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  size_t begin = 0;
  int depth = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '(') ++depth;
    if (i < text.size() && text[i] == ')') --depth;
    if (i == text.size() || (text[i] == ',' && depth == 0)) {
      items.emplace_back(trimmed(text.substr(begin, i - begin)));
      begin = i + 1;
    }
  }
  return items;
}

Result<Value> option_as(const Value& value, Type type, std::string_view name) {
  Result<Value> converted = cast_value(value, type, CastMode::kImplicit);
  if (!converted.ok()) {
    return std::move(converted).status().in("option '" + std::string(name) + "'");
  }
  return converted;
}

}  // namespace

const Value* SourceOptions::take(std::string_view name) {
  known_.emplace_back(name);
  for (size_t i = 0; i < options_.size(); ++i) {
    if (!same_name(options_[i].name, name)) continue;
    taken_[i] = true;
    return options_[i].value.is_null() ? nullptr : &options_[i].value;
  }
  return nullptr;
}

Result<std::optional<bool>> SourceOptions::optional_boolean(std::string_view name) {
  const Value* value = take(name);
  if (value == nullptr) return std::optional<bool>();
  MOTE_ASSIGN(const Value converted, option_as(*value, Type::boolean(), name));
  return std::optional<bool>(converted.boolean());
}

Result<bool> SourceOptions::boolean(std::string_view name, bool otherwise) {
  MOTE_ASSIGN(const std::optional<bool> given, optional_boolean(name));
  return given.value_or(otherwise);
}

Result<int64_t> SourceOptions::integer(std::string_view name, int64_t otherwise) {
  const Value* value = take(name);
  if (value == nullptr) return otherwise;
  MOTE_ASSIGN(const Value converted, option_as(*value, Type::integer(), name));
  return converted.integer();
}

Result<std::string> SourceOptions::text(std::string_view name, std::string otherwise) {
  const Value* value = take(name);
  if (value == nullptr) return otherwise;
  MOTE_ASSIGN(const Value converted, option_as(*value, Type::text(), name));
  return converted.bytes();
}

Result<std::optional<char>> SourceOptions::character(std::string_view name,
                                                     std::optional<char> otherwise) {
  const Value* value = take(name);
  if (value == nullptr) return otherwise;
  MOTE_ASSIGN(const Value converted, option_as(*value, Type::text(), name));
  const std::string& text = converted.bytes();
  if (text.empty()) return std::optional<char>();
  if (text == "\\t") return std::optional<char>('\t');
  if (text.size() != 1 || static_cast<unsigned char>(text[0]) >= 0x80) {
    return invalid_argument("option '%.*s': '%s' is not one ASCII character",
                            static_cast<int>(name.size()), name.data(), text.c_str());
  }
  return std::optional<char>(text[0]);
}

Result<std::vector<std::string>> SourceOptions::list(std::string_view name) {
  MOTE_ASSIGN(const std::string whole, text(name, ""));
  if (whole.empty()) return std::vector<std::string>();
  return split_list(whole);
}

Status SourceOptions::finish(std::string_view function) const {
  for (size_t i = 0; i < options_.size(); ++i) {
    if (taken_[i]) continue;
    std::string names;
    for (const std::string& name : known_) names += (names.empty() ? "" : ", ") + name;
    return not_found("%.*s has no option '%s'; it has: %s", static_cast<int>(function.size()),
                     function.data(), options_[i].name.c_str(),
                     names.empty() ? "none" : names.c_str());
  }
  return {};
}

Result<Type> parse_type_name(std::string_view text) {
  const std::string_view whole = trimmed(text);
  const size_t open = whole.find('(');
  Type type = Type::of(type_kind_from_name(trimmed(whole.substr(0, open))));
  const auto refuse = [&]() {
    return invalid_argument("'%.*s' is not a type", static_cast<int>(whole.size()), whole.data());
  };
  if (type.is(TypeKind::kNull)) return refuse();
  if (!type.is(TypeKind::kVector)) {
    if (open != std::string_view::npos) return refuse();
    return type;
  }
  if (open == std::string_view::npos || whole.back() != ')') return refuse();
  const auto arguments = split_list(whole.substr(open + 1, whole.size() - open - 2));
  MOTE_ASSIGN(const int64_t dimension, parse_integer(arguments[0]));
  if (dimension < 1 || dimension > kMaxVectorDimension || arguments.size() > 2) return refuse();
  type.dimension = static_cast<uint32_t>(dimension);
  if (arguments.size() == 2) {
    const std::string element = fold_name(arguments[1]);
    if (element == "f16") {
      type.element = VectorElement::kF16;
    } else if (element == "i8") {
      type.element = VectorElement::kI8;
    } else if (element != "f32") {
      return refuse();
    }
  }
  return type;
}

}  // namespace mote
