#include "cluster/auth/certificates.h"

#include <doctest/doctest.h>

namespace ikada::auth {
namespace {

constexpr std::int64_t kNow = 1'800'000'000;
const std::string kCluster = "0123456789abcdef0123456789abcdef";
const std::string kNode = "fedcba9876543210fedcba9876543210";

CertificateAuthority authority() { return *CertificateAuthority::create(kCluster, kNow); }

CertificateOrder order(NodeRole role = NodeRole::kWorker) {
  return {.identity = {.cluster = kCluster, .role = role, .node = kNode},
          .hosts = {"192.0.2.7", "2001:db8::7", "host.example"},
          .now_s = kNow};
}

TEST_CASE("a node's certificate says who it is, from an hour ago on") {
  const CertificateAuthority issuer = authority();
  const std::string request = *create_certificate_request(generate_private_key());
  const Result<std::string> certificate = issuer.issue(request, order(NodeRole::kManager));
  REQUIRE(certificate.has_value());
  const Result<CertificateFacts> facts = read_certificate(*certificate);
  REQUIRE(facts.has_value());
  CHECK(facts->identity.cluster == kCluster);
  CHECK(facts->identity.role == NodeRole::kManager);
  CHECK(facts->identity.node == kNode);
  CHECK(facts->not_before_s == kNow - 3600);
  CHECK(facts->not_after_s == kNow + kNodeCertificateSeconds);
  CHECK(facts->serial.size() >= 24);
}

TEST_CASE("a short-lived certificate has most of its life before it") {
  const CertificateAuthority issuer = authority();
  CertificateOrder short_lived = order();
  short_lived.lifetime_s = 60;

  const std::string request = *create_certificate_request(generate_private_key());
  const Result<CertificateFacts> facts = read_certificate(*issuer.issue(request, short_lived));

  REQUIRE(facts.has_value());
  CHECK(facts->not_before_s == kNow - 30);
  CHECK(facts->not_after_s == kNow + 60);
}

TEST_CASE("two certificates of one node have different serial numbers") {
  const CertificateAuthority issuer = authority();
  const std::string request = *create_certificate_request(generate_private_key());
  const std::string one = read_certificate(*issuer.issue(request, order()))->serial;
  CHECK(one != read_certificate(*issuer.issue(request, order()))->serial);
}

TEST_CASE("an authority is loaded again, but not with another's key") {
  const CertificateAuthority issuer = authority();
  CHECK(CertificateAuthority::load(issuer.certificate(), issuer.key()).has_value());
  const Result<CertificateAuthority> wrong =
      CertificateAuthority::load(issuer.certificate(), generate_private_key());
  REQUIRE_FALSE(wrong.has_value());
  CHECK(wrong.error().kind == ErrorKind::kInvalid);
}

TEST_CASE("an authority's digest is that of its key") {
  const CertificateAuthority issuer = authority();
  const std::string digest = *authority_digest(issuer.certificate());
  CHECK(digest.size() == 50);
  CHECK(digest == *authority_digest(issuer.certificate()));
  CHECK(digest != *authority_digest(authority().certificate()));
}

TEST_CASE("what is no request is refused") {
  const CertificateAuthority issuer = authority();
  std::string request = *create_certificate_request(generate_private_key());
  CHECK_FALSE(issuer.issue("", order()).has_value());
  CHECK_FALSE(issuer.issue("-----BEGIN CERTIFICATE REQUEST-----", order()).has_value());
  // One letter of the signature or of what is signed.
  const size_t middle = request.size() / 2;
  request[middle] = request[middle] == 'A' ? 'B' : 'A';
  CHECK_FALSE(issuer.issue(request, order()).has_value());
}

TEST_CASE("a certificate without identity, and the authority's own, are no node's") {
  const Result<CertificateFacts> facts = read_certificate(authority().certificate());
  REQUIRE_FALSE(facts.has_value());
  CHECK(facts.error().message == "certificate: no identity of a node");
}

TEST_CASE("identities as URIs") {
  const NodeIdentity identity{.cluster = kCluster, .role = NodeRole::kWorker, .node = kNode};
  CHECK(to_uri(identity) == "ikada://" + kCluster + "/worker/" + kNode);
  CHECK(*parse_identity_uri(to_uri(identity)) == identity);
  for (const std::string& wrong : {std::string("https://") + kCluster + "/worker/" + kNode,
                                   "ikada://" + kCluster + "/worker/" + kNode + "/",
                                   "ikada://" + kCluster + "/root/" + kNode,
                                   "ikada://" + kCluster + "/worker/",
                                   "ikada://X123456789abcdef0123456789abcdef/worker/" + kNode}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_identity_uri(wrong).has_value());
  }
}

}  // namespace
}  // namespace ikada::auth
