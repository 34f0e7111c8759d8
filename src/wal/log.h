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
// durable_lsn: everything below was acknowledged when the group was written. Since one group is in
// flight at a time, it is the end of the group before. So groups are a chain, and recovery can tell
// a torn tail from damage in the middle.
//
// A group never crosses the end of a file: one that does not fit in the rest starts the next file.
// Its lsn jumps there, its durable_lsn stays behind and tells the reader that nothing is missing.
//
// Files are log-<number in hex>. A file that is being filled has another name until it is complete;
// a name is on the medium before a group in its file is acknowledged.
//
// Threading: append by one thread at a time (the holder of the commit token); everything else by
// anyone.
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
  uint64_t file_bytes = 8u << 20;    // a multiple of kLogBlockBytes, >= kMinLogFileBytes
  uint64_t limit_bytes = 64u << 20;  // hard limit of all log files together; >= kMinLogFiles files
};
// Files below 1 MiB are for tests: they hold only groups that fit.
inline constexpr uint64_t kMinLogFileBytes = 64u << 10;
inline constexpr uint64_t kMaxLogFileBytes = 1u << 30;
inline constexpr uint32_t kMinLogFiles = 3;

struct GroupHeader {
  Lsn lsn = 0;
  uint32_t payload_bytes = 0;  // <= kMaxGroupPayloadBytes
  uint16_t record_count = 0;
  uint32_t epoch = 0;
  Lsn durable_lsn = 0;
  uint64_t sequence = 0;  // commit sequence of the group's first commit
  int64_t wall_ns = 0;
  // Where the next group starts, unless it needs a fresh file.
  Lsn end_lsn() const;
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

// Reads the groups from `floor` (where a group starts or ends) on. Their epochs are at most
// options.epoch and never fall along the stream. After the first group that does not verify, looks
// through the rest of the file and the files after it for a later group of the stream: none means
// a torn tail, and the scan ends well; one means damage. (A later file whose first block is zeros,
// or an older group, is in wait of use and looked at no further than needed to miss no lost group.)
// Damage of the very last group can not be told from a torn tail. A floor above 0 without any file
// is damage too. Reads ahead in pieces of 2 MiB.
// Errors: kCorruption naming file, lsn range and what was found, when acknowledged groups are
// damaged; with `damage` the scan ends well before the damage and says there what it was. A group
// of a later epoch than options.epoch is damage too: then the manifest is the one that is old.
Result<ScanReport> scan_log(Env& env, const LogOptions& options, Lsn floor,
                            const GroupVisitor& visit, std::string* damage = nullptr);

class Log {
 public:
  // Starts to write at `start`: what the scan returned, or `floor` when nothing is to be replayed
  // (0 and 0 for a new log). Takes the pool over: files below `floor` become spare. Makes the file
  // that `start` lies in, if it is missing; the disk being full is no error yet. The files ahead
  // are left to prepare_next_file. budget pays for the group buffer. Errors: kInvalidArgument for
  // options out of their limits, kIoError, kOutOfMemory.
  static Result<std::unique_ptr<Log>> open(Env& env, LogOptions options, Lsn floor, Lsn start,
                                           MemoryBudget& budget);
  ~Log();

  // The room in which the next group's payload is put, so that append copies nothing:
  // kMaxGroupPayloadBytes, or less when the files are smaller.
  std::span<std::byte> payload_room();

  // Seals the first payload_bytes of payload_room as a group and writes it with one durable write.
  // header gives record_count, sequence, wall_ns; the rest is filled in. On success the
  // group is on the medium. Makes the next file itself when nobody has prepared it. Errors: kLimit
  // when payload_bytes is larger than the room; kReadOnly once poisoned; kDiskFull when the byte
  // limit or the disk leaves no room, found out before anything is written, so the caller may go on
  // later; any other error poisons the log for good: whether the group is on the medium is then for
  // the next open to find out.
  Status append(GroupHeader& header);

  // True when append would find room for so many of the largest groups without making a file.
  bool has_room(uint32_t groups = 1) const;
  // Work for the background: makes one file more, unless kFilesAhead are ready. Errors: kDiskFull
  // (also of the byte limit), kIoError (not poison).
  Status prepare_next_file();
  // True when prepare_next_file has something to do and the byte limit lets it.
  bool wants_next_file() const;
  // Everything below `floor` is no longer needed, and is never asked for again, not even after a
  // power cut: call it when the manifest has the floor. Whole files below become spare. Cheap.
  // Errors: kInvalidArgument when `floor` lies beyond the end.
  Status release(Lsn floor);
  static constexpr uint32_t kFilesAhead = 2;

  Lsn end_lsn() const { return end_lsn_.load(std::memory_order_acquire); }  // next group's place
  Lsn durable_lsn() const { return durable_lsn_.load(std::memory_order_acquire); }
  bool poisoned() const { return poisoned_.load(std::memory_order_acquire); }
  uint64_t pool_bytes() const;  // of all files, <= limit_bytes
  // Of groups since open; filling files with zeros is not counted.
  uint64_t written_bytes() const { return written_bytes_.load(std::memory_order_relaxed); }
  uint64_t live_bytes() const;  // end_lsn - floor

 private:
  struct Files;
  Log(Env& env, LogOptions options);
  Status adopt_files(Lsn floor, Lsn start);
  Status adopt_current(Lsn start);
  Status make_next_file();
  Status write_fresh_file(const std::string& path);
  Status fill_file(const std::string& path);
  Status advance_to(uint64_t number);
  Status fail(Status status);
  uint32_t max_payload_bytes() const;
  std::string path_of(uint64_t number) const;

  Env& env_;
  const LogOptions options_;
  const std::unique_ptr<Files> files_;
  MemoryCharge charge_;
  std::unique_ptr<std::byte, void (*)(std::byte*)> group_;  // header and payload, block-aligned
  std::atomic<Lsn> end_lsn_{0};
  std::atomic<Lsn> durable_lsn_{0};
  std::atomic<bool> poisoned_{false};
  std::atomic<uint64_t> written_bytes_{0};
};

}  // namespace mote
