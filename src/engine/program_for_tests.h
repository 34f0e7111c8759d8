// Programs of database operations as data, run against a Database and against std::maps.
//
// A failing test prints the program; the same list of acts and salts runs again anywhere.
#pragma once

#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine_for_tests.h"

namespace mote {

enum class Act : uint8_t {
  kInsert,    // some rows into one table
  kBoth,      // one row each into two tables, in one transaction
  kErase,     // some rows
  kUpdate,    // erase and insert the same key
  kBlob,      // a value for a blob file
  kLarge,     // more than one log group
  kAsync,     // as kInsert, acknowledged at once
  kRollback,  // rows that are not committed
  kSavepoint,
  kCheckpoint,
  kVacuum,
  kPump,
  kCreate,
  kDrop,
  kReopen,  // close and open
  kWide,    // a large part of a memtable and of a log file, into two tables
};
inline constexpr uint32_t kActs = 15;  // of small programs: all but kWide
inline const char* name_of(Act act) {
  constexpr const char* kNames[kActs + 1] = {
      "insert",    "both",       "erase",  "update", "blob",   "large", "async",  "rollback",
      "savepoint", "checkpoint", "vacuum", "pump",   "create", "drop",  "reopen", "wide"};
  return kNames[static_cast<size_t>(act)];
}

struct Step {
  Act act;
  uint32_t salt;
};
using Program = std::vector<Step>;

inline std::string text_of(const Program& program) {
  std::string text;
  for (const Step& step : program) {
    text += std::string(name_of(step.act)) + ":" + std::to_string(step.salt) + " ";
  }
  return text;
}

// All tables by name.
using Model = std::map<std::string, Rows>;

inline Result<Model> read_model(Database& db) {
  MOTE_ASSIGN(auto transaction, db.begin());
  Model model;
  for (const TableDefinition* table : transaction->catalog().tables()) {
    MOTE_ASSIGN(model[table->name], scan_numbers(*transaction, table->id));
  }
  return model;
}

class ProgramRunner {
 public:
  ProgramRunner(Env& env, DatabaseOptions options) : env_(env), options_(options) {}

  Status open() {
    MOTE_ASSIGN(db_, Database::open(env_, "db", options_));
    return {};
  }
  void forget() { db_.reset(); }
  Database& db() { return *db_; }
  bool is_open() const { return db_ != nullptr; }
  // What has succeeded; with `if_done` what a failed step would have led to.
  const Model& model() const { return model_; }
  const Model& if_done() const { return if_done_; }
  void set_model(Model model) { model_ = std::move(model); }

  Status run(const Step& step) {
    if_done_ = model_;
    Status status = act(step);
    if (status.ok()) model_ = if_done_;
    return status;
  }

 private:
  static std::string table_name(uint32_t salt) { return salt % 2 == 0 ? "a" : "b"; }

  // The table, made in the transaction when it is not there.
  Result<TableId> table_in(Transaction& transaction, const std::string& name) {
    if (const TableDefinition* const found = transaction.catalog().find(name)) return found->id;
    if_done_[name];
    return transaction.create_table(name, numbers_schema());
  }

  Status insert_rows(Transaction& transaction, const std::string& name, const Rows& rows) {
    MOTE_ASSIGN(const TableId table, table_in(transaction, name));
    MOTE_TRY(transaction.insert(table, chunk_of(rows)));
    if_done_[name].insert(rows.begin(), rows.end());
    return {};
  }

  Rows fresh(uint32_t count, uint32_t salt, size_t text_bytes) {
    Rows rows;
    for (uint32_t i = 0; i < count; ++i) {
      const int64_t key = next_key_++ * (salt % 3 == 0 ? -1 : 1);
      std::string text(text_bytes, static_cast<char>('a' + salt % 26));
      rows[key] = text + std::to_string(key);
    }
    return rows;
  }

  Status insert(const Step& step, uint32_t count, size_t text_bytes, SyncMode mode) {
    MOTE_ASSIGN(auto transaction, db_->begin());
    MOTE_TRY(insert_rows(*transaction, table_name(step.salt), fresh(count, step.salt, text_bytes)));
    return transaction->commit(mode).status();
  }

  Status large(const Step& step) {
    MOTE_ASSIGN(auto transaction, db_->begin());
    for (int i = 0; i < 4; ++i) {
      MOTE_TRY(insert_rows(*transaction, table_name(step.salt), fresh(40, step.salt, 9000)));
    }
    return transaction->commit(SyncMode::kSync).status();
  }

  Status both(const Step& step) {
    MOTE_ASSIGN(auto transaction, db_->begin());
    MOTE_TRY(insert_rows(*transaction, "a", fresh(1, step.salt, 3)));
    MOTE_TRY(insert_rows(*transaction, "b", fresh(1, step.salt, 3)));
    return transaction->commit(SyncMode::kSync).status();
  }

