#include "alert/alert.h"

namespace ipm::alert {
namespace {

template <typename About>
Subject subject(const About& about) {
  Subject out{.kind = about.kind, .part = about.part, .indicator_text = about.indicator_text};
  if (out.indicator_text != 0) return out;
  out.remote = about.remote;
  out.remote_port = about.remote_port;
  return out;
}

}  // namespace

Subject subject_of(const Finding& finding) {
  return subject(finding);
}

Subject subject_of(const AlertRow& row) {
  return subject(row);
}

std::string_view severity_name(Severity severity) {
  constexpr std::string_view kNames[kSeverities] = {"info", "low", "medium", "high"};
  return kNames[static_cast<std::size_t>(severity)];
}

std::string_view verdict_name(Verdict verdict) {
  constexpr std::string_view kNames[] = {"", "acknowledged", "false_positive", "suppressed"};
  return kNames[static_cast<std::size_t>(verdict)];
}

std::string_view change_name(Change change) {
  constexpr std::string_view kNames[] = {"opened", "updated", "escalated", "closed"};
  return kNames[static_cast<std::size_t>(change)];
}

}  // namespace ipm::alert
