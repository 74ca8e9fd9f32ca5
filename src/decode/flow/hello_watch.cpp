#include "decode/flow/hello_watch.h"

#include <algorithm>

#include "decode/dtls_hello.h"
#include "decode/flow/hello_pool.h"
#include "decode/google_hello.h"
#include "decode/hello_assembler.h"
#include "decode/quic_initial.h"

namespace ipm::decode::flow {
namespace {

constexpr std::uint8_t kTcp = 6;

// HelloTicket::side
enum SideFlag : std::uint8_t {
  kBased = 1,   // first_seq is the number of the first payload byte: a SYN was seen, or the first payload.
  kPassed = 2,  // Payload came that is no hello.
};
// HelloTicket::gathering
enum Gathering : std::uint8_t { kNothing = 0, kTls = 1, kQuic = 2, kDtls = 3 };

enum class Look : std::uint8_t { kNo = 0, kMaybe = 1, kYes = 2 };

// Whether these bytes begin with a TLS record that begins with a ClientHello. kMaybe: as far as they go.
Look look_for_tls(Bytes payload) {
  static constexpr std::size_t kDecidedBytes = 6;  // Record type, version, length, message type.
  const auto is = [&](std::size_t at, unsigned value) {
    return at >= payload.size() || std::to_integer<unsigned>(payload[at]) == value;
  };
  if (!is(0, 22) || !is(1, 3) || !is(5, 1)) return Look::kNo;
  return payload.size() >= kDecidedBytes ? Look::kYes : Look::kMaybe;
}

// Of a hello that contradicts itself.
bool is_sound_in_part(const TlsHello& hello) {
  return !hello.ciphers.empty();
}

// Before or after, around the wrap.
bool is_before(std::uint32_t seq, std::uint32_t other) {
  return seq - other >= 0x8000'0000U;
}

}  // namespace

class HelloWatch::Parts {
 public:
  explicit Parts(const Options& options)
      : tls_(options.tls_hellos_max), quic_(options.udp_hellos_max), dtls_(options.udp_hellos_max) {}

  bool add_tcp(HelloTicket& ticket, const Packet& packet, bool from_initiator, HelloFacts& out) {
    const std::size_t side = from_initiator ? 0 : 1;
    std::uint8_t& flags = ticket.side[side];
    const bool syn = (packet.tcp_flags & kSyn) != 0;
    const std::uint32_t seq = packet.seq + (syn ? 1 : 0);  // With Fast Open payload follows on the SYN.
    if ((flags & kBased) == 0 && (syn || !packet.payload.empty())) {
      ticket.first_seq[side] = seq;
      flags |= kBased;
    }
    if (packet.payload.empty()) return false;
    if (ticket.gathering == kTls) {
      const auto* place = tls_.find(ticket.place, ticket.generation);
      if (place == nullptr) return lost(ticket);
      return place->from_initiator == from_initiator && feed_tls(ticket, ticket.place, seq, packet, true, out);
    }
    const std::uint32_t first = ticket.first_seq[side];
    const bool passed = (flags & kPassed) != 0;
    const std::uint32_t early_bytes = !passed && is_before(seq, first) ? first - seq : 0;
    if (early_bytes >= packet.payload.size()) return false;  // A keep-alive probe repeats the SYN's number.
    const std::uint32_t begin = seq + early_bytes;
    const bool at_start = passed ? is_before(begin, first) : begin == first;
    const Look look = look_for_tls(packet.payload.subspan(early_bytes));
    if (look == Look::kYes || (look == Look::kMaybe && at_start)) {
      return begin_tls(ticket, {begin, at_start}, seq, packet, from_initiator, out);
    }
    // What is missing before this may be a hello's beginning that comes late.
    if (!passed && !at_start && begin - first < HelloAssembler::kStreamBytesMax) {
      return begin_tls(ticket, {first, true}, seq, packet, from_initiator, out);
    }
    pass(ticket, flags, kTcpPayloadsMax);
    return false;
  }

  bool add_udp(HelloTicket& ticket, const Packet& packet, bool from_initiator, HelloFacts& out) {
    const Bytes payload = packet.payload;
    if (payload.empty()) return false;
    if (ticket.gathering == kQuic) return more_of(quic_, ticket, payload, from_initiator, out);
    if (ticket.gathering == kDtls) return more_of(dtls_, ticket, payload, from_initiator, out);
    std::uint8_t& flags = ticket.side[from_initiator ? 0 : 1];
    if (begins_quic_initial(payload)) {
      if (begin_udp(quic_, kQuic, ticket, payload, from_initiator, out)) return true;
      if (ticket.gathering != kNothing) return false;
      count_payload(ticket, kUdpPayloadsMax);  // The server's, mostly: nothing of its own that came before a hello.
      return false;
    }
    if (const Bytes message = google_hello_in(payload); !message.empty()) {
      TlsHello hello;
      if (parse_google_hello(message, hello) == Verdict::kOk) {
        fill(hello, {HelloTransport::kQuic, from_initiator, (flags & kPassed) == 0, /*google=*/true}, out);
        ticket.decided = true;
        return true;
      }
    }
    if (begins_dtls_hello(payload)) {
      if (begin_udp(dtls_, kDtls, ticket, payload, from_initiator, out)) return true;
      if (ticket.gathering != kNothing) return false;
    }
    pass(ticket, flags, kUdpPayloadsMax);
    return false;
  }

