#include "engine/version.h"

#include <algorithm>

namespace mote {

namespace {

// Stands in a slot between its claim and the choice of a version.
const Version* claimed() { return reinterpret_cast<const Version*>(uintptr_t{1}); }

bool id_below(const std::shared_ptr<const TableVersion>& table, TableId id) {
  return table->definition->id < id;
}

}  // namespace

const TableVersion* Version::find(TableId table) const {
  const auto at = std::lower_bound(tables.begin(), tables.end(), table, id_below);
  return at != tables.end() && (*at)->definition->id == table ? at->get() : nullptr;
}

void Version::put(std::shared_ptr<const TableVersion> changed) {
  const TableId id = changed->definition->id;
  const auto at = std::lower_bound(tables.begin(), tables.end(), id, id_below);
  if (at != tables.end() && (*at)->definition->id == id) {
    *at = std::move(changed);
  } else {
    tables.insert(at, std::move(changed));
  }
}

void Version::erase(TableId table) {
  const auto at = std::lower_bound(tables.begin(), tables.end(), table, id_below);
  if (at != tables.end() && (*at)->definition->id == table) tables.erase(at);
}

namespace {

void insert_range(TableVersion* table, std::shared_ptr<const RowRange> range,
                  const MemtableRun* run) {
  const auto at = std::lower_bound(table->ranges.begin(), table->ranges.end(), range->base(),
                                   [](const auto& a, RowId base) { return a->base() < base; });
  table->runs.insert(table->runs.begin() + (at - table->ranges.begin()), run);
  table->ranges.insert(at, std::move(range));
}

std::shared_ptr<TableVersion> edited(const TableVersion& table, const RangeEdit& edit) {
  auto changed = std::make_shared<TableVersion>();
  changed->definition = table.definition;
  changed->deletes = table.deletes;
  for (size_t i = 0; i < table.ranges.size(); ++i) {
    const RowRange* const range = table.ranges[i].get();
    if (std::find(edit.removed.begin(), edit.removed.end(), range) != edit.removed.end()) continue;
    changed->ranges.push_back(table.ranges[i]);
    changed->runs.push_back(table.runs[i]);
  }
  for (const auto& range : edit.added) insert_range(changed.get(), range, nullptr);
  return changed;
}

VersionPointer edited(const Version& version, const std::vector<RangeEdit>& edits) {
  auto changed = std::make_shared<Version>(version);
  for (const RangeEdit& edit : edits) {
    const TableVersion* const table = changed->find(edit.table);
    if (table != nullptr) changed->put(edited(*table, edit));
  }
  return changed;
}

}  // namespace

std::shared_ptr<TableVersion> with_range(const TableVersion& table,
                                         std::shared_ptr<const RowRange> range,
                                         const MemtableRun* run) {
  auto changed = std::make_shared<TableVersion>(table);
  insert_range(changed.get(), std::move(range), run);
  return changed;
}

RowId rows_end(const TableVersion& table, CommitSequence sequence) {
  for (size_t i = table.ranges.size(); i-- > 0;) {
    const uint64_t rows = table.runs[i] != nullptr ? table.runs[i]->visible_rows(sequence)
                                                   : table.ranges[i]->row_count();
    if (rows > 0) return table.ranges[i]->base() + rows;
  }
  return 0;
}

VersionSet::~VersionSet() {
  SlotBlock* block = slots_.next.load();
  while (block != nullptr) delete std::exchange(block, block->next.load());
}

void VersionSet::start(VersionPointer version, CommitSequence sequence) {
  MutexLock lock(mutex_);
  version->visible.store(sequence);
  head_ = version;
  durable_ = version;
  sealed_ = version;
  durable_sequence_ = sequence;
  install(std::move(version));
}

PinSlot* VersionSet::claim_slot() {
  // Threads begin to look at different slots, and each at the one where it found room last.
  thread_local uint32_t hint =
      static_cast<uint32_t>(reinterpret_cast<uintptr_t>(&hint) >> 6) * 2654435761u;
  for (SlotBlock* block = &slots_;;) {
    for (uint32_t i = 0; i < kSlots; ++i) {
      PinSlot& slot = block->slots[(hint + i) % kSlots];
      const Version* expected = nullptr;
      if (slot.version.load(std::memory_order_relaxed) == nullptr &&
          slot.version.compare_exchange_strong(expected, claimed())) {
        hint += i;
        return &slot;
      }
    }
    SlotBlock* next = block->next.load();
    if (next == nullptr) {
      auto* const added = new SlotBlock;
      if (block->next.compare_exchange_strong(next, added)) {
        next = added;
      } else {
        delete added;
      }
    }
    block = next;
  }
}

VersionPin VersionSet::pin() {
  PinSlot* const slot = claim_slot();
  const Version* version = current_.load();
  for (;;) {
    slot->version.store(version);
    // If the version is still the published one, whoever replaces it later looks at the slots
    // after that and finds this pin.
    const Version* const now = current_.load();
    if (now == version) return VersionPin(slot, version);
    version = now;
  }
}

void VersionSet::install(VersionPointer version) {
  if (version == published_) return;
  current_.store(version.get());
  if (published_ != nullptr) retired_.push_back(std::move(published_));
  published_ = std::move(version);
  retired_count_.store(retired_.size(), std::memory_order_relaxed);
}

void VersionSet::publish(const VersionPointer& version, CommitSequence sequence) {
  if (sequence <= published_->visible.load() && version != published_) return;
  if (version->visible.load() < sequence) version->visible.store(sequence);
  install(version);
}

void VersionSet::seal() {
  MutexLock lock(mutex_);
  sealed_ = head_;
}

void VersionSet::publish_head(CommitSequence sequence) {
  MutexLock lock(mutex_);
  publish(head_, sequence);
}

void VersionSet::publish_durable(CommitSequence sequence) {
  MutexLock lock(mutex_);
  durable_ = sealed_;
  durable_sequence_ = sequence;
  publish(durable_, sequence);
}

void VersionSet::fall_back() {
  MutexLock lock(mutex_);
  if (published_->visible.load() <= durable_sequence_) return;
  auto version = std::make_shared<Version>(*durable_);
  version->visible.store(durable_sequence_);
  install(std::move(version));
}

void VersionSet::edit(const std::vector<RangeEdit>& edits) {
  MutexLock lock(mutex_);
  // Versions that are one object stay one.
  std::vector<std::pair<VersionPointer, VersionPointer>> done;
  const auto changed = [&](const VersionPointer& version) {
    for (const auto& [before, after] : done) {
      if (before == version) return after;
    }
    done.emplace_back(version, edited(*version, edits));
    return done.back().second;
  };
  head_ = changed(head_);
  sealed_ = changed(sealed_);
  durable_ = changed(durable_);
  install(changed(published_));
}

VersionPointer VersionSet::durable() const {
  MutexLock lock(mutex_);
  return durable_;
}

bool VersionSet::is_pinned(const Version* version) const {
  for (const SlotBlock* block = &slots_; block != nullptr; block = block->next.load()) {
    for (const PinSlot& slot : block->slots) {
      if (slot.version.load() == version) return true;
    }
  }
  return false;
}

size_t VersionSet::reclaim() {
  std::vector<VersionPointer> unused;  // freed after the lock is given back
  MutexLock lock(mutex_);
  const auto held = [this](const VersionPointer& version) { return is_pinned(version.get()); };
  const auto middle = std::partition(retired_.begin(), retired_.end(), held);
  std::move(middle, retired_.end(), std::back_inserter(unused));
  retired_.erase(middle, retired_.end());
  retired_count_.store(retired_.size(), std::memory_order_relaxed);
  return retired_.size();
}

}  // namespace mote
