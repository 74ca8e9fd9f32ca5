/* The five busiest processes after three seconds. */
#include <inttypes.h>
#include <stdio.h>

#include <ipm/ipm.h>

int main(void) {
  ipm_monitor* monitor = NULL;
  ipm_cursor* cursor = NULL;
  if (ipm_monitor_open(&monitor, NULL) < 0 || ipm_monitor_add_source(monitor, "auto:") < 0) goto failed;
  for (int i = 0; i < 30; ++i) {
    if (ipm_monitor_step(monitor, 100 * IPM_MS) < 0) goto failed;
  }
  if (ipm_cursor_open(&cursor, monitor, "processes",
                      "columns = pid, comm, tx_bytes, rx_bytes\norder_by = tx_bytes desc\nlimit = 5", NULL, 0) < 0)
    goto failed;
  while (ipm_cursor_next(cursor) == IPM_OK) {
    int64_t pid = 0, tx = 0, rx = 0; /* What cannot be measured is IPM_NULL and leaves these. */
    const char* comm = "?";
    ipm_cursor_int64(cursor, 0, &pid);
    ipm_cursor_text(cursor, 1, &comm, NULL);
    ipm_cursor_int64(cursor, 2, &tx);
    ipm_cursor_int64(cursor, 3, &rx);
    printf("%8" PRId64 "  %-16s sent %" PRId64 " received %" PRId64 "\n", pid, comm, tx, rx);
  }
  ipm_cursor_close(cursor);
  ipm_monitor_close(monitor);
  return 0;
failed:
  fprintf(stderr, "top5: %s\n", ipm_last_error());
  ipm_monitor_close(monitor);
  return 1;
}
