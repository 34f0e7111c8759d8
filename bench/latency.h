// The parts of the latency benchmark.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "harness.h"
#include "readings.h"

namespace bench {

// Keeps flushes and merges going: a checkpoint every second, from a thread of its own.
class Checkpoints {
 public:
  explicit Checkpoints(mote::Database& database);
  ~Checkpoints();

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// Rows that are appended and not waited for: four producers at 10 kHz beside flushes, merges and a
// reader.
void run_appends(const Arguments& arguments, const std::string& directory);
// How long an appended row takes to be durable, against the window and a raw write.
void run_acknowledgements(const Arguments& arguments, const std::string& directory);
// Durable rows on memory that stands for a disk: what is left is the database's own time.
void run_without_disk(const Arguments& arguments);

}  // namespace bench
