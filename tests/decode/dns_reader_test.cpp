#include "decode/dns_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "decode/dns_octets.h"

namespace ipm::decode {
namespace {

using namespace test;  // NOLINT: the words of dns_octets.h
using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Read {
  Verdict verdict;
  bool complete = false;
  std::unique_ptr<DnsReader> reader = std::make_unique<DnsReader>();
  std::vector<std::string> records;  // "owner type ttl value"

  explicit Read(const Octets& message) {
    const Exactly exact(message);
    verdict = reader->begin(exact.bytes());
    DnsAnswerRecord record;
    while (reader->next(record)) {
      const bool alias = record.type == kDnsTypeCname;
      records.push_back(std::string(reader->owner().view()) + " " + std::to_string(record.type) + " " +
                        std::to_string(record.ttl_s) + " " +
                        (alias ? std::string(reader->target().view()) : record.address.text()));
    }
    complete = reader->complete();
  }
};

TEST(DnsReaderTest, GivesEveryRecordAsItStands) {
  const Octets message = join({dns_header(kResponseFlags, 1, 4), dns_question(dns_name("WWW.a.test")),
                               dns_record(kPointerToQuestion, 5, 20, dns_name("Edge.cdn.test")),
                               dns_record(dns_name("edge.cdn.test"), 1, 300, hex("c0000201")),
                               dns_record(dns_name("edge.cdn.test"), 28, 60, hex("20010db8000000000000000000000009")),
                               dns_record(dns_name("other.test"), 1, 9, hex("c0000202"))});
  const Read read(message);
  ASSERT_EQ(read.verdict, Verdict::kOk);
  EXPECT_EQ(read.reader->question().view(), "www.a.test");
  EXPECT_EQ(read.reader->question_type(), 1);
  EXPECT_TRUE(read.reader->is_response());
  EXPECT_THAT(read.records, ElementsAre("www.a.test 5 20 edge.cdn.test", "edge.cdn.test 1 300 192.0.2.1",
                                        "edge.cdn.test 28 60 2001:db8::9", "other.test 1 9 192.0.2.2"));
  EXPECT_TRUE(read.complete);
}

TEST(DnsReaderTest, OnlyAddressesAndAliasesOfTheInternetCount) {
  const Octets message = join({dns_header(kResponseFlags, 1, 5), dns_question(dns_name("a.test")),
                               dns_record(kPointerToQuestion, 16, 5, hex("0161")),               // TXT.
                               dns_record(kPointerToQuestion, 1, 5, hex("c0000201"), 3),         // Chaos.
                               dns_record(kPointerToQuestion, 1, 5, hex("c00002")),              // Three bytes.
                               dns_record(kPointerToQuestion, 5, 5, {}),                         // No alias.
                               dns_record(kPointerToQuestion, 1, 5, hex("c0000201"), 0x8001)});  // Cache flush.
  const Read read(message);
  EXPECT_THAT(read.records, ElementsAre("a.test 1 5 192.0.2.1"));
  EXPECT_TRUE(read.complete);
}

TEST(DnsReaderTest, SectionsBehindTheAnswersDoNotCount) {
  Octets message = join({dns_header(kResponseFlags, 1, 0, 1, 1), dns_question(dns_name("a.test")),
                         dns_record(kPointerToQuestion, 1, 5, hex("c0000201"))});
  EXPECT_THAT(Read(message).records, IsEmpty());
}

TEST(DnsReaderTest, SeveralQuestionsAreSteppedOver) {
  const Octets message =
      join({dns_header(0, 2, 1), dns_question(dns_name("a.local"), 255), dns_question(dns_name("b.local"), 12),
            dns_record(kPointerToQuestion, 1, 120, hex("a9fe0102"))});
  const Read read(message);
  EXPECT_EQ(read.reader->questions(), 2);
  EXPECT_FALSE(read.reader->is_response());
  EXPECT_THAT(read.records, ElementsAre("a.local 1 120 169.254.1.2"));
}

TEST(DnsReaderTest, SameOwnerAsBeforeIsReadOnce) {
  const Octets message = join({dns_header(kResponseFlags, 1, 3), dns_question(dns_name("ab.test")),
                               dns_record(kPointerToQuestion, 1, 1, hex("c0000201")),
                               dns_record(hex("c00f"), 1, 2, hex("c0000202")),  // "test"
                               dns_record(kPointerToQuestion, 1, 3, hex("c0000203"))});
  EXPECT_THAT(Read(message).records,
              ElementsAre("ab.test 1 1 192.0.2.1", "test 1 2 192.0.2.2", "ab.test 1 3 192.0.2.3"));
}

TEST(DnsReaderTest, RecordsBeforeTheEndOfTheBytesCount) {
  Octets message = join({dns_header(kResponseFlags, 1, 2), dns_question(dns_name("a.test")),
                         dns_record(kPointerToQuestion, 1, 5, hex("c0000201")),
                         dns_record(kPointerToQuestion, 1, 5, hex("c0000202"))});
  message.pop_back();
  const Read read(message);
  EXPECT_THAT(read.records, ElementsAre("a.test 1 5 192.0.2.1"));
  EXPECT_FALSE(read.complete);
}

TEST(DnsReaderTest, RecordsWithNamesThatLoopAreLeftOut) {
  const Octets question = dns_question(dns_name("a.test"));
  const std::size_t at = 12 + question.size();
  const Octets itself = number(0xc000U | at, 2);
  const Octets message = join({dns_header(kResponseFlags, 1, 3), question, dns_record(itself, 1, 5, hex("c0000201")),
                               dns_record(kPointerToQuestion, 5, 5, hex("c0ff")),  // Ahead.
                               dns_record(kPointerToQuestion, 1, 5, hex("c0000202"))});
  EXPECT_THAT(Read(message).records, ElementsAre("a.test 1 5 192.0.2.2"));
}

TEST(DnsReaderTest, UpdatesAreNotRead) {
  EXPECT_EQ(Read(join({dns_header(0x2800, 1, 0), dns_question(dns_name("a.test"), 6)})).verdict, Verdict::kOther);
}

TEST(DnsReaderTest, EveryBeginningOfAResponseEndsIt) {
  const Octets whole = dns_response("a.test", "c0000201");
  const std::size_t question_end = 12 + 8 + 4;
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    const Read read({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(bytes)});
    EXPECT_EQ(read.verdict, bytes < question_end ? Verdict::kShort : Verdict::kOk) << bytes;
    EXPECT_THAT(read.records, IsEmpty());
    EXPECT_FALSE(read.complete);
  }
}

TEST(DnsReaderTest, TellsDnsByAllOfItsBytes) {
  const auto is = [](const Octets& octets) {
    const Exactly exact(octets);
    return is_dns_message(exact.bytes());
  };
  const Octets response = dns_response("a.test", "c0000201");
  EXPECT_TRUE(is(response));
  EXPECT_TRUE(is(dns_query("a.test")));
  EXPECT_FALSE(is(join({response, hex("00")})));
  EXPECT_FALSE(is({response.begin(), response.end() - 1}));
  EXPECT_FALSE(is(dns_header(kResponseFlags, 0, 0)));  // Nothing to tell it by.
  EXPECT_FALSE(is(join({dns_header(0x2800, 1, 0), dns_question(dns_name("a.test"))})));
  EXPECT_FALSE(is(join({dns_header(kQueryFlags, 1, 1), dns_question(dns_name("a.test")),
                        dns_record(kPointerToQuestion, 1, 5, hex("c0000201"))})));
}

}  // namespace
}  // namespace ipm::decode
