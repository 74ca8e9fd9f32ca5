#include "base/key_values.h"

#include <gtest/gtest.h>

namespace ipm {
namespace {

TEST(KeyValuesTest, ReadsKeysValuesCommentsAndLines) {
  Result<std::vector<KeyValue>> parsed = parse_key_values("# comment\n a.b = 12 \n\nname=\"x\\n\\\"y\\x41\" \n");
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  ASSERT_EQ(parsed->size(), 2U);
  EXPECT_EQ((*parsed)[0].key, "a.b");
  EXPECT_EQ((*parsed)[0].value, "12");
  EXPECT_EQ((*parsed)[0].line, 2U);
  EXPECT_FALSE((*parsed)[0].quoted);
  EXPECT_EQ((*parsed)[1].value, "x\n\"yA");
  EXPECT_TRUE((*parsed)[1].quoted);
}

TEST(KeyValuesTest, EveryMistakeNamesItsLine) {
  for (const char* text : {"a=1\nb", "a=1\n=2", "a=1\nb=\"x", "a=1\nb=\"x\" y", "a=1\nb=\"\\q\"", "a=1\nb=\"\\x4\""}) {
    const Result<std::vector<KeyValue>> parsed = parse_key_values(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.status().message().substr(0, 7), "line 2:") << text;
  }
}

TEST(KeyValuesTest, QuotedTextReadsBackAsTheSameBytes) {
  std::string hostile;
  for (int c = 0; c < 256; ++c) hostile += static_cast<char>(c);
  Result<std::vector<KeyValue>> parsed = parse_key_values("k=" + quote_text(hostile));
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_EQ((*parsed)[0].value, hostile);
}

TEST(KeyValuesTest, NearestWordIsFoundForASlipAndNotForAnotherWord) {
  static constexpr std::string_view kKnown[] = {"flows_max", "processes_max", "merge_window"};
  EXPECT_EQ(nearest_word("flow_max", kKnown), "flows_max");
  EXPECT_EQ(nearest_word("mergewindow", kKnown), "merge_window");
  EXPECT_EQ(nearest_word("colour", kKnown), "");
}

TEST(KeyValuesTest, SizesAndDurationsHaveEndings) {
  EXPECT_EQ(*parse_size("64MiB"), 64U << 20);
  EXPECT_EQ(*parse_size("512k"), 512U << 10);
  EXPECT_EQ(*parse_duration_ns("250ms"), 250'000'000);
  EXPECT_EQ(*parse_duration_ns("6h"), 6 * 3'600'000'000'000);
  EXPECT_FALSE(parse_size("64 parsecs").ok());
  EXPECT_FALSE(parse_size("-1").ok());
  EXPECT_FALSE(parse_size("99999999999G").ok());
  EXPECT_FALSE(parse_duration_ns("").ok());
}

}  // namespace
}  // namespace ipm
