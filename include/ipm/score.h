/* Scores of any series of numbers: how unusual each moment is, learned from the moments before it. Needs no monitor. */
#ifndef IPM_SCORE_H
#define IPM_SCORE_H

#include <stddef.h>
#include <stdint.h>

#include <ipm/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What is usual for one metric, or for several of one host or program, and how unusual the next sample is. */
typedef struct ipm_scorer ipm_scorer;

/** How a scorer works; zero means the default. */
typedef struct ipm_scorer_options {
  uint32_t struct_size;  /**< IPM_SCORER_OPTIONS_INIT sets it. */
  uint32_t metrics;      /**< Values per sample, 1 to 1024; default 1. */
  int32_t log_scale;     /**< 1: score log(1 + |value|), for bytes and counts that span decades; default 0. */
  uint32_t hold_samples; /**< An alarm is not repeated so long unless it clearly grows; default 300. */
  double threshold;      /**< A held score from here on is an alarm, 0 to 1; default 0.9. */
  double resolution;     /**< Differences below it do not matter, in units of the metric; default 0. */
} ipm_scorer_options;

#define IPM_SCORER_OPTIONS_INIT \
  { .struct_size = sizeof(ipm_scorer_options) }

/** What makes a sample unusual. */
enum {
  IPM_CAUSE_NONE = 0,
  IPM_CAUSE_VALUE = 1, /**< This sample alone. */
  IPM_CAUSE_LEVEL = 2, /**< The mean of the last 32 samples. */
  IPM_CAUSE_TREND = 3, /**< The mean of the last 128 samples. */
  IPM_CAUSE_DRIFT = 4  /**< The level of the last thousands of samples against the long past: a slow ramp. */
};

/** One cause of a score. */
typedef struct ipm_score_reason {
  int32_t cause;    /**< IPM_CAUSE_*; IPM_CAUSE_NONE behind the last. */
  int32_t reserved; /**< 0. */
  double surprise;  /**< Decades: 3 is once in a thousand samples, by this cause alone. */
  double value;     /**< What was seen: the sample, or the mean that the cause looks at. */
  double expected;  /**< What is usual for it. */
} ipm_score_reason;

/** A score with its explanation. */
typedef struct ipm_score {
  uint32_t struct_size;        /**< IPM_SCORE_INIT sets it. */
  int32_t alarm;               /**< 1: `held` has reached the threshold: an incident begins or has clearly grown. */
  int32_t record;              /**< 1: the value lies beyond everything that is remembered. */
  uint32_t metric;             /**< Which metric the rest of the struct is about; of several, the most unusual one. */
  double score;                /**< 0 to 1: how unusual. The same number is equally rare whatever the metric. */
  double held;                 /**< The same where an incident begins or clearly grows, else 0. */
  double value;                /**< The sample. */
  double expected;             /**< The usual value, of this hour of the week where that helps. */
  double expected_low;         /**< One in ten samples lies below, */
  double expected_high;        /**< one in ten above. */
  double deviation_percent;    /**< Of the value from the expected one; NaN where 0 is expected. */
  double confidence;           /**< 0 to 1: how far the past suffices; half of it after 30 samples. */
  uint64_t samples;            /**< Learned from, this one included. */
  ipm_score_reason reasons[3]; /**< Strongest first; none where little is unusual. */
} ipm_score;

#define IPM_SCORE_INIT \
  { .struct_size = sizeof(ipm_score) }

/**
 * Open a scorer. It has learned nothing yet: the first 30 samples score 0.
 *
 * @param[out] out  The scorer; NULL after an error.
 * @param options   NULL: the defaults.
 * @return IPM_OK; IPM_ERR_INVALID_ARGUMENT names the option that cannot be meant.
 *
 * Ownership: close it with ipm_scorer_close(). About 1.2 KiB a metric, which does not grow.
 * Threads:   any.
 * Since:     0.1
 */
IPM_API ipm_status ipm_scorer_open(ipm_scorer** out, const ipm_scorer_options* options);

/** Close; NULL is a no-op. Threads: one caller at a time per scorer. Since: 0.1 */
IPM_API void ipm_scorer_close(ipm_scorer* scorer);

/**
 * Score one sample and learn from it.
 *
 * @param scorer        Not NULL.
 * @param time_ns       Nanoseconds since 1970, UTC. Steps and gaps are fine; only the hour of the week is taken from
 * it.
 * @param utc_offset_s  What local time is ahead of UTC at that moment, in seconds: people's habits follow it.
 * @param values        One value per metric, in the same order each time. A NaN or an infinity is a missing value: it
 *                      scores 0 and teaches nothing.
 * @param value_count   The number of metrics the scorer was opened with.
 * @param[out] out      The score: of the one metric, or of all of them together, the rest of the struct being about the
 *                      most unusual one. NULL: only learn.
 * @return IPM_OK; IPM_NULL if every value is missing, with a score of 0; IPM_ERR_INVALID_ARGUMENT.
 *
 * Ownership: allocates nothing.
 * Threads:   one caller at a time per scorer.
 * Since:     0.1
 */
IPM_API ipm_status ipm_scorer_update(ipm_scorer* scorer, int64_t time_ns, int32_t utc_offset_s, const double* values,
                                     uint32_t value_count, ipm_score* out);

/**
 * The score of one metric at the last update.
 *
 * @param metric    From 0.
 * @param[out] out  Set on IPM_OK and IPM_NULL.
 * @return IPM_OK; IPM_NULL if its value was missing; IPM_ERR_STATE before the first update; IPM_ERR_NOT_FOUND.
 *
 * Ownership: allocates nothing.
 * Threads:   as ipm_scorer_update().
 * Since:     0.1
 */
IPM_API ipm_status ipm_scorer_metric(const ipm_scorer* scorer, uint32_t metric, ipm_score* out);

/**
 * An operator says that the present is normal: the alarm of every metric ends and the present is learned quickly.
 *
 * @return IPM_OK; IPM_ERR_INVALID_ARGUMENT.
 *
 * Threads:   as ipm_scorer_update().
 * Since:     0.1
 */
IPM_API ipm_status ipm_scorer_accept(ipm_scorer* scorer);

/** The name of a cause: "value", "level" … "unknown" for a number of a later version. Threads: any. Since: 0.1 */
IPM_API const char* ipm_cause_name(int32_t cause);

#ifdef __cplusplus
}
#endif

#endif /* IPM_SCORE_H */
