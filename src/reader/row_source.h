// Files as sources of rows: what stands behind read_csv, read_json, read_npy, read_blob and COPY ..
// FROM.
//
// A source reads forward once and gives chunks of at most kChunkRows rows. Files are reached
// through a FileAccess only, which confines them to one directory. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory_budget.h"
#include "base/status.h"
#include "env/env.h"
#include "types/chunk.h"
#include "types/type.h"
#include "types/value.h"

namespace mote {

struct SourceColumn {
  std::string name;
  Type type;
};

class RowSource {
 public:
  virtual ~RowSource() = default;
  // Known as soon as the source is open.
  virtual const std::vector<SourceColumn>& columns() const = 0;
  // Resets `out` to the columns' types and fills it. False at the end, with no rows then. Errors:
  // kInvalidArgument naming file, line and column; kIoError; kOutOfMemory.
  virtual Result<bool> next(Chunk& out) = 0;
};

// A named argument: header = true.
struct SourceOption {
  std::string name;  // lower case
  Value value;
};

// The one directory whose files statements may read and write.
class FileAccess {
 public:
  // directory: must exist; kept as its real path. An empty one allows nothing.
  static Result<FileAccess> create(Env& env, const std::string& directory);

  // The real path of an existing file or folder. Relative names are taken from the directory;
  // absolute ones are fine when they lie inside; links are followed and judged by where they lead.
  // Errors: kInvalidArgument for a name that leads outside or when nothing is allowed; kNotFound.
  Result<std::string> resolve(const std::string& name) const;
  // The same for a file that may not be there yet; its directory must.
  Result<std::string> resolve_new(const std::string& name) const;

  const std::string& directory() const { return directory_; }

 private:
  FileAccess(Env& env, std::string directory) : env_(&env), directory_(std::move(directory)) {}
  Env* env_;
  std::string directory_;  // a real path; empty: nothing is allowed
};

// True for the names that open_source takes: read_csv, read_json, read_npy, read_blob; in any case.
bool is_source(std::string_view function);

// Opens a source; reads as much as its columns' names and types need. arguments: the file's name or
// pattern first. Errors: kNotFound for a file or option that is not there (with the nearest name),
// kInvalidArgument for a bad option or malformed file, naming file and place; kOutOfMemory.
Result<std::unique_ptr<RowSource>> open_source(Env& env, const FileAccess& files,
                                               std::string_view function,
                                               std::span<const Value> arguments,
                                               std::span<const SourceOption> options,
                                               MemoryBudget& budget);

}  // namespace mote
