/* moteDB: the C interface, and the only binary interface. mote.hpp is a header-only C++ shell over
 * it.
 *
 * Conventions
 *   Every function that can fail returns a mote_code; mote_error_message() then says what went
 * wrong, in this thread, until the thread's next call. Output parameters are set on success only
 * (handles: to NULL on failure). Handles are opaque; each has one function that ends it, which
 * accepts NULL. Texts are UTF-8; a size of MOTE_ZERO_TERMINATED means "up to the zero byte".
 * Pointers that a function gives out belong to the handle and live until its next step, reset or
 * end. Option structs begin with their size, so that they can grow.
 *
 * Threads
 *   mote_database: any number of threads. mote_connection, mote_statement, mote_blob: one thread at
 * a time; a connection's statements count as the connection. mote_appender: one thread appends, any
 * may ask for counters and durability. mote_interrupt may be called from any thread. A forked child
 * must not use the parent's handles: it gets MOTE_CLOSED.
 */
#ifndef MOTE_MOTE_H
#define MOTE_MOTE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MOTE_API __attribute__((visibility("default")))

#define MOTE_ZERO_TERMINATED ((size_t)-1)

typedef enum mote_code {
  MOTE_OK = 0,
  MOTE_INVALID_ARGUMENT = 1, /* the request is wrong: syntax, type, name, value */
  MOTE_NOT_FOUND = 2,        /* a named thing does not exist */
  MOTE_CONSTRAINT = 3,       /* NOT NULL, PRIMARY KEY, a column's declared type */
  MOTE_CONFLICT = 4,         /* another transaction committed first; run this one again */
  MOTE_BUSY = 5,             /* another process has the database open for writing */
  MOTE_READ_ONLY = 6,        /* opened read-only, or a durable write failed: reopen */
  MOTE_IO_ERROR = 7,         /* the operating system refused an operation on a file */
  MOTE_CORRUPTION = 8,       /* bytes on disk are not what was written */
  MOTE_DISK_FULL = 9,        /* nothing was lost; writes resume when there is space */
  MOTE_OUT_OF_MEMORY = 10,   /* the memory budget is used up */
  MOTE_LIMIT = 11,           /* a named limit is exceeded */
  MOTE_CANCELLED = 12,       /* interrupted, or the time limit passed */
  MOTE_CLOSED = 13,          /* the database is closed, or used in a forked child */
  MOTE_FULL = 14,            /* an appender's ring has no room */
  MOTE_ROW = 100,            /* mote_step: there is a row */
  MOTE_DONE = 101            /* mote_step: there are no more rows */
} mote_code;

typedef enum mote_type {
  MOTE_NULL = 0,
  MOTE_BOOLEAN = 1,
  MOTE_INTEGER = 2,
  MOTE_FLOAT4 = 3,
  MOTE_FLOAT = 4,
  MOTE_TEXT = 5,
  MOTE_BLOB = 6,
  MOTE_TIMESTAMP = 7, /* nanoseconds since 1970-01-01T00:00:00Z */
  MOTE_INTERVAL = 8,
  MOTE_VECTOR = 9,
  MOTE_POINT = 10,
  MOTE_POINT3D = 11
} mote_type;

typedef struct mote_database mote_database;
typedef struct mote_connection mote_connection;
typedef struct mote_statement mote_statement;
typedef struct mote_appender mote_appender;
typedef struct mote_blob mote_blob;

/* The calling thread's last failure, a sentence: never NULL. */
MOTE_API const char* mote_error_message(void);
/* Where in the SQL text the failure stands, in bytes from 0, or -1. */
MOTE_API int64_t mote_error_offset(void);
MOTE_API const char* mote_code_name(int code);
MOTE_API const char* mote_version(void);        /* "0.1.0" */
MOTE_API const char* mote_build_features(void); /* "zstd zlib": what is built in */
MOTE_API int64_t mote_now_ns(void);             /* wall clock, nanoseconds since 1970 */

/* Database */

typedef enum mote_sync {
  MOTE_SYNC = 0,       /* a commit returns when it is on the medium */
  MOTE_SYNC_GROUP = 1, /* the same, sharing the write with others for at most group_ms */
  MOTE_SYNC_ASYNC = 2  /* a commit returns at once and is on the medium within window_ms */
} mote_sync;

