#include "image/registry/garbage.h"

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <string>

#include <doctest/doctest.h>

#include "image/registry/blob_store.h"
#include "image/registry/catalog.h"
#include "image/registry/failure.h"
#include "image/registry/manifest_store.h"
#include "image/registry/quota.h"
#include "image/registry/uploads.h"
#include "runtime/sys/file.h"

namespace ikada::registry {
namespace {

// A registry's directory that goes away with the test.
class Scratch {
 public:
  Scratch() : root_(make_directory()), layout_(*Layout::open(root_)), uploads_(layout_) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { static_cast<void>(remove_tree(root_).has_value()); }

  const Layout& layout() const { return layout_; }
  Uploads& uploads() { return uploads_; }

  ContentDigest push_blob(const std::string& repository, const std::string& content) {
    Result<Uploads::Lease> lease = uploads_.start(repository);
    const ContentDigest digest = ContentDigest::of(DigestAlgorithm::kSha256, content);
    REQUIRE(lease->append(content).has_value());
    REQUIRE(uploads_.verify(*lease, digest).has_value());
    REQUIRE(uploads_.commit(*lease, digest).has_value());
    return digest;
  }

  ContentDigest push_manifest(const std::string& repository,
                              const std::string& tag,
                              const std::string& text) {
    const ContentDigest digest = ContentDigest::of(DigestAlgorithm::kSha256, text);
    const Result<ManifestContent> content = parse_manifest_content(text, "");
    REQUIRE(content.has_value());
    REQUIRE(put_manifest(layout_,
                         {.repository = repository,
                          .tag = tag,
                          .is_tag_immutable = false,
                          .digest = digest,
                          .text = text},
                         *content)
                .has_value());
    return digest;
  }

  std::string manifest_with(const ContentDigest& config, const std::string& more = "") {
    return R"({"schemaVersion":2,"config":{"digest":")" + config.text() +
           R"(","size":2},"layers":[])" + more + "}";
  }

  GarbageReport collect(const GarbageOptions& options) {
    const Result<GarbageReport> report =
        collect_garbage(layout_, options, ::time(nullptr) + kLater);
    REQUIRE_MESSAGE(report.has_value(), report.error().message);
    return *report;
  }

  size_t blob_count() const { return list_directory(layout_.blobs("sha256"))->size(); }

  static constexpr std::int64_t kLater = 10;

 private:
  static std::string make_directory() {
    std::string path = "/tmp/ikada-registry-XXXXXX";
    REQUIRE(::mkdtemp(path.data()) != nullptr);
    return path;
  }

  std::string root_;
  Layout layout_;
  Uploads uploads_;
};

GarbageOptions grace_of(std::int64_t grace_s) {
  GarbageOptions options;
  options.grace_s = grace_s;
  return options;
}

GarbageOptions uploads_after(std::int64_t age_s) {
  GarbageOptions options = grace_of(0);
  options.upload_age_s = age_s;
  return options;
}

GarbageOptions untagged_after(std::int64_t age_s) {
  GarbageOptions options = grace_of(0);
  options.untagged_age_s = age_s;
  return options;
}

TEST_CASE("a blob is stored once, whoever pushes it, and linked by each") {
  Scratch registry;

  const ContentDigest digest = registry.push_blob("a", "{}");
  registry.push_blob("b/c", "{}");
  CHECK(*mount_blob(registry.layout(), "a", "d", digest));
  CHECK_FALSE(*mount_blob(registry.layout(), "a", "d", digest));

  CHECK(registry.blob_count() == 1);
  for (const char* name : {"a", "b/c", "d"}) {
    CHECK(open_blob(registry.layout(), name, digest)->size_bytes == 2);
  }
  CHECK(open_blob(registry.layout(), "e", digest).error().code == kBlobUnknown);
  CHECK(mount_blob(registry.layout(), "e", "a", digest).error().code == kBlobUnknown);
}

TEST_CASE("what a manifest needs is kept, the rest goes when it is old enough") {
  Scratch registry;
  const ContentDigest needed = registry.push_blob("a", "{}");
  const ContentDigest lost = registry.push_blob("a", "lost");
  registry.push_manifest("a", "v1", registry.manifest_with(needed));

  CHECK(registry.collect(grace_of(3600)).links == 0);
  const GarbageReport report = registry.collect(grace_of(0));

  CHECK(report.links == 1);
  CHECK(report.blobs == 1);
  CHECK(report.bytes == 4);
  CHECK(open_blob(registry.layout(), "a", needed).has_value());
  CHECK_FALSE(open_blob(registry.layout(), "a", lost).has_value());
  CHECK(registry.blob_count() == 2);
}

TEST_CASE(
    "manifests without a tag go only when that is asked for, and referrers stay with theirs") {
  Scratch registry;
  const ContentDigest config = registry.push_blob("a", "{}");
  const std::string text = registry.manifest_with(config);
  const ContentDigest tagged = registry.push_manifest("a", "v1", text);
  const ContentDigest signature = registry.push_manifest(
      "a",
      "",
      registry.manifest_with(config,
                             R"(,"subject":{"digest":")" + tagged.text() + R"(","size":1})"));
  const ContentDigest loose =
      registry.push_manifest("a", "", registry.manifest_with(config, R"(,"annotations":{})"));

  CHECK(registry.collect(grace_of(0)).manifests == 0);
  CHECK(registry.collect(untagged_after(3600)).manifests == 0);
  CHECK(registry.collect(untagged_after(0)).manifests == 1);

  CHECK(get_manifest(registry.layout(), "a", tagged).has_value());
  CHECK(get_manifest(registry.layout(), "a", signature).has_value());
  CHECK_FALSE(get_manifest(registry.layout(), "a", loose).has_value());
}

