// A lane into a monitor: batches of events from NumPy, texts by id.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <mutex>
#include <string>

#include <ipm/ipm.h>

namespace ipm_py {

class Lane {
 public:
  // Owned: a lane of ipm_monitor_add_lane(), to be closed. Otherwise it is lent for the time of a call.
  Lane(ipm_lane* lane, bool owned) : lane_(lane), owned_(owned) {}
  ~Lane() { close(); }
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // Events as an array of items of 128 bytes. How many went in; the rest is dropped and counted.
  std::size_t push(const pybind11::array& events);
  std::uint32_t text(const std::string& text, std::int64_t time_ns);
  std::uint64_t free() const;
  // Its monitor closes, or the call that lends it ends: what comes later finds it closed.
  void close();

 private:
  // Throws if it is closed. Under the mutex, with the GIL.
  ipm_lane* get() const;

  mutable std::mutex mutex_;  // The monitor may close while another thread pushes.
  ipm_lane* lane_;
  const bool owned_;
};

void bind_lane(pybind11::module_& module);

}  // namespace ipm_py
