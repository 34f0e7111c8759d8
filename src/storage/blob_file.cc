#include "storage/blob_file.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>

#include "base/checksum.h"
#include "base/coding.h"
#include "base/limits.h"
#include "storage/aligned_bytes.h"

namespace mote {

namespace {

constexpr size_t kLeastStagingBytes = 256 * 1024;
constexpr size_t kMostStagingBytes = 4u << 20;
constexpr uint64_t kTruncateStepBytes = 8u << 20;
constexpr size_t kOpenFiles = 64;  // kept open for reading
constexpr char kNameFormat[] = "blob-%08u";
constexpr char kNamePrefix[] = "blob-";

// The number in a blob file's name; false when it is another file's name.
bool parse_name(const std::string& name, uint32_t* file) {
  if (name.compare(0, sizeof kNamePrefix - 1, kNamePrefix) != 0) return false;
  uint64_t number = 0;
  for (size_t i = sizeof kNamePrefix - 1; i < name.size(); ++i) {
    if (name[i] < '0' || name[i] > '9' || number > UINT32_MAX) return false;
    number = number * 10 + static_cast<uint64_t>(name[i] - '0');
  }
  *file = static_cast<uint32_t>(number);
  return number <= UINT32_MAX && name == blob_file_name(*file);
}

}  // namespace

std::string blob_file_name(uint32_t file) { return format_text(kNameFormat, file); }

void BlobReference::serialize(std::string* out) const {
  ByteWriter writer(out);
  writer.fixed(file);
  writer.fixed(offset);
  writer.fixed(size_bytes);
  writer.fixed(checksum);
}

Result<BlobReference> BlobReference::deserialize(std::string_view bytes) {
  ByteReader reader(bytes);
  BlobReference reference;
  reference.file = reader.fixed<uint32_t>();
  reference.offset = reader.fixed<uint64_t>();
  reference.size_bytes = reader.fixed<uint64_t>();
  reference.checksum = reader.fixed<uint64_t>();
  if (reader.failed() || reader.remaining() != 0) {
    return corruption("a blob reference has %zu bytes, expected %zu", bytes.size(), kBytes);
  }
  if (reference.offset % kLogBlockBytes != 0 || reference.size_bytes > kMaxValueBytes) {
    return corruption("a blob reference to %s has offset %llu and size %llu",
                      blob_file_name(reference.file).c_str(),
                      static_cast<unsigned long long>(reference.offset),
                      static_cast<unsigned long long>(reference.size_bytes));
  }
  return reference;
}

struct BlobStore::State {
  State(Env& e, std::string d, uint64_t id, MemoryBudget& b)
      : env(e), directory(std::move(d)), database_id(id), budget(b) {}

  Env& env;
  const std::string directory;
  const uint64_t database_id;
  MemoryBudget& budget;

  Mutex write_mutex{LockRank::kBlob};  // of what follows
  std::unique_ptr<File> writing;       // null between files
  uint32_t writing_number = 0;
  uint64_t end = 0;  // where the next value goes
  uint64_t writing_bytes = 0;
  AlignedBytes staging;
  size_t staging_bytes = 0;
  MemoryCharge staging_charge;

  std::atomic<uint32_t> next_file{1};
  std::atomic<uint64_t> written_bytes{0};

  Mutex open_mutex{LockRank::kLeaf};
  std::map<uint32_t, std::shared_ptr<File>> open_files;

  std::string path_of(uint32_t file) const { return directory + "/" + blob_file_name(file); }
  // Different for every place of every database, so a value in another place does not verify.
  uint64_t seed_of(uint32_t file, uint64_t offset) const {
    return mix64(database_id ^ mix64((static_cast<uint64_t>(file) << 32) ^ offset));
  }

