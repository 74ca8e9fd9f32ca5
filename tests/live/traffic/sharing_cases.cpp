// One socket in several processes.
#include <sys/wait.h>
#include <unistd.h>

#include "live/traffic/case.h"
#include "live/traffic/check.h"

namespace ipm::traffic {
namespace {

// A socket inherited by fork: both processes send and receive on it.
void fork_shared(Case& run) {
  const Gate listening, answers;
  run.start("server", [&](Process& self) {
    const Fd listener = listen_at(loopback(AF_INET, 0));
    listening.open(local_of(listener.get()).port());
    const Fd fd = self.accept(listener.get());
    self.receive(fd.get(), 10'007 + 20'011);
    self.send(fd.get(), 7'000);
  });
  run.start("connector", [&](Process& self) {
    const Fd fd = self.connect(loopback(AF_INET, listening.wait_port()));
    self.send(fd.get(), 10'007);
    const pid_t heir = run.start("heir", [&](Process& me) {
      me.send(fd.get(), 20'011);
      me.receive(fd.get(), 3'000);
      answers.open();
    });
    answers.wait();
    self.receive(fd.get(), 4'000);
    run.wait(heir);
  });
}

void send_fd(int over, int fd) {
  char byte = 'f';
  iovec part{.iov_base = &byte, .iov_len = 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  check(::sendmsg(over, &message, 0), "pass a descriptor");
}

Fd receive_fd(int over) {
  char byte = 0;
  iovec part{.iov_base = &byte, .iov_len = 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  check(::recvmsg(over, &message, MSG_CMSG_CLOEXEC), "take a descriptor");
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  require(header != nullptr && header->cmsg_type == SCM_RIGHTS, "no descriptor came");
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return Fd(fd);
}

// Who connects says hello and passes the socket on; another process uses and closes it. So for the accepted end.
void scm_rights(Case& run) {
  int near[2], far[2];
  check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, near), "socketpair");
  check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, far), "socketpair");
  const Fd near_ends[2] = {Fd(near[0]), Fd(near[1])}, far_ends[2] = {Fd(far[0]), Fd(far[1])};
  const Gate listening;
  run.start("acceptor", [&](Process& self) {
    const Fd listener = listen_at(loopback(AF_INET6, 0));
    listening.open(local_of(listener.get()).port());
    send_fd(far_ends[0].get(), self.accept(listener.get()).get());
  });
  run.start("answerer", [&](Process& self) {
    const Fd fd = receive_fd(far_ends[1].get());
    self.receive(fd.get(), 11 + 9'001);
    self.send(fd.get(), 8'009);
  });
  run.start("connector", [&](Process& self) {
    const Fd fd = self.connect(loopback(AF_INET6, listening.wait_port()));
    self.send(fd.get(), 11);
    send_fd(near_ends[0].get(), fd.get());
  });
  run.start("user", [&](Process& self) {
    const Fd fd = receive_fd(near_ends[1].get());
    self.send(fd.get(), 9'001);
    self.receive(fd.get(), 8'009);
  });
}

constexpr std::uint32_t kWorkers = 4;
constexpr std::size_t kClientConnections = 12;

void serve(Process& self, int listener, std::size_t connections) {
  for (std::size_t i = 0; i < connections; ++i) {
    const Fd fd = self.accept(listener);
    self.receive_to_end(fd.get());
    self.send(fd.get(), 300);
  }
}

void call(Process& self, int family, std::uint16_t port, std::size_t connections) {
  for (std::size_t i = 0; i < connections; ++i) {
    const Fd fd = self.connect(loopback(family, port));
    self.send(fd.get(), 1'000 + i);
    check(::shutdown(fd.get(), SHUT_WR), "shutdown");
    require(self.receive_to_end(fd.get()) == 300, "the answer is whole");
  }
}

// The master listens, its workers accept.
void prefork(Case& run) {
  const Gate listening;
  run.start("master", [&](Process&) {
    const Fd listener = listen_at(loopback(AF_INET, 0));
    for (std::uint32_t i = 0; i < kWorkers; ++i) {
      run.start("worker" + std::to_string(i),
                [&](Process& me) { serve(me, listener.get(), kClientConnections / kWorkers); });
    }
    listening.open(local_of(listener.get()).port());
    run.wait_all();
  });
  run.start("client", [&](Process& self) { call(self, AF_INET, listening.wait_port(), kClientConnections); });
}

// The master accepts, and forks a process for each connection.
void fork_per_connection(Case& run) {
  const Gate listening;
  run.start("master", [&](Process& self) {
    const Fd listener = listen_at(loopback(AF_INET, 0));
    listening.open(local_of(listener.get()).port());
    for (std::size_t i = 0; i < kClientConnections; ++i) {
      const Fd fd = self.accept(listener.get());
      run.start("child" + std::to_string(i), [&](Process& me) {
        me.receive_to_end(fd.get());
        me.send(fd.get(), 300);
      });
    }
    run.wait_all();
  });
  run.start("client", [&](Process& self) { call(self, AF_INET, listening.wait_port(), kClientConnections); });
}

// Every worker has sockets of its own at one port. The kernel chooses by hash, so each takes what comes until the end.
void reuseport(Case& run) {
  const Gate ready;
  std::vector<Gate> stop(kWorkers);
  const std::uint16_t port = 7'400;
  std::vector<pid_t> workers;
  for (std::uint32_t i = 0; i < kWorkers; ++i) {
    workers.push_back(run.start("worker" + std::to_string(i), [&, i](Process& self) {
      const Fd listener = listen_at(loopback(AF_INET6, port), 0, true);
      const Fd datagrams = socket_of(AF_INET6, SOCK_DGRAM);
      set_option(datagrams.get(), SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
      const Address at = loopback(AF_INET6, port);
      check(::bind(datagrams.get(), at.get(), at.length), "bind a datagram socket");
      ready.open();
      stop[i].wait_or_readable({listener.get(), datagrams.get()}, [&](int fd) {
        if (fd == listener.get()) {
          serve(self, fd, 1);
        } else {
          self.receive_datagram(fd);
        }
      });
    }));
  }
  const pid_t client = run.start("client", [&](Process& self) {
    for (std::uint32_t i = 0; i < kWorkers; ++i) ready.wait();
    call(self, AF_INET6, port, 40);
    for (std::size_t i = 0; i < 40; ++i) {
      self.send_to(datagram_at(loopback(AF_INET6, 0)).get(), loopback(AF_INET6, port), 50 + i);
    }
  });
  run.wait(client);
  sleep_ms(50);
  for (const Gate& gate : stop) gate.open();
}

constexpr Entry kCases[] = {{"fork_shared", fork_shared},
                            {"scm_rights", scm_rights},
                            {"prefork", prefork},
                            {"fork_per_connection", fork_per_connection},
                            {"reuseport", reuseport}};

}  // namespace

std::span<const Entry> sharing_cases() {
  return kCases;
}

}  // namespace ipm::traffic
