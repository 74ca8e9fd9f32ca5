/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Packets as programs at a cgroup see them: from the IP header on, with the socket that sends or gets them. */
#ifndef IPM_EBPF_PACKET_H
#define IPM_EBPF_PACKET_H

#include "shared.h"

/* include/uapi/linux/bpf.h: the layout that programs on packets see. */
struct __sk_buff {
  __u32 len;
  __u32 pkt_type;
  __u32 mark;
  __u32 queue_mapping;
  __u32 protocol;
  __u32 others[14]; /* vlan_present to tc_classid, which are not read here. */
  __u32 data;       /* To data_end: what of the packet can be read in place. */
  __u32 data_end;
  __u32 more[20]; /* napi_id to wire_len. */
  __u32 gso_segs;
  struct bpf_sock* sk;
};
enum { ETH_P_IP = 0x0800, ETH_P_IPV6 = 0x86DD };

/* What can be told of a packet without a call: most are nothing to a program. 0: the header says another protocol. */
static __always_inline int may_be(struct __sk_buff* skb, u8 protocol) {
  u8* at = (void*)(long)skb->data;
  if ((void*)(at + 20) > (void*)(long)skb->data_end) return 1;
  return (skb->protocol == __builtin_bswap16(ETH_P_IP) ? at[9] : at[6]) == protocol;
}

/* The socket, unless it is one of those that are less than a socket (requests, connections in TIME_WAIT). */
static __always_inline struct bpf_sock* socket_of(struct __sk_buff* skb) {
  struct bpf_sock* sk = skb->sk;
  return sk ? bpf_sk_fullsock(sk) : NULL;
}

static __always_inline u32 netns_of(struct __sk_buff* skb) {
  return BPF_CORE_READ((struct sk_buff*)skb, sk, __sk_common.skc_net.net, ns.inum);
}

struct headers {
  u32 transport; /* Offset of the TCP or UDP header. */
  u8 protocol;
};

static __always_inline int find_transport(struct __sk_buff* skb, struct headers* out) {
  u8 first[20];
  if (bpf_skb_load_bytes(skb, 0, first, sizeof first)) return 0;
  if (skb->protocol == __builtin_bswap16(ETH_P_IP)) {
    if (((first[6] & 0x1f) | first[7]) != 0) return 0; /* Not the first fragment. */
    out->transport = (u32)(first[0] & 0x0f) * 4;
    if (out->transport < 20) return 0; /* Whoever writes its own headers writes anything. */
    out->protocol = first[9];
    return 1;
  }
  if (skb->protocol != __builtin_bswap16(ETH_P_IPV6)) return 0;
  out->transport = 40; /* Without extension headers, as names travel. */
  out->protocol = first[6];
  return 1;
}

#endif
