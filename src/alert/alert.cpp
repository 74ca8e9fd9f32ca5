#include "alert/alert.h"

namespace ipm::alert {
namespace {

constexpr KindInfo kInfos[kKinds] = {
    {"exfil", "data leaves to a new peer", "T1041 T1048 T1029 T1030"},
    {"bandwidth", "far more sent than ever", "T1048"},
    {"beacon", "regular calls to a new peer", "T1071.001 T1573"},
    {"scan", "probing hosts or ports", "T1046 T1018"},
    {"lateral", "remote services of many hosts", "T1021"},
    {"new_dest", "new destination", "T1071"},
    {"odd_port", "port it never used", "T1571"},
    {"dns_tunnel", "data in DNS names", "T1071.004 T1572 T1048.003"},
    {"long_conn", "long connection to a new peer", "T1572 T1090"},
    {"miner", "steady work stream to a new peer", "T1496"},
    {"entropy", "content changed its nature", "T1573 T1027"},
    {"churn", "flood of connections", "T1498"},
    {"fault", "connections fail", ""},
    {"latency", "answers are slow", ""},
    {"new_program", "first network use of a program", "T1204"},
    {"exe_changed", "program file replaced", "T1554"},
    {"listener", "new listening port", "T1205"},
};

}  // namespace

const KindInfo& info(Kind kind) {
  return kInfos[static_cast<std::size_t>(kind)];
}

std::string_view severity_name(Severity severity) {
  constexpr std::string_view kNames[kSeverities] = {"info", "low", "medium", "high"};
  return kNames[static_cast<std::size_t>(severity)];
}

std::string_view change_name(Change change) {
  constexpr std::string_view kNames[] = {"opened", "updated", "escalated", "closed"};
  return kNames[static_cast<std::size_t>(change)];
}

}  // namespace ipm::alert
