// The ledger: for each byte layer and direction, attributed + unattributed + evicted + known_lost = seen; and for each
// network namespace what its interfaces counted against what the flows in it explain.
#include "query/tables/fields.h"
#include "query/tables/tables.h"

namespace ipm::query {
namespace {

using S = Snapshot;
using T = std::string;

// Headers of a packet where nothing better is known: Ethernet 14, IPv4 20, TCP with timestamps 32.
constexpr std::uint64_t kHeaderBytes = 66;

struct Line {
  bool interface_line = false;
  model::ByteLayer layer = model::ByteLayer::kNone;
  bool sent = false;
  core::LedgerLine bytes = {};
  std::uint32_t netns = 0;
  std::uint64_t octets = 0;   // Of interfaces.
  std::uint64_t payload = 0;  // Of flows, not loopback.
  std::uint64_t headers = 0;  // Estimate.

  std::uint64_t pick(const core::Traffic& traffic) const { return sent ? traffic.tx : traffic.rx; }
};

Value bytes_cell(const Line& line, std::uint64_t value) {
  return if_measured(!line.interface_line, value);
}
Value interface_cell(const Line& line, std::uint64_t value) {
  return if_measured(line.interface_line, value);
}

constexpr Field<Line> kFields[] = {
    {{"line", kText, "", "", "", "bytes: conservation in a layer; interface: octets of a namespace against its flows.",
      true},
     [](const S&, const Line& l, T&) { return Value::of_text(l.interface_line ? "interface" : "bytes"); }},
    {{"layer", kText, "", "", "", "Byte layer.", true},
     [](const S&, const Line& l, T&) { return text_or_null(model::byte_layer_name(l.layer)); }},
    {{"direction", kText, "", "", "", "tx or rx.", true},
     [](const S&, const Line& l, T&) { return Value::of_text(l.sent ? "tx" : "rx"); }},
    {{"netns", kInt, "", "", "line is bytes", "Network namespace."},
     [](const S&, const Line& l, T&) { return interface_cell(l, l.netns); }},
    {{"seen", kInt, "bytes", "row", "line is interface", "Came in, or is known to be lost."},
     [](const S&, const Line& l, T&) { return bytes_cell(l, l.pick(l.bytes.seen)); }},
    {{"attributed", kInt, "bytes", "row", "line is interface", "In the rows of processes."},
     [](const S&, const Line& l, T&) { return bytes_cell(l, l.pick(l.bytes.attributed)); }},
    {{"unattributed", kInt, "bytes", "row", "line is interface", "In flows whose owner is not known."},
     [](const S&, const Line& l, T&) { return bytes_cell(l, l.pick(l.bytes.unattributed)); }},
    {{"candidate", kInt, "bytes", "row", "line is interface",
      "The part of unattributed over sockets that several processes held."},
     [](const S&, const Line& l, T&) { return bytes_cell(l, l.pick(l.bytes.candidate)); }},
    {{"evicted", kInt, "bytes", "row", "line is interface", "In rows that made room for others."},
     [](const S&, const Line& l, T&) { return bytes_cell(l, l.pick(l.bytes.evicted)); }},
    {{"known_lost", kInt, "bytes", "row", "line is interface", "In lost events whose bytes are known."},
     [](const S&, const Line& l, T&) { return bytes_cell(l, l.pick(l.bytes.known_lost)); }},
    {{"balanced", kBool, "", "", "line is interface", "The parts add up to seen."},
     [](const S&, const Line& l, T&) {
       return l.interface_line ? Value::null() : Value::of(l.bytes.balanced() ? 1 : 0);
     }},
    {{"octets", kInt, "bytes", "wire", "line is bytes",
      "Counted by the interfaces of the namespace, without loopback."},
     [](const S&, const Line& l, T&) { return interface_cell(l, l.octets); }},
    {{"payload", kInt, "bytes", "", "line is bytes", "Of flows in the namespace, without loopback."},
     [](const S&, const Line& l, T&) { return interface_cell(l, l.payload); }},
    {{"headers", kInt, "bytes", "", "line is bytes",
      "Estimate of their headers, 66 bytes for each packet that was counted."},
     [](const S&, const Line& l, T&) { return interface_cell(l, l.headers); }},
    {{"gap", kInt, "bytes", "", "line is bytes",
      "octets - payload - headers: what no flow explains (UDP by sock_diag, other protocols, what came between two "
      "looks)."},
     [](const S&, const Line& l, T&) {
       return l.interface_line ? Value::of(static_cast<std::int64_t>(l.octets - l.payload - l.headers)) : Value::null();
     }},
    {{"lost_events", kInt, "events", "", "line is interface", "Known to be lost, over all layers."},
     [](const S& s, const Line& l, T&) { return bytes_cell(l, s.engine.ledger.lost_events); }},
    {{"losses", kInt, "", "", "line is interface", "How often something was lost."},
     [](const S& s, const Line& l, T&) { return bytes_cell(l, s.engine.ledger.losses); }},
};
constexpr auto kColumns = columns_of(kFields);

// Layers that saw nothing have no line. Reads pages, so it is made between begin_read() and end_read().
std::vector<Line> make_lines(const S& s) {
  std::vector<Line> lines;
  for (std::uint32_t i = 1; i < model::kByteLayers; ++i) {
    const core::LedgerLine& bytes = s.engine.ledger.by_layer[i];
    if (bytes.seen == core::Traffic{}) continue;
    for (bool sent : {true, false})
      lines.push_back({.layer = static_cast<model::ByteLayer>(i), .sent = sent, .bytes = bytes});
  }
  constexpr std::uint32_t kIffLoopback = 8;
  for (std::uint32_t slot = 0; slot < s.engine.namespaces.slots(); ++slot) {
    const core::NamespaceRow& space = s.engine.namespaces.at(slot);
    if (!space.used) continue;
    core::Traffic octets;
    bool any = false;
    for (std::uint32_t i = 0; i < s.engine.interfaces.slots(); ++i) {
      const core::InterfaceRow& row = s.engine.interfaces.at(i);
      if (!row.used || row.last.netns != space.netns || (row.last.flags & kIffLoopback) != 0) continue;
      octets.add({row.last.tx_bytes - row.first.tx_bytes, row.last.rx_bytes - row.first.rx_bytes});
      any = true;
    }
    if (!any) continue;
    for (bool sent : {true, false}) {
      Line line{.interface_line = true, .layer = model::ByteLayer::kWire, .sent = sent, .netns = space.netns};
      line.octets = line.pick(octets);
      line.payload = line.pick(space.payload);
      line.headers = line.pick(space.packets) * kHeaderBytes;
      lines.push_back(line);
    }
  }
  return lines;
}

class LedgerTable final : public SnapshotTable {
 public:
  explicit LedgerTable(std::shared_ptr<const Snapshot> snapshot, std::vector<Line> lines)
      : SnapshotTable(std::move(snapshot), kColumns), lines_(std::move(lines)) {}
  std::uint64_t slots() const override { return lines_.size(); }
  bool exists(std::uint64_t) const override { return true; }
  Value value(std::uint64_t slot, std::uint32_t column, std::string& scratch) const override {
    return kFields[column].read(snapshot(), lines_[slot], scratch);
  }

 private:
  const std::vector<Line> lines_;
};

}  // namespace

TableInfo ledger_table() {
  return {"ledger", kColumns, [](std::shared_ptr<const Snapshot> snapshot) -> std::shared_ptr<Table> {
            std::vector<Line> lines;
            if (snapshot->pin == nullptr || snapshot->pin->begin_read()) {
              lines = make_lines(*snapshot);
              if (snapshot->pin != nullptr) snapshot->pin->end_read();
            }
            return std::make_shared<LedgerTable>(std::move(snapshot), std::move(lines));
          }};
}

}  // namespace ipm::query
