#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <random>

#include "base/coding.h"
#include "base/limits.h"
#include "env/faulty_env.h"
#include "env/simulated_env.h"
#include "env/sync.h"

namespace mote {
namespace {

// A block that a durable write accepts.
struct alignas(kLogBlockBytes) Block {
  std::byte bytes[kLogBlockBytes];
  explicit Block(char fill) {
    std::fill(std::begin(bytes), std::end(bytes), static_cast<std::byte>(fill));
  }
};

std::string text_of(File& file) {
  std::string text(*file.size(), '\0');
  EXPECT_TRUE(file.read(0, {reinterpret_cast<std::byte*>(text.data()), text.size()}).ok());
  return text;
}

// Both environments keep the same contract.
class EnvContract : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam()) {
      char path[] = "/tmp/mote_env_XXXXXX";
      directory_ = ::mkdtemp(path);
      env_ = &posix_env();
    } else {
      simulated_ = std::make_unique<SimulatedEnv>(1);
      env_ = simulated_.get();
      directory_ = "db";
      ASSERT_TRUE(env_->create_directory(directory_).ok());
    }
  }
  void TearDown() override {
    if (!GetParam()) return;
    for (const std::string& name : *env_->list(directory_)) (void)env_->remove(path(name));
    ::rmdir(directory_.c_str());
  }
  std::string path(const std::string& name) const { return directory_ + "/" + name; }

  std::unique_ptr<SimulatedEnv> simulated_;
  Env* env_ = nullptr;
  std::string directory_;
};

TEST_P(EnvContract, WritesAndReadsAtAnyOffset) {
  auto file = *env_->open(path("a"), {OpenMode::kCreate, false});
  EXPECT_TRUE(file->write(3, as_bytes("def")).ok());
  EXPECT_TRUE(file->write(0, as_bytes("abc")).ok());
  EXPECT_EQ(text_of(*file), "abcdef");
  std::byte room[10];
  EXPECT_EQ(*file->read_some(4, room), 2u);
  EXPECT_EQ(*file->read_some(6, room), 0u);
  const Status status = file->read(4, room);
  EXPECT_EQ(status.code(), Code::kCorruption);
  EXPECT_NE(status.message().find("ends at byte 6; 10 bytes from 4 are expected"),
            std::string::npos)
      << status.message();
  EXPECT_TRUE(file->truncate(2).ok());
  EXPECT_TRUE(file->truncate(4).ok());
  EXPECT_EQ(text_of(*file), std::string("ab\0\0", 4));
  EXPECT_TRUE(file->sync().ok());
}

TEST_P(EnvContract, WritesWholeBlocksDurably) {
  auto file = *env_->open(path("log"), {OpenMode::kCreate, true});
  const Block a('a');
  const Block b('b');
  EXPECT_TRUE(file->write(kLogBlockBytes, b.bytes).ok());
  EXPECT_TRUE(file->write(0, a.bytes).ok());
  auto reader = *env_->open(path("log"), {OpenMode::kRead, false});
  EXPECT_EQ(text_of(*reader), std::string(kLogBlockBytes, 'a') + std::string(kLogBlockBytes, 'b'));
}

TEST_P(EnvContract, OpensAsAsked) {
  EXPECT_EQ(env_->open(path("a"), {OpenMode::kRead, false}).status().code(), Code::kNotFound);
  EXPECT_EQ(env_->open(path("a"), {OpenMode::kReadWrite, false}).status().code(), Code::kNotFound);
  EXPECT_TRUE(env_->open(path("a"), {OpenMode::kCreate, false}).ok());
  EXPECT_EQ(env_->open(path("a"), {OpenMode::kCreate, false}).status().code(), Code::kIoError);
  EXPECT_TRUE(env_->open(path("a"), {OpenMode::kCreateOrOpen, false}).ok());
  EXPECT_FALSE(env_->open(path("none/a"), {OpenMode::kCreate, false}).ok());
}

