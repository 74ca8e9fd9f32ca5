#include "decode/cursor.h"

#include <gtest/gtest.h>

#include "decode/octets.h"

namespace ipm::decode {
namespace {

using test::Exactly;
using test::hex;

TEST(CursorTest, ReadsBigEndian) {
  const Exactly bytes(hex("01 0203 040506 0708090a ff"));
  Cursor cursor(bytes.bytes());
  EXPECT_EQ(cursor.u8(), 0x01);
  EXPECT_EQ(cursor.u16(), 0x0203);
  EXPECT_EQ(cursor.u24(), 0x040506U);
  EXPECT_EQ(cursor.u32(), 0x0708090aU);
  EXPECT_EQ(cursor.at(), 10U);
  EXPECT_EQ(cursor.left(), 1U);
  EXPECT_FALSE(cursor.failed());
}

TEST(CursorTest, FailsForGoodAtTheFirstReadPastTheEnd) {
  const Exactly bytes(hex("0102 03"));
  Cursor cursor(bytes.bytes());
  cursor.skip(1);
  EXPECT_EQ(cursor.u32(), 0U);
  EXPECT_TRUE(cursor.failed());
  EXPECT_EQ(cursor.u8(), 0U);  // There is a byte, but the fields behind a hole have no meaning.
  EXPECT_TRUE(cursor.rest().empty());
  EXPECT_EQ(cursor.at(), 1U);
}

TEST(CursorTest, TakesAllOrNothing) {
  const Exactly bytes(hex("0102"));
  Cursor cursor(bytes.bytes());
  EXPECT_EQ(cursor.take(2).size(), 2U);
  EXPECT_TRUE(cursor.take(0).empty());
  EXPECT_FALSE(cursor.failed());
  EXPECT_TRUE(cursor.take(1).empty());
  EXPECT_TRUE(cursor.failed());
}

}  // namespace
}  // namespace ipm::decode
