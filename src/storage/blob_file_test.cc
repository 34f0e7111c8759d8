#include "storage/blob_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "base/limits.h"
#include "env/faulty_env.h"
#include "env/simulated_env.h"
#include "storage/aligned_bytes.h"
#include "storage/rows_for_tests.h"

namespace mote {
namespace {

constexpr char kDirectory[] = "db";
constexpr uint64_t kDatabase = 42;

std::string value_of(uint64_t seed, size_t size) {
  std::mt19937_64 random(seed);
  return random_bytes(size, random);
}

std::string read_all(const BlobStore& store, const BlobReference& reference) {
  std::string out(reference.size_bytes, '\0');
  const Status status = store.read(reference, out.data());
  return status.ok() ? out : status.message();
}

struct Machine {
  Machine() {
    EXPECT_TRUE(env.create_directory(kDirectory).ok());
    EXPECT_TRUE(env.sync_directory(".").ok());
  }
  SimulatedEnv env{1};
  MemoryBudget budget{64u << 20};
};

TEST(BlobStore, GivesBackWhatWasAppended) {
  Machine machine;
  BlobStore store(machine.env, kDirectory, kDatabase, machine.budget);
  std::vector<std::pair<BlobReference, std::string>> values;
  for (const size_t size :
       {0, 1, 4095, 4096, 4097, 16384, 200'000, 262'144, 4'194'305, 9'000'000}) {
    values.emplace_back(BlobReference(), value_of(size, size));
    const auto reference = store.append(values.back().second);
    ASSERT_TRUE(reference.ok()) << reference.status().message();
    values.back().first = *reference;
  }
  for (const auto& [reference, value] : values) {
    EXPECT_EQ(reference.offset % kLogBlockBytes, 0u);
    EXPECT_EQ(read_all(store, reference), value);
    std::string bytes;
    reference.serialize(&bytes);
    EXPECT_EQ(bytes.size(), BlobReference::kBytes);
    EXPECT_EQ(read_all(store, *BlobReference::deserialize(bytes)), value);
    std::string middle(value.size() / 3, '\0');
    ASSERT_TRUE(store.read_range(reference, value.size() / 3, std::span(middle)).ok());
    EXPECT_EQ(middle, value.substr(value.size() / 3, middle.size()));
  }
  EXPECT_EQ(store.read_range(values[1].first, 1, std::span(values[1].second)).code(),
            Code::kInvalidArgument);
}

// A value is written once: what goes to the medium is its size rounded up to blocks, by one call
// when it is not larger than the staging buffer, whether or not it lies aligned.
TEST(BlobStore, WritesAValueOnceWithOneDurableWrite) {
  Machine machine;
  BlobStore store(machine.env, kDirectory, kDatabase, machine.budget);
  ASSERT_TRUE(store.append(value_of(1, 16384)).ok());
  const AlignedBytes aligned = allocate_aligned(8u << 20);
  std::memset(aligned.get(), 'a', 8u << 20);
  const auto* const bytes = reinterpret_cast<const char*>(aligned.get());
  uint64_t written = store.written_bytes();
  uint64_t calls = machine.env.call_count();
  for (const auto& [value, expected_calls] :
       {std::pair(std::string_view(bytes, 8u << 20), 1),
        std::pair(std::string_view(bytes, 200'001), 1),
        std::pair(std::string_view(bytes + 1, 4u << 20), 1)}) {
    ASSERT_TRUE(store.append(value).ok());
    EXPECT_EQ(store.written_bytes() - written, round_up_to_block(value.size()));
    EXPECT_EQ(machine.env.call_count() - calls, static_cast<uint64_t>(expected_calls));
    written = store.written_bytes();
    calls = machine.env.call_count();
  }
}

TEST(BlobStore, StartsAFileWhenOneIsFull) {
  Machine machine;
  BlobStore store(machine.env, kDirectory, kDatabase, machine.budget);
  const std::string value(20u << 20, 'v');
  std::vector<BlobReference> references;
  for (int i = 0; i < 4; ++i) references.push_back(*store.append(value));
  EXPECT_EQ(references[2].file, 1u);
  EXPECT_EQ(references[3].file, 2u);
  EXPECT_EQ(references[3].offset, 0u);
  for (const BlobReference& reference : references) EXPECT_EQ(read_all(store, reference), value);
  // The room behind the end was given back.
  EXPECT_EQ(machine.env.stat("db/blob-00000001")->size_bytes, 60u << 20);
  EXPECT_EQ(machine.env.stat("db/blob-00000002")->size_bytes, kBlobFileBytes);
  ASSERT_TRUE(store.seal().ok());
  EXPECT_EQ(machine.env.stat("db/blob-00000002")->size_bytes, 20u << 20);
  // One more begins another file.
  EXPECT_EQ(store.append("x")->file, 3u);
}

TEST(BlobStore, GivesAVeryLargeValueAFileOfItsOwn) {
  Machine machine;
  BlobStore store(machine.env, kDirectory, kDatabase, machine.budget);
  const std::string value(kBlobFileBytes + 1, 'v');
  const auto reference = store.append(value);
  ASSERT_TRUE(reference.ok());
  EXPECT_TRUE(read_all(store, *reference) == value);
  EXPECT_NE(store.append("x")->file, reference->file);
}

TEST(BlobStore, RefusesAValueBeyondTheLimit) {
  Machine machine;
  BlobStore store(machine.env, kDirectory, kDatabase, machine.budget);
  // The limit is looked at before the bytes are.
  const char byte = 'x';
  EXPECT_EQ(store.append(std::string_view(&byte, kMaxValueBytes + 1)).status().code(),
            Code::kLimit);
  if (std::getenv("MOTE_TEST_LONG") == nullptr) return;
  for (const uint64_t size : {kMaxValueBytes - 1, kMaxValueBytes}) {
    EXPECT_TRUE(store.append(std::string(size, 'x')).ok());
  }
}

// Flips every byte of the value, and moves it: the checksum knows bytes, file and offset.
TEST(BlobStore, FindsDamage) {
  Machine machine;
  BlobStore store(machine.env, kDirectory, kDatabase, machine.budget);
  const std::string value = value_of(3, 5000);
  const BlobReference reference = *store.append(value);
  const BlobReference other = *store.append(value);
  for (uint64_t at = 0; at < value.size(); at += 97) {
    const char byte = value[at];
    const char flipped = static_cast<char>(byte ^ 0x10);
    ASSERT_TRUE(machine.env.damage("db/blob-00000001", at, {&flipped, 1}).ok());
    EXPECT_EQ(store.read(reference, std::string(5000, 0).data()).code(), Code::kCorruption);
    ASSERT_TRUE(machine.env.damage("db/blob-00000001", at, {&byte, 1}).ok());
  }
  EXPECT_EQ(read_all(store, reference), value);
  BlobReference moved = reference;
  moved.offset = other.offset;
  EXPECT_NE(read_all(store, moved).find("blob-00000001: the value of 5000 bytes at offset 8192"),
            std::string::npos);
  BlobReference missing = reference;
  missing.file = 9;
  EXPECT_EQ(read_all(store, missing), "blob-00000009: the file is missing");
  const BlobStore stranger(machine.env, kDirectory, kDatabase + 1, machine.budget);
  EXPECT_NE(read_all(stranger, reference), value);
}

TEST(BlobReference, RefusesMalformedBytes) {
  BlobReference reference{1, 4096, kMaxValueBytes, 7};
  std::string bytes;
  reference.serialize(&bytes);
  EXPECT_TRUE(BlobReference::deserialize(bytes).ok());
  EXPECT_FALSE(BlobReference::deserialize(bytes + "x").ok());
  EXPECT_FALSE(BlobReference::deserialize(std::string_view(bytes).substr(1)).ok());
  for (const BlobReference& bad :
       {BlobReference{1, 4095, 1, 7}, BlobReference{1, 0, kMaxValueBytes + 1, 7}}) {
    bytes.clear();
    bad.serialize(&bytes);
    EXPECT_EQ(BlobReference::deserialize(bytes).status().code(), Code::kCorruption);
  }
}

// Power is cut during every call, under every policy: each value that append had returned is there.
TEST(BlobStore, KeepsAcknowledgedValuesThroughPowerCuts) {
  Machine machine;
  struct Written {
    uint64_t calls;  // made when it was acknowledged
    BlobReference reference;
    std::string value;
  };
  std::vector<Written> written;
  {
    BlobStore store(machine.env, kDirectory, kDatabase, machine.budget);
    for (const size_t size : {30'000, 16'384, 70'001}) {
      const std::string value = value_of(size, size);
      const BlobReference reference = *store.append(value);
      written.push_back({machine.env.call_count(), reference, value});
      if (size == 16'384) ASSERT_TRUE(store.seal().ok());
    }
  }
  for (uint64_t call = 1; call <= machine.env.call_count(); ++call) {
    for (uint32_t policy = 0; policy < kPowerLossCount; ++policy) {
      SCOPED_TRACE(format_text("call %d, policy %u", static_cast<int>(call), policy));
      const auto image =
          machine.env.crash_image_during(call, static_cast<PowerLoss>(policy), call * 8 + policy);
      BlobStore store(*image, kDirectory, kDatabase, machine.budget);
      for (const Written& one : written) {
        if (one.calls < call) ASSERT_EQ(read_all(store, one.reference), one.value);
      }
    }
  }
}

// Whichever call fails, no reference is given for a value that is not there, and later values go to
// another file.
TEST(BlobStore, GoesOnInAnotherFileAfterAnError) {
  for (uint64_t call = 1; call < 12; ++call) {
    SCOPED_TRACE(call);
    Machine machine;
    FaultyEnv faulty(machine.env);
    BlobStore store(faulty, kDirectory, kDatabase, machine.budget);
    faulty.arm(call, call % 2 == 0 ? Fault::kDiskFull : Fault::kIoError, /*for_ever=*/false);
    std::vector<std::pair<BlobReference, std::string>> values;
    uint32_t failed_file = 0;
    for (uint64_t i = 0; i < 6; ++i) {
      const std::string value = value_of(i, 20'000);
      const uint32_t next_file = store.next_file();
      const auto reference = store.append(value);
      if (!reference.ok()) {
        failed_file = next_file;
        continue;
      }
      if (failed_file != 0) EXPECT_GE(reference->file, failed_file);
      values.emplace_back(*reference, value);
    }
    faulty.disarm();
    EXPECT_GE(values.size(), 5u);
    for (const auto& [reference, value] : values) EXPECT_EQ(read_all(store, reference), value);
  }
}

TEST(BlobStore, DropsFilesThatNothingRefersTo) {
  Machine machine;
  BlobStore store(machine.env, kDirectory, kDatabase, machine.budget);
  const std::string value(20u << 20, 'v');
  std::vector<BlobReference> references;
  for (int file = 0; file < 4; ++file) {
    references.push_back(*store.append(value));
    ASSERT_TRUE(store.seal().ok());
  }
  references.push_back(*store.append(value));  // file 5 is being written
  size_t paced_bytes = 0;
  size_t longest_step = 0;
  const Pace pace = [&](size_t size_bytes) {
    paced_bytes += size_bytes;
    longest_step = std::max(longest_step, size_bytes);
    return Status();
  };
  ASSERT_TRUE(store.drop_unreferenced({2}, /*end=*/4, pace).ok());
  EXPECT_EQ(read_all(store, references[1]), value);
  EXPECT_EQ(read_all(store, references[3]), value) << "not below `end`";
  EXPECT_EQ(read_all(store, references[4]), value) << "being written";
  EXPECT_FALSE(machine.env.stat("db/blob-00000001").ok());
  EXPECT_FALSE(machine.env.stat("db/blob-00000003").ok());
  EXPECT_EQ(paced_bytes, 40u << 20);
  EXPECT_EQ(longest_step, 8u << 20);
  // An error of pace ends it.
  EXPECT_EQ(store.drop_unreferenced({}, UINT32_MAX, [](size_t) { return cancelled("no"); }).code(),
            Code::kCancelled);
}

// A budget without room for the best staging buffer makes do with a smaller one.
TEST(BlobStore, StaysWithinItsBudget) {
  Machine machine;
  MemoryBudget small(300'000);
  BlobStore store(machine.env, kDirectory, kDatabase, small);
  const std::string value = value_of(1, 3'000'000);
  const BlobReference reference = *store.append(value);
  EXPECT_EQ(read_all(store, reference), value);
  MemoryBudget none(100'000);
  BlobStore refused(machine.env, kDirectory, kDatabase, none);
  EXPECT_EQ(refused.append(value).status().code(), Code::kOutOfMemory);
}

}  // namespace
}  // namespace mote
