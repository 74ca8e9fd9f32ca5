#include "decode/dns_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "decode/dns_octets.h"
#include "decode/dns_queries.h"

namespace ipm::decode {
namespace {

using namespace test;  // NOLINT: the words of dns_octets.h
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const model::IpAddress kClient = *model::IpAddress::parse("10.0.0.9");
const model::IpAddress kServer = *model::IpAddress::parse("10.0.0.1");
constexpr TimeNs kT0 = 1'700'000'000 * kSecond;

struct Heard : DnsListener {
  std::vector<std::string> records;  // "via qname owner value"
  std::vector<std::string> namings;  // "name canonical address ttl"
  DnsAnswer last;

  void on_dns_record(const DnsAnswer& answer, const DnsRecord& record) override {
    last = answer;
    const std::string value = record.type == kDnsTypeCname ? std::string(record.target) : record.address.text();
    records.push_back(std::string(dns_via_name(answer.via)) + " " + std::string(record.qname) + " " +
                      std::string(record.owner) + " " + value);
  }
  void on_dns_naming(const DnsAnswer& answer, const DnsNaming& naming) override {
    last = answer;
    namings.push_back(std::string(naming.name) + " " + std::string(naming.canonical) + " " + naming.address.text() +
                      " " + std::to_string(naming.ttl_s));
  }
};

class DnsWatchTest : public ::testing::Test {
 protected:
  explicit DnsWatchTest(DnsWatch::Options options = {}) : watch_(options) {}

  // What one packet gives.
  Heard packet(const Octets& payload, bool from_client, std::uint16_t server_port = 53, TimeNs time_ns = kT0,
               std::uint16_t client_port = 4000, std::uint8_t protocol = 17, std::uint32_t seq = 0) {
    const Exactly exact(payload);
    Packet packet;
    packet.protocol = protocol;
    packet.src = from_client ? kClient : kServer;
    packet.dst = from_client ? kServer : kClient;
    packet.src_port = from_client ? client_port : server_port;
    packet.dst_port = from_client ? server_port : client_port;
    packet.seq = seq;
    packet.first_fragment = fragment_;
    packet.payload = exact.bytes();
    packet.payload_bytes = static_cast<std::uint32_t>(payload.size());
    Heard heard;
    watch_.add(packet, time_ns, heard);
    if (!watch_.wants(packet)) {
      EXPECT_THAT(heard.records, IsEmpty());
    }
    return heard;
  }
  Heard query(const Octets& payload, std::uint16_t server_port = 53, TimeNs time_ns = kT0) {
    return packet(payload, true, server_port, time_ns);
  }
  Heard response(const Octets& payload, std::uint16_t server_port = 53, TimeNs time_ns = kT0) {
    return packet(payload, false, server_port, time_ns);
  }

