#include "failing_charge.h"

#include "base/memory_budget.h"

mote::Status charge_or_fail(mote::MemoryBudget* budget, size_t size_bytes,
                            const char* purpose) asm("__wrap__ZN4mote12MemoryBudget6chargeEmPKc");
mote::Status charge(mote::MemoryBudget* budget, size_t size_bytes,
                    const char* purpose) asm("__real__ZN4mote12MemoryBudget6chargeEmPKc");

namespace mote::faults {

FailingCharge& failing_charge() {
  static FailingCharge charge;
  return charge;
}

}  // namespace mote::faults

mote::Status charge_or_fail(mote::MemoryBudget* budget, size_t size_bytes, const char* purpose) {
  if (mote::faults::failing_charge().strikes()) {
    return mote::out_of_memory("%s: this charge was made to fail", purpose);
  }
  return charge(budget, size_bytes, purpose);
}
