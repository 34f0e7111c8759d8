#include <algorithm>
#include <cstring>
#include <new>

#include "base/check.h"
#include "wal/group.h"
#include "wal/log.h"

namespace mote {

namespace {

constexpr size_t kReadAheadBytes = (2u << 20) + kLogBlockBytes;
static_assert(kReadAheadBytes >= kMaxGroupBytes);

unsigned long long number_of(uint64_t value) { return value; }  // for printf

// A piece of one log file in memory, addressed by lsn.
class LogWindow {
 public:
  // piece_bytes: what one read asks for at least.
  LogWindow(Env& env, const LogOptions& options, size_t piece_bytes)
      : env_(env), options_(options), piece_bytes_(piece_bytes) {}

  // The bytes from `lsn` on: fewer than wanted_bytes where the file ends, none when it is missing.
  // Valid until the next call.
  Result<std::span<std::byte>> load(Lsn lsn, size_t wanted_bytes);
  // After load: whether the file of its lsn is there.
  bool has_file() const { return file_ != nullptr; }

 private:
  Status open_file(uint64_t number);
  Status reserve(size_t size_bytes);

  Env& env_;
  const LogOptions& options_;
  const size_t piece_bytes_;
  std::unique_ptr<std::byte[]> bytes_;
  size_t capacity_bytes_ = 0;
  std::unique_ptr<File> file_;  // of number_
  uint64_t number_ = UINT64_MAX;
  Lsn begin_ = 0;  // bytes_ holds [begin_, end_) of the stream
  Lsn end_ = 0;
  bool file_ended_ = false;  // there is nothing to read at end_
};

Status LogWindow::open_file(uint64_t number) {
  number_ = UINT64_MAX;  // until the open has succeeded
  file_.reset();
  auto file = env_.open(log_file_path(options_.directory, number), {OpenMode::kRead, false});
  if (file.ok()) {
    file_ = std::move(file).value();
  } else if (file.status().code() != Code::kNotFound) {
    return std::move(file).status();
  }
  number_ = number;
  begin_ = end_ = number * options_.file_bytes;
  file_ended_ = file_ == nullptr;
  return {};
}

// Makes the memory at least so large, keeping what it holds.
Status LogWindow::reserve(size_t size_bytes) {
  if (size_bytes <= capacity_bytes_) return {};
  std::unique_ptr<std::byte[]> larger(new (std::nothrow) std::byte[size_bytes]);
  if (larger == nullptr) return out_of_memory("%zu bytes to read the log", size_bytes);
  if (end_ > begin_) std::memcpy(larger.get(), bytes_.get(), end_ - begin_);
  bytes_ = std::move(larger);
  capacity_bytes_ = size_bytes;
  return {};
}

Result<std::span<std::byte>> LogWindow::load(Lsn lsn, size_t wanted_bytes) {
  const uint64_t number = lsn / options_.file_bytes;
  if (number != number_) MOTE_TRY(open_file(number));
  const bool begins_inside = lsn >= begin_ && lsn <= end_;
  if (!begins_inside || (lsn + wanted_bytes > end_ && !file_ended_)) {
    const Lsn file_end = (number + 1) * options_.file_bytes;
    const size_t size = std::min<uint64_t>(std::max(wanted_bytes, piece_bytes_), file_end - lsn);
    MOTE_TRY(reserve(size));
    const size_t kept = begins_inside ? end_ - lsn : 0;
    if (kept > 0) std::memmove(bytes_.get(), bytes_.get() + (lsn - begin_), kept);
    begin_ = lsn;
    end_ = lsn + kept;
    if (file_ != nullptr) {
      file_ended_ = false;
      MOTE_ASSIGN(const size_t count, file_->read_some(lsn % options_.file_bytes + kept,
                                                       {bytes_.get() + kept, size - kept}));
      end_ += count;
      file_ended_ = kept + count < size || end_ == file_end;
    }
  }
  const size_t there = std::min<uint64_t>(wanted_bytes, end_ - lsn);
  return std::span<std::byte>(bytes_.get() + (lsn - begin_), there);
}

struct Group {
  GroupHeader header;
  std::span<const std::byte> payload;
};

class Scan {
 public:
  Scan(Env& env, const LogOptions& options, Lsn floor, const GroupVisitor& visit)
      : env_(env),
        options_(options),
        floor_(floor),
        visit_(visit),
        position_(floor),
        stream_(env, options, std::min<uint64_t>(kReadAheadBytes, options.file_bytes)),
        probe_(env, options, kLogBlockBytes) {}

  // Runs to the end of the log. `damage` is empty when it ended well.
  Status run(ScanReport* report, std::string* damage);

