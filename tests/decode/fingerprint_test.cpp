#include <gtest/gtest.h>

#include "decode/hello_octets.h"
#include "decode/ja3.h"
#include "decode/ja4.h"

namespace ipm::decode {
namespace {

using namespace test;  // NOLINT: the words of hello_octets.h

// Keeps the bytes that the hello points into.
class Hello {
 public:
  explicit Hello(Octets octets) : octets_(std::move(octets)) {
    EXPECT_EQ(parse_client_hello(octets_, hello_), Verdict::kOk);
  }
  const TlsHello& operator*() const { return hello_; }

 private:
  Octets octets_;
  TlsHello hello_;
};

std::string ja4_of(const Octets& octets, HelloTransport transport = HelloTransport::kTls) {
  Digests digests;
  const auto result = ja4(*Hello(octets), transport, digests);
  return result ? std::string(result->view()) : "none";
}
std::string raw_of(const Octets& octets, HelloTransport transport = HelloTransport::kTls) {
  return ja4_raw(*Hello(octets), transport);
}
Octets with_alpn(std::string_view name) {
  return client_hello(0x0303, numbers16({0x1301}), alpn({name}));
}
Octets with_versions(const Octets& versions) {
  return client_hello(0x0303, numbers16({0x1301}), extension(43, sized(1, versions)));
}

TEST(Ja4Test, RawFormSortsAndLeavesOutGrease) {
  EXPECT_EQ(raw_of(chrome_hello()),
            "t13d1516h2_002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,cca9_"
            "0005,000a,000b,000d,0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01_"
            "0403,0804,0401,0503,0805,0501,0806,0601");
}

TEST(Ja4Test, TransportAndServerNameAreInItsFirstPart) {
  EXPECT_EQ(raw_of(with_alpn("h3"), HelloTransport::kQuic).substr(0, 10), "q12i0101h3");
}

TEST(Ja4Test, VersionIsTheHighestOfferedWithoutGrease) {
  EXPECT_EQ(raw_of(with_versions(numbers16({0xfafa, 0x0303, 0x0304}))).substr(1, 2), "13");
  EXPECT_EQ(raw_of(with_versions(numbers16({0x0302, 0x0301}))).substr(1, 2), "11");
  EXPECT_EQ(raw_of(with_versions(numbers16({0xfefc, 0xfefd})), HelloTransport::kDtls).substr(0, 3), "dd3");
  EXPECT_EQ(raw_of(with_versions(numbers16({0x7f1c}))).substr(1, 2), "00");
  EXPECT_EQ(raw_of(client_hello(0x0301, numbers16({0x1301}), {})).substr(1, 2), "10");
}

TEST(Ja4Test, AlpnIsItsFirstAndLastByteOrHexDigit) {
  EXPECT_EQ(raw_of(with_alpn("http/1.1")).substr(8, 2), "h1");
  EXPECT_EQ(raw_of(with_alpn("x")).substr(8, 2), "xx");
  EXPECT_EQ(raw_of(with_alpn("\x30\x31\xab\xcd")).substr(8, 2), "3d");
  EXPECT_EQ(raw_of(with_alpn("\xab")).substr(8, 2), "ab");
  EXPECT_EQ(raw_of(client_hello(0x0303, numbers16({0x1301}), {})).substr(8, 2), "00");
}

TEST(Ja4Test, CountsStopAt99) {
  Octets ciphers;
  for (std::uint32_t i = 0; i < 100; ++i) ciphers = join({ciphers, number(0x1000 + i, 2)});
  EXPECT_EQ(raw_of(client_hello(0x0303, ciphers, {})).substr(4, 2), "99");
}

TEST(Ja4Test, WithoutSignatureAlgorithmsThereIsNoUnderscore) {
  EXPECT_EQ(raw_of(client_hello(0x0303, numbers16({0x1301}), extension(23, {}))), "t12i010100_1301_0017");
}

TEST(Ja3Test, FieldsAreInWireOrderWithoutGrease) {
  EXPECT_EQ(ja3_fields(*Hello(chrome_hello())),
            "771,4865-4866-4867-49195-49199-49196-49200-52393-52392-49171-49172-156-157-47-53,"
            "27-0-51-16-17513-13-5-18-11-65281-23-43-35-45-10-21,29-23-24,0");
}

#ifdef IPM_WITH_OPENSSL

TEST(Ja4Test, AgreesWithThePublishedOneOfChrome) {
  EXPECT_EQ(ja4_of(chrome_hello()), kChromeJa4);
}

TEST(Ja4Test, NothingToHashIsTwelveZeros) {
  EXPECT_EQ(ja4_of(client_hello(0x0303, numbers16({0x0a0a}), server_name("a.test"))),
            "t12d000100_000000000000_000000000000");
}

// The two examples of the method's authors.
TEST(Ja3Test, AgreesWithThePublishedOnes) {
  Digests digests;
  const Hello with_groups(client_hello(769, numbers16({47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4}),
                                       join({server_name("a.test"), extension(10, sized(2, numbers16({23, 24, 25}))),
                                             extension(11, sized(1, number(0, 1)))})));
  EXPECT_EQ(ja3(*with_groups, digests)->view(), "ada70206e40642a3e4461f35503241d5");
  const Hello without(client_hello(769, numbers16({4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99}), {}));
  EXPECT_EQ(ja3(*without, digests)->view(), "de350869b8c85de67a350c8d186f11e6");
}

TEST(DigestsTest, AgreeWithTheirStandards) {
  Digests digests;
  ASSERT_TRUE(digests.start(Digests::Kind::kSha256));
  digests.add("a");
  digests.add("bc");
  EXPECT_EQ(digests.finish(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-4
  ASSERT_TRUE(digests.start(Digests::Kind::kMd5));
  digests.add("abc");
  EXPECT_EQ(digests.finish(), "900150983cd24fb0d6963f7d28e17f72");  // RFC 1321
  EXPECT_EQ(digests.finish(), "");
}

#else

TEST(DigestsTest, SayThatTheyWereLeftOut) {
  Digests digests;
  EXPECT_FALSE(digests.available(Digests::Kind::kSha256));
  EXPECT_EQ(digests.why_not(Digests::Kind::kMd5), "built with IPM_WITH_OPENSSL=OFF");
  EXPECT_FALSE(ja3(*Hello(chrome_hello()), digests));
  EXPECT_EQ(ja4_of(chrome_hello()), "none");
}

#endif

}  // namespace
}  // namespace ipm::decode
