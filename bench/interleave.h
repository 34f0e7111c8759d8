// Latencies of several operations taken in one loop, and their ratios.
//
// Disks and schedulers change from minute to minute, so that two runs one after the other can not
// be compared. Here each iteration runs every lane once in random order, and the report divides
// quantiles of one run. A run is void unless a second raw lane, the control, agrees with the first;
// a run whose raw median moves more than twofold between seconds is reported by regime.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "harness.h"

namespace bench {

struct Lane {
  std::string name;
  std::string version;  // of a peer; empty for raw, control and mote
  std::function<void()> run;
  // Of each run: when it began, how long it took, and in which iteration.
  std::vector<int64_t> at_ns;
  std::vector<int64_t> took_ns;
  std::vector<uint64_t> iteration;
};

// Runs one lane now and records it.
void run_lane(Lane& lane, uint64_t iteration);

// Bars for the ratio to raw; 0: not judged.
struct RatioGoals {
  double p50 = 0;
  double p99 = 0;
};

struct ReportLabels {
  std::string case_name;
  std::string thread_class;
};

// Names of the lanes that are the measure and its check.
inline constexpr char kRawLane[] = "raw";
inline constexpr char kControlLane[] = "control";
inline constexpr char kMoteLane[] = "mote";

// Prints quantiles and ratios of all lanes; goals are mote's.
void report_lanes(const ReportLabels& labels, const std::vector<Lane>& lanes,
                  const RatioGoals& goals);

}  // namespace bench
