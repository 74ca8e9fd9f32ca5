// Where C++ meets C: statuses become numbers with a message per thread, exceptions become statuses, handles become
// types.
#pragma once

#include <ipm/ipm.h>

#include <cstring>
#include <map>
#include <memory>
#include <new>
#include <string>

#include "base/status.h"
#include "monitor/monitor.h"
#include "query/cursor.h"
#include "source/text_emitter.h"

namespace ipm::capi {

// Tells the embedder's function of rows that make room for others.
class EvictionTeller : public core::EvictionListener {
 public:
  EvictionTeller(ipm_eviction_callback callback, void* user) : callback_(callback), user_(user) {}
  void flow_evicted(const core::FlowRow& row) override;
  void process_evicted(const core::ProcessRow& row) override;

 private:
  const ipm_eviction_callback callback_;
  void* const user_;
};

}  // namespace ipm::capi

// The opaque types of the headers.
struct ipm_monitor {
  std::unique_ptr<ipm::capi::EvictionTeller> eviction_teller;  // Before the monitor, which calls it.
  std::unique_ptr<ipm::monitor::Monitor> impl;
  std::vector<std::unique_ptr<ipm_lane>> lanes;
  std::map<std::uint32_t, ipm::query::SourceRow> shown;  // What ipm_source_status() lends out, by index.
  ipm::monitor::AlertChange shown_alert;                 // What ipm_monitor_next_alert() lends out.
  ipm::monitor::KeptBaselinesInfo shown_baselines;       // What ipm_monitor_baselines_file() lends out.
};

struct ipm_cursor {
  std::unique_ptr<ipm::query::Cursor> impl;
};

struct ipm_lane {
  ipm::ring::Writer* writer = nullptr;
  ipm::ring::Lane* lane = nullptr;
  ipm::monitor::Input* input = nullptr;  // Null: lent to a custom source for the time of a poll.
  ipm::source::TextEmitter texts;
};

namespace ipm::capi {

// Keeps the message for ipm_last_error() on this thread, and gives the number.
ipm_status report(const Status& status) noexcept;

template <typename Body>
ipm_status guard(Body&& body) noexcept {
  try {
    return report(body());
  } catch (const std::bad_alloc&) {
    return report(Status(Code::kNoMemory));
  } catch (const std::exception& error) {
    return report(Status::internal(std::string("unexpected exception: ") + error.what()));
  } catch (...) {
    return report(Status::internal("unexpected exception"));
  }
}

// The rules that every call on a monitor shares.
template <typename Body>
ipm_status guard_monitor(ipm_monitor* monitor, Body&& body) noexcept {
  return guard([&]() -> Status {
    if (monitor == nullptr) return Status::invalid_argument("monitor is NULL");
    if (monitor->impl->forked()) {
      return {Code::kForked,
              "this monitor belongs to the parent of this forked process: close it here and open another"};
    }
    return body(*monitor->impl);
  });
}

// An options struct of the caller: a shorter one is an older caller, a longer one is accepted when its extra bytes are
// zero.
template <typename Options>
Status read_struct(const Options* given, Options& out, const char* name) {
  out = Options{};
  if (given == nullptr) return Status::success();
  const std::size_t size = given->struct_size;
  if (size < sizeof given->struct_size)
    return Status::invalid_argument(std::string(name) + ": struct_size is not set; initialise it with its _INIT macro");
  const auto* bytes = reinterpret_cast<const unsigned char*>(given);
  for (std::size_t i = sizeof(Options); i < size; ++i) {
    if (bytes[i] != 0)
      return Status::invalid_argument(std::string(name) + ": a field that this version of libipm does not know is set");
  }
  std::memcpy(static_cast<void*>(&out), bytes, std::min(size, sizeof(Options)));
  return Status::success();
}

// The other way: no more than the caller has room for.
template <typename Out>
Status write_struct(const Out& value, Out* out, const char* name) {
  if (out == nullptr) return Status::invalid_argument(std::string(name) + " is NULL");
  const std::size_t size = out->struct_size;
  if (size < sizeof out->struct_size)
    return Status::invalid_argument(std::string(name) + ": struct_size is not set; initialise it with its _INIT macro");
  std::memcpy(static_cast<void*>(out), &value, std::min(size, sizeof(Out)));
  out->struct_size = static_cast<std::uint32_t>(size);
  return Status::success();
}

// Copies as much as fits and terminates it; what the whole needs is the result.
std::size_t copy_out(std::string_view text, char* buffer, std::size_t size) noexcept;

}  // namespace ipm::capi
