#include <doctest/doctest.h>

#include "cluster/api/acm/certificate_issue.h"
#include "cluster/api/acm/certificate_issuer.h"
#include "cluster/api/vault.h"
#include "cluster/auth/certificate_details.h"
#include "image/base64.h"
#include "tests/cluster/api/action_bench.h"

namespace ikada {
namespace {

constexpr std::int64_t kStart = 1'700'000'000'000;
constexpr std::int64_t kDay = std::int64_t{24} * 3'600'000;

auth::CertificateAuthority acm_authority() {
  return *auth::CertificateAuthority::create("0123456789abcdef0123456789abcdef", kStart / 1000);
}

struct CertificateBench : ActionBench {
  std::shared_ptr<CertificateIssuer> issuer = std::make_shared<CertificateIssuer>();
  std::shared_ptr<Vault> vault;

  CertificateBench() {
    const auth::CertificateAuthority authority = acm_authority();
    std::vector<SealingKey> keys;
    keys.push_back(Vault::derive_key(authority.key()));
    vault = std::make_shared<Vault>(SealingKeys(std::move(keys)));
    REQUIRE(issuer->set(authority).has_value());
    options.issuer = issuer;
    options.vault = vault;
  }

  std::string arn_of(const std::string& body) {
    const Json made = call("acm:RequestCertificate", body);
    REQUIRE_MESSAGE(made.contains("CertificateArn"), made.dump());
    return made["CertificateArn"].get<std::string>();
  }

  Json of(const std::string& action, const std::string& arn) {
    return call("acm:" + action, "{'CertificateArn': '" + arn + "'}");
  }

  const ServerCertificate& record() const {
    REQUIRE(state.scope(scope).certificates.size() == 1);
    return state.scope(scope).certificates.begin()->second.value;
  }

