#include "storage/column_part.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>

#include "base/checksum.h"
#include "base/limits.h"
#include "env/faulty_env.h"
#include "env/simulated_env.h"
#include "storage/part_footer.h"
#include "storage/part_keys.h"
#include "storage/rows_for_tests.h"

namespace mote {
namespace {

constexpr RowId kBase = 5000;

struct Store {
  explicit Store(Env* other = nullptr)
      : environment{other != nullptr ? *other : env, "db", 7, cache, blobs, budget} {
    EXPECT_TRUE(env.create_directory("db").ok());
    EXPECT_TRUE(env.sync_directory(".").ok());
  }
  Result<PartDefinition> write(std::shared_ptr<const Schema> schema, const std::vector<Row>& rows,
                               uint64_t file = 3, size_t step = kChunkRows, Pace pace = {}) {
    PartWriter writer(environment, schema, file, {}, std::move(pace));
    for (size_t first = 0; first < rows.size(); first += step) {
      const size_t count = std::min(step, rows.size() - first);
      MOTE_TRY(writer.append(chunk_of(*schema, rows, first, count), {}));
    }
    EXPECT_EQ(writer.row_count(), rows.size());
    MOTE_ASSIGN(PartDefinition definition, writer.finish());
    definition.base = kBase;
    return definition;
  }
  std::shared_ptr<ColumnPart> part(std::shared_ptr<const Schema> schema,
                                   const std::vector<Row>& rows, uint64_t file = 3,
                                   size_t step = kChunkRows) {
    const auto definition = write(schema, rows, file, step);
    EXPECT_TRUE(definition.ok()) << definition.status().message();
    return std::make_shared<ColumnPart>(environment, schema, *definition);
  }

  SimulatedEnv env{1};
  MemoryBudget budget{256u << 20};
  BlockCache cache{8u << 20, budget};
  BlobStore blobs{env, "db", 7, budget};
  PartEnvironment environment;
};

std::vector<Row> random_rows(const Schema& schema, size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Row> rows;
  for (size_t i = 0; i < count; ++i) rows.push_back(random_row(schema, random));
  return rows;
}

Row purged_row(const Schema& schema) {
  Row row;
  for (const ColumnDefinition& column : schema.columns) row.push_back(Value::null(column.type));
  return row;
}

void expect_keys(const ColumnPart& part, const Schema& schema, const std::vector<Row>& rows) {
  std::map<std::string, std::vector<RowId>> expected;
  for (size_t i = 0; i < rows.size(); ++i) {
    bool purged = false;
    for (const uint32_t c : schema.primary_key) purged |= rows[i][c].is_null();
    if (!purged) expected[key_of(schema, rows[i])].push_back(kBase + i);
  }
  std::vector<RowId> found;
  for (const auto& [key, ids] : expected) {
    for (const std::string& other :
         {key + "x", key.substr(1), std::string("\1") + key, key.substr(0, key.size() - 1)}) {
      found.clear();
      ASSERT_TRUE(part.find_key(other, &found).ok());
      ASSERT_EQ(found.empty(), !expected.contains(other));
    }
    found.clear();
    const Status status = part.find_key(key, &found);
    ASSERT_TRUE(status.ok()) << status.message();
    ASSERT_EQ(found, ids);
    expect_newest(part, key, ids);
  }
}

void expect_sound(const ColumnPart& part) {
  std::vector<std::string> problems;
  const Status status = part.verify(&problems);
  EXPECT_TRUE(status.ok()) << status.message();
  for (const std::string& problem : problems) ADD_FAILURE() << problem;
}

// All types, with nulls, at sizes around those of blocks: what was written is read back by block,
// row and key, and the part finds nothing wrong with itself.
TEST(ColumnPart, GivesBackTheRowsThatWereWritten) {
  uint64_t seed = 0;
  for (const size_t count : {1, 2, 1023, 1024, 1025, 5000}) {
    for (const bool keyed : {false, true}) {
      SCOPED_TRACE(format_text("%zu rows, keyed %d", count, keyed));
      const auto schema = schema_of_all_types(keyed);
      const std::vector<Row> rows = random_rows(*schema, count, ++seed);
      {
        Store store;
        const auto part = store.part(schema, rows, 3, seed % 2 == 0 ? 300 : kChunkRows);
        EXPECT_EQ(part->base(), kBase);
        expect_rows(*part, *schema, rows);
        if (keyed) expect_keys(*part, *schema, rows);
        expect_sound(*part);
        EXPECT_TRUE(part->blob_files()->empty());
        EXPECT_EQ(part->column_sizes()->size(), schema->columns.size() + (keyed && count > 2));
      }
    }
  }
}

std::shared_ptr<const Schema> schema_of(const std::vector<Type>& types,
                                        const std::vector<uint32_t>& key) {
  auto schema = std::make_shared<Schema>();
  for (const Type& type : types) {
    schema->columns.emplace_back();
    schema->columns.back().name = "c" + std::to_string(schema->columns.size());
    schema->columns.back().type = type;
  }
  schema->primary_key = key;
  return schema;
}

// Keys at equal distances, with a gap and a change of distance in some blocks: those that are there
// are found, those between and beyond are not.
TEST(ColumnPart, FindsKeysAtEqualDistances) {
  const auto schema = schema_of({Type::timestamp()}, {0});
  for (const int64_t distance : {1, 5, 1'000'000}) {
    std::vector<Row> rows;
    int64_t key = -2'000 * distance;
    for (int i = 0; i < 5000; ++i) {
      key += i == 1500 || i == 4095 ? 3 * distance : distance;
      const bool purged = i == 2100 || i == 3072;
      rows.push_back(purged ? purged_row(*schema) : Row{Value::timestamp(key)});
    }
    Store store;
    const auto part = store.part(schema, rows);
    expect_keys(*part, *schema, rows);
    expect_sound(*part);
    std::map<int64_t, RowId> expected;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!rows[i][0].is_null()) expected[rows[i][0].integer()] = kBase + i;
    }
    for (int64_t at = -2'001 * distance; at < 3'010 * distance;
         at += std::max<int64_t>(1, distance / 5)) {
      std::vector<RowId> found;
      ASSERT_TRUE(part->find_key(key_of(*schema, {Value::timestamp(at)}), &found).ok());
      ASSERT_EQ(found.size(), expected.count(at)) << at;
      if (!found.empty()) ASSERT_EQ(found[0], expected[at]);
    }
  }
}

