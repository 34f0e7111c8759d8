// The list of truth: which tables, parts, delete sets and blob files make up the database, and from
// where the log counts.
//
// A log of edits. Each edit is one record, 4 KiB-aligned, checksummed with a seed of (database id,
// position), written with one durable write. When the file grows past kManifestRewriteBytes the
// state is written whole to a new file, synced, renamed over MANIFEST, and the directory synced.
// Files that an edit removes are deleted only after the edit is durable.
//
// One writer at a time (the maintenance lock); the state is the writer's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/row_set.h"
#include "base/status.h"
#include "env/env.h"
#include "storage/column_part.h"
#include "types/schema.h"

namespace mote {

inline constexpr uint32_t kFormatVersion = 1;
inline constexpr uint64_t kManifestRewriteBytes = 256 * 1024;
inline constexpr uint64_t kMaxManifestBytes = 256u << 20;

struct TableState {
  std::string definition;                 // TableDefinition, serialized: the catalog's affair
  RowId next_row = 0;                     // rows below are in parts, deleted, or were never used
  std::map<RowId, PartDefinition> parts;  // by base; disjoint
  uint64_t deletes_file = 0;              // file number of the persisted delete set; 0 for none
  uint64_t deletes_checksum = 0;
};

struct ManifestState {
  uint64_t database_id = 0;
  uint32_t epoch = 0;
  // The run of this epoch closed the database: nothing is in the log from its floor on, and all
  // numbers of files are below next_file and next_blob_file. Compare with epoch.
  uint32_t closed_epoch = 0;
  uint64_t log_floor = 0;  // replay starts here
  uint64_t sequence = 0;   // commits up to this one are in parts and delete sets
  uint64_t next_file = 1;  // parts and delete sets
  uint32_t next_blob_file = 1;
  uint32_t next_table = 1;
  std::map<uint32_t, TableState> tables;
};

// A change; only what is set is changed.
struct ManifestEdit {
  std::optional<uint32_t> epoch;
  std::optional<uint32_t> closed_epoch;
  std::optional<uint64_t> log_floor;
  std::optional<uint64_t> sequence;
  std::optional<uint64_t> next_file;
  std::optional<uint32_t> next_blob_file;
  std::optional<uint32_t> next_table;
  struct PutTable {
    uint32_t id;
    std::string definition;
  };
  std::vector<PutTable> put_tables;
  std::vector<uint32_t> drop_tables;
  struct NextRow {
    uint32_t table;
    RowId next_row;
  };
  std::vector<NextRow> next_rows;
  struct Part {
    uint32_t table;
    PartDefinition definition;
  };
  std::vector<Part> remove_parts;  // applied before add_parts
  std::vector<Part> add_parts;
  struct Deletes {
    uint32_t table;
    uint64_t file;
    uint64_t checksum;
  };
  std::vector<Deletes> deletes;
};

class Manifest {
 public:
  // Creates a new database's manifest with a fresh id. Errors: kIoError, kDiskFull.
  static Result<std::unique_ptr<Manifest>> create(Env& env, const std::string& directory);
  // Errors: kCorruption when a record that is not the last is damaged, or the file is not a
  // manifest ("is not a moteDB database"), or its format is newer (both versions in the message);
  // kNotFound when there is none.
  static Result<std::unique_ptr<Manifest>> open(Env& env, const std::string& directory,
                                                bool writable);

  const ManifestState& state() const { return state_; }
  // Makes the edit durable, then applies it to the state. A failed write poisons the manifest:
  // nothing is appended any more until the database is reopened. kDiskFull is found out beforehand
  // and does not poison.
  Status append(const ManifestEdit& edit);
  uint64_t size_bytes() const { return end_; }

 private:
  Manifest(Env& env, std::string directory);
  Env& env_;
  const std::string directory_;
  ManifestState state_;
  Status rewrite();
  Status load(bool writable);

  std::unique_ptr<File> file_;    // null when opened for reading
  uint64_t base_bytes_ = 0;       // of the file up to its first edit
  uint64_t end_ = 0;              // where the next edit goes
  uint64_t allocated_bytes_ = 0;  // of the file: zeros from end_ on
  bool poisoned_ = false;
};

// Delete sets on disk: a small file of a serialized RowSet, written and synced before the edit that
// names it.
std::string deletes_file_name(uint64_t file);
Result<uint64_t> write_deletes(Env& env, const std::string& directory, uint64_t file,
                               const RowSet& rows);
Result<RowSet> read_deletes(Env& env, const std::string& directory, uint64_t file,
                            uint64_t checksum);

}  // namespace mote
