#include "host_traffic.h"

#include <arpa/inet.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>

#include "source/text_emitter.h"

namespace ipm::bench {

using model::Event;
using model::EventKind;

std::vector<Event> HostTraffic::process_starts(TimeNs time) const {
  std::vector<Event> events;
  for (std::uint32_t program = 0; program < size_.programs; ++program) {
    events.push_back(source::text_event(time, program + 1, "/usr/bin/program-" + std::to_string(program), 0));
  }
  for (std::uint32_t number = 0; number < size_.processes; ++number) {
    model::Process facts;
    facts.uid = 1000;
    facts.ppid = 1;
    facts.netns = 1;
    facts.exe = 1 + number % size_.programs;
    const std::string comm = "program-" + std::to_string(number % size_.programs);
    std::copy_n(comm.data(), std::min<std::size_t>(comm.size(), model::kCommBytes - 1), facts.comm);
    events.push_back(model::make_event(time, EventKind::kProcessStart, process(number), 0, facts));
  }
  return events;
}

model::FlowKey HostTraffic::key(std::uint32_t flow) const {
  model::FlowKey key;
  key.cookie = std::uint64_t{flow} + 1;
  key.tuple.local = model::IpAddress::v4(htonl(0x0a00'0001));
  key.tuple.remote = model::IpAddress::v4(htonl(0x2d00'0000 + (flow % size_.remotes) * 7));
  key.tuple.local_port = static_cast<std::uint16_t>(1'024 + flow / size_.remotes);
  key.tuple.remote_port = 443;
  key.tuple.netns = 1;
  key.tuple.protocol = model::kProtocolTcp;
  key.tuple.direction = model::Direction::kOut;
  return key;
}

std::vector<Event> HostTraffic::socket_opens(TimeNs time) const {
  std::vector<Event> events;
  events.reserve(size_.flows);
  for (std::uint32_t flow = 0; flow < size_.flows; ++flow) {
    model::SocketOpen open;
    open.tuple = key(flow).tuple;
    open.how = model::OpenHow::kConnect;
    open.state = model::TcpState::kEstablished;
    open.quality = model::Quality::kExact;
    open.rule = model::Rule::kOnlyHolder;
    open.inode = flow + 1;
    open.uid = 1000;
    events.push_back(
        model::make_event(time, EventKind::kSocketOpen, process(flow % size_.processes), key(flow).cookie, open));
  }
  return events;
}

std::vector<Event> HostTraffic::socket_data(TimeNs time) const {
  std::vector<std::uint32_t> order(size_.flows);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937(1));
  std::vector<Event> events;
  events.reserve(size_.flows);
  for (const std::uint32_t flow : order) {
    model::SocketData data;
    data.tuple = key(flow).tuple;
    data.layer = model::ByteLayer::kTcp;
    data.measured = model::SocketData::kAll;
    data.tx_bytes = 300 + flow % 1'000;
    data.rx_bytes = 1'400 + flow % 10'000;
    data.tx_packets = 2;
    data.rx_packets = 4;
    events.push_back(
        model::make_event(time, EventKind::kSocketData, process(flow % size_.processes), key(flow).cookie, data));
  }
  return events;
}

}  // namespace ipm::bench
