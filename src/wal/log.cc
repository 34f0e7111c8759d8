#include "wal/log.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>

#include "base/check.h"
#include "wal/group.h"

namespace mote {

namespace {

constexpr char kUnfinishedName[] = "/log-unfinished";

// What zero-filling writes at once: large enough to be quick, small enough that a commit waits for
// at most one such write.
constexpr size_t kZeroPieceBytes = 256u << 10;
// Never written, so it shares the system's page of zeros.
alignas(kLogBlockBytes) std::byte zeros[kZeroPieceBytes];

unsigned long long number_of(uint64_t value) { return value; }  // for printf

void free_group(std::byte* group) { std::free(group); }

}  // namespace

// The pool. Files go round: ready -> current -> live -> spare -> ready.
struct Log::Files {
  struct Ready {
    uint64_t number;
    std::unique_ptr<File> file;
  };

  mutable Mutex mutex{LockRank::kLeaf};  // for all fields; no I/O is done under it
  CondVar made;                          // `making` has become false
  bool making = false;                   // someone makes a file; one at a time
  bool making_fresh = false;             // and not from a spare one
  bool directory_in_doubt = false;       // a sync of the directory has failed; no name is sure
  Lsn floor = 0;

  std::vector<uint64_t> live;   // full files from the floor on, ascending
  std::vector<uint64_t> spare;  // may be used again
  std::deque<Ready> ready;      // numbers go on from the current file
  uint64_t next_number = 0;     // of the file to be made next
  uint64_t limit_files = 0;

  // Only append changes these two, so it reads them without the lock.
  std::unique_ptr<File> current;  // null until the first append when `start` began a file
  uint64_t current_number = 0;

