// Reads everything there is and compares it with what is said of it.
#pragma once

#include <string>
#include <vector>

#include "engine/core.h"

namespace mote {

Status check_database(Core& core, std::vector<std::string>* problems);

}  // namespace mote
