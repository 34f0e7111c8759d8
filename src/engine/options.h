// What can be chosen when a database is opened, and what it reports of itself.
#pragma once

#include <cstdint>
#include <string>

namespace mote {

// When a commit is acknowledged.
enum class SyncMode : uint8_t {
  kSync,   // after a durable write of its own group
  kGroup,  // after a durable write that others share, at most group_ms later
  kAsync,  // at once; on the medium within window_ms, unless power goes before
};

struct DatabaseOptions {
  bool read_only = false;
  bool create = true;  // make the database when it is not there
  SyncMode sync = SyncMode::kSync;
  uint32_t group_ms = 5;
  uint32_t window_ms = 2;  // the log thread writes what appenders and async commits gave this often
  uint64_t memory_bytes = 64u << 20;  // the budget for everything; at least kMinMemoryBytes
  uint64_t log_file_bytes = 8u << 20;
  uint64_t log_limit_bytes = 64u << 20;      // hard limit of the log's files together
  uint64_t memtable_bytes = 0;               // one of kMemtables; 0: chosen from memory_bytes
  bool background_thread = true;             // false: the host calls pump()
  uint64_t background_bytes_per_second = 0;  // pacing of flush and merge; 0: chosen from the load
  uint64_t ballast_bytes = 0;                // set aside for deleting on a full disk; 0: none
};
inline constexpr uint64_t kMinMemoryBytes = 8u << 20;
inline constexpr uint32_t kMemtables = 4;

// Counters since the database was opened.
struct DatabaseCounters {
  uint64_t commits = 0;
  uint64_t groups = 0;      // durable writes of the log
  uint64_t log_bytes = 0;   // written to the log
  uint64_t part_bytes = 0;  // written to parts
  uint64_t blob_bytes = 0;  // written to blob files
  uint64_t flushes = 0;
  uint64_t merges = 0;
  uint64_t waits_for_memtable = 0;  // commits that waited because no memtable was free
  uint64_t replayed_groups = 0;     // at open
  uint64_t memory_used_bytes = 0;
  uint64_t memory_peak_bytes = 0;
  uint64_t log_live_bytes = 0;
  std::string log_thread_class;  // what the scheduler gave: "real-time", "raised", "normal"
};

// What a ring does with a row that finds it full.
enum class FullPolicy : uint8_t { kFail, kDropOldest, kDropNewest, kBlock };

struct AppenderOptions {
  FullPolicy on_full = FullPolicy::kFail;
  uint32_t block_timeout_ms = 1000;  // of kBlock
  uint64_t ring_bytes = 1u << 20;    // a power of two in [kMinRingBytes, kMaxRingBytes]
};
inline constexpr uint64_t kMinRingBytes = 4096;
inline constexpr uint64_t kMaxRingBytes = 1ull << 30;
inline constexpr uint32_t kMaxAppenders = 1024;

// Exact, and each row is in exactly one of: durable, dropped, still in the ring (accepted - durable
// - dropped_oldest).
struct AppenderCounters {
  uint64_t accepted = 0;  // rows taken into the ring
  uint64_t dropped = 0;   // rows refused or pushed out because the ring was full
  uint64_t durable = 0;   // rows on the medium
};

}  // namespace mote
