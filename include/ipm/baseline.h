/* What a monitor has learned of each app, as a file: for the next run, for another host, for a look. */
#ifndef IPM_BASELINE_H
#define IPM_BASELINE_H

#include <stdint.h>

#include <ipm/monitor.h>
#include <ipm/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Take in the baselines of a file, by the keys of the apps. What the monitor has learned itself is merged with them, as
 * if it had seen both. They enter as events: a recording that is running has them.
 *
 * @param path  A file of ipm_monitor_export_baselines(), or of the setting baselines_path.
 * @return IPM_OK; IPM_ERR_NOT_FOUND, IPM_ERR_PERMISSION, IPM_ERR_IO; IPM_ERR_CORRUPT with the byte where the file is
 *         damaged; IPM_ERR_UNSUPPORTED for another version, or for intervals of another length; IPM_ERR_LIMIT if there
 *         was not room for all of them: those that learned last were taken in; IPM_ERR_STATE with baselines = off.
 *
 * Threads:   the stepping thread.
 * Since:     0.1
 */
IPM_API ipm_status ipm_monitor_import_baselines(ipm_monitor* monitor, const char* path);

/**
 * Write what is known now to a file, which is there whole or not at all.
 *
 * @param path  Made or replaced.
 * @return IPM_OK; IPM_ERR_PERMISSION, IPM_ERR_NOT_FOUND, IPM_ERR_IO; IPM_ERR_STATE with baselines = off.
 *
 * Threads:   the stepping thread.
 * Since:     0.1
 */
IPM_API ipm_status ipm_monitor_export_baselines(ipm_monitor* monitor, const char* path);

enum {
  IPM_BASELINES_NONE = 0,   /**< No baselines_path was set: what is learned lives as long as the monitor. */
  IPM_BASELINES_NEW = 1,    /**< There was no such file. */
  IPM_BASELINES_LOADED = 2, /**< It was read, or has been written since. */
  IPM_BASELINES_REFUSED = 3 /**< It could not be used: everything is learned anew, and the file will be kept. */
};

/** What became of the file that the setting baselines_path names. */
typedef struct ipm_baselines_file {
  uint32_t struct_size; /**< IPM_BASELINES_FILE_INIT sets it. */
  int32_t state;        /**< IPM_BASELINES_* */
  const char* message;  /**< Why it was refused, or why it could not be written; "": all is well. */
} ipm_baselines_file;

#define IPM_BASELINES_FILE_INIT \
  { .struct_size = sizeof(ipm_baselines_file) }

/**
 * Ask what became of the file of baselines: a monitor opens and runs also when it cannot be read or written.
 *
 * @param[in,out] out  struct_size set by the caller.
 *
 * Ownership: the message is borrowed until the next call of this function on this monitor.
 * Threads:   the stepping thread.
 * Since:     0.1
 */
IPM_API ipm_status ipm_monitor_baselines_file(ipm_monitor* monitor, ipm_baselines_file* out);

#ifdef __cplusplus
}
#endif

#endif /* IPM_BASELINE_H */
