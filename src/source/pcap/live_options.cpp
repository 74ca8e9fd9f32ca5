#include "source/pcap/live_options.h"

#include <array>

#include "base/key_values.h"

namespace ipm::source::pcap {
namespace {

constexpr std::array<std::string_view, 6> kParameters{"filter", "snaplen", "buffer", "netns", "promiscuous", "flows"};
constexpr std::uint64_t kSnapMin = 64, kSnapMax = 256U << 10;  // 64: headers of IPv4 and TCP with their options.
constexpr std::uint64_t kBufferMin = 1U << 20, kBufferMax = 1U << 30;
constexpr std::uint64_t kFlowsMin = 16, kFlowsMax = 1U << 22;

Status read_number(const std::string& value, std::uint64_t min, std::uint64_t max, const char* right,
                   std::uint32_t& out) {
  const auto number = parse_size(value);
  if (!number.ok()) return number.status();
  if (*number < min || *number > max) return Status::invalid_argument(std::string("write ") + right);
  out = static_cast<std::uint32_t>(*number);
  return Status::success();
}

Status read_parameter(const std::string& key, const std::string& value, LiveOptions& out) {
  if (key == "filter") {
    out.packets.filter = value;
  } else if (key == "snaplen") {
    return read_number(value, kSnapMin, kSnapMax, "64 to 256k", out.packets.snap_bytes);
  } else if (key == "buffer") {
    return read_number(value, kBufferMin, kBufferMax, "1M to 1G", out.packets.buffer_bytes);
  } else if (key == "flows") {
    return read_number(value, kFlowsMin, kFlowsMax, "16 to 4194304", out.flows_max);
  } else if (key == "netns") {
    if (value.empty()) return Status::invalid_argument("needs a name of \"ip netns\" or a path");
    out.netns = value.find('/') == std::string::npos ? "/run/netns/" + value : value;
  } else if (key == "promiscuous") {
    if (value != "yes" && value != "no") return Status::invalid_argument("write yes or no");
    out.packets.promiscuous = value == "yes";
  } else {
    const std::string_view nearest = nearest_word(key, kParameters);
    return Status::invalid_argument("no such parameter; " +
                                    (nearest.empty() ? "there are filter, snaplen, buffer, netns, promiscuous and flows"
                                                     : "did you mean \"" + std::string(nearest) + "\"?"));
  }
  return Status::success();
}

}  // namespace

std::span<const std::string_view> live_parameters() {
  return kParameters;
}

Result<LiveOptions> read_live_options(const SourceUri& uri) {
  LiveOptions out;
  out.packets.interface = uri.path;
  for (const auto& [key, value] : uri.parameters) {
    if (Status status = read_parameter(key, value, out); !status.ok()) {
      return status.with_context("pcap: " + key + "=" + value);
    }
  }
  if (out.packets.interface.empty()) {
    return Status::invalid_argument("pcap: names no interface; write pcap:eth0, or pcap:any for all of them");
  }
  return out;
}

}  // namespace ipm::source::pcap
