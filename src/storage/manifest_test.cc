#include "storage/manifest.h"

#include <gtest/gtest.h>

#include <random>

#include "base/limits.h"
#include "env/faulty_env.h"
#include "env/simulated_env.h"
#include "storage/manifest_record.h"

namespace mote {
namespace {

constexpr char kDirectory[] = "db";
constexpr char kPath[] = "db/MANIFEST";

struct Machine {
  Machine() {
    EXPECT_TRUE(env.create_directory(kDirectory).ok());
    EXPECT_TRUE(env.sync_directory(".").ok());
  }
  SimulatedEnv env{1};
};

std::string bytes_of(const ManifestState& state) {
  std::string bytes = format_text("%llu ", static_cast<unsigned long long>(state.database_id));
  serialize_state(state, &bytes);
  return bytes;
}

PartDefinition part_of(uint64_t file, RowId base, uint32_t row_count) {
  return {file, base, row_count, 5000 + file, 4000, file * 77};
}

// Edits in an order that fits: tables, parts added, merged and dropped, delete sets, numbers that
// rise. Definitions are large now and then, so that the manifest is rewritten.
class Program {
 public:
  explicit Program(uint64_t seed) : random_(seed) {}

  ManifestEdit next(const ManifestState& state) {
    ManifestEdit edit;
    edit.next_file = state.next_file + 1;
    if (state.tables.empty() || random_() % 6 == 0) {
      edit.next_table = state.next_table + 1;
      const size_t size = random_() % 3 == 0 ? 60'000 : 50;
      edit.put_tables.push_back({state.next_table, std::string(size, 'd')});
      return edit;
    }
    auto at = state.tables.begin();
    std::advance(at, static_cast<int64_t>(random_() % state.tables.size()));
    const auto& [id, table] = *at;
    const auto row_count = static_cast<uint32_t>(1 + random_() % 1000);
    switch (random_() % 8) {
      case 0:
        if (state.tables.size() > 2) {
          edit.drop_tables.push_back(id);
          break;
        }
        [[fallthrough]];
      case 1:
        edit.deletes.push_back({id, state.next_file, random_()});
        edit.epoch = state.epoch + 1;
        break;
      case 2:
        if (table.parts.size() >= 2) {
          const PartDefinition first = table.parts.begin()->second;
          edit.remove_parts.push_back({id, first});
          edit.add_parts.push_back({id, part_of(state.next_file, first.base, first.row_count)});
          break;
        }
        [[fallthrough]];
      default:
        edit.add_parts.push_back({id, part_of(state.next_file, table.next_row, row_count)});
        edit.next_rows.push_back({id, table.next_row + row_count});
        edit.log_floor = state.log_floor + 4096;
        edit.sequence = state.sequence + 1;
        edit.next_blob_file = state.next_blob_file + static_cast<uint32_t>(random_() % 2);
        break;
    }
    return edit;
  }

 private:
  std::mt19937_64 random_;
};

TEST(Manifest, IsFoundAsItWasLeft) {
  for (uint64_t seed = 0; seed < 5; ++seed) {
    SCOPED_TRACE(seed);
    Machine machine;
    Program program(seed);
    auto manifest = *Manifest::create(machine.env, kDirectory);
    uint64_t largest = 0;
    for (int i = 0; i < 300; ++i) {
      const Status status = manifest->append(program.next(manifest->state()));
      ASSERT_TRUE(status.ok()) << status.message();
      largest = std::max(largest, manifest->size_bytes());
      if (i % 20 != 0) continue;
      const std::string expected = bytes_of(manifest->state());
      manifest = *Manifest::open(machine.env, kDirectory, true);
      ASSERT_EQ(bytes_of(manifest->state()), expected);
    }
    EXPECT_LT(largest, 4u << 20) << "it is rewritten now and then";
  }
}

TEST(Manifest, ReadsBackEveryFieldOfAnEdit) {
  ManifestEdit edit;
  edit.epoch = 7;
  edit.log_floor = 8;
  edit.sequence = 9;
  edit.next_file = 10;
  edit.next_blob_file = 11;
  edit.next_table = 12;
  edit.put_tables = {{3, "three"}, {4, ""}};
  edit.drop_tables = {1, 2};
  edit.next_rows = {{3, kMaxRowId}};
  edit.remove_parts = {{3, part_of(5, 0, 1)}};
  edit.add_parts = {{3, part_of(6, 5, kMaxPartRows)}, {3, part_of(7, 5 + kMaxPartRows, 3)}};
  edit.deletes = {{4, 8, 99}};
  std::string bytes, again;
  serialize_edit(edit, &bytes);
  serialize_edit(*deserialize_edit(bytes), &again);
  EXPECT_EQ(bytes, again);
  // Cut or changed anywhere: an error or another edit, never a crash.
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(deserialize_edit(bytes.substr(0, size)).ok());
  }
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      const auto parsed = deserialize_edit(changed);
      if (!parsed.ok()) EXPECT_EQ(parsed.status().code(), Code::kCorruption);
    }
  }
}

