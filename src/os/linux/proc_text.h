// The text of /proc files, parsed (proc(5)). Pure and total: any bytes give a value or nothing, never a crash. Names of
// programs are whatever their owner chose: parentheses, newlines and bytes that are no text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ipm::os {

// /proc/PID/stat. The name stands between the first '(' and the last ')'.
struct ProcStat {
  std::uint32_t pid = 0;
  std::string comm;
  char state = '?';
  std::uint32_t ppid = 0;
  std::uint64_t user_ticks = 0;
  std::uint64_t system_ticks = 0;
  std::uint64_t start_ticks = 0;  // Field 22, since boot.
  std::uint64_t rss_pages = 0;
};
std::optional<ProcStat> parse_proc_stat(std::string_view text);

// The effective uid in /proc/PID/status.
std::optional<std::uint32_t> parse_status_uid(std::string_view text);

// The effective capability set in /proc/PID/status, bit per CAP_* number.
std::optional<std::uint64_t> parse_status_capabilities(std::string_view text);

// /proc/PID/cmdline: arguments end in NUL. Views into `text`.
std::vector<std::string_view> parse_cmdline(std::string_view text);

// The path in /proc/PID/cgroup that says most: the v2 one ("0::"); on hybrid hosts, where that is "/", the path of
// name=systemd or else the longest one of a v1 controller.
std::string_view parse_cgroup(std::string_view text);

// /proc/PID/io: what reached the storage layer.
struct ProcIo {
  std::uint64_t read_bytes = 0;
  std::uint64_t write_bytes = 0;
};
std::optional<ProcIo> parse_proc_io(std::string_view text);

// /proc/net/snmp, the Tcp and Udp lines.
struct SnmpCounters {
  std::uint64_t tcp_active_opens = 0, tcp_passive_opens = 0, tcp_attempt_fails = 0, tcp_estab_resets = 0;
  std::uint64_t tcp_in_segs = 0, tcp_out_segs = 0, tcp_retrans_segs = 0, tcp_out_rsts = 0;
  std::uint64_t udp_in_datagrams = 0, udp_out_datagrams = 0;
};
std::optional<SnmpCounters> parse_snmp(std::string_view text);

// "socket:[4711]" with kind "socket" → 4711; "net:[4026531840]" with kind "net".
std::optional<std::uint64_t> parse_inode_link(std::string_view target, std::string_view kind);

// The whole text as a decimal number that fits.
std::optional<std::uint64_t> parse_decimal(std::string_view text);

}  // namespace ipm::os
