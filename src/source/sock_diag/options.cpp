#include "source/sock_diag/options.h"

#include <array>

#include "base/key_values.h"

namespace ipm::source::sock_diag {
namespace {

constexpr std::array<std::string_view, 4> kParameters{"interval", "netns", "proc", "rcvbuf"};
constexpr TimeNs kIntervalMin = 10 * kMillisecond;

}  // namespace

std::span<const std::string_view> parameters() {
  return kParameters;
}

Result<Options> read_options(const SourceOptions& options) {
  Options out;
  out.interval_ns = options.interval_ns;
  if (!options.uri.path.empty()) {
    return Status::invalid_argument("sock_diag: takes no path, got \"" + options.uri.path + "\"");
  }
  for (const auto& [key, value] : options.uri.parameters) {
    const std::string where = "sock_diag: " + key + "=" + value;
    if (key == "interval") {
      const auto interval = parse_duration_ns(value);
      if (!interval.ok()) return interval.status().with_context(where);
      out.interval_ns = *interval;
    } else if (key == "proc") {
      if (value.empty()) return Status::invalid_argument(where + ": needs a directory");
      out.proc_root = value;
    } else if (key == "netns") {
      if (value != "all" && value != "self") return Status::invalid_argument(where + ": write all or self");
      out.all_netns = value == "all";
    } else if (key == "rcvbuf") {
      const auto bytes = parse_size(value);
      if (!bytes.ok()) return bytes.status().with_context(where);
      out.receive_buffer_bytes = *bytes;
    } else {
      const std::string_view nearest = nearest_word(key, kParameters);
      return Status::invalid_argument("sock_diag: no parameter \"" + key + "\"" +
                                      (nearest.empty() ? "; there are interval, netns, proc and rcvbuf"
                                                       : "; did you mean \"" + std::string(nearest) + "\"?"));
    }
  }
  if (out.interval_ns < kIntervalMin) {
    return Status::invalid_argument("sock_diag: an interval below 10ms would keep the kernel busy with dumps");
  }
  return out;
}

}  // namespace ipm::source::sock_diag
