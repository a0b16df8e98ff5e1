#include "cluster/node/membership.h"

#include <sys/random.h>

#include <cstdlib>
#include <utility>

#include "runtime/base/atomic_file.h"
#include "runtime/base/json.h"
#include "runtime/base/random_id.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxMembershipBytes = size_t{1} << 20;
constexpr size_t kClusterIdBytes = 16;

template <typename Bytes>
std::string hex(const Bytes& bytes) {
  return to_hex(bytes.data(), bytes.size());
}

// Reads members one after another and keeps the first mistake.
class HexReader {
 public:
  explicit HexReader(JsonReader& reader) : reader_(reader) {}

  template <size_t kBytes>
  void require(std::string_view key, std::array<std::uint8_t, kBytes>& out) {
    std::string text;
    reader_.require(key, text);
    const auto bytes = parse_hex<kBytes>(text);
    if (bytes.has_value()) {
      out = *bytes;
    } else {
      reader_.fail(key, bytes.error().message);
    }
  }

  template <size_t kBytes>
  void require(std::string_view key, std::vector<std::array<std::uint8_t, kBytes>>& out) {
    std::vector<std::string> texts;
    reader_.require(key, texts);
    if (texts.empty()) reader_.fail(key, "none");
    for (const std::string& text : texts) {
      const auto bytes = parse_hex<kBytes>(text);
      if (!bytes.has_value()) return reader_.fail(key, bytes.error().message);
      out.push_back(*bytes);
    }
  }

 private:
  JsonReader& reader_;
};

template <size_t kBytes>
Json hex_list(const std::vector<std::array<std::uint8_t, kBytes>>& all) {
  Json list = Json::array();
  for (const auto& each : all) list.push_back(hex(each));
  return list;
}

Result<std::optional<Json>> load(const std::string& path) {
  const Result<std::string> text = read_file(path, kMaxMembershipBytes);
  if (!text.has_value() && text.error().kind == ErrorKind::kNotFound) return std::optional<Json>();
  if (!text.has_value()) return text.error();
  IK_LET(json, parse_json(*text).context("{}", path));
  return std::optional<Json>(std::move(json));
}

void read_secret(JsonReader& reader, std::string_view key, auth::Secret& out) {
  std::string text;
  reader.require(key, text);
  out = auth::Secret(std::move(text));
}

}  // namespace

Result<std::optional<Membership>> load_membership(const std::string& path) {
  IK_LET(json, load(path));
  if (!json.has_value()) return std::optional<Membership>();
  Membership membership;
  JsonReader reader(*json, path);
  HexReader hex_reader(reader);
  reader.require("name", membership.name);
  reader.require("address", membership.address);
  reader.require("managers", membership.managers);
  if (membership.managers.empty()) reader.fail("managers", "none");
  NodeCredentials& credentials = membership.credentials;
  reader.require("authority", credentials.authority);
  reader.require("certificate", credentials.certificate);
  read_secret(reader, "key", credentials.key);
  reader.read("otherAuthorities", credentials.others);
  GossipCredentials& gossip = membership.gossip;
  hex_reader.require("gossipKey", gossip.key);
  hex_reader.require("gossipAuthority", gossip.authority);
  reader.require("admissionSerial", gossip.admission.serial);
  hex_reader.require("admission", gossip.admission.signature);
  hex_reader.require("packetKeys", gossip.packet_keys);
  IK_TRY(reader.done());
  IK_LET(facts, auth::read_certificate(credentials.certificate).context("{}", path));
  membership.identity = std::move(facts.identity);
  return std::optional<Membership>(std::move(membership));
}

Result<void> store_membership(const std::string& path, const Membership& membership) {
  const NodeCredentials& credentials = membership.credentials;
  const GossipCredentials& gossip = membership.gossip;
  Json json = {{"name", membership.name},
               {"address", membership.address},
               {"managers", membership.managers},
               {"authority", credentials.authority},
               {"certificate", credentials.certificate},
               {"key", std::string(credentials.key.reveal())},
               {"gossipKey", hex(gossip.key)},
               {"gossipAuthority", hex(gossip.authority)},
               {"admissionSerial", gossip.admission.serial},
               {"admission", hex(gossip.admission.signature)},
               {"packetKeys", hex_list(gossip.packet_keys)}};
  if (!credentials.others.empty()) json["otherAuthorities"] = credentials.others;
  return write_file_atomically(path, json.dump(2) + "\n", 0600);
}

SealingKeyBytes random_sealing_key() {
  SealingKeyBytes key{};
  if (::getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size())) std::abort();
  return key;
}

