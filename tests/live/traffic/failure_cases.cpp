// Connections that fail or are reset.
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "live/traffic/case.h"
#include "live/traffic/check.h"

namespace ipm::traffic {
namespace {

// A port that nobody listens at: bound, not listening, so that no other process gets it.
struct ClosedPort {
  Fd fd;
  Address address;
  explicit ClosedPort(int family) : fd(socket_of(family, SOCK_STREAM)), address(loopback(family, 0)) {
    check(::bind(fd.get(), address.get(), address.length), "bind");
    address = local_of(fd.get());
  }
};

void refused(Case& run) {
  for (const int family : {AF_INET, AF_INET6}) {
    run.start(family == AF_INET ? "client4" : "client6", [family](Process& self) {
      const ClosedPort closed(family);
      for (int i = 0; i < 3; ++i) self.connect_fails(closed.address, ECONNREFUSED);
      // The same by a connect that does not block.
      const Fd fd = socket_of(family, SOCK_STREAM | SOCK_NONBLOCK);
      const int result = ::connect(fd.get(), closed.address.get(), closed.address.length);
      if (result != 0 && errno == EINPROGRESS) {
        pollfd ready{.fd = fd.get(), .events = POLLOUT, .revents = 0};
        check(::poll(&ready, 1, 5'000), "poll");
        int error = 0;
        socklen_t length = sizeof error;
        check(::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &length), "SO_ERROR");
        errno = error;
      }
      require(result != 0 && errno == ECONNREFUSED, "refused without blocking");
      self.add(kConnectFailures);
    });
  }
}

// Nothing answers: the packets to these ports are dropped.
void timed_out(Case& run) {
  set_sysctl("net/ipv4/tcp_syn_retries", "1");
  run_nft(
      "add table inet t; add chain inet t in { type filter hook input priority 0; };"
      "add rule inet t in tcp dport { 7501, 7502 } drop\n");
  run.start("client4", [](Process& self) { self.connect_fails(loopback(AF_INET, 7'501), ETIMEDOUT); });
  run.start("client6", [](Process& self) { self.connect_fails(loopback(AF_INET6, 7'502), ETIMEDOUT); });
  // Two threads of one process at a time.
  run.start("threads", [](Process& self) {
    std::jthread first([&] { self.connect_fails(loopback(AF_INET, 7'501), ETIMEDOUT); });
    std::jthread second([&] { self.connect_fails(loopback(AF_INET, 7'502), ETIMEDOUT); });
  });
}

// ICMP says that the host cannot be reached.
void unreachable(Case& run) {
  set_sysctl("net/ipv4/tcp_syn_retries", "1");
  run_nft(
      "add table inet t; add chain inet t in { type filter hook input priority 0; };"
      "add rule inet t in tcp dport 7503 reject with icmpx type host-unreachable\n");
  run.start("client4", [](Process& self) { self.connect_fails(loopback(AF_INET, 7'503), EHOSTUNREACH); });
  run.start("client6", [](Process& self) { self.connect_fails(loopback(AF_INET6, 7'503), EHOSTUNREACH); });
}

// The routing table says so at once: no packet leaves, the socket never begins to connect.
void no_route(Case& run) {
  run.start("client4", [](Process& self) { self.connect_fails(v4("192.0.2.1", 80), ENETUNREACH); });
  run.start("client6", [](Process& self) { self.connect_fails(v6("2001:db8::1", 80), ENETUNREACH); });
}

// Every local port of the namespace is in use towards the only server: the kernel finds none for another connection.
void no_port(Case& run) {
  constexpr std::uint32_t kPorts = 2;
  set_sysctl("net/ipv4/ip_local_port_range", "40000 40001");
  const Address at = loopback(AF_INET, 7'505);
  const Gate listening, done;
  run.start("server", [&](Process& self) {
    const Fd listener = listen_at(at);
    listening.open();
    std::vector<Fd> all;
    for (std::uint32_t i = 0; i < kPorts; ++i) all.push_back(self.accept(listener.get()));
    done.wait();
  });
  run.start("client", [&](Process& self) {
    listening.wait();
    std::vector<Fd> all;
    for (std::uint32_t i = 0; i < kPorts; ++i) all.push_back(self.connect(at));
    self.connect_fails(at, EADDRNOTAVAIL);
    done.open();
  });
}

// `resetter` closes with SO_LINGER 0 after both have moved bytes.
void reset_by(Case& run, bool server_resets) {
  const Gate listening, quiet;
  const auto both = [&](Process& self, Fd fd, bool resets, std::size_t tx, std::size_t rx) {
    self.send(fd.get(), tx);
    self.receive(fd.get(), rx);
    if (resets) {
      quiet.wait();
      self.abort(std::move(fd));
    } else {
      quiet.open();
      self.receive_reset(fd.get());
    }
  };
  run.start("server", [&](Process& self) {
    const Fd listener = listen_at(loopback(AF_INET, 0));
    listening.open(local_of(listener.get()).port());
    both(self, self.accept(listener.get()), server_resets, 2'003, 1'009);
  });
  run.start("client", [&](Process& self) {
    both(self, self.connect(loopback(AF_INET, listening.wait_port())), !server_resets, 1'009, 2'003);
  });
}
void reset_by_server(Case& run) {
  reset_by(run, true);
}
void reset_by_client(Case& run) {
  reset_by(run, false);
}

// An orderly close over unread bytes is a reset too.
void reset_unread(Case& run) {
  const Gate all_sent;
  tcp_pair(
      run, AF_INET6,
      [&](Process& self, int fd) {
        self.receive(fd, 100);
        all_sent.wait();
        self.add(kResetsTx);
      },
      [&](Process& self, int fd) {
        self.send(fd, 4'001);
        all_sent.open();
        self.receive_reset(fd);
      });
}

// The listener closes over connections that nobody accepted.
void reset_unaccepted(Case& run) {
  const Gate listening, connected;
  run.start("server", [&](Process& self) {
    self.slot().leave_open(kResetsTx);
    const Fd listener = listen_at(loopback(AF_INET, 0));
    listening.open(local_of(listener.get()).port());
    connected.wait();
  });
  run.start("client", [&](Process& self) {
    const Fd fd = self.connect(loopback(AF_INET, listening.wait_port()));
    self.send(fd.get(), 501);
    connected.open();
    self.receive_reset(fd.get());
  });
}

// A process that is killed leaves an orderly end where it had read everything, a reset where it had not.
void kill9(Case& run, bool unread) {
  const Gate listening, ready;
  const pid_t victim = run.start("victim", [&](Process& self) {
    const Fd listener = listen_at(loopback(AF_INET, 0));
    listening.open(local_of(listener.get()).port());
    const Fd fd = self.accept(listener.get());
    self.receive(fd.get(), 3'001);
    self.send(fd.get(), 6'007);
    if (unread) self.add(kResetsTx);
    ready.open();
    ::pause();
  });
  const Gate killed;
  run.start("peer", [&](Process& self) {
    const Fd fd = self.connect(loopback(AF_INET, listening.wait_port()));
    self.send(fd.get(), 3'001);
    self.receive(fd.get(), 6'007);
    if (unread) self.send(fd.get(), 99);
    killed.open();
    if (unread) {
      self.receive_reset(fd.get());
    } else {
      require(self.receive_to_end(fd.get()) == 0, "the end");
    }
  });
  ready.wait();
  killed.wait();
  check(::kill(victim, SIGKILL), "kill");
  run.wait(victim, SIGKILL);
}
void kill9_idle(Case& run) {
  kill9(run, false);
}
void kill9_unread(Case& run) {
  kill9(run, true);
}

// The peer falls silent: retransmits go unanswered until TCP_USER_TIMEOUT ends the connection, without a reset of the
// peer's.
void user_timeout(Case& run) {
  const Gate dropped, listening;
  run.start("server", [&](Process& self) {
    const Fd listener = listen_at(loopback(AF_INET, 7'504));
    listening.open();
    const Fd fd = self.accept(listener.get());
    self.receive(fd.get(), 1'000);
    dropped.wait();
  });
  run.start("client", [&](Process& self) {
    self.slot().leave_open(kResetsTx);
    listening.wait();
    const Fd fd = self.connect(loopback(AF_INET, 7'504));
    self.send(fd.get(), 1'000);
    sleep_ms(50);
    run_nft(
        "add table inet t; add chain inet t in { type filter hook input priority 0; };"
        "add rule inet t in tcp dport 7504 drop\n");
    set_option(fd.get(), SOL_TCP, TCP_USER_TIMEOUT, 700, "TCP_USER_TIMEOUT");
    self.send(fd.get(), 700);
    char byte = 0;
    require(::recv(fd.get(), &byte, 1, 0) < 0 && errno == ETIMEDOUT, "the end by timeout");
    dropped.open();
  });
}

constexpr Entry kCases[] = {{"refused", refused},
                            {"timed_out", timed_out},
                            {"unreachable", unreachable},
                            {"no_route", no_route},
                            {"no_port", no_port},
                            {"reset_by_server", reset_by_server},
                            {"reset_by_client", reset_by_client},
                            {"reset_unread", reset_unread},
                            {"reset_unaccepted", reset_unaccepted},
                            {"kill9_idle", kill9_idle},
                            {"kill9_unread", kill9_unread},
                            {"user_timeout", user_timeout}};

}  // namespace

std::span<const Entry> failure_cases() {
  return kCases;
}

}  // namespace ipm::traffic
