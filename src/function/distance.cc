// Functions of vectors: <-> <=> <#> and their names, norms and dimensions.
//
// Computed in double, see kernels/distance.h. The cosine distance to a vector of zeros is NaN,
// which ORDER BY puts last. Vectors of one dimension and different elements are compared as f32.
// Two untyped arguments are read as text: '[1,2]' <-> '[3,4]'.
#include <cmath>
#include <cstring>

#include "base/coding.h"
#include "function/lanes.h"
#include "function/registry.h"
#include "function/signature.h"
#include "kernels/distance.h"
#include "types/text_format.h"

namespace mote {

namespace {

using enum TypeKind;

enum class Measure { kEuclidean, kCosine, kNegativeInnerProduct, kInnerProduct };

ElementKind kernel_kind(VectorElement element) {
  switch (element) {
    case VectorElement::kF32: return ElementKind::kF32;
    case VectorElement::kF16: return ElementKind::kF16;
    case VectorElement::kI8: break;
  }
  return ElementKind::kI8;
}

// 1 - cos, within [0, 2] in spite of rounding.
double cosine_distance(const Products& products) {
  const double norms = std::sqrt(products.aa) * std::sqrt(products.bb);
  if (norms == 0) return std::nan("");
  return 1 - std::fmin(1.0, std::fmax(-1.0, products.ab / norms));
}

template <Measure kMeasure>
double measure(ElementKind kind, const char* a, const char* b, uint32_t dimension) {
  switch (kMeasure) {
    case Measure::kEuclidean: return std::sqrt(squared_distance(kind, a, b, dimension));
    case Measure::kCosine: return cosine_distance(dot_products(kind, a, b, dimension));
    case Measure::kNegativeInnerProduct: return -dot_product(kind, a, b, dimension);
    case Measure::kInnerProduct: break;
  }
  return dot_product(kind, a, b, dimension);
}

template <Measure kMeasure>
Status measure_vectors(const FunctionContext&, Arguments arguments, uint32_t row_count,
                       Column& out) {
  const Type left = arguments[0]->type();
  const Type right = arguments[1]->type();
  const auto* const a = arguments[0]->lane<std::string_view>();
  const auto* const b = arguments[1]->lane<std::string_view>();
  auto* const to = out.lane<double>();
  if (left.element == right.element) {
    return fill_valid_rows(row_count, out, [&](uint32_t i) {
      to[i] =
          measure<kMeasure>(kernel_kind(left.element), a[i].data(), b[i].data(), left.dimension);
    });
  }
  std::vector<float> wide(size_t{2} * left.dimension);
  float* const wide_right = wide.data() + left.dimension;
  return fill_valid_rows(row_count, out, [&](uint32_t i) {
    widen_elements(kernel_kind(left.element), a[i].data(), left.dimension, wide.data());
    widen_elements(kernel_kind(right.element), b[i].data(), left.dimension, wide_right);
    to[i] = measure<kMeasure>(ElementKind::kF32, reinterpret_cast<const char*>(wide.data()),
                              reinterpret_cast<const char*>(wide_right), left.dimension);
  });
}

template <Measure kMeasure>
Status measure_texts(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  const auto* const a = arguments[0]->lane<std::string_view>();
  const auto* const b = arguments[1]->lane<std::string_view>();
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    MOTE_ASSIGN(const std::string left, parse_vector(a[i], VectorElement::kF32, 0));
    MOTE_ASSIGN(const std::string right, parse_vector(b[i], VectorElement::kF32, 0));
    if (left.size() != right.size()) {
      return invalid_argument("vectors of %zu and %zu elements have no distance", left.size() / 4,
                              right.size() / 4);
    }
    out.lane<double>()[i] = measure<kMeasure>(ElementKind::kF32, left.data(), right.data(),
                                              static_cast<uint32_t>(left.size() / 4));
    return {};
  });
}

std::optional<Type> resolve_vectors(std::span<const Type> arguments, std::span<Type> cast_to) {
  const Type& known = arguments[arguments[0].is(kNull) ? 1 : 0];
  if (!known.is(kVector)) return std::nullopt;
  for (size_t i = 0; i < 2; ++i) {
    // An untyped vector may have fractions that i8 has not.
    cast_to[i] = arguments[i].is(kNull) ? Type::vector(known.dimension) : arguments[i];
    if (!cast_to[i].is(kVector) || cast_to[i].dimension != known.dimension) return std::nullopt;
  }
  return Type::floating();
}

