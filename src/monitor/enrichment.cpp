#include "monitor/enrichment.h"

#include <algorithm>

#include "source/text_emitter.h"

namespace ipm::monitor {

using enrich::Hit;
using model::Event;
using model::EventKind;
using model::ListedAs;

namespace {

model::FlowTuple tuple_of(const Event& event) {
  model::FlowTuple tuple;
  std::memcpy(static_cast<void*>(&tuple), event.payload, sizeof tuple);
  return tuple;
}

bool same(const core::EndpointRow& row, const enrich::Geo& geo) {
  return row.place.asn == geo.asn && row.place.country[0] == geo.country[0] && row.place.country[1] == geo.country[1];
}

}  // namespace

Enrichment::Enrichment(std::unique_ptr<LookupFiles> files, std::uint16_t number)
    : files_(std::move(files)), number_(number) {
  texts_.emplace_back();  // Id 0 is no text.
}

bool Enrichment::replaces(const Event& event) const {
  const Lookups& in_use = files_->lookups();
  return (event.header.kind == EventKind::kIntelHit && in_use.intel) ||
         (event.header.kind == EventKind::kGeo && (in_use.country || in_use.asn));
}

bool Enrichment::needs_texts(const Event& event) {
  return event.header.kind == EventKind::kDnsAnswer || event.header.kind == EventKind::kTlsHello;
}

void Enrichment::look_up(const Event& event, const core::Engine& engine, std::vector<Event>& events) {
  Out out{events, event.header.time_ns};
  if (event.header.kind == EventKind::kGeo) {  // Said by another: it makes a row all the same.
    model::FlowTuple tuple;
    tuple.remote = event.as<model::Geo>().address;
    return look_up_address(tuple, engine, out);
  }
  if (!model::is_flow_event(event.header.kind)) return;
  if (event.header.kind == EventKind::kDnsAnswer) {
    look_up_text(event, event.as<model::DnsAnswer>().name, ListedAs::kName, engine, out);
    return;  // Who answers is looked up with its own flow.
  }
  look_up_address(tuple_of(event), engine, out);
  if (event.header.kind != EventKind::kTlsHello) return;
  const auto hello = event.as<model::TlsHello>();
  if (tuple_of(event).direction != model::Direction::kIn) {
    look_up_text(event, hello.sni, ListedAs::kName, engine, out);
  }
  look_up_text(event, hello.ja4, ListedAs::kFingerprint, engine, out);
}

void Enrichment::look_up_address(const model::FlowTuple& tuple, const core::Engine& engine, Out& out) {
  const model::IpAddress& address = tuple.remote;
  if (address.is_unspecified() || address.scope() < model::Scope::kInternal) return;
  if (engine.endpoints().find(address) != kNoSlot) return;
  if (std::find(looked_.begin(), looked_.end(), address) != looked_.end()) return;
  looked_.push_back(address);
  if (const enrich::Geo geo = find_geo(address); geo.known()) say_geo(address, geo, out);
  if (const std::optional<Hit> hit = find_address(address)) say_hit(tuple, 0, {}, ListedAs::kAddress, &*hit, out);
}

void Enrichment::look_up_text(const Event& event, std::uint32_t id, ListedAs as, const core::Engine& engine, Out& out) {
  if (!files_->lookups().intel) return;
  const core::TextTable& texts = engine.texts();
  const std::uint32_t text = texts.peek_source(event.header.source, id);
  if (text == 0) return;
  const std::string_view subject = texts.view(text);
  const std::optional<Hit> hit = find_text(subject, as);
  if (hit.has_value() == (texts.mark_of(text) != 0)) return;  // The engine knows.
  say_hit(tuple_of(event), event.header.flow, subject, as, hit ? &*hit : nullptr, out);
}

// Among themselves networks use the same addresses: there only an address that is listed by itself is meant.
std::optional<Hit> Enrichment::find_address(const model::IpAddress& address) {
  if (!files_->lookups().intel) return std::nullopt;
  std::optional<Hit> hit = files_->lookups().intel->index.find(address);
  const bool meant = hit && (hit->prefix == 128 || address.scope() == model::Scope::kExternal);
  count(meant);
  return meant ? hit : std::nullopt;
}

std::optional<Hit> Enrichment::find_text(std::string_view text, ListedAs as) {
  const enrich::IntelIndex& index = files_->lookups().intel->index;
  const std::optional<Hit> hit = as == ListedAs::kFingerprint ? index.find_ja4(text) : index.find_domain(text);
  count(hit.has_value());
  return hit;
}

enrich::Geo Enrichment::find_geo(const model::IpAddress& address) {
  enrich::Geo geo;
  if (address.scope() != model::Scope::kExternal) return geo;
  for (const enrich::GeoDatabase* database : {files_->lookups().country.get(), files_->lookups().asn.get()}) {
    if (database == nullptr) continue;
    const Status status = database->look_up(address, geo);
    if (status.is_error()) {
      ++counters_.asked, ++counters_.failed;
      failure_ = status.message();
    } else {
      count(geo.known());
    }
  }
  return geo;
}

// --- saying it ---

void Enrichment::say(Event event, Out& out) {
  if (!std::exchange(named_, true)) {
    model::SourceInfo info;
    info.number = number_;
    std::string_view("enrich").copy(info.name, sizeof info.name - 1);
    say(model::make_event(out.time_ns, EventKind::kSourceInfo, {}, 0, info), out);
  }
  event.header.source = number_;
  out.events.push_back(event);
}

std::uint32_t Enrichment::say_text(std::string_view text, Out& out) {
  if (text.empty()) return 0;
  const std::string key(text);
  if (const auto known = text_ids_.find(key); known != text_ids_.end()) return known->second;
  std::uint32_t id = 0;
  if (texts_.size() <= kTextsMax) {
    id = static_cast<std::uint32_t>(texts_.size());
    texts_.push_back(key);
  } else {
    id = next_text_ % kTextsMax + 1;  // The one that was said first gives its id.
    ++next_text_;
    text_ids_.erase(texts_[id]);
    texts_[id] = key;
  }
  text_ids_[key] = id;
  for (std::uint32_t part = 0; part < source::text_parts(text); ++part) {
    say(source::text_event(out.time_ns, id, text, part), out);
  }
  return id;
}

void Enrichment::say_geo(const model::IpAddress& address, const enrich::Geo& geo, Out& out) {
  model::Geo payload;
  payload.address = address;
  payload.asn = geo.asn;
  payload.as_name = say_text(geo.as_name, out);
  std::copy(std::begin(geo.country), std::end(geo.country), payload.country);
  say(model::make_event(out.time_ns, EventKind::kGeo, {}, 0, payload), out);
}

void Enrichment::say_hit(const model::FlowTuple& tuple, std::uint64_t flow, std::string_view subject, ListedAs as,
                         const Hit* hit, Out& out) {
  model::IntelHit payload;
  payload.tuple = tuple;
  payload.listed_as = as;
  payload.subject = say_text(subject, out);
  if (hit != nullptr) {
    payload.of_url = hit->of_url ? 1 : 0;
    payload.listed_unix_ns = hit->listed_s * kSecond;
    payload.indicator = say_text(hit->indicator(), out);
    payload.feed = say_text(files_->lookups().intel->feeds[hit->feed].name, out);
    payload.description = say_text(hit->description, out);
  }
  say(model::make_event(out.time_ns, EventKind::kIntelHit, {}, flow, payload), out);
}

// --- reloads ---

void Enrichment::refresh(TimeNs monotonic_ns, TimeNs realtime_ns, const core::Engine* engine, std::vector<Event>& out) {
  if (files_->refresh(monotonic_ns, realtime_ns)) {
    sweeping_ = true;
    endpoint_at_ = flow_at_ = 0;
  }
  if (sweeping_ && engine != nullptr) sweep(*engine, out);
}

void Enrichment::sweep(const core::Engine& engine, std::vector<Event>& events) {
  Out out{events, engine.now()};
  std::uint32_t left = kRowsPerStep;
  const core::EndpointTable& endpoints = engine.endpoints();
  for (; left != 0 && endpoint_at_ < endpoints.rows().slots(); ++endpoint_at_, --left) {
    if (endpoints.at(endpoint_at_).used) look_again(endpoints.at(endpoint_at_), out);
  }
  const core::FlowTable& flows = engine.flows();
  for (; left != 0 && flow_at_ < flows.rows().slots(); ++flow_at_, --left) {
    if (flows.at(flow_at_).used && flows.at(flow_at_).open()) look_again(flows.at(flow_at_), engine, out);
  }
  sweeping_ = left == 0;
}

void Enrichment::look_again(const core::EndpointRow& row, Out& out) {
  if (row.address.scope() < model::Scope::kInternal) return;
  if (files_->lookups().country || files_->lookups().asn) {
    if (const enrich::Geo geo = find_geo(row.address); !same(row, geo)) say_geo(row.address, geo, out);
  }
  if (!files_->lookups().intel) return;
  model::FlowTuple tuple;
  tuple.remote = row.address;
  const std::optional<Hit> hit = find_address(row.address);
  if (hit || row.hit != 0) say_hit(tuple, 0, {}, ListedAs::kAddress, hit ? &*hit : nullptr, out);
}

// Whoever watches behaviour hears of flows, not of addresses.
void Enrichment::look_again(const core::FlowRow& row, const core::Engine& engine, Out& out) {
  if (!files_->lookups().intel || row.tuple.remote.scope() < model::Scope::kInternal) return;
  if (const std::optional<Hit> hit = find_address(row.tuple.remote)) {
    say_hit(row.tuple, row.cookie, {}, ListedAs::kAddress, &*hit, out);
  }
  if (row.names == 0) return;
  const core::FlowNamesRow& names = engine.names().flows().at(row.names - 1);
  if (row.tuple.direction != model::Direction::kIn) look_again(row, names.sni, ListedAs::kName, engine, out);
  look_again(row, names.dns, ListedAs::kName, engine, out);
  look_again(row, names.ja4, ListedAs::kFingerprint, engine, out);
}

void Enrichment::look_again(const core::FlowRow& row, std::uint32_t text, ListedAs as, const core::Engine& engine,
                            Out& out) {
  if (text == 0) return;
  const std::string_view subject = engine.texts().view(text);
  const std::optional<Hit> hit = find_text(subject, as);
  if (!hit && engine.texts().mark_of(text) == 0) return;
  say_hit(row.tuple, row.cookie, subject, as, hit ? &*hit : nullptr, out);
}

}  // namespace ipm::monitor
