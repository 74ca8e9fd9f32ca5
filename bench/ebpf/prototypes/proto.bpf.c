// One design of the kernel side per -D: V_EMPTY V_FILTER V_HASH V_STORAGE V_SLOTS V_RECORD; -DIMAGE -DSNAPSHOT
// -DDIRECT_COOKIE -DDIRTY -DWAKE -DNOATOMIC refine it.
#include "kernel.h"

char LICENSE[] SEC("license") = "GPL";

#define AF_INET 2
#define AF_INET6 10
#define RING_BYTES (16 << 20)

volatile __u32 epoch = 0;
volatile __u64 dropped = 0;

struct counters {
  __u64 tx, rx;
  __u32 tx_calls, rx_calls;
  __u32 epoch, flags;
#ifdef SNAP64
  __u64 acked, received;
  __u32 srtt, mdev, total_retrans, segs_out;
#elif defined(SNAPSHOT) || defined(DSNAP)
  __u64 acked, received, retrans;
  __u32 srtt, mdev, total_retrans, segs_in, segs_out, pad;
#endif
#ifdef PAD128
  __u64 unused[6];
#endif
};
struct key {
  __u64 cookie;
  __u32 tgid, image;
};
struct dirty {
  struct key key;
  __u64 a, b;
};

#if defined(V_HASH) || defined(V_STORAGE) || defined(V_SLOTS) || defined(V_RECORD)
struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, RING_BYTES);
} ring SEC(".maps");
#endif

static __always_inline bool wanted(struct sock* sk, int ret, int flags, bool sends) {
  unsigned short family = sk->__sk_common.skc_family;
  if (family != AF_INET && family != AF_INET6) return false;
  if (ret <= 0) return false;
  return sends || (flags & 0x2002) == 0;
}
static __always_inline __u64 cookie_of(struct sock* sk) {
#ifdef DIRECT_COOKIE
  __u64 cookie = sk->__sk_common.skc_cookie.counter;
  return cookie ? cookie : bpf_get_socket_cookie(sk);
#else
  return bpf_get_socket_cookie(sk);
#endif
}
static __always_inline void who(__u32* tgid, __u32* image) {
#ifdef IMAGE
  struct task_struct* leader = bpf_get_current_task_btf()->group_leader;
  *tgid = leader->tgid;
  *image = (__u32)(leader->start_boottime >> 20) + (__u32)leader->self_exec_id * 0x9E3779B1u;
#else
  *tgid = bpf_get_current_pid_tgid() >> 32;
  *image = 0;
#endif
}
#ifdef NOATOMIC
#define ADD(p, n) (*(p) += (n))
#else
#define ADD(p, n) __sync_fetch_and_add((p), (n))
#endif
#if defined(SNAPSHOT) || defined(DSNAP)
static __always_inline void snapshot(struct counters* value, struct sock* sk) {
  struct tcp_sock* tcp = bpf_skc_to_tcp_sock(sk);
  if (!tcp) return;
  value->acked = tcp->bytes_acked;
  value->received = tcp->bytes_received;
  value->srtt = tcp->srtt_us;
  value->mdev = tcp->mdev_us;
  value->total_retrans = tcp->total_retrans;
  value->segs_out = tcp->segs_out;
#ifndef SNAP64
  value->segs_in = tcp->segs_in;
  value->retrans = tcp->bytes_retrans;
#endif
}
#endif
static __always_inline void add(struct counters* value, struct sock* sk, int ret, bool sends) {
  if (sends) {
    ADD(&value->tx, ret);
    ADD(&value->tx_calls, 1);
  } else {
    ADD(&value->rx, ret);
    ADD(&value->rx_calls, 1);
  }
#ifdef SNAPSHOT
  snapshot(value, sk);
#endif
}

