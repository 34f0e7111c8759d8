#include "engine/transaction.h"

#include <algorithm>
#include <map>

#include "engine/core.h"
#include "engine/key_check.h"
#include "engine/transaction_state.h"
#include "storage/key.h"

namespace mote {

Transaction::Transaction(std::unique_ptr<State> state) : state_(std::move(state)) {}
Transaction::~Transaction() { rollback(); }

Transaction::State::~State() {
  if (wrote_blobs) core->blob_writers.fetch_sub(1);
}

const Catalog& Transaction::State::catalog() const {
  return changed_catalog != nullptr ? *changed_catalog : *pin->catalog;
}

Result<const TableVersion*> Transaction::State::find(TableId table) const {
  if (const TableVersion* const found = pin->find(table)) {
    if (changed_catalog == nullptr || changed_catalog->find(table) != nullptr) return found;
  }
  const auto own = created.find(table);
  if (own != created.end() && catalog().find(table) != nullptr) return own->second.get();
  return not_found("no table with id %u", table);
}

TableView Transaction::State::view(const TableVersion& table) const {
  const auto own = writes.find(table.definition->id);
  if (own == writes.end()) return TableView(table, sequence, nullptr, nullptr);
  return TableView(table, sequence, own->second.rows, &own->second.deletes);
}

TableWrites& Transaction::State::writes_to(const TableVersion& table) {
  TableWrites& result = writes[table.definition->id];
  if (result.definition == nullptr) result.definition = table.definition;
  return result;
}

Status Transaction::State::check_writable() {
  if (done) return invalid_argument("the transaction has ended");
  return core->check_writable();
}

const Catalog& Transaction::catalog() const { return state_->catalog(); }
CommitSequence Transaction::sequence() const { return state_->sequence; }
bool Transaction::has_writes() const { return !state_->writes.empty(); }

Result<TableView> Transaction::table(TableId table) const {
  if (state_->done) return invalid_argument("the transaction has ended");
  MOTE_TRY(state_->core->check_open());
  MOTE_ASSIGN(const TableVersion* const version, state_->find(table));
  return state_->view(*version);
}

namespace {

Status check_column(const TableDefinition& table, const ColumnDefinition& definition,
                    const Column& column, uint32_t row_count) {
  if (!(column.type() == definition.type)) {
    return constraint("table '%s', column '%s': value of type %s; the column is %s",
                      table.name.c_str(), definition.name.c_str(), column.type().name().c_str(),
                      definition.type.name().c_str());
  }
  if (definition.not_null && column.validity().null_count(row_count) > 0) {
    return constraint("table '%s', column '%s': NULL; the column is NOT NULL", table.name.c_str(),
                      definition.name.c_str());
  }
  if (lane_kind(definition.type.kind) != LaneKind::kBytes) return {};
  const bool is_vector = definition.type.is(TypeKind::kVector);
  const size_t vector_bytes =
      static_cast<size_t>(definition.type.dimension) * element_bytes(definition.type.element);
  const auto* const values = column.lane<std::string_view>();
  for (uint32_t row = 0; row < row_count; ++row) {
    if (column.is_null(row)) continue;
    if (is_vector && values[row].size() != vector_bytes) {
      return constraint("table '%s', column '%s': vector of %zu bytes; %s has %zu",
                        table.name.c_str(), definition.name.c_str(), values[row].size(),
                        definition.type.name().c_str(), vector_bytes);
    }
    if (values[row].size() > kMaxValueBytes) {
      return limit_exceeded("table '%s', column '%s': value of %zu bytes; the limit is %llu",
                            table.name.c_str(), definition.name.c_str(), values[row].size(),
                            static_cast<unsigned long long>(kMaxValueBytes));
    }
  }
  return {};
}

Status check_rows(const TableDefinition& table, const Chunk& rows) {
  const auto& columns = table.schema.columns;
  if (rows.column_count() != columns.size()) {
    return invalid_argument("table '%s' has %zu columns; %u are given", table.name.c_str(),
                            columns.size(), rows.column_count());
  }
  for (uint32_t c = 0; c < columns.size(); ++c) {
    MOTE_TRY(check_column(table, columns[c], rows.column(c), rows.row_count()));
  }
  for (const uint32_t c : table.schema.primary_key) {
    if (rows.column(c).validity().null_count(rows.row_count()) == 0) continue;
    return constraint("table '%s', column '%s': NULL in the PRIMARY KEY", table.name.c_str(),
                      columns[c].name.c_str());
  }
  return {};
}

// The keys of `rows` differ from each other and from all that the view shows.
Status check_keys(const TableView& view, const Chunk& rows) {
  const TableDefinition& table = view.definition();
  if (table.schema.primary_key.empty()) return {};
  std::vector<const Column*> columns;
  for (const uint32_t c : table.schema.primary_key) columns.push_back(&rows.column(c));
  std::vector<std::pair<std::string, uint32_t>> keys(rows.row_count());
  for (uint32_t row = 0; row < rows.row_count(); ++row) {
    keys[row].second = row;
    MOTE_TRY(append_key(columns, row, &keys[row].first));
    MOTE_ASSIGN(const std::optional<RowId> found, view.find_key(keys[row].first));
    if (found.has_value()) return duplicate_key(table, columns, row);
  }
  std::sort(keys.begin(), keys.end());
  const auto twice = std::adjacent_find(
      keys.begin(), keys.end(), [](const auto& a, const auto& b) { return a.first == b.first; });
  if (twice != keys.end()) return duplicate_key(table, columns, twice->second);
  return {};
}

}  // namespace

Status Transaction::insert(TableId table, const Chunk& rows) {
  MOTE_TRY(state_->check_writable());
  MOTE_ASSIGN(const TableVersion* const version, state_->find(table));
  MOTE_TRY(check_rows(*version->definition, rows));
  if (rows.row_count() == 0) return {};
  MOTE_TRY(check_keys(state_->view(*version), rows));
  TableWrites& writes = state_->writes_to(*version);
  Core& core = *state_->core;
  RowBatch batch;
  bool wrote_blob = false;
  // Counted before the first byte is written: who drops unused files must not miss it.
  core.blob_writers.fetch_add(1);
  const Status split = split_large_values(*core.blobs, rows, &batch, &wrote_blob);
  if (!wrote_blob || state_->wrote_blobs) core.blob_writers.fetch_sub(1);
  state_->wrote_blobs = state_->wrote_blobs || wrote_blob;
  MOTE_TRY(split);
  if (writes.rows == nullptr) {
    writes.rows = std::make_shared<OwnRows>(version->definition, *core.part_environment);
  }
  const uint64_t before = writes.rows->row_count();
  if (before + rows.row_count() > kMaxOwnRows) {
    return limit_exceeded("a transaction adds more than %llu rows to table '%s'",
                          static_cast<unsigned long long>(kMaxOwnRows),
                          version->definition->name.c_str());
  }
  const size_t spill_bytes = core.spill_bytes();
  Status status = writes.rows->append(std::move(batch));
  if (status.ok() && writes.rows->wants_spill(spill_bytes)) {
    status = writes.rows->spill(core.next_file, 2 * spill_bytes);
  }
  if (!status.ok()) writes.rows->truncate(before, &writes.deletes);
  return status;
}

Status Transaction::erase(TableId table, std::span<const RowId> rows) {
  MOTE_TRY(state_->check_writable());
  MOTE_ASSIGN(const TableVersion* const version, state_->find(table));
  TableWrites& writes = state_->writes_to(*version);
  const TableView view = state_->view(*version);
  std::vector<RowId> erased(rows.begin(), rows.end());
  std::sort(erased.begin(), erased.end());
  for (const RowId row : erased) {
    if (!view.is_visible(row) && !writes.deletes.contains(row)) {
      return invalid_argument("table '%s': row %llu to delete is not there",
                              version->definition->name.c_str(),
                              static_cast<unsigned long long>(row));
    }
  }
  writes.deletes.add_all(erased);
  return {};
}

Result<TableId> Transaction::create_table(std::string name, Schema schema) {
  MOTE_TRY(state_->check_writable());
  for (const uint32_t c : schema.primary_key) {
    if (c < schema.columns.size()) schema.columns[c].not_null = true;
  }
  auto definition = std::make_shared<TableDefinition>();
  definition->name = std::move(name);
  definition->schema = std::move(schema);
  definition->id = 1;  // checked before a number is spent on it
  const std::shared_ptr<Catalog> names = std::make_shared<Catalog>(state_->catalog());
  MOTE_TRY(names->with_table(definition).status());
  const uint32_t id = state_->core->next_table.fetch_add(1);
  if (id > kMaxTables) {
    state_->core->next_table.store(kMaxTables + 1);
    return limit_exceeded("%u tables have been made; the limit is %u", id - 1, kMaxTables);
  }
  definition->id = id;
  MOTE_ASSIGN(state_->changed_catalog, state_->catalog().with_table(definition));
  auto version = std::make_shared<TableVersion>();
  version->definition = definition;
  version->deletes = std::make_shared<const RowSet>();
  state_->writes_to(*version).created = true;
  state_->created[id] = std::move(version);
  return id;
}

Status Transaction::drop_table(TableId table) {
  MOTE_TRY(state_->check_writable());
  MOTE_ASSIGN(const TableVersion* const version, state_->find(table));
  MOTE_ASSIGN(state_->changed_catalog, state_->catalog().without_table(table));
  state_->writes_to(*version).dropped = true;
  return {};
}

Status Transaction::savepoint(std::string name) {
  if (state_->done) return invalid_argument("the transaction has ended");
  if (state_->savepoints.size() >= kMaxSavepoints) {
    return limit_exceeded("a transaction has %u savepoints, which is the limit", kMaxSavepoints);
  }
  Savepoint savepoint;
  savepoint.name = std::move(name);
  savepoint.catalog = state_->changed_catalog;
  for (const auto& [table, writes] : state_->writes) {
    savepoint.marks[table] = {writes.own_row_count(), writes.deletes, writes.dropped};
  }
  state_->savepoints.push_back(std::move(savepoint));
  return {};
}

Result<size_t> Transaction::State::find_savepoint(std::string_view name) const {
  for (size_t i = savepoints.size(); i-- > 0;) {
    if (same_name(savepoints[i].name, name)) return i;
  }
  return not_found("no savepoint '%s'", std::string(name.substr(0, kMaxNameBytes)).c_str());
}

Status Transaction::rollback_to(std::string_view name) {
  if (state_->done) return invalid_argument("the transaction has ended");
  MOTE_ASSIGN(const size_t at, state_->find_savepoint(name));
  state_->savepoints.resize(at + 1);
  const Savepoint& savepoint = state_->savepoints[at];
  state_->changed_catalog = savepoint.catalog;
  for (auto table = state_->writes.begin(); table != state_->writes.end();) {
    TableWrites& writes = table->second;
    const auto mark = savepoint.marks.find(table->first);
    if (mark == savepoint.marks.end()) {
      if (writes.rows != nullptr) writes.rows->abandon_parts();
      state_->created.erase(table->first);
      table = state_->writes.erase(table);
      continue;
    }
    writes.deletes = mark->second.deletes;
    writes.dropped = mark->second.dropped;
    if (writes.rows != nullptr) writes.rows->truncate(mark->second.row_count, &writes.deletes);
    ++table;
  }
  return {};
}

Status Transaction::release(std::string_view name) {
  if (state_->done) return invalid_argument("the transaction has ended");
  MOTE_ASSIGN(const size_t at, state_->find_savepoint(name));
  state_->savepoints.resize(at);
  return {};
}

void Transaction::rollback() {
  if (state_->done) return;
  state_->end(/*keep_files=*/false);
}

void Transaction::State::end(bool keep_files) {
  done = true;
  for (auto& [table, own] : writes) {
    if (own.rows != nullptr && !keep_files) own.rows->abandon_parts();
  }
  savepoints.clear();
  writes.clear();
  created.clear();
  // What the snapshot held goes now, not with the transaction, which its owner may keep for long.
  changed_catalog = pin->catalog;
  pin.reset();
  if (wrote_blobs) core->blob_writers.fetch_sub(1);
  wrote_blobs = false;
}

PreparedTable Transaction::State::prepare(const TableWrites& own) const {
  PreparedTable table;
  table.definition = own.definition;
  table.created = own.created;
  table.dropped = own.dropped;
  if (const TableVersion* const seen = pin->find(own.definition->id)) {
    table.seen_deletes = seen->deletes.get();
    table.seen_rows_end = rows_end(*seen, sequence);
  }
  if (own.dropped) return table;
  table.deletes = own.deletes;
  table.deletes.keep_range(0, kOwnRowBase);
  if (own.rows == nullptr) return table;
  table.own_deletes = own.deletes;
  table.own_deletes.keep_range(kOwnRowBase, kMaxRowId + 1);
  if (!own.definition->schema.primary_key.empty()) table.own_rows = own.rows;
  RowId parts_end = kOwnRowBase;
  for (const auto& part : own.rows->parts()) {
    table.parts.push_back(part->definition());
    parts_end = part->base() + part->row_count();
  }
  RowSet in_parts = table.own_deletes;
  in_parts.keep_range(kOwnRowBase, parts_end);
  for (const RowId row : in_parts.to_vector()) table.part_deletes.add(row - kOwnRowBase);
  for (const OwnRows::Batch& batch : own.rows->batches()) {
    RowBatch kept = without_deleted(batch.batch, kOwnRowBase + batch.first, table.own_deletes);
    if (kept.rows.row_count() > 0) table.batches.push_back(std::move(kept));
  }
  return table;
}

// Encodes everything, spilling the largest tables until the rest fits into one group.
Status Transaction::State::prepare(PreparedCommit* commit) {
  for (;;) {
    commit->tables.clear();
    OwnRows* largest = nullptr;
    for (auto& [id, own] : writes) {
      if (own.created && own.dropped) continue;
      commit->tables.push_back(prepare(own));
      const bool has_batches = own.rows != nullptr && !own.rows->batches().empty();
      if (own.dropped || !has_batches) continue;
      if (largest == nullptr || own.rows->memory_bytes() > largest->memory_bytes()) {
        largest = own.rows.get();
      }
    }
    commit->encode();
    if (commit->log_bytes() <= core->log->payload_room().size() || largest == nullptr) return {};
    MOTE_TRY(largest->spill(core->next_file, 2 * core->spill_bytes()));
  }
}

Result<CommitSequence> Transaction::commit(SyncMode sync) {
  State& state = *state_;
  if (state.done) return invalid_argument("the transaction has ended");
  if (state.writes.empty()) {
    state.end(/*keep_files=*/true);
    return state.sequence;
  }
  PreparedCommit commit;
  Status prepared = state.prepare(&commit);
  if (!prepared.ok()) {
    state.end(/*keep_files=*/false);
    return prepared;
  }
  if (commit.tables.empty()) {
    state.end(/*keep_files=*/false);
    return state.sequence;
  }
  Result<CommitSequence> sequence = state.core->commit(commit, sync);
  // After a failed write of the log nobody knows whether the commit is there, so its parts stay
  // until the database is opened again.
  state.end(/*keep_files=*/sequence.ok() || state.core->poisoned.load());
  return sequence;
}

}  // namespace mote
