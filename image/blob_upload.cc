#include "image/blob_upload.h"

#include <algorithm>

#include "image/http_status.h"
#include "image/registry_auth.h"
#include "image/retry.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr std::uint64_t kWholeBytes = std::uint64_t{1} << 20;  // Up to here one PUT is enough.
constexpr std::uint64_t kLargestPart = std::uint64_t{64} << 20;
constexpr std::uint64_t kSmallestPart = std::uint64_t{4} << 20;
constexpr int kMaxIdleUploads = 4;  // Without a byte in between.
constexpr int kCommitLimitS = 300;  // Registries copy the blob to its place before they answer.

// Code of errors after which the upload is tried again: not the transport's, but the registry's.
constexpr std::string_view kAgain = "UPLOAD_AGAIN";

bool is_success(int status) { return status / 100 == 2; }

bool breaks_upload(const Error& error) { return is_break(error) || error.code == kAgain; }

Error upload_error(std::string_view code, std::string message) {
  Error error = make_error(ErrorKind::kInvalid, "{}", message);
  error.code = code;
  return error;
}

// "0-1023", or "bytes=0-1023" of some: 1024. "0-0" is what registries say of an empty upload.
std::uint64_t bytes_in_range(const HttpResponse& response, std::uint64_t otherwise) {
  const std::string* header = response.find_header("range");
  if (header == nullptr) return otherwise;
  const auto last = parse_unsigned(trim(cut(*header, '-').after), UINT64_MAX - 1);
  if (!last.has_value()) return otherwise;
  return *last == 0 ? 0 : *last + 1;
}

}  // namespace

Result<UploadPlace> upload_place(const HttpResponse& response, const UploadPlace& before) {
  const std::string* location = response.find_header("location");
  if (location == nullptr) {
    if (!before.url.empty()) return before;
    return upload_error("REGISTRY_PROTOCOL", "the registry names no place for the upload");
  }
  IK_LET(url, resolve_url(response.url, *location).context("upload"));
  if (response.url.scheme == "https" && url.scheme != "https") {
    return Error{.kind = ErrorKind::kDenied,
                 .message = fmt::format("the upload is to go from https to {}, refused",
                                        url.text.substr(0, 200)),
                 .errno_value = 0,
                 .code = "REDIRECT_REFUSED"};
  }
  const bool strange = !response.url.same_origin(url);
  const bool by_public = address_scope(response.peer_address) == AddressScope::kPublic;
  return UploadPlace{
      .url = url.text,
      .refuses_private_addresses = before.refuses_private_addresses || (strange && by_public)};
}

void BlobUpload::resume(std::string url) {
  place_ = UploadPlace{.url = std::move(url)};
  must_look_ = true;
  was_broken_ = true;
}

OutgoingRequest BlobUpload::request_to_place(std::string_view method, HttpBody body) const {
  OutgoingRequest request;
  request.url = place_->url;
  request.method = method;
  request.retries = false;
  request.refuse_private_addresses = place_->refuses_private_addresses;
  if (body.size_bytes > 0) request.headers.emplace_back("Content-Type: application/octet-stream");
  request.body = std::move(body);
  return request;
}

Result<void> BlobUpload::take_place(const Transport& transport, const HttpResponse& response) {
  IK_LET(place, upload_place(response, place_.value_or(UploadPlace{})));
  place_ = std::move(place);
  const Result<Url> url = parse_url(place_->url);
  const bool ours = url.has_value() && url->same_origin(response.url);
  if (ours && transport.remember) transport.remember(place_->url);
  return {};
}

// What to do about an answer that is no success; the error is kAgain if there is a way.
Error BlobUpload::failed(const Transport& transport, const HttpResponse& response) {
  Error error = transport.answer_error(response, what());
  must_look_ = true;
  was_broken_ = true;
  const std::uint64_t part = std::min(blob_.size_bytes - position_, part_limit_bytes_);
  if (response.status == kTooLarge && part > kSmallestPart) {
    part_limit_bytes_ = std::clamp(part / 4, kSmallestPart, kLargestPart);
    delay_ms_ = 0;
    error.code = kAgain;
  } else if (response.status == kMissing || response.status == kGone ||
             response.status == kWrongRange) {
    delay_ms_ = 0;
    error.code = kAgain;
  } else if (is_worth_retrying(response.status)) {
    const std::string* after = response.find_header("retry-after");
    if (after != nullptr) delay_ms_ = retry_delay_ms(0, *after);
    error.code = kAgain;
  }
  return error;
}

Result<void> BlobUpload::open(const Transport& transport) {
  OutgoingRequest request;
  request.method = "POST";
  request.body = body_of_text({});
  IK_LET(response, transport.send(std::move(request), repository_path_ + "/blobs/uploads/"));
  if (response.status != kAccepted) return transport.answer_error(response, what());
  position_ = 0;
  was_broken_ = false;
  const std::string* minimum = response.find_header("oci-chunk-min-length");
  if (minimum != nullptr) part_minimum_bytes_ = parse_unsigned(*minimum).value_or(0);
  return take_place(transport, response);
}

