#include "env/sync.h"

#include <algorithm>

namespace mote {

namespace {

#ifndef NDEBUG
// The ranks of the locks that this thread holds, in the order they were taken.
constexpr uint32_t kMaxHeldLocks = 16;
thread_local LockRank held[kMaxHeldLocks];
thread_local uint32_t held_count = 0;

void note_taken(LockRank rank, bool in_order) {
  if (in_order && held_count > 0) {
    // A lock of a lower or the same rank is held last: somewhere the same two are taken the other
    // way round.
    MOTE_CHECK(held[held_count - 1] < rank);
  }
  MOTE_CHECK(held_count < kMaxHeldLocks);
  held[held_count++] = rank;
}

void note_released(LockRank rank) {
  LockRank* const end = held + held_count;
  LockRank* const at = std::find(held, end, rank);
  MOTE_CHECK(at != end);
  std::copy(at + 1, end, at);
  --held_count;
}
#else
void note_taken(LockRank, bool) {}
void note_released(LockRank) {}
#endif

}  // namespace

void Mutex::lock() {
  note_taken(rank_, /*in_order=*/true);
  mutex_.lock();
}

void Mutex::unlock() {
  mutex_.unlock();
  note_released(rank_);
}

bool Mutex::try_lock() {
  // Taking without waiting can not be part of a deadlock.
  if (!mutex_.try_lock()) return false;
  note_taken(rank_, /*in_order=*/false);
  return true;
}

void CondVar::wait(Mutex& mutex) { condition_.wait(mutex.mutex_); }

bool CondVar::wait_for(Mutex& mutex, int64_t timeout_ns) {
  // Durations near the end of int64 would overflow inside the standard library.
  const auto bounded = std::chrono::nanoseconds(std::min<int64_t>(timeout_ns, int64_t{1} << 56));
  return condition_.wait_for(mutex.mutex_, bounded) == std::cv_status::no_timeout;
}

}  // namespace mote
