#include "cluster/gossip/statement.h"

#include <arpa/inet.h>
#include <string.h>

#include <algorithm>

#include "cluster/gossip/byte_codec.h"
#include "cluster/gossip/prng.h"
#include "runtime/base/number.h"

namespace ikada::gossip {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_mapped(const Endpoint& endpoint) {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), endpoint.address.begin());
}

// What a signature is over: what it is for, the cluster, the content.
std::string signed_text(std::string_view purpose,
                        std::string_view cluster,
                        std::string_view content) {
  std::string text;
  text.reserve(purpose.size() + cluster.size() + content.size() + 2);
  text.append(purpose).push_back('\0');
  text.append(cluster).push_back('\0');
  return text.append(content);
}

std::string content_of(const Statement& statement) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.text(statement.name);
  writer.raw(statement.key);
  writer.raw(statement.endpoint.address);
  writer.u16(statement.endpoint.port);
  writer.u64(statement.incarnation);
  writer.u8(static_cast<std::uint8_t>(statement.presence));
  writer.u8(statement.versions.min);
  writer.u8(statement.versions.max);
  writer.u8(static_cast<std::uint8_t>(statement.metadata.role));
  writer.text(statement.metadata.version);
  writer.text(statement.metadata.capacity);
  writer.u8(statement.admission.has_value() ? 1 : 0);
  if (statement.admission.has_value()) {
    writer.u64(statement.admission->serial);
    writer.raw(statement.admission->signature);
  }
  return bytes;
}

std::string content_of(const Accusation& accusation) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.u64(accusation.accused);
  writer.u64(accusation.incarnation);
  writer.u64(accusation.accuser);
  return bytes;
}

std::string signed_text_of(const Statement& statement, std::string_view cluster) {
  return signed_text("ikada gossip statement 1", cluster, content_of(statement));
}

std::string signed_text_of(const Accusation& accusation, std::string_view cluster) {
  return signed_text("ikada gossip accusation 1", cluster, content_of(accusation));
}

std::string admission_text(std::string_view name,
                           const PublicKey& key,
                           std::uint64_t serial,
                           std::string_view cluster) {
  std::string content;
  ByteWriter writer(content);
  writer.text(name);
  writer.raw(key);
  writer.u64(serial);
  return signed_text("ikada gossip admission 1", cluster, content);
}

}  // namespace

MemberId member_id(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char each : name) hash = (hash ^ static_cast<std::uint8_t>(each)) * 0x100000001b3U;
  return mix_bits(hash);
}

std::string to_text(const Endpoint& endpoint) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (is_mapped(endpoint)) {
    ::inet_ntop(AF_INET, endpoint.address.data() + kMappedPrefix.size(), text.data(), text.size());
    return fmt::format("{}:{}", text.data(), endpoint.port);
  }
  ::inet_ntop(AF_INET6, endpoint.address.data(), text.data(), text.size());
  return fmt::format("[{}]:{}", text.data(), endpoint.port);
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return make_error(ErrorKind::kInvalid, "{}: not ADDRESS:PORT", text);
  }
  Endpoint endpoint;
  IK_LET(port, parse_unsigned(text.substr(colon + 1), 65535).context("{}", text));
  endpoint.port = static_cast<std::uint16_t>(port);
  std::string address(text.substr(0, colon));
  bool good = false;
  if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
    address = address.substr(1, address.size() - 2);
    good = ::inet_pton(AF_INET6, address.c_str(), endpoint.address.data()) == 1;
  } else {
    std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), endpoint.address.begin());
    good =
        ::inet_pton(AF_INET, address.c_str(), endpoint.address.data() + kMappedPrefix.size()) == 1;
  }
  if (!good || port == 0) return make_error(ErrorKind::kInvalid, "{}: not ADDRESS:PORT", text);
  return endpoint;
}

std::string encode(const Statement& statement) {
  std::string bytes = content_of(statement);
  ByteWriter(bytes).raw(statement.signature);
  return bytes;
}

std::string encode(const Accusation& accusation) {
  std::string bytes = content_of(accusation);
  ByteWriter(bytes).raw(accusation.signature);
  return bytes;
}

