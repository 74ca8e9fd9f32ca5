/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What both ways of looking at the sockets that are there have in common. */
#ifndef IPM_EBPF_SEEDED_H
#define IPM_EBPF_SEEDED_H

#include "socket_record.h"

/* What is remembered of a TCP socket; of one that no hook has seen, from now on that it was there before. */
static __always_inline struct ipm_life* seeded(struct sock* sk) {
  struct ipm_life* known = bpf_sk_storage_get(&life, sk, NULL, 0);
  if (known) return known;
  known = bpf_sk_storage_get(&life, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
  if (!known) {
    count(IPM_COUNT_STORAGE_FAILED, 1);
    return NULL;
  }
  known->flags |= IPM_FLAG_SEEDED | IPM_FLAG_OWNED;
  if (sk->__sk_common.skc_state == TCP_ESTABLISHED) {
    known->established_ns = 1;
    fill_tuple(sk, &known->tuple);
  }
  return known;
}

/* What the map has of the record's socket and process. */
static __always_inline void fill_moved(struct ipm_record_seed* record) {
  struct ipm_io_key key = {
      .cookie = record->socket.cookie, .pid = record->socket.actor.pid, .image = record->socket.actor.image};
  struct ipm_io* moved = bpf_map_lookup_elem(&io, &key);
  if (!moved) return;
  record->tx_bytes = moved->tx_bytes;
  record->rx_bytes = moved->rx_bytes;
}

#endif
