// Whether bytes_received counts a FIN: each kind of evidence, and its limits.
#include "source/sock_diag/payload.h"

#include <gtest/gtest.h>

namespace ipm::source::sock_diag {
namespace {

using model::TcpState;

os::TcpCounters counters(std::uint64_t sent, std::uint64_t acked, std::uint64_t received) {
  os::TcpCounters out;
  out.has_bytes_sent = true;
  out.bytes_sent = sent;
  out.bytes_acked = acked;
  out.bytes_received = received;
  out.segs_in = out.segs_out = 9;
  return out;
}

TEST(PayloadTest, RetransmittedBytesCountOnce) {
  os::TcpCounters tcp = counters(620'000, 600'002, 0);
  tcp.bytes_retrans = 20'000;
  EXPECT_EQ(unique_sent(tcp), 600'000U);
}

TEST(PayloadTest, FinIsTakenOffWhatWasReceived) {
  EXPECT_EQ(payload_of(counters(1, 2, 101), true).rx_bytes, 100U);
  EXPECT_EQ(payload_of(counters(1, 2, 101), false).rx_bytes, 101U);
  EXPECT_EQ(payload_of(counters(1, 2, 0), true).rx_bytes, 0U);
}

TEST(PayloadTest, LastDumpedStateDecidesFirst) {
  for (const TcpState state : {TcpState::kCloseWait, TcpState::kLastAck, TcpState::kClosing}) {
    EXPECT_EQ(fin_received_by({.last_state = state, .peer_sent = 101}, counters(1, 2, 101)), true);
  }
}

TEST(PayloadTest, OtherEndDecidesWhenItDiffersByAByteOrNone) {
  EXPECT_EQ(fin_received_by({.peer_sent = 100}, counters(1, 2, 101)), true);
  EXPECT_EQ(fin_received_by({.peer_sent = 101}, counters(1, 2, 101)), false);
  EXPECT_EQ(fin_received_by({.peer_sent = 99}, counters(1, 2, 101)), std::nullopt);
  EXPECT_EQ(fin_received_by({.peer_sent = 102}, counters(1, 2, 101)), std::nullopt);
}

TEST(PayloadTest, MiniSocketInFinWait2StillWaitsForTheFin) {
  EXPECT_EQ(fin_received_given({}, counters(1, 3, 101), Remains::kFinWait2), false);
}

TEST(PayloadTest, TimeWaitIsUndecidedUnlessTheSocketWasHalfClosed) {
  EXPECT_EQ(fin_received_given({}, counters(1, 3, 101), Remains::kTimeWait), std::nullopt);
  const FinEvidence half_closed{.last_state = TcpState::kFinWait2, .last_had_file = true};
  EXPECT_EQ(fin_received_given(half_closed, counters(1, 3, 101), Remains::kTimeWait), true);
}

TEST(PayloadTest, AcknowledgedFinTellsAnOrderlyEndFromAReset) {
  const FinEvidence accepted{.role = Role::kAccepted}, connected{.role = Role::kConnected};
  // Accepted side: bytes_acked counts payload and FIN.
  EXPECT_EQ(fin_received_given(accepted, counters(500, 501, 101), Remains::kNothing), true);
  EXPECT_EQ(fin_received_given(accepted, counters(500, 500, 101), Remains::kNothing), false);
  // Connecting side: its SYN as well.
  EXPECT_EQ(fin_received_given(connected, counters(500, 502, 101), Remains::kNothing), true);
  EXPECT_EQ(fin_received_given(connected, counters(500, 501, 101), Remains::kNothing), false);
}

TEST(PayloadTest, OneByteBeyondThePayloadOfAnUnknownSideIsItsSynOrItsFin) {
  EXPECT_EQ(fin_received_given({}, counters(500, 500, 101), Remains::kNothing), false);
  EXPECT_EQ(fin_received_given({}, counters(500, 501, 101), Remains::kNothing), std::nullopt);
  EXPECT_EQ(fin_received_given({}, counters(500, 502, 101), Remains::kNothing), true);
}

}  // namespace
}  // namespace ipm::source::sock_diag
