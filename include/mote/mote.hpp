// moteDB for C++: a header-only shell over the C interface of mote.h, so that one binary serves
// every compiler. Needs C++20. No exceptions; what can fail gives a Result.
//
// Database, Connection, Statement, Appender and Blob own what they name and can be moved. Threads:
// as mote.h says. A Database has a connection of its own behind execute, prepare and query, for
// programs of one thread; connect() makes more.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "mote/appender.hpp"
#include "mote/mote.h"
#include "mote/result.hpp"
#include "mote/values.hpp"

namespace mote {
inline namespace client {

// When a commit is acknowledged.
struct Sync {
  mote_sync mode = MOTE_SYNC;
  uint32_t within_ms = 5;
  static Sync durable() { return {MOTE_SYNC, 5}; }
  static Sync group(std::chrono::milliseconds most) {
    return {MOTE_SYNC_GROUP, static_cast<uint32_t>(most.count())};
  }
  static Sync async() { return {MOTE_SYNC_ASYNC, 5}; }
};

struct Options {
  Sync sync;
  bool read_only = false;
  bool create = true;
  uint64_t memory_bytes = 64u << 20;
  uint64_t log_limit_bytes = 64u << 20;
  uint32_t window_ms = 2;
  bool background_thread = true;
  std::string files_directory;  // what file readers and COPY may reach; empty: nothing

  mote_options as_c() const {
    mote_options options;
    mote_options_init(&options);
    options.sync = sync.mode;
    options.group_ms = sync.within_ms;
    options.read_only = read_only ? 1 : 0;
    options.create = create ? 1 : 0;
    options.memory_bytes = memory_bytes;
    options.log_limit_bytes = log_limit_bytes;
    options.window_ms = window_ms;
    options.background_thread = background_thread ? 1 : 0;
    options.files_directory = files_directory.empty() ? nullptr : files_directory.c_str();
    return options;
  }
};

class Statement {
 public:
  explicit Statement(mote_statement* statement) : statement_(statement) {}

  // Parameters count from 1, columns from 0.
  Result<void> bind(uint32_t position, std::nullptr_t) {
    return detail::checked(mote_bind_null(get(), position));
  }
  template <typename T>
  requires std::is_arithmetic_v<T> Result<void> bind(uint32_t position, T value) {
    if constexpr (std::is_same_v<T, bool>) {
      return detail::checked(mote_bind_boolean(get(), position, value ? 1 : 0));
    } else if constexpr (std::is_floating_point_v<T>) {
      return detail::checked(mote_bind_float(get(), position, static_cast<double>(value)));
    } else {
      return detail::checked(mote_bind_integer(get(), position, static_cast<int64_t>(value)));
    }
  }
  Result<void> bind(uint32_t position, std::string_view text) {
    return detail::checked(mote_bind_text(get(), position, text.data(), text.size()));
  }
  Result<void> bind(uint32_t position, BlobView blob) {
    return detail::checked(mote_bind_blob(get(), position, blob.bytes.data(), blob.bytes.size()));
  }
  Result<void> bind(uint32_t position, std::span<const float> vector) {
    return detail::checked(
        mote_bind_vector(get(), position, vector.data(), static_cast<uint32_t>(vector.size())));
  }
  Result<void> bind(uint32_t position, Timestamp time) {
    return detail::checked(mote_bind_timestamp(get(), position, time.nanoseconds));
  }
  Result<void> bind(uint32_t position, Interval span) {
    return detail::checked(
        mote_bind_interval(get(), position, span.months, span.days, span.nanoseconds));
  }
  Result<void> bind(uint32_t position, Point point) {
    return detail::checked(mote_bind_point(get(), position, point.x, point.y));
  }
  Result<void> bind(uint32_t position, Point3d point) {
    return detail::checked(mote_bind_point3d(get(), position, point.x, point.y, point.z));
  }
  // Binds all parameters in order.
  template <typename... Values>
  Result<void> bind_all(const Values&... values) {
    uint32_t position = 0;
    Result<void> result;
    (void)((result = bind(++position, values), result.ok()) && ...);
    return result;
  }

  // True when there is a row.
  Result<bool> step() {
    const mote_code code = mote_step(get());
    if (code == MOTE_ROW || code == MOTE_DONE) return code == MOTE_ROW;
    return Error::last(code);
  }
  // Runs to the end, leaving rows out.
  Result<void> run() {
    for (;;) {
      Result<bool> more = step();
      if (!more.ok()) return more.error();
      if (!*more) return {};
    }
  }
  void reset() { mote_reset(get()); }
  uint64_t rows_affected() { return mote_rows_affected(get()); }

  uint32_t column_count() { return mote_column_count(get()); }
  std::string column_name(uint32_t column) { return mote_column_name(get(), column); }
  mote_type column_type(uint32_t column) { return mote_column_type(get(), column); }
  bool is_null(uint32_t column) { return mote_column_is_null(get(), column) != 0; }
  int64_t integer(uint32_t column) { return mote_column_integer(get(), column); }
  double number(uint32_t column) { return mote_column_float(get(), column); }
  bool boolean(uint32_t column) { return mote_column_boolean(get(), column) != 0; }
  Timestamp timestamp(uint32_t column) { return {mote_column_integer(get(), column)}; }
  Point point(uint32_t column) {
    return {mote_column_coordinate(get(), column, 0), mote_column_coordinate(get(), column, 1)};
  }
  Point3d point3d(uint32_t column) {
    return {mote_column_coordinate(get(), column, 0), mote_column_coordinate(get(), column, 1),
            mote_column_coordinate(get(), column, 2)};
  }
  // Views that live until the next step.
  std::string_view text(uint32_t column) {
    size_t size = 0;
    const char* bytes = mote_column_text(get(), column, &size);
    return {bytes == nullptr ? "" : bytes, size};
  }
  std::span<const std::byte> blob(uint32_t column) {
    size_t size = 0;
    const void* bytes = mote_column_blob(get(), column, &size);
    return {static_cast<const std::byte*>(bytes), size};
  }
  std::span<const float> vector(uint32_t column) {
    uint32_t dimension = 0;
    const float* elements = mote_column_vector(get(), column, &dimension);
    return {elements, dimension};
  }
  mote_statement* get() { return statement_.get(); }

 private:
  struct Finalize {
    void operator()(mote_statement* statement) const { mote_finalize(statement); }
  };
  std::unique_ptr<mote_statement, Finalize> statement_;
};

// A TEXT or BLOB value, read piece by piece.
class Blob {
 public:
  explicit Blob(mote_blob* blob) : blob_(blob) {}
  uint64_t size_bytes() const { return mote_blob_size(blob_.get()); }
  Result<void> read(uint64_t offset, std::span<std::byte> out) {
    return detail::checked(mote_blob_read(blob_.get(), offset, out.data(), out.size()));
  }

 private:
  struct Close {
    void operator()(mote_blob* blob) const { mote_blob_close(blob); }
  };
  std::unique_ptr<mote_blob, Close> blob_;
};

class Connection {
 public:
  explicit Connection(mote_connection* connection) : connection_(connection) {}

  // Runs all statements of the text and leaves their rows out.
  Result<void> execute(std::string_view sql) {
    return detail::checked(mote_execute(get(), sql.data(), sql.size()));
  }
  Result<Statement> prepare(std::string_view sql) {
    mote_statement* statement = nullptr;
    const mote_code code = mote_prepare(get(), sql.data(), sql.size(), &statement, nullptr);
    if (code != MOTE_OK) return Error::last(code);
    if (statement == nullptr) return Error{MOTE_INVALID_ARGUMENT, "there is no statement", -1};
    return Statement(statement);
  }
  // A statement with its parameters bound, not yet stepped.
  template <typename... Values>
  Result<Statement> query(std::string_view sql, const Values&... values) {
    Result<Statement> statement = prepare(sql);
    if (!statement.ok()) return statement;
    if (Result<void> bound = statement->bind_all(values...); !bound.ok()) return bound.error();
    return statement;
  }
  Result<Blob> open_blob(const std::string& table, const std::string& column, int64_t row_id) {
    mote_blob* blob = nullptr;
    const mote_code code = mote_blob_open(get(), table.c_str(), column.c_str(), row_id, &blob);
    if (code != MOTE_OK) return Error::last(code);
    return Blob(blob);
  }
  void set_timeout(std::chrono::nanoseconds timeout) { mote_set_timeout(get(), timeout.count()); }
  void interrupt() { mote_interrupt(get()); }
  bool in_transaction() { return mote_in_transaction(get()) != 0; }
  mote_connection* get() { return connection_.get(); }

 private:
  struct Disconnect {
    void operator()(mote_connection* connection) const { mote_disconnect(connection); }
  };
  std::unique_ptr<mote_connection, Disconnect> connection_;
};

}  // namespace client
}  // namespace mote

#include "mote/database.hpp"
