#include "net_namespace.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "checked.h"

namespace ipm::bench {

void make_net_namespace() {
  checked(::unshare(CLONE_NEWNET), "make a network namespace");
  const int any = checked(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  ifreq loopback{};
  std::strcpy(loopback.ifr_name, "lo");
  loopback.ifr_flags = IFF_UP;
  checked(::ioctl(any, SIOCSIFFLAGS, &loopback), "set lo up");
  ::close(any);
}

}  // namespace ipm::bench
