/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The maps that all objects of one source share, and the helpers that several need. Each object brings the definitions;
 * the user side lets the later ones use the maps of the first. */
#ifndef IPM_EBPF_SHARED_H
#define IPM_EBPF_SHARED_H

#include "kernel.h"
#include "layout.h"

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4 << 20); /* Set before loading. */
} ring SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, IPM_COUNTERS);
  __type(key, u32);
  __type(value, u64);
} counters SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 65536); /* Set before loading. */
  __type(key, struct ipm_io_key);
  __type(value, struct ipm_io);
} io SEC(".maps");

/* In a section of its own, which all objects share as they share maps. */
struct ipm_orders orders SEC(".data.orders") = {.epoch = 1};

static __always_inline u32 epoch_now(void) {
  return *(volatile u32*)&orders.epoch;
}

/* Which image of a process was told. At its thread group leader; goes with it. */
struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, u32);
} told SEC(".maps");

/* What is to be remembered of a TCP socket; goes with it. */
struct {
  __uint(type, BPF_MAP_TYPE_SK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct ipm_life);
} life SEC(".maps");

/* A call of connect() under way, at its thread. */
struct ipm_connecting {
  int fd;
  u32 began; /* It was told as connecting. */
};
struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct ipm_connecting);
} connecting SEC(".maps");

static __always_inline void count(u32 which, u64 amount) {
  u64* counter = bpf_map_lookup_elem(&counters, &which);
  if (counter) *counter += amount;
}

/* The first use of an entry in a tick could not be told: the map has it, but the user side does not know of it. */
static __always_inline void lose_use(void) {
  count(IPM_COUNT_RING_IO_FULL, 1);
  __sync_fetch_and_add(&orders.uses_lost, 1);
}

/* Records do not wake the reader, which comes by itself, until a quarter of the ring is full. */
static __always_inline u64 wake_flags(void) {
  bool filling = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) > bpf_ringbuf_query(&ring, BPF_RB_RING_SIZE) >> 2;
  return filling ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

static __always_inline void begin_record(struct ipm_record_head* head, u32 type, u32 bytes) {
  head->type = type;
  head->bytes = bytes;
  head->time_ns = bpf_ktime_get_boot_ns();
}

static __always_inline void actor_of(struct task_struct* task, struct ipm_actor* actor) {
  actor->pid = task->tgid;
  actor->start_ns = task->group_leader->start_boottime;
  actor->image = (u32)(actor->start_ns >> 20) + (u32)task->self_exec_id * 0x9E3779B1U;
}

static __always_inline bool is_internet(u16 family) {
  return family == AF_INET || family == AF_INET6;
}

/* What an accepted MPTCP socket has for a cookie is its listener's, which it is a copy of (mptcp_sk_clone_init in
 * net/mptcp/protocol.c); so MPTCP sockets get a number here. No cookie is so large. */
static __always_inline u64 identity_of(struct ipm_life* known) {
  if (!known) return 0;
  if (!known->identity) known->identity = bpf_ktime_get_boot_ns() | 1ULL << 62;
  return known->identity;
}

static __always_inline u64 cookie_of(struct sock* sk) {
  if (sk->sk_protocol == IPPROTO_MPTCP) {
    return identity_of(bpf_sk_storage_get(&life, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE));
  }
  u64 cookie = sk->__sk_common.skc_cookie.counter;
  return cookie ? cookie : bpf_get_socket_cookie(sk); /* 0 until somebody asks. */
}

static __always_inline void fill_tuple(struct sock* sk, struct ipm_tuple* tuple) {
  tuple->family = sk->__sk_common.skc_family;
  tuple->protocol = sk->sk_protocol == IPPROTO_MPTCP ? IPPROTO_TCP : sk->sk_protocol;
  tuple->type = sk->sk_type;
  tuple->state = sk->__sk_common.skc_state;
  tuple->reserved = 0;
  tuple->netns = sk->__sk_common.skc_net.net->ns.inum;
  tuple->local_port = sk->__sk_common.skc_num;
  tuple->remote_port = __builtin_bswap16(sk->__sk_common.skc_dport);
  if (tuple->family == AF_INET6) {
    BPF_CORE_READ_INTO(&tuple->local_addr, sk, __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8);
    BPF_CORE_READ_INTO(&tuple->remote_addr, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr8);
  } else {
    __builtin_memset(tuple->local_addr, 0, 32);
    *(u32*)tuple->local_addr = sk->__sk_common.skc_rcv_saddr;
    *(u32*)tuple->remote_addr = sk->__sk_common.skc_daddr;
  }
}

static __always_inline void fill_tcp(struct tcp_sock* tp, struct ipm_tcp* tcp) {
  tcp->bytes_acked = tp->bytes_acked;
  tcp->bytes_received = tp->bytes_received;
  tcp->bytes_sent = tp->bytes_sent;
  tcp->bytes_retrans = tp->bytes_retrans;
  tcp->unread = tp->rcv_nxt - tp->copied_seq;
  tcp->srtt_us = tp->srtt_us >> 3;
  tcp->mdev_us = tp->mdev_us >> 2;
  tcp->min_rtt_us = tp->rtt_min.s[0].v;
  tcp->total_retrans = tp->total_retrans;
  tcp->rcv_ooopack = tp->rcv_ooopack;
  tcp->segs_in = tp->segs_in;
  tcp->segs_out = tp->segs_out;
  tcp->unsent = tp->write_seq - tp->snd_nxt;
  tcp->fin_received = (tp->inet_conn.icsk_inet.sk.__sk_common.skc_flags >> SOCK_DONE) & 1;
  tcp->measured = 1;
  __builtin_memset(tcp->reserved, 0, sizeof tcp->reserved);
}

#endif
