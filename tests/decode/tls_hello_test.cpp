#include "decode/tls_hello.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "decode/hello_octets.h"

namespace ipm::decode {
namespace {

using namespace test;  // NOLINT: the words of hello_octets.h
using ::testing::ElementsAre;

std::vector<std::uint16_t> values(const U16List& list) {
  std::vector<std::uint16_t> out;
  for (const std::uint16_t value : list) out.push_back(value);
  return out;
}
std::string alpn_of(const TlsHello& hello, std::size_t size = 64) {
  char buffer[64];
  return {buffer, alpn_text(hello, buffer, size)};
}
TlsHello with(const Octets& keep, Verdict expected = Verdict::kOk) {
  TlsHello hello;
  EXPECT_EQ(parse_client_hello(keep, hello), expected);
  return hello;
}
Octets hello_with(const Octets& extensions) {
  return client_hello(0x0303, numbers16({0x1301}), extensions);
}

TEST(TlsHelloTest, ReadsWhatIsOffered) {
  const Exactly octets(chrome_hello());
  TlsHello hello;
  ASSERT_EQ(parse_client_hello(octets.bytes(), hello), Verdict::kOk);
  EXPECT_EQ(hello.version, 0x0303);
  EXPECT_EQ(hello.sni(), "www.example.com");
  EXPECT_EQ(alpn_of(hello), "h2,http/1.1");
  EXPECT_EQ(hello.ciphers.size(), 16U);
  EXPECT_THAT(values(hello.supported_versions), ElementsAre(0xdada, 0x0304, 0x0303));
  EXPECT_THAT(values(hello.groups), ElementsAre(0x0a0a, 0x001d, 0x0017, 0x0018));
  EXPECT_EQ(hello.signatures.size(), 8U);
  EXPECT_EQ(hello.point_formats.size(), 1U);
  EXPECT_FALSE(hello.has_ech);
}

TEST(TlsHelloTest, SaysThatTheServerNameIsTheFrontsOnly) {
  const Octets octets = hello_with(join({server_name("front.test"), extension(0xfe0d, hex("00"))}));
  const TlsHello hello = with(octets);
  EXPECT_TRUE(hello.has_ech);
  EXPECT_EQ(hello.sni(), "front.test");
}

TEST(TlsHelloTest, ServerNameThatIsNotPrintableIsNone) {
  const Octets octets = hello_with(server_name("evil\n.test"));
  const TlsHello hello = with(octets);
  EXPECT_EQ(hello.sni(), "");
  EXPECT_TRUE(hello.has_server_name);
}

TEST(TlsHelloTest, ServerNameHasAtMost255Bytes) {
  const Octets longest = hello_with(server_name(std::string(255, 'a')));
  EXPECT_EQ(with(longest).sni().size(), 255U);
  const Octets longer = hello_with(server_name(std::string(256, 'a')));
  EXPECT_EQ(with(longer).sni(), "");
}

TEST(TlsHelloTest, HelloWithoutExtensionsIsWhole) {
  const Octets body = join({number(0x0301, 2), Octets(32, std::byte{7}), hex("00"), hex("0002 002f"), hex("0100")});
  const Octets octets = join({hex("01"), sized(3, body)});
  const TlsHello hello = with(octets);
  EXPECT_THAT(values(hello.ciphers), ElementsAre(0x002f));
  EXPECT_FALSE(hello.has_server_name);
}

TEST(TlsHelloTest, ExtensionThatContradictsItselfCountsAsEmpty) {
  const Octets octets = hello_with(join({extension(10, hex("0004 001d")), extension(16, hex("0003 00 0161"))}));
  const TlsHello hello = with(octets);
  EXPECT_TRUE(hello.groups.empty());
  EXPECT_EQ(alpn_of(hello), "");
  int extensions = 0;
  for_each_extension(hello, [&](std::uint16_t, Bytes) { ++extensions; });
  EXPECT_EQ(extensions, 2);
}

TEST(TlsHelloTest, RefusesABlockThatDoesNotAddUp) {
  with(hello_with(hex("0000 0005 00")), Verdict::kMalformed);
  with(client_hello(0x0303, hex("13"), {}), Verdict::kMalformed);
}

TEST(TlsHelloTest, OtherHandshakeMessagesAreOther) {
  with(hex("02 000000"), Verdict::kOther);
}

TEST(TlsHelloTest, EveryBeginningOfAHelloIsShort) {
  const Octets whole = chrome_hello();
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    const Exactly part(Bytes(whole).first(bytes));
    TlsHello hello;
    ASSERT_EQ(parse_client_hello(part.bytes(), hello), Verdict::kShort) << bytes;
  }
}

TEST(TlsHelloTest, AlpnTextHasWholeNamesOnlyAndNothingUnprintable) {
  const Octets octets = hello_with(alpn({"h2", "http/1.1", "x,\x01"}));
  const TlsHello hello = with(octets);
  EXPECT_EQ(alpn_of(hello), "h2,http/1.1,x??");
  EXPECT_EQ(alpn_of(hello, 14), "h2,http/1.1");
  EXPECT_EQ(alpn_of(hello, 10), "h2");
  EXPECT_EQ(alpn_of(hello, 1), "");
}

TEST(TlsHelloTest, KnowsGrease) {
  for (std::uint32_t i = 0; i < 16; ++i) {
    const auto byte = static_cast<std::uint16_t>(i << 4 | 0x0a);
    EXPECT_TRUE(is_grease(static_cast<std::uint16_t>(byte << 8 | byte)));
  }
  EXPECT_FALSE(is_grease(0x0a1a));
  EXPECT_FALSE(is_grease(0x0b0b));
}

// The beginning of a hello gives what lies wholly in it, wherever it is cut.
TEST(TlsHelloTest, BeginningGivesWhatIsWhole) {
  const Octets message = chrome_hello();
  const Octets body(message.begin() + 4, message.end());
  const std::size_t ciphers_end = 2 + 32 + 1 + 32 + 2 + 32 + 2;
  const std::size_t name_end = ciphers_end + 2 + 4 + (4 + 3) + (4 + 5 + 15);  // GREASE and compress_certificate before.
  for (std::size_t bytes = 0; bytes <= body.size(); ++bytes) {
    const Exactly exact(Bytes(body).first(bytes));
    TlsHello hello;
    const Verdict verdict = parse_client_hello_beginning(exact.bytes(), HelloForm::kTls, hello);
    ASSERT_EQ(verdict, bytes < ciphers_end ? Verdict::kShort : Verdict::kOk) << bytes;
    ASSERT_EQ(hello.sni(), bytes < name_end ? "" : "www.example.com") << bytes;
  }
}

}  // namespace
}  // namespace ipm::decode
