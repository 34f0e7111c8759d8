// Delete sets on disk: magic u32 | version u32 | a serialized RowSet. The checksum of the whole
// stands in the manifest.
#include "base/checksum.h"
#include "base/coding.h"
#include "storage/manifest.h"

namespace mote {

namespace {

constexpr uint32_t kMagic = 0x6c65646d;
constexpr size_t kHeaderBytes = 8;
constexpr uint64_t kMaxDeletesBytes = 1u << 30;

Status write_file(Env& env, const std::string& directory, const std::string& path,
                  std::string_view bytes) {
  MOTE_ASSIGN(auto file, env.open(path, {OpenMode::kCreate, false}));
  MOTE_TRY(file->write(0, as_bytes(bytes)));
  MOTE_TRY(file->sync());
  return env.sync_directory(directory);
}

}  // namespace

std::string deletes_file_name(uint64_t file) {
  return format_text("deletes-%08llu", static_cast<unsigned long long>(file));
}

Result<uint64_t> write_deletes(Env& env, const std::string& directory, uint64_t file,
                               const RowSet& rows) {
  std::string bytes;
  ByteWriter writer(&bytes);
  writer.fixed(kMagic);
  writer.fixed(kFormatVersion);
  std::string set;
  rows.serialize(&set);
  writer.bytes(set);
  const std::string path = directory + "/" + deletes_file_name(file);
  // A file that a crash left under this number was never named by the manifest.
  if (Status status = env.remove(path); !status.ok() && status.code() != Code::kNotFound) {
    return status;
  }
  if (Status status = write_file(env, directory, path, bytes); !status.ok()) {
    // What is left is an orphan, which recovery removes if this does not.
    static_cast<void>(env.remove(path).ok());
    return status;
  }
  return checksum(bytes, mix64(file));
}

Result<RowSet> read_deletes(Env& env, const std::string& directory, uint64_t file,
                            uint64_t expected) {
  const std::string name = deletes_file_name(file);
  Result<std::unique_ptr<File>> opened = env.open(directory + "/" + name, {OpenMode::kRead, false});
  if (!opened.ok()) {
    if (opened.status().code() != Code::kNotFound) return opened.status();
    return corruption("%s: the file is missing", name.c_str());
  }
  MOTE_ASSIGN(const uint64_t size_bytes, (*opened)->size());
  if (size_bytes < kHeaderBytes || size_bytes > kMaxDeletesBytes) {
    return corruption("%s: has %llu bytes", name.c_str(),
                      static_cast<unsigned long long>(size_bytes));
  }
  std::string bytes(size_bytes, '\0');
  MOTE_TRY((*opened)->read(0, std::as_writable_bytes(std::span(bytes))));
  const uint64_t found = checksum(bytes, mix64(file));
  if (found != expected) {
    return corruption("%s: the checksum is %016llx, expected %016llx", name.c_str(),
                      static_cast<unsigned long long>(found),
                      static_cast<unsigned long long>(expected));
  }
  ByteReader reader(bytes);
  const auto magic = reader.fixed<uint32_t>();
  const auto version = reader.fixed<uint32_t>();
  if (magic != kMagic || version != kFormatVersion) {
    return corruption("%s: magic %08x and version %u, expected %08x and %u", name.c_str(), magic,
                      version, kMagic, kFormatVersion);
  }
  return RowSet::deserialize(std::string_view(bytes).substr(kHeaderBytes));
}

}  // namespace mote
