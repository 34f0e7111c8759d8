// Functions of points. Boxes and circles include their borders; a box whose minimum is above its
// maximum is empty.
#include <algorithm>
#include <cmath>

#include "function/lanes.h"
#include "function/registry.h"
#include "function/signature.h"

namespace mote {

namespace {

using enum TypeKind;

double distance_at(const Column& a, const Column& b, uint32_t axes, uint32_t row) {
  double sum = 0;
  for (uint32_t axis = 0; axis < axes; ++axis) {
    const double difference = a.lane<double>(axis)[row] - b.lane<double>(axis)[row];
    sum += difference * difference;
  }
  return std::sqrt(sum);
}

template <uint32_t kAxes>
Status distances(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  auto* const to = out.lane<double>();
  for (uint32_t i = 0; i < row_count; ++i) {
    to[i] = distance_at(*arguments[0], *arguments[1], kAxes, i);
  }
  clear_null_entries(out, row_count);
  return {};
}

template <uint32_t kAxes>
Status within_distance(const FunctionContext&, Arguments arguments, uint32_t row_count,
                       Column& out) {
  const auto* const radius = arguments[2]->lane<double>();
  bool* const to = out.lane<bool>();
  for (uint32_t i = 0; i < row_count; ++i) {
    to[i] = distance_at(*arguments[0], *arguments[1], kAxes, i) <= radius[i];
  }
  clear_null_entries(out, row_count);
  return {};
}

template <uint32_t kAxes>
Status within_box(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  bool* const to = out.lane<bool>();
  std::fill_n(to, row_count, true);
  for (uint32_t axis = 0; axis < kAxes; ++axis) {
    const auto* const value = arguments[0]->lane<double>(axis);
    const auto* const least = arguments[1 + axis]->lane<double>();
    const auto* const most = arguments[1 + kAxes + axis]->lane<double>();
    for (uint32_t i = 0; i < row_count; ++i) {
      to[i] = to[i] & (value[i] >= least[i]) & (value[i] <= most[i]);
    }
  }
  clear_null_entries(out, row_count);
  return {};
}

template <uint32_t kAxis>
Status coordinate(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  std::copy_n(arguments[0]->lane<double>(kAxis), row_count, out.lane<double>());
  return {};
}

Status make_points(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  for (uint32_t axis = 0; axis < arguments.size(); ++axis) {
    std::copy_n(arguments[axis]->lane<double>(), row_count, out.lane<double>(axis));
  }
  clear_null_entries(out, row_count);
  return {};
}

constexpr std::string_view kTwoPoints = "(POINT, POINT)";
constexpr std::string_view kTwoPoints3d = "(POINT3D, POINT3D)";
constexpr std::string_view kTwoFloats = "(FLOAT, FLOAT)";
constexpr std::string_view kThreeFloats = "(FLOAT, FLOAT, FLOAT)";
constexpr auto kPoints = takes<kFloat, kPoint>;
constexpr auto kPoints3d = takes<kFloat, kPoint3d>;
constexpr auto kMake = takes<kPoint, kFloat>;
constexpr auto kMake3d = takes<kPoint3d, kFloat>;

// One argument at least is a point: two untyped ones are vectors as text.
template <TypeKind kKind>
std::optional<Type> resolve_operator(std::span<const Type> arguments, std::span<Type> cast_to) {
  if (!arguments[0].is(kKind) && !arguments[1].is(kKind)) return std::nullopt;
  return takes<kFloat, kKind>(arguments, cast_to);
}

constexpr ScalarFunction kTable[] = {
    passing("<->", kTwoPoints, resolve_operator<kPoint>, distances<2>, 2),
    passing("<->", kTwoPoints3d, resolve_operator<kPoint3d>, distances<3>, 2),
    passing("l2_distance", kTwoPoints, resolve_operator<kPoint>, distances<2>, 2),
    passing("l2_distance", kTwoPoints3d, resolve_operator<kPoint3d>, distances<3>, 2),
    passing("st_distance", kTwoPoints, kPoints, distances<2>, 2),
    passing("st_distance", kTwoPoints3d, kPoints3d, distances<3>, 2),
    passing("st_within", "(POINT, x0, y0, x1, y1)", takes<kBoolean, kPoint, kFloat>, within_box<2>,
            5),
    passing("st_within_3d", "(POINT3D, x0, y0, z0, x1, y1, z1)", takes<kBoolean, kPoint3d, kFloat>,
            within_box<3>, 7),
    passing("st_dwithin", "(POINT, POINT, radius)", takes<kBoolean, kPoint, kPoint, kFloat>,
            within_distance<2>, 3),
    passing("st_dwithin", "(POINT3D, POINT3D, radius)", takes<kBoolean, kPoint3d, kPoint3d, kFloat>,
            within_distance<3>, 3),
    passing("st_x", "(POINT)", kPoints, coordinate<0>, 1),
    passing("st_x", "(POINT3D)", kPoints3d, coordinate<0>, 1),
    passing("st_y", "(POINT)", kPoints, coordinate<1>, 1),
    passing("st_y", "(POINT3D)", kPoints3d, coordinate<1>, 1),
    passing("st_z", "(POINT3D)", kPoints3d, coordinate<2>, 1),
    passing("point", kTwoFloats, kMake, make_points, 2),
    passing("point3d", kThreeFloats, kMake3d, make_points, 3),
    passing("st_point", kTwoFloats, kMake, make_points, 2),
    passing("st_point", kThreeFloats, kMake3d, make_points, 3),
    passing("st_makepoint", kTwoFloats, kMake, make_points, 2),
    passing("st_makepoint", kThreeFloats, kMake3d, make_points, 3),
};

}  // namespace

std::span<const ScalarFunction> spatial_functions() { return kTable; }

}  // namespace mote
