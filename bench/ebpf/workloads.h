// Programs as others run them, over loopback in a network namespace that goes with them.
#pragma once

#include <string>

namespace ipm::bench {

// iperf3 with writes of that size ("1K"), one connection. Gbit/s received.
double iperf3_gbit_s(const std::string& write_size);

// One nginx worker that answers wrk on 16 connections. Its CPU time per request, in microseconds.
double nginx_us_per_request();

}  // namespace ipm::bench
