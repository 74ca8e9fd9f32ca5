/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What the kernel side and the user side of the ebpf source say to each other: records in the ring, entries in the
 * map of traffic. Both are built from this file in one build; a record is checked again when it is read. */
#ifndef IPM_EBPF_LAYOUT_H
#define IPM_EBPF_LAYOUT_H

#ifdef __BPF__
typedef unsigned char ipm_u8;
typedef unsigned short ipm_u16;
typedef unsigned int ipm_u32;
typedef int ipm_s32;
typedef unsigned long long ipm_u64;
typedef long long ipm_s64;
#else
#include <cstdint>
using ipm_u8 = std::uint8_t;
using ipm_u16 = std::uint16_t;
using ipm_u32 = std::uint32_t;
using ipm_s32 = std::int32_t;
using ipm_u64 = std::uint64_t;
using ipm_s64 = std::int64_t;
#endif

/* A process under one of its images. */
struct ipm_actor {
  ipm_u64 start_ns; /* CLOCK_BOOTTIME of the start of its thread group leader. */
  ipm_u32 pid;      /* Thread group. */
  ipm_u32 image;    /* Differs between the images that one pid runs, and between two processes with one pid. */
};

/* As the socket has it now. Parts that it does not have yet, or no longer, are zero. */
struct ipm_tuple {
  ipm_u8 local_addr[16]; /* Network order. IPv4 in the first four bytes. */
  ipm_u8 remote_addr[16];
  ipm_u16 local_port; /* Host order. */
  ipm_u16 remote_port;
  ipm_u32 netns; /* Inode of the network namespace. */
  ipm_u16 family;
  ipm_u16 protocol;
  ipm_u16 type;
  ipm_u8 state; /* include/net/tcp_states.h */
  ipm_u8 reserved;
};

/* The kernel's counters of a TCP socket (struct tcp_sock, RFC 4898 names in include/linux/tcp.h). */
struct ipm_tcp {
  ipm_u64 bytes_acked;    /* With SYN (of the side that connected) and FIN. */
  ipm_u64 bytes_received; /* With the FIN, if fin_received. */
  ipm_u64 bytes_sent;     /* With what was sent again. */
  ipm_u64 bytes_retrans;
  ipm_u32 unread; /* rcv_nxt - copied_seq: received and not yet taken, with a FIN that was not read. */
  ipm_u32 srtt_us;
  ipm_u32 mdev_us;
  ipm_u32 min_rtt_us;
  ipm_u32 total_retrans;
  ipm_u32 rcv_ooopack;
  ipm_u32 segs_in;
  ipm_u32 segs_out;
  ipm_u32 unsent; /* write_seq - snd_nxt: handed over and not yet sent. */
  ipm_u8 fin_received;
  ipm_u8 measured; /* 0: no TCP socket, all of this is void. */
  ipm_u8 reserved[2];
};

/* In memory that both sides have. */
struct ipm_orders {
  ipm_u32 epoch;         /* The tick; counted up by the user side. */
  ipm_u32 without_calls; /* No call is counted: processes of UDP sockets are told when they close them. */
  ipm_u32 uses_lost;     /* By the kernel side: records of kinds IPM_RECORD_IO, _PEER that found no room. */
  ipm_u32 reserved;
};

/* --- the map of traffic --- */

struct ipm_io_key {
  ipm_u64 cookie;
  ipm_u32 pid;
  ipm_u32 image;
};

/* What one image of one process moved through one socket. Counters only grow. */
struct ipm_io {
  ipm_u64 tx_bytes;
  ipm_u64 rx_bytes;
  ipm_u32 epoch; /* The tick in which it was last reported as used. */
  ipm_u32 reserved;
  struct ipm_actor actor;
  struct ipm_tuple tuple; /* When it was first used, or when it last became used in a tick. */
  struct ipm_tcp tcp;     /* When it last became used in a tick. */
  ipm_u64 first_ns;       /* CLOCK_BOOTTIME of its first use. */
};

/* --- the map of whom UDP sockets talk to --- */

struct ipm_peer_key {
  ipm_u64 cookie;
  ipm_u8 remote_addr[16]; /* Network order. IPv4 in the first four bytes. */
  ipm_u16 remote_port;    /* Host order. */
  ipm_u16 family;
  ipm_u32 reserved;
};

/* What one UDP socket and one remote sent each other, packets as they pass the IP layer: sent ones after the call, ones
 * that came in before it, whether a process takes them or not. Counters only grow. */
