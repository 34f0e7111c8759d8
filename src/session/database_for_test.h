// A database in memory and a connection to it, with answers as text, for the tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "engine/database.h"
#include "env/simulated_env.h"
#include "session/connection.h"

namespace mote::testing {

// Rows as lines, values divided by '|', NULL as NULL.
inline std::string text_of(const Chunk& rows) {
  std::string text;
  for (uint32_t row = 0; row < rows.row_count(); ++row) {
    for (uint32_t c = 0; c < rows.column_count(); ++c) {
      if (c > 0) text += '|';
      const Value value = rows.column(c).value(row);
      text += value.is_null() ? "NULL" : value.to_text();
    }
    text += '\n';
  }
  return text;
}

class DatabaseForTest {
 public:
  explicit DatabaseForTest(uint64_t memory_bytes = 64u << 20) : env_(1) {
    options_.background_thread = false;
    options_.memory_bytes = memory_bytes;
    env_.set_wall_ns(1'769'421'600'000'000'000);  // 2026-01-26T10:00:00Z
    open();
  }

  void open() {
    Result<std::unique_ptr<Database>> opened = Database::open(env_, "/db", options_);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    database_ = std::move(opened).value();
    connection_ = connect();
  }
  void reopen() {
    connection_.reset();
    ASSERT_TRUE(database_->close().ok());
    database_.reset();
    open();
  }

  std::unique_ptr<Connection> connect(ConnectionOptions options = {}) {
    Result<std::unique_ptr<Connection>> made = Connection::create(*database_, options);
    EXPECT_TRUE(made.ok()) << made.status().message();
    return std::move(made).value();
  }

  // All rows of the statements of `sql`, or "error: message" in the place of what fails.
  std::string run(std::string_view sql) { return run(*connection_, sql); }
  static std::string run(Connection& connection, std::string_view sql) {
    std::string text;
    while (!sql.empty()) {
      size_t consumed = 0;
      Result<Statement> statement = connection.prepare(sql, &consumed);
      if (!statement.ok()) return text + "error: " + statement.status().message();
      text += rows(*statement);
      if (text.find("error: ") != text.npos || consumed == 0) return text;
      sql.remove_prefix(consumed);
    }
    return text;
  }
  static std::string rows(Statement& statement) {
    std::string text;
    while (true) {
      Result<const Chunk*> chunk = statement.next();
      if (!chunk.ok()) return text + "error: " + chunk.status().message();
      if (*chunk == nullptr) return text;
      text += text_of(**chunk);
    }
  }

  SimulatedEnv& env() { return env_; }
  Database& database() { return *database_; }
  Connection& connection() { return *connection_; }
  DatabaseOptions& options() { return options_; }

 private:
  SimulatedEnv env_;
  DatabaseOptions options_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace mote::testing