  Status make_staging(uint64_t padded_bytes);
  Status start_file(uint64_t least_bytes);
  Status end_file();
  Status write_value(std::string_view value);
  Result<std::shared_ptr<File>> open_for_reading(uint32_t file);
  Status remove_file(uint32_t file, const Pace& pace);
};

// Makes the staging buffer as large as the value, within bounds; a budget that is nearly used up
// leaves it smaller, which costs more writes.
Status BlobStore::State::make_staging(uint64_t padded_bytes) {
  const auto wanted = static_cast<size_t>(
      std::clamp<uint64_t>(padded_bytes, kLeastStagingBytes, kMostStagingBytes));
  if (wanted <= staging_bytes) return {};
  size_t size = wanted;
  if (Status status = staging_charge.grow(budget, wanted - staging_bytes, "blob staging");
      !status.ok()) {
    if (staging_bytes != 0) return {};
    size = kLeastStagingBytes;
    MOTE_TRY(staging_charge.grow(budget, size, "blob staging"));
  }
  staging.reset();
  staging = allocate_aligned(size);
  staging_bytes = size;
  return {};
}

// The file gets its size once, so that writing into it changes only its block map.
Status BlobStore::State::start_file(uint64_t least_bytes) {
  const uint32_t number = next_file.fetch_add(1, std::memory_order_relaxed);
  MOTE_ASSIGN(auto file, env.open(path_of(number), {OpenMode::kCreate, /*durable_writes=*/true}));
  writing_bytes = std::max(least_bytes, kBlobFileBytes);
  MOTE_TRY(file->truncate(writing_bytes));
  MOTE_TRY(file->sync());
  MOTE_TRY(env.sync_directory(directory));
  writing = std::move(file);
  writing_number = number;
  end = 0;
  return {};
}

Status BlobStore::State::end_file() {
  if (writing == nullptr) return {};
  const std::unique_ptr<File> file = std::move(writing);
  MOTE_TRY(file->truncate(end));
  return file->sync();
}

Status BlobStore::State::write_value(std::string_view value) {
  const bool aligned = reinterpret_cast<uintptr_t>(value.data()) % kLogBlockBytes == 0;
  uint64_t offset = end;
  while (!value.empty()) {
    const size_t whole = value.size() / kLogBlockBytes * kLogBlockBytes;
    if (aligned && whole != 0 && (whole == value.size() || value.size() > staging_bytes)) {
      MOTE_TRY(writing->write(offset, as_bytes(value.substr(0, whole))));
      value.remove_prefix(whole);
      offset += whole;
      continue;
    }
    const size_t piece = std::min(value.size(), staging_bytes);
    const auto padded = static_cast<size_t>(round_up_to_block(piece));
    std::memcpy(staging.get(), value.data(), piece);
    std::memset(staging.get() + piece, 0, padded - piece);
    MOTE_TRY(writing->write(offset, {staging.get(), padded}));
    value.remove_prefix(piece);
    offset += padded;
  }
  return {};
}

Result<std::shared_ptr<File>> BlobStore::State::open_for_reading(uint32_t file) {
  {
    MutexLock lock(open_mutex);
    const auto found = open_files.find(file);
    if (found != open_files.end()) return found->second;
  }
  Result<std::unique_ptr<File>> opened = env.open(path_of(file), {OpenMode::kRead, false});
  if (!opened.ok()) {
    if (opened.status().code() != Code::kNotFound) return opened.status();
    return corruption("%s: the file is missing", blob_file_name(file).c_str());
  }
  std::shared_ptr<File> shared = std::move(opened).value();
  MutexLock lock(open_mutex);
  // The oldest goes: values are read mostly where they were written last.
  if (open_files.size() >= kOpenFiles) open_files.erase(open_files.begin());
  open_files.emplace(file, shared);
  return shared;
}

Status BlobStore::State::remove_file(uint32_t file, const Pace& pace) {
  {
    MutexLock lock(open_mutex);
    open_files.erase(file);
  }
  const std::string path = path_of(file);
  MOTE_ASSIGN(const FileStat status, env.stat(path));
  uint64_t left = status.size_bytes;
  if (left > kTruncateStepBytes) {
    MOTE_ASSIGN(const auto opened, env.open(path, {OpenMode::kReadWrite, false}));
    while (left > kTruncateStepBytes) {
      if (pace) MOTE_TRY(pace(kTruncateStepBytes));
      left -= kTruncateStepBytes;
      MOTE_TRY(opened->truncate(left));
    }
  }
  if (pace) MOTE_TRY(pace(static_cast<size_t>(left)));
  return env.remove(path);
}

BlobStore::BlobStore(Env& env, std::string directory, uint64_t database_id, MemoryBudget& budget)
    : state_(std::make_unique<State>(env, std::move(directory), database_id, budget)) {}

BlobStore::~BlobStore() = default;

Result<BlobReference> BlobStore::append(std::string_view value) {
  if (value.size() > kMaxValueBytes) {
    return limit_exceeded("a value has %zu bytes; the limit is %llu", value.size(),
                          static_cast<unsigned long long>(kMaxValueBytes));
  }
  const uint64_t padded = round_up_to_block(value.size());
  State& s = *state_;
  MutexLock lock(s.write_mutex);
  MOTE_TRY(s.make_staging(padded));
  if (s.writing != nullptr && s.end + padded > s.writing_bytes) MOTE_TRY(s.end_file());
  if (s.writing == nullptr) MOTE_TRY(s.start_file(padded));
  BlobReference reference;
  reference.file = s.writing_number;
  reference.offset = s.end;
  reference.size_bytes = value.size();
  reference.checksum = checksum(value, s.seed_of(reference.file, reference.offset));
  if (Status status = s.write_value(value); !status.ok()) {
    s.writing.reset();
    return status;
  }
  s.end += padded;
  s.written_bytes.fetch_add(padded, std::memory_order_relaxed);
  return reference;
}

Status BlobStore::read(const BlobReference& reference, char* out) const {
  const std::span<char> room(out, reference.size_bytes);
  MOTE_TRY(read_range(reference, 0, room));
  const uint64_t found = checksum(std::string_view(out, reference.size_bytes),
                                  state_->seed_of(reference.file, reference.offset));
  if (found == reference.checksum) return {};
  return corruption(
      "%s: the value of %llu bytes at offset %llu has checksum %016llx, expected "
      "%016llx",
      blob_file_name(reference.file).c_str(), static_cast<unsigned long long>(reference.size_bytes),
      static_cast<unsigned long long>(reference.offset), static_cast<unsigned long long>(found),
      static_cast<unsigned long long>(reference.checksum));
}

Status BlobStore::read_range(const BlobReference& reference, uint64_t offset,
                             std::span<char> out) const {
  if (offset > reference.size_bytes || out.size() > reference.size_bytes - offset) {
    return invalid_argument("bytes %llu to %llu of a value of %llu bytes",
                            static_cast<unsigned long long>(offset),
                            static_cast<unsigned long long>(offset + out.size()),
                            static_cast<unsigned long long>(reference.size_bytes));
  }
  MOTE_ASSIGN(const std::shared_ptr<File> file, state_->open_for_reading(reference.file));
  return file->read(reference.offset + offset, std::as_writable_bytes(out));
}

void BlobStore::set_next_file(uint32_t file) {
  state_->next_file.store(file, std::memory_order_relaxed);
}

uint32_t BlobStore::next_file() const { return state_->next_file.load(std::memory_order_relaxed); }

Status BlobStore::drop_unreferenced(const std::set<uint32_t>& referenced, uint32_t end,
                                    const Pace& pace) {
  State& s = *state_;
  uint32_t writing = 0;
  bool is_writing = false;
  {
    MutexLock lock(s.write_mutex);
    is_writing = s.writing != nullptr;
    writing = s.writing_number;
    end = std::min(end, next_file());  // files made from here on are not ours to drop
  }
  MOTE_ASSIGN(const std::vector<std::string> names, s.env.list(s.directory));
  bool removed = false;
  for (const std::string& name : names) {
    uint32_t file;
    if (!parse_name(name, &file) || file >= end || referenced.contains(file)) continue;
    if (is_writing && file == writing) continue;
    MOTE_TRY(s.remove_file(file, pace));
    removed = true;
  }
  return removed ? s.env.sync_directory(s.directory) : Status();
}

Status BlobStore::seal() {
  MutexLock lock(state_->write_mutex);
  return state_->end_file();
}

uint64_t BlobStore::written_bytes() const {
  return state_->written_bytes.load(std::memory_order_relaxed);
}

}  // namespace mote
