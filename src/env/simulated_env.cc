#include "env/simulated_env.h"

#include <algorithm>
#include <random>

#include "base/limits.h"
#include "env/simulated_disk.h"

namespace mote {

struct SimulatedEnv::State {
  SimulatedDisk disk;                // as the running program sees it
  SimulatedMedium start;             // as it was when the machine was switched on
  std::vector<SimulatedCall> calls;  // all since then
  uint64_t next_inode = 1;
  uint64_t cut_at = 0;
  bool power_off = false;
  std::optional<uint64_t> capacity;
  std::set<std::string> locked;
  std::mt19937_64 random;
  int64_t monotonic_ns = 1'000'000'000;
  int64_t wall_ns = 1'700'000'000'000'000'000;
  uint32_t process_id = 1000;

  // The medium just before call `replayed_to` + 1: images of rising calls need no replay from the
  // start.
  mutable SimulatedMedium replayed;
  mutable uint64_t replayed_to = 0;

  const SimulatedMedium& medium_before(uint64_t call) const {
    if (replayed_to > call - 1) {
      replayed = start;
      replayed_to = 0;
    }
    while (replayed_to < call - 1) replayed.complete(calls[replayed_to++]);
    return replayed;
  }

  Status reading() const {
    if (power_off) return io_error("power is off");
    return {};
  }

  // Counts the call and gives it its effect, unless power fails during it.
  Status run(SimulatedCall call) {
    MOTE_TRY(reading());
    calls.push_back(std::move(call));
    if (calls.size() == cut_at) {
      power_off = true;
      return io_error("power is off");
    }
    disk.apply(calls.back());
    return {};
  }

  uint64_t used_bytes() const {
    uint64_t used = 0;
    for (const auto& [name, inode] : disk.names) used += disk.files.at(inode).size();
    return used;
  }
};

namespace {

// Without slashes at the end. What the database opens has neither "." nor ".." in it.
std::string normalized(const std::string& path) {
  std::string result = path;
  while (result.size() > 1 && result.back() == '/') result.pop_back();
  return result;
}

}  // namespace

class SimulatedFile : public File {
 public:
  SimulatedFile(std::shared_ptr<SimulatedEnv::State> state, std::string path, uint64_t inode,
                OpenOptions options)
      : state_(std::move(state)), path_(std::move(path)), inode_(inode), options_(options) {}

  Status read(uint64_t offset, std::span<std::byte> out) override {
    MOTE_ASSIGN(const size_t count, read_some(offset, out));
    if (count == out.size()) return {};
    return corruption("%s: ends at byte %llu; %zu bytes from %llu are expected", path_.c_str(),
                      static_cast<unsigned long long>(offset + count), out.size(),
                      static_cast<unsigned long long>(offset));
  }

  Result<size_t> read_some(uint64_t offset, std::span<std::byte> out) override {
    MOTE_TRY(state_->reading());
    return content().read(offset, reinterpret_cast<char*>(out.data()), out.size());
  }

  Status write(uint64_t offset, std::span<const std::byte> bytes) override {
    if (options_.mode == OpenMode::kRead) return io_error("%s: is open for reading", path_.c_str());
    if (options_.durable_writes) {
      MOTE_CHECK(offset % kLogBlockBytes == 0 && bytes.size() % kLogBlockBytes == 0);
      MOTE_CHECK(reinterpret_cast<uintptr_t>(bytes.data()) % kLogBlockBytes == 0);
    }
    const uint64_t end = offset + bytes.size();
    if (state_->capacity.has_value() && end > content().size() &&
        state_->used_bytes() + end - content().size() > *state_->capacity) {
      return disk_full("%s: write: no space left", path_.c_str());
    }
    SimulatedCall call;
    call.kind = SimulatedCall::Kind::kWrite;
    call.inode = inode_;
    call.offset = offset;
    call.durable = options_.durable_writes;
    call.bytes.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return state_->run(std::move(call));
  }

  Status sync() override {
    SimulatedCall call;
    call.kind = SimulatedCall::Kind::kSync;
    call.inode = inode_;
    return state_->run(std::move(call));
  }

  Status truncate(uint64_t size_bytes) override {
    SimulatedCall call;
    call.kind = SimulatedCall::Kind::kTruncate;
    call.inode = inode_;
    call.offset = size_bytes;
    return state_->run(std::move(call));
  }

  Result<uint64_t> size() override {
    MOTE_TRY(state_->reading());
    return content().size();
  }

  Result<FileStat> stat() override {
    MOTE_TRY(state_->reading());
    return FileStat{content().size(), {1, inode_}, false};
  }

 private:
  const SimulatedContent& content() const { return state_->disk.files.at(inode_); }

