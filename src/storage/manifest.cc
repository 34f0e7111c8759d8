#include "storage/manifest.h"

#include <algorithm>
#include <cstring>

#include "base/checksum.h"
#include "base/coding.h"
#include "base/limits.h"
#include "storage/aligned_bytes.h"
#include "storage/manifest_record.h"

namespace mote {

namespace {

constexpr char kName[] = "MANIFEST";
constexpr char kNextName[] = "MANIFEST.next";
// Zeros behind the state of a new manifest: edits that fall there change no size, and a full disk
// does not refuse them.
constexpr uint64_t kSpareBytes = 64 * 1024;

// The file's first block.
constexpr uint64_t kMagic = 0x0a0d42446574'6f6dull;  // "moteDB\r\n"
constexpr size_t kHeaderBytes = 32;
constexpr uint64_t kHeaderSeed = 0x6d616e6966657374ull;

// A record: checksum u64 of all that follows | magic u32 | kind u32 | payload_bytes u64 | payload.
constexpr uint32_t kRecordMagic = 0x64726d6d;
constexpr size_t kRecordHeaderBytes = 24;
constexpr size_t kChecksumBytes = 8;
enum class RecordKind : uint32_t { kState = 1, kEdit = 2 };

uint64_t record_seed(uint64_t database_id, uint64_t position) {
  return mix64(database_id ^ mix64(position));
}

std::string make_header(uint64_t database_id) {
  std::string header;
  ByteWriter writer(&header);
  writer.fixed(kMagic);
  writer.fixed(kFormatVersion);
  writer.fixed(uint32_t{0});
  writer.fixed(database_id);
  writer.fixed(checksum(header, kHeaderSeed));
  return header;
}

// Writes the record's bytes to `out`, zeros up to the end of its last block included.
void put_record(RecordKind kind, std::string_view payload, uint64_t database_id, uint64_t position,
                std::byte* out) {
  char* const bytes = reinterpret_cast<char*>(out);
  store_fixed(bytes + 8, kRecordMagic);
  store_fixed(bytes + 12, kind);
  store_fixed(bytes + 16, static_cast<uint64_t>(payload.size()));
  std::memcpy(bytes + kRecordHeaderBytes, payload.data(), payload.size());
  const size_t size = kRecordHeaderBytes + payload.size();
  std::memset(bytes + size, 0, round_up_to_block(size) - size);
  const std::string_view covered(bytes + kChecksumBytes, size - kChecksumBytes);
  store_fixed(bytes, checksum(covered, record_seed(database_id, position)));
}

struct Record {
  RecordKind kind;
  std::string_view payload;
  uint64_t end;  // where the next record stands
};

// The record at `position`, when there is an intact one.
std::optional<Record> record_at(std::string_view file, uint64_t database_id, uint64_t position) {
  if (file.size() - position < kRecordHeaderBytes) return std::nullopt;
  const char* const bytes = file.data() + position;
  if (load_fixed<uint32_t>(bytes + 8) != kRecordMagic) return std::nullopt;
  const auto payload_bytes = load_fixed<uint64_t>(bytes + 16);
  if (payload_bytes > file.size() - position - kRecordHeaderBytes) return std::nullopt;
  const std::string_view covered(bytes + kChecksumBytes,
                                 kRecordHeaderBytes - kChecksumBytes + payload_bytes);
  if (load_fixed<uint64_t>(bytes) != checksum(covered, record_seed(database_id, position))) {
    return std::nullopt;
  }
  return Record{static_cast<RecordKind>(load_fixed<uint32_t>(bytes + 12)),
                {bytes + kRecordHeaderBytes, payload_bytes},
                position + round_up_to_block(kRecordHeaderBytes + payload_bytes)};
}

Result<uint64_t> check_header(const std::string& path, std::string_view file) {
  ByteReader reader(file);
  const auto magic = reader.fixed<uint64_t>();
  const auto version = reader.fixed<uint32_t>();
  reader.fixed<uint32_t>();
  const auto database_id = reader.fixed<uint64_t>();
  if (reader.failed() || magic != kMagic) {
    return corruption("%s: is not the manifest of a moteDB database", path.c_str());
  }
  if (version > kFormatVersion) {
    return corruption(
        "%s: the database has format version %u; this program knows versions up to %u",
        path.c_str(), version, kFormatVersion);
  }
  const uint64_t expected = checksum(file.substr(0, reader.position()), kHeaderSeed);
  const auto found = reader.fixed<uint64_t>();
  if (reader.failed() || found != expected) {
    return corruption("%s: the header's checksum is %016llx, expected %016llx", path.c_str(),
                      static_cast<unsigned long long>(found),
                      static_cast<unsigned long long>(expected));
  }
  return database_id;
}

Status check_free(Env& env, const std::string& directory, uint64_t size_bytes) {
  MOTE_ASSIGN(const uint64_t free_bytes, env.free_bytes(directory));
  if (free_bytes >= size_bytes) return {};
  return disk_full("%s: the manifest needs %llu bytes more; %llu are free", directory.c_str(),
                   static_cast<unsigned long long>(size_bytes),
                   static_cast<unsigned long long>(free_bytes));
}

Status remove_if_there(Env& env, const std::string& path) {
  Status status = env.remove(path);
  if (status.code() == Code::kNotFound) return {};
  return status;
}

}  // namespace

Manifest::Manifest(Env& env, std::string directory) : env_(env), directory_(std::move(directory)) {}

Result<std::unique_ptr<Manifest>> Manifest::create(Env& env, const std::string& directory) {
  const std::string path = directory + "/" + kName;
  const Result<FileStat> found = env.stat(path);
  if (found.ok()) return invalid_argument("%s: there is a database already", path.c_str());
  if (found.status().code() != Code::kNotFound) return found.status();
  std::unique_ptr<Manifest> manifest(new Manifest(env, directory));
  std::byte id[sizeof(uint64_t)];
  env.random(id);
  manifest->state_.database_id = load_fixed<uint64_t>(id);
  MOTE_TRY(manifest->rewrite());
  return manifest;
}

Result<std::unique_ptr<Manifest>> Manifest::open(Env& env, const std::string& directory,
                                                 bool writable) {
  std::unique_ptr<Manifest> manifest(new Manifest(env, directory));
  MOTE_TRY(manifest->load(writable));
  return manifest;
}

Status Manifest::load(bool writable) {
  const std::string path = directory_ + "/" + kName;
  MOTE_ASSIGN(auto file, env_.open(path, {OpenMode::kRead, false}));
  MOTE_ASSIGN(allocated_bytes_, file->size());
  if (allocated_bytes_ > kMaxManifestBytes) {
    return corruption("%s: has %llu bytes; the limit is %llu", path.c_str(),
                      static_cast<unsigned long long>(allocated_bytes_),
                      static_cast<unsigned long long>(kMaxManifestBytes));
  }
  std::string bytes(allocated_bytes_, '\0');
  MOTE_TRY(file->read(0, std::as_writable_bytes(std::span(bytes))));
  MOTE_ASSIGN(const uint64_t database_id, check_header(path, bytes));

  const auto first =
      bytes.size() < kLogBlockBytes ? std::nullopt : record_at(bytes, database_id, kLogBlockBytes);
  if (!first.has_value() || first->kind != RecordKind::kState) {
    return corruption("%s: the state at byte %u is damaged", path.c_str(), kLogBlockBytes);
  }
  Result<ManifestState> state = deserialize_state(first->payload);
  if (!state.ok()) return std::move(state).status().in(path);
  state_ = std::move(state).value();
  state_.database_id = database_id;
  base_bytes_ = end_ = first->end;
  while (end_ < bytes.size()) {
    const std::optional<Record> record = record_at(bytes, database_id, end_);
    if (!record.has_value()) break;
    const std::string place =
        format_text("%s: edit at byte %llu", path.c_str(), static_cast<unsigned long long>(end_));
    if (record->kind != RecordKind::kEdit) return corruption("%s: is not an edit", place.c_str());
    Result<ManifestEdit> edit = deserialize_edit(record->payload);
    if (!edit.ok()) return std::move(edit).status().in(place);
    if (Status status = apply_edit(*edit, &state_); !status.ok()) {
      return std::move(status).in(place);
    }
    end_ = record->end;
  }
  // An edit was acknowledged before the next was written, so an intact record behind a bad place
  // shows that the bad place is damage and not the edit that power failed in.
  for (uint64_t later = end_ + kLogBlockBytes; later < bytes.size(); later += kLogBlockBytes) {
    if (!record_at(bytes, database_id, later).has_value()) continue;
    return corruption("%s: the edit at byte %llu is damaged; the one at byte %llu is intact",
                      path.c_str(), static_cast<unsigned long long>(end_),
                      static_cast<unsigned long long>(later));
  }
  if (writable) {
    MOTE_ASSIGN(file_, env_.open(path, {OpenMode::kReadWrite, /*durable_writes=*/true}));
  }
  return {};
}

// Writes the state to a new file and puts it in the place of the old one. When this fails before
// the rename, nothing has changed; after that, nobody knows, and the manifest is poisoned.
Status Manifest::rewrite() {
  const std::string next_path = directory_ + "/" + kNextName;
  std::string payload;
  serialize_state(state_, &payload);
  const uint64_t base_bytes =
      kLogBlockBytes + round_up_to_block(kRecordHeaderBytes + payload.size());
  const uint64_t size_bytes = base_bytes + kSpareBytes;
  if (size_bytes > kMaxManifestBytes) {
    return limit_exceeded("the manifest would have %llu bytes; the limit is %llu",
                          static_cast<unsigned long long>(size_bytes),
                          static_cast<unsigned long long>(kMaxManifestBytes));
  }
  MOTE_TRY(check_free(env_, directory_, size_bytes));
  const AlignedBytes bytes = allocate_aligned(size_bytes);
  std::memset(bytes.get(), 0, size_bytes);
  const std::string header = make_header(state_.database_id);
  static_assert(kHeaderBytes == 8 + 4 + 4 + 8 + 8);
  std::memcpy(bytes.get(), header.data(), kHeaderBytes);
  put_record(RecordKind::kState, payload, state_.database_id, kLogBlockBytes,
             bytes.get() + kLogBlockBytes);

  MOTE_TRY(remove_if_there(env_, next_path));
  MOTE_ASSIGN(auto file, env_.open(next_path, {OpenMode::kCreate, /*durable_writes=*/true}));
  MOTE_TRY(file->write(0, {bytes.get(), size_bytes}));
  MOTE_TRY(file->sync());
  Status status = env_.rename(next_path, directory_ + "/" + kName);
  if (status.ok()) status = env_.sync_directory(directory_);
  if (!status.ok()) {
    poisoned_ = true;
    return status;
  }
  file_ = std::move(file);
  base_bytes_ = end_ = base_bytes;
  allocated_bytes_ = size_bytes;
  return {};
}

Status Manifest::append(const ManifestEdit& edit) {
  if (poisoned_) {
    return read_only("%s: a write of the manifest has failed; the database must be opened again",
                     directory_.c_str());
  }
  if (file_ == nullptr) return read_only("%s: opened for reading", directory_.c_str());
  ManifestState next = state_;
  MOTE_TRY(apply_edit(edit, &next));

  if (end_ > std::max(kManifestRewriteBytes, 2 * base_bytes_)) {
    // On a full disk the old file serves on: its edits may be what makes room.
    if (Status status = rewrite(); !status.ok() && status.code() != Code::kDiskFull) {
      poisoned_ = true;
      return status;
    }
  }
  std::string payload;
  serialize_edit(edit, &payload);
  const uint64_t size_bytes = round_up_to_block(kRecordHeaderBytes + payload.size());
  if (end_ + size_bytes > kMaxManifestBytes) {
    return limit_exceeded("the manifest would have %llu bytes; the limit is %llu",
                          static_cast<unsigned long long>(end_ + size_bytes),
                          static_cast<unsigned long long>(kMaxManifestBytes));
  }
  if (end_ + size_bytes > allocated_bytes_) MOTE_TRY(check_free(env_, directory_, size_bytes));
  const AlignedBytes bytes = allocate_aligned(size_bytes);
  put_record(RecordKind::kEdit, payload, state_.database_id, end_, bytes.get());
  if (Status status = file_->write(end_, {bytes.get(), size_bytes}); !status.ok()) {
    poisoned_ = true;
    return status;
  }
  end_ += size_bytes;
  allocated_bytes_ = std::max(allocated_bytes_, end_);
  state_ = std::move(next);
  return {};
}

}  // namespace mote
