// One thread at a time steps a monitor: whoever asks while another steps gets its turn before that one's next step.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

namespace ipm_py {

class StepLock {
 public:
  // The turn of this thread, as long as it lives. Waits: the caller has released the GIL.
  class Turn {
   public:
    // `gives_way`: only when nobody else waits. `hurry` is called if somebody else steps now.
    template <typename Hurry>
    Turn(StepLock& lock, bool gives_way, Hurry&& hurry) : lock_(lock) {
      lock.acquire(gives_way, hurry);
    }
    ~Turn() { lock_.release(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    StepLock& lock_;
  };

  // It is this thread's turn: what asks is a callback within a step.
  bool mine() const {
    std::lock_guard lock(mutex_);
    return held_ && holder_ == std::this_thread::get_id();
  }

 private:
  template <typename Hurry>
  void acquire(bool gives_way, Hurry&& hurry) {
    std::unique_lock lock(mutex_);
    if (gives_way) {
      free_.wait(lock, [&] { return !held_ && waiting_ == 0; });
    } else {
      ++waiting_;
      if (held_) hurry();
      free_.wait(lock, [&] { return !held_; });
      --waiting_;
    }
    held_ = true;
    holder_ = std::this_thread::get_id();
  }
  void release() {
    {
      std::lock_guard lock(mutex_);
      held_ = false;
      holder_ = {};
    }
    free_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable free_;
  int waiting_ = 0;
  bool held_ = false;
  std::thread::id holder_;
};

}  // namespace ipm_py
