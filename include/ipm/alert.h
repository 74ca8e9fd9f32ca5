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
  IPM_ALERT_ESCALATED = 2, /**< Of a higher severity, or four times as strong as what was last told. */
  IPM_ALERT_CLOSED = 3     /**< Nothing more of it for six hours. */
};

enum { IPM_SEVERITY_INFO = 0, IPM_SEVERITY_LOW = 1, IPM_SEVERITY_MEDIUM = 2, IPM_SEVERITY_HIGH = 3 };

/** An alert as it was when it changed. Texts are valid UTF-8, and borrowed until the next ipm_monitor_next_alert() of
 * this monitor. */
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
  const char* remote_name; /**< What it was called when the alert opened; "" if not known. */
  int32_t severity;        /**< IPM_SEVERITY_* */
  uint16_t remote_port;    /**< 0: not about one. */
  uint8_t notified;        /**< 1: within the budget of notifications. */
  uint8_t drill;           /**< 1: opened during a rehearsal. */
  const char* verdict;     /**< "acknowledged", "false_positive", "suppressed"; "" if nobody said anything. Static. */
  const char* country;     /**< Of the remote address, ISO 3166-1 alpha-2; "" if not known. */
  const char* feed;        /**< List of threat intelligence; "" for other kinds. */
  const char* indicator;   /**< What is on that list. */
  uint32_t asn;            /**< Autonomous system of the remote address; 0: not known. */
  uint32_t reserved;
  const char* threshold; /**< Name of your threshold; "" for other kinds. */
  int64_t listed_ns;     /**< Since when that list has it; ns since 1970; 0: not known, or another kind. */
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

/** A change of an alert, as ipm_monitor_next_alert() gives it. Texts are borrowed for the time of the call. */
typedef void (*ipm_alert_callback)(const ipm_alert* alert, void* user);

/**
 * Hear of each change of an alert as soon as what brought it was fed: within ipm_monitor_step() and
 * ipm_monitor_flush(), on their thread. While a callback is set it takes the changes, those that wait included, and
 * ipm_monitor_next_alert() finds none.
 *
 * The callback may open cursors, read statistics, say rules and set another callback; it must not step, flush or close
 * the monitor, add to it or import into it.
 *
 * @param callback  NULL: stop hearing; changes wait again.
 * @param user      Passed to each call.
 * Threads:   the stepping thread.
 * Since:     0.1
 */
IPM_API ipm_status ipm_monitor_set_alert_callback(ipm_monitor* monitor, ipm_alert_callback callback, void* user);

/**
 * Say something about alerts, in one line of text:
 *
 * - "acknowledge alert=12": it is known: updates of it are not told any more; said again, nothing changes.
 * - "false_positive alert=12": it ends; one like it is told when it is four times as strong or more severe.
 * - "suppress kind=K app=A remote=N port=P": alerts like that are in the table, and nobody is told of them.
 * - "critical app=A": alerts of that program are notified whatever the budget says.
 * - "threshold NAME metric=M above=X …": alerts of the kind `threshold` when a program passes that limit of yours.
 * - "lift suppress …", "lift critical …", "lift threshold NAME": the end of such a rule.
 *
 * A may have * for anything, N is an address or a network; suppress takes for=24h or until=2026-12-01T10:00:00Z. A
 * value may be "…" with C escapes (ipm_text_quote()). The rule goes into the stream, so a recording has it; it takes
 * effect with the next step. docs/alerts.md says more. The settings `rule` and `threshold` say the same at the
 * beginning of a run.
 *
 * @param[in] line  Borrowed during the call.
 * @return IPM_OK; IPM_ERR_INVALID_ARGUMENT: what is wrong with it; IPM_ERR_NOT_FOUND: there is no alert of that number;
 *         IPM_ERR_STATE: alerts are off; IPM_ERR_LIMIT: 256 rules wait to be said.
 *
 * What the stream cannot obey when it comes to it (more than 256 rules or 64 thresholds that stand, none to lift, an
 * alert that has gone by then) changes nothing and counts in ipm_monitor_stats as rules_refused.
 *
 * Threads:   the stepping thread.
 * Since:     0.1
 */
IPM_API ipm_status ipm_monitor_rule(ipm_monitor* monitor, const char* line);

/** What a kind of alert means to a person. Texts are static storage. */
typedef struct ipm_alert_kind_info {
  uint32_t struct_size; /**< IPM_ALERT_KIND_INFO_INIT sets it. */
  uint32_t reserved;
  const char* kind;       /**< "beacon" */
  const char* title;      /**< A few words. */
  const char* techniques; /**< MITRE ATT&CK, separated by spaces; may be "". */
  const char* means;      /**< What happened. */
  const char* computed;   /**< How it is recognised. */
  const char* check;      /**< What to look at next. */
  const char* tune;       /**< What makes it rarer. */
} ipm_alert_kind_info;

#define IPM_ALERT_KIND_INFO_INIT \
  { .struct_size = sizeof(ipm_alert_kind_info) }

/**
 * Describe the index-th kind of alert, without any monitor. Indexes are of this version of the library, names stay.
 *
 * @param[out] out  Set on IPM_OK only.
 * @return IPM_OK; IPM_END behind the last kind.
 *
 * Threads:   any.
 * Since:     0.1
 */
IPM_API ipm_status ipm_alert_kind_describe(uint32_t index, ipm_alert_kind_info* out);

/** "T1041" gives "Exfiltration Over C2 Channel"; NULL if no kind of alert has that technique. Threads: any. Since: 0.1
 */
IPM_API const char* ipm_technique_name(const char* technique);

/** The incident of the source drill:KIND: what it plays, and the alert that has to come of it. Texts are static. */
typedef struct ipm_drill_info {
  uint32_t struct_size; /**< IPM_DRILL_INFO_INIT sets it. */
  uint32_t reserved;
  const char* kind;  /**< Of the alert, and of the URI. */
  const char* comm;  /**< Of the program that the alert has to name. */
  const char* what;  /**< What happens, in a line. */
  int64_t begins_ns; /**< Of the incident in drill:KIND; ns since 1970. Before it is ordinary life. */
  int64_t ends_ns;   /**< By then the alert has opened. */
} ipm_drill_info;

#define IPM_DRILL_INFO_INIT \
  { .struct_size = sizeof(ipm_drill_info) }

/**
 * Describe the index-th drill, in the order in which drill:all plays them.
 *
 * @param[out] out  Set on IPM_OK only.
 * @return IPM_OK; IPM_END behind the last drill.
 *
 * Threads:   any.
 * Since:     0.1
 */
IPM_API ipm_status ipm_drill_describe(uint32_t index, ipm_drill_info* out);

#ifdef __cplusplus
}
#endif

#endif /* IPM_ALERT_H */
