#include <gtest/gtest.h>

#include <random>

#include "env/faulty_env.h"
#include "wal/log_model.h"
#include "wal/scan_fuzz.h"

namespace mote {
namespace {

constexpr size_t kBudgetBytes = 16u << 20;

// A finished log in memory: its machine, its groups, its end.
struct Written {
  std::unique_ptr<SimulatedEnv> env;
  LogOptions options;
  std::vector<WrittenGroup> groups;
  Lsn end = 0;

  std::string path(uint64_t number) const { return log_file_path("db", number); }
  std::string path_at(Lsn lsn) const { return path(lsn / options.file_bytes); }
  void damage(Lsn lsn, std::string_view bytes) const {
    ASSERT_TRUE(env->damage(path_at(lsn), lsn % options.file_bytes, bytes).ok());
  }
  char byte_at(Lsn lsn) const {
    return env->file_bytes(path_at(lsn)).value()[lsn % options.file_bytes];
  }
  void flip(Lsn lsn, int bit) const {
    const char flipped = static_cast<char>(byte_at(lsn) ^ (1 << bit));
    damage(lsn, std::string_view(&flipped, 1));
  }
};

void append_all(Written* log, Lsn start, const std::vector<size_t>& sizes) {
  MemoryBudget budget(kBudgetBytes);
  auto opened = Log::open(*log->env, log->options, 0, start, budget);
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  for (const size_t size : sizes) {
    const Status status = append_group(**opened, log->groups.size(), size, &log->groups);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  log->end = (*opened)->end_lsn();
}

Written written_log(const std::vector<size_t>& sizes) {
  Written log;
  log.env = machine_with_directory(1);
  log.options = small_log(20);
  append_all(&log, 0, sizes);
  return log;
}

std::vector<size_t> random_sizes(uint64_t seed, size_t count, size_t below) {
  std::mt19937_64 random(seed);
  std::vector<size_t> sizes(count);
  for (size_t& size : sizes) size = 1 + random() % below;
  return sizes;
}

// The scan must give exactly the first `count` groups and end well.
testing::AssertionResult gives(const Written& log, size_t count) {
  std::vector<ReadGroup> read;
  const auto report = read_log(*log.env, log.options, 0, &read);
  if (!report.ok()) return testing::AssertionFailure() << report.status().message();
  if (read.size() != count) {
    return testing::AssertionFailure() << read.size() << " groups, expected " << count;
  }
  for (size_t i = 0; i < count; ++i) {
    if (!is_same(read[i], log.groups[i])) return testing::AssertionFailure() << "group " << i;
  }
  const Lsn end = count == 0 ? 0 : log.groups[count - 1].header.end_lsn();
  if (report->end_lsn != end) return testing::AssertionFailure() << "end " << report->end_lsn;
  return testing::AssertionSuccess();
}

// The scan must report damage from lsn `from`, naming it and the file, and give exactly the
// `count` groups before it.
testing::AssertionResult reports_damage(const Written& log, size_t count, Lsn from, Lsn to) {
  std::vector<ReadGroup> read;
  const auto refused = read_log(*log.env, log.options, 0, &read);
  if (refused.status().code() != Code::kCorruption) {
    return testing::AssertionFailure() << "status: " << refused.status().message();
  }
  std::string damage;
  const auto report = read_log(*log.env, log.options, 0, &read, &damage);
  if (!report.ok()) return testing::AssertionFailure() << report.status().message();
  const std::string range =
      format_text("lsn %d to %d", static_cast<int>(from), static_cast<int>(to));
  const bool names_place = damage.find(range) != std::string::npos &&
                           damage.find(log.path_at(from)) != std::string::npos;
  if (!names_place) return testing::AssertionFailure() << damage << "; expected " << range;
  if (damage != refused.status().message()) return testing::AssertionFailure() << damage;
  if (read.size() != count) return testing::AssertionFailure() << read.size() << " groups";
  for (size_t i = 0; i < count; ++i) {
    if (!is_same(read[i], log.groups[i])) return testing::AssertionFailure() << "group " << i;
  }
  if (report->end_lsn != from) return testing::AssertionFailure() << "end " << report->end_lsn;
  return testing::AssertionSuccess();
}

// The number of groups whose bytes all lie before `cut`.
size_t whole_groups(const std::vector<WrittenGroup>& groups, Lsn cut) {
  size_t count = 0;
  for (const WrittenGroup& group : groups) {
    if (group.header.lsn + kGroupHeaderBytes + group.header.payload_bytes > cut) break;
    ++count;
  }
  return count;
}

// The last 64 KB lie in the last two files; the cut goes down through them byte by byte, and files
// after it are gone.
TEST(ScanLog, CutAtAnyByteGivesTheWholeGroupsBefore) {
  const Written log = written_log(random_sizes(2, 12, 9'000));
  ASSERT_GT(log.end, kMinLogFileBytes + kLogBlockBytes);
  uint64_t number = (log.end - 1) / log.options.file_bytes;
  for (Lsn cut = log.end; cut > log.end - 65'536; --cut) {
    if (cut < number * log.options.file_bytes) {
      ASSERT_TRUE(log.env->remove(log.path(number--)).ok());
    }
    auto file = log.env->open(log.path(number), {OpenMode::kReadWrite, false});
    ASSERT_TRUE((*file)->truncate(cut - number * log.options.file_bytes).ok());
    ASSERT_TRUE((*file)->sync().ok());
    ASSERT_TRUE(gives(log, whole_groups(log.groups, cut))) << cut;
  }
}

TEST(ScanLog, ZerosFromAnyByteGiveTheWholeGroupsBefore) {
  const Written log = written_log(random_sizes(3, 12, 9'000));
  ASSERT_GT(log.end, kMinLogFileBytes + kLogBlockBytes);
  for (Lsn cut = log.end; cut > log.end - 65'536; --cut) {
    if (cut < log.end) log.damage(cut, std::string_view("\0", 1));
    ASSERT_TRUE(gives(log, whole_groups(log.groups, cut))) << cut;
  }
}

// After a cut the log goes on, whatever size its file has.
TEST(ScanLog, LogGoesOnAfterACut) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 300; ++round) {
    Written log = written_log(random_sizes(4, 6, 9'000));
    const Lsn cut = random() % log.end;
    auto file = log.env->open(log.path(0), {OpenMode::kReadWrite, false});
    ASSERT_TRUE((*file)->truncate(cut).ok());
    ASSERT_TRUE((*file)->sync().ok());
    log.groups.resize(whole_groups(log.groups, cut));
    std::vector<ReadGroup> read;
    const auto report = read_log(*log.env, log.options, 0, &read);
    ASSERT_TRUE(report.ok()) << report.status().message();
    log.options.epoch = 2;
    append_all(&log, report->end_lsn, {5'000, 1, 60'000});
    ASSERT_TRUE(gives(log, log.groups.size())) << "cut " << cut;
  }
}

// One bit at a time: all of the header, any of payload and padding. Padding does not matter; a hurt
// group is damage unless it is the last, which is as if it had never been finished.
TEST(ScanLog, FlippedBitIsNeverTakenForData) {
  const Written log = written_log({5'000, 1, 30'000, 12'000, 28'000, 100, 4'032, 3'000});
  std::mt19937_64 random(5);
  for (size_t k = 0; k < log.groups.size(); ++k) {
    const GroupHeader& header = log.groups[k].header;
    const Lsn sealed_end = header.lsn + kGroupHeaderBytes + header.payload_bytes;
    const bool last = k + 1 == log.groups.size();
    std::vector<std::pair<Lsn, int>> flips;
    for (uint32_t i = 0; i < kGroupHeaderBytes * 8; ++i)
      flips.push_back({header.lsn + i / 8, i % 8});
    for (int i = 0; i < 300; ++i) {
      flips.push_back({header.lsn + random() % (header.end_lsn() - header.lsn), i % 8});
    }
    for (const auto& [lsn, bit] : flips) {
      SCOPED_TRACE(
          format_text("group %zu, byte %d, bit %d", k, static_cast<int>(lsn - header.lsn), bit));
      log.flip(lsn, bit);
      if (lsn >= sealed_end) {
        ASSERT_TRUE(gives(log, log.groups.size()));
      } else if (last) {
        ASSERT_TRUE(gives(log, k));
      } else {
        ASSERT_TRUE(
            reports_damage(log, k, header.durable_lsn, log.groups[k + 1].header.durable_lsn));
      }
      log.flip(lsn, bit);
    }
  }
  ASSERT_TRUE(gives(log, log.groups.size()));
}

// A device that lost one write, or many, shows zeros where acknowledged groups were.
TEST(ScanLog, LostWritesAreDamage) {
  const std::vector<size_t> sizes = random_sizes(6, 30, 9'000);
  const size_t count = sizes.size();
  for (size_t first = 0; first + 1 < count; ++first) {
    for (size_t lost = 1; first + lost < count; lost += 3) {
      const Written log = written_log(sizes);
      for (size_t k = first; k < first + lost; ++k) {
        const GroupHeader& header = log.groups[k].header;
        log.damage(header.lsn, std::string(header.end_lsn() - header.lsn, '\0'));
      }
      // A file that starts with zeros is in wait of use, unless it may hold the very next group.
      const Lsn from = log.groups[first].header.durable_lsn;
      const Lsn next = log.groups[first + lost].header.lsn;
      const uint64_t files_between = next / kMinLogFileBytes - from / kMinLogFileBytes;
      if (files_between > 1 && next % kMinLogFileBytes != 0) continue;
      ASSERT_TRUE(reports_damage(log, first, from, log.groups[first + lost].header.durable_lsn))
          << first << " " << lost;
    }
  }
}

// Garbage at the start of a later file does not hide the groups behind it.
TEST(ScanLog, GarbageOverManyGroupsIsDamage) {
  const Written log = written_log(random_sizes(7, 40, 9'000));
  ASSERT_GT(log.end, 3 * kMinLogFileBytes);
  std::mt19937_64 random(7);
  for (Lsn lsn = kLogBlockBytes * 4; lsn < 2 * kMinLogFileBytes + kLogBlockBytes; lsn += 8) {
    const uint64_t word = random();
    log.damage(lsn, std::string_view(reinterpret_cast<const char*>(&word), sizeof(word)));
  }
  std::vector<ReadGroup> read;
  const auto report = read_log(*log.env, log.options, 0, &read);
  EXPECT_EQ(report.status().code(), Code::kCorruption);
}

TEST(ScanLog, MissingFileIsDamage) {
  for (uint64_t number = 0; number < 3; ++number) {
    const Written log = written_log(random_sizes(8, 50, 9'000));
    ASSERT_GT(log.end, 4 * kMinLogFileBytes);
    size_t before = 0;
    while (log.groups[before].header.lsn < number * kMinLogFileBytes) ++before;
    const Lsn from = before == 0 ? 0 : log.groups[before - 1].header.end_lsn();
    size_t after = before;
    while (log.groups[after].header.lsn < (number + 1) * kMinLogFileBytes) ++after;
    ASSERT_TRUE(log.env->remove(log.path(number)).ok());
    EXPECT_TRUE(reports_damage(log, before, from, log.groups[after].header.durable_lsn)) << number;
  }
}

TEST(ScanLog, ALogWithoutFilesIsDamageUnlessItNeverBegan) {
  const Written log = written_log({5'000, 60});
  for (const std::string& name : *log.env->list("db")) {
    ASSERT_TRUE(log.env->remove("db/" + name).ok());
  }
  std::vector<ReadGroup> read;
  const auto report = read_log(*log.env, log.options, 0, &read);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->end_lsn, 0u);
  EXPECT_FALSE(report->torn_tail);
  const Lsn floor = log.groups[1].header.lsn;
  EXPECT_EQ(read_log(*log.env, log.options, floor, &read).status().code(), Code::kCorruption);
  EXPECT_TRUE(read.empty());
}

TEST(ScanLog, SwappedFilesAreDamage) {
  const Written log = written_log(random_sizes(9, 50, 9'000));
  ASSERT_TRUE(log.env->rename(log.path(1), "db/aside").ok());
  ASSERT_TRUE(log.env->rename(log.path(2), log.path(1)).ok());
  ASSERT_TRUE(log.env->rename("db/aside", log.path(2)).ok());
  std::vector<ReadGroup> read;
  EXPECT_EQ(read_log(*log.env, log.options, 0, &read).status().code(), Code::kCorruption);
}

// Files that wait for use are not read whole: open stays quick.
TEST(ScanLog, FilesInWaitOfUseCostOneBlock) {
  Written log = written_log({5'000});
  {
    MemoryBudget budget(kBudgetBytes);
    auto opened = Log::open(*log.env, log.options, 0, log.end, budget);
    ASSERT_TRUE(opened.ok());
    while ((*opened)->wants_next_file()) ASSERT_TRUE((*opened)->prepare_next_file().ok());
  }
  FaultyEnv counting(*log.env);
  counting.arm(0, Fault::kIoError, false);
  std::vector<ReadGroup> read;
  ASSERT_TRUE(read_log(counting, log.options, 0, &read).ok());
  // The list; open and read of the file and of the probe; open and read of two files ahead, and of
  // the tail's probe.
  EXPECT_LE(counting.call_count(), 12u);
}

TEST(ScanLog, EveryGroupMayBeTheFloor) {
  const Written log = written_log(random_sizes(10, 30, 30'000));
  for (size_t k = 0; k < log.groups.size(); ++k) {
    const GroupHeader& header = log.groups[k].header;
    for (const Lsn floor : {header.lsn, header.durable_lsn}) {
      std::vector<ReadGroup> read;
      const auto report = read_log(*log.env, log.options, floor, &read);
      ASSERT_TRUE(report.ok()) << report.status().message();
      ASSERT_EQ(read.size(), log.groups.size() - k);
      ASSERT_TRUE(is_same(read.front(), log.groups[k]));
      ASSERT_EQ(report->end_lsn, log.end);
    }
  }
  std::vector<ReadGroup> read;
  EXPECT_EQ(read_log(*log.env, log.options, 1, &read).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(read_log(*log.env, log.options, UINT64_MAX - 4095, &read).status().code(),
            Code::kInvalidArgument);
}

// After a salvage the log goes on inside its old bytes; groups of the older run lie behind.
TEST(ScanLog, GroupsOfAnOlderRunDoNotFollowThoseOfALater) {
  Written log = written_log({5'000, 6'000, 7'000, 8'000});
  log.flip(log.groups[1].header.lsn + 100, 3);
  std::string damage;
  std::vector<ReadGroup> read;
  const auto report = read_log(*log.env, log.options, 0, &read, &damage);
  ASSERT_TRUE(report.ok());
  ASSERT_NE(damage, "");
  log.groups.resize(1);
  log.options.epoch = 2;
  append_all(&log, report->end_lsn, {6'000});
  EXPECT_TRUE(gives(log, 2));
}

TEST(ScanLog, GroupOfALaterEpochThanTheManifestKnowsIsDamage) {
  Written log = written_log({5'000});
  log.options.epoch = 7;
  append_all(&log, log.end, {6'000});
  EXPECT_TRUE(gives(log, 2));
  log.options.epoch = 6;
  EXPECT_TRUE(reports_damage(log, 1, log.groups[1].header.lsn, log.groups[1].header.lsn));
}

TEST(ScanLog, GroupsOfAnotherDatabaseAreNotRead) {
  Written log = written_log({5'000, 6'000});
  ++log.options.database_id;
  std::vector<ReadGroup> read;
  const auto report = read_log(*log.env, log.options, 0, &read);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(read.size(), 0u);
}

// A payload that holds whole groups of the same log must not be taken for the log.
TEST(ScanLog, GroupInsideAPayloadIsNotTaken) {
  Written log = written_log({100, 5'000});
  const std::string copied = log.env->file_bytes(log.path(0)).value();
  MemoryBudget budget(kBudgetBytes);
  log.options.epoch = 2;
  auto opened = Log::open(*log.env, log.options, 0, log.end, budget);
  ASSERT_TRUE(opened.ok());
  const size_t size = 5 * kLogBlockBytes - kGroupHeaderBytes;
  // On a block boundary of the file, as a group would be.
  std::memset((*opened)->payload_room().data(), 0, size);
  std::memcpy((*opened)->payload_room().data() + kLogBlockBytes - kGroupHeaderBytes, copied.data(),
              3 * kLogBlockBytes);
  GroupHeader header;
  header.payload_bytes = static_cast<uint32_t>(size);
  ASSERT_TRUE((*opened)->append(header).ok());
  log.flip(header.lsn, 0);
  EXPECT_TRUE(gives(log, 2));
}

TEST(ScanLog, TornTailIsTold) {
  const Written log = written_log({5'000, 20'000});
  std::vector<ReadGroup> read;
  EXPECT_FALSE(read_log(*log.env, log.options, 0, &read)->torn_tail);
  log.damage(log.groups[1].header.lsn + 8'192, std::string(4'096, '\0'));
  const auto report = read_log(*log.env, log.options, 0, &read);
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->torn_tail);
  EXPECT_EQ(report->end_lsn, log.groups[1].header.lsn);
}

TEST(ScanLog, VisitorsErrorEndsTheScan) {
  const Written log = written_log({5'000, 20'000});
  int visited = 0;
  const auto report =
      scan_log(*log.env, log.options, 0, [&](const GroupHeader&, std::span<const std::byte>) {
        ++visited;
        return cancelled("enough");
      });
  EXPECT_EQ(report.status().code(), Code::kCancelled);
  EXPECT_EQ(visited, 1);
}

TEST(ScanLog, FailedReadIsAnErrorNotAnEnd) {
  const Written log = written_log(random_sizes(11, 20, 9'000));
  FaultyEnv env(*log.env);
  for (uint64_t call = 1;; ++call) {
    env.arm(call, Fault::kIoError, false);
    std::vector<ReadGroup> read;
    const auto report = read_log(env, log.options, 0, &read);
    if (!env.fired()) {
      ASSERT_TRUE(report.ok());
      EXPECT_EQ(read.size(), log.groups.size());
      break;
    }
    ASSERT_EQ(report.status().code(), Code::kIoError);
  }
}

// Bytes, blocks and ends of files are changed at random. Whatever is visited must be the first
// groups as they were written.
TEST(ScanLog, MutatedFilesGiveTheFirstGroupsOrAnError) {
  const Written log = written_log(random_sizes(12, 30, 12'000));
  const uint64_t file_count = (log.end - 1) / kMinLogFileBytes + 1;
  for (uint64_t seed = 0; seed < 1'500; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const auto env = log.env->crash_image(PowerLoss::kKeepAll, seed);
    for (uint64_t change = 0; change <= random() % 4; ++change) {
      const std::string path = log.path(random() % file_count);
      const uint64_t block = random() % 16 * kLogBlockBytes;
      switch (random() % 4) {
        case 0: {
          const uint64_t word = random();
          const std::string_view bytes(reinterpret_cast<const char*>(&word), 1 + random() % 8);
          (void)env->damage(path, random() % (kMinLogFileBytes - 8), bytes);
          break;
        }
        case 1: {
          const std::string from = env->file_bytes(log.path(random() % file_count)).value();
          if (from.size() < kMinLogFileBytes) break;
          const std::string copy = from.substr(random() % 16 * kLogBlockBytes, kLogBlockBytes);
          (void)env->damage(path, block, copy);
          break;
        }
        case 2: {
          auto file = env->open(path, {OpenMode::kReadWrite, false});
          ASSERT_TRUE((*file)->truncate(random() % kMinLogFileBytes).ok());
          break;
        }
        default: (void)env->damage(path, block, std::string(kLogBlockBytes, '\0'));
      }
    }
    std::vector<ReadGroup> read;
    std::string damage;
    const auto report = read_log(*env, log.options, 0, &read, &damage);
    ASSERT_TRUE(report.ok()) << report.status().message();
    ASSERT_LE(read.size(), log.groups.size());
    for (size_t i = 0; i < read.size(); ++i) ASSERT_TRUE(is_same(read[i], log.groups[i])) << i;
  }
}

// Any bytes at all, most of them shaped like groups so that the scan gets far.
TEST(ScanLog, AnyBytesEndWell) {
  for (uint64_t seed = 0; seed < 3'000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::string bytes(2 + random() % 200'000, '\0');
    if (random() % 2 == 0) {
      for (size_t at = 0; at + 8 < bytes.size(); at += 1 + random() % 64) {
        bytes[at] = static_cast<char>(random());
      }
    }
    bytes[0] = static_cast<char>(random());
    bytes[1] = static_cast<char>(random());
    Lsn durable = 0;
    for (Lsn lsn = 0; lsn + 2 + kGroupHeaderBytes < bytes.size();) {
      GroupHeader header;
      header.lsn = random() % 16 == 0 ? random() % 64 * kLogBlockBytes : lsn;
      header.durable_lsn = random() % 16 == 0 ? random() % 64 * kLogBlockBytes : durable;
      header.payload_bytes =
          static_cast<uint32_t>(random() % 16 == 0 ? random() : random() % 9'000);
      header.epoch = static_cast<uint32_t>(1 + random() % 16 / 15 + lsn / 50'000);
      const std::span<std::byte> group(reinterpret_cast<std::byte*>(bytes.data()) + 2 + lsn,
                                       kGroupHeaderBytes);
      seal_group(header, 7, group);
      durable = lsn = lsn + round_up_to_block(kGroupHeaderBytes + header.payload_bytes % 10'000);
    }
    scan_any_bytes(as_bytes(bytes));
  }
}

}  // namespace
}  // namespace mote
