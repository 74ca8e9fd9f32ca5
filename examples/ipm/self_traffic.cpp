#include "self_traffic.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>

namespace cli {
namespace {

constexpr int kSendsPerSecond = 10;

// Signals are the main thread's: a new thread inherits that none comes to it.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

// A connected pair over 127.0.0.1.
bool connect_pair(int& client, int& server) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t bytes = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener >= 0 && client >= 0 && bind(listener, raw, bytes) == 0 && listen(listener, 1) == 0 &&
      getsockname(listener, raw, &bytes) == 0 && connect(client, raw, bytes) == 0) {
    server = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  }
  if (listener >= 0) close(listener);
  return server >= 0;
}

}  // namespace

bool SelfTraffic::start() {
  if (!connect_pair(sending_, receiving_)) return false;
  const SignalsBlocked blocked;
  sender_ = std::thread([this] {
    const std::array<char, kBytesPerSecond / kSendsPerSecond> chunk{};
    while (!stop_.load() && send(sending_, chunk.data(), chunk.size(), MSG_NOSIGNAL) > 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1000 / kSendsPerSecond));
    }
  });
  receiver_ = std::thread([this] {
    std::array<char, 16'384> buffer;
    while (recv(receiving_, buffer.data(), buffer.size(), 0) > 0) {
    }
  });
  return true;
}

SelfTraffic::~SelfTraffic() {
  stop_.store(true);
  if (sending_ >= 0) shutdown(sending_, SHUT_RDWR);  // Wakes both threads.
  if (sender_.joinable()) sender_.join();
  if (receiver_.joinable()) receiver_.join();
  if (sending_ >= 0) close(sending_);
  if (receiving_ >= 0) close(receiving_);
}

}  // namespace cli
