// What depends on the network or on the monitor: namespaces, loss, connections that are older than the monitor.
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/ioctl.h>

#include <linux/sockios.h>

#include <cstdlib>

#include "live/traffic/case.h"
#include "live/traffic/check.h"

namespace ipm::traffic {
namespace {

// The same five-tuple at the same time in the namespace of the case and in one of its own.
void same_tuple(Case& run) {
  constexpr std::uint16_t kServerPort = 7'700, kClientPort = 7'701;
  const Gate both_stand[2];
  // One process of each pair makes the namespace and forks the other.
  const auto pair = [&](bool own, std::size_t request, std::size_t answer) {
    const std::string suffix = own ? "_inner" : "_outer";
    const auto meet = [&both_stand](bool first) {
      both_stand[first ? 0 : 1].open();
      both_stand[first ? 1 : 0].wait();
    };
    run.start("server" + suffix, [&run, own, suffix, request, answer, meet](Process& self) {
      if (own) {
        if (::unshare(CLONE_NEWNET) != 0) throw Skip("no network namespace of its own");
        raise_loopback();
      }
      const Fd listener = listen_at(loopback(AF_INET, kServerPort));
      const pid_t client = run.start("client" + suffix, [request, answer](Process& me) {
        const Fd fd = socket_of(AF_INET, SOCK_STREAM);
        const Address from = loopback(AF_INET, kClientPort), to = loopback(AF_INET, kServerPort);
        check(::bind(fd.get(), from.get(), from.length), "bind the client");
        check(::connect(fd.get(), to.get(), to.length), "connect");
        me.add(kConnects);
        me.send(fd.get(), request);
        me.receive(fd.get(), answer);
      });
      const Fd fd = self.accept(listener.get());
      meet(own);
      self.receive(fd.get(), request);
      self.send(fd.get(), answer);
      meet(own);
      run.wait(client);
    });
  };
  pair(false, 1'001, 2'003);
  pair(true, 4'005, 8'009);
}

std::uint32_t retransmits_of(int fd) {
  tcp_info info{};
  socklen_t length = sizeof info;
  check(::getsockopt(fd, SOL_TCP, TCP_INFO, &info, &length), "TCP_INFO");
  return info.tcpi_total_retrans;
}

// One packet in eight on its way to the server is lost, until all bytes are there. Packets are of one segment each:
// then it does not matter which of the two somebody counts.
void loss(Case& run) {
  constexpr std::size_t kBytes = 12'000'017;
  if (std::system("ip link set lo gso_max_segs 1") != 0) throw Skip("ip(8) does not set gso_max_segs");
  tcp_pair(
      run, AF_INET,
      [](Process& self, int fd) {
        self.receive(fd, kBytes);
        self.send(fd, 1);
        require(self.receive_to_end(fd) == 0, "the end");
      },
      [](Process& self, int fd) {
        Address peer;
        check(::getpeername(fd, peer.get(), &peer.length), "getpeername");
        const std::string port = std::to_string(peer.port());
        run_nft(("add table inet t; add chain inet t in { type filter hook input priority 0; };"
                 "add rule inet t in tcp dport " +
                 port + " numgen inc mod 8 == 3 drop\n")
                    .c_str());
        self.send(fd, kBytes);
        self.receive(fd, 1);
        run_nft("delete table inet t\n");
        // Everything is acknowledged before the count is taken, so that it is final.
        for (int unacked = 1; unacked > 0; sleep_ms(5)) check(::ioctl(fd, SIOCOUTQ, &unacked), "SIOCOUTQ");
        const std::uint32_t retransmits = retransmits_of(fd);
        require(retransmits > 0, "nothing was lost");
        self.add(kRetransmits, retransmits);
      });
}

// Counts on both sides of the barrier: the bytes after it also apart.
class Older {
 public:
  explicit Older(Process& self, const Gate& ready, const Gate& go_on) : self_(self) {
    ready.open();
    go_on.wait();
    tx_before_ = self.value(kTxBytes);
    rx_before_ = self.value(kRxBytes);
  }
  Older(const Older&) = delete;
  Older& operator=(const Older&) = delete;
  ~Older() {
    self_.add(kTxBytesAfter, self_.value(kTxBytes) - tx_before_);
    self_.add(kRxBytesAfter, self_.value(kRxBytes) - rx_before_);
  }

