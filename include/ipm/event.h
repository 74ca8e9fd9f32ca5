/* Events: what sources tell the engine. 128 bytes each, also the on-disk log. An embedder's own source writes these. */
#ifndef IPM_EVENT_H
#define IPM_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include <ipm/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Kinds. A number is never reused; a kind that a reader does not know is skipped and counted. */
enum {
  IPM_EVENT_PROCESS_START = 1,       /**< ipm_event_process: fork, or first sight of a process that was there. */
  IPM_EVENT_PROCESS_EXEC = 2,        /**< ipm_event_process: a new image; the earlier one keeps what it did. */
  IPM_EVENT_PROCESS_EXIT = 3,        /**< ipm_event_process_exit */
  IPM_EVENT_PROCESS_SAMPLE = 4,      /**< ipm_event_process_sample */
  IPM_EVENT_SOCKET_OPEN = 10,        /**< ipm_event_socket_open */
  IPM_EVENT_SOCKET_ESTABLISHED = 11, /**< ipm_event_socket_established */
  IPM_EVENT_SOCKET_DATA = 12,        /**< ipm_event_socket_data */
  IPM_EVENT_TCP_SNAPSHOT = 13,       /**< ipm_event_tcp_snapshot */
  IPM_EVENT_RETRANSMIT = 14,         /**< ipm_event_socket_count */
  IPM_EVENT_RESET = 15,              /**< ipm_event_socket_reset */
  IPM_EVENT_FAILURE = 16,            /**< ipm_event_socket_failure */
  IPM_EVENT_SOCKET_CLOSE = 17,       /**< ipm_event_socket_close */
  IPM_EVENT_SOCKET_OWNER = 18,       /**< ipm_event_socket_owner */
  IPM_EVENT_FRAME_DATA = 19,         /**< ipm_event_frame_data */
  IPM_EVENT_ENTROPY = 20,            /**< ipm_event_entropy */
  IPM_EVENT_SOCKET_NAT = 21,         /**< Ends beyond an address translation; written by packet sources. */
  IPM_EVENT_INTERFACE = 30,          /**< ipm_event_interface */
  IPM_EVENT_HOST_COUNTERS = 31,      /**< Totals of a namespace; written by libipm's own sources. */
  IPM_EVENT_TEXT = 40,               /**< Written by ipm_lane_text(). */
  IPM_EVENT_DNS_ANSWER = 41,         /**< ipm_event_dns_answer */
  IPM_EVENT_TLS_HELLO = 42,          /**< ipm_event_tls_hello */
  IPM_EVENT_GEO = 43,                /**< ipm_event_geo */
  IPM_EVENT_INTEL_HIT = 44,          /**< ipm_event_intel_hit */
  IPM_EVENT_CLOCK_ANCHOR = 50,       /**< ipm_event_clock_anchor */
  IPM_EVENT_LOSS = 51,               /**< ipm_event_loss */
  IPM_EVENT_TIME_ADVANCE = 52,       /**< No payload: time passed. */
  IPM_EVENT_DRILL_MARK = 53,         /**< Begin or end of a rehearsal. */
  IPM_EVENT_SOURCE_INFO = 55,        /**< The name behind a source number; written by the monitor. */
  IPM_EVENT_SETTINGS = 54,           /**< Bounds of the engine; written by the monitor. */
  IPM_EVENT_BASELINE = 56,           /**< A part of what an earlier run has learned; written by the monitor. */
  IPM_EVENT_CLUE = 58                /**< What an earlier run saw an app look like; written by the monitor. */
};

/** ipm_event.flags */
enum {
  IPM_EVENT_FIRST_SIGHT = 1, /**< Counts what happened before the source looked: in totals, not in rates or series. */
  IPM_EVENT_AFTER_LOSS = 2,  /**< Comes after a loss: what it counts may be short. */
  IPM_EVENT_INFERRED = 4     /**< Its process follows from other facts: nobody saw it move these bytes. */
};

