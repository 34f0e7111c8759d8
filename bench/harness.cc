#include "harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "mote/mote.h"

namespace bench {

int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

void sleep_until_ns(int64_t deadline_ns) {
  const timespec deadline{deadline_ns / 1'000'000'000, deadline_ns % 1'000'000'000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, nullptr) == EINTR) {
  }
}

namespace {
// What a failing program must not leave behind.
std::string& scratch_in_use() {
  static std::string path;
  return path;
}
}  // namespace

void fail(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::fputs("bench: ", stderr);
  std::vfprintf(stderr, format, arguments);
  std::fputc('\n', stderr);
  va_end(arguments);
  if (!scratch_in_use().empty()) remove_tree(scratch_in_use());
  std::_Exit(1);
}

namespace {

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

bool is_folder(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

std::string own_path() {
  char path[4096];
  const ssize_t size = ::readlink("/proc/self/exe", path, sizeof path);
  if (size <= 0) fail("/proc/self/exe: %s", std::strerror(errno));
  return std::string(path, static_cast<size_t>(size));
}

// The recordings: named by the environment, or beside the checkout that this program was built in.
std::string default_data(const std::string& program) {
  if (const char* named = std::getenv("MOTE_DATA"); named != nullptr) return named;
  std::string folder = folder_of(program);
  for (int levels = 0; levels < 6; ++levels) {
    folder += "/..";
    if (is_folder(folder + "/shared/data")) return folder + "/shared/data";
  }
  return "";
}

// Calls visit(path, name, stat) for each regular file below path.
template <typename Visit>
void each_file(const std::string& path, const Visit& visit) {
  DIR* folder = ::opendir(path.c_str());
  if (folder == nullptr) return;
  while (const dirent* entry = ::readdir(folder)) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    const std::string full = path + "/" + name;
    struct stat found {};
    // A file that a background thread removes meanwhile is not counted.
    if (::lstat(full.c_str(), &found) != 0) continue;
    if (S_ISDIR(found.st_mode)) {
      each_file(full, visit);
    } else if (S_ISREG(found.st_mode)) {
      visit(full, name, found);
    }
  }
  ::closedir(folder);
}

}  // namespace

Arguments Arguments::parse(int count, char** values) {
  Arguments arguments;
  arguments.program = own_path();
  arguments.directory = ".";
  arguments.data = default_data(arguments.program);
  arguments.small = folder_of(arguments.program) + "/../../small/mote";
  for (int i = 1; i < count; ++i) {
    const std::string_view word = values[i];
    const bool has_value = i + 1 < count;
    if (word == "--quick") {
      arguments.quick = true;
    } else if (word == "--dir" && has_value) {
      arguments.directory = values[++i];
    } else if (word == "--data" && has_value) {
      arguments.data = values[++i];
    } else if (word == "--small" && has_value) {
      arguments.small = values[++i];
    } else if (word == "--only" && has_value) {
      arguments.only = values[++i];
    } else if (word == "--child" && has_value) {
      arguments.rest.assign(values + i + 1, values + count);
      break;
    } else {
      std::fprintf(stderr,
                   "usage: %s [--quick] [--dir DIR] [--data DIR] [--small PATH] [--only PART]\n",
                   values[0]);
      std::exit(2);
    }
  }
  return arguments;
}

bool Arguments::wants(std::string_view part) const {
  return only.empty() || part.find(only) != std::string_view::npos;
}

std::string Arguments::beside(std::string_view name) const {
  return folder_of(program) + "/" + std::string(name);
}

Scratch::Scratch(const std::string& parent) {
  std::string pattern = parent + "/bench-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) {
    fail("%s: can not make a directory: %s", pattern.c_str(), std::strerror(errno));
  }
  path_ = pattern;
  scratch_in_use() = path_;
}

Scratch::~Scratch() {
  remove_tree(path_);
  scratch_in_use().clear();
}

void remove_tree(const std::string& path) {
  DIR* folder = ::opendir(path.c_str());
  if (folder == nullptr) {
    ::unlink(path.c_str());
    return;
  }
  while (const dirent* entry = ::readdir(folder)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") remove_tree(path + "/" + name);
  }
  ::closedir(folder);
  ::rmdir(path.c_str());
}

uint64_t bytes_below(const std::string& path, std::string_view prefix) {
  uint64_t bytes = 0;
  each_file(path, [&](const std::string&, const std::string& name, const struct stat& found) {
    if (name.starts_with(prefix)) bytes += static_cast<uint64_t>(found.st_size);
  });
  return bytes;
}

uint64_t files_below(const std::string& path, std::string_view prefix) {
  uint64_t files = 0;
  each_file(path, [&](const std::string&, const std::string& name, const struct stat&) {
    if (name.starts_with(prefix)) ++files;
  });
  return files;
}

std::vector<std::string> files_named(const std::string& path, std::string_view prefix) {
  std::vector<std::string> paths;
  each_file(path, [&](const std::string& full, const std::string& name, const struct stat&) {
    if (name.starts_with(prefix)) paths.push_back(full);
  });
  std::sort(paths.begin(), paths.end());
  return paths;
}

