// The calling thread's last failure, and what can be asked without a database.
#include <cstring>

#include "api/objects.h"
#include "env/env.h"

namespace mote {

namespace {

struct LastError {
  std::string message;
  int64_t offset = -1;
};

LastError& last_error() {
  thread_local LastError error;
  return error;
}

}  // namespace

mote_code report(const Status& status) {
  if (status.ok()) [[likely]]
    return MOTE_OK;
  LastError& error = last_error();
  error.message = status.message();
  error.offset = status.offset() == Status::kNoOffset ? -1 : int64_t{status.offset()};
  return static_cast<mote_code>(status.code());
}

mote_code report_invalid(const char* message) { return report(invalid_argument("%s", message)); }

std::string_view text_of(const char* text, size_t size_bytes) {
  if (text == nullptr) return {};
  return {text, size_bytes == MOTE_ZERO_TERMINATED ? std::strlen(text) : size_bytes};
}

}  // namespace mote

const char* mote_error_message(void) { return mote::last_error().message.c_str(); }

int64_t mote_error_offset(void) { return mote::last_error().offset; }

const char* mote_code_name(int code) {
  if (code == MOTE_ROW) return "row";
  if (code == MOTE_DONE) return "done";
  if (code < MOTE_OK || code > MOTE_FULL) return "unknown";
  return mote::code_name(static_cast<mote::Code>(code));
}

const char* mote_version(void) { return "0.1.0"; }

const char* mote_build_features(void) {
#if MOTE_WITH_ZSTD && MOTE_WITH_ZLIB
  return "lz4 zstd zlib";
#elif MOTE_WITH_ZSTD
  return "lz4 zstd";
#elif MOTE_WITH_ZLIB
  return "lz4 zlib";
#else
  return "lz4";
#endif
}

int64_t mote_now_ns(void) { return mote::posix_env().wall_ns(); }
