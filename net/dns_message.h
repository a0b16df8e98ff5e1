// Messages of DNS: the question of a client, and our answer, as bytes. Pure.
//
// Of what a client sends one question is read, of the class IN; anything else is refused by code or
// is no message at all, and is not answered. Names are in presentation form without the last dot.
//
// Source: RFC 1035 section 4; RFC 2782 (SRV); RFC 2308 (no such name); RFC 6891 (EDNS).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

inline constexpr std::uint16_t kDnsA = 1;
inline constexpr std::uint16_t kDnsAaaa = 28;
inline constexpr std::uint16_t kDnsSrv = 33;
inline constexpr std::uint16_t kDnsAny = 255;

inline constexpr size_t kMaxDnsMessage = 65535;

enum class DnsCode : std::uint8_t {
  kNoError = 0,
  kFormatError = 1,
  kServerFailure = 2,
  kNoSuchName = 3,
  kNotImplemented = 4,
  kRefused = 5,
};

struct DnsQuestion {
  std::uint16_t id = 0;
  bool wants_recursion = false;
  bool has_edns = false;
  size_t max_bytes = 512;  // Of an answer in one datagram.
  std::string name = {};   // As it was asked, upper case and all.
  std::uint16_t type = 0;
};

struct DnsRecord {
  std::string name = {};
  std::uint16_t type = kDnsA;
  std::string address = {};  // Of A and AAAA.
  std::uint16_t port = 0;    // Of SRV, as the next.
  std::string target = {};

  bool operator==(const DnsRecord&) const = default;
};

struct DnsAnswer {
  DnsCode code = DnsCode::kNoError;
  bool is_ours = true;  // Of a zone that we know all of; `zone` is its name.
  std::string zone = {};
  std::vector<DnsRecord> records = {};
  std::vector<DnsRecord> additional = {};
};

// kInvalid for what is no question: to be ignored. With a code other than kNoError it is one that
// is answered with that alone.
struct ParsedDnsQuestion {
  DnsQuestion question = {};
  DnsCode code = DnsCode::kNoError;
};
Result<ParsedDnsQuestion> parse_dns_question(std::string_view message);

// At most `max_bytes`: what does not fit is left out, and the answer says so (truncated).
// `ttl_s` is of all records. kInvalid for names and addresses that are none.
Result<std::string> encode_dns_answer(const DnsQuestion& question,
                                      const DnsAnswer& answer,
                                      std::uint32_t ttl_s,
                                      size_t max_bytes);

// The bytes of the one question of a message, as they are. Nothing if there is not exactly one.
std::optional<std::string_view> find_dns_question(std::string_view message);

// Whether `answer` is one to the `query` that was sent to another server.
bool answers_dns_query(std::string_view answer, std::string_view query);

std::uint16_t dns_message_id(std::string_view message);
void set_dns_message_id(std::string& message, std::uint16_t id);

}  // namespace ikada
