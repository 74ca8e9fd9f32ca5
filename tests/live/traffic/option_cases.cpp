// TCP with something added: MPTCP, Fast Open.
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "live/traffic/case.h"
#include "live/traffic/check.h"

namespace ipm::traffic {
namespace {

constexpr std::size_t kRequest = 400'009;
constexpr std::size_t kAnswer = 90'001;

void require_mptcp(int protocol) {
  if (protocol != IPPROTO_MPTCP) return;
  const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, protocol));
  if (!fd.valid()) throw Skip("the kernel has no MPTCP");
}

// Either end may lack it: the connection falls back to TCP.
void multipath(Case& run, int family, int server_protocol, int client_protocol) {
  require_mptcp(IPPROTO_MPTCP);
  const Gate listening;
  run.start("server", [&](Process& self) {
    const Fd listener = listen_at(loopback(family, 0), server_protocol);
    listening.open(local_of(listener.get()).port());
    const Fd fd = self.accept(listener.get());
    require(self.receive_to_end(fd.get()) == kRequest, "the request is whole");
    self.send(fd.get(), kAnswer);
  });
  run.start("client", [&](Process& self) {
    const Fd fd = self.connect(loopback(family, listening.wait_port()), client_protocol);
    self.send(fd.get(), kRequest);
    check(::shutdown(fd.get(), SHUT_WR), "shutdown");
    require(self.receive_to_end(fd.get()) == kAnswer, "the answer is whole");
  });
}

void mptcp4(Case& run) {
  multipath(run, AF_INET, IPPROTO_MPTCP, IPPROTO_MPTCP);
}
void mptcp6(Case& run) {
  multipath(run, AF_INET6, IPPROTO_MPTCP, IPPROTO_MPTCP);
}
void mptcp_to_tcp(Case& run) {
  multipath(run, AF_INET, 0, IPPROTO_MPTCP);
}
void tcp_to_mptcp(Case& run) {
  multipath(run, AF_INET, IPPROTO_MPTCP, 0);
}

void mptcp_refused(Case& run) {
  require_mptcp(IPPROTO_MPTCP);
  run.start("client", [](Process& self) {
    const Fd bound = socket_of(AF_INET, SOCK_STREAM);
    const Address any = loopback(AF_INET, 0);
    check(::bind(bound.get(), any.get(), any.length), "bind");
    const Address closed = local_of(bound.get());
    const Fd fd = socket_of(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
    require(::connect(fd.get(), closed.get(), closed.length) != 0 && errno == ECONNREFUSED, "refused");
    self.add(kConnectFailures);
  });
}

// The first connection asks for a cookie, the others carry bytes in their SYN.
void fast_open(Case& run) {
  constexpr std::size_t kConnections = 4;
  set_sysctl("net/ipv4/tcp_fastopen", "3");
  const Gate listening;
  run.start("server", [&](Process& self) {
    const Fd listener = listen_at(loopback(AF_INET, 0));
    set_option(listener.get(), SOL_TCP, TCP_FASTOPEN, 16, "TCP_FASTOPEN");
    listening.open(local_of(listener.get()).port());
    for (std::size_t i = 0; i < kConnections; ++i) {
      const Fd fd = self.accept(listener.get());
      require(self.receive_to_end(fd.get()) == 701 + i, "the request is whole");
      self.send(fd.get(), 55);
    }
  });
  run.start("client", [&](Process& self) {
    const Address to = loopback(AF_INET, listening.wait_port());
    bool in_syn = false;
    for (std::size_t i = 0; i < kConnections; ++i) {
      const Fd fd = socket_of(AF_INET, SOCK_STREAM);
      if (i % 2 == 0) {
        const ssize_t put = ::sendto(fd.get(), payload(), 701 + i, MSG_FASTOPEN, to.get(), to.length);
        require(self.sent(put, "sendto with MSG_FASTOPEN") == 701 + i, "a short sendto");
      } else {
        set_option(fd.get(), SOL_TCP, TCP_FASTOPEN_CONNECT, 1, "TCP_FASTOPEN_CONNECT");
        check(::connect(fd.get(), to.get(), to.length), "connect");
        self.send(fd.get(), 701 + i);
      }
      self.add(kConnects);
      check(::shutdown(fd.get(), SHUT_WR), "shutdown");
      require(self.receive_to_end(fd.get()) == 55, "the answer is whole");
      tcp_info info{};
      socklen_t length = sizeof info;
      check(::getsockopt(fd.get(), SOL_TCP, TCP_INFO, &info, &length), "TCP_INFO");
      in_syn = in_syn || (info.tcpi_options & TCPI_OPT_SYN_DATA) != 0;
    }
    if (!in_syn) throw Skip("no SYN carried bytes");
  });
}

constexpr Entry kCases[] = {{"mptcp4", mptcp4},
                            {"mptcp6", mptcp6},
                            {"mptcp_to_tcp", mptcp_to_tcp},
                            {"tcp_to_mptcp", tcp_to_mptcp},
                            {"mptcp_refused", mptcp_refused},
                            {"fast_open", fast_open}};

}  // namespace

std::span<const Entry> option_cases() {
  return kCases;
}

}  // namespace ipm::traffic
