// Days of a made-up host, written down as who did what and when, in the events that a real source would give.
#pragma once

#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include "model/event.h"

namespace ipm::source {

inline constexpr TimeNs kDay = 24 * kHour;
inline constexpr TimeNs kScriptBegin = 1'700'000'000 * kSecond;  // 2023-11-14 22:13:20 UTC.

struct Persona {
  std::string name;
  std::string exe;
  std::uint32_t pid = 0;
  std::uint32_t uid = 1000;
  std::string parents = {};
};

// Times are since the beginning. What is written may lie anywhere in time: events() brings it in order.
class HostScript {
 public:
  HostScript();

  // `again`: the file behind the program is another one than at its last start.
  void start(TimeNs at, const Persona& who, bool again = false);
  // A connection that comes and goes. The entropy is of what was sent, in bits per byte; negative: not measured.
  void connect(TimeNs at, const Persona& who, std::string_view remote, std::uint16_t port, std::uint64_t tx,
               std::uint64_t rx, TimeNs lasts = kSecond, double entropy = -1,
               std::uint8_t protocol = model::kProtocolTcp);
  void serve(TimeNs at, const Persona& who, std::string_view remote, std::uint16_t port, std::uint64_t tx,
             std::uint64_t rx, double entropy = -1);
  // One connection with `records` of these sizes, one every `every`.
  void stream(TimeNs at, const Persona& who, std::string_view remote, std::uint16_t port, TimeNs every, int records,
              std::uint64_t tx, std::uint64_t rx);
  void fail(TimeNs at, const Persona& who, std::string_view remote, std::uint16_t port, int error = ECONNREFUSED);
  void reset(TimeNs at, const Persona& who, std::string_view remote, std::uint16_t port);
  void round_trip(TimeNs at, const Persona& who, std::string_view remote, std::uint16_t port, std::uint32_t srtt_us);
  void listen(TimeNs at, const Persona& who, std::uint16_t port);
  void ask(TimeNs at, const Persona& who, std::string_view name, std::uint16_t type = 1);
  // A list of threat intelligence has the address since `listed` before `at`.
  void warn(TimeNs at, std::string_view remote, std::string_view feed, TimeNs listed);
  // What an operator says: alert/rule.h.
  void say(TimeNs at, std::string_view line);
  void mark_drill(TimeNs at, bool begins, std::uint32_t id);

  // In the order of time; events of one time stay as they were written.
  const std::vector<model::Event>& events();
  // Takes out what lies before `until`, in order.
  std::vector<model::Event> take_before(TimeNs until);

 protected:
  static model::ProcessKey key(const Persona& who) { return {who.pid, 0}; }
  model::FlowTuple tuple(std::string_view remote, std::uint16_t port) const;
  model::FlowTuple begin(TimeNs at, const Persona& who, std::string_view remote, std::uint16_t port,
                         std::uint8_t protocol, model::TcpState state = model::TcpState::kEstablished);
  void open(TimeNs at, const Persona& who, const model::FlowTuple& t, model::OpenHow how,
            model::TcpState state = model::TcpState::kEstablished);
  void move(TimeNs at, const Persona& who, const model::FlowTuple& t, std::uint64_t tx, std::uint64_t rx,
            double entropy);
  void end(TimeNs at, const Persona& who, const model::FlowTuple& t,
           model::CloseReason reason = model::CloseReason::kOrderly);
  std::uint32_t text(TimeNs at, std::string_view content);
  template <typename T>
  void add(TimeNs at, model::EventKind kind, model::ProcessKey process, const T& payload) {
    events_.push_back(model::make_event(kScriptBegin + at, kind, process, 0, payload));
  }

 private:
  std::vector<model::Event> events_;
  std::uint32_t next_port_ = 0;
  std::uint32_t next_text_ = 0;
  std::uint64_t next_inode_ = 100;
};

}  // namespace ipm::source
