// How long calls took: counts in log-linear classes, 16 to an octave, so a quantile is within 6 %.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace robot {

class Latency {
 public:
  void add(int64_t ns) {
    const auto value = static_cast<uint64_t>(std::max<int64_t>(ns, 0));
    ++counts_[class_of(value)];
    ++count_;
    max_ns_ = std::max(max_ns_, value);
  }
  void add(const Latency& other) {
    for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    count_ += other.count_;
    max_ns_ = std::max(max_ns_, other.max_ns_);
  }
  uint64_t count() const { return count_; }
  uint64_t max_ns() const { return max_ns_; }
  // The upper bound of the class that holds the quantile, at most the maximum.
  uint64_t quantile_ns(double share) const {
    const auto wanted = static_cast<uint64_t>(share * static_cast<double>(count_));
    uint64_t seen = 0;
    for (size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen > wanted) return std::min(upper_bound(i), max_ns_);
    }
    return max_ns_;
  }

 private:
  static constexpr uint32_t kSteps = 16;
  static size_t class_of(uint64_t value) {
    if (value < kSteps) return value;
    const auto octave = static_cast<uint32_t>(std::bit_width(value)) - 5;
    return size_t{kSteps} * (octave + 1) + (value >> octave) - kSteps;
  }
  static uint64_t upper_bound(size_t position) {
    if (position < kSteps) return position;
    const size_t octave = position / kSteps - 1;
    return ((position % kSteps + kSteps + 1) << octave) - 1;
  }
  std::array<uint64_t, 61 * kSteps> counts_{};
  uint64_t count_ = 0;
  uint64_t max_ns_ = 0;
};

}  // namespace robot
