#include "model/flow_key.h"

namespace ipm::model {

std::string protocol_name(std::uint8_t protocol) {
  switch (protocol) {
    case kProtocolTcp:
      return "tcp";
    case kProtocolUdp:
      return "udp";
    default:
      return std::to_string(protocol);
  }
}

}  // namespace ipm::model
