#include "decode/quic_initial.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "decode/hello_octets.h"
#include "decode/octets.h"

#ifdef IPM_WITH_OPENSSL
#include "decode/quic_octets.h"
#endif

namespace ipm::decode {
namespace {

using namespace test;  // NOLINT: the words of hello_octets.h

TEST(QuicPacketTest, NumbersHaveFourSizes) {
  // RFC 9000 §A.1.
  const auto read = [](std::string_view digits) {
    const Exactly bytes(hex(digits));
    Cursor cursor(bytes.bytes());
    const std::uint64_t value = decode::quic_number(cursor);
    EXPECT_FALSE(cursor.failed());
    EXPECT_EQ(cursor.left(), 0U);
    return value;
  };
  EXPECT_EQ(read("25"), 37U);
  EXPECT_EQ(read("4025"), 37U);
  EXPECT_EQ(read("7bbd"), 15'293U);
  EXPECT_EQ(read("9d7f3e7d"), 494'878'333U);
  EXPECT_EQ(read("c2197c5eff14e88c"), 151'288'809'941'952'652U);
}

TEST(QuicPacketTest, NumberThatIsCutFails) {
  const Exactly bytes(hex("9d7f3e"));
  Cursor cursor(bytes.bytes());
  EXPECT_EQ(decode::quic_number(cursor), 0U);
  EXPECT_TRUE(cursor.failed());
}

TEST(QuicPacketTest, KnowsVersionsByTheirSalt) {
  const auto salt_begins = [](std::uint32_t version) {
    const QuicVersion* known = quic_version(version);
    return known == nullptr ? 0 : static_cast<int>(known->salt[0]);
  };
  EXPECT_EQ(salt_begins(1), 0x38);
  EXPECT_EQ(salt_begins(0x6b3343cf), 0x0d);
  EXPECT_EQ(salt_begins(0xff000022), 0x38);  // Draft 34.
  EXPECT_EQ(salt_begins(0xff000021), 0x38);
  EXPECT_EQ(salt_begins(0xff000020), 0xaf);
  EXPECT_EQ(salt_begins(0xff00001d), 0xaf);
  EXPECT_EQ(salt_begins(0xff00001c), 0xc3);
  EXPECT_EQ(salt_begins(0xff000017), 0xc3);
  EXPECT_EQ(salt_begins(0xff000016), 0x7f);
  EXPECT_EQ(salt_begins(0x1a2a3a4a), 0xaf);  // Reserved.
  EXPECT_EQ(quic_version(0xff000015), nullptr);
  EXPECT_EQ(quic_version(0xff000023), nullptr);
  EXPECT_EQ(quic_version(0), nullptr);  // Version negotiation.
  EXPECT_EQ(salt_begins(0x51303530), 0x50);
  EXPECT_EQ(quic_version(0x51303436), nullptr);  // Not sealed.
}

TEST(QuicPacketTest, TakesPacketsOffADatagramOneByOne) {
  const Octets initial = hex("c0 00000001 02aabb 01cc 03010203 04 00112233");
  const Octets handshake = hex("e0 00000001 02aabb 00 02 4455");
  const Exactly bytes(join({initial, handshake, hex("40 aabbccdd")}));
  Bytes datagram = bytes.bytes();
  QuicPacket packet;
  ASSERT_EQ(next_quic_packet(datagram, packet), Verdict::kOk);
  EXPECT_EQ(packet.type, QuicPacketType::kInitial);
  EXPECT_EQ(packet.destination.size(), 2U);
  EXPECT_EQ(packet.source.size(), 1U);
  EXPECT_EQ(packet.whole.size(), initial.size());
  EXPECT_EQ(packet.number_at, initial.size() - 4);
  ASSERT_EQ(next_quic_packet(datagram, packet), Verdict::kOk);
  EXPECT_EQ(packet.type, QuicPacketType::kHandshake);
  EXPECT_EQ(packet.whole.size(), handshake.size());
  EXPECT_EQ(next_quic_packet(datagram, packet), Verdict::kOther);
}

TEST(QuicPacketTest, Version2HasItsTypesTurnedRound) {
  const auto type = [](std::string_view first_byte) {
    const Octets octets = join({hex(first_byte), hex("6b3343cf 00 00 00 00")});
    Bytes datagram = octets;
    QuicPacket packet;
    EXPECT_EQ(next_quic_packet(datagram, packet), Verdict::kOk);
    return packet.type;
  };
  EXPECT_EQ(type("c0"), QuicPacketType::kRetry);
  EXPECT_EQ(type("d0"), QuicPacketType::kInitial);
  EXPECT_EQ(type("e0"), QuicPacketType::kZeroRtt);
  EXPECT_EQ(type("f0"), QuicPacketType::kHandshake);
}

TEST(QuicPacketTest, ConnectionIdHasAtMost20Bytes) {
  const auto verdict = [](std::size_t bytes) {
    const Octets octets = join({hex("c0 00000001"), sized(1, Octets(bytes)), hex("00 00 00")});
    const Exactly exact(octets);
    Bytes datagram = exact.bytes();
    QuicPacket packet;
    return next_quic_packet(datagram, packet);
  };
  EXPECT_EQ(verdict(20), Verdict::kOk);
  EXPECT_EQ(verdict(21), Verdict::kMalformed);
}

TEST(QuicPacketTest, EveryBeginningOfAPacketIsShort) {
  const Octets whole = hex("c0 00000001 02aabb 01cc 03010203 04 00112233");
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    const Exactly exact(Bytes(whole).first(bytes));
    Bytes datagram = exact.bytes();
    QuicPacket packet;
    EXPECT_EQ(next_quic_packet(datagram, packet), Verdict::kShort) << bytes;
  }
}

TEST(QuicPacketTest, InitialsAreToldByTheFirstBytes) {
  EXPECT_TRUE(begins_quic_initial(hex("c300000001")));
  EXPECT_FALSE(begins_quic_initial(hex("c3000000")));
  EXPECT_FALSE(begins_quic_initial(hex("e300000001")));  // Handshake.
  EXPECT_TRUE(begins_quic_initial(hex("d36b3343cf")));
  EXPECT_FALSE(begins_quic_initial(hex("c36b3343cf")));  // Retry of version 2.
  EXPECT_FALSE(begins_quic_initial(hex("4300000001")));  // A short header.
  EXPECT_FALSE(begins_quic_initial(hex("c300000000")));  // Version negotiation.
}

#ifdef IPM_WITH_OPENSSL

using State = QuicHello::State;

struct Connection {
  QuicProtection protection;
  QuicHello hello;
  State feed(const Octets& datagram) {
    const Exactly exact(datagram);
    return hello.feed(exact.bytes(), protection);
  }
};
QuicKeys client_keys(std::uint32_t version, const Octets& cid) {
  QuicProtection protection;
  QuicKeys keys;
  EXPECT_TRUE(protection.client_keys(*quic_version(version), cid, keys));
  return keys;
}
// Packets of version 1 to the RFC's connection ID.
Octets initial(std::uint64_t packet_number, const Octets& frames) {
  return seal({.destination = rfc_cid(), .packet_number = packet_number, .frames = frames, .padded_to = 40},
              rfc9001_keys());
}
Octets tail(const Octets& octets, std::size_t bytes) {
  return part(octets, octets.size() - bytes, octets.size());
}

TEST(QuicProtectionTest, DerivesTheKeysOfBothRfcs) {
  const auto same = [](const QuicKeys& a, const QuicKeys& b) {
    return a.key == b.key && a.iv == b.iv && a.header_key == b.header_key;
  };
  EXPECT_TRUE(same(client_keys(kQuicVersion1, rfc_cid()), rfc9001_keys()));
  EXPECT_TRUE(same(client_keys(kQuicVersion2, rfc_cid()), rfc9369_keys()));
}

// The packets of §A.2 are 1200 bytes: that these are the same is told by beginning and end, which holds the tag.
TEST(QuicInitialTest, ReadsTheExampleOfRfc9001) {
  const Octets packet = seal(rfc_packet(kQuicVersion1), rfc9001_keys());
  ASSERT_EQ(packet.size(), 1200U);
  EXPECT_EQ(part(packet, 0, 38), hex("c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9b"));
  EXPECT_EQ(tail(packet, 16), hex("e221af44860018ab0856972e194cd934"));
  Connection connection;
  ASSERT_EQ(connection.feed(packet), State::kDone);
  EXPECT_EQ(connection.hello.hello().sni(), "example.com");
  EXPECT_EQ(connection.hello.hello().version, 0x0303);
}

TEST(QuicInitialTest, ReadsTheExampleOfRfc9369) {
  const Octets packet = seal(rfc_packet(kQuicVersion2), rfc9369_keys());
  ASSERT_EQ(packet.size(), 1200U);
  EXPECT_EQ(part(packet, 0, 38), hex("d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485dd04de806071"));
  EXPECT_EQ(tail(packet, 16), hex("a18b2faa745b6fe189cf772a9f84cbfc"));
  Connection connection;
  ASSERT_EQ(connection.feed(packet), State::kDone);
  EXPECT_EQ(connection.hello.hello().sni(), "example.com");
}

TEST(QuicInitialTest, DraftsHaveKeysOfTheirOwn) {
  for (const std::uint32_t version : {0xff000016U, 0xff000017U, 0xff00001dU, 0xff000022U, 0xfaceb002U, 0x54303531U}) {
    InitialPacket packet = rfc_packet(version);
    Connection connection;
    EXPECT_EQ(connection.feed(seal(packet, client_keys(version, rfc_cid()))), State::kDone) << std::hex << version;
    EXPECT_EQ(connection.hello.hello().sni(), "example.com");
  }
}

TEST(QuicInitialTest, GoogleNumbersCryptoFramesOtherwise) {
  InitialPacket packet = rfc_packet(0x54303531);
  packet.frames[0] = std::byte{8};
  Connection connection;
  EXPECT_EQ(connection.feed(seal(packet, client_keys(0x54303531, rfc_cid()))), State::kDone);
}

TEST(QuicInitialTest, ReadsTheNameOfGooglesOwnHandshake) {
  const Octets hello = google_hello("Fonts.Example.COM");
  const auto packet = [](std::uint64_t packet_number, const Octets& data, std::uint64_t at) {
    Octets frame = crypto_frame(at, data);
    frame[0] = std::byte{8};
    return seal({.version = 0x51303530, .destination = rfc_cid(), .packet_number = packet_number, .frames = frame},
                client_keys(0x51303530, rfc_cid()));
  };
  Connection connection;
  EXPECT_EQ(connection.feed(packet(0, part(hello, 0, 40), 0)), State::kWaiting);
  ASSERT_EQ(connection.feed(packet(1, part(hello, 40, hello.size()), 40)), State::kDone);
  EXPECT_TRUE(connection.hello.google());
  EXPECT_EQ(connection.hello.hello().sni(), "fonts.example.com");
}

TEST(QuicInitialTest, PutsShuffledFramesWithPingsBetweenTogether) {
  const Octets hello = chrome_hello(100);
  const Octets frames =
      join({hex("01 00 00"), crypto_frame(300, part(hello, 300, hello.size())), hex("01"),
            crypto_frame(50, part(hello, 50, 300)), hex("00"), crypto_frame(0, part(hello, 0, 50)), hex("01")});
  Connection connection;
  ASSERT_EQ(connection.feed(initial(0, frames)), State::kDone);
  EXPECT_EQ(connection.hello.hello().sni(), "www.example.com");
}

TEST(QuicInitialTest, PutsAHelloOverTwoDatagramsTogetherInEitherOrder) {
  const Octets hello = chrome_hello(1400);
  const Octets first = initial(0, crypto_frame(0, part(hello, 0, 1000)));
  const Octets second = initial(1, crypto_frame(1000, part(hello, 1000, hello.size())));
  for (const bool swapped : {false, true}) {
    Connection connection;
    EXPECT_EQ(connection.feed(swapped ? second : first), State::kWaiting);
    EXPECT_TRUE(connection.hello.begun());
    EXPECT_EQ(connection.feed(swapped ? first : second), State::kDone);
  }
}

TEST(QuicInitialTest, ReadsAllPacketsOfADatagram) {
  const Octets hello = chrome_hello();
  const Octets zero_rtt = join({hex("d0 00000001"), sized(1, rfc_cid()), hex("00 08 0011223344556677")});
  const Octets datagram = join({initial(0, crypto_frame(0, part(hello, 0, 100))), zero_rtt,
                                initial(1, crypto_frame(100, part(hello, 100, hello.size())))});
  Connection connection;
  EXPECT_EQ(connection.feed(datagram), State::kDone);
}

TEST(QuicInitialTest, LaterPacketsGoToTheServersIdWithTheSameKeys) {
  const Octets hello = chrome_hello();
  Connection connection;
  EXPECT_EQ(connection.feed(initial(0, crypto_frame(0, part(hello, 0, 100)))), State::kWaiting);
  const Octets second =
      seal({.destination = hex("01020304"),
            .packet_number = 1,
            .frames = join({hex("02 00 00 00 00"), crypto_frame(100, part(hello, 100, hello.size()))}),
            .padded_to = 40},
           rfc9001_keys());
  EXPECT_EQ(connection.feed(second), State::kDone);
}

TEST(QuicInitialTest, RetryBeginsAgainWithTheServersId) {
  const Octets hello = chrome_hello();
  const Octets retry_cid = hex("c0ffee00c0ffee00");
  const auto after_retry = [&](std::uint64_t packet_number, const Octets& frames) {
    return seal({.destination = retry_cid,
                 .token = hex("0badcafe"),
                 .packet_number = packet_number,
                 .frames = frames,
                 .padded_to = 40},
                client_keys(kQuicVersion1, retry_cid));
  };
  Connection connection;
  const Octets other = chrome_hello(99);  // Its length says so.
  EXPECT_EQ(connection.feed(initial(0, crypto_frame(0, part(other, 0, 100)))), State::kWaiting);
  EXPECT_EQ(connection.feed(after_retry(1, crypto_frame(100, part(hello, 100, hello.size())))), State::kWaiting);
  EXPECT_EQ(connection.feed(after_retry(2, crypto_frame(0, part(hello, 0, 100)))), State::kDone);
  EXPECT_EQ(connection.hello.hello().sni(), "www.example.com");
}

TEST(QuicInitialTest, VersionNegotiationBeginsAgainInTheOtherVersion) {
  const Octets hello = chrome_hello();
  Connection connection;
  EXPECT_EQ(connection.feed(initial(0, crypto_frame(0, part(hello, 0, 100)))), State::kWaiting);
  InitialPacket packet = rfc_packet(kQuicVersion2);
  packet.packet_number = 1;
  EXPECT_EQ(connection.feed(seal(packet, rfc9369_keys())), State::kDone);
  EXPECT_EQ(connection.hello.hello().sni(), "example.com");
}

TEST(QuicInitialTest, WhatIsNotSealedWithTheClientsKeysDoesNotCount) {
  const Octets hello = chrome_hello();
  Connection connection;
  // A server answers to another ID, with keys of its own.
  const Octets server =
      seal({.destination = hex("0908"), .frames = crypto_frame(0, hello)},
           keys_of("cf3a5331653c364c88f0f379b6067e37", "0ac1493ca1905853b0bba03e", "c206b8d9b9f0f37644430b490eeaa314"));
  EXPECT_EQ(connection.feed(server), State::kWaiting);
  EXPECT_FALSE(connection.hello.begun());
  Octets forged = initial(0, crypto_frame(0, hello));
  forged.back() ^= std::byte{1};
  EXPECT_EQ(connection.feed(forged), State::kWaiting);
  EXPECT_FALSE(connection.hello.begun());
  EXPECT_EQ(connection.feed(initial(0, crypto_frame(0, hello))), State::kDone);
}

TEST(QuicInitialTest, PacketNumbersGrowBeyondTheirBytes) {
  const Octets hello = chrome_hello();
  Connection connection;
  const auto numbered = [&](std::uint64_t packet_number, std::size_t bytes, const Octets& frames) {
    return connection.feed(seal({.destination = rfc_cid(),
                                 .packet_number = packet_number,
                                 .number_bytes = bytes,
                                 .frames = frames,
                                 .padded_to = 40},
                                rfc9001_keys()));
  };
  EXPECT_EQ(numbered(250, 2, hex("01")), State::kWaiting);
  EXPECT_EQ(numbered(258, 1, crypto_frame(0, hello)), State::kDone);  // Written as 2.
}

TEST(QuicInitialTest, HelloHasAtMostItsBound) {
  const std::size_t overhead = chrome_hello(0).size();
  const Octets longest = chrome_hello(kHelloBytesMax - overhead);
  Connection connection;
  std::uint64_t packet_number = 0;
  for (std::size_t at = 0; at < longest.size(); at += 1024) {
    EXPECT_EQ(connection.hello.state(), State::kWaiting);
    connection.feed(initial(packet_number++, crypto_frame(at, part(longest, at, std::min(longest.size(), at + 1024)))));
  }
  EXPECT_EQ(connection.hello.state(), State::kDone);
  Connection other;
  const Octets longer = chrome_hello(kHelloBytesMax - overhead + 1);
  EXPECT_EQ(other.feed(initial(0, crypto_frame(0, part(longer, 0, 100)))), State::kTooLarge);
}

TEST(QuicInitialTest, GivesUpAfterAsManyPacketsAsItsBound) {
  Connection connection;
  for (std::uint64_t i = 0; i + 1 < QuicHello::kPacketsMax; ++i) {
    EXPECT_EQ(connection.feed(initial(i, hex("01"))), State::kWaiting);
  }
  EXPECT_EQ(connection.feed(initial(QuicHello::kPacketsMax, hex("01"))), State::kGap);
}

TEST(QuicInitialTest, GivesUpWhenTooManyHolesAreLeft) {
  const Octets hello = chrome_hello(1400);
  Octets frames;
  const auto with_holes = [&](std::size_t holes) {
    Octets out;
    for (std::size_t i = 1; i <= holes; ++i) {
      out = join({out, crypto_frame(i * 20, part(hello, i * 20, i * 20 + 10))});
    }
    return initial(0, out);
  };
  Connection most;
  EXPECT_EQ(most.feed(with_holes(QuicHello::kHolesMax)), State::kWaiting);
  Connection more;
  EXPECT_EQ(more.feed(with_holes(QuicHello::kHolesMax + 1)), State::kGap);
}

TEST(QuicInitialTest, OtherFramesAndMessagesAreMalformed) {
  const auto state_of = [](const Octets& frames) {
    Connection connection;
    return connection.feed(seal({.destination = rfc_cid(), .number_bytes = 4, .frames = frames}, rfc9001_keys()));
  };
  EXPECT_EQ(state_of(join({hex("08"), Octets(20)})), State::kMalformed);                   // STREAM.
  EXPECT_EQ(state_of(join({Octets(20), hex("06 00 05 01")})), State::kMalformed);          // Longer than the packet.
  EXPECT_EQ(state_of(crypto_frame(0, join({hex("02"), Octets(20)}))), State::kMalformed);  // A ServerHello.
  EXPECT_EQ(state_of(join({Octets(20), hex("02 00 00 c000000000000000 00")})), State::kWaiting);  // An ACK of nothing.
  EXPECT_EQ(state_of(join({Octets(20), hex("02 00 00 ffffffffffffffff 00")})), State::kMalformed);
}

TEST(QuicInitialTest, IsReadyForTheNextConnectionAfterReset) {
  const Octets hello = chrome_hello();
  Connection connection;
  EXPECT_EQ(connection.feed(initial(0, crypto_frame(100, part(hello, 100, hello.size())))), State::kWaiting);
  connection.hello.reset();
  EXPECT_FALSE(connection.hello.begun());
  EXPECT_EQ(connection.feed(initial(0, crypto_frame(0, part(hello, 0, 100)))), State::kWaiting);
  EXPECT_EQ(connection.feed(initial(1, crypto_frame(100, part(hello, 100, hello.size())))), State::kDone);
}

#else

TEST(QuicInitialTest, SaysWhyItIsAbsent) {
  QuicProtection protection;
  EXPECT_FALSE(protection.available());
  EXPECT_NE(protection.why_not(), "");
}

#endif

}  // namespace
}  // namespace ipm::decode
