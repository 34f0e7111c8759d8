// The log thread and the background thread, or a host's pump() in their place.
#include <algorithm>

#include "engine/maintenance.h"

namespace mote {

namespace {

// The longest single pause: a close, or a writer that runs out of room, is not kept waiting.
constexpr int64_t kLongestPauseNs = 5'000'000;
constexpr int64_t kRetryNs = 100'000'000;
constexpr int64_t kIdleNs = 1'000'000'000;
// For so many windows after a row the log thread looks after the rings; then it sleeps, and the
// next row wakes it.
constexpr int64_t kLingerWindows = 100;

}  // namespace

uint64_t paced_bytes_per_second(uint64_t chosen, uint64_t memtable_bytes, int64_t fill_ns) {
  if (chosen != 0) return chosen;
  // A part is no larger than its memtable, so this is done before the next memtable is full.
  const double needed = 1.25 * static_cast<double>(memtable_bytes) * 1e9 /
                        static_cast<double>(std::max<int64_t>(fill_ns, 1));
  return std::max(kCalmBytesPerSecond, static_cast<uint64_t>(std::min(needed, 1e12)));
}

Status pace(Core& core, size_t size_bytes, bool may_cancel) {
  if (may_cancel && (core.stopping.load() || core.closing.load())) {
    return cancelled("%s: closing", core.directory.c_str());
  }
  if (!core.threaded) return {};
  if (may_cancel && core.flushes_due.load() > 0 && !core.flushing) {
    // A merge lets flushes pass: writers may be near the end of their room.
    core.flushing = true;
    Status flushed = flush_oldest(core);
    core.flushing = false;
    MOTE_TRY(flushed);
  }
  if (size_bytes == 0 || core.hurry.load() > 0 || core.flushes_due.load() > 1) return {};
  // A memtable that is being filled for longer than the last one was says that less comes now.
  const int64_t filling_ns = core.env.monotonic_ns() - core.frozen_at_ns.load();
  const uint64_t rate =
      paced_bytes_per_second(core.options.background_bytes_per_second, core.pool->memtable_bytes(),
                             std::max(core.fill_ns.load(), filling_ns));
  int64_t left = static_cast<int64_t>(size_bytes * 1'000'000'000 / rate);
  while (left > 0 && core.hurry.load() == 0 && core.flushes_due.load() <= 1 &&
         !core.stopping.load()) {
    MutexLock lock(core.background_mutex);
    const int64_t pause = std::min(left, kLongestPauseNs);
    core.background_wake.wait_for(core.background_mutex, pause);
    left -= pause;
  }
  return {};
}

void Core::wake_log_thread(bool at_once) {
  // It sees what was announced before this call at the end of its window, or it sleeps and says so.
  if (!log_asleep.exchange(false) && !at_once) return;
  MutexLock lock(log_wake_mutex);
  log_at_once = log_at_once || at_once;
  log_wake.notify_one();
}

void Core::wake_background() {
  MutexLock lock(background_mutex);
  background_wanted = true;
  background_wake.notify_all();
}

bool Core::has_log_work() {
  if (async_pending.load() || group_pending.load()) return true;
  MutexLock lock(rings_mutex);
  return std::any_of(rings.begin(), rings.end(),
                     [](const std::shared_ptr<AppendRing>& ring) { return ring->has_rows(); });
}

// Sleeps until there is work. Whoever makes work looks at log_asleep behind it; this looks for work
// behind log_asleep. So one of the two sees the other.
void Core::sleep_until_log_work() {
  log_asleep.store(true);
  if (has_log_work()) {
    log_asleep.store(false);
    return;
  }
  MutexLock lock(log_wake_mutex);
  while (log_asleep.load() && !log_at_once && !log_stopping.load()) {
    log_wake.wait(log_wake_mutex);
  }
  log_asleep.store(false);
}

void Core::log_loop() {
  log_thread_class.store(static_cast<uint8_t>(env.set_thread_class(ThreadClass::kRealTime)));
  const int64_t window_ns = std::max<int64_t>(options.window_ms, 1) * 1'000'000;
  const int64_t group_ns = std::max<int64_t>(options.group_ms, 1) * 1'000'000;
  int64_t due = env.monotonic_ns() + window_ns;
  int64_t linger_until = 0;
  while (!log_stopping.load()) {
    const bool streaming =
        async_pending.load() || (ring_count.load() > 0 && env.monotonic_ns() < linger_until);
    if (!streaming && !group_pending.load()) {
      sleep_until_log_work();
      due = env.monotonic_ns() + window_ns;
    }
    if (!streaming && group_pending.load()) due = env.monotonic_ns() + group_ns;
    {
      MutexLock lock(log_wake_mutex);
      while (!log_at_once && !log_stopping.load()) {
        const int64_t left = due - env.monotonic_ns();
        if (left <= 0) break;
        log_wake.wait_for(log_wake_mutex, left);
      }
      log_at_once = false;
    }
    // A failure is told to those who wait: by the log's poison, or by an ack that stays open.
    bool found_rows = false;
    const Status written = drain_and_write(&found_rows);
    if (!written.ok()) wake_background();
    const int64_t now = env.monotonic_ns();
    if (found_rows) linger_until = now + kLingerWindows * window_ns;
    due = std::clamp(due + window_ns, now, now + window_ns);
  }
}

Result<bool> Core::background_step() {
  // A run that writes nothing leaves the files as they are.
  if (log != nullptr && epoch_durable.load() && log->wants_next_file()) {
    MOTE_TRY(log->prepare_next_file());
    return true;
  }
  if (versions.retired_count() > 0) versions.reclaim();
  if (pool->is_short() || (!pool->has_free() && flushes_due.load() == 0)) {
    // Either not all are made yet, or all is flushed and still none has come back: readers hold
    // them.
    MOTE_TRY(pool->grow());
    return true;
  }
  MutexLock lock(maintenance_mutex);
  if (flushes_due.load() > 0) {
    Status flushed = flush_oldest(*this);
    if (flushed.code() == Code::kDiskFull && drop_ballast(*this)) flushed = flush_oldest(*this);
    MOTE_TRY(flushed);
    return true;
  }
  set_ballast(*this);
  if (merge_wanted.load()) {
    MOTE_ASSIGN(const bool merged, merge_once(*this, MergeKind::kTiered));
    if (merged) return true;
    merge_wanted.store(false);
  }
  if (blob_drop_wanted.load()) {
    MOTE_ASSIGN(const bool dropped, drop_unused_blobs(*this));
    if (dropped) blob_drop_wanted.store(false);
  }
  return false;
}

void Core::background_loop() {
  while (!stopping.load()) {
    Result<bool> more = background_step();
    const bool failed = !more.ok();
    {
      MutexLock lock(commit_mutex);
      background_failure =
          failed && more.status().code() != Code::kCancelled ? more.status() : Status();
      if (writers_waiting > 0) room.notify_all();
    }
    if (!failed && *more) continue;
    MutexLock lock(background_mutex);
    const int64_t pause = failed || versions.retired_count() > 0 ? kRetryNs : kIdleNs;
    if (!background_wanted && !stopping.load()) background_wake.wait_for(background_mutex, pause);
    if (failed && !stopping.load()) background_wake.wait_for(background_mutex, kRetryNs);
    background_wanted = false;
  }
}

Status Core::start_threads() {
  if (!options.background_thread || options.read_only || !env.has_threads()) return {};
  threaded = true;
  MOTE_ASSIGN(log_thread, env.start_thread("mote-log", [this] { log_loop(); }));
  Result<std::unique_ptr<ThreadHandle>> background =
      env.start_thread("mote-background", [this] { background_loop(); });
  if (!background.ok()) {
    stop_log_thread();
    return std::move(background).status();
  }
  background_thread = std::move(*background);
  return {};
}

void Core::stop_log_thread() {
  log_stopping.store(true);
  {
    MutexLock lock(log_wake_mutex);
    log_wake.notify_all();
  }
  log_thread.reset();
}

void Core::stop_background_thread() {
  stopping.store(true);
  wake_background();
  background_thread.reset();
}

}  // namespace mote