TEST_P(EnvContract, RenamesRemovesAndLists) {
  for (const char* name : {"c", "a", "b"}) {
    auto file = *env_->open(path(name), {OpenMode::kCreate, false});
    EXPECT_TRUE(file->write(0, as_bytes(name)).ok());
  }
  EXPECT_TRUE(env_->rename(path("c"), path("a")).ok());
  EXPECT_EQ(*env_->list(directory_), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(text_of(**env_->open(path("a"), {OpenMode::kRead, false})), "c");
  EXPECT_TRUE(env_->remove(path("b")).ok());
  EXPECT_EQ(env_->remove(path("b")).code(), Code::kNotFound);
  EXPECT_EQ(env_->stat(path("b")).status().code(), Code::kNotFound);
  EXPECT_EQ(env_->stat(path("a"))->size_bytes, 1u);
  EXPECT_TRUE(env_->stat(directory_)->is_directory);
  EXPECT_TRUE(env_->sync_directory(directory_).ok());
  EXPECT_TRUE(env_->create_directory(directory_).ok()) << "an existing directory is fine";
}

TEST_P(EnvContract, KeepsAnOpenFileThatIsRenamedOver) {
  auto old_file = *env_->open(path("a"), {OpenMode::kCreate, false});
  EXPECT_TRUE(old_file->write(0, as_bytes("old")).ok());
  auto other = *env_->open(path("b"), {OpenMode::kCreate, false});
  EXPECT_TRUE(other->write(0, as_bytes("new")).ok());
  EXPECT_TRUE(env_->rename(path("b"), path("a")).ok());
  EXPECT_EQ(text_of(*old_file), "old");
  EXPECT_FALSE(old_file->stat()->identity == env_->stat(path("a"))->identity);
}

TEST_P(EnvContract, LocksOnce) {
  auto lock = env_->lock(path("LOCK"));
  ASSERT_TRUE(lock.ok()) << lock.status().message();
  const Status second = env_->lock(path("LOCK")).status();
  EXPECT_EQ(second.code(), Code::kBusy);
  EXPECT_NE(second.message().find(std::to_string(env_->process_id())), std::string::npos);
  lock = not_found("released");
  EXPECT_TRUE(env_->lock(path("LOCK")).ok());
}

INSTANTIATE_TEST_SUITE_P(Env, EnvContract, testing::Bool(), [](const auto& parameter) {
  return parameter.param ? "Posix" : "Simulated";
});

// A child that goes on when `out` is closed.
pid_t child_that_waits(int out[2], int ready[2], const std::string& path, bool takes_lock) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::close(out[1]);
  Result<std::unique_ptr<FileLock>> lock = not_found("no lock is wanted");
  if (takes_lock) lock = posix_env().lock(path);
  char byte = lock.ok() == takes_lock ? 'y' : 'n';
  if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
  ::_exit(::read(out[0], &byte, 1) == 0 ? 0 : 1);
}

TEST(PosixLock, SaysWhenItsFileIsNotInPlace) {
  char directory[] = "/tmp/mote_env_XXXXXX";
  ASSERT_NE(::mkdtemp(directory), nullptr);
  const std::string path = std::string(directory) + "/LOCK";
  const auto lock = posix_env().lock(path);
  ASSERT_TRUE(lock.ok());
  EXPECT_TRUE((*lock)->in_place());
  ASSERT_TRUE(posix_env().rename(path, path + "2").ok());
  EXPECT_FALSE((*lock)->in_place());
  ASSERT_TRUE(posix_env().open(path, {OpenMode::kCreate, false}).ok());
  EXPECT_FALSE((*lock)->in_place());
  ASSERT_TRUE(posix_env().rename(path + "2", path).ok());
  EXPECT_TRUE((*lock)->in_place());
  ASSERT_TRUE(posix_env().remove(path).ok());
  EXPECT_FALSE((*lock)->in_place());
  ::rmdir(directory);
}

