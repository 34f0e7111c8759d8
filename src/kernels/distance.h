// Distances of vectors: the loops that every vector comparison runs through.
//
// Elements lie one after another, f32, f16 (IEEE 754 binary16, finite) or i8, and need no
// alignment. Products and differences of f32 and f16 are exact in double, where they are also added
// up, so the results differ from the true value by the rounding of the additions alone: about
// dimension * 1e-16 of the sum of the magnitudes. i8 is exact for the dimensions that a VECTOR has.
#pragma once

#include <cstdint>

namespace mote {

enum class ElementKind : uint8_t { kF32, kF16, kI8 };

// Sums over all elements: of (a - b)^2.
double squared_distance(ElementKind kind, const char* a, const char* b, uint32_t dimension);
// Of a * b.
double dot_product(ElementKind kind, const char* a, const char* b, uint32_t dimension);

struct Products {
  double ab = 0;
  double aa = 0;
  double bb = 0;
};
// a * b, a * a and b * b in one pass.
Products dot_products(ElementKind kind, const char* a, const char* b, uint32_t dimension);

// The elements of an f16 or i8 vector as f32.
void widen_elements(ElementKind kind, const char* elements, uint32_t dimension, float* out);

}  // namespace mote
