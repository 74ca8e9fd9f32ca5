// Drives a source through a lane and adds up what its events say.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "model/event.h"
#include "os/linux/clock.h"
#include "source/source.h"

namespace ipm::test {

// All that was told of one socket.
struct SocketStory {
  std::vector<model::Event> opens, owners, closes;
  model::FlowTuple tuple = {};
  std::uint64_t tx_bytes = 0, rx_bytes = 0;              // With what was there at first sight.
  std::uint64_t first_tx_bytes = 0, first_rx_bytes = 0;  // Flagged kEventFirstSight.
  int data_events = 0;
  model::ProcessKey process = {};  // By the last data or owner event; to it belongs what was nobody's before.

  bool closed() const { return !closes.empty(); }
};

class SourceRun {
 public:
  explicit SourceRun(std::unique_ptr<source::Source> source, std::uint32_t lane_events = 1U << 16)
      : source_(std::move(source)), lane_(lane_events), writer_(lane_) {}

  Status open(const std::string& uri) {
    Result<source::SourceUri> parsed = source::parse_source_uri(uri);
    if (!parsed.ok()) return parsed.status();
    source::SourceOptions options;
    options.uri = *parsed;
    return source_->open(options);
  }
  // Polls until `done` or for `seconds`. True: done.
  bool until(const std::function<bool()>& done, double seconds = 10) {
    const TimeNs end = os::monotonic_ns() + static_cast<TimeNs>(seconds * 1e9);
    while (true) {
      (void)step(std::chrono::milliseconds(20));
      if (done()) return true;
      if (os::monotonic_ns() > end) return false;
    }
  }
  void run_for(double seconds) {
    until([] { return false; }, seconds);
  }
  Status step(std::chrono::nanoseconds timeout) {
    Status status = source_->poll(writer_, timeout);
    model::Event batch[256];
    while (const std::uint64_t count = lane_.pop(batch)) {
      for (std::uint64_t i = 0; i < count; ++i) take(batch[i]);
    }
    return status;
  }

  // Stories of TCP sockets with that local port, and remote port unless 0.
  std::vector<const SocketStory*> stories(std::uint16_t local_port, std::uint16_t remote_port = 0) const {
    std::vector<const SocketStory*> out;
    for (const auto& [cookie, story] : sockets) {
      if (local_port != 0 && story.tuple.local_port != local_port) continue;
      if (remote_port != 0 && story.tuple.remote_port != remote_port) continue;
      out.push_back(&story);
    }
    return out;
  }
  const SocketStory* story(std::uint16_t local_port, std::uint16_t remote_port) const {
    const auto found = stories(local_port, remote_port);
    return found.size() == 1 ? found[0] : nullptr;
  }
  std::uint64_t count(model::EventKind kind) const {
    const auto found = kinds.find(kind);
    return found == kinds.end() ? 0 : found->second;
  }
  source::Source& source() { return *source_; }
  ring::Writer& writer() { return writer_; }

  std::map<std::uint64_t, SocketStory> sockets;  // By cookie.
  std::map<model::EventKind, std::uint64_t> kinds;
  std::map<std::uint64_t, model::Process> processes;  // By reference; from the last start or exec.
  std::map<std::uint64_t, int> exits;
  std::vector<model::Event> others;  // Interfaces, host counters, losses, samples.

 private:
  void take(const model::Event& event) {
    using model::EventKind;
    ++kinds[event.header.kind];
    switch (event.header.kind) {
      case EventKind::kProcessStart:
      case EventKind::kProcessExec:
        processes[event.header.process.ref()] = event.as<model::Process>();
        return;
      case EventKind::kProcessExit:
        exits[event.header.process.ref()] = event.as<model::ProcessExit>().exit_code;
        return;
      case EventKind::kText:
        return;
      default:
        break;
    }
    if (!model::is_flow_event(event.header.kind)) {
      others.push_back(event);
      return;
    }
    SocketStory& story = sockets[event.header.flow];
    story.tuple = event.as<model::FlowTuple>();
    if (event.header.kind == EventKind::kSocketOpen) story.opens.push_back(event);
    if (event.header.kind == EventKind::kSocketOwner) {
      story.owners.push_back(event);
      const auto found = event.as<model::SocketOwner>();
      if (found.holders == 1) story.process = model::ProcessKey::from_ref(found.owners[0]);
    }
    if (event.header.kind == EventKind::kSocketClose) story.closes.push_back(event);
    if (event.header.kind != EventKind::kSocketData) return;
    const auto data = event.as<model::SocketData>();
    ++story.data_events;
    story.process = event.header.process;
    story.tx_bytes += data.tx_bytes;
    story.rx_bytes += data.rx_bytes;
    if ((event.header.flags & model::kEventFirstSight) != 0) {
      story.first_tx_bytes += data.tx_bytes;
      story.first_rx_bytes += data.rx_bytes;
    }
  }

  std::unique_ptr<source::Source> source_;
  ring::Lane lane_;
  ring::Writer writer_;
};

}  // namespace ipm::test
