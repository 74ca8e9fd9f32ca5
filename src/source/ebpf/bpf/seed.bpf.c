// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// The sockets that processes hold, of every network namespace: what was there before the hooks, and what is there after
// records were lost. One record a descriptor.
#include "seeded.h"

SEC("iter/task_file")
int ipm_seed(struct bpf_iter__task_file* context) {
  struct task_struct* task = context->task;
  struct file* file = context->file;
  if (!task || !file) return 0;
  struct socket* socket = bpf_sock_from_file(file);
  if (!socket) return 0;
  struct sock* sk = socket->sk;
  if (!sk || !is_internet(sk->__sk_common.skc_family)) return 0;
  bool tcp = sk->sk_protocol == IPPROTO_TCP;
  struct ipm_life* known = NULL;
  if (tcp || sk->sk_protocol == IPPROTO_MPTCP) {
    known = seeded(sk);
  }
  struct ipm_record_seed record = {};
  fill_socket(&record.socket, sk, tcp ? bpf_skc_to_tcp_sock(sk) : NULL, known, IPM_SOCKET_SEED);
  actor_of(task, &record.socket.actor);
  record.socket.inode = BPF_CORE_READ(file, f_inode, i_ino);
  BPF_CORE_READ_INTO(&record.comm, task, group_leader, comm);
  /* A socket that is in use tells its process by this: its exec and its end are news from now on. */
  u8 state = sk->__sk_common.skc_state;
  bool in_use = known ? state != TCP_CLOSE : sk->__sk_common.skc_num != 0;
  u32* told_before =
      in_use ? bpf_task_storage_get(&told, task->group_leader, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE) : NULL;
  if (in_use && !told_before) count(IPM_COUNT_STORAGE_FAILED, 1);
  if (told_before && !*told_before) *told_before = record.socket.actor.image ? record.socket.actor.image : 1;
  fill_moved(&record);
  bpf_seq_write(context->meta->seq, &record, sizeof record);
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
