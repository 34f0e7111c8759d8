// The state of an open database and its commit path.
//
// A commit has two stages. Apply, under the commit lock: the commit is checked against what was
// committed since its snapshot, gets its sequence and row ids, is put into the open group and into
// the memtable. Write, under the write token: the open group is sealed and written with one durable
// write, its commits are published, whoever waits for them wakes. A caller that wants durability
// and finds the token free leads itself; whoever comes meanwhile joins the next group.
//
// Whom a snapshot shows: every commit that was acknowledged before it, in commit order and without
// gaps. In kSync and kGroup that is the durable ones. An asynchronous commit is acknowledged as
// soon as it is applied, so snapshots show it (and all before it) from then on; if the log fails
// before it was written, they go back to what is durable.
//
// Locks: see the table of ARCHITECTURE.md. Held by shared_ptr: transactions, appenders and acks may
// outlive the Database.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "engine/append_ring.h"
#include "engine/memtable_pool.h"
#include "engine/options.h"
#include "engine/version.h"
#include "engine/write_set.h"
#include "env/env.h"
#include "env/sync.h"
#include "storage/blob_file.h"
#include "storage/block_cache.h"
#include "storage/column_part.h"
#include "storage/manifest.h"
#include "wal/log.h"

namespace mote {

// A memtable and what else of its commits must reach the manifest with it.
struct MemtableStage {
  struct Run {
    TableId table;
    std::shared_ptr<MemtableRun> run;
  };
  struct Adopted {
    TableId table;
    PartDefinition definition;
  };
  std::shared_ptr<Memtable> memtable;
  std::vector<Run> runs;  // in the order they were begun; a table may have several
  std::vector<Adopted> adopted;
  std::vector<std::shared_ptr<const RowRange>> dropped;  // of dropped tables
  CommitSequence last_sequence = 0;                      // 0: nothing committed here
  Lsn floor = 0;                                         // replay of its commits starts here
  uint32_t first_blob_file = UINT32_MAX;                 // its rows refer to this one or later ones
  // Set when it is frozen.
  VersionPointer end;  // head as of last_sequence
  std::vector<ManifestEdit::NextRow> next_rows;
};

inline constexpr char kLockFileName[] = "LOCK";

// What is to be known of a table to give its next rows a place. Under the commit lock.
struct TableHead {
  RowId next_row = 0;
  MemtableRun* run = nullptr;  // in the active memtable; null: none begun
};

struct Core : std::enable_shared_from_this<Core> {
  Core(Env& environment, std::string path, const DatabaseOptions& chosen);
  ~Core();

  // --- fixed after open
  Env& env;
  const std::string directory;
  const DatabaseOptions options;
  const uint32_t process_id;
  bool last_try = false;  // to open beside a writer: parts that are missing stay missing
  MemoryBudget budget;
  MemoryBudget flush_budget;  // charged to the budget as a whole, so that a flush can not starve
  MemoryCharge flush_reserve;
  std::unique_ptr<FileLock> lock_file;
  std::unique_ptr<Manifest> manifest;  // under the maintenance lock
  std::unique_ptr<BlockCache> cache;
  std::shared_ptr<BlobStore> blobs;
  std::unique_ptr<PartEnvironment> part_environment;   // for reading, and for transactions' parts
  std::unique_ptr<PartEnvironment> flush_environment;  // for writing the parts of a flush
  std::shared_ptr<MemtablePool> pool;
  std::unique_ptr<Log> log;
  VersionSet versions;
  std::atomic<uint64_t> next_file{1};
  std::atomic<uint32_t> next_table{1};

  uint32_t epoch = 0;                         // of this run
  Mutex manifest_mutex{LockRank::kManifest};  // appends to the manifest
  std::atomic<bool> epoch_durable{false};     // the manifest knows of this run

  // --- life
  Mutex database_mutex{LockRank::kDatabase};
  std::atomic<bool> closing{false};       // set by the first close()
  std::atomic<bool> closed{false};        // nothing is written any more
  std::atomic<bool> log_stopping{false};  // the log thread is to end
  std::atomic<bool> stopping{false};      // the background thread is to end
  bool threaded = false;  // fixed after open: there is a log and a background thread
  std::unique_ptr<ThreadHandle> log_thread;
  std::unique_ptr<ThreadHandle> background_thread;
  std::atomic<uint8_t> log_thread_class{0};

  // --- commit, under commit_mutex
  Mutex commit_mutex{LockRank::kCommit};
  CondVar room;  // a memtable or log room has become free, or never will
  std::string open_group;
  uint32_t open_records = 0;
  CommitSequence open_first_sequence = 0;
  CommitSequence last_sequence = 0;
  std::map<TableId, TableHead> heads;
  std::vector<std::unique_ptr<MemtableStage>> stages;  // by age; the last takes commits
  Status background_failure;                           // why room is not made; OK when it is
  uint32_t writers_waiting = 0;

  // --- write token and waiting, under wait_mutex
  Mutex wait_mutex{LockRank::kWait};
  CondVar durable_changed;
  bool writing = false;  // someone holds the token
  Status log_failure;
  std::atomic<CommitSequence> durable_sequence{0};
  std::atomic<bool> poisoned{false};
  std::atomic<bool> group_in_flight{false};  // sealed, not written yet

