#include <gtest/gtest.h>

#include <random>

#include "base/arena.h"
#include "base/checksum.h"
#include "base/coding.h"
#include "base/memory_budget.h"
#include "base/status.h"

namespace mote {
namespace {

TEST(Status, CarriesCodeMessageAndPlace) {
  const Status status = invalid_argument("column '%s' has %d values; the rule is %d", "a", 3, 2);
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.message(), "column 'a' has 3 values; the rule is 2");
  EXPECT_EQ(status.offset(), Status::kNoOffset);
  const Status placed = Status(status).at(17).at(18);
  EXPECT_EQ(placed.offset(), 17u) << "the first place named is the nearest to the cause";
  EXPECT_EQ(Status(placed).in("line 4").message(), "line 4: " + status.message());
  EXPECT_TRUE(Status().ok());
}

Result<int> half(int value) {
  if (value % 2 != 0) return invalid_argument("%d is odd", value);
  return value / 2;
}
Result<int> quarter(int value) {
  MOTE_ASSIGN(const int first, half(value));
  MOTE_ASSIGN(const int second, half(first));
  return second;
}

TEST(Result, PassesErrorsOn) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).status().message(), "3 is odd");
}

TEST(ByteReader, ReadsBackWhatByteWriterWrites) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::string bytes;
    ByteWriter writer(&bytes);
    std::vector<uint64_t> values;
    for (int i = 0; i < 50; ++i) {
      values.push_back(random() >> (random() % 64));
      writer.varint(values.back());
      writer.signed_varint(static_cast<int64_t>(values.back()));
      writer.fixed(values.back());
      writer.text(std::string(values.back() % 9, 'x'));
    }
    ByteReader reader(bytes);
    for (const uint64_t value : values) {
      ASSERT_EQ(reader.varint(), value);
      ASSERT_EQ(reader.signed_varint(), static_cast<int64_t>(value));
      ASSERT_EQ(reader.fixed<uint64_t>(), value);
      ASSERT_EQ(reader.text().size(), value % 9);
    }
    EXPECT_FALSE(reader.failed());
    EXPECT_EQ(reader.remaining(), 0u);
  }
}

TEST(ByteReader, FailsForGoodBehindTheEnd) {
  const std::string bytes =
      "\x05"
      "ab";
  ByteReader reader(bytes);
  EXPECT_EQ(reader.text(), "");
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(reader.fixed<uint8_t>(), 0);
  EXPECT_TRUE(reader.failed());
}

TEST(ByteReader, RejectsVarintsOfMoreThan64Bits) {
  const std::string most("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10);
  EXPECT_EQ(ByteReader(most).varint(), UINT64_MAX);
  const std::string over("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10);
  ByteReader reader(over);
  EXPECT_EQ(reader.varint(), 0u);
  EXPECT_TRUE(reader.failed());
}

TEST(ByteReader, BoundsCountsByWhatIsLeft) {
  std::string bytes;
  ByteWriter writer(&bytes);
  writer.varint(4);
  bytes += "12345678";
  EXPECT_EQ(ByteReader(bytes).count(2), 4u);
  ByteReader reader(bytes);
  EXPECT_EQ(reader.count(3), 0u);
  EXPECT_TRUE(reader.failed());
}

TEST(Checksum, DependsOnBytesAndSeed) {
  EXPECT_EQ(checksum("robot", 1), checksum("robot", 1));
  EXPECT_NE(checksum("robot", 1), checksum("robot", 2));
  EXPECT_NE(checksum("robot", 1), checksum("robos", 1));
}

TEST(MemoryBudget, RefusesTheByteAboveItsLimit) {
  MemoryBudget budget(100);
  EXPECT_TRUE(budget.charge(99, "a").ok());
  EXPECT_TRUE(budget.charge(1, "b").ok());
  const Status status = budget.charge(1, "the cache");
  EXPECT_EQ(status.code(), Code::kOutOfMemory);
  EXPECT_EQ(status.message(), "the cache needs 1 bytes; 100 of the budget's 100 bytes are in use");
  EXPECT_EQ(budget.used_bytes(), 100u);
  budget.release(100);
  EXPECT_EQ(budget.peak_bytes(), 100u);
}

TEST(MemoryBudget, ChargesItsParentOrNobody) {
  MemoryBudget parent(100);
  MemoryBudget child(80, &parent);
  MemoryCharge charge;
  EXPECT_TRUE(parent.charge(30, "other").ok());
  EXPECT_FALSE(charge.grow(child, 71, "too much for the parent").ok());
  EXPECT_EQ(child.used_bytes(), 0u);
  EXPECT_TRUE(charge.grow(child, 70, "just enough").ok());
  EXPECT_EQ(parent.used_bytes(), 100u);
  charge.reset();
  EXPECT_EQ(parent.used_bytes(), 30u);
  parent.release(30);
}

TEST(Arena, GivesAlignedRoomThatDoesNotOverlap) {
  std::mt19937_64 random(3);
  Arena arena;
  std::vector<std::pair<char*, size_t>> rooms;
  for (int i = 0; i < 2000; ++i) {
    const size_t size = random() % (i % 100 == 0 ? 100'000 : 300);
    const size_t alignment = size_t{1} << (random() % 7);
    char* const room = arena.allocate(size, alignment);
    ASSERT_EQ(reinterpret_cast<uintptr_t>(room) % alignment, 0u);
    std::fill(room, room + size, static_cast<char>(i));
    rooms.emplace_back(room, size);
  }
  for (size_t i = 0; i < rooms.size(); ++i) {
    for (size_t j = 0; j < rooms[i].second; ++j) {
      ASSERT_EQ(rooms[i].first[j], static_cast<char>(i)) << "room " << i;
    }
  }
  arena.clear();
  EXPECT_LE(arena.memory_bytes(), 1u << 20);
  EXPECT_EQ(arena.copy("text"), "text");
}

}  // namespace
}  // namespace mote
