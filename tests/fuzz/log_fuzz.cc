// The log: any bytes as log files.
#include "base/memory_budget.h"
#include "fuzz_target.h"
#include "wal/scan_fuzz.h"

namespace mote::fuzz {

void take(std::span<const std::byte> input) { scan_any_bytes(input); }

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (const uint32_t payload_bytes : {10u, 5000u, 30000u}) {
    SimulatedEnv env(1);
    MemoryBudget budget(64u << 20);
    MOTE_CHECK(env.create_directory("db").ok());
    LogOptions options;
    options.directory = "db";
    options.database_id = 7;
    options.epoch = 9;
    options.file_bytes = kMinLogFileBytes;
    options.limit_bytes = 8 * kMinLogFileBytes;
    auto log = Log::open(env, options, 0, 0, budget);
    MOTE_CHECK(log.ok());
    for (uint64_t i = 0; i < 5; ++i) {
      GroupHeader header;
      header.payload_bytes = payload_bytes;
      header.record_count = 1;
      header.sequence = i + 1;
      std::memset((*log)->payload_room().data(), static_cast<int>(i), payload_bytes);
      MOTE_CHECK((*log)->append(header).ok());
    }
    std::string seed("\x3f\x0f", 2);
    for (uint64_t number = 0; number < 3; ++number) {
      const auto bytes = env.file_bytes(log_file_path("db", number));
      if (bytes.ok()) seed += *bytes;
    }
    all.push_back(seed);
  }
  return all;
}

}  // namespace mote::fuzz
