#include "run.h"

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>

#include "privileges.h"
#include "text.h"

namespace cli {
namespace {

// What the handler may touch. The monitor is set before the handler is installed and cleared before it is closed.
std::atomic<ipm_monitor*> g_monitor{nullptr};
std::atomic<bool> g_stop{false};
std::atomic<bool> g_print{false};
static_assert(std::atomic<ipm_monitor*>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

void on_signal(int number) {
  const int saved = errno;
  (number == SIGUSR1 ? g_print : g_stop).store(true);
  if (ipm_monitor* monitor = g_monitor.load()) ipm_monitor_interrupt(monitor);
  errno = saved;
}

// Catches the signals for one monitor's life.
class SignalScope {
 public:
  explicit SignalScope(ipm_monitor* monitor) { g_monitor.store(monitor); }
  ~SignalScope() { g_monitor.store(nullptr); }
  SignalScope(const SignalScope&) = delete;
  SignalScope& operator=(const SignalScope&) = delete;
};

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (int number : {SIGINT, SIGTERM, SIGUSR1}) sigaction(number, &action, nullptr);
}

// Runs what the command line asked for. Limits and states that it hits are the caller's to correct.
template <typename Body>
auto as_asked(Body body) {
  try {
    return body();
  } catch (const ipm::Error& error) {
    const bool asked = error.status() == IPM_ERR_LIMIT || error.status() == IPM_ERR_STATE;
    throw ipm::Error(asked ? IPM_ERR_INVALID_ARGUMENT : error.status(), error.what());
  }
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw ipm::Error(IPM_ERR_NOT_FOUND, "open " + path + ": " + std::strerror(errno));
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

std::int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * IPM_S + now.tv_nsec;
}

ipm::Monitor open_monitor(const Options& options) {
  ipm::Monitor::Options raw;
  raw.threads = options.threads ? IPM_THREADS_AUTO : IPM_THREADS_NONE;
  raw.memory_max_bytes = options.memory_max_bytes;
  if (!options.config.empty()) raw.settings = read_file(options.config) + "\n";
  raw.settings += options.settings;
  for (const std::string& rule : options.rules) raw.settings += "\nrule = " + quoted_text(rule);
  for (const std::string& each : options.thresholds) raw.settings += "\nthreshold = " + quoted_text(each);
  // Behind the others, whose lines a message counts, and so only where they leave it open.
  if (options.self_test && raw.settings.find("self_test") == std::string::npos) raw.settings += "\nself_test = on";
  return as_asked([&] { return ipm::Monitor(raw); });
}

void attach(ipm::Monitor& monitor, const Options& options) {
  catch_signals();
  std::optional<LesserUser> lesser;
  if (!options.lesser_user.empty()) lesser.emplace(options.lesser_user);
  as_asked([&] {
    for (const std::string& uri : options.sources) monitor.add_source(uri);
  });
  if (lesser) lesser->drop();
  const ipm_baselines_file baselines = monitor.baselines_file();
  if (*baselines.message != '\0') std::fprintf(stderr, "ipm: %s\n", harmless(baselines.message).c_str());
  std::fputs("ready\n", stderr);
  std::fflush(stderr);
}

void run(ipm::Monitor& monitor, const RunPlan& plan) {
  constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  // Also without work, so that a signal that came just before the wait is seen soon.
  constexpr std::int64_t kStepMax = 250 * IPM_MS;
  const SignalScope scope(monitor.get());
  const std::int64_t start = now_ns();
  const auto after = [start](const std::optional<std::int64_t>& length) {
    return length && *length < kNever - start ? start + *length : kNever;
  };
  const std::int64_t end = after(plan.duration_ns);
  std::int64_t next_print = after(plan.every_ns);
  const auto print = [&] {
    monitor.flush();
    plan.print();
  };
  while (!g_stop.load()) {
    const std::int64_t now = now_ns();
    if (now >= end) break;
    if (now >= next_print || g_print.exchange(false)) {
      print();
      while (next_print <= now) next_print += *plan.every_ns;
    }
    const std::int64_t wait = std::clamp<std::int64_t>(std::min(end, next_print) - now, 0, kStepMax);
    if (monitor.step(wait) == IPM_END || !plan.tick()) break;
  }
  print();
  const std::vector<ipm_source_info> sources = monitor.sources();
  // Files to look up in go on for nobody.
  const auto gives_events = [](const ipm_source_info& source) {
    return source.state != IPM_SOURCE_FAILED && std::strcmp(source.name, "enrich") != 0;
  };
  if (!sources.empty() && std::none_of(sources.begin(), sources.end(), gives_events)) {
    throw ipm::Error(IPM_ERR_IO, "no source is left: " + missing_lines(monitor));
  }
}

std::string missing_lines(const ipm::Monitor& monitor) {
  std::string out;
  for (const ipm_source_info& source : monitor.sources()) {
    std::istringstream lines(source.missing != nullptr ? source.missing : "");
    for (std::string line; std::getline(lines, line);) {
      if (!line.empty()) out += harmless(std::string(source.name) + ": " + line) + "\n";
    }
  }
  return out;
}

}  // namespace cli
