// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// What says names in the clear, copied for the user side to read and drop: answers of DNS servers as they come in, and
// the ClientHello of TLS as it goes out. Of a connection only its beginning is looked at, of that only what looks like
// a hello; of UDP only what comes from a port of DNS and looks like an answer. Anybody can send such packets, and the
// ring is everybody's: they may fill half of it. Needs cgroup v2 and CAP_NET_ADMIN.
#include "packet.h"

/* include/uapi/linux/bpf.h */
struct bpf_tcp_sock {
  __u32 snd_cwnd;
  __u32 srtt_us;
  __u32 rtt_min;
  __u32 snd_ssthresh;
  __u32 rcv_nxt;
  __u32 snd_nxt;
  __u32 snd_una;
  __u32 mss_cache;
  __u32 ecn_flags;
  __u32 rate_delivered;
  __u32 rate_interval_us;
  __u32 packets_out;
  __u32 retrans_out;
  __u32 total_retrans;
  __u32 segs_in;
  __u32 data_segs_in;
  __u32 segs_out;
  __u32 data_segs_out;
  __u32 lost_out;
  __u32 sacked_out;
  __u64 bytes_received;
  __u64 bytes_acked;
};
enum { DNS = 53, MDNS = 5353, LLMNR = 5355, UDP_HEADER = 8, DNS_HEADER = 12 };
enum { HELLO_PIECES_MAX = 8, HELLO_BYTES_MAX = 16 << 10, UNFINISHED_TICKS = 2 };

/* How far a connection's hello is. Goes with the socket. */
struct ipm_hello {
  u32 done;
  u32 left; /* Bytes of the hello that are still to come; 0: it has not begun. */
  u32 pieces;
  u32 reserved;
  u64 cookie; /* Of its connection, once it has begun. */
};
struct {
  __uint(type, BPF_MAP_TYPE_SK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct ipm_hello);
} hellos SEC(".maps");

static __always_inline bool ring_is_half_full(void) {
  return bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) > bpf_ringbuf_query(&ring, BPF_RB_RING_SIZE) >> 1;
}

/* `room` is a constant; the packet from its IP header on, as far as it goes in. */
static __always_inline int copy_packet(struct __sk_buff* skb, u64 cookie, u32 what, const u64 room) {
  struct ipm_record_packet* record = NULL;
  if (!ring_is_half_full()) record = bpf_ringbuf_reserve(&ring, sizeof *record + room, 0);
  if (!record) {
    count(IPM_COUNT_NAMES_FULL, 1);
    return 0;
  }
  begin_record(&record->head, IPM_RECORD_PACKET, sizeof *record + room);
  record->cookie = cookie;
  record->what = what;
  record->netns = netns_of(skb);
  record->reserved = 0;
  u64 bytes = skb->len;
  if (bytes > room) bytes = room;
  /* Apart, since the compiler would make one comparison of both limits that the verifier cannot follow. */
  asm volatile("" : "+r"(bytes));
  if (bytes == 0) goto discard;
  asm volatile("" : "+r"(bytes));
  if (bytes > room || bpf_skb_load_bytes(skb, 0, record + 1, bytes)) goto discard;
  record->packet_bytes = bytes;
  bpf_ringbuf_submit(record, wake_flags());
  return 1;
discard:
  bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
  return 0;
}

static __always_inline int copy_fitting(struct __sk_buff* skb, u64 cookie, u32 what) {
  if (skb->len <= IPM_PACKET_SMALL) return copy_packet(skb, cookie, what, IPM_PACKET_SMALL);
  if (skb->len <= IPM_PACKET_MEDIUM) return copy_packet(skb, cookie, what, IPM_PACKET_MEDIUM);
  return copy_packet(skb, cookie, what, IPM_PACKET_LARGE);
}

/* RFC 1035 §4.1.1: the response to a standard query, with at most one question. */
static __always_inline bool is_answer(struct __sk_buff* skb, u32 message) {
  u8 header[DNS_HEADER];
  if (bpf_skb_load_bytes(skb, message, header, sizeof header)) return false;
  return (header[2] & 0xf8) == 0x80 && header[4] == 0 && header[5] <= 1;
}

