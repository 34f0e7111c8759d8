// A simulated robot: what its sensors say at a tick of their clocks. Everything follows from the
// tick and nothing else, so a recording can be compared with what it should hold.
//
// The robot drives along a lissajous figure over a floor of coloured tiles, its camera looking
// down, and every four seconds presses a tool against something for 1.7 s.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace robot {

// The recording's clock begins here, whatever the wall clock says: 2026-01-01T00:00:00Z.
inline constexpr int64_t kStartNs = 1'767'225'600'000'000'000;

struct Stream {
  const char* table;
  uint32_t hertz;
  int64_t period_ns() const { return 1'000'000'000 / hertz; }
  int64_t time_ns(uint64_t tick) const {
    return kStartNs + static_cast<int64_t>(tick) * period_ns();
  }
};
inline constexpr Stream kImu{"imu", 200};
inline constexpr Stream kWrench{"wrench", 500};
inline constexpr Stream kOdometry{"odometry", 50};
inline constexpr Stream kFrames{"frames", 10};
inline constexpr Stream kNotes{"notes", 2};
inline constexpr Stream kStreams[] = {kImu, kWrench, kOdometry, kFrames, kNotes};
inline constexpr size_t kStreamCount = 5;

struct Pose {
  double x, y, z;  // metres
  double heading;  // radians
  double speed;    // metres a second
};
Pose pose_at(double seconds);

// Accelerations in m/s^2 and rates in rad/s, as a 16-bit sensor gives them.
std::array<double, 6> imu_at(uint64_t tick);
// Forces in N and torques in Nm, to a thousandth.
std::array<double, 6> wrench_at(uint64_t tick);
// A grey picture of 160 x 120 pixels as a PGM file.
std::string frame_at(uint64_t tick);
// 384 numbers: the mean of each cell of a grid of 24 rows and 16 columns, less the mean of all,
// over their norm.
std::array<float, 384> descriptor_of(const std::string& pgm);
std::string note_at(uint64_t tick);

}  // namespace robot
