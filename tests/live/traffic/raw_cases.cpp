// Below TCP and UDP, beside them, and what is no internet traffic at all.
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <unistd.h>

#include <array>

#include "live/traffic/case.h"
#include "live/traffic/check.h"

namespace ipm::traffic {
namespace {

std::uint16_t internet_checksum(const void* bytes, std::size_t count) {
  const auto* at = static_cast<const std::uint8_t*>(bytes);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += static_cast<std::uint32_t>(at[i]) << (i % 2 == 0 ? 8 : 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return htons(static_cast<std::uint16_t>(~sum));
}

std::vector<char> echo_request(std::size_t bytes) {
  std::vector<char> out(sizeof(icmphdr) + bytes, 'e');
  icmphdr header{};
  header.type = ICMP_ECHO;
  header.un.echo.id = 77;
  std::memcpy(out.data(), &header, sizeof header);
  header.checksum = internet_checksum(out.data(), out.size());
  std::memcpy(out.data(), &header, sizeof header);
  return out;
}

// A raw socket hears its own requests on this device, and the answers; each with its IP header.
void raw_icmp(Case& run) {
  run.start("pinger", [](Process& self) {
    const Fd fd = socket_of(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    const Address to = loopback(AF_INET, 0);
    for (std::size_t i = 0; i < 5; ++i) {
      const std::vector<char> request = echo_request(56 + i);
      self.sent(::sendto(fd.get(), request.data(), request.size(), 0, to.get(), to.length), "sendto");
      for (int heard = 0; heard < 2; ++heard) {
        require(self.receive_datagram(fd.get()) == sizeof(iphdr) + request.size(), "a whole packet");
      }
    }
  });
}

// The ping socket that needs no privilege: no IP header, and only answers.
void ping_socket(Case& run) {
  set_sysctl("net/ipv4/ping_group_range", "0 0");
  run.start("pinger", [](Process& self) {
    const Fd fd = socket_of(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    const Address to = loopback(AF_INET, 0);
    const std::vector<char> request = echo_request(100);
    self.sent(::sendto(fd.get(), request.data(), request.size(), 0, to.get(), to.length), "sendto");
    require(self.receive_datagram(fd.get()) == request.size(), "the answer is whole");
  });
}

// A protocol of no transport; with IPv4 the receiver gets the header, with IPv6 not.
void raw_ip(Case& run) {
  constexpr int kExperimental = 253;
  const Gate ready, heard;
  run.start("receiver", [&](Process& self) {
    const Fd v4_socket = socket_of(AF_INET, SOCK_RAW, kExperimental);
    const Fd v6_socket = socket_of(AF_INET6, SOCK_RAW, kExperimental);
    ready.open();
    require(self.receive_datagram(v4_socket.get()) == sizeof(iphdr) + 301, "IPv4");
    require(self.receive_datagram(v4_socket.get()) == sizeof(iphdr) + 77, "IPv4 with a header of the sender's");
    require(self.receive_datagram(v6_socket.get()) == 503, "IPv6");
  });
  run.start("sender", [&](Process& self) {
    ready.wait();
    const Address v4_to = loopback(AF_INET, 0);
    const Address v6_to = loopback(AF_INET6, 0);
    self.send_to(socket_of(AF_INET, SOCK_RAW, kExperimental).get(), v4_to, 301);
    std::vector<char> packet(sizeof(iphdr) + 77, 'h');
    iphdr header{};
    header.version = 4;
    header.ihl = 5;
    header.ttl = 64;
    header.protocol = kExperimental;
    header.saddr = header.daddr = htonl(INADDR_LOOPBACK);
    header.tot_len = htons(static_cast<std::uint16_t>(packet.size()));
    std::memcpy(packet.data(), &header, sizeof header);
    const Fd fd = socket_of(AF_INET, SOCK_RAW, IPPROTO_RAW);  // Includes the header (IP_HDRINCL).
    self.sent(::sendto(fd.get(), packet.data(), packet.size(), 0, v4_to.get(), v4_to.length), "sendto");
    self.send_to(socket_of(AF_INET6, SOCK_RAW, kExperimental).get(), v6_to, 503);
  });
}

// Whole frames past all sockets; they arrive at a socket all the same. What a packet socket hears is no traffic of its
// process.
void packet_inject(Case& run) {
  constexpr std::uint16_t kPort = 7'600;
  constexpr std::size_t kBytes = 444;
  const Gate ready, sniffing, done;
  // A frame without a route of its own may not be from and to 127.0.0.1 otherwise.
  set_sysctl("net/ipv4/conf/lo/route_localnet", "1");
  set_sysctl("net/ipv4/conf/lo/accept_local", "1");
  run.start("receiver", [&](Process& self) {
    const Fd fd = datagram_at(loopback(AF_INET, kPort));
    ready.open();
    for (int i = 0; i < 3; ++i) require(self.receive_datagram(fd.get()) == kBytes, "the payload of a frame");
    done.open();
  });
  run.start("sniffer", [&](Process&) {
    const Fd fd = socket_of(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
    sniffing.open();
    done.wait();
    char room[2'000];
    require(check(::recv(fd.get(), room, sizeof room, 0), "recv of a frame") > 0, "a frame");
  });
  run.start("injector", [&](Process& self) {
    ready.wait();
    sniffing.wait();
    std::vector<char> frame(sizeof(ethhdr) + sizeof(iphdr) + sizeof(udphdr) + kBytes, 'i');
    ethhdr link{};
    link.h_proto = htons(ETH_P_IP);
    iphdr ip{};
    ip.version = 4;
    ip.ihl = 5;
    ip.ttl = 64;
    ip.protocol = IPPROTO_UDP;
    ip.saddr = ip.daddr = htonl(INADDR_LOOPBACK);
    ip.tot_len = htons(static_cast<std::uint16_t>(frame.size() - sizeof link));
    ip.check = internet_checksum(&ip, sizeof ip);
    udphdr udp{};
    udp.uh_sport = htons(7'601);
    udp.uh_dport = htons(kPort);
    udp.uh_ulen = htons(static_cast<std::uint16_t>(sizeof udp + kBytes));  // No checksum: 0 means none.
    std::memcpy(frame.data(), &link, sizeof link);
    std::memcpy(frame.data() + sizeof link, &ip, sizeof ip);
    std::memcpy(frame.data() + sizeof link + sizeof ip, &udp, sizeof udp);
    const Fd fd = socket_of(AF_PACKET, SOCK_RAW, 0);
    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    to.sll_ifindex = static_cast<int>(check(static_cast<long>(::if_nametoindex("lo")), "index of lo"));
    to.sll_halen = ETH_ALEN;
    for (int i = 0; i < 3; ++i) {
      const ssize_t put =
          check(::sendto(fd.get(), frame.data(), frame.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to),
                "send a frame");
      self.add(kFrameTxBytes, static_cast<std::uint64_t>(put));
    }
  });
}

// Sockets that are not of the internet, in both directions.
void make_noise() {
  for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) {
    int ends[2];
    check(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends), "socketpair");
    const Fd near(ends[0]), far(ends[1]);
    std::array<char, 5'000> room{};
    for (int i = 0; i < 50; ++i) {
      check(::send(near.get(), room.data(), room.size(), 0), "send over AF_UNIX");
      check(::recv(far.get(), room.data(), room.size(), 0), "recv over AF_UNIX");
    }
  }
  const Fd netlink = socket_of(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  struct {
    nlmsghdr header;
    ifinfomsg link;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_GETLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  check(::send(netlink.get(), &request, sizeof request, 0), "send over netlink");
  std::array<char, 16'384> answer{};
  require(check(::recv(netlink.get(), answer.data(), answer.size(), 0), "recv over netlink") > 0, "an answer");
}

void noise(Case& run) {
  run.start("noise_only", [](Process&) { make_noise(); });
  tcp_pair(
      run, AF_INET,
      [](Process& self, int fd) {
        make_noise();
        self.receive(fd, 1'003);
      },
      [](Process& self, int fd) {
        make_noise();
        self.send(fd, 1'003);
        make_noise();
      });
}

constexpr Entry kCases[] = {{"raw_icmp", raw_icmp},
                            {"ping_socket", ping_socket},
                            {"raw_ip", raw_ip},
                            {"packet_inject", packet_inject},
                            {"noise", noise}};

}  // namespace

std::span<const Entry> raw_cases() {
  return kCases;
}

}  // namespace ipm::traffic
