#include "cluster/loadbalancing/request_log.h"

#include <algorithm>
#include <array>
#include <limits>
#include <span>

#include <fmt/format.h>

#include "cluster/loadbalancing/config_text.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr std::string_view kMetricFormat =
    R"(%f\n%b\n%ST\n%TR\n%Tw\n%Tc\n%Tr\n%Ta\n%U\n%B\n%[var(txn.every)])";
constexpr std::string_view kAccessFormat =
    R"(\n%ci:%cp\n%si:%sp\n%[var(txn.rule)]\n%sslc\n%sslv\n%HM\n%HV\n%HU\n%[var(txn.host)])"
    R"(\n%[var(txn.agent)]\n%[ssl_fc_sni]\n%[var(txn.location)])";
constexpr size_t kMetricFields = 11;
constexpr size_t kAccessFields = 23;
constexpr std::int64_t kMostEvery = 1'000'000;

// Each share is drawn from what the one before has left, so that most requests of a busy listener
// meet few conditions: a condition costs HAProxy some 300 instructions.
void append_told_shares(std::vector<std::string>& lines, std::span<const ToldShare> shares) {
  std::string drawn;  // Left by the share before.
  int before = 1;
  for (const ToldShare& each : shares) {
    const std::string draw = fmt::format("{{ rand({}) eq 0 }}", each.every / before);
    const std::string busy = fmt::format("{{ fe_req_rate gt {} }}", each.rate);
    const std::string every = fmt::format("{{ var(txn.every) -m int {} }}", each.every);
    lines.push_back(fmt::format(
        "http-request set-var(txn.every) int({}) if{} {} {}", each.every, drawn, draw, busy));
    lines.push_back(
        fmt::format("http-request set-log-level silent if{} !{} {}", drawn, every, busy));
    drawn = " " + every;
    before = each.every;
  }
}

}  // namespace

std::string listener_section(std::string_view listener) { return "l:" + section_name(listener); }

std::vector<std::string> request_log_lines(const PlannedListener& listener,
                                           const std::string& told_at) {
  if (told_at.empty()) return {};
  const bool has_log = !listener.log_group.empty();
  std::vector<std::string> lines = {
      fmt::format("log {} len 4096 format raw local0 info", config_word(told_at)),
      "option dontlognull",
      fmt::format("log-format \"{}{}\"", kMetricFormat, has_log ? kAccessFormat : ""),
  };
  append_told_shares(lines, has_log ? std::span<const ToldShare>(kLoggedShares) : kToldShares);
  if (!has_log) return lines;
  lines.emplace_back("http-request set-var(txn.host) req.fhdr(host)");
  lines.emplace_back("http-request set-var(txn.agent) req.fhdr(user-agent)");
  lines.emplace_back("http-after-response set-var(txn.location) res.fhdr(location)");
  return lines;
}

std::optional<RequestRecord> parse_request_record(std::string_view datagram) {
  if (datagram.ends_with('\n')) datagram.remove_suffix(1);
  const std::vector<std::string_view> fields = split(datagram, '\n');
  if (fields.size() != kMetricFields && fields.size() != kAccessFields) return std::nullopt;
  RequestRecord record{.listener = std::string(fields[0]), .section = std::string(fields[1])};
  std::int64_t status = 0;
  const std::array<std::int64_t*, 8> numbers = {&status,
                                                &record.receive_ms,
                                                &record.queue_ms,
                                                &record.connect_ms,
                                                &record.response_ms,
                                                &record.total_ms,
                                                &record.received_bytes,
                                                &record.sent_bytes};
  constexpr size_t kFirstNumber = 2;
  for (size_t i = 0; i < numbers.size(); ++i) {
    // A '+' says that more was to come when it was written.
    std::string_view text = fields[kFirstNumber + i];
    if (text.starts_with('+')) text.remove_prefix(1);
    const Result<std::int64_t> number =
        parse_signed(text, -1, std::numeric_limits<std::int64_t>::max());
    if (!number.has_value()) return std::nullopt;
    *numbers[i] = *number;
  }
  record.status = static_cast<int>(std::clamp<std::int64_t>(status, 0, 999));
  if (fields[kMetricFields - 1] != "-") {
    const Result<std::int64_t> every = parse_signed(fields[kMetricFields - 1], 1, kMostEvery);
    if (!every.has_value()) return std::nullopt;
    record.weight = *every;
  }
  if (fields.size() == kMetricFields) return record;
  const std::array<std::string*, kAccessFields - kMetricFields> texts = {&record.client,
                                                                         &record.target,
                                                                         &record.rule,
                                                                         &record.cipher,
                                                                         &record.tls,
                                                                         &record.method,
                                                                         &record.version,
                                                                         &record.uri,
                                                                         &record.host,
                                                                         &record.agent,
                                                                         &record.server_name,
                                                                         &record.location};
  for (size_t i = 0; i < texts.size(); ++i) *texts[i] = fields[kMetricFields + i];
  return record;
}

}  // namespace ikada
