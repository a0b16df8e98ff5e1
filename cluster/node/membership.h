// What a host keeps of its membership in the cluster: STATE/node.json, 0600, replaced whole. And
// what managers keep besides: STATE/cluster/authority.json, 0600, the keys that make members.
//
// Keys and signatures are hexadecimal, certificates and their keys PEM.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/auth/certificates.h"
#include "cluster/gossip/ed25519.h"
#include "cluster/gossip/keyring.h"
#include "cluster/gossip/statement.h"
#include "cluster/node/node_tls.h"
#include "runtime/base/json.h"

namespace ikada {

struct GossipCredentials {
  gossip::PrivateKey key{};       // The node's own.
  gossip::PublicKey authority{};  // Whose admissions count.
  gossip::Admission admission;
  std::vector<gossip::GossipKey> packet_keys;  // The one to seal with first.
};

struct Membership {
  auth::NodeIdentity identity;
  std::string name;
  std::string address;                // Where others reach this host, without port.
  std::vector<std::string> managers;  // "192.0.2.1:7442", in the order in which to try.
  NodeCredentials credentials;
  GossipCredentials gossip;
};

// Nothing on a host that is in no cluster. kInvalid for a file that is no such thing.
Result<std::optional<Membership>> load_membership(const std::string& path);
Result<void> store_membership(const std::string& path, const Membership& membership);

// While the authorities are exchanged (authority_exchange.h): those that are to issue, and of those
// that have issued the certificates alone.
struct NewAuthorities {
  auth::CertificateAuthority authority;
  auth::CertificateAuthority store_authority;
};
struct FormerAuthorities {
  std::string certificate;
  std::string store_certificate;
};

// cluster/store/sealed_value.h
using SealingKeyBytes = std::array<std::uint8_t, 32>;

struct ClusterKeys {
  std::string cluster;  // Its id, 32 hexadecimal digits.
  auth::CertificateAuthority authority;
  gossip::PrivateKey gossip_authority{};
  std::vector<gossip::GossipKey> packet_keys;
  // Of the managers' etcd alone: its members take whoever has a certificate of their authority, so
  // that must not be the one of all nodes.
  auth::CertificateAuthority store_authority;
  // What seals secrets: the first; the others only open. Empty in a cluster that was made before
  // it had such keys: there the one that follows from the authority's does both.
  std::vector<SealingKeyBytes> sealing_keys = {};
  std::optional<NewAuthorities> next = {};
  std::optional<FormerAuthorities> former = {};
};

Result<ClusterKeys> create_cluster_keys(std::int64_t now_s);
Result<std::optional<ClusterKeys>> load_cluster_keys(const std::string& path);
Result<NewAuthorities> create_authorities(const std::string& cluster, std::int64_t now_s);
Result<NewAuthorities> parse_authorities(const Json& json, const std::string& name);
Json to_json(const NewAuthorities& authorities);
// A new random one.
SealingKeyBytes random_sealing_key();
// From the file's text and into it, for a host that becomes a manager.
Result<ClusterKeys> parse_cluster_keys(const Json& json, const std::string& name);
Json to_json(const ClusterKeys& keys);
Result<void> store_cluster_keys(const std::string& path, const ClusterKeys& keys);

// Two hexadecimal digits for each byte. kInvalid for anything else.
template <size_t kBytes>
Result<std::array<std::uint8_t, kBytes>> parse_hex(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<std::uint8_t, kBytes> bytes{};
  if (text.size() != 2 * kBytes || text.find_first_not_of(kDigits) != std::string_view::npos) {
    return make_error(ErrorKind::kInvalid, "expected {} hexadecimal digits", 2 * kBytes);
  }
  for (size_t place = 0; place < kBytes; ++place) {
    bytes[place] = static_cast<std::uint8_t>(kDigits.find(text[2 * place]) << 4U |
                                             kDigits.find(text[2 * place + 1]));
  }
  return bytes;
}

}  // namespace ikada
