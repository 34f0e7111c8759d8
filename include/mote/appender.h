/* The part of mote.h for rows that come from a control loop: an appender owns a ring of memory into
 * which rows are written without waiting; the log's thread takes them from there once a window.
 * Include mote/mote.h.
 */
#ifndef MOTE_APPENDER_H
#define MOTE_APPENDER_H

#include "mote/mote.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mote_on_full {
  MOTE_FAIL = 0, /* end_row returns MOTE_FULL */
  MOTE_DROP_OLDEST = 1,
  MOTE_DROP_NEWEST = 2,
  MOTE_BLOCK = 3
} mote_on_full;

typedef struct mote_appender_options {
  size_t struct_size; /* set by mote_appender_options_init */
  int on_full;        /* mote_on_full */
  uint32_t block_timeout_ms;
  uint64_t ring_bytes; /* a power of two; default 1 MiB */
} mote_appender_options;
MOTE_API void mote_appender_options_init(mote_appender_options* options);

/* Names one accepted row of its appender; counts from 1. */
typedef uint64_t mote_ack;

typedef struct mote_appender_counters {
  size_t struct_size;
  uint64_t accepted; /* rows taken into the ring */
  uint64_t dropped;  /* rows refused or pushed out because the ring was full */
  uint64_t durable;  /* rows on the medium */
} mote_appender_counters;

MOTE_API mote_code mote_appender_open(mote_database* database, const char* table,
                                      const mote_appender_options* options,
                                      mote_appender** appender);
/* Rows already accepted are still written. */
MOTE_API void mote_appender_close(mote_appender* appender);
/* A row: begin, a value a column in the table's order (what is left out is the DEFAULT or NULL),
 * end. None of these blocks, allocates or makes a system call, MOTE_BLOCK and errors apart. A value
 * that does not fit is reported by mote_append_end, which then takes nothing. ack may be NULL. */
MOTE_API void mote_append_begin(mote_appender* appender);
MOTE_API void mote_append_null(mote_appender* appender);
MOTE_API void mote_append_boolean(mote_appender* appender, int value);
MOTE_API void mote_append_integer(mote_appender* appender,
                                  int64_t value); /* INTEGER, TIMESTAMP, FLOAT */
MOTE_API void mote_append_float(mote_appender* appender, double value);
MOTE_API void mote_append_bytes(mote_appender* appender, const void* bytes,
                                size_t size_bytes); /* TEXT, BLOB */
MOTE_API void mote_append_vector(mote_appender* appender, const float* elements,
                                 uint32_t dimension);
MOTE_API void mote_append_point(mote_appender* appender, double x, double y);
MOTE_API void mote_append_point3d(mote_appender* appender, double x, double y, double z);
MOTE_API void mote_append_interval(mote_appender* appender, int32_t months, int32_t days,
                                   int64_t nanoseconds);
MOTE_API mote_code mote_append_end(mote_appender* appender, mote_ack* ack);
/* 1 once the row is on the medium. */
MOTE_API int mote_ack_durable(mote_appender* appender, mote_ack ack);
/* MOTE_CANCELLED after timeout_ns; MOTE_FULL when the row was pushed out of the ring. */
MOTE_API mote_code mote_ack_wait(mote_appender* appender, mote_ack ack, int64_t timeout_ns);
MOTE_API mote_code mote_appender_flush(mote_appender* appender, int64_t timeout_ns);
MOTE_API mote_code mote_appender_get_counters(mote_appender* appender,
                                              mote_appender_counters* counters);

#ifdef __cplusplus
}
#endif

#endif /* MOTE_APPENDER_H */
