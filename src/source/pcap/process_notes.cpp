#include "source/pcap/process_notes.h"

#include <charconv>
#include <cstdint>
#include <system_error>

namespace ipm::source::pcap {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) + 1 - begin);
}

// All of `text`, a number. Windows writes pids without a sign: what is beyond 31 bits is none of ours.
template <typename Number>
bool read_number(std::string_view text, Number& out) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  out = value;
  return true;
}

bool first_number(std::string_view text, std::int32_t& out) {
  return out == 0 && read_number(text, out);
}

bool first_text(std::string_view text, std::string_view& out) {
  if (!out.empty() || text.empty()) return false;
  out = text;
  return true;
}

bool read_line(std::string_view key, std::string_view value, ProcessNote& note) {
  if (key == "PID") return first_number(value, note.process.pid);
  if (key == "Cmd" || key == "Command") return first_text(value, note.process.name);
  if (key == "Args") return first_text(value, note.arguments);
  if (key == "ParentPID") return first_number(value, note.parent.pid);
  if (key == "ParentCmd" || key == "ParentCommand") return first_text(value, note.parent.name);
  if (key == "UserId") return note.uid < 0 && read_number(value, note.uid);
  if (key == "ContainerId") return first_text(value, note.container_id);
  if (key == "ContainerName") return first_text(value, note.container_name);
  if (key == "PodName") return first_text(value, note.pod_name);
  return false;
}

}  // namespace

bool read_process_comment(std::string_view comment, ProcessNote& note) {
  if (constexpr std::string_view kHint = "PID="; comment.starts_with(kHint)) {
    const std::string_view rest = comment.substr(kHint.size());
    if (!first_number(rest.substr(0, rest.find(' ')), note.process.pid)) return false;
    note.hint_only = true;
    return true;
  }
  bool said = false;
  while (!comment.empty()) {
    const std::size_t newline = comment.find('\n');
    const std::string_view line = comment.substr(0, newline);
    comment = newline == std::string_view::npos ? std::string_view() : comment.substr(newline + 1);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    said |= read_line(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)), note);
  }
  return said;
}

}  // namespace ipm::source::pcap
