#include "kernels/distance.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace mote {
namespace {

// binary16 by its definition.
double half_value(uint16_t half) {
  const int exponent = (half >> 10) & 31;
  const int fraction = half & 1023;
  const double magnitude =
      exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

struct Vector {
  std::string bytes;  // one byte in front, so that the elements are not aligned
  std::vector<double> values;
  const char* elements() const { return bytes.data() + 1; }
};

template <typename T>
void append(Vector& vector, T element, double value) {
  char raw[sizeof(T)];
  std::memcpy(raw, &element, sizeof(T));
  vector.bytes.append(raw, sizeof(T));
  vector.values.push_back(value);
}

Vector random_vector(ElementKind kind, uint32_t dimension, bool extreme, std::mt19937_64& random) {
  Vector vector;
  vector.bytes = " ";
  for (uint32_t i = 0; i < dimension; ++i) {
    if (kind == ElementKind::kI8) {
      const auto element = static_cast<int8_t>(extreme ? -128 : static_cast<int>(random() % 256));
      append(vector, element, element);
    } else if (kind == ElementKind::kF16) {
      auto half = static_cast<uint16_t>(random());
      if ((half & 0x7c00) == 0x7c00 || extreme) half = extreme ? 0x7bff : 1;
      append(vector, half, half_value(half));
    } else {
      const int scale = extreme ? 117 : static_cast<int>(random() % 8);
      const auto element = static_cast<float>(
          std::ldexp(static_cast<double>(static_cast<int64_t>(random() % 2001) - 1000), scale));
      append(vector, element, static_cast<double>(element));
    }
  }
  return vector;
}

std::vector<uint32_t> dimensions() {
  std::vector<uint32_t> all;
  for (uint32_t dimension = 1; dimension <= 130; ++dimension) all.push_back(dimension);
  for (const uint32_t dimension : {383, 384, 385, 960, 1536, 16384}) all.push_back(dimension);
  return all;
}

// Every dimension that has a tail, every kind, elements that are not aligned, against plain loops.
TEST(Distance, AgreesWithPlainLoops) {
  for (const ElementKind kind : {ElementKind::kF32, ElementKind::kF16, ElementKind::kI8}) {
    for (const uint32_t dimension : dimensions()) {
      SCOPED_TRACE(testing::Message() << static_cast<int>(kind) << " of " << dimension);
      std::mt19937_64 random(dimension);
      const bool extreme = dimension % 5 == 0;
      const Vector a = random_vector(kind, dimension, extreme, random);
      const Vector b = random_vector(kind, dimension, extreme && kind != ElementKind::kI8, random);
      long double squared = 0;
      long double ab = 0;
      long double aa = 0;
      long double bb = 0;
      long double magnitude = 0;
      for (uint32_t i = 0; i < dimension; ++i) {
        const long double x = a.values[i];
        const long double y = b.values[i];
        squared += (x - y) * (x - y);
        ab += x * y;
        aa += x * x;
        bb += y * y;
        magnitude += std::fabs(x * y);
      }
      const auto near = [&](double got, long double wanted, long double scale) {
        const auto bound = static_cast<double>(scale) * dimension * 0x1p-53;
        EXPECT_NEAR(got, static_cast<double>(wanted), kind == ElementKind::kI8 ? 0 : bound);
      };
      near(squared_distance(kind, a.elements(), b.elements(), dimension), squared, squared);
      near(dot_product(kind, a.elements(), b.elements(), dimension), ab, magnitude);
      const Products products = dot_products(kind, a.elements(), b.elements(), dimension);
      near(products.ab, ab, magnitude);
      near(products.aa, aa, aa);
      near(products.bb, bb, bb);
    }
  }
}

TEST(Distance, OfEqualVectorsIsZero) {
  std::mt19937_64 random(1);
  for (const ElementKind kind : {ElementKind::kF32, ElementKind::kF16, ElementKind::kI8}) {
    const Vector a = random_vector(kind, 385, false, random);
    EXPECT_EQ(squared_distance(kind, a.elements(), a.elements(), 385), 0);
  }
}

// All finite halves there are, subnormal ones among them.
TEST(Distance, WidensHalvesExactly) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    if ((half & 0x7c00) == 0x7c00) continue;
    char raw[2];
    std::memcpy(raw, &half, 2);
    float wide = -1;
    widen_elements(ElementKind::kF16, raw, 1, &wide);
    ASSERT_EQ(static_cast<double>(wide), half_value(half)) << bits;
  }
}

}  // namespace
}  // namespace mote
