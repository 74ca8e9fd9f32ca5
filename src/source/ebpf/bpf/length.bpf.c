// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// Every byte that a process hands to a socket or takes from one: the two tracepoints of net/socket.c (since Linux 6.3),
// which see every path but splice(2) out of a socket and zero-copy receive. Both come in the context of the process.
// Nothing is sent to the user side here but the first use of an entry in a tick: it reads the sums from the map.
#include "process.h"

static __noinline int first_use(struct sock* sk, struct ipm_io_key* key) {
  struct ipm_io fresh = {};
  struct task_struct* task = bpf_get_current_task_btf();
  actor_of(task, &fresh.actor);
  fill_tuple(sk, &fresh.tuple);
  fresh.first_ns = bpf_ktime_get_boot_ns();
  long error = bpf_map_update_elem(&io, key, &fresh, BPF_NOEXIST);
  if (error && error != -EEXIST) return 0;
  tell_process(task, &fresh.actor);
  struct ipm_life* known = bpf_sk_storage_get(&life, sk, NULL, 0);
  if (!known && sk->sk_protocol == IPPROTO_TCP) {
    /* It waited to be accepted when the hooks came. With this its end is told. */
    known = bpf_sk_storage_get(&life, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
    if (!known) count(IPM_COUNT_STORAGE_FAILED, 1);
    if (known) known->flags |= IPM_FLAG_SEEDED;
    if (known) known->tuple = fresh.tuple;
    if (known) known->established_ns = 1;
  }
  if (known) known->flags |= IPM_FLAG_OWNED;
  return 1;
}

static __always_inline void report(struct sock* sk, const struct ipm_io_key* key, struct ipm_io* value, u32 now) {
  value->epoch = now;
  if (value->tuple.family != AF_PACKET) {
    if (sk->sk_protocol == IPPROTO_TCP) {
      struct tcp_sock* tp = bpf_skc_to_tcp_sock(sk);
      if (tp) fill_tcp(tp, &value->tcp);
    } else {
      fill_tuple(sk, &value->tuple); /* A UDP socket may be connected elsewhere. */
    }
  }
  struct ipm_record_io* record = bpf_ringbuf_reserve(&ring, sizeof *record, 0);
  if (!record) return lose_use();
  record->head.type = IPM_RECORD_IO;
  record->head.bytes = sizeof *record;
  record->head.time_ns = 0;
  record->key = *key;
  bpf_ringbuf_submit(record, wake_flags());
}

static __always_inline int moved(struct sock* sk, int bytes, bool sent) {
  struct task_struct* task = bpf_get_current_task_btf();
  struct ipm_actor actor;
  actor_of(task, &actor);
  struct ipm_io_key key = {.cookie = cookie_of(sk), .pid = actor.pid, .image = actor.image};
  struct ipm_io* value = bpf_map_lookup_elem(&io, &key);
  if (!value) {
    value = first_use(sk, &key) ? bpf_map_lookup_elem(&io, &key) : NULL;
    if (!value) {
      count(IPM_COUNT_MAP_FULL, 1);
      u16 family = sk->__sk_common.skc_family;
      u32 which = sent ? IPM_COUNT_MAP_FULL_TX : IPM_COUNT_MAP_FULL_RX;
      if (sk->sk_protocol == IPPROTO_TCP) which = IPM_COUNT_MAP_FULL_TCP;
      if (family != AF_PACKET) count(which, bytes);
      return 0;
    }
  }
  __sync_fetch_and_add(sent ? &value->tx_bytes : &value->rx_bytes, bytes);
  // After the sum: who reads the sum after counting up the tick has this in it, or is told in the next one.
  u32 now = epoch_now();
  if (value->epoch != now) report(sk, &key, value, now);
  return 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(ipm_send_length, struct sock* sk, int bytes, int flags) {
  u16 family = sk->__sk_common.skc_family;
  if (bytes <= 0 || (!is_internet(family) && family != AF_PACKET)) return 0;
  return moved(sk, bytes, true);
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(ipm_recv_length, struct sock* sk, int bytes, int flags) {
  if (bytes <= 0 || (flags & (MSG_PEEK | MSG_ERRQUEUE)) || !is_internet(sk->__sk_common.skc_family)) return 0;
  return moved(sk, bytes, false);
}

char LICENSE[] SEC("license") = "GPL";
