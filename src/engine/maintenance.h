// Work behind the commits: memtables become parts, small parts become large ones, what nobody needs
// goes. All calls are made under the maintenance lock.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "engine/core.h"

namespace mote {

// Writes the oldest frozen memtable to parts and makes the manifest say so; nothing to do when
// there is none. Errors: kDiskFull and kOutOfMemory leave everything as it was, to be tried again.
Status flush_oldest(Core& core);
// Freezes the active memtable and flushes all.
Status flush_all(Core& core);

enum class MergeKind : uint8_t {
  kTiered,  // adjacent parts of like size, when there are enough of them
  kVacuum,  // also single parts that hold deleted rows
};
// Merges some adjacent parts of one table. True when it did.
Result<bool> merge_once(Core& core, MergeKind kind);

// Reads everything there is and compares it with what is said of it.
Status check_database(Core& core, std::vector<std::string>* problems);

// Sets the ballast aside, if one is wanted and the disk has room enough. Failing is no harm.
void set_ballast(Core& core);
// Gives the ballast up. True when there was one.
bool drop_ballast(Core& core);

// Removes blob files that no row refers to. False when that can not be told: transactions that
// wrote blobs are open, or readers hold old versions.
Result<bool> drop_unused_blobs(Core& core);

// Copies a block of a range into `writer`, values in blob files as references. Rows in `purged`
// become NULL. is_run: the range is a memtable run; else a column part.
Status copy_block_to_part(const RowRange& range, bool is_run, const Schema& schema, uint32_t block,
                          const RowSet& purged, PartWriter& writer);

// The file of a column part goes with the last version that has it.
void remove_part(const RowRange& part);

// Appends to the manifest; a failure that leaves it in doubt ends all writing.
Status commit_edit(Core& core, const ManifestEdit& edit);

// Background writes when little comes: what keeps a 200 Hz writer undisturbed while the memtables
// have room (measured: 40 MB/s in 256 KiB pieces).
inline constexpr uint64_t kCalmBytesPerSecond = 40u << 20;
// How fast the background writes. chosen: by the host, 0: nothing. fill_ns: in what time a memtable
// of memtable_bytes is filled.
uint64_t paced_bytes_per_second(uint64_t chosen, uint64_t memtable_bytes, int64_t fill_ns);

// Waits as pacing wants before `size_bytes` are written. Errors: kCancelled when the database
// closes and the work can be left.
Status pace(Core& core, size_t size_bytes, bool may_cancel);

}  // namespace mote
