// For fuzzing: a scan over any bytes.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>
#include <string>

#include "base/check.h"
#include "base/coding.h"
#include "env/simulated_env.h"
#include "wal/group.h"
#include "wal/log.h"

namespace mote {

// Cuts `input` into log files (the second byte says after how many blocks) and scans them. The
// first byte says how many blocks get a checksum that fits, so that the checks behind it are
// reached. Whatever stands there, the scan must end and what it visits must be a chain.
inline void scan_any_bytes(std::span<const std::byte> input) {
  if (input.size() < 2) return;
  LogOptions options;
  options.directory = "db";
  options.database_id = 7;
  options.epoch = 9;
  options.file_bytes = kMinLogFileBytes;
  options.limit_bytes = 8 * kMinLogFileBytes;
  const size_t sealed_blocks = static_cast<size_t>(input[0]) % 64;
  const size_t file_bytes = (1 + static_cast<size_t>(input[1]) % 17) * kLogBlockBytes;
  std::string bytes(as_text(input.subspan(2)));
  for (size_t block = 0; block < sealed_blocks; ++block) {
    const size_t at = block * kLogBlockBytes;
    if (at >= bytes.size()) break;
    const std::span<std::byte> rest(reinterpret_cast<std::byte*>(bytes.data()) + at,
                                    bytes.size() - at);
    GroupHeader header;
    if (!decode_group_header(rest, options.file_bytes, &header)) continue;
    const size_t size = kGroupHeaderBytes + header.payload_bytes;
    if (size <= rest.size()) seal_group(header, options.database_id, rest.first(size));
  }
  SimulatedEnv env(1);
  MOTE_CHECK(env.create_directory("db").ok());
  uint64_t number = 0;
  for (size_t at = 0; at < bytes.size() && number < 8; at += file_bytes, ++number) {
    auto file = env.open(log_file_path("db", number), {OpenMode::kCreate, false});
    MOTE_CHECK(file.ok());
    MOTE_CHECK((*file)->write(0, as_bytes(std::string_view(bytes).substr(at, file_bytes))).ok());
  }
  Lsn end = 0;
  uint32_t epoch = 0;
  const GroupVisitor visit = [&](const GroupHeader& header, std::span<const std::byte> payload) {
    MOTE_CHECK(header.lsn >= end);
    MOTE_CHECK(header.epoch >= epoch);
    MOTE_CHECK(payload.size() == header.payload_bytes);
    end = header.end_lsn();
    epoch = header.epoch;
    return Status();
  };
  std::string damage;
  const auto report = scan_log(env, options, 0, visit, &damage);
  MOTE_CHECK(report.ok());
  MOTE_CHECK(report->end_lsn == end);
}

}  // namespace mote
