// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// The last descriptor of a socket is closed, in the context of who closes it: the end of UDP and raw sockets, and the
// owner of an accepted connection that nobody used. Needs cgroup v2 and CAP_NET_ADMIN.
#include "process.h"

SEC("cgroup/sock_release")
int ipm_release(struct bpf_sock* sk) {
  struct ipm_life* known = NULL;
  if (sk->protocol == IPPROTO_TCP || sk->protocol == IPPROTO_MPTCP) {
    known = bpf_sk_storage_get(&life, sk, NULL, 0);
    if (!known) return 1;
    if (sk->protocol == IPPROTO_TCP && (known->flags & IPM_FLAG_OWNED)) return 1;
  } else if (orders.without_calls) {
    known = bpf_sk_storage_get(&life, sk, NULL, 0); /* It talked. */
  }
  struct task_struct* task = bpf_get_current_task_btf();
  struct ipm_actor actor;
  actor_of(task, &actor);
  if (known) tell_process(task, &actor);
  struct ipm_record_owner* record = bpf_ringbuf_reserve(&ring, sizeof *record, 0);
  if (!record) {
    count(IPM_COUNT_RING_FULL, 1);
    return 1;
  }
  begin_record(&record->head, IPM_RECORD_RELEASE, sizeof *record);
  record->cookie = sk->protocol == IPPROTO_MPTCP ? identity_of(known) : bpf_get_socket_cookie(sk);
  record->actor = actor;
  record->family = sk->family;
  record->protocol = sk->protocol;
  record->netns = 0;
  bpf_ringbuf_submit(record, wake_flags());
  return 1;
}

char LICENSE[] SEC("license") = "GPL";
