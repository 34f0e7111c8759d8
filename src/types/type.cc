#include "types/type.h"

#include "base/limits.h"
#include "types/schema.h"

namespace mote {

namespace {

struct Spelling {
  std::string_view name;
  TypeKind kind;
};

// The first spelling of a kind is the one that type names are printed with.
constexpr Spelling kSpellings[] = {
    {"boolean", TypeKind::kBoolean},
    {"bool", TypeKind::kBoolean},
    {"integer", TypeKind::kInteger},
    {"int", TypeKind::kInteger},
    {"bigint", TypeKind::kInteger},
    {"smallint", TypeKind::kInteger},
    {"int8", TypeKind::kInteger},
    {"int4", TypeKind::kInteger},
    {"float4", TypeKind::kFloat4},
    {"float", TypeKind::kFloat},
    {"double", TypeKind::kFloat},
    {"real", TypeKind::kFloat},
    {"float8", TypeKind::kFloat},
    {"text", TypeKind::kText},
    {"varchar", TypeKind::kText},
    {"string", TypeKind::kText},
    {"char", TypeKind::kText},
    {"blob", TypeKind::kBlob},
    {"bytea", TypeKind::kBlob},
    {"timestamp", TypeKind::kTimestamp},
    {"timestamp_ns", TypeKind::kTimestamp},
    {"datetime", TypeKind::kTimestamp},
    {"interval", TypeKind::kInterval},
    {"vector", TypeKind::kVector},
    {"point", TypeKind::kPoint},
    {"point3d", TypeKind::kPoint3d},
};

}  // namespace

std::string Type::name() const {
  if (kind == TypeKind::kNull) return "NULL";
  if (kind == TypeKind::kVector) {
    const char* const suffix = element == VectorElement::kF32   ? ""
                               : element == VectorElement::kF16 ? ", f16"
                                                                : ", i8";
    return format_text("VECTOR(%u%s)", dimension, suffix);
  }
  for (const Spelling& spelling : kSpellings) {
    if (spelling.kind != kind) continue;
    std::string name(spelling.name);
    for (char& c : name) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    return name;
  }
  return "unknown";
}

uint32_t element_bytes(VectorElement element) {
  switch (element) {
    case VectorElement::kF32: return 4;
    case VectorElement::kF16: return 2;
    case VectorElement::kI8: return 1;
  }
  return 4;
}

TypeKind type_kind_from_name(std::string_view name) {
  if (name.size() > kMaxNameBytes) return TypeKind::kNull;
  const std::string folded = fold_name(name);
  for (const Spelling& spelling : kSpellings) {
    if (spelling.name == folded) return spelling.kind;
  }
  return TypeKind::kNull;
}

}  // namespace mote
