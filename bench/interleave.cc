#include "interleave.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace bench {

namespace {

constexpr int64_t kSliceNs = 1'000'000'000;
constexpr size_t kFewestInSlice = 20;
constexpr double kRegimeFactor = 2;
// A control outside of these, of raw, makes the run void.
constexpr double kControlP50 = 1.05;
constexpr double kControlP99 = 1.10;

const Lane* lane_named(const std::vector<Lane>& lanes, const char* name) {
  for (const Lane& lane : lanes) {
    if (lane.name == name) return &lane;
  }
  return nullptr;
}

// The raw median of each second.
struct Regimes {
  int64_t begin_ns = 0;
  std::vector<double> slice_p50;  // 0: too few samples
  double split_ns = 0;            // slices above it are slow; 0: there is one regime
  double moved = 1;
};

Regimes regimes_of(const std::vector<Lane>& lanes) {
  Regimes regimes;
  const Lane* raw = lane_named(lanes, kRawLane);
  if (raw == nullptr || raw->at_ns.empty()) return regimes;
  regimes.begin_ns = raw->at_ns.front();
  std::vector<std::vector<int64_t>> slices;
  for (size_t i = 0; i < raw->at_ns.size(); ++i) {
    const auto slice = static_cast<size_t>((raw->at_ns[i] - regimes.begin_ns) / kSliceNs);
    if (slices.size() <= slice) slices.resize(slice + 1);
    slices[slice].push_back(raw->took_ns[i]);
  }
  double least = 0;
  double most = 0;
  for (const std::vector<int64_t>& slice : slices) {
    const double p50 = slice.size() < kFewestInSlice ? 0 : quantile(slice, 0.5);
    regimes.slice_p50.push_back(p50);
    if (p50 == 0) continue;
    least = least == 0 ? p50 : std::min(least, p50);
    most = std::max(most, p50);
  }
  if (least > 0) regimes.moved = most / least;
  if (regimes.moved > kRegimeFactor) regimes.split_ns = std::sqrt(most * least);
  return regimes;
}

Lane part_of(const Lane& lane, const Regimes& regimes, bool slow) {
  Lane part;
  part.name = lane.name;
  part.version = lane.version;
  for (size_t i = 0; i < lane.at_ns.size(); ++i) {
    const int64_t since = std::max<int64_t>(0, lane.at_ns[i] - regimes.begin_ns);
    const auto slice = static_cast<size_t>(since / kSliceNs);
    const double p50 = slice < regimes.slice_p50.size() ? regimes.slice_p50[slice] : 0;
    if ((p50 > regimes.split_ns) != slow) continue;
    part.at_ns.push_back(lane.at_ns[i]);
    part.took_ns.push_back(lane.took_ns[i]);
    part.iteration.push_back(lane.iteration[i]);
  }
  return part;
}

Row labelled(const ReportLabels& labels, const Lane& lane, const std::string& metric,
             const std::string& regime) {
  Row row(labels.case_name, metric);
  if (!lane.version.empty()) row.peer(lane.name, lane.version);
  if (lane.version.empty()) row.text("lane", lane.name);
  row.text("class", labels.thread_class);
  if (!regime.empty()) row.text("regime", regime);
  return row;
}

void report_times(const ReportLabels& labels, const Lane& lane, const std::string& regime) {
  std::vector<int64_t> sorted = lane.took_ns;
  std::sort(sorted.begin(), sorted.end());
  const struct {
    const char* metric;
    double p;
  } wanted[] = {{"p50", 0.5}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1.0}};
  for (const auto& [metric, p] : wanted) {
    labelled(labels, lane, metric, regime)
        .value(quantile_of_sorted(sorted, p) / 1e3, "us")
        .samples(sorted.size())
        .print();
  }
}

// The median of lane - raw over the iterations that have both.
double paired_median_us(const Lane& lane, const Lane& raw) {
  std::vector<double> differences;
  size_t at = 0;
  for (size_t i = 0; i < lane.iteration.size(); ++i) {
    while (at < raw.iteration.size() && raw.iteration[at] < lane.iteration[i]) ++at;
    if (at == raw.iteration.size()) break;
    if (raw.iteration[at] != lane.iteration[i]) continue;
    differences.push_back(static_cast<double>(lane.took_ns[i] - raw.took_ns[at]) / 1e3);
  }
  return median(std::move(differences));
}

