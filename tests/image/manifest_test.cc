#include "image/manifest.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

const std::string kDigest = Digest::of("x").text();

std::string make_descriptor(std::string_view type, std::string_view more = "") {
  return fmt::format(R"({{"mediaType":"{}","digest":"{}","size":7{}}})", type, kDigest, more);
}

std::string make_manifest(const std::string& layers, std::string_view more = "") {
  return fmt::format(R"({{"schemaVersion":2,"config":{},"layers":[{}]{}}})",
                     make_descriptor(kOciConfigType),
                     layers,
                     more);
}

std::string make_index(const std::string& entries) {
  return fmt::format(R"({{"schemaVersion":2,"manifests":[{}]}})", entries);
}

std::string make_entry(const char* architecture, const char* variant, const char* digest_of) {
  return fmt::format(R"({{"mediaType":"{}","digest":"{}","size":7,)"
                     R"("platform":{{"os":"linux","architecture":"{}","variant":"{}"}}}})",
                     kOciManifestType,
                     Digest::of(digest_of).text(),
                     architecture,
                     variant);
}

const std::string kLayer = make_descriptor("application/vnd.oci.image.layer.v1.tar+gzip");

std::string code_of(std::string_view text, std::string_view type = kOciManifestType) {
  const Result<ManifestOrIndex> parsed = parse_manifest(text, type);
  return parsed.has_value() ? "accepted" : parsed.error().code;
}

TEST_CASE("manifests of OCI and Docker are read alike") {
  for (const std::string_view type : {kOciManifestType, kDockerManifestType}) {
    const Result<ManifestOrIndex> parsed =
        parse_manifest(make_manifest(kLayer + "," + kLayer), type);
    REQUIRE(parsed.has_value());
    const auto& manifest = std::get<Manifest>(*parsed);
    CHECK(manifest.media_type == type);
    CHECK(manifest.layers.size() == 2);
    CHECK(manifest.layers[0].size_bytes == 7);
    CHECK(manifest.config.digest.text() == kDigest);
  }
}

TEST_CASE("the type comes from the content where the transport says nothing") {
  for (const char* type : {"", "application/json", "text/plain; charset=utf-8"}) {
    CAPTURE(type);
    CHECK(std::holds_alternative<Manifest>(parse_manifest(make_manifest(kLayer), type).value()));
    CHECK(std::holds_alternative<Index>(parse_manifest(make_index(""), type).value()));
  }
  CHECK(code_of(make_manifest(kLayer), "application/vnd.oci.image.manifest.v1+json; v=1") ==
        "accepted");
}

TEST_CASE("a body that could mean two things is refused") {
  CHECK(code_of(make_manifest(kLayer, R"(,"manifests":[])")) == "MANIFEST_AMBIGUOUS");
  CHECK(code_of(make_manifest(kLayer, R"(,"manifests":[])"), "") == "MANIFEST_AMBIGUOUS");
  CHECK(code_of(make_index(""), kOciManifestType) == "MANIFEST_AMBIGUOUS");
  CHECK(code_of(make_manifest(kLayer), kOciIndexType) == "MANIFEST_AMBIGUOUS");
  CHECK(code_of(make_manifest(kLayer, fmt::format(R"(,"mediaType":"{}")", kOciIndexType))) ==
        "MANIFEST_AMBIGUOUS");
  CHECK(code_of(make_manifest(kLayer, fmt::format(R"(,"mediaType":"{}")", kDockerManifestType))) ==
        "MANIFEST_AMBIGUOUS");
  CHECK(code_of(make_manifest(kLayer, R"(,"layers":[])")) == "MANIFEST_INVALID");
  CHECK(code_of(make_manifest(kLayer, R"(,"schemaVersion":2)")) == "MANIFEST_INVALID");
}

