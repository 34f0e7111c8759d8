// A folder of a test's own, in memory where the machine has such a file system.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "mote/mote.hpp"

namespace mote_process {

class Scratch {
 public:
  Scratch() {
    std::string pattern =
        std::string(::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp") + "/mote-process-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline mote::Options small_options() {
  mote::Options options;
  options.memory_bytes = 8u << 20;
  options.log_limit_bytes = 32u << 20;
  return options;
}

inline int64_t count_rows(mote::Connection& connection, const char* table) {
  mote::Result<mote::Statement> statement =
      connection.query(std::string("SELECT count(*) FROM ") + table);
  if (!statement.ok()) return -1;
  mote::Result<bool> row = statement->step();
  return row.ok() && *row ? statement->integer(0) : -1;
}

}  // namespace mote_process
