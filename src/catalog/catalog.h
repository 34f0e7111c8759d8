// Names to tables. A Catalog is immutable: a change makes a new version, so a statement sees one
// catalog from beginning to end and a transaction can carry its own until it commits.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/coding.h"
#include "base/limits.h"
#include "base/status.h"
#include "types/schema.h"

namespace mote {

using TableId = uint32_t;  // in [1, kMaxTables], never reused

struct TableDefinition {
  TableId id = 0;
  std::string name;
  Schema schema;

  void serialize(std::string* out) const;
  static Result<std::shared_ptr<const TableDefinition>> deserialize(ByteReader& reader);
};

class Catalog {
 public:
  // A catalog of these tables, checked as with_table does.
  static Result<std::shared_ptr<const Catalog>> of(
      const std::vector<std::shared_ptr<const TableDefinition>>& tables);
  // The table of that name, in any case; null when there is none.
  const TableDefinition* find(std::string_view name) const;
  const TableDefinition* find(TableId id) const;
  std::shared_ptr<const TableDefinition> share(TableId id) const;
  // In the order of their names.
  std::vector<const TableDefinition*> tables() const;

  // New versions. Errors: kInvalidArgument for a name that is taken, empty or longer than
  // kMaxNameBytes, a schema with no or too many columns, a column name twice, a key column that is
  // not there or of a type without order (FLOAT keys are fine, VECTOR, POINT, INTERVAL are not);
  // kNotFound for a table to drop that is not there (with the nearest name).
  Result<std::shared_ptr<const Catalog>> with_table(
      std::shared_ptr<const TableDefinition> table) const;
  Result<std::shared_ptr<const Catalog>> without_table(TableId id) const;

  // kNotFound "no table 'imuu'; did you mean 'imu'?"
  Status no_such_table(std::string_view name) const;

 private:
  Status add(std::shared_ptr<const TableDefinition> table);
  std::map<std::string, std::shared_ptr<const TableDefinition>, std::less<>>
      by_name_;  // folded names
  std::map<TableId, std::shared_ptr<const TableDefinition>> by_id_;
};

}  // namespace mote
