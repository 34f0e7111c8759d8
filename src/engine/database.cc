#include "engine/database.h"

#include <algorithm>

#include "engine/core.h"
#include "engine/maintenance.h"
#include "engine/recovery.h"
#include "engine/transaction_state.h"

namespace mote {

Core::Core(Env& environment, std::string path, const DatabaseOptions& chosen)
    : env(environment),
      directory(std::move(path)),
      options(chosen),
      process_id(environment.process_id()),
      budget(chosen.memory_bytes),
      flush_budget(flush_budget_bytes(chosen)) {}

Core::~Core() = default;

size_t Core::spill_bytes() const {
  return std::clamp<uint64_t>(options.memory_bytes / 32, 512 * 1024, 16u << 20);
}

struct Database::State {
  std::shared_ptr<Core> core;
};

Database::Database(std::unique_ptr<State> state) : state_(std::move(state)) {}

Database::~Database() {
  if (state_ == nullptr) return;
  Core& core = *state_->core;
  if (core.env.process_id() != core.process_id) {
    // A forked child: the threads are not here and the files are the parent's. What a close would
    // wait for or write is left alone, with the memory.
    new std::shared_ptr<Core>(state_->core);
    return;
  }
  static_cast<void>(close().ok());
}

namespace {

Status check_options(const DatabaseOptions& options) {
  if (options.memory_bytes < kMinMemoryBytes) {
    return invalid_argument("memory_bytes is %llu; at least %llu are needed",
                            static_cast<unsigned long long>(options.memory_bytes),
                            static_cast<unsigned long long>(kMinMemoryBytes));
  }
  return {};
}

// How often a reader tries to open, and how much longer it pauses each time.
constexpr int kReadOnlyTries = 8;
constexpr int64_t kReadOnlyPauseNs = 1'000'000;

Result<std::shared_ptr<Core>> open_core(Env& env, const std::string& directory,
                                        const DatabaseOptions& options,
                                        std::vector<std::string>* report) {
  MOTE_TRY(check_options(options));
  // What a reader takes for damage may be two looks at what a writer, in another process, is just
  // changing. Damage that stays is damage.
  const int tries = options.read_only && report == nullptr ? kReadOnlyTries : 1;
  for (int at = 1;; ++at) {
    auto core = std::make_shared<Core>(env, directory, options);
    core->last_try = at == tries;
    Status status = recover(*core, report);
    if (!status.ok()) {
      if (status.code() != Code::kCorruption || core->last_try) return status;
      Mutex mutex(LockRank::kLeaf);
      CondVar never;
      MutexLock lock(mutex);
      never.wait_for(mutex, at * kReadOnlyPauseNs);
      continue;
    }
    MOTE_TRY(core->start_threads());
    return core;
  }
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(Env& env, const std::string& directory,
                                                 const DatabaseOptions& options) {
  MOTE_ASSIGN(auto core, open_core(env, directory, options, nullptr));
  auto state = std::make_unique<State>();
  state->core = std::move(core);
  return std::unique_ptr<Database>(new Database(std::move(state)));
}

Result<std::unique_ptr<Database>> Database::salvage(Env& env, const std::string& directory,
                                                    const DatabaseOptions& options,
                                                    std::vector<std::string>* report) {
  DatabaseOptions reading = options;
  reading.read_only = true;
  reading.create = false;
  MOTE_ASSIGN(auto core, open_core(env, directory, reading, report));
  auto state = std::make_unique<State>();
  state->core = std::move(core);
  return std::unique_ptr<Database>(new Database(std::move(state)));
}

Result<std::unique_ptr<Transaction>> Database::begin() {
  Core& core = *state_->core;
  MOTE_TRY(core.check_open());
  auto state = std::make_unique<Transaction::State>();
  state->core = state_->core;
  state->pin = core.versions.pin();
  state->sequence = state->pin->visible.load(std::memory_order_acquire);
  return std::unique_ptr<Transaction>(new Transaction(std::move(state)));
}

Result<std::unique_ptr<Appender>> Database::appender(TableId table,
                                                     const AppenderOptions& options) {
  Core& core = *state_->core;
  MOTE_TRY(core.check_writable());
  std::shared_ptr<const TableDefinition> definition;
  {
    const VersionPin pin = core.versions.pin();
    definition = pin->catalog->share(table);
  }
  if (definition == nullptr) return not_found("no table with id %u", table);
  MOTE_ASSIGN(auto ring, AppendRing::create(state_->core, std::move(definition), options));
  {
    MutexLock lock(core.rings_mutex);
    if (core.closing.load()) return core.closed_status();
    if (core.rings.size() >= kMaxAppenders) {
      return limit_exceeded("%u appenders are open, which is the limit", kMaxAppenders);
    }
    core.rings.push_back(ring);
    core.ring_count.store(static_cast<uint32_t>(core.rings.size()));
  }
  core.wake_log_thread();
  return std::unique_ptr<Appender>(new Appender(std::move(ring)));
}

namespace {

// Maintenance that a caller waits for is not paced.
class Hurry {
 public:
  explicit Hurry(Core& core) : core_(core) { core_.hurry.fetch_add(1); }
  ~Hurry() { core_.hurry.fetch_sub(1); }
  Hurry(const Hurry&) = delete;
  Hurry& operator=(const Hurry&) = delete;

 private:
  Core& core_;
};

}  // namespace

namespace {

// Does `work`, once more without the ballast when the disk is full.
Status with_ballast(Core& core, Status (*work)(Core& core)) {
  MOTE_TRY(core.check_writable());
  const Hurry hurry(core);
  MutexLock lock(core.maintenance_mutex);
  MOTE_TRY(core.check_open());
  Status status = work(core);
  if (status.code() == Code::kDiskFull && drop_ballast(core)) status = work(core);
  return status;
}

Status vacuum_all(Core& core) {
  MOTE_TRY(flush_all(core));
  for (bool more = true; more;) {
    MOTE_ASSIGN(more, merge_once(core, MergeKind::kVacuum));
  }
  core.versions.reclaim();
  return drop_unused_blobs(core).status();
}

}  // namespace

Status Database::checkpoint() { return with_ballast(*state_->core, flush_all); }
Status Database::vacuum() { return with_ballast(*state_->core, vacuum_all); }

Status Database::check(std::vector<std::string>* problems) {
  MOTE_TRY(state_->core->check_open());
  return check_database(*state_->core, problems);
}

namespace {

// Writes what is accepted and spills the memtables, so that the next open replays nothing. The
// background goes on until no commit can wait for it any more.
Status write_rest(Core& core) {
  core.stop_log_thread();
  Status status = core.poisoned.load() ? Status() : core.drain_and_write();
  {
    MutexLock lock(core.commit_mutex);
    core.closed.store(true);  // commits that have not been applied by now are refused
  }
  core.room.notify_all();
  core.stop_background_thread();
  if (core.poisoned.load()) return status;
  MOTE_TRY(core.write_open_group());
  MutexLock lock(core.maintenance_mutex);
  MOTE_TRY(flush_all(core));
  MOTE_TRY(core.blobs->seal());
  if (!core.epoch_durable.load() || !status.ok()) return status;
  ManifestEdit edit;
  edit.closed_epoch = core.epoch;
  edit.log_floor = core.log->end_lsn();
  edit.next_file = core.next_file.load();
  edit.next_blob_file = core.blobs->next_file();
  edit.next_table = core.next_table.load();
  return commit_edit(core, edit);
}

}  // namespace

Status Database::close() {
  Core& core = *state_->core;
  if (core.env.process_id() != core.process_id) return core.check_open();
  if (core.closing.exchange(true)) return core.closed_status();
  MutexLock life(core.database_mutex);
  const Hurry hurry(core);
  Status status;
  std::vector<std::shared_ptr<AppendRing>> rings;
  {
    // Appenders that are being made see `closing` under this lock.
    MutexLock lock(core.rings_mutex);
    rings = core.rings;
  }
  for (const auto& ring : rings) ring->refuse_rows();
  if (!core.options.read_only) {
    status = write_rest(core);
  }
  {
    MutexLock lock(core.rings_mutex);
    core.rings.clear();
    core.ring_count.store(0);
  }
  for (const auto& ring : rings) ring->close(core.closed_status());
  core.room.notify_all();
  core.durable_changed.notify_all();
  core.cache->clear();
  core.lock_file.reset();
  return status;
}

Result<bool> Database::pump(int64_t budget_us) {
  Core& core = *state_->core;
  MOTE_TRY(core.check_writable());
  const int64_t end = core.env.monotonic_ns() + budget_us * 1000;
  MOTE_TRY(core.drain_and_write());
  bool more = true;
  do {
    MOTE_ASSIGN(more, core.background_step());
  } while (more && core.env.monotonic_ns() < end);
  return more;
}

const DatabaseOptions& Database::options() const { return state_->core->options; }
const std::string& Database::directory() const { return state_->core->directory; }
Env& Database::env() { return state_->core->env; }
MemoryBudget& Database::budget() { return state_->core->budget; }

DatabaseCounters Database::counters() const {
  const Core& core = *state_->core;
  DatabaseCounters counters;
  counters.commits = core.counters.commits.load();
  counters.groups = core.counters.groups.load();
  counters.log_bytes = core.log == nullptr ? 0 : core.log->written_bytes();
  counters.part_bytes = core.counters.part_bytes.load();
  counters.blob_bytes = core.blobs->written_bytes();
  counters.flushes = core.counters.flushes.load();
  counters.merges = core.counters.merges.load();
  counters.waits_for_memtable = core.counters.waits_for_memtable.load();
  counters.replayed_groups = core.counters.replayed_groups.load();
  counters.memory_used_bytes = core.budget.used_bytes();
  counters.memory_peak_bytes = core.budget.peak_bytes();
  counters.log_live_bytes = core.log == nullptr ? 0 : core.log->live_bytes();
  counters.log_thread_class =
      thread_class_name(static_cast<ThreadClass>(core.log_thread_class.load()));
  return counters;
}

CommitSequence Database::durable_sequence() const {
  return state_->core->durable_sequence.load(std::memory_order_acquire);
}

Status Database::wait_durable(int64_t timeout_ns) {
  Core& core = *state_->core;
  MOTE_TRY(core.check_open());
  if (core.options.read_only) return {};
  MOTE_TRY(core.drain_and_write());
  CommitSequence last = 0;
  {
    MutexLock lock(core.commit_mutex);
    last = core.last_sequence;
  }
  return core.wait_durable(last, /*lead=*/true, timeout_ns);
}

}  // namespace mote
