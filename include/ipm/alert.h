/* Alerts: what programs do that is not normal for them, one alert an episode, with its evidence. docs/alerts.md lists
 * the kinds; the table `alerts` shows all that happened. */
#ifndef IPM_ALERT_H
#define IPM_ALERT_H

#include <stdint.h>

#include <ipm/monitor.h>
#include <ipm/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What happened to an alert. */
enum {
  IPM_ALERT_OPENED = 0,
  IPM_ALERT_UPDATED = 1,   /**< More of the same. Updates that nobody took in time are one. */
  IPM_ALERT_ESCALATED = 2, /**< Of a higher severity, or four times what was last told. */
  IPM_ALERT_CLOSED = 3     /**< Nothing more of it for six hours. */
};

enum { IPM_SEVERITY_INFO = 0, IPM_SEVERITY_LOW = 1, IPM_SEVERITY_MEDIUM = 2, IPM_SEVERITY_HIGH = 3 };

/** An alert as it was when it changed. Texts are borrowed until the next ipm_monitor_next_alert() of this monitor. */
typedef struct ipm_alert {
  uint32_t struct_size;    /**< IPM_ALERT_INIT sets it. */
  int32_t change;          /**< IPM_ALERT_* */
  uint64_t id;             /**< The same for all changes of an alert; from 1. */
  uint64_t sequence;       /**< Of this change, over all alerts. */
  int64_t time_ns;         /**< Of the event that brought it; like the other times, ns since 1970. */
  int64_t opened_ns;       /**< When the alert opened. */
  int64_t since_ns;        /**< When what it is about began. */
  uint64_t process;        /**< ipm_process_ref() of who did it last; 0: the host. */
  double score;            /**< 0 to 1. */
  double value;            /**< Of the metric. */
  double expected_low;     /**< What would have been usual, from … */
  double expected_high;    /**< … to. */
  uint64_t samples;        /**< What that rests on. */
  uint64_t changes_lost;   /**< Changes so far that found the queue full. */
  const char* kind;        /**< "beacon"; static. */
  const char* title;       /**< A few words; static. */
  const char* techniques;  /**< MITRE ATT&CK, separated by spaces; static, may be "". */
  const char* metric;      /**< "tx_bytes"; static. */
  const char* evidence;    /**< One sentence: who, what, how unusual, since when. */
  const char* comm;        /**< Of the process; "" if it is about the host. */
  const char* exe;         /**< "" if not known. */
  const char* app;         /**< Key of the program; "" if it is about the host. */
  const char* remote_addr; /**< "" if it is not about one remote. */
  const char* remote_name; /**< What DNS called it when the alert opened; "" if not known. */
  int32_t severity;        /**< IPM_SEVERITY_* */
  uint16_t remote_port;    /**< 0: not about one. */
  uint8_t notified;        /**< 1: within the budget of notifications. */
  uint8_t drill;           /**< 1: opened during a rehearsal. */
} ipm_alert;

#define IPM_ALERT_INIT \
  { .struct_size = sizeof(ipm_alert) }

/**
 * Take the oldest change of an alert that nobody has taken.
 *
 * Call it after each step until it says IPM_END. At most 256 changes wait (fewer with little memory); then updates go
 * first, and changes_lost counts what went.
 *
 * @param[out] out  The change. Set on IPM_OK only.
 * @return IPM_OK; IPM_END if there is none now.
 *
 * Threads:   the stepping thread.
 * Since:     0.1
 */
IPM_API ipm_status ipm_monitor_next_alert(ipm_monitor* monitor, ipm_alert* out);

#ifdef __cplusplus
}
#endif

#endif /* IPM_ALERT_H */
