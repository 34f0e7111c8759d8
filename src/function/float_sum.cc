#include "function/float_sum.h"

#include <cstring>

#include "kernels/dispatch.h"

namespace mote {

namespace {

typedef double Four __attribute__((vector_size(32)));
constexpr uint32_t kStep = 8;  // two vectors of four, which do not wait for each other

struct Lanes {
  Four sum[2];
  Four error[2];
};

// count is a multiple of kStep.
MOTE_CLONES void add_steps(const double* values, uint32_t count, Lanes* lanes) {
  Four sum[2] = {lanes->sum[0], lanes->sum[1]};
  Four error[2] = {lanes->error[0], lanes->error[1]};
  for (uint32_t i = 0; i < count; i += kStep) {
    for (uint32_t v = 0; v < 2; ++v) {
      Four value;
      std::memcpy(&value, values + i + v * 4, sizeof(value));
      const Four total = sum[v] + value;
      const Four part = total - sum[v];
      error[v] += (sum[v] - (total - part)) + (value - part);
      sum[v] = total;
    }
  }
  for (uint32_t v = 0; v < 2; ++v) {
    lanes->sum[v] = sum[v];
    lanes->error[v] = error[v];
  }
}

}  // namespace

void add_floats(const double* values, uint32_t count, FloatSum* sum) {
  const uint32_t whole = count / kStep * kStep;
  if (whole > 0) {
    Lanes lanes{};
    add_steps(values, whole, &lanes);
    for (uint32_t v = 0; v < 2; ++v) {
      for (uint32_t lane = 0; lane < 4; ++lane) {
        sum->add(FloatSum{lanes.sum[v][lane], lanes.error[v][lane]});
      }
    }
  }
  for (uint32_t i = whole; i < count; ++i) sum->add(values[i]);
}

}  // namespace mote