// Power is cut during every call, under every policy: the state is that of the acknowledged edits,
// or, of the edit in flight, that after it. Then the next edit is taken and found again.
TEST(Manifest, SurvivesEveryPowerCut) {
  for (uint64_t seed = 0; seed < 3; ++seed) {
    Machine machine;
    Program program(seed);
    std::vector<uint64_t> calls;  // made when state i was acknowledged
    std::vector<std::string> states;
    const uint64_t first_call = machine.env.call_count() + 1;
    auto manifest = *Manifest::create(machine.env, kDirectory);
    for (int i = 0; i <= 24; ++i) {
      calls.push_back(machine.env.call_count());
      states.push_back(bytes_of(manifest->state()));
      ASSERT_TRUE(manifest->append(program.next(manifest->state())).ok());
    }
    size_t next = 0;
    for (uint64_t call = first_call; call <= calls.back(); ++call) {
      while (next < calls.size() && calls[next] < call) ++next;  // states[next] may be in flight
      for (uint32_t policy = 0; policy < kPowerLossCount; ++policy) {
        SCOPED_TRACE(format_text("seed %d, call %d, policy %u", static_cast<int>(seed),
                                 static_cast<int>(call), policy));
        const auto image =
            machine.env.crash_image_during(call, static_cast<PowerLoss>(policy), call * 8 + policy);
        auto found = Manifest::open(*image, kDirectory, true);
        if (!found.ok()) {
          ASSERT_EQ(next, 0u) << found.status().message();
          ASSERT_EQ(found.status().code(), Code::kNotFound) << found.status().message();
          ASSERT_TRUE(Manifest::create(*image, kDirectory).ok());
          continue;
        }
        const std::string state = bytes_of((*found)->state());
        ASSERT_TRUE((next > 0 && state == states[next - 1]) || state == states[next]);
        if (policy != call % kPowerLossCount) continue;
        ASSERT_TRUE((*found)->append(program.next((*found)->state())).ok());
        const auto again = Manifest::open(*image, kDirectory, false);
        ASSERT_TRUE(again.ok()) << again.status().message();
        ASSERT_EQ(bytes_of((*again)->state()), bytes_of((*found)->state()));
      }
    }
  }
}

// A manifest of a state and three edits, none longer than a block.
std::unique_ptr<Manifest> small_manifest(SimulatedEnv& env, std::vector<std::string>* states) {
  auto manifest = *Manifest::create(env, kDirectory);
  states->push_back(bytes_of(manifest->state()));
  for (uint32_t i = 1; i <= 3; ++i) {
    ManifestEdit edit;
    edit.put_tables.push_back({i, "table"});
    EXPECT_TRUE(manifest->append(edit).ok());
    states->push_back(bytes_of(manifest->state()));
  }
  return manifest;
}

// Every byte is changed: an error that names the file, or the same state, or, in the last edit, the
// state before it.
TEST(Manifest, FindsDamageOfEveryByte) {
  Machine machine;
  std::vector<std::string> states;
  const uint64_t end = small_manifest(machine.env, &states)->size_bytes();
  ASSERT_EQ(end, 5u * kLogBlockBytes);
  const std::string bytes = *machine.env.file_bytes(kPath);
  for (uint64_t at = 0; at < end; ++at) {
    if (at % kLogBlockBytes > 200 && at % 61 != 0) continue;  // padding
    SCOPED_TRACE(at);
    const char changed = static_cast<char>(bytes[at] ^ 0x41);
    ASSERT_TRUE(machine.env.damage(kPath, at, {&changed, 1}).ok());
    const auto found = Manifest::open(machine.env, kDirectory, false);
    if (found.ok()) {
      const std::string state = bytes_of((*found)->state());
      const bool in_last = at >= 4u * kLogBlockBytes;
      EXPECT_TRUE(state == states[3] || (in_last && state == states[2]));
    } else {
      EXPECT_EQ(found.status().code(), Code::kCorruption);
      EXPECT_NE(found.status().message().find(kPath), std::string::npos);
    }
    ASSERT_TRUE(machine.env.damage(kPath, at, {&bytes[at], 1}).ok());
  }
}

