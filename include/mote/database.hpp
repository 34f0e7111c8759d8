// The database itself. Part of mote.hpp.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mote/mote.hpp"

namespace mote {
inline namespace client {

inline int64_t now_ns() { return mote_now_ns(); }

class Database {
 public:
  static Result<Database> open(const std::string& path, const Options& options = {}) {
    const mote_options wanted = options.as_c();
    mote_database* opened = nullptr;
    const mote_code code = mote_open(path.c_str(), &wanted, &opened);
    if (code != MOTE_OK) return Error::last(code);
    return with_connection(opened);
  }
  // Opens a damaged database read-only without its damaged pieces, each told in `report`.
  static Result<Database> salvage(const std::string& path, std::vector<std::string>* report,
                                  const Options& options = {}) {
    const mote_options wanted = options.as_c();
    mote_database* opened = nullptr;
    const mote_code code = mote_salvage(path.c_str(), &wanted, take_line, report, &opened);
    if (code != MOTE_OK) return Error::last(code);
    return with_connection(opened);
  }

  Result<Connection> connect() {
    mote_connection* connection = nullptr;
    const mote_code code = mote_connect(get(), nullptr, &connection);
    if (code != MOTE_OK) return Error::last(code);
    return Connection(connection);
  }

  // Through the database's own connection.
  Result<void> execute(std::string_view sql) { return connection_.execute(sql); }
  Result<Statement> prepare(std::string_view sql) { return connection_.prepare(sql); }
  template <typename... Values>
  Result<Statement> query(std::string_view sql, const Values&... values) {
    return connection_.query(sql, values...);
  }
  Connection& connection() { return connection_; }

  Result<Appender> appender(const std::string& table, const AppenderOptions& options = {}) {
    mote_appender_options wanted;
    mote_appender_options_init(&wanted);
    wanted.on_full = options.on_full.policy;
    wanted.block_timeout_ms = options.on_full.timeout_ms;
    wanted.ring_bytes = options.ring_bytes;
    mote_appender* appender = nullptr;
    const mote_code code = mote_appender_open(get(), table.c_str(), &wanted, &appender);
    if (code != MOTE_OK) return Error::last(code);
    return Appender(appender);
  }

  Result<void> checkpoint() { return detail::checked(mote_checkpoint(get())); }
  Result<void> vacuum() { return detail::checked(mote_vacuum(get())); }
  // The problems found; empty for a sound database.
  Result<std::vector<std::string>> check() {
    std::vector<std::string> problems;
    const mote_code code = mote_check(get(), take_line, &problems);
    if (code != MOTE_OK && problems.empty()) return Error::last(code);
    return problems;
  }
  mote_counters counters() {
    mote_counters now{};
    now.struct_size = sizeof now;
    // Fails only for a structure without its size.
    (void)mote_get_counters(get(), &now);
    return now;
  }
  Result<void> wait_durable(std::chrono::nanoseconds timeout) {
    return detail::checked(mote_wait_durable(get(), timeout.count()));
  }
  // True when there is more to do.
  Result<bool> pump(std::chrono::microseconds budget) {
    int more = 0;
    const mote_code code = mote_pump(get(), budget.count(), &more);
    if (code != MOTE_OK) return Error::last(code);
    return more != 0;
  }
  Result<void> close() { return detail::checked(mote_close(get())); }
  mote_database* get() { return database_.get(); }

 private:
  struct Free {
    void operator()(mote_database* database) const { mote_database_free(database); }
  };
  using Owned = std::unique_ptr<mote_database, Free>;

  Database(Owned database, Connection connection)
      : database_(std::move(database)), connection_(std::move(connection)) {}
  static Result<Database> with_connection(mote_database* opened) {
    Owned database(opened);
    mote_connection* connection = nullptr;
    const mote_code code = mote_connect(opened, nullptr, &connection);
    if (code != MOTE_OK) return Error::last(code);
    return Database(std::move(database), Connection(connection));
  }
  static void take_line(void* lines, const char* line) {
    if (lines != nullptr) static_cast<std::vector<std::string>*>(lines)->emplace_back(line);
  }

  Owned database_;
  Connection connection_;  // goes first
};

}  // namespace client
}  // namespace mote
