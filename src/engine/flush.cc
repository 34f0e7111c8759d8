#include <algorithm>

#include "engine/maintenance.h"

namespace mote {

namespace {

// The column and, for TEXT and BLOB, its references; of other types there are none. Values that
// live in blob files stay there.
Status read_inline(const RowRange& range, bool is_run, uint32_t block, uint32_t column, Type type,
                   Column& out, Column& references) {
  references.reset(Type::of(TypeKind::kNull));
  if (!type.is(TypeKind::kText) && !type.is(TypeKind::kBlob)) {
    return range.read(block, column, out);
  }
  if (is_run) {
    const auto& run = static_cast<const MemtableRun&>(range);
    MOTE_TRY(run.read_references(block, column, references));
    return run.read_inline(block, column, out);
  }
  const auto& part = static_cast<const ColumnPart&>(range);
  MOTE_TRY(part.read_references(block, column, references));
  return part.read_inline(block, column, out);
}

// The column with lanes of its own, and NULL in the purged rows.
Column without_purged(const Column& column, uint32_t row_count, RowId first, const RowSet& purged) {
  Column copy(column.type());
  copy.copy_rows(0, column, 0, row_count);
  for (uint32_t row = 0; row < row_count; ++row) {
    if (purged.contains(first + row)) copy.set_null(row);
  }
  return copy;
}

}  // namespace

Status copy_block_to_part(const RowRange& range, bool is_run, const Schema& schema, uint32_t block,
                          const RowSet& purged, PartWriter& writer) {
  const BlockSpan span = range.block(block);
  const RowId first = range.base() + span.first;
  const bool purges = purged.count_range(first, first + span.row_count) > 0;
  RowBatch batch;
  batch.rows.columns().resize(schema.columns.size());
  batch.references.resize(schema.columns.size());
  for (uint32_t c = 0; c < schema.columns.size(); ++c) {
    Column& column = batch.rows.column(c);
    Column& references = batch.references[c];
    MOTE_TRY(read_inline(range, is_run, block, c, schema.columns[c].type, column, references));
    if (!purges) continue;
    column = without_purged(column, span.row_count, first, purged);
    if (references.type().is(TypeKind::kBlob)) {
      references = without_purged(references, span.row_count, first, purged);
    }
  }
  batch.rows.set_row_count(span.row_count);
  return writer.append(batch.rows, batch.reference_pointers());
}

namespace {

// The parts and files of a flush that is under way; removed again unless it succeeds.
struct FlushOutput {
  explicit FlushOutput(Core& owner) : core(owner) {}
  ~FlushOutput() {
    if (keep) return;
    for (const std::string& name : files) {
      // What can not be removed now goes when the database is opened next.
      static_cast<void>(core.env.remove(core.directory + "/" + name).ok());
    }
  }
  Core& core;
  bool keep = false;
  std::vector<std::string> files;
  ManifestEdit edit;
  std::vector<RangeEdit> ranges;
  std::map<TableId, std::shared_ptr<const RowSet>> deletes;
  std::vector<std::string> replaced_files;
};

Status flush_run(Core& core, const MemtableStage::Run& stage_run,
                 const std::shared_ptr<const TableDefinition>& table, FlushOutput* output) {
  const MemtableRun& run = *stage_run.run;
  const std::shared_ptr<const Schema> schema(table, &table->schema);
  RangeEdit ranges;
  ranges.table = stage_run.table;
  ranges.removed.push_back(&run);
  const RowSet none;
  uint32_t block = 0;
  RowId base = run.base();
  while (block < run.block_count()) {
    PartWriter writer(*core.flush_environment, schema, core.next_file.fetch_add(1), EncodeOptions{},
                      [&core](size_t size) { return pace(core, size, /*may_cancel=*/false); });
    while (block < run.block_count() && writer.row_count() + kChunkRows <= kMaxPartRows) {
      MOTE_TRY(copy_block_to_part(run, /*is_run=*/true, *schema, block++, none, writer));
    }
    MOTE_ASSIGN(PartDefinition definition, writer.finish());
    output->files.push_back(part_file_name(definition.file));
    core.counters.part_bytes.fetch_add(definition.file_bytes);
    definition.base = base;
    base += definition.row_count;
    output->edit.add_parts.push_back({stage_run.table, definition});
    ranges.added.push_back(core.open_part(table, definition));
  }
  output->ranges.push_back(std::move(ranges));
  return {};
}

// Tables made and dropped, and where their rows end.
void list_tables(const MemtableStage& stage, const ManifestState& state, ManifestEdit* edit) {
  for (const auto& table : stage.end->tables) {
    if (state.tables.count(table->definition->id) != 0) continue;
    std::string definition;
    table->definition->serialize(&definition);
    edit->put_tables.push_back({table->definition->id, std::move(definition)});
  }
  for (const auto& [id, table] : state.tables) {
    if (stage.end->find(id) == nullptr) edit->drop_tables.push_back(id);
  }
  for (const ManifestEdit::NextRow& next : stage.next_rows) {
    const auto known = state.tables.find(next.table);
    if (known == state.tables.end() || known->second.next_row != next.next_row) {
      edit->next_rows.push_back(next);
    }
  }
}

Status persist_deletes(Core& core, const TableVersion& table, FlushOutput* output) {
  const TableId id = table.definition->id;
  const auto persisted = core.persisted_deletes.find(id);
  const bool same = persisted != core.persisted_deletes.end() ? persisted->second == table.deletes
                                                              : table.deletes->empty();
  if (same) return {};
  const uint64_t file = core.next_file.fetch_add(1);
  output->files.push_back(deletes_file_name(file));
  MOTE_ASSIGN(const uint64_t checksum,
              write_deletes(core.env, core.directory, file, *table.deletes));
  output->edit.deletes.push_back({id, file, checksum});
  output->deletes[id] = table.deletes;
  const auto& tables = core.manifest->state().tables;
  const auto known = tables.find(id);
  if (known != tables.end() && known->second.deletes_file != 0) {
    output->replaced_files.push_back(deletes_file_name(known->second.deletes_file));
  }
  return {};
}

Status prepare_flush(Core& core, const MemtableStage& stage, Lsn floor, FlushOutput* output) {
  for (const MemtableStage::Run& run : stage.runs) {
    const TableVersion* const table = stage.end->find(run.table);
    if (table != nullptr) MOTE_TRY(flush_run(core, run, table->definition, output));
  }
  for (const auto& table : stage.end->tables) MOTE_TRY(persist_deletes(core, *table, output));
  ManifestEdit& edit = output->edit;
  list_tables(stage, core.manifest->state(), &edit);
  for (const uint32_t id : edit.drop_tables) {
    const TableState& dropped = core.manifest->state().tables.at(id);
    if (dropped.deletes_file != 0) {
      output->replaced_files.push_back(deletes_file_name(dropped.deletes_file));
    }
  }
  for (const MemtableStage::Adopted& adopted : stage.adopted) {
    if (stage.end->find(adopted.table) != nullptr) {
      edit.add_parts.push_back({adopted.table, adopted.definition});
    }
  }
  edit.log_floor = floor;
  edit.sequence = stage.last_sequence;
  edit.next_file = core.next_file.load();
  edit.next_blob_file = core.blobs->next_file();
  edit.next_table = core.next_table.load();
  return {};
}

}  // namespace

void remove_part(const RowRange& part) {
  // Ranges are shared as immutable; that its file goes with the part changes nothing in them.
  const_cast<ColumnPart&>(static_cast<const ColumnPart&>(part)).remove_when_unused();
}

Status commit_edit(Core& core, const ManifestEdit& edit) {
  MutexLock lock(core.manifest_mutex);
  Status appended;
  if (core.epoch_durable.load()) {
    appended = core.manifest->append(edit);
  } else {
    ManifestEdit with_epoch = edit;
    with_epoch.epoch = core.epoch;
    appended = core.manifest->append(with_epoch);
    if (appended.ok()) core.epoch_durable.store(true, std::memory_order_release);
  }
  if (!appended.ok() && appended.code() != Code::kDiskFull) {
    // Nobody knows what the manifest says now; the next open finds out.
    core.poison(appended);
  }
  return appended;
}

Status flush_oldest(Core& core) {
  const MemtableStage* stage = nullptr;
  Lsn floor = 0;
  {
    MutexLock lock(core.commit_mutex);
    if (core.stages.size() < 2) return {};
    stage = core.stages.front().get();
    floor = core.stages[1]->floor;
  }
  // A frozen stage changes no more, and only maintenance takes it away.
  MOTE_TRY(core.wait_durable(stage->last_sequence, /*lead=*/true, -1));
  FlushOutput output(core);
  MOTE_TRY(prepare_flush(core, *stage, floor, &output));
  if (Status committed = commit_edit(core, output.edit); !committed.ok()) {
    output.keep = core.poisoned.load();
    return committed;
  }
  output.keep = true;
  for (auto& [table, deletes] : output.deletes) core.persisted_deletes[table] = deletes;
  for (const uint32_t table : output.edit.drop_tables) core.persisted_deletes.erase(table);
  for (const auto& range : stage->dropped) {
    remove_part(*range);
  }
  for (const std::string& name : output.replaced_files) {
    MOTE_TRY(core.env.remove(core.directory + "/" + name));
  }
  std::unique_ptr<MemtableStage> done;
  {
    MutexLock lock(core.commit_mutex);
    core.versions.edit(output.ranges);
    done = std::move(core.stages.front());
    core.stages.erase(core.stages.begin());
    core.flushes_due.fetch_sub(1);
  }
  done.reset();
  core.counters.flushes.fetch_add(1);
  core.merge_wanted.store(true);
  core.versions.reclaim();
  if (core.log != nullptr) MOTE_TRY(core.log->release(floor));
  core.room.notify_all();
  return {};
}

Status flush_all(Core& core) {
  bool frozen = false;
  CommitSequence target = 0;
  for (;;) {
    {
      MutexLock lock(core.commit_mutex);
      if (!frozen) {
        target = core.last_sequence;
        frozen = core.freeze();
      }
      // Memtables that were begun since are not waited for.
      if (frozen && (core.stages.size() == 1 || core.stages.front()->last_sequence > target)) {
        return {};
      }
    }
    MOTE_TRY(flush_oldest(core));
    if (frozen || core.pool->has_free()) continue;
    core.versions.reclaim();
    if (!core.pool->has_free()) MOTE_TRY(core.pool->grow());
  }
}

}  // namespace mote
