#include "source/pcap/capture_view.h"

#include <algorithm>
#include <utility>

#include "os/linux/host_clock.h"

namespace ipm::source::pcap {

using decode::flow::Added;
using decode::flow::FlowRow;
using decode::flow::FlowTable;

struct CaptureView::Side final : decode::flow::FlowRowSink, decode::flow::AddedListener {
  Side(CaptureView& owner, View which, const FlowTable::Options& options)
      : view(owner), of(which), table(options, *this) {}
  // The outer view begins as what the inner one is.
  Side(CaptureView& owner, View which, const FlowTable& from) : view(owner), of(which), table(from, *this) {}

  // Those of them that are of this view.
  void add(std::span<const Waiting> waiting) {
    const View other = of == View::kOuter ? View::kInner : View::kOuter;
    std::array<decode::flow::PacketIn, FlowTable::kBatch> packets;
    std::size_t count = 0;
    for (const Waiting& each : waiting) {
      if (each.view == other) continue;
      packets[count] = {&each.packet, each.time_ns, each.wire_bytes};
      added[count++] = &each;
    }
    table.add(std::span(packets).first(count), this);
  }

  void expect(std::uint32_t slot) override {
    if (of != View::kOuter) __builtin_prefetch(view.note_at(slot), 1);
  }
  void on_added(std::size_t index, const Added& result) override {
    if (of != View::kOuter) view.follow(*added[index], result);
  }
  void take(const FlowRow& row) override {
    EndedFlow ended{.row = row, .view = view.outer_ == nullptr ? View::kBoth : of, .note = {}};
    if (of != View::kOuter) {
      ++view.evicted_;
      if (FlowNote* note = view.note_at(row.slot); note != nullptr && note->id == row.id) {
        view.release(*note);
        ended.note = std::exchange(*note, FlowNote{});
      }
    }
    view.ended_.push_back(std::move(ended));
  }

