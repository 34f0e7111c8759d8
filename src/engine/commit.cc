#include <algorithm>
#include <cstring>

#include "engine/core.h"
#include "engine/key_check.h"
#include "engine/maintenance.h"

namespace mote {

Status Core::check_open() const {
  if (closing.load(std::memory_order_acquire)) return closed_status();
  if (env.process_id() != process_id) {
    return mote::closed("%s: was opened by process %u; a forked child can not use it",
                        directory.c_str(), process_id);
  }
  return {};
}

Status Core::closed_status() const {
  return mote::closed("%s: the database is closed", directory.c_str());
}

Status Core::check_writable() {
  MOTE_TRY(check_open());
  if (options.read_only) return read_only("database '%s' is open read-only", directory.c_str());
  if (!poisoned.load(std::memory_order_acquire)) return ensure_epoch();
  MutexLock lock(wait_mutex);
  return read_only("%s: a write of the log has failed (%s); reopen to write again",
                   directory.c_str(), log_failure.message().c_str());
}

// A run that writes nothing leaves the manifest as it is, so opening costs no durable write. Before
// the first file or group of a run the manifest knows its epoch: no two runs write groups of one
// epoch, and a run that ends without a close is known to have been.
Status Core::ensure_epoch() {
  if (epoch_durable.load(std::memory_order_acquire)) return {};
  return commit_edit(*this, ManifestEdit());
}

// The lock file must be the one that this process holds, under its name: else another process may
// take the directory for free.
Status Core::check_lock_file() {
  if (lock_file->in_place()) return {};
  return io_error("%s/%s: was replaced or removed while the database is open", directory.c_str(),
                  kLockFileName);
}

// The open group finds room even if the one that is being written takes the next.
bool Core::log_has_room() { return log->has_room(group_in_flight.load() ? 2 : 1); }

// Waits, under the commit lock, for a free memtable or log room.
Status Core::wait_for_room() {
  if (!threaded) {
    commit_mutex.unlock();
    const uint64_t before = counters.flushes.load();
    Result<bool> more = background_step();
    const bool helped = counters.flushes.load() != before || (more.ok() && *more);
    commit_mutex.lock();
    MOTE_TRY(std::move(more).status());
    if (helped || log_has_room()) return {};
    return out_of_memory(
        "%s: all memtables are held by readers and the budget has no room for"
        " another",
        directory.c_str());
  }
  if (!background_failure.ok()) return background_failure;
  ++writers_waiting;
  wake_background();
  room.wait_for(commit_mutex, 20'000'000);
  --writers_waiting;
  return {};
}

Status Core::make_room(size_t log_bytes, size_t memtable_bytes) {
  bool counted = false;
  for (;;) {
    if (closed.load()) return closed_status();
    if (poisoned.load()) return check_writable();
    if (open_group.size() + log_bytes > log->payload_room().size()) {
      commit_mutex.unlock();
      const Status written = write_open_group();
      commit_mutex.lock();
      MOTE_TRY(written);
      continue;
    }
    MemtableStage& active = *stages.back();
    const bool full =
        active.last_sequence != 0 && active.memtable->arena().left_bytes() < memtable_bytes;
    // The log's space comes back only with a memtable, so many small groups end one early.
    const bool long_log =
        active.last_sequence != 0 && log->end_lsn() - active.floor >= options.log_limit_bytes / 4;
    if ((full || long_log) && !freeze()) {
      if (!counted) counters.waits_for_memtable.fetch_add(1);
      counted = true;
      MOTE_TRY(wait_for_room());
      continue;
    }
    if (!log_has_room()) {
      // Only a flush frees the log's files.
      if (stages.size() == 1 && active.last_sequence != 0) freeze();
      MOTE_TRY(wait_for_room());
      continue;
    }
    return {};
  }
}

void Core::start_stage(Lsn floor) {
  auto stage = std::make_unique<MemtableStage>();
  stage->memtable = pool->take();
  MOTE_CHECK(stage->memtable != nullptr);
  stage->floor = floor;
  stages.push_back(std::move(stage));
}

bool Core::freeze() {
  MemtableStage& active = *stages.back();
  if (active.last_sequence == 0) return true;
  if (!pool->has_free()) return false;
  active.end = versions.head();
  for (auto& [table, head] : heads) {
    active.next_rows.push_back({table, head.next_row});
    head.run = nullptr;
  }
  // Groups that are written from here on begin at the log's end or later; what they hold of the
  // frozen memtable is left out at replay by its sequence.
  start_stage(replay_floor != 0 ? replay_floor : log->end_lsn());
  flushes_due.fetch_add(1);
  const int64_t now = env.monotonic_ns();
  fill_ns.store(now - frozen_at_ns.exchange(now));
  wake_background();
  return true;
}

MemtableRun& Core::run_for(const std::shared_ptr<const TableDefinition>& table, Version* changed) {
  TableHead& head = heads[table->id];
  if (head.run != nullptr) return *head.run;
  MemtableStage& active = *stages.back();
  const std::shared_ptr<const Schema> schema(table, &table->schema);
  std::shared_ptr<MemtableRun> run = active.memtable->add_run(schema, head.next_row, blobs);
  head.run = run.get();
  changed->put(with_range(*changed->find(table->id), run, run.get()));
  active.runs.push_back({table->id, std::move(run)});
  return *head.run;
}

std::shared_ptr<ColumnPart> Core::open_part(const std::shared_ptr<const TableDefinition>& table,
                                            const PartDefinition& definition) {
  return std::make_shared<ColumnPart>(
      *part_environment, std::shared_ptr<const Schema>(table, &table->schema), definition);
}

void Core::apply_create(const std::shared_ptr<const TableDefinition>& table, Version* changed) {
  auto version = std::make_shared<TableVersion>();
  version->definition = table;
  version->deletes = std::make_shared<const RowSet>();
  changed->put(std::move(version));
  heads[table->id] = {};
  uint32_t next = next_table.load();
  while (next <= table->id && !next_table.compare_exchange_weak(next, table->id + 1)) {
  }
}

void Core::apply_drop(TableId table, Version* changed) {
  const TableVersion* const version = changed->find(table);
  for (size_t i = 0; i < version->ranges.size(); ++i) {
    if (version->runs[i] == nullptr) stages.back()->dropped.push_back(version->ranges[i]);
  }
  changed->erase(table);
  heads.erase(table);
}

void Core::apply_part(const std::shared_ptr<const TableDefinition>& table,
                      PartDefinition definition, Version* changed) {
  TableHead& head = heads[table->id];
  definition.base = head.next_row;
  head.next_row += definition.row_count;
  head.run = nullptr;  // a run has no gaps
  changed->put(with_range(*changed->find(table->id), open_part(table, definition), nullptr));
  stages.back()->adopted.push_back({table->id, definition});
}

void Core::apply_deletes(TableId table, const RowSet& rows, Version* changed) {
  auto version = std::make_shared<TableVersion>(*changed->find(table));
  version->deletes = std::make_shared<const RowSet>(version->deletes->united_with(rows));
  changed->put(std::move(version));
}

Status Core::apply_rows(const std::shared_ptr<const TableDefinition>& table, const RowBatch& batch,
                        CommitSequence sequence, Version* changed) {
  MemtableRun& run = run_for(table, changed);
  for (const Column& references : batch.references) {
    if (!references.type().is(TypeKind::kBlob)) continue;
    for (uint32_t row = 0; row < batch.rows.row_count(); ++row) {
      if (references.is_null(row)) continue;
      MOTE_ASSIGN(const BlobReference reference,
                  BlobReference::deserialize(references.lane<std::string_view>()[row]));
      uint32_t& first = stages.back()->first_blob_file;
      first = std::min(first, reference.file);
    }
  }
  MOTE_TRY(run.append(batch.rows, batch.reference_pointers(), sequence));
  run.publish();
  heads[table->id].next_row += batch.rows.row_count();
  return {};
}

namespace {

// True when applying the commit changes more than the row counts of runs.
bool changes_version(const Core& core, const PreparedCommit& commit) {
  for (const PreparedTable& table : commit.tables) {
    if (table.created || table.dropped || !table.parts.empty() || !table.deletes.empty()) {
      return true;
    }
    if (table.batches.empty()) continue;
    const auto head = core.heads.find(table.definition->id);
    if (head == core.heads.end() || head->second.run == nullptr) return true;
  }
  return false;
}

// Where a transaction's own rows went.
RowSet moved(const RowSet& rows, RowId base) {
  RowSet result;
  for (const RowId row : rows.to_vector()) result.add(base + row);
  return result;
}

}  // namespace

Status Core::validate(PreparedCommit& commit) {
  std::shared_ptr<const Catalog> catalog = versions.head()->catalog;
  for (const PreparedTable& table : commit.tables) {
    const TableDefinition& definition = *table.definition;
    if (table.created) {
      if (catalog->find(definition.name) != nullptr) {
        return conflict("table '%s' was created by another transaction", definition.name.c_str());
      }
      MOTE_ASSIGN(catalog, catalog->with_table(table.definition));
      continue;
    }
    const TableVersion* const now = versions.head()->find(definition.id);
    if (now == nullptr) {
      return conflict("table '%s' was dropped by another transaction", definition.name.c_str());
    }
    MOTE_TRY(check_deletes(table, *now));
    MOTE_TRY(check_keys_since(table, *now, last_sequence));
    if (table.dropped) {
      MOTE_ASSIGN(catalog, catalog->without_table(definition.id));
    }
  }
  commit.catalog = std::move(catalog);
  return {};
}

CommitSequence Core::apply(PreparedCommit& commit) {
  const CommitSequence sequence = ++last_sequence;
  if (open_group.empty()) open_first_sequence = sequence;
  for (const PreparedCommit::RowIdPlace& place : commit.row_ids) {
    const PreparedTable& table = commit.tables[place.table];
    const RowId base = table.created ? 0 : heads[table.definition->id].next_row;
    store_fixed(commit.records.data() + place.offset, uint64_t{base + place.relative});
  }
  std::shared_ptr<Version> version;
  if (changes_version(*this, commit)) version = std::make_shared<Version>(*versions.head());
  stages.back()->last_sequence = sequence;
  for (PreparedTable& table : commit.tables) {
    const TableId id = table.definition->id;
    if (table.created) apply_create(table.definition, version.get());
    const RowId base = heads[id].next_row;
    for (const PartDefinition& part : table.parts) {
      apply_part(table.definition, part, version.get());
    }
    if (!table.part_deletes.empty()) {
      const RowSet rows = moved(table.part_deletes, base);
      append_deletes_record(id, rows, &commit.records);
      apply_deletes(id, rows, version.get());
    }
    for (const RowBatch& batch : table.batches) {
      Status applied = apply_rows(table.definition, batch, sequence, version.get());
      // All was checked before; what fails here leaves half a commit in memory.
      if (!applied.ok()) poison(std::move(applied));
    }
    if (!table.deletes.empty()) apply_deletes(id, table.deletes, version.get());
    if (table.dropped) apply_drop(id, version.get());
  }
  append_end_record(&commit.records);
  open_group += commit.records;
  open_records += static_cast<uint32_t>(commit.row_ids.size()) + 1;
  if (version != nullptr) {
    version->catalog = std::move(commit.catalog);
    versions.set_head(std::move(version));
  }
  counters.commits.fetch_add(1, std::memory_order_relaxed);
  return sequence;
}

Result<CommitSequence> Core::apply_commit(PreparedCommit& commit, SyncMode mode) {
  const size_t log_bytes = commit.log_bytes();
  if (log_bytes > log->payload_room().size()) {
    return limit_exceeded(
        "a transaction's deletes and definitions take %zu bytes in the log; the"
        " limit is %zu",
        log_bytes, log->payload_room().size());
  }
  // What is published already is compared before the lock is taken.
  {
    const VersionPin pin = versions.pin();
    const CommitSequence visible = pin->visible.load();
    for (PreparedTable& table : commit.tables) {
      const TableVersion* const now = pin->find(table.definition->id);
      if (now == nullptr) continue;
      MOTE_TRY(check_keys_since(table, *now, visible));
      table.seen_rows_end = std::max(table.seen_rows_end, rows_end(*now, visible));
    }
  }
  MutexLock lock(commit_mutex);
  MOTE_TRY(make_room(log_bytes, commit.memtable_bytes));
  MOTE_TRY(validate(commit));
  const CommitSequence sequence = apply(commit);
  if (mode == SyncMode::kAsync) versions.publish_head(sequence);
  return sequence;
}

Result<CommitSequence> Core::commit(PreparedCommit& commit, SyncMode mode) {
  MOTE_TRY(check_writable());
  MOTE_ASSIGN(const CommitSequence sequence, apply_commit(commit, mode));
  switch (mode) {
    case SyncMode::kAsync:
      async_pending.store(true);
      wake_log_thread();
      return sequence;
    case SyncMode::kGroup:
      if (!threaded) break;
      group_pending.store(true);
      wake_log_thread();
      MOTE_TRY(wait_durable(sequence, /*lead=*/false, -1));
      return sequence;
    case SyncMode::kSync: break;
  }
  MOTE_TRY(wait_durable(sequence, /*lead=*/true, -1));
  return sequence;
}

Status Core::write_group() {
  GroupHeader header;
  CommitSequence last = 0;
  {
    MutexLock lock(commit_mutex);
    if (open_group.empty()) return {};
    std::memcpy(log->payload_room().data(), open_group.data(), open_group.size());
    header.payload_bytes = static_cast<uint32_t>(open_group.size());
    header.record_count = static_cast<uint16_t>(std::min<uint32_t>(open_records, UINT16_MAX));
    header.sequence = open_first_sequence;
    header.wall_ns = env.wall_ns();
    last = last_sequence;
    versions.seal();
    group_in_flight.store(true);
    open_group.clear();
    open_records = 0;
    async_pending.store(false);
    group_pending.store(false);
  }
  Status written = check_lock_file();
  if (written.ok()) written = log->append(header);
  group_in_flight.store(false);
  if (!written.ok()) {
    poison(written);
    return written;
  }
  counters.groups.fetch_add(1, std::memory_order_relaxed);
  versions.publish_durable(last);
  durable_sequence.store(last, std::memory_order_release);
  if (log->wants_next_file()) wake_background();
  return {};
}

Status Core::wait_durable(CommitSequence sequence, bool lead, int64_t timeout_ns) {
  const int64_t deadline = timeout_ns < 0 ? INT64_MAX : env.monotonic_ns() + timeout_ns;
  wait_mutex.lock();
  Status status;
  while (durable_sequence.load(std::memory_order_acquire) < sequence) {
    if (!log_failure.ok()) {
      status = log_failure;
      break;
    }
    if (lead && !writing) {
      writing = true;
      wait_mutex.unlock();
      Status written = write_group();
      wait_mutex.lock();
      writing = false;
      durable_changed.notify_all();
      if (!written.ok()) status = std::move(written);
      if (!status.ok()) break;
      continue;
    }
    const int64_t left = deadline - env.monotonic_ns();
    if (left <= 0) {
      status = cancelled("%s: the rows are not durable yet after %lld ms", directory.c_str(),
                         static_cast<long long>(timeout_ns / 1'000'000));
      break;
    }
    durable_changed.wait_for(wait_mutex, left);
  }
  wait_mutex.unlock();
  return status;
}

Status Core::write_open_group() {
  wait_mutex.lock();
  while (writing) durable_changed.wait(wait_mutex);
  writing = true;
  wait_mutex.unlock();
  Status written = write_group();
  wait_mutex.lock();
  writing = false;
  wait_mutex.unlock();
  durable_changed.notify_all();
  return written;
}

void Core::poison(Status why) {
  {
    MutexLock lock(wait_mutex);
    if (log_failure.ok()) log_failure = std::move(why);
    poisoned.store(true, std::memory_order_release);
  }
  versions.fall_back();
  durable_changed.notify_all();
  room.notify_all();
}

}  // namespace mote
