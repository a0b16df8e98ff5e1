#include "image/registry/manifest_content.h"

#include <string>

#include <doctest/doctest.h>

#include "image/manifest.h"
#include "image/registry/failure.h"

namespace ikada::registry {
namespace {

const std::string kDigest = "sha256:" + std::string(64, '1');

std::string descriptor(const std::string& more = "") {
  return R"({"mediaType":"a/b","digest":")" + kDigest + R"(","size":5)" + more + "}";
}

std::string manifest(const std::string& more = "") {
  return R"({"schemaVersion":2,"config":)" + descriptor() + R"(,"layers":[)" + descriptor() + "]" +
         more + "}";
}

TEST_CASE("a manifest's references are its config and its layers") {
  const Result<ManifestContent> content = parse_manifest_content(manifest(), "");

  REQUIRE(content.has_value());
  CHECK(content->media_type == kOciManifestType);
  REQUIRE(content->references.size() == 2);
  CHECK(content->references[0].digest.text() == kDigest);
  CHECK(content->references[0].size_bytes == 5);
  CHECK_FALSE(content->references[0].is_manifest);
  CHECK(content->artifact_type == "a/b");
}

TEST_CASE("a foreign layer need not be there") {
  const std::string text = R"({"schemaVersion":2,"config":)" + descriptor() + R"(,"layers":[)" +
                           descriptor(R"(,"urls":["https://elsewhere/x"])") + "]}";

  CHECK(parse_manifest_content(text, "")->references.size() == 1);
}

TEST_CASE("an index refers to manifests") {
  const std::string text =
      R"({"schemaVersion":2,"artifactType":"x/y","manifests":[)" + descriptor() + "]}";

  const Result<ManifestContent> content = parse_manifest_content(text, kOciIndexType);

  REQUIRE(content.has_value());
  CHECK(content->media_type == kOciIndexType);
  CHECK(content->references[0].is_manifest);
  CHECK(content->artifact_type == "x/y");
}

TEST_CASE("subject, type and annotations are what referrers are listed by") {
  const Result<ManifestContent> content = parse_manifest_content(
      manifest(R"(,"artifactType":"sig","annotations":{"k":"v"},"subject":)" + descriptor()), "");

  REQUIRE(content.has_value());
  CHECK(content->subject->text() == kDigest);
  const Json listed = referrer_descriptor(*content, content->references[0].digest, 99);
  CHECK(listed["artifactType"] == "sig");
  CHECK(listed["annotations"]["k"] == "v");
  CHECK(listed["size"] == 99);
}

TEST_CASE("type and content have to agree") {
  const std::string docker(kDockerManifestType);
  const std::string typed = manifest(R"(,"mediaType":")" + docker + "\"");

  CHECK(parse_manifest_content(typed, docker)->media_type == docker);
  CHECK(parse_manifest_content(typed, docker + "; charset=utf-8").has_value());
  CHECK(parse_manifest_content(typed, "").has_value());
  CHECK(parse_manifest_content(typed, kOciManifestType).error().code == kManifestInvalid);
  // What is read back later has only the text.
  CHECK_FALSE(parse_manifest_content(manifest(), docker).has_value());
  CHECK_FALSE(parse_manifest_content(manifest(), kOciIndexType).has_value());
  CHECK_FALSE(parse_manifest_content(manifest(R"(,"manifests":[])"), "").has_value());
  CHECK_FALSE(parse_manifest_content(manifest(R"(,"mediaType":5)"), "").has_value());
}

TEST_CASE("what is cut off anywhere is refused") {
  const std::string text = manifest(R"(,"annotations":{"k":"v"},"subject":)" + descriptor());
  for (size_t i = 0; i < text.size(); ++i) {
    const Result<ManifestContent> content = parse_manifest_content(text.substr(0, i), "");
    REQUIRE_FALSE(content.has_value());
    CHECK(is_api_error(content.error()));
  }
  for (size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 0x15);
    const Result<ManifestContent> content = parse_manifest_content(changed, "");
    if (!content.has_value()) CHECK(is_api_error(content.error()));
  }
}

}  // namespace
}  // namespace ikada::registry
