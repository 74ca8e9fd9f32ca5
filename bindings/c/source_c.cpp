#include "custom_source.h"
#include "guard.h"
#include "query/tables/capabilities.h"
#include "source/registry.h"

using ipm::Status;
using ipm::capi::guard;
using ipm::capi::guard_monitor;
using ipm::monitor::Monitor;

namespace {

int32_t state_number(const std::string& state) {
  if (state == "open") return IPM_SOURCE_OPEN;
  if (state == "reduced") return IPM_SOURCE_REDUCED;
  return state == "ended" ? IPM_SOURCE_ENDED : IPM_SOURCE_FAILED;
}

}  // namespace

extern "C" {

ipm_status ipm_source_status(ipm_monitor* monitor, uint32_t index, ipm_source_info* out) {
  return guard_monitor(monitor, [&](Monitor& m) -> Status {
    ipm::query::SourceRow shown;
    if (Status status = m.source_row(index, shown); !status.ok()) return status;
    const ipm::query::SourceRow& row = monitor->shown[index] = std::move(shown);
    ipm_source_info info{};
    info.state = state_number(row.state);
    info.name = row.name.c_str();
    info.uri = row.uri.c_str();
    info.missing = row.missing.c_str();
    info.received = row.received;
    info.written = row.written;
    info.filtered = row.filtered;
    info.dropped = row.dropped;
    info.malformed = row.malformed;
    info.lost = row.lost;
    return ipm::capi::write_struct(info, out, "out");
  });
}

ipm_status ipm_source_probe(const char* uri, ipm_cursor** out) {
  return guard([&]() -> Status {
    if (out == nullptr) return Status::invalid_argument("out is NULL");
    *out = nullptr;
    std::vector<ipm::query::CapabilityRow> rows;
    std::string_view wanted;
    ipm::source::SourceUri parsed;
    if (uri != nullptr) {
      ipm::Result<ipm::source::SourceUri> result = ipm::source::parse_source_uri(uri);
      if (!result.ok()) return result.status();
      parsed = *result;
      wanted = parsed.scheme;
      if (wanted != "auto" && ipm::source::find_backend(wanted) == nullptr) {
        return Status::not_found("probe " + std::string(uri) + ": unknown scheme; known are " +
                                 ipm::source::known_schemes());
      }
    }
    for (const ipm::source::Backend& backend : ipm::source::backends()) {
      const bool asked = uri == nullptr || wanted == backend.scheme || (wanted == "auto" && backend.automatic);
      if (!asked) continue;
      for (const ipm::source::Capability& each : backend.make(parsed)->probe()) {
        rows.push_back({std::string(backend.scheme), each.what, each.available, each.reason});
      }
    }
    ipm::Result<std::unique_ptr<ipm::query::Cursor>> cursor =
        ipm::query::Cursor::open(ipm::query::capabilities_table(std::move(rows)), ipm::query::Filter{});
    if (!cursor.ok()) return cursor.status();
    *out = new ipm_cursor{std::move(*cursor)};
    return Status::success();
  });
}

ipm_status ipm_monitor_add_lane(ipm_monitor* monitor, const char* name, uint32_t capacity, ipm_lane** out) {
  return guard_monitor(monitor, [&](Monitor& m) -> Status {
    if (out == nullptr || name == nullptr) return Status::invalid_argument("name or out is NULL");
    *out = nullptr;
    ipm::Result<ipm::monitor::Input*> input = m.add_lane(name, capacity);
    if (!input.ok()) return input.status();
    auto lane = std::make_unique<ipm_lane>();
    lane->input = *input;
    lane->lane = &(*input)->lane();
    lane->writer = &(*input)->writer();
    monitor->lanes.push_back(std::move(lane));
    *out = monitor->lanes.back().get();
    return Status::success();
  });
}

ipm_status ipm_lane_push(ipm_lane* lane, const ipm_event* events, size_t count, size_t* accepted) {
  if (accepted != nullptr) *accepted = 0;
  if (lane == nullptr || (events == nullptr && count != 0)) {
    return ipm::capi::report(Status::invalid_argument("push: lane or events is NULL"));
  }
  static_assert(sizeof(ipm_event) == sizeof(ipm::model::Event));
  size_t done = 0;
  while (done < count) {
    const std::span<ipm::model::Event> room = lane->lane->reserve(count - done);
    if (room.empty()) break;
    std::memcpy(static_cast<void*>(room.data()), events + done, room.size_bytes());
    lane->lane->publish(room.size());
    done += room.size();
  }
  if (accepted != nullptr) *accepted = done;
  if (done == count) return IPM_OK;
  lane->lane->count_drops(count - done);
  return ipm::capi::report(Status(ipm::Code::kLimit));
}

uint64_t ipm_lane_free(ipm_lane* lane) {
  return lane == nullptr ? 0 : lane->lane->free();
}

ipm_status ipm_lane_text(ipm_lane* lane, const char* text, size_t bytes, int64_t time_ns, uint32_t* id) {
  return guard([&]() -> Status {
    if (lane == nullptr || id == nullptr || (text == nullptr && bytes != 0))
      return Status::invalid_argument("lane, text or id is NULL");
    *id = lane->texts.id({text, bytes}, time_ns, *lane->writer);
    if (*id == 0 && bytes != 0)
      return Status::limit("the lane has no room for the text now; let the monitor step and try again");
    return Status::success();
  });
}

void ipm_lane_close(ipm_lane* lane) {
  if (lane != nullptr && lane->input != nullptr) lane->input->end();
}

ipm_status ipm_monitor_add_custom_source(ipm_monitor* monitor, const ipm_source_vtable* vtable, void* user) {
  return guard_monitor(monitor, [&](Monitor& m) -> Status {
    if (vtable == nullptr) return Status::invalid_argument("vtable is NULL");
    ipm_source_vtable table;
    if (Status status = ipm::capi::read_struct(vtable, table, "ipm_source_vtable"); !status.ok()) return status;
    if (table.poll == nullptr || table.name == nullptr)
      return Status::invalid_argument("ipm_source_vtable: poll and name must be set");
    auto source = std::make_unique<ipm::capi::CustomSource>(table, user);
    const std::string uri = "custom:" + std::string(table.name);
    return m.add_source(std::move(source), uri, {});
  });
}

}  // extern "C"