// Keys that rise with the row: numbers, texts that agree in the first 16 bytes, pairs.
TEST(ColumnPart, FindsRisingKeysWithoutADirectory) {
  const auto number = schema_of({Type::integer(), Type::floating()}, {0});
  const auto text = schema_of({Type::text()}, {0});
  const auto pair = schema_of({Type::timestamp(), Type::text()}, {0, 1});
  std::vector<Row> numbers, texts, pairs;
  std::mt19937_64 random(1);
  int64_t next = -5000;
  for (int i = 0; i < 3500; ++i) {
    next += 1 + static_cast<int64_t>(random() % 9);
    numbers.push_back({Value::integer(next), Value::floating(i)});
    texts.push_back({Value::text(format_text("robot/arm/joint/%08d", i))});
    pairs.push_back({Value::timestamp(i / 3), Value::text(std::string(1, "abc"[i % 3]))});
  }
  for (const auto& [schema, rows] :
       {std::pair(number, numbers), std::pair(text, texts), std::pair(pair, pairs)}) {
    Store store;
    const auto part = store.part(schema, rows);
    expect_keys(*part, *schema, rows);
    expect_sound(*part);
    EXPECT_EQ(part->column_sizes()->size(), schema->columns.size()) << "no directory";
  }
}

// Purged rows are NULL throughout, key columns too; whole blocks of them have no fence.
TEST(ColumnPart, KeepsThePlacesOfPurgedRows) {
  const auto schema = schema_of({Type::integer(), Type::text()}, {0});
  for (const bool rising : {false, true}) {
    for (uint64_t seed = 0; seed < 4; ++seed) {
      SCOPED_TRACE(seed);
      std::mt19937_64 random(seed);
      std::vector<Row> rows;
      for (int64_t i = 0; i < 5000; ++i) {
        const bool purged = (i >= 1024 && i < 2100) || random() % 3 == 0 || (seed == 1 && i < 1500);
        const int64_t key = rising ? i * 3 : i * 7919 % 5003;
        rows.push_back(purged ? purged_row(*schema)
                              : Row{Value::integer(key), Value::text("value")});
      }
      Store store;
      const auto part = store.part(schema, rows);
      expect_rows(*part, *schema, rows);
      expect_keys(*part, *schema, rows);
      expect_sound(*part);
    }
  }
  Store store;
  const std::vector<Row> nothing(1500, purged_row(*schema));
  const auto part = store.part(schema, nothing);
  std::vector<RowId> found;
  EXPECT_TRUE(part->find_key("x", &found).ok());
  EXPECT_TRUE(found.empty());
  expect_sound(*part);
}

