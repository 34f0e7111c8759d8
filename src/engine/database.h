// An open database: the one mutable heart. Everything else is values and immutable files.
//
// Thread-safe. One process may have it open for writing (the LOCK file); a second opener gets kBusy
// with the holder's process id. A forked child that uses it gets kClosed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "base/status.h"
#include "engine/appender.h"
#include "engine/options.h"
#include "engine/transaction.h"

namespace mote {

class Env;

class Database {
 public:
  // directory: made when absent and options.create. Recovers whatever state a crash left. Errors:
  // kBusy, kNotFound, kCorruption naming file and place (then `salvage` may help), kIoError,
  // kReadOnly for a directory that can not be written.
  static Result<std::unique_ptr<Database>> open(Env& env, const std::string& directory,
                                                const DatabaseOptions& options);
  // Closes as close() does; an error of that is lost, so call close() where it matters.
  ~Database();

  // read-your-writes: a snapshot contains every commit that was acknowledged before.
  Result<std::unique_ptr<Transaction>> begin();
  Result<std::unique_ptr<Appender>> appender(TableId table, const AppenderOptions& options);

  // Writes all memtables to parts, so that opening replays nothing.
  Status checkpoint();
  // Checkpoint, then rewrites parts that hold deleted rows, merges what can be merged, drops unused
  // files.
  Status vacuum();
  // Reads everything and compares checksums, statistics and keys. One line a problem.
  Status check(std::vector<std::string>* problems);
  // Waits for transactions and appenders to end their calls, writes what is accepted, spills
  // memtables. Later calls get kClosed. From several threads: one closes, the others get kClosed.
  Status close();
  // For hosts without a background thread: does log, flush and merge work for about budget_us; true
  // when there is more.
  Result<bool> pump(int64_t budget_us);

  // Opens a damaged database read-only, ending the log before the damage and leaving out damaged
  // parts, each named in `report`.
  static Result<std::unique_ptr<Database>> salvage(Env& env, const std::string& directory,
                                                   const DatabaseOptions& options,
                                                   std::vector<std::string>* report);

  const DatabaseOptions& options() const;
  const std::string& directory() const;
  Env& env();
  MemoryBudget& budget();
  DatabaseCounters counters() const;
  CommitSequence durable_sequence() const;
  // Waits until everything committed or appended so far is durable.
  Status wait_durable(int64_t timeout_ns);

 private:
  friend class Transaction;
  friend class Appender;
  friend class Ack;
  struct State;
  explicit Database(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mote
