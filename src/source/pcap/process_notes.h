// What capturing programs write about processes into the comment of a packet:
//   ptcpdump    "PID: 42\nCmd: /usr/bin/curl\nArgs: curl http://…", "ParentPID: 1\nParentCmd: …", "UserId: 1000", …,
//               in one comment or in several
//   etl2pcapng  "PID=42 TID=7 …": the process that ran when the packet was logged, so a hint only
// The texts point into the comment. A comment about something else changes nothing.
#pragma once

#include <string_view>

#include "source/pcap/captured_packet.h"

namespace ipm::source::pcap {

// Adds what `comment` says to `note`. What was said first stays: the arguments of a program, which come later, may
// hold lines of their own. True: it said something.
bool read_process_comment(std::string_view comment, ProcessNote& note);

}  // namespace ipm::source::pcap
