// A program deals with something that a list of threat intelligence warns of.
//
// Statistic: none; the list says it. One alert for each program and indicator, updated when connections or bytes have
// doubled. Who calls out is told beside the budget; who is only called, as any host on the Internet is, within it.
#include "alert/intel.h"

#include <algorithm>

#include "alert/detectors.h"

namespace ipm::alert {
namespace {

constexpr double kBytesTold = 1'000;  // From here on bytes are worth an update of their own.

bool is_in(const ListedContact& contact) {
  return contact.opens == 0 && contact.questions == 0;
}

void say_contact(const Stage& stage, Sentence& text, const ListedContact& contact, std::string_view indicator) {
  if (contact.opens == 0 && contact.questions != 0) {
    text << "asked DNS for " << indicator << " or a name below it";
    return;
  }
  text << (is_in(contact) ? "was called by " : "connected to ");
  stage.peer(text, contact.remote, is_in(contact) ? std::uint16_t{0} : contact.port);
  if (contact.listing.as == model::ListedAs::kName) text << " by a name of " << indicator;
  if (contact.listing.as == model::ListedAs::kFingerprint) text << " with the TLS fingerprint " << indicator;
}

void say_listing(const Stage& stage, Sentence& text, const model::Listing& listing, const model::TextHolder& texts) {
  text << ", which the list " << texts.view(listing.feed) << " has";
  if (listing.of_url) text << " for a page on it";
  if (listing.as == model::ListedAs::kAddress) text << " as " << texts.view(listing.indicator);
  if (listing.description != 0) text << " (" << texts.view(listing.description) << ")";
  if (listing.listed_unix_ns == 0) return;
  const TimeNs listed_ns = listing.listed_unix_ns - stage.unix_offset_ns;
  text << " since ";
  text.moment(listed_ns);
  // Without a wall clock an age would be that of the epoch.
  if (stage.unix_offset_ns != 0 && listed_ns <= stage.now) text << ", ", text.span(stage.now - listed_ns) << " ago";
}

void say_extent(Sentence& text, const ListedContact& contact) {
  const std::uint64_t flows = std::uint64_t{contact.opens} + contact.accepts;
  text << ": ";
  if (flows != 0) text.count(flows) << (flows == 1 ? " connection" : " connections");
  if (contact.questions != 0) {
    text << (flows != 0 ? " and " : "");
    text.count(contact.questions) << (contact.questions == 1 ? " question" : " questions");
  }
  text << " since ";
  text.moment(contact.first_ns);
  if (flows == 0) {
    text << ".";
    return;
  }
  text << ", ";
  text.bytes(static_cast<double>(contact.tx_bytes)) << " sent and ";
  text.bytes(static_cast<double>(contact.rx_bytes)) << " received.";
}

void tell(Stage& stage, Program& program, ListedContact& contact) {
  const model::TextHolder* texts = stage.texts();
  if (texts == nullptr) return;
  const bool out = !is_in(contact) && !contact.listing.of_url;
  const double times = contact.opens + contact.accepts + contact.questions;
  contact.told_times = times;
  contact.told_bytes = static_cast<double>(contact.tx_bytes + contact.rx_bytes);
  const bool question_only = out && contact.opens == 0;
  Finding finding{.kind = Kind::kThreatIntel,
                  .severity = !out            ? Severity::kLow
                              : question_only ? Severity::kMedium
                                              : Severity::kHigh,
                  .score = !out            ? 0.4
                           : question_only ? 0.8
                                           : 0.95,
                  .strength = times,
                  .metric = "listed_contacts",
                  .value = times,
                  .expected_low = 0,
                  .expected_high = 0,
                  .samples = static_cast<std::uint64_t>(times),
                  .since_ns = contact.first_ns,
                  .remote = contact.remote,
                  .remote_port = contact.port,
                  .indicator_text = contact.listing.indicator,
                  .feed_text = contact.listing.feed,
                  .listed_unix_ns = contact.listing.listed_unix_ns,
                  .always_notified = out};
  Sentence text = stage.about(program, program.process);
  say_contact(stage, text, contact, texts->view(contact.listing.indicator));
  say_listing(stage, text, contact.listing, *texts);
  say_extent(text, contact);
  stage.raise(program, program.process, finding, text);
}

}  // namespace

void look_at_listed(Stage& stage, Program& program, ListedContacts& contacts, const model::FlowFacts& flow,
                    const model::Listing& listing, bool asked) {
  program.listed = true;
  ListedContact* contact = asked ? nullptr : contacts.of_flow(flow.slot, program.app, stage.now);
  if (contact != nullptr && contact->listing.indicator == listing.indicator) return;  // Told again: lists changed.
  contact = &contacts.at(program.app, listing, stage.now);
  if (asked) {
    if (contact->question_flow == flow.slot + 1 && contact->question_ns == stage.now) return;
    contact->question_flow = flow.slot + 1;
    contact->question_ns = stage.now;
    ++contact->questions;
  } else {
    ++(flow.tuple->direction == model::Direction::kIn ? contact->accepts : contact->opens);
    contact->tx_bytes += flow.tx_bytes;
    contact->rx_bytes += flow.rx_bytes;
    contacts.follow(flow.slot, *contact, stage.now);
  }
  if (!asked || contact->opens + contact->accepts == 0) {
    contact->remote = asked ? model::IpAddress{} : flow.tuple->remote;
    contact->port = asked                                            ? std::uint16_t{0}
                    : flow.tuple->direction == model::Direction::kIn ? flow.tuple->local_port
                                                                     : flow.tuple->remote_port;
  }
  const double times = contact->opens + contact->accepts + contact->questions;
  const bool first_out = contact->opens == 1 && !asked;
  if (times == 1 || first_out || times >= 2 * contact->told_times) tell(stage, program, *contact);
}

void look_at_listed_bytes(Stage& stage, Program& program, ListedContacts& contacts, const model::FlowFacts& flow,
                          std::uint64_t tx_bytes, std::uint64_t rx_bytes, bool closes) {
  ListedContact* contact = contacts.of_flow(flow.slot, program.app, stage.now);
  if (contact == nullptr) return;
  contact->tx_bytes += tx_bytes;
  contact->rx_bytes += rx_bytes;
  if (closes) contacts.leave(flow.slot);
  const auto bytes = static_cast<double>(contact->tx_bytes + contact->rx_bytes);
  const bool doubled = bytes >= std::max(kBytesTold, 2 * contact->told_bytes);
  if (doubled || (closes && bytes != contact->told_bytes)) tell(stage, program, *contact);
}

// --- what is kept ---

ListedContacts::ListedContacts(PageStore& store) : store_(store), contacts_(kContactsMax), flows_(kFlowsMax) {
  store_.account(static_cast<std::int64_t>(kContactsMax * sizeof(ListedContact) + kFlowsMax * sizeof(Followed)));
}

ListedContacts::~ListedContacts() {
  store_.account(-static_cast<std::int64_t>(kContactsMax * sizeof(ListedContact) + kFlowsMax * sizeof(Followed)));
}

void ListedContacts::release(ListedContact& contact) {
  const auto number = static_cast<std::uint32_t>(&contact - contacts_.data());
  for (Followed& each : flows_) {
    if (each.flow != 0 && each.contact == number) each = {};
  }
  if (texts_ != nullptr) {
    for (const std::uint32_t text : {contact.listing.indicator, contact.listing.feed, contact.listing.description}) {
      if (text != 0) texts_->let_go(text);
    }
  }
  contact = {};
}

ListedContact& ListedContacts::at(std::uint32_t app, const model::Listing& listing, TimeNs now) {
  ListedContact* room = &contacts_.front();
  for (ListedContact& each : contacts_) {
    if (each.app == app + 1 && each.listing.indicator == listing.indicator) {
      each.last_ns = now;
      return each;
    }
    if (each.last_ns < room->last_ns) room = &each;
  }
  if (room->app != 0) release(*room);
  *room = {.app = app + 1, .listing = listing, .first_ns = now, .last_ns = std::max<TimeNs>(now, 1)};
  if (texts_ != nullptr) {
    for (const std::uint32_t text : {listing.indicator, listing.feed, listing.description}) {
      if (text != 0) texts_->hold(text);
    }
  }
  return *room;
}

void ListedContacts::follow(std::uint32_t flow, const ListedContact& contact, TimeNs now) {
  Followed* room = &flows_.front();
  for (Followed& each : flows_) {
    if (each.flow == flow + 1) {
      room = &each;
      break;
    }
    if (each.last_ns < room->last_ns) room = &each;
  }
  *room = {.flow = flow + 1,
           .contact = static_cast<std::uint32_t>(&contact - contacts_.data()),
           .last_ns = std::max<TimeNs>(now, 1)};
}

ListedContact* ListedContacts::of_flow(std::uint32_t flow, std::uint32_t app, TimeNs now) {
  for (Followed& each : flows_) {
    if (each.flow != flow + 1) continue;
    ListedContact& contact = contacts_[each.contact];
    if (contact.app != app + 1) return nullptr;
    each.last_ns = now;
    return &contact;
  }
  return nullptr;
}

void ListedContacts::leave(std::uint32_t flow) {
  for (Followed& each : flows_) {
    if (each.flow == flow + 1) each = {};
  }
}

void ListedContacts::forget_app(std::uint32_t app) {
  for (ListedContact& each : contacts_) {
    if (each.app == app + 1) release(each);
  }
}

}  // namespace ipm::alert
