#include "core/name_book.h"

#include <algorithm>
#include <utility>

namespace ipm::core {

NameBook::NameBook(PageStore& store, TextTable& texts, std::uint32_t flow_names_max, std::uint32_t address_names_max,
                   std::uint64_t hash_seed, std::uint64_t& rows_refused)
    : texts_(texts),
      rows_refused_(rows_refused),
      flows_(store, flow_names_max),
      addresses_(store, address_names_max, hash_seed) {}

void NameBook::answered(const model::IpAddress& address, std::uint32_t netns, std::uint32_t name, TimeNs ttl_ns,
                        TimeNs now) {
  const TimeNs until = now + std::clamp(ttl_ns, kLifeMinNs, kLifeMaxNs);
  const NamedAddress key = NamedAddress::of(address, netns);
  std::uint32_t slot = addresses_.find(key);
  if (slot == kNoSlot) {
    if (addresses_.full()) {
      const std::uint32_t oldest = addresses_.victim(now);
      texts_.release(addresses_.at(oldest).name);
      addresses_.remove(oldest);
    }
    slot = addresses_.add(key, now, [&](AddressNameRow& row) {
      row.address = key.address;
      row.netns = key.netns;
    });
  }
  AddressNameRow& row = addresses_.edit(slot);
  texts_.release(row.name);
  row.name = name;
  row.until_ns = until;
  addresses_.touch(slot, now);
}

std::uint32_t NameBook::name_of(const model::IpAddress& address, std::uint32_t netns, TimeNs now) const {
  if (addresses() == 0) return 0;
  const NamedAddress key = NamedAddress::of(address, netns);
  std::uint32_t slot = addresses_.find(key);
  if (slot == kNoSlot && key.netns != 0) slot = addresses_.find({address, 0});
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

std::uint32_t NameBook::opened(const model::FlowTuple& tuple, TimeNs now) {
  const std::uint32_t name = name_of(tuple.remote, tuple.netns, now);
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

std::uint32_t NameBook::captured(std::uint32_t names, std::uint32_t row) {
  if (names == 0) names = add_flow();
  if (names != 0) flows_.edit(names - 1).captured = row;
  return names;
}

std::uint32_t NameBook::joined(std::uint32_t names, std::uint32_t from) {
  if (from == 0) return names;
  if (names == 0) return from;
  FlowNamesRow& row = flows_.edit(names - 1);
  FlowNamesRow& other = flows_.edit(from - 1);
  if (row.captured == 0) row.captured = other.captured;
  if (!row.greeted && other.greeted) {
    row.sni = std::exchange(other.sni, 0);
    row.alpn = std::exchange(other.alpn, 0);
    row.ja3 = std::exchange(other.ja3, 0);
    row.ja4 = std::exchange(other.ja4, 0);
    row.greeted = true;
    row.ech = other.ech;
  }
  forgotten(from);
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
