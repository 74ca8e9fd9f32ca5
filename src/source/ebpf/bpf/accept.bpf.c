// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// What only the return of a system call tells: who accepted a connection, and that a connect found no way. Needs the
// tracepoints of system calls; without them the owner of an accepted connection is who uses it first.
#include "process.h"

/* /sys/kernel/tracing/events/syscalls/sys_exit_accept4/format, sys_enter_connect/format */
struct syscall_exit {
  u64 common;
  long number;
  long result;
};
struct syscall_enter {
  u64 common;
  long number;
  unsigned long arguments[6];
};

static __always_inline struct sock* socket_of(struct task_struct* task, long fd) {
  struct fdtable* table = BPF_CORE_READ(task, files, fdt);
  if (fd < 0 || fd >= BPF_CORE_READ(table, max_fds)) return NULL;
  struct file** files = BPF_CORE_READ(table, fd);
  struct file* file = NULL;
  bpf_probe_read_kernel(&file, sizeof file, files + fd);
  struct socket* socket = BPF_CORE_READ(file, private_data);
  return BPF_CORE_READ(socket, sk);
}

static __always_inline int accepted(const struct syscall_exit* call) {
  if (call->result < 0) return 0;
  struct task_struct* task = bpf_get_current_task_btf();
  struct sock* sk = socket_of(task, call->result);
  u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
  u64 cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
  /* An MPTCP socket's is not its own. */
  if (!is_internet(family) || !cookie || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP) return 0;
  struct ipm_actor actor;
  actor_of(task, &actor);
  tell_process(task, &actor);
  struct ipm_record_owner* record = bpf_ringbuf_reserve(&ring, sizeof *record, 0);
  if (!record) {
    count(IPM_COUNT_RING_FULL, 1);
    return 0;
  }
  begin_record(&record->head, IPM_RECORD_OWNER, sizeof *record);
  record->cookie = cookie;
  record->actor = actor;
  record->family = family;
  record->protocol = IPPROTO_TCP;
  record->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
  bpf_ringbuf_submit(record, wake_flags());
  return 0;
}

SEC("tracepoint/syscalls/sys_exit_accept4")
int ipm_accept4(struct syscall_exit* call) {
  return accepted(call);
}

SEC("tracepoint/syscalls/sys_exit_accept")
int ipm_accept(struct syscall_exit* call) {
  return accepted(call);
}

SEC("tracepoint/syscalls/sys_enter_connect")
int ipm_connect_begin(struct syscall_enter* call) {
  struct task_struct* task = bpf_get_current_task_btf();
  struct ipm_connecting* now = bpf_task_storage_get(&connecting, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
  if (!now) {
    count(IPM_COUNT_STORAGE_FAILED, 1);
    return 0;
  }
  now->fd = call->arguments[0];
  now->began = 0;
  return 0;
}

/* A connect without a way to go, or without a port to come from, ends with neither a packet nor an error at the socket.
 * Whether its state was ever another depends on where in the kernel that is found. */
SEC("tracepoint/syscalls/sys_exit_connect")
int ipm_connect_end(struct syscall_exit* call) {
  if (call->result != -ENETUNREACH && call->result != -EHOSTUNREACH && call->result != -EADDRNOTAVAIL) return 0;
  struct task_struct* task = bpf_get_current_task_btf();
  struct ipm_connecting* now = bpf_task_storage_get(&connecting, task, NULL, 0);
  if (!now) return 0;
  struct sock* sk = socket_of(task, now->fd);
  u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
  u16 protocol = BPF_CORE_READ(sk, sk_protocol);
  if (!is_internet(family) || (protocol != IPPROTO_TCP && protocol != IPPROTO_MPTCP)) return 0;
  if (now->began && protocol == IPPROTO_MPTCP) return 0; /* Its cookie is not what it was told by. */
  struct ipm_actor actor;
  actor_of(task, &actor);
  tell_process(task, &actor);
  struct ipm_record_socket* record = bpf_ringbuf_reserve(&ring, sizeof *record, 0);
  if (!record) {
    count(IPM_COUNT_RING_FULL, 1);
    return 0;
  }
  __builtin_memset(record, 0, sizeof *record);
  begin_record(&record->head, IPM_RECORD_SOCKET, sizeof *record);
  record->cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
  record->actor = actor;
  record->what = IPM_SOCKET_NO_WAY;
  record->error = -call->result;
  record->flags = now->began ? IPM_FLAG_BEGAN : 0;
  record->tuple.family = family;
  record->tuple.protocol = IPPROTO_TCP;
  record->tuple.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
  record->tuple.local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
  record->uid = BPF_CORE_READ(sk, sk_uid.val);
  bpf_ringbuf_submit(record, wake_flags());
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
