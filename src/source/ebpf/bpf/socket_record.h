/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Tells the user side what happened to a socket. */
#ifndef IPM_EBPF_SOCKET_RECORD_H
#define IPM_EBPF_SOCKET_RECORD_H

#include "shared.h"

static __always_inline u8 shutdown_of(struct sock* sk) {
  /* Two bits beside others until 5.7, a byte since. */
  return sk->sk_shutdown;
}

static __always_inline void fill_socket(struct ipm_record_socket* record, struct sock* sk, struct tcp_sock* tp,
                                        const struct ipm_life* known, u32 what) {
  begin_record(&record->head, IPM_RECORD_SOCKET, sizeof *record);
  record->cookie = cookie_of(sk);
  record->what = what;
  record->error = sk->sk_err;
  record->shutdown = shutdown_of(sk);
  record->state_before = 0;
  __builtin_memset(record->reserved, 0, sizeof record->reserved);
  record->inode = 0;
  record->uid = sk->sk_uid.val;
  record->reserved2 = 0;
  fill_tuple(sk, &record->tuple);
  if (known) {
    record->actor = known->origin;
    record->opened_ns = known->opened_ns;
    record->established_ns = known->established_ns;
    record->flags = known->flags;
    /* A socket that closes has given back its port. */
    if (known->tuple.family && !record->tuple.local_port) {
      u8 state = record->tuple.state;
      record->tuple = known->tuple;
      record->tuple.state = state;
    }
  } else {
    __builtin_memset(&record->actor, 0, sizeof record->actor);
    record->opened_ns = 0;
    record->established_ns = 0;
    record->flags = 0;
  }
  if (tp) {
    if (!record->tuple.local_port) {
      record->tuple.local_port = __builtin_bswap16(tp->inet_conn.icsk_inet.inet_sport);
    }
    fill_tcp(tp, &record->tcp);
  } else {
    __builtin_memset(&record->tcp, 0, sizeof record->tcp);
  }
}

static __always_inline void send_socket(struct sock* sk, struct tcp_sock* tp, const struct ipm_life* known, u32 what,
                                        u8 state_before) {
  struct ipm_record_socket* record = bpf_ringbuf_reserve(&ring, sizeof *record, 0);
  if (!record) return count(IPM_COUNT_RING_FULL, 1);
  fill_socket(record, sk, tp, known, what);
  record->state_before = state_before;
  bpf_ringbuf_submit(record, wake_flags());
}

#endif
