// For tests: a log whose groups tell by their number what they must hold.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "base/coding.h"
#include "env/simulated_env.h"
#include "wal/group.h"
#include "wal/log.h"

namespace mote {

struct ReadGroup {
  GroupHeader header;
  std::string payload;
};

struct WrittenGroup {
  GroupHeader header;
  std::string payload;
  bool acknowledged = false;
};

// Small files, so that a test meets their ends often.
inline LogOptions small_log(uint32_t file_count = 5) {
  LogOptions options;
  options.directory = "db";
  options.database_id = 0x1234567890abcdefu;
  options.file_bytes = kMinLogFileBytes;
  options.limit_bytes = file_count * options.file_bytes;
  return options;
}

inline std::unique_ptr<SimulatedEnv> machine_with_directory(uint64_t seed) {
  auto env = std::make_unique<SimulatedEnv>(seed);
  EXPECT_TRUE(env->create_directory("db").ok());
  EXPECT_TRUE(env->sync_directory(".").ok());
  return env;
}

// Bytes that depend on number and place; none is zero, so that no byte can go missing unseen.
inline std::string payload_of(uint64_t number, size_t size_bytes) {
  std::mt19937_64 random(number);
  std::string payload(size_bytes, '\0');
  for (char& c : payload) c = static_cast<char>(1 + random() % 255);
  return payload;
}

// Appends group `number`. The group is in `written` also when the append failed half-way.
inline Status append_group(Log& log, uint64_t number, size_t size_bytes,
                           std::vector<WrittenGroup>* written) {
  WrittenGroup group;
  group.payload = payload_of(number, size_bytes);
  const std::span<std::byte> room = log.payload_room();
  std::memcpy(room.data(), group.payload.data(), std::min(size_bytes, room.size()));
  group.header.payload_bytes = static_cast<uint32_t>(size_bytes);
  group.header.record_count = static_cast<uint16_t>(number);
  group.header.sequence = number;
  group.header.wall_ns = -static_cast<int64_t>(number);
  Status status = log.append(group.header);
  group.acknowledged = status.ok();
  if (status.ok() || log.poisoned()) written->push_back(std::move(group));
  return status;
}

inline Result<ScanReport> read_log(Env& env, const LogOptions& options, Lsn floor,
                                   std::vector<ReadGroup>* groups, std::string* damage = nullptr) {
  groups->clear();
  return scan_log(
      env, options, floor,
      [&](const GroupHeader& header, std::span<const std::byte> payload) -> Status {
        groups->push_back({header, std::string(as_text(payload))});
        return {};
      },
      damage);
}

inline bool is_same(const ReadGroup& read, const WrittenGroup& written) {
  return read.payload == written.payload && read.header.lsn == written.header.lsn &&
         read.header.epoch == written.header.epoch &&
         read.header.payload_bytes == written.header.payload_bytes &&
         read.header.durable_lsn == written.header.durable_lsn &&
         read.header.sequence == written.header.sequence &&
         read.header.wall_ns == written.header.wall_ns &&
         read.header.record_count == written.header.record_count;
}

// The written groups from `floor` on.
inline std::vector<WrittenGroup> from_floor(const std::vector<WrittenGroup>& written, Lsn floor) {
  std::vector<WrittenGroup> rest;
  for (const WrittenGroup& group : written) {
    if (group.header.lsn >= floor) rest.push_back(group);
  }
  return rest;
}

// What was read must be the first groups of what was written, all acknowledged ones among them.
// Returns what is wrong, or nothing.
inline std::string wrong_prefix(const std::vector<ReadGroup>& read,
                                const std::vector<WrittenGroup>& written) {
  if (read.size() > written.size()) return "more groups than were written";
  for (size_t i = 0; i < read.size(); ++i) {
    if (!is_same(read[i], written[i])) return format_text("group %zu is another", i);
  }
  for (size_t i = read.size(); i < written.size(); ++i) {
    if (written[i].acknowledged) return format_text("acknowledged group %zu is lost", i);
  }
  return "";
}

}  // namespace mote
