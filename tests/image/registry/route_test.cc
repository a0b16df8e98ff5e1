#include "image/registry/route.h"

#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "image/reference.h"
#include "image/registry/failure.h"

namespace ikada::registry {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

Endpoint endpoint_of(const std::string& target) {
  const Result<Route> route = parse_route(target);
  REQUIRE_MESSAGE(route.has_value(), target);
  return route->endpoint;
}

std::string code_of(const std::string& target) {
  const Result<Route> route = parse_route(target);
  return route.has_value() ? "" : route.error().code;
}

TEST_CASE("every endpoint of the specification is found") {
  CHECK(endpoint_of("/v2/") == Endpoint::kRoot);
  CHECK(endpoint_of("/v2") == Endpoint::kRoot);
  CHECK(endpoint_of("/v2/_catalog?n=5") == Endpoint::kCatalog);
  CHECK(endpoint_of("/v2/a/b/blobs/" + kDigest) == Endpoint::kBlob);
  CHECK(endpoint_of("/v2/a/blobs/uploads/") == Endpoint::kUploads);
  CHECK(endpoint_of("/v2/a/blobs/uploads") == Endpoint::kUploads);
  CHECK(endpoint_of("/v2/a/blobs/uploads/" + std::string(32, '0')) == Endpoint::kUpload);
  CHECK(endpoint_of("/v2/a/manifests/v1") == Endpoint::kManifest);
  CHECK(endpoint_of("/v2/a/tags/list") == Endpoint::kTags);
  CHECK(endpoint_of("/v2/a/referrers/" + kDigest) == Endpoint::kReferrers);
}

TEST_CASE("a repository's name may have parts that look like endpoints") {
  const Result<Route> route = parse_route("/v2/blobs/uploads/manifests/manifests/v1");

  REQUIRE(route.has_value());
  CHECK(route->repository == "blobs/uploads/manifests");
  CHECK(route->tag == "v1");
  CHECK(parse_route("/v2/tags/list/tags/list")->repository == "tags/list");
}

TEST_CASE("a digest and a tag are told apart, and escapes are resolved once") {
  CHECK(parse_route("/v2/a/manifests/" + kDigest)->digest.text() == kDigest);
  CHECK(parse_route("/v2/a/blobs/sha256%3A" + std::string(64, 'a'))->digest.text() == kDigest);
  CHECK(parse_route("/v2/a/manifests/V1.0-x_")->tag == "V1.0-x_");
  CHECK(code_of("/v2/a/manifests/v%2531") == kManifestInvalid);
}

TEST_CASE("what is outside the grammar has the specification's code") {
  CHECK(code_of("/v2/A/tags/list") == kNameInvalid);
  CHECK(code_of("/v2/../x/tags/list") == kNameInvalid);
  CHECK(code_of("/v2/a%2f..%2fb/tags/list") == kNameInvalid);
  CHECK(code_of("/v2/a/blobs/sha256:short") == kDigestInvalid);
  CHECK(code_of("/v2/a/blobs/uploads/XYZ") == kBlobUploadUnknown);
  CHECK(code_of("/v2/a%0ab/tags/list") == kRequestInvalid);
  CHECK(code_of("/v2/a%4/tags/list") == kRequestInvalid);
  CHECK(code_of("http://host/v2/") == kRequestInvalid);
  CHECK(code_of("*") == kRequestInvalid);
  CHECK(code_of("/elsewhere") == kPathUnknown);
}

TEST_CASE("a query is read and can be written so that it is read the same") {
  const Result<Route> route = parse_route("/v2/a/tags/list?n=2&last=a%2Bb+c&empty");

  CHECK(*route->find_query("n") == "2");
  CHECK(*route->find_query("last") == "a+b c");
  CHECK(route->find_query("empty")->empty());
  CHECK(route->find_query("none") == nullptr);
  const std::string odd = "a+b c&d=e%\x01\xff/~";
  CHECK(parse_query("x=" + escape_query(odd))->find("x")->second == odd);
}

TEST_CASE("whatever a path is made of, what is found in it may be used in a file's name") {
  const std::vector<std::string> pieces = {
      "/",     "v2",      "..",   ".",    "a",      "%2e",   "%2f",       "%00",
      "blobs", "uploads", "tags", "list", "_blobs", kDigest, "manifests", "referrers",
      "A",     "-",       "a_b",  "%",    "?",      "#"};
  std::mt19937 random(7);

  for (int round = 0; round < 20000; ++round) {
    std::string target = round % 3 == 0 ? "/v2/" : "/";
    for (auto i = random() % 9; i > 0; --i) {
      target += pieces[random() % pieces.size()];
      if (random() % 2 == 0) target += "/";
    }

    const Result<Route> route = parse_route(target);

    if (!route.has_value()) {
      CHECK(is_api_error(route.error()));
      continue;
    }
    CHECK((route->repository.empty() || is_repository_name(route->repository)));
    CHECK((route->tag.empty() || is_tag_name(route->tag)));
    CHECK(route->repository.find("..") == std::string::npos);
  }
}

}  // namespace
}  // namespace ikada::registry
