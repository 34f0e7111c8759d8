// Makes the n-th charge of any memory budget fail: once, or that one and all after it.
//
// The linker puts these functions in the place of MemoryBudget::charge (--wrap), for all callers
// outside of its own source. Not thread-safe: the database under test has no threads.
#pragma once

#include <cstdint>

namespace mote::faults {

struct FailingCharge {
  uint64_t count = 0;    // of charges since arm()
  uint64_t fail_at = 0;  // 0: never
  bool for_ever = false;
  bool fired = false;

  void arm(uint64_t charge, bool all_after) { *this = {0, charge, all_after, false}; }
  void disarm() { fail_at = 0; }
  bool strikes() {
    ++count;
    if (fail_at == 0 || count < fail_at || (count > fail_at && !for_ever)) return false;
    fired = true;
    return true;
  }
};

FailingCharge& failing_charge();

}  // namespace mote::faults
