#include "os/linux/proc_connector.h"

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>

#include <algorithm>

namespace ipm::os {

std::optional<ProcessNews> parse_process_news(Bytes payload) {
  // Field by field: cn_msg ends in a flexible array and cannot be a value.
  struct Head {
    cb_id id;
    std::uint32_t sequence, acknowledged;
    std::uint16_t len, flags;
  };
  static_assert(sizeof(Head) == sizeof(cn_msg));
  const auto head = read_front<Head>(payload);
  if (!head || head->id.idx != CN_IDX_PROC || head->id.val != CN_VAL_PROC) return std::nullopt;
  const Bytes body = payload.subspan(sizeof(cn_msg));
  if (body.size() < head->len) return std::nullopt;
  // Event kinds differ in length; each is read as far as it came and must hold its own fields.
  constexpr std::size_t kHeadBytes = offsetof(proc_event, event_data);
  if (body.size() < kHeadBytes + sizeof(std::uint32_t)) return std::nullopt;
  const auto event = read_prefix<proc_event>(body);
  const auto holds = [&](std::size_t bytes) { return body.size() >= kHeadBytes + bytes; };

  ProcessNews news;
  switch (static_cast<std::uint32_t>(event.what)) {
    case 0x0000'0001: {  // PROC_EVENT_FORK
      const auto& fork = event.event_data.fork;
      if (!holds(sizeof fork)) return std::nullopt;
      if (fork.child_pid != fork.child_tgid) return news;
      news.what = ProcessNews::What::kFork;
      news.pid = static_cast<std::uint32_t>(fork.child_tgid);
      news.parent_pid = static_cast<std::uint32_t>(fork.parent_tgid);
      return news;
    }
    case 0x0000'0002: {  // PROC_EVENT_EXEC
      const auto& exec = event.event_data.exec;
      if (!holds(sizeof exec)) return std::nullopt;
      news.what = ProcessNews::What::kExec;
      news.pid = static_cast<std::uint32_t>(exec.process_tgid);
      return news;
    }
    case 0x8000'0000: {  // PROC_EVENT_EXIT
      const auto& exit = event.event_data.exit;
      if (!holds(offsetof(std::remove_cvref_t<decltype(exit)>, exit_signal))) return std::nullopt;
      if (exit.process_pid != exit.process_tgid) return news;
      news.what = ProcessNews::What::kExit;
      news.pid = static_cast<std::uint32_t>(exit.process_tgid);
      news.exit_code = static_cast<std::int32_t>(exit.exit_code);
      return news;
    }
    default:
      return news;
  }
}

std::vector<std::byte> process_connector_request(bool listen) {
  // Not a struct of the three: cn_msg ends in a flexible array.
  nlmsghdr header{};
  cn_msg message{};
  const std::uint32_t operation = listen ? PROC_CN_MCAST_LISTEN : PROC_CN_MCAST_IGNORE;
  std::vector<std::byte> bytes(NLMSG_ALIGN(sizeof header + sizeof message + sizeof operation));
  header.nlmsg_len = static_cast<std::uint32_t>(bytes.size());
  header.nlmsg_type = NLMSG_DONE;
  message.id.idx = CN_IDX_PROC;
  message.id.val = CN_VAL_PROC;
  message.len = sizeof operation;
  std::memcpy(bytes.data(), &header, sizeof header);
  std::memcpy(bytes.data() + sizeof header, &message, sizeof message);
  std::memcpy(bytes.data() + sizeof header + sizeof message, &operation, sizeof operation);
  return bytes;
}

}  // namespace ipm::os
