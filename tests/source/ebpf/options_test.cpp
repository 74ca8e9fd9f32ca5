// The parameters of "ebpf:".
#include "source/ebpf/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ipm::source::ebpf {
namespace {

using testing::HasSubstr;

Result<Options> read(const std::string& uri) {
  Result<SourceUri> parsed = parse_source_uri(uri);
  if (!parsed.ok()) return parsed.status();
  SourceOptions options;
  options.uri = *parsed;
  return read_options(options);
}

Options options_of(const std::string& uri) {
  const Result<Options> options = read(uri);
  EXPECT_TRUE(options.ok()) << options.status().message();
  return options.ok() ? *options : Options{};
}

std::string refusal_of(const std::string& uri) {
  const Result<Options> options = read(uri);
  EXPECT_EQ(options.status().code(), Code::kInvalidArgument) << uri;
  return std::string(options.status().message());
}

TEST(EbpfOptionsTest, WithoutParametersTheDefaultsHold) {
  const Options options = options_of("ebpf:");
  EXPECT_EQ(options.interval_ns, kSecond);
  EXPECT_EQ(options.sockets_max, 65'536U);
  EXPECT_EQ(options.ring_bytes, 4U << 20);
  EXPECT_EQ(options.proc_root, "/proc");
  for (const bool without : options.without) EXPECT_FALSE(without);
}

TEST(EbpfOptionsTest, IntervalIsTheMonitorsUnlessTheUriSaysIt) {
  SourceOptions options;
  options.interval_ns = 3 * kSecond;
  EXPECT_EQ(read_options(options)->interval_ns, 3 * kSecond);
  options.uri.parameters["interval"] = "250ms";
  EXPECT_EQ(read_options(options)->interval_ns, 250 * kMillisecond);
}

TEST(EbpfOptionsTest, IntervalIsTenMillisecondsOrMore) {
  EXPECT_EQ(options_of("ebpf:?interval=10ms").interval_ns, 10 * kMillisecond);
  EXPECT_THAT(refusal_of("ebpf:?interval=9ms"), HasSubstr("below 10ms"));
  EXPECT_THAT(refusal_of("ebpf:?interval=soon"), HasSubstr("ebpf: interval=soon"));
}

TEST(EbpfOptionsTest, SocketsAreSixteenToFourMillion) {
  EXPECT_EQ(options_of("ebpf:?sockets=16").sockets_max, 16U);
  EXPECT_EQ(options_of("ebpf:?sockets=4M").sockets_max, 4'194'304U);
  EXPECT_EQ(refusal_of("ebpf:?sockets=15"), "ebpf: sockets=15: write 16 to 4194304");
  EXPECT_EQ(refusal_of("ebpf:?sockets=4194305"), "ebpf: sockets=4194305: write 16 to 4194304");
  EXPECT_THAT(refusal_of("ebpf:?sockets=many"), HasSubstr("ebpf: sockets=many"));
}

TEST(EbpfOptionsTest, RingIsAPowerOfTwoFrom64kTo1G) {
  EXPECT_EQ(options_of("ebpf:?ring=64k").ring_bytes, 65'536U);
  EXPECT_EQ(options_of("ebpf:?ring=65537").ring_bytes, 131'072U);
  EXPECT_EQ(options_of("ebpf:?ring=1G").ring_bytes, 1U << 30);
  EXPECT_EQ(refusal_of("ebpf:?ring=65535"), "ebpf: ring=65535: write 64k to 1G");
  EXPECT_EQ(refusal_of("ebpf:?ring=1073741825"), "ebpf: ring=1073741825: write 64k to 1G");
}

TEST(EbpfOptionsTest, ProcIsADirectory) {
  EXPECT_EQ(options_of("ebpf:?proc=/host/proc").proc_root, "/host/proc");
  EXPECT_EQ(refusal_of("ebpf:?proc="), "ebpf: proc=: needs a directory");
}

TEST(EbpfOptionsTest, WithoutNamesParts) {
  for (std::size_t i = 0; i < kParts; ++i) {
    const Options options = options_of("ebpf:?without=" + std::string(kPartFacts[i].name));
    for (std::size_t part = 0; part < kParts; ++part) EXPECT_EQ(options.without[part], part == i);
  }
  const Options options = options_of("ebpf:?without=seed,accept");
  EXPECT_EQ(std::count(options.without.begin(), options.without.end(), true), 2);
  EXPECT_TRUE(options.without[static_cast<std::size_t>(Part::kAccept)]);
  EXPECT_TRUE(options.without[static_cast<std::size_t>(Part::kSeed)]);
}

TEST(EbpfOptionsTest, WithoutSaysWhichPartsThereAre) {
  EXPECT_EQ(refusal_of("ebpf:?without=seed,bytes"),
            "ebpf: without=seed,bytes: no part \"bytes\"; there are length, lifecycle, processes, accept, release, "
            "names, packets and seed");
  EXPECT_THAT(refusal_of("ebpf:?without=seed,,accept"), HasSubstr("no part \"\""));
}

TEST(EbpfOptionsTest, UnknownParameterIsAnsweredWithTheNearest) {
  EXPECT_EQ(refusal_of("ebpf:?intervall=1s"), "ebpf: intervall=1s: no such parameter; did you mean \"interval\"?");
  EXPECT_EQ(refusal_of("ebpf:?colour=red"),
            "ebpf: colour=red: no such parameter; there are interval, sockets, ring, cpu_max, proc and without");
}

TEST(EbpfOptionsTest, TakesNoPath) {
  EXPECT_EQ(refusal_of("ebpf:eth0"), "ebpf: takes no path, got \"eth0\"");
}

}  // namespace
}  // namespace ipm::source::ebpf
