/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Tells the user side who communicates, once an image: what may be gone from /proc when it comes to look. */
#ifndef IPM_EBPF_PROCESS_H
#define IPM_EBPF_PROCESS_H

#include "shared.h"

#define IPM_PATH_DEPTH 32

/* Writes the path of a file from the back, as d_path() in fs/d_path.c finds it: up to the root of its mount namespace.
 * What is in no directory, as a program in a memfd is not, has its name. Returns the index of the first byte. */
static __always_inline u32 write_path(struct file* file, char* out, u32* flags) {
  struct dentry* dentry = BPF_CORE_READ(file, f_path.dentry);
  struct vfsmount* vfs = BPF_CORE_READ(file, f_path.mnt);
  struct mount* mnt = (void*)((char*)vfs - bpf_core_field_offset(struct mount, mnt));
  u32 begin = IPM_EXE_BYTES;
  if (BPF_CORE_READ(dentry, d_inode, i_nlink) == 0) *flags |= IPM_PROCESS_EXE_DELETED;
  for (int depth = 0; depth < IPM_PATH_DEPTH; ++depth) {
    /* Says nothing new, but lets the verifier see that one turn is like the next. */
    asm volatile("%0 &= %1" : "+r"(begin) : "i"(2 * IPM_EXE_BYTES - 1));
    struct dentry* root = BPF_CORE_READ(mnt, mnt.mnt_root);
    struct dentry* parent = BPF_CORE_READ(dentry, d_parent);
    if (dentry == root || (dentry == parent && begin != IPM_EXE_BYTES)) {
      struct mount* above = BPF_CORE_READ(mnt, mnt_parent);
      if (above == mnt || dentry != root) return begin;
      dentry = BPF_CORE_READ(mnt, mnt_mountpoint);
      mnt = above;
      continue;
    }
    u32 bytes = BPF_CORE_READ(dentry, d_name.len);
    const unsigned char* name = BPF_CORE_READ(dentry, d_name.name);
    if (bytes >= IPM_NAME_BYTES || begin < bytes + 1) break;
    begin -= bytes + 1;
    u32 at = begin & (IPM_EXE_BYTES - 1);
    out[at] = '/';
    bytes &= IPM_NAME_BYTES - 1;
    bpf_probe_read_kernel(&out[at + 1], bytes, name);
    dentry = parent;
  }
  *flags |= IPM_PROCESS_EXE_CUT;
  return begin;
}

static __always_inline s64 mtime_of(struct inode* inode) {
  if (bpf_core_field_exists(struct inode, i_mtime_sec)) {
    return BPF_CORE_READ(inode, i_mtime_sec) * 1000000000LL + BPF_CORE_READ(inode, i_mtime_nsec);
  }
  struct timespec64 time = {};
  if (bpf_core_field_exists(struct inode___before_6_11, __i_mtime)) {
    time.tv_sec = BPF_CORE_READ((struct inode___before_6_11*)inode, __i_mtime.tv_sec);
    time.tv_nsec = BPF_CORE_READ((struct inode___before_6_11*)inode, __i_mtime.tv_nsec);
  } else if (bpf_core_field_exists(struct inode___before_6_7, i_mtime)) {
    time.tv_sec = BPF_CORE_READ((struct inode___before_6_7*)inode, i_mtime.tv_sec);
    time.tv_nsec = BPF_CORE_READ((struct inode___before_6_7*)inode, i_mtime.tv_nsec);
  }
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static __noinline int send_process(struct task_struct* task, u32 image_flags) {
  struct ipm_record_process* record = bpf_ringbuf_reserve(&ring, sizeof *record, 0);
  if (!record) return 0;
  begin_record(&record->head, IPM_RECORD_PROCESS, sizeof *record);
  struct task_struct* leader = BPF_CORE_READ(task, group_leader);
  record->actor.pid = BPF_CORE_READ(task, tgid);
  record->actor.start_ns = BPF_CORE_READ(leader, start_boottime);
  record->actor.image = (u32)(record->actor.start_ns >> 20) + (u32)BPF_CORE_READ(task, self_exec_id) * 0x9E3779B1U;
  record->flags = image_flags;
  record->cgroup_id = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
  record->parent = BPF_CORE_READ(leader, real_parent, tgid);
  record->uid = BPF_CORE_READ(task, cred, uid.val);
  record->netns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
  BPF_CORE_READ_INTO(&record->comm, leader, comm);
  record->exe_inode = 0;
  record->exe_mtime_ns = 0;
  record->exe_dev = 0;
  record->exe_begin = IPM_EXE_BYTES;

  struct task_struct* above = BPF_CORE_READ(leader, real_parent);
  for (int i = 0; i < IPM_ANCESTORS; ++i) {
    struct ipm_ancestor* ancestor = &record->ancestors[i];
    __builtin_memset(ancestor, 0, sizeof *ancestor);
    u32 pid = BPF_CORE_READ(above, tgid);
    if (pid == 0) continue;
    ancestor->pid = pid;
    above = BPF_CORE_READ(above, group_leader);
    BPF_CORE_READ_INTO(&ancestor->comm, above, comm);
    above = BPF_CORE_READ(above, real_parent);
  }

  if (BPF_CORE_READ(task, flags) & PF_KTHREAD) record->flags |= IPM_PROCESS_KERNEL;
  struct file* exe = BPF_CORE_READ(task, mm, exe_file);
  if (exe) {
    struct inode* inode = BPF_CORE_READ(exe, f_inode);
    record->exe_inode = BPF_CORE_READ(inode, i_ino);
    record->exe_dev = BPF_CORE_READ(inode, i_sb, s_dev);
    record->exe_mtime_ns = mtime_of(inode);
    record->exe_begin = write_path(exe, record->exe, &record->flags);
  }
  bpf_ringbuf_submit(record, wake_flags());
  return 1;
}

/* The image that `task` runs now, unless it was told. Trusted pointer; process context. */
static __always_inline void tell_process(struct task_struct* task, const struct ipm_actor* actor) {
  struct task_struct* leader = task->group_leader;
  u32* before = bpf_task_storage_get(&told, leader, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
  u32 image = actor->image ? actor->image : 1;
  if (!before) return count(IPM_COUNT_STORAGE_FAILED, 1);
  if (*before == image) return;
  if (send_process(task, 0)) {
    *before = image;
  } else {
    count(IPM_COUNT_RING_FULL, 1);
  }
}

#endif
