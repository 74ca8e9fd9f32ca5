#include "core/name_book.h"

#include <algorithm>

namespace ipm::core {

NameBook::NameBook(PageStore& store, TextTable& texts, std::uint32_t flow_names_max, std::uint32_t address_names_max,
                   std::uint64_t hash_seed, std::uint64_t& rows_refused)
    : texts_(texts),
      rows_refused_(rows_refused),
      flows_(store, flow_names_max),
      addresses_(store, address_names_max, hash_seed) {}

void NameBook::answered(const model::IpAddress& address, std::uint32_t name, TimeNs ttl_ns, TimeNs now) {
  const TimeNs until = now + std::clamp(ttl_ns, kLifeMinNs, kLifeMaxNs);
  std::uint32_t slot = addresses_.find(address);
  if (slot == kNoSlot) {
    if (addresses_.full()) {
      const std::uint32_t oldest = addresses_.victim(now);
      texts_.release(addresses_.at(oldest).name);
      addresses_.remove(oldest);
    }
    slot = addresses_.add(address, now, [&](AddressNameRow& row) { row.address = address; });
  }
  AddressNameRow& row = addresses_.edit(slot);
  texts_.release(row.name);
  row.name = name;
  row.until_ns = until;
  addresses_.touch(slot, now);
}

std::uint32_t NameBook::name_of(const model::IpAddress& address, TimeNs now) const {
  if (addresses() == 0) return 0;
  const std::uint32_t slot = addresses_.find(address);
  if (slot == kNoSlot || addresses_.at(slot).until_ns < now) return 0;
  texts_.retain(addresses_.at(slot).name);
  return addresses_.at(slot).name;
}

std::uint32_t NameBook::add_flow() {
  if (flows_.full()) {
    ++rows_refused_;
    return 0;
  }
  return flows_.add() + 1;
}

std::uint32_t NameBook::opened(const model::IpAddress& remote, TimeNs now) {
  const std::uint32_t name = name_of(remote, now);
  if (name == 0) return 0;
  const std::uint32_t names = add_flow();
  if (names == 0) {
    texts_.release(name);
  } else {
    flows_.edit(names - 1).dns = name;
  }
  return names;
}

std::uint32_t NameBook::greeted(std::uint32_t names, const HelloNames& hello) {
  if (names == 0) names = add_flow();
  FlowNamesRow unkept;
  FlowNamesRow& row = names == 0 ? unkept : flows_.edit(names - 1);
  release_hello(row);
  row.sni = hello.sni;
  row.alpn = hello.alpn;
  row.ja3 = hello.ja3;
  row.ja4 = hello.ja4;
  row.greeted = true;
  row.ech = hello.ech;
  if (names == 0) release_hello(unkept);
  return names;
}

void NameBook::forgotten(std::uint32_t names) {
  if (names == 0) return;
  const FlowNamesRow& row = flows_.at(names - 1);
  release_hello(row);
  texts_.release(row.dns);
  flows_.remove(names - 1);
}

void NameBook::release_hello(const FlowNamesRow& row) {
  for (const std::uint32_t text : {row.sni, row.alpn, row.ja3, row.ja4}) texts_.release(text);
}

}  // namespace ipm::core
