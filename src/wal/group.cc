#include "wal/group.h"

#include <algorithm>

#include "base/checksum.h"
#include "base/coding.h"

namespace mote {

namespace {

constexpr std::string_view kFilePrefix = "log-";
constexpr size_t kNumberDigits = 16;

// Where the fields of the header lie; log.h has the picture.
constexpr size_t kVersionAt = 4;
constexpr size_t kFlagsAt = 5;
constexpr size_t kRecordCountAt = 6;
constexpr size_t kLsnAt = 8;
constexpr size_t kPayloadBytesAt = 16;
constexpr size_t kEpochAt = 20;
constexpr size_t kDurableLsnAt = 24;
constexpr size_t kSequenceAt = 32;
constexpr size_t kWallAt = 40;
constexpr size_t kReservedAt = 48;
constexpr size_t kChecksumAt = 56;
static_assert(kChecksumAt + sizeof(uint64_t) == kGroupHeaderBytes);

uint64_t group_checksum(const GroupHeader& header, uint64_t database_id,
                        std::span<const std::byte> group) {
  return checksum(group, mix64(database_id ^ mix64(header.epoch ^ mix64(header.lsn))));
}

// Gives the number of a name as log_file_path makes it.
std::optional<uint64_t> parse_number(std::string_view name) {
  if (name.size() != kFilePrefix.size() + kNumberDigits || !name.starts_with(kFilePrefix)) {
    return std::nullopt;
  }
  uint64_t number = 0;
  for (const char c : name.substr(kFilePrefix.size())) {
    const bool decimal = c >= '0' && c <= '9';
    if (!decimal && (c < 'a' || c > 'f')) return std::nullopt;
    number = number << 4 | static_cast<uint64_t>(decimal ? c - '0' : c - 'a' + 10);
  }
  return number;
}

}  // namespace

Lsn GroupHeader::end_lsn() const {
  return lsn + round_up_to_block(kGroupHeaderBytes + payload_bytes);
}

void seal_group(const GroupHeader& header, uint64_t database_id, std::span<std::byte> group) {
  std::byte* const at = group.data();
  store_fixed(at, kGroupMagic);
  store_fixed(at + kVersionAt, kGroupVersion);
  store_fixed(at + kFlagsAt, uint8_t{0});
  store_fixed(at + kRecordCountAt, header.record_count);
  store_fixed(at + kLsnAt, header.lsn);
  store_fixed(at + kPayloadBytesAt, header.payload_bytes);
  store_fixed(at + kEpochAt, header.epoch);
  store_fixed(at + kDurableLsnAt, header.durable_lsn);
  store_fixed(at + kSequenceAt, header.sequence);
  store_fixed(at + kWallAt, header.wall_ns);
  store_fixed(at + kReservedAt, uint64_t{0});
  store_fixed(at + kChecksumAt, uint64_t{0});
  store_fixed(at + kChecksumAt, group_checksum(header, database_id, group));
}

bool decode_group_header(std::span<const std::byte> bytes, uint64_t file_bytes,
                         GroupHeader* header) {
  if (bytes.size() < kGroupHeaderBytes) return false;
  const std::byte* const at = bytes.data();
  if (load_fixed<uint32_t>(at) != kGroupMagic) return false;
  if (load_fixed<uint8_t>(at + kVersionAt) != kGroupVersion) return false;
  if (load_fixed<uint8_t>(at + kFlagsAt) != 0) return false;
  if (load_fixed<uint64_t>(at + kReservedAt) != 0) return false;
  header->record_count = load_fixed<uint16_t>(at + kRecordCountAt);
  header->lsn = load_fixed<uint64_t>(at + kLsnAt);
  header->payload_bytes = load_fixed<uint32_t>(at + kPayloadBytesAt);
  header->epoch = load_fixed<uint32_t>(at + kEpochAt);
  header->durable_lsn = load_fixed<uint64_t>(at + kDurableLsnAt);
  header->sequence = load_fixed<uint64_t>(at + kSequenceAt);
  header->wall_ns = load_fixed<int64_t>(at + kWallAt);
  if (header->lsn % kLogBlockBytes != 0 || header->durable_lsn > header->lsn) return false;
  if (header->payload_bytes > kMaxGroupPayloadBytes) return false;
  return round_up_to_block(kGroupHeaderBytes + header->payload_bytes) <=
         file_bytes - header->lsn % file_bytes;
}

GroupChecksum check_group(const GroupHeader& header, uint64_t database_id,
                          std::span<std::byte> group) {
  std::byte* const field = group.data() + kChecksumAt;
  GroupChecksum result;
  result.found = load_fixed<uint64_t>(field);
  store_fixed(field, uint64_t{0});
  result.expected = group_checksum(header, database_id, group);
  store_fixed(field, result.found);
  return result;
}

Status check_log_options(const LogOptions& options) {
  const unsigned long long file_bytes = options.file_bytes;
  if (file_bytes < kMinLogFileBytes || file_bytes > kMaxLogFileBytes ||
      file_bytes % kLogBlockBytes != 0) {
    return invalid_argument(
        "log file size is %llu bytes; a multiple of %u in [%llu, %llu] is possible", file_bytes,
        kLogBlockBytes, static_cast<unsigned long long>(kMinLogFileBytes),
        static_cast<unsigned long long>(kMaxLogFileBytes));
  }
  if (options.limit_bytes / kMinLogFiles < file_bytes) {
    return invalid_argument("log limit is %llu bytes; at least %u files of %llu bytes are needed",
                            static_cast<unsigned long long>(options.limit_bytes), kMinLogFiles,
                            file_bytes);
  }
  return {};
}

Status check_lsn(const LogOptions& options, const char* name, Lsn lsn) {
  if (lsn % kLogBlockBytes == 0 &&
      lsn / options.file_bytes <= max_log_file_number(options.file_bytes)) {
    return {};
  }
  return invalid_argument("%s is %llu; a multiple of %u in a file up to %llu is possible", name,
                          static_cast<unsigned long long>(lsn), kLogBlockBytes,
                          static_cast<unsigned long long>(max_log_file_number(options.file_bytes)));
}

std::string log_file_path(const std::string& directory, uint64_t number) {
  return format_text("%s/log-%016llx", directory.c_str(), static_cast<unsigned long long>(number));
}

Result<std::vector<uint64_t>> list_log_files(Env& env, const LogOptions& options) {
  MOTE_ASSIGN(const std::vector<std::string> names, env.list(options.directory));
  std::vector<uint64_t> numbers;
  for (const std::string& name : names) {
    const std::optional<uint64_t> number = parse_number(name);
    if (number && *number <= max_log_file_number(options.file_bytes)) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace mote
