// What the prototypes read of the kernel, relocated when they are loaded.
#pragma once
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
typedef struct {
  long long counter;
} atomic64_t;
struct sock_common {
  unsigned short skc_family;
  atomic64_t skc_cookie;
};
struct sock {
  struct sock_common __sk_common;
};
struct tcp_sock {
  __u64 bytes_acked;
  __u64 bytes_received;
  __u64 bytes_retrans;
  __u32 srtt_us;
  __u32 mdev_us;
  __u32 total_retrans;
  __u32 segs_in;
  __u32 segs_out;
};
struct task_struct {
  int tgid;
  struct task_struct* group_leader;
  __u64 start_boottime;
  __u64 self_exec_id;
};
struct socket {
  struct sock* sk;
};
struct file {};
struct seq_file {};
struct bpf_iter_meta {
  struct seq_file* seq;
};
struct bpf_iter__tcp {
  struct bpf_iter_meta* meta;
  struct sock_common* sk_common;
};
struct bpf_iter__task_file {
  struct bpf_iter_meta* meta;
  struct task_struct* task;
  __u32 fd;
  struct file* file;
};
#pragma clang attribute pop
