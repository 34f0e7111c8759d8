// Loops that are compiled twice, for AVX2 and for the plain machine, and chosen when the program is
// loaded. The source of both is the same, so the plain one is the scalar twin that tests can force.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define MOTE_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define MOTE_CLONES
#endif

// Parts of such loops: outside of them they would be compiled for the plain machine alone.
#define MOTE_LOOP_PART __attribute__((always_inline)) inline
