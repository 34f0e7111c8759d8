// How tightly operators bind; shared by the parser and the printer. parser.h has the table.
#pragma once

#include <cstdint>

#include "sql/parse/ast.h"

namespace mote {

inline constexpr uint8_t kOrPrecedence = 1;
inline constexpr uint8_t kAndPrecedence = 2;
inline constexpr uint8_t kNotPrecedence = 3;
inline constexpr uint8_t kEqualityPrecedence = 4;  // also IS, BETWEEN, IN, LIKE
inline constexpr uint8_t kUnaryPrecedence = 10;
inline constexpr uint8_t kPrimaryPrecedence = 12;

// Of binary operators.
constexpr uint8_t operator_precedence(ast::Operator op) {
  switch (op) {
    case ast::Operator::kLess:
    case ast::Operator::kLessEqual:
    case ast::Operator::kGreater:
    case ast::Operator::kGreaterEqual: return 5;
    case ast::Operator::kL2Distance:
    case ast::Operator::kCosineDistance:
    case ast::Operator::kNegativeInnerProduct:
    case ast::Operator::kBitAnd:
    case ast::Operator::kBitOr:
    case ast::Operator::kShiftLeft:
    case ast::Operator::kShiftRight: return 6;
    case ast::Operator::kAdd:
    case ast::Operator::kSubtract: return 7;
    case ast::Operator::kMultiply:
    case ast::Operator::kDivide:
    case ast::Operator::kModulo: return 8;
    case ast::Operator::kConcat: return 9;
    default: return kEqualityPrecedence;
  }
}

}  // namespace mote
