#include "world.h"

#include <cmath>
#include <cstdio>

namespace robot {

namespace {

constexpr int kWidth = 160;
constexpr int kHeight = 120;
constexpr char kPgmHeader[] = "P5\n160 120\n255\n";
constexpr double kAccelerationStep = 9.80665 / 16384;  // of a 16-bit sensor of +-2 g
constexpr double kRateStep = 0.0010642251;             // of one of +-2000 degrees a second

// Noise without state: a hash of the tick (SplitMix64, Steele, Lea and Flood 2014).
double noise(uint64_t tick, uint64_t axis) {
  uint64_t z = tick * 0x9e3779b97f4a7c15ull + axis * 0xbf58476d1ce4e5b9ull + 1;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1.0p-52 - 1.0;
}

double pressing(double seconds) {
  const double phase = std::fmod(seconds, 4.0);
  return phase > 1.5 && phase < 3.2 ? 1.0 : 0.0;
}

}  // namespace

Pose pose_at(double seconds) {
  const double a = 0.23 * seconds, b = 0.31 * seconds;
  const double vx = 3.0 * 0.23 * std::cos(a), vy = -2.0 * 0.31 * std::sin(b);
  return {3.0 * std::sin(a), 2.0 * std::cos(b), 0.1 + 0.02 * std::sin(1.7 * seconds),
          std::atan2(vy, vx), std::hypot(vx, vy)};
}

std::array<double, 6> imu_at(uint64_t tick) {
  const double t = static_cast<double>(tick) / kImu.hertz;
  const double wanted[6] = {0.4 * std::sin(0.9 * t) + 0.05 * noise(tick, 0),
                            0.3 * std::cos(1.1 * t) + 0.05 * noise(tick, 1),
                            9.80665 + 0.2 * pressing(t) + 0.08 * noise(tick, 2),
                            0.02 * noise(tick, 3),
                            0.02 * noise(tick, 4),
                            0.35 * std::sin(0.5 * t) + 0.02 * noise(tick, 5)};
  std::array<double, 6> sample{};
  for (size_t axis = 0; axis < sample.size(); ++axis) {
    const double step = axis < 3 ? kAccelerationStep : kRateStep;
    sample[axis] = std::nearbyint(wanted[axis] / step) * step;
  }
  return sample;
}

std::array<double, 6> wrench_at(uint64_t tick) {
  const double t = static_cast<double>(tick) / kWrench.hertz;
  const double press = pressing(t);
  const double wanted[6] = {0.3 * press + 0.05 * noise(tick, 10),
                            0.2 * press + 0.05 * noise(tick, 11),
                            3.5 * press + 0.3 * std::sin(6 * t) + 0.1 * noise(tick, 12),
                            0.02 * press + 0.005 * noise(tick, 13),
                            0.01 * press + 0.005 * noise(tick, 14),
                            0.005 * noise(tick, 15)};
  std::array<double, 6> sample{};
  for (size_t axis = 0; axis < sample.size(); ++axis) {
    sample[axis] = std::nearbyint(wanted[axis] * 1000) / 1000;
  }
  return sample;
}

std::string frame_at(uint64_t tick) {
  const Pose pose = pose_at(static_cast<double>(tick) / kFrames.hertz);
  std::string image = kPgmHeader;
  image.reserve(image.size() + kWidth * kHeight);
  const double c = std::cos(pose.heading), s = std::sin(pose.heading);
  for (int row = 0; row < kHeight; ++row) {
    for (int column = 0; column < kWidth; ++column) {
      const double forward = (kHeight / 2 - row) * 0.01, left = (kWidth / 2 - column) * 0.01;
      const double x = pose.x + c * forward - s * left, y = pose.y + s * forward + c * left;
      const auto tile_x = static_cast<int64_t>(std::floor(x / 0.25));
      const auto tile_y = static_cast<int64_t>(std::floor(y / 0.25));
      const double tile = noise(
          static_cast<uint64_t>(tile_x + 1000) * 4096 + static_cast<uint64_t>(tile_y + 1000), 20);
      const double grain =
          4 * noise(tick * 65536 + static_cast<uint64_t>(row * kWidth + column), 21);
      image.push_back(static_cast<char>(static_cast<uint8_t>(128 + 100 * tile + grain)));
    }
  }
  return image;
}

std::array<float, 384> descriptor_of(const std::string& pgm) {
  const auto* pixels = reinterpret_cast<const uint8_t*>(pgm.data()) + sizeof kPgmHeader - 1;
  std::array<double, 384> cells{};
  double mean = 0;
  for (int row = 0; row < kHeight; ++row) {
    for (int column = 0; column < kWidth; ++column) {
      const double part = pixels[row * kWidth + column] / 50.0;  // a cell has 10 x 5 pixels
      cells[static_cast<size_t>(row / 5 * 16 + column / 10)] += part;
      mean += part / static_cast<double>(cells.size());
    }
  }
  double norm = 0;
  for (double& cell : cells) {
    cell -= mean;
    norm += cell * cell;
  }
  norm = std::sqrt(norm);
  std::array<float, 384> descriptor{};
  for (size_t i = 0; i < cells.size() && norm > 0; ++i) {
    descriptor[i] = static_cast<float>(cells[i] / norm);
  }
  return descriptor;
}

std::string note_at(uint64_t tick) {
  const double t = static_cast<double>(tick) / kNotes.hertz;
  const Pose pose = pose_at(t);
  const char* const what = pressing(t) > 0 ? "pressing the tool against the door handle"
                           : tick % 3 == 0 ? "battery at rest, all joints within limits"
                                           : "driving over the tiles of the corridor";
  char place[64];
  std::snprintf(place, sizeof place, " near %.1f, %.1f", pose.x, pose.y);
  return std::string(what) + place;
}

}  // namespace robot
