// Constant folding.
#pragma once

#include "base/status.h"
#include "sql/bind/expression.h"

namespace mote {

// Replaces what depends on no column, no parameter and no stable or volatile function by its
// value. What can not be computed (1 / 0) stays, so that it fails only when it is reached.
void fold(BoundExpressionPtr& expression);

}  // namespace mote
