// How fast the background writes. The log thread's sleep and the call that ends it: every order of
// their steps, and the thread itself.
#include <gtest/gtest.h>

#include "engine/engine_for_tests.h"
#include "engine/maintenance.h"
#include "env/sync.h"

namespace mote {
namespace {

// The steps as AppendRing::end_row and Core::sleep_until_log_work take them, each one access to
// memory that both share; all of them are sequentially consistent, so an order of steps is all that
// can differ between two runs.
struct Producer {
  bool in_call = false;
  bool row = false;
  bool woke = false;
  int step = 0;
};
struct LogThread {
  bool asleep = false;
  bool saw_rows = false;
  bool sleeps = false;
  int step = 0;
};
constexpr int kProducerSteps = 4;
constexpr int kLogSteps = 4;

void step(Producer& producer, LogThread& log) {
  switch (producer.step++) {
    case 0: producer.in_call = true; break;
    case 1: producer.row = true; break;
    case 2:
      if (log.asleep) producer.woke = true;
      if (log.asleep) log.asleep = false;
      break;
    default: producer.in_call = false;
  }
}

void step(LogThread& log, const Producer& producer) {
  switch (log.step++) {
    case 0: log.asleep = true; break;
    case 1: log.saw_rows = producer.in_call; break;
    case 2: log.saw_rows = log.saw_rows || producer.row; break;
    default: log.sleeps = !log.saw_rows && log.asleep; break;
  }
}

uint32_t run_all(Producer producer, LogThread log) {
  if (producer.step == kProducerSteps && log.step == kLogSteps) {
    // The row is there: the log thread has seen it, or has been woken, or does not sleep at all.
    EXPECT_TRUE(log.saw_rows || !log.sleeps || producer.woke);
    if (log.sleeps) EXPECT_FALSE(log.asleep);
    return 1;
  }
  uint32_t orders = 0;
  if (producer.step < kProducerSteps) {
    Producer next = producer;
    LogThread other = log;
    step(next, other);
    orders += run_all(next, other);
  }
  if (log.step < kLogSteps) {
    LogThread next = log;
    step(next, producer);
    orders += run_all(producer, next);
  }
  return orders;
}

TEST(Wake, NoOrderOfTheStepsLosesAWakeUp) { EXPECT_EQ(run_all({}, {}), 70u); }

TEST(Wake, ARowAfterALongPauseIsWrittenThoughNobodyWaits) {
  const std::string directory =
      ::testing::TempDir() + "mote_wake_" + std::to_string(posix_env().process_id());
  DatabaseOptions options = small_options();
  options.window_ms = 1;
  auto db = open_for_test(posix_env(), options, directory);
  const TableId table = create_numbers(*db, "t", /*with_key=*/false);
  auto appender = *db->appender(table, AppenderOptions());
  Mutex mutex(LockRank::kLeaf);
  CondVar never;
  const auto pause_ms = [&](int64_t ms) {
    MutexLock lock(mutex);
    never.wait_for(mutex, ms * 1'000'000);
  };
  for (int64_t i = 0; i < 4; ++i) {
    // Longer than the log thread goes on looking for rows.
    pause_ms(150);
    appender->begin_row();
    appender->put_integer(i);
    const Ack ack = *appender->end_row();
    for (int waited = 0; waited < 5'000 && !ack.durable(); ++waited) pause_ms(1);
    ASSERT_TRUE(ack.durable()) << i;
  }
  ASSERT_OK(db->close());
  for (const std::string& name : *posix_env().list(directory)) {
    ASSERT_OK(posix_env().remove(directory + "/" + name));
  }
}

TEST(Pace, FollowsWhatComesIn) {
  constexpr int64_t kSecond = 1'000'000'000;
  EXPECT_EQ(paced_bytes_per_second(7, 4u << 20, 1), 7u);
  EXPECT_EQ(paced_bytes_per_second(0, 4u << 20, kSecond), kCalmBytesPerSecond);
  EXPECT_EQ(paced_bytes_per_second(0, 32u << 20, kSecond), kCalmBytesPerSecond);
  EXPECT_EQ(paced_bytes_per_second(0, 64u << 20, kSecond), 80u << 20);
  EXPECT_EQ(paced_bytes_per_second(0, 4u << 20, kSecond / 20), 100u << 20);
  EXPECT_EQ(paced_bytes_per_second(0, 4u << 20, INT64_MAX), kCalmBytesPerSecond);
  EXPECT_GE(paced_bytes_per_second(0, 4u << 20, 0), 1'000'000'000'000u);
}

}  // namespace
}  // namespace mote