// The lock of a process is refused to others with its id, and comes back when it ends; the lock of
// a parent is not kept by a child that lives on.
TEST(PosixLock, IsRefusedWhileAnotherProcessHoldsIt) {
  char directory[] = "/tmp/mote_env_XXXXXX";
  ASSERT_NE(::mkdtemp(directory), nullptr);
  const std::string path = std::string(directory) + "/LOCK";
  for (const bool child_takes_it : {true, false}) {
    SCOPED_TRACE(child_takes_it);
    Result<std::unique_ptr<FileLock>> own = not_found("not taken");
    if (!child_takes_it) own = posix_env().lock(path);
    int out[2], ready[2];
    ASSERT_EQ(::pipe(out), 0);
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = child_that_waits(out, ready, path, child_takes_it);
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    ASSERT_EQ(byte, 'y');
    own = not_found("released");
    const Status taken = posix_env().lock(path).status();
    EXPECT_EQ(taken.code(), child_takes_it ? Code::kBusy : Code::kOk) << taken.message();
    if (child_takes_it) {
      EXPECT_NE(taken.message().find(std::to_string(child)), std::string::npos);
    }
    ::close(out[1]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(posix_env().lock(path).ok());
    for (const int end : {out[0], ready[0], ready[1]}) ::close(end);
  }
  ::unlink(path.c_str());
  ::rmdir(directory);
}

// A child's death or close must not give the parent's lock away, and its own attempts are refused.
TEST(PosixLock, StaysWithTheParentOfAFork) {
  char directory[] = "/tmp/mote_env_XXXXXX";
  ASSERT_NE(::mkdtemp(directory), nullptr);
  const std::string path = std::string(directory) + "/LOCK";
  auto lock = *posix_env().lock(path);
  const pid_t child = ::fork();
  if (child == 0) {
    lock.reset();
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  const pid_t rival = ::fork();
  if (rival == 0) {
    // A fresh program knows nothing of the parent's list: stand for it by execing nothing but flock
    // itself.
    const int descriptor = ::open(path.c_str(), O_RDWR);
    ::_exit(::lockf(descriptor, F_TEST, 0) == 0 ? 0 : 1);
  }
  ASSERT_EQ(::waitpid(rival, &status, 0), rival);
  EXPECT_EQ(posix_env().lock(path).status().code(), Code::kBusy);
  lock.reset();
  EXPECT_TRUE(posix_env().lock(path).ok());
  ::unlink(path.c_str());
  ::rmdir(directory);
}

TEST(PosixEnv, RunsThreadsAndSaysTheirClass) {
  std::atomic<int> ran{0};
  {
    auto thread = *posix_env().start_thread("a name longer than fifteen", [&] {
      const ThreadClass got = posix_env().set_thread_class(ThreadClass::kRealTime);
      EXPECT_NE(got, ThreadClass::kIdle);
      EXPECT_STRNE(thread_class_name(got), "unknown");
      ran = 1;
    });
  }
  EXPECT_EQ(ran.load(), 1);
}

TEST(Mutex, WakesWaitersAndTimesOut) {
  Mutex mutex(LockRank::kWait);
  CondVar condition;
  bool ready = false;
  auto thread = *posix_env().start_thread("setter", [&] {
    MutexLock lock(mutex);
    ready = true;
    condition.notify_all();
  });
  MutexLock lock(mutex);
  while (!ready) condition.wait(mutex);
  EXPECT_FALSE(condition.wait_for(mutex, 1000));
}

#ifndef NDEBUG
TEST(MutexDeathTest, AbortsOnTheWrongOrder) {
  Mutex low(LockRank::kCommit);
  Mutex high(LockRank::kWait);
  EXPECT_DEATH(
      {
        MutexLock first(high);
        MutexLock second(low);
      },
      "broken promise");
}
#endif

}  // namespace
}  // namespace mote
