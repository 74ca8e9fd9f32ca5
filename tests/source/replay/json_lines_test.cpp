#ifdef IPM_WITH_SIMDJSON
#include <cerrno>

#include <gmock/gmock.h>

#include "source/replay/json_lines.h"
#include "support/events.h"

namespace ipm::test {
namespace {

using model::EventKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t kT = 1'735'516'800'000'000'000;

class JsonLinesTest : public ::testing::Test {
 protected:
  // The events of these lines.
  std::vector<model::Event> events_of(std::initializer_list<std::string> lines) {
    std::vector<model::Event> out;
    for (const std::string& line : lines) {
      json.line(line, writer);
      take(out);
    }
    return out;
  }
  void take(std::vector<model::Event>& out) {
    std::vector<model::Event> some(lane.capacity());
    some.resize(lane.pop(some));
    out.insert(out.end(), some.begin(), some.end());
  }
  static std::vector<EventKind> kinds(const std::vector<model::Event>& events) {
    std::vector<EventKind> out;
    for (const model::Event& event : events) out.push_back(event.header.kind);
    return out;
  }
  static std::string line(const std::string& type, const std::string& more, std::int64_t t = kT,
                          const std::string& exe = "/usr/bin/curl", const std::string& dir = "out") {
    return R"({"t":)" + std::to_string(t) + R"(,"type":")" + type + R"(","pid":7,"comm":"curl","exe":")" + exe +
           R"(","uid":1000,"proto":"tcp","lip":"10.0.0.1","lport":40000,"rip":"192.0.2.7","rport":443,"dir":")" + dir +
           "\"" + more + "}";
  }
  // After an open, so that anchor, text and start are behind.
  void known_process() { (void)events_of({line("open", "")}); }
  std::string problem_of(const std::string& bad) {
    (void)events_of({bad});
    return json.first_reason();
  }

