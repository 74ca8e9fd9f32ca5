#include "decode/piece_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "decode/octets.h"

namespace ipm::decode {
namespace {

using test::Exactly;
using test::Octets;
using test::text;

bool put(PieceBuffer& buffer, std::uint64_t at, std::string_view letters) {
  const Exactly piece(text(letters));
  return buffer.put(at, piece.bytes());
}
std::string known(const PieceBuffer& buffer) {
  const Bytes bytes = buffer.known();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(PieceBufferTest, JoinsPiecesInAnyOrder) {
  PieceBuffer buffer(16, 4);
  EXPECT_TRUE(buffer.empty());
  EXPECT_TRUE(put(buffer, 6, "ghi"));
  EXPECT_FALSE(buffer.empty());
  EXPECT_TRUE(put(buffer, 3, "def"));
  EXPECT_EQ(known(buffer), "");
  EXPECT_TRUE(put(buffer, 0, "abc"));
  EXPECT_EQ(known(buffer), "abcdefghi");
}

TEST(PieceBufferTest, WhatIsKnownDoesNotChange) {
  PieceBuffer buffer(16, 4);
  EXPECT_TRUE(put(buffer, 0, "abc"));
  EXPECT_TRUE(put(buffer, 1, "XXde"));
  EXPECT_EQ(known(buffer), "abcde");
  EXPECT_TRUE(put(buffer, 0, "....."));
  EXPECT_EQ(known(buffer), "abcde");
}

TEST(PieceBufferTest, PieceOverSeveralHolesFillsThem) {
  PieceBuffer buffer(16, 2);
  EXPECT_TRUE(put(buffer, 2, "c"));
  EXPECT_TRUE(put(buffer, 6, "g"));
  EXPECT_TRUE(put(buffer, 1, "bcdefgh"));
  EXPECT_TRUE(put(buffer, 0, "a"));
  EXPECT_EQ(known(buffer), "abcdefgh");
}

TEST(PieceBufferTest, HasAtMostItsHoles) {
  PieceBuffer buffer(16, 2);
  EXPECT_TRUE(put(buffer, 2, "c"));
  EXPECT_TRUE(put(buffer, 4, "e"));
  EXPECT_FALSE(put(buffer, 6, "g"));
}

TEST(PieceBufferTest, LeavesOutWhatIsBeyondItsBytes) {
  PieceBuffer buffer(4, 2);
  EXPECT_TRUE(put(buffer, 0, "abcdef"));
  EXPECT_EQ(known(buffer), "abcd");
  EXPECT_TRUE(put(buffer, 4, "e"));
  EXPECT_TRUE(put(buffer, ~std::uint64_t{0}, "e"));
  EXPECT_EQ(known(buffer), "abcd");
}

TEST(PieceBufferTest, BeginsAnewAfterClear) {
  PieceBuffer buffer(8, 1);
  EXPECT_TRUE(put(buffer, 0, "ab"));
  EXPECT_TRUE(put(buffer, 4, "ef"));
  buffer.clear();
  EXPECT_TRUE(buffer.empty());
  EXPECT_TRUE(put(buffer, 5, "f"));
  EXPECT_EQ(known(buffer), "");
}

}  // namespace
}  // namespace ipm::decode