double ratio_at(const Lane& lane, const Lane& raw, double p) {
  return quantile(lane.took_ns, p) / std::max(1.0, quantile(raw.took_ns, p));
}

// Why the run may not be judged; empty when it may.
std::string void_reason(const std::vector<Lane>& lanes) {
  const Lane* raw = lane_named(lanes, kRawLane);
  const Lane* control = lane_named(lanes, kControlLane);
  if (raw == nullptr || control == nullptr) return "";
  const struct {
    double p;
    double most;
    const char* name;
  } checks[] = {{0.5, kControlP50, "p50"}, {0.99, kControlP99, "p99"}};
  for (const auto& [p, most, name] : checks) {
    const double ratio = ratio_at(*control, *raw, p);
    if (ratio <= most && ratio >= 1 / most) continue;
    char reason[96];
    std::snprintf(reason, sizeof reason, "control against raw is %.3f at %s, allowed %.2f", ratio,
                  name, most);
    return reason;
  }
  return "";
}

void report_ratios(const ReportLabels& labels, const Lane& lane, const Lane& raw,
                   const std::string& regime, const RatioGoals& goals, const std::string& reason) {
  const struct {
    const char* metric;
    double p;
    double goal;
  } wanted[] = {
      {"p50_ratio", 0.5, goals.p50}, {"p99_ratio", 0.99, goals.p99}, {"p99.9_ratio", 0.999, 0}};
  for (const auto& [metric, p, goal] : wanted) {
    const Interval interval = ratio_interval(lane.took_ns, raw.took_ns, p);
    Row row = labelled(labels, lane, metric, regime);
    row.value(ratio_at(lane, raw, p), "x raw").samples(lane.took_ns.size());
    row.number("ci95_low", interval.low).number("ci95_high", interval.high);
    if (goal > 0 && lane.name == kMoteLane) {
      reason.empty() ? row.at_most(goal) : row.void_goal(goal, reason);
    }
    row.print();
  }
  labelled(labels, lane, "paired_median_difference", regime)
      .value(paired_median_us(lane, raw), "us")
      .samples(lane.took_ns.size())
      .print();
}

void report_regime(const ReportLabels& labels, const std::vector<Lane>& lanes,
                   const std::string& regime, const RatioGoals& goals, std::string reason) {
  const Lane* raw = lane_named(lanes, kRawLane);
  if (raw == nullptr || raw->took_ns.size() < kFewestInSlice) return;
  if (reason.empty()) reason = void_reason(lanes);
  for (const Lane& lane : lanes) {
    if (lane.took_ns.empty()) continue;
    report_times(labels, lane, regime);
    if (lane.name != kRawLane) report_ratios(labels, lane, *raw, regime, goals, reason);
  }
}

}  // namespace

void run_lane(Lane& lane, uint64_t iteration) {
  const int64_t begin = now_ns();
  lane.run();
  const int64_t end = now_ns();
  lane.at_ns.push_back(begin);
  lane.took_ns.push_back(end - begin);
  lane.iteration.push_back(iteration);
}

void report_lanes(const ReportLabels& labels, const std::vector<Lane>& lanes,
                  const RatioGoals& goals) {
  const Regimes regimes = regimes_of(lanes);
  std::string reason;
  if (regimes.split_ns > 0) {
    char text[96];
    std::snprintf(text, sizeof text, "raw p50 moved %.1f-fold between seconds; see the regimes",
                  regimes.moved);
    reason = text;
  }
  report_regime(labels, lanes, "", goals, reason);
  Row(labels.case_name, "load_average").value(load_average(), "processes").samples(1).print();
  if (regimes.split_ns == 0) return;
  for (const bool slow : {false, true}) {
    std::vector<Lane> part;
    for (const Lane& lane : lanes) part.push_back(part_of(lane, regimes, slow));
    report_regime(labels, part, slow ? "slow" : "quick", goals, "");
  }
}

}  // namespace bench
