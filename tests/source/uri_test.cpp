#include <gtest/gtest.h>

#include "source/registry.h"
#include "source/source.h"
#include "source/text_emitter.h"

namespace ipm::source {
namespace {

TEST(SourceUriTest, TakesSchemePathAndParametersApart) {
  Result<SourceUri> uri = parse_source_uri("replay:/tmp/a%20b.jsonl?speed=2&x=%3d");
  ASSERT_TRUE(uri.ok());
  EXPECT_EQ(uri->scheme, "replay");
  EXPECT_EQ(uri->path, "/tmp/a b.jsonl");
  EXPECT_EQ(uri->parameters.at("speed"), "2");
  EXPECT_EQ(uri->parameters.at("x"), "=");
  EXPECT_EQ(parse_source_uri("-")->scheme, "replay");
}

TEST(SourceUriTest, MistakesSayWhatToWrite) {
  EXPECT_FALSE(parse_source_uri("eth0").ok());
  EXPECT_FALSE(parse_source_uri(":x").ok());
  EXPECT_FALSE(parse_source_uri("auto:?interval").ok());
  EXPECT_FALSE(parse_source_uri("auto:?a=1&a=2").ok());
}

TEST(SourceUriTest, WithoutASchemeTheMessageHasEveryOneOfThisBuild) {
  const Result<SourceUri> uri = parse_source_uri("eth0");
  const std::string message(uri.status().message());
  EXPECT_TRUE(message.starts_with("source \"eth0\": no scheme; known are auto:, ")) << message;
  EXPECT_TRUE(message.ends_with(" and -")) << message;
  for (const Backend& backend : backends()) {
    EXPECT_NE(message.find(" " + std::string(backend.scheme) + ":"), std::string::npos) << message;
  }
}

std::size_t drain(ring::Lane& lane, std::vector<model::Event>& out) {
  out.resize(256);
  const std::size_t count = lane.pop(out);
  out.resize(count);
  return count;
}

TEST(TextEmitterTest, WritesATextOnceAndAgainAfterItsIdWasReused) {
  ring::Lane lane(256);
  ring::Writer writer(lane);
  TextEmitter emitter(2);
  std::vector<model::Event> out;
  const std::uint32_t a = emitter.id("a", 1, writer);
  EXPECT_EQ(emitter.id("a", 2, writer), a);
  EXPECT_EQ(drain(lane, out), 1U);
  const std::uint32_t b = emitter.id("b", 3, writer);
  EXPECT_NE(a, b);
  EXPECT_EQ(emitter.id("c", 4, writer), a);  // "a" was used longest ago.
  EXPECT_EQ(emitter.id("a", 5, writer), b);
  EXPECT_EQ(drain(lane, out), 3U);
  EXPECT_EQ(emitter.id("", 6, writer), 0U);
}

TEST(TextEmitterTest, LongTextTravelsInPartsAndIsCutAtItsBound) {
  ring::Lane lane(256);
  ring::Writer writer(lane);
  TextEmitter emitter;
  std::vector<model::Event> out;
  ASSERT_NE(emitter.id(std::string(5000, 'x'), 1, writer), 0U);
  ASSERT_EQ(drain(lane, out), 49U);  // 4096 / 84 rounded up.
  EXPECT_EQ(out.back().as<model::Text>().bytes_here, 4096U - 48U * 84U);
}

TEST(TextEmitterTest, NoRoomGivesNoIdAndTriesAgain) {
  ring::Lane lane(2);
  ring::Writer writer(lane);
  TextEmitter emitter;
  std::vector<model::Event> out;
  EXPECT_EQ(emitter.id(std::string(300, 'x'), 1, writer), 0U);  // Four parts, two slots.
  EXPECT_NE(emitter.id("short", 1, writer), 0U);
  EXPECT_EQ(drain(lane, out), 1U);
}

}  // namespace
}  // namespace ipm::source
