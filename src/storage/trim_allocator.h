// Gives memory back to the system.
//
// Pages and the rows of parts come and go beside small things that stay. What they leave free
// between them the C library keeps, since by itself it only gives back what is free at its end; in
// a budget of a few MB that is as much as the budget. Thread-safe; takes the allocator's locks.
#pragma once

#include <malloc.h>

#include <cstddef>

namespace mote {

// Less that has come and gone is not worth it: what was given back is soon wanted again.
inline constexpr size_t kLeastTrimBytes = 1u << 20;

inline void trim_allocator() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace mote
