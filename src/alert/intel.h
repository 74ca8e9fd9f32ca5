// What programs did with remote ends that a list warns of: one line for each program and indicator, and which open
// connections count for it.
//
// Bounds: kContactsMax lines, kFlowsMax connections; of both the one that was used longest ago makes room. Threads: the
// engine's.
#pragma once

#include <vector>

#include "alert/alert.h"
#include "base/page_store.h"
#include "model/behaviour.h"

namespace ipm::alert {

struct ListedContact {
  std::uint32_t app = 0;  // Slot + 1.
  model::Listing listing = {};
  TimeNs first_ns = 0;
  TimeNs last_ns = 0;
  std::uint32_t opens = 0;      // Connections out,
  std::uint32_t accepts = 0;    // in,
  std::uint32_t questions = 0;  // and questions to DNS.
  std::uint64_t tx_bytes = 0;
  std::uint64_t rx_bytes = 0;
  double told_bytes = 0;  // The next update needs twice that.
  double told_times = 0;
  model::IpAddress remote = {};  // The newest.
  std::uint16_t port = 0;
  std::uint32_t question_flow = 0;  // Slot + 1, and …
  TimeNs question_ns = 0;           // … time of the newest question: its answers are one each.
};

class ListedContacts {
 public:
  static constexpr std::size_t kContactsMax = 128;
  static constexpr std::size_t kFlowsMax = 256;

  explicit ListedContacts(PageStore& store);
  ~ListedContacts();
  ListedContacts(const ListedContacts&) = delete;
  ListedContacts& operator=(const ListedContacts&) = delete;

  void use_texts(model::TextHolder* texts) { texts_ = texts; }
  ListedContact& at(std::uint32_t app, const model::Listing& listing, TimeNs now);
  void follow(std::uint32_t flow, const ListedContact& contact, TimeNs now);
  // Null: it is not followed.
  ListedContact* of_flow(std::uint32_t flow, std::uint32_t app, TimeNs now);
  void leave(std::uint32_t flow);
  void forget_app(std::uint32_t app);

 private:
  struct Followed {
    std::uint32_t flow = 0;  // Slot + 1.
    std::uint32_t contact = 0;
    TimeNs last_ns = 0;
  };
  void release(ListedContact& contact);

  PageStore& store_;
  model::TextHolder* texts_ = nullptr;
  std::vector<ListedContact> contacts_;  // `app` 0: free.
  std::vector<Followed> flows_;          // `flow` 0: free.
};

}  // namespace ipm::alert