 private:
  // Gives the intact group of this stream at `lsn`, or sets *found to false.
  Status group_at(LogWindow& window, Lsn lsn, bool* found, Group* group);
  Status jump_to_next_file(bool* found, Group* group);
  Status find_later_group(bool* found, Group* group);
  Status search(Lsn from, Lsn end, bool* found, Group* group);
  Status awaits_use(Lsn file_start, bool* awaits);
  // What stands at position_ in the place of a group.
  Result<std::string> describe_place();
  Status end_at_damage(const Group& later, std::string* damage);

  Lsn file_end(Lsn lsn) const { return (lsn / options_.file_bytes + 1) * options_.file_bytes; }
  bool continues_chain(const GroupHeader& header) const {
    // The floor may be the start of a group that jumped to its file.
    return header.epoch <= options_.epoch &&
           (header.durable_lsn == position_ || (header.lsn == floor_ && position_ == floor_));
  }

  Env& env_;
  const LogOptions& options_;
  const Lsn floor_;
  const GroupVisitor& visit_;
  std::vector<uint64_t> files_;
  Lsn position_;             // all groups below are visited
  uint32_t last_epoch_ = 0;  // of the last group visited
  LogWindow stream_;
  LogWindow probe_;  // for a look at other files that leaves stream_ where it is
};

Status Scan::group_at(LogWindow& window, Lsn lsn, bool* found, Group* group) {
  *found = false;
  GroupHeader& header = group->header;
  MOTE_ASSIGN(std::span<std::byte> bytes, window.load(lsn, kGroupHeaderBytes));
  if (!decode_group_header(bytes, options_.file_bytes, &header)) return {};
  if (header.lsn != lsn || header.epoch < last_epoch_) return {};
  const size_t size = kGroupHeaderBytes + header.payload_bytes;
  MOTE_ASSIGN(bytes, window.load(lsn, size));
  if (bytes.size() < size) return {};
  const GroupChecksum sums = check_group(header, options_.database_id, bytes);
  *found = sums.found == sums.expected;
  group->payload = bytes.subspan(kGroupHeaderBytes);
  return {};
}

Status Scan::run(ScanReport* report, std::string* damage) {
  MOTE_ASSIGN(files_, list_log_files(env_, options_));
  if (files_.empty() && position_ > 0) {
    // A log keeps the file that it writes to, whatever else becomes of it.
    *damage =
        format_text("%s: the log goes on at lsn %llu, but there is no file of it",
                    log_file_path(options_.directory, position_ / options_.file_bytes).c_str(),
                    number_of(position_));
    report->end_lsn = position_;
    return {};
  }
  while (true) {
    Group group;
    bool found = false;
    MOTE_TRY(group_at(stream_, position_, &found, &group));
    if (!found) MOTE_TRY(jump_to_next_file(&found, &group));
    if (!found) {
      MOTE_TRY(find_later_group(&found, &group));
      if (found) MOTE_TRY(end_at_damage(group, damage));
      break;
    }
    if (!continues_chain(group.header)) {
      MOTE_TRY(end_at_damage(group, damage));
      break;
    }
    MOTE_TRY(visit_(group.header, group.payload));
    position_ = group.header.end_lsn();
    last_epoch_ = group.header.epoch;
    ++report->groups;
    report->payload_bytes += group.header.payload_bytes;
  }
  report->end_lsn = position_;
  // A cut group that has its header is told from the older bytes of a file that is used again.
  MOTE_ASSIGN(const std::span<std::byte> bytes, probe_.load(position_, kGroupHeaderBytes));
  GroupHeader header;
  report->torn_tail = damage->empty() && decode_group_header(bytes, options_.file_bytes, &header) &&
                      header.lsn == position_ && header.epoch >= last_epoch_;
  return {};
}

// The group after position_ may not have found room in the rest of the file.
Status Scan::jump_to_next_file(bool* found, Group* group) {
  if (position_ % options_.file_bytes == 0) return {};
  const Lsn start = file_end(position_);
  MOTE_TRY(group_at(probe_, start, found, group));
  // One that does not follow is left for find_later_group, which looks at nearer places first.
  *found = *found && continues_chain(group->header);
  // The payload then comes from the window that reads ahead.
  return *found ? group_at(stream_, start, found, group) : Status();
}

// Looks for a group in [from, end), which lies in one file.
Status Scan::search(Lsn from, Lsn end, bool* found, Group* group) {
  for (Lsn lsn = from; lsn < end; lsn += kLogBlockBytes) {
    MOTE_ASSIGN(const std::span<std::byte> bytes, stream_.load(lsn, kGroupHeaderBytes));
    if (bytes.empty()) return {};
    MOTE_TRY(group_at(stream_, lsn, found, group));
    if (*found) return {};
  }
  return {};
}

// A file is written from its start, so one that starts with zeros or with an older group has not
// been written since it was made ready.
Status Scan::awaits_use(Lsn file_start, bool* awaits) {
  MOTE_ASSIGN(std::span<std::byte> bytes, probe_.load(file_start, kLogBlockBytes));
  *awaits = std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
  GroupHeader header;
  if (*awaits || !decode_group_header(bytes, options_.file_bytes, &header)) return {};
  if (header.lsn >= file_start) return {};
  const size_t size = kGroupHeaderBytes + header.payload_bytes;
  MOTE_ASSIGN(bytes, probe_.load(file_start, size));
  if (bytes.size() < size) return {};
  const GroupChecksum sums = check_group(header, options_.database_id, bytes);
  *awaits = sums.found == sums.expected;
  return {};
}

Status Scan::find_later_group(bool* found, Group* group) {
  const Lsn next_start = file_end(position_);
  MOTE_TRY(search(position_ + kLogBlockBytes, next_start, found, group));
  for (const uint64_t number : files_) {
    if (*found) return {};
    const Lsn start = number * options_.file_bytes;
    if (start < next_start) continue;
    MOTE_TRY(group_at(probe_, start, found, group));
    if (*found) return {};
    Lsn end = file_end(start);
    bool awaits = false;
    MOTE_TRY(awaits_use(start, &awaits));
    if (awaits) {
      // Unless the one group that is missing stood there, having found no room in the file before.
      if (start != next_start || start - position_ >= kMaxGroupBytes) continue;
      end = std::min(end, start + kMaxGroupBytes + kLogBlockBytes);
    }
    MOTE_TRY(search(start + kLogBlockBytes, end, found, group));
  }
  return {};
}

Result<std::string> Scan::describe_place() {
  const Lsn lsn = position_;
  MOTE_ASSIGN(std::span<std::byte> bytes, stream_.load(lsn, kGroupHeaderBytes));
  if (!stream_.has_file()) return std::string("the file is missing");
  if (bytes.size() < kGroupHeaderBytes) return std::string("the file ends there");
  if (std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; })) {
    return std::string("only zeros stand there");
  }
  GroupHeader header;
  if (!decode_group_header(bytes, options_.file_bytes, &header)) {
    return std::string("no group header stands there");
  }
  if (header.lsn != lsn) {
    return format_text("a group of lsn %llu stands there", number_of(header.lsn));
  }
  if (header.epoch < last_epoch_ || header.epoch > options_.epoch) {
    return format_text("a group of epoch %u stands there; %u to %u are possible", header.epoch,
                       last_epoch_, options_.epoch);
  }
  const size_t size = kGroupHeaderBytes + header.payload_bytes;
  MOTE_ASSIGN(bytes, stream_.load(lsn, size));
  if (bytes.size() < size) {
    return format_text("the file ends inside the group of %zu bytes", size);
  }
  const GroupChecksum sums = check_group(header, options_.database_id, bytes);
  if (sums.found == sums.expected) {
    return format_text("an intact group stands there that was written after lsn %llu",
                       number_of(header.durable_lsn));
  }
  return format_text("the group's checksum is %016llx, expected %016llx", number_of(sums.found),
                     number_of(sums.expected));
}

Status Scan::end_at_damage(const Group& later, std::string* damage) {
  MOTE_ASSIGN(const std::string found, describe_place());
  const uint64_t number = position_ / options_.file_bytes;
  *damage = format_text(
      "%s: log is damaged from lsn %llu to %llu: %s; the group of epoch %u at lsn %llu says that "
      "everything below lsn %llu was acknowledged",
      log_file_path(options_.directory, number).c_str(), number_of(position_),
      number_of(std::max(position_, later.header.durable_lsn)), found.c_str(), later.header.epoch,
      number_of(later.header.lsn), number_of(later.header.durable_lsn));
  return {};
}

}  // namespace

Result<ScanReport> scan_log(Env& env, const LogOptions& options, Lsn floor,
                            const GroupVisitor& visit, std::string* damage) {
  MOTE_TRY(check_log_options(options));
  MOTE_TRY(check_lsn(options, "log floor", floor));
  ScanReport report;
  std::string found_damage;
  MOTE_TRY(Scan(env, options, floor, visit).run(&report, &found_damage));
  if (damage != nullptr) *damage = found_damage;
  if (damage == nullptr && !found_damage.empty()) {
    return Status(Code::kCorruption, found_damage);
  }
  return report;
}

}  // namespace mote
