// What a table looks like.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/coding.h"
#include "base/status.h"
#include "types/type.h"
#include "types/value.h"

namespace mote {

struct ColumnDefinition {
  std::string name;
  Type type;
  bool not_null = false;
  std::string default_sql;  // the DEFAULT's expression as SQL text; empty for none (NULL)
};

struct Schema {
  std::vector<ColumnDefinition> columns;  // 1 .. kMaxColumns
  std::vector<uint32_t> primary_key;      // column positions in key order; empty for none

  // The position of a column by name, in any case (ASCII); nothing when there is none.
  std::optional<uint32_t> find(std::string_view name) const;
  std::vector<Type> types() const;

  void serialize(std::string* out) const;
  static Result<Schema> deserialize(ByteReader& reader);
};

// ASCII case folding: SQL names compare equal when they do so folded.
std::string fold_name(std::string_view name);
bool same_name(std::string_view a, std::string_view b);

}  // namespace mote
