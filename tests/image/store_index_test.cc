#include "image/store_index.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

IndexedImage make_entry(std::string_view content, const std::string& name) {
  return {.manifest = {.media_type = std::string(kOciManifestType),
                       .digest = Digest::of(std::string(content) + " manifest"),
                       .size_bytes = 7},
          .image_id = Digest::of(content),
          .name = name,
          .source_digest = Digest::of(std::string(content) + " source").text(),
          .size_bytes = 5};
}

std::vector<std::string> names_of(const std::vector<IndexedImage>& entries) {
  std::vector<std::string> names;
  for (const IndexedImage& entry : entries) names.push_back(entry.name);
  return names;
}

}  // namespace

TEST_CASE("index.json is read as it was written") {
  const std::vector<IndexedImage> entries = {make_entry("a", "docker.io/library/a:1"),
                                             make_entry("b", "")};

  const auto read = parse_store_index(format_store_index(entries));

  REQUIRE(read.has_value());
  REQUIRE(read->size() == 2);
  CHECK(read->front().name == "docker.io/library/a:1");
  CHECK(read->back().name.empty());
  CHECK(format_store_index(*read) == format_store_index(entries));
}

TEST_CASE("entries that other tools added to index.json are left out") {
  const auto read = parse_store_index(
      R"({"schemaVersion": 2, "manifests": [{"mediaType": "x", "size": 1, "digest": "y"}]})");

  REQUIRE(read.has_value());
  CHECK(read->empty());
}

TEST_CASE("a name that moves leaves its old image nameless") {
  std::vector<IndexedImage> entries = {make_entry("a", "docker.io/library/web:1")};

  CHECK(add_entry(entries, make_entry("b", "docker.io/library/web:1")));

  CHECK(names_of(entries) == std::vector<std::string>{"docker.io/library/web:1", ""});
  CHECK(entries[1].image_id == Digest::of("a"));
  CHECK(entries[1].source_digest.empty());
}

TEST_CASE("a name that moves leaves an image that has another name as it is") {
  std::vector<IndexedImage> entries = {make_entry("a", "docker.io/library/web:1"),
                                       make_entry("a", "docker.io/library/web:2")};

  CHECK(add_entry(entries, make_entry("b", "docker.io/library/web:1")));

  CHECK(names_of(entries) ==
        std::vector<std::string>{"docker.io/library/web:2", "docker.io/library/web:1"});
}

TEST_CASE("listing what is listed changes nothing") {
  std::vector<IndexedImage> entries = {make_entry("a", "docker.io/library/web:1")};

  CHECK(!add_entry(entries, make_entry("a", "docker.io/library/web:1")));

  CHECK(entries.size() == 1);
}

TEST_CASE("a nameless image that gets a name has one entry") {
  std::vector<IndexedImage> entries = {make_entry("a", "")};

  CHECK(add_entry(entries, make_entry("a", "docker.io/library/web:1")));

  CHECK(names_of(entries) == std::vector<std::string>{"docker.io/library/web:1"});
}

TEST_CASE("entries of one image are put together, names by digest are no tags") {
  const std::string digest = Digest::of("a source").text();
  const std::vector<IndexedImage> entries = {
      make_entry("a", "docker.io/library/web:1"),
      make_entry("a", "docker.io/library/web@" + digest),
      make_entry("a", "localhost:5000/other:2"),
  };

  const auto images = group_images(entries);

  REQUIRE(images.has_value());
  REQUIRE(images->size() == 1);
  CHECK(images->front().references ==
        std::vector<std::string>{"docker.io/library/web:1", "localhost:5000/other:2"});
  CHECK(images->front().repo_digests == std::vector<std::string>{"docker.io/library/web@" + digest,
                                                                 "localhost:5000/other@" + digest});
}

}  // namespace ikada