  void release(HelloTicket& ticket) {
    if (!ticket.decided) stats_.abandoned += drop(ticket) ? 1 : 0;
    ticket.decided = true;
  }

  std::string_view why_no_quic() const { return protection_.why_not(); }
  std::string_view why_no_fingerprints() const { return digests_.why_not(Digests::Kind::kSha256); }
  const Stats& stats() const { return stats_; }

 private:
  struct Start {
    std::uint32_t seq = 0;  // Of the hello's first byte.
    bool at_start = false;
  };

  // Begins in a place of its own, which is kept only if there is more to come.
  bool begin_tls(HelloTicket& ticket, Start start, std::uint32_t seq, const Packet& packet, bool from_initiator,
                 HelloFacts& out) {
    const std::uint32_t index = tls_.take();
    auto& place = tls_.at(index);
    place.gatherer.reset(start.seq);
    place.from_initiator = from_initiator;
    place.at_start = start.at_start;
    return feed_tls(ticket, index, seq, packet, false, out);
  }

  bool feed_tls(HelloTicket& ticket, std::uint32_t index, std::uint32_t seq, const Packet& packet, bool kept,
                HelloFacts& out) {
    using State = HelloAssembler::State;
    auto& place = tls_.at(index);
    const State state = place.gatherer.feed(seq, packet.payload);
    const bool cut = state == State::kWaiting && packet.cut() && place.gatherer.end_cut();
    const bool partial = cut || (state == State::kMalformed && is_sound_in_part(place.gatherer.hello()));
    if (state == State::kDone || partial) {
      fill(place.gatherer.hello(), {HelloTransport::kTls, place.from_initiator, place.at_start, false, partial}, out);
      end(ticket, tls_, index, kept);
      ticket.decided = true;
      return true;
    }
    if (state == State::kWaiting) {
      if (!kept) keep(ticket, tls_, index, kTls);
      return false;
    }
    if (state != State::kNotTls) ++stats_.given_up;
    std::uint8_t& flags = ticket.side[place.from_initiator ? 0 : 1];
    end(ticket, tls_, index, kept);
    pass(ticket, flags, kTcpPayloadsMax);
    return false;
  }

  static QuicHello::State feed(QuicHello& hello, Bytes payload, QuicProtection& protection) {
    return hello.feed(payload, protection);
  }
  static DtlsHello::State feed(DtlsHello& hello, Bytes payload, QuicProtection&) { return hello.feed(payload); }
  static bool is_google(const QuicHello& hello) { return hello.google(); }
  static bool is_google(const DtlsHello&) { return false; }
  static constexpr HelloTransport transport(const QuicHello&) { return HelloTransport::kQuic; }
  static constexpr HelloTransport transport(const DtlsHello&) { return HelloTransport::kDtls; }

  // True: done. Else the ticket gathers, or the hello came to nothing.
  template <typename Hello>
  bool begin_udp(HelloPool<Hello>& pool, Gathering kind, HelloTicket& ticket, Bytes payload, bool from_initiator,
                 HelloFacts& out) {
    const std::uint32_t index = pool.take();
    auto& place = pool.at(index);
    place.gatherer.reset();
    place.from_initiator = from_initiator;
    place.at_start = (ticket.side[from_initiator ? 0 : 1] & kPassed) == 0;
    const auto state = feed(place.gatherer, payload, protection_);
    if (state == Hello::State::kWaiting && place.gatherer.begun()) {
      keep(ticket, pool, index, kind);
      return false;
    }
    return ended(pool, ticket, index, false, out);
  }

  template <typename Hello>
  bool more_of(HelloPool<Hello>& pool, HelloTicket& ticket, Bytes payload, bool from_initiator, HelloFacts& out) {
    auto* place = pool.find(ticket.place, ticket.generation);
    if (place == nullptr) return lost(ticket);
    if (place->from_initiator != from_initiator) return false;
    if (feed(place->gatherer, payload, protection_) == Hello::State::kWaiting) {
      count_payload(ticket, kUdpPayloadsMax);
      return false;
    }
    return ended(pool, ticket, ticket.place, true, out);
  }