typedef struct mote_options {
  size_t struct_size; /* set by mote_options_init */
  int read_only;
  int create; /* make the database when it is not there; default 1 */
  int sync;   /* mote_sync of connections that do not say otherwise */
  uint32_t group_ms;
  uint32_t window_ms;          /* how often appended rows are written to the log */
  uint64_t memory_bytes;       /* the budget for everything; default 64 MiB, at least 8 MiB */
  uint64_t query_memory_bytes; /* of one statement; 0: half the budget */
  uint64_t log_limit_bytes;    /* hard limit of the log's files together; default 64 MiB */
  uint64_t background_bytes_per_second; /* 0: chosen from the load */
  uint64_t ballast_bytes;               /* set aside for deleting on a full disk */
  int background_thread;                /* 0: the host calls mote_pump */
  const char* files_directory;          /* what file readers and COPY may reach; NULL: nothing */
} mote_options;

MOTE_API void mote_options_init(mote_options* options);
/* Opens the database in directory `path`, recovering whatever a crash left. options may be NULL. */
MOTE_API mote_code mote_open(const char* path, const mote_options* options,
                             mote_database** database);
/* Writes what was accepted and closes. The handle, and connections, statements and appenders of it,
 * get MOTE_CLOSED from then on and are still to be ended. From several threads at once: one closes,
 * the others get MOTE_CLOSED. */
MOTE_API mote_code mote_close(mote_database* database);
/* Closes if that was not done, where an error is lost, and frees the handle. */
MOTE_API void mote_database_free(mote_database* database);

typedef void (*mote_line_callback)(void* context, const char* line);
/* Opens a damaged database read-only without its damaged pieces; each is told to `line`. */
MOTE_API mote_code mote_salvage(const char* path, const mote_options* options,
                                mote_line_callback line, void* context, mote_database** database);
/* Reads everything and compares checksums, statistics and keys; a line for each problem.
 * MOTE_CORRUPTION if any. */
MOTE_API mote_code mote_check(mote_database* database, mote_line_callback line, void* context);
MOTE_API mote_code mote_checkpoint(mote_database* database);
MOTE_API mote_code mote_vacuum(mote_database* database);
/* Does background work for about budget_us; *more is set to 1 when there is more to do. */
MOTE_API mote_code mote_pump(mote_database* database, int64_t budget_us, int* more);
/* Every commit up to this sequence is on the medium. */
MOTE_API uint64_t mote_durable_sequence(mote_database* database);
MOTE_API mote_code mote_wait_durable(mote_database* database, int64_t timeout_ns);

typedef struct mote_counters {
  size_t struct_size; /* set by the caller */
  uint64_t commits;
  uint64_t groups; /* durable writes of the log */
  uint64_t log_bytes;
  uint64_t part_bytes;
  uint64_t blob_bytes;
  uint64_t flushes;
  uint64_t merges;
  uint64_t waits_for_memtable;
  uint64_t replayed_groups;
  uint64_t memory_used_bytes;
  uint64_t memory_peak_bytes;
  uint64_t log_live_bytes;
  const char* log_thread_class; /* "real-time", "raised" or "normal" */
} mote_counters;
MOTE_API mote_code mote_get_counters(mote_database* database, mote_counters* counters);

/* Connections and statements */

typedef struct mote_connection_options {
  size_t struct_size; /* set by mote_connection_options_init, as all else from the database's
                         options */
  int sync;           /* mote_sync of this connection's commits */
  uint64_t query_memory_bytes; /* of one statement */
  const char* files_directory;
} mote_connection_options;
MOTE_API void mote_connection_options_init(mote_database* database,
                                           mote_connection_options* options);
/* options may be NULL. */
MOTE_API mote_code mote_connect(mote_database* database, const mote_connection_options* options,
                                mote_connection** connection);
MOTE_API void mote_disconnect(mote_connection* connection); /* rolls back what is open */
/* Statements begun from now on fail with MOTE_CANCELLED after this long; 0: never. */
MOTE_API void mote_set_timeout(mote_connection* connection, int64_t timeout_ns);
/* Cancels what the connection is doing. From any thread and from a signal's handler. */
MOTE_API void mote_interrupt(mote_connection* connection);
MOTE_API int mote_in_transaction(mote_connection* connection);

/* Runs statements up to the end of the text, leaving out their rows. */
MOTE_API mote_code mote_execute(mote_connection* connection, const char* sql, size_t size_bytes);
/* Prepares the first statement of the text. *consumed_bytes (may be NULL) is set to where the next
 * one begins. *statement is NULL when there was nothing but blanks and comments. */
MOTE_API mote_code mote_prepare(mote_connection* connection, const char* sql, size_t size_bytes,
                                mote_statement** statement, size_t* consumed_bytes);
MOTE_API void mote_finalize(mote_statement* statement);

/* Parameters count from 1. Values are copied. Bindings stay until they are bound anew or cleared.
 */
