// Puts the ClientHello of one connection together from the TCP payload that the client sends: over several segments, in
// any order, repeated, and over several TLS records.
//
// Bound: a hello of kHelloBytesMax in at most kRecordsMax records, kPiecesMax calls of feed(), kHolesMax stretches that
// wait for what comes before them. Memory: one buffer, allocated by the constructor; reset() makes it ready for the
// next connection. What exceeds a bound ends it with a state that says why. Threads: one at a time.
#pragma once

#include <string_view>

#include "decode/piece_buffer.h"
#include "decode/tls_hello.h"

namespace ipm::decode {

class HelloAssembler {
 public:
  enum class State : std::uint8_t {
    kWaiting = 0,    // For more bytes.
    kDone = 1,       // hello() is there.
    kNotTls = 2,     // The stream does not begin with a TLS handshake record that holds a ClientHello.
    kGap = 3,        // Bytes before these never came within the bounds.
    kTooLarge = 4,   // The hello or its records exceed the bound.
    kMalformed = 5,  // A TLS hello that contradicts itself.
  };
  static constexpr std::uint32_t kRecordsMax = 8;
  static constexpr std::uint32_t kPiecesMax = 32;
  static constexpr std::uint32_t kHolesMax = 4;
  static constexpr std::uint32_t kRecordHeaderBytes = 5;
  static constexpr std::uint32_t kStreamBytesMax = kHelloBytesMax + kRecordsMax * kRecordHeaderBytes;

  HelloAssembler();

  // For a stream whose first payload byte has this sequence number: that of the client's SYN plus one.
  void reset(std::uint32_t first_seq);
  // Payload whose first byte has the number `seq`. The bytes may go after the call. Once the state is not kWaiting,
  // nothing changes it but reset().
  State feed(std::uint32_t seq, Bytes payload);

  State state() const { return state_; }
  // With kDone; its lists point into this object and are good until reset().
  const TlsHello& hello() const { return hello_; }
  // While kWaiting, where the rest will never come because the capture cut it off: ends it with kDone, and hello() is
  // what is whole. False, and nothing changes, if not even the cipher suites are there.
  bool end_cut();

 private:
  State scan();
  void join_records(std::uint32_t records);

  PieceBuffer stream_;
  std::uint32_t first_seq_ = 0;
  std::uint32_t pieces_ = 0;
  State state_ = State::kWaiting;
  TlsHello hello_;
};

// "waiting", "done", "not_tls", "gap", "too_large", "malformed"
std::string_view hello_state_name(HelloAssembler::State state);

}  // namespace ipm::decode
