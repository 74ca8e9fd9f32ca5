// A run as one HTML file that needs nothing else: no network, no other file. On the public interface only.
//
//   ipm::Monitor monitor({.settings = std::string(ipm_report::kSettings)});
//   monitor.add_source("replay:day.ipmlog");
//   ipm_report::Recorder recorder(monitor.get());
//   while (monitor.step(250 * IPM_MS) != IPM_END) recorder.look();
//   std::string html = ipm_report::page(monitor.get(), {.title = "A day"}, &recorder);
//
// Mistakes are thrown as ipm::Error.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <ipm/ipm.h>

namespace ipm_report {

// Of the monitor: files are read in steps of a minute, so that the recorder sees each.
inline constexpr std::string_view kSettings = "step_span_max = 60s\n";

struct Options {
  std::string title = "Network report";
  std::uint32_t apps_max = 500;  // Rows of each table; the page says how many are not shown.
  std::uint32_t endpoints_max = 500;
  std::uint32_t connections_max = 500;
  std::uint32_t alerts_max = 200;
};

// Traffic of each app by the minute, over the run in at most Timeline::kBucketsMax intervals and around each alert in
// minutes. Without it a page has only what the table `series` still holds: the last 15 minutes.
// Bounded: 512 apps, 1,000 alerts; what is beyond is counted, and shown as such.
// Threads: the stepping thread.
class Recorder {
 public:
  explicit Recorder(ipm_monitor* monitor);  // Borrowed; has to live as long.
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  class State;
  // After each step. Cost: a cursor over the table `apps`; of a live run once a second, of a file each minute of it.
  void look();

 private:
  friend std::string page(ipm_monitor* monitor, const Options& options, Recorder* recorder);
  std::unique_ptr<State> state_;
};

// The page as it stands, whole. Call flush() of the monitor before it.
std::string page(ipm_monitor* monitor, const Options& options, Recorder* recorder = nullptr);

}  // namespace ipm_report
