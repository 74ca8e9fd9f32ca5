/* Tables: read by a cursor with typed accessors, or as an Arrow C stream by any Arrow consumer. */
#ifndef IPM_QUERY_H
#define IPM_QUERY_H

#include <stddef.h>
#include <stdint.h>

#include <ipm/monitor.h>
#include <ipm/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A consistent view of one table, read row by row. */
typedef struct ipm_cursor ipm_cursor;

/** Column types. */
enum {
  IPM_TYPE_INT64 = 1,
  IPM_TYPE_DOUBLE = 2,
  IPM_TYPE_TEXT = 3,
  IPM_TYPE_TIME = 4, /**< int64: nanoseconds since 1970, UTC. */
  IPM_TYPE_BOOL = 5  /**< int64: 0 or 1. */
};

/** What a column means. Texts are static storage. */
typedef struct ipm_column_info {
  uint32_t struct_size; /**< IPM_COLUMN_INFO_INIT sets it. */
  int32_t type;         /**< IPM_TYPE_* */
  const char* name;
  const char* unit;      /**< "bytes", "bytes/s", "us", "" … */
  const char* layer;     /**< Byte layer, or "" where it has none; "row" where the column `layer` of the row says it. */
  const char* null_when; /**< When it is null; "" if never. */
  const char* help;      /**< One sentence. */
} ipm_column_info;

#define IPM_COLUMN_INFO_INIT \
  { .struct_size = sizeof(ipm_column_info) }

/** Names of the tables, from index 0; NULL behind the last. Threads: any. Since: 0.1 */
IPM_API const char* ipm_table_name(uint32_t index);

/**
 * Describe the index-th column of a table, without any monitor.
 *
 * @return IPM_OK; IPM_END behind the last column; IPM_ERR_NOT_FOUND for an unknown table, with the nearest known name.
 * Threads:   any.
 * Since:     0.1
 */
IPM_API ipm_status ipm_column_describe(const char* table, uint32_t column, ipm_column_info* out);

/**
 * Open a cursor over a table as it is now (on the stepping thread) or after the last batch that was fed (on any other).
 *
 * Filter lines: "column = value" (also !=, >=, <=, and ~= for "contains"), all of which must hold; "order_by = column
 * [asc|desc][, column …]"; "limit = n"; "columns = a, b". A value is a word, a number, null, "quoted text" with C
 * escapes (ipm_text_quote() makes it), or ?1, ?2 … for bound values. Times are nanoseconds since 1970.
 *
 * @param[out] out    The cursor; NULL after an error.
 * @param table       "processes", "connections", … (ipm_table_name()).
 * @param filter      NULL: everything, in the table's own order.
 * @param values      Bound values as text, ?1 first; NULL when value_count is 0.
 * @return IPM_OK; IPM_ERR_NOT_FOUND (table), IPM_ERR_INVALID_ARGUMENT (filter: line and nearest known column);
 *         IPM_ERR_LIMIT when too many cursors are open.
 *
 * Ownership: close it with ipm_cursor_close(). It may outlive the monitor.
 * Threads:   any; one caller at a time per cursor.
 * Since:     0.1
 */
IPM_API ipm_status ipm_cursor_open(ipm_cursor** out, ipm_monitor* monitor, const char* table, const char* filter,
                                   const char* const* values, uint32_t value_count);

/** Close; NULL is a no-op. Threads: one caller at a time per cursor. Since: 0.1 */
IPM_API void ipm_cursor_close(ipm_cursor* cursor);

/**
 * Step to the next row.
 *
 * @return IPM_OK; IPM_END behind the last row; IPM_ERR_EXPIRED if the snapshot was revoked to keep memory bounded: rows
 * that were copied before, at most a few hundred, are still given first.
 * Threads:   one caller at a time per cursor; any thread, beside ipm_monitor_step() on another.
 * Since:     0.1
 */
IPM_API ipm_status ipm_cursor_next(ipm_cursor* cursor);

/** Columns of this cursor. Threads: as ipm_cursor_next(). Since: 0.1 */
IPM_API uint32_t ipm_cursor_column_count(const ipm_cursor* cursor);

/**
 * The index of a column by name.
 *
 * @param[out] out  The index.
 * @return IPM_OK; IPM_ERR_NOT_FOUND with the nearest known name.
 * Threads:   as ipm_cursor_next().
 * Since:     0.1
 */
IPM_API ipm_status ipm_cursor_column(const ipm_cursor* cursor, const char* name, uint32_t* out);

