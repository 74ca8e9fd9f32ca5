/* Numbers and layouts that programs were compiled with. A struct grows at its end only, and only where it has
 * struct_size: then its size here changes and nothing else. ipm_event and its payloads are also the event log: a
 * payload grows only into bytes that were zero. 64-bit platforms. Compiling this file is the test. */
#include <stddef.h>

#include <ipm/ipm.h>

#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), "size of " #type)
#define AT(type, member, bytes) _Static_assert(offsetof(type, member) == (bytes), #type "." #member)
#define VALUE(name, number) _Static_assert((name) == (number), #name)

VALUE(IPM_OK, 0);
VALUE(IPM_NULL, 1);
VALUE(IPM_TIMEOUT, 2);
VALUE(IPM_END, 3);
VALUE(IPM_ERR_INVALID_ARGUMENT, -1);
VALUE(IPM_ERR_PERMISSION, -2);
VALUE(IPM_ERR_NOT_FOUND, -3);
VALUE(IPM_ERR_UNSUPPORTED, -4);
VALUE(IPM_ERR_CORRUPT, -5);
VALUE(IPM_ERR_IO, -6);
VALUE(IPM_ERR_LIMIT, -7);
VALUE(IPM_ERR_NO_MEMORY, -8);
VALUE(IPM_ERR_EXPIRED, -9);
VALUE(IPM_ERR_FORKED, -10);
VALUE(IPM_ERR_STATE, -11);
VALUE(IPM_ERR_INTERNAL, -12);

VALUE(IPM_EVENT_PROCESS_START, 1);
VALUE(IPM_EVENT_PROCESS_EXEC, 2);
VALUE(IPM_EVENT_PROCESS_EXIT, 3);
VALUE(IPM_EVENT_PROCESS_SAMPLE, 4);
VALUE(IPM_EVENT_SOCKET_OPEN, 10);
VALUE(IPM_EVENT_SOCKET_ESTABLISHED, 11);
VALUE(IPM_EVENT_SOCKET_DATA, 12);
VALUE(IPM_EVENT_TCP_SNAPSHOT, 13);
VALUE(IPM_EVENT_RETRANSMIT, 14);
VALUE(IPM_EVENT_RESET, 15);
VALUE(IPM_EVENT_FAILURE, 16);
VALUE(IPM_EVENT_SOCKET_CLOSE, 17);
VALUE(IPM_EVENT_SOCKET_OWNER, 18);
VALUE(IPM_EVENT_INTERFACE, 30);
VALUE(IPM_EVENT_HOST_COUNTERS, 31);
VALUE(IPM_EVENT_TEXT, 40);
VALUE(IPM_EVENT_DNS_ANSWER, 41);
VALUE(IPM_EVENT_TLS_HELLO, 42);
VALUE(IPM_EVENT_GEO, 43);
VALUE(IPM_EVENT_INTEL_HIT, 44);
VALUE(IPM_TLS_ECH, 1);
VALUE(IPM_EVENT_CLOCK_ANCHOR, 50);
VALUE(IPM_EVENT_LOSS, 51);
VALUE(IPM_EVENT_TIME_ADVANCE, 52);
VALUE(IPM_EVENT_DRILL_MARK, 53);
VALUE(IPM_EVENT_SOURCE_INFO, 55);
VALUE(IPM_EVENT_SETTINGS, 54);
VALUE(IPM_EVENT_BASELINE, 56);
VALUE(IPM_EVENT_CLUE, 58);

VALUE(IPM_EVENT_FIRST_SIGHT, 1);
VALUE(IPM_EVENT_AFTER_LOSS, 2);

VALUE(IPM_DIRECTION_UNKNOWN, 0);
VALUE(IPM_DIRECTION_OUT, 1);
VALUE(IPM_DIRECTION_IN, 2);
VALUE(IPM_DIRECTION_LISTEN, 3);

VALUE(IPM_LAYER_NONE, 0);
VALUE(IPM_LAYER_APP, 1);
VALUE(IPM_LAYER_TCP, 2);
VALUE(IPM_LAYER_IP, 3);
VALUE(IPM_LAYER_WIRE, 4);

VALUE(IPM_QUALITY_UNKNOWN, 0);
VALUE(IPM_QUALITY_CANDIDATE, 1);
VALUE(IPM_QUALITY_INFERRED, 2);
VALUE(IPM_QUALITY_EXACT, 3);