  template <typename Hello>
  bool ended(HelloPool<Hello>& pool, HelloTicket& ticket, std::uint32_t index, bool kept, HelloFacts& out) {
    auto& place = pool.at(index);
    const auto state = place.gatherer.state();
    const bool partial = state == Hello::State::kMalformed && is_sound_in_part(place.gatherer.hello());
    const bool done = state == Hello::State::kDone || partial;
    if (done) {
      fill(place.gatherer.hello(),
           {transport(place.gatherer), place.from_initiator, place.at_start, is_google(place.gatherer), partial}, out);
      ticket.decided = true;
    } else if (state != Hello::State::kWaiting) {
      ++stats_.given_up;
    }
    end(ticket, pool, index, kept);
    return done;
  }

  template <typename Hello>
  void keep(HelloTicket& ticket, HelloPool<Hello>& pool, std::uint32_t index, Gathering kind) {
    ticket.gathering = kind;
    ticket.place = index;
    ticket.generation = pool.at(index).generation;
    stats_.given_up_full += pool.keep(index) ? 1 : 0;
    stats_.under_way = tls_.kept() + quic_.kept() + dtls_.kept();
    stats_.under_way_high = std::max(stats_.under_way_high, stats_.under_way);
  }
  template <typename Hello>
  void end(HelloTicket& ticket, HelloPool<Hello>& pool, std::uint32_t index, bool kept) {
    kept ? pool.drop_kept(index) : pool.drop(index);
    ticket.gathering = kNothing;
    stats_.under_way = tls_.kept() + quic_.kept() + dtls_.kept();
  }

  // Its place went to another.
  static bool lost(HelloTicket& ticket) {
    ticket.gathering = kNothing;
    ticket.decided = true;
    return false;
  }
  // True: something was gathered.
  bool drop(HelloTicket& ticket) {
    const auto drop_of = [&](auto& pool) {
      const bool found = pool.find(ticket.place, ticket.generation) != nullptr;
      if (found) end(ticket, pool, ticket.place, true);
      return found;
    };
    if (ticket.gathering == kTls) return drop_of(tls_);
    if (ticket.gathering == kQuic) return drop_of(quic_);
    return ticket.gathering == kDtls && drop_of(dtls_);
  }

  void pass(HelloTicket& ticket, std::uint8_t& flags, std::uint32_t payloads_max) {
    flags |= kPassed;
    count_payload(ticket, payloads_max);
  }
  void count_payload(HelloTicket& ticket, std::uint32_t payloads_max) {
    if (++ticket.payloads < payloads_max) return;
    stats_.given_up += drop(ticket) ? 1 : 0;
    ticket.decided = true;
  }

  struct About {
    HelloTransport transport = HelloTransport::kTls;
    bool from_initiator = true;
    bool at_start = true;
    bool google = false;
    bool partial = false;
  };
  void fill(const TlsHello& hello, const About& about, HelloFacts& out) {
    out.transport = about.transport;
    out.from_initiator = about.from_initiator;
    out.at_start = about.at_start;
    out.ech = hello.has_ech;
    out.google = about.google;
    out.partial = about.partial;
    const bool whole = !about.google && !about.partial;
    out.ja3 = whole ? ja3(hello, digests_) : std::nullopt;
    out.ja4 = whole ? ja4(hello, about.transport, digests_) : std::nullopt;
    out.sni_bytes = hello.server_name_bytes;
    std::copy_n(hello.server_name, hello.server_name_bytes, out.sni_text.begin());
    out.alpn_bytes = static_cast<std::uint16_t>(decode::alpn_text(hello, out.alpn_text.data(), out.alpn_text.size()));
    ++stats_.hellos;
    stats_.hellos_partial += about.partial ? 1 : 0;
  }

  HelloPool<HelloAssembler> tls_;
  HelloPool<QuicHello> quic_;
  HelloPool<DtlsHello> dtls_;
  QuicProtection protection_;
  Digests digests_;
  Stats stats_;
};

HelloWatch::HelloWatch() : HelloWatch(Options{}) {}
HelloWatch::HelloWatch(Options options) : parts_(std::make_unique<Parts>(options)) {}
HelloWatch::~HelloWatch() = default;

bool HelloWatch::add(HelloTicket& ticket, const Packet& packet, bool from_initiator, HelloFacts& out) {
  if (ticket.decided) return false;
  return packet.protocol == kTcp ? parts_->add_tcp(ticket, packet, from_initiator, out)
                                 : parts_->add_udp(ticket, packet, from_initiator, out);
}

void HelloWatch::release(HelloTicket& ticket) {
  parts_->release(ticket);
}

std::string_view HelloWatch::why_no_quic() const {
  return parts_->why_no_quic();
}
std::string_view HelloWatch::why_no_fingerprints() const {
  return parts_->why_no_fingerprints();
}
const HelloWatch::Stats& HelloWatch::stats() const {
  return parts_->stats();
}

}  // namespace ipm::decode::flow
