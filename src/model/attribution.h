// How an owner was found, and how far to trust it. An unknown owner is a visible row, never a guess.
#pragma once

#include <cstdint>
#include <string_view>

namespace ipm::model {

// Better is larger, so that the better of two findings is the maximum.
enum class Quality : std::uint8_t {
  kUnknown = 0,
  kCandidate = 1,  // One of several processes that could have done it.
  kInferred = 2,   // Follows from other facts.
  kExact = 3,      // Observed in process context, or the only holder of the socket.
};

enum class Rule : std::uint8_t {
  kNone = 0,
  kIo = 1,             // Seen to send or receive.
  kConnect = 2,        // Called connect.
  kAccept = 3,         // Called accept.
  kOnlyHolder = 4,     // The only process with a descriptor of the socket.
  kSharedHolders = 5,  // Several processes hold a descriptor: all are listed.
  kTold = 6,           // The source's record named the process.
  kNoPermission = 7,   // Descriptors of that user's processes could not be read.
  kBetweenDumps = 8,   // Opened and closed between two looks at the sockets.
  kNoHolder = 9,       // No process held a descriptor any more when looked for.
  kEvicted = 10,       // The owner's row made room for another before this.
  kListener = 11,      // Holds the listener that it came from.
  kLastHolder = 12,    // Closed its last descriptor.
};

// What an event may say. kEvicted is the engine's own word: it promises that the owner's key is known.
constexpr Rule rule_from_event(Rule rule) {
  return rule <= Rule::kLastHolder && rule != Rule::kEvicted ? rule : Rule::kNone;
}
constexpr Quality quality_from_event(Quality quality) {
  return quality <= Quality::kExact ? quality : Quality::kUnknown;
}

constexpr std::string_view quality_name(Quality quality) {
  switch (quality) {
    case Quality::kUnknown:
      return "unknown";
    case Quality::kCandidate:
      return "candidate";
    case Quality::kInferred:
      return "inferred";
    case Quality::kExact:
      return "exact";
  }
  return "unknown";
}

constexpr std::string_view rule_name(Rule rule) {
  switch (rule) {
    case Rule::kNone:
      return "";
    case Rule::kIo:
      return "io";
    case Rule::kConnect:
      return "connect";
    case Rule::kAccept:
      return "accept";
    case Rule::kOnlyHolder:
      return "only_holder";
    case Rule::kSharedHolders:
      return "shared_holders";
    case Rule::kTold:
      return "told";
    case Rule::kNoPermission:
      return "no_permission";
    case Rule::kBetweenDumps:
      return "between_dumps";
    case Rule::kNoHolder:
      return "no_holder";
    case Rule::kEvicted:
      return "owner_evicted";
    case Rule::kListener:
      return "listener";
    case Rule::kLastHolder:
      return "last_holder";
  }
  return "";
}

}  // namespace ipm::model
