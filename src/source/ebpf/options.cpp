#include "source/ebpf/options.h"

#include <algorithm>
#include <bit>

#include "base/key_values.h"
#include "os/linux/proc_text.h"

namespace ipm::source::ebpf {
namespace {

constexpr std::array<std::string_view, 6> kParameters{"interval", "sockets", "ring", "cpu_max", "proc", "without"};
constexpr TimeNs kIntervalMin = 10 * kMillisecond;
constexpr std::uint64_t kSocketsMin = 16, kSocketsMax = 1U << 22;
constexpr std::uint64_t kRingMin = 64U << 10, kRingMax = 1U << 30;

// "length, lifecycle, … and seed"
std::string parts_listed() {
  std::string out;
  for (std::size_t i = 0; i < kParts; ++i) {
    out += (i == 0 ? "" : i + 1 == kParts ? " and " : ", ") + std::string(kPartFacts[i].name);
  }
  return out;
}

Status read_without(std::string_view list, Options& out) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view name = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    const auto* const part =
        std::find_if(kPartFacts.begin(), kPartFacts.end(), [&](const PartFacts& facts) { return facts.name == name; });
    if (part == kPartFacts.end()) {
      return Status::invalid_argument("no part \"" + std::string(name) + "\"; there are " + parts_listed());
    }
    out.without[static_cast<std::size_t>(part - kPartFacts.begin())] = true;
  }
  return Status::success();
}

Status read_parameter(const std::string& key, const std::string& value, Options& out) {
  if (key == "interval") {
    const auto interval = parse_duration_ns(value);
    if (!interval.ok()) return interval.status();
    out.interval_ns = *interval;
  } else if (key == "sockets") {
    const auto sockets = parse_size(value);
    if (!sockets.ok()) return sockets.status();
    if (*sockets < kSocketsMin || *sockets > kSocketsMax) return Status::invalid_argument("write 16 to 4194304");
    out.sockets_max = static_cast<std::uint32_t>(*sockets);
  } else if (key == "ring") {
    const auto bytes = parse_size(value);
    if (!bytes.ok()) return bytes.status();
    if (*bytes < kRingMin || *bytes > kRingMax) return Status::invalid_argument("write 64k to 1G");
    out.ring_bytes = std::bit_ceil(static_cast<std::uint32_t>(*bytes));  // As the kernel wants it.
  } else if (key == "cpu_max") {
    const std::string number = value.substr(0, value.find('%'));
    const auto percent = os::parse_decimal(number);
    if (!percent || *percent < 1 || *percent > 100 || value.size() > number.size() + 1) {
      return Status::invalid_argument("write 1% to 100% (of one core)");
    }
    out.cpu_max = static_cast<double>(*percent) / 100;
  } else if (key == "proc") {
    if (value.empty()) return Status::invalid_argument("needs a directory");
    out.proc_root = value;
  } else if (key == "without") {
    return read_without(value, out);
  } else {
    const std::string_view nearest = nearest_word(key, kParameters);
    return Status::invalid_argument("no such parameter; " +
                                    (nearest.empty() ? "there are interval, sockets, ring, cpu_max, proc and without"
                                                     : "did you mean \"" + std::string(nearest) + "\"?"));
  }
  return Status::success();
}

}  // namespace

std::span<const std::string_view> parameters() {
  return kParameters;
}

Result<Options> read_options(const SourceOptions& options) {
  Options out;
  out.interval_ns = options.interval_ns;
  if (!options.uri.path.empty()) {
    return Status::invalid_argument("ebpf: takes no path, got \"" + options.uri.path + "\"");
  }
  for (const auto& [key, value] : options.uri.parameters) {
    if (Status status = read_parameter(key, value, out); !status.ok()) {
      return status.with_context("ebpf: " + key + "=" + value);
    }
  }
  if (out.interval_ns < kIntervalMin) {
    return Status::invalid_argument("ebpf: an interval below 10ms would only keep this process busy");
  }
  return out;
}

}  // namespace ipm::source::ebpf
