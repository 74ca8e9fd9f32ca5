// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// The sockets that processes hold, as seed.bpf.c tells them, for kernels whose verifier does not trust the socket that
// a program finds behind a file: it may be read, and no helper takes it. So the iterators of TCP and UDP tell the
// sockets, each those of one network namespace, and give them their cookies; by these the user side joins the files to
// them. What no iterator has (raw sockets, MPTCP) is told when it is used.
#include "seeded.h"

SEC("iter/tcp")
int ipm_walk_tcp(struct bpf_iter__tcp* context) {
  struct sock_common* common = context->sk_common;
  if (!common) return 0;
  struct tcp_sock* tp = bpf_skc_to_tcp_sock(common); /* None of one that waits for its time to pass. */
  if (!tp || (bpf_core_field_exists(tp->is_mptcp) && tp->is_mptcp)) return 0;
  struct sock* sk = (struct sock*)tp;
  struct ipm_record_seed record = {};
  fill_socket(&record.socket, sk, tp, seeded(sk), IPM_SOCKET_SEED);
  bpf_seq_write(context->meta->seq, &record, sizeof record);
  return 0;
}

SEC("iter/udp")
int ipm_walk_udp(struct bpf_iter__udp* context) {
  struct udp_sock* udp = context->udp_sk;
  if (!udp) return 0;
  struct ipm_record_seed record = {};
  fill_socket(&record.socket, (struct sock*)udp, NULL, NULL, IPM_SOCKET_SEED);
  bpf_seq_write(context->meta->seq, &record, sizeof record);
  return 0;
}

SEC("iter/task_file")
int ipm_walk_holders(struct bpf_iter__task_file* context) {
  struct task_struct* task = context->task;
  struct file* file = context->file;
  if (!task || !file) return 0;
  struct socket* socket = bpf_sock_from_file(file);
  if (!socket) return 0;
  struct sock* sk = socket->sk;
  if (!sk || !is_internet(sk->__sk_common.skc_family) || sk->sk_protocol == IPPROTO_MPTCP) return 0;
  struct ipm_record_seed record = {};
  record.socket.cookie = sk->__sk_common.skc_cookie.counter;
  if (!record.socket.cookie) return 0;
  begin_record(&record.socket.head, IPM_RECORD_SOCKET, sizeof record.socket);
  record.socket.what = IPM_SOCKET_SEED;
  record.socket.uid = sk->sk_uid.val;
  fill_tuple(sk, &record.socket.tuple);
  actor_of(task, &record.socket.actor);
  record.socket.inode = BPF_CORE_READ(file, f_inode, i_ino);
  BPF_CORE_READ_INTO(&record.comm, task, group_leader, comm);
  fill_moved(&record);
  bpf_seq_write(context->meta->seq, &record, sizeof record);
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