  // A listener that names it.
  void listen(const std::string& arn) {
    call("elb:CreateLoadBalancer", "{'Name': 'web'}");
    const Json balancers = call("elb:DescribeLoadBalancers", "{}")["LoadBalancers"];
    const auto balancer = balancers[0]["LoadBalancerArn"].get<std::string>();
    const Json made = call("elb:CreateListener",
                           "{'LoadBalancerArn': '" + balancer +
                               "', 'Protocol': 'HTTPS', 'Port': 443, 'Certificates': "
                               "[{'CertificateArn': '" +
                               arn +
                               "'}], 'DefaultActions': [{'Type': 'fixed-response', "
                               "'FixedResponseConfig': {'StatusCode': '200'}}]}");
    REQUIRE_MESSAGE(made.contains("Listeners"), made.dump());
  }
};

TEST_CASE("a certificate that is asked for is issued at once, and its key rests sealed") {
  CertificateBench bench;

  const std::string arn = bench.arn_of(
      "{'DomainName': 'Web.example.com', 'SubjectAlternativeNames': ['*.example.com', "
      "'web.example.com'], 'Tags': [{'Key': 'a', 'Value': 'b'}]}");
  const Json shown = bench.of("DescribeCertificate", arn)["Certificate"];

  CHECK(shown["Status"] == "ISSUED");
  CHECK(shown["Type"] == "PRIVATE");
  CHECK(shown["DomainName"] == "web.example.com");
  CHECK(shown["SubjectAlternativeNames"] == Json{"web.example.com", "*.example.com"});
  CHECK(shown["DomainValidationOptions"][1]["ValidationStatus"] == "SUCCESS");
  CHECK(shown["NotAfter"] == (kStart + 90 * kDay) / 1000);
  CHECK(shown["InUseBy"] == Json::array());
  const ServerCertificate& record = bench.record();
  CHECK(arn == "arn:aws:acm:r:1:certificate/" + record.id);
  CHECK(record.id.size() == 36);
  CHECK(record.sealed_key.find("PRIVATE KEY") == std::string::npos);
  const Result<auth::Secret> key = bench.vault->open("certificate/" + record.id, record.sealed_key);
  REQUIRE(key.has_value());
  CHECK(auth::check_parts({.certificate = record.certificate, .key = *key, .chain = record.chain})
            .has_value());
  CHECK(bench.of("GetCertificate", arn)["CertificateChain"] ==
        bench.issuer->in_force()->certificate());
  CHECK(bench.of("ListTagsForCertificate", arn)["Tags"] == quoted("[{'Key': 'a', 'Value': 'b'}]"));
}

TEST_CASE("the same token within the hour means the same certificate") {
  CertificateBench bench;
  const std::string body = "{'DomainName': 'a.b', 'IdempotencyToken': 'once'}";

  const std::string arn = bench.arn_of(body);
  CHECK(bench.arn_of(body) == arn);
  CHECK(bench.arn_of("{'DomainName': 'c.d', 'IdempotencyToken': 'once'}") != arn);
  bench.now.milliseconds += 3'600'000;
  CHECK(bench.arn_of(body) != arn);
}

TEST_CASE("what no certificate can be is refused by name") {
  CertificateBench bench;
  const auto refusal = [&](const std::string& body) {
    return bench.call("acm:RequestCertificate", body).value("__type", "");
  };

  CHECK(refusal("{}") == "InvalidParameterException");
  CHECK(refusal("{'DomainName': 'a b'}") == "InvalidParameterException");
  CHECK(refusal("{'DomainName': 'a.b', 'SubjectAlternativeNames': ['-']}") ==
        "InvalidParameterException");
  CHECK(refusal("{'DomainName': 'a.b', 'KeyAlgorithm': 'RSA_2048'}") ==
        "InvalidParameterException");
  CHECK(refusal("{'DomainName': 'a.b', 'Tags': [{'Key': 'aws:a'}]}") == "InvalidTagException");
  bench.options.issuer = nullptr;
  CHECK(refusal("{'DomainName': 'a.b'}") == "InvalidStateException");
  CHECK(bench.state.scope(bench.scope).certificates.empty());
}

TEST_CASE("an ARN that is none, and one of nothing") {
  CertificateBench bench;

  CHECK(bench.of("DescribeCertificate", "web")["__type"] == "InvalidArnException");
  for (const char* action : {"DescribeCertificate", "GetCertificate", "DeleteCertificate"}) {
    CHECK(bench.of(action, "arn:aws:acm:r:1:certificate/none")["__type"] ==
          "ResourceNotFoundException");
  }
}

TEST_CASE("a certificate that a listener uses cannot be deleted, nor between its looking and it") {
  CertificateBench bench;
  const std::string arn = bench.arn_of("{'DomainName': 'a.b'}");
  const std::int64_t before = bench.state.scope(bench.scope).certificates.begin()->second.revision;

  bench.listen(arn);

  CHECK(bench.state.scope(bench.scope).certificates.begin()->second.revision > before);
  CHECK(bench.of("DescribeCertificate", arn)["Certificate"]["InUseBy"].size() == 1);
  CHECK(bench.of("DeleteCertificate", arn)["__type"] == "ResourceInUseException");
  bench.call(
      "elb:DeleteLoadBalancer",
      "{'LoadBalancerArn': '" +
          bench.call("elb:DescribeLoadBalancers", "{}")["LoadBalancers"][0]["LoadBalancerArn"]
              .get<std::string>() +
          "'}");
  CHECK(bench.of("DeleteCertificate", arn) == Json::object());
  CHECK(bench.of("DescribeCertificate", arn)["__type"] == "ResourceNotFoundException");
}

TEST_CASE("certificates are renewed with a third of their life left, and keep their names") {
  CertificateBench bench;
  const std::string arn = bench.arn_of("{'DomainName': 'a.b'}");
  const ServerCertificate old = bench.record();

  bench.now = {kStart + 60 * kDay - 1000};
  CHECK(acm::plan_renewals(bench.state, bench.options, bench.now).changes.empty());
  bench.now = {kStart + 60 * kDay};
  CHECK(bench.make(acm::plan_renewals(bench.state, bench.options, bench.now)));

  const ServerCertificate& renewed = bench.record();
  CHECK(renewed.certificate != old.certificate);
  CHECK(renewed.sealed_key != old.sealed_key);
  CHECK(renewed.names == old.names);
  CHECK(renewed.created_at == old.created_at);
  CHECK(renewed.not_after.milliseconds == kStart + 150 * kDay);
  CHECK(acm::plan_renewals(bench.state, bench.options, bench.now).changes.empty());
  const Json shown = bench.of("DescribeCertificate", arn)["Certificate"];
  CHECK(shown["RenewalSummary"]["RenewalStatus"] == "SUCCESS");
}

TEST_CASE("those of an authority that is no longer in force are renewed") {
  CertificateBench bench;
  bench.arn_of("{'DomainName': 'a.b'}");
  REQUIRE(bench.issuer->set(acm_authority()).has_value());

  CHECK(bench.make(acm::plan_renewals(bench.state, bench.options, bench.now)));

  CHECK(bench.record().authority == bench.issuer->digest());
  CHECK(bench.record().chain == bench.issuer->in_force()->certificate());
  CHECK(acm::plan_renewals(bench.state, bench.options, bench.now).changes.empty());
}

std::string import_body(const auth::CertificateParts& parts, const std::string& arn = "") {
  Json body = {{"Certificate", encode_base64(parts.certificate)},
               {"PrivateKey", encode_base64(std::string(parts.key.reveal()))},
               {"CertificateChain", encode_base64(parts.chain)}};
  if (!arn.empty()) body["CertificateArn"] = arn;
  return body.dump();
}

auth::CertificateParts foreign_parts(const std::string& name, std::int64_t lifetime_s = 600) {
  const auth::CertificateAuthority authority = acm_authority();
  const auth::Secret key = auth::generate_private_key();
  return {.certificate = *authority.issue_server(
              key, {.names = {name}, .now_s = kStart / 1000, .lifetime_s = lifetime_s}),
          .key = key,
          .chain = authority.certificate()};
}

TEST_CASE("what is imported is kept, replaced under its ARN, and never renewed") {
  CertificateBench bench;
  const auth::CertificateParts first = foreign_parts("a.b");
  const Json made = bench.call("acm:ImportCertificate", import_body(first));
  REQUIRE_MESSAGE(made.contains("CertificateArn"), made.dump());
  const auto arn = made["CertificateArn"].get<std::string>();

  CHECK(bench.of("DescribeCertificate", arn)["Certificate"]["Type"] == "IMPORTED");
  CHECK(bench.of("GetCertificate", arn)["Certificate"] == first.certificate);
  CHECK(bench.of("RenewCertificate", arn)["__type"] == "ValidationException");

  const auth::CertificateParts second = foreign_parts("c.d");
  CHECK(bench.call("acm:ImportCertificate", import_body(second, arn)) == made);
  CHECK(bench.record().domain == "c.d");
  CHECK(bench.record().certificate == second.certificate);
  bench.now = {kStart + 600'000 + 1000};
  CHECK(acm::plan_renewals(bench.state, bench.options, bench.now).changes.empty());
  CHECK(bench.of("DescribeCertificate", arn)["Certificate"]["Status"] == "EXPIRED");
}

TEST_CASE("what cannot be served is not imported") {
  CertificateBench bench;
  auth::CertificateParts other_key = foreign_parts("a.b");
  other_key.key = auth::generate_private_key();

  const Json refused = bench.call("acm:ImportCertificate", import_body(other_key));
  CHECK(refused["__type"] == "InvalidParameterException");
  CHECK(refused["message"] == "private key: not that of the certificate");
  CHECK(bench.call("acm:ImportCertificate", import_body(foreign_parts("a.b", 0)))["__type"] ==
        "InvalidParameterException");
  const std::string arn = bench.arn_of("{'DomainName': 'a.b'}");
  CHECK(bench.call("acm:ImportCertificate", import_body(foreign_parts("a.b"), arn))["__type"] ==
        "InvalidParameterException");
}

TEST_CASE("certificates are listed newest first, in pages, and by status") {
  CertificateBench bench;
  for (const char* name : {"a.b", "c.d", "e.f"}) {
    bench.arn_of("{'DomainName': '" + std::string(name) + "'}");
    bench.now.milliseconds += 1000;
  }

  const Json page = bench.call("acm:ListCertificates", "{'MaxItems': 2}");
  CHECK(page["CertificateSummaryList"][0]["DomainName"] == "e.f");
  REQUIRE(page["CertificateSummaryList"].size() == 2);
  const auto token = page["NextToken"].get<std::string>();
  const Json rest = bench.call("acm:ListCertificates", "{'NextToken': '" + token + "'}");
  CHECK(rest["CertificateSummaryList"][0]["DomainName"] == "a.b");
  CHECK_FALSE(rest.contains("NextToken"));
  CHECK(bench
            .call("acm:ListCertificates",
                  "{'CertificateStatuses': ['EXPIRED']}")["CertificateSummaryList"]
            .empty());
  CHECK(bench
            .call("acm:ListCertificates",
                  "{'Includes': {'keyTypes': ['RSA_2048']}}")["CertificateSummaryList"]
            .empty());
  CHECK(bench.call("acm:ListCertificates", "{'MaxItems': 0}")["__type"] == "ValidationException");
}

TEST_CASE("tags of certificates are added and removed, with a value only if it is that one") {
  CertificateBench bench;
  const std::string arn = bench.arn_of("{'DomainName': 'a.b'}");
  const auto change = [&](const char* action, const std::string& tags) {
    return bench.call(std::string("acm:") + action,
                      "{'CertificateArn': '" + arn + "', 'Tags': " + tags + "}");
  };

  change("AddTagsToCertificate", "[{'Key': 'a', 'Value': '1'}, {'Key': 'b', 'Value': '2'}]");
  change("RemoveTagsFromCertificate", "[{'Key': 'a', 'Value': 'other'}, {'Key': 'b'}]");

  CHECK(bench.of("ListTagsForCertificate", arn)["Tags"] == quoted("[{'Key': 'a', 'Value': '1'}]"));
  CHECK(change("AddTagsToCertificate", "[{'Key': ''}]")["__type"] == "InvalidTagException");
}

}  // namespace
}  // namespace ikada
