// The write-ahead log: one stream of bytes, cut into commit groups. It knows bytes, not tables.
//
// A group is the unit of I/O, atomicity and checksum. It starts on a fresh 4 KiB boundary (so a
// torn write can only hurt what is not acknowledged), is padded to 4 KiB and written with one
// durable write. Its lsn is its offset in the stream; files are of one size, so lsn / file_bytes
// names the file. Files are filled with zeros before use, and a retired file is renamed to be used
// again, never truncated: then a write changes no size and no block map. The checksum of a group
// covers header and payload and is seeded with (database id, epoch, lsn), so bytes of a recycled
// file, an older run or another database can not verify.
//
// Layout of a group (little-endian), docs/format.md has the table:
//   magic u32 | version u8 | flags u8 | record_count u16 | lsn u64 | payload_bytes u32 | epoch u32
//   | durable_lsn u64 | sequence u64 | wall_ns u64 | reserved u64 | checksum u64        = 64 bytes,
//   then the payload
//
// durable_lsn: everything below was acknowledged when the group was written. Recovery uses it to
// tell a torn tail from damage in the middle.
//
// Threading: append by one thread at a time (the holder of the commit token); prepare_next_file and
// release by one background thread; the counters by anyone.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/memory_budget.h"
#include "base/status.h"
#include "env/env.h"
#include "env/sync.h"

namespace mote {

using Lsn = uint64_t;

struct LogOptions {
  std::string directory;
  uint64_t database_id = 0;
  uint32_t epoch = 1;  // grows at every open, durable in the manifest before the first write
  uint64_t file_bytes =
      8u << 20;  // a multiple of kLogBlockBytes, at least 64 KiB + 2 MiB is sensible
  uint64_t limit_bytes = 64u << 20;  // hard limit of all log files together; at least 3 files
};

struct GroupHeader {
  Lsn lsn = 0;
  uint32_t payload_bytes = 0;  // <= kMaxGroupPayloadBytes
  uint16_t record_count = 0;
  uint32_t epoch = 0;
  Lsn durable_lsn = 0;
  uint64_t sequence = 0;  // commit sequence of the group's first commit
  int64_t wall_ns = 0;
  Lsn end_lsn() const;  // where the next group starts
};
inline constexpr uint32_t kGroupHeaderBytes = 64;

// Called for each intact group in stream order. An error stops the scan and is returned.
using GroupVisitor = std::function<Status(const GroupHeader&, std::span<const std::byte> payload)>;

struct ScanReport {
  Lsn end_lsn = 0;  // where the next group may be written
  uint64_t groups = 0;
  uint64_t payload_bytes = 0;
  bool torn_tail = false;  // an unacknowledged group was cut; normal after a power cut
};

// Reads the groups from `floor` on. Groups of earlier epochs are accepted while their epochs do not
// fall along the stream (each open writes a new epoch, at most options.epoch - 1 here). After the
// first group that does not verify, looks through the rest of the pool for a later group of the
// stream whose durable_lsn lies beyond the bad place: none means a torn tail, and the scan ends
// well; one means damage. Reads whole files ahead in large pieces. Errors: kCorruption naming file,
// lsn range and what was found, when acknowledged groups are damaged; with `salvage` the scan then
// ends there and says so in `damage` instead.
Result<ScanReport> scan_log(Env& env, const LogOptions& options, Lsn floor,
                            const GroupVisitor& visit, std::string* damage = nullptr);

class Log {
 public:
  // Starts to write at `start` (what the scan returned, or 0 for a new log). Takes the pool over:
  // files below `floor` become spare, missing ones are created and filled with zeros as needed to
  // have two ahead. budget pays for the group buffer.
  static Result<std::unique_ptr<Log>> open(Env& env, LogOptions options, Lsn floor, Lsn start,
                                           MemoryBudget& budget);
  ~Log();

  // The room in which the next group's payload is put: kMaxGroupPayloadBytes, aligned so that
  // append copies nothing.
  std::span<std::byte> payload_room();

  // Seals the first payload_bytes of payload_room as a group and writes it with one durable write.
  // header gives record_count, sequence, wall_ns; the rest is filled in. On success the
  // group is on the medium. Errors: kReadOnly once poisoned; kDiskFull when the byte limit or the
  // disk leaves no room, found out before anything is written, so the caller may go on later; any
  // other error poisons the log for good.
  Status append(GroupHeader& header);

  // True when append would find room for a group of kMaxGroupPayloadBytes without making a file.
  bool has_room() const;
  // Work for the background: makes sure the next file is ready. Errors: kDiskFull, kIoError (not
  // poison).
  Status prepare_next_file();
  bool wants_next_file() const;
  // Everything below `floor` is no longer needed; whole files below it become spare.
  Status release(Lsn floor);

  Lsn end_lsn() const { return end_lsn_.load(std::memory_order_acquire); }  // next group's place
  Lsn durable_lsn() const { return durable_lsn_.load(std::memory_order_acquire); }
  bool poisoned() const { return poisoned_.load(std::memory_order_acquire); }
  uint64_t pool_bytes() const;  // of all files, <= limit_bytes
  uint64_t written_bytes() const { return written_bytes_.load(std::memory_order_relaxed); }
  uint64_t live_bytes() const;  // end_lsn - floor

 private:
  struct Files;
  Log(Env& env, LogOptions options);
  Status fail(Status status);

  Env& env_;
  const LogOptions options_;
  std::unique_ptr<Files> files_;
  MemoryCharge charge_;
  std::unique_ptr<std::byte, void (*)(std::byte*)> buffer_;  // header and payload, 4 KiB aligned
  std::atomic<Lsn> end_lsn_{0};
  std::atomic<Lsn> durable_lsn_{0};
  std::atomic<bool> poisoned_{false};
  std::atomic<uint64_t> written_bytes_{0};
};

}  // namespace mote