TEST_CASE("an empty repository goes, and a push into it makes it anew") {
  Scratch registry;
  registry.push_blob("team/web", "x");

  CHECK(registry.collect(grace_of(0)).repositories == 1);
  CHECK(all_repositories(registry.layout())->empty());
  CHECK(::access(registry.layout().repository("team").c_str(), F_OK) != 0);
  registry.push_blob("team/web", "x");

  CHECK(all_repositories(registry.layout())->size() == 1);
}

TEST_CASE("an upload goes when nothing was added for long") {
  Scratch registry;
  const std::string id = registry.uploads().start("a")->id();

  registry.collect(uploads_after(3600));
  CHECK(registry.uploads().size_of("a", id).has_value());
  CHECK(registry.collect(uploads_after(0)).uploads == 1);

  CHECK(registry.uploads().take("a", id).error().code == kBlobUploadUnknown);
}

TEST_CASE("an upload goes on in another process from where it was") {
  Scratch registry;
  std::string id;
  {
    Result<Uploads::Lease> lease = registry.uploads().start("a");
    id = lease->id();
    REQUIRE(lease->append("first ").has_value());
    CHECK(registry.uploads().take("a", id).error().code == kUploadBusy);
  }
  Uploads later(registry.layout());

  Result<Uploads::Lease> lease = later.take("a", id);
  REQUIRE(lease.has_value());
  CHECK(lease->size_bytes() == 6);
  REQUIRE(lease->append("second").has_value());
  const ContentDigest digest = ContentDigest::of(DigestAlgorithm::kSha512, "first second");
  CHECK(later.verify(*lease, digest).has_value());
  CHECK(*later.commit(*lease, digest));

  CHECK(open_blob(registry.layout(), "a", digest)->size_bytes == 12);
  CHECK(later.take("b", id).error().code == kBlobUploadUnknown);
}

TEST_CASE("a quota counts a blob once and forgets what was removed") {
  Scratch registry;
  Quotas quotas(registry.layout());
  const std::vector<QuotaRule> rules = {{.repositories = {"team/**"}, .size_bytes = 10}};
  registry.push_blob("team/a", "12345");
  registry.push_blob("team/b", "12345");

  CHECK(*quotas.allowance(rules, "team/c", 1) == 5);
  CHECK(*quotas.allowance(rules, "other", 100) == UINT64_MAX);
  CHECK(quotas.reserve(rules, "team/c", 5).has_value());
  CHECK(quotas.reserve(rules, "team/c", 1).error().code == kDenied);
  quotas.settle(rules, "team/c", 5, false);
  CHECK(quotas.reserve(rules, "team/c", 5).has_value());
  quotas.settle(rules, "team/c", 5, true);
  CHECK(quotas.reserve(rules, "team/c", 6).error().code == kDenied);
  registry.collect(grace_of(0));

  CHECK(quotas.reserve(rules, "team/c", 10).has_value());
}

TEST_CASE("with a keeper a manifest goes that is on record no more, and is old") {
  Scratch scratch;
  const ContentDigest config = scratch.push_blob("web", "{}");
  const ContentDigest kept = scratch.push_manifest("web", "", scratch.manifest_with(config));
  const ContentDigest other =
      scratch.push_manifest("web", "", scratch.manifest_with(config, R"(,"annotations":{})"));
  const auto collect = [&](std::int64_t grace_s) {
    return collect_garbage(scratch.layout(),
                           {.grace_s = grace_s, .untagged_age_s = {}},
                           ::time(nullptr) + Scratch::kLater,
                           [&](const std::string& repository, const std::string& digest) {
                             return repository == "web" && digest == kept.text();
                           });
  };

  CHECK(collect(3600)->manifests == 0);
  CHECK(collect(0)->manifests == 1);

  CHECK(get_manifest(scratch.layout(), "web", kept).has_value());
  CHECK(!get_manifest(scratch.layout(), "web", other).has_value());
  CHECK(open_blob(scratch.layout(), "web", config).has_value());
}

TEST_CASE("an image is put on record when its files are there, and only then it is one") {
  Scratch scratch;
  const ContentDigest config = scratch.push_blob("web", "{}");
  const std::string text = scratch.manifest_with(config);
  const ContentDigest digest = ContentDigest::of(DigestAlgorithm::kSha256, text);
  bool was_there = false;

  const Result<void> put =
      put_manifest(scratch.layout(),
                   {.repository = "web",
                    .tag = {},
                    .digest = digest,
                    .text = text,
                    .record = [&]() -> Result<void> {
                      was_there = get_manifest(scratch.layout(), "web", digest).has_value();
                      return api_error(kTagInvalid, "no");
                    }},
                   *parse_manifest_content(text, ""));

  CHECK(was_there);
  REQUIRE(!put.has_value());
  CHECK(put.error().code == kTagInvalid);
}

}  // namespace
}  // namespace ikada::registry
