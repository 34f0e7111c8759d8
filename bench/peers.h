// The databases that moteDB is measured beside, each at the same durability: a write returns when
// it is on the medium. Which of them are there is decided when the program is built.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "readings.h"

namespace bench {

class Peer {
 public:
  virtual ~Peer() = default;
  virtual std::string name() const = 0;
  // With the options that matter.
  virtual std::string version() const = 0;
  // Each is one durable commit. Keys count up from 1 over all readings.
  virtual void insert(const Reading& reading) = 0;
  virtual void insert_batch(std::span<const Reading> readings) = 0;
  virtual void insert_blob(int64_t key, std::string_view bytes) = 0;
  // Of readings: the first value of one, and the sum of the first values of a range.
  virtual double read(int64_t key) = 0;
  virtual double sum(int64_t first, int64_t last) = 0;
};

// Every peer that was built in, each with a directory of its own below `directory`.
std::vector<std::unique_ptr<Peer>> open_peers(const std::string& directory, uint32_t value_count);
// One of them; null when it was not built in. Reopening an existing directory is the way to time
// it.
std::unique_ptr<Peer> open_peer(std::string_view name, const std::string& directory,
                                uint32_t value_count);
// Prints one row for each, so that a reader sees which took part.
void print_peers(std::string_view case_name, const std::vector<std::unique_ptr<Peer>>& peers);

}  // namespace bench
