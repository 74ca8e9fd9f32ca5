// The files of page/ and of third_party/uplot, as embed.cmake put them into this library.
#pragma once

#include <string_view>

namespace ipm_report {

extern const std::string_view kReportHtml;
extern const std::string_view kReportCss;
extern const std::string_view kReportJs;
extern const std::string_view kUplotCss;
extern const std::string_view kUplotJs;
extern const std::string_view kUplotLicense;
// The Content-Security-Policy: nothing but these scripts and styles, by their SHA-256, and no network.
extern const std::string_view kPagePolicy;

}  // namespace ipm_report
