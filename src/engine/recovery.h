// From a directory to an open database.
#pragma once

#include <string>
#include <vector>

#include "engine/core.h"

namespace mote {

// Fills a fresh Core: lock, manifest, epoch, parts, replay of the log, orphans. With `report` it
// salvages: damage is named there and left out; nothing is written.
Status recover(Core& core, std::vector<std::string>* report);

// How much of the budget is kept for writing a memtable's parts.
uint64_t flush_budget_bytes(const DatabaseOptions& options);

}  // namespace mote
