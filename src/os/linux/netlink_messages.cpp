#include "os/linux/netlink_messages.h"

#include <linux/netlink.h>

#include <algorithm>

namespace ipm::os {

std::optional<NetlinkMessage> NetlinkMessages::next() {
  if (rest_.empty() || malformed_) return std::nullopt;
  const auto header = read_front<nlmsghdr>(rest_);
  if (!header || header->nlmsg_len < sizeof(nlmsghdr) || header->nlmsg_len > rest_.size()) {
    malformed_ = true;
    return std::nullopt;
  }
  NetlinkMessage message;
  message.type = header->nlmsg_type;
  message.flags = header->nlmsg_flags;
  message.sequence = header->nlmsg_seq;
  message.payload = rest_.subspan(sizeof(nlmsghdr), header->nlmsg_len - sizeof(nlmsghdr));
  // The last message need not be padded.
  rest_ = rest_.subspan(std::min<std::size_t>(NLMSG_ALIGN(std::size_t{header->nlmsg_len}), rest_.size()));
  return message;
}

std::optional<NetlinkAttribute> NetlinkAttributes::next() {
  if (rest_.empty() || malformed_) return std::nullopt;
  const auto header = read_front<nlattr>(rest_);
  if (!header || header->nla_len < sizeof(nlattr) || header->nla_len > rest_.size()) {
    malformed_ = true;
    return std::nullopt;
  }
  NetlinkAttribute attribute;
  attribute.type = header->nla_type & static_cast<std::uint16_t>(NLA_TYPE_MASK);
  attribute.value = rest_.subspan(sizeof(nlattr), header->nla_len - sizeof(nlattr));
  rest_ = rest_.subspan(std::min<std::size_t>(NLA_ALIGN(std::size_t{header->nla_len}), rest_.size()));
  return attribute;
}

std::optional<int> netlink_error(Bytes payload) {
  const auto error = read_front<int>(payload);
  if (!error) return std::nullopt;
  return *error < 0 && *error > -4096 ? -*error : (*error == 0 ? 0 : 5 /* EIO */);
}

}  // namespace ipm::os
