#include "engine/recovery.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "engine/maintenance.h"

namespace mote {

namespace {

// Shares of the budget.
uint64_t memtable_bytes_of(const DatabaseOptions& options) {
  if (options.memtable_bytes != 0) return options.memtable_bytes;
  return std::clamp<uint64_t>(options.memory_bytes / 16, 128 * 1024, 64u << 20);
}
uint64_t cache_bytes_of(const DatabaseOptions& options) { return options.memory_bytes / 4; }

// Puts the groups of the log back into memtables.
class Replay : public RecordVisitor {
 public:
  explicit Replay(Core& core) : core_(core) {}

  Status group(const GroupHeader& header, std::string_view payload) {
    core_.replay_floor = header.lsn;
    sequence_ = header.sequence;
    ++core_.counters.replayed_groups;
    return read_records(payload, *this)
        .in(format_text("log group at lsn %llu", static_cast<unsigned long long>(header.lsn)));
  }

  std::shared_ptr<const Schema> schema_of(TableId table) override {
    if (is_known()) return nullptr;
    const auto definition = core_.versions.head()->catalog->share(table);
    if (definition == nullptr) return nullptr;
    return {definition, &definition->schema};
  }

  Status rows(TableId table, RowId first, const RowBatch& batch) override {
    MOTE_TRY(make_room(MemtableRun::append_bytes(
        core_.versions.head()->catalog->find(table)->schema, batch.rows)));
    MOTE_TRY(expect_next(table, first));
    const auto definition = core_.versions.head()->catalog->share(table);
    return change(
        [&](Version* changed) { return core_.apply_rows(definition, batch, sequence_, changed); },
        /*needed=*/core_.heads[table].run == nullptr);
  }

  Status deletes(TableId table, RowSet rows) override {
    if (is_known() || core_.versions.head()->find(table) == nullptr) return {};
    return change([&](Version* changed) {
      core_.apply_deletes(table, rows, changed);
      return Status();
    });
  }

  Status create_table(std::shared_ptr<const TableDefinition> table) override {
    if (is_known()) return {};
    MOTE_ASSIGN(auto catalog, core_.versions.head()->catalog->with_table(table));
    return change([&](Version* changed) {
      core_.apply_create(table, changed);
      changed->catalog = std::move(catalog);
      return Status();
    });
  }

  Status drop_table(TableId table) override {
    if (is_known()) return {};
    MOTE_ASSIGN(auto catalog, core_.versions.head()->catalog->without_table(table));
    return change([&](Version* changed) {
      core_.apply_drop(table, changed);
      changed->catalog = std::move(catalog);
      return Status();
    });
  }

  Status adopt_part(TableId table, const PartDefinition& part) override {
    if (is_known()) return {};
    const auto definition = core_.versions.head()->catalog->share(table);
    if (definition == nullptr) return {};
    MOTE_TRY(expect_next(table, part.base));
    return change([&](Version* changed) {
      core_.apply_part(definition, part, changed);
      return Status();
    });
  }

  Status end_commit() override {
    if (!is_known()) {
      core_.last_sequence = sequence_;
      core_.durable_sequence.store(sequence_);
      core_.stages.back()->last_sequence = sequence_;
      ++core_.counters.commits;
    }
    ++sequence_;
    return {};
  }

 private:
  // The manifest has this commit already.
  bool is_known() const { return sequence_ <= core_.manifest->state().sequence; }

  Status expect_next(TableId table, RowId first) const {
    const RowId next = core_.heads[table].next_row;
    if (first == next) return {};
    return corruption("table %u: rows from %llu on; %llu is next", table,
                      static_cast<unsigned long long>(first),
                      static_cast<unsigned long long>(next));
  }

  template <typename Change>
  Status change(Change apply, bool needed = true) {
    core_.stages.back()->last_sequence = sequence_;
    if (!needed) return apply(nullptr);
    auto version = std::make_shared<Version>(*core_.versions.head());
    MOTE_TRY(apply(version.get()));
    core_.versions.set_head(std::move(version));
    return {};
  }