  CaptureView& view;
  const View of;
  std::array<const Waiting*, FlowTable::kBatch> added = {};
  FlowTable table;
};

HelloText::HelloText(const decode::flow::HelloFacts& hello)
    : transport_(hello.transport), at_start_(hello.at_start), ech_(hello.ech) {
  const std::array<std::string_view, 4> all = {hello.sni(), hello.alpn_list(),
                                               hello.ja3 ? hello.ja3->view() : std::string_view(),
                                               hello.ja4 ? hello.ja4->view() : std::string_view()};
  std::size_t bytes = 0;
  for (const std::string_view text : all) bytes += text.size();
  texts_.reserve(bytes);
  for (std::size_t i = 0; i < all.size(); ++i) {
    texts_ += all[i];
    ends_[i] = static_cast<std::uint16_t>(texts_.size());  // Each has a bound of its own: at most some hundreds.
  }
}

CaptureView::CaptureView(const Options& options)
    : options_(options),
      packets_(decode::FragmentTable::Options{.hash_seed = os::random_u64()}),
      inner_(std::make_unique<Side>(
          *this, View::kInner,
          FlowTable::Options{
              .flows_max = options.flows_max, .hash_seed = os::random_u64(), .measure = options.measure})) {}

CaptureView::~CaptureView() = default;

Status CaptureView::read(std::uint32_t records_max, TimeNs timeout_ns) {
  ++generation_;
  ended_.clear();
  names_.clear();
  bool waited = false;
  for (std::uint32_t i = 0; i < records_max; ++i) {
    Status status = file_.next(packet_);
    if (status.ok()) {
      packets_.take(packet_, *this);
      continue;
    }
    add_waiting();
    if (status.code() != Code::kTimeout) return status;
    if (i != 0) return Status::success();
    if (waited || timeout_ns <= 0) return status;
    waited = true;
    file_.wait(static_cast<int>(std::min<TimeNs>(timeout_ns / kMillisecond, 1'000'000)));
  }
  add_waiting();
  return Status::success();
}

Status CaptureView::begin(Status opened) {
  file_.before_move([this] { add_waiting(); });
  return opened;
}

void CaptureView::on_packet(const decode::Packet& packet, const PacketFacts& facts) {
  if (facts.view != View::kBoth && outer_ == nullptr) {
    add_waiting();
    split();
  }
  Waiting& waiting = waiting_[waiting_count_++];
  waiting.packet = packet;
  waiting.time_ns = facts.time_ns;
  waiting.wire_bytes = facts.wire_bytes;
  waiting.view = facts.view;
  waiting.tunnel = facts.tunnel;
  waiting.process = facts.process;
  // The name of a process is gone with the next packet.
  if (waiting_count_ == waiting_.size() || facts.process.known()) add_waiting();
}

void CaptureView::add_waiting() {
  const std::size_t count = std::exchange(waiting_count_, 0);
  for (Side* side : {outer_.get(), inner_.get()}) {
    if (side != nullptr) side->add(std::span(waiting_).first(count));
  }
}

void CaptureView::split() {
  outer_ = std::make_unique<Side>(*this, View::kOuter, inner_->table);
}

void CaptureView::follow(const Waiting& waiting, const Added& added) {
  const decode::Packet& packet = waiting.packet;
  FlowNote& note = note_of(added);
  if (waiting.tunnel != decode::Tunnel::kNone) note.tunnel = waiting.tunnel;
  if (note.pid == 0 && waiting.process.known()) note_process(note, waiting.process);
  if (options_.measure && !packet.payload.empty()) count_bytes(note, packet, added);
  if (!options_.names || packet.later_fragment) return;
  if (decode::flow::HelloWatch::wants(note.ticket)) look_for_hello(note, packet, added.outward);
  if (dns_.wants(packet)) dns_.add(packet, waiting.time_ns, *this);
}

void CaptureView::look_for_hello(FlowNote& note, const decode::Packet& packet, bool outward) {
  decode::flow::HelloFacts hello;
  if (!hellos_.add(note.ticket, packet, outward, hello)) return;
  note.hello = std::make_unique<HelloText>(hello);
}

void CaptureView::count_bytes(FlowNote& note, const decode::Packet& packet, const Added& added) {
  const std::size_t side = added.outward ? 0 : 1;
  if (!decode::ByteEntropy::wants(note.entropy[side])) return;
  const auto ended = entropies_.add(note.entropy[side], std::uint64_t{added.slot} * 2 + side, packet.payload);
  if (!ended) return;
  FlowNote& other = *note_at(static_cast<std::uint32_t>(ended->owner / 2));
  decode::ByteEntropy::keep(other.entropy[ended->owner % 2], ended->result);
}

void CaptureView::release(FlowNote& note) {
  hellos_.release(note.ticket);
  for (decode::EntropyTicket& ticket : note.entropy) entropies_.end(ticket);
}

FlowNote& CaptureView::note_of(const Added& added) {
  while (added.slot / kPageNotes >= notes_.size()) notes_.push_back(std::make_unique<NotePage>());
  FlowNote& note = *note_at(added.slot);
  if (added.first || note.id != added.id) {
    release(note);
    note = FlowNote{};
    note.id = added.id;
  }
  return note;
}

void CaptureView::note_process(FlowNote& note, const CapturedProcess& process) {
  note.pid = process.pid;
  if (process.name.empty()) return;
  const auto known = std::find(processes_.begin(), processes_.end(), process.name);
  if (known == processes_.end()) {
    if (processes_.size() >= kProcessNamesMax) return;
    processes_.emplace_back(process.name);
    note.process = static_cast<std::uint16_t>(processes_.size());
  } else {
    note.process = static_cast<std::uint16_t>(known - processes_.begin() + 1);
  }
}

void CaptureView::on_icmp_error(const decode::IcmpError& error, const PacketFacts&) {
  add_waiting();
  inner_->table.note_icmp_error(error.quoted);
  if (outer_ != nullptr) outer_->table.note_icmp_error(error.quoted);
}

void CaptureView::on_dns_record(const decode::DnsAnswer& answer, const decode::DnsRecord& record) {
  ++names_total_;
  names_.push_back({.time_ns = answer.time_ns,
                    .qname = std::string(record.qname),
                    .type = record.type,
                    .value = record.type == decode::kDnsTypeCname ? std::string(record.target) : record.address.text(),
                    .ttl_s = record.ttl_s,
                    .via = answer.via,
                    .asked = answer.asked});
}

std::vector<CaptureView::Place> CaptureView::places() const {
  struct Collect final : decode::flow::FlowRowSink {
    explicit Collect(std::vector<Place>& into) : out(into) {}
    void take(const FlowRow& row) override { out.push_back({view, row.slot}); }
    std::vector<Place>& out;
    View view = View::kBoth;
  };
  std::vector<Place> out;
  Collect collect(out);
  if (outer_ != nullptr) collect.view = View::kInner;
  inner_->table.write_all(collect);
  collect.view = View::kOuter;
  if (outer_ != nullptr) outer_->table.write_all(collect);
  return out;
}

FlowRow CaptureView::row(const Place& place) const {
  return (place.view == View::kOuter ? outer_ : inner_)->table.row(place.slot);
}

const FlowNote* CaptureView::note(const Place& place) const {
  return place.view == View::kOuter ? nullptr : note_at(place.slot);
}

FlowNote* CaptureView::note_at(std::uint32_t slot) const {
  const std::size_t page = slot / kPageNotes;
  return page < notes_.size() ? &(*notes_[page])[slot % kPageNotes] : nullptr;
}

std::string_view CaptureView::process_name(const FlowNote& note) const {
  return note.process == 0 ? std::string_view() : std::string_view(processes_[note.process - 1]);
}

std::optional<double> CaptureView::entropy(const FlowNote& note, bool outward) const {
  const std::optional<decode::Entropy> counted = entropies_.value(note.entropy[outward ? 0 : 1]);
  return counted ? std::optional<double>(counted->bits) : std::nullopt;
}

std::uint64_t CaptureView::flows_total() const {
  return inner_->table.counters().flows;
}

std::uint64_t CaptureView::flows_unmeasured() const {
  return inner_->table.counters().unmeasured;
}

}  // namespace ipm::source::pcap
