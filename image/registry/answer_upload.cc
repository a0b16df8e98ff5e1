#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "image/reference.h"
#include "image/registry/answers.h"
#include "image/registry/blob_store.h"
#include "image/registry/byte_range.h"
#include "image/registry/failure.h"

namespace ikada::registry {
namespace {

constexpr size_t kPartBytes = size_t{1} << 20;

std::string upload_path(const Call& call, std::string_view id) {
  return fmt::format("/v2/{}/blobs/uploads/{}", call.route.repository, id);
}

// How far an upload is: "0-99" for 100 bytes; the specification has no word for none.
std::string progress(std::uint64_t size_bytes) {
  return fmt::format("0-{}", size_bytes == 0 ? 0 : size_bytes - 1);
}

Answer describe(const Call& call, unsigned status, const std::string& id, std::uint64_t size) {
  Answer answer{.status = status};
  answer.with("Location", upload_path(call, id))
      .with("Range", progress(size))
      .with("Docker-Upload-UUID", id);
  return answer;
}

Answer stored(const Call& call, const ContentDigest& digest) {
  Answer answer{.status = 201};
  answer.with("Location", fmt::format("/v2/{}/blobs/{}", call.route.repository, digest.text()))
      .with("Docker-Content-Digest", digest.text());
  return answer;
}

Error too_large(std::uint64_t most_bytes) {
  return api_error(kSizeInvalid, "the blob is larger than {} bytes", most_bytes);
}

// How many bytes the body may have: less than the limits and quotas leave. An error if its own
// length says already that it is too long.
Result<std::uint64_t> allowed_bytes(const Call& call, const Uploads::Lease& lease) {
  const RegistryConfig& config = call.settings.config;
  const std::uint64_t most = config.limits.blob_bytes;
  const std::uint64_t announced = call.head.content_length.value_or(0);
  if (announced > most || lease.size_bytes() > most - announced) return too_large(most);
  if (config.quotas.empty()) return most - lease.size_bytes();
  const std::uint64_t wanted = lease.size_bytes() + announced;
  IK_LET(quota, call.site.pool().run(call.yield, [&] {
    return call.site.quotas().allowance(config.quotas, call.route.repository, wanted);
  }));
  if (wanted > quota) return api_error(kDenied, "quota exceeded: {} bytes are left", quota);
  return std::min(most, quota) - lease.size_bytes();
}

// Appends the body to the upload: while one part is hashed and written, the next one is read. What
// came before the client went away stays.
Result<void> receive_allowed(const Call& call, Uploads::Lease& lease) {
  IK_LET(left, allowed_bytes(call, lease));
  const std::uint64_t expected = call.head.content_length.value_or(kPartBytes);
  std::array<std::vector<char>, 2> parts;
  std::optional<BegunWork<Result<void>>> writing;
  for (size_t turn = 0;; turn = 1 - turn) {
    std::vector<char>& part = parts[turn];
    part.resize(std::clamp<std::uint64_t>(expected, 1, kPartBytes));
    const Result<size_t> count = call.body.read(part);
    if (writing.has_value()) IK_TRY(writing->wait(call.yield));
    if (!count.has_value()) return count.error();
    if (*count == 0) return {};
    if (*count > left) return api_error(kDenied, "the blob is larger than what is left");
    left -= *count;
    const std::string_view bytes(part.data(), *count);
    writing = call.site.pool().begin(call.yield, [&lease, bytes] { return lease.append(bytes); });
  }
}

// After anything but a lost client the upload cannot go on: it goes away with all that came.
Result<void> receive(const Call& call, Uploads::Lease& lease) {
  Result<void> received = receive_allowed(call, lease);
  if (!received.has_value() && received.error().kind != ErrorKind::kUnavailable) {
    call.site.pool().run(call.yield, [&] {
      call.site.uploads().discard(lease);
      return 0;
    });
  }
  return received;
}

Result<bool> finish_waiting(const Call& call, Uploads::Lease& lease, const ContentDigest& digest) {
  Uploads& uploads = call.site.uploads();
  const std::vector<QuotaRule>& rules = call.settings.config.quotas;
  const std::uint64_t size = lease.size_bytes();
  IK_TRY(uploads.verify(lease, digest));
  IK_TRY(call.site.quotas().reserve(rules, call.route.repository, size));
  Result<bool> is_new = uploads.commit(lease, digest);
  call.site.quotas().settle(rules, call.route.repository, size, is_new.value_or(false));
  return is_new;
}

Result<Answer> finish(const Call& call, Uploads::Lease& lease, const ContentDigest& digest) {
  const Result<bool> done = call.site.pool().run(call.yield, [&] {
    Result<bool> result = finish_waiting(call, lease, digest);
    if (!result.has_value()) call.site.uploads().discard(lease);
    return result;
  });
  if (!done.has_value()) return done.error();
  return stored(call, digest);
}

Result<bool> mount_waiting(const Call& call, const std::string& from, const ContentDigest& digest) {
  const std::vector<QuotaRule>& rules = call.settings.config.quotas;
  if (call.site.keeper() != nullptr) call.site.keeper()->verify(digest);
  IK_LET(blob, open_blob(call.site.layout(), from, digest));
  IK_TRY(call.site.quotas().reserve(rules, call.route.repository, blob.size_bytes));
  Result<bool> is_new = mount_blob(call.site.layout(), from, call.route.repository, digest);
  call.site.quotas().settle(rules, call.route.repository, blob.size_bytes, is_new.value_or(false));
  return is_new;
}

// Nullopt if there is nothing that can be mounted: then the client uploads. Whether it does not
// exist or must not be read makes no difference to see.
Result<std::optional<Answer>> mount(const Call& call) {
  using Mounted = std::optional<Answer>;
  const std::string* mounted = call.route.find_query("mount");
  const std::string* from = call.route.find_query("from");
  if (mounted == nullptr) return Mounted();
  IK_LET(digest, ContentDigest::parse(*mounted));
  if (from == nullptr || !is_repository_name(*from)) return Mounted();
  if (!check_access(call, *from, Action::kPull).has_value()) return Mounted();
  const Result<bool> done =
      call.site.pool().run(call.yield, [&] { return mount_waiting(call, *from, digest); });
  if (done.has_value()) return Mounted(stored(call, digest));
  if (done.error().code == kBlobUnknown) return Mounted();
  return done.error();
}

Result<ContentDigest> digest_parameter(const Call& call) {
  const std::string* text = call.route.find_query("digest");
  if (text == nullptr) return api_error(kDigestInvalid, "the digest is missing");
  return ContentDigest::parse(*text);
}

// The part that a Content-Range announces has to be the next one.
Result<void> check_content_range(const Call& call, std::uint64_t size_bytes) {
  const std::string_view header = call.head.field("content-range");
  if (header.empty()) return {};
  IK_LET(range, parse_content_range(header));
  if (range.start != size_bytes) {
    return api_error(kRangeInvalid, "expected bytes from {} on", size_bytes);
  }
  if (call.head.content_length.has_value() && *call.head.content_length != range.size) {
    return api_error(kRangeInvalid,
                     "the range has {} bytes, the body {}",
                     range.size,
                     *call.head.content_length);
  }
  return {};
}

Result<Uploads::Lease> take(const Call& call) {
  return call.site.pool().run(call.yield, [&] {
    return call.site.uploads().take(call.route.repository, call.route.upload_id);
  });
}

Result<Answer> patch_upload(const Call& call) {
  IK_LET(lease, take(call));
  const Result<void> fits = check_content_range(call, lease.size_bytes());
  if (!fits.has_value()) {
    Answer answer = describe(call, status_of(fits.error()), lease.id(), lease.size_bytes());
    answer.body = body_of(fits.error());
    answer.with("Content-Type", "application/json");
    return answer;
  }
  IK_TRY(receive(call, lease));
  return describe(call, 202, lease.id(), lease.size_bytes());
}

Result<Answer> put_upload(const Call& call) {
  IK_LET(digest, digest_parameter(call));
  IK_LET(lease, take(call));
  if (call.head.has_body()) IK_TRY(check_content_range(call, lease.size_bytes()));
  IK_TRY(receive(call, lease));
  return finish(call, lease, digest);
}

Result<Answer> status(const Call& call) {
  IK_LET(size, call.site.pool().run(call.yield, [&] {
    return call.site.uploads().size_of(call.route.repository, call.route.upload_id);
  }));
  return describe(call, 204, call.route.upload_id, size);
}

Result<Answer> cancel(const Call& call) {
  IK_LET(lease, take(call));
  call.site.pool().run(call.yield, [&] {
    call.site.uploads().discard(lease);
    return 0;
  });
  return Answer{.status = 204};
}

}  // namespace

Result<Answer> answer_uploads(const Call& call) {
  IK_LET(mounted, mount(call));
  if (mounted.has_value()) return std::move(*mounted);
  const bool is_monolithic = call.route.find_query("digest") != nullptr;
  ContentDigest digest;
  if (is_monolithic) {
    IK_LET(given, digest_parameter(call));
    digest = std::move(given);
  }
  IK_LET(lease, call.site.pool().run(call.yield, [&] {
    return call.site.uploads().start(call.route.repository);
  }));
  if (!is_monolithic) return describe(call, 202, lease.id(), 0);
  Result<void> received = receive(call, lease);
  if (!received.has_value()) {
    // Nobody has been told its name, so nobody can go on with it.
    call.site.uploads().discard(lease);
    return received.error();
  }
  return finish(call, lease, digest);
}

Result<Answer> answer_upload(const Call& call) {
  if (call.head.method == "PATCH") return patch_upload(call);
  if (call.head.method == "PUT") return put_upload(call);
  if (call.head.method == "DELETE") return cancel(call);
  return status(call);
}

}  // namespace ikada::registry
