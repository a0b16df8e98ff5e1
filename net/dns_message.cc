#include "net/dns_message.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <memory>

#include <ldns/ldns.h>

namespace ikada {
namespace {

constexpr size_t kDnsHeader = 12;
constexpr size_t kPlainDatagram = 512;
// What passes through every network in one piece.
constexpr size_t kSafeDatagram = 1232;
constexpr unsigned kByteBits = 8;
constexpr unsigned kAnswerBit = 0x80;
constexpr unsigned kMaxLabel = 63;
constexpr size_t kMaxRecords = 2000;

using Packet = std::unique_ptr<ldns_pkt, decltype(&::ldns_pkt_free)>;

unsigned word_at(std::string_view message, size_t at) {
  return static_cast<unsigned char>(message[at]) << kByteBits |
         static_cast<unsigned char>(message[at + 1]);
}

std::string text_of(const ldns_rdf* name) {
  const std::unique_ptr<char, decltype(&::free)> text(::ldns_rdf2str(name), &::free);
  std::string result = text == nullptr ? "" : text.get();
  if (result.ends_with('.')) result.pop_back();
  return result;
}

Result<ldns_rdf*> name_rdf(const std::string& name) {
  ldns_rdf* const rdf = ::ldns_dname_new_frm_str((name + ".").c_str());
  if (rdf == nullptr) return make_error(ErrorKind::kInvalid, "not a name of DNS: {}", name);
  return rdf;
}

Result<ldns_rdf*> address_rdf(const DnsRecord& record) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  const bool is_v4 = record.type == kDnsA;
  if (::inet_pton(is_v4 ? AF_INET : AF_INET6, record.address.c_str(), bytes.data()) != 1) {
    return make_error(ErrorKind::kInvalid, "not an address: {}", record.address);
  }
  return ::ldns_rdf_new_frm_data(is_v4 ? LDNS_RDF_TYPE_A : LDNS_RDF_TYPE_AAAA,
                                 is_v4 ? sizeof(in_addr) : sizeof(in6_addr),
                                 bytes.data());
}

Result<ldns_rr*> new_rr(const std::string& name, std::uint16_t type, std::uint32_t ttl_s) {
  IK_LET(owner, name_rdf(name));
  ldns_rr* const rr = ::ldns_rr_new();
  ::ldns_rr_set_owner(rr, owner);
  ::ldns_rr_set_type(rr, static_cast<ldns_rr_type>(type));
  ::ldns_rr_set_class(rr, LDNS_RR_CLASS_IN);
  ::ldns_rr_set_ttl(rr, ttl_s);
  return rr;
}

// The packet owns what was put into it.
Result<void> put_record(ldns_pkt* packet,
                        ldns_pkt_section section,
                        const DnsRecord& record,
                        std::uint32_t ttl_s) {
  IK_LET(rr, new_rr(record.name, record.type, ttl_s));
  ::ldns_pkt_push_rr(packet, section, rr);
  if (record.type == kDnsSrv) {
    IK_LET(target, name_rdf(record.target));
    // Priority and weight: all are alike.
    for (const std::uint16_t number : {std::uint16_t{0}, std::uint16_t{1}, record.port}) {
      ::ldns_rr_push_rdf(rr, ::ldns_native2rdf_int16(LDNS_RDF_TYPE_INT16, number));
    }
    ::ldns_rr_push_rdf(rr, target);
    return {};
  }
  IK_LET(address, address_rdf(record));
  ::ldns_rr_push_rdf(rr, address);
  return {};
}

// Says for how long it may be remembered that there is nothing.
Result<void> put_authority(ldns_pkt* packet, const std::string& zone, std::uint32_t ttl_s) {
  IK_LET(rr, new_rr(zone, LDNS_RR_TYPE_SOA, ttl_s));
  ::ldns_pkt_push_rr(packet, LDNS_SECTION_AUTHORITY, rr);
  for (const char* name : {"ns", "root"}) {
    IK_LET(rdf, name_rdf(fmt::format("{}.{}", name, zone)));
    ::ldns_rr_push_rdf(rr, rdf);
  }
  constexpr std::uint32_t kSerial = 1;
  for (const std::uint32_t number : {kSerial, ttl_s, ttl_s, ttl_s, ttl_s}) {
    ::ldns_rr_push_rdf(rr, ::ldns_native2rdf_int32(LDNS_RDF_TYPE_INT32, number));
  }
  return {};
}

Result<std::string> wire_of(const ldns_pkt* packet) {
  std::uint8_t* bytes = nullptr;
  size_t size = 0;
  if (::ldns_pkt2wire(&bytes, packet, &size) != LDNS_STATUS_OK) {
    return make_error(ErrorKind::kInvalid, "the answer is no message of DNS");
  }
  const std::unique_ptr<std::uint8_t, decltype(&::free)> owner(bytes, &::free);
  return std::string(bytes, bytes + size);
}

struct Shape {
  size_t records = 0;
  bool has_additional = true;
  bool is_truncated = false;
};

Result<std::string> encode_shape(const DnsQuestion& question,
                                 const DnsAnswer& answer,
                                 std::uint32_t ttl_s,
                                 const Shape& shape) {
  const Packet packet(::ldns_pkt_new(), &::ldns_pkt_free);
  ::ldns_pkt_set_id(packet.get(), question.id);
  ::ldns_pkt_set_qr(packet.get(), true);
  ::ldns_pkt_set_aa(packet.get(), answer.is_ours);
  ::ldns_pkt_set_rd(packet.get(), question.wants_recursion);
  ::ldns_pkt_set_ra(packet.get(), true);
  ::ldns_pkt_set_tc(packet.get(), shape.is_truncated);
  ::ldns_pkt_set_rcode(packet.get(), static_cast<std::uint8_t>(answer.code));
  if (question.has_edns) ::ldns_pkt_set_edns_udp_size(packet.get(), kSafeDatagram);
  if (question.type != 0) {
    IK_LET(asked, new_rr(question.name, question.type, 0));
    ::ldns_rr_set_question(asked, true);
    ::ldns_pkt_push_rr(packet.get(), LDNS_SECTION_QUESTION, asked);
  }
  for (size_t at = 0; at < shape.records; ++at) {
    IK_TRY(put_record(packet.get(), LDNS_SECTION_ANSWER, answer.records[at], ttl_s));
  }
  if (answer.is_ours && answer.records.empty()) {
    IK_TRY(put_authority(packet.get(), answer.zone, ttl_s));
  }
  if (shape.has_additional) {
    for (const DnsRecord& each : answer.additional) {
      IK_TRY(put_record(packet.get(), LDNS_SECTION_ADDITIONAL, each, ttl_s));
    }
  }
  return wire_of(packet.get());
}

}  // namespace

