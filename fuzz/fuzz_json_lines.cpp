// Event lines take any bytes, plain or compressed: each line becomes events, is filtered, or is counted as malformed,
// and no line writes more events than the room that was promised.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "ring/writer.h"
#include "source/byte_source.h"
#include "source/replay/json_lines.h"
#include "source/replay/line_reader.h"
#include "source/unpacker.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  ipm::source::ByteSource bytes;
  bytes.open_memory(input);
  ipm::source::LineReader lines(bytes, ipm::source::JsonLines::kLineBytesMax);
  const ipm::source::Packing packing = ipm::source::packing_of(input);
  if (packing != ipm::source::Packing::kNone && !lines.unpack_by(packing).ok()) return 0;
  ipm::source::JsonLines json;
  ipm::ring::Lane lane(256);
  ipm::ring::Writer out(lane);
  std::vector<ipm::model::Event> events(lane.capacity());
  std::uint64_t taken = 0;
  for (;;) {
    std::string_view line;
    ipm::source::LineReader::Got got{};
    const ipm::Status status = lines.next(line, got);
    if (!status.ok()) break;
    if (got == ipm::source::LineReader::Got::kNothing) continue;
    if (got == ipm::source::LineReader::Got::kLine) json.line(line, out);
    if (got == ipm::source::LineReader::Got::kTooLong) json.too_long(out);
    const std::size_t count = lane.pop(events);
    if (count > ipm::source::JsonLines::kEventsPerLineMax) std::abort();
    taken += count;
  }
  json.finish(out);
  taken += lane.pop(events);
  if (out.drops() != 0 || taken != json.events()) std::abort();
  if (json.malformed() + json.filtered() > json.lines()) std::abort();
  return 0;
}
