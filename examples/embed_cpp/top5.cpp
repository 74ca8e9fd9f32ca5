// The five busiest processes after three seconds.
#include <iostream>

#include <ipm/ipm.hpp>

int main() try {
  ipm::Monitor monitor;
  monitor.add_source("auto:");
  for (int i = 0; i < 30; ++i) monitor.step(100 * IPM_MS);
  for (const ipm::Row row : monitor.table("processes", "order_by = tx_rate desc\nlimit = 5")) {
    std::cout << row.integer("pid").value_or(0) << '\t' << row.text("comm").value_or("?") << '\t'
              << row.number("tx_rate").value_or(0) << " bytes/s\n";
  }
} catch (const ipm::Error& error) {
  std::cerr << "top5: " << error.what() << '\n';
  return 1;
}