#if defined(V_HASH)
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 65536);
  __type(key, struct key);
  __type(value, struct counters);
} table SEC(".maps");
static __always_inline int handle(struct sock* sk, int ret, int flags, bool sends) {
  if (!wanted(sk, ret, flags, sends)) return 0;
  struct key key;
  who(&key.tgid, &key.image);
  key.cookie = cookie_of(sk);
  struct counters* value = bpf_map_lookup_elem(&table, &key);
  if (!value) {
    struct counters zero = {};
    zero.epoch = epoch - 1;
    bpf_map_update_elem(&table, &key, &zero, BPF_NOEXIST);
    value = bpf_map_lookup_elem(&table, &key);
    if (!value) {
      __sync_fetch_and_add(&dropped, 1);
      return 0;
    }
  }
  add(value, sk, ret, sends);
#ifdef DIRTY
  __u32 now = epoch;
  if (value->epoch != now) {
    value->epoch = now;
#ifdef DSNAP  // Once per socket and drain.
    snapshot(value, sk);
#endif
    struct dirty record = {.key = key};
    if (bpf_ringbuf_output(&ring, &record, sizeof record, BPF_RB_NO_WAKEUP)) __sync_fetch_and_add(&dropped, 1);
  }
#endif
  return 0;
}

#elif defined(V_STORAGE)
struct stored {
  __u32 tgid, image;
  __u64 flushed;
  struct counters counters;
};
struct flush {
  struct key key;
  struct counters counters;
};
struct {
  __uint(type, BPF_MAP_TYPE_SK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct stored);
} table SEC(".maps");
static __always_inline void flush(struct stored* slot, struct sock* sk) {
  struct flush* record = bpf_ringbuf_reserve(&ring, sizeof *record, 0);
  if (!record) {
    __sync_fetch_and_add(&dropped, 1);
    return;
  }
  record->key.cookie = cookie_of(sk);
  record->key.tgid = slot->tgid;
  record->key.image = slot->image;
  record->counters = slot->counters;
  bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}
