// A table of numbered texts, and a std::map to compare it with.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/database.h"
#include "env/simulated_env.h"
#include "storage/key.h"

namespace mote {

inline std::string shown(const Status& status) {
  return status.ok() ? "OK" : std::string(code_name(status.code())) + ": " + status.message();
}
#define ASSERT_OK(expression) ASSERT_EQ(::mote::shown(expression), "OK")
#define EXPECT_OK(expression) EXPECT_EQ(::mote::shown(expression), "OK")

using Rows = std::map<int64_t, std::string>;

inline DatabaseOptions small_options() {
  DatabaseOptions options;
  options.memory_bytes = kMinMemoryBytes;
  options.memtable_bytes = 256 * 1024;
  options.log_file_bytes = 1280 * 1024;
  options.log_limit_bytes = 8u << 20;
  return options;
}

inline std::unique_ptr<Database> open_for_test(Env& env,
                                               const DatabaseOptions& options = small_options(),
                                               const std::string& directory = "db") {
  Result<std::unique_ptr<Database>> db = Database::open(env, directory, options);
  EXPECT_EQ(shown(db.status()), "OK");
  return db.ok() ? std::move(*db) : nullptr;
}

// (number INTEGER PRIMARY KEY, text TEXT)
inline Schema numbers_schema(bool with_key = true) {
  Schema schema;
  schema.columns.push_back({"number", Type::integer(), true, ""});
  schema.columns.push_back({"text", Type::text(), false, ""});
  if (with_key) schema.primary_key = {0};
  return schema;
}

inline TableId create_numbers(Database& db, const std::string& name, bool with_key = true) {
  auto transaction = *db.begin();
  Result<TableId> table = transaction->create_table(name, numbers_schema(with_key));
  EXPECT_EQ(shown(table.status()), "OK");
  EXPECT_OK(transaction->commit(SyncMode::kSync).status());
  return table.ok() ? *table : 0;
}

inline Chunk chunk_of(const Rows& rows) {
  Chunk chunk;
  const std::vector<Type> types = numbers_schema().types();
  chunk.reset(types);
  uint32_t row = 0;
  for (const auto& [number, text] : rows) {
    chunk.column(0).lane<int64_t>()[row] = number;
    chunk.column(1).lane<std::string_view>()[row] = chunk.column(1).store(text);
    ++row;
  }
  chunk.set_row_count(row);
  return chunk;
}

inline Status try_insert(Database& db, TableId table, const Rows& rows,
                         SyncMode mode = SyncMode::kSync) {
  MOTE_ASSIGN(auto transaction, db.begin());
  MOTE_TRY(transaction->insert(table, chunk_of(rows)));
  return transaction->commit(mode).status();
}

inline void insert_numbers(Database& db, TableId table, const Rows& rows) {
  ASSERT_OK(try_insert(db, table, rows));
}

inline std::string key_of(int64_t number) {
  std::string key;
  const Value value = Value::integer(number);
  EXPECT_OK(append_key(std::span<const Value>(&value, 1), &key));
  return key;
}

inline Status erase_in(Transaction& transaction, TableId table, int64_t number) {
  MOTE_ASSIGN(const TableView view, transaction.table(table));
  MOTE_ASSIGN(const std::optional<RowId> row, view.find_key(key_of(number)));
  if (!row.has_value()) return not_found("no row %lld", static_cast<long long>(number));
  const RowId id = *row;
  return transaction.erase(table, std::span<const RowId>(&id, 1));
}

inline void erase_number(Database& db, TableId table, int64_t number) {
  auto transaction = *db.begin();
  ASSERT_OK(erase_in(*transaction, table, number));
  ASSERT_OK(transaction->commit(SyncMode::kSync).status());
}

// Reads all by a scan. A number that is there twice is reported as a failure.
inline Result<Rows> scan_numbers(Transaction& transaction, TableId table) {
  MOTE_ASSIGN(const TableView view, transaction.table(table));
  Rows rows;
  uint64_t count = 0;
  for (uint32_t i = 0; i < view.range_count(); ++i) {
    const RowRange& range = view.range(i);
    for (uint32_t block = 0; block < range.block_count(); ++block) {
      uint64_t words[Validity::kWords];
      if (view.visible_in_block(i, block, words) == 0) continue;
      Column numbers;
      Column texts;
      MOTE_TRY(range.read(block, 0, numbers));
      MOTE_TRY(range.read(block, 1, texts));
      for (uint32_t row = 0; row < range.block(block).row_count; ++row) {
        if (((words[row / 64] >> (row % 64)) & 1) == 0) continue;
        ++count;
        EXPECT_FALSE(numbers.is_null(row));
        rows[numbers.lane<int64_t>()[row]] =
            texts.is_null(row) ? "NULL" : std::string(texts.lane<std::string_view>()[row]);
      }
    }
  }
  EXPECT_EQ(count, rows.size());
  EXPECT_EQ(view.visible_row_count(), rows.size());
  return rows;
}

inline Rows rows_of(Transaction& transaction, TableId table) {
  Result<Rows> rows = scan_numbers(transaction, table);
  EXPECT_EQ(shown(rows.status()), "OK");
  return rows.ok() ? *rows : Rows();
}

inline Rows rows_of(Database& db, TableId table) {
  auto transaction = db.begin();
  EXPECT_EQ(shown(transaction.status()), "OK");
  return transaction.ok() ? rows_of(**transaction, table) : Rows();
}

}  // namespace mote
