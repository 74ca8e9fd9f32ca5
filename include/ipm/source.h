/* Sources: how they are, and how to bring one's own. */
#ifndef IPM_SOURCE_H
#define IPM_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include <ipm/event.h>
#include <ipm/monitor.h>
#include <ipm/query.h>
#include <ipm/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  IPM_SOURCE_OPEN = 1,    /**< Attached, complete. */
  IPM_SOURCE_REDUCED = 2, /**< Attached; `missing` says what it cannot see here. */
  IPM_SOURCE_ENDED = 3,   /**< A file that was read to its end. */
  IPM_SOURCE_FAILED = 4   /**< Stopped by an error; `missing` has it. */
};

/** One attached source. Texts are borrowed: valid until ipm_source_status() is next asked for the same source. */
typedef struct ipm_source_info {
  uint32_t struct_size; /**< IPM_SOURCE_INFO_INIT sets it. */
  int32_t state;        /**< IPM_SOURCE_* */
  const char* name;     /**< "sock_diag" */
  const char* uri;      /**< As it was added. */
  const char* missing;  /**< One line each, "what: why and what would bring it"; empty when complete. */
  uint64_t received;    /**< = written + filtered + dropped + malformed */
  uint64_t written;
  uint64_t filtered;
  uint64_t dropped;
  uint64_t malformed;
  uint64_t lost; /**< Known to be lost before the source could receive it. */
} ipm_source_info;

#define IPM_SOURCE_INFO_INIT \
  { .struct_size = sizeof(ipm_source_info) }

/**
 * How the index-th source is: its counters, and what it runs without.
 *
 * @param index     From 0, in the order they were added; IPM_ERR_NOT_FOUND behind the last.
 * @param[in,out] out  struct_size set by the caller.
 * Threads:   the stepping thread.
 * Since:     0.1
 */
IPM_API ipm_status ipm_source_status(ipm_monitor* monitor, uint32_t index, ipm_source_info* out);

/**
 * What a source could see on this host, without opening it: rows (source, what, available, reason).
 *
 * @param uri       As for ipm_monitor_add_source(); NULL: every built-in source.
 * @param[out] out  A cursor; close it with ipm_cursor_close().
 * @return IPM_OK; IPM_ERR_NOT_FOUND for an unknown scheme, with those that are known.
 * Threads:   any.
 * Since:     0.1
 */
IPM_API ipm_status ipm_source_probe(const char* uri, ipm_cursor** out);

/** A lane into the monitor: one producer at a time pushes into it, from any thread. */
typedef struct ipm_lane ipm_lane;

/**
 * Open a lane for pushing events from a thread of one's own. Its events count as a live source named `name`.
 *
 * @param capacity  Events it holds; rounded up to a power of two; 0: 16,384.
 * @param[out] out  The lane. Push from one thread at a time.
 * Threads:   the stepping thread opens it.
 * Since:     0.1
 */
IPM_API ipm_status ipm_monitor_add_lane(ipm_monitor* monitor, const char* name, uint32_t capacity, ipm_lane** out);

/**
 * Copy events into the lane. Wait-free; a full lane drops the rest and counts it.
 *
 * @param[out] accepted  How many went in; may be NULL.
 * @return IPM_OK; IPM_ERR_LIMIT when some were dropped.
 * Threads:   the lane's producer.
 * Since:     0.1
 */
IPM_API ipm_status ipm_lane_push(ipm_lane* lane, const ipm_event* events, size_t count, size_t* accepted);

/** Events that fit now. A producer that can wait does so while this is small. Threads: the producer. Since: 0.1 */
IPM_API uint64_t ipm_lane_free(ipm_lane* lane);

/**
 * The id of a text for use in later events of this lane, written to the lane first if it is new.
 *
 * @param bytes     Length; at most 4,096 are kept.
 * @param time_ns   Stamp of the text events; 0: when taken in.
 * @param[out] id   0 for an empty text.
 * @return IPM_OK; IPM_ERR_LIMIT: no room now, try again.
 * Threads:   the lane's producer.
 * Since:     0.1
 */
IPM_API ipm_status ipm_lane_text(ipm_lane* lane, const char* text, size_t bytes, int64_t time_ns, uint32_t* id);

/** The producer is done; the lane must not be used again. NULL is a no-op. Threads: the producer. Since: 0.1 */
IPM_API void ipm_lane_close(ipm_lane* lane);

/** A source of one's own. Calls but interrupt() come on the thread that drives it; functions may be NULL where noted.
 */
typedef struct ipm_source_vtable {
  uint32_t struct_size; /**< sizeof(ipm_source_vtable) */
  int32_t live;         /**< 1: stamps are CLOCK_BOOTTIME; 0: a file, whose stamps are its own clock. */
  const char* name;     /**< Copied. */
  /** Write ready events to `out`. IPM_OK: wrote some, more may be ready; IPM_TIMEOUT: none came; IPM_END: none will
   * ever. */
  ipm_status (*poll)(void* user, ipm_lane* out, int64_t timeout_ns);
  int32_t (*fd)(void* user); /**< Readable when poll has work; -1 or NULL: next_due_ns says when. */
  int64_t (*next_due_ns)(
      void* user);               /**< CLOCK_BOOTTIME of the next timed work; INT64_MAX: none. NULL: at each step. */
  void (*interrupt)(void* user); /**< Any thread: make a waiting poll return. NULL: poll never waits. */
  const char* (*missing)(void* user); /**< Lines for ipm_source_info.missing. NULL: complete. */
  void (*close)(void* user); /**< Last call, also when adding it failed after it was taken. NULL: nothing to do. */
} ipm_source_vtable;

/**
 * Attach a source of one's own.
 *
 * @param vtable    Copied.
 * @param user      Passed to each of its functions; the caller keeps it alive until close().
 * @return As ipm_monitor_add_source().
 * Threads:   the stepping thread.
 * Since:     0.1
 */
IPM_API ipm_status ipm_monitor_add_custom_source(ipm_monitor* monitor, const ipm_source_vtable* vtable, void* user);

#ifdef __cplusplus
}
#endif

#endif /* IPM_SOURCE_H */