  // --- the log thread's and the background's wake-up
  Mutex log_wake_mutex{LockRank::kLeaf};
  CondVar log_wake;
  bool log_at_once = false;
  std::atomic<bool> log_asleep{false};     // until there is work; who makes some wakes it
  std::atomic<bool> async_pending{false};  // commits are applied that nobody waits for
  std::atomic<bool> group_pending{false};
  Mutex background_mutex{LockRank::kLeaf};
  CondVar background_wake;
  bool background_wanted = false;

  // --- appenders
  Mutex drain_mutex{LockRank::kDrain};  // one thread at a time takes rows from the rings
  Mutex rings_mutex{LockRank::kRings};
  std::vector<std::shared_ptr<AppendRing>> rings;
  std::atomic<uint32_t> ring_count{0};

  // --- maintenance, under maintenance_mutex
  Mutex maintenance_mutex{LockRank::kMaintenance};
  std::map<TableId, std::shared_ptr<const RowSet>> persisted_deletes;
  // Of a part's deleted rows, how many have been purged from it. known: counted when it was
  // written; else it is what was deleted at open.
  struct Purged {
    uint64_t row_count = 0;
    bool known = true;
  };
  std::map<uint64_t, Purged> purged;              // by file number
  std::map<TableId, uint64_t> written_row_bytes;  // memory a row took when a part was merged
  bool has_ballast = false;
  bool flushing = false;                    // inside a merge
  std::atomic<uint32_t> flushes_due{0};     // frozen memtables
  std::atomic<int64_t> frozen_at_ns{0};     // when the last one was frozen
  std::atomic<int64_t> fill_ns{INT64_MAX};  // in what time it was filled
  std::atomic<uint32_t> hurry{0};           // callers wait for maintenance: no pacing
  std::atomic<bool> merge_wanted{false};
  std::atomic<bool> blob_drop_wanted{false};  // files may be there that no row refers to
  std::atomic<uint32_t> blob_writers{0};      // transactions with blobs that are not committed

  struct {
    std::atomic<uint64_t> commits{0}, groups{0}, part_bytes{0}, flushes{0}, merges{0};
    std::atomic<uint64_t> waits_for_memtable{0}, replayed_groups{0};
  } counters;

  // Errors: kClosed after close() or in a forked child.
  Status check_open() const;
  Status closed_status() const;
  // check_open, and kReadOnly where nothing may be written. Makes the manifest know of this run.
  Status check_writable();

  // commit.cc
  Result<CommitSequence> commit(PreparedCommit& commit, SyncMode mode);
  // The first stage alone.
  Result<CommitSequence> apply_commit(PreparedCommit& commit, SyncMode mode);
  // Waits until the commit is durable, writing groups itself when `lead`. Errors: kCancelled after
  // timeout_ns (negative: none), the log's failure.
  Status wait_durable(CommitSequence sequence, bool lead, int64_t timeout_ns);
  // Writes the open group, waiting for the token.
  Status write_open_group();
  // Nothing is written any more after a failed durable write.
  void poison(Status why);
  // Freezes the active memtable if it holds anything. Under the commit lock; false when no free
  // memtable can take its place.
  bool freeze();
  void start_stage(Lsn floor);
  // A run in the active memtable for rows from heads[table].next_row on.
  MemtableRun& run_for(const std::shared_ptr<const TableDefinition>& table, Version* changed);
  std::shared_ptr<ColumnPart> open_part(const std::shared_ptr<const TableDefinition>& table,
                                        const PartDefinition& definition);
  // Applies row adoption, rows, deletes and DDL; the caller has checked them. Used by recovery too.
  void apply_create(const std::shared_ptr<const TableDefinition>& table, Version* changed);
  void apply_drop(TableId table, Version* changed);
  void apply_part(const std::shared_ptr<const TableDefinition>& table, PartDefinition definition,
                  Version* changed);
  void apply_deletes(TableId table, const RowSet& rows, Version* changed);
  Status apply_rows(const std::shared_ptr<const TableDefinition>& table, const RowBatch& batch,
                    CommitSequence sequence, Version* changed);

  // How much of a transaction's rows is kept in memory, a table.
  size_t spill_bytes() const;

  // threads.cc
  Status start_threads();
  void stop_log_thread();
  void stop_background_thread();
  // Call after what it is to see has been stored (sequentially consistent). at_once: it does not
  // wait for the end of its window.
  void wake_log_thread(bool at_once = false);
  void wake_background();
  void log_loop();
  bool has_log_work();
  void sleep_until_log_work();
  void background_loop();
  // One piece of background work under the maintenance lock; true when there is more.
  Result<bool> background_step();

  // drain.cc: commits what all rings have published and writes the open group. *found_rows: there
  // were some, or some could not be committed yet.
  Status drain_and_write(bool* found_rows = nullptr);
  // The same, unless another thread does it or there might be no room at once. True when all is
  // written.
  bool try_drain_and_write();

  // Where replay is, while it is; then 0.
  Lsn replay_floor = 0;

 private:
  Status drain_rings(bool* found_rows);  // under drain_mutex
  Status ensure_epoch();
  Status check_lock_file();
  Status make_room(size_t log_bytes, size_t memtable_bytes);
  Status wait_for_room();
  bool log_has_room();
  Status validate(PreparedCommit& commit);
  CommitSequence apply(PreparedCommit& commit);
  Status write_group();
};

}  // namespace mote
