#include "decode/google_hello.h"

#include <gtest/gtest.h>

#include "decode/hello_octets.h"

namespace ipm::decode {
namespace {

using namespace test;  // NOLINT: the words of hello_octets.h

TEST(GoogleHelloTest, ReadsTheServersName) {
  const Exactly message(google_hello("Fonts.Example.COM"));
  TlsHello hello;
  ASSERT_EQ(parse_google_hello(message.bytes(), hello), Verdict::kOk);
  EXPECT_EQ(hello.sni(), "fonts.example.com");
  EXPECT_TRUE(hello.has_server_name);
}

TEST(GoogleHelloTest, WaitsUntilTheNameIsThere) {
  const Octets whole = google_hello("a.test");
  const std::size_t name_end = 8 + 3 * 8 + 30 + 6;
  for (std::size_t bytes = 0; bytes <= whole.size(); ++bytes) {
    const Exactly exact(Bytes(whole).first(bytes));
    TlsHello hello;
    EXPECT_EQ(parse_google_hello(exact.bytes(), hello), bytes < name_end ? Verdict::kShort : Verdict::kOk) << bytes;
  }
}

TEST(GoogleHelloTest, TableThatGoesBackwardsIsMalformed) {
  Octets message = google_hello("a.test");
  message[8 + 8 + 4] = std::byte{29};  // The name ends before it begins.
  TlsHello hello;
  EXPECT_EQ(parse_google_hello(message, hello), Verdict::kMalformed);
}

TEST(GoogleHelloTest, IsFoundBehindTheHeadersOfAllVersions) {
  const Octets message = google_hello("a.test");
  const auto found = [&](std::string_view header) {
    const Exactly datagram(join({hex(header), message}));
    return google_hello_in(datagram.bytes()).size() == message.size();
  };
  EXPECT_TRUE(found("0d b2de5df14f5545eb 51303234 01 3b6e8986f83cf3b7a6ab5d05 01a0010004"));  // Q024
  EXPECT_TRUE(found("0d e83c77bd8f8915f9 51303433 01 d4a6cc79cf5763921201d4ca a001040004"));  // Q043
  EXPECT_TRUE(found("c3 51303436 50 eacfe6e706df272d 00000004 60da58929f6839d0860efc58 a40104000400"));
  EXPECT_FALSE(found("05 e83c77bd8f8915f9 51303433 01"));  // No connection ID.
  EXPECT_FALSE(found("0d e83c77bd8f8915f9 54303530 01"));  // Another version.
  EXPECT_FALSE(
      found("c3 51303436 0000000000000000000000000000000000000000"
            "00000000000000000000000000000000000000000000000000000000"));  // Too far behind.
}

}  // namespace
}  // namespace ipm::decode
