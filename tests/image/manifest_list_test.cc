#include "image/manifest_list.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

ListedManifest make_listed(const std::string& text, std::string_view type = kOciManifestType) {
  ListedManifest listed;
  listed.descriptor = {
      .media_type = std::string(type), .digest = Digest::of(text), .size_bytes = text.size()};
  listed.platform = {.os = "linux", .architecture = "arm64", .variant = "v8"};
  listed.source = "docker.io/library/" + text + ":latest";
  listed.text = text;
  return listed;
}

TEST_CASE("a list's file keeps everything") {
  ManifestList list{.name = "docker.io/library/web:1", .manifests = {make_listed("a")}};
  list.manifests[0].is_local = true;
  list.manifests[0].os_version = "10";
  list.manifests[0].os_features = {"x"};
  list.manifests[0].annotations = {{"key", "value"}};

  const ManifestList read = parse_manifest_list(format_manifest_list(list)).value();

  CHECK(format_manifest_list(read) == format_manifest_list(list));
  CHECK(read.name == list.name);
  CHECK(read.manifests[0].is_local);
  CHECK(read.manifests[0].text == "a");
  CHECK(read.manifests[0].platform.variant == "v8");
  CHECK(!parse_manifest_list("{}").has_value());
}

TEST_CASE("an image is in a list once, and found by digest or name") {
  ManifestList list;
  list.put(make_listed("a"));
  list.put(make_listed("b"));
  ListedManifest again = make_listed("a");
  again.platform.variant = "v9";
  list.put(again);

  CHECK(list.manifests.size() == 2);
  CHECK(list.find(Digest::of("a").text())->platform.variant == "v9");
  CHECK(list.find("docker.io/library/b:latest")->text == "b");
  CHECK(list.find("docker.io/library/c:latest") == nullptr);
}

TEST_CASE("an index is Docker's only if all in it is") {
  ManifestList list;
  list.put(make_listed("a", kDockerManifestType));
  CHECK(format_index(list).value().media_type == kDockerListType);

  list.manifests[0].annotations = {{"key", "value"}};
  CHECK(format_index(list).value().media_type == kOciIndexType);
  list.manifests[0].annotations.clear();
  list.put(make_listed("b"));
  const IndexText mixed = format_index(list).value();
  CHECK(mixed.media_type == kOciIndexType);
  CHECK(std::holds_alternative<Index>(parse_manifest(mixed.text, mixed.media_type).value()));
  CHECK(mixed.text.find("source") == std::string::npos);
}

TEST_CASE("an image without a platform cannot be pushed in an index") {
  ManifestList list;
  list.put(make_listed("a"));
  list.manifests[0].platform.os.clear();

  CHECK(format_index(list).error().message.find("must have an OS") != std::string::npos);
}

}  // namespace
}  // namespace ikada
