// What a fuzz target is: something that takes any bytes, and examples of bytes that are right.
//
// fuzz_main.cc gives the program around it: libFuzzer's, or, called with `--seeds FOLDER`, one that
// writes the examples there. A target ends well for every input; what it promises of its answers
// it checks with MOTE_CHECK.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace mote::fuzz {

void take(std::span<const std::byte> input);
std::vector<std::string> seeds();

}  // namespace mote::fuzz
