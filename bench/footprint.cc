// The size of the program of the small profile, and how long a whole process takes to its first
// row.
#include <sys/stat.h>

#include <string>
#include <vector>

#include "harness.h"
#include "readings.h"

namespace bench {

namespace {

constexpr double kMostBytes = 2'097'152;
constexpr int kStarts = 20;

bool is_there(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0;
}

void report_size(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) {
    print_skipped("small_program", path + " is not there: cmake --preset small builds it");
    return;
  }
  Row("small_program", "size")
      .value(static_cast<double>(found.st_size), "bytes")
      .samples(1)
      .at_most(kMostBytes)
      .print();
}

std::vector<int64_t> start_times(const std::vector<std::string>& words) {
  std::vector<int64_t> times;
  for (int i = 0; i < kStarts; ++i) {
    const int64_t begin = now_ns();
    if (run_program(words, Output::kDropped) != 0) fail("%s failed", words[0].c_str());
    times.push_back(now_ns() - begin);
  }
  return times;
}

Row process_row(const std::vector<int64_t>& times) {
  Row row("process", "start_to_end");
  row.value(quantile(times, 0.5) / 1e6, "ms").samples(times.size());
  row.number("max_ms", quantile(times, 1) / 1e6);
  return row;
}

void run_processes(const Arguments& arguments, const Scratch& scratch) {
  const std::string directory = scratch / "mote";
  {
    MoteStore store(directory, 6, mote::Options{});
    ReadingSource source(Signal::kImu, 53);
    std::vector<Reading> rows(100'000);
    for (Reading& row : rows) row = source.next();
    store.append_batch(rows);
    store.close();
  }
  process_row(start_times({"/bin/true"})).text("program", "true").print();
  const std::string shell = arguments.beside("../mote");
  if (is_there(shell)) {
    process_row(start_times({shell, directory, "-c", "SELECT 1"})).text("program", "mote").print();
    process_row(start_times({shell, directory, "-c", "SELECT v0 FROM readings LIMIT 1"}))
        .text("program", "mote, a row of a table")
        .print();
  } else {
    print_skipped("process", shell + " is not there");
  }
  if (is_there(arguments.small)) {
    process_row(start_times({arguments.small, directory, "-c", "SELECT 1"}))
        .text("program", "mote, small profile")
        .print();
  }
  const std::string sqlite = arguments.beside("sqlite_open");
  if (!is_there(sqlite)) {
    print_skipped("process", "SQLite is not installed");
    return;
  }
  const std::string path = scratch / "sqlite";
  (void)run_program({sqlite, path}, Output::kDropped);
  process_row(start_times({sqlite, path})).peer("SQLite", "a program that links it").print();
}

}  // namespace

}  // namespace bench

int main(int count, char** values) {
  using namespace bench;
  const Arguments arguments = Arguments::parse(count, values);
  print_machine(arguments.directory, "normal");
  report_size(arguments.small);
  const Scratch scratch(arguments.directory);
  run_processes(arguments, scratch);
  return 0;
}