VALUE(IPM_OPEN_EXISTING, 0);
VALUE(IPM_OPEN_CONNECT, 1);
VALUE(IPM_OPEN_ACCEPT, 2);
VALUE(IPM_OPEN_LISTEN, 3);
VALUE(IPM_OPEN_BIND, 4);

VALUE(IPM_CLOSE_UNKNOWN, 0);
VALUE(IPM_CLOSE_ORDERLY, 1);
VALUE(IPM_CLOSE_RESET_BY_PEER, 2);
VALUE(IPM_CLOSE_RESET_HERE, 3);
VALUE(IPM_CLOSE_TIMEOUT, 4);
VALUE(IPM_CLOSE_REFUSED, 5);
VALUE(IPM_CLOSE_IDLE, 6);
VALUE(IPM_CLOSE_SOURCE_GONE, 7);

VALUE(IPM_THREADS_NONE, 0);
VALUE(IPM_THREADS_AUTO, 1);

VALUE(IPM_EVICTED_CONNECTION, 1);
VALUE(IPM_EVICTED_PROCESS, 2);

VALUE(IPM_SOURCE_OPEN, 1);
VALUE(IPM_SOURCE_REDUCED, 2);
VALUE(IPM_SOURCE_ENDED, 3);
VALUE(IPM_SOURCE_FAILED, 4);

VALUE(IPM_TYPE_INT64, 1);
VALUE(IPM_TYPE_DOUBLE, 2);
VALUE(IPM_TYPE_TEXT, 3);
VALUE(IPM_TYPE_TIME, 4);
VALUE(IPM_TYPE_BOOL, 5);

SIZE(ipm_event, 128);
AT(ipm_event, time_ns, 0);
AT(ipm_event, kind, 8);
AT(ipm_event, version, 10);
AT(ipm_event, source, 12);
AT(ipm_event, flags, 14);
AT(ipm_event, process, 16);
AT(ipm_event, flow, 24);
AT(ipm_event, payload, 32);

SIZE(ipm_flow_tuple, 44);
AT(ipm_flow_tuple, local_addr, 0);
AT(ipm_flow_tuple, remote_addr, 16);
AT(ipm_flow_tuple, local_port, 32);
AT(ipm_flow_tuple, remote_port, 34);
AT(ipm_flow_tuple, netns, 36);
AT(ipm_flow_tuple, protocol, 40);
AT(ipm_flow_tuple, direction, 41);
AT(ipm_flow_tuple, reserved, 42);

SIZE(ipm_event_process, 88);
AT(ipm_event_process, cgroup_id, 0);
AT(ipm_event_process, exe_inode, 8);
AT(ipm_event_process, exe_mtime_ns, 16);
AT(ipm_event_process, start_ns, 24);
AT(ipm_event_process, ppid, 32);
AT(ipm_event_process, uid, 36);
AT(ipm_event_process, netns, 40);
AT(ipm_event_process, exe, 44);
AT(ipm_event_process, script, 48);
AT(ipm_event_process, unit, 52);
AT(ipm_event_process, container, 56);
AT(ipm_event_process, cgroup, 60);
AT(ipm_event_process, exe_dev, 64);
AT(ipm_event_process, ancestors, 68);
AT(ipm_event_process, comm, 72);

SIZE(ipm_event_process_exit, 4);
AT(ipm_event_process_exit, exit_code, 0);

SIZE(ipm_event_process_sample, 40);
AT(ipm_event_process_sample, cpu_ns, 0);
AT(ipm_event_process_sample, rss_bytes, 8);
AT(ipm_event_process_sample, read_bytes, 16);
AT(ipm_event_process_sample, write_bytes, 24);
AT(ipm_event_process_sample, measured, 32);

SIZE(ipm_event_socket_open, 64);
AT(ipm_event_socket_open, tuple, 0);
AT(ipm_event_socket_open, how, 44);
AT(ipm_event_socket_open, state, 45);
AT(ipm_event_socket_open, quality, 46);
AT(ipm_event_socket_open, rule, 47);
AT(ipm_event_socket_open, inode, 48);
AT(ipm_event_socket_open, uid, 56);

SIZE(ipm_event_socket_established, 48);
AT(ipm_event_socket_established, tuple, 0);
AT(ipm_event_socket_established, handshake_us, 44);

