#include "cluster/auth/certificate_details.h"

#include <doctest/doctest.h>

#include "cluster/auth/certificates.h"

namespace ikada::auth {
namespace {

constexpr std::int64_t kDetailsNow = 1'800'000'000;

CertificateAuthority details_authority() {
  return *CertificateAuthority::create("0123456789abcdef0123456789abcdef", kDetailsNow);
}

CertificateParts parts_of(const CertificateAuthority& authority) {
  const Secret key = generate_private_key();
  const ServerOrder order{.names = {"web.example.com", "*.web.example.com", "192.0.2.7"},
                          .now_s = kDetailsNow,
                          .lifetime_s = 600};
  return {.certificate = *authority.issue_server(key, order),
          .key = key,
          .chain = authority.certificate()};
}

TEST_CASE("a server's certificate names the servers and is no node's") {
  const CertificateParts parts = parts_of(details_authority());

  const Result<CertificateDetails> details = read_details(parts.certificate);

  REQUIRE(details.has_value());
  CHECK(details->subject == "CN=web.example.com");
  CHECK(details->common_name == "web.example.com");
  CHECK(details->issuer == "O=ikada cluster 0123456789abcdef0123456789abcdef");
  CHECK(details->names ==
        std::vector<std::string>{"web.example.com", "*.web.example.com", "192.0.2.7"});
  CHECK(details->key_algorithm == "EC_prime256v1");
  CHECK(details->signature_algorithm == "ecdsa-with-SHA256");
  CHECK(details->not_before_s == kDetailsNow - 300);
  CHECK(details->not_after_s == kDetailsNow + 600);
  CHECK_FALSE(details->is_authority);
  CHECK(details->serial[2] == ':');
  CHECK_FALSE(read_certificate(parts.certificate).has_value());
}

TEST_CASE("a name that is too long for a subject stands among the others alone") {
  const std::string name = std::string(60, 'a') + ".example.com";
  const Result<std::string> certificate = details_authority().issue_server(
      generate_private_key(), {.names = {name}, .now_s = kDetailsNow});

  const Result<CertificateDetails> details = read_details(*certificate);

  REQUIRE(details.has_value());
  CHECK(details->names == std::vector<std::string>{name});
  CHECK(details->common_name.empty());
}

TEST_CASE("nothing is issued without a name or without a key") {
  CHECK_FALSE(details_authority().issue_server(generate_private_key(), {}).has_value());
  CHECK_FALSE(details_authority().issue_server(Secret("no key"), {.names = {"a.b"}}).has_value());
}

TEST_CASE("what goes together is taken, with all that is no PEM left out") {
  const CertificateParts parts = parts_of(details_authority());
  CertificateParts given = parts;
  given.certificate = "subject=web\n" + parts.certificate + "\n\n";

  const Result<CertificateParts> checked = check_parts(given);

  REQUIRE(checked.has_value());
  CHECK(checked->certificate == parts.certificate);
  CHECK(checked->chain == parts.chain);
  CHECK(checked->key.reveal() == parts.key.reveal());
}

TEST_CASE("what does not go together is refused, with the reason") {
  const CertificateParts parts = parts_of(details_authority());
  const auto message = [&](auto change) {
    CertificateParts wrong = parts;
    change(wrong);
    const Result<CertificateParts> checked = check_parts(wrong);
    REQUIRE_FALSE(checked.has_value());
    return checked.error().message;
  };

  CHECK(message([](auto& it) { it.key = generate_private_key(); }) ==
        "private key: not that of the certificate");
  CHECK(message([](auto& it) { it.chain = details_authority().certificate(); }) ==
        "chain: each must have signed the one before it");
  CHECK(message([](auto& it) { it.chain = "none"; }) == "chain: no certificate");
  CHECK(message([](auto& it) { it.certificate += it.chain; }) ==
        "certificate: expected one, others go in the chain");
  CHECK(message([](auto& it) { it.certificate = "none"; }) ==
        "certificate: expected one, others go in the chain");
  CHECK(message([](auto& it) { it.key = Secret(""); }).starts_with("private key: "));
  CHECK(message([](auto& it) { it.certificate[100] = '!'; }).starts_with("certificate: "));
}

}  // namespace
}  // namespace ikada::auth