  uint64_t count() const {
    return live.size() + spare.size() + ready.size() + (current != nullptr ? 1 : 0) +
           (making_fresh ? 1 : 0);
  }
  bool may_make() const { return !directory_in_doubt && (!spare.empty() || count() < limit_files); }
  Status why_not_make(const LogOptions& options) const;
  // A spare file to be file `number`. Another must not be renamed onto one that has this very name.
  std::optional<uint64_t> spare_for(uint64_t number) const {
    if (spare.empty()) return std::nullopt;
    const bool same = std::find(spare.begin(), spare.end(), number) != spare.end();
    return same ? number : spare.back();
  }
  // Leaves the current file for the first ready one.
  void advance() {
    if (current != nullptr) live.push_back(current_number);
    current = std::move(ready.front().file);
    current_number = ready.front().number;
    ready.pop_front();
  }
};

Status Log::Files::why_not_make(const LogOptions& options) const {
  if (directory_in_doubt) {
    return io_error("%s: sync of the directory failed before; no more log files are made",
                    options.directory.c_str());
  }
  return disk_full("log has %llu files of %llu bytes; its limit is %llu bytes", number_of(count()),
                   number_of(options.file_bytes), number_of(options.limit_bytes));
}

Log::Log(Env& env, LogOptions options)
    : env_(env),
      options_(std::move(options)),
      files_(std::make_unique<Files>()),
      group_(nullptr, free_group) {}

Log::~Log() = default;

uint32_t Log::max_payload_bytes() const {
  return static_cast<uint32_t>(
      std::min<uint64_t>(kMaxGroupPayloadBytes, options_.file_bytes - kGroupHeaderBytes));
}

std::string Log::path_of(uint64_t number) const {
  return log_file_path(options_.directory, number);
}

Result<std::unique_ptr<Log>> Log::open(Env& env, LogOptions options, Lsn floor, Lsn start,
                                       MemoryBudget& budget) {
  MOTE_TRY(check_log_options(options));
  MOTE_TRY(check_lsn(options, "log floor", floor));
  MOTE_TRY(check_lsn(options, "log start", start));
  if (floor > start) {
    return invalid_argument("log floor %llu lies beyond its start %llu", number_of(floor),
                            number_of(start));
  }
  std::unique_ptr<Log> log(new Log(env, std::move(options)));
  const uint32_t group_bytes = round_up_to_block(kGroupHeaderBytes + log->max_payload_bytes());
  MOTE_TRY(log->charge_.grow(budget, group_bytes, "log group"));
  log->group_.reset(static_cast<std::byte*>(std::aligned_alloc(kLogBlockBytes, group_bytes)));
  if (log->group_ == nullptr) return out_of_memory("%u bytes for a log group", group_bytes);
  log->end_lsn_.store(start);
  log->durable_lsn_.store(start);
  MOTE_TRY(log->adopt_files(floor, start));
  return log;
}

Status Log::adopt_files(Lsn floor, Lsn start) {
  Files& files = *files_;
  const uint64_t first = floor / options_.file_bytes;
  const uint64_t number = start / options_.file_bytes;
  files.floor = floor;
  files.limit_files = options_.limit_bytes / options_.file_bytes;
  files.next_number = number;
  MOTE_ASSIGN(const std::vector<uint64_t> numbers, list_log_files(env_, options_));
  files.live.reserve(numbers.size() + files.limit_files);
  bool has_current = false;
  for (const uint64_t other : numbers) {
    if (other >= first && other < number) {
      files.live.push_back(other);
    } else if (other == number && start % options_.file_bytes != 0) {
      has_current = true;
    } else {
      // Also the files ahead: their names may have been given without being durable yet.
      MOTE_ASSIGN(const FileStat status, env_.stat(path_of(other)));
      if (status.size_bytes == options_.file_bytes) {
        files.spare.push_back(other);
      } else {
        MOTE_TRY(env_.remove(path_of(other)));
      }
    }
  }
  if (has_current) MOTE_TRY(adopt_current(start));
  // The limit may be lower than at the last open.
  while (files.count() > files.limit_files && !files.spare.empty()) {
    MOTE_TRY(env_.remove(path_of(files.spare.back())));
    files.spare.pop_back();
  }
  // The last group found by the scan may have been on its way to the medium when its writer was
  // killed; what follows will call it durable.
  if (start > floor) {
    const std::string path = path_of((start - 1) / options_.file_bytes);
    MOTE_ASSIGN(const auto file, env_.open(path, {OpenMode::kReadWrite, false}));
    MOTE_TRY(file->sync());
  }
  if (has_current) return {};
  Status made = files.may_make() ? make_next_file() : Status();
  return made.code() == Code::kDiskFull ? Status() : std::move(made);
}

// Goes on in the file that `start` lies in.
Status Log::adopt_current(Lsn start) {
  const uint64_t number = start / options_.file_bytes;
  {
    MOTE_ASSIGN(const auto file, env_.open(path_of(number), {OpenMode::kReadWrite, false}));
    MOTE_ASSIGN(const uint64_t size_bytes, file->size());
    if (size_bytes != options_.file_bytes) {
      // Only damage gives it another size. What is missing lies at or beyond `start`, but perhaps
      // in the padding of the last group, so it can not be written in whole blocks.
      MOTE_TRY(file->truncate(options_.file_bytes));
      MOTE_TRY(file->sync());
    }
  }
  MOTE_ASSIGN(files_->current, env_.open(path_of(number), {OpenMode::kReadWrite, true}));
  files_->current_number = number;
  files_->next_number = number + 1;
  return {};
}

std::span<std::byte> Log::payload_room() {
  return {group_.get() + kGroupHeaderBytes, max_payload_bytes()};
}

Status Log::append(GroupHeader& header) {
  if (poisoned()) {
    return read_only("log: a write failed at lsn %llu; the database must be opened again",
                     number_of(end_lsn()));
  }
  if (header.payload_bytes > max_payload_bytes()) {
    return limit_exceeded("log group has %u bytes; the limit is %u", header.payload_bytes,
                          max_payload_bytes());
  }
  const Lsn end = end_lsn_.load(std::memory_order_relaxed);
  const uint32_t sealed_bytes = kGroupHeaderBytes + header.payload_bytes;
  const uint32_t size_bytes = round_up_to_block(sealed_bytes);
  const uint64_t room = options_.file_bytes - end % options_.file_bytes;
  header.lsn = size_bytes <= room ? end : end + room;
  header.durable_lsn = end;
  header.epoch = options_.epoch;
  const uint64_t number = header.lsn / options_.file_bytes;
  if (files_->current == nullptr || files_->current_number != number) MOTE_TRY(advance_to(number));

  std::memset(group_.get() + sealed_bytes, 0, size_bytes - sealed_bytes);
  seal_group(header, options_.database_id, {group_.get(), sealed_bytes});
  Status written =
      files_->current->write(header.lsn % options_.file_bytes, {group_.get(), size_bytes});
  if (!written.ok()) return fail(std::move(written));
  written_bytes_.fetch_add(size_bytes, std::memory_order_relaxed);
  // In this order, so that nobody sees a durable lsn beyond the end.
  end_lsn_.store(header.lsn + size_bytes, std::memory_order_release);
  durable_lsn_.store(header.lsn + size_bytes, std::memory_order_release);
  return {};
}

// Latches the log. kDiskFull would say that nothing was written, which is no longer known.
Status Log::fail(Status status) {
  poisoned_.store(true, std::memory_order_release);
  if (status.code() == Code::kDiskFull) return Status(Code::kIoError, status.message());
  return status;
}

// Makes file `number` the current one.
Status Log::advance_to(uint64_t number) {
  Files& files = *files_;
  while (true) {
    {
      MutexLock lock(files.mutex);
      while (files.making && files.ready.empty()) files.made.wait(files.mutex);
      while (!files.ready.empty()) {
        files.advance();
        if (files.current_number == number) return {};
      }
      MOTE_CHECK(files.next_number <= number);
    }
    Status made = make_next_file();
    if (made.code() == Code::kDiskFull) return made;
    if (!made.ok()) return fail(std::move(made));
  }
}

bool Log::has_room(uint32_t groups) const {
  const Lsn end = end_lsn();
  const uint64_t used = end % options_.file_bytes;
  const uint64_t number = end / options_.file_bytes;
  const uint64_t group_bytes = round_up_to_block(kGroupHeaderBytes + max_payload_bytes());
  MutexLock lock(files_->mutex);
  uint64_t fitting = files_->ready.size() * (options_.file_bytes / group_bytes);
  if (files_->current != nullptr && files_->current_number == number) {
    fitting += (options_.file_bytes - used) / group_bytes;
  }
  return fitting >= groups;
}

bool Log::wants_next_file() const {
  if (poisoned()) return false;
  MutexLock lock(files_->mutex);
  return files_->ready.size() < kFilesAhead && !files_->making && files_->may_make();
}

Status Log::prepare_next_file() {
  {
    MutexLock lock(files_->mutex);
    if (files_->ready.size() >= kFilesAhead) return {};
  }
  return make_next_file();
}

// Makes file next_number from a spare one, or a fresh one when there is none, and puts it among the
// ready ones. A file that has its name but is not ready when this fails stays a spare one.
Status Log::make_next_file() {
  Files& files = *files_;
  uint64_t number;
  std::optional<uint64_t> origin;
  {
    MutexLock lock(files.mutex);
    while (files.making) files.made.wait(files.mutex);
    if (!files.may_make()) return files.why_not_make(options_);
    number = files.next_number;
    origin = files.spare_for(number);
    files.making = true;
    files.making_fresh = !origin;
  }
  Status status;
  if (!origin) {
    status = write_fresh_file(path_of(number));
  } else if (*origin != number) {
    status = env_.rename(path_of(*origin), path_of(number));
  }
  const bool named = status.ok();
  if (named) status = env_.sync_directory(options_.directory);
  const bool durable = status.ok();
  std::unique_ptr<File> file;
  if (durable) {
    auto opened = env_.open(path_of(number), {OpenMode::kReadWrite, true});
    status = opened.status();
    if (opened.ok()) file = std::move(opened).value();
  }

  MutexLock lock(files.mutex);
  files.making = files.making_fresh = false;
  files.directory_in_doubt = named && !durable;
  if (named) {
    if (origin) std::erase(files.spare, *origin);
    if (file != nullptr) {
      files.ready.push_back({number, std::move(file)});
      ++files.next_number;
    } else {
      files.spare.push_back(number);
    }
  }
  files.made.notify_all();
  return status;
}

// The file gets its name only when all its blocks are on the medium. One that could not be finished
// is removed at once: a full disk needs the room.
Status Log::write_fresh_file(const std::string& path) {
  const std::string unfinished = options_.directory + kUnfinishedName;
  Status status = env_.remove(unfinished);  // of a run that was cut short
  if (!status.ok() && status.code() != Code::kNotFound) return status;
  status = fill_file(unfinished);
  if (status.ok()) status = env_.rename(unfinished, path);
  if (status.ok()) return status;
  const Status removed = env_.remove(unfinished);
  if (removed.ok() || removed.code() == Code::kNotFound) return status;
  return Status(status.code(), status.message() + "; " + removed.message());
}

Status Log::fill_file(const std::string& path) {
  MOTE_ASSIGN(const auto file, env_.open(path, {OpenMode::kCreate, true}));
  for (uint64_t at = 0; at < options_.file_bytes; at += kZeroPieceBytes) {
    const size_t size = std::min<uint64_t>(kZeroPieceBytes, options_.file_bytes - at);
    MOTE_TRY(file->write(at, {zeros, size}));
  }
  return file->sync();
}

Status Log::release(Lsn floor) {
  MOTE_TRY(check_lsn(options_, "log floor", floor));
  if (floor > end_lsn()) {
    return invalid_argument("log floor %llu lies beyond its end %llu", number_of(floor),
                            number_of(end_lsn()));
  }
  Files& files = *files_;
  MutexLock lock(files.mutex);
  files.floor = std::max(files.floor, floor);
  const auto kept =
      std::lower_bound(files.live.begin(), files.live.end(), files.floor / options_.file_bytes);
  files.spare.insert(files.spare.end(), files.live.begin(), kept);
  files.live.erase(files.live.begin(), kept);
  return {};
}

uint64_t Log::pool_bytes() const {
  MutexLock lock(files_->mutex);
  return files_->count() * options_.file_bytes;
}

uint64_t Log::live_bytes() const {
  MutexLock lock(files_->mutex);
  return end_lsn() - files_->floor;
}

}  // namespace mote