SIZE(ipm_event_socket_data, 88);
AT(ipm_event_socket_data, tuple, 0);
AT(ipm_event_socket_data, layer, 44);
AT(ipm_event_socket_data, measured, 45);
AT(ipm_event_socket_data, reserved, 46);
AT(ipm_event_socket_data, tx_bytes, 48);
AT(ipm_event_socket_data, rx_bytes, 56);
AT(ipm_event_socket_data, tx_packets, 64);
AT(ipm_event_socket_data, rx_packets, 68);
AT(ipm_event_socket_data, tx_payload_bytes, 72);
AT(ipm_event_socket_data, rx_payload_bytes, 80);

SIZE(ipm_event_tcp_snapshot, 72);
AT(ipm_event_tcp_snapshot, tuple, 0);
AT(ipm_event_tcp_snapshot, state, 44);
AT(ipm_event_tcp_snapshot, measured, 45);
AT(ipm_event_tcp_snapshot, reserved, 46);
AT(ipm_event_tcp_snapshot, srtt_us, 48);
AT(ipm_event_tcp_snapshot, jitter_us, 52);
AT(ipm_event_tcp_snapshot, min_rtt_us, 56);
AT(ipm_event_tcp_snapshot, tx_retransmits, 60);
AT(ipm_event_tcp_snapshot, rx_out_of_order, 64);
AT(ipm_event_tcp_snapshot, rx_retransmits, 68);

SIZE(ipm_event_socket_count, 48);
AT(ipm_event_socket_count, tuple, 0);
AT(ipm_event_socket_count, count, 44);

SIZE(ipm_event_socket_reset, 48);
AT(ipm_event_socket_reset, tuple, 0);
AT(ipm_event_socket_reset, sent_here, 44);

SIZE(ipm_event_socket_failure, 48);
AT(ipm_event_socket_failure, tuple, 0);
AT(ipm_event_socket_failure, error, 44);

SIZE(ipm_event_socket_close, 56);
AT(ipm_event_socket_close, tuple, 0);
AT(ipm_event_socket_close, reason, 44);
AT(ipm_event_socket_close, reserved, 45);
AT(ipm_event_socket_close, duration_ns, 48);

SIZE(ipm_event_socket_owner, 88);
AT(ipm_event_socket_owner, tuple, 0);
AT(ipm_event_socket_owner, quality, 44);
AT(ipm_event_socket_owner, rule, 45);
AT(ipm_event_socket_owner, holders, 46);
AT(ipm_event_socket_owner, owners, 48);

SIZE(ipm_event_interface, 88);
AT(ipm_event_interface, rx_bytes, 0);
AT(ipm_event_interface, tx_bytes, 8);
AT(ipm_event_interface, rx_packets, 16);
AT(ipm_event_interface, tx_packets, 24);
AT(ipm_event_interface, rx_drops, 32);
AT(ipm_event_interface, tx_drops, 40);
AT(ipm_event_interface, rx_errors, 48);
AT(ipm_event_interface, tx_errors, 52);
AT(ipm_event_interface, netns, 56);
AT(ipm_event_interface, index, 60);
AT(ipm_event_interface, flags, 64);
AT(ipm_event_interface, name, 68);

SIZE(ipm_event_dns_answer, 72);
AT(ipm_event_dns_answer, tuple, 0);
AT(ipm_event_dns_answer, name, 44);
AT(ipm_event_dns_answer, question_type, 48);
AT(ipm_event_dns_answer, response_code, 50);
AT(ipm_event_dns_answer, address, 52);
AT(ipm_event_dns_answer, ttl_s, 68);

SIZE(ipm_event_tls_hello, 64);
AT(ipm_event_tls_hello, tuple, 0);
AT(ipm_event_tls_hello, sni, 44);
AT(ipm_event_tls_hello, alpn, 48);
AT(ipm_event_tls_hello, ja3, 52);
AT(ipm_event_tls_hello, ja4, 56);
AT(ipm_event_tls_hello, flags, 60);
AT(ipm_event_tls_hello, reserved, 61);

SIZE(ipm_event_clock_anchor, 48);
AT(ipm_event_clock_anchor, boottime_ns, 0);
AT(ipm_event_clock_anchor, realtime_ns, 8);
AT(ipm_event_clock_anchor, utc_offset_s, 16);
AT(ipm_event_clock_anchor, reason, 20);
AT(ipm_event_clock_anchor, boot_id, 24);
AT(ipm_event_clock_anchor, ticks_per_second, 40);

