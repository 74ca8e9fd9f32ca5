// What the other ends are called: names of flows, by their TLS hello or by the DNS answer that was live when they
// opened, and the newest DNS name of each address.
//
// Bound: flow_names_max rows for flows that have names, address_names_max addresses. A flow that finds no room goes
// unnamed and is counted in `rows_refused`; of addresses the one that was answered longest ago goes.
// Threads: the engine's. Cost: O(1).
#pragma once

#include "core/keyed_table.h"
#include "core/text_table.h"

namespace ipm::core {

// Texts of a TLS hello, each a reference that is handed over; 0: none.
struct HelloNames {
  std::uint32_t sni = 0;
  std::uint32_t alpn = 0;
  std::uint32_t ja3 = 0;
  std::uint32_t ja4 = 0;
  bool ech = false;
};

// Addresses that networks use among themselves may be another host in each namespace.
struct NamedAddress {
  model::IpAddress address = {};
  std::uint32_t netns = 0;
  static NamedAddress of(const model::IpAddress& address, std::uint32_t netns) {
    return {address, address.scope() == model::Scope::kExternal ? 0 : netns};
  }
  bool operator==(const NamedAddress&) const = default;
};
static_assert(std::has_unique_object_representations_v<NamedAddress>);

struct AddressNameTraits {
  using Row = AddressNameRow;
  using Key = NamedAddress;
  static constexpr std::uint32_t kRowsPerPage = kAddressNamesPerPage;
  static Key key(const Row& row) { return {row.address, row.netns}; }
  static bool in_use(const Row&) { return false; }
};

class NameBook {
 public:
  // A name outlives a short TTL, since programs look up first and connect later, and ends in a day.
  static constexpr TimeNs kLifeMinNs = 60 * kSecond;
  static constexpr TimeNs kLifeMaxNs = 86'400 * kSecond;

  NameBook(PageStore& store, TextTable& texts, std::uint32_t flow_names_max, std::uint32_t address_names_max,
           std::uint64_t hash_seed, std::uint64_t& rows_refused);

  // A DNS answer in a namespace: the address has this name from now on. Takes over the reference `name`.
  void answered(const model::IpAddress& address, std::uint32_t netns, std::uint32_t name, TimeNs ttl_ns, TimeNs now);
  // The name that is live there, else what a source without namespaces said, as a new reference; 0: none.
  std::uint32_t name_of(const model::IpAddress& address, std::uint32_t netns, TimeNs now) const;

  // A flow opened: slot plus one of its names, 0 if it has none.
  std::uint32_t opened(const model::FlowTuple& tuple, TimeNs now);
  // A hello was seen on the flow that has these names so far, or 0. Takes over the references; of two hellos the last
  // counts. The names that it has from now on.
  std::uint32_t greeted(std::uint32_t names, const HelloNames& hello);
  // The row that says what packets told of a flow with these names so far, or 0. The names from now on.
  std::uint32_t captured(std::uint32_t names, std::uint32_t row);
  // A flow's names go over to another row of the same flow, which has these names so far, or 0.
  std::uint32_t joined(std::uint32_t names, std::uint32_t from);
  void forgotten(std::uint32_t names);  // The flow's row goes. 0 is a no-op.

  const FlowNamesPages& flows() const { return flows_; }
  std::uint32_t addresses() const { return addresses_.rows().used(); }

 private:
  std::uint32_t add_flow();
  void release_hello(const FlowNamesRow& row);

  TextTable& texts_;
  std::uint64_t& rows_refused_;
  FlowNamesPages flows_;
  KeyedTable<AddressNameTraits> addresses_;
};

}  // namespace ipm::core
