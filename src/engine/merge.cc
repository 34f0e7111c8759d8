#include <algorithm>

#include "engine/maintenance.h"

namespace mote {

namespace {

// Parts are merged when so many of like size lie side by side.
constexpr size_t kMergeParts = 8;
// A part is of level l when it has less than kLevelRows * kMergeParts^l rows.
constexpr uint64_t kLevelRows = 4096;
// Above this share of deleted rows a part is written anew by itself.
constexpr uint64_t kDeadRowsPercent = 20;

struct Input {
  std::shared_ptr<const RowRange> range;
  const ColumnPart* part;
  uint64_t dead_rows;
};

struct Choice {
  std::shared_ptr<const TableDefinition> table;
  std::shared_ptr<const RowSet> deletes;
  std::vector<Input> inputs;  // adjacent
};

uint32_t level_of(uint64_t row_count) {
  uint32_t level = 0;
  for (uint64_t rows = kLevelRows; row_count >= rows; rows *= kMergeParts) ++level;
  return level;
}

// Memory that a row takes while its part is written: what the writer of a merged part holds.
uint64_t row_bytes(const Core& core, const Input& input, TableId table, const Schema& schema) {
  const auto measured = core.written_row_bytes.find(table);
  if (measured != core.written_row_bytes.end()) return measured->second;
  uint64_t bytes = 0;
  bool varies = false;
  for (const ColumnDefinition& column : schema.columns) {
    const LaneKind kind = lane_kind(column.type.kind);
    bytes += uint64_t{lane_entry_bytes(kind)} * lane_count(column.type.kind);
    varies = varies || kind == LaneKind::kBytes;
  }
  // Bytes of variable size are guessed from what they take encoded.
  constexpr uint64_t kGuessedRatio = 4;
  const PartDefinition& definition = input.part->definition();
  if (varies) bytes += kGuessedRatio * definition.file_bytes / std::max(1u, definition.row_count);
  return std::max<uint64_t>(bytes, 1);
}

uint64_t memory_limit(const Core& core) {
  return std::min<uint64_t>(core.options.memory_bytes / 6, 64u << 20);
}

// A run of adjacent parts that may become one, beginning at inputs[from]; returns its end.
size_t longest_run(const Core& core, const TableDefinition& table, const std::vector<Input>& inputs,
                   size_t from) {
  uint64_t rows = 0;
  uint64_t bytes = 0;
  size_t at = from;
  for (; at < inputs.size(); ++at) {
    const Input& input = inputs[at];
    if (at > from) {
      const RowRange& before = *inputs[at - 1].range;
      if (before.base() + before.row_count() != input.range->base()) break;
    }
    rows += input.range->row_count();
    bytes += input.range->row_count() * row_bytes(core, input, table.id, table.schema);
    if (at > from && (rows > kMaxPartRows || bytes > memory_limit(core))) break;
  }
  return at;
}

bool choose_tiered(const Core& core, const TableDefinition& table, const std::vector<Input>& inputs,
                   std::vector<Input>* chosen) {
  size_t best_from = 0;
  size_t best_end = 0;
  uint32_t best_level = UINT32_MAX;
  for (size_t from = 0; from < inputs.size(); ++from) {
    // The stretch of parts from here whose level is at most the first one's.
    const uint32_t level = level_of(inputs[from].range->row_count());
    const size_t end = longest_run(core, table, inputs, from);
    size_t same = from;
    while (same < end && level_of(inputs[same].range->row_count()) <= level) ++same;
    if (same - from < kMergeParts || level >= best_level) continue;
    best_level = level;
    best_from = from;
    best_end = std::min(same, from + 2 * kMergeParts);
  }
  chosen->assign(inputs.begin() + static_cast<ptrdiff_t>(best_from),
                 inputs.begin() + static_cast<ptrdiff_t>(best_end));
  return best_end > best_from;
}

// Whether a part is to be written anew because of its deleted rows. In passing: when they are many
// and more than before; by VACUUM: when there are any that may not be purged.
bool is_worn(const Core& core, const Input& input, MergeKind kind) {
  if (input.dead_rows == input.range->row_count()) return true;
  const auto found = core.purged.find(input.part->definition().file);
  const Core::Purged purged = found == core.purged.end() ? Core::Purged{} : found->second;
  if (kind == MergeKind::kVacuum && !purged.known && input.dead_rows > 0) return true;
  if (input.dead_rows <= purged.row_count) return false;
  return kind == MergeKind::kVacuum ||
         input.dead_rows * 100 > input.range->row_count() * kDeadRowsPercent;
}

// For VACUUM: neighbours that fit together.
bool choose_vacuum(const Core& core, const TableDefinition& table, const std::vector<Input>& inputs,
                   std::vector<Input>* chosen) {
  for (size_t from = 0; from < inputs.size(); ++from) {
    const size_t end = longest_run(core, table, inputs, from);
    if (end - from < 2) continue;
    chosen->assign(inputs.begin() + static_cast<ptrdiff_t>(from),
                   inputs.begin() + static_cast<ptrdiff_t>(end));
    return true;
  }
  return false;
}

bool choose_worn(const Core& core, const std::vector<Input>& inputs, MergeKind kind,
                 std::vector<Input>* chosen) {
  for (const Input& input : inputs) {
    if (!is_worn(core, input, kind)) continue;
    chosen->assign(1, input);
    return true;
  }
  return false;
}

// Parts that the manifest has; what a commit has adopted lately is left alone until it is there.
std::vector<Input> inputs_of(const Core& core, const TableVersion& table) {
  std::vector<Input> inputs;
  const auto state = core.manifest->state().tables.find(table.definition->id);
  if (state == core.manifest->state().tables.end()) return inputs;
  for (size_t i = 0; i < table.ranges.size(); ++i) {
    if (table.runs[i] != nullptr) continue;
    const RowRange& range = *table.ranges[i];
    if (state->second.parts.count(range.base()) == 0) continue;
    const RowId end = range.base() + range.row_count();
    inputs.push_back({table.ranges[i], static_cast<const ColumnPart*>(&range),
                      table.deletes->count_range(range.base(), end)});
  }
  return inputs;
}

bool choose(Core& core, MergeKind kind, Choice* choice) {
  const VersionPointer version = core.versions.durable();
  for (const auto& table : version->tables) {
    const TableDefinition& definition = *table->definition;
    const std::vector<Input> inputs = inputs_of(core, *table);
    bool found = choose_worn(core, inputs, kind, &choice->inputs) ||
                 choose_tiered(core, definition, inputs, &choice->inputs);
    if (!found && kind == MergeKind::kVacuum) {
      found = choose_vacuum(core, definition, inputs, &choice->inputs);
    }
    if (!found) continue;
    choice->table = table->definition;
    choice->deletes = table->deletes;
    return true;
  }
  return false;
}

// Ends before the first input for which there is no memory: what is behind it leaves the choice.
Status write_merged(Core& core, Choice& choice, PartDefinition* definition) {
  const std::shared_ptr<const Schema> schema(choice.table, &choice.table->schema);
  EncodeOptions options;
  PartWriter writer(*core.part_environment, schema, core.next_file.fetch_add(1), options,
                    [&core](size_t size) { return pace(core, size, /*may_cancel=*/true); });
  for (size_t i = 0; i < choice.inputs.size(); ++i) {
    const Input& input = choice.inputs[i];
    const uint64_t rows = writer.row_count();
    if (rows > 0) {
      const uint64_t measured = std::max<uint64_t>(1, writer.memory_bytes() / rows);
      core.written_row_bytes[choice.table->id] = measured;
      if ((rows + input.range->row_count()) * measured > memory_limit(core)) {
        choice.inputs.resize(i);
        break;
      }
    }
    for (uint32_t block = 0; block < input.range->block_count(); ++block) {
      MOTE_TRY(pace(core, 0, /*may_cancel=*/true));
      MOTE_TRY(copy_block_to_part(*input.range, /*is_run=*/false, *schema, block, *choice.deletes,
                                  writer));
    }
  }
  MOTE_ASSIGN(*definition, writer.finish());
  definition->base = choice.inputs.front().range->base();
  return {};
}

Status install(Core& core, const Choice& choice, const PartDefinition* merged, uint64_t dead_rows) {
  const TableId id = choice.table->id;
  ManifestEdit edit;
  RangeEdit ranges;
  ranges.table = id;
  for (const Input& input : choice.inputs) {
    edit.remove_parts.push_back({id, input.part->definition()});
    ranges.removed.push_back(input.range.get());
  }
  if (merged != nullptr) {
    edit.add_parts.push_back({id, *merged});
    ranges.added.push_back(core.open_part(choice.table, *merged));
  }
  // The purged rows must stay deleted whatever of the log is lost.
  std::string replaced;
  const auto persisted = core.persisted_deletes.find(id);
  if (dead_rows > 0 &&
      (persisted == core.persisted_deletes.end() || persisted->second != choice.deletes)) {
    const uint64_t file = core.next_file.fetch_add(1);
    MOTE_ASSIGN(const uint64_t checksum,
                write_deletes(core.env, core.directory, file, *choice.deletes));
    edit.deletes.push_back({id, file, checksum});
    const uint64_t before = core.manifest->state().tables.at(id).deletes_file;
    if (before != 0) replaced = deletes_file_name(before);
  }
  edit.next_file = core.next_file.load();
  MOTE_TRY(commit_edit(core, edit));
  if (!edit.deletes.empty()) core.persisted_deletes[id] = choice.deletes;
  if (merged != nullptr && dead_rows > 0) core.purged[merged->file] = {dead_rows, true};
  for (const Input& input : choice.inputs) core.purged.erase(input.part->definition().file);
  {
    MutexLock lock(core.commit_mutex);
    core.versions.edit({ranges});
    // A table that was dropped meanwhile takes its merged part along.
    if (core.versions.head()->find(id) == nullptr) {
      for (const auto& added : ranges.added) core.stages.back()->dropped.push_back(added);
    }
  }
  for (const Input& input : choice.inputs) remove_part(*input.range);
  core.versions.reclaim();
  if (!replaced.empty()) MOTE_TRY(core.env.remove(core.directory + "/" + replaced));
  return {};
}

uint64_t row_count_of(const Choice& choice) {
  uint64_t rows = 0;
  for (const Input& input : choice.inputs) rows += input.range->row_count();
  return rows;
}

uint64_t dead_rows_of(const Choice& choice) {
  uint64_t rows = 0;
  for (const Input& input : choice.inputs) rows += input.dead_rows;
  return rows;
}

}  // namespace

Result<bool> merge_once(Core& core, MergeKind kind) {
  Choice choice;
  if (!choose(core, kind, &choice)) return false;
  if (dead_rows_of(choice) == row_count_of(choice)) {
    MOTE_TRY(install(core, choice, nullptr, dead_rows_of(choice)));
  } else {
    PartDefinition merged;
    const Status written = write_merged(core, choice, &merged);
    // Merging is never needed: with little memory parts stay as they are for now.
    if (written.code() == Code::kOutOfMemory) return false;
    MOTE_TRY(written);
    const uint64_t dead_rows = dead_rows_of(choice);
    if (Status installed = install(core, choice, &merged, dead_rows); !installed.ok()) {
      if (!core.poisoned.load()) {
        static_cast<void>(core.env.remove(core.directory + "/" + part_file_name(merged.file)).ok());
      }
      return installed;
    }
    core.counters.part_bytes.fetch_add(merged.file_bytes);
  }
  if (dead_rows_of(choice) > 0) core.blob_drop_wanted.store(true);
  core.counters.merges.fetch_add(1);
  return true;
}

namespace {

// The blob files that the version's parts refer to.
Status add_blob_files(const Version& version, std::set<uint32_t>* files) {
  for (const auto& table : version.tables) {
    for (size_t i = 0; i < table->ranges.size(); ++i) {
      if (table->runs[i] != nullptr) continue;
      MOTE_ASSIGN(const std::vector<uint32_t> named,
                  static_cast<const ColumnPart&>(*table->ranges[i]).blob_files());
      files->insert(named.begin(), named.end());
    }
  }
  return {};
}

}  // namespace

Result<bool> drop_unused_blobs(Core& core) {
  // What a transaction has written and not committed is in no part; the next time, then.
  if (core.blob_writers.load() != 0) return false;
  uint32_t end = core.blobs->next_file();
  // The file being written stays.
  end = end > 0 ? end - 1 : 0;
  core.versions.reclaim();
  if (core.versions.retired_count() > 0) return false;
  const VersionPin published = core.versions.pin();
  VersionPointer head;
  {
    MutexLock lock(core.commit_mutex);
    for (const auto& stage : core.stages) end = std::min(end, stage->first_blob_file);
    head = core.versions.head();
  }
  // What has been applied is not durable yet, what is durable may not be shown yet.
  const VersionPointer durable = core.versions.durable();
  std::set<uint32_t> referenced;
  for (const Version* version : {head.get(), durable.get(), &*published}) {
    MOTE_TRY(add_blob_files(*version, &referenced));
  }
  MOTE_TRY(core.blobs->drop_unreferenced(
      referenced, end, [&core](size_t size) { return pace(core, size, /*may_cancel=*/false); }));
  return true;
}

}  // namespace mote