 private:
  Process& self_;
  std::uint64_t tx_before_, rx_before_;
};

// Sockets that stand and have moved bytes when the monitor starts; more bytes follow. Connects and accepts of before
// are left open: the monitor did not see them.
void older(Case& run) {
  const Gate ready, go_on, listening, bound, idle_listening;
  int roles = 0;
  const auto start = [&](const std::string& role, const Case::Work& work) {
    ++roles;
    run.start(role, work);
  };
  start("tcp_server", [&](Process& self) {
    self.slot().leave_open(kAccepts);
    const Fd listener = listen_at(loopback(AF_INET6, 0));
    listening.open(local_of(listener.get()).port());
    const Fd fd = self.accept(listener.get());
    self.receive(fd.get(), 100'003);
    self.send(fd.get(), 50'021);
    const Older barrier(self, ready, go_on);
    self.receive(fd.get(), 3'001);
    self.send(fd.get(), 7'001);
  });
  start("tcp_client", [&](Process& self) {
    self.slot().leave_open(kConnects);
    const Fd fd = self.connect(loopback(AF_INET6, listening.wait_port()));
    self.send(fd.get(), 100'003);
    self.receive(fd.get(), 50'021);
    const Older barrier(self, ready, go_on);
    self.send(fd.get(), 3'001);
    self.receive(fd.get(), 7'001);
  });
  start("udp_receiver", [&](Process& self) {
    const Fd fd = datagram_at(loopback(AF_INET, 0));
    bound.open(local_of(fd.get()).port());
    self.receive_datagram(fd.get());
    const Older barrier(self, ready, go_on);
    self.receive_datagram(fd.get());
  });
  start("udp_sender", [&](Process& self) {
    const Address to = loopback(AF_INET, bound.wait_port());
    const Fd fd = socket_of(AF_INET, SOCK_DGRAM);
    self.send_to(fd.get(), to, 900);
    const Older barrier(self, ready, go_on);
    self.send_to(fd.get(), to, 333);
  });
  // The listener is older, its connection is not.
  start("listener", [&](Process& self) {
    const Fd listener = listen_at(loopback(AF_INET, 0));
    const Older barrier(self, ready, go_on);
    idle_listening.open(local_of(listener.get()).port());
    const Fd fd = self.accept(listener.get());
    self.receive(fd.get(), 1'234);
  });
  start("newcomer", [&](Process& self) {
    const Older barrier(self, ready, go_on);
    const Fd fd = self.connect(loopback(AF_INET, idle_listening.wait_port()));
    self.send(fd.get(), 1'234);
  });
  // Older and idle: its end is all that is seen of it.
  start("idle", [&](Process& self) {
    self.slot().leave_open(kConnects);
    self.slot().leave_open(kAccepts);
    const Fd listener = listen_at(loopback(AF_INET, 0));
    const Fd near = self.connect(loopback(AF_INET, local_of(listener.get()).port()));
    const Fd far = self.accept(listener.get());
    self.send(near.get(), 555);
    self.receive(far.get(), 555);
    const Older barrier(self, ready, go_on);
  });
  for (int i = 0; i < roles; ++i) ready.wait();
  run.barrier();
  for (int i = 0; i < roles; ++i) go_on.open();
}

constexpr Entry kCases[] = {{"same_tuple", same_tuple}, {"loss", loss}, {"older", older}};

}  // namespace

std::span<const Entry> namespace_cases() {
  return kCases;
}

}  // namespace ipm::traffic
