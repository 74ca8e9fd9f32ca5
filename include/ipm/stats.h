/* What a monitor did and what it holds: every bound with its use, its high-water mark and what it cost. */
#ifndef IPM_STATS_H
#define IPM_STATS_H

#include <stdint.h>

#include <ipm/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One bounded table. */
typedef struct ipm_bound_stats {
  uint64_t used;
  uint64_t max;        /**< The bound in force: from settings, and from memory_max_bytes. */
  uint64_t high_water; /**< The most that was ever used. */
  uint64_t evicted;    /**< Rows that made room for others. */
} ipm_bound_stats;

typedef struct ipm_monitor_stats {
  uint32_t struct_size; /**< Set by the caller: IPM_MONITOR_STATS_INIT. */
  uint32_t sources;
  uint64_t events;         /**< Fed to the engine. */
  uint64_t events_late;    /**< Older than what was fed before: they kept their stamp. */
  uint64_t events_unknown; /**< Of a kind or version this library does not know, or out of range; skipped. */
  uint64_t events_dropped; /**< Lanes were full. */
  uint64_t memory_bytes;   /**< Accounted bytes in use. */
  uint64_t memory_max_bytes;
  uint64_t memory_high_water;
  uint64_t snapshots_open;
  uint64_t snapshots_revoked;
  uint64_t recorded_events; /**< Written to the event log. */
  uint64_t recorded_bytes;  /**< On disk, after compression. */
  ipm_bound_stats flows;
  ipm_bound_stats processes;
  ipm_bound_stats apps;
  ipm_bound_stats endpoints;
  ipm_bound_stats remotes; /**< (process, remote address) pairs behind the column `remotes`. */
  ipm_bound_stats series_blocks;
  ipm_bound_stats texts;
  ipm_bound_stats interfaces;
  uint64_t data_other_layer;      /**< Data of flows that were already counted at another byte layer; skipped. */
  uint64_t rows_refused;          /**< Apps, endpoints, candidate lists that found every row of their table in use. */
  uint64_t intel_indicators;      /**< In the lists of threat intelligence that are in use. */
  uint64_t intel_bytes;           /**< What they take, beside memory_bytes. */
  uint64_t enrich_reloads;        /**< Files that were replaced and read again, each counted, … */
  uint64_t enrich_reloads_failed; /**< … or could not be: what was read before stays in use. */
  ipm_bound_stats baselines;      /**< Apps of which is known what is usual. */
  uint64_t baselines_refused;     /**< Intervals of apps that found every such row busy. */
  ipm_bound_stats alerts;         /**< Rows of the table `alerts`, open and closed. */
  uint64_t alert_changes_lost;    /**< Changes of alerts that nobody took in time. */
  uint64_t rules_refused;         /**< What operators said and the stream could not obey. */
  uint64_t programs_evicted;      /**< What detectors knew of programs, given up for that of others. */
  uint64_t pairs_evicted;         /**< The same of one remote of a program, for another of its remotes. */
  ipm_bound_stats clues;          /**< Clues to whose a flow may be: see docs/captures.md. */
} ipm_monitor_stats;

#define IPM_MONITOR_STATS_INIT \
  { .struct_size = sizeof(ipm_monitor_stats) }

#ifdef __cplusplus
}
#endif

#endif /* IPM_STATS_H */
