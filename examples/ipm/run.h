// One run of a monitor: attach the sources, step until the end, a signal or --duration, print when it is due.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <ipm/ipm.hpp>

#include "options.h"

namespace cli {

// A monitor as --settings, --config, --memory-max and --threads want it. Throws ipm::Error: what it refuses was asked
// for on the command line, so a bound or a mix of sources that cannot be is IPM_ERR_INVALID_ARGUMENT like any other
// mistake.
ipm::Monitor open_monitor(const Options& options);

// Adds the sources, catches the signals, drops privileges if that was asked for, and writes "ready" to stderr.
void attach(ipm::Monitor& monitor, const Options& options);

struct RunPlan {
  std::optional<std::int64_t> duration_ns;  // None: until the sources end or a signal stops the run.
  std::optional<std::int64_t> every_ns;
  std::function<void()> print = {};                  // After a flush: each every_ns, at SIGUSR1 and at the end.
  std::function<bool()> tick = [] { return true; };  // After each step; false ends the run.
};

// SIGINT and SIGTERM end the run like --duration does: with the result printed.
void run(ipm::Monitor& monitor, const RunPlan& plan);

std::int64_t now_ns();  // CLOCK_MONOTONIC

// "sock_diag: what is missing", one line for each line that a source said, made harmless.
std::string missing_lines(const ipm::Monitor& monitor);

}  // namespace cli
