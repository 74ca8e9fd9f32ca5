#include "os/linux/proc_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace ipm::os {
namespace {

// Takes the next word, separated by spaces, from the front of `rest`.
std::string_view take_word(std::string_view& rest) {
  const std::size_t begin = rest.find_first_not_of(" \t\n");
  if (begin == std::string_view::npos) {
    rest = {};
    return {};
  }
  rest.remove_prefix(begin);
  const std::size_t end = std::min(rest.find_first_of(" \t\n"), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(end);
  return word;
}

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

bool take_number(std::string_view& rest, std::uint64_t& out) {
  const auto value = parse_decimal(take_word(rest));
  if (value) out = *value;
  return value.has_value();
}

// The number after "Name:" at the start of a line.
std::optional<std::uint64_t> field(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    std::string_view line = take_line(text);
    if (line.substr(0, name.size()) != name) continue;
    line.remove_prefix(name.size());
    return parse_decimal(take_word(line));
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> parse_decimal(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<ProcStat> parse_proc_stat(std::string_view text) {
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return std::nullopt;
  ProcStat stat;
  std::string_view head = text.substr(0, open);
  std::uint64_t pid = 0;
  if (!take_number(head, pid) || pid > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  stat.pid = static_cast<std::uint32_t>(pid);
  stat.comm = std::string(text.substr(open + 1, close - open - 1));

  std::string_view rest = text.substr(close + 1);
  const std::string_view state = take_word(rest);
  if (state.size() != 1) return std::nullopt;
  stat.state = state[0];
  // Words are numbered as in proc_pid_stat(5); the next one is field 4.
  for (int number = 4; number <= 24; ++number) {
    const std::string_view word = take_word(rest);
    if (word.empty()) return std::nullopt;
    if (number != 4 && number != 14 && number != 15 && number != 22 && number != 24) continue;
    const auto value = parse_decimal(word);
    if (number == 24) {
      stat.rss_pages = value.value_or(0);  // Negative for a moment on some kernels.
      continue;
    }
    if (!value) return std::nullopt;
    if (number == 4) stat.ppid = static_cast<std::uint32_t>(*value);
    if (number == 14) stat.user_ticks = *value;
    if (number == 15) stat.system_ticks = *value;
    if (number == 22) stat.start_ticks = *value;
  }
  return stat;
}

std::optional<std::uint32_t> parse_status_uid(std::string_view text) {
  while (!text.empty()) {
    std::string_view line = take_line(text);
    if (line.substr(0, 4) != "Uid:") continue;
    line.remove_prefix(4);
    std::uint64_t real = 0, effective = 0;
    if (!take_number(line, real) || !take_number(line, effective)) return std::nullopt;
    if (effective > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    return static_cast<std::uint32_t>(effective);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> parse_status_capabilities(std::string_view text) {
  while (!text.empty()) {
    std::string_view line = take_line(text);
    if (line.substr(0, 7) != "CapEff:") continue;
    line.remove_prefix(7);
    const std::string_view word = take_word(line);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value, 16);
    if (word.empty() || error != std::errc() || end != word.data() + word.size()) return std::nullopt;
    return value;
  }
  return std::nullopt;
}

std::vector<std::string_view> parse_cmdline(std::string_view text) {
  constexpr std::size_t kArgumentsMax = 64;
  std::vector<std::string_view> arguments;
  while (!text.empty() && arguments.size() < kArgumentsMax) {
    const std::size_t end = std::min(text.find('\0'), text.size());
    arguments.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return arguments;
}

std::string_view parse_cgroup(std::string_view text) {
  std::string_view unified, systemd, longest;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    const std::size_t first = line.find(':');
    if (first == std::string_view::npos) continue;
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::string_view path = line.substr(second + 1);
    if (path.empty() || path[0] != '/') continue;
    if (controllers.empty()) {
      unified = path;
    } else if (controllers == "name=systemd") {
      systemd = path;
    } else if (path.size() > longest.size()) {
      longest = path;
    }
  }
  if (unified.size() > 1) return unified;
  if (systemd.size() > 1) return systemd;
  if (longest.size() > 1) return longest;
  return unified.empty() ? (systemd.empty() ? longest : systemd) : unified;
}

std::optional<ProcIo> parse_proc_io(std::string_view text) {
  const auto read = field(text, "read_bytes:");
  const auto write = field(text, "write_bytes:");
  if (!read || !write) return std::nullopt;
  return ProcIo{*read, *write};
}

std::optional<SnmpCounters> parse_snmp(std::string_view text) {
  SnmpCounters out;
  struct Column {
    std::string_view protocol, name;
    std::uint64_t* value;
  };
  const std::array<Column, 10> columns{{{"Tcp:", "ActiveOpens", &out.tcp_active_opens},
                                        {"Tcp:", "PassiveOpens", &out.tcp_passive_opens},
                                        {"Tcp:", "AttemptFails", &out.tcp_attempt_fails},
                                        {"Tcp:", "EstabResets", &out.tcp_estab_resets},
                                        {"Tcp:", "InSegs", &out.tcp_in_segs},
                                        {"Tcp:", "OutSegs", &out.tcp_out_segs},
                                        {"Tcp:", "RetransSegs", &out.tcp_retrans_segs},
                                        {"Tcp:", "OutRsts", &out.tcp_out_rsts},
                                        {"Udp:", "InDatagrams", &out.udp_in_datagrams},
                                        {"Udp:", "OutDatagrams", &out.udp_out_datagrams}}};
  std::size_t found = 0;
  while (!text.empty()) {
    std::string_view names = take_line(text);
    const std::string_view protocol = take_word(names);
    if (protocol != "Tcp:" && protocol != "Udp:") continue;
    std::string_view values = take_line(text);
    if (take_word(values) != protocol) return std::nullopt;
    for (std::string_view name = take_word(names); !name.empty(); name = take_word(names)) {
      const std::string_view word = take_word(values);
      for (const Column& column : columns) {
        if (column.protocol != protocol || column.name != name) continue;
        const auto value = parse_decimal(word);
        if (!value) return std::nullopt;
        *column.value = *value;
        ++found;
      }
    }
  }
  if (found < columns.size()) return std::nullopt;
  return out;
}

std::optional<std::uint64_t> parse_inode_link(std::string_view target, std::string_view kind) {
  if (target.size() < kind.size() + 4 || target.substr(0, kind.size()) != kind) return std::nullopt;
  target.remove_prefix(kind.size());
  if (target.substr(0, 2) != ":[" || target.back() != ']') return std::nullopt;
  return parse_decimal(target.substr(2, target.size() - 3));
}

}  // namespace ipm::os