static __always_inline int handle(struct sock* sk, int ret, int flags, bool sends) {
  if (!wanted(sk, ret, flags, sends)) return 0;
  __u32 tgid, image;
  who(&tgid, &image);
  struct stored* slot = bpf_sk_storage_get(&table, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
  if (!slot) {
    __sync_fetch_and_add(&dropped, 1);
    return 0;
  }
  if (slot->tgid != tgid || slot->image != image) {
    if (slot->tgid) flush(slot, sk);
    slot->tgid = tgid;
    slot->image = image;
    struct counters zero = {};
    slot->counters = zero;
  }
  add(&slot->counters, sk, ret, sends);
#ifdef DIRTY  // By the reader's epoch instead of by time.
  __u32 now = epoch;
  if (slot->counters.epoch != now) {
    slot->counters.epoch = now;
    flush(slot, sk);
  }
#else
  __u64 now = bpf_jiffies64();
  if (now - slot->flushed >= 25) {
    slot->flushed = now;
    flush(slot, sk);
  }
#endif
  return 0;
}
static __always_inline void emit(struct seq_file* seq, struct sock* sk, __u32 tgid) {
  struct stored* slot = bpf_sk_storage_get(&table, sk, 0, 0);
  if (!slot) return;
  struct flush record = {};
  record.key.cookie = cookie_of(sk);
  record.key.tgid = tgid ? tgid : slot->tgid;
  record.counters = slot->counters;
  bpf_seq_write(seq, &record, sizeof record);
}
SEC("iter/tcp")
int residue_tcp(struct bpf_iter__tcp* ctx) {
  struct sock_common* common = ctx->sk_common;
  if (common) emit(ctx->meta->seq, (struct sock*)common, 0);
  return 0;
}
SEC("iter/task_file")
int residue_file(struct bpf_iter__task_file* ctx) {
  struct file* file = ctx->file;
  struct task_struct* task = ctx->task;
  if (!file || !task) return 0;
  struct socket* socket = bpf_sock_from_file(file);
  if (!socket) return 0;
  struct sock* sk = socket->sk;
  if (sk) emit(ctx->meta->seq, sk, task->tgid);
  return 0;
}

#elif defined(V_SLOTS)
// Socket storage names a slot of an array that user space maps; free slots come from a queue that user space fills.
struct stored {
  __u32 tgid, image, slot, pad;
};
struct slot {
  struct key key;
  struct counters counters;
};
struct {
  __uint(type, BPF_MAP_TYPE_SK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct stored);
} storage SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 65536);
  __type(key, __u32);
  __type(value, struct slot);
} table SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_QUEUE);
  __uint(max_entries, 65536);
  __uint(key_size, 0);
  __uint(value_size, 4);
} free_slots SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 65536);
  __type(key, struct key);
  __type(value, __u32);
} shared SEC(".maps");
static __noinline __u32 slot_for(__u64 cookie, __u32 tgid, __u32 image) {
  struct key key = {.cookie = cookie, .tgid = tgid, .image = image};
  __u32* known = bpf_map_lookup_elem(&shared, &key);
  if (known) return *known;
  __u32 slot = 0;
  if (bpf_map_pop_elem(&free_slots, &slot)) return 0;
  bpf_map_update_elem(&shared, &key, &slot, BPF_ANY);
  struct slot* value = bpf_map_lookup_elem(&table, &slot);
  if (value) {
    value->key = key;
    value->counters.epoch = epoch - 1;
  }
  return slot;
}
static __always_inline int handle(struct sock* sk, int ret, int flags, bool sends) {
  if (!wanted(sk, ret, flags, sends)) return 0;
  __u32 tgid, image;
  who(&tgid, &image);
  struct stored* stored = bpf_sk_storage_get(&storage, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
  if (!stored) return 0;
  if (stored->tgid != tgid || stored->image != image) {
    stored->slot = slot_for(cookie_of(sk), tgid, image);
    stored->tgid = tgid;
    stored->image = image;
  }
  __u32 slot = stored->slot;
  struct slot* value = bpf_map_lookup_elem(&table, &slot);
  if (!value || slot == 0) {
    __sync_fetch_and_add(&dropped, 1);
    return 0;
  }
  add(&value->counters, sk, ret, sends);
  __u32 now = epoch;
  if (value->counters.epoch != now) {
    value->counters.epoch = now;
    __u64 record = slot;
    if (bpf_ringbuf_output(&ring, &record, sizeof record, BPF_RB_NO_WAKEUP)) __sync_fetch_and_add(&dropped, 1);
  }
  return 0;
}

#elif defined(V_RECORD)
struct call {
  struct key key;
  __u64 time, bytes;
  __u32 flags, sends;
  __u64 pad[3];
};
static __always_inline int handle(struct sock* sk, int ret, int flags, bool sends) {
  if (!wanted(sk, ret, flags, sends)) return 0;
  struct call* call = bpf_ringbuf_reserve(&ring, sizeof *call, 0);
  if (!call) {
    __sync_fetch_and_add(&dropped, 1);
    return 0;
  }
  who(&call->key.tgid, &call->key.image);
  call->key.cookie = cookie_of(sk);
  call->time = bpf_ktime_get_ns();
  call->bytes = ret;
  call->flags = flags;
  call->sends = sends;
#ifdef WAKE
  bpf_ringbuf_submit(call, 0);
#else
  bpf_ringbuf_submit(call, BPF_RB_NO_WAKEUP);
#endif
  return 0;
}

#elif defined(V_FILTER)
static __always_inline int handle(struct sock* sk, int ret, int flags, bool sends) {
  return wanted(sk, ret, flags, sends) ? 0 : 0 * ret;
}
#else
static __always_inline int handle(struct sock* sk, int ret, int flags, bool sends) {
  return 0;
}
#endif

#ifdef V_FILTER
#define BODY(sends)                                                                                 \
  if (wanted((struct sock*)ctx[0], (int)ctx[1], (int)ctx[2], sends)) asm volatile("" ::: "memory"); \
  return 0;
#elif defined(V_EMPTY)
#define BODY(sends) return 0;
#else
#define BODY(sends) return handle((struct sock*)ctx[0], (int)ctx[1], (int)ctx[2], sends);
#endif

SEC("tp_btf/sock_send_length")
int on_send(__u64* ctx){BODY(true)} SEC("tp_btf/sock_recv_length") int on_recv(__u64* ctx) {
  BODY(false)
}
