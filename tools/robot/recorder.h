// The process that records the simulated robot, a thread a stream, each at its sensor's pace.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "world.h"

namespace robot {

// What a recording process has done so far; sent to its parent through a pipe as it is.
struct Progress {
  std::array<uint64_t, kStreamCount> acknowledged{};  // rows on the medium, by stream
  std::array<uint64_t, kStreamCount> dropped{};
  uint64_t appends = 0;  // calls, and how long they took
  uint64_t append_p50_ns = 0;
  uint64_t append_p99_ns = 0;
  uint64_t append_p999_ns = 0;
  uint64_t append_max_ns = 0;
  uint64_t inserts = 0;  // durable INSERTs, likewise
  uint64_t insert_p50_ns = 0;
  uint64_t insert_p99_ns = 0;
  uint64_t insert_max_ns = 0;
  uint64_t finished = 0;
};

// Records all streams up to `seconds` of the robot's time, each from what the database holds on, in
// real time; writes a Progress to the pipe ten times a second and one at the end. Returns an exit
// code.
int record(const std::string& directory, double seconds, int pipe);

// The tables, made by the first recording.
extern const char* const kSchema;

}  // namespace robot
