// Assertions about what our own code promises. They stay on in every build: a robot that goes on
// with a broken invariant loses more than one that stops. What users, files and disks can do is
// never asserted; it is returned as a Status.
#pragma once

namespace mote {

// Prints the broken promise and aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace mote

#define MOTE_CHECK(condition)                               \
  do {                                                      \
    if (!(condition)) [[unlikely]]                          \
      ::mote::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
