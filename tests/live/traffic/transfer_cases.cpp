// TCP bytes that do not pass through a plain send and recv.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "live/traffic/case.h"
#include "live/traffic/check.h"

namespace ipm::traffic {
namespace {

struct Pipe {
  Fd read, write;
  Pipe() {
    int ends[2];
    check(::pipe2(ends, O_CLOEXEC), "pipe2");
    read = Fd(ends[0]);
    write = Fd(ends[1]);
  }
};

void receive_all(Process& self, int fd) {
  self.receive_to_end(fd);
}

void vectors(Case& run) {
  tcp_pair(
      run, AF_INET,
      [](Process& self, int fd) {
        std::vector<char> room(100'000);
        const std::array<iovec, 3> parts = {iovec{room.data(), 10}, iovec{room.data() + 10, 1'000},
                                            iovec{room.data() + 2'000, 70'000}};
        while (self.received(::readv(fd, parts.data(), 3), "readv") > 0) {
        }
      },
      [](Process& self, int fd) {
        char* const bytes = const_cast<char*>(payload());
        const std::array<iovec, 3> parts = {iovec{bytes, 123}, iovec{bytes, 4'567}, iovec{bytes, 89}};
        for (int i = 0; i < 10; ++i) self.sent(::writev(fd, parts.data(), 3), "writev");
        self.sent(::write(fd, bytes, 333), "write");
        msghdr message{};
        message.msg_iov = const_cast<iovec*>(parts.data());
        message.msg_iovlen = 3;
        self.sent(::sendmsg(fd, &message, 0), "sendmsg");
      });
}

void sendfile_out(Case& run) {
  constexpr std::size_t kBytes = 900'007;
  tcp_pair(run, AF_INET, receive_all, [](Process& self, int fd) {
    const Fd file(check(::memfd_create("file", MFD_CLOEXEC), "memfd_create"));
    require(::write(file.get(), payload(), kBytes) == static_cast<ssize_t>(kBytes), "fill the file");
    off_t offset = 0;
    while (offset < static_cast<off_t>(kBytes)) {
      self.sent(::sendfile(fd, file.get(), &offset, kBytes - static_cast<std::size_t>(offset)), "sendfile");
    }
  });
}

// pipe → socket.
void splice_in(Case& run) {
  tcp_pair(run, AF_INET6, receive_all, [](Process& self, int fd) {
    const Pipe pipe;
    for (int i = 0; i < 20; ++i) {
      const ssize_t filled = check(::write(pipe.write.get(), payload(), 40'009), "fill a pipe");
      for (std::size_t left = static_cast<std::size_t>(filled); left > 0;) {
        left -= self.sent(::splice(pipe.read.get(), nullptr, fd, nullptr, left, SPLICE_F_MOVE), "splice to a socket");
      }
    }
  });
}

// socket → pipe → nowhere. Returns at the end, or after `bytes`.
void splice_away(Process& self, int fd, std::size_t bytes) {
  const Pipe pipe;
  const Fd nowhere(check(::open("/dev/null", O_WRONLY | O_CLOEXEC), "open /dev/null"));
  while (bytes > 0) {
    const std::size_t got = self.received(
        ::splice(fd, nullptr, pipe.write.get(), nullptr, std::min<std::size_t>(bytes, 65'536), SPLICE_F_MOVE),
        "splice from a socket");
    if (got == 0) return;
    bytes -= got;
    for (std::size_t left = got; left > 0;) {
      left -= static_cast<std::size_t>(
          check(::splice(pipe.read.get(), nullptr, nowhere.get(), nullptr, left, SPLICE_F_MOVE), "drain a pipe"));
    }
  }
}

constexpr std::size_t kToEnd = SIZE_MAX;

void splice_out(Case& run) {
  tcp_pair(
      run, AF_INET, [](Process& self, int fd) { splice_away(self, fd, kToEnd); },
      [](Process& self, int fd) { self.send(fd, 600'011); });
}

// Part read, part spliced; and the splicing side is the one that closes first.
void splice_out_mixed(Case& run) {
  tcp_pair(
      run, AF_INET6,
      [](Process& self, int fd) {
        self.receive(fd, 10'007);
        splice_away(self, fd, 200'003);
        self.receive(fd, 5'003);
        self.send(fd, 77);
      },
      [](Process& self, int fd) {
        self.send(fd, 10'007 + 200'003 + 5'003);
        self.receive(fd, 77);
        require(self.receive_to_end(fd) == 0, "the end");
      });
}

// What was neither read nor spliced is nobody's; closing over it resets.
void splice_out_unread(Case& run) {
  const Gate all_sent;
  tcp_pair(
      run, AF_INET,
      [&](Process& self, int fd) {
        all_sent.wait();
        splice_away(self, fd, 3'001);
        self.add(kResetsTx);
      },
      [&](Process& self, int fd) {
        self.send(fd, 8'009);
        all_sent.open();
        self.receive_reset(fd);
      });
}

// One process passes bytes on between two connections: none of them in its own memory.
void splice_proxy(Case& run) {
  const Gate listening, proxying;
  run.start("server", [&](Process& self) {
    const Fd listener = listen_at(loopback(AF_INET, 0));
    listening.open(local_of(listener.get()).port());
    self.receive_to_end(self.accept(listener.get()).get());
  });
  run.start("proxy", [&](Process& self) {
    const Fd listener = listen_at(loopback(AF_INET, 0));
    const std::uint16_t port = listening.wait_port();
    proxying.open(local_of(listener.get()).port());
    const Fd in = self.accept(listener.get());
    const Fd out = self.connect(loopback(AF_INET, port));
    const Pipe pipe;
    while (const std::size_t got = self.received(
               ::splice(in.get(), nullptr, pipe.write.get(), nullptr, 65'536, SPLICE_F_MOVE), "splice in")) {
      for (std::size_t left = got; left > 0;) {
        left -= self.sent(::splice(pipe.read.get(), nullptr, out.get(), nullptr, left, SPLICE_F_MOVE), "splice out");
      }
    }
  });
  run.start("client",
            [&](Process& self) { self.send(self.connect(loopback(AF_INET, proxying.wait_port())).get(), 500'009); });
}

// The kernel tells by the errors' queue when it has let go of the pages; that is no reception.
void zerocopy(Case& run) {
  constexpr std::size_t kChunks = 8;
  tcp_pair(run, AF_INET, receive_all, [](Process& self, int fd) {
    set_option(fd, SOL_SOCKET, SO_ZEROCOPY, 1, "SO_ZEROCOPY");
    std::size_t calls = 0;
    for (std::size_t i = 0; i < kChunks; ++i) {
      for (std::size_t left = 60'013; left > 0; ++calls) {
        left -= self.sent(::send(fd, payload(), left, MSG_ZEROCOPY), "send with MSG_ZEROCOPY");
      }
    }
    // Not all notices come at once; a few suffice to have read the queue.
    char control[512];
    msghdr message{};
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    for (int tries = 0; ::recvmsg(fd, &message, MSG_ERRQUEUE) < 0; ++tries) {
      require(errno == EAGAIN && tries < 1'000, "a notice of MSG_ZEROCOPY");
      sleep_ms(1);
      message.msg_controllen = sizeof control;
    }
  });
}

// MSG_TRUNC throws bytes of a stream away; they were received all the same.
void tcp_trunc(Case& run) {
  tcp_pair(
      run, AF_INET,
      [](Process& self, int fd) {
        for (std::size_t left = 100'003; left > 0;) {
          left -= self.received(::recv(fd, nullptr, left, MSG_TRUNC), "recv with MSG_TRUNC");
        }
        self.receive(fd, 7);
      },
      [](Process& self, int fd) { self.send(fd, 100'010); });
}

void tcp_peek(Case& run) {
  const Gate all_sent;
  tcp_pair(
      run, AF_INET,
      [&](Process& self, int fd) {
        all_sent.wait();
        char room[5'000];
        for (int i = 0; i < 3; ++i) {
          require(::recv(fd, room, sizeof room, MSG_PEEK | MSG_WAITALL) == sizeof room, "a look");
        }
        self.receive(fd, sizeof room);
      },
      [&](Process& self, int fd) {
        self.send(fd, 5'000);
        all_sent.open();
      });
}

// Urgent bytes are read apart.
void tcp_urgent(Case& run) {
  const Gate sent, taken;
  tcp_pair(
      run, AF_INET,
      [&](Process& self, int fd) {
        sent.wait();
        self.receive(fd, 100);
        char byte = 0;
        require(self.received(::recv(fd, &byte, 1, MSG_OOB), "recv of an urgent byte") == 1, "one byte");
        taken.open();
        self.receive(fd, 50);
      },
      [&](Process& self, int fd) {
        self.send(fd, 100);
        self.send(fd, 1, MSG_OOB);
        sleep_ms(10);
        sent.open();
        taken.wait();
        self.send(fd, 50);
      });
}

constexpr Entry kCases[] = {{"vectors", vectors},
                            {"sendfile", sendfile_out},
                            {"splice_in", splice_in},
                            {"splice_out", splice_out},
                            {"splice_out_mixed", splice_out_mixed},
                            {"splice_out_unread", splice_out_unread},
                            {"splice_proxy", splice_proxy},
                            {"zerocopy", zerocopy},
                            {"tcp_trunc", tcp_trunc},
                            {"tcp_peek", tcp_peek},
                            {"tcp_urgent", tcp_urgent}};

}  // namespace

std::span<const Entry> transfer_cases() {
  return kCases;
}

}  // namespace ipm::traffic
