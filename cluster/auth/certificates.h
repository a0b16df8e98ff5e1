// The cluster's certificate authority and the certificates of its nodes: X.509 v3 with ECDSA P-256
// keys, in PEM.
//
// Who a node is stands in its certificate's only URI, "ikada://CLUSTER/ROLE/NODE", with the
// cluster's and the node's id and worker or manager as ROLE. There is no common name: whoever
// verifies looks for the URI. Only a manager's is good for servers. A node makes its own key and
// sends only a request; of the request nothing but the public key is used. Certificates begin an
// hour before they are issued, for clocks that are late, and short-lived ones half their lifetime.
// Those of listeners have no URI.
//
// Source: RFC 5280; X509_sign(3), X509V3_EXT_nconf(3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/auth/secret.h"
#include "runtime/base/result.h"

namespace ikada::auth {

enum class NodeRole { kWorker, kManager };

// "worker", "manager".
std::string_view to_text(NodeRole role);
std::optional<NodeRole> parse_node_role(std::string_view text);

struct NodeIdentity {
  std::string cluster;  // 32 hexadecimal digits, as the node.
  NodeRole role = NodeRole::kWorker;
  std::string node;

  bool operator==(const NodeIdentity&) const = default;
};

// "ikada://CLUSTER/ROLE/NODE"; kInvalid for anything else.
std::string to_uri(const NodeIdentity& identity);
Result<NodeIdentity> parse_identity_uri(std::string_view uri);

inline constexpr std::int64_t kNodeCertificateSeconds = std::int64_t{90} * 24 * 3600;
inline constexpr std::int64_t kMinNodeCertificateSeconds = 60;

// A new private key, in PEM (PKCS #8).
Secret generate_private_key();

// A request for a certificate of that key. kInvalid for what is no key.
Result<std::string> create_certificate_request(const Secret& key);

struct CertificateOrder {
  NodeIdentity identity;
  std::vector<std::string> hosts = {};  // Names and addresses that clients may reach it by.
  std::int64_t now_s = 0;               // Seconds since 1970.
  std::int64_t lifetime_s = kNodeCertificateSeconds;
};

// For servers that are no nodes: listeners of load balancers.
struct ServerOrder {
  std::vector<std::string> names;  // Domain names and addresses; the first is the subject's, too.
  std::int64_t now_s = 0;          // Seconds since 1970.
  std::int64_t lifetime_s = kNodeCertificateSeconds;
};

class CertificateAuthority {
 public:
  // A new one, for ten years from now on.
  static Result<CertificateAuthority> create(std::string_view cluster, std::int64_t now_s);
  // kInvalid if the key is not the certificate's.
  static Result<CertificateAuthority> load(std::string certificate, Secret key);

  const std::string& certificate() const { return certificate_; }
  const Secret& key() const { return key_; }

  // A certificate for the key that `request` is signed with. kInvalid for a request that is not
  // well signed or whose key is not P-256.
  Result<std::string> issue(const std::string& request, const CertificateOrder& order) const;

  // A certificate for that key and these names, good for servers only: nobody takes who shows it
  // for a node. kInvalid for what is no key, and without a name.
  Result<std::string> issue_server(const Secret& key, const ServerOrder& order) const;

 private:
  CertificateAuthority(std::string certificate, Secret key)
      : certificate_(std::move(certificate)), key_(std::move(key)) {}

  std::string certificate_;
  Secret key_;
};

struct CertificateFacts {
  NodeIdentity identity;
  std::string serial;  // Hexadecimal.
  std::int64_t not_before_s = 0;
  std::int64_t not_after_s = 0;
};

// What a node's certificate says; nobody has verified it. kInvalid for one without identity.
Result<CertificateFacts> read_certificate(const std::string& certificate);

// Whether that authority has signed the certificate, whatever its dates are.
bool is_issued_by(const std::string& certificate, const std::string& authority);

// SHA-256 of the authority's public key (SubjectPublicKeyInfo), in 50 digits of base 36: what a
// join token pins it by.
Result<std::string> authority_digest(const std::string& certificate);

}  // namespace ikada::auth
