// What readers see: immutable versions of all tables, and how a reader keeps one without a lock.
//
// A commit that only adds rows to runs that are already there changes no version: each row carries
// its commit sequence, and the version's `visible` sequence moves on. What changes the shape (a new
// run, a delete, DDL, a flush, a merge) makes a new version; the old one stays as it was, with the
// `visible` it had, for those who hold it.
//
// Four versions matter at a time: `head` contains all that is applied; `sealed` is head as of the
// group that is being written; `durable` as of the last group on the medium; `published` is what
// new readers get: the durable one, or a later one when commits were acknowledged before they were
// durable. A flush or merge changes the ranges of all four alike.
//
// Readers pin the published version in a slot (hazard pointers, Michael 2004): one
// compare-and-swap, one store, one load; no lock, no allocation. A replaced version is freed when
// no slot names it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "catalog/catalog.h"
#include "engine/table_view.h"
#include "env/sync.h"
#include "storage/memtable.h"

namespace mote {

struct Version {
  std::shared_ptr<const Catalog> catalog;
  std::vector<std::shared_ptr<const TableVersion>> tables;  // by id
  mutable std::atomic<CommitSequence> visible{0};           // grows while this is published

  Version() = default;
  Version(const Version& other)
      : catalog(other.catalog), tables(other.tables), visible(other.visible.load()) {}
  Version& operator=(const Version&) = delete;

  // Null when there is no such table.
  const TableVersion* find(TableId table) const;
  // Puts `changed` in the place of the table of its id, or adds it.
  void put(std::shared_ptr<const TableVersion> changed);
  void erase(TableId table);
};
using VersionPointer = std::shared_ptr<const Version>;

// Takes `removed` out of a table's ranges and puts `added` in, by base.
struct RangeEdit {
  TableId table = 0;
  std::vector<const RowRange*> removed;
  std::vector<std::shared_ptr<const RowRange>> added;
};
// The table with one range more. run: the range, when it is a memtable run; else null.
std::shared_ptr<TableVersion> with_range(const TableVersion& table,
                                         std::shared_ptr<const RowRange> range,
                                         const MemtableRun* run);
// The first row id behind all ranges; rows committed later have it or a greater one.
RowId rows_end(const TableVersion& table, CommitSequence sequence);

struct alignas(64) PinSlot {
  std::atomic<const Version*> version{nullptr};  // null: the slot is free
};

// A version held by a reader. Moves; gives the slot back when it goes.
class VersionPin {
 public:
  VersionPin() = default;
  VersionPin(PinSlot* slot, const Version* version) : slot_(slot), version_(version) {}
  VersionPin(VersionPin&& other) noexcept
      : slot_(std::exchange(other.slot_, nullptr)),
        version_(std::exchange(other.version_, nullptr)) {}
  VersionPin& operator=(VersionPin&& other) noexcept {
    reset();
    slot_ = std::exchange(other.slot_, nullptr);
    version_ = std::exchange(other.version_, nullptr);
    return *this;
  }
  ~VersionPin() { reset(); }
  void reset() {
    if (slot_ != nullptr) slot_->version.store(nullptr, std::memory_order_release);
    slot_ = nullptr;
    version_ = nullptr;
  }
  const Version& operator*() const { return *version_; }
  const Version* operator->() const { return version_; }

 private:
  PinSlot* slot_ = nullptr;
  const Version* version_ = nullptr;
};

class VersionSet {
 public:
  VersionSet() = default;
  ~VersionSet();
  VersionSet(const VersionSet&) = delete;
  VersionSet& operator=(const VersionSet&) = delete;

  // The state found at open; before any reader.
  void start(VersionPointer version, CommitSequence sequence);

  // Lock-free.
  VersionPin pin();

  // The calls from here to edit() are made under the commit lock.
  const VersionPointer& head() const { return head_; }
  void set_head(VersionPointer version) { head_ = std::move(version); }
  // Everything applied so far goes into the group that is about to be written.
  void seal();
  // Everything applied so far was acknowledged, though it is not durable yet.
  void publish_head(CommitSequence sequence);
  void edit(const std::vector<RangeEdit>& edits);

  // The sealed group is on the medium.
  void publish_durable(CommitSequence sequence);
  // The log has failed: new readers see what is durable and nothing else.
  void fall_back();

  VersionPointer durable() const;
  // Frees versions that no reader holds any more. Returns how many are still held.
  size_t reclaim();
  size_t retired_count() const { return retired_count_.load(std::memory_order_relaxed); }

 private:
  static constexpr uint32_t kSlots = 64;
  struct SlotBlock {
    std::array<PinSlot, kSlots> slots;
    std::atomic<SlotBlock*> next{nullptr};
  };

  PinSlot* claim_slot();
  bool is_pinned(const Version* version) const;
  // Under mutex_.
  void publish(const VersionPointer& version, CommitSequence sequence);
  void install(VersionPointer version);

  VersionPointer head_;  // guarded by the commit lock
  mutable Mutex mutex_{LockRank::kVersion};
  VersionPointer sealed_;
  VersionPointer durable_;
  CommitSequence durable_sequence_ = 0;
  VersionPointer published_;
  std::vector<VersionPointer> retired_;
  std::atomic<size_t> retired_count_{0};
  std::atomic<const Version*> current_{nullptr};  // published_.get()
  SlotBlock slots_;
};

}  // namespace mote
