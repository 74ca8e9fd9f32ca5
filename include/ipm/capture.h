/* A capture file in packet view: one row a flow, with what packets say of it, whoever had the sockets. A monitor reads
 * the same files as a source, `pcap:FILE`, and has the tables of a host then; this is what a capture holds by itself.
 */
#ifndef IPM_CAPTURE_H
#define IPM_CAPTURE_H

#include <stdint.h>

#include <ipm/query.h>
#include <ipm/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A capture file that is being read. */
typedef struct ipm_capture ipm_capture;

/** What was read, and what was wrong with it. Counts only grow. */
typedef struct ipm_capture_stats {
  uint32_t struct_size;        /**< IPM_CAPTURE_STATS_INIT sets it. */
  uint32_t reserved;           /**< Zero. */
  uint64_t packets;            /**< Records of the file. */
  uint64_t bytes_read;         /**< Of the file, packed ones if it is packed. */
  uint64_t bytes_total;        /**< Of the file; 0: a pipe. */
  uint64_t flow_packets;       /**< Packets that count to a flow of the inner view. */
  uint64_t other_packets;      /**< No TCP or UDP: ARP, ICMP, encrypted wireless frames … */
  uint64_t malformed;          /**< Packets whose headers are cut or contradict themselves, and records that do. */
  uint64_t fragments_unplaced; /**< Later fragments whose first one is not in the file, or was forgotten for room. */
  uint64_t flows;              /**< Of the inner view. */
  uint64_t flows_evicted;      /**< Of those, given out early to make room (flows_max). */
  uint64_t flows_unmeasured;   /**< TCP flows whose packets were counted and not measured, for want of room. */
  uint64_t names;              /**< Records of DNS answers. */
  uint64_t hellos;             /**< ClientHellos that were read. */
  uint64_t hellos_given_up;    /**< Begun and not finished, for want of room or of their rest. */
  uint64_t dropped;            /**< Packets that the capturing host says it dropped. */
  const char* note;            /**< What was wrong with the file and where; "" if nothing. Until the next call. */
  const char* note_names;      /**< Why fingerprints or QUIC are not read here; "" if they are. Static. */
} ipm_capture_stats;

#define IPM_CAPTURE_STATS_INIT \
  { .struct_size = sizeof(ipm_capture_stats) }

/**
 * Open a capture: pcap, pcapng or snoop, plain or packed with gzip or zstd, by its first bytes and never by its name.
 *
 * Settings are "key = value" lines: flows_max (262144; a full table gives out the flow that ended longest ago, then the
 * longest idle), measure (on; off: packets and bytes only), names (on; off: no DNS, no fingerprints).
 *
 * @param[out] out  The capture; NULL after an error.
 * @param path      A file; "-": standard input.
 * @param settings  NULL: defaults.
 * @return IPM_OK; IPM_ERR_CORRUPT: it is no capture; IPM_ERR_NOT_FOUND, IPM_ERR_PERMISSION, IPM_ERR_IO of the file;
 *         IPM_ERR_INVALID_ARGUMENT of the settings; IPM_ERR_UNSUPPORTED: packed in a way that this build cannot read.
 *
 * Ownership: the caller closes it with ipm_capture_close().
 * Threads:   any; one caller at a time per capture.
 * Since:     0.1
 */
IPM_API ipm_status ipm_capture_open(ipm_capture** out, const char* path, const char* settings);

/** Free it; cursors over it must be closed before. NULL is a no-op. Since: 0.1 */
IPM_API void ipm_capture_close(ipm_capture* capture);

/**
 * Read on.
 *
 * @param packets_max  At most so many packets, at least 1; bounds how long the call takes.
 * @param timeout_ns   How long to wait for a pipe that brings nothing. Files never wait.
 * @return IPM_OK: there may be more; IPM_TIMEOUT: a pipe brought nothing; IPM_END: that was all, and note says if the
 *         file was cut or corrupt; IPM_ERR_IO. All but the first two are final.
 *
 * Threads:   one caller at a time per capture.
 * Since:     0.1
 */
IPM_API ipm_status ipm_capture_read(ipm_capture* capture, uint32_t packets_max, int64_t timeout_ns);

/** Fill in what was read so far. Threads: as ipm_capture_read(). Since: 0.1 */
IPM_API ipm_status ipm_capture_get_stats(ipm_capture* capture, ipm_capture_stats* out);

/**
 * Open a cursor over a table of the capture.
 *
 * "flows": every flow that the tables hold, by its first packet. "ended_flows": those that the last ipm_capture_read()
 * had to give out to make room: take them before the next one. "names": the records of DNS answers that the last
 * ipm_capture_read() read. ipm_capture_column_describe() has the columns.
 *
 * @return As ipm_cursor_open(). The cursor reads from the capture itself: it ends with IPM_ERR_EXPIRED when
 *         ipm_capture_read() is called again.
 * Threads:   as ipm_capture_read().
 * Since:     0.1
 */
IPM_API ipm_status ipm_capture_cursor(ipm_cursor** out, ipm_capture* capture, const char* table, const char* filter,
                                      const char* const* values, uint32_t value_count);

/** Describe the index-th column of "flows", "ended_flows" or "names"; IPM_END behind the last. Since: 0.1 */
IPM_API ipm_status ipm_capture_column_describe(const char* table, uint32_t column, ipm_column_info* out);

#ifdef __cplusplus
}
#endif

#endif /* IPM_CAPTURE_H */