TEST_CASE("a manifest that is malformed or too much is refused") {
  struct Row {
    std::string text;
    const char* code;
  };
  std::string many_layers = kLayer;
  for (int i = 0; i < 1000; ++i) many_layers += "," + kLayer;
  const auto sized = [](const char* size) {
    return make_manifest(fmt::format(
        R"({{"mediaType":"t","digest":"{}","size":{}}})", Digest::of("x").text(), size));
  };
  const Row rows[] = {
      {"", "MANIFEST_INVALID"},
      {"[]", "MANIFEST_INVALID"},
      {"null", "MANIFEST_INVALID"},
      {"{}", "MANIFEST_INVALID"},
      {"<html></html>", "MANIFEST_INVALID"},
      {R"({"schemaVersion":2})", "MANIFEST_INVALID"},
      {R"({"schemaVersion":3,"config":{},"layers":[]})", "MANIFEST_INVALID"},
      {R"({"schemaVersion":"2","config":{},"layers":[]})", "MANIFEST_INVALID"},
      {R"({"schemaVersion":1,"fsLayers":[]})", "MANIFEST_INVALID"},
      {make_manifest(kLayer, R"(,"fsLayers":[])"), "MANIFEST_INVALID"},
      {make_manifest(kLayer, R"(,"mediaType":7)"), "MANIFEST_INVALID"},
      {make_manifest("7"), "MANIFEST_INVALID"},
      {make_manifest("{}"), "MANIFEST_INVALID"},
      {sized("-1"), "MANIFEST_INVALID"},
      {sized("9223372036854775808"), "MANIFEST_INVALID"},
      {sized("1e400"), "MANIFEST_INVALID"},
      {sized("1.5"), "MANIFEST_INVALID"},
      {sized("\"7\""), "MANIFEST_INVALID"},
      {make_manifest(R"({"mediaType":"t","digest":"sha256:../../x","size":7})"), "DIGEST_INVALID"},
      {make_manifest(R"({"mediaType":"t","digest":"","size":7})"), "DIGEST_INVALID"},
      {make_manifest(many_layers), "MANIFEST_INVALID"},
      {make_manifest(kLayer, ",\"x\":" + std::string(10'000, '[')), "MANIFEST_INVALID"},
      {make_manifest(kLayer, ",\"x\":" + std::string(80, '[') + std::string(80, ']')),
       "MANIFEST_INVALID"},
      {std::string(kMaxManifestBytes + 1, ' '), "MANIFEST_TOO_LARGE"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text.substr(0, 200));
    CHECK(code_of(row.text) == row.code);
  }
  CHECK(code_of(make_manifest(kLayer), "application/vnd.oci.artifact.manifest.v1+json") ==
        "MANIFEST_INVALID");
}

TEST_CASE("layer types say how the bytes are packed") {
  CHECK(layer_compression("application/vnd.oci.image.layer.v1.tar").value() == Compression::kNone);
  CHECK(layer_compression("application/vnd.docker.image.rootfs.diff.tar.gzip").value() ==
        Compression::kGzip);
  CHECK(layer_compression("application/vnd.oci.image.layer.v1.tar+zstd").value() ==
        Compression::kZstd);
  CHECK(
      layer_compression("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip").error().code ==
      "FOREIGN_LAYER_REFUSED");
  CHECK(layer_compression("application/vnd.oci.image.layer.nondistributable.v1.tar").error().code ==
        "FOREIGN_LAYER_REFUSED");
  CHECK(layer_compression("application/octet-stream").error().code == "LAYER_UNSUPPORTED");
  CHECK(layer_compression("").error().code == "LAYER_UNSUPPORTED");
}

Result<Descriptor> choose(const std::string& entries, const char* platform) {
  const auto index = std::get<Index>(parse_manifest(make_index(entries), "").value());
  return choose_platform(index, parse_platform(platform).value());
}

TEST_CASE("the platform that fits best is chosen") {
  const std::string arms = make_entry("arm", "v5", "v5") + "," + make_entry("arm", "v7", "v7") +
                           "," + make_entry("arm", "v6", "v6") + "," +
                           make_entry("arm64", "v8", "64") + "," + make_entry("amd64", "", "amd");

  CHECK(choose(arms, "linux/arm/v7")->digest == Digest::of("v7"));
  CHECK(choose(arms, "linux/arm")->digest == Digest::of("v7"));
  CHECK(choose(arms, "linux/arm/v6")->digest == Digest::of("v6"));
  CHECK(choose(arms, "linux/arm64")->digest == Digest::of("64"));
  CHECK(choose(arms, "linux/arm64/v8")->digest == Digest::of("64"));
  CHECK(choose(arms, "linux/x86_64")->digest == Digest::of("amd"));
  CHECK(choose(make_entry("arm", "v6", "v6"), "linux/arm/v8")->digest == Digest::of("v6"));
  CHECK(!choose(make_entry("arm", "v7", "v7"), "linux/arm/v6").has_value());
}

TEST_CASE("without a platform that fits, the error names those there are") {
  const Result<Descriptor> chosen =
      choose(make_entry("arm64", "", "a") + "," + make_entry("s390x", "", "b"), "linux/amd64");

  REQUIRE(!chosen.has_value());
  CHECK(chosen.error().code == "PLATFORM_NOT_FOUND");
  CHECK(chosen.error().message == "no image for linux/amd64; there is linux/arm64, linux/s390x");
  CHECK(choose("", "linux/amd64").error().message ==
        "no image for linux/amd64; there is none at all");
}

TEST_CASE("attestations are nothing that runs, and a lone entry needs no platform") {
  const std::string attestation =
      fmt::format(R"({{"mediaType":"{}","digest":"{}","size":7,)"
                  R"("platform":{{"os":"linux","architecture":"amd64"}},)"
                  R"("annotations":{{"vnd.docker.reference.type":"attestation-manifest"}}}})",
                  kOciManifestType,
                  kDigest);
  CHECK(choose(attestation + "," + make_entry("amd64", "", "real"), "linux/amd64")->digest ==
        Digest::of("real"));
  CHECK(choose(make_descriptor(kOciManifestType), "linux/amd64")->digest.text() == kDigest);
}

TEST_CASE("parse_platform takes docker's forms") {
  CHECK(parse_platform("linux/amd64")->text() == "linux/amd64");
  CHECK(parse_platform("arm64")->text() == "linux/arm64");
  CHECK(parse_platform("linux/ARM/7")->text() == "linux/arm/v7");
  CHECK(parse_platform("linux/aarch64/v8")->text() == "linux/arm64");
  CHECK(parse_platform("windows/amd64")->os == "windows");
  for (const char* bad : {"", "/", "linux/", "a/b/c/d", "linux/amd 64", "../x"}) {
    CAPTURE(bad);
    CHECK(!parse_platform(bad).has_value());
  }
}

}  // namespace
}  // namespace ikada