/** One event. Little-endian on disk. */
typedef struct ipm_event {
  int64_t time_ns;     /**< Live: CLOCK_BOOTTIME. A file: its own clock. 0 from a lane, or more than a
                        second ahead: stamped when it is taken in. */
  uint16_t kind;       /**< IPM_EVENT_* */
  uint16_t version;    /**< 1 */
  uint16_t source;     /**< Set by the monitor. */
  uint16_t flags;      /**< IPM_EVENT_FIRST_SIGHT, … */
  uint64_t process;    /**< ipm_process_ref(), or 0: nobody known. */
  uint64_t flow;       /**< Socket cookie, or 0: the tuple in the payload is the identity. */
  uint8_t payload[96]; /**< One of the structs below, copied in; the rest zero. */
} ipm_event;

/** A process: pid (22 bits) and its start in clock ticks since boot, field 22 of /proc/PID/stat (0: not known). */
static inline uint64_t ipm_process_ref(uint32_t pid, uint64_t start_ticks) {
  return ((uint64_t)(pid & 0x3fffffU) << 42) | (start_ticks & 0x3ffffffffffULL);
}

enum { IPM_DIRECTION_UNKNOWN = 0, IPM_DIRECTION_OUT = 1, IPM_DIRECTION_IN = 2, IPM_DIRECTION_LISTEN = 3 };
enum { IPM_LAYER_NONE = 0, IPM_LAYER_APP = 1, IPM_LAYER_TCP = 2, IPM_LAYER_IP = 3, IPM_LAYER_WIRE = 4 };
enum { IPM_QUALITY_UNKNOWN = 0, IPM_QUALITY_CANDIDATE = 1, IPM_QUALITY_INFERRED = 2, IPM_QUALITY_EXACT = 3 };
enum { IPM_OPEN_EXISTING = 0, IPM_OPEN_CONNECT = 1, IPM_OPEN_ACCEPT = 2, IPM_OPEN_LISTEN = 3, IPM_OPEN_BIND = 4 };
enum {
  IPM_CLOSE_UNKNOWN = 0,
  IPM_CLOSE_ORDERLY = 1,
  IPM_CLOSE_RESET_BY_PEER = 2,
  IPM_CLOSE_RESET_HERE = 3,
  IPM_CLOSE_TIMEOUT = 4,
  IPM_CLOSE_REFUSED = 5,
  IPM_CLOSE_IDLE = 6,
  IPM_CLOSE_SOURCE_GONE = 7,
  IPM_CLOSE_UNREACHABLE = 8
};

/** Who talks to whom, as this host sees it. IPv4 is written as IPv4-mapped IPv6 (::ffff:a.b.c.d). */
typedef struct ipm_flow_tuple {
  uint8_t local_addr[16];
  uint8_t remote_addr[16];
  uint16_t local_port;  /**< Host order. */
  uint16_t remote_port; /**< Host order. */
  uint32_t netns;       /**< Inode of the network namespace; 0: none known. */
  uint8_t protocol;     /**< IANA number: 6 TCP, 17 UDP. */
  uint8_t direction;    /**< IPM_DIRECTION_* */
  uint16_t reserved;
} ipm_flow_tuple;

/** Text fields are ids from ipm_lane_text(); 0: none or not known. */
typedef struct ipm_event_process {
  uint64_t cgroup_id;
  uint64_t exe_inode;
  int64_t exe_mtime_ns;
  int64_t start_ns; /**< CLOCK_BOOTTIME of its start; 0: not known. */
  uint32_t ppid;
  uint32_t uid; /**< UINT32_MAX: not known. */
  uint32_t netns;
  uint32_t exe;
  uint32_t script;
  uint32_t unit;
  uint32_t container;
  uint32_t cgroup;
  uint32_t exe_dev;
  uint32_t ancestors; /**< Names of its ancestors, parent first: "bash < sshd < systemd". */
  char comm[16];
} ipm_event_process;

typedef struct ipm_event_process_exit {
  int32_t exit_code;
} ipm_event_process_exit;

/** Totals since the process started; a bit of `measured` says that the field was read: 1 CPU, 2 RSS, 4 I/O. */
typedef struct ipm_event_process_sample {
  uint64_t cpu_ns;
  uint64_t rss_bytes;
  uint64_t read_bytes;
  uint64_t write_bytes;
  uint32_t measured;
} ipm_event_process_sample;