MOTE_API uint32_t mote_parameter_count(mote_statement* statement);
MOTE_API const char* mote_parameter_name(mote_statement* statement,
                                         uint32_t parameter); /* or NULL */
MOTE_API uint32_t mote_parameter_position(mote_statement* statement,
                                          const char* name); /* 0: none */
MOTE_API mote_code mote_bind_null(mote_statement* statement, uint32_t parameter);
MOTE_API mote_code mote_bind_boolean(mote_statement* statement, uint32_t parameter, int value);
MOTE_API mote_code mote_bind_integer(mote_statement* statement, uint32_t parameter, int64_t value);
MOTE_API mote_code mote_bind_float(mote_statement* statement, uint32_t parameter, double value);
MOTE_API mote_code mote_bind_text(mote_statement* statement, uint32_t parameter, const char* text,
                                  size_t size_bytes);
MOTE_API mote_code mote_bind_blob(mote_statement* statement, uint32_t parameter, const void* bytes,
                                  size_t size_bytes);
MOTE_API mote_code mote_bind_timestamp(mote_statement* statement, uint32_t parameter,
                                       int64_t nanoseconds);
MOTE_API mote_code mote_bind_interval(mote_statement* statement, uint32_t parameter, int32_t months,
                                      int32_t days, int64_t nanoseconds);
MOTE_API mote_code mote_bind_vector(mote_statement* statement, uint32_t parameter,
                                    const float* elements, uint32_t dimension);
MOTE_API mote_code mote_bind_point(mote_statement* statement, uint32_t parameter, double x,
                                   double y);
MOTE_API mote_code mote_bind_point3d(mote_statement* statement, uint32_t parameter, double x,
                                     double y, double z);
MOTE_API void mote_clear_bindings(mote_statement* statement);

/* MOTE_ROW, MOTE_DONE, or an error. A writing statement's rows appear only after its commit is
 * durable (unless the connection is asynchronous). */
MOTE_API mote_code mote_step(mote_statement* statement);
MOTE_API void mote_reset(mote_statement* statement);
MOTE_API uint64_t mote_rows_affected(mote_statement* statement);

/* Columns count from 0. Values are those of the current row; of another type they are converted as
 * CAST does where that loses nothing, else zero or NULL is given. */
MOTE_API uint32_t mote_column_count(mote_statement* statement);
MOTE_API const char* mote_column_name(mote_statement* statement, uint32_t column);
MOTE_API mote_type mote_column_type(mote_statement* statement, uint32_t column);
MOTE_API const char* mote_column_type_name(mote_statement* statement,
                                           uint32_t column); /* "VECTOR(384)" */
MOTE_API int mote_column_is_null(mote_statement* statement, uint32_t column);
MOTE_API int mote_column_boolean(mote_statement* statement, uint32_t column);
MOTE_API int64_t mote_column_integer(mote_statement* statement,
                                     uint32_t column); /* TIMESTAMP: nanoseconds */
MOTE_API double mote_column_float(mote_statement* statement, uint32_t column);
/* Any type as text; of TEXT and BLOB the bytes themselves. size_bytes may be NULL. */
MOTE_API const char* mote_column_text(mote_statement* statement, uint32_t column,
                                      size_t* size_bytes);
MOTE_API const void* mote_column_blob(mote_statement* statement, uint32_t column,
                                      size_t* size_bytes);
MOTE_API const float* mote_column_vector(mote_statement* statement, uint32_t column,
                                         uint32_t* dimension);
/* Coordinate 0, 1 or 2 of a POINT or POINT3D. */
MOTE_API double mote_column_coordinate(mote_statement* statement, uint32_t column, uint32_t axis);
MOTE_API void mote_column_interval(mote_statement* statement, uint32_t column, int32_t* months,
                                   int32_t* days, int64_t* nanoseconds);

/* Blobs, piece by piece */

/* Opens a TEXT or BLOB value for reading without holding it in memory. row_id is the row's `rowid`.
 */
MOTE_API mote_code mote_blob_open(mote_connection* connection, const char* table,
                                  const char* column, int64_t row_id, mote_blob** blob);
MOTE_API uint64_t mote_blob_size(mote_blob* blob);
/* Errors: MOTE_INVALID_ARGUMENT for a piece that is not inside the value. */
MOTE_API mote_code mote_blob_read(mote_blob* blob, uint64_t offset, void* out, size_t size_bytes);
MOTE_API void mote_blob_close(mote_blob* blob);

#ifdef __cplusplus
}
#endif

#include "mote/appender.h"

#endif /* MOTE_MOTE_H */
