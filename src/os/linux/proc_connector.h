// The kernel's process events (NETLINK_CONNECTOR, include/uapi/linux/cn_proc.h): fork, exec, exit. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "os/linux/netlink_messages.h"

namespace ipm::os {

struct ProcessNews {
  enum class What { kFork, kExec, kExit, kOther };
  What what = What::kOther;      // kOther also for what threads do.
  std::uint32_t pid = 0;         // Of the process that began, changed or ended.
  std::uint32_t parent_pid = 0;  // kFork only.
  std::int32_t exit_code = 0;    // kExit only; as wait(2) gives it.
};

// The payload of one netlink message. Nothing if it is too short or not from the process connector.
std::optional<ProcessNews> parse_process_news(Bytes payload);

// The multicast group to bind to, and the message that turns the events on.
inline constexpr std::uint32_t kProcessConnectorGroup = 1;
std::vector<std::byte> process_connector_request(bool listen);

}  // namespace ipm::os
