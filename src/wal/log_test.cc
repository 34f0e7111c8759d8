#include "wal/log.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>

#include "base/limits.h"
#include "env/faulty_env.h"
#include "env/simulated_env.h"
#include "wal/log_model.h"

namespace mote {
namespace {

constexpr size_t kBudgetBytes = 16u << 20;

std::unique_ptr<Log> opened(Env& env, const LogOptions& options, Lsn floor, Lsn start,
                            MemoryBudget& budget) {
  auto log = Log::open(env, options, floor, start, budget);
  EXPECT_TRUE(log.ok()) << log.status().message();
  return log.ok() ? std::move(log).value() : nullptr;
}

// A directory of the real file system that goes with the test.
class RealDirectory {
 public:
  RealDirectory() {
    const char* const base = ::getenv("TMPDIR");
    path_ = std::string(base != nullptr ? base : "/tmp") + "/mote-log-XXXXXX";
    EXPECT_NE(::mkdtemp(path_.data()), nullptr);
  }
  ~RealDirectory() {
    for (const std::string& name : posix_env().list(path_).value()) {
      EXPECT_TRUE(posix_env().remove(path_ + "/" + name).ok());
    }
    ::remove(path_.c_str());
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Writes, reads, opens again and goes on; every group must come back as it was.
void round_trip(Env& env, LogOptions options) {
  MemoryBudget budget(kBudgetBytes);
  std::mt19937_64 random(7);
  std::vector<WrittenGroup> written;
  Lsn start = 0;
  for (uint32_t epoch = 1; epoch <= 4; ++epoch) {
    options.epoch = epoch;
    const auto log = opened(env, options, 0, start, budget);
    ASSERT_NE(log, nullptr);
    for (int i = 0; i < 12; ++i) {
      const Status status = append_group(*log, written.size(), random() % 20'000, &written);
      ASSERT_TRUE(status.ok()) << status.message();
      ASSERT_EQ(log->durable_lsn(), written.back().header.end_lsn());
    }
    std::vector<ReadGroup> read;
    const auto report = read_log(env, options, 0, &read);
    ASSERT_TRUE(report.ok()) << report.status().message();
    EXPECT_EQ(wrong_prefix(read, written), "");
    EXPECT_EQ(report->end_lsn, log->end_lsn());
    EXPECT_FALSE(report->torn_tail);
    start = report->end_lsn;
  }
}

TEST(Log, GroupsComeBackFromSimulatedFiles) {
  const auto env = machine_with_directory(1);
  round_trip(*env, small_log(20));
}

TEST(Log, GroupsComeBackFromRealFiles) {
  const RealDirectory directory;
  LogOptions options = small_log(20);
  options.directory = directory.path();
  round_trip(posix_env(), options);
}

TEST(Log, PayloadLimitIsExact) {
  const auto env = machine_with_directory(1);
  LogOptions options = small_log();
  options.file_bytes = 2u << 20;
  options.limit_bytes = 6u << 20;
  MemoryBudget budget(kBudgetBytes);
  const auto log = opened(*env, options, 0, 0, budget);
  std::vector<WrittenGroup> written;
  ASSERT_EQ(log->payload_room().size(), kMaxGroupPayloadBytes);
  EXPECT_TRUE(append_group(*log, 0, kMaxGroupPayloadBytes - 1, &written).ok());
  EXPECT_TRUE(append_group(*log, 1, kMaxGroupPayloadBytes, &written).ok());
  EXPECT_EQ(append_group(*log, 2, kMaxGroupPayloadBytes + 1, &written).code(), Code::kLimit);
  EXPECT_TRUE(append_group(*log, 3, 0, &written).ok()) << "a refused group is no poison";
  std::vector<ReadGroup> read;
  ASSERT_TRUE(read_log(*env, options, 0, &read).ok());
  EXPECT_EQ(read.size(), 3u);
  EXPECT_EQ(wrong_prefix(read, written), "");
}

TEST(Log, OptionsOutOfTheirLimitsAreRefused) {
  const auto env = machine_with_directory(1);
  MemoryBudget budget(kBudgetBytes);
  const auto code = [&](uint64_t file_bytes, uint64_t limit_bytes, Lsn floor, Lsn start) {
    LogOptions options = small_log();
    options.file_bytes = file_bytes;
    options.limit_bytes = limit_bytes;
    return Log::open(*env, options, floor, start, budget).status().code();
  };
  const uint64_t size = kMinLogFileBytes;
  EXPECT_EQ(code(size - kLogBlockBytes, 10 * size, 0, 0), Code::kInvalidArgument);
  EXPECT_EQ(code(size, 10 * size, 0, 0), Code::kOk);
  EXPECT_EQ(code(size + 1, 10 * size, 0, 0), Code::kInvalidArgument);
  EXPECT_EQ(code(kMaxLogFileBytes + kLogBlockBytes, 10 * kMaxLogFileBytes, 0, 0),
            Code::kInvalidArgument);
  EXPECT_EQ(code(size, kMinLogFiles * size - 1, 0, 0), Code::kInvalidArgument);
  EXPECT_EQ(code(size, kMinLogFiles * size, 0, 0), Code::kOk);
  EXPECT_EQ(code(size, 10 * size, kLogBlockBytes, 0), Code::kInvalidArgument);
  EXPECT_EQ(code(size, 10 * size, 0, kLogBlockBytes + 1), Code::kInvalidArgument);
  EXPECT_EQ(code(size, 10 * size, 0, UINT64_MAX - kLogBlockBytes + 1), Code::kInvalidArgument);
}

TEST(Log, GroupIsPaidByTheBudget) {
  const auto env = machine_with_directory(1);
  MemoryBudget budget(kMinLogFileBytes);
  {
    const auto log = opened(*env, small_log(), 0, 0, budget);
    EXPECT_EQ(budget.used_bytes(), kMinLogFileBytes);
  }
  EXPECT_EQ(budget.used_bytes(), 0u);
  MemoryBudget smaller(kMinLogFileBytes - 1);
  EXPECT_EQ(Log::open(*env, small_log(), 0, 0, smaller).status().code(), Code::kOutOfMemory);
}

// Fills the log to its limit and lets it go on, for a limit that is one byte less than four files,
// four files, and one byte more.
TEST(Log, ByteLimitIsExactAndReleaseMakesRoom) {
  for (const int64_t beyond : {-1, 0, 1}) {
    SCOPED_TRACE(beyond);
    const auto env = machine_with_directory(1);
    LogOptions options = small_log();
    options.limit_bytes = 4 * options.file_bytes + static_cast<uint64_t>(beyond);
    const uint64_t files = beyond < 0 ? 3 : 4;
    MemoryBudget budget(kBudgetBytes);
    const auto log = opened(*env, options, 0, 0, budget);
    std::vector<WrittenGroup> written;
    Status status;
    while (status.ok()) {
      status = append_group(*log, written.size(), 10'000, &written);
      ASSERT_LE(log->pool_bytes(), options.limit_bytes);
    }
    EXPECT_EQ(status.code(), Code::kDiskFull) << status.message();
    EXPECT_EQ(written.size(), files * (kMinLogFileBytes / 12'288));
    EXPECT_FALSE(log->poisoned());
    EXPECT_FALSE(log->has_room());
    EXPECT_FALSE(log->wants_next_file());
    EXPECT_EQ(log->prepare_next_file().code(), Code::kDiskFull);
    EXPECT_EQ(append_group(*log, 1000, 10'000, &written).code(), Code::kDiskFull);
    EXPECT_TRUE(append_group(*log, written.size(), 0, &written).ok()) << "the rest of the file";

    // Not yet a whole file.
    ASSERT_TRUE(log->release(options.file_bytes - kLogBlockBytes).ok());
    EXPECT_FALSE(log->wants_next_file());
    ASSERT_TRUE(log->release(options.file_bytes).ok());
    EXPECT_TRUE(log->wants_next_file());
    EXPECT_TRUE(log->prepare_next_file().ok());
    EXPECT_TRUE(log->has_room());
    EXPECT_TRUE(append_group(*log, written.size(), 10'000, &written).ok());
    EXPECT_EQ(log->pool_bytes(), files * options.file_bytes);
    std::vector<ReadGroup> read;
    ASSERT_TRUE(read_log(*env, options, options.file_bytes, &read).ok());
    EXPECT_EQ(wrong_prefix(read, from_floor(written, options.file_bytes)), "");
  }
}

// So many of the largest groups need no file to be made, and one more does.
TEST(Log, HasRoomForAsManyGroupsAsItSays) {
  const auto env = machine_with_directory(1);
  MemoryBudget budget(8u << 20);
  LogOptions options = small_log();
  options.file_bytes = 3u << 20;
  options.limit_bytes = 4 * options.file_bytes;
  const auto log = opened(*env, options, 0, 0, budget);
  while (log->wants_next_file()) ASSERT_TRUE(log->prepare_next_file().ok());
  const auto room = static_cast<uint32_t>(log->payload_room().size());
  uint32_t groups = 0;
  while (log->has_room(groups + 1)) ++groups;
  EXPECT_GE(groups, 2 * Log::kFilesAhead);
  std::vector<WrittenGroup> written;
  for (uint32_t i = 0; i < groups; ++i) {
    EXPECT_TRUE(log->has_room(groups - i));
    EXPECT_FALSE(log->has_room(groups - i + 1));
    const uint64_t before = env->call_count();
    ASSERT_TRUE(append_group(*log, i, room, &written).ok());
    ASSERT_EQ(env->call_count(), before + 1);
  }
  EXPECT_FALSE(log->has_room());
}

// With files prepared ahead an append is one write and nothing else.
TEST(Log, AppendIsOneCallWhenTheNextFileIsReady) {
  const auto env = machine_with_directory(1);
  MemoryBudget budget(kBudgetBytes);
  const auto log = opened(*env, small_log(), 0, 0, budget);
  std::vector<WrittenGroup> written;
  for (uint64_t i = 0; i < 100; ++i) {
    while (log->wants_next_file()) ASSERT_TRUE(log->prepare_next_file().ok());
    const uint64_t before = env->call_count();
    ASSERT_TRUE(log->has_room());
    ASSERT_TRUE(append_group(*log, i, 10'000, &written).ok());
    ASSERT_EQ(env->call_count(), before + 1);
    ASSERT_TRUE(log->release(log->end_lsn()).ok());
  }
}

// The pool goes round twenty times with a floor that follows; files of every age lie about.
TEST(Log, ReusedFilesNeverShowOlderGroups) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const auto env = machine_with_directory(seed);
    LogOptions options = small_log(4);
    MemoryBudget budget(kBudgetBytes);
    std::vector<WrittenGroup> written;
    Lsn floor = 0;
    Lsn start = 0;
    for (uint32_t epoch = 1; epoch <= 40; ++epoch) {
      options.epoch = epoch;
      const auto log = opened(*env, options, floor, start, budget);
      for (int i = 0; i < 15; ++i) {
        if (random() % 2 == 0 && log->wants_next_file()) {
          ASSERT_TRUE(log->prepare_next_file().ok());
        }
        const Status status = append_group(*log, written.size(), random() % 30'000, &written);
        ASSERT_TRUE(status.ok()) << status.message();
        const size_t kept = std::min<size_t>(written.size(), 1 + random() % 4);
        floor = std::max(floor, written[written.size() - kept].header.lsn);
        ASSERT_TRUE(log->release(floor).ok());
        ASSERT_LE(log->pool_bytes(), options.limit_bytes);
        ASSERT_EQ(log->live_bytes(), log->end_lsn() - floor);
      }
      std::vector<ReadGroup> read;
      const auto report = read_log(*env, options, floor, &read);
      ASSERT_TRUE(report.ok()) << report.status().message();
      ASSERT_EQ(wrong_prefix(read, from_floor(written, floor)), "");
      ASSERT_FALSE(report->torn_tail);
      start = report->end_lsn;
    }
    EXPECT_EQ(env->list("db").value().size(), 4u);
    EXPECT_GT(start, 20 * options.limit_bytes);
  }
}

TEST(Log, LowerLimitShrinksThePoolAtOpen) {
  const auto env = machine_with_directory(1);
  MemoryBudget budget(kBudgetBytes);
  std::vector<WrittenGroup> written;
  Lsn end = 0;
  {
    const auto log = opened(*env, small_log(10), 0, 0, budget);
    for (uint64_t i = 0; i < 40; ++i) ASSERT_TRUE(append_group(*log, i, 10'000, &written).ok());
    end = log->end_lsn();
  }
  const auto log = opened(*env, small_log(3), end, end, budget);
  EXPECT_EQ(log->pool_bytes(), 3 * kMinLogFileBytes);
  EXPECT_EQ(env->list("db").value().size(), 3u);
}

TEST(Log, FailedWritePoisonsForGood) {
  for (const Fault fault : {Fault::kIoError, Fault::kDiskFull, Fault::kShortWrite}) {
    const auto machine = machine_with_directory(1);
    FaultyEnv env(*machine);
    MemoryBudget budget(kBudgetBytes);
    LogOptions options = small_log();
    std::vector<WrittenGroup> written;
    {
      const auto log = opened(env, options, 0, 0, budget);
      ASSERT_TRUE(append_group(*log, 0, 9'000, &written).ok());
      env.arm(1, fault, false);
      EXPECT_EQ(append_group(*log, 1, 9'000, &written).code(), Code::kIoError);
      ASSERT_TRUE(env.fired());
      EXPECT_TRUE(log->poisoned());
      const uint64_t calls = machine->call_count();
      EXPECT_EQ(append_group(*log, 1, 9'000, &written).code(), Code::kReadOnly);
      EXPECT_EQ(machine->call_count(), calls) << "a failed write is never tried again";
      EXPECT_FALSE(log->wants_next_file());
      EXPECT_EQ(log->durable_lsn(), written[0].header.end_lsn());
    }
    std::vector<ReadGroup> read;
    options.epoch = 2;
    const auto report = read_log(env, options, 0, &read);
    ASSERT_TRUE(report.ok()) << report.status().message();
    written.resize(2);
    ASSERT_EQ(wrong_prefix(read, written), "");
    const auto log = opened(env, options, 0, report->end_lsn, budget);
    EXPECT_TRUE(append_group(*log, 2, 9'000, &written).ok());
  }
}

TEST(Log, FullDiskIsNoPoisonAndWritesGoOnWhenThereIsSpace) {
  const auto env = machine_with_directory(1);
  MemoryBudget budget(kBudgetBytes);
  std::vector<WrittenGroup> written;
  env->set_capacity(2 * kMinLogFileBytes + kMinLogFileBytes / 2);
  const auto log = opened(*env, small_log(5), 0, 0, budget);
  Status status;
  while (status.ok()) status = append_group(*log, written.size(), 10'000, &written);
  EXPECT_EQ(status.code(), Code::kDiskFull);
  EXPECT_EQ(log->prepare_next_file().code(), Code::kDiskFull);
  EXPECT_FALSE(log->poisoned());
  EXPECT_EQ(log->pool_bytes(), 2 * kMinLogFileBytes);
  EXPECT_EQ(env->list("db").value().size(), 2u) << "the unfinished file gives its space back";
  env->set_capacity(std::nullopt);
  EXPECT_TRUE(append_group(*log, written.size(), 10'000, &written).ok());
  std::vector<ReadGroup> read;
  ASSERT_TRUE(read_log(*env, small_log(5), 0, &read).ok());
  EXPECT_EQ(wrong_prefix(read, written), "");
}

TEST(Log, OpensOnAFullDisk) {
  const auto env = machine_with_directory(1);
  MemoryBudget budget(kBudgetBytes);
  std::vector<WrittenGroup> written;
  env->set_capacity(kMinLogFileBytes / 2);
  const auto log = opened(*env, small_log(), 0, 0, budget);
  EXPECT_FALSE(log->has_room());
  EXPECT_EQ(append_group(*log, 0, 100, &written).code(), Code::kDiskFull);
  env->set_capacity(std::nullopt);
  EXPECT_TRUE(append_group(*log, 0, 100, &written).ok());
}

// A run of the log as an engine would have it: groups, files prepared, the floor following.
struct LogRun {
  std::vector<WrittenGroup> written;
  Lsn floor = 0;  // what the manifest would say
  Status status;
};

void run_log(Env& env, LogOptions options, Lsn start, int group_count, uint64_t seed, LogRun* run) {
  MemoryBudget budget(kBudgetBytes);
  auto log = Log::open(env, options, run->floor, start, budget);
  run->status = log.status();
  if (!log.ok()) return;
  std::mt19937_64 random(seed);
  for (int i = 0; i < group_count; ++i) {
    if (random() % 2 == 0 && (*log)->wants_next_file()) {
      const Status prepared = (*log)->prepare_next_file();
      if (!prepared.ok()) run->status = prepared;
    }
    const uint64_t number = options.epoch * 1000u + static_cast<uint64_t>(i);
    const Status status = append_group(**log, number, random() % 24'000, &run->written);
    if (!status.ok()) {
      run->status = status;
      return;
    }
    const size_t kept = std::min<size_t>(run->written.size(), 1 + random() % 6);
    run->floor = std::max(run->floor, run->written[run->written.size() - kept].header.lsn);
    run->status = (*log)->release(run->floor);
    if (!run->status.ok()) return;
  }
}

// Scans after a crash; what the run wrote must be there as far as it was acknowledged. Leaves in
// `run` what was found.
testing::AssertionResult recovers(Env& env, const LogOptions& options, LogRun* run, Lsn* end) {
  std::vector<ReadGroup> read;
  const auto report = read_log(env, options, run->floor, &read);
  if (!report.ok()) return testing::AssertionFailure() << report.status().message();
  const std::vector<WrittenGroup> expected = from_floor(run->written, run->floor);
  const std::string wrong = wrong_prefix(read, expected);
  if (!wrong.empty()) return testing::AssertionFailure() << wrong;
  run->written.assign(expected.begin(), expected.begin() + static_cast<int64_t>(read.size()));
  for (WrittenGroup& group : run->written) group.acknowledged = true;
  *end = report->end_lsn;
  return testing::AssertionSuccess();
}

bool long_form() { return ::getenv("MOTE_TEST_LONG") != nullptr; }

// Power fails at every call of a run that goes through the pool several times, and again at every
// call of the open and the writes after it. Each time all acknowledged groups are there, and what
// is there is what was written first.
TEST(Log, PowerLossAtAnyCallLosesNothingAcknowledged) {
  LogOptions options = small_log(4);
  LogRun whole;
  uint64_t calls = 0;
  {
    const auto env = machine_with_directory(3);
    run_log(*env, options, 0, 40, 3, &whole);
    ASSERT_TRUE(whole.status.ok()) << whole.status.message();
    ASSERT_GT(whole.written.back().header.lsn, 5 * options.file_bytes);
    calls = env->call_count();
  }
  uint64_t nested_images = 0;
  for (uint64_t call = 3; call <= calls; ++call) {
    const auto env = machine_with_directory(3);
    env->cut_power_at(call);
    LogRun cut;
    run_log(*env, options, 0, 40, 3, &cut);
    for (uint32_t policy = 0; policy < kPowerLossCount; ++policy) {
      SCOPED_TRACE(format_text("call %d, policy %u", static_cast<int>(call), policy));
      const auto loss = static_cast<PowerLoss>(policy);
      const auto image = env->crash_image(loss, call);
      LogOptions second = options;
      second.epoch = 2;
      LogRun after = cut;
      Lsn end = 0;
      ASSERT_TRUE(recovers(*image, second, &after, &end));
      const LogRun found = after;
      const uint64_t first = image->call_count();
      run_log(*image, second, end, 4, call, &after);
      ASSERT_TRUE(after.status.ok()) << after.status.message();
      if (!long_form() && (call + policy) % 8 != 0) continue;
      const uint64_t last = image->call_count();
      for (uint64_t inner = first + 1; inner <= last; ++inner) {
        SCOPED_TRACE(inner);
        const auto again = env->crash_image(loss, call);
        again->cut_power_at(inner);
        LogRun nested = found;
        run_log(*again, second, end, 4, call, &nested);
        const auto ruin = again->crash_image(static_cast<PowerLoss>(inner % 8), inner);
        LogOptions third = options;
        third.epoch = 3;
        Lsn third_end = 0;
        ASSERT_TRUE(recovers(*ruin, third, &nested, &third_end));
        run_log(*ruin, third, third_end, 2, inner, &nested);
        ASSERT_TRUE(nested.status.ok()) << nested.status.message();
        ASSERT_TRUE(recovers(*ruin, third, &nested, &third_end));
        ++nested_images;
      }
    }
  }
  EXPECT_GT(nested_images, 100u);
}

// Each call fails in turn, once or from then on. An error comes back or the fault did not matter;
// what was acknowledged is found by the next open, and the log works again.
TEST(Log, FaultAtAnyCallLosesNothingAcknowledged) {
  const LogOptions options = small_log(4);
  for (const Fault fault : {Fault::kIoError, Fault::kDiskFull, Fault::kShortWrite}) {
    for (const bool for_ever : {false, true}) {
      bool fired = true;
      for (uint64_t call = 1; fired; ++call) {
        SCOPED_TRACE(format_text("fault %d, for ever %d, call %d", static_cast<int>(fault),
                                 for_ever, static_cast<int>(call)));
        const auto machine = machine_with_directory(3);
        FaultyEnv env(*machine);
        env.arm(call, fault, for_ever);
        LogRun run;
        run_log(env, options, 0, 25, 5, &run);
        fired = env.fired();
        ASSERT_TRUE(run.status.ok() || fired) << run.status.message();
        const auto image = machine->crash_image(PowerLoss::kLoseUnsynced, call);
        LogOptions second = options;
        second.epoch = 2;
        Lsn end = 0;
        ASSERT_TRUE(recovers(*image, second, &run, &end));
        run_log(*image, second, end, 8, call, &run);
        ASSERT_TRUE(run.status.ok()) << run.status.message();
        ASSERT_TRUE(recovers(*image, second, &run, &end));
        ASSERT_LE(image->list("db").value().size(), 4u);
      }
    }
  }
}

// A sync of the directory that failed is not tried again: no group may count on its name.
TEST(Log, FailedDirectorySyncEndsTheMakingOfFiles) {
  const auto machine = machine_with_directory(1);
  FaultyEnv env(*machine);
  MemoryBudget budget(kBudgetBytes);
  const auto log = opened(env, small_log(), 0, 0, budget);
  std::vector<WrittenGroup> written;
  // remove, open, write, sync, rename, sync of the directory
  env.arm(6, Fault::kIoError, false);
  EXPECT_EQ(log->prepare_next_file().code(), Code::kIoError);
  ASSERT_TRUE(env.fired());
  EXPECT_FALSE(log->poisoned());
  EXPECT_FALSE(log->wants_next_file());
  EXPECT_EQ(log->prepare_next_file().code(), Code::kIoError);
  Status status;
  while (status.ok()) status = append_group(*log, written.size(), 20'000, &written);
  EXPECT_EQ(status.code(), Code::kIoError);
  EXPECT_TRUE(log->poisoned());
}

// The background makes and releases files while groups are appended, over real files.
TEST(Log, BackgroundMakesFilesWhileGroupsAreAppended) {
  const RealDirectory directory;
  LogOptions options = small_log(6);
  options.directory = directory.path();
  MemoryBudget budget(kBudgetBytes);
  const auto log = opened(posix_env(), options, 0, 0, budget);
  std::vector<WrittenGroup> written;
  std::atomic<bool> done{false};
  std::atomic<Lsn> floor{0};
  {
    auto background = posix_env().start_thread("background", [&] {
      while (!done.load()) {
        const Lsn end = log->durable_lsn();
        EXPECT_TRUE(log->release(end).ok());
        floor.store(end);
        if (log->wants_next_file()) {
          const Status status = log->prepare_next_file();
          EXPECT_TRUE(status.ok() || status.code() == Code::kDiskFull) << status.message();
        }
        EXPECT_LE(log->pool_bytes(), options.limit_bytes);
      }
    });
    ASSERT_TRUE(background.ok());
    for (uint64_t i = 0; i < 200; ++i) {
      Status status = append_group(*log, i, 10'000, &written);
      if (status.code() == Code::kDiskFull) --i;  // the background is behind
      if (!status.ok()) EXPECT_EQ(status.code(), Code::kDiskFull) << status.message();
    }
    done.store(true);
  }
  std::vector<ReadGroup> read;
  ASSERT_TRUE(read_log(posix_env(), options, floor.load(), &read).ok());
  EXPECT_EQ(wrong_prefix(read, from_floor(written, floor.load())), "");
}

}  // namespace
}  // namespace mote
