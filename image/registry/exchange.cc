#include "image/registry/exchange.h"

#include <time.h>

#include <array>

namespace ikada::registry {
namespace {

struct Reason {
  unsigned status;
  std::string_view text;
};

constexpr std::array kReasons = {
    Reason{200, "OK"},
    Reason{201, "Created"},
    Reason{202, "Accepted"},
    Reason{204, "No Content"},
    Reason{206, "Partial Content"},
    Reason{304, "Not Modified"},
    Reason{400, "Bad Request"},
    Reason{401, "Unauthorized"},
    Reason{403, "Forbidden"},
    Reason{404, "Not Found"},
    Reason{405, "Method Not Allowed"},
    Reason{408, "Request Timeout"},
    Reason{409, "Conflict"},
    Reason{413, "Content Too Large"},
    Reason{416, "Range Not Satisfiable"},
    Reason{429, "Too Many Requests"},
    Reason{431, "Request Header Fields Too Large"},
    Reason{500, "Internal Server Error"},
    Reason{503, "Service Unavailable"},
    Reason{507, "Insufficient Storage"},
};

std::string_view reason_of(unsigned status) {
  for (const Reason& reason : kReasons) {
    if (reason.status == status) return reason.text;
  }
  return "Status";
}

}  // namespace

std::string_view RequestHead::field(std::string_view lower_case_name) const {
  const auto found = fields.find(lower_case_name);
  return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

Answer& Answer::with(std::string_view name, std::string value) {
  fields.emplace_back(name, std::move(value));
  return *this;
}

std::string format_head(const Answer& answer,
                        std::uint64_t size_bytes,
                        bool keeps_alive,
                        std::string_view date) {
  std::string head;
  head.reserve(512);
  head += fmt::format("HTTP/1.1 {} {}\r\nServer: ikada\r\nDate: {}\r\n",
                      answer.status,
                      reason_of(answer.status),
                      date);
  head += "Docker-Distribution-API-Version: registry/2.0\r\nX-Content-Type-Options: nosniff\r\n";
  for (const auto& [name, value] : answer.fields) {
    head.append(name).append(": ").append(value).append("\r\n");
  }
  if (answer.status != 204 && answer.status != 304) {
    head += fmt::format("Content-Length: {}\r\n", size_bytes);
  }
  if (!keeps_alive) head += "Connection: close\r\n";
  head += "\r\n";
  return head;
}

std::string format_http_date(std::int64_t time_s) {
  const auto time = static_cast<time_t>(time_s);
  tm parts{};
  ::gmtime_r(&time, &parts);
  static constexpr std::array<std::string_view, 7> kDays = {
      "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<std::string_view, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr int kFirstYear = 1900;
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
                     kDays[static_cast<size_t>(parts.tm_wday)],
                     parts.tm_mday,
                     kMonths[static_cast<size_t>(parts.tm_mon)],
                     parts.tm_year + kFirstYear,
                     parts.tm_hour,
                     parts.tm_min,
                     parts.tm_sec);
}

}  // namespace ikada::registry
