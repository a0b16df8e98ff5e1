#include "image/store_policy.h"

#include <stdlib.h>

#include <filesystem>

#include <doctest/doctest.h>

#include "image/store.h"
#include "runtime/base/atomic_file.h"

namespace ikada {
namespace {

constexpr std::string_view kConfig =
    R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}})";
constexpr std::uint64_t kMoreThanAnyDisk = std::uint64_t{1} << 62;

// A store with one image without layers; removed at the end.
class OneImageStore {
 public:
  OneImageStore() {
    char path[] = "/tmp/ikada-store-XXXXXX";
    root_ = ::mkdtemp(path);
    auto store = ImageStore::open(root_);
    REQUIRE(store.has_value());
    const Digest config = put(*store, kConfig);
    const std::string text =
        R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
        R"("config":{"mediaType":"application/vnd.oci.image.config.v1+json","size":)" +
        std::to_string(kConfig.size()) + R"(,"digest":")" + config.text() + R"("},"layers":[]})";
    const Digest manifest = put(*store, text);
    REQUIRE(store
                ->add({.manifest = {.media_type = std::string(kOciManifestType),
                                    .digest = manifest,
                                    .size_bytes = text.size()},
                       .config = config,
                       .name = "docker.io/library/one:latest",
                       .source_digest = "",
                       .size_bytes = 2})
                .has_value());
  }
  OneImageStore(const OneImageStore&) = delete;
  OneImageStore& operator=(const OneImageStore&) = delete;
  ~OneImageStore() { std::filesystem::remove_all(root_); }

  ImageStore open() const { return *ImageStore::open(root_); }
  const std::string& root() const { return root_; }

 private:
  static Digest put(const ImageStore& store, std::string_view text) {
    const Digest digest = Digest::of(text);
    const std::string path = store.blob_path(digest);
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    REQUIRE(write_file_atomically(path, text, 0600).has_value());
    return digest;
  }

  std::string root_;
};

}  // namespace

TEST_CASE("for room no image goes while a pull goes on, and no pull begins meanwhile") {
  const OneImageStore scratch;
  ImageStore store = scratch.open();
  const ImagePolicy policy{.min_free_bytes = kMoreThanAnyDisk};
  {
    const auto pull = store.begin_pull();
    REQUIRE(pull.has_value());
    const auto removed = apply_image_policy(store, policy, 0, 0);
    REQUIRE(removed.has_value());
    CHECK(removed->deleted.empty());
    CHECK(store.names()->size() == 1);
  }
  bool could_begin = true;
  const auto looked = store.remove_unused_for_room([&](const StoredImage&) -> Result<bool> {
    IK_LET(busy, store.is_busy());
    could_begin = !busy;
    return false;
  });
  REQUIRE(looked.has_value());
  CHECK_FALSE(could_begin);
  const auto removed = apply_image_policy(store, policy, 0, 0);
  REQUIRE(removed.has_value());
  CHECK(removed->untagged == std::vector<std::string>{"one:latest"});
  CHECK(store.names()->empty());
}

TEST_CASE("the policy is read from the configuration's images") {
  const auto policy =
      parse_image_policy("registries: {}\nimages:\n  keep_days: 30\n  min_free: 10%\n");
  REQUIRE(policy.has_value());
  CHECK(policy->keep_days == 30);
  CHECK(policy->min_free_percent == 10);
  CHECK(policy->min_free_bytes == 0);

  CHECK(parse_image_policy("images: {min_free: 5g}")->min_free_bytes == std::uint64_t{5} << 30);
  CHECK_FALSE(parse_image_policy("")->keep_days.has_value());
  CHECK_FALSE(parse_image_policy("images:")->keep_days.has_value());
}

TEST_CASE("a policy that makes no sense is refused") {
  for (const char* yaml : {"images: 3",
                           "images: {keep_days: soon}",
                           "images: {min_free: 100%}",
                           "images: {min_free: lots}",
                           "images: {colour: red}",
                           "images: [",
                           "images: {keep_days: -1}"}) {
    CAPTURE(yaml);
    CHECK_FALSE(parse_image_policy(yaml).has_value());
  }
}

}  // namespace ikada
