#include <ipm/capture.h>

#include <string>
#include <vector>

#include "base/key_values.h"
#include "capture_tables.h"
#include "cursors.h"

using ipm::Result;
using ipm::Status;
using ipm::capi::CaptureTable;
using ipm::capi::guard;
using ipm::source::pcap::CaptureView;

struct ipm_capture {
  std::shared_ptr<CaptureView> impl;
  std::string note;  // What ipm_capture_get_stats() lends out.
  std::string note_names;
};

namespace {

Status apply(const ipm::KeyValue& entry, CaptureView::Options& out) {
  const auto on_or_off = [&](bool& value) {
    if (entry.value != "on" && entry.value != "off") return Status::invalid_argument(entry.key + " is on or off");
    value = entry.value == "on";
    return Status::success();
  };
  if (entry.key == "measure") return on_or_off(out.measure);
  if (entry.key == "names") return on_or_off(out.names);
  if (entry.key == "flows_max") {
    const Result<std::int64_t> value = ipm::parse_integer(entry.value);
    if (!value.ok()) return value.status().with_context(entry.key);
    if (*value < 16 || *value > 16'777'216) {
      return Status::invalid_argument("flows_max = " + entry.value + " is out of range: 16 to 16777216");
    }
    out.flows_max = static_cast<std::uint32_t>(*value);
    return Status::success();
  }
  constexpr std::string_view kKnown[] = {"flows_max", "measure", "names"};
  const std::string_view near = ipm::nearest_word(entry.key, kKnown);
  return Status::invalid_argument(
      "a capture has no setting " + ipm::quote_text(entry.key) +
      (near.empty() ? "; it has flows_max, measure and names" : "; did you mean " + std::string(near) + "?"));
}

Result<CaptureView::Options> read_settings(const char* settings) {
  CaptureView::Options out;
  if (settings == nullptr) return out;
  const auto entries = ipm::parse_key_values(settings);
  if (!entries.ok()) return entries.status();
  for (const ipm::KeyValue& entry : *entries) {
    if (Status status = apply(entry, out); !status.ok()) {
      return status.with_context("line " + std::to_string(entry.line));
    }
  }
  return out;
}

}  // namespace

extern "C" {

ipm_status ipm_capture_open(ipm_capture** out, const char* path, const char* settings) {
  return guard([&]() -> Status {
    if (out == nullptr) return Status::invalid_argument("out is NULL");
    *out = nullptr;
    if (path == nullptr) return Status::invalid_argument("path is NULL");
    const Result<CaptureView::Options> options = read_settings(settings);
    if (!options.ok()) return options.status();
    auto view = std::make_shared<CaptureView>(*options);
    if (Status status = view->open(path); !status.ok()) return status;
    *out = new ipm_capture{.impl = std::move(view), .note = {}, .note_names = {}};
    return Status::success();
  });
}

void ipm_capture_close(ipm_capture* capture) {
  delete capture;
}

ipm_status ipm_capture_read(ipm_capture* capture, uint32_t packets_max, int64_t timeout_ns) {
  return guard([&]() -> Status {
    if (capture == nullptr) return Status::invalid_argument("capture is NULL");
    if (packets_max == 0) return Status::invalid_argument("packets_max is 0");
    return capture->impl->read(packets_max, timeout_ns);
  });
}

ipm_status ipm_capture_get_stats(ipm_capture* capture, ipm_capture_stats* out) {
  return guard([&]() -> Status {
    if (capture == nullptr) return Status::invalid_argument("capture is NULL");
    const CaptureView& view = *capture->impl;
    const auto file = view.file().counters();
    const auto& packets = view.packets().counters();
    const auto& hellos = view.hellos().stats();
    capture->note = view.file().note();
    capture->note_names = std::string(view.hellos().why_no_fingerprints());
    if (capture->note_names.empty()) capture->note_names = std::string(view.hellos().why_no_quic());
    ipm_capture_stats stats{};
    stats.packets = file.packets;
    stats.bytes_read = file.bytes_read;
    stats.bytes_total = file.bytes_total;
    stats.flow_packets = packets.flow_packets;
    stats.other_packets = packets.other;
    stats.malformed = packets.malformed + file.malformed;
    stats.fragments_unplaced = view.packets().fragments_unplaced();
    stats.flows = view.flows_total();
    stats.flows_evicted = view.flows_evicted();
    stats.flows_unmeasured = view.flows_unmeasured();
    stats.names = view.names_total();
    stats.hellos = hellos.hellos;
    stats.hellos_given_up = hellos.given_up + hellos.given_up_full + hellos.abandoned;
    stats.dropped = file.dropped;
    stats.note = capture->note.c_str();
    stats.note_names = capture->note_names.c_str();
    return ipm::capi::write_struct(stats, out, "out");
  });
}

ipm_status ipm_capture_cursor(ipm_cursor** out, ipm_capture* capture, const char* table, const char* filter,
                              const char* const* values, uint32_t value_count) {
  return guard([&]() -> Status {
    if (out == nullptr) return Status::invalid_argument("out is NULL");
    *out = nullptr;
    if (capture == nullptr) return Status::invalid_argument("capture is NULL");
    const Result<CaptureTable> which = ipm::capi::capture_table(table);
    if (!which.ok()) return which.status();
    Result<std::unique_ptr<ipm::query::Cursor>> cursor = ipm::capi::open_filtered(
        ipm::capi::columns_of(*which),
        [&]() -> Result<std::shared_ptr<ipm::query::Table>> { return ipm::capi::open_table(*which, capture->impl); },
        filter, values, value_count);
    if (!cursor.ok()) return cursor.status();
    *out = new ipm_cursor{std::move(*cursor)};
    return Status::success();
  });
}

ipm_status ipm_capture_column_describe(const char* table, uint32_t column, ipm_column_info* out) {
  return guard([&]() -> Status {
    const Result<CaptureTable> which = ipm::capi::capture_table(table);
    if (!which.ok()) return which.status();
    const auto columns = ipm::capi::columns_of(*which);
    if (column >= columns.size()) return Status::end();
    return ipm::capi::describe(columns[column], out);
  });
}

}  // extern "C"