typedef struct ipm_event_socket_open {
  ipm_flow_tuple tuple;
  uint8_t how;     /**< IPM_OPEN_* */
  uint8_t state;   /**< TCP state as in include/net/tcp_states.h; 0: none. */
  uint8_t quality; /**< IPM_QUALITY_*, of ipm_event.process as the owner. */
  uint8_t rule;
  uint64_t inode;
  uint32_t uid; /**< UINT32_MAX: not known. */
} ipm_event_socket_open;

typedef struct ipm_event_socket_established {
  ipm_flow_tuple tuple;
  uint32_t handshake_us; /**< 0: not measured. */
} ipm_event_socket_established;

/** Bytes since the last such event of the flow. `measured`: 1 tx_bytes, 2 rx_bytes, 4 tx_packets, 8 rx_packets, 16
 * counted by packets: bytes at layer ip, and the payload that they carried, of TCP each byte once; with 32 and 64 the
 * payload sent and received may be too small from now on. */
typedef struct ipm_event_socket_data {
  ipm_flow_tuple tuple;
  uint8_t layer; /**< IPM_LAYER_* */
  uint8_t measured;
  uint8_t reserved[2];
  uint64_t tx_bytes;
  uint64_t rx_bytes;
  uint32_t tx_packets;
  uint32_t rx_packets;
  uint64_t tx_payload_bytes;
  uint64_t rx_payload_bytes;
} ipm_event_socket_data;

/** `measured`: 1 srtt, 2 jitter, 4 min_rtt, 8 tx_retransmits, 16 rx_out_of_order, 32 rx_retransmits (the last three:
 * since the last one). */
typedef struct ipm_event_tcp_snapshot {
  ipm_flow_tuple tuple;
  uint8_t state;
  uint8_t measured;
  uint8_t reserved[2];
  uint32_t srtt_us;
  uint32_t jitter_us;
  uint32_t min_rtt_us;
  uint32_t tx_retransmits;
  uint32_t rx_out_of_order;
  uint32_t rx_retransmits;
} ipm_event_tcp_snapshot;

typedef struct ipm_event_socket_count {
  ipm_flow_tuple tuple;
  uint32_t count;
} ipm_event_socket_count;

typedef struct ipm_event_socket_reset {
  ipm_flow_tuple tuple;
  uint8_t sent_here; /**< 1: aborted by this host; 0: reset by the peer. */
} ipm_event_socket_reset;

typedef struct ipm_event_socket_failure {
  ipm_flow_tuple tuple;
  int32_t error; /**< errno; 0: not known. */
} ipm_event_socket_failure;

typedef struct ipm_event_socket_close {
  ipm_flow_tuple tuple;
  uint8_t reason; /**< IPM_CLOSE_* */
  uint8_t reserved[3];
  int64_t duration_ns; /**< -1: not known to the source. */
} ipm_event_socket_close;

typedef struct ipm_event_socket_owner {
  ipm_flow_tuple tuple;
  uint8_t quality; /**< IPM_QUALITY_* */
  uint8_t rule;
  uint16_t holders;   /**< How many hold it; may exceed 5. */
  uint64_t owners[5]; /**< ipm_process_ref() */
} ipm_event_socket_owner;

/** Whole frames handed to AF_PACKET sockets since the last one: part of no other number. */
typedef struct ipm_event_frame_data {
  uint64_t tx_bytes;
  uint32_t netns;
} ipm_event_frame_data;

/** Shannon entropy of the bytes that were sent since the last one. */
typedef struct ipm_event_entropy {
  ipm_flow_tuple tuple;
  uint32_t millibits; /**< Per byte: 0 to 8000. */
} ipm_event_entropy;

/** Octets since the interface came up. */
typedef struct ipm_event_interface {
  uint64_t rx_bytes;
  uint64_t tx_bytes;
  uint64_t rx_packets;
  uint64_t tx_packets;
  uint64_t rx_drops;
  uint64_t tx_drops;
  uint32_t rx_errors;
  uint32_t tx_errors;
  uint32_t netns;
  uint32_t index;
  uint32_t flags; /**< IFF_* */
  char name[16];
} ipm_event_interface;

