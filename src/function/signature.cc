#include "function/signature.h"

#include <algorithm>

namespace mote {

bool is_implicit(Type from, TypeKind wanted) {
  if (from.kind == wanted || from.is(TypeKind::kNull)) return true;
  if (from.is(TypeKind::kInteger)) {
    return wanted == TypeKind::kFloat || wanted == TypeKind::kTimestamp;
  }
  return from.is(TypeKind::kFloat4) && wanted == TypeKind::kFloat;
}

std::optional<Type> match_kinds(std::span<const Type> arguments, std::span<Type> cast_to,
                                std::span<const TypeKind> wanted, TypeKind result) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    const TypeKind kind = wanted[std::min(i, wanted.size() - 1)];
    if (!is_implicit(arguments[i], kind)) return std::nullopt;
    if (kind == TypeKind::kVector && !arguments[i].is(kind)) return std::nullopt;
    cast_to[i] = arguments[i].kind == kind ? arguments[i] : Type::of(kind);
  }
  return Type::of(result);
}

std::optional<Type> shared_type(std::span<const Type> arguments) {
  Type shared;
  for (const Type& type : arguments) {
    if (type == shared || type.is(TypeKind::kNull)) continue;
    if (shared.is(TypeKind::kNull)) {
      shared = type;
    } else if (shared.is_numeric() && type.is_numeric()) {
      shared = Type::floating();
    } else if ((shared.is(TypeKind::kTimestamp) && type.is(TypeKind::kInteger)) ||
               (shared.is(TypeKind::kInteger) && type.is(TypeKind::kTimestamp))) {
      shared = Type::timestamp();
    } else if (shared.is(TypeKind::kVector) && type.is(TypeKind::kVector) &&
               shared.dimension == type.dimension) {
      shared = Type::vector(type.dimension);
    } else {
      return std::nullopt;
    }
  }
  return shared;
}

}  // namespace mote
