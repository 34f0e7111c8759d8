// Runs the SQL scripts of cases/*.slt, each in several modes: what a statement answers depends on
// neither how commits become durable, nor how little memory there is, nor on a reopen in between.
// (tests/sql/logic.py reads the format of sqllogictest, for scripts of others, through the C ABI.)
//
// A script is a list of records with blank lines between them; `#` begins a comment line. A record
// is a line that says what is expected, and SQL:
//     run                 it succeeds; its rows do not matter
//     error WORDS         it fails with a message that has WORDS
//     rows                it gives the rows behind `----`, values divided by `|`
//     rows in any order
// At the end the database is closed and opened, and the records behind the last `run` run again.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "engine/database.h"
#include "env/simulated_env.h"
#include "session/connection.h"

namespace mote {
namespace {

struct Record {
  int line = 0;
  std::string expectation;
  std::string sql;
  std::string rows;
};

std::vector<Record> read_script(const std::string& path) {
  std::ifstream file(path);
  std::vector<Record> records;
  std::string text;
  bool inside = false;
  bool in_rows = false;
  for (int line = 1; std::getline(file, text); ++line) {
    if (!inside && (text.empty() || text[0] == '#')) continue;
    if (!inside) {
      records.push_back({line, text, "", ""});
      inside = true;
      in_rows = false;
    } else if (text.empty()) {
      inside = false;
    } else if (text == "----") {
      in_rows = true;
    } else {
      (in_rows ? records.back().rows : records.back().sql) += text + "\n";
    }
  }
  return records;
}

enum class Mode { kSync, kGroup, kAsync, kLittleMemory, kReopened };
constexpr const char* kModeNames[] = {"Sync", "Group", "Async", "LittleMemory", "Reopened"};

// A database of the mode. The modes of durability work on real files and with threads.
class Subject {
 public:
  explicit Subject(Mode mode) : mode_(mode) {
    options_.memory_bytes = 32u << 20;
    if (mode == Mode::kLittleMemory) {
      options_.memory_bytes = kMinMemoryBytes;
      options_.memtable_bytes = 128u << 10;
    }
    options_.log_file_bytes = 1280u << 10;
    connection_options_.sync = mode == Mode::kGroup   ? SyncMode::kGroup
                               : mode == Mode::kAsync ? SyncMode::kAsync
                                                      : SyncMode::kSync;
    is_real_ = mode == Mode::kSync || mode == Mode::kGroup || mode == Mode::kAsync;
    options_.background_thread = is_real_;
    options_.group_ms = 1;
    if (is_real_) {
      directory_ = ::testing::TempDir() + "mote_slt_" + std::to_string(posix_env().process_id());
      std::filesystem::remove_all(directory_);
    }
    open();
  }
  ~Subject() {
    connection_.reset();
    database_.reset();
    if (is_real_) std::filesystem::remove_all(directory_);
  }

  void reopen() {
    connection_.reset();
    const Status closed = database_->close();
    EXPECT_TRUE(closed.ok()) << closed.message();
    database_.reset();
    open();
  }
  void end_statement() {
    if (mode_ == Mode::kReopened && !connection_->in_transaction()) reopen();
  }
  void expect_sound() {
    std::vector<std::string> problems;
    EXPECT_TRUE(database_->check(&problems).ok());
    EXPECT_EQ(problems, std::vector<std::string>());
  }
  Connection& connection() { return *connection_; }

 private:
  void open() {
    Env& env = is_real_ ? posix_env() : static_cast<Env&>(simulated_);
    Result<std::unique_ptr<Database>> opened = Database::open(env, directory_, options_);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    database_ = std::move(*opened);
    connection_ = std::move(*Connection::create(*database_, connection_options_));
  }

  const Mode mode_;
  bool is_real_ = false;
  std::string directory_ = "/db";
  SimulatedEnv simulated_{1};
  DatabaseOptions options_;
  ConnectionOptions connection_options_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Connection> connection_;
};

Status rows_of(Connection& connection, std::string_view sql, std::vector<std::string>* lines) {
  while (!sql.empty()) {
    size_t consumed = 0;
    MOTE_ASSIGN(Statement statement, connection.prepare(sql, &consumed));
    sql.remove_prefix(consumed);
    for (;;) {
      MOTE_ASSIGN(const Chunk* const chunk, statement.next());
      if (chunk == nullptr) break;
      for (uint32_t row = 0; row < chunk->row_count(); ++row) {
        std::string line;
        for (uint32_t c = 0; c < chunk->column_count(); ++c) {
          const Value value = chunk->column(c).value(row);
          line += (c > 0 ? "|" : "") + (value.is_null() ? "NULL" : value.to_text());
        }
        lines->push_back(line);
      }
    }
  }
  return {};
}

void run_record(Subject& subject, const Record& record) {
  SCOPED_TRACE("line " + std::to_string(record.line) + ": " + record.sql);
  std::vector<std::string> lines;
  const Status status = rows_of(subject.connection(), record.sql, &lines);
  if (record.expectation.rfind("error ", 0) == 0) {
    EXPECT_FALSE(status.ok());
    const std::string words = record.expectation.substr(6);
    EXPECT_NE(status.message().find(words), std::string::npos) << status.message();
    return;
  }
  EXPECT_TRUE(status.ok()) << status.message();
  if (record.expectation == "run") return;
  std::vector<std::string> expected;
  for (size_t at = 0; at < record.rows.size();) {
    const size_t end = record.rows.find('\n', at);
    expected.push_back(record.rows.substr(at, end - at));
    at = end + 1;
  }
  if (record.expectation == "rows in any order") {
    std::sort(lines.begin(), lines.end());
    std::sort(expected.begin(), expected.end());
  } else {
    EXPECT_EQ(record.expectation, "rows");
  }
  EXPECT_EQ(lines, expected);
}

class Script : public ::testing::Test {
 public:
  Script(std::string path, Mode mode) : path_(std::move(path)), mode_(mode) {}

  void TestBody() override {
    SCOPED_TRACE(path_);
    const std::vector<Record> records = read_script(path_);
    ASSERT_FALSE(records.empty());
    Subject subject(mode_);
    size_t last_run = 0;
    for (size_t i = 0; i < records.size(); ++i) {
      run_record(subject, records[i]);
      if (records[i].expectation == "run") last_run = i;
      subject.end_statement();
    }
    subject.reopen();
    for (size_t i = last_run + 1; i < records.size(); ++i) run_record(subject, records[i]);
    subject.expect_sound();
  }

 private:
  const std::string path_;
  const Mode mode_;
};

}  // namespace
}  // namespace mote

int main(int count, char** words) {
  ::testing::InitGoogleTest(&count, words);
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(count > 1 ? words[1] : "cases")) {
    if (entry.path().extension() == ".slt") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  for (const auto& path : paths) {
    for (size_t mode = 0; mode < std::size(mote::kModeNames); ++mode) {
      const std::string name = path.stem().string() + "/" + mote::kModeNames[mode];
      ::testing::RegisterTest(
          "Script", name.c_str(), nullptr, nullptr, __FILE__, __LINE__, [=]() -> ::testing::Test* {
            return new mote::Script(path.string(), static_cast<mote::Mode>(mode));
          });
    }
  }
  return RUN_ALL_TESTS();
}