Result<Statement> decode_statement(std::string_view bytes) {
  ByteReader reader(bytes);
  Statement statement;
  statement.name = reader.text(kMaxNameBytes);
  reader.raw(statement.key);
  reader.raw(statement.endpoint.address);
  statement.endpoint.port = reader.u16();
  statement.incarnation = reader.u64();
  const std::uint8_t presence = reader.u8();
  statement.presence = static_cast<Presence>(presence);
  statement.versions.min = reader.u8();
  statement.versions.max = reader.u8();
  const std::uint8_t role = reader.u8();
  statement.metadata.role = static_cast<Role>(role);
  statement.metadata.version = reader.text(kMaxVersionBytes);
  statement.metadata.capacity = reader.text(kMaxCapacityBytes);
  const std::uint8_t has_admission = reader.u8();
  if (has_admission == 1) {
    statement.admission.emplace();
    statement.admission->serial = reader.u64();
    reader.raw(statement.admission->signature);
  }
  reader.raw(statement.signature);
  if (reader.failed() || !reader.at_end() || presence < 1 || presence > 2 || role < 1 || role > 2 ||
      has_admission > 1) {
    return make_error(ErrorKind::kInvalid, "not a member's statement");
  }
  IK_TRY(check(statement));
  return statement;
}

Result<Accusation> decode_accusation(std::string_view bytes) {
  ByteReader reader(bytes);
  Accusation accusation;
  accusation.accused = reader.u64();
  accusation.incarnation = reader.u64();
  accusation.accuser = reader.u64();
  reader.raw(accusation.signature);
  if (reader.failed() || !reader.at_end()) {
    return make_error(ErrorKind::kInvalid, "not an accusation");
  }
  return accusation;
}

Result<void> check(const Statement& statement) {
  const auto is_printable = [](std::string_view text) {
    return std::all_of(
        text.begin(), text.end(), [](char each) { return each > ' ' && each < 127; });
  };
  if (statement.name.empty() || statement.name.size() > kMaxNameBytes ||
      !is_printable(statement.name)) {
    return make_error(ErrorKind::kInvalid, "not a member's name");
  }
  if (statement.metadata.version.size() > kMaxVersionBytes ||
      statement.metadata.capacity.size() > kMaxCapacityBytes ||
      !is_printable(statement.metadata.version)) {
    return make_error(ErrorKind::kInvalid, "{}: its metadata is too long", statement.name);
  }
  if (statement.versions.min == 0 || statement.versions.min > statement.versions.max ||
      statement.endpoint.port == 0) {
    return make_error(ErrorKind::kInvalid, "{}: no version or no port", statement.name);
  }
  return {};
}

void sign(Statement& statement, std::string_view cluster, const Signatures& signatures) {
  statement.key = signatures.public_key();
  statement.signature = signatures.sign(signed_text_of(statement, cluster));
}

void sign(Accusation& accusation, std::string_view cluster, const Signatures& signatures) {
  accusation.signature = signatures.sign(signed_text_of(accusation, cluster));
}

bool is_signed(const Statement& statement, std::string_view cluster, const Signatures& signatures) {
  return signatures.verify(statement.key, signed_text_of(statement, cluster), statement.signature);
}

bool is_signed(const Accusation& accusation,
               const PublicKey& accuser,
               std::string_view cluster,
               const Signatures& signatures) {
  return signatures.verify(accuser, signed_text_of(accusation, cluster), accusation.signature);
}

Admission admit(std::string_view name,
                const PublicKey& key,
                std::uint64_t serial,
                std::string_view cluster,
                const Signatures& signatures) {
  return {.serial = serial,
          .signature = signatures.sign(admission_text(name, key, serial, cluster))};
}

bool is_admitted(const Statement& statement,
                 const PublicKey& authority,
                 std::string_view cluster,
                 const Signatures& signatures) {
  return statement.admission.has_value() &&
         signatures.verify(
             authority,
             admission_text(statement.name, statement.key, statement.admission->serial, cluster),
             statement.admission->signature);
}

}  // namespace ikada::gossip
