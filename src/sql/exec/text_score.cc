#include "sql/exec/operators.h"

namespace mote {
std::unique_ptr<Operator> make_text_score(const PlanNode&) { return nullptr; }
}  // namespace mote
