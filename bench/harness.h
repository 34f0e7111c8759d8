// What every benchmark shares: arguments, a directory of its own, rows of results, quantiles.
//
// A result is one JSON object on one line of standard output: case, metric, value, unit, samples,
// and where it is judged goal and pass. Everything else goes to standard error.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

// Monotonic time.
int64_t now_ns();
// Returns at `deadline_ns` or as soon after it as the scheduler allows.
void sleep_until_ns(int64_t deadline_ns);

// Ends the program: a benchmark that can not do its work has no result.
[[noreturn]] void fail(const char* format, ...) __attribute__((format(printf, 1, 2)));

struct Arguments {
  bool quick = false;
  std::string directory;  // where the program's own directory is made; default: here
  std::string data;       // recordings; empty when there are none
  std::string small;      // the program of the small profile
  std::string only;       // runs the parts whose name contains this
  std::string program;    // this program's own path
  std::vector<std::string> rest;

  static Arguments parse(int count, char** values);
  bool wants(std::string_view part) const;
  // Path of a program in the same folder as this one.
  std::string beside(std::string_view name) const;
};

// A fresh directory, removed with everything in it at the end, also of a program that fails. One at
// a time.
class Scratch {
 public:
  explicit Scratch(const std::string& parent);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

void remove_tree(const std::string& path);
// Bytes of the regular files below `path` whose name begins with `prefix`.
uint64_t bytes_below(const std::string& path, std::string_view prefix = "");
uint64_t files_below(const std::string& path, std::string_view prefix = "");
// Their paths, sorted.
std::vector<std::string> files_named(const std::string& path, std::string_view prefix);
// Runs a program with its output thrown away, or passed on; returns its exit code.
enum class Output : uint8_t { kDropped, kPassedOn };
int run_program(const std::vector<std::string>& words, Output output);

// One line of results. print() is the last call.
class Row {
 public:
  Row(std::string_view case_name, std::string_view metric);
  Row& value(double value, std::string_view unit);
  Row& samples(uint64_t count);
  Row& peer(std::string_view name, std::string_view version);
  Row& text(std::string_view key, std::string_view value);
  Row& number(std::string_view key, double value);
  // The bar and whether it is met. Call after value().
  Row& at_most(double goal);
  Row& at_least(double goal);
  // The bar of a run that may not be judged, and why.
  Row& void_goal(double goal, std::string_view reason);
  void print();

 private:
  void key(std::string_view name);
  std::string line_;
  double value_ = 0;
};

void print_skipped(std::string_view case_name, std::string_view reason);
// Load, cores, class and kernel, so that a number is never read without them.
void print_machine(const std::string& directory, std::string_view thread_class);
double load_average();

// The value at or below which the fraction p of the samples lies. samples is sorted.
double quantile_of_sorted(const std::vector<int64_t>& samples, double p);
double quantile(std::vector<int64_t> samples, double p);
double median(std::vector<double> values);

struct Interval {
  double low = 0;
  double high = 0;
};
// 95 % bootstrap interval of quantile p of `above` over that of `below`, resampled independently.
Interval ratio_interval(const std::vector<int64_t>& above, const std::vector<int64_t>& below,
                        double p);

// A generator whose sequence is fixed by its seed: SplitMix64.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  uint64_t below(uint64_t bound) { return next() % bound; }
  // In [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  // Near enough to normal: the sum of four.
  double bell() { return unit() + unit() + unit() + unit() - 2.0; }

 private:
  uint64_t state_;
};

}  // namespace bench
