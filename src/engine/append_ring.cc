#include "engine/append_ring.h"

#include <algorithm>
#include <cstring>

#include "engine/core.h"

namespace mote {

namespace {

// Bytes copied in one claim: short, since meanwhile the oldest rows can not be pushed out.
constexpr size_t kPieceBytes = 64 * 1024;

// Who waits for less than this leaves the writing to the log thread: the device may take longer.
constexpr int64_t kShortestLeadNs = 50'000'000;

uint64_t aligned(uint64_t size) { return (size + 7) & ~uint64_t{7}; }

}  // namespace

AppendRing::AppendRing(std::shared_ptr<Core> core, std::shared_ptr<const TableDefinition> table,
                       const AppenderOptions& options)
    : core_(std::move(core)),
      table_(std::move(table)),
      options_(options),
      capacity_(options.ring_bytes) {}

AppendRing::~AppendRing() = default;

Result<std::shared_ptr<AppendRing>> AppendRing::create(std::shared_ptr<Core> core,
                                                       std::shared_ptr<const TableDefinition> table,
                                                       const AppenderOptions& options) {
  const uint64_t capacity = options.ring_bytes;
  if (capacity < kMinRingBytes || capacity > kMaxRingBytes || (capacity & (capacity - 1)) != 0) {
    return invalid_argument("a ring of %llu bytes; it is a power of two from %llu to %llu",
                            static_cast<unsigned long long>(capacity),
                            static_cast<unsigned long long>(kMinRingBytes),
                            static_cast<unsigned long long>(kMaxRingBytes));
  }
  std::shared_ptr<AppendRing> ring(new AppendRing(core, std::move(table), options));
  const size_t size = capacity + capacity / 2;
  MOTE_TRY(ring->charge_.grow(core->budget, size, "an appender's ring"));
  // Value-initialised, so every page is there before the first row.
  ring->bytes_ = std::make_unique<char[]>(capacity);
  MOTE_ASSIGN(ring->row_, AppendRow::create(*ring->table_, capacity / 2));
  return ring;
}

// Puts the row into the ring if there is room for it.
bool AppendRing::place(size_t size_bytes) {
  const uint64_t tail = tail_.load(std::memory_order_relaxed);
  const uint64_t head = head_.load(std::memory_order_acquire) >> 1;
  const uint64_t at = tail & (capacity_ - 1);
  const uint64_t skipped = capacity_ - at < size_bytes ? capacity_ - at : 0;
  if (capacity_ - (tail - head) < skipped + size_bytes) return false;
  const uint64_t number = accepted_.load(std::memory_order_relaxed) + 1;
  if (skipped > 0) store_fixed(bytes_.get() + at, Header{kSkip, 0});
  store_fixed(row_->bytes(),
              Header{static_cast<uint32_t>(size_bytes), static_cast<uint32_t>(number)});
  std::memcpy(bytes_.get() + ((tail + skipped) & (capacity_ - 1)), row_->bytes(), size_bytes);
  accepted_.store(number, std::memory_order_relaxed);
  tail_.store(tail + skipped + size_bytes, std::memory_order_release);
  return true;
}

bool AppendRing::push_out_oldest() {
  uint64_t head = head_.load(std::memory_order_acquire);
  if ((head & 1) != 0) return false;  // it is being copied out
  uint64_t at = head >> 1;
  if (at == tail_.load(std::memory_order_relaxed)) return false;
  Header header = load_fixed<Header>(bytes_.get() + (at & (capacity_ - 1)));
  if (header.size_bytes == kSkip) {
    at += capacity_ - (at & (capacity_ - 1));
    header = load_fixed<Header>(bytes_.get() + (at & (capacity_ - 1)));
  }
  at += header.size_bytes;
  if (head_.compare_exchange_strong(head, at << 1, std::memory_order_acq_rel)) {
    pushed_out_.fetch_add(1, std::memory_order_relaxed);
  }
  return true;
}

Result<uint64_t> AppendRing::refuse(size_t size_bytes) {
  switch (options_.on_full) {
    case FullPolicy::kDropOldest:
      while (push_out_oldest()) {
        if (place(size_bytes)) return accepted_.load(std::memory_order_relaxed);
      }
      if (place(size_bytes)) return accepted_.load(std::memory_order_relaxed);
      break;
    case FullPolicy::kBlock:
      if (wait_for_space(size_bytes)) return accepted_.load(std::memory_order_relaxed);
      break;
    case FullPolicy::kFail:
    case FullPolicy::kDropNewest: break;
  }
  refused_.fetch_add(1, std::memory_order_relaxed);
  if (options_.on_full == FullPolicy::kFail || options_.on_full == FullPolicy::kBlock) {
    if (refusing_.load()) return core_->closed_status();
    return ring_full("table '%s': the appender's ring of %llu bytes is full", table_->name.c_str(),
                     static_cast<unsigned long long>(capacity_));
  }
  return uint64_t{0};
}

bool AppendRing::wait_for_space(size_t size_bytes) {
  const int64_t deadline =
      core_->env.monotonic_ns() + int64_t{options_.block_timeout_ms} * 1'000'000;
  waiting_.fetch_add(1);
  bool placed = false;
  while (!(placed = place(size_bytes)) && !refusing_.load()) {
    const int64_t left = deadline - core_->env.monotonic_ns();
    if (left <= 0) break;
    if (!core_->threaded) {
      // Nobody else empties the ring.
      const Status written = core_->drain_and_write();
      if (!written.ok() || !(placed = place(size_bytes))) break;
      break;
    }
    core_->wake_log_thread(/*at_once=*/true);
    MutexLock lock(mutex_);
    changed_.wait_for(mutex_, std::min<int64_t>(left, 1'000'000));
  }
  waiting_.fetch_sub(1);
  return placed;
}

Result<uint64_t> AppendRing::put_row() {
  if (refusing_.load()) return core_->closed_status();
  if (core_->env.process_id() != core_->process_id) return core_->check_open();
  if (core_->poisoned.load(std::memory_order_acquire)) return core_->check_writable();
  const uint64_t size_bytes = aligned(row_->size_bytes());
  if (place(size_bytes)) return accepted_.load(std::memory_order_relaxed);
  return refuse(size_bytes);
}

Result<uint64_t> AppendRing::end_row() {
  MOTE_TRY(row_->end());
  // Either this call sees that rows are refused, or who refuses them sees this call. So it is with
  // the log thread's sleep.
  in_call_.store(true);
  Result<uint64_t> number = put_row();
  if (core_->log_asleep.load()) core_->wake_log_thread();
  in_call_.store(false, std::memory_order_release);
  return number;
}

void AppendRing::refuse_rows() {
  refusing_.store(true);
  MutexLock lock(mutex_);
  while (in_call_.load()) changed_.wait_for(mutex_, 100'000);
}

bool AppendRing::empty() const {
  return (head_.load(std::memory_order_acquire) >> 1) == tail_.load(std::memory_order_acquire);
}

AppenderCounters AppendRing::counters() const {
  AppenderCounters counters;
  counters.durable = durable_.load(std::memory_order_acquire);
  counters.dropped = refused_.load(std::memory_order_relaxed) +
                     pushed_out_.load(std::memory_order_relaxed) +
                     rejected_.load(std::memory_order_relaxed);
  counters.accepted = accepted_.load(std::memory_order_relaxed);
  return counters;
}

void AppendRing::close(Status why) {
  MutexLock lock(mutex_);
  if (closed_.load()) return;
  closed_why_ = std::move(why);
  closed_.store(true, std::memory_order_release);
  changed_.notify_all();
}

const AppendRing::LostRange* AppendRing::lost(uint64_t row) const {
  const auto behind = std::upper_bound(lost_.begin(), lost_.end(), row,
                                       [](uint64_t r, const LostRange& l) { return r < l.first; });
  return behind != lost_.begin() && row <= (behind - 1)->last ? &*(behind - 1) : nullptr;
}

std::optional<Status> AppendRing::outcome(uint64_t row) const {
  if (row <= settled_number_) {
    const LostRange* const range = lost(row);
    if (range == nullptr) return Status();
    if (range->rejected) return rejected_why_;
    return ring_full("table '%s': the row was pushed out of the appender's ring",
                     table_->name.c_str());
  }
  if (closed_.load()) return closed_why_;
  if (core_->poisoned.load()) {
    return read_only("table '%s': the log failed before the row was written", table_->name.c_str());
  }
  return std::nullopt;
}

bool AppendRing::durable(uint64_t row) const {
  MutexLock lock(mutex_);
  return row > 0 && row <= settled_number_ && lost(row) == nullptr;
}

Status AppendRing::wait_for(uint64_t row, int64_t timeout_ns) const {
  if (row == 0) return ring_full("table '%s': the row was dropped", table_->name.c_str());
  if (core_->env.process_id() != core_->process_id) return core_->check_open();
  const int64_t deadline = core_->env.monotonic_ns() + timeout_ns;
  waiting_.fetch_add(1);
  Status result;
  bool woken = false;
  for (;;) {
    {
      MutexLock lock(mutex_);
      if (std::optional<Status> status = outcome(row); status.has_value()) {
        result = std::move(*status);
        break;
      }
      const int64_t left = deadline - core_->env.monotonic_ns();
      if (left <= 0) {
        result = cancelled("table '%s': row %llu is not durable yet", table_->name.c_str(),
                           static_cast<unsigned long long>(row));
        break;
      }
      if (core_->threaded && woken) {
        changed_.wait_for(mutex_, std::min<int64_t>(left, 100'000'000));
        continue;
      }
    }
    if (core_->threaded) {
      // Writing it here saves two changes of thread; a failure is for the log thread to try again.
      if (woken || timeout_ns < kShortestLeadNs || !core_->try_drain_and_write()) {
        core_->wake_log_thread(/*at_once=*/true);
      }
      woken = true;
      continue;
    }
    result = core_->drain_and_write();
    if (!result.ok()) break;
  }
  waiting_.fetch_sub(1);
  return result;
}

Status AppendRing::flush(int64_t timeout_ns) const {
  const uint64_t last = accepted_.load();
  if (last == 0) return {};
  Status status = wait_for(last, timeout_ns);
  // That the last row was pushed out says nothing of the others: all are settled.
  if (status.code() == Code::kFull) return {};
  return status;
}

void AppendRing::lose(LostRange range) {
  if (!lost_.empty() && lost_.back().last + 1 == range.first &&
      lost_.back().rejected == range.rejected) {
    lost_.back().last = range.last;
  } else {
    lost_.push_back(range);
  }
  // What is so long ago is not told apart any more: all counts as lost up to the second range.
  if (lost_.size() > kMaxLostRanges) {
    lost_[1].first = lost_[0].first;
    lost_.erase(lost_.begin());
  }
}

uint32_t AppendRing::take(size_t limit_bytes, Chunk* rows, std::vector<uint64_t>* numbers) {
  numbers->clear();
  rows->reset(table_->schema.types());
  uint32_t count = 0;
  size_t taken_bytes = 0;
  while (count < kChunkRows && taken_bytes < limit_bytes) {
    uint64_t head = head_.load(std::memory_order_relaxed);
    while (!head_.compare_exchange_weak(head, head | 1, std::memory_order_acq_rel)) {
    }
    const uint64_t begin = head >> 1;
    const uint64_t tail = tail_.load(std::memory_order_acquire);
    piece_.clear();
    uint64_t at = begin;
    for (uint32_t in_piece = 0; at < tail && count + in_piece < kChunkRows;) {
      const uint64_t place = at & (capacity_ - 1);
      const auto header = load_fixed<Header>(bytes_.get() + place);
      if (header.size_bytes == kSkip) {
        at += capacity_ - place;
        continue;
      }
      if (!piece_.empty() && piece_.size() + header.size_bytes > kPieceBytes) break;
      piece_.append(bytes_.get() + place, header.size_bytes);
      at += header.size_bytes;
      ++in_piece;
    }
    head_.store(at << 1, std::memory_order_release);
    if (piece_.empty()) break;
    piece_rows_.clear();
    for (size_t offset = 0; offset < piece_.size();) {
      const auto header = load_fixed<Header>(piece_.data() + offset);
      const uint64_t number =
          taken_number_ + 1 +
          static_cast<uint32_t>(header.number - static_cast<uint32_t>(taken_number_ + 1));
      if (number > taken_number_ + 1) {
        MutexLock lock(mutex_);
        lose({taken_number_ + 1, number - 1, /*rejected=*/false});
      }
      taken_number_ = number;
      piece_rows_.push_back(piece_.data() + offset);
      numbers->push_back(number);
      offset += header.size_bytes;
    }
    row_->decode(piece_rows_, rows, count);
    count += static_cast<uint32_t>(piece_rows_.size());
    taken_bytes += piece_.size();
  }
  rows->set_row_count(count);
  if (count > 0 && waiting_.load() > 0) {
    MutexLock lock(mutex_);
    changed_.notify_all();
  }
  return count;
}

void AppendRing::settle(uint64_t number, uint64_t durable_count) {
  MutexLock lock(mutex_);
  settled_number_ = std::max(settled_number_, number);
  durable_.fetch_add(durable_count, std::memory_order_release);
  if (waiting_.load() > 0) changed_.notify_all();
}

void AppendRing::reject(uint64_t number, const Status& why) {
  MutexLock lock(mutex_);
  lose({number, number, /*rejected=*/true});
  rejected_why_ = why;
  rejected_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace mote