  Status make_room(size_t size_bytes) {
    MemtableStage& active = *core_.stages.back();
    if (active.last_sequence == 0 || active.memtable->arena().left_bytes() >= size_bytes) return {};
    // Half a commit is never written to parts, so a memtable may grow beyond its arena until the
    // commit ends.
    if (active.last_sequence == sequence_) return {};
    MOTE_TRY(find_memtable());
    core_.freeze();
    return {};
  }

  // Full memtables stay as they are and are written to parts behind the open: there were no more of
  // them before the crash, so there is memory for them, unless the options have changed.
  Status find_memtable() {
    while (!core_.pool->has_free()) {
      Status grown;
      if (core_.options.read_only || core_.pool->is_short() || core_.stages.size() == 1) {
        grown = core_.pool->grow();
      }
      if (core_.options.read_only || core_.stages.size() == 1) MOTE_TRY(grown);
      if (!core_.pool->has_free()) MOTE_TRY(flush_oldest(core_));
    }
    return {};
  }

  Core& core_;
  CommitSequence sequence_ = 0;
};

Status load_tables(Core& core, std::vector<std::string>* report, Version* version) {
  std::vector<std::shared_ptr<const TableDefinition>> definitions;
  for (const auto& [id, state] : core.manifest->state().tables) {
    ByteReader reader(state.definition);
    MOTE_ASSIGN(auto definition, TableDefinition::deserialize(reader));
    if (definition->id != id) {
      return corruption("%s/MANIFEST: table %u is listed as %u", core.directory.c_str(),
                        definition->id, id);
    }
    definitions.push_back(definition);
    auto table = std::make_shared<TableVersion>();
    table->definition = definition;
    auto deletes = std::make_shared<RowSet>();
    if (state.deletes_file != 0) {
      Result<RowSet> read =
          read_deletes(core.env, core.directory, state.deletes_file, state.deletes_checksum);
      if (read.ok()) {
        *deletes = std::move(*read);
      } else if (report != nullptr) {
        report->push_back(definition->name +
                          ": deleted rows come back: " + read.status().message());
      } else {
        return std::move(read).status();
      }
    }
    table->deletes = std::move(deletes);
    core.persisted_deletes[id] = table->deletes;
    for (const auto& [base, part] : state.parts) {
      auto range = core.open_part(definition, part);
      if (core.options.read_only && report == nullptr) {
        // The writer, in another process, may merge the part away at any time.
        const Status held = range->hold_file();
        if (!held.ok() && !core.last_try) return held;
      }
      if (report != nullptr) {
        std::vector<std::string> problems;
        Status verified = range->verify(&problems);
        if (!verified.ok()) problems.push_back(verified.message());
        if (!problems.empty()) {
          report->push_back(format_text(
              "table '%s': rows %llu to %llu are left out: %s", definition->name.c_str(),
              static_cast<unsigned long long>(base),
              static_cast<unsigned long long>(base + part.row_count - 1), problems[0].c_str()));
          continue;
        }
      }
      const uint64_t dead = table->deletes->count_range(base, base + part.row_count);
      if (dead > 0) core.purged[part.file] = {dead, /*known=*/false};
      table->ranges.push_back(std::move(range));
      table->runs.push_back(nullptr);
    }
    core.heads[id].next_row = state.next_row;
    version->put(std::move(table));
  }
  MOTE_ASSIGN(version->catalog, Catalog::of(definitions));
  return {};
}

// The number of a file that is named as `name_of` names files.
std::optional<uint64_t> number_in(const std::string& name, const std::string& name_of_zero) {
  const std::string_view begin =
      std::string_view(name_of_zero).substr(0, name_of_zero.find_last_not_of('0') + 1);
  if (name.compare(0, begin.size(), begin) != 0) return std::nullopt;
  uint64_t number = 0;
  const char* const end = name.data() + name.size();
  const auto [at, error] = std::from_chars(name.data() + begin.size(), end, number, 10);
  if (error != std::errc() || at != end) return std::nullopt;
  return number;
}

// Numbers go on behind everything that is there: a file of a crashed run is never written over
// while something may still name it.
Status count_on(Core& core, const std::vector<std::string>& names) {
  const ManifestState& state = core.manifest->state();
  uint64_t next_file = state.next_file;
  uint64_t next_blob = state.next_blob_file;
  const std::string part = part_file_name(0);
  const std::string deletes = deletes_file_name(0);
  const std::string blob = blob_file_name(0);
  for (const std::string& name : names) {
    if (const auto number = number_in(name, part)) next_file = std::max(next_file, *number + 1);
    if (const auto number = number_in(name, deletes)) next_file = std::max(next_file, *number + 1);
    if (const auto number = number_in(name, blob)) next_blob = std::max(next_blob, *number + 1);
  }
  core.next_file.store(next_file);
  core.next_table.store(state.next_table);
  core.blobs->set_next_file(static_cast<uint32_t>(next_blob));
  return {};
}

// Parts and delete sets that nothing names.
Status remove_orphans(Core& core, const std::vector<std::string>& names) {
  std::set<std::string> known;
  for (const auto& [id, table] : core.manifest->state().tables) {
    if (table.deletes_file != 0) known.insert(deletes_file_name(table.deletes_file));
    for (const auto& [base, part] : table.parts) known.insert(part_file_name(part.file));
  }
  for (const auto& table : core.versions.head()->tables) {
    for (size_t i = 0; i < table->ranges.size(); ++i) {
      if (table->runs[i] != nullptr) continue;
      const auto& part = static_cast<const ColumnPart&>(*table->ranges[i]);
      known.insert(part_file_name(part.definition().file));
    }
  }
  const std::string part = part_file_name(0);
  const std::string deletes = deletes_file_name(0);
  for (const std::string& name : names) {
    if (known.count(name) != 0) continue;
    if (!number_in(name, part).has_value() && !number_in(name, deletes).has_value()) continue;
    const Status removed = core.env.remove(core.directory + "/" + name);
    if (!removed.ok() && removed.code() != Code::kNotFound) return removed;
  }
  return {};
}

Status open_directory(Core& core) {
  const DatabaseOptions& options = core.options;
  const Result<FileStat> found = core.env.stat(core.directory);
  if (!found.ok()) {
    if (found.status().code() != Code::kNotFound) return found.status();
    if (options.read_only || !options.create) {
      return not_found("%s: there is no database", core.directory.c_str());
    }
    MOTE_TRY(core.env.create_directory(core.directory));
    const size_t slash = core.directory.find_last_of('/');
    const std::string parent = slash == std::string::npos ? "."
                               : slash == 0               ? "/"
                                                          : core.directory.substr(0, slash);
    MOTE_TRY(core.env.sync_directory(parent));
  } else if (!found->is_directory) {
    return invalid_argument("%s: is a file; a moteDB database is a directory",
                            core.directory.c_str());
  }
  if (options.read_only) return {};
  const std::string lock = core.directory + "/" + kLockFileName;
  if (!options.create && !core.env.stat(core.directory + "/MANIFEST").ok()) {
    return not_found("%s: there is no database", core.directory.c_str());
  }
  MOTE_ASSIGN(core.lock_file, core.env.lock(lock));
  return {};
}

// A directory with files of a database and no manifest is one whose manifest is lost: a new one
// would take what the files hold for refuse. The manifest is made before every other file.
Status check_no_database_files(Core& core) {
  MOTE_ASSIGN(const std::vector<std::string> names, core.env.list(core.directory));
  for (const std::string& name : names) {
    for (const std::string_view prefix : {"log-", "part-", "blob-", "deletes-"}) {
      if (name.size() == prefix.size() || name.compare(0, prefix.size(), prefix) != 0) continue;
      if (name.find_first_not_of("0123456789abcdef", prefix.size()) != std::string::npos) continue;
      return corruption(
          "%s: has %s but no MANIFEST, without which it can not be read; put the "
          "MANIFEST back or choose another directory",
          core.directory.c_str(), name.c_str());
    }
  }
  return {};
}

Status open_manifest(Core& core) {
  Result<std::unique_ptr<Manifest>> manifest =
      Manifest::open(core.env, core.directory, /*writable=*/!core.options.read_only);
  if (!manifest.ok() && manifest.status().code() == Code::kNotFound) {
    if (core.options.read_only || !core.options.create) return std::move(manifest).status();
    MOTE_TRY(check_no_database_files(core));
    manifest = Manifest::create(core.env, core.directory);
  }
  MOTE_ASSIGN(core.manifest, std::move(manifest));
  core.epoch = core.manifest->state().epoch + 1;
  return {};
}

Status make_storage(Core& core) {
  const DatabaseOptions& options = core.options;
  const uint64_t id = core.manifest->state().database_id;
  const uint64_t memtable_bytes = memtable_bytes_of(options);
  MOTE_TRY(
      core.flush_reserve.grow(core.budget, core.flush_budget.limit_bytes(), "what a flush needs"));
  core.cache = std::make_unique<BlockCache>(cache_bytes_of(options), core.budget);
  core.blobs = std::make_shared<BlobStore>(core.env, core.directory, id, core.budget);
  core.part_environment.reset(
      new PartEnvironment{core.env, core.directory, id, *core.cache, *core.blobs, core.budget});
  core.flush_environment.reset(new PartEnvironment{core.env, core.directory, id, *core.cache,
                                                   *core.blobs, core.flush_budget});
  MOTE_ASSIGN(core.pool, MemtablePool::create(memtable_bytes, kMemtables, core.budget));
  return {};
}

}  // namespace

uint64_t flush_budget_bytes(const DatabaseOptions& options) {
  // The writer of a part holds the memtable's rows once as they are and a column of them encoded.
  return 2 * memtable_bytes_of(options) + (1u << 20);
}

namespace {

LogOptions log_options(const Core& core) {
  LogOptions log;
  log.directory = core.directory;
  log.database_id = core.manifest->state().database_id;
  log.epoch = core.epoch;
  log.file_bytes = core.options.log_file_bytes;
  log.limit_bytes = core.options.log_limit_bytes;
  return log;
}

// Returns where the log ends.
Result<Lsn> replay_log(Core& core, std::vector<std::string>* report) {
  Replay replay(core);
  std::string damage;
  core.replay_floor = core.manifest->state().log_floor;
  MutexLock maintenance(core.maintenance_mutex);
  MOTE_ASSIGN(const ScanReport scan,
              scan_log(
                  core.env, log_options(core), core.replay_floor,
                  [&](const GroupHeader& header, std::span<const std::byte> payload) {
                    return replay.group(header, as_text(payload));
                  },
                  report != nullptr ? &damage : nullptr));
  if (!damage.empty()) report->push_back(damage);
  core.replay_floor = 0;
  return scan.end_lsn;
}

}  // namespace

Status recover(Core& core, std::vector<std::string>* report) {
  MOTE_TRY(open_directory(core));
  MOTE_TRY(open_manifest(core));
  MOTE_TRY(make_storage(core));
  const ManifestState& state = core.manifest->state();
  const bool was_closed = state.closed_epoch == state.epoch && report == nullptr;
  auto version = std::make_shared<Version>();
  MOTE_TRY(load_tables(core, report, version.get()));
  std::vector<std::string> names;
  if (!was_closed) {
    MOTE_ASSIGN(names, core.env.list(core.directory));
  }
  MOTE_TRY(count_on(core, names));
  core.last_sequence = state.sequence;
  core.durable_sequence.store(state.sequence);
  core.versions.start(std::move(version), state.sequence);
  core.start_stage(state.log_floor);

  Lsn end = state.log_floor;
  if (!was_closed) {
    MOTE_ASSIGN(end, replay_log(core, report));
  }
  if (!core.options.read_only) {
    MOTE_ASSIGN(core.log, Log::open(core.env, log_options(core), core.manifest->state().log_floor,
                                    end, core.budget));
  }
  if (core.stages.back()->last_sequence == 0) core.stages.back()->floor = end;
  core.versions.seal();
  core.versions.publish_durable(core.last_sequence);
  core.versions.reclaim();
  if (core.options.read_only || was_closed) return {};
  // Values whose rows were never committed.
  core.blob_drop_wanted.store(core.blobs->next_file() > 1);
  return remove_orphans(core, names);
}

}  // namespace mote