Status dimensions_of_vectors(const FunctionContext&, Arguments arguments, uint32_t row_count,
                             Column& out) {
  return fill_valid_rows(
      row_count, out, [&](uint32_t i) { out.lane<int64_t>()[i] = arguments[0]->type().dimension; });
}

Status dimensions_of_texts(const FunctionContext&, Arguments arguments, uint32_t row_count,
                           Column& out) {
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    MOTE_ASSIGN(const std::string elements,
                parse_vector(arguments[0]->lane<std::string_view>()[i], VectorElement::kF32, 0));
    out.lane<int64_t>()[i] = static_cast<int64_t>(elements.size() / 4);
    return {};
  });
}

Status norms_of_vectors(const FunctionContext&, Arguments arguments, uint32_t row_count,
                        Column& out) {
  const Type type = arguments[0]->type();
  const auto* const vectors = arguments[0]->lane<std::string_view>();
  return fill_valid_rows(row_count, out, [&](uint32_t i) {
    out.lane<double>()[i] = std::sqrt(dot_product(kernel_kind(type.element), vectors[i].data(),
                                                  vectors[i].data(), type.dimension));
  });
}

Status norms_of_texts(const FunctionContext&, Arguments arguments, uint32_t row_count,
                      Column& out) {
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    MOTE_ASSIGN(const std::string elements,
                parse_vector(arguments[0]->lane<std::string_view>()[i], VectorElement::kF32, 0));
    out.lane<double>()[i] =
        std::sqrt(dot_product(ElementKind::kF32, elements.data(), elements.data(),
                              static_cast<uint32_t>(elements.size() / 4)));
    return {};
  });
}

// The element (from 1) of a vector; NULL outside.
Status element_of(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  const Type type = arguments[0]->type();
  const auto* const positions = arguments[1]->lane<int64_t>();
  return fill_valid_rows(row_count, out, [&](uint32_t i) {
    if (positions[i] < 1 || positions[i] > type.dimension) {
      out.set_null(i);
      return;
    }
    out.lane<double>()[i] = static_cast<double>(
        vector_element(type.element, arguments[0]->lane<std::string_view>()[i].data(),
                       static_cast<uint32_t>(positions[i] - 1)));
  });
}

constexpr std::string_view kTwoVectors = "(VECTOR(n), VECTOR(n))";
constexpr auto kTexts = takes<kFloat, kText, kText>;

template <Measure kMeasure>
constexpr ScalarFunction of_vectors(std::string_view name) {
  return passing(name, kTwoVectors, resolve_vectors, measure_vectors<kMeasure>, 2);
}
template <Measure kMeasure>
constexpr ScalarFunction of_texts(std::string_view name) {
  return passing(name, "('[..]', '[..]')", kTexts, measure_texts<kMeasure>, 2);
}

constexpr ScalarFunction kTable[] = {
    of_vectors<Measure::kEuclidean>("<->"),
    of_texts<Measure::kEuclidean>("<->"),
    of_vectors<Measure::kCosine>("<=>"),
    of_texts<Measure::kCosine>("<=>"),
    of_vectors<Measure::kNegativeInnerProduct>("<#>"),
    of_texts<Measure::kNegativeInnerProduct>("<#>"),
    of_vectors<Measure::kEuclidean>("l2_distance"),
    of_texts<Measure::kEuclidean>("l2_distance"),
    of_vectors<Measure::kCosine>("cosine_distance"),
    of_texts<Measure::kCosine>("cosine_distance"),
    of_vectors<Measure::kInnerProduct>("inner_product"),
    of_texts<Measure::kInnerProduct>("inner_product"),
    passing("vector_dims", "(VECTOR)", takes<kInteger, kVector>, dimensions_of_vectors, 1),
    passing("vector_dims", "('[..]')", takes<kInteger, kText>, dimensions_of_texts, 1),
    passing("dimension", "(VECTOR)", takes<kInteger, kVector>, dimensions_of_vectors, 1),
    passing("dimension", "('[..]')", takes<kInteger, kText>, dimensions_of_texts, 1),
    passing("vector_norm", "(VECTOR)", takes<kFloat, kVector>, norms_of_vectors, 1),
    passing("vector_norm", "('[..]')", takes<kFloat, kText>, norms_of_texts, 1),
    passing("vector_element", "(VECTOR, INTEGER)", takes<kFloat, kVector, kInteger>, element_of, 2),
};

}  // namespace

std::span<const ScalarFunction> distance_functions() { return kTable; }

}  // namespace mote
