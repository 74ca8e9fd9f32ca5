// Datagrams.
#include <netinet/udp.h>
#include <sys/uio.h>

#include <array>

#include "live/traffic/case.h"
#include "live/traffic/check.h"

namespace ipm::traffic {
namespace {

// A receiver that says its port when it is bound, and a sender that goes on then.
void datagram_pair(Case& run, int family, const Talk& receiver,
                   const std::function<void(Process&, const Address&)>& sender) {
  const Gate bound;
  run.start("receiver", [&](Process& self) {
    const Fd fd = datagram_at(loopback(family, 0));
    bound.open(local_of(fd.get()).port());
    receiver(self, fd.get());
  });
  run.start("sender", [&](Process& self) { sender(self, loopback(family, bound.wait_port())); });
  run.wait_all();
}

Fd connected_datagram(const Address& to) {
  Fd fd = datagram_at(loopback(to.family(), 0));
  check(::connect(fd.get(), to.get(), to.length), "connect a datagram socket");
  return fd;
}

// Each datagram is answered with one twice as long.
void echo(Case& run, int family, bool connected) {
  constexpr std::size_t kDatagrams = 100;
  datagram_pair(
      run, family,
      [](Process& self, int fd) {
        std::vector<char> room(65'536);
        for (std::size_t i = 0; i < kDatagrams; ++i) {
          Address from;
          const std::size_t got =
              self.received(::recvfrom(fd, room.data(), room.size(), 0, from.get(), &from.length), "recvfrom");
          self.send_to(fd, from, 2 * got);
        }
      },
      [connected](Process& self, const Address& to) {
        const Fd fd = connected ? connected_datagram(to) : datagram_at(loopback(to.family(), 0));
        for (std::size_t i = 0; i < kDatagrams; ++i) {
          if (connected) {
            self.send(fd.get(), 11 + i);
          } else {
            self.send_to(fd.get(), to, 11 + i);
          }
          require(self.receive_datagram(fd.get()) == 2 * (11 + i), "the answer is whole");
        }
      });
}

void udp4_connected(Case& run) {
  echo(run, AF_INET, true);
}
void udp4_unconnected(Case& run) {
  echo(run, AF_INET, false);
}
void udp6_connected(Case& run) {
  echo(run, AF_INET6, true);
}
void udp6_unconnected(Case& run) {
  echo(run, AF_INET6, false);
}

// One socket to many destinations, and empty datagrams between.
void udp_many_remotes(Case& run) {
  constexpr std::uint32_t kReceivers = 5;
  const Gate bound;
  for (std::uint32_t i = 0; i < kReceivers; ++i) {
    run.start("receiver" + std::to_string(i), [&, i](Process& self) {
      const Fd fd = datagram_at(loopback_number(i, 7'300));
      bound.open();
      require(self.receive_datagram(fd.get()) == 100 + i, "the first is whole");
      require(self.receive_datagram(fd.get()) == 0, "the second is empty");
    });
  }
  run.start("sender", [&](Process& self) {
    for (std::uint32_t i = 0; i < kReceivers; ++i) bound.wait();
    const Fd fd = datagram_at(v4("0.0.0.0", 0));
    for (std::uint32_t i = 0; i < kReceivers; ++i) {
      self.send_to(fd.get(), loopback_number(i, 7'300), 100 + i);
      self.send_to(fd.get(), loopback_number(i, 7'300), 0);
    }
  });
}

// One send becomes many datagrams; with GRO many are read at once.
void gso(Case& run, int family) {
  constexpr std::size_t kBytes = 20'100;  // 16 datagrams of 1,200 bytes and one of 900.
  datagram_pair(
      run, family,
      [](Process& self, int fd) {
        for (int i = 0; i < 16; ++i) require(self.receive_datagram(fd) == 1'200, "a segment");
        require(self.receive_datagram(fd) == 900, "the last segment");
        // With GRO a read may give several datagrams.
        set_option(fd, SOL_UDP, UDP_GRO, 1, "UDP_GRO");
        for (std::size_t got = 0; got < kBytes;) got += self.receive_datagram(fd);
      },
      [](Process& self, const Address& to) {
        const Fd fd = connected_datagram(to);
        set_option(fd.get(), SOL_UDP, UDP_SEGMENT, 1'200, "UDP_SEGMENT");
        self.send(fd.get(), kBytes);
        sleep_ms(50);
        self.send(fd.get(), kBytes);
      });
}
void udp_gso4(Case& run) {
  gso(run, AF_INET);
}
void udp_gso6(Case& run) {
  gso(run, AF_INET6);
}

// Three sends with MSG_MORE and one without are one datagram.
void udp_more(Case& run) {
  datagram_pair(
      run, AF_INET, [](Process& self, int fd) { require(self.receive_datagram(fd) == 1'060, "one datagram"); },
      [](Process& self, const Address& to) {
        const Fd fd = connected_datagram(to);
        for (const std::size_t bytes : {10UL, 20UL, 30UL}) self.send(fd.get(), bytes, MSG_MORE);
        self.send(fd.get(), 1'000);
      });
}

// A short buffer: the call says what it copied, or with MSG_TRUNC the whole length.
void udp_trunc(Case& run) {
  datagram_pair(
      run, AF_INET6,
      [](Process& self, int fd) {
        require(self.receive_datagram(fd, 100) == 100, "copied");
        require(self.receive_datagram(fd, 100, MSG_TRUNC) == 3'000, "whole");
      },
      [](Process& self, const Address& to) {
        const Fd fd = connected_datagram(to);
        self.send(fd.get(), 3'000);
        self.send(fd.get(), 3'000);
      });
}

// A look at a datagram is not a read; with MSG_TRUNC it gives the whole length all the same.
void udp_peek(Case& run) {
  datagram_pair(
      run, AF_INET,
      [](Process& self, int fd) {
        char room[2'000];
        require(::recv(fd, room, sizeof room, MSG_PEEK) == 900, "the first look");
        require(::recv(fd, room, 10, MSG_PEEK | MSG_TRUNC) == 900, "the second look");
        require(self.receive_datagram(fd) == 900, "the read");
      },
      [](Process& self, const Address& to) { self.send(connected_datagram(to).get(), 900); });
}

// The errors' queue gives back the payload of a refused datagram, which is no reception.
void udp_errqueue(Case& run) {
  run.start("sender", [](Process& self) {
    const Fd closed = datagram_at(loopback(AF_INET, 0));
    const Address to = local_of(closed.get());
    const_cast<Fd&>(closed).close();
    const Fd fd = connected_datagram(to);
    set_option(fd.get(), SOL_IP, IP_RECVERR, 1, "IP_RECVERR");
    self.send(fd.get(), 333);
    sleep_ms(20);
    char room[2'000];
    iovec part{.iov_base = room, .iov_len = sizeof room};
    char control[512];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    require(check(::recvmsg(fd.get(), &message, MSG_ERRQUEUE), "recvmsg of the errors' queue") == 333, "the echo");
  });
}

// Sixteen datagrams a call, each of two parts.
void mmsg(Case& run) {
  constexpr std::size_t kMessages = 16;
  constexpr std::size_t kRounds = 4;
  struct Batch {
    std::array<std::array<iovec, 2>, kMessages> parts{};
    std::array<mmsghdr, kMessages> headers{};
    Batch(char* room, std::size_t first, std::size_t second) {
      for (std::size_t i = 0; i < kMessages; ++i) {
        parts[i] = {iovec{room, first + i}, iovec{room, second}};
        headers[i].msg_hdr.msg_iov = parts[i].data();
        headers[i].msg_hdr.msg_iovlen = 2;
      }
    }
  };
  datagram_pair(
      run, AF_INET,
      [](Process& self, int fd) {
        std::vector<char> room(4'096);
        for (std::size_t done = 0; done < kMessages * kRounds;) {
          Batch batch(room.data(), 1'000, 2'000);
          const int got = check(::recvmmsg(fd, batch.headers.data(), kMessages, MSG_WAITFORONE, nullptr), "recvmmsg");
          for (int i = 0; i < got; ++i) self.add(kRxBytes, batch.headers[static_cast<std::size_t>(i)].msg_len);
          done += static_cast<std::size_t>(got);
        }
      },
      [](Process& self, const Address& to) {
        const Fd fd = connected_datagram(to);
        std::vector<char> bytes(4'096, 'm');
        for (std::size_t round = 0; round < kRounds; ++round) {
          Batch batch(bytes.data(), 50, 77);
          const int put = check(::sendmmsg(fd.get(), batch.headers.data(), kMessages, 0), "sendmmsg");
          require(put == static_cast<int>(kMessages), "a short sendmmsg");
          for (const mmsghdr& header : batch.headers) self.add(kTxBytes, header.msg_len);
        }
      });
}

constexpr Entry kCases[] = {{"udp4_connected", udp4_connected},
                            {"udp4_unconnected", udp4_unconnected},
                            {"udp6_connected", udp6_connected},
                            {"udp6_unconnected", udp6_unconnected},
                            {"udp_many_remotes", udp_many_remotes},
                            {"udp_gso4", udp_gso4},
                            {"udp_gso6", udp_gso6},
                            {"udp_more", udp_more},
                            {"udp_trunc", udp_trunc},
                            {"udp_peek", udp_peek},
                            {"udp_errqueue", udp_errqueue},
                            {"mmsg", mmsg}};

}  // namespace

std::span<const Entry> udp_cases() {
  return kCases;
}

}  // namespace ipm::traffic
