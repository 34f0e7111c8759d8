// The medium of a simulated machine: files by number, names, and what has not been synced yet.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "env/simulated_env.h"

namespace mote {

// A file's bytes in pages that copies share; a null page is all zeros.
class SimulatedContent {
 public:
  static constexpr size_t kPageBytes = 4096;
  uint64_t size() const { return size_; }
  void write(uint64_t offset, std::string_view bytes);
  void truncate(uint64_t size_bytes);
  size_t read(uint64_t offset, char* out, size_t size) const;

 private:
  using Page = std::array<char, kPageBytes>;
  uint64_t size_ = 0;
  std::vector<std::shared_ptr<const Page>> pages_;
};

// One call that changes the medium.
struct SimulatedCall {
  enum class Kind : uint8_t {
    kCreate,
    kWrite,
    kTruncate,
    kSync,
    kRename,
    kRemove,
    kMakeDirectory,
    kSyncDirectory
  };
  Kind kind = Kind::kWrite;
  uint64_t inode = 0;
  uint64_t offset = 0;   // of a write; size of a truncate
  bool durable = false;  // a write that is on the medium when it returns
  std::string path;      // of what names a thing
  std::string target;    // of a rename
  std::string bytes;

  bool changes_names() const {
    return kind == Kind::kCreate || kind == Kind::kRename || kind == Kind::kRemove ||
           kind == Kind::kMakeDirectory;
  }
};

std::string directory_of(const std::string& path);

struct SimulatedDisk {
  std::map<uint64_t, SimulatedContent> files;
  std::map<std::string, uint64_t> names;
  std::set<std::string> directories;

  // Changes this disk as the call does, where it still makes sense.
  void apply(const SimulatedCall& call);
};

// What is surely on the medium, and the calls whose effect is not.
class SimulatedMedium {
 public:
  // The call has returned.
  void complete(const SimulatedCall& call);
  // The disk as it may be found when power fails while `in_flight` (may be null) runs.
  SimulatedDisk after_power_loss(const SimulatedCall* in_flight, PowerLoss policy,
                                 uint64_t seed) const;

  SimulatedDisk durable;
  std::vector<SimulatedCall> pending;
};

}  // namespace mote
