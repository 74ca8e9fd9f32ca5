// A monitor as Python holds it: calls of any thread in turn, a thread that steps it on request, callables as sinks and
// as sources.
#pragma once

#include <pybind11/pybind11.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include <ipm/ipm.h>

#include "batch.h"
#include "lane.h"
#include "step_lock.h"

namespace ipm_py {

class Monitor {
 public:
  Monitor(const std::string& settings, bool threads, std::uint64_t memory_max_bytes);
  ~Monitor();
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  void close();
  bool closed() const { return monitor_ == nullptr; }

  void add_source(const std::string& uri);
  // `poll(lane)`: true: gave some, false: none now, None: none ever again.
  void add_callable_source(const std::string& name, bool live, pybind11::object poll);
  std::shared_ptr<Lane> add_lane(const std::string& name, std::uint32_t capacity);

  // IPM_OK, IPM_TIMEOUT or IPM_END.
  ipm_status step(std::int64_t timeout_ns);
  // Until every source has ended or the time is over (negative: never), then all that is held back. Signals are
  // handled on the main thread. IPM_TIMEOUT or IPM_END.
  ipm_status run(std::int64_t duration_ns);
  void start();
  // Ends the thread of start() and feeds all that is held back. Throws what the thread met.
  void stop();
  bool running() const { return runner_ != nullptr; }
  // Every source has ended, or the thread of start() has met an error.
  bool ended() const { return ended_; }

  void flush();
  void interrupt();
  void record(const char* path);
  void rule(const std::string& line);
  void import_baselines(const std::string& path);
  void export_baselines(const std::string& path);
  pybind11::object next_alert();
  // None: changes wait for next_alert() again.
  void set_alert_sink(const pybind11::object& sink);
  std::shared_ptr<Stream> table(const std::string& name, const std::string& filter,
                                const std::vector<std::string>& values);
  pybind11::dict stats();
  pybind11::list sources();
  std::int32_t fd();
  std::int64_t time_ns();
  // What else must be done on the stepping thread, without the GIL. Throws what it answers.
  void with_turn(const std::function<ipm_status(ipm_monitor*)>& call);

 private:
  struct CallableSource;

  void close_quietly() noexcept;
  // Throws in a forked child. With the GIL.
  void must_be_ours() const;
  void must_not_be_within_a_callback() const;
  // Runs `call` without the GIL, beside whoever steps, while nobody closes the monitor. Throws what it answers.
  template <typename Call>
  ipm_status beside(Call&& call);
  // Runs `call` without the GIL when it is this thread's turn to step.
  template <typename Call>
  ipm_status on_turn(Call&& call);
  ipm_status turn_of_runner();
  void run_in_background();
  // What a callable of Python threw within a step. With the GIL.
  void keep_error() noexcept;
  void throw_kept();
  static void alert_heard(const ipm_alert* alert, void* user);
  static ipm_status poll_callable(void* user, ipm_lane* out, std::int64_t timeout_ns);

  // Behind pointers: a forked child leaves them alone, since threads that are not there may hold them.
  std::unique_ptr<StepLock> lock_ = std::make_unique<StepLock>();
  std::unique_ptr<std::shared_mutex> in_use_ = std::make_unique<std::shared_mutex>();  // Written by close() alone.
  std::atomic<ipm_monitor*> monitor_ = nullptr;
  const std::int32_t pid_;
  std::unique_ptr<std::thread> runner_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> ended_ = false;
  pybind11::object sink_;
  std::vector<std::unique_ptr<CallableSource>> callable_sources_;
  std::vector<std::weak_ptr<Lane>> lanes_;
  std::exception_ptr error_;  // Touched with the GIL only.
};

pybind11::dict alert_dict(const ipm_alert& alert);

void bind_monitor(pybind11::module_& module);

}  // namespace ipm_py