Result<ParsedDnsQuestion> parse_dns_question(std::string_view message) {
  const bool is_query = message.size() >= kDnsHeader && message.size() <= kMaxDnsMessage &&
                        (static_cast<unsigned char>(message[2]) & kAnswerBit) == 0;
  if (!is_query) return make_error(ErrorKind::kInvalid, "not a question of DNS");
  ParsedDnsQuestion parsed;
  DnsQuestion& question = parsed.question;
  question.id = dns_message_id(message);
  const auto refuse = [&](DnsCode code) {
    parsed.code = code;
    return parsed;
  };
  ldns_pkt* raw = nullptr;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(message.data());
  if (::ldns_wire2pkt(&raw, bytes, message.size()) != LDNS_STATUS_OK) {
    return refuse(DnsCode::kFormatError);
  }
  const Packet packet(raw, &::ldns_pkt_free);
  question.wants_recursion = ::ldns_pkt_rd(packet.get());
  if (::ldns_pkt_get_opcode(packet.get()) != LDNS_PACKET_QUERY) {
    return refuse(DnsCode::kNotImplemented);
  }
  const ldns_rr_list* const asked = ::ldns_pkt_question(packet.get());
  if (::ldns_pkt_qdcount(packet.get()) != 1 || ::ldns_rr_list_rr_count(asked) != 1) {
    return refuse(DnsCode::kFormatError);
  }
  const ldns_rr* const rr = ::ldns_rr_list_rr(asked, 0);
  question.name = text_of(::ldns_rr_owner(rr));
  question.type = static_cast<std::uint16_t>(::ldns_rr_get_type(rr));
  question.has_edns = ::ldns_pkt_edns(packet.get());
  if (question.has_edns) {
    question.max_bytes =
        std::clamp(size_t{::ldns_pkt_edns_udp_size(packet.get())}, kPlainDatagram, kSafeDatagram);
  }
  if (::ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN) return refuse(DnsCode::kRefused);
  return parsed;
}

Result<std::string> encode_dns_answer(const DnsQuestion& question,
                                      const DnsAnswer& answer,
                                      std::uint32_t ttl_s,
                                      size_t max_bytes) {
  Shape shape{.records = std::min(answer.records.size(), kMaxRecords)};
  while (true) {
    IK_LET(bytes, encode_shape(question, answer, ttl_s, shape));
    const bool is_least = shape.records == 0 && !shape.has_additional;
    if (bytes.size() <= max_bytes || is_least) return bytes;
    // The additional ones are only a favour: without them nothing is missing.
    if (!std::exchange(shape.has_additional, false)) {
      shape.is_truncated = true;
      shape.records /= 2;
    }
  }
}

std::optional<std::string_view> find_dns_question(std::string_view message) {
  if (message.size() < kDnsHeader || word_at(message, 4) != 1) return std::nullopt;
  size_t at = kDnsHeader;
  while (at < message.size() && message[at] != 0) {
    const auto length = static_cast<unsigned char>(message[at]);
    if (length > kMaxLabel) return std::nullopt;
    at += 1 + size_t{length};
  }
  constexpr size_t kTypeAndClass = 4;
  if (at + 1 + kTypeAndClass > message.size()) return std::nullopt;
  return message.substr(kDnsHeader, at + 1 + kTypeAndClass - kDnsHeader);
}

bool answers_dns_query(std::string_view answer, std::string_view query) {
  if (answer.size() < kDnsHeader || query.size() < kDnsHeader) return false;
  if ((static_cast<unsigned char>(answer[2]) & kAnswerBit) == 0) return false;
  if (dns_message_id(answer) != dns_message_id(query)) return false;
  const auto asked = find_dns_question(query);
  return asked.has_value() && find_dns_question(answer) == asked;
}

std::uint16_t dns_message_id(std::string_view message) {
  return static_cast<std::uint16_t>(word_at(message, 0));
}

void set_dns_message_id(std::string& message, std::uint16_t id) {
  message[0] = static_cast<char>(id >> kByteBits);
  message[1] = static_cast<char>(id);
}

}  // namespace ikada
