// What was looked up outside about remote ends: where they are, and which lists have them.
#include <algorithm>

#include "core/engine_watch.h"

namespace ipm::core {

using model::Event;

void Engine::note_geo(const Event& event) {
  const auto geo = event.as<model::Geo>();
  const std::uint32_t endpoint = ensure_endpoint(geo.address, 0, event.header.time_ns);
  if (endpoint == 0) return;
  EndpointRow& row = endpoints_.edit(endpoint - 1);
  const auto is_letter = [](char c) { return c >= 'A' && c <= 'Z'; };
  row.place = {.country = {}, .asn = geo.asn};
  if (is_letter(geo.country[0]) && is_letter(geo.country[1])) {
    row.place.country[0] = geo.country[0];
    row.place.country[1] = geo.country[1];
  }
  texts_.release(row.as_name);
  row.as_name = texts_.of_source(event.header.source, geo.as_name);
}

std::uint32_t Engine::keep_hit(const model::IntelHit& hit, std::uint16_t source) {
  model::Listing listing{
      .listed_unix_ns = std::clamp<TimeNs>(hit.listed_unix_ns, 0, kTimeMaxNs),
      .indicator = texts_.of_source(source, hit.indicator),
      .feed = texts_.of_source(source, hit.feed),
      .description = texts_.of_source(source, hit.description),
      .as = hit.listed_as <= model::ListedAs::kFingerprint ? hit.listed_as : model::ListedAs::kAddress,
      .of_url = hit.of_url != 0};
  if (listing.indicator != 0) return hits_.note(listing, now_);
  texts_.release(listing.feed);
  texts_.release(listing.description);
  return 0;
}

void Engine::mark_endpoint(const model::FlowTuple& tuple, std::uint32_t hit, TimeNs time) {
  const std::uint32_t endpoint = ensure_endpoint(tuple.remote, tuple.netns, time);
  if (endpoint == 0) return;
  EndpointRow& row = endpoints_.edit(endpoint - 1);
  hits_.retain(hit);
  hits_.release(row.hit);
  row.hit = hit;
}

void Engine::note_hit(const Event& event, std::uint64_t flow_hash) {
  const auto hit = event.as<model::IntelHit>();
  const std::uint16_t source = event.header.source;
  const std::uint32_t kept = keep_hit(hit, source);
  if (hit.subject == 0) {
    mark_endpoint(hit.tuple, kept, event.header.time_ns);
  } else if (const std::uint32_t text = texts_.peek_source(source, hit.subject); text != 0) {
    hits_.retain(kept);
    texts_.mark(text, kept);
  }
  if (kept == 0) return;
  const std::uint32_t flow = flow_of(event, hit.tuple, flow_hash);
  if (flow != kNoSlot) tell_listed(flow, event.header.time_ns);
}

// The address before its names: what is listed by number is meant whatever it is called.
const model::Listing* Engine::listing_of(const FlowRow& flow) const {
  if (hits_.empty()) return nullptr;
  if (flow.endpoint != 0) {
    if (const std::uint32_t hit = endpoints_.at(flow.endpoint - 1).hit; hit != 0) return &hits_.at(hit);
  }
  if (flow.names == 0) return nullptr;
  const FlowNamesRow& names = names_.flows().at(flow.names - 1);
  // A client that calls here names this host.
  const std::uint32_t sni = flow.tuple.direction == model::Direction::kIn ? 0 : names.sni;
  for (const std::uint32_t text : {sni, names.dns, names.ja4}) {
    if (const std::uint32_t hit = texts_.mark_of(text); hit != 0) return &hits_.at(hit);
  }
  return nullptr;
}

void Engine::tell_listed(std::uint32_t flow, TimeNs time) {
  const model::Listing* listing = watch_ == nullptr ? nullptr : listing_of(flows_.at(flow));
  if (listing == nullptr || !flows_.at(flow).open()) return;
  tell(flow,
       [&](model::BehaviourSink& watch, const model::FlowFacts& facts) { watch.listed(facts, *listing, false, time); });
}

}  // namespace ipm::core
