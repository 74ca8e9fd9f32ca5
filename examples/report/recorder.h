// What a recorder holds: the minutes of each app.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <ipm/ipm.hpp>

#include "report.h"
#include "timeline.h"

namespace ipm_report {

inline constexpr std::int64_t kContextMinutes = 30;  // Before an alert, and after it.

// The minutes around one alert. Those of one about the host are of all apps together.
struct AlertContext {
  std::int64_t opened_minute = 0;
  std::string app;
  bool complete = false;         // Nothing will be added.
  std::vector<Traffic> minutes;  // From opened_minute - kContextMinutes on; empty: the app is one of too many.
};

class Recorder::State {
 public:
  explicit State(ipm_monitor* monitor) : monitor_(monitor) {}

  void look(bool last);

  const Timeline& timeline() const { return timeline_; }
  // Null: not looked at, or an alert beyond the bound.
  const AlertContext* context(std::int64_t alert) const;

 private:
  static constexpr std::size_t kAlertsMax = 1'000;
  static constexpr std::int64_t kLookNs = IPM_S;

  struct Minute {
    std::int64_t minute;
    Traffic traffic;
  };
  struct App {
    Traffic counted;             // As the table had it at the last look.
    std::deque<Minute> minutes;  // The newest, as many as a context wants.
    void keep(std::int64_t minute, const Traffic& traffic);
  };

  void take_apps(ipm::Cursor& cursor, std::int64_t minute);
  Traffic grow(App& app, std::string_view name, std::int64_t minute, const Traffic& now);
  void take_alerts();
  void fill(AlertContext& context) const;

  ipm_monitor* const monitor_;
  Timeline timeline_{60};
  std::map<std::string, App, std::less<>> apps_;
  App all_;                     // Of the whole host.
  App others_;                  // Those that found no place in apps_.
  std::int64_t looked_ns_ = 0;  // Of the run.
  std::chrono::steady_clock::time_point rest_until_{};
  std::int64_t alert_last_ = 0;  // The newest that is known.
  std::map<std::int64_t, AlertContext> contexts_;
};

}  // namespace ipm_report