TEST(Manifest, NamesThePlaceOfADamagedEdit) {
  Machine machine;
  std::vector<std::string> states;
  small_manifest(machine.env, &states);
  ASSERT_TRUE(machine.env.damage(kPath, 3 * kLogBlockBytes + 30, "damage").ok());
  EXPECT_EQ(Manifest::open(machine.env, kDirectory, true).status().message(),
            "db/MANIFEST: the edit at byte 12288 is damaged; the one at byte 16384 is intact");
}

TEST(Manifest, SaysWhichVersionsDisagree) {
  Machine machine;
  std::vector<std::string> states;
  small_manifest(machine.env, &states);
  ASSERT_TRUE(machine.env.damage(kPath, 8, std::string_view("\x09", 1)).ok());
  EXPECT_EQ(Manifest::open(machine.env, kDirectory, true).status().message(),
            "db/MANIFEST: the database has format version 9; this program knows versions up to 1");
}

TEST(Manifest, SaysWhenItIsNone) {
  Machine machine;
  EXPECT_EQ(Manifest::open(machine.env, kDirectory, true).status().code(), Code::kNotFound);
  for (const std::string& content : {std::string(), std::string("text"), std::string(9000, 'x')}) {
    auto file = *machine.env.open(kPath, {OpenMode::kCreateOrOpen, false});
    ASSERT_TRUE(file->truncate(0).ok());
    ASSERT_TRUE(file->write(0, as_bytes(content)).ok());
    EXPECT_EQ(Manifest::open(machine.env, kDirectory, true).status().message(),
              "db/MANIFEST: is not the manifest of a moteDB database");
  }
  EXPECT_EQ(Manifest::create(machine.env, kDirectory).status().code(), Code::kInvalidArgument);
}

// Whichever call fails, the state stays as it was, nothing is appended any more, and reopening
// finds the state before or after that edit.
TEST(Manifest, IsPoisonedByAFailedWrite) {
  for (uint64_t call = 1; call < 40; ++call) {
    SCOPED_TRACE(call);
    Machine machine;
    FaultyEnv faulty(machine.env);
    Program program(4);
    auto manifest = *Manifest::create(faulty, kDirectory);
    faulty.arm(call, call % 3 == 0 ? Fault::kShortWrite : Fault::kIoError, /*for_ever=*/false);
    std::string before, after;
    for (int i = 0; i < 60 && !faulty.fired(); ++i) {
      const ManifestEdit edit = program.next(manifest->state());
      before = bytes_of(manifest->state());
      ManifestState applied = manifest->state();
      ASSERT_TRUE(apply_edit(edit, &applied).ok());
      after = bytes_of(applied);
      if (manifest->append(edit).ok()) before = after;
    }
    ASSERT_TRUE(faulty.fired());
    faulty.disarm();
    ASSERT_EQ(bytes_of(manifest->state()), before);
    if (before != after) {
      const Status status = manifest->append(program.next(manifest->state()));
      // A full disk, or one whose room can not be asked for, is found out before anything is
      // written.
      EXPECT_TRUE(status.ok() || status.code() == Code::kReadOnly);
      if (status.ok()) continue;
    }
    const auto again = Manifest::open(machine.env, kDirectory, true);
    ASSERT_TRUE(again.ok()) << again.status().message();
    const std::string found = bytes_of((*again)->state());
    EXPECT_TRUE(found == before || found == after);
  }
}

// Nobody knows what a failed write has left, so the next edit must not go behind or over it.
TEST(Manifest, AppendsNothingAfterAFailedWrite) {
  Machine machine;
  FaultyEnv faulty(machine.env);
  Program program(4);
  auto manifest = *Manifest::create(faulty, kDirectory);
  faulty.arm(0, Fault::kIoError, /*for_ever=*/false);
  ASSERT_TRUE(manifest->append(program.next(manifest->state())).ok());
  const uint64_t calls = faulty.call_count();  // the write is the last of them
  faulty.arm(calls, Fault::kIoError, /*for_ever=*/false);
  EXPECT_EQ(manifest->append(program.next(manifest->state())).code(), Code::kIoError);
  EXPECT_EQ(manifest->append(program.next(manifest->state())).code(), Code::kReadOnly);
}

TEST(Manifest, IsNotPoisonedByAFullDisk) {
  Machine machine;
  auto manifest = *Manifest::create(machine.env, kDirectory);
  Program program(5);
  machine.env.set_capacity(manifest->size_bytes() + 64 * 1024);
  Status status;
  for (int i = 0; i < 100 && status.ok(); ++i) {
    status = manifest->append(program.next(manifest->state()));
  }
  EXPECT_EQ(status.code(), Code::kDiskFull) << status.message();
  const std::string state = bytes_of(manifest->state());
  EXPECT_EQ(bytes_of((*Manifest::open(machine.env, kDirectory, false))->state()), state);
  machine.env.set_capacity(std::nullopt);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(manifest->append(program.next(manifest->state())).ok());
  }
  EXPECT_EQ(bytes_of((*Manifest::open(machine.env, kDirectory, false))->state()),
            bytes_of(manifest->state()));
}

