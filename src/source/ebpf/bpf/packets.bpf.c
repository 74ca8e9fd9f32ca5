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

/* Both headers of nearly all datagrams. */
struct ipv4_udp {
  u8 version_length;
  u8 others[8];
  u8 protocol;
  u8 checksum[2];
  __be32 from;
  __be32 to;
  __be16 ports[2];
};
struct ipv6_udp {
  u8 others[6];
  u8 next;
  u8 hops;
  __be32 from[4];
  __be32 to[4];
  __be16 ports[2];
};

struct datagram {
  u32 header;  /* Bytes before the payload … */
  u32 options; /* … of which these are IP options. */
  u16 local_port;
  __be32 local[4];
};

/* 0: no UDP that can be read. The key is zeroed. */
static __always_inline int read_v4(struct __sk_buff* skb, bool sent, struct ipm_peer_key* key, struct datagram* out) {
  struct ipv4_udp copy;
  struct ipv4_udp* at = (void*)(long)skb->data;
  if ((void*)(at + 1) > (void*)(long)skb->data_end) {
    if (bpf_skb_load_bytes(skb, 0, &copy, sizeof copy)) return 0;
    at = &copy;
  }
  if (at->protocol != IPPROTO_UDP) return 0;
  __be16 ports[2] = {at->ports[0], at->ports[1]};
  u32 ip = (u32)(at->version_length & 0x0f) * 4;
  if (ip < IPV4_HEADER) return 0;
  *(u32*)key->remote_addr = sent ? at->to : at->from;
  out->local[0] = sent ? at->from : at->to;
  if (ip != IPV4_HEADER && bpf_skb_load_bytes(skb, ip, ports, sizeof ports)) return 0;
  out->options = ip - IPV4_HEADER;
  out->header = ip + UDP_HEADER;
  key->remote_port = __builtin_bswap16(ports[sent ? 1 : 0]);
  out->local_port = __builtin_bswap16(ports[sent ? 0 : 1]);
  key->family = AF_INET;
  return 1;
}

static __always_inline int read_v6(struct __sk_buff* skb, bool sent, struct ipm_peer_key* key, struct datagram* out) {
  struct ipv6_udp copy;
  struct ipv6_udp* at = (void*)(long)skb->data;
  if ((void*)(at + 1) > (void*)(long)skb->data_end) {
    if (bpf_skb_load_bytes(skb, 0, &copy, sizeof copy)) return 0;
    at = &copy;
  }
  if (at->next != IPPROTO_UDP) return 0;
  __builtin_memcpy(key->remote_addr, sent ? at->to : at->from, 16);
  __builtin_memcpy(out->local, sent ? at->from : at->to, 16);
  out->options = 0;
  out->header = IPV6_HEADER + UDP_HEADER;
  key->remote_port = __builtin_bswap16(at->ports[sent ? 1 : 0]);
  out->local_port = __builtin_bswap16(at->ports[sent ? 0 : 1]);
  key->family = AF_INET6;
  return 1;
}

static __noinline int first_packet(struct __sk_buff* skb, struct ipm_peer_key* key, struct datagram* at, u32 sent) {
  struct ipm_peer fresh = {};
  fresh.local_port = at->local_port;
  fresh.sent_first = sent;
  fresh.netns = netns_of(skb);
  __builtin_memcpy(fresh.local_addr, at->local, 16);
  long error = bpf_map_update_elem(&peers, key, &fresh, BPF_NOEXIST);
  if (error && error != -EEXIST) return 0;
  struct bpf_sock* sk = orders.without_calls ? socket_of(skb) : NULL;
  if (sk) bpf_sk_storage_get(&life, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE); /* Who closes it, communicated. */
  return 1;
}

static __always_inline int passed(struct __sk_buff* skb, bool sent) {
  if (!may_be(skb, IPPROTO_UDP)) return 1;
  struct bpf_sock* sk = socket_of(skb);
  if (!sk || sk->protocol != IPPROTO_UDP || sk->type != SOCK_DGRAM) return 1; /* Raw ones have no remote. */
  struct ipm_peer_key key = {};
  struct datagram at = {};
  bool v4 = skb->protocol == __builtin_bswap16(ETH_P_IP);
  if (!(v4 ? read_v4(skb, sent, &key, &at) : read_v6(skb, sent, &key, &at))) return 1;
  if (skb->len < at.header) return 1;
  key.cookie = bpf_get_socket_cookie(skb);
  struct ipm_peer* value = bpf_map_lookup_elem(&peers, &key);
  u32 packets = skb->gso_segs > 1 ? skb->gso_segs : 1;
  u32 payload = skb->len - at.header;
  if (!value) {
    value = first_packet(skb, &key, &at, sent) ? bpf_map_lookup_elem(&peers, &key) : NULL;
    if (!value) {
      count(IPM_COUNT_PEERS_FULL, packets);
      count(sent ? IPM_COUNT_PEERS_FULL_TX : IPM_COUNT_PEERS_FULL_RX, payload + packets * at.header);
      return 1;
    }
  }
  __sync_fetch_and_add(sent ? &value->tx_packets : &value->rx_packets, packets);
  __sync_fetch_and_add(sent ? &value->tx_payload : &value->rx_payload, payload);
  if (at.options) __sync_fetch_and_add(sent ? &value->tx_options : &value->rx_options, packets * at.options);
  u32 now = epoch_now();
  if (value->epoch == now) return 1;
  value->epoch = now;
  struct ipm_record_peer* record = bpf_ringbuf_reserve(&ring, sizeof *record, 0);
  if (!record) {
    lose_use();
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
