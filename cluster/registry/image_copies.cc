#include "cluster/registry/image_copies.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "image/registry/blob_check.h"
#include "image/registry/blob_store.h"
#include "image/registry/failure.h"
#include "image/registry/manifest_store.h"
#include "image/registry/route.h"
#include "runtime/base/atomic_file.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

namespace reg = registry;

constexpr int kDeepestIndex = 4;
constexpr std::chrono::minutes kCopyPatience{10};  // For another manager to fetch all of an image.
constexpr std::chrono::seconds kWordPatience{3};   // It says each second that it is at it.
constexpr std::chrono::hours kTrustTime{24};
constexpr size_t kMostLookedAt = 10'000;
constexpr int kChances = 2;  // A word that is lost once, on a wire full of the image, is no death.

Error not_here(const reg::ContentDigest& digest, bool is_manifest) {
  return reg::api_error(is_manifest ? reg::kManifestUnknown : reg::kBlobUnknown,
                        "{} is not in this repository",
                        digest.text());
}

bool has(const reg::Layout& layout,
         const std::string& repository,
         const reg::ContentDigest& digest,
         bool is_manifest) {
  const std::string links =
      is_manifest ? layout.manifest_links(repository) : layout.blob_links(repository);
  return ::access((links + "/" + digest.text()).c_str(), F_OK) == 0;
}

// Until who is asked has the image; whether it has.
bool await_copy(const PeerRequest& request) {
  constexpr unsigned kHasIt = 200;
  constexpr unsigned kIsAtIt = 202;
  const auto give_up_at = std::chrono::steady_clock::now() + kCopyPatience;
  int chances = 1;  // Of one that has never answered.
  while (chances > 0 && std::chrono::steady_clock::now() < give_up_at) {
    const PeerAnswer answer =
        exchange_with_peer(request, [](std::string_view) { return Result<void>(); });
    if (answer.is_whole && answer.status == kHasIt) return true;
    if (answer.status == kIsAtIt) {
      chances = kChances;
    } else if (answer.status == 0) {
      --chances;
    } else {
      return false;
    }
  }
  return false;
}

}  // namespace

void ImageCopies::use(TlsContext tls, std::uint16_t port) {
  const std::lock_guard lock(mutex_);
  tls_ = std::move(tls);
  port_ = port;
}

PeerRequest ImageCopies::request_to(const std::string& manager) {
  const std::lock_guard lock(mutex_);
  return {.address = manager, .port = port_, .tls = tls_, .is_cancelled = &is_closed_};
}

// Into a new file, which is on the disk afterwards.
Result<void> ImageCopies::fetch(const std::string& manager,
                                const reg::ContentDigest& digest,
                                const std::string& file) {
  PeerRequest request = request_to(manager);
  request.target = "/ikada/kept/" + digest.text();
  IK_LET(out, open_file(file, O_WRONLY | O_CREAT | O_EXCL, 0600));
  reg::ContentHash hash(digest.algorithm());
  const PeerAnswer answer =
      exchange_with_peer(request, [&](std::string_view bytes) -> Result<void> {
        hash.update(bytes);
        return write_all(out.get(), bytes);
      });
  if (answer.sink_error.has_value()) return *answer.sink_error;
  if (!answer.is_whole) return not_here(digest, false);
  if (hash.finish() != digest) {
    request.method = "POST";
    request.target = "/ikada/spoilt/" + digest.text();
    exchange_with_peer(request, [](std::string_view) { return Result<void>(); });
    return not_here(digest, false);
  }
  if (::fsync(out.get()) != 0) return errno_error("fsync {}", file);
  return {};
}

Result<void> ImageCopies::obtain(const reg::Layout& layout,
                                 const std::vector<std::string>& managers,
                                 const std::string& repository,
                                 const reg::ContentDigest& digest,
                                 bool is_manifest) {
  std::vector<std::string> order = managers;
  return obtain_from(layout, order, repository, digest, is_manifest);
}

