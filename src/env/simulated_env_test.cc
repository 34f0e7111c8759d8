#include "env/simulated_env.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "base/coding.h"
#include "base/limits.h"
#include "env/faulty_env.h"

namespace mote {
namespace {

constexpr OpenOptions kCreate{OpenMode::kCreate, false};

Status put(Env& env, const std::string& path, std::string_view text, bool sync) {
  MOTE_ASSIGN(auto file, env.open(path, {OpenMode::kCreateOrOpen, false}));
  MOTE_TRY(file->write(0, as_bytes(text)));
  return sync ? file->sync() : Status();
}

std::string bytes_or_none(const SimulatedEnv& env, const std::string& path) {
  const Result<std::string> bytes = env.file_bytes(path);
  return bytes.ok() ? *bytes : "(none)";
}

// What was synced, name and bytes, is there under every policy.
TEST(PowerLoss, KeepsWhatWasSynced) {
  SimulatedEnv env(1);
  ASSERT_TRUE(env.create_directory("db").ok());
  ASSERT_TRUE(env.sync_directory(".").ok());
  ASSERT_TRUE(put(env, "db/a", "synced", true).ok());
  ASSERT_TRUE(env.sync_directory("db").ok());
  ASSERT_TRUE(put(env, "db/b", "not synced", false).ok());
  for (uint32_t policy = 0; policy < kPowerLossCount; ++policy) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      SCOPED_TRACE(format_text("policy %u, seed %d", policy, static_cast<int>(seed)));
      const auto image = env.crash_image(static_cast<PowerLoss>(policy), seed);
      EXPECT_EQ(bytes_or_none(*image, "db/a"), "synced");
      EXPECT_TRUE(image->stat("db")->is_directory);
    }
  }
}

TEST(PowerLoss, DoesToUnsyncedDataWhatItsNameSays) {
  SimulatedEnv env(1);
  const std::string text(1200, 'x');
  ASSERT_TRUE(put(env, "a", text, false).ok());
  const auto image = [&](PowerLoss policy, uint64_t seed = 0) {
    return bytes_or_none(*env.crash_image(policy, seed), "a");
  };
  EXPECT_EQ(image(PowerLoss::kLoseUnsynced), "(none)");
  EXPECT_EQ(image(PowerLoss::kKeepAll), text);
  EXPECT_EQ(image(PowerLoss::kNamesLost), "(none)");
  EXPECT_EQ(image(PowerLoss::kNamesKept), "");
  std::map<std::string, int> torn;
  std::map<std::string, int> tails;
  for (uint64_t seed = 0; seed < 64; ++seed) {
    ++torn[image(PowerLoss::kTornSectors, seed)];
    const std::string tail = image(PowerLoss::kZeroOrGarbageTail, seed);
    EXPECT_EQ(tail.size(), text.size());
    EXPECT_NE(tail, text);
    ++tails[tail];
  }
  EXPECT_GE(torn.size(), 6u) << "three sectors and a name can be torn in many ways";
  EXPECT_GE(tails.size(), 2u);
}

TEST(PowerLoss, TearsTheDurableWriteInFlightBySectors) {
  SimulatedEnv env(1);
  struct alignas(kLogBlockBytes) Block {
    std::byte bytes[kLogBlockBytes];
  };
  Block block{};
  std::fill(std::begin(block.bytes), std::end(block.bytes), std::byte{'n'});
  auto file = *env.open("log", {OpenMode::kCreate, true});
  ASSERT_TRUE(env.sync_directory(".").ok());
  ASSERT_TRUE(file->write(0, block.bytes).ok());
  const uint64_t write_call = env.call_count();
  std::map<size_t, int> kept;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const std::string bytes =
        bytes_or_none(*env.crash_image_during(write_call, PowerLoss::kTornSectors, seed), "log");
    ++kept[static_cast<size_t>(std::count(bytes.begin(), bytes.end(), 'n')) / 512];
  }
  EXPECT_GE(kept.size(), 6u);
  const auto after = env.crash_image(PowerLoss::kLoseUnsynced, 0);
  EXPECT_EQ(bytes_or_none(*after, "log"), std::string(kLogBlockBytes, 'n'));
}

TEST(PowerLoss, StopsTheProgramAtTheChosenCall) {
  SimulatedEnv env(1);
  ASSERT_TRUE(put(env, "a", "1", true).ok());  // create, write, sync
  env.cut_power_at(5);
  EXPECT_FALSE(put(env, "b", "2", true).ok());  // create, write: power off
  EXPECT_TRUE(env.power_is_off());
  EXPECT_EQ(env.open("a", {OpenMode::kRead, false}).status().message(), "power is off");
  EXPECT_EQ(env.call_count(), 5u);
}

