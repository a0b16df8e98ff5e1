#include <time.h>

#include "image/registry/answers.h"
#include "image/registry/blob_store.h"
#include "image/registry/byte_range.h"
#include "image/registry/failure.h"
#include "image/registry/manifest_store.h"
#include "runtime/base/text.h"

namespace ikada::registry {
namespace {

std::string etag_of(const ContentDigest& digest) { return "\"" + digest.text() + "\""; }

// A quarter of the grace period is early enough; touching at every look would write at every look.
void touch_if_old(const Call& call, const OpenBlob& blob) {
  constexpr int kPart = 4;
  const std::int64_t age_s = ::time(nullptr) - blob.changed_at_s;
  if (age_s > call.settings.config.garbage.grace_s / kPart) touch_blob(blob);
}

Answer describe(const ContentDigest& digest) {
  Answer answer;
  answer.with("Docker-Content-Digest", digest.text())
      .with("ETag", etag_of(digest))
      .with("Accept-Ranges", "bytes")
      .with("Cache-Control", "private, max-age=31536000, immutable");
  return answer;
}

// By HEAD it is asked for before an upload: if it is not here nobody has it, and nobody is asked.
Result<OpenBlob> find_blob(const Call& call) {
  const std::string& repository = call.route.repository;
  const ContentDigest& digest = call.route.digest;
  Result<OpenBlob> blob = open_blob(call.site.layout(), repository, digest);
  Keeper* const keeper = call.site.keeper();
  if (keeper == nullptr) return blob;
  if (call.head.method == "HEAD") {
    if (!blob.has_value()) return blob;
    call.site.pool().run(call.yield, [&] {
      keeper->verify(digest);
      return 0;
    });
    return open_blob(call.site.layout(), repository, digest);
  }
  if (blob.has_value()) return blob;
  if (blob.error().code != kBlobUnknown) return blob;
  IK_TRY(
      call.site.pool().run(call.yield, [&] { return keeper->obtain(repository, digest, false); }));
  return open_blob(call.site.layout(), repository, digest);
}

Result<Answer> get_blob(const Call& call) {
  const ContentDigest& digest = call.route.digest;
  IK_LET(blob, find_blob(call));
  touch_if_old(call, blob);
  Answer answer = describe(digest);
  if (is_known_to_client(call.head, digest)) {
    answer.status = 304;
    return answer;
  }
  ByteRange range{.start = 0, .size = blob.size_bytes};
  const std::string_view asked = call.head.field("range");
  const std::string_view condition = trim(call.head.field("if-range"));
  if (!asked.empty() && (condition.empty() || condition == etag_of(digest))) {
    const Result<std::optional<ByteRange>> part = parse_range(asked, blob.size_bytes);
    if (!part.has_value()) {
      answer = json_answer(status_of(part.error()), body_of(part.error()));
      answer.with("Content-Range", fmt::format("bytes */{}", blob.size_bytes));
      return answer;
    }
    if (part->has_value()) {
      range = **part;
      answer.status = 206;
      answer.with(
          "Content-Range",
          fmt::format(
              "bytes {}-{}/{}", range.start, range.start + range.size - 1, blob.size_bytes));
    }
  }
  answer.with("Content-Type", "application/octet-stream");
  answer.file =
      FilePart{.file = std::move(blob.file), .offset = range.start, .size_bytes = range.size};
  return answer;
}

}  // namespace

bool is_known_to_client(const RequestHead& head, const ContentDigest& digest) {
  for (std::string_view each : split(head.field("if-none-match"), ',')) {
    each = trim(each);
    if (each.starts_with("W/")) each.remove_prefix(2);
    if (each == "*" || each == etag_of(digest)) return true;
  }
  return false;
}

Answer json_answer(unsigned status, std::string body) {
  Answer answer{.status = status, .body = std::move(body)};
  answer.with("Content-Type", "application/json");
  return answer;
}

Result<Answer> answer_blob(const Call& call) {
  if (call.head.method != "DELETE") return get_blob(call);
  IK_TRY(call.site.pool().run(call.yield, [&] {
    return delete_blob(call.site.layout(), call.route.repository, call.route.digest);
  }));
  return Answer{.status = 202};
}

}  // namespace ikada::registry
