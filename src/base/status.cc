#include "base/status.h"

#include <cstdio>
#include <cstdlib>

namespace mote {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "moteDB: broken promise at %s:%d: %s\n", file, line, condition);
  std::abort();
}

const char* code_name(Code code) {
  switch (code) {
    case Code::kOk: return "ok";
    case Code::kInvalidArgument: return "invalid argument";
    case Code::kNotFound: return "not found";
    case Code::kConstraint: return "constraint";
    case Code::kConflict: return "conflict";
    case Code::kBusy: return "busy";
    case Code::kReadOnly: return "read only";
    case Code::kIoError: return "input/output error";
    case Code::kCorruption: return "corruption";
    case Code::kDiskFull: return "disk full";
    case Code::kOutOfMemory: return "out of memory";
    case Code::kLimit: return "limit exceeded";
    case Code::kCancelled: return "cancelled";
    case Code::kClosed: return "closed";
    case Code::kFull: return "full";
  }
  return "unknown";
}

Status::Status(Code code, std::string message, uint32_t offset)
    : state_(code == Code::kOk ? nullptr : new State{code, offset, std::move(message)}) {}

Status& Status::operator=(const Status& other) {
  if (this != &other) state_.reset(other.state_ ? new State(*other.state_) : nullptr);
  return *this;
}

const std::string& Status::message() const {
  static const std::string kEmpty;
  return state_ ? state_->message : kEmpty;
}

Status Status::at(uint32_t offset) && {
  if (state_ && state_->offset == kNoOffset) state_->offset = offset;
  return std::move(*this);
}

Status Status::in(const std::string& context) && {
  if (state_) state_->message.insert(0, context + ": ");
  return std::move(*this);
}

namespace {

std::string format_list(const char* format, va_list arguments) {
  va_list copy;
  va_copy(copy, arguments);
  const int size = std::vsnprintf(nullptr, 0, format, copy);
  va_end(copy);
  std::string text(size < 0 ? 0 : static_cast<size_t>(size), '\0');
  if (size > 0) std::vsnprintf(text.data(), text.size() + 1, format, arguments);
  return text;
}

}  // namespace

std::string format_text(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::string text = format_list(format, arguments);
  va_end(arguments);
  return text;
}

#define MOTE_DEFINE_ERROR(name, code)                          \
  Status name(const char* format, ...) {                       \
    va_list arguments;                                         \
    va_start(arguments, format);                               \
    Status status(Code::code, format_list(format, arguments)); \
    va_end(arguments);                                         \
    return status;                                             \
  }
MOTE_DEFINE_ERROR(invalid_argument, kInvalidArgument)
MOTE_DEFINE_ERROR(not_found, kNotFound)
MOTE_DEFINE_ERROR(constraint, kConstraint)
MOTE_DEFINE_ERROR(conflict, kConflict)
MOTE_DEFINE_ERROR(busy, kBusy)
MOTE_DEFINE_ERROR(read_only, kReadOnly)
MOTE_DEFINE_ERROR(io_error, kIoError)
MOTE_DEFINE_ERROR(corruption, kCorruption)
MOTE_DEFINE_ERROR(disk_full, kDiskFull)
MOTE_DEFINE_ERROR(out_of_memory, kOutOfMemory)
MOTE_DEFINE_ERROR(limit_exceeded, kLimit)
MOTE_DEFINE_ERROR(cancelled, kCancelled)
MOTE_DEFINE_ERROR(closed, kClosed)
MOTE_DEFINE_ERROR(ring_full, kFull)
#undef MOTE_DEFINE_ERROR

}  // namespace mote
