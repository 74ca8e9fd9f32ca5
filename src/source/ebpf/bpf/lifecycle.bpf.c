// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// The life of TCP connections: who opened them, when they were established, how they ended and with which counters.
// Who runs is asked only where the process itself is the cause (connect, listen): everything else happens in interrupt
// context, in whatever process was interrupted.
#include "process.h"
#include "socket_record.h"

#define SNAPSHOT_NS 100000000ULL /* At most one record of retransmissions a socket in this time. */

// Connections of MPTCP are told by their own socket; those of its subflows would count them twice. TCP, or nothing.
static __always_inline bool is_followed(struct sock* sk, struct tcp_sock** tp) {
  *tp = NULL;
  if (!is_internet(sk->__sk_common.skc_family)) return false;
  if (sk->sk_protocol == IPPROTO_MPTCP) return true;
  if (sk->sk_protocol != IPPROTO_TCP) return false;
  *tp = bpf_skc_to_tcp_sock(sk);
  return *tp && !(bpf_core_field_exists((*tp)->is_mptcp) && (*tp)->is_mptcp);
}

static __always_inline struct ipm_life* life_of(struct sock* sk) {
  struct ipm_life* known = bpf_sk_storage_get(&life, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
  if (!known) count(IPM_COUNT_STORAGE_FAILED, 1);
  return known;
}

static __always_inline void opened_by_caller(struct sock* sk, struct tcp_sock* tp, u32 what) {
  struct task_struct* task = bpf_get_current_task_btf();
  struct ipm_life* known = life_of(sk);
  if (!known) return;
  u64 identity = known->identity;
  __builtin_memset(known, 0, sizeof *known); /* A socket may connect again. */
  known->identity = identity;
  actor_of(task, &known->origin);
  known->opened_ns = bpf_ktime_get_boot_ns();
  known->flags = IPM_FLAG_OWNED;
  struct ipm_connecting* call = bpf_task_storage_get(&connecting, task, NULL, 0);
  if (call) call->began = 1;
  tell_process(task, &known->origin);
  send_socket(sk, tp, known, what, 0);
}

static __always_inline void established(struct sock* sk, struct tcp_sock* tp, int before) {
  struct ipm_life* known = life_of(sk);
  if (!known) return;
  known->established_ns = bpf_ktime_get_boot_ns();
  /* The socket of an MPTCP connection is a copy of its listener until now. */
  if (before == TCP_SYN_RECV || before == TCP_LISTEN) known->flags |= IPM_FLAG_PASSIVE;
  known->flags |= IPM_FLAG_ESTABLISHED;
  fill_tuple(sk, &known->tuple);
  send_socket(sk, tp, known, IPM_SOCKET_ESTABLISHED, before);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(ipm_set_state, struct sock* sk, int before, int now) {
  struct tcp_sock* tp;
  if (!is_followed(sk, &tp)) return 0;
  switch (now) {
    case TCP_SYN_SENT:
      opened_by_caller(sk, tp, IPM_SOCKET_CONNECT);
      break;
    case TCP_LISTEN:
      opened_by_caller(sk, tp, IPM_SOCKET_LISTEN);
      break;
    case TCP_SYN_RECV: {
      struct ipm_life* known = life_of(sk);
      if (known) known->opened_ns = bpf_ktime_get_boot_ns();
      break;
    }
    case TCP_ESTABLISHED:
      established(sk, tp, before);
      break;
    case TCP_CLOSE: {
      struct ipm_life* known = bpf_sk_storage_get(&life, sk, NULL, 0);
      // Bound and closed, never connected.
      if (!known && before == TCP_CLOSE) break;
      send_socket(sk, tp, known, IPM_SOCKET_CLOSED, before);
      break;
    }
    default:
      break;
  }
  return 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(ipm_destroy_sock, struct sock* sk) {
  struct ipm_life* known = bpf_sk_storage_get(&life, sk, NULL, 0);
  if (!known) return 0;
  send_socket(sk, bpf_skc_to_tcp_sock(sk), known, IPM_SOCKET_DESTROYED, 0);
  return 0;
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(ipm_receive_reset, struct sock* sk) {
  struct ipm_life* known = bpf_sk_storage_get(&life, sk, NULL, 0);
  // One that answers a SYN is a failure, which the state tells.
  if (known && known->established_ns) known->flags |= IPM_FLAG_RESET_RECEIVED;
  return 0;
}

SEC("tp_btf/tcp_send_reset")
int BPF_PROG(ipm_send_reset, struct sock* sk, struct sk_buff* skb) {
  if (!sk) return 0;  // A segment for nobody.
  // Mini-sockets are no sockets: there is nothing behind what both have in common.
  u8 state = sk->__sk_common.skc_state;
  if (state == TCP_TIME_WAIT || state == TCP_NEW_SYN_RECV || state == TCP_LISTEN) return 0;
  struct ipm_life* known = bpf_sk_storage_get(&life, sk, NULL, 0);
  if (!known || !known->established_ns) return 0;
  send_socket(sk, bpf_skc_to_tcp_sock(sk), known, IPM_SOCKET_RESET_SENT, 0);
  return 0;
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(ipm_retransmit, struct sock* sk, struct sk_buff* skb) {
  struct ipm_life* known = bpf_sk_storage_get(&life, sk, NULL, 0);
  if (!known) return 0;
  u64 now = bpf_ktime_get_boot_ns();
  if (now - known->snapshot_ns < SNAPSHOT_NS) return 0;
  known->snapshot_ns = now;
  send_socket(sk, bpf_skc_to_tcp_sock(sk), known, IPM_SOCKET_SNAPSHOT, 0);
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