struct ipm_peer {
  ipm_u64 tx_packets; /* Segments, where the network card makes several of one. */
  ipm_u64 rx_packets;
  ipm_u64 tx_payload; /* UDP payload. */
  ipm_u64 rx_payload;
  ipm_u64 tx_options; /* IP options: what headers have beyond the least. */
  ipm_u64 rx_options;
  ipm_u32 epoch; /* As in struct ipm_io. */
  ipm_u32 netns;
  ipm_u16 local_port;
  ipm_u8 sent_first; /* The first packet went out. */
  ipm_u8 reserved[5];
  ipm_u8 local_addr[16];
};

/* --- what is remembered of a TCP socket, at the socket --- */

struct ipm_life {
  ipm_u64 opened_ns;
  ipm_u64 established_ns;
  ipm_u64 snapshot_ns;
  ipm_u64 identity;        /* Of MPTCP sockets, see identity_of() in shared.h. */
  struct ipm_actor origin; /* Who connected or accepted. */
  ipm_u32 flags;           /* enum ipm_socket_flags */
  ipm_u32 reserved;
  struct ipm_tuple tuple; /* While it was established. */
};

/* --- the ring --- */

enum ipm_record_type {
  IPM_RECORD_IO = 1,      /* ipm_record_io: a key that was used for the first time in this tick. */
  IPM_RECORD_SOCKET = 2,  /* ipm_record_socket */
  IPM_RECORD_PROCESS = 3, /* ipm_record_process: an image that communicates. */
  IPM_RECORD_EXIT = 4,    /* ipm_record_exit: the end of a process that was told. */
  IPM_RECORD_OWNER = 5,   /* ipm_record_owner */
  IPM_RECORD_PACKET = 7,  /* ipm_record_packet */
  IPM_RECORD_RELEASE = 6, /* ipm_record_owner: the last descriptor is closed, by this process. */
  IPM_RECORD_PEER = 8     /* ipm_record_peer: one that sent or got a packet for the first time in this tick. */
};

struct ipm_record_head {
  ipm_u32 type;
  ipm_u32 bytes; /* Of the record, with this. */
  ipm_u64 time_ns;
};

struct ipm_record_io {
  struct ipm_record_head head; /* time_ns is 0. */
  struct ipm_io_key key;
};

struct ipm_record_peer {
  struct ipm_record_head head; /* time_ns is 0. */
  struct ipm_peer_key key;
};

enum ipm_socket_what {
  IPM_SOCKET_CONNECT = 1,     /* connect() began. `actor` called it. The local port is not known yet. */
  IPM_SOCKET_LISTEN = 2,      /* `actor` called listen(). */
  IPM_SOCKET_ESTABLISHED = 3, /* In interrupt context: `actor` is who connected, or nobody. */
  IPM_SOCKET_CLOSED = 4,      /* The connection is over; what was received may still be read. */
  IPM_SOCKET_DESTROYED = 5,   /* The socket is gone: nothing will be counted for it any more. */
  IPM_SOCKET_RESET_SENT = 6,
  IPM_SOCKET_SNAPSHOT = 7, /* After a retransmission. */
  IPM_SOCKET_NO_WAY = 8,   /* connect() returned `error`. `actor` called it; the cookie may be 0. */
  IPM_SOCKET_SEED = 9      /* Was there before the hooks. `actor` holds a descriptor of it. */
};

enum ipm_socket_flags {
  IPM_FLAG_PASSIVE = 1,        /* Came out of a listener. */
  IPM_FLAG_RESET_RECEIVED = 2, /* After it was established. */
  IPM_FLAG_OWNED = 4,          /* Somebody was seen to connect, accept or use it. */
  IPM_FLAG_SEEDED = 8,         /* Was there before the hooks. */
  IPM_FLAG_ESTABLISHED = 16,   /* Once. */
  IPM_FLAG_BEGAN = 32          /* Of IPM_SOCKET_NO_WAY: it was told as connecting, and as closed. */
};

struct ipm_record_socket {
  struct ipm_record_head head;
  ipm_u64 cookie;
  struct ipm_actor actor;
  struct ipm_tuple tuple;
  ipm_u64 opened_ns;      /* 0: not seen. */
  ipm_u64 established_ns; /* 0: not seen. */
  ipm_u32 what;
  ipm_s32 error;       /* sk_err */
  ipm_u8 state_before; /* Of IPM_SOCKET_CLOSED. */
  ipm_u8 flags;
  ipm_u8 shutdown; /* sk_shutdown: 1 receive, 2 send. */
  ipm_u8 reserved[5];
  ipm_u64 inode; /* Of the socket's file; 0: none. */
  ipm_u32 uid;   /* Of the socket. */
  ipm_u32 reserved2;
  struct ipm_tcp tcp;
};