// Many versions of few keys, as updates make them.
TEST(ColumnPart, FindsAllVersionsOfAKey) {
  const auto schema = schema_of({Type::integer(), Type::integer()}, {0});
  std::vector<Row> rows;
  for (int64_t i = 0; i < 6000; ++i) rows.push_back({Value::integer(i % 3), Value::integer(i)});
  Store store;
  const auto part = store.part(schema, rows);
  for (int64_t key = 0; key < 4; ++key) {
    std::vector<RowId> expected, found;
    for (RowId i = 0; i < rows.size(); ++i) {
      if (rows[i][0].integer() == key) expected.push_back(kBase + i);
    }
    ASSERT_TRUE(part->find_key(key_of(*schema, {Value::integer(key)}), &found).ok());
    EXPECT_EQ(found, expected);
    expect_newest(*part, key_of(*schema, {Value::integer(key)}), expected);
  }
}

// Rows of which every third value lies in a blob file.
struct BlobRows {
  explicit BlobRows(Store& store) : schema(schema_of({Type::integer(), Type::text()}, {})) {
    for (uint32_t i = 0; i < 1500; ++i) {
      const bool large = i % 100 == 3 && i > 1100;
      const std::string text = large ? std::string(17'000, 'b') + std::to_string(i) : "small";
      rows.push_back(
          {Value::integer(i), i % 7 == 0 ? Value::null(Type::text()) : Value::text(text)});
      references.emplace_back();
      if (rows.back()[1].is_null() || !large) continue;
      store.blobs.append(text)->serialize(&references.back());
    }
  }
  Result<PartDefinition> write(Store& store) const {
    PartWriter writer(store.environment, schema, 3, {}, {});
    for (size_t first = 0; first < rows.size(); first += 700) {
      const size_t count = std::min<size_t>(700, rows.size() - first);
      Column column(Type::blob());
      column.validity().set_all_null();
      for (uint32_t i = 0; i < count; ++i) {
        if (references[first + i].empty()) continue;
        column.set_value(i, Value::blob(references[first + i]));
      }
      const Column* const columns[] = {nullptr, &column};
      MOTE_TRY(writer.append(chunk_of(*schema, rows, first, count), columns));
    }
    MOTE_ASSIGN(PartDefinition definition, writer.finish());
    definition.base = kBase;
    return definition;
  }
  std::shared_ptr<const Schema> schema;
  std::vector<Row> rows;
  std::vector<std::string> references;
};

TEST(ColumnPart, ReadsValuesOfBlobFiles) {
  Store store;
  const BlobRows data(store);
  const PartDefinition definition = *data.write(store);
  EXPECT_LT(definition.file_bytes, 8000u) << "the values are not in the part";
  const ColumnPart part(store.environment, data.schema, definition);
  expect_rows(part, *data.schema, data.rows);
  EXPECT_EQ(*part.blob_files(), std::vector<uint32_t>{1});
  expect_sound(part);
  for (uint32_t b = 0; b < part.block_count(); ++b) {
    Column references, inlined;
    ASSERT_TRUE(part.read_references(b, 1, references).ok());
    ASSERT_TRUE(part.read_inline(b, 1, inlined).ok());
    for (uint32_t row = 0; row < part.block(b).row_count; ++row) {
      const size_t at = part.block(b).first + row;
      const bool elsewhere = !data.references[at].empty();
      ASSERT_EQ(references.is_null(row), !elsewhere);
      if (elsewhere) ASSERT_EQ(references.value(row), Value::blob(data.references[at]));
      ASSERT_EQ(inlined.is_null(row), elsewhere || data.rows[at][1].is_null());
    }
  }
  // Values elsewhere are no NULLs, and bounds know nothing of them.
  uint32_t nulls = 0;
  for (const Row& row : data.rows) nulls += row[1].is_null();
  EXPECT_EQ((*part.range_stats(1))->null_count, nulls);
  EXPECT_TRUE((*part.range_stats(1))->maximum.is_null());
  EXPECT_EQ((*part.block_stats(0, 1))->maximum, Value::text("small"));
  EXPECT_TRUE((*part.block_stats(1, 1))->minimum.is_null());
}

TEST(ColumnPart, KnowsItsStatistics) {
  const auto schema = schema_of({Type::integer(), Type::floating()}, {});
  std::vector<Row> rows;
  for (int64_t i = 0; i < 2500; ++i) rows.push_back({Value::integer(i - 7), Value::floating(0.5)});
  Store store;
  const auto part = store.part(schema, rows);
  const SharedStats all = *part->range_stats(0);
  EXPECT_EQ(all->minimum, Value::integer(-7));
  EXPECT_EQ(all->maximum, Value::integer(2492));
  EXPECT_EQ(static_cast<int64_t>(all->integer_sum), 2500 * 2499 / 2 - 7 * 2500);
  EXPECT_EQ((*part->range_stats(1))->sum, 1250);
  EXPECT_EQ((*part->block_stats(1, 0))->minimum, Value::integer(1024 - 7));
  EXPECT_EQ((*part->block_stats(2, 0))->row_count, 2500u - 2048);
}

// What a part answers, as text: all values, or the code of an error.
std::string answers_of(const ColumnPart& part, const Schema& schema, const std::string& key) {
  std::string text;
  Column column;
  for (uint32_t b = 0; b < part.block_count(); ++b) {
    for (uint32_t c = 0; c < schema.columns.size(); ++c) {
      if (Status status = part.read(b, c, column); !status.ok()) {
        EXPECT_EQ(status.code(), Code::kCorruption) << status.message();
        EXPECT_NE(status.message().find("part-00000003"), std::string::npos) << status.message();
        return "error";
      }
      for (uint32_t r = 0; r < part.block(b).row_count; ++r)
        text += column.value(r).to_text() + ",";
      const auto stats = part.block_stats(b, c);
      if (!stats.ok()) return "error";
      (*stats)->serialize(schema.columns[c].type, &text);
    }
  }
  std::vector<RowId> found;
  if (!part.find_key(key, &found).ok()) return "error";
  for (const RowId row : found) text += std::to_string(row) + ";";
  return text;
}

// Every byte of a small part is changed: the answers are the same or an error, and
// verify finds it.
TEST(ColumnPart, NeverGivesWrongRowsFromADamagedFile) {
  const auto schema = schema_of_all_types(/*keyed=*/true);
  const std::vector<Row> rows = random_rows(*schema, 30, 5);
  Store store;
  const PartDefinition definition = *store.write(schema, rows);
  const std::string path = "db/" + part_file_name(3);
  const std::string key = key_of(*schema, rows[20]);
  const std::string bytes = *store.env.file_bytes(path);
  ASSERT_EQ(bytes.size(), definition.file_bytes);
  const std::string expected =
      answers_of(ColumnPart(store.environment, schema, definition), *schema, key);
  ASSERT_NE(expected, "error");
  uint64_t harmless = 0;
  for (uint64_t at = 0; at < bytes.size(); ++at) {
    SCOPED_TRACE(at);
    const char changed = static_cast<char>(bytes[at] ^ (at % 2 == 0 ? 0x01 : 0x80));
    ASSERT_TRUE(store.env.damage(path, at, {&changed, 1}).ok());
    store.cache.clear();
    const ColumnPart part(store.environment, schema, definition);
    const std::string found = answers_of(part, *schema, key);
    ASSERT_TRUE(found == expected || found == "error");
    harmless += found == expected;
    std::vector<std::string> problems;
    ASSERT_TRUE(part.verify(&problems).ok());
    ASSERT_FALSE(problems.empty());
    ASSERT_TRUE(store.env.damage(path, at, {&bytes[at], 1}).ok());
  }
  EXPECT_EQ(harmless, kPartHeaderBytes + kPartTrailerBytes);
}

// A part whose bytes are as they were written but whose footer says what is not so: checksums can
// not tell, verify does.
TEST(ColumnPart, VerifyFindsAFooterThatDoesNotFitTheRows) {
  const auto schema = schema_of({Type::integer(), Type::text()}, {0});
  std::vector<Row> rising, mixed;
  for (int64_t i = 0; i < 5000; ++i) {
    rising.push_back({Value::integer(i), Value::text("v")});
    mixed.push_back({Value::integer(i * 7919 % 5003), Value::text("v")});
  }
  using Fault = std::function<void(PartFooter&)>;
  const std::vector<std::pair<std::vector<Row>, Fault>> faults = {
      {rising, [](PartFooter& f) { f.columns[0].stats.maximum = Value::integer(9000); }},
      {rising, [](PartFooter& f) { f.columns[1].stats.null_count = 1; }},
      {rising, [](PartFooter& f) { f.fences[1].prefix[7] = '\x7f'; }},
      {rising, [](PartFooter& f) { f.greatest_key = f.least_key; }},
      {rising, [](PartFooter& f) { f.key_order = KeyOrder::kNone; }},
      {rising,
       [](PartFooter& f) { std::swap(f.columns[0].block_stats, f.columns[1].block_stats); }},
      {mixed, [](PartFooter& f) { std::swap(f.key_pages[0], f.key_pages[1]); }},
      {mixed, [](PartFooter& f) { f.least_key += "x"; }},
  };
  for (size_t i = 0; i < faults.size(); ++i) {
    SCOPED_TRACE(i);
    Store store;
    PartDefinition definition = *store.write(schema, faults[i].first);
    expect_sound(ColumnPart(store.environment, schema, definition));
    const std::string path = "db/" + part_file_name(3);
    const std::string bytes = *store.env.file_bytes(path);
    const size_t footer_bytes = bytes.size() - kPartTrailerBytes - definition.footer_offset;
    PartFooter footer = *PartFooter::deserialize(
        bytes.substr(definition.footer_offset, footer_bytes), *schema, definition.footer_offset);
    faults[i].second(footer);
    std::string altered;
    footer.serialize(&altered);
    definition.footer_checksum = checksum(altered, part_seed(7, 3, definition.footer_offset));
    definition.file_bytes = definition.footer_offset + altered.size() + kPartTrailerBytes;
    std::string trailer;
    ByteWriter writer(&trailer);
    writer.fixed(definition.footer_offset);
    writer.fixed(static_cast<uint64_t>(altered.size()));
    writer.fixed(definition.footer_checksum);
    writer.fixed(kPartMagic);
    auto file = *store.env.open(path, {OpenMode::kReadWrite, false});
    ASSERT_TRUE(file->write(definition.footer_offset, as_bytes(altered + trailer)).ok());
    ASSERT_TRUE(file->truncate(definition.file_bytes).ok());
    store.cache.clear();
    std::vector<std::string> problems;
    ASSERT_TRUE(ColumnPart(store.environment, schema, definition).verify(&problems).ok());
    EXPECT_FALSE(problems.empty());
  }
}

// A page or file that is intact but in another place does not verify.
TEST(ColumnPart, RefusesAnotherPartsFile) {
  const auto schema = schema_of({Type::integer()}, {});
  Store store;
  const PartDefinition first = *store.write(schema, {{Value::integer(1)}}, 3);
  const PartDefinition second = *store.write(schema, {{Value::integer(2)}}, 4);
  ASSERT_TRUE(store.env.rename("db/" + part_file_name(4), "db/" + part_file_name(3)).ok());
  Column column;
  const ColumnPart swapped(store.environment, schema, first);
  EXPECT_EQ(swapped.read(0, 0, column).code(), Code::kCorruption);
  const ColumnPart missing(store.environment, schema, second);
  EXPECT_EQ(missing.read(0, 0, column).message(), "part-00000004: the file is missing");
  const auto other = schema_of({Type::text()}, {});
  const PartDefinition third = *store.write(schema, {{Value::integer(2)}}, 5);
  const ColumnPart stranger(store.environment, other, third);
  EXPECT_NE(stranger.read(0, 0, column).message().find("type INTEGER in the part, TEXT"),
            std::string::npos);
}

// Once finish() has returned, no power cut takes the part away.
TEST(ColumnPart, IsDurableWhenFinished) {
  const auto schema = schema_of_all_types(true);
  const std::vector<Row> rows = random_rows(*schema, 3000, 8);
  Store store;
  const PartDefinition definition = *store.write(schema, rows);
  for (uint32_t policy = 0; policy < kPowerLossCount; ++policy) {
    const auto image = store.env.crash_image(static_cast<PowerLoss>(policy), policy);
    MemoryBudget budget(64u << 20);
    BlockCache cache(1u << 20, budget);
    BlobStore blobs(*image, "db", 7, budget);
    const PartEnvironment environment{*image, "db", 7, cache, blobs, budget};
    const ColumnPart part(environment, schema, definition);
    expect_sound(part);
  }
}

// Whichever call fails, finish() says so, and no file and no charge is left.
TEST(PartWriter, LeavesNothingBehindWhenItFails) {
  const auto schema = schema_of_all_types(true);
  const std::vector<Row> rows = random_rows(*schema, 9000, 8);
  for (uint64_t call = 1;; ++call) {
    SCOPED_TRACE(call);
    Store plain;
    FaultyEnv faulty(plain.env);
    Store store(&faulty);
    Store& files = plain;
    faulty.arm(call, call % 2 == 0 ? Fault::kDiskFull : Fault::kIoError, /*for_ever=*/false);
    const auto definition = store.write(schema, rows);
    if (!faulty.fired()) {
      EXPECT_GT(call, 5u);
      break;
    }
    EXPECT_FALSE(definition.ok());
    EXPECT_EQ(files.env.list("db")->size(), 0u);
    EXPECT_EQ(store.budget.used_bytes(), 0u);
  }
}

TEST(PartWriter, AnnouncesEachWrite) {
  const auto schema = schema_of({Type::blob()}, {});
  std::mt19937_64 random(1);
  std::vector<Row> rows;
  for (int i = 0; i < 100; ++i) {
    std::string bytes(10'000, 0);
    for (char& byte : bytes) byte = static_cast<char>(random());
    rows.push_back({Value::blob(bytes)});
  }
  Store store;
  std::vector<size_t> paces;
  const PartDefinition definition = *store.write(schema, rows, 3, kChunkRows, [&](size_t size) {
    paces.push_back(size);
    return Status();
  });
  size_t total = 0;
  for (size_t i = 0; i < paces.size(); ++i) {
    total += paces[i];
    if (i + 1 < paces.size()) EXPECT_EQ(paces[i], 256u * 1024);
  }
  EXPECT_EQ(total, definition.file_bytes);
  int left = 2;
  const auto cancelled_part = store.write(schema, rows, 4, kChunkRows, [&](size_t) {
    return --left >= 0 ? Status() : cancelled("enough");
  });
  EXPECT_EQ(cancelled_part.status().code(), Code::kCancelled);
  EXPECT_EQ(store.env.list("db")->size(), 1u);
}

TEST(PartWriter, TakesAsManyRowsAsAPartMayHave) {
  const auto schema = schema_of({Type::boolean()}, {});
  Store store;
  Chunk chunk;
  const std::vector<Type> types = schema->types();
  chunk.reset(types);
  std::fill_n(chunk.column(0).lane<bool>(), kChunkRows, true);
  const auto append = [&](PartWriter& writer, uint32_t count) {
    chunk.set_row_count(count);
    return writer.append(chunk, {});
  };
  PartWriter writer(store.environment, schema, 3, {}, {});
  for (uint32_t i = 1; i < kMaxPartRows / kChunkRows; ++i) {
    ASSERT_TRUE(append(writer, kChunkRows).ok());
  }
  ASSERT_TRUE(append(writer, kChunkRows - 1).ok());
  EXPECT_EQ(append(writer, 2).code(), Code::kLimit);
  EXPECT_EQ(writer.row_count(), kMaxPartRows - 1);
  ASSERT_TRUE(append(writer, 1).ok());
  EXPECT_EQ(append(writer, 1).code(), Code::kLimit);
  EXPECT_GE(writer.memory_bytes(), kMaxPartRows);
  const PartDefinition definition = *writer.finish();
  EXPECT_EQ(definition.row_count, kMaxPartRows);
  const ColumnPart part(store.environment, schema, definition);
  EXPECT_EQ((*part.range_stats(0))->row_count, kMaxPartRows);
  EXPECT_EQ(part.block_count(), kMaxPartRows / kChunkRows);
  EXPECT_EQ(PartWriter(store.environment, schema, 4, {}, {}).finish().status().code(),
            Code::kInvalidArgument);
}

TEST(PartWriter, StaysWithinItsBudget) {
  const auto schema = schema_of({Type::integer()}, {});
  const std::vector<Row> rows = random_rows(*schema, 5000, 1);
  Store store;
  MemoryBudget small(30'000);
  const PartEnvironment environment{store.env, "db", 7, store.cache, store.blobs, small};
  PartWriter writer(environment, schema, 3, {}, {});
  Status status;
  for (size_t first = 0; first + 1024 <= rows.size() && status.ok(); first += 1024) {
    status = writer.append(chunk_of(*schema, rows, first, 1024), {});
  }
  EXPECT_EQ(status.code(), Code::kOutOfMemory);
}

// What a part holds in memory is paid for and given back. Without room for block statistics it
// answers that there are none.
TEST(ColumnPart, PaysForWhatItHolds) {
  const auto schema = schema_of({Type::text(), Type::integer()}, {});
  std::vector<Row> rows;
  for (int i = 0; i < 60'000; ++i) {
    rows.push_back({Value::text("name " + std::to_string(i % 4000)), Value::integer(i)});
  }
  Store store;
  const size_t before = store.budget.used_bytes();
  auto part = store.part(schema, rows);
  Column column;
  ASSERT_TRUE(part->read(0, 0, column).ok());
  ASSERT_NE(*part->block_stats(0, 1), nullptr);
  EXPECT_GT(store.budget.used_bytes(), before + 60 * sizeof(ColumnStats));
  const PartDefinition definition = part->definition();
  part.reset();
  store.cache.clear();
  EXPECT_EQ(store.budget.used_bytes(), before);
  MemoryBudget small(12'000);
  const PartEnvironment environment{store.env, "db", 7, store.cache, store.blobs, small};
  const ColumnPart squeezed(environment, schema, definition);
  EXPECT_TRUE(squeezed.read(3, 1, column).ok());
  EXPECT_EQ(*squeezed.block_stats(0, 1), nullptr);
  MemoryBudget none(100);
  const PartEnvironment nothing{store.env, "db", 7, store.cache, store.blobs, none};
  EXPECT_EQ(ColumnPart(nothing, schema, definition).read(0, 0, column).code(), Code::kOutOfMemory);
}

// More parts than there is room for their dictionaries and statistics: they take turns, and what a
// reader holds stays as it is.
TEST(ColumnPart, IsUnloadedAndLoadedAgain) {
  const auto schema = schema_of({Type::text(), Type::integer()}, {1});
  Store store;
  std::vector<PartDefinition> definitions;
  std::vector<std::vector<Row>> rows(12);
  for (uint64_t file = 0; file < rows.size(); ++file) {
    for (int i = 0; i < 5000; ++i) {
      const std::string name = "name " + std::to_string(file) + " " + std::to_string(i % 1000);
      rows[file].push_back({Value::text(name), Value::integer(i * 7919 % 5003)});
    }
    const auto definition = store.write(schema, rows[file], file + 3);
    ASSERT_TRUE(definition.ok());
    definitions.push_back(*definition);
  }
  MemoryBudget small(150'000);
  BlockCache cache(60'000, small);
  {
    const PartEnvironment environment{store.env, "db", 7, cache, store.blobs, small};
    std::vector<std::unique_ptr<ColumnPart>> parts;
    for (const PartDefinition& definition : definitions) {
      parts.push_back(std::make_unique<ColumnPart>(environment, schema, definition));
    }
    const SharedStats held = *parts[0]->block_stats(1, 1);
    ASSERT_NE(held, nullptr);
    const Value minimum = held->minimum;
    std::mt19937_64 random(1);
    for (int round = 0; round < 300; ++round) {
      SCOPED_TRACE(round);
      const size_t at = random() % parts.size();
      const auto row = static_cast<uint32_t>(random() % 5000);
      Column column(Type::text());
      const Status read = parts[at]->read_row(kBase + row, 0, column, 0);
      ASSERT_TRUE(read.ok()) << read.message();
      EXPECT_EQ(column.value(0), rows[at][row][0]);
      std::vector<RowId> found;
      ASSERT_TRUE(parts[at]->find_key(key_of(*schema, rows[at][row]), &found).ok());
      EXPECT_EQ(found, std::vector<RowId>{kBase + row});
    }
    EXPECT_EQ(held->minimum, minimum);
  }
  EXPECT_EQ(cache.counters().directory_bytes, 0u);
}

TEST(ColumnPart, RemovesItsFileWithItsLastUser) {
  const auto schema = schema_of({Type::integer()}, {});
  Store store;
  auto part = store.part(schema, {{Value::integer(1)}});
  auto reader = part;
  part->remove_when_unused();
  part.reset();
  Column column;
  EXPECT_TRUE(reader->read(0, 0, column).ok());
  EXPECT_EQ(store.env.list("db")->size(), 1u);
  reader.reset();
  EXPECT_EQ(store.env.list("db")->size(), 0u);
  EXPECT_EQ(store.cache.counters().size_bytes, 0u);
}

// Several threads open and read one part at once.
TEST(ColumnPart, IsReadByManyThreads) {
  const auto schema = schema_of_all_types(true);
  const std::vector<Row> rows = random_rows(*schema, 3000, 21);
  Store store;
  const auto part = store.part(schema, rows);
  std::vector<std::unique_ptr<ThreadHandle>> threads;
  for (uint64_t t = 0; t < 4; ++t) {
    threads.push_back(*posix_env().start_thread("reader", [&, t] {
      std::mt19937_64 random(t);
      Column column, all;
      std::vector<RowId> found;
      for (int i = 0; i < 300; ++i) {
        const size_t row = random() % rows.size();
        const uint32_t c = static_cast<uint32_t>(random() % schema->columns.size());
        column.reset(schema->columns[c].type);
        ASSERT_TRUE(part->read_row(kBase + row, c, column, 9).ok());
        ASSERT_EQ(column.value(9), rows[row][c]);
        ASSERT_TRUE(part->read(part->block_of(kBase + row), c, all).ok());
        ASSERT_TRUE(part->block_stats(0, c).ok());
        found.clear();
        ASSERT_TRUE(part->find_key(key_of(*schema, rows[row]), &found).ok());
        ASSERT_TRUE(std::find(found.begin(), found.end(), kBase + row) != found.end());
      }
    }));
  }
}

TEST(PartFooter, RefusesMalformedBytes) {
  const auto schema = schema_of_all_types(true);
  Store store;
  const PartDefinition definition = *store.write(schema, random_rows(*schema, 40, 2));
  const std::string bytes = *store.env.file_bytes("db/" + part_file_name(3));
  const std::string footer = bytes.substr(
      definition.footer_offset, bytes.size() - kPartTrailerBytes - definition.footer_offset);
  ASSERT_TRUE(PartFooter::deserialize(footer, *schema, definition.footer_offset).ok());
  for (size_t size = 0; size < footer.size(); ++size) {
    EXPECT_FALSE(
        PartFooter::deserialize(footer.substr(0, size), *schema, definition.footer_offset).ok());
  }
  for (size_t at = 0; at < footer.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = footer;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      const auto parsed = PartFooter::deserialize(changed, *schema, definition.footer_offset);
      if (!parsed.ok()) ASSERT_EQ(parsed.status().code(), Code::kCorruption);
    }
  }
}

}  // namespace
}  // namespace mote
