// The tables of a capture, as cursors read them: "flows", "ended_flows" and "names".
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "query/table.h"
#include "source/pcap/capture_view.h"

namespace ipm::capi {

enum class CaptureTable { kFlows, kEndedFlows, kNames };

// NotFound with the names that there are.
Result<CaptureTable> capture_table(const char* name);
std::span<const query::Column> columns_of(CaptureTable table);
// Of the capture as it is now: expired once it is read on.
std::shared_ptr<query::Table> open_table(CaptureTable table, std::shared_ptr<const source::pcap::CaptureView> capture);

}  // namespace ipm::capi
