#include "decode/flow/flow_row.h"

namespace ipm::decode::flow {

std::string_view state_name(FlowState state) {
  switch (state) {
    case FlowState::kNone:
      return "";
    case FlowState::kMidstream:
      return "midstream";
    case FlowState::kAttempt:
      return "attempt";
    case FlowState::kRejected:
      return "rejected";
    case FlowState::kEstablished:
      return "established";
    case FlowState::kHalfClosed:
      return "half_closed";
    case FlowState::kClosed:
      return "closed";
    case FlowState::kReset:
      return "reset";
  }
  return "";
}

}  // namespace ipm::decode::flow
