// A producer of events. Everything outside enters libipm through one of these.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "ring/writer.h"

namespace ipm::source {

// One thing that a source could see here or not: "tcp bytes", "owners of other users' sockets".
struct Capability {
  std::string what;
  bool available = false;
  std::string reason;  // Why not, and what would bring it: "needs CAP_NET_ADMIN". Empty when available.
};
using Capabilities = std::vector<Capability>;

// A degradation is a capability that an open source runs without.
using Degradations = std::vector<Capability>;

// "scheme:rest?key=value&key=value", taken apart.
struct SourceUri {
  std::string scheme;
  std::string path;
  std::map<std::string, std::string> parameters;
};

// "-" is replay of event lines on stdin.
Result<SourceUri> parse_source_uri(std::string_view text);

struct SourceOptions {
  SourceUri uri;
  TimeNs interval_ns = kSecond;  // Between two looks, for sources that look.
  bool self_test = false;        // Measures a known transfer of its own while it opens.
  bool own_thread = false;       // poll() runs on a thread of the source's own (threads = auto).
};

// Conservation: received = written + filtered + dropped + malformed.
struct SourceStats {
  std::uint64_t received = 0;
  std::uint64_t written = 0;
  std::uint64_t filtered = 0;
  std::uint64_t dropped = 0;
  std::uint64_t malformed = 0;
  std::uint64_t lost = 0;  // Known to be lost before the source could receive them (kernel buffers).
};

// All calls but stats(), interrupt(), look_now() and looking() come on the thread that drives it: the host's step(), or
// a source thread.
class Source {
 public:
  virtual ~Source() = default;
  virtual std::string_view name() const noexcept = 0;  // "sock_diag"; also its folder and its statistics label.
  virtual bool live() const noexcept = 0;              // false: a file, whose time is that of its stamps.
  virtual Capabilities probe() const = 0;              // What it could see here, and why not more. No side effects.
  // The names of its URI parameters, and what open() would say of them and their values, for `auto:`.
  virtual std::span<const std::string_view> parameters() const { return {}; }
  virtual Status check(const SourceOptions&) const { return Status::success(); }
  virtual Status open(const SourceOptions& options) = 0;
  // Writes ready events. Ok: wrote some, more may be ready; timeout: none came in time; end: none will ever come.
  virtual Status poll(ring::Writer& out, std::chrono::nanoseconds timeout) = 0;
  // The next poll() looks now, even if its time has not come. For the end of a run. Any thread.
  virtual void look_now() {}
  // A look that was asked for is under way, or not all that it saw is told. Any thread.
  virtual bool looking() const noexcept { return false; }
  // True: its events carry the source numbers, settings and clock anchors of an earlier run (an event log).
  virtual bool carries_run() const noexcept { return false; }
  // True: what it tells of never happened (a drill, a synthetic host), so nothing that is kept learns from it.
  virtual bool made_up() const noexcept { return false; }
  virtual int fd() const noexcept = 0;              // Pollable: readable when poll() has work. -1: next_due_ns() says.
  virtual TimeNs next_due_ns() const noexcept = 0;  // CLOCK_BOOTTIME of the next timed work; 0: now; INT64_MAX: none.
  virtual void interrupt() noexcept = 0;            // Any thread; makes a waiting poll() return soon.
  virtual SourceStats stats() const noexcept = 0;   // Any thread.
  virtual Degradations degradations() const = 0;    // What it runs without since open(). On the polling thread.
  // "passed: …", "failed: …", "could not be tested: …". Empty: not asked for, or nothing to test. On the polling
  // thread.
  virtual std::string self_test() const { return {}; }
};

}  // namespace ipm::source
