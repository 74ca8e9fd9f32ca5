// TCP through the plain calls.
#include <fcntl.h>
#include <poll.h>

#include <thread>

#include "live/traffic/case.h"
#include "live/traffic/check.h"

namespace ipm::traffic {
namespace {

// A request and a longer answer, with sizes that name the direction.
void talk(Case& run, int family) {
  tcp_pair(
      run, family,
      [](Process& self, int fd) {
        self.receive(fd, 1'000'003);
        self.send(fd, 2'000'029);
      },
      [](Process& self, int fd) {
        self.send(fd, 1'000'003);
        self.receive(fd, 2'000'029);
      });
}

void tcp4(Case& run) {
  talk(run, AF_INET);
}
void tcp6(Case& run) {
  talk(run, AF_INET6);
}

// A listener on [::] takes a connection of IPv4.
void tcp_mapped(Case& run) {
  const Gate listening;
  run.start("server", [&](Process& self) {
    const Fd listener = listen_at(v6("::", 0));
    listening.open(local_of(listener.get()).port());
    const Fd fd = self.accept(listener.get());
    self.receive(fd.get(), 3'001);
    self.send(fd.get(), 5'003);
  });
  run.start("client", [&](Process& self) {
    const Fd fd = self.connect(loopback(AF_INET, listening.wait_port()));
    self.send(fd.get(), 3'001);
    self.receive(fd.get(), 5'003);
  });
}

// Connected, and not a byte.
void tcp_empty(Case& run) {
  tcp_pair(
      run, AF_INET, [](Process& self, int fd) { require(self.receive_to_end(fd) == 0, "bytes"); },
      [](Process&, int) {});
}

void half_close(Case& run) {
  tcp_pair(
      run, AF_INET,
      [](Process& self, int fd) {
        require(self.receive_to_end(fd) == 70'001, "the request is whole");
        self.send(fd, 300'007);
      },
      [](Process& self, int fd) {
        self.send(fd, 70'001);
        check(::shutdown(fd, SHUT_WR), "shutdown");
        require(self.receive_to_end(fd) == 300'007, "the answer is whole");
      });
}

// Eight threads send on one socket, eight read from its other end.
void tcp_threads(Case& run) {
  constexpr int kThreads = 8;
  constexpr std::size_t kBytes = 50'021;
  const auto together = [](const std::function<void()>& work) {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back(work);
  };
  tcp_pair(
      run, AF_INET, [&](Process& self, int fd) { together([&] { self.receive_to_end(fd); }); },
      [&](Process& self, int fd) {
        together([&] {
          for (int i = 0; i < 20; ++i) self.send(fd, kBytes / 20);
        });
      });
}

void slow_drip(Case& run) {
  constexpr std::uint32_t kBytes = 60;
  const std::uint32_t pause = run.option("pause_ms", 40);
  tcp_pair(
      run, AF_INET6, [](Process& self, int fd) { self.receive(fd, kBytes); },
      [&](Process& self, int fd) {
        for (std::uint32_t i = 0; i < kBytes; ++i) {
          self.send(fd, 1);
          sleep_ms(pause);
        }
      });
}

// One after the other, each with its own number of bytes.
void small_in_a_row(Case& run) {
  constexpr std::size_t kConnections = 60;
  const Gate listening;
  run.start("server", [&](Process& self) {
    const Fd listener = listen_at(loopback(AF_INET, 0));
    listening.open(local_of(listener.get()).port());
    for (std::size_t i = 0; i < kConnections; ++i) {
      const Fd fd = self.accept(listener.get());
      require(self.receive_to_end(fd.get()) == 10 + i, "the request is whole");
      self.send(fd.get(), 20 + i);
    }
  });
  run.start("client", [&](Process& self) {
    const std::uint16_t port = listening.wait_port();
    for (std::size_t i = 0; i < kConnections; ++i) {
      const Fd fd = self.connect(loopback(AF_INET, port));
      self.send(fd.get(), 10 + i);
      check(::shutdown(fd.get(), SHUT_WR), "shutdown");
      require(self.receive_to_end(fd.get()) == 20 + i, "the answer is whole");
    }
  });
}

// All connects are under way before the first is finished.
void small_at_once(Case& run) {
  constexpr std::size_t kConnections = 30;
  const Gate listening;
  run.start("server", [&](Process& self) {
    const Fd listener = listen_at(loopback(AF_INET6, 0));
    listening.open(local_of(listener.get()).port());
    std::vector<Fd> all;
    for (std::size_t i = 0; i < kConnections; ++i) all.push_back(self.accept(listener.get()));
    for (const Fd& fd : all) {
      self.receive(fd.get(), 31);
      self.send(fd.get(), 17);
    }
  });
  run.start("client", [&](Process& self) {
    const Address to = loopback(AF_INET6, listening.wait_port());
    std::vector<Fd> all;
    for (std::size_t i = 0; i < kConnections; ++i) {
      all.push_back(socket_of(to.family(), SOCK_STREAM | SOCK_NONBLOCK));
      require(::connect(all.back().get(), to.get(), to.length) == 0 || errno == EINPROGRESS, "connect");
    }
    for (const Fd& fd : all) {
      pollfd ready{.fd = fd.get(), .events = POLLOUT, .revents = 0};
      check(::poll(&ready, 1, 5'000), "poll");
      int error = 0;
      socklen_t length = sizeof error;
      check(::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &length), "SO_ERROR");
      require(ready.revents == POLLOUT && error == 0, "a connect failed");
      self.add(kConnects);
      check(::fcntl(fd.get(), F_SETFL, 0), "block again");
      self.send(fd.get(), 31);
    }
    for (const Fd& fd : all) self.receive(fd.get(), 17);
  });
}

// A process that connects to its own listener is both ends.
void self_talk(Case& run) {
  run.start("both", [](Process& self) {
    const Fd listener = listen_at(loopback(AF_INET, 0));
    const Fd near = self.connect(loopback(AF_INET, local_of(listener.get()).port()));
    const Fd far = self.accept(listener.get());
    self.send(near.get(), 4'001);
    self.receive(far.get(), 4'001);
    self.send(far.get(), 6'007);
    self.receive(near.get(), 6'007);
  });
}

constexpr Entry kCases[] = {{"tcp4", tcp4},
                            {"tcp6", tcp6},
                            {"tcp_mapped", tcp_mapped},
                            {"tcp_empty", tcp_empty},
                            {"half_close", half_close},
                            {"tcp_threads", tcp_threads},
                            {"slow_drip", slow_drip},
                            {"small_in_a_row", small_in_a_row},
                            {"small_at_once", small_at_once},
                            {"self_talk", self_talk}};

}  // namespace

std::span<const Entry> tcp_cases() {
  return kCases;
}

}  // namespace ipm::traffic