  const std::shared_ptr<SimulatedEnv::State> state_;
  const std::string path_;
  const uint64_t inode_;
  const OpenOptions options_;
};

SimulatedEnv::SimulatedEnv(uint64_t seed) : state_(std::make_shared<State>()) {
  state_->random.seed(seed);
  state_->disk.directories = {"/", "."};
  state_->start.durable = state_->disk;
  state_->replayed = state_->start;
}
SimulatedEnv::SimulatedEnv(std::shared_ptr<State> state) : state_(std::move(state)) {}
SimulatedEnv::~SimulatedEnv() = default;

uint64_t SimulatedEnv::call_count() const { return state_->calls.size(); }
void SimulatedEnv::cut_power_at(uint64_t call) { state_->cut_at = call; }
bool SimulatedEnv::power_is_off() const { return state_->power_off; }

std::unique_ptr<SimulatedEnv> SimulatedEnv::crash_image(PowerLoss policy, uint64_t seed) const {
  if (state_->power_off) return crash_image_during(state_->calls.size(), policy, seed);
  return crash_image_during(state_->calls.size() + 1, policy, seed);
}

std::unique_ptr<SimulatedEnv> SimulatedEnv::crash_image_during(uint64_t call, PowerLoss policy,
                                                               uint64_t seed) const {
  MOTE_CHECK(call >= 1 && call <= state_->calls.size() + 1);
  const SimulatedMedium& medium = state_->medium_before(call);
  const SimulatedCall* const in_flight =
      call <= state_->calls.size() ? &state_->calls[call - 1] : nullptr;
  auto image = std::make_shared<State>();
  image->disk = medium.after_power_loss(in_flight, policy, seed);
  image->start.durable = image->disk;
  image->replayed = image->start;
  image->next_inode = state_->next_inode;
  image->random.seed(seed + 1);
  image->wall_ns = state_->wall_ns;
  image->process_id = state_->process_id + 1;
  return std::unique_ptr<SimulatedEnv>(new SimulatedEnv(std::move(image)));
}

void SimulatedEnv::advance_ns(int64_t ns) {
  state_->monotonic_ns += ns;
  state_->wall_ns += ns;
}
void SimulatedEnv::set_wall_ns(int64_t ns) { state_->wall_ns = ns; }
void SimulatedEnv::set_capacity(std::optional<uint64_t> size_bytes) {
  state_->capacity = size_bytes;
}

Status SimulatedEnv::damage(const std::string& path, uint64_t offset, std::string_view bytes) {
  const auto found = state_->disk.names.find(normalized(path));
  if (found == state_->disk.names.end()) return not_found("%s: no such file", path.c_str());
  state_->disk.files[found->second].write(offset, bytes);
  // The damaged disk is a new beginning: images are taken of it, not of the sound one.
  state_->start.durable = state_->disk;
  state_->start.pending.clear();
  state_->calls.clear();
  state_->replayed = state_->start;
  state_->replayed_to = 0;
  return {};
}

Result<std::string> SimulatedEnv::file_bytes(const std::string& path) const {
  const auto found = state_->disk.names.find(normalized(path));
  if (found == state_->disk.names.end()) return not_found("%s: no such file", path.c_str());
  const SimulatedContent& content = state_->disk.files.at(found->second);
  std::string bytes(content.size(), '\0');
  content.read(0, bytes.data(), bytes.size());
  return bytes;
}

Result<std::unique_ptr<File>> SimulatedEnv::open(const std::string& name, OpenOptions options) {
  MOTE_TRY(state_->reading());
  const std::string path = normalized(name);
  const auto found = state_->disk.names.find(path);
  const bool creates = options.mode == OpenMode::kCreate || options.mode == OpenMode::kCreateOrOpen;
  if (found != state_->disk.names.end()) {
    if (options.mode == OpenMode::kCreate)
      return io_error("%s: open: is there already", path.c_str());
    return std::unique_ptr<File>(
        std::make_unique<SimulatedFile>(state_, path, found->second, options));
  }
  if (!creates) return not_found("%s: open: no such file", path.c_str());
  if (state_->disk.directories.count(directory_of(path)) == 0) {
    return not_found("%s: open: no such directory", path.c_str());
  }
  SimulatedCall call;
  call.kind = SimulatedCall::Kind::kCreate;
  call.inode = state_->next_inode++;
  call.path = path;
  const uint64_t inode = call.inode;
  MOTE_TRY(state_->run(std::move(call)));
  return std::unique_ptr<File>(std::make_unique<SimulatedFile>(state_, path, inode, options));
}

Status SimulatedEnv::rename(const std::string& from, const std::string& to) {
  MOTE_TRY(state_->reading());
  const auto found = state_->disk.names.find(normalized(from));
  if (found == state_->disk.names.end()) return not_found("%s: rename: no such file", from.c_str());
  SimulatedCall call;
  call.kind = SimulatedCall::Kind::kRename;
  call.inode = found->second;
  call.path = normalized(from);
  call.target = normalized(to);
  return state_->run(std::move(call));
}

Status SimulatedEnv::remove(const std::string& path) {
  MOTE_TRY(state_->reading());
  const auto found = state_->disk.names.find(normalized(path));
  if (found == state_->disk.names.end()) return not_found("%s: remove: no such file", path.c_str());
  SimulatedCall call;
  call.kind = SimulatedCall::Kind::kRemove;
  call.inode = found->second;
  call.path = normalized(path);
  return state_->run(std::move(call));
}

Status SimulatedEnv::create_directory(const std::string& path) {
  MOTE_TRY(state_->reading());
  if (state_->disk.directories.count(normalized(path)) != 0) return {};
  SimulatedCall call;
  call.kind = SimulatedCall::Kind::kMakeDirectory;
  call.path = normalized(path);
  return state_->run(std::move(call));
}

Status SimulatedEnv::sync_directory(const std::string& path) {
  SimulatedCall call;
  call.kind = SimulatedCall::Kind::kSyncDirectory;
  call.path = normalized(path);
  return state_->run(std::move(call));
}

Result<std::vector<std::string>> SimulatedEnv::list(const std::string& name) {
  MOTE_TRY(state_->reading());
  const std::string path = normalized(name);
  if (state_->disk.directories.count(path) == 0) {
    return not_found("%s: list: no such directory", path.c_str());
  }
  std::vector<std::string> names;
  const auto add = [&](const std::string& full) {
    if (full != path && directory_of(full) == path)
      names.push_back(full.substr(full.find_last_of('/') + 1));
  };
  for (const auto& [full, inode] : state_->disk.names) add(full);
  for (const std::string& full : state_->disk.directories) {
    if (full != "/" && full != ".") add(full);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<FileStat> SimulatedEnv::stat(const std::string& name) {
  MOTE_TRY(state_->reading());
  const std::string path = normalized(name);
  if (state_->disk.directories.count(path) != 0) return FileStat{0, {1, 0}, true};
  const auto found = state_->disk.names.find(path);
  if (found == state_->disk.names.end()) return not_found("%s: stat: no such file", path.c_str());
  return FileStat{state_->disk.files.at(found->second).size(), {1, found->second}, false};
}

Result<std::string> SimulatedEnv::real_path(const std::string& path) {
  std::string real;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t slash = std::min(path.find('/', begin), path.size());
    const std::string component = path.substr(begin, slash - begin);
    begin = slash + 1;
    if (component == "..") {
      real.resize(real.find_last_of('/') == std::string::npos ? 0 : real.find_last_of('/'));
    } else if (component != "." && !component.empty()) {
      real += (real.empty() && path[0] != '/' ? "" : "/") + component;
    }
  }
  if (real.empty()) real = path.starts_with('/') ? "/" : ".";
  MOTE_TRY(stat(real).status());
  return real;
}

Result<uint64_t> SimulatedEnv::free_bytes(const std::string&) {
  MOTE_TRY(state_->reading());
  if (!state_->capacity.has_value()) return uint64_t{1} << 40;
  const uint64_t used = state_->used_bytes();
  return used < *state_->capacity ? *state_->capacity - used : 0;
}

namespace {

class SimulatedLock : public FileLock {
 public:
  explicit SimulatedLock(std::function<void()> release) : release_(std::move(release)) {}
  ~SimulatedLock() override { release_(); }
  bool in_place() const override { return true; }

 private:
  const std::function<void()> release_;
};

}  // namespace

Result<std::unique_ptr<FileLock>> SimulatedEnv::lock(const std::string& name) {
  const std::string path = normalized(name);
  MOTE_ASSIGN(auto file, open(path, {OpenMode::kCreateOrOpen, false}));
  if (!state_->locked.insert(path).second) {
    return busy("%s: is locked by this process (%u) already", path.c_str(), state_->process_id);
  }
  const auto release = [state = state_, path] { state->locked.erase(path); };
  return std::unique_ptr<FileLock>(std::make_unique<SimulatedLock>(release));
}

int64_t SimulatedEnv::monotonic_ns() { return ++state_->monotonic_ns; }
int64_t SimulatedEnv::wall_ns() { return state_->wall_ns; }
void SimulatedEnv::random(std::span<std::byte> out) {
  for (std::byte& byte : out) byte = static_cast<std::byte>(state_->random());
}
uint32_t SimulatedEnv::process_id() { return state_->process_id; }
Result<std::unique_ptr<ThreadHandle>> SimulatedEnv::start_thread(const char* name,
                                                                 std::function<void()>) {
  return invalid_argument("thread '%s': a simulated machine has none", name);
}
ThreadClass SimulatedEnv::set_thread_class(ThreadClass) { return ThreadClass::kNormal; }

}  // namespace mote
