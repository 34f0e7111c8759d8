// A value or the error that stands in its place. Part of mote.hpp.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include "mote/mote.h"

// The names live in an inline namespace of their own, so that a program that links the library's
// archive does not meet the library's own classes.
namespace mote {
inline namespace client {

struct Error {
  mote_code code = MOTE_OK;
  std::string message;
  int64_t offset = -1;  // in the SQL text, or -1

  // The calling thread's last failure.
  static Error last(mote_code code) { return {code, mote_error_message(), mote_error_offset()}; }
};

namespace detail {
// value() of a failure is a mistake of the program, like reading behind an array's end.
[[noreturn]] inline void value_of_failure(const Error& error) {
  std::fprintf(stderr, "mote: value() of a failure: %s: %s\n", mote_code_name(error.code),
               error.message.c_str());
  std::abort();
}
}  // namespace detail

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}      // NOLINT: implicit
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit

  bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const { return error_; }
  // The value; ends the program with the error's message when there is none.
  T& value() & {
    if (!ok()) detail::value_of_failure(error_);
    return *value_;
  }
  T value() && {
    if (!ok()) detail::value_of_failure(error_);
    return std::move(*value_);
  }
  T& operator*() { return value(); }
  T* operator->() { return &value(); }

 private:
  std::optional<T> value_;
  Error error_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit

  bool ok() const { return error_.code == MOTE_OK; }
  explicit operator bool() const { return ok(); }
  const Error& error() const { return error_; }
  void value() const {
    if (!ok()) detail::value_of_failure(error_);
  }

 private:
  Error error_;
};

namespace detail {
inline Result<void> checked(mote_code code) {
  if (code == MOTE_OK) return {};
  return Error::last(code);
}
}  // namespace detail

}  // namespace client
}  // namespace mote
