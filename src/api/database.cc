// Opening, closing and looking after a database.
#include <algorithm>
#include <cstring>
#include <utility>

#include "api/objects.h"
#include "env/env.h"

namespace {

using mote::DatabaseOptions;
using mote::report;
using mote::report_invalid;
using mote::Status;

// Copies what the caller's structure has; a caller built with an older header has a shorter one.
mote_options full_options(const mote_options* given) {
  mote_options options;
  mote_options_init(&options);
  if (given != nullptr) {
    std::memcpy(&options, given, std::min(given->struct_size, sizeof options));
  }
  return options;
}

mote::Result<mote::SyncMode> sync_mode(int sync) {
  switch (sync) {
    case MOTE_SYNC: return mote::SyncMode::kSync;
    case MOTE_SYNC_GROUP: return mote::SyncMode::kGroup;
    case MOTE_SYNC_ASYNC: return mote::SyncMode::kAsync;
    default: return mote::invalid_argument("%d is not a mote_sync", sync);
  }
}

mote::Result<DatabaseOptions> database_options(const mote_options& given) {
  DatabaseOptions options;
  options.read_only = given.read_only != 0;
  options.create = given.create != 0;
  MOTE_ASSIGN(options.sync, sync_mode(given.sync));
  options.group_ms = given.group_ms;
  options.window_ms = given.window_ms;
  options.memory_bytes = given.memory_bytes;
  options.log_limit_bytes = given.log_limit_bytes;
  options.background_bytes_per_second = given.background_bytes_per_second;
  options.ballast_bytes = given.ballast_bytes;
  options.background_thread = given.background_thread != 0;
  return options;
}

Status open(const char* path, const mote_options* given, std::vector<std::string>* salvage_report,
            mote_database** out) {
  if (path == nullptr) return mote::invalid_argument("the path is NULL");
  const mote_options options = full_options(given);
  MOTE_ASSIGN(const DatabaseOptions wanted, database_options(options));
  mote::Result<std::unique_ptr<mote::Database>> opened =
      salvage_report == nullptr
          ? mote::Database::open(mote::posix_env(), path, wanted)
          : mote::Database::salvage(mote::posix_env(), path, wanted, salvage_report);
  if (!opened.ok()) return std::move(opened).status();
  auto database = std::make_unique<mote_database>();
  database->database = std::move(opened).value();
  database->connection_defaults.sync = wanted.sync;
  database->connection_defaults.query_memory_bytes = options.query_memory_bytes;
  if (options.files_directory != nullptr) {
    database->connection_defaults.files_directory = options.files_directory;
  }
  *out = database.release();
  return {};
}

}  // namespace

void mote_options_init(mote_options* options) {
  const DatabaseOptions defaults;
  std::memset(options, 0, sizeof *options);
  options->struct_size = sizeof *options;
  options->create = 1;
  options->sync = MOTE_SYNC;
  options->group_ms = defaults.group_ms;
  options->window_ms = defaults.window_ms;
  options->memory_bytes = defaults.memory_bytes;
  options->log_limit_bytes = defaults.log_limit_bytes;
  options->background_thread = 1;
}

mote_code mote_open(const char* path, const mote_options* options, mote_database** database) {
  *database = nullptr;
  return report(open(path, options, nullptr, database));
}

mote_code mote_close(mote_database* database) { return report(database->database->close()); }

void mote_database_free(mote_database* database) {
  if (database == nullptr) return;
  // Closing is the point here: connections that are still there share the Database.
  if (Status status = database->database->close(); status.code() != mote::Code::kClosed) {
    report(status);
  }
  delete database;
}

mote_code mote_salvage(const char* path, const mote_options* options, mote_line_callback line,
                       void* context, mote_database** database) {
  *database = nullptr;
  std::vector<std::string> lines;
  const mote_code code = report(open(path, options, &lines, database));
  for (const std::string& text : lines) {
    if (line != nullptr) line(context, text.c_str());
  }
  return code;
}

