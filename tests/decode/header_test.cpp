#include "decode/header.h"

#include <gtest/gtest.h>

#include "decode/octets.h"

namespace ipm::decode {
namespace {

TEST(HeaderTest, ReadsBigEndianAtConstantOffsets) {
  const test::Octets octets = test::hex("0102030405060708");
  const Header<8> header(octets);
  EXPECT_EQ(header.u8<0>(), 1);
  EXPECT_EQ(header.u16<1>(), 0x0203);
  EXPECT_EQ(header.u32<4>(), 0x05060708U);
  std::uint8_t copied[2] = {};
  header.copy<6, 2>(copied);
  EXPECT_EQ(copied[1], 8);
}

}  // namespace
}  // namespace ipm::decode
