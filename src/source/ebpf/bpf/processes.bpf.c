// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// New images and ends of processes that communicate. Others are not told: they have nothing to be told for.
#include "process.h"

SEC("tp_btf/sched_process_exec")
int BPF_PROG(ipm_exec, struct task_struct* task, int pid_before, struct linux_binprm* binary) {
  u32* before = bpf_task_storage_get(&told, task->group_leader, NULL, 0);
  if (!before || !*before) return 0;
  struct ipm_actor actor;
  actor_of(task, &actor);
  if (send_process(task, IPM_PROCESS_EXEC)) {
    *before = actor.image ? actor.image : 1;
  } else {
    *before = 0; /* Told when it communicates again. */
    count(IPM_COUNT_RING_FULL, 1);
  }
  return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(ipm_exit, struct task_struct* task) {
  /* Of each thread; the process ends with the last. */
  if (task->signal->live.counter != 0) return 0;
  u32* before = bpf_task_storage_get(&told, task->group_leader, NULL, 0);
  if (!before || !*before) return 0;
  struct ipm_record_exit* record = bpf_ringbuf_reserve(&ring, sizeof *record, 0);
  if (!record) {
    count(IPM_COUNT_RING_FULL, 1);
    return 0;
  }
  begin_record(&record->head, IPM_RECORD_EXIT, sizeof *record);
  actor_of(task, &record->actor);
  int group = task->signal->group_exit_code;
  record->exit_code = group ? group : task->exit_code;
  record->reserved = 0;
  bpf_ringbuf_submit(record, wake_flags());
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