// An unsynced rename shows the old or the new file, never a mixture.
TEST(PowerLoss, MakesRenameAllOrNothing) {
  SimulatedEnv env(1);
  ASSERT_TRUE(put(env, "a", "old", true).ok());
  ASSERT_TRUE(env.sync_directory(".").ok());
  ASSERT_TRUE(put(env, "a.next", "new", true).ok());
  ASSERT_TRUE(env.rename("a.next", "a").ok());
  for (uint32_t policy = 0; policy < kPowerLossCount; ++policy) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      const std::string found =
          bytes_or_none(*env.crash_image(static_cast<PowerLoss>(policy), seed), "a");
      EXPECT_TRUE(found == "old" || found == "new") << found;
    }
  }
  ASSERT_TRUE(env.sync_directory(".").ok());
  EXPECT_EQ(bytes_or_none(*env.crash_image(PowerLoss::kLoseUnsynced, 0), "a"), "new");
}

// Random calls leave what a map of strings has; the image that keeps all is the running machine.
TEST(SimulatedEnv, AgreesWithAMapOfStrings) {
  for (uint32_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    SimulatedEnv env(seed);
    std::map<std::string, std::string> model;
    for (int step = 0; step < 300; ++step) {
      const std::string name = "f" + std::to_string(random() % 4);
      const std::string other = "f" + std::to_string(random() % 4);
      switch (random() % 6) {
        case 0:
        case 1:
        case 2: {
          auto file = *env.open(name, {OpenMode::kCreateOrOpen, false});
          const uint64_t offset = random() % 9000;
          const std::string text(random() % 5000, static_cast<char>('a' + random() % 26));
          ASSERT_TRUE(file->write(offset, as_bytes(text)).ok());
          std::string& expected = model[name];
          if (expected.size() < offset + text.size()) expected.resize(offset + text.size());
          expected.replace(offset, text.size(), text);
          if (random() % 3 == 0) ASSERT_TRUE(file->sync().ok());
          break;
        }
        case 3:
          EXPECT_EQ(env.rename(name, other).ok(), model.count(name) == 1);
          if (model.count(name) == 1 && name != other) {
            model[other] = model[name];
            model.erase(name);
          }
          break;
        case 4: EXPECT_EQ(env.remove(name).ok(), model.erase(name) == 1); break;
        default:
          if (model.count(name) == 0) break;
          const uint64_t size = random() % 9000;
          ASSERT_TRUE((*env.open(name, {OpenMode::kReadWrite, false}))->truncate(size).ok());
          model[name].resize(size);
      }
    }
    const auto image = env.crash_image(PowerLoss::kKeepAll, seed);
    EXPECT_EQ(env.list(".")->size(), model.size());
    for (const auto& [name, text] : model) {
      ASSERT_EQ(bytes_or_none(env, name), text);
      ASSERT_EQ(bytes_or_none(*image, name), text);
    }
  }
}

TEST(SimulatedEnv, GivesTheSameImageForTheSameSeed) {
  SimulatedEnv env(1);
  for (int i = 0; i < 10; ++i)
    ASSERT_TRUE(put(env, "a", std::string(2000, static_cast<char>('a' + i)), false).ok());
  for (uint64_t call = env.call_count(); call > 0; --call) {
    const auto first = env.crash_image_during(call, PowerLoss::kTornSectors, 9);
    const auto again = env.crash_image_during(call, PowerLoss::kTornSectors, 9);
    EXPECT_EQ(bytes_or_none(*first, "a"), bytes_or_none(*again, "a"));
  }
}

TEST(SimulatedEnv, IsFullAtItsCapacity) {
  SimulatedEnv env(1);
  env.set_capacity(100);
  auto file = *env.open("a", kCreate);
  EXPECT_TRUE(file->write(0, as_bytes(std::string(99, 'x'))).ok());
  EXPECT_TRUE(file->write(99, as_bytes("x")).ok());
  EXPECT_EQ(file->write(100, as_bytes("x")).code(), Code::kDiskFull);
  EXPECT_EQ(*env.free_bytes("."), 0u);
  EXPECT_TRUE(file->write(0, as_bytes("over")).ok()) << "what is there may be overwritten";
}

TEST(FaultyEnv, FailsTheChosenCallOnceOrForEver) {
  SimulatedEnv base(1);
  FaultyEnv env(base);
  for (const bool for_ever : {false, true}) {
    for (uint64_t call = 1; call <= 3; ++call) {
      SCOPED_TRACE(call);
      env.arm(call, Fault::kIoError, for_ever);
      const Status first = put(env, "a", "text", true);
      EXPECT_EQ(first.code(), Code::kIoError);
      EXPECT_TRUE(env.fired());
      EXPECT_EQ(put(env, "a", "text", true).ok(), !for_ever);
    }
  }
  env.arm(4, Fault::kDiskFull, false);
  EXPECT_TRUE(put(env, "a", "text", true).ok()) << "open, write, sync are three calls";
  EXPECT_FALSE(env.fired());
  env.disarm();
  env.arm(2, Fault::kShortWrite, false);
  EXPECT_EQ(put(env, "short", "longtext", true).code(), Code::kIoError);
  EXPECT_EQ(*base.file_bytes("short"), "long");
}

}  // namespace
}  // namespace mote