  ring::Lane lane{512};
  ring::Writer writer{lane};
  source::JsonLines json;
};

TEST_F(JsonLinesTest, TheFirstLineSetsTheClockAndItsProcess) {
  const std::vector<model::Event> events = events_of({line("open", "")});
  ASSERT_THAT(kinds(events),
              ElementsAre(EventKind::kClockAnchor, EventKind::kText, EventKind::kProcessStart, EventKind::kSocketOpen));
  const auto anchor = events[0].as<model::ClockAnchor>();
  EXPECT_EQ(anchor.boottime_ns, kT);
  EXPECT_EQ(anchor.realtime_ns, kT);
  EXPECT_EQ(anchor.reason, model::AnchorReason::kOpen);
  const auto process = events[2].as<model::Process>();
  EXPECT_EQ(events[2].header.process, model::ProcessKey(7, 0));
  EXPECT_EQ(process.uid, 1000U);
  EXPECT_STREQ(process.comm, "curl");
  EXPECT_EQ(process.exe, events[1].as<model::Text>().id);
}

TEST_F(JsonLinesTest, AnOpenOutIsAConnectOfTheToldProcess) {
  const std::vector<model::Event> events = events_of({line("open", "")});
  const auto open = events.back().as<model::SocketOpen>();
  EXPECT_EQ(open.how, model::OpenHow::kConnect);
  EXPECT_EQ(open.quality, model::Quality::kExact);
  EXPECT_EQ(open.rule, model::Rule::kTold);
  EXPECT_EQ(open.tuple.direction, model::Direction::kOut);
  EXPECT_EQ(open.tuple.local_port, 40000);
  EXPECT_EQ(open.tuple.remote.text(), "192.0.2.7");
  EXPECT_EQ(open.tuple.protocol, model::kProtocolTcp);
  EXPECT_EQ(events.back().header.flow, 0U);
}

TEST_F(JsonLinesTest, AnOpenInIsAnAccept) {
  const auto open = events_of({line("open", "", kT, "/usr/bin/curl", "in")}).back().as<model::SocketOpen>();
  EXPECT_EQ(open.how, model::OpenHow::kAccept);
  EXPECT_EQ(open.tuple.direction, model::Direction::kIn);
}

TEST_F(JsonLinesTest, DataIsAppBytes) {
  known_process();
  const std::vector<model::Event> events = events_of({line("data", R"(,"tx":5,"rx":6)")});
  ASSERT_THAT(kinds(events), ElementsAre(EventKind::kSocketData));
  const auto data = events[0].as<model::SocketData>();
  EXPECT_EQ(data.layer, model::ByteLayer::kApp);
  EXPECT_EQ(data.measured, model::SocketData::kBytes);
  EXPECT_EQ(data.tx_bytes, 5U);
  EXPECT_EQ(data.rx_bytes, 6U);
}

TEST_F(JsonLinesTest, EntropyOfWhatWasSentComesAfterItsBytes) {
  known_process();
  const std::vector<model::Event> events = events_of({line("data", R"(,"tx":100,"rx":0,"ent":7.215)")});
  ASSERT_THAT(kinds(events), ElementsAre(EventKind::kSocketData, EventKind::kEntropy));
  EXPECT_EQ(events[1].as<model::Entropy>().millibits, 7'215U);
  EXPECT_THAT(kinds(events_of({line("data", R"(,"tx":0,"rx":100,"ent":0)")})), ElementsAre(EventKind::kSocketData));
  EXPECT_EQ(problem_of(line("data", R"(,"tx":1,"rx":1,"ent":8.1)")), "ent is no number from 0 to 8");
}

TEST_F(JsonLinesTest, BytesThatALineDoesNotSayAreNotZero) {
  known_process();
  EXPECT_EQ(events_of({line("data", R"(,"rx":6)")}).at(0).as<model::SocketData>().measured,
            model::SocketData::kRxBytes);
  EXPECT_THAT(kinds(events_of({line("close", "")})), ElementsAre(EventKind::kSocketClose));
}

// The bytes of a close are those that no data line had yet.
TEST_F(JsonLinesTest, ACloseGivesItsRemainingBytesAndThenCloses) {
  known_process();
  const std::vector<model::Event> events = events_of({line("close", R"(,"tx":1,"rx":2,"dur":50000000)")});
  ASSERT_THAT(kinds(events), ElementsAre(EventKind::kSocketData, EventKind::kSocketClose));
  EXPECT_EQ(events[0].as<model::SocketData>().rx_bytes, 2U);
  EXPECT_EQ(events[1].as<model::SocketClose>().duration_ns, 50 * kMillisecond);
  EXPECT_EQ(events[1].as<model::SocketClose>().reason, model::CloseReason::kOrderly);
}

TEST_F(JsonLinesTest, ACloseWithoutDurationSaysThatItIsNotKnown) {
  known_process();
  EXPECT_EQ(events_of({line("close", "")}).back().as<model::SocketClose>().duration_ns, -1);
}

TEST_F(JsonLinesTest, AResetByThePeerIsAResetAndAClose) {
  known_process();
  const std::vector<model::Event> events = events_of({line("reset", R"(,"tx":9,"rx":0,"dur":1,"why":"peer")")});
  ASSERT_THAT(kinds(events), ElementsAre(EventKind::kSocketData, EventKind::kReset, EventKind::kSocketClose));
  EXPECT_EQ(events[1].as<model::SocketReset>().sent_here, 0);
  EXPECT_EQ(events[2].as<model::SocketClose>().reason, model::CloseReason::kResetByPeer);
}

TEST_F(JsonLinesTest, ARefusedConnectIsAFailure) {
  known_process();
  const std::vector<model::Event> events = events_of({line("reset", R"(,"tx":0,"rx":0,"dur":1,"why":"refused")")});
  ASSERT_THAT(kinds(events), ElementsAre(EventKind::kSocketData, EventKind::kFailure, EventKind::kSocketClose));
  EXPECT_EQ(events[1].as<model::SocketFailure>().error, ECONNREFUSED);
  EXPECT_EQ(events[2].as<model::SocketClose>().reason, model::CloseReason::kRefused);
}

TEST_F(JsonLinesTest, ATimeoutWithoutBytesIsAFailedConnect) {
  known_process();
  const std::vector<model::Event> events = events_of({line("reset", R"(,"tx":0,"rx":0,"dur":1,"why":"timeout")")});
  ASSERT_THAT(kinds(events), ElementsAre(EventKind::kSocketData, EventKind::kFailure, EventKind::kSocketClose));
  EXPECT_EQ(events[1].as<model::SocketFailure>().error, ETIMEDOUT);
}

TEST_F(JsonLinesTest, ATimeoutThatMovedBytesIsNoFailedConnect) {
  known_process();
  const std::vector<model::Event> events = events_of({line("reset", R"(,"tx":3,"rx":0,"dur":1,"why":"timeout")")});
  ASSERT_THAT(kinds(events), ElementsAre(EventKind::kSocketData, EventKind::kSocketClose));
  EXPECT_EQ(events[1].as<model::SocketClose>().reason, model::CloseReason::kTimeout);
}

TEST_F(JsonLinesTest, RetransmitsCarryTheirCount) {
  known_process();
  const std::vector<model::Event> events = events_of({line("retrans", R"(,"n":3)")});
  ASSERT_THAT(kinds(events), ElementsAre(EventKind::kRetransmit));
  EXPECT_EQ(events[0].as<model::SocketCount>().count, 3U);
}

TEST_F(JsonLinesTest, ADnsAnswerNamesItsQuestion) {
  known_process();
  const std::vector<model::Event> events =
      events_of({line("dns", R"(,"qname":"a.example","qtype":"AAAA","rcode":"NXDOMAIN","tx":40,"rx":90)")});
  ASSERT_THAT(kinds(events), ElementsAre(EventKind::kSocketData, EventKind::kText, EventKind::kDnsAnswer));
  const auto answer = events[2].as<model::DnsAnswer>();
  EXPECT_EQ(answer.question_type, 28);
  EXPECT_EQ(answer.response_code, 3);
  EXPECT_EQ(answer.name, events[1].as<model::Text>().id);
}

TEST_F(JsonLinesTest, ADnsAnswerCarriesAnAddressAndItsTtl) {
  known_process();
  const std::vector<model::Event> events =
      events_of({line("dns", R"(,"qname":"a.example","answer":"192.0.2.9","ttl":300)")});
  ASSERT_THAT(kinds(events), ElementsAre(EventKind::kText, EventKind::kDnsAnswer));
  const auto answer = events[1].as<model::DnsAnswer>();
  EXPECT_EQ(answer.address.text(), "192.0.2.9");
  EXPECT_EQ(answer.ttl_s, 300U);
}

TEST_F(JsonLinesTest, ATlsHelloCarriesItsTexts) {
  known_process();
  const std::vector<model::Event> events =
      events_of({line("tls", R"(,"sni":"a.example","ja4":"t13d1516h2_8daaf6152771_e5627efa2ab1","ech":true)")});
  ASSERT_THAT(kinds(events), ElementsAre(EventKind::kText, EventKind::kText, EventKind::kTlsHello));
  const auto hello = events[2].as<model::TlsHello>();
  EXPECT_EQ(hello.sni, events[0].as<model::Text>().id);
  EXPECT_EQ(hello.ja4, events[1].as<model::Text>().id);
  EXPECT_EQ(hello.alpn, 0U);
  EXPECT_EQ(hello.flags, model::TlsHello::kEch);
}

TEST_F(JsonLinesTest, AnotherExecutableUnderAPidIsAnExec) {
  known_process();
  const std::vector<model::Event> events = events_of({line("data", R"(,"tx":1,"rx":1)", kT, "/usr/bin/wget")});
  ASSERT_THAT(kinds(events), ElementsAre(EventKind::kText, EventKind::kProcessExec, EventKind::kSocketData));
  EXPECT_EQ(events[1].header.process, model::ProcessKey(7, 0));
}

TEST_F(JsonLinesTest, ALineOfAnUnknownTypeIsCountedAndSkipped) {
  EXPECT_THAT(events_of({line("quic", "")}), IsEmpty());
  EXPECT_EQ(json.filtered(), 1U);
  EXPECT_EQ(json.malformed(), 0U);
}

TEST_F(JsonLinesTest, BlankLinesAreNothing) {
  EXPECT_THAT(events_of({"", "  \t\r"}), IsEmpty());
  EXPECT_EQ(json.malformed(), 0U);
}

// Garbage is counted; what came before stays, what comes after is read.
TEST_F(JsonLinesTest, GarbageBetweenGoodLinesCostsOnlyItself) {
  const std::vector<model::Event> events = events_of({line("open", ""), "{\"t\":", line("data", R"(,"tx":1,"rx":1)")});
  EXPECT_THAT(kinds(events), ElementsAre(EventKind::kClockAnchor, EventKind::kText, EventKind::kProcessStart,
                                         EventKind::kSocketOpen, EventKind::kLoss, EventKind::kSocketData));
  EXPECT_EQ(json.malformed(), 1U);
  EXPECT_EQ(json.first_place(), "line 2");
}

// A thousand bad lines are not a thousand events, and none of them goes uncounted.
TEST_F(JsonLinesTest, ManyMalformedLinesBecomeFewLossesThatCountThemAll) {
  std::vector<model::Event> events = events_of({line("open", "")});
  for (int i = 0; i < 2500; ++i) json.line("garbage", writer);
  json.finish(writer);
  events.clear();
  take(events);
  std::uint64_t lost = 0;
  for (const model::Event& event : events) {
    ASSERT_EQ(event.header.kind, EventKind::kLoss);
    lost += event.as<model::Loss>().events;
  }
  EXPECT_EQ(lost, 2500U);
  EXPECT_LE(events.size(), 4U);
}

TEST_F(JsonLinesTest, ALossBeforeTheFirstGoodLineIsSaidAfterTheClock) {
  const std::vector<model::Event> events = events_of({"garbage", line("open", "")});
  ASSERT_GE(events.size(), 2U);
  EXPECT_EQ(events[0].header.kind, EventKind::kClockAnchor);
  EXPECT_EQ(events[1].header.kind, EventKind::kLoss);
  EXPECT_EQ(events[1].header.time_ns, kT);
}

TEST_F(JsonLinesTest, ATenMegabyteNameIsReadAndItsTextCut) {
  known_process();
  const std::string name(10'000'000, 'x');
  const std::vector<model::Event> events = events_of({line("dns", R"(,"qname":")" + name + "\"")});
  EXPECT_EQ(json.malformed(), 0U);
  EXPECT_EQ(events.back().header.kind, EventKind::kDnsAnswer);
  EXPECT_EQ(events.size(), 49U + 1U);  // 4,096 bytes in parts of 84, and the answer.
}

TEST_F(JsonLinesTest, BytesThatAreNoUtf8AreMalformed) {
  EXPECT_THAT(problem_of(line("open", "", kT, "/usr/bin/\xff")), HasSubstr("UTF-8"));
}

struct Bad {
  const char* from;
  const char* to;
  const char* reason;
};

class JsonLinesRangeTest : public JsonLinesTest, public ::testing::WithParamInterface<Bad> {};

// Both sides of each limit: the good side is the line before the replacement, and the edges below.
TEST_P(JsonLinesRangeTest, ANumberOutOfRangeNamesItsField) {
  std::string bad = line("close", R"(,"tx":1,"rx":2,"dur":3)");
  const std::string from = GetParam().from;
  ASSERT_NE(bad.find(from), std::string::npos);
  bad.replace(bad.find(from), from.size(), GetParam().to);
  EXPECT_THAT(problem_of(bad), HasSubstr(GetParam().reason));
  EXPECT_EQ(json.malformed(), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Fields, JsonLinesRangeTest,
    ::testing::Values(Bad{R"("t":1735516800000000000)", R"("t":-1)", "t is no whole number"},
                      Bad{R"("t":1735516800000000000)", R"("t":7258118400000000001)", "t is no whole number"},
                      Bad{R"("t":1735516800000000000)", R"("t":1.5)", "t is no whole number"},
                      Bad{R"("t":1735516800000000000,)", "", "t is missing"},
                      Bad{R"("lport":40000)", R"("lport":65536)", "lport is no whole number from 0 to 65535"},
                      Bad{R"("rport":443)", R"("rport":-1)", "rport is no whole number"},
                      Bad{R"("pid":7)", R"("pid":4194304)", "pid is no whole number from 0 to 4194303"},
                      Bad{R"("tx":1)", R"("tx":4611686018427387905)", "tx is no whole number"},
                      Bad{R"("rx":2)", R"("rx":18446744073709551616)", ""},
                      Bad{R"("dur":3)", R"("dur":-3)", "dur is no whole number"},
                      Bad{R"("proto":"tcp")", R"("proto":"sctp")", "proto is neither"},
                      Bad{R"("lip":"10.0.0.1")", R"("lip":"10.0.0.256")", "lip is no address"},
                      Bad{R"("rip":"192.0.2.7",)", "", "rip is missing"},
                      Bad{R"("dir":"out")", R"("dir":"up")", "dir is neither"}));

TEST_F(JsonLinesTest, TheLargestNumbersAreTaken) {
  std::string edge = line("close", R"(,"tx":4611686018427387904,"rx":0,"dur":0)", 7'258'118'400'000'000'000);
  edge.replace(edge.find(R"("lport":40000)"), 13, R"("lport":65535)");
  edge.replace(edge.find(R"("pid":7)"), 7, R"("pid":4194303)");
  (void)events_of({edge});
  EXPECT_EQ(json.malformed(), 0U) << json.first_reason();
}

}  // namespace
}  // namespace ipm::test
#endif
