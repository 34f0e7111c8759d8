// Table functions: generate_series, and the file readers behind reader/row_source.h.
#pragma once

#include "base/memory_budget.h"
#include "env/env.h"
#include "reader/row_source.h"
#include "sql/bind/table_functions.h"

namespace mote {

// The answers that the binder needs. env, files and budget are borrowed.
class TableFunctionCatalog : public TableFunctions {
 public:
  TableFunctionCatalog(Env& env, const FileAccess& files, MemoryBudget& budget)
      : env_(&env), files_(&files), budget_(&budget) {}

  Result<std::vector<Column>> describe(
      std::string_view name, std::span<const Value> arguments,
      std::span<const std::pair<std::string, Value>> options) override;

 private:
  Env* env_;
  const FileAccess* files_;
  MemoryBudget* budget_;
};

}  // namespace mote
