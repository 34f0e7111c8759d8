#include "base/memory_budget.h"

namespace mote {

MemoryBudget::~MemoryBudget() { MOTE_CHECK(used_bytes() == 0); }

Status MemoryBudget::charge(size_t size_bytes, const char* purpose) {
  while (true) {
    Status status = charge_spare(size_bytes, purpose);
    if (status.ok()) return status;
    // The parent's reclaimer is asked too: its memory may be what is missing.
    bool reclaimed = false;
    for (MemoryBudget* budget = this; budget != nullptr && !reclaimed; budget = budget->parent_) {
      const size_t free_bytes = budget->limit_bytes_ - budget->used_bytes();
      if (size_bytes <= free_bytes) continue;
      MemoryReclaimer* const reclaimer = budget->reclaimer_.load(std::memory_order_acquire);
      reclaimed = reclaimer != nullptr && reclaimer->reclaim(size_bytes - free_bytes);
      if (!reclaimed) return status;
    }
    // Nothing was missing any more: another thread has given it back, and this one tries again.
  }
}

Status MemoryBudget::charge_spare(size_t size_bytes, const char* purpose) {
  size_t used = used_bytes_.load(std::memory_order_relaxed);
  do {
    if (size_bytes > limit_bytes_ - used) {
      return out_of_memory("%s needs %zu bytes; %zu of the budget's %zu bytes are in use", purpose,
                           size_bytes, used, limit_bytes_);
    }
  } while (!used_bytes_.compare_exchange_weak(used, used + size_bytes, std::memory_order_relaxed));
  if (parent_ != nullptr) {
    if (Status status = parent_->charge_spare(size_bytes, purpose); !status.ok()) {
      used_bytes_.fetch_sub(size_bytes, std::memory_order_relaxed);
      return status;
    }
  }
  const size_t now = used + size_bytes;
  size_t peak = peak_bytes_.load(std::memory_order_relaxed);
  while (peak < now && !peak_bytes_.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
  }
  return {};
}

size_t MemoryBudget::free_bytes() const {
  const size_t here = limit_bytes_ - used_bytes();
  if (parent_ == nullptr) return here;
  const size_t above = parent_->free_bytes();
  return here < above ? here : above;
}

void MemoryBudget::release(size_t size_bytes) {
  const size_t before = used_bytes_.fetch_sub(size_bytes, std::memory_order_relaxed);
  MOTE_CHECK(before >= size_bytes);
  if (parent_ != nullptr) parent_->release(size_bytes);
}

}  // namespace mote
