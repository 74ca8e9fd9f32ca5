// Short ways to write what was looked up about remote ends.
#pragma once

#include <string_view>

#include "model/event.h"

namespace ipm::test {

inline model::Event geo(TimeNs time, std::string_view address, std::string_view country, std::uint32_t asn,
                        std::uint32_t as_name = 0) {
  model::Geo payload;
  payload.address = *model::IpAddress::parse(address);
  payload.asn = asn;
  payload.as_name = as_name;
  country.copy(payload.country, sizeof payload.country);
  return model::make_event(time, model::EventKind::kGeo, {}, 0, payload);
}

struct ListedTexts {  // Ids.
  std::uint32_t subject = 0;
  std::uint32_t indicator = 0;
  std::uint32_t feed = 0;
  std::uint32_t description = 0;
  TimeNs listed_unix_ns = 0;
  bool of_url = false;
  model::ListedAs as = model::ListedAs::kAddress;
};

inline model::Event listed(TimeNs time, std::uint64_t cookie, const model::FlowTuple& t, const ListedTexts& texts) {
  model::IntelHit payload;
  payload.tuple = t;
  payload.listed_as = texts.as;
  payload.of_url = texts.of_url ? 1 : 0;
  payload.listed_unix_ns = texts.listed_unix_ns;
  payload.subject = texts.subject;
  payload.indicator = texts.indicator;
  payload.feed = texts.feed;
  payload.description = texts.description;
  return model::make_event(time, model::EventKind::kIntelHit, {}, cookie, payload);
}

}  // namespace ipm::test
