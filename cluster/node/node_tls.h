// TLS 1.3 between hosts of the cluster: each shows the certificate that the cluster's authority
// gave it, and trusts whoever shows another of the same authority; while that is exchanged, of the
// other one, too (authority_exchange.h). Sessions are never resumed, so
// that every connection is a handshake in which a removed node is refused.
//
// Source: RFC 8446; SSL_CTX_set_verify(3), SSL_CTX_set_cert_verify_callback(3).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/ssl/context.hpp>

#include "cluster/auth/certificates.h"

namespace ikada {

using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

struct NodeCredentials {
  std::string authority;    // Certificate, in PEM, as the next.
  std::string certificate;  // The node's own.
  auth::Secret key;
  std::vector<std::string> others = {};  // Certificates of other authorities that count as well.
};

// For a listener. A client without certificate is let in, because a host that joins has none yet;
// one with another's certificate is not.
Result<TlsContext> node_server_tls(const NodeCredentials& credentials);

// For clients that are no nodes and know the authority: browsers, aws, Terraform. TLS 1.2 and 1.3.
Result<TlsContext> public_server_tls(const NodeCredentials& credentials);

// For a node that connects to another.
Result<TlsContext> node_client_tls(const NodeCredentials& credentials);

// For a host that joins: it trusts the authority of that digest (authority_digest()) and no other.
Result<TlsContext> joining_tls(const std::string& authority_digest);

// Who the other side of a finished handshake is; nothing if it showed no certificate. kDenied for a
// certificate that is no node's.
Result<std::optional<auth::CertificateFacts>> verified_peer(SSL* connection);

// The authority's certificate that the other side of a finished handshake sent; empty if it did
// not.
std::string sent_authority(SSL* connection);

}  // namespace ikada
