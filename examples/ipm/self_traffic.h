// About 50 KB/s of TCP over loopback between two threads, so that a quiet machine has something to show.
#pragma once

#include <atomic>
#include <thread>

namespace cli {

class SelfTraffic {
 public:
  static constexpr int kBytesPerSecond = 50'000;

  // False if this machine has no loopback to talk over. Stops when destroyed.
  bool start();
  bool running() const { return sender_.joinable(); }
  ~SelfTraffic();

 private:
  std::atomic<bool> stop_{false};
  int sending_ = -1;
  int receiving_ = -1;
  std::thread sender_;
  std::thread receiver_;
};

}  // namespace cli
