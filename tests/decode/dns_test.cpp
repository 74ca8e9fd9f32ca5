#include "decode/dns.h"

#include <gtest/gtest.h>

#include <memory>

#include "decode/octets.h"

namespace ipm::decode {
namespace {

using test::Exactly;
using test::hex;
using test::join;
using test::number;
using test::Octets;
using test::sized;
using test::text;

constexpr std::uint32_t kQuery = 0x0100, kResponse = 0x8180;
const Octets kPointerToQuestion = hex("c00c");

Octets name(std::string_view dotted) {
  Octets out;
  while (!dotted.empty()) {
    const std::string_view label = dotted.substr(0, dotted.find('.'));
    out = join({out, sized(1, text(label))});
    dotted.remove_prefix(std::min(dotted.size(), label.size() + 1));
  }
  return join({out, hex("00")});
}
Octets header(std::uint32_t flags, std::uint32_t questions, std::uint32_t answers) {
  return join({hex("1234"), number(flags, 2), number(questions, 2), number(answers, 2), hex("0000 0000")});
}
Octets question(const Octets& wire_name, std::uint32_t type = kDnsTypeA) {
  return join({wire_name, number(type, 2), hex("0001")});
}
Octets record(const Octets& owner, std::uint32_t type, std::uint32_t ttl, const Octets& data) {
  return join({owner, number(type, 2), hex("0001"), number(ttl, 4), sized(2, data)});
}

struct Parsed {
  Verdict verdict;
  std::unique_ptr<DnsMessage> message = std::make_unique<DnsMessage>();
  explicit Parsed(const Octets& octets) {
    const Exactly exact(octets);
    verdict = parse_dns(exact.bytes(), *message);
  }
  DnsMessage* operator->() const { return message.get(); }
  std::string address(std::size_t i) const { return message->address[i].address.text(); }
};

TEST(DnsTest, ReadsAQuery) {
  const Parsed query(join({header(kQuery, 1, 0), question(name("www.Example.com"), kDnsTypeAaaa)}));
  ASSERT_EQ(query.verdict, Verdict::kOk);
  EXPECT_FALSE(query->is_response);
  EXPECT_EQ(query->id, 0x1234);
  EXPECT_EQ(query->name.view(), "www.example.com");
  EXPECT_EQ(query->question_type, 28);
  EXPECT_EQ(query->addresses, 0);
}

TEST(DnsTest, ReadsAddressesOfBothKindsWithTheirTtl) {
  const Parsed response(join({header(kResponse, 1, 2), question(name("a.test")),
                              record(kPointerToQuestion, kDnsTypeA, 300, hex("c0000201")),
                              record(kPointerToQuestion, kDnsTypeAaaa, 60, hex("20010db8000000000000000000000009"))}));
  ASSERT_EQ(response.verdict, Verdict::kOk);
  EXPECT_TRUE(response->is_response);
  ASSERT_EQ(response->addresses, 2);
  EXPECT_EQ(response.address(0), "192.0.2.1");
  EXPECT_EQ(response->address[0].ttl_s, 300U);
  EXPECT_EQ(response.address(1), "2001:db8::9");
  EXPECT_EQ(response->address[1].ttl_s, 60U);
  EXPECT_EQ(response->canonical.view(), "");
  EXPECT_FALSE(response->incomplete);
}

TEST(DnsTest, FollowsAliasesInAnyOrderAndTakesTheLeastTtl) {
  const Parsed response(join({header(kResponse, 1, 3), question(name("www.a.test")),
                              record(name("edge.cdn.test"), kDnsTypeA, 300, hex("c0000201")),
                              record(name("x.cdn.test"), kDnsTypeCname, 20, name("edge.cdn.test")),
                              record(kPointerToQuestion, kDnsTypeCname, 900, name("X.cdn.test"))}));
  EXPECT_EQ(response->name.view(), "www.a.test");
  EXPECT_EQ(response->canonical.view(), "edge.cdn.test");
  EXPECT_EQ(response->cnames, 2);
  ASSERT_EQ(response->addresses, 1);
  EXPECT_EQ(response->address[0].ttl_s, 20U);
}

TEST(DnsTest, AddressesOfANameThatWasNotAskedForDoNotCount) {
  const Parsed response(join({header(kResponse, 1, 2), question(name("a.test")),
                              record(name("bank.test"), kDnsTypeA, 300, hex("c6336401")),
                              record(kPointerToQuestion, kDnsTypeA, 300, hex("c0000201"))}));
  ASSERT_EQ(response->addresses, 1);
  EXPECT_EQ(response.address(0), "192.0.2.1");
}

TEST(DnsTest, SaysWhatFailed) {
  const Parsed response(join({header(0x8183, 1, 0), question(name("no.test"))}));
  EXPECT_EQ(response->response_code, 3);
  EXPECT_EQ(response->addresses, 0);
}

TEST(DnsTest, SaysThatTheSenderCutIt) {
  EXPECT_TRUE(Parsed(join({header(0x8380, 1, 0), question(name("a.test"))}))->cut_short);
}

TEST(DnsTest, EscapesWhatIsNotPrintableAndWhatWouldReadAsAnotherName) {
  const Octets labels = join({sized(1, hex("61 2e 62")), sized(1, hex("00 20 ff 5c")), hex("00")});
  const Parsed query(join({header(kQuery, 1, 0), question(labels)}));
  EXPECT_EQ(query->name.view(), "a\\046b.\\000\\032\\255\\092");
}

TEST(DnsTest, NamesTheRootByADot) {
  EXPECT_EQ(Parsed(join({header(kQuery, 1, 0), question(hex("00"))}))->name.view(), ".");
}

TEST(DnsTest, NameHasAtMost255BytesOnTheWire) {
  const Octets label63 = sized(1, Octets(63, std::byte{'a'}));
  const auto of = [&](std::size_t last) {
    return join({label63, label63, label63, sized(1, Octets(last, std::byte{1})), hex("00")});
  };
  const Parsed longest(join({header(kQuery, 1, 0), question(of(61))}));  // 3 · 64 + 62 + 1
  EXPECT_EQ(longest.verdict, Verdict::kOk);
  EXPECT_EQ(longest->name.bytes, 3 * 64 + 61 * 4);
  EXPECT_EQ(Parsed(join({header(kQuery, 1, 0), question(of(62))})).verdict, Verdict::kMalformed);
}

TEST(DnsTest, PointersGoOnlyBackwards) {
  EXPECT_EQ(Parsed(join({header(kQuery, 1, 0), question(hex("c00c"))})).verdict, Verdict::kMalformed);      // Itself.
  EXPECT_EQ(Parsed(join({header(kQuery, 1, 0), question(hex("c012"))})).verdict, Verdict::kMalformed);      // Ahead.
  EXPECT_EQ(Parsed(join({header(kQuery, 1, 0), question(hex("0161c00c"))})).verdict, Verdict::kMalformed);  // A loop.
  EXPECT_EQ(Parsed(join({header(kQuery, 1, 0), question(hex("c000"))})).verdict, Verdict::kMalformed);  // The header.
}

TEST(DnsTest, ReservedLabelTypesAreMalformed) {
  EXPECT_EQ(Parsed(join({header(kQuery, 1, 0), question(hex("4161 00"))})).verdict, Verdict::kMalformed);
}

TEST(DnsTest, AliasesThatPointAtEachOtherEnd) {
  const Parsed response(join({header(kResponse, 1, 2), question(name("a.test")),
                              record(kPointerToQuestion, kDnsTypeCname, 9, name("b.test")),
                              record(name("b.test"), kDnsTypeCname, 9, kPointerToQuestion)}));
  EXPECT_EQ(response.verdict, Verdict::kOk);
  EXPECT_EQ(response->cnames, kDnsCnamesMax);
  EXPECT_TRUE(response->incomplete);
}

TEST(DnsTest, KeepsAsManyAddressesAsItsBoundAndSaysSo) {
  const auto with = [](std::uint32_t answers) {
    Octets octets = join({header(kResponse, 1, answers), question(name("a.test"))});
    for (std::uint32_t i = 0; i < answers; ++i) {
      octets = join({octets, record(kPointerToQuestion, kDnsTypeA, 1, number(i, 4))});
    }
    return octets;
  };
  const Parsed full(with(kDnsAddressesMax));
  EXPECT_EQ(full->addresses, kDnsAddressesMax);
  EXPECT_FALSE(full->incomplete);
  const Parsed over(with(kDnsAddressesMax + 1));
  EXPECT_EQ(over->addresses, kDnsAddressesMax);
  EXPECT_TRUE(over->incomplete);
}

TEST(DnsTest, AnswersBeforeTheEndOfTheBytesCount) {
  Octets octets = join({header(kResponse, 1, 2), question(name("a.test")),
                        record(kPointerToQuestion, kDnsTypeA, 5, hex("c0000201")),
                        record(kPointerToQuestion, kDnsTypeA, 5, hex("c0000202"))});
  octets.pop_back();
  const Parsed response(octets);
  EXPECT_EQ(response.verdict, Verdict::kOk);
  EXPECT_EQ(response->addresses, 1);
  EXPECT_TRUE(response->incomplete);
}

TEST(DnsTest, MdnsAnnouncesWithoutAQuestion) {
  const Parsed response(join({header(0x8400, 0, 2), name("printer.local"), hex("0010 8001 00000078 0002 0161"),
                              name("printer.local"), hex("0001 8001 00000078 0004 a9fe0102")}));
  ASSERT_EQ(response.verdict, Verdict::kOk);
  EXPECT_EQ(response->question_type, 0);
  EXPECT_EQ(response->name.view(), "printer.local");
  ASSERT_EQ(response->addresses, 1);
  EXPECT_EQ(response.address(0), "169.254.1.2");
}

TEST(DnsTest, OtherOperationsAreNotRead) {
  EXPECT_EQ(Parsed(join({header(0x2800, 1, 0), question(name("a.test"))})).verdict, Verdict::kOther);  // Update.
}

TEST(DnsTest, EveryBeginningOfAQueryIsShort) {
  const Octets whole = join({header(kQuery, 1, 0), question(name("a.test"))});
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    EXPECT_EQ(Parsed({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(bytes)}).verdict, Verdict::kShort);
  }
}

TEST(DnsTest, ResponseAnswersTheQueryWithItsIdAndQuestion) {
  const Parsed query(join({header(kQuery, 1, 0), question(name("a.test"))}));
  const Parsed response(join({header(kResponse, 1, 0), question(name("A.Test"))}));
  const Parsed other(join({header(kResponse, 1, 0), question(name("b.test"))}));
  EXPECT_TRUE(query->answered_by(*response.message));
  EXPECT_FALSE(query->answered_by(*other.message));
  EXPECT_FALSE(response->answered_by(*response.message));
}

TEST(DnsTest, TakesMessagesOffATcpStream) {
  const Octets octets = hex("0002 aabb 0000 0003 ccdd");
  Bytes stream = octets;
  EXPECT_EQ(next_dns_of_stream(stream)->size(), 2U);
  EXPECT_EQ(next_dns_of_stream(stream)->size(), 0U);
  EXPECT_FALSE(next_dns_of_stream(stream));
  EXPECT_EQ(stream.size(), 4U);
}

}  // namespace
}  // namespace ipm::decode