Result<NewAuthorities> create_authorities(const std::string& cluster, std::int64_t now_s) {
  IK_LET(authority, auth::CertificateAuthority::create(cluster, now_s));
  IK_LET(store_authority, auth::CertificateAuthority::create(cluster, now_s));
  return NewAuthorities{.authority = std::move(authority),
                        .store_authority = std::move(store_authority)};
}

Result<ClusterKeys> create_cluster_keys(std::int64_t now_s) {
  std::string cluster = random_hex(kClusterIdBytes);
  IK_LET(authorities, create_authorities(cluster, now_s));
  return ClusterKeys{.cluster = std::move(cluster),
                     .authority = std::move(authorities.authority),
                     .gossip_authority = gossip::random_private_key(),
                     .packet_keys = {gossip::random_gossip_key()},
                     .store_authority = std::move(authorities.store_authority),
                     .sealing_keys = {random_sealing_key()}};
}

Result<std::optional<ClusterKeys>> load_cluster_keys(const std::string& path) {
  IK_LET(json, load(path));
  if (!json.has_value()) return std::optional<ClusterKeys>();
  IK_LET(keys, parse_cluster_keys(*json, path));
  return std::optional<ClusterKeys>(std::move(keys));
}

Result<NewAuthorities> parse_authorities(const Json& json, const std::string& name) {
  JsonReader reader(json, name);
  std::string certificate;
  auth::Secret key;
  std::string store_certificate;
  auth::Secret store_key;
  reader.require("certificate", certificate);
  read_secret(reader, "key", key);
  reader.require("storeCertificate", store_certificate);
  read_secret(reader, "storeKey", store_key);
  IK_TRY(reader.done());
  IK_LET(
      authority,
      auth::CertificateAuthority::load(std::move(certificate), std::move(key)).context("{}", name));
  IK_LET(store_authority,
         auth::CertificateAuthority::load(std::move(store_certificate), std::move(store_key))
             .context("{}", name));
  return NewAuthorities{.authority = std::move(authority),
                        .store_authority = std::move(store_authority)};
}

Json to_json(const NewAuthorities& authorities) {
  return {{"certificate", authorities.authority.certificate()},
          {"key", std::string(authorities.authority.key().reveal())},
          {"storeCertificate", authorities.store_authority.certificate()},
          {"storeKey", std::string(authorities.store_authority.key().reveal())}};
}

Result<ClusterKeys> parse_cluster_keys(const Json& json, const std::string& name) {
  JsonReader reader(json, name);
  HexReader hex_reader(reader);
  std::string cluster;
  gossip::PrivateKey gossip_authority{};
  std::vector<gossip::GossipKey> packet_keys;
  std::vector<SealingKeyBytes> sealing_keys;
  reader.require("cluster", cluster);
  hex_reader.require("gossipAuthorityKey", gossip_authority);
  hex_reader.require("packetKeys", packet_keys);
  if (json.contains("sealingKeys")) hex_reader.require("sealingKeys", sealing_keys);
  IK_TRY(reader.done());
  IK_LET(authorities, parse_authorities(json, name));
  ClusterKeys keys{.cluster = std::move(cluster),
                   .authority = std::move(authorities.authority),
                   .gossip_authority = gossip_authority,
                   .packet_keys = std::move(packet_keys),
                   .store_authority = std::move(authorities.store_authority),
                   .sealing_keys = std::move(sealing_keys)};
  if (json.contains("next")) {
    IK_LET(next, parse_authorities(json["next"], name + ": next"));
    keys.next = std::move(next);
  }
  if (json.contains("former")) {
    FormerAuthorities former;
    JsonReader former_reader(json["former"], name + ": former");
    former_reader.require("certificate", former.certificate);
    former_reader.require("storeCertificate", former.store_certificate);
    IK_TRY(former_reader.done());
    keys.former = std::move(former);
  }
  return keys;
}

Json to_json(const ClusterKeys& keys) {
  Json json =
      to_json(NewAuthorities{.authority = keys.authority, .store_authority = keys.store_authority});
  json["cluster"] = keys.cluster;
  json["gossipAuthorityKey"] = hex(keys.gossip_authority);
  json["packetKeys"] = hex_list(keys.packet_keys);
  if (!keys.sealing_keys.empty()) json["sealingKeys"] = hex_list(keys.sealing_keys);
  if (keys.next.has_value()) json["next"] = to_json(*keys.next);
  if (keys.former.has_value()) {
    json["former"] = {{"certificate", keys.former->certificate},
                      {"storeCertificate", keys.former->store_certificate}};
  }
  return json;
}

Result<void> store_cluster_keys(const std::string& path, const ClusterKeys& keys) {
  return write_file_atomically(path, to_json(keys).dump(2) + "\n", 0600);
}

}  // namespace ikada
