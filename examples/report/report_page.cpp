#include "page_files.h"
#include "report.h"
#include "report_data.h"

namespace ipm_report {
namespace {

std::string html_text(std::string_view utf8) {
  std::string out;
  for (const char c : utf8) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// What stands for @name@ in report.html. No other text of it has such marks.
std::string value_of(std::string_view name, const std::string& title, const std::string& data) {
  if (name == "title") return html_text(title);
  if (name == "data") return data;
  if (name == "policy") return std::string(kPagePolicy);
  if (name == "uplot_license") return std::string(kUplotLicense);
  if (name == "uplot_css") return std::string(kUplotCss);
  if (name == "uplot_js") return std::string(kUplotJs);
  if (name == "report_css") return std::string(kReportCss);
  if (name == "report_js") return std::string(kReportJs);
  return {};
}

}  // namespace

std::string page(ipm_monitor* monitor, const Options& options, Recorder* recorder) {
  if (recorder != nullptr) recorder->state_->look(true);
  const std::string data = document(monitor, options, recorder == nullptr ? nullptr : recorder->state_.get());
  std::string out;
  std::string_view rest = kReportHtml;
  for (;;) {
    const std::size_t begin = rest.find('@');
    out += rest.substr(0, begin);
    if (begin == std::string_view::npos) return out;
    const std::size_t end = rest.find('@', begin + 1);
    out += value_of(rest.substr(begin + 1, end - begin - 1), options.title, data);
    rest.remove_prefix(end + 1);
  }
}

}  // namespace ipm_report
