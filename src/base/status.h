// The outcome of an operation that can fail: Status, and Result<T> for one that also gives a value.
//
// The library is built without exceptions. Every failure is a code from a short list, shared with
// the C ABI, and a message in the caller's words that names the thing, both values and the rule
// that was broken. An OK Status is one null pointer, so returning it costs nothing.
#pragma once

#include <cstdarg>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "base/check.h"

namespace mote {

// The numbers are part of the C ABI (mote.h) and never change.
enum class Code : uint8_t {
  kOk = 0,
  kInvalidArgument = 1,  // the request itself is wrong: syntax, type, name, value
  kNotFound = 2,         // a named thing does not exist
  kConstraint = 3,       // NOT NULL, PRIMARY KEY, a column's declared type
  kConflict = 4,         // another transaction committed first; run this one again
  kBusy = 5,             // another process holds the database
  kReadOnly = 6,         // opened read-only, or poisoned by a failed durable write
  kIoError = 7,          // the operating system refused an operation on a file
  kCorruption = 8,       // bytes on disk are not what was written
  kDiskFull = 9,         // no space; nothing was lost, writes resume when there is space
  kOutOfMemory = 10,     // the memory budget is used up
  kLimit = 11,           // a named limit is exceeded
  kCancelled = 12,       // cancelled by the caller, or its deadline passed
  kClosed = 13,          // the database is closed, or is used by a forked child
  kFull = 14,            // an appender's ring has no room and its policy is to fail
};

// The code's name in messages and docs: "invalid argument", "not found", ...
const char* code_name(Code code);

class [[nodiscard]] Status {
 public:
  // Where in the SQL text an error stands, in bytes; kNoOffset when it is not about a place.
  static constexpr uint32_t kNoOffset = UINT32_MAX;

  Status() = default;
  Status(Code code, std::string message, uint32_t offset = kNoOffset);
  Status(Status&&) noexcept = default;
  Status& operator=(Status&&) noexcept = default;
  Status(const Status& other) : state_(other.state_ ? new State(*other.state_) : nullptr) {}
  Status& operator=(const Status& other);

  bool ok() const { return state_ == nullptr; }
  Code code() const { return state_ ? state_->code : Code::kOk; }
  const std::string& message() const;
  uint32_t offset() const { return state_ ? state_->offset : kNoOffset; }

  // The same error, said to stand at `offset` unless it already names a place.
  Status at(uint32_t offset) &&;
  // The same error with "context: " in front of its message.
  Status in(const std::string& context) &&;

 private:
  struct State {
    Code code;
    uint32_t offset;
    std::string message;
  };
  std::unique_ptr<State> state_;
};

// printf-style constructors, one a code.
#define MOTE_DECLARE_ERROR(name) [[gnu::format(printf, 1, 2)]] Status name(const char* format, ...)
MOTE_DECLARE_ERROR(invalid_argument);
MOTE_DECLARE_ERROR(not_found);
MOTE_DECLARE_ERROR(constraint);
MOTE_DECLARE_ERROR(conflict);
MOTE_DECLARE_ERROR(busy);
MOTE_DECLARE_ERROR(read_only);
MOTE_DECLARE_ERROR(io_error);
MOTE_DECLARE_ERROR(corruption);
MOTE_DECLARE_ERROR(disk_full);
MOTE_DECLARE_ERROR(out_of_memory);
MOTE_DECLARE_ERROR(limit_exceeded);
MOTE_DECLARE_ERROR(cancelled);
MOTE_DECLARE_ERROR(closed);
MOTE_DECLARE_ERROR(ring_full);
#undef MOTE_DECLARE_ERROR

// printf into a string.
[[gnu::format(printf, 1, 2)]] std::string format_text(const char* format, ...);

// A value or the error that stands in its place.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<1>, std::move(value)) {}        // NOLINT: implicit
  Result(Status status) : state_(std::in_place_index<0>, std::move(status)) {  // NOLINT: implicit
    MOTE_CHECK(!std::get<0>(state_).ok());
  }

  bool ok() const { return state_.index() == 1; }
  T& value() & {
    MOTE_CHECK(ok());
    return *std::get_if<1>(&state_);
  }
  const T& value() const& {
    MOTE_CHECK(ok());
    return *std::get_if<1>(&state_);
  }
  T value() && {
    MOTE_CHECK(ok());
    return std::move(*std::get_if<1>(&state_));
  }
  T& operator*() & { return value(); }
  // By value, so that a loop over the value of a temporary Result does not dangle.
  T operator*() && { return std::move(*this).value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // The error; OK when there is a value.
  Status status() const& { return ok() ? Status() : *std::get_if<0>(&state_); }
  Status status() && { return ok() ? Status() : std::move(*std::get_if<0>(&state_)); }

 private:
  std::variant<Status, T> state_;
};

}  // namespace mote

// Returns from the enclosing function when `expression` (a Status) is an error.
#define MOTE_TRY(expression)                                                         \
  do {                                                                               \
    if (::mote::Status mote_status_ = (expression); !mote_status_.ok()) [[unlikely]] \
      return mote_status_;                                                           \
  } while (false)

#define MOTE_CONCAT_INNER(a, b) a##b
#define MOTE_CONCAT(a, b) MOTE_CONCAT_INNER(a, b)

// MOTE_ASSIGN(auto x, f()): x is f()'s value, or the enclosing function returns f()'s error.
#define MOTE_ASSIGN(declaration, expression) \
  MOTE_ASSIGN_INNER(MOTE_CONCAT(mote_result_, __LINE__), declaration, expression)
#define MOTE_ASSIGN_INNER(result, declaration, expression) \
  auto result = (expression);                              \
  if (!result.ok()) [[unlikely]]                           \
    return std::move(result).status();                     \
  declaration = std::move(result).value()