SIZE(ipm_event_loss, 32);
AT(ipm_event_loss, what, 0);
AT(ipm_event_loss, bytes_known, 4);
AT(ipm_event_loss, events, 8);
AT(ipm_event_loss, bytes, 16);
AT(ipm_event_loss, layer, 24);

SIZE(ipm_monitor_options, 24);
AT(ipm_monitor_options, struct_size, 0);
AT(ipm_monitor_options, threads, 4);
AT(ipm_monitor_options, memory_max_bytes, 8);
AT(ipm_monitor_options, settings, 16);

SIZE(ipm_eviction, 152);
AT(ipm_eviction, struct_size, 0);
AT(ipm_eviction, what, 4);
AT(ipm_eviction, process, 8);
AT(ipm_eviction, flow, 16);
AT(ipm_eviction, tuple, 24);
AT(ipm_eviction, layer, 68);
AT(ipm_eviction, measured, 69);
AT(ipm_eviction, quality, 70);
AT(ipm_eviction, open, 71);
AT(ipm_eviction, first_seen_ns, 72);
AT(ipm_eviction, last_seen_ns, 80);
AT(ipm_eviction, tx_bytes, 88);
AT(ipm_eviction, rx_bytes, 96);
AT(ipm_eviction, tx_packets, 104);
AT(ipm_eviction, rx_packets, 112);
AT(ipm_eviction, tx_unattributed, 120);
AT(ipm_eviction, rx_unattributed, 128);
AT(ipm_eviction, comm, 136);

SIZE(ipm_bound_stats, 32);
AT(ipm_bound_stats, used, 0);
AT(ipm_bound_stats, max, 8);
AT(ipm_bound_stats, high_water, 16);
AT(ipm_bound_stats, evicted, 24);

SIZE(ipm_baselines_file, 16);
SIZE(ipm_monitor_stats, 536);
AT(ipm_monitor_stats, struct_size, 0);
AT(ipm_monitor_stats, sources, 4);
AT(ipm_monitor_stats, events, 8);
AT(ipm_monitor_stats, events_late, 16);
AT(ipm_monitor_stats, events_unknown, 24);
AT(ipm_monitor_stats, events_dropped, 32);
AT(ipm_monitor_stats, memory_bytes, 40);
AT(ipm_monitor_stats, memory_max_bytes, 48);
AT(ipm_monitor_stats, memory_high_water, 56);
AT(ipm_monitor_stats, snapshots_open, 64);
AT(ipm_monitor_stats, snapshots_revoked, 72);
AT(ipm_monitor_stats, recorded_events, 80);
AT(ipm_monitor_stats, recorded_bytes, 88);
AT(ipm_monitor_stats, flows, 96);
AT(ipm_monitor_stats, processes, 128);
AT(ipm_monitor_stats, apps, 160);
AT(ipm_monitor_stats, endpoints, 192);
AT(ipm_monitor_stats, remotes, 224);
AT(ipm_monitor_stats, series_blocks, 256);
AT(ipm_monitor_stats, texts, 288);
AT(ipm_monitor_stats, interfaces, 320);
AT(ipm_monitor_stats, data_other_layer, 352);
AT(ipm_monitor_stats, rows_refused, 360);
AT(ipm_monitor_stats, intel_indicators, 368);
AT(ipm_monitor_stats, intel_bytes, 376);
AT(ipm_monitor_stats, enrich_reloads, 384);
AT(ipm_monitor_stats, enrich_reloads_failed, 392);
AT(ipm_monitor_stats, baselines, 400);
AT(ipm_monitor_stats, baselines_refused, 432);
AT(ipm_monitor_stats, alerts, 440);
AT(ipm_monitor_stats, alert_changes_lost, 472);
AT(ipm_monitor_stats, rules_refused, 480);
AT(ipm_monitor_stats, programs_evicted, 488);
AT(ipm_monitor_stats, pairs_evicted, 496);
AT(ipm_monitor_stats, clues, 504);

SIZE(ipm_source_info, 80);
AT(ipm_source_info, struct_size, 0);
AT(ipm_source_info, state, 4);
AT(ipm_source_info, name, 8);
AT(ipm_source_info, uri, 16);
AT(ipm_source_info, missing, 24);
AT(ipm_source_info, received, 32);
AT(ipm_source_info, written, 40);
AT(ipm_source_info, filtered, 48);
AT(ipm_source_info, dropped, 56);
AT(ipm_source_info, malformed, 64);
AT(ipm_source_info, lost, 72);

