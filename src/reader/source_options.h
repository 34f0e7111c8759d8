// Named arguments of a source, taken one by one; what is left over at the end is an error.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reader/row_source.h"

namespace mote {

class SourceOptions {
 public:
  explicit SourceOptions(std::span<const SourceOption> options)
      : options_(options), taken_(options.size(), false) {}

  // The option's value as BOOLEAN, INTEGER or TEXT; `otherwise` when it is not given or NULL.
  // Errors: kInvalidArgument naming option and value.
  Result<bool> boolean(std::string_view name, bool otherwise);
  Result<std::optional<bool>> optional_boolean(std::string_view name);
  Result<int64_t> integer(std::string_view name, int64_t otherwise);
  Result<std::string> text(std::string_view name, std::string otherwise);
  // A single ASCII character.
  Result<std::optional<char>> character(std::string_view name, std::optional<char> otherwise);
  // Items between commas outside of parentheses, blanks around them left out.
  Result<std::vector<std::string>> list(std::string_view name);

  // kNotFound for an option that nobody took, with the names that were asked for.
  Status finish(std::string_view function) const;

 private:
  const Value* take(std::string_view name);
  std::span<const SourceOption> options_;
  std::vector<bool> taken_;
  std::vector<std::string> known_;
};

// "VECTOR(384, f16)" and the other spellings of SQL. Errors: kInvalidArgument.
Result<Type> parse_type_name(std::string_view text);

}  // namespace mote