#define IPM_COMM_BYTES 16

/* What the iterator writes: no record of the ring, but of the same kind. */
struct ipm_record_seed {
  struct ipm_record_socket socket;
  ipm_u64 tx_bytes; /* What the map has of `actor` and this socket at that moment: not from before the hooks. */
  ipm_u64 rx_bytes;
  char comm[IPM_COMM_BYTES]; /* Of `actor`. */
};

#define IPM_ANCESTORS 6
#define IPM_EXE_BYTES 1024 /* A path is written to its end, from the back; one that is longer loses its beginning. */
#define IPM_NAME_BYTES 256

struct ipm_ancestor {
  ipm_u32 pid;
  char comm[IPM_COMM_BYTES];
};

enum ipm_process_flags {
  IPM_PROCESS_KERNEL = 1,      /* A thread of the kernel: no exe. */
  IPM_PROCESS_EXE_CUT = 2,     /* The path was deeper or longer than there was room for. */
  IPM_PROCESS_EXE_DELETED = 4, /* The file has no name any more. */
  IPM_PROCESS_EXEC = 8         /* Told because it exec'd: it has been told before. */
};

struct ipm_record_process {
  struct ipm_record_head head;
  struct ipm_actor actor;
  ipm_u64 cgroup_id;
  ipm_u64 exe_inode;
  ipm_s64 exe_mtime_ns;
  ipm_u32 exe_dev; /* As the kernel has it: major << 20 | minor. */
  ipm_u32 parent;
  ipm_u32 uid;
  ipm_u32 netns;
  ipm_u32 flags;
  ipm_u32 exe_begin; /* Index into exe of its first byte; IPM_EXE_BYTES: no path. */
  char comm[IPM_COMM_BYTES];
  struct ipm_ancestor ancestors[IPM_ANCESTORS]; /* Parent first; pid 0: no more. */
  char exe[IPM_EXE_BYTES + IPM_NAME_BYTES];     /* The last IPM_NAME_BYTES are room for the verifier's doubts. */
};

struct ipm_record_exit {
  struct ipm_record_head head;
  struct ipm_actor actor;
  ipm_s32 exit_code; /* As wait(2) has it. */
  ipm_u32 reserved;
};

struct ipm_record_owner {
  struct ipm_record_head head;
  ipm_u64 cookie;
  struct ipm_actor actor;
  ipm_u16 family;
  ipm_u16 protocol;
  ipm_u32 netns;
};

enum ipm_packet_what {
  IPM_PACKET_DNS = 1,  /* Comes in, from a port of DNS. */
  IPM_PACKET_HELLO = 2 /* Goes out: a segment of a TLS ClientHello. */
};

/* Sizes that a packet is copied in; what is longer is cut. */
#define IPM_PACKET_SMALL 576
#define IPM_PACKET_MEDIUM 2048
#define IPM_PACKET_LARGE 8192

/* The packet follows, from the IP header on. */
struct ipm_record_packet {
  struct ipm_record_head head;
  ipm_u64 cookie;
  ipm_u32 what;
  ipm_u32 packet_bytes; /* That are there. */
  ipm_u32 netns;        /* Of the socket. */
  ipm_u32 reserved;
};

/* --- counters, per CPU --- */

enum ipm_counter {
  IPM_COUNT_RING_FULL = 0,    /* Records that found no room. */
  IPM_COUNT_RING_IO_FULL = 1, /* Of kinds IPM_RECORD_IO, _PEER: the maps still have what they would have pointed at. */
  IPM_COUNT_MAP_FULL = 2,     /* Sends and receives that found no entry. */
  IPM_COUNT_MAP_FULL_TX = 3,  /* Their bytes, but for TCP. */
  IPM_COUNT_MAP_FULL_RX = 4,
  IPM_COUNT_STORAGE_FAILED = 5, /* What is to be remembered at a socket or a process, and found no memory. */
  IPM_COUNT_NAMES_FULL = 6,     /* Packets with names that found no room, or would have left too little. */
  IPM_COUNT_PEERS_FULL = 7,     /* Packets that found no entry in the map of peers … */
  IPM_COUNT_PEERS_FULL_TX = 8,  /* … and their bytes, IP total length. */
  IPM_COUNT_PEERS_FULL_RX = 9,
  IPM_COUNT_MAP_FULL_TCP = 10, /* Like _TX and _RX, of TCP: the end of its connection has them too. */
  IPM_COUNTERS = 11
};

#endif
