// What the engine says about programs, in the order of the stream, for whoever watches how they behave. Apps and flows
// are named by their slots, which go to others after forget_app() and with the next opened().
#pragma once

#include <string_view>

#include "model/app_sample.h"
#include "model/event.h"

namespace ipm::model {

// Who runs under an app key. Said when a process is first described, and again when its app or its image changes.
struct ProgramFacts {
  std::uint32_t app = 0;  // Slot.
  ProcessKey process = {};
  bool exec = false;           // A new image in a process that was there.
  std::string_view comm = {};  // Views are valid during the call.
  std::string_view exe = {};
  std::string_view ancestors = {};  // comms, parent first: "bash < sshd".
  std::uint32_t exe_text = 0;       // For the rows that show it: the table of texts holds it while TextHolder says so.
  std::uint32_t key_text = 0;
  std::uint32_t uid = Process::kUidUnknown;
  std::uint64_t exe_inode = 0;
  std::uint32_t exe_dev = 0;
  TimeNs exe_mtime_ns = 0;
};

// Where an address is, as far as is known.
struct Place {
  char country[2] = {};   // Zero: not known.
  std::uint32_t asn = 0;  // 0: not known.
  bool has_country() const { return country[0] != '\0'; }
};

// What a list says. Texts, for rows that show them.
struct Listing {
  TimeNs listed_unix_ns = 0;  // 0: not known.
  std::uint32_t indicator = 0;
  std::uint32_t feed = 0;
  std::uint32_t description = 0;
  ListedAs as = ListedAs::kAddress;
  bool of_url = false;
};

// A flow whose owner is known.
struct FlowFacts {
  std::uint32_t slot = 0;
  std::uint32_t app = 0;  // Slot of the app that its bytes are counted for.
  ProcessKey process = {};
  const FlowTuple* tuple = nullptr;
  Scope scope = Scope::kUnknown;  // Of the remote address.
  bool begins = false;            // It opened now; false: it was there when the source looked first.
  TimeNs opened_ns = 0;
  Place place = {};
  std::uint64_t tx_bytes = 0;  // So far.
  std::uint64_t rx_bytes = 0;
};

enum class Failing : std::uint8_t { kRefused, kTimeout, kUnreachable, kOther };

// Keeps a text of the engine alive for rows elsewhere.
class TextHolder {
 public:
  virtual ~TextHolder() = default;
  virtual void hold(std::uint32_t text) = 0;
  virtual void let_go(std::uint32_t text) = 0;
  virtual std::string_view view(std::uint32_t text) const = 0;  // Good until the next event.
  // What the address was called last, by a TLS client that asked for it, else by DNS; 0 if it has no name.
  virtual std::uint32_t name_of(const IpAddress& address) const = 0;
  virtual Place place_of(const IpAddress& address) const = 0;
};

class BehaviourSink {
 public:
  virtual ~BehaviourSink() = default;
  virtual void use_texts(TextHolder* texts) = 0;  // Before the first fact; null at the end.

  virtual void program(const ProgramFacts& facts, TimeNs time) = 0;
  virtual void forget_app(std::uint32_t app) = 0;

  virtual void opened(const FlowFacts& flow, TimeNs time) = 0;
  virtual void listening(const FlowFacts& flow, TimeNs time) = 0;
  virtual void moved(const FlowFacts& flow, std::uint64_t tx_bytes, std::uint64_t rx_bytes, TimeNs time) = 0;
  virtual void closed(const FlowFacts& flow, TimeNs time) = 0;
  virtual void failed(const FlowFacts& flow, Failing why, TimeNs time) = 0;
  virtual void reset(const FlowFacts& flow, bool sent_here, TimeNs time) = 0;
  virtual void retransmitted(const FlowFacts& flow, std::uint32_t segments, TimeNs time) = 0;
  virtual void round_trip(const FlowFacts& flow, std::uint32_t srtt_us, TimeNs time) = 0;
  virtual void entropy(const FlowFacts& flow, std::uint32_t millibits_per_byte, TimeNs time) = 0;
  virtual void asked(const FlowFacts& flow, std::string_view name, std::uint16_t question_type, TimeNs time) = 0;
  // The remote end of the flow, or what it is called, is on a list; of a flow `asked`: the name that it asked DNS for.
  // Said when a flow opens, when its name or fingerprint shows it, and when lists change.
  virtual void listed(const FlowFacts& flow, const Listing& listing, bool asked, TimeNs time) = 0;

  // An interval of an app, and how unusual it was. Null: nobody learns what is usual for it.
  virtual void sampled(const AppSample& sample, const AppScores* scores) = 0;

  virtual void lost(TimeNs time) = 0;                         // Something on the host was not seen.
  virtual void drill(bool begins) = 0;                        // A rehearsal: what comes until its end is marked.
  virtual void rule(std::string_view line, TimeNs time) = 0;  // What an operator says: alert/rule.h.
  virtual void wall_clock(TimeNs unix_minus_engine_ns) = 0;
  virtual void advance(TimeNs now) = 0;  // At most once a second.
};

}  // namespace ipm::model
