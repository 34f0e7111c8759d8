#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "fuzz_target.h"

extern "C" int LLVMFuzzerInitialize(int* count, char*** words) {
  if (*count != 3 || std::strcmp((*words)[1], "--seeds") != 0) return 0;
  int number = 0;
  for (const std::string& seed : mote::fuzz::seeds()) {
    const std::string path = std::string((*words)[2]) + "/seed-" + std::to_string(number++);
    std::FILE* const file = std::fopen(path.c_str(), "wb");
    if (file == nullptr || std::fwrite(seed.data(), 1, seed.size(), file) != seed.size() ||
        std::fclose(file) != 0) {
      std::fprintf(stderr, "%s: can not be written\n", path.c_str());
      std::exit(1);
    }
  }
  std::exit(0);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  mote::fuzz::take(std::as_bytes(std::span(bytes, size)));
  return 0;
}
