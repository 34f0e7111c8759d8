#include "kernels/distance.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "kernels/dispatch.h"

namespace mote {

namespace {

typedef float FourSingles __attribute__((vector_size(16)));
typedef double FourDoubles __attribute__((vector_size(32)));
constexpr uint32_t kStep = 8;  // two vectors of four, which do not wait for each other

// Halves and bytes are widened into blocks of this many floats first.
constexpr uint32_t kBlock = 256;

inline double sum_of(const FourDoubles& a, const FourDoubles& b) {
  const FourDoubles both = a + b;
  return (both[0] + both[1]) + (both[2] + both[3]);
}

// A vector argument or result would depend on the machine, so it is loaded through a reference.
inline void load_four(const char* from, FourDoubles& to) {
  FourSingles singles;
  std::memcpy(&singles, from, sizeof(singles));
  to = __builtin_convertvector(singles, FourDoubles);
}

inline double load_one(const char* from) {
  float single;
  std::memcpy(&single, from, sizeof(single));
  return single;
}

MOTE_CLONES double squared_distance_f32(const char* a, const char* b, uint32_t dimension) {
  FourDoubles sum[2] = {};
  uint32_t i = 0;
  for (; i + kStep <= dimension; i += kStep) {
    for (uint32_t v = 0; v < 2; ++v) {
      FourDoubles x;
      FourDoubles y;
      load_four(a + (i + v * 4) * size_t{4}, x);
      load_four(b + (i + v * 4) * size_t{4}, y);
      x -= y;
      sum[v] += x * x;
    }
  }
  double total = sum_of(sum[0], sum[1]);
  for (; i < dimension; ++i) {
    const double difference = load_one(a + i * size_t{4}) - load_one(b + i * size_t{4});
    total += difference * difference;
  }
  return total;
}

MOTE_CLONES double dot_product_f32(const char* a, const char* b, uint32_t dimension) {
  FourDoubles sum[2] = {};
  uint32_t i = 0;
  for (; i + kStep <= dimension; i += kStep) {
    for (uint32_t v = 0; v < 2; ++v) {
      FourDoubles x;
      FourDoubles y;
      load_four(a + (i + v * 4) * size_t{4}, x);
      load_four(b + (i + v * 4) * size_t{4}, y);
      sum[v] += x * y;
    }
  }
  double total = sum_of(sum[0], sum[1]);
  for (; i < dimension; ++i) total += load_one(a + i * size_t{4}) * load_one(b + i * size_t{4});
  return total;
}

MOTE_CLONES Products dot_products_f32(const char* a, const char* b, uint32_t dimension) {
  FourDoubles ab[2] = {};
  FourDoubles aa[2] = {};
  FourDoubles bb[2] = {};
  uint32_t i = 0;
  for (; i + kStep <= dimension; i += kStep) {
    for (uint32_t v = 0; v < 2; ++v) {
      FourDoubles x;
      FourDoubles y;
      load_four(a + (i + v * 4) * size_t{4}, x);
      load_four(b + (i + v * 4) * size_t{4}, y);
      ab[v] += x * y;
      aa[v] += x * x;
      bb[v] += y * y;
    }
  }
  Products total{sum_of(ab[0], ab[1]), sum_of(aa[0], aa[1]), sum_of(bb[0], bb[1])};
  for (; i < dimension; ++i) {
    const double x = load_one(a + i * size_t{4});
    const double y = load_one(b + i * size_t{4});
    total.ab += x * y;
    total.aa += x * x;
    total.bb += y * y;
  }
  return total;
}

// Exponent and fraction of a half, moved to where a float has them, are the half times 2^-112;
// subnormal halves become normal floats by the multiplication.
inline float widen_half(const char* from) {
  uint16_t half;
  std::memcpy(&half, from, sizeof(half));
  const uint32_t magnitude = static_cast<uint32_t>(half & 0x7fff) << 13;
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const float scaled = std::bit_cast<float>(magnitude) * 0x1p112F;
  return std::bit_cast<float>(std::bit_cast<uint32_t>(scaled) | sign);
}

// Inner loops of a fixed count, which compilers make vectors of without a remainder.
MOTE_CLONES void widen_halves(const char* halves, uint32_t count, float* out) {
  uint32_t i = 0;
  for (; i + kStep <= count; i += kStep) {
    for (uint32_t j = 0; j < kStep; ++j) out[i + j] = widen_half(halves + size_t{2} * (i + j));
  }
  for (; i < count; ++i) out[i] = widen_half(halves + size_t{2} * i);
}

struct ByteProducts {
  int32_t ab = 0;
  int32_t aa = 0;
  int32_t bb = 0;
};

// 2^16 elements of squares up to 2^14 fit a sum of 32 bits, twice; longer vectors come in pieces.
constexpr uint32_t kBytesAtOnce = 1u << 16;

MOTE_CLONES ByteProducts dot_products_i8(const int8_t* a, const int8_t* b, uint32_t count) {
  constexpr uint32_t kRun = 32;
  ByteProducts total;
  uint32_t i = 0;
  for (; i + kRun <= count; i += kRun) {
    for (uint32_t j = 0; j < kRun; ++j) {
      total.ab += a[i + j] * b[i + j];
      total.aa += a[i + j] * a[i + j];
      total.bb += b[i + j] * b[i + j];
    }
  }
  for (; i < count; ++i) {
    total.ab += a[i] * b[i];
    total.aa += a[i] * a[i];
    total.bb += b[i] * b[i];
  }
  return total;
}

Products dot_products_of_bytes(const char* a, const char* b, uint32_t dimension) {
  Products total;
  for (uint32_t at = 0; at < dimension; at += kBytesAtOnce) {
    const ByteProducts part = dot_products_i8(reinterpret_cast<const int8_t*>(a) + at,
                                              reinterpret_cast<const int8_t*>(b) + at,
                                              std::min(kBytesAtOnce, dimension - at));
    total.ab += part.ab;
    total.aa += part.aa;
    total.bb += part.bb;
  }
  return total;
}

// Calls add(a, b, count) on blocks of halves made floats.
template <typename F>
void over_halves(const char* a, const char* b, uint32_t dimension, F add) {
  float left[kBlock];
  float right[kBlock];
  for (uint32_t at = 0; at < dimension; at += kBlock) {
    const uint32_t count = std::min(kBlock, dimension - at);
    widen_halves(a + size_t{2} * at, count, left);
    widen_halves(b + size_t{2} * at, count, right);
    add(reinterpret_cast<const char*>(left), reinterpret_cast<const char*>(right), count);
  }
}

}  // namespace

double squared_distance(ElementKind kind, const char* a, const char* b, uint32_t dimension) {
  if (kind == ElementKind::kF32) return squared_distance_f32(a, b, dimension);
  if (kind == ElementKind::kI8) {
    const Products products = dot_products_of_bytes(a, b, dimension);
    return products.aa - 2 * products.ab + products.bb;
  }
  double total = 0;
  over_halves(a, b, dimension, [&](const char* x, const char* y, uint32_t count) {
    total += squared_distance_f32(x, y, count);
  });
  return total;
}

double dot_product(ElementKind kind, const char* a, const char* b, uint32_t dimension) {
  if (kind == ElementKind::kF32) return dot_product_f32(a, b, dimension);
  if (kind == ElementKind::kI8) return dot_products_of_bytes(a, b, dimension).ab;
  double total = 0;
  over_halves(a, b, dimension, [&](const char* x, const char* y, uint32_t count) {
    total += dot_product_f32(x, y, count);
  });
  return total;
}

Products dot_products(ElementKind kind, const char* a, const char* b, uint32_t dimension) {
  if (kind == ElementKind::kF32) return dot_products_f32(a, b, dimension);
  if (kind == ElementKind::kI8) return dot_products_of_bytes(a, b, dimension);
  Products total;
  over_halves(a, b, dimension, [&](const char* x, const char* y, uint32_t count) {
    const Products part = dot_products_f32(x, y, count);
    total.ab += part.ab;
    total.aa += part.aa;
    total.bb += part.bb;
  });
  return total;
}

void widen_elements(ElementKind kind, const char* elements, uint32_t dimension, float* out) {
  switch (kind) {
    case ElementKind::kF32: std::memcpy(out, elements, dimension * sizeof(float)); return;
    case ElementKind::kF16: widen_halves(elements, dimension, out); return;
    case ElementKind::kI8: break;
  }
  for (uint32_t i = 0; i < dimension; ++i) {
    out[i] = static_cast<float>(static_cast<int8_t>(elements[i]));
  }
}

}  // namespace mote
