#include "image/registry/answers.h"
#include "image/registry/failure.h"
#include "image/registry/manifest_store.h"
#include "image/registry/store_manifest.h"

namespace ikada::registry {
namespace {

constexpr size_t kChunkBytes = 64 << 10;

Error too_large() {
  return api_error(kSizeInvalid, "the manifest is larger than {} bytes", kMaxManifestContentBytes);
}

Result<std::string> read_text(const Call& call) {
  if (call.head.content_length.value_or(0) > kMaxManifestContentBytes) return too_large();
  std::string text;
  std::vector<char> chunk(kChunkBytes);
  while (true) {
    IK_LET(count, call.body.read(chunk));
    if (count == 0) return text;
    if (text.size() + count > kMaxManifestContentBytes) return too_large();
    text.append(chunk.data(), count);
  }
}

Result<StoredManifest> find_kept(const Call& call, Keeper& keeper) {
  const Route& route = call.route;
  const std::string& reference = route.digest.empty() ? route.tag : route.digest.text();
  IK_LET(digest, keeper.find_image(route.repository, reference));
  Result<StoredManifest> found = get_manifest(call.site.layout(), route.repository, digest);
  const bool is_right =
      found.has_value() && ContentDigest::of(digest.algorithm(), found->text) == digest;
  if (is_right) return found;
  IK_TRY(keeper.obtain(route.repository, digest, true));
  return get_manifest(call.site.layout(), route.repository, digest);
}

Result<StoredManifest> find_waiting(const Call& call) {
  const Layout& layout = call.site.layout();
  if (call.site.keeper() != nullptr) return find_kept(call, *call.site.keeper());
  ContentDigest digest = call.route.digest;
  if (digest.empty()) {
    IK_LET(named, resolve_tag(layout, call.route.repository, call.route.tag));
    digest = std::move(named);
  }
  return get_manifest(layout, call.route.repository, digest);
}

Result<Answer> get(const Call& call) {
  IK_LET(manifest, call.site.pool().run(call.yield, [&] { return find_waiting(call); }));
  Answer answer;
  answer.with("Docker-Content-Digest", manifest.digest.text())
      .with("ETag", "\"" + manifest.digest.text() + "\"");
  if (is_known_to_client(call.head, manifest.digest)) {
    answer.status = 304;
    return answer;
  }
  answer.with("Content-Type", manifest.media_type);
  answer.body = std::move(manifest.text);
  return answer;
}

struct PutResult {
  ContentDigest digest;
  std::optional<ContentDigest> subject;
};

Result<PutResult> put_waiting(const Call& call, std::string_view text) {
  const ContentDigest actual = ContentDigest::of(call.route.digest.algorithm(), text);
  if (!call.route.digest.empty() && actual != call.route.digest) {
    return api_error(kDigestInvalid,
                     "the content has digest {}, not {}",
                     actual.text(),
                     call.route.digest.text());
  }
  IK_LET(content, parse_manifest_content(text, call.head.field("content-type")));
  IK_TRY(store_manifest(call.site,
                        call.settings.config,
                        {.repository = call.route.repository,
                         .tag = call.route.tag,
                         .user = call.caller.user,
                         .digest = actual,
                         .text = text},
                        content));
  return PutResult{.digest = actual, .subject = std::move(content.subject)};
}

Result<Answer> put(const Call& call) {
  IK_LET(text, read_text(call));
  BlockingPool& pool = call.site.keeper() == nullptr ? call.site.pool() : call.site.slow_pool();
  IK_LET(done, pool.run(call.yield, [&] { return put_waiting(call, text); }));
  Answer answer{.status = 201};
  answer
      .with("Location",
            fmt::format("/v2/{}/manifests/{}", call.route.repository, done.digest.text()))
      .with("Docker-Content-Digest", done.digest.text());
  if (done.subject.has_value()) answer.with("OCI-Subject", done.subject->text());
  return answer;
}

Result<void> remove_waiting(const Call& call) {
  const Route& route = call.route;
  if (Keeper* const keeper = call.site.keeper()) {
    return keeper->remove(
        call.caller.user, route.repository, route.digest.empty() ? route.tag : route.digest.text());
  }
  const RegistryConfig& config = call.settings.config;
  const auto is_fixed = [&](const std::string& tag) {
    return is_immutable(config, route.repository, tag);
  };
  if (route.tag.empty()) {
    return delete_manifest(call.site.layout(), route.repository, route.digest, is_fixed);
  }
  if (is_fixed(route.tag)) return api_error(kDenied, "tag {} is immutable", route.tag);
  return delete_tag(call.site.layout(), route.repository, route.tag);
}

}  // namespace

Result<Answer> answer_manifest(const Call& call) {
  if (call.head.method == "PUT") return put(call);
  if (call.head.method != "DELETE") return get(call);
  IK_TRY(call.site.pool().run(call.yield, [&] { return remove_waiting(call); }));
  return Answer{.status = 202};
}

}  // namespace ikada::registry
