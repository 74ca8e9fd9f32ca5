// Puts the ClientHello of one DTLS association together (RFC 6347 §4.2, RFC 9147 §5): from handshake fragments that lie
// in several records and datagrams, in any order and repeated. A server's HelloVerifyRequest makes the client send a
// second hello with a cookie; the first one counts as soon as it is whole, and the second if the first never is. The
// preamble that CAPWAP puts before each datagram's records (RFC 5415 §4.2) is stepped over.
//
// Bound: a hello of kHelloBytesMax, kFragmentsMax fragments, kHolesMax stretches that wait for what comes before them.
// Memory: one buffer, allocated by the constructor; reset() makes it ready for the next flow. What exceeds a bound ends
// it with a state that says why. Threads: one at a time.
#pragma once

#include <string_view>

#include "decode/piece_buffer.h"
#include "decode/tls_hello.h"

namespace ipm::decode {

// A cheap look: the datagram begins with a record in the clear that holds a fragment of a ClientHello.
bool begins_dtls_hello(Bytes datagram);

class DtlsHello {
 public:
  enum class State : std::uint8_t {
    kWaiting = 0,    // For more fragments.
    kDone = 1,       // hello() is there.
    kGap = 2,        // Bytes before these never came within the bounds.
    kTooLarge = 3,   // The hello exceeds the bound.
    kMalformed = 4,  // Fragments or a hello that contradict themselves.
  };
  static constexpr std::uint32_t kFragmentsMax = 64;
  static constexpr std::uint32_t kHolesMax = 8;

  DtlsHello();

  void reset();
  // A datagram of the client. The bytes may go after the call. Once the state is not kWaiting, nothing changes it but
  // reset().
  State feed(Bytes datagram);

  State state() const { return state_; }
  bool begun() const { return fragments_ != 0; }
  // With kDone; its lists point into this object and are good until reset().
  const TlsHello& hello() const { return hello_; }

 private:
  State records(Bytes datagram);
  State messages(Bytes record);

  PieceBuffer body_;  // Of the message, without its header.
  std::uint32_t body_bytes_ = 0;
  std::uint16_t message_number_ = 0;
  std::uint32_t fragments_ = 0;
  State state_ = State::kWaiting;
  TlsHello hello_;
};

// "waiting", "done", "gap", "too_large", "malformed"
std::string_view dtls_hello_state_name(DtlsHello::State state);

}  // namespace ipm::decode
