// What the binder asks of those who run table functions (generate_series, read_csv, ..). Apart from
// the binder, so that they need not know the syntax tree.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "types/type.h"
#include "types/value.h"

namespace mote {

// What table functions give, asked of those who can run them. (generate_series, read_csv, ..)
class TableFunctions {
 public:
  struct Column {
    std::string name;
    Type type;
  };
  virtual ~TableFunctions() = default;

  // The columns of name(arguments.., option = value..). An argument that is known only at execution
  // is a NULL of its type. Errors: kNotFound with the nearest names; kInvalidArgument for arguments
  // it does not take; those of reading the file.
  virtual Result<std::vector<Column>> describe(
      std::string_view name, std::span<const Value> arguments,
      std::span<const std::pair<std::string, Value>> options) = 0;
};

}  // namespace mote