// Who gave it is asked first the next time: one that is dead costs its patience once an image.
Result<void> ImageCopies::obtain_from(const reg::Layout& layout,
                                      std::vector<std::string>& managers,
                                      const std::string& repository,
                                      const reg::ContentDigest& digest,
                                      bool is_manifest) {
  if (has(layout, repository, digest, is_manifest)) {
    if (!is_manifest || reg::is_blob_whole(layout, digest).value_or(false)) return {};
    return mend(layout, managers, digest);
  }
  const auto adopt = [&](const std::string& file) {
    return is_manifest ? reg::adopt_manifest(layout, file, repository, digest)
                       : reg::adopt_blob(layout, file, repository, digest);
  };
  for (auto each = managers.begin(); each != managers.end(); ++each) {
    const std::string staged = layout.staging_file();
    Result<void> fetched = fetch(*each, digest, staged);
    const Result<bool> adopted = fetched.has_value() ? adopt(staged) : Result<bool>(false);
    ::unlink(staged.c_str());
    if (!adopted.has_value()) return adopted.error();
    if (fetched.has_value()) {
      std::rotate(managers.begin(), each, each + 1);
      return {};
    }
    if (fetched.error().kind == ErrorKind::kSystem) return fetched;
  }
  return not_here(digest, is_manifest);
}

Result<void> ImageCopies::bring(const reg::Layout& layout,
                                const std::vector<std::string>& managers,
                                const std::string& repository,
                                const reg::ContentDigest& digest) {
  std::vector<std::string> best_first = managers;
  return bring_to_depth(layout, best_first, repository, digest, 0);
}

Result<void> ImageCopies::bring_to_depth(const reg::Layout& layout,
                                         std::vector<std::string>& managers,
                                         const std::string& repository,
                                         const reg::ContentDigest& digest,
                                         int depth) {
  if (has(layout, repository, digest, true)) return {};
  if (depth > kDeepestIndex) return not_here(digest, true);
  IK_TRY(layout.create_repository(repository));
  // First as a blob: as a manifest it would count as whole.
  IK_TRY(obtain_from(layout, managers, repository, digest, false));
  IK_LET(text,
         read_file(layout.blob_links(repository) + "/" + digest.text(),
                   reg::kMaxManifestContentBytes));
  IK_LET(content, reg::parse_manifest_content(text, ""));
  for (const reg::ContentReference& each : content.references) {
    if (each.is_manifest) {
      IK_TRY(bring_to_depth(layout, managers, repository, each.digest, depth + 1));
    } else {
      IK_TRY(obtain_from(layout, managers, repository, each.digest, false));
    }
  }
  return reg::put_manifest(
      layout, {.repository = repository, .tag = {}, .digest = digest, .text = text}, content);
}

Result<void> ImageCopies::mend(const reg::Layout& layout,
                               const std::vector<std::string>& managers,
                               const reg::ContentDigest& digest) {
  const Result<bool> is_whole = reg::is_blob_whole(layout, digest);
  if (!is_whole.has_value() && is_whole.error().kind == ErrorKind::kNotFound) return {};
  if (!is_whole.has_value()) return is_whole.error();
  if (*is_whole) return {};
  for (const std::string& each : managers) {
    const std::string staged = layout.staging_file();
    Result<void> done = fetch(each, digest, staged);
    if (done.has_value()) done = reg::replace_blob(layout, staged, digest);
    ::unlink(staged.c_str());
    if (!done.has_value()) continue;
    spdlog::warn("registry: blob was spoilt on this disk, fetched anew digest={} from={}",
                 digest.text(),
                 each);
    return {};
  }
  spdlog::error("registry: blob is spoilt on this disk, set aside until it comes again digest={}",
                digest.text());
  return reg::set_blob_aside(layout, digest);
}

Result<void> ImageCopies::mend_at_times(const reg::Layout& layout,
                                        const std::vector<std::string>& managers,
                                        const reg::ContentDigest& digest) {
  const auto now = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    const auto found = looked_at_.find(digest.text());
    if (found != looked_at_.end() && found->second + kTrustTime > now) return {};
    if (looked_at_.size() >= kMostLookedAt) looked_at_.clear();
    looked_at_[digest.text()] = now;
  }
  return mend(layout, managers, digest);
}

Result<void> ImageCopies::spread(const std::vector<std::string>& managers,
                                 const std::string& repository,
                                 const std::string& digest) {
  if (managers.empty()) return {};
  for (const std::string& each : managers) {
    PeerRequest request = request_to(each);
    request.method = "POST";
    request.target = fmt::format("/ikada/images/{}?in={}", digest, reg::escape_query(repository));
    request.patience = kWordPatience;
    if (await_copy(request)) return {};
  }
  return reg::api_error(reg::kNotNow,
                        "no other manager can take a copy of the image now, try again");
}

}  // namespace ikada