/** Describe a column of this cursor; IPM_END behind the last. Threads: as ipm_cursor_next(). Since: 0.1 */
IPM_API ipm_status ipm_cursor_describe(const ipm_cursor* cursor, uint32_t column, ipm_column_info* out);

/** When the snapshot was taken: nanoseconds since 1970 of the engine's clock. Threads: as ipm_cursor_next(). Since: 0.1
 */
IPM_API int64_t ipm_cursor_time_ns(const ipm_cursor* cursor);

/** 1: null; 0: not; negative: IPM_ERR_INVALID_ARGUMENT or IPM_ERR_STATE (no row yet). Threads: as above. Since: 0.1 */
IPM_API int32_t ipm_cursor_is_null(const ipm_cursor* cursor, uint32_t column);

/**
 * Read a whole number, a time or a bool from the row that the cursor stands on.
 *
 * @param cursor    A cursor after ipm_cursor_next() returned IPM_OK; not NULL.
 * @param column    From ipm_cursor_column(), or any index below ipm_cursor_column_count().
 * @param[out] out  The value; its unit and byte layer are what ipm_cursor_describe() says. Set on IPM_OK only.
 * @return IPM_OK; IPM_NULL if the source could not measure it here (an outcome, not an error, and never 0 instead);
 *         IPM_ERR_INVALID_ARGUMENT if the column holds another type; IPM_ERR_STATE when there is no row.
 *
 * Ownership: allocates nothing.
 * Threads:   as ipm_cursor_next().
 * Since:     0.1
 */
IPM_API ipm_status ipm_cursor_int64(const ipm_cursor* cursor, uint32_t column, int64_t* out);

/** Read a number of type IPM_TYPE_DOUBLE, or any whole number as a double. Otherwise as ipm_cursor_int64(). Since: 0.1
 */
IPM_API ipm_status ipm_cursor_double(const ipm_cursor* cursor, uint32_t column, double* out);

/**
 * Read a text. Names of programs are what the kernel gave, made valid UTF-8 (foreign bytes become U+FFFD).
 *
 * @param[out] text   Terminated; may hold NULs only if the name did.
 * @param[out] bytes  Its length without the NUL; may be NULL.
 * @return As ipm_cursor_int64().
 *
 * Ownership: borrowed; valid until the cursor's next step or close.
 * Threads:   as ipm_cursor_next().
 * Since:     0.1
 */
IPM_API ipm_status ipm_cursor_text(const ipm_cursor* cursor, uint32_t column, const char** text, size_t* bytes);

/**
 * Quote a text so that it stands for itself in a filter or in settings: "…" with C escapes.
 *
 * @param[out] buffer  At least `size` bytes; always terminated when size > 0. May be NULL when size is 0.
 * @return The bytes that the whole needs without its NUL; more than size - 1 means it was cut.
 * Threads:   any.
 * Since:     0.1
 */
IPM_API size_t ipm_text_quote(const char* text, size_t bytes, char* buffer, size_t size);

/* The Arrow C data and stream interfaces, as https://arrow.apache.org/docs/format/CDataInterface.html defines them. The
 * guards are the ones that document gives, so that other headers with the same structs may be included too. */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};

#endif /* ARROW_C_DATA_INTERFACE */

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream*, struct ArrowSchema* out);
  int (*get_next)(struct ArrowArrayStream*, struct ArrowArray* out);
  const char* (*get_last_error)(struct ArrowArrayStream*);
  void (*release)(struct ArrowArrayStream*);
  void* private_data;
};

#endif /* ARROW_C_STREAM_INTERFACE */

/**
 * A table as an Arrow C stream of record batches. Texts are utf8; app, comm, state and kinds are dictionaries (int32,
 * one for the whole stream); times are timestamp[ns, UTC]; numbers int64 or float64. The stream takes its rows when it
 * is opened: it never expires.
 *
 * @param filter    As for ipm_cursor_open(); NULL: everything.
 * @param[out] out  The stream; released by its consumer. out->release is NULL after an error.
 * @return As ipm_cursor_open().
 *
 * Ownership: the consumer calls out->release; batches and schemas live on their own.
 * Threads:   any; the stream then belongs to one thread at a time.
 * Since:     0.1
 */
IPM_API ipm_status ipm_monitor_table(ipm_monitor* monitor, const char* table, const char* filter,
                                     struct ArrowArrayStream* out);

/** The same from a cursor: its rows that were not read yet. The cursor is then at its end. Since: 0.1 */
IPM_API ipm_status ipm_cursor_arrow(ipm_cursor* cursor, struct ArrowArrayStream* out);

#ifdef __cplusplus
}
#endif

#endif /* IPM_QUERY_H */
