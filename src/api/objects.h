// What the opaque pointers of mote.h point to, and how failures are told.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/database.h"
#include "mote/mote.h"
#include "session/connection.h"

// Everything that is used after the database's pointer has gone shares the Database: it is closed
// then, and says so.
struct mote_database {
  std::shared_ptr<mote::Database> database;
  mote::ConnectionOptions connection_defaults;
  std::string log_thread_class;  // what mote_get_counters points to
};

struct mote_connection {
  std::shared_ptr<mote::Database> database;
  std::unique_ptr<mote::Connection> connection;
};

struct mote_statement {
  explicit mote_statement(std::shared_ptr<mote::Database> shared, mote::Statement prepared)
      : database(std::move(shared)), statement(std::move(prepared)) {}

  std::shared_ptr<mote::Database> database;
  mote::Statement statement;
  const mote::Chunk* chunk = nullptr;  // null before the first step and at the end
  uint32_t row = 0;                    // of the chunk
  // What the column functions have given out: one entry a column, made at its first use.
  std::vector<std::string> texts;
  std::vector<std::vector<float>> vectors;
  std::vector<std::string> type_names;
  std::string name;  // of a column or parameter, zero-terminated
};

struct mote_appender {
  std::shared_ptr<mote::Database> database;
  std::unique_ptr<mote::Appender> appender;
};

namespace mote {

// Keeps the failure for mote_error_message and gives its code.
mote_code report(const Status& status);
mote_code report_invalid(const char* message);

std::string_view text_of(const char* text, size_t size_bytes);

}  // namespace mote