  Status wide(const Step& step) {
    MOTE_ASSIGN(auto transaction, db_->begin());
    MOTE_TRY(insert_rows(*transaction, "a", fresh(4, step.salt, 9000)));
    // Two of these fill a memtable, and its end lies between the second one's tables.
    MOTE_TRY(insert_rows(*transaction, "b", fresh(9, step.salt, 9000)));
    return transaction->commit(SyncMode::kSync).status();
  }

  // Erases about a third of a table; puts the keys back when `again`.
  Status erase(const Step& step, bool again) {
    const std::string name = table_name(step.salt);
    MOTE_ASSIGN(auto transaction, db_->begin());
    const TableDefinition* const table = transaction->catalog().find(name);
    if (table == nullptr) return {};
    Rows& rows = if_done_[name];
    const Rows before = rows;
    Rows changed;
    uint32_t at = step.salt;
    for (const auto& [key, text] : before) {
      if (++at % 3 != 0) continue;
      MOTE_TRY(erase_in(*transaction, table->id, key));
      rows.erase(key);
      if (again && changed.size() < kChunkRows) changed[key] = "new " + std::to_string(step.salt);
    }
    if (!changed.empty()) MOTE_TRY(insert_rows(*transaction, name, changed));
    return transaction->commit(SyncMode::kSync).status();
  }

  Status savepoint(const Step& step) {
    MOTE_ASSIGN(auto transaction, db_->begin());
    MOTE_TRY(insert_rows(*transaction, "a", fresh(3, step.salt, 5)));
    MOTE_TRY(transaction->savepoint("s"));
    const Model at_savepoint = if_done_;
    MOTE_TRY(insert_rows(*transaction, "b", fresh(2, step.salt, 5)));
    MOTE_TRY(insert_rows(*transaction, "a", fresh(2, step.salt, 5)));
    const Rows some = if_done_["a"];
    MOTE_TRY(erase_in(*transaction, transaction->catalog().find("a")->id, some.begin()->first));
    MOTE_TRY(transaction->rollback_to("s"));
    if_done_ = at_savepoint;
    MOTE_TRY(insert_rows(*transaction, "a", fresh(1, step.salt, 5)));
    return transaction->commit(SyncMode::kSync).status();
  }

  Status create_or_drop(const Step& step, bool create) {
    const std::string name = create ? "c" : table_name(step.salt / 2);
    MOTE_ASSIGN(auto transaction, db_->begin());
    const TableDefinition* const table = transaction->catalog().find(name);
    if ((table != nullptr) == create) return {};
    if (create) {
      if_done_[name];
      MOTE_TRY(transaction->create_table(name, numbers_schema()).status());
    } else {
      if_done_.erase(name);
      MOTE_TRY(transaction->drop_table(table->id));
    }
    return transaction->commit(SyncMode::kSync).status();
  }

  Status reopen() {
    MOTE_TRY(db_->close());
    db_.reset();
    return open();
  }

  Status act(const Step& step) {
    switch (step.act) {
      case Act::kInsert: return insert(step, 1 + step.salt % 40, step.salt % 30, SyncMode::kSync);
      case Act::kBoth: return both(step);
      case Act::kErase: return erase(step, /*again=*/false);
      case Act::kUpdate: return erase(step, /*again=*/true);
      case Act::kBlob: return insert(step, 1, 20'000, SyncMode::kSync);
      case Act::kLarge: return large(step);
      case Act::kAsync: return insert(step, 2, 10, SyncMode::kAsync);
      case Act::kRollback: {
        MOTE_ASSIGN(auto transaction, db_->begin());
        const Model before = if_done_;
        Status inserted = insert_rows(*transaction, "a", fresh(4, step.salt, 5));
        transaction->rollback();
        if_done_ = before;
        return inserted;
      }
      case Act::kSavepoint: return savepoint(step);
      case Act::kCheckpoint: return db_->checkpoint();
      case Act::kVacuum: return db_->vacuum();
      case Act::kPump: return db_->pump(1'000'000).status();
      case Act::kCreate: return create_or_drop(step, true);
      case Act::kDrop: return create_or_drop(step, false);
      case Act::kReopen: return reopen();
      case Act::kWide: return wide(step);
    }
    return {};
  }

  Env& env_;
  const DatabaseOptions options_;
  std::unique_ptr<Database> db_;
  Model model_;
  Model if_done_;
  int64_t next_key_ = 1;
};

inline Program random_program(uint32_t seed, uint32_t length, uint32_t acts = kActs) {
  std::mt19937 random(seed);
  Program program;
  for (uint32_t i = 0; i < length; ++i) {
    program.push_back({static_cast<Act>(random() % acts), static_cast<uint32_t>(random() % 1000)});
  }
  return program;
}

// A failed read or an unclean check is reported as a failure of the test.
inline void expect_state(Database& db, const Model& expected) {
  Result<Model> model = read_model(db);
  ASSERT_EQ(shown(model.status()), "OK");
  EXPECT_TRUE(*model == expected);
  std::vector<std::string> problems;
  EXPECT_OK(db.check(&problems));
  EXPECT_EQ(problems, std::vector<std::string>());
}

}  // namespace mote
