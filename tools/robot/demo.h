// `mote demo`: records a simulated robot, kills the recording process half-way, and shows what is
// left and what can be asked.
#pragma once

#include <optional>

namespace shell {

// arguments: "demo [DIRECTORY]", or what the demo calls itself with. Nothing when they are not for
// the demo; else an exit code.
std::optional<int> run_demo(int argument_count, char** arguments);

}  // namespace shell