mote_code mote_check(mote_database* database, mote_line_callback line, void* context) {
  std::vector<std::string> problems;
  const mote_code code = report(database->database->check(&problems));
  for (const std::string& text : problems) {
    if (line != nullptr) line(context, text.c_str());
  }
  if (code != MOTE_OK || problems.empty()) return code;
  return report(
      mote::corruption("%zu problems, the first: %s", problems.size(), problems[0].c_str()));
}

mote_code mote_checkpoint(mote_database* database) {
  return report(database->database->checkpoint());
}

mote_code mote_vacuum(mote_database* database) { return report(database->database->vacuum()); }

mote_code mote_pump(mote_database* database, int64_t budget_us, int* more) {
  mote::Result<bool> left = database->database->pump(budget_us);
  if (!left.ok()) return report(left.status());
  if (more != nullptr) *more = *left ? 1 : 0;
  return MOTE_OK;
}

uint64_t mote_durable_sequence(mote_database* database) {
  return database->database->durable_sequence();
}

mote_code mote_wait_durable(mote_database* database, int64_t timeout_ns) {
  return report(database->database->wait_durable(timeout_ns));
}

mote_code mote_get_counters(mote_database* database, mote_counters* counters) {
  const mote::DatabaseCounters now = database->database->counters();
  database->log_thread_class = now.log_thread_class;
  mote_counters all{};
  all.struct_size = counters->struct_size;
  all.commits = now.commits;
  all.groups = now.groups;
  all.log_bytes = now.log_bytes;
  all.part_bytes = now.part_bytes;
  all.blob_bytes = now.blob_bytes;
  all.flushes = now.flushes;
  all.merges = now.merges;
  all.waits_for_memtable = now.waits_for_memtable;
  all.replayed_groups = now.replayed_groups;
  all.memory_used_bytes = now.memory_used_bytes;
  all.memory_peak_bytes = now.memory_peak_bytes;
  all.log_live_bytes = now.log_live_bytes;
  all.log_thread_class = database->log_thread_class.c_str();
  if (counters->struct_size < sizeof counters->struct_size) {
    return report_invalid("mote_counters.struct_size is not set");
  }
  std::memcpy(counters, &all, std::min(counters->struct_size, sizeof all));
  return MOTE_OK;
}

void mote_connection_options_init(mote_database* database, mote_connection_options* options) {
  const mote::ConnectionOptions& defaults = database->connection_defaults;
  options->struct_size = sizeof *options;
  options->sync = static_cast<int>(defaults.sync);
  options->query_memory_bytes = defaults.query_memory_bytes;
  options->files_directory =
      defaults.files_directory.empty() ? nullptr : defaults.files_directory.c_str();
}

mote_code mote_connect(mote_database* database, const mote_connection_options* given,
                       mote_connection** connection) {
  *connection = nullptr;
  mote_connection_options options;
  mote_connection_options_init(database, &options);
  if (given != nullptr) {
    std::memcpy(&options, given, std::min(given->struct_size, sizeof options));
  }
  mote::ConnectionOptions wanted;
  mote::Result<mote::SyncMode> sync = sync_mode(options.sync);
  if (!sync.ok()) return report(sync.status());
  wanted.sync = *sync;
  wanted.query_memory_bytes = options.query_memory_bytes;
  if (options.files_directory != nullptr) wanted.files_directory = options.files_directory;
  auto created = mote::Connection::create(*database->database, wanted);
  if (!created.ok()) return report(created.status());
  *connection = new mote_connection{database->database, std::move(created).value()};
  return MOTE_OK;
}

void mote_disconnect(mote_connection* connection) { delete connection; }

void mote_set_timeout(mote_connection* connection, int64_t timeout_ns) {
  connection->connection->set_timeout_ns(timeout_ns);
}

void mote_interrupt(mote_connection* connection) { connection->connection->interrupt(); }

int mote_in_transaction(mote_connection* connection) {
  return connection->connection->in_transaction() ? 1 : 0;
}

mote_code mote_execute(mote_connection* connection, const char* sql, size_t size_bytes) {
  return report(connection->connection->execute(mote::text_of(sql, size_bytes)));
}