SEC("cgroup_skb/ingress")
int ipm_ingress(struct __sk_buff* skb) {
  if (!may_be(skb, IPPROTO_UDP)) return 1;
  struct headers at;
  if (!find_transport(skb, &at) || at.protocol != IPPROTO_UDP) return 1;
  __be16 ports[2];
  if (bpf_skb_load_bytes(skb, at.transport, ports, sizeof ports)) return 1;
  u16 from = __builtin_bswap16(ports[0]);
  if (from != DNS && from != MDNS && from != LLMNR) return 1;
  if (is_answer(skb, at.transport + UDP_HEADER)) copy_fitting(skb, bpf_get_socket_cookie(skb), IPM_PACKET_DNS);
  return 1;
}

/* The tick in which a hello was last left unfinished: before the first answer every segment may begin one, after it
 * only such a hello goes on. */
unsigned int unfinished = 1U << 31; /* Long ago. */

/* The number in include/uapi/linux/bpf.h, where the kernel has it (since 5.19). */
enum bpf_func_id___mptcp { BPF_FUNC_skc_to_mptcp_sock___mptcp = 196 };

/* By what the connection is told: that of a subflow is its MPTCP socket's. 0: it is not known. */
static __always_inline u64 connection_of(struct __sk_buff* skb, struct bpf_sock* sk) {
  struct tcp_sock* tp = bpf_skc_to_tcp_sock(sk);
  if (!tp || !bpf_core_field_exists(tp->is_mptcp) || !tp->is_mptcp) return bpf_get_socket_cookie(skb);
  if (!bpf_core_enum_value_exists(enum bpf_func_id___mptcp, BPF_FUNC_skc_to_mptcp_sock___mptcp)) return 0;
  struct mptcp_sock* parent = bpf_skc_to_mptcp_sock(sk);
  return parent ? identity_of(bpf_sk_storage_get(&life, parent, NULL, 0)) : 0;
}

static __always_inline void follow_hello(struct __sk_buff* skb, struct bpf_sock* sk, u32 transport) {
  struct ipm_hello* hello = bpf_sk_storage_get(&hellos, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
  if (!hello) return count(IPM_COUNT_NAMES_FULL, 1);
  if (hello->done) return;
  u8 offset;
  if (bpf_skb_load_bytes(skb, transport + 12, &offset, 1)) return;
  u32 payload = transport + (u32)(offset >> 4) * 4;
  if (payload >= skb->len) return; /* No payload. */
  u32 bytes = skb->len - payload;
  if (hello->left == 0) {
    u8 start[9]; /* RFC 8446 §5.1, §4: record type, version, length; handshake type, length. */
    hello->done = 1;
    if (bpf_skb_load_bytes(skb, payload, start, sizeof start)) return;
    if (start[0] != 0x16 || start[1] != 0x03 || start[5] != 0x01) return;
    u32 length = (u32)start[6] << 16 | (u32)start[7] << 8 | start[8];
    if (length > HELLO_BYTES_MAX) return;
    hello->cookie = connection_of(skb, sk);
    if (!hello->cookie) return count(IPM_COUNT_NAMES_FULL, 1);
    hello->left = length + 9;
    hello->done = 0;
  }
  copy_fitting(skb, hello->cookie, IPM_PACKET_HELLO);
  hello->left = bytes < hello->left ? hello->left - bytes : 0;
  if (hello->left == 0 || ++hello->pieces >= HELLO_PIECES_MAX) {
    hello->done = 1;
  } else {
    unfinished = epoch_now();
  }
}

SEC("cgroup_skb/egress")
int ipm_egress(struct __sk_buff* skb) {
  if (!may_be(skb, IPPROTO_TCP)) return 1;
  struct bpf_sock* sk = socket_of(skb);
  if (!sk || sk->protocol != IPPROTO_TCP) return 1;
  struct bpf_tcp_sock* tcp = bpf_tcp_sock(sk);
  if (!tcp || tcp->bytes_acked > HELLO_BYTES_MAX) return 1; /* Long past its beginning. */
  /* The SYN is the first byte that is answered. */
  if (tcp->bytes_acked > 1 && epoch_now() - *(volatile u32*)&unfinished > UNFINISHED_TICKS) return 1;
  struct headers at;
  if (find_transport(skb, &at) && at.protocol == IPPROTO_TCP) follow_hello(skb, sk, at.transport);
  return 1;
}

char LICENSE[] SEC("license") = "GPL";
