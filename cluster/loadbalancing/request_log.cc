#include "cluster/loadbalancing/request_log.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "cluster/loadbalancing/config_text.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr std::string_view kMetricFormat =
    R"(%f\n%b\n%ST\n%TR\n%Tw\n%Tc\n%Tr\n%Ta\n%U\n%B\n%[var(txn.every)]\n)";
constexpr std::string_view kAccessFormat =
    R"(\n%ci:%cp\n%si:%sp\n%[var(txn.rule)]\n%sslc\n%sslv\n%HM\n%HV\n%HU\n%[var(txn.host)])"
    R"(\n%[var(txn.agent)]\n%[ssl_fc_sni]\n%[var(txn.location)])";
constexpr size_t kMetricFields = 12;
constexpr size_t kAccessFields = 24;
constexpr size_t kShareField = 10;
constexpr std::int64_t kMostEvery = 1'000'000;

// Of how many requests of the listener one is told. Who is told of sets it for the next ones, while
// it is written down: that costs the others nothing.
std::string share_variable(const PlannedListener& listener) {
  return "proc.every_" + short_hash(listener.name);
}

}  // namespace

std::string listener_section(std::string_view listener) { return "l:" + section_name(listener); }

std::string request_log_start(const PlannedListener& listener) {
  return fmt::format("set-var {} int(1)", share_variable(listener));
}

std::vector<std::string> request_log_lines(const PlannedListener& listener,
                                           const std::string& told_at) {
  if (told_at.empty()) return {};
  const bool has_log = !listener.log_group.empty();
  const ToldRate rate = has_log ? kLoggedRate : kToldRate;
  const std::string share = share_variable(listener);
  std::vector<std::string> lines = {
      fmt::format("log {} len 4096 format raw local0 info", config_word(told_at)),
      "option dontlognull",
      fmt::format("log-format \"{}%[fe_req_rate,div({}),add(1),set-var({})]{}\"",
                  kMetricFormat,
                  rate.some,
                  share,
                  has_log ? kAccessFormat : ""),
      // Few conditions: each costs HAProxy some 300 instructions.
      fmt::format("http-request set-var(txn.every) var({0}) if {{ rand(1048576),mod({0}) eq 0 }} "
                  "{{ fe_req_rate gt {1} }}",
                  share,
                  rate.all),
      fmt::format("http-request set-log-level silent if !{{ var(txn.every) -m found }} "
                  "{{ fe_req_rate gt {} }}",
                  rate.all),
  };
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
  const std::string_view share = fields[kShareField];
  if (share != "-") {
    const Result<std::int64_t> every = parse_signed(share, 1, kMostEvery);
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
