#include "socket_holders.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "checked.h"
#include "net_namespace.h"

namespace ipm::bench {
namespace {

void enter_namespace_of(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/ns/net";
  const int file = checked(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "open the holders' namespace");
  checked(::setns(file, CLONE_NEWNET), "enter the holders' namespace");
  ::close(file);
}

// Both ends stay open; an address for each holder, so that none runs out of ports.
void connect_pairs(std::uint32_t holder, std::uint32_t connections) {
  const rlimit files{.rlim_cur = connections * 2 + 64, .rlim_max = connections * 2 + 64};
  checked(::setrlimit(RLIMIT_NOFILE, &files), "raise RLIMIT_NOFILE");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + holder);
  address.sin_port = htons(7'000);
  const auto* at = reinterpret_cast<const sockaddr*>(&address);
  const int listener = checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  checked(::bind(listener, at, sizeof address), "bind");
  checked(::listen(listener, 64), "listen");
  for (std::uint32_t i = 0; i < connections; ++i) {
    const int client = checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    checked(::connect(client, at, sizeof address), "connect");
    const int server = checked(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC), "accept");
    const char byte = 'b';
    checked(static_cast<int>(::send(client, &byte, 1, MSG_NOSIGNAL)), "send");
    char received = 0;
    checked(static_cast<int>(::recv(server, &received, 1, 0)), "receive");
  }
  ::close(listener);
}

}  // namespace

SocketHolders::SocketHolders(std::uint32_t processes, std::uint32_t connections_each) {
  for (std::uint32_t holder = 0; holder < processes; ++holder) {
    const pid_t first = holders_.empty() ? 0 : holders_.front()->pid();
    holders_.push_back(std::make_unique<Child>([=](const Child::Say& say) {
      if (first == 0) {
        make_net_namespace();
      } else {
        enter_namespace_of(first);
      }
      connect_pairs(holder, connections_each);
      say(connections_each);
      for (;;) ::pause();
    }));
    (void)holders_.back()->hear();
  }
}

void SocketHolders::enter_namespace() const {
  enter_namespace_of(holders_.front()->pid());
}

}  // namespace ipm::bench
