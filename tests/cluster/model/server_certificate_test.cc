#include "cluster/model/server_certificate.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

TEST_CASE("a certificate is due when a third of its life is left, an imported one never") {
  constexpr std::int64_t kHour = 3'600'000;
  ServerCertificate certificate{.issued_at = {kHour}, .not_after = {91 * kHour}};

  CHECK_FALSE(is_renewal_due(certificate, {61 * kHour - 1}));
  CHECK(is_renewal_due(certificate, {61 * kHour}));
  CHECK(is_renewal_due(certificate, {1000 * kHour}));
  certificate.is_imported = true;
  CHECK_FALSE(is_renewal_due(certificate, {1000 * kHour}));
}

TEST_CASE("names of servers, and what is none") {
  for (const char* name : {"web.example.com", "*.example.com", "intranet", "192.0.2.7", "A-1.b"}) {
    CHECK_MESSAGE(is_domain_name(name), name);
  }
  for (const std::string& name : {std::string(),
                                  std::string("*"),
                                  std::string("a..b"),
                                  std::string("-a.b"),
                                  std::string("a-.b"),
                                  std::string("a.*.b"),
                                  std::string("a b"),
                                  std::string("a/b"),
                                  std::string(".a"),
                                  std::string(64, 'a'),
                                  std::string("a,DNS:b")}) {
    CHECK_FALSE_MESSAGE(is_domain_name(name), name);
  }
}

TEST_CASE("a certificate's record comes back as it was") {
  const ServerCertificate certificate{.id = "1",
                                      .domain = "a.b",
                                      .names = {"a.b", "c.d"},
                                      .certificate = "PEM",
                                      .sealed_key = "sealed",
                                      .authority = "digest",
                                      .not_after = {5000},
                                      .tags = {{"k", "v"}}};

  const Result<ServerCertificate> again = from_json<ServerCertificate>(to_json(certificate), "it");

  REQUIRE(again.has_value());
  CHECK(to_json(*again) == to_json(certificate));
  CHECK(again->names == certificate.names);
  CHECK_FALSE(again->renewed_at.has_value());
}

}  // namespace
}  // namespace ikada
