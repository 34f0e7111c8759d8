// Sums of FLOATs that do not depend, in all but contrived cases, on the order of the rows or on
// how they are cut into chunks: beside each partial sum the rounding errors are summed as well
// (Knuth's TwoSum; Ogita, Rump and Oishi, "Accurate sum and dot product", 2005).
#pragma once

#include <cstdint>

namespace mote {

struct FloatSum {
  double sum = 0;
  double error = 0;

  void add(double value) {
    const double total = sum + value;
    const double part = total - sum;
    error += (sum - (total - part)) + (value - part);
    sum = total;
  }
  void add(const FloatSum& other) {
    add(other.sum);
    error += other.error;
  }
  // The value. Infinities leave an error of NaN, which is then not looked at.
  double value() const { return error - error == 0 ? sum + error : sum; }
};

// Adds all of values[0, count).
void add_floats(const double* values, uint32_t count, FloatSum* sum);

}  // namespace mote
