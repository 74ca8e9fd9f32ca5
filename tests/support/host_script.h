// The script of a host for tests of what is normal and what is not: what a Disguise changes must not matter.
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "source/drill/host_script.h"
#include "source/text_emitter.h"

namespace ipm::test {

using source::kDay;
using source::kScriptBegin;
using source::Persona;

// Other names, other addresses in the same relations, other pids, whole weeks later.
struct Disguise {
  bool on = false;
  TimeNs shift_ns = 0;

  std::string program(std::string_view name) const {
    return on ? "x" + std::string(name.rbegin(), name.rend()) : std::string(name);
  }
  std::string path(std::string_view exe) const {
    const std::size_t slash = exe.rfind('/');
    return std::string(exe.substr(0, slash + 1)) + program(exe.substr(slash + 1));
  }
  std::uint32_t pid(std::uint32_t pid) const { return on ? 90'000 - pid * 3 : pid; }
  // Keeps prefixes and private ranges: addresses that share n whole octets share n after it.
  model::IpAddress address(model::IpAddress address) const {
    if (!on) return address;
    if (!address.is_v4()) {
      std::uint8_t before = 5;
      for (std::size_t i = 4; i < 16; ++i) {
        const std::uint8_t octet = address.bytes[i];
        address.bytes[i] = static_cast<std::uint8_t>(octet ^ (before * 29 + 77));
        before = static_cast<std::uint8_t>(before * 31 + octet);
      }
      return address;
    }
    const bool inside = address.bytes[12] == 10;
    std::uint8_t before = inside ? 3 : 0;
    for (std::size_t i = inside ? 13 : 12; i < 16; ++i) {
      const std::uint8_t octet = address.bytes[i];
      // Public first octets stay below 100 and clear of 10.
      address.bytes[i] =
          i == 12 ? static_cast<std::uint8_t>(20 + octet % 70) : static_cast<std::uint8_t>(octet ^ (before * 29 + 77));
      before = static_cast<std::uint8_t>(before * 31 + octet);
    }
    return address;
  }
};

// Events in another disguise. A text stands before what refers to it.
class Dresser {
 public:
  explicit Dresser(const Disguise& disguise) : disguise_(disguise) {}

  std::vector<model::Event> dress(const std::vector<model::Event>& events) {
    for (model::Event event : events) {
      event.header.time_ns += disguise_.shift_ns;
      if (!event.header.process.empty()) event.header.process = {disguise_.pid(event.header.process.pid()), 0};
      if (event.header.kind == model::EventKind::kText) {
        const auto text = event.as<model::Text>();
        if (text.part == 0) begin_of_text_[text.id] = out_.size();
      } else if (event.header.kind == model::EventKind::kProcessStart) {
        dress_process(event);
      } else if (event.header.kind == model::EventKind::kClockAnchor) {
        auto anchor = event.as<model::ClockAnchor>();
        anchor.boottime_ns += disguise_.shift_ns;
        anchor.realtime_ns += disguise_.shift_ns;
        event.set(anchor);
      } else if (event.header.kind != model::EventKind::kDrillMark &&
                 event.header.kind != model::EventKind::kOperatorRule) {
        auto tuple = event.as<model::FlowTuple>();  // Every other payload of a script begins with one.
        tuple.local = disguise_.address(tuple.local);
        if (!tuple.remote.is_unspecified()) tuple.remote = disguise_.address(tuple.remote);
        std::memcpy(event.payload, &tuple, sizeof tuple);  // What stands behind it stays.
      }
      out_.push_back(event);
    }
    return std::move(out_);
  }

 private:
  void dress_process(model::Event& event) {
    auto process = event.as<model::Process>();
    const std::string name = disguise_.program({process.comm, strnlen(process.comm, sizeof process.comm)});
    std::memset(process.comm, 0, sizeof process.comm);
    name.copy(process.comm, sizeof process.comm - 1);
    event.set(process);
    // The later text first: rewriting one may move what stands behind it.
    if (process.ancestors != 0) rewrite(process.ancestors, [&](std::string_view t) { return disguise_.program(t); });
    rewrite(process.exe, [&](std::string_view t) { return disguise_.path(t); });
  }
  template <typename Change>
  void rewrite(std::uint32_t id, Change change) {
    const auto begin = out_.begin() + static_cast<std::ptrdiff_t>(begin_of_text_.at(id));
    const TimeNs time = begin->header.time_ns;
    std::string content;
    auto end = begin;
    for (; end != out_.end() && end->header.kind == model::EventKind::kText && end->as<model::Text>().id == id; ++end) {
      const auto part = end->as<model::Text>();
      content.append(part.bytes, part.bytes_here);
    }
    content = change(content);
    const auto at = out_.erase(begin, end);
    std::vector<model::Event> parts;
    for (std::uint32_t part = 0; part < source::text_parts(content); ++part)
      parts.push_back(source::text_event(time, id, content, part));
    out_.insert(at, parts.begin(), parts.end());
  }

  const Disguise disguise_;
  std::vector<model::Event> out_;
  std::unordered_map<std::uint32_t, std::size_t> begin_of_text_;
};

class HostScript : public source::HostScript {
 public:
  explicit HostScript(Disguise disguise = {}) : disguise_(disguise) {}

  // A connection of which many segments had to be sent again.
  void repeat(TimeNs at, const Persona& who, std::string_view remote, std::uint16_t port, std::uint64_t tx,
              std::uint64_t rx, std::uint32_t segments) {
    const model::FlowTuple t = begin(at, who, remote, port, model::kProtocolTcp);
    add(at + kSecond, model::EventKind::kRetransmit, key(who), model::SocketCount{.tuple = t, .count = segments});
    move(at + 2 * kSecond, who, t, tx, rx, -1);
    end(at + 2 * kSecond, who, t);
  }

  std::vector<model::Event> events() {
    const std::vector<model::Event>& plain = source::HostScript::events();
    return disguise_.on || disguise_.shift_ns != 0 ? Dresser(disguise_).dress(plain) : plain;
  }

 private:
  const Disguise disguise_;
};

}  // namespace ipm::test