SIZE(ipm_source_vtable, 64);
AT(ipm_source_vtable, struct_size, 0);
AT(ipm_source_vtable, live, 4);
AT(ipm_source_vtable, name, 8);
AT(ipm_source_vtable, poll, 16);
AT(ipm_source_vtable, fd, 24);
AT(ipm_source_vtable, next_due_ns, 32);
AT(ipm_source_vtable, interrupt, 40);
AT(ipm_source_vtable, missing, 48);
AT(ipm_source_vtable, close, 56);

VALUE(IPM_CAUSE_NONE, 0);
VALUE(IPM_CAUSE_VALUE, 1);
VALUE(IPM_CAUSE_LEVEL, 2);
VALUE(IPM_CAUSE_TREND, 3);
VALUE(IPM_CAUSE_DRIFT, 4);

SIZE(ipm_scorer_options, 32);
AT(ipm_scorer_options, struct_size, 0);
AT(ipm_scorer_options, metrics, 4);
AT(ipm_scorer_options, log_scale, 8);
AT(ipm_scorer_options, hold_samples, 12);
AT(ipm_scorer_options, threshold, 16);
AT(ipm_scorer_options, resolution, 24);

SIZE(ipm_score_reason, 32);
AT(ipm_score_reason, cause, 0);
AT(ipm_score_reason, reserved, 4);
AT(ipm_score_reason, surprise, 8);
AT(ipm_score_reason, value, 16);
AT(ipm_score_reason, expected, 24);

SIZE(ipm_score, 184);
AT(ipm_score, struct_size, 0);
AT(ipm_score, alarm, 4);
AT(ipm_score, record, 8);
AT(ipm_score, metric, 12);
AT(ipm_score, score, 16);
AT(ipm_score, held, 24);
AT(ipm_score, value, 32);
AT(ipm_score, expected, 40);
AT(ipm_score, expected_low, 48);
AT(ipm_score, expected_high, 56);
AT(ipm_score, deviation_percent, 64);
AT(ipm_score, confidence, 72);
AT(ipm_score, samples, 80);
AT(ipm_score, reasons, 88);

SIZE(ipm_column_info, 48);
AT(ipm_column_info, struct_size, 0);
AT(ipm_column_info, type, 4);
AT(ipm_column_info, name, 8);
AT(ipm_column_info, unit, 16);
AT(ipm_column_info, layer, 24);
AT(ipm_column_info, null_when, 32);
AT(ipm_column_info, help, 40);

SIZE(ipm_alert, 248);
AT(ipm_alert, struct_size, 0);
AT(ipm_alert, change, 4);
AT(ipm_alert, id, 8);
AT(ipm_alert, sequence, 16);
AT(ipm_alert, time_ns, 24);
AT(ipm_alert, opened_ns, 32);
AT(ipm_alert, since_ns, 40);
AT(ipm_alert, process, 48);
AT(ipm_alert, score, 56);
AT(ipm_alert, value, 64);
AT(ipm_alert, expected_low, 72);
AT(ipm_alert, expected_high, 80);
AT(ipm_alert, samples, 88);
AT(ipm_alert, changes_lost, 96);
AT(ipm_alert, kind, 104);
AT(ipm_alert, title, 112);
AT(ipm_alert, techniques, 120);
AT(ipm_alert, metric, 128);
AT(ipm_alert, evidence, 136);
AT(ipm_alert, comm, 144);
AT(ipm_alert, exe, 152);
AT(ipm_alert, app, 160);
AT(ipm_alert, remote_addr, 168);
AT(ipm_alert, remote_name, 176);
AT(ipm_alert, severity, 184);
AT(ipm_alert, remote_port, 188);
AT(ipm_alert, notified, 190);
AT(ipm_alert, drill, 191);
AT(ipm_alert, verdict, 192);
AT(ipm_alert, country, 200);
AT(ipm_alert, feed, 208);
AT(ipm_alert, indicator, 216);
AT(ipm_alert, asn, 224);
AT(ipm_alert, reserved, 228);
AT(ipm_alert, threshold, 232);
AT(ipm_alert, listed_ns, 240);

VALUE(IPM_LISTED_ADDRESS, 0);
VALUE(IPM_LISTED_NAME, 1);
VALUE(IPM_LISTED_FINGERPRINT, 2);

