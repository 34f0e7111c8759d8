#include "env/simulated_disk.h"

#include <algorithm>
#include <cstring>
#include <random>

namespace mote {

namespace {
constexpr size_t kSectorBytes = 512;
}

void SimulatedContent::write(uint64_t offset, std::string_view bytes) {
  size_ = std::max<uint64_t>(size_, offset + bytes.size());
  pages_.resize((size_ + kPageBytes - 1) / kPageBytes);
  while (!bytes.empty()) {
    const size_t within = offset % kPageBytes;
    const size_t count = std::min(bytes.size(), kPageBytes - within);
    auto& slot = pages_[offset / kPageBytes];
    const bool zeros = bytes.substr(0, count).find_first_not_of('\0') == std::string_view::npos;
    if (!zeros || slot != nullptr) {
      auto page = slot != nullptr ? std::make_shared<Page>(*slot) : std::make_shared<Page>(Page{});
      std::memcpy(page->data() + within, bytes.data(), count);
      slot = std::move(page);
    }
    offset += count;
    bytes.remove_prefix(count);
  }
}

void SimulatedContent::truncate(uint64_t size_bytes) {
  if (size_bytes < size_ && size_bytes % kPageBytes != 0) {
    // What comes back when the file grows again must be zero.
    const uint64_t page_end = std::min(size_, (size_bytes / kPageBytes + 1) * kPageBytes);
    write(size_bytes, std::string(page_end - size_bytes, '\0'));
  }
  size_ = size_bytes;
  pages_.resize((size_ + kPageBytes - 1) / kPageBytes);
}

size_t SimulatedContent::read(uint64_t offset, char* out, size_t size) const {
  if (offset >= size_) return 0;
  size = std::min<uint64_t>(size, size_ - offset);
  for (size_t done = 0; done < size;) {
    const size_t within = (offset + done) % kPageBytes;
    const size_t count = std::min(size - done, kPageBytes - within);
    const auto& page = pages_[(offset + done) / kPageBytes];
    if (page == nullptr) {
      std::memset(out + done, 0, count);
    } else {
      std::memcpy(out + done, page->data() + within, count);
    }
    done += count;
  }
  return size;
}

std::string directory_of(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? std::string(".") : path.substr(0, slash);
}

void SimulatedDisk::apply(const SimulatedCall& call) {
  switch (call.kind) {
    case SimulatedCall::Kind::kCreate:
      names[call.path] = call.inode;
      files[call.inode];  // may be there already: a write can outlive the name of its file
      break;
    case SimulatedCall::Kind::kWrite: files[call.inode].write(call.offset, call.bytes); break;
    case SimulatedCall::Kind::kTruncate: files[call.inode].truncate(call.offset); break;
    case SimulatedCall::Kind::kRename: {
      const auto from = names.find(call.path);
      // The name may have been lost while the rename was kept: then the inode goes by its new name
      // alone.
      names[call.target] = call.inode;
      if (from != names.end() && from->second == call.inode && call.path != call.target) {
        names.erase(from);
      }
      break;
    }
    case SimulatedCall::Kind::kRemove: names.erase(call.path); break;
    case SimulatedCall::Kind::kMakeDirectory: directories.insert(call.path); break;
    case SimulatedCall::Kind::kSync:
    case SimulatedCall::Kind::kSyncDirectory: break;
  }
}

void SimulatedMedium::complete(const SimulatedCall& call) {
  const auto settle = [&](auto&& belongs) {
    std::vector<SimulatedCall> rest;
    for (SimulatedCall& earlier : pending) {
      if (belongs(earlier)) {
        durable.apply(earlier);
      } else {
        rest.push_back(std::move(earlier));
      }
    }
    pending = std::move(rest);
  };
  using Kind = SimulatedCall::Kind;
  if (call.kind == Kind::kSync) {
    settle([&](const SimulatedCall& earlier) {
      return earlier.inode == call.inode && !earlier.changes_names();
    });
  } else if (call.kind == Kind::kSyncDirectory) {
    settle([&](const SimulatedCall& earlier) {
      return earlier.changes_names() &&
             (directory_of(earlier.path) == call.path ||
              (earlier.kind == Kind::kRename && directory_of(earlier.target) == call.path));
    });
  } else if (call.kind == Kind::kWrite && call.durable) {
    durable.apply(call);
  } else {
    pending.push_back(call);
  }
}

namespace {

using Random = std::mt19937_64;

// Applies any set of the call's sectors; a file may have grown to the last one all the same.
void apply_torn(const SimulatedCall& call, Random& random, SimulatedDisk& disk) {
  if (call.kind != SimulatedCall::Kind::kWrite) {
    if (random() % 2 == 0) disk.apply(call);
    return;
  }
  for (size_t at = 0; at < call.bytes.size();) {
    const size_t count =
        std::min(kSectorBytes - (call.offset + at) % kSectorBytes, call.bytes.size() - at);
    if (random() % 2 == 0) {
      SimulatedCall sector = call;
      sector.offset = call.offset + at;
      sector.bytes = call.bytes.substr(at, count);
      disk.apply(sector);
    }
    at += count;
  }
}

// The size of the write without its bytes: zeros or garbage stand where the file has grown.
void apply_growth(const SimulatedCall& call, Random& random, SimulatedDisk& disk) {
  if (call.kind != SimulatedCall::Kind::kWrite) {
    disk.apply(call);
    return;
  }
  const uint64_t old_size = disk.files[call.inode].size();
  const uint64_t end = call.offset + call.bytes.size();
  if (end <= old_size) return;
  SimulatedCall tail = call;
  tail.offset = std::max(old_size, call.offset);
  tail.bytes.assign(end - tail.offset, '\0');
  if (random() % 2 == 0) {
    for (char& c : tail.bytes) c = static_cast<char>(random());
  }
  disk.apply(tail);
}

}  // namespace

SimulatedDisk SimulatedMedium::after_power_loss(const SimulatedCall* in_flight, PowerLoss policy,
                                                uint64_t seed) const {
  SimulatedDisk disk = durable;
  std::vector<const SimulatedCall*> calls;
  for (const SimulatedCall& call : pending) calls.push_back(&call);
  if (in_flight != nullptr) calls.push_back(in_flight);
  Random random(seed);
  const size_t prefix = random() % (calls.size() + 1);
  for (size_t i = 0; i < calls.size(); ++i) {
    const SimulatedCall& call = *calls[i];
    switch (policy) {
      case PowerLoss::kLoseUnsynced: break;
      case PowerLoss::kKeepAll: disk.apply(call); break;
      case PowerLoss::kPrefix:
        if (i < prefix) disk.apply(call);
        break;
      case PowerLoss::kTornSectors: apply_torn(call, random, disk); break;
      case PowerLoss::kReordered:
        if (random() % 2 == 0) disk.apply(call);
        break;
      case PowerLoss::kZeroOrGarbageTail: apply_growth(call, random, disk); break;
      case PowerLoss::kNamesLost:
        if (!call.changes_names()) disk.apply(call);
        break;
      case PowerLoss::kNamesKept:
        if (call.changes_names()) disk.apply(call);
        break;
    }
  }
  return disk;
}

}  // namespace mote
