/* A monitor: sources in, tables out. The host owns the loop: nothing runs outside its calls unless it asks for threads.
 */
#ifndef IPM_MONITOR_H
#define IPM_MONITOR_H

#include <stdint.h>

#include <ipm/event.h>
#include <ipm/stats.h>
#include <ipm/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Durations are nanoseconds: 250 * IPM_MS. */
#define IPM_US INT64_C(1000)
#define IPM_MS INT64_C(1000000)
#define IPM_S INT64_C(1000000000)

/** A monitor. Any number of them in a process; they share nothing. */
typedef struct ipm_monitor ipm_monitor;

enum {
  IPM_THREADS_NONE = 0, /**< Sources are polled by ipm_monitor_step(); no thread outlives a call. */
  IPM_THREADS_AUTO = 1  /**< One thread for each live source, which then loses less under load. */
};

/** Zero means default. A shorter struct is an older caller; a longer one is accepted when its extra bytes are zero. */
typedef struct ipm_monitor_options {
  uint32_t struct_size;      /**< IPM_MONITOR_OPTIONS_INIT sets it. */
  int32_t threads;           /**< IPM_THREADS_* */
  uint64_t memory_max_bytes; /**< Bound on accounted bytes; default 256 MiB, at least 4 MiB. */
  const char* settings;      /**< "key = value" lines (docs/settings.md), copied; NULL: none. */
} ipm_monitor_options;

#define IPM_MONITOR_OPTIONS_INIT \
  { .struct_size = sizeof(ipm_monitor_options) }

/**
 * Make a monitor without sources.
 *
 * @param[out] out  The monitor; NULL after an error.
 * @param options   NULL: all defaults.
 * @return IPM_OK; IPM_ERR_INVALID_ARGUMENT for a setting that is not known or not in its range: ipm_last_error() names
 *         the line and the nearest known key; IPM_ERR_LIMIT if options->memory_max_bytes is too small to work in.
 *
 * Ownership: the caller closes it with ipm_monitor_close().
 * Threads:   any.
 * Since:     0.1
 */
IPM_API ipm_status ipm_monitor_open(ipm_monitor** out, const ipm_monitor_options* options);

/**
 * Close sources and the event log, join threads, free everything. Cursors and Arrow streams that are still open stay
 * valid until they are closed themselves. In a forked child it frees memory and its descriptors and leaves the parent's
 * kernel objects alone.
 *
 * @param monitor   NULL is a no-op.
 *
 * Threads:   no other call on this monitor may be running.
 * Since:     0.1
 */
IPM_API void ipm_monitor_close(ipm_monitor* monitor);

/**
 * Attach a source by URI: "auto:" (best available), "sock_diag:?interval=1s", "replay:FILE" (event log or event lines),
 * "-" (event lines on stdin), "synthetic:?seed=1". docs/sources.md lists parameters and privileges.
 *
 * @return IPM_OK, also when the source runs with less than it could: ipm_source_status() says what is missing;
 *         IPM_ERR_INVALID_ARGUMENT for an unknown scheme or parameter; IPM_ERR_STATE when live and offline sources
 * would mix; IPM_ERR_NOT_FOUND, IPM_ERR_PERMISSION, IPM_ERR_CORRUPT, IPM_ERR_UNSUPPORTED as the message says.
 *
 * Ownership: the monitor owns the source; `uri` is copied.
 * Threads:   the stepping thread.
 * Since:     0.1
 */
IPM_API ipm_status ipm_monitor_add_source(ipm_monitor* monitor, const char* uri);

/**
 * Poll the sources, order what they gave by time, record it, and feed it to the engine. Waits up to timeout_ns for the
 * first event; with 0 it never waits.
 *
 * @return IPM_OK: something was taken in; IPM_TIMEOUT: nothing came in time; IPM_END: every source is a file and all
 * were read; an error of the event log (what was taken in stays, recording has stopped).
 *
 * Threads:   one thread at a time: the stepping thread.
 * Since:     0.1
 */
IPM_API ipm_status ipm_monitor_step(ipm_monitor* monitor, int64_t timeout_ns);

/**
 * Look once more at every live source and feed everything that the merge window still holds back, so that the tables
 * show all that happened before this call. For the end of a run; the monitor goes on as before afterwards.
 *
 * Threads:   the stepping thread.
 * Since:     0.1
 */
IPM_API ipm_status ipm_monitor_flush(ipm_monitor* monitor);

/**
 * A descriptor for poll(2) or epoll(7): readable when ipm_monitor_step(monitor, 0) has work. Also call step at
 * ipm_monitor_next_due().
 *
 * @return The descriptor (the monitor's own; do not read, write or close it), or a negative status.
 * Threads:   any.
 * Since:     0.1
 */
