/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The few fields of the kernel's structures that are read here. Their offsets are relocated when a program is loaded
 * (BPF CO-RE), so only names and types matter. Fields inside anonymous unions of the kernel's are found by name. */
#ifndef IPM_EBPF_KERNEL_H
#define IPM_EBPF_KERNEL_H

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
enum { false = 0, true = 1 };
#define NULL ((void*)0)

/* include/uapi/linux/bpf.h */
enum {
  BPF_MAP_TYPE_HASH = 1,
  BPF_MAP_TYPE_ARRAY = 2,
  BPF_MAP_TYPE_PERCPU_ARRAY = 6,
  BPF_MAP_TYPE_SK_STORAGE = 24,
  BPF_MAP_TYPE_RINGBUF = 27,
  BPF_MAP_TYPE_TASK_STORAGE = 29
};
enum { BPF_ANY = 0, BPF_NOEXIST = 1, BPF_F_NO_PREALLOC = 1 };
enum { BPF_LOCAL_STORAGE_GET_F_CREATE = 1, BPF_SK_STORAGE_GET_F_CREATE = 1 };
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2, BPF_RB_AVAIL_DATA = 0, BPF_RB_RING_SIZE = 1 };

enum { AF_INET = 2, AF_INET6 = 10, AF_PACKET = 17 };
enum { SOCK_DGRAM = 2 };
enum { IPPROTO_TCP = 6, IPPROTO_UDP = 17, IPPROTO_MPTCP = 262 };
enum { MSG_PEEK = 0x2, MSG_ERRQUEUE = 0x2000 };
enum { EEXIST = 17, EADDRNOTAVAIL = 99, ENETUNREACH = 101, EHOSTUNREACH = 113 };
/* include/net/tcp_states.h */
enum {
  TCP_ESTABLISHED = 1,
  TCP_SYN_SENT = 2,
  TCP_SYN_RECV = 3,
  TCP_TIME_WAIT = 6,
  TCP_CLOSE = 7,
  TCP_LISTEN = 10,
  TCP_NEW_SYN_RECV = 12
};
enum { SOCK_DONE = 1 };           /* enum sock_flags: a FIN came in. */
enum { PF_KTHREAD = 0x00200000 }; /* include/linux/sched.h */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct atomic64 {
  s64 counter;
};
typedef struct {
  s64 counter;
} atomic64_t;
typedef struct {
  int counter;
} atomic_t;
struct ns_common {
  unsigned int inum;
};
struct net {
  struct ns_common ns;
};
typedef struct {
  struct net* net;
} possible_net_t;
struct in6_addr {
  union {
    __u8 u6_addr8[16];
  } in6_u;
};
typedef struct {
  unsigned int val;
} kuid_t;

struct sock_common {
  __be32 skc_daddr;
  __be32 skc_rcv_saddr;
  __be16 skc_dport;
  __u16 skc_num;
  unsigned short skc_family;
  volatile unsigned char skc_state;
  possible_net_t skc_net;
  struct in6_addr skc_v6_daddr;
  struct in6_addr skc_v6_rcv_saddr;
  atomic64_t skc_cookie;
  unsigned long skc_flags;
};
struct socket;
struct sock {
  struct sock_common __sk_common;
  u16 sk_protocol;
  u16 sk_type;
  int sk_err;
  u8 sk_shutdown;
  kuid_t sk_uid;
  struct socket* sk_socket;
};
struct inet_sock {
  struct sock sk;
  __be16 inet_sport;
};
struct inet_connection_sock {
  struct inet_sock icsk_inet;
};
struct minmax_sample {
  u32 t;
  u32 v;
};
struct minmax {
  struct minmax_sample s[3];
};
struct tcp_sock {
  struct inet_connection_sock inet_conn;
  u64 bytes_acked;
  u64 bytes_received;
  u64 bytes_sent;
  u64 bytes_retrans;
  u32 rcv_nxt;
  u32 copied_seq;
  u32 snd_nxt;
  u32 write_seq;
  u32 srtt_us;
  u32 mdev_us;
  struct minmax rtt_min;
  u32 total_retrans;
  u32 rcv_ooopack;
  u32 segs_in;
  u32 segs_out;
  bool is_mptcp;
};

/* include/net/mptcp/protocol.h: it is an inet_connection_sock, and a sock. */
struct mptcp_sock {
  struct inet_connection_sock sk;
};

struct super_block {
  u32 s_dev;
};
struct timespec64 {
  s64 tv_sec;
  long tv_nsec;
};
struct inode {
  unsigned long i_ino;
  struct super_block* i_sb;
  unsigned int i_nlink;
  s64 i_mtime_sec; /* Since 6.11. */
  u32 i_mtime_nsec;
};
struct inode___before_6_11 {
  struct timespec64 __i_mtime; /* 6.7 to 6.10. */
};
struct inode___before_6_7 {
  struct timespec64 i_mtime;
};
struct qstr {
  u32 len;
  const unsigned char* name;
};
struct dentry {
  struct dentry* d_parent;
  struct qstr d_name;
  struct inode* d_inode;
};
struct vfsmount {
  struct dentry* mnt_root;
};
struct mount {
  struct mount* mnt_parent;
  struct dentry* mnt_mountpoint;
  struct vfsmount mnt;
};
struct path {
  struct vfsmount* mnt;
  struct dentry* dentry;
};
struct socket {
  struct sock* sk;
  struct file* file;
};
struct file {
  struct path f_path;
  struct inode* f_inode;
  void* private_data;
};
struct fdtable {
  unsigned int max_fds;
  struct file** fd;
};
struct files_struct {
  struct fdtable* fdt;
};
struct mm_struct {
  struct file* exe_file;
};
struct cred {
  kuid_t uid;
};
struct nsproxy {
  struct net* net_ns;
};
struct kernfs_node {
  u64 id;
};
struct cgroup {
  struct kernfs_node* kn;
};
struct css_set {
  struct cgroup* dfl_cgrp;
};
struct signal_struct {
  atomic_t live;
  int group_exit_code;
};
struct task_struct {
  unsigned int flags;
  int tgid;
  int pid;
  int exit_code;
  u64 start_boottime;
  u64 self_exec_id;
  struct task_struct* group_leader;
  struct task_struct* real_parent;
  struct mm_struct* mm;
  const struct cred* cred;
  struct nsproxy* nsproxy;
  struct css_set* cgroups;
  struct files_struct* files;
  struct signal_struct* signal;
  char comm[16];
};
struct linux_binprm;
struct sk_buff {
  struct sock* sk;
};
struct seq_file;
struct bpf_iter_meta {
  struct seq_file* seq;
};
struct udp_sock {
  struct inet_sock inet;
};
struct bpf_iter__tcp {
  struct bpf_iter_meta* meta;
  struct sock_common* sk_common;
};
struct bpf_iter__udp {
  struct bpf_iter_meta* meta;
  struct udp_sock* udp_sk;
};
struct bpf_iter__task_file {
  struct bpf_iter_meta* meta;
  struct task_struct* task;
  u32 fd;
  struct file* file;
};

#pragma clang attribute pop

/* Fixed layouts of include/uapi/linux/bpf.h. */
struct bpf_sock {
  __u32 bound_dev_if;
  __u32 family;
  __u32 type;
  __u32 protocol;
};

/* Names that bpf_helper_defs.h mentions. */
struct bpf_sock_addr;
struct __sk_buff;

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#endif
