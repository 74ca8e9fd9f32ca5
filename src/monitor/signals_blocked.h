// The host's signal handlers are for its own threads: a new one inherits the mask of the one that makes it. The mask
// comes back also when no thread could be made.
#pragma once

#include <pthread.h>
#include <signal.h>

namespace ipm::monitor {

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
  sigset_t before_{};
};

}  // namespace ipm::monitor