TEST(Manifest, IsNotWrittenWhenOpenedForReading) {
  Machine machine;
  std::vector<std::string> states;
  small_manifest(machine.env, &states);
  const auto manifest = *Manifest::open(machine.env, kDirectory, false);
  EXPECT_EQ(manifest->append(ManifestEdit()).code(), Code::kReadOnly);
}

TEST(Manifest, RefusesEditsThatDoNotFit) {
  Machine machine;
  auto manifest = *Manifest::create(machine.env, kDirectory);
  ManifestEdit edit;
  edit.put_tables.push_back({1, "table"});
  edit.add_parts = {{1, part_of(1, 0, 10)}, {1, part_of(2, 10, 10)}};
  edit.next_file = 5;
  ASSERT_TRUE(manifest->append(edit).ok());
  const std::string state = bytes_of(manifest->state());
  std::vector<ManifestEdit> bad(6);
  bad[0].add_parts = {{1, part_of(3, 19, 1)}};     // overlaps
  bad[1].add_parts = {{2, part_of(3, 30, 1)}};     // no such table
  bad[2].remove_parts = {{1, part_of(9, 0, 10)}};  // another file
  bad[3].next_file = 4;                            // falls
  bad[4].drop_tables = {7};
  bad[5].deletes = {{7, 1, 1}};
  for (const ManifestEdit& one : bad) {
    EXPECT_EQ(manifest->append(one).code(), Code::kCorruption);
    EXPECT_EQ(bytes_of(manifest->state()), state);
  }
}

TEST(Manifest, RefusesAFileBeyondTheLimit) {
  Machine machine;
  std::vector<std::string> states;
  small_manifest(machine.env, &states);
  auto file = *machine.env.open(kPath, {OpenMode::kReadWrite, false});
  for (const int more : {-1, 0, 1}) {
    ASSERT_TRUE(
        file->truncate(static_cast<uint64_t>(static_cast<int64_t>(kMaxManifestBytes) + more)).ok());
    EXPECT_EQ(Manifest::open(machine.env, kDirectory, false).ok(), more <= 0);
  }
}

RowSet random_rows(uint64_t seed) {
  std::mt19937_64 random(seed);
  RowSet rows;
  for (int i = 0; i < 500; ++i) rows.add(random() % 1'000'000);
  rows.add_range(70'000, 80'000);
  return rows;
}

TEST(Deletes, AreReadBackAndCheckedByteByByte) {
  Machine machine;
  const RowSet rows = random_rows(1);
  const uint64_t sum = *write_deletes(machine.env, kDirectory, 7, rows);
  EXPECT_TRUE(*read_deletes(machine.env, kDirectory, 7, sum) == rows);
  EXPECT_EQ(read_deletes(machine.env, kDirectory, 7, sum + 1).status().code(), Code::kCorruption);
  EXPECT_EQ(read_deletes(machine.env, kDirectory, 8, sum).status().message(),
            "deletes-00000008: the file is missing");
  const std::string path = "db/" + deletes_file_name(7);
  const std::string bytes = *machine.env.file_bytes(path);
  for (size_t at = 0; at < bytes.size(); at += 13) {
    const char changed = static_cast<char>(bytes[at] ^ 4);
    ASSERT_TRUE(machine.env.damage(path, at, {&changed, 1}).ok());
    EXPECT_EQ(read_deletes(machine.env, kDirectory, 7, sum).status().code(), Code::kCorruption);
    ASSERT_TRUE(machine.env.damage(path, at, {&bytes[at], 1}).ok());
  }
  // A file that a crash left is written over.
  EXPECT_TRUE(write_deletes(machine.env, kDirectory, 7, RowSet()).ok());
}

TEST(Deletes, SurvivePowerCutsOnceWritten) {
  Machine machine;
  const RowSet rows = random_rows(2);
  const uint64_t sum = *write_deletes(machine.env, kDirectory, 7, rows);
  for (uint32_t policy = 0; policy < kPowerLossCount; ++policy) {
    const auto image = machine.env.crash_image(static_cast<PowerLoss>(policy), policy);
    EXPECT_TRUE(*read_deletes(*image, kDirectory, 7, sum) == rows);
  }
}

}  // namespace
}  // namespace mote
