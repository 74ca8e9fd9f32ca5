// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// Whom a UDP socket talks to, and in how many packets: what the calls do not say. Sums by socket and remote, told like
// those of length.bpf.c. Packets come in interrupt context too: whose they are is never asked here.
// Needs cgroup v2 and CAP_NET_ADMIN.
#include "packet.h"

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 65536); /* Set before loading. */
  __type(key, struct ipm_peer_key);
  __type(value, struct ipm_peer);
} peers SEC(".maps");

enum { IPV4_HEADER = 20, IPV6_HEADER = 40, UDP_HEADER = 8 };

/* Of an unfragmented datagram without IP options, as nearly all are, both headers in one read. */
struct ipv4_udp {
  u8 version_length;
  u8 others[8];
  u8 protocol;
  u8 checksum[2];
  u8 from[4];
  u8 to[4];
  __be16 ports[2];
};
struct ipv6_udp {
  u8 others[6];
  u8 next;
  u8 hops;
  u8 from[16];
  u8 to[16];
  __be16 ports[2];
};

struct datagram {
  u32 header; /* Bytes before the payload. */
  u16 local_port;
  u8 local_addr[16];
};

static __always_inline void set_v4(u8* out, const u8* in) {
  __builtin_memset(out, 0, 16);
  __builtin_memcpy(out, in, 4);
}

/* 0: no UDP that can be read. */
static __always_inline int read_datagram(struct __sk_buff* skb, bool sent, struct ipm_peer_key* key,
                                         struct datagram* out) {
  __be16 ports[2];
  if (skb->protocol == __builtin_bswap16(ETH_P_IP)) {
    struct ipv4_udp at;
    if (bpf_skb_load_bytes(skb, 0, &at, sizeof at) || at.protocol != IPPROTO_UDP) return 0;
    u32 header = (u32)(at.version_length & 0x0f) * 4;
    if (header != IPV4_HEADER && bpf_skb_load_bytes(skb, header, at.ports, sizeof at.ports)) return 0;
    set_v4(key->remote_addr, sent ? at.to : at.from);
    set_v4(out->local_addr, sent ? at.from : at.to);
    ports[0] = at.ports[0];
    ports[1] = at.ports[1];
    out->header = header + UDP_HEADER;
    key->family = AF_INET;
  } else {
    struct ipv6_udp at;
    if (bpf_skb_load_bytes(skb, 0, &at, sizeof at) || at.next != IPPROTO_UDP) return 0;
    __builtin_memcpy(key->remote_addr, sent ? at.to : at.from, 16);
    __builtin_memcpy(out->local_addr, sent ? at.from : at.to, 16);
    ports[0] = at.ports[0];
    ports[1] = at.ports[1];
    out->header = IPV6_HEADER + UDP_HEADER;
    key->family = AF_INET6;
  }
  key->remote_port = __builtin_bswap16(ports[sent ? 1 : 0]);
  out->local_port = __builtin_bswap16(ports[sent ? 0 : 1]);
  return 1;
}

static __noinline int first_packet(struct __sk_buff* skb, struct ipm_peer_key* key, struct datagram* at, u32 sent) {
  struct ipm_peer fresh = {};
  fresh.local_port = at->local_port;
  fresh.sent_first = sent;
  fresh.netns = BPF_CORE_READ((struct sk_buff*)skb, sk, __sk_common.skc_net.net, ns.inum);
  __builtin_memcpy(fresh.local_addr, at->local_addr, 16);
  long error = bpf_map_update_elem(&peers, key, &fresh, BPF_NOEXIST);
  if (error && error != -EEXIST) return 0;
  struct bpf_sock* sk = orders.without_calls ? skb->sk : NULL;
  sk = sk ? bpf_sk_fullsock(sk) : NULL;
  if (sk) bpf_sk_storage_get(&life, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE); /* Who closes it, communicated. */
  return 1;
}

static __always_inline int passed(struct __sk_buff* skb, bool sent) {
  struct bpf_sock* sk = skb->sk;
  sk = sk ? bpf_sk_fullsock(sk) : NULL;
  if (!sk || sk->protocol != IPPROTO_UDP) return 1;
  struct ipm_peer_key key = {};
  struct datagram at;
  if (!read_datagram(skb, sent, &key, &at)) return 1;
  key.cookie = bpf_get_socket_cookie(skb);
  struct ipm_peer* value = bpf_map_lookup_elem(&peers, &key);
  u32 packets = skb->gso_segs > 1 ? skb->gso_segs : 1;
  u32 bytes = skb->len + (packets - 1) * at.header;
  if (!value) {
    value = first_packet(skb, &key, &at, sent) ? bpf_map_lookup_elem(&peers, &key) : NULL;
    if (!value) {
      count(IPM_COUNT_PEERS_FULL, packets);
      count(sent ? IPM_COUNT_PEERS_FULL_TX : IPM_COUNT_PEERS_FULL_RX, bytes);
      return 1;
    }
  }
  u32 payload = skb->len - at.header;
  __sync_fetch_and_add(sent ? &value->tx_packets : &value->rx_packets, packets);
  __sync_fetch_and_add(sent ? &value->tx_ip_bytes : &value->rx_ip_bytes, bytes);
  __sync_fetch_and_add(sent ? &value->tx_payload : &value->rx_payload, payload);
  u32 now = epoch_now();
  if (value->epoch == now) return 1;
  value->epoch = now;
  struct ipm_record_peer* record = bpf_ringbuf_reserve(&ring, sizeof *record, 0);
  if (!record) {
    count(IPM_COUNT_RING_IO_FULL, 1);
    return 1;
  }
  record->head.type = IPM_RECORD_PEER;
  record->head.bytes = sizeof *record;
  record->head.time_ns = 0;
  record->key = key;
  bpf_ringbuf_submit(record, wake_flags());
  return 1;
}

SEC("cgroup_skb/egress")
int ipm_packet_out(struct __sk_buff* skb) {
  return passed(skb, true);
}

SEC("cgroup_skb/ingress")
int ipm_packet_in(struct __sk_buff* skb) {
  return passed(skb, false);
}

char LICENSE[] SEC("license") = "GPL";