Result<void> BlobUpload::send_part(const Transport& transport) {
  const std::uint64_t limit = std::max(part_limit_bytes_, part_minimum_bytes_);
  const std::uint64_t size = std::min(blob_.size_bytes - position_, limit);
  OutgoingRequest request = request_to_place("PATCH", part_of_body(bytes_, position_, size));
  request.answer_limit_s = kCommitLimitS;
  // All in one go is sent as docker does it, which every registry takes.
  if (position_ > 0 || size < blob_.size_bytes) {
    request.headers.push_back(fmt::format("Content-Range: {}-{}", position_, position_ + size - 1));
  }
  must_look_ = true;
  IK_LET(response, transport.send(std::move(request), ""));
  if (!is_success(response.status)) return failed(transport, response);
  IK_TRY(take_place(transport, response));
  const std::uint64_t before = position_;
  position_ = bytes_in_range(response, position_ + size);
  if (position_ <= before || position_ > blob_.size_bytes) {
    place_.reset();
    Error error =
        upload_error(kAgain, fmt::format("{}: the registry has {} bytes", what(), position_));
    error.kind = ErrorKind::kUnavailable;
    return error;
  }
  must_look_ = false;
  return {};
}

Result<void> BlobUpload::finish(const Transport& transport) {
  IK_LET(url, parse_url(place_->url));
  IK_LET(with_digest, add_query(url, {{"digest", blob_.digest.text()}}));
  const bool whole = position_ == 0;
  OutgoingRequest request = request_to_place("PUT", whole ? bytes_ : body_of_text({}));
  request.url = with_digest.text;
  request.answer_limit_s = kCommitLimitS;
  must_look_ = true;
  const bool was_broken = was_broken_;
  IK_LET(response, transport.send(std::move(request), ""));
  if (response.status == kBadRequest) {
    Error error = transport.answer_error(response, what());
    if (read_registry_message(response.body).code == "DIGEST_INVALID") {
      error.kind = ErrorKind::kInvalid;
      error.code = "DIGEST_MISMATCH";
    }
    // An upload that was put together from pieces may have been put together wrongly.
    if (was_broken) error.code = kAgain;
    place_.reset();
    return error;
  }
  if (!is_success(response.status) || response.status == kAccepted) {
    return failed(transport, response);
  }
  const std::string* kept = response.find_header("docker-content-digest");
  if (kept == nullptr || *kept == blob_.digest.text()) return {};
  return upload_error(
      "DIGEST_MISMATCH",
      fmt::format("{}: the registry says it keeps {}", what(), kept->substr(0, 100)));
}

// Finds out how much the registry has. True if it has the whole blob at its place.
Result<bool> BlobUpload::look_again(const Transport& transport) {
  OutgoingRequest head;
  head.method = "HEAD";
  IK_LET(blob, transport.send(std::move(head), repository_path_ + "/blobs/" + blob_.digest.text()));
  if (blob.status == kOk) return true;
  if (!place_.has_value()) {
    must_look_ = false;
    return false;
  }
  OutgoingRequest request;
  request.url = place_->url;
  request.refuse_private_addresses = place_->refuses_private_addresses;
  IK_LET(response, transport.send(std::move(request), ""));
  must_look_ = false;
  position_ = bytes_in_range(response, 0);
  if (!is_success(response.status) || position_ > blob_.size_bytes) {
    place_.reset();
    return false;
  }
  IK_TRY(take_place(transport, response));
  return false;
}

Result<void> BlobUpload::attempt(const Transport& transport) {
  if (must_look_) {
    IK_LET(done, look_again(transport));
    if (done) return {};
  }
  if (!place_.has_value()) IK_TRY(open(transport));
  const bool in_parts = blob_.size_bytes > kWholeBytes || position_ > 0;
  while (in_parts && position_ < blob_.size_bytes) {
    IK_TRY(send_part(transport));
    most_ = std::max(most_, position_);
  }
  return finish(transport);
}

Result<void> BlobUpload::run(const Transport& transport) {
  int idle_breaks = 0;
  for (int breaks = 0;; ++breaks) {
    const std::uint64_t before = most_;
    delay_ms_ = -1;
    Result<void> done = attempt(transport);
    if (done.has_value()) return done;
    const bool lost = done.error().code == kUnreachable && breaks > 0;
    if (!breaks_upload(done.error()) && !lost) return done;
    most_ = std::max(most_, position_);
    if (most_ > before) idle_breaks = 0;
    idle_breaks += done.error().code == kSilent ? kSilenceWeight : 1;
    if (idle_breaks > kMaxIdleUploads || breaks > kMaxBreaks) {
      if (done.error().code == kAgain) done.error().code = "REGISTRY_PROTOCOL";
      return done;
    }
    was_broken_ = true;
    IK_TRY(transport.wait(delay_ms_ >= 0 ? delay_ms_ : retry_delay_ms(idle_breaks - 1, {})));
  }
}

}  // namespace ikada