SIZE(ipm_event_geo, 28);
AT(ipm_event_geo, address, 0);
AT(ipm_event_geo, asn, 16);
AT(ipm_event_geo, as_name, 20);
AT(ipm_event_geo, country, 24);
AT(ipm_event_geo, reserved, 26);

SIZE(ipm_event_intel_hit, 72);
AT(ipm_event_intel_hit, tuple, 0);
AT(ipm_event_intel_hit, listed_as, 44);
AT(ipm_event_intel_hit, of_url, 45);
AT(ipm_event_intel_hit, reserved, 46);
AT(ipm_event_intel_hit, listed_unix_ns, 48);
AT(ipm_event_intel_hit, subject, 56);
AT(ipm_event_intel_hit, indicator, 60);
AT(ipm_event_intel_hit, feed, 64);
AT(ipm_event_intel_hit, description, 68);

SIZE(ipm_alert_kind_info, 64);
AT(ipm_alert_kind_info, struct_size, 0);
AT(ipm_alert_kind_info, kind, 8);
AT(ipm_alert_kind_info, title, 16);
AT(ipm_alert_kind_info, techniques, 24);
AT(ipm_alert_kind_info, means, 32);
AT(ipm_alert_kind_info, computed, 40);
AT(ipm_alert_kind_info, check, 48);
AT(ipm_alert_kind_info, tune, 56);

SIZE(ipm_drill_info, 48);
AT(ipm_drill_info, struct_size, 0);
AT(ipm_drill_info, kind, 8);
AT(ipm_drill_info, comm, 16);
AT(ipm_drill_info, what, 24);
AT(ipm_drill_info, begins_ns, 32);
AT(ipm_drill_info, ends_ns, 40);

SIZE(ipm_event_entropy, 48);
AT(ipm_event_entropy, millibits, 44);

SIZE(ipm_intel_feed, 144);
AT(ipm_intel_feed, struct_size, 0);
AT(ipm_intel_feed, by_object, 4);
AT(ipm_intel_feed, name, 8);
AT(ipm_intel_feed, path, 16);
AT(ipm_intel_feed, format, 24);
AT(ipm_intel_feed, records, 32);
AT(ipm_intel_feed, addresses, 40);
AT(ipm_intel_feed, networks, 48);
AT(ipm_intel_feed, domains, 56);
AT(ipm_intel_feed, fingerprints, 64);
AT(ipm_intel_feed, malformed, 72);
AT(ipm_intel_feed, malformed_first, 80);
AT(ipm_intel_feed, malformed_reason, 88);
AT(ipm_intel_feed, unsupported, 96);
AT(ipm_intel_feed, unsupported_first, 104);
AT(ipm_intel_feed, unsupported_reason, 112);
AT(ipm_intel_feed, expired, 120);
AT(ipm_intel_feed, ignored, 128);
AT(ipm_intel_feed, beyond, 136);

SIZE(ipm_intel_match_info, 48);
AT(ipm_intel_match_info, struct_size, 0);
AT(ipm_intel_match_info, of_url, 4);
AT(ipm_intel_match_info, type, 8);
AT(ipm_intel_match_info, indicator, 16);
AT(ipm_intel_match_info, feed, 24);
AT(ipm_intel_match_info, description, 32);
AT(ipm_intel_match_info, listed_unix_ns, 40);

SIZE(ipm_capture_stats, 136);
AT(ipm_capture_stats, struct_size, 0);
AT(ipm_capture_stats, reserved, 4);
AT(ipm_capture_stats, packets, 8);
AT(ipm_capture_stats, bytes_read, 16);
AT(ipm_capture_stats, bytes_total, 24);
AT(ipm_capture_stats, flow_packets, 32);
AT(ipm_capture_stats, other_packets, 40);
AT(ipm_capture_stats, malformed, 48);
AT(ipm_capture_stats, fragments_unplaced, 56);
AT(ipm_capture_stats, flows, 64);
AT(ipm_capture_stats, flows_evicted, 72);
AT(ipm_capture_stats, flows_unmeasured, 80);
AT(ipm_capture_stats, names, 88);
AT(ipm_capture_stats, hellos, 96);
AT(ipm_capture_stats, hellos_given_up, 104);
AT(ipm_capture_stats, dropped, 112);
AT(ipm_capture_stats, note, 120);
AT(ipm_capture_stats, note_names, 128);