/** One event for each address that was answered, or one without an address. */
typedef struct ipm_event_dns_answer {
  ipm_flow_tuple tuple;
  uint32_t name; /**< Text id of the question. */
  uint16_t question_type;
  uint16_t response_code;
  uint8_t address[16]; /**< As in ipm_flow_tuple; all zero: none. */
  uint32_t ttl_s;      /**< Seconds that the address is good for. */
} ipm_event_dns_answer;

enum { IPM_TLS_ECH = 1 /**< Encrypted ClientHello was offered: sni may be that of the front. */ };

/** What a TLS client said in the clear. Text fields are ids from ipm_lane_text(); 0: none or not known. */
typedef struct ipm_event_tls_hello {
  ipm_flow_tuple tuple;
  uint32_t sni;
  uint32_t alpn; /**< Names in the order of preference, joined by commas. */
  uint32_t ja3;
  uint32_t ja4;
  uint8_t flags; /**< IPM_TLS_* */
  uint8_t reserved[3];
} ipm_event_tls_hello;

/** Where a remote address is, by a database. The newest of an address counts. */
typedef struct ipm_event_geo {
  uint8_t address[16];
  uint32_t asn;     /**< Number of the autonomous system; 0: not known. */
  uint32_t as_name; /**< Text id. */
  char country[2];  /**< ISO 3166-1 alpha-2; zero: not known. */
  uint8_t reserved[2];
} ipm_event_geo;

enum { IPM_LISTED_ADDRESS = 0, IPM_LISTED_NAME = 1, IPM_LISTED_FINGERPRINT = 2 };

/** What a list of threat intelligence says about tuple.remote_addr, or about the text `subject`: a DNS name, a server
 * name or a JA4. It holds for every flow with that address or text until the next one of it. */
typedef struct ipm_event_intel_hit {
  ipm_flow_tuple tuple;
  uint8_t listed_as; /**< IPM_LISTED_* */
  uint8_t of_url;    /**< 1: a page on that host is listed, not the host itself. */
  uint8_t reserved[2];
  int64_t listed_unix_ns; /**< 0: not known. */
  uint32_t subject;       /**< Text ids; 0: the address. */
  uint32_t indicator;     /**< What the list has: "192.0.2.0/24". 0: it is on no list any more. */
  uint32_t feed;          /**< Name of the list. */
  uint32_t description;
} ipm_event_intel_hit;

/** Ties engine time to wall time. Files need one before their first event; live sources get them from the monitor. */
typedef struct ipm_event_clock_anchor {
  int64_t boottime_ns;
  int64_t realtime_ns;
  int32_t utc_offset_s;
  uint32_t reason; /**< 1 open, 2 tick, 3 step, 4 suspend, 5 zone */
  uint8_t boot_id[16];
  uint32_t ticks_per_second;
} ipm_event_clock_anchor;

/** Something was lost. `what`: 1 lane full, 2 kernel buffer, 3 malformed, 4 unreadable, 5 stale dump. All that is alive
 * then gets coverage lost_events; for 2 and 5 only events marked IPM_EVENT_AFTER_LOSS do. */
typedef struct ipm_event_loss {
  uint32_t what;
  uint32_t bytes_known;
  uint64_t events; /**< 0: some, their number is not known. */
  uint64_t bytes;
  uint8_t layer; /**< IPM_LAYER_* of `bytes` */
} ipm_event_loss;

/**
 * Write one event as a line of JSON, without a newline: kind, time, pid, tuple and what the payload holds. Texts are
 * ids.
 *
 * @param event       Not NULL.
 * @param[out] buffer At least `size` bytes; always terminated when size > 0. May be NULL when size is 0.
 * @param size        Bytes of buffer.
 * @return The bytes that the whole line needs without its NUL; more than size - 1 means it was cut.
 *
 * Ownership: allocates nothing that outlives the call.
 * Threads:   any.
 * Since:     0.1
 */
IPM_API size_t ipm_event_format(const ipm_event* event, char* buffer, size_t size);

#ifdef __cplusplus
}
#endif

#endif /* IPM_EVENT_H */
