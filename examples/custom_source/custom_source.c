/* A source of one's own: it reports two processes that talk to each other, second by second of its own clock, and ends.
 * A real one would read a device, a kernel interface or a file in poll(). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <ipm/ipm.h>

#define ROUNDS 5

typedef struct talkers {
  int next_round; /* 0: nothing was written yet. */
} talkers;

/* One event with its payload; what the payload does not fill is zero. */
static ipm_event make_event(uint16_t kind, int64_t time_ns, uint64_t process, const void* payload, size_t bytes) {
  ipm_event event;
  memset(&event, 0, sizeof event);
  event.time_ns = time_ns;
  event.kind = kind;
  event.version = 1;
  event.process = process;
  memcpy(event.payload, payload, bytes);
  return event;
}

/* 192.0.2.`local` talking to 192.0.2.`remote`, written as IPv4-mapped IPv6. */
static ipm_flow_tuple make_tuple(uint8_t local, uint8_t remote, uint16_t local_port, uint16_t remote_port,
                                 uint8_t direction) {
  static const uint8_t prefix[15] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2};
  ipm_flow_tuple tuple;
  memset(&tuple, 0, sizeof tuple);
  memcpy(tuple.local_addr, prefix, sizeof prefix);
  memcpy(tuple.remote_addr, prefix, sizeof prefix);
  tuple.local_addr[15] = local;
  tuple.remote_addr[15] = remote;
  tuple.local_port = local_port;
  tuple.remote_port = remote_port;
  tuple.protocol = 6;
  tuple.direction = direction;
  return tuple;
}

static ipm_event start_event(uint64_t process, const char* comm) {
  ipm_event_process payload;
  memset(&payload, 0, sizeof payload);
  payload.uid = 1000;
  strncpy(payload.comm, comm, sizeof payload.comm - 1);
  return make_event(IPM_EVENT_PROCESS_START, IPM_S, process, &payload, sizeof payload);
}

static ipm_event open_event(uint64_t process, ipm_flow_tuple tuple, uint8_t how) {
  ipm_event_socket_open payload;
  memset(&payload, 0, sizeof payload);
  payload.tuple = tuple;
  payload.how = how;
  payload.state = 1; /* Established. */
  payload.quality = IPM_QUALITY_EXACT;
  payload.uid = 1000;
  return make_event(IPM_EVENT_SOCKET_OPEN, IPM_S, process, &payload, sizeof payload);
}

static ipm_event data_event(uint64_t process, ipm_flow_tuple tuple, int64_t time_ns, uint64_t tx, uint64_t rx) {
  ipm_event_socket_data payload;
  memset(&payload, 0, sizeof payload);
  payload.tuple = tuple;
  payload.layer = IPM_LAYER_APP;
  payload.measured = 1 | 2;
  payload.tx_bytes = tx;
  payload.rx_bytes = rx;
  return make_event(IPM_EVENT_SOCKET_DATA, time_ns, process, &payload, sizeof payload);
}

static ipm_status talkers_poll(void* user, ipm_lane* out, int64_t timeout_ns) {
  talkers* self = user;
  const uint64_t client = ipm_process_ref(100, 10);
  const uint64_t server = ipm_process_ref(200, 20);
  const ipm_flow_tuple there = make_tuple(1, 2, 40000, 443, IPM_DIRECTION_OUT);
  const ipm_flow_tuple back = make_tuple(2, 1, 443, 40000, IPM_DIRECTION_IN);
  const int64_t time_ns = (1 + self->next_round) * IPM_S;
  (void)timeout_ns; /* Everything is there already: it never waits. */

  if (self->next_round > ROUNDS) return IPM_END;
  if (ipm_lane_free(out) < 8) return IPM_TIMEOUT; /* Comes again when the monitor has taken some out. */
  if (self->next_round == 0) {
    ipm_event_clock_anchor anchor; /* A file says when its clock was what in wall time, first of all. */
    memset(&anchor, 0, sizeof anchor);
    anchor.boottime_ns = IPM_S;
    anchor.realtime_ns = INT64_C(1700000000) * IPM_S;
    anchor.reason = 1;
    anchor.ticks_per_second = 100;
    const ipm_event events[] = {make_event(IPM_EVENT_CLOCK_ANCHOR, IPM_S, 0, &anchor, sizeof anchor),
                                start_event(client, "client"), start_event(server, "server"),
                                open_event(client, there, IPM_OPEN_CONNECT), open_event(server, back, IPM_OPEN_ACCEPT)};
    ipm_lane_push(out, events, sizeof events / sizeof events[0], NULL);
  } else {
    const ipm_event events[] = {data_event(client, there, time_ns, 1000, 20000),
                                data_event(server, back, time_ns, 20000, 1000)};
    ipm_lane_push(out, events, sizeof events / sizeof events[0], NULL);
  }
  ++self->next_round;
  return IPM_OK;
}

static int print_processes(ipm_monitor* monitor) {
  ipm_cursor* cursor = NULL;
  ipm_status status =
      ipm_cursor_open(&cursor, monitor, "processes", "columns = pid, comm, tx_bytes, rx_bytes", NULL, 0);
  while (status >= 0 && (status = ipm_cursor_next(cursor)) == IPM_OK) {
    int64_t pid = 0, tx = 0, rx = 0;
    const char* comm = "?";
    ipm_cursor_int64(cursor, 0, &pid);
    ipm_cursor_text(cursor, 1, &comm, NULL);
    ipm_cursor_int64(cursor, 2, &tx);
    ipm_cursor_int64(cursor, 3, &rx);
    printf("%6" PRId64 "  %-8s sent %6" PRId64 "  received %6" PRId64 "\n", pid, comm, tx, rx);
  }
  ipm_cursor_close(cursor);
  return status == IPM_END ? 0 : 1;
}

int main(void) {
  talkers state = {0};
  ipm_source_vtable vtable;
  memset(&vtable, 0, sizeof vtable);
  vtable.struct_size = sizeof vtable;
  vtable.live = 0;
  vtable.name = "talkers";
  vtable.poll = talkers_poll;

  ipm_monitor* monitor = NULL;
  ipm_status status = ipm_monitor_open(&monitor, NULL);
  if (status >= 0) status = ipm_monitor_add_custom_source(monitor, &vtable, &state);
  while (status >= 0 && status != IPM_END) status = ipm_monitor_step(monitor, 100 * IPM_MS);
  const int failed = status < 0 || print_processes(monitor) != 0;
  if (failed) fprintf(stderr, "custom_source: %s\n", ipm_last_error());
  ipm_monitor_close(monitor);
  return failed;
}
