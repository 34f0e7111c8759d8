// From the appenders' rings into commit groups.
#include <algorithm>

#include "engine/core.h"
#include "engine/key_check.h"
#include "storage/key.h"

namespace mote {

namespace {

// Bytes of rows in one commit: small enough that a few rings share a group.
constexpr size_t kDrainBytes = 256 * 1024;

// What is to be told to a ring when the group is on the medium.
struct Settlement {
  std::shared_ptr<AppendRing> ring;
  uint64_t number;
  uint64_t row_count;
};

// A failure that passes: the rows are kept and tried again.
bool passes(Code code) { return code == Code::kDiskFull || code == Code::kOutOfMemory; }

Status prepare(Core& core, const std::shared_ptr<const TableDefinition>& table,
               const RowBatch& batch, PreparedCommit* commit) {
  commit->tables.clear();
  PreparedTable& prepared = commit->tables.emplace_back();
  prepared.definition = table;
  prepared.batches.push_back(batch);
  if (!table->schema.primary_key.empty()) {
    auto own = std::make_shared<OwnRows>(table, *core.part_environment);
    MOTE_TRY(own->append(batch));
    prepared.own_rows = std::move(own);
  }
  commit->encode();
  return {};
}

RowBatch row_of(const RowBatch& batch, uint32_t row) {
  Selection selection;
  selection.count = 1;
  selection.rows[0] = static_cast<uint16_t>(row);
  RowBatch result = batch;
  result.rows.keep(selection);
  for (Column& column : result.references) {
    if (column.type().is(TypeKind::kBlob)) column = column.selected(selection);
  }
  return result;
}

// The keys of a batch differ from each other. That they are not in the table is seen when the batch
// is applied: nothing of the table counts as known to it.
Status check_batch_keys(const TableDefinition& table, const Chunk& rows) {
  if (table.schema.primary_key.empty()) return {};
  std::vector<const Column*> columns;
  for (const uint32_t c : table.schema.primary_key) columns.push_back(&rows.column(c));
  std::vector<std::string> keys(rows.row_count());
  for (uint32_t row = 0; row < rows.row_count(); ++row) {
    MOTE_TRY(append_key(columns, row, &keys[row]));
  }
  std::vector<std::string> sorted = keys;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end()) return {};
  return duplicate_key(table, columns, 0);
}

// Applies a batch; row by row when not all of it may be, so that a bad row costs only itself.
Result<uint64_t> apply_batch(Core& core, AppendRing& ring, const RowBatch& batch,
                             const std::vector<uint64_t>& numbers) {
  PreparedCommit commit;
  Status status = check_batch_keys(ring.table(), batch.rows);
  if (status.ok()) status = prepare(core, ring.share_table(), batch, &commit);
  if (status.ok()) status = core.apply_commit(commit, SyncMode::kGroup).status();
  if (status.ok()) return uint64_t{numbers.size()};
  if (passes(status.code()) || core.poisoned.load()) return status;
  if (numbers.size() == 1 || status.code() == Code::kConflict) {
    for (const uint64_t number : numbers) ring.reject(number, status);
    return uint64_t{0};
  }
  uint64_t applied = 0;
  for (uint32_t row = 0; row < numbers.size(); ++row) {
    Result<uint64_t> one = apply_batch(core, ring, row_of(batch, row), {numbers[row]});
    // Room was there for the rows before; that of the rest is not waited for.
    if (!one.ok()) {
      for (; row < numbers.size(); ++row) ring.reject(numbers[row], one.status());
      break;
    }
    applied += *one;
  }
  return applied;
}

Status drain_ring(Core& core, const std::shared_ptr<AppendRing>& ring,
                  std::vector<Settlement>* settlements) {
  for (;;) {
    if (!ring->stalled.has_value()) {
      if (ring->empty()) return {};
      Chunk rows;
      AppendRing::Stalled taken;
      if (ring->take(kDrainBytes, &rows, &taken.numbers) == 0) return {};
      taken.batch.rows = std::move(rows);
      ring->stalled = std::move(taken);
    }
    AppendRing::Stalled& taken = *ring->stalled;
    bool wrote_blob = false;
    if (taken.batch.references.empty()) {
      const Chunk rows = taken.batch.rows;
      core.blob_writers.fetch_add(1);
      Status split = split_large_values(*core.blobs, rows, &taken.batch, &wrote_blob);
      taken.has_blobs = wrote_blob && split.ok();
      if (!taken.has_blobs) core.blob_writers.fetch_sub(1);
      if (!split.ok()) {
        taken.batch.rows = rows;
        taken.batch.references.clear();
        return split;
      }
    }
    MOTE_ASSIGN(const uint64_t applied, apply_batch(core, *ring, taken.batch, taken.numbers));
    settlements->push_back({ring, taken.numbers.back(), applied});
    if (taken.has_blobs) core.blob_writers.fetch_sub(1);
    ring->stalled.reset();
  }
}

}  // namespace

Status Core::drain_and_write(bool* found_rows) {
  bool found = false;
  MutexLock drain(drain_mutex);
  return drain_rings(found_rows != nullptr ? found_rows : &found);
}

bool Core::try_drain_and_write() {
  if (!pool->has_free() || !log_has_room() || !drain_mutex.try_lock()) return false;
  bool found_rows = false;
  const Status written = drain_rings(&found_rows);
  drain_mutex.unlock();
  return written.ok();
}

Status Core::drain_rings(bool* found_rows) {
  std::vector<std::shared_ptr<AppendRing>> all;
  {
    MutexLock lock(rings_mutex);
    all = rings;
  }
  std::vector<Settlement> settlements;
  Status first_failure;
  for (const auto& ring : all) {
    Status drained = drain_ring(*this, ring, &settlements);
    if (!drained.ok() && first_failure.ok()) first_failure = std::move(drained);
  }
  *found_rows = !settlements.empty() || !first_failure.ok();
  Status written = write_open_group();
  if (written.ok() && !poisoned.load()) {
    for (const Settlement& done : settlements) done.ring->settle(done.number, done.row_count);
  } else if (first_failure.ok()) {
    first_failure = std::move(written);
  }
  MutexLock lock(rings_mutex);
  std::erase_if(rings, [](const std::shared_ptr<AppendRing>& ring) {
    return ring->detached() && ring->empty() && !ring->stalled.has_value();
  });
  ring_count.store(static_cast<uint32_t>(rings.size()));
  return first_failure;
}

}  // namespace mote