IPM_API int32_t ipm_monitor_fd(ipm_monitor* monitor);

/**
 * When step() should be called even if ipm_monitor_fd() is quiet.
 *
 * @param[out] out  CLOCK_BOOTTIME nanoseconds; INT64_MAX: never.
 * Threads:   the stepping thread.
 * Since:     0.1
 */
IPM_API ipm_status ipm_monitor_next_due(ipm_monitor* monitor, int64_t* out);

/**
 * Make a waiting ipm_monitor_step() return soon.
 *
 * Threads:   any; also from a signal handler (one write to an eventfd).
 * Since:     0.1
 */
IPM_API ipm_status ipm_monitor_interrupt(ipm_monitor* monitor);

/**
 * Write every event from now on to an event log, before it is fed. replay:PATH gives the same tables from it.
 *
 * @param path      A file that is made or emptied; NULL ends the recording and closes the file.
 * @return IPM_OK; IPM_ERR_PERMISSION, IPM_ERR_NOT_FOUND, IPM_ERR_IO; IPM_ERR_STATE after the first event was fed, since
 * a log without its beginning cannot give the same tables.
 *
 * Threads:   the stepping thread.
 * Since:     0.1
 */
IPM_API ipm_status ipm_monitor_record(ipm_monitor* monitor, const char* path);

/** Sees each event in engine order, on the stepping thread, before it is fed. It must not call the monitor. */
typedef void (*ipm_event_callback)(const ipm_event* event, void* user);

/**
 * Look at every event on its way to the engine.
 *
 * @param callback  NULL: stop looking.
 * @param user      Passed to each call.
 * Threads:   the stepping thread.
 * Since:     0.1
 */
IPM_API ipm_status ipm_monitor_set_event_callback(ipm_monitor* monitor, ipm_event_callback callback, void* user);

enum {
  IPM_EVICTED_CONNECTION = 1,
  IPM_EVICTED_PROCESS = 2 /**< With what it did; its connections stay, unattributed until they move bytes again. */
};

/** A row that makes room for another, as it stood. Times are those of events: CLOCK_BOOTTIME, or a file's own clock. */
typedef struct ipm_eviction {
  uint32_t struct_size;
  int32_t what;         /**< IPM_EVICTED_* */
  uint64_t process;     /**< ipm_process_ref() of the owner, or of the process itself; 0: nobody known. */
  uint64_t flow;        /**< Socket cookie of a connection, where its source knows one; else 0. */
  ipm_flow_tuple tuple; /**< Of a connection; zero for a process. */
  uint8_t layer;        /**< IPM_LAYER_* of the bytes; NONE for a process: the sum over its connections. */
  uint8_t measured;     /**< 1 tx_bytes, 2 rx_bytes, 4 tx_packets, 8 rx_packets: the others are not known. */
  uint8_t quality;      /**< IPM_QUALITY_* of the owner; of a process: the worst of what it was credited with. */
  uint8_t open;         /**< 1: the connection was open, or the process running. */
  int64_t first_seen_ns;
  int64_t last_seen_ns;
  uint64_t tx_bytes;
  uint64_t rx_bytes;
  uint64_t tx_packets;
  uint64_t rx_packets;
  uint64_t tx_unattributed; /**< The part of a connection's bytes that no process was credited with. */
  uint64_t rx_unattributed;
  char comm[16]; /**< Of a process. */
} ipm_eviction;

/** Hears of each row before it goes, on the stepping thread. It must not call the monitor. */
typedef void (*ipm_eviction_callback)(const ipm_eviction* eviction, void* user);

/**
 * Hear of connections and processes that make room for others when a bound is reached. Their bytes stay in the table
 * `ledger` as evicted; ipm_monitor_stats counts the rows.
 *
 * @param callback  NULL: stop hearing.
 * @param user      Passed to each call.
 * Threads:   the stepping thread.
 * Since:     0.1
 */
IPM_API ipm_status ipm_monitor_set_eviction_callback(ipm_monitor* monitor, ipm_eviction_callback callback, void* user);

/**
 * Counters, bounds and memory, as of now on the stepping thread and as of the last batch that was fed elsewhere.
 *
 * @param[in,out] out  struct_size set by the caller (IPM_MONITOR_STATS_INIT); only that many bytes are written.
 * Threads:   any.
 * Since:     0.1
 */
IPM_API ipm_status ipm_monitor_get_stats(ipm_monitor* monitor, ipm_monitor_stats* out);

#ifdef __cplusplus
}
#endif

#endif /* IPM_MONITOR_H */
