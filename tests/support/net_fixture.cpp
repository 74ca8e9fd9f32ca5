#include "support/net_fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <sstream>
#include <stdexcept>

extern char** environ;

namespace ipm::test {
namespace {

sockaddr_storage address_of(const std::string& text, std::uint16_t port, socklen_t& length) {
  sockaddr_storage storage{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    length = sizeof *v4;
  } else if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    length = sizeof *v6;
  } else {
    throw std::runtime_error("no address: " + text);
  }
  return storage;
}

}  // namespace

bool Child::Turn::done_and_wait(std::uint64_t value) {
  if (::send(fd_, &value, sizeof value, MSG_NOSIGNAL) != sizeof value) return false;
  char go = 0;
  return ::read(fd_, &go, 1) == 1;
}

Child::Child(const std::string& netns, const Work& work) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error("socketpair failed");
  turns_ = os::Fd(ends[0]);
  os::Fd child_end(ends[1]);
  pid_ = ::fork();
  if (pid_ != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  turns_.close();
  int status = 0;
  try {
    if (!netns.empty()) {
      const os::Fd fd(::open(("/run/netns/" + netns).c_str(), O_RDONLY | O_CLOEXEC));
      if (::setns(fd.get(), CLONE_NEWNET) != 0) ::_exit(101);
    }
    Turn turn(child_end.get());
    work(turn);
  } catch (const std::exception& error) {
    ::dprintf(2, "child: %s\n", error.what());
    status = 102;
  }
  ::_exit(status);
}

Child::~Child() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::uint64_t Child::wait_done() {
  std::uint64_t value = 0;
  if (::recv(turns_.get(), &value, sizeof value, MSG_WAITALL) != sizeof value) {
    ADD_FAILURE() << "the child ended before its stage was done";
  }
  return value;
}

void Child::go_on() {
  const char go = 'g';
  (void)::send(turns_.get(), &go, 1, MSG_NOSIGNAL);  // It may have ended already.
}

int Child::finish() {
  if (pid_ <= 0) return -1;
  go_on();
  turns_.close();
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool NetFixture::ip(const std::string& arguments) {
  std::istringstream words(arguments);
  std::vector<std::string> storage{"ip"};
  for (std::string word; words >> word;) storage.push_back(word);
  std::vector<char*> argv;
  for (std::string& word : storage) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t quiet;
  ::posix_spawn_file_actions_init(&quiet);
  ::posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, "ip", &quiet, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&quiet);
  if (error != 0) return false;
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::uint32_t NetFixture::netns_inode(const std::string& name) {
  struct stat info {};
  return ::stat(("/run/netns/" + name).c_str(), &info) == 0 ? static_cast<std::uint32_t>(info.st_ino) : 0;
}

void NetFixture::SetUp() {
  const char* required = std::getenv("IPM_REQUIRE_LIVE");
  const bool require = required != nullptr && std::string_view(required) == "1";
  if (::geteuid() != 0) {
    if (require) FAIL() << "IPM_REQUIRE_LIVE=1, but not root";
    GTEST_SKIP() << "needs root to make network namespaces";
  }
  const std::string number = std::to_string(::getpid());
  left_ = "ipm" + number + "l";
  right_ = "ipm" + number + "r";
  left_link_ = "vl" + number;
  right_link_ = "vr" + number;
  const bool made =
      ip("netns add " + left_) && ip("netns add " + right_) &&
      ip("link add " + left_link_ + " netns " + left_ + " type veth peer name " + right_link_ + " netns " + right_);
  if (!made) {
    TearDown();
    if (require) FAIL() << "IPM_REQUIRE_LIVE=1, but ip(8) could not make namespaces and a veth pair";
    GTEST_SKIP() << "ip(8) could not make namespaces and a veth pair";
  }
  for (const auto& [netns, link, v4, v6] :
       {std::tuple{left_, left_link_, kLeftV4, kLeftV6}, std::tuple{right_, right_link_, kRightV4, kRightV6}}) {
    const std::string in = "-n " + netns + " ";
    ASSERT_TRUE(ip(in + "addr add " + v4 + "/24 dev " + link));
    ASSERT_TRUE(ip(in + "-6 addr add " + std::string(v6) + "/64 dev " + link + " nodad"));
    ASSERT_TRUE(ip(in + "link set lo up"));
    ASSERT_TRUE(ip(in + "link set " + link + " up"));
  }
}

void NetFixture::TearDown() {
  for (const std::string& name : {left_, right_}) {
    if (!name.empty() && netns_inode(name) != 0) ip("netns del " + name);
  }
}

os::Fd listen_at(const std::string& address, std::uint16_t port) {
  socklen_t length = 0;
  const sockaddr_storage storage = address_of(address, port, length);
  os::Fd fd(::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0 || ::listen(fd.get(), 4096) != 0) {
    throw std::runtime_error("listen at " + address + " failed");
  }
  return fd;
}

os::Fd connect_to(const std::string& address, std::uint16_t port) {
  socklen_t length = 0;
  const sockaddr_storage storage = address_of(address, port, length);
  os::Fd fd(::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0) {
    throw std::runtime_error("connect to " + address + " failed: " + std::strerror(errno));
  }
  return fd;
}

os::Fd accept_one(int listener) {
  os::Fd fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
  if (!fd.valid()) throw std::runtime_error("accept failed");
  return fd;
}

}  // namespace ipm::test
