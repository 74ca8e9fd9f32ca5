/**
 * libipm: an Internet Processes Monitor as a library. For one host: which process talks to whom, how much, how well,
 * since when.
 *
 *   ipm_monitor* m = NULL;
 *   if (ipm_monitor_open(&m, NULL) < 0) { fputs(ipm_last_error(), stderr); return 1; }
 *   ipm_monitor_add_source(m, "auto:");
 *   while (running) ipm_monitor_step(m, 250 * IPM_MS);
 *   ipm_cursor* c = NULL;
 *   ipm_cursor_open(&c, m, "processes", "order_by = tx_bytes desc\nlimit = 5", NULL, 0);
 *   while (ipm_cursor_next(c) == IPM_OK) { ... }
 *   ipm_cursor_close(c);
 *   ipm_monitor_close(m);
 *
 * Conventions. Objects are opaque. Options are structs whose first field is their size and whose zero value is the
 * default. A call returns an ipm_status: 0 is success, positive an outcome, negative an error with a message in
 * ipm_last_error(). No call touches signals, limits, stdout, locale or capabilities of the host. What cannot be
 * measured is null, never 0.
 */
#ifndef IPM_IPM_H
#define IPM_IPM_H

#include <ipm/alert.h>
#include <ipm/baseline.h>
#include <ipm/capture.h>
#include <ipm/event.h>
#include <ipm/export.h>
#include <ipm/intel.h>
#include <ipm/monitor.h>
#include <ipm/query.h>
#include <ipm/score.h>
#include <ipm/source.h>
#include <ipm/stats.h>
#include <ipm/status.h>
#include <ipm/version.h>

#endif /* IPM_IPM_H */