int run_program(const std::vector<std::string>& words, Output output) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (output == Output::kDropped) {
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  }
  pid_t child = 0;
  const int refused =
      ::posix_spawn(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (refused != 0) fail("%s: %s", arguments[0], std::strerror(refused));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

Row::Row(std::string_view case_name, std::string_view metric) {
  text("case", case_name);
  text("metric", metric);
}

void Row::key(std::string_view name) {
  line_ += line_.empty() ? "{\"" : ", \"";
  line_ += name;
  line_ += "\": ";
}

Row& Row::text(std::string_view name, std::string_view value) {
  key(name);
  line_ += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') line_ += '\\';
    line_ += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  line_ += '"';
  return *this;
}

Row& Row::number(std::string_view name, double value) {
  key(name);
  char digits[40];
  const bool whole = std::fabs(value) < 1e15 && value == std::floor(value);
  std::snprintf(digits, sizeof digits, whole ? "%.0f" : "%.5g", value);
  line_ += std::isfinite(value) ? digits : "null";
  return *this;
}

Row& Row::value(double value, std::string_view unit) {
  value_ = value;
  number("value", value);
  return text("unit", unit);
}

Row& Row::samples(uint64_t count) { return number("samples", static_cast<double>(count)); }

Row& Row::peer(std::string_view name, std::string_view version) {
  text("peer", name);
  return text("version", version);
}

Row& Row::at_most(double goal) {
  number("goal", goal);
  key("pass");
  line_ += value_ <= goal ? "true" : "false";
  return *this;
}

Row& Row::at_least(double goal) {
  number("goal", goal);
  key("pass");
  line_ += value_ >= goal ? "true" : "false";
  return *this;
}

Row& Row::void_goal(double goal, std::string_view reason) {
  number("goal", goal);
  key("pass");
  line_ += "null";
  return text("void", reason);
}

void Row::print() {
  line_ += "}\n";
  std::fputs(line_.c_str(), stdout);
  std::fflush(stdout);
}

void print_skipped(std::string_view case_name, std::string_view reason) {
  Row(case_name, "skipped").value(0, "").samples(0).text("reason", reason).print();
}

double load_average() {
  double load = 0;
  return ::getloadavg(&load, 1) == 1 ? load : 0;
}

void print_machine(const std::string& directory, std::string_view thread_class) {
  utsname system{};
  ::uname(&system);
  struct stat found {};
  ::stat(directory.c_str(), &found);
  Row("machine", "load_average")
      .value(load_average(), "processes")
      .samples(1)
      .number("cores", static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN)))
      .text("class", thread_class)
      .text("kernel", system.release)
      .text("architecture", system.machine)
      .text("motedb", mote_version())
      .text("features", mote_build_features())
      .print();
}

double quantile_of_sorted(const std::vector<int64_t>& samples, double p) {
  if (samples.empty()) return 0;
  const auto rank = static_cast<size_t>(std::ceil(p * static_cast<double>(samples.size())));
  return static_cast<double>(samples[rank == 0 ? 0 : std::min(rank, samples.size()) - 1]);
}

double quantile(std::vector<int64_t> samples, double p) {
  if (samples.empty()) return 0;
  const auto rank = static_cast<size_t>(std::ceil(p * static_cast<double>(samples.size())));
  const size_t at = rank == 0 ? 0 : std::min(rank, samples.size()) - 1;
  std::nth_element(samples.begin(), samples.begin() + static_cast<ptrdiff_t>(at), samples.end());
  return static_cast<double>(samples[at]);
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const size_t middle = values.size() / 2;
  std::sort(values.begin(), values.end());
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

namespace {

// A quantile of a resample with replacement: the rank in the sorted samples that a draw of n ranks
// has at p. Drawing ranks and not values keeps the samples sorted once.
double resampled(const std::vector<int64_t>& sorted, double p, Random& random,
                 std::vector<int64_t>& draw) {
  draw.resize(sorted.size());
  for (int64_t& rank : draw) rank = static_cast<int64_t>(random.below(sorted.size()));
  const auto wanted = static_cast<size_t>(std::ceil(p * static_cast<double>(draw.size())));
  const size_t at = wanted == 0 ? 0 : wanted - 1;
  std::nth_element(draw.begin(), draw.begin() + static_cast<ptrdiff_t>(at), draw.end());
  return static_cast<double>(sorted[static_cast<size_t>(draw[at])]);
}

}  // namespace

Interval ratio_interval(const std::vector<int64_t>& above, const std::vector<int64_t>& below,
                        double p) {
  if (above.empty() || below.empty()) return {};
  constexpr int kResamples = 200;
  std::vector<int64_t> sorted_above = above;
  std::vector<int64_t> sorted_below = below;
  std::sort(sorted_above.begin(), sorted_above.end());
  std::sort(sorted_below.begin(), sorted_below.end());
  Random random(20261125);
  std::vector<int64_t> draw;
  std::vector<double> ratios;
  for (int i = 0; i < kResamples; ++i) {
    const double top = resampled(sorted_above, p, random, draw);
    ratios.push_back(top / std::max(1.0, resampled(sorted_below, p, random, draw)));
  }
  std::sort(ratios.begin(), ratios.end());
  return {ratios[kResamples / 40], ratios[kResamples - 1 - kResamples / 40]};
}

}  // namespace bench
