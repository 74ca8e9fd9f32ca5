// The peers in the kernel: programs that do nothing, and a monitor that writes a ring record for each send and receive
// and wakes its reader, as tools that stream calls do.
#include "record_per_send.h"

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define AF_INET 2
#define AF_INET6 10
#define MSG_PEEK 0x2
#define MSG_ERRQUEUE 0x2000

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct sock_common {
  unsigned short skc_family;
};
struct sock {
  struct sock_common __sk_common;
};
#pragma clang attribute pop

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4 << 20);
} records SEC(".maps");

static __always_inline int record(struct sock* sk, int bytes, __u32 is_send) {
  const unsigned short family = sk->__sk_common.skc_family;
  if ((family != AF_INET && family != AF_INET6) || bytes <= 0) return 0;
  struct send_record* out = bpf_ringbuf_reserve(&records, sizeof(*out), 0);
  if (!out) return 0;
  out->time_ns = bpf_ktime_get_ns();
  out->cookie = bpf_get_socket_cookie(sk);
  out->bytes = (__u64)bytes;
  out->pid = (__u32)(bpf_get_current_pid_tgid() >> 32);
  out->is_send = is_send;
  bpf_ringbuf_submit(out, 0);
  return 0;
}

SEC("tp_btf/sock_send_length")
int bench_rec_send(__u64* context) {
  return record((struct sock*)context[0], (int)context[1], 1);
}

SEC("tp_btf/sock_recv_length")
int bench_rec_recv(__u64* context) {
  if ((int)context[2] & (MSG_PEEK | MSG_ERRQUEUE)) return 0;
  return record((struct sock*)context[0], (int)context[1], 0);
}

SEC("tp_btf/sock_send_length")
int bench_nop_send(__u64* context) {
  return 0;
}

SEC("tp_btf/sock_recv_length")
int bench_nop_recv(__u64* context) {
  return 0;
}