  bool fragment_ = false;
  DnsWatch watch_;
};

const Octets kChain = join({dns_header(kResponseFlags, 1, 2), dns_question(dns_name("www.a.test")),
                            dns_record(kPointerToQuestion, 5, 20, dns_name("edge.test")),
                            dns_record(dns_name("edge.test"), 1, 300, hex("c0000201"))});

TEST_F(DnsWatchTest, RecordsOfAChainAllHaveTheNameThatWasAskedFor) {
  const Heard heard = response(kChain);
  EXPECT_THAT(heard.records, ElementsAre("dns www.a.test www.a.test edge.test", "dns www.a.test edge.test 192.0.2.1"));
  EXPECT_THAT(heard.namings, ElementsAre("www.a.test edge.test 192.0.2.1 20"));
  EXPECT_EQ(heard.last.client, kClient);
  EXPECT_EQ(heard.last.server, kServer);
}

TEST_F(DnsWatchTest, ResponseToAQueryMatchesAndSaysHowLongItTook) {
  query(dns_query("a.test"), 53, kT0);
  const Heard heard = response(dns_response("A.test", "c0000201"), 53, kT0 + 7 * kMillisecond);
  EXPECT_EQ(heard.last.asked, DnsAsked::kMatched);
  EXPECT_EQ(heard.last.waited_ns, 7 * kMillisecond);
  EXPECT_EQ(watch_.stats().unseen, 0U);
}

TEST_F(DnsWatchTest, ResponseWithoutAQueryIsSaidToBeUnseen) {
  query(dns_query("a.test", 1));
  const Heard other_id = response(dns_response("a.test", "c0000201", 2));
  EXPECT_EQ(other_id.last.asked, DnsAsked::kUnseen);
  EXPECT_EQ(other_id.last.waited_ns, -1);
  const Heard other_port = packet(dns_response("a.test", "c0000201", 1), false, 53, kT0, 4001);
  EXPECT_EQ(other_port.last.asked, DnsAsked::kUnseen);
  EXPECT_EQ(watch_.stats().unseen, 2U);
}

TEST_F(DnsWatchTest, ResponseToAnotherQuestionIsAMismatch) {
  query(dns_query("a.test"));
  EXPECT_EQ(response(dns_response("bank.test", "c0000201")).last.asked, DnsAsked::kMismatch);
  EXPECT_EQ(watch_.stats().mismatches, 1U);
}

TEST_F(DnsWatchTest, RepeatedQueryKeepsItsFirstTimeAndALaterOneItsOwn) {
  query(dns_query("a.test"), 53, kT0);
  query(dns_query("a.test"), 53, kT0 + 2 * kSecond);
  EXPECT_EQ(response(dns_response("a.test", "c0000201"), 53, kT0 + 3 * kSecond).last.waited_ns, 3 * kSecond);
  query(dns_query("a.test"), 53, kT0 + DnsQueries::kRepeatNs);
  EXPECT_EQ(response(dns_response("a.test", "c0000201"), 53, kT0 + 6 * kSecond).last.waited_ns, kSecond);
}

TEST_F(DnsWatchTest, MulticastDnsHasNoQueryToMatch) {
  query(dns_query("printer.local", 0), 5353);
  const Octets announced =
      join({dns_header(0x8400, 0, 1, 0), dns_record(dns_name("printer.local"), 1, 120, hex("a9fe0102"), 0x8001)});
  const Heard heard = packet(announced, false, 5353, kT0, 5353);
  EXPECT_THAT(heard.records, ElementsAre("mdns printer.local printer.local 169.254.1.2"));
  EXPECT_THAT(heard.namings, ElementsAre("printer.local  169.254.1.2 120"));
  EXPECT_EQ(heard.last.asked, DnsAsked::kUnseen);
  EXPECT_EQ(watch_.stats().unseen, 0U);
}

TEST_F(DnsWatchTest, KnownAnswersOfAMulticastQueryAreRecordsAndNoNames) {
  const Octets known = join({dns_header(0, 1, 1, 0), dns_question(dns_name("a.local")),
                             dns_record(kPointerToQuestion, 1, 60, hex("a9fe0102"))});
  const Heard heard = packet(known, true, 5353, kT0, 5353);
  EXPECT_THAT(heard.records, ElementsAre("mdns a.local a.local 169.254.1.2"));
  EXPECT_TRUE(heard.last.in_query);
  EXPECT_THAT(heard.namings, IsEmpty());
}

TEST_F(DnsWatchTest, LinkLocalNamesAreAskedOfAGroupAndAnsweredByOneOfIt) {
  const Exactly exact(dns_query("host"));
  Packet asked;
  asked.protocol = 17;
  asked.src = kClient;
  asked.dst = *model::IpAddress::parse("224.0.0.252");
  asked.src_port = 4000;
  asked.dst_port = 5355;
  asked.payload = exact.bytes();
  asked.payload_bytes = static_cast<std::uint32_t>(asked.payload.size());
  Heard none;
  watch_.add(asked, kT0, none);
  const Heard heard = response(dns_response("host", "0a000001"), 5355);
  EXPECT_THAT(heard.records, ElementsAre("llmnr host host 10.0.0.1"));
  EXPECT_EQ(heard.last.asked, DnsAsked::kMatched);
}

TEST_F(DnsWatchTest, OtherPortsNeedAWholeMessage) {
  EXPECT_THAT(response(dns_response("a.test", "c0000201"), 5300).records, ElementsAre("dns a.test a.test 192.0.2.1"));
  EXPECT_THAT(response(join({dns_response("a.test", "c0000201"), hex("00")}), 5300).records, IsEmpty());
  EXPECT_THAT(response(dns_response("a.test", "c0000201"), 137).records, IsEmpty());
}

class DnsWatchStrictTest : public DnsWatchTest {
 protected:
  DnsWatchStrictTest() : DnsWatchTest(DnsWatch::Options{.any_port = false}) {}
};

TEST_F(DnsWatchStrictTest, OtherPortsCanBeLeftOut) {
  EXPECT_THAT(response(dns_response("a.test", "c0000201"), 5300).records, IsEmpty());
  EXPECT_EQ(response(dns_response("a.test", "c0000201"), 53).records.size(), 1U);
}

TEST_F(DnsWatchTest, FragmentIsSaidToBeOne) {
  fragment_ = true;
  EXPECT_TRUE(response(kChain).last.first_fragment);
}

TEST_F(DnsWatchTest, ReadsStreamsWhereverTheyAreCut) {
  const Octets stream = join({sized(2, kChain), sized(2, dns_response("b.test", "c0000202"))});
  for (std::size_t cut = 1; cut < stream.size(); ++cut) {
    const auto port = static_cast<std::uint16_t>(5000 + cut);
    const auto feed = [&](std::size_t from, std::size_t to) {
      return packet(
          {stream.begin() + static_cast<std::ptrdiff_t>(from), stream.begin() + static_cast<std::ptrdiff_t>(to)}, false,
          53, kT0, port, 6, static_cast<std::uint32_t>(from));
    };
    std::vector<std::string> records = feed(0, cut).records;
    const Heard rest = feed(cut, stream.size());
    records.insert(records.end(), rest.records.begin(), rest.records.end());
    ASSERT_THAT(records, ElementsAre("dns www.a.test www.a.test edge.test", "dns www.a.test edge.test 192.0.2.1",
                                     "dns b.test b.test 192.0.2.2"))
        << cut;
  }
}

TEST_F(DnsWatchTest, WhatIsNoMessageIsCounted) {
  EXPECT_THAT(response(hex("1234")).records, IsEmpty());
  EXPECT_EQ(watch_.stats().malformed, 1U);
}

DnsQueries::Key key_of(std::uint16_t id) {
  DnsQueries::Key key;
  key.client = kClient;
  key.id = id;
  return key;
}

TEST(DnsQueriesTest, OldestIsForgottenFirst) {
  DnsQueries queries(2, 1);
  EXPECT_FALSE(queries.add(key_of(1), {11, kT0}));
  EXPECT_FALSE(queries.add(key_of(2), {12, kT0}));
  EXPECT_TRUE(queries.add(key_of(3), {13, kT0}));
  EXPECT_FALSE(queries.answer(key_of(1)));
  EXPECT_EQ(queries.answer(key_of(2))->question, 12U);
  EXPECT_EQ(queries.answer(key_of(3))->question, 13U);
}

TEST(DnsQueriesTest, ForgettingAnAnsweredOneLosesNothing) {
  DnsQueries queries(1, 1);
  EXPECT_FALSE(queries.add(key_of(1), {11, kT0}));
  EXPECT_TRUE(queries.answer(key_of(1)));
  EXPECT_FALSE(queries.add(key_of(2), {12, kT0}));
  EXPECT_TRUE(queries.add(key_of(3), {13, kT0}));
}

TEST(DnsQueriesTest, IdThatIsUsedAgainAsksItsNewQuestion) {
  DnsQueries queries(4, 1);
  queries.add(key_of(1), {11, kT0});
  queries.add(key_of(1), {12, kT0 + kSecond});
  EXPECT_EQ(queries.answer(key_of(1))->question, 12U);
  EXPECT_EQ(queries.answer(key_of(1))->time_ns, kT0 + kSecond);
}

TEST(DnsQueriesTest, FindsAmongManyWhateverTheSeed) {
  for (const std::uint64_t seed : {0U, 1U, 99U}) {
    DnsQueries queries(1000, seed);
    for (std::uint16_t id = 0; id < 3000; ++id) queries.add(key_of(id), {id, kT0});
    for (std::uint16_t id = 0; id < 3000; ++id) ASSERT_EQ(queries.answer(key_of(id)).has_value(), id >= 2000) << id;
  }
}

}  // namespace
}  // namespace ipm::decode
