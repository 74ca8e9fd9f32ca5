#include "source/unpacker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "support/packed.h"

namespace ipm::source {
namespace {

using ::testing::HasSubstr;

TEST(Unpacker, TellsByTheFirstBytes) {
  EXPECT_EQ(packing_of("\x1f\x8b\x08\x00"), Packing::kGzip);
  EXPECT_EQ(packing_of("\x28\xb5\x2f\xfd"), Packing::kZstd);
  EXPECT_EQ(packing_of("\x1f\x8b"), Packing::kNone);
  EXPECT_EQ(packing_of(""), Packing::kNone);
}

#if defined(IPM_WITH_ZLIB) && defined(IPM_WITH_ZSTD)

struct Unpacked {
  std::string text;
  Status status;
  bool inside = false;
};

// In steps of so many bytes in and out.
Unpacked unpack(Packing packing, std::string_view in, std::size_t in_bytes, std::size_t out_bytes) {
  auto unpacker = Unpacker::open(packing);
  if (!unpacker.ok()) return {"", unpacker.status(), false};
  Unpacked all;
  std::string out(out_bytes, '\0');
  for (;;) {
    const auto step = (*unpacker)->step(in.substr(0, in_bytes), out);
    if (!step.ok()) {
      all.status = step.status();
      break;
    }
    all.text.append(out, 0, step->given);
    in.remove_prefix(step->taken);
    if (step->taken == 0 && step->given == 0) break;
  }
  all.inside = (*unpacker)->inside();
  return all;
}

std::string some_text() {
  std::string text;
  for (int i = 0; i < 30'000; ++i) text += std::to_string(i * 7919) + "\n";
  return text;
}

std::string packed(Packing packing, std::string_view text) {
  return packing == Packing::kGzip ? test::gzipped(text) : test::zstd_packed(text);
}

class UnpackerOf : public ::testing::TestWithParam<Packing> {};
INSTANTIATE_TEST_SUITE_P(Unpacker, UnpackerOf, ::testing::Values(Packing::kGzip, Packing::kZstd));

TEST_P(UnpackerOf, GivesTheTextWhateverTheSteps) {
  const std::string text = some_text();
  const std::string bytes = packed(GetParam(), text);
  for (const std::size_t step : {std::size_t{1}, std::size_t{100}, std::size_t{1'000'000}}) {
    for (const std::size_t room : {std::size_t{100}, std::size_t{1'000'000}}) {
      const Unpacked all = unpack(GetParam(), bytes, step, room);
      EXPECT_TRUE(all.status.ok()) << all.status.message();
      EXPECT_EQ(all.text, text);
      EXPECT_FALSE(all.inside);
    }
  }
}

TEST_P(UnpackerOf, JoinsMembers) {
  const std::string bytes = packed(GetParam(), "one ") + packed(GetParam(), "") + packed(GetParam(), "two");
  for (const std::size_t step : {std::size_t{1}, std::size_t{1'000}}) {
    const Unpacked all = unpack(GetParam(), bytes, step, 1'000);
    EXPECT_TRUE(all.status.ok());
    EXPECT_EQ(all.text, "one two");
    EXPECT_FALSE(all.inside);
  }
}

TEST_P(UnpackerOf, IsInsideWhereItWasCut) {
  const std::string bytes = packed(GetParam(), some_text());
  const Unpacked all = unpack(GetParam(), std::string_view(bytes).substr(0, bytes.size() - 1), 1'000, 1'000);
  EXPECT_TRUE(all.status.ok());
  EXPECT_TRUE(all.inside);
}

TEST_P(UnpackerOf, SaysThatSomethingElseFollows) {
  const Unpacked all = unpack(GetParam(), packed(GetParam(), "text") + "garbage", 1'000, 1'000);
  EXPECT_EQ(all.text, "text");
  EXPECT_EQ(all.status.code(), Code::kCorrupt);
}

TEST_P(UnpackerOf, GivesWhatIsBeforeADamage) {
  const std::string text = some_text();
  std::string bytes = packed(GetParam(), text);
  std::fill(bytes.end() - 2'000, bytes.end(), '\xff');
  const Unpacked all = unpack(GetParam(), bytes, 1'000, 1'000);
  EXPECT_EQ(all.status.code(), Code::kCorrupt);
  EXPECT_GT(all.text.size(), 1'000U);
  EXPECT_EQ(all.text.substr(0, 1'000), text.substr(0, 1'000));
}

TEST(Unpacker, TakesZerosBehindGzipAsPadding) {
  const Unpacked all = unpack(Packing::kGzip, test::gzipped("text") + std::string(600, '\0'), 100, 100);
  EXPECT_TRUE(all.status.ok());
  EXPECT_EQ(all.text, "text");
  EXPECT_FALSE(all.inside);
}

#else

TEST(Unpacker, NamesTheOptionThatIsOff) {
#ifndef IPM_WITH_ZLIB
  EXPECT_THAT(std::string(Unpacker::open(Packing::kGzip).status().message()), HasSubstr("IPM_WITH_ZLIB=OFF"));
#endif
#ifndef IPM_WITH_ZSTD
  EXPECT_THAT(std::string(Unpacker::open(Packing::kZstd).status().message()), HasSubstr("IPM_WITH_ZSTD=OFF"));
#endif
}

#endif

}  // namespace
}  // namespace ipm::source
