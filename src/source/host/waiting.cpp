#include "source/host/waiting.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "os/linux/clock.h"

namespace ipm::source::host {

Status Waiting::open() {
  os::Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return Status::from_errno("create epoll", errno);
  interrupt_ = os::Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!interrupt_.valid()) return Status::from_errno("create eventfd", errno);
  epoll_ = std::move(epoll);
  Status status = watch(interrupt_.get());
  if (!status.ok()) close();
  return status;
}

void Waiting::close() {
  epoll_.close();
  interrupt_.close();
}

Status Waiting::watch(int fd, Trigger trigger) {
  epoll_event event{};
  event.events = EPOLLIN | (trigger == Trigger::kEdge ? unsigned{EPOLLET} : 0U);
  event.data.fd = fd;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return Status::from_errno("watch a descriptor", errno);
  return Status::success();
}

bool Waiting::until(TimeNs time) {
  const TimeNs left = std::max<TimeNs>(0, time - os::boottime_ns());
  // Rounded up: waking before the time would only wait again.
  const auto milliseconds = static_cast<int>(std::min<TimeNs>((left + kMillisecond - 1) / kMillisecond, 3'600'000));
  epoll_event events[8];
  const int count = ::epoll_wait(epoll_.get(), events, 8, milliseconds);
  bool interrupted = false;
  for (int i = 0; i < count; ++i) {
    if (events[i].data.fd != interrupt_.get()) continue;
    eventfd_t value = 0;
    (void)::eventfd_read(interrupt_.get(), &value);
    interrupted = true;
  }
  return interrupted;
}

void Waiting::interrupt() noexcept {
  if (interrupt_.valid()) (void)::eventfd_write(interrupt_.get(), 1);
}

}  // namespace ipm::source::host
