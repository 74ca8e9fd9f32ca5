// Sockets driven through io_uring: the work is done by the caller, by a worker thread or by the polling thread.
#include <sys/socket.h>

#include "live/traffic/case.h"
#include "live/traffic/check.h"
#include "live/traffic/uring.h"

namespace ipm::traffic {
namespace {

constexpr std::size_t kRequest = 300'007;
constexpr std::size_t kAnswer = 150'001;

struct Manner {
  std::uint32_t setup_flags = 0;
  std::uint8_t request_flags = 0;
  std::uint8_t send_opcode = IORING_OP_SEND;
};

void send_by(Process& self, Uring& ring, int fd, std::size_t bytes, const Manner& manner) {
  while (bytes > 0) {
    io_uring_sqe request = uring_send(fd, payload(), std::min<std::size_t>(bytes, 40'000));
    request.opcode = manner.send_opcode;
    request.flags = manner.request_flags;
    bytes -= self.sent(ring.run(request, "send by io_uring"), "send by io_uring");
  }
}

void receive_by(Process& self, Uring& ring, int fd, std::size_t bytes, const Manner& manner) {
  std::vector<char> room(40'000);
  while (bytes > 0) {
    io_uring_sqe request = uring_receive(fd, room.data(), std::min(bytes, room.size()));
    request.flags = manner.request_flags;
    const std::size_t got = self.received(ring.run(request, "recv by io_uring"), "recv by io_uring");
    require(got > 0, "the peer ended too early");
    bytes -= got;
  }
}

void talk(Case& run, const Manner& manner) {
  tcp_pair(
      run, AF_INET,
      [&](Process& self, int fd) {
        Uring ring(manner.setup_flags);
        receive_by(self, ring, fd, kRequest, manner);
        send_by(self, ring, fd, kAnswer, manner);
      },
      [&](Process& self, int fd) {
        Uring ring(manner.setup_flags);
        send_by(self, ring, fd, kRequest, manner);
        receive_by(self, ring, fd, kAnswer, manner);
      });
}

void uring_plain(Case& run) {
  talk(run, {});
}
void uring_async(Case& run) {
  talk(run, {.request_flags = IOSQE_ASYNC});
}
void uring_sqpoll(Case& run) {
  talk(run, {.setup_flags = IORING_SETUP_SQPOLL});
}
void uring_send_zc(Case& run) {
  talk(run, {.send_opcode = IORING_OP_SEND_ZC});
}

void uring_datagrams(Case& run) {
  const Gate bound;
  run.start("receiver", [&](Process& self) {
    Uring ring;
    const Fd fd = datagram_at(loopback(AF_INET6, 0));
    bound.open(local_of(fd.get()).port());
    for (std::size_t i = 0; i < 30; ++i) receive_by(self, ring, fd.get(), 100 + i, {});
  });
  run.start("sender", [&](Process& self) {
    Uring ring(IORING_SETUP_SQPOLL);
    const Address to = loopback(AF_INET6, bound.wait_port());
    const Fd fd = socket_of(AF_INET6, SOCK_DGRAM);
    check(::connect(fd.get(), to.get(), to.length), "connect a datagram socket");
    for (std::size_t i = 0; i < 30; ++i) send_by(self, ring, fd.get(), 100 + i, {});
  });
}

// Connects and accepts by io_uring too, in each manner; no other call touches the sockets but their making.
void uring_connect(Case& run, const Manner& manner) {
  const Gate listening;
  run.start("server", [&](Process& self) {
    Uring ring(manner.setup_flags);
    const Fd listener = listen_at(loopback(AF_INET, 0));
    listening.open(local_of(listener.get()).port());
    io_uring_sqe request{};
    request.opcode = IORING_OP_ACCEPT;
    request.flags = manner.request_flags;
    request.fd = listener.get();
    request.accept_flags = SOCK_CLOEXEC;
    const Fd fd(ring.run(request, "accept by io_uring"));
    self.add(kAccepts);
    receive_by(self, ring, fd.get(), kRequest, manner);
    send_by(self, ring, fd.get(), kAnswer, manner);
  });
  run.start("client", [&](Process& self) {
    Uring ring(manner.setup_flags);
    const Fd fd = socket_of(AF_INET, SOCK_STREAM);
    const Address to = loopback(AF_INET, listening.wait_port());
    io_uring_sqe request{};
    request.opcode = IORING_OP_CONNECT;
    request.flags = manner.request_flags;
    request.fd = fd.get();
    request.addr = reinterpret_cast<std::uint64_t>(to.get());
    request.off = to.length;
    ring.run(request, "connect by io_uring");
    self.add(kConnects);
    send_by(self, ring, fd.get(), kRequest, manner);
    receive_by(self, ring, fd.get(), kAnswer, manner);
  });
}
void uring_connect_plain(Case& run) {
  uring_connect(run, {});
}
void uring_connect_async(Case& run) {
  uring_connect(run, {.request_flags = IOSQE_ASYNC});
}
void uring_connect_sqpoll(Case& run) {
  uring_connect(run, {.setup_flags = IORING_SETUP_SQPOLL});
}

constexpr Entry kCases[] = {{"uring_plain", uring_plain},
                            {"uring_async", uring_async},
                            {"uring_sqpoll", uring_sqpoll},
                            {"uring_send_zc", uring_send_zc},
                            {"uring_datagrams", uring_datagrams},
                            {"uring_connect_plain", uring_connect_plain},
                            {"uring_connect_async", uring_connect_async},
                            {"uring_connect_sqpoll", uring_connect_sqpoll}};

}  // namespace

std::span<const Entry> uring_cases() {
  return kCases;
}

}  // namespace ipm::traffic
