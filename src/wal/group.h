// The bytes of a commit group and the names of log files, shared by the writer and the scan.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "wal/log.h"

namespace mote {

inline constexpr uint32_t kGroupMagic = 0x4c57746d;  // "mtWL"
inline constexpr uint8_t kGroupVersion = 1;

constexpr uint32_t round_up_to_block(uint32_t size_bytes) {
  return (size_bytes + kLogBlockBytes - 1) / kLogBlockBytes * kLogBlockBytes;
}
inline constexpr uint32_t kMaxGroupBytes =
    round_up_to_block(kGroupHeaderBytes + kMaxGroupPayloadBytes);

// Writes the header into the first kGroupHeaderBytes of `group`, which holds header and payload,
// and the checksum of both into it.
void seal_group(const GroupHeader& header, uint64_t database_id, std::span<std::byte> group);

// Reads the header if its fields make sense for a group at header.lsn in files of file_bytes; says
// nothing of the checksum. `bytes` may be any; false for fewer than kGroupHeaderBytes.
bool decode_group_header(std::span<const std::byte> bytes, uint64_t file_bytes,
                         GroupHeader* header);

// The checksum that the group must carry and the one it carries. `group` is the header and the
// payload; it is the same again afterwards.
struct GroupChecksum {
  uint64_t expected = 0;
  uint64_t found = 0;
};
GroupChecksum check_group(const GroupHeader& header, uint64_t database_id,
                          std::span<std::byte> group);

// Errors: kInvalidArgument naming the option, its value and its limits.
Status check_log_options(const LogOptions& options);
// The same for an lsn from outside: on a block, in a file whose number list_log_files accepts.
Status check_lsn(const LogOptions& options, const char* name, Lsn lsn);

std::string log_file_path(const std::string& directory, uint64_t number);
// Beyond it, an lsn would not fit in 64 bits.
constexpr uint64_t max_log_file_number(uint64_t file_bytes) { return UINT64_MAX / file_bytes - 2; }
// The numbers of the log files in the directory, ascending; larger ones are no log files.
Result<std::vector<uint64_t>> list_log_files(Env& env, const LogOptions& options);

}  // namespace mote
