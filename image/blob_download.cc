#include "image/blob_download.h"

#include <algorithm>

#include "image/http_status.h"
#include "image/retry.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr int kMaxIdleDownloads = 2;  // Without a byte in between; each was tried again already.

}  // namespace

Error BlobDownload::error(std::string_view code, std::string_view what) const {
  Error error = make_error(ErrorKind::kInvalid, "blob {}: {}", blob_.digest.text(), what);
  error.code = code;
  return error;
}

// "bytes 100-199/200".
Result<void> BlobDownload::check_range(const HttpResponse& head) const {
  const std::string* header = head.find_header("content-range");
  const std::string_view text = header == nullptr ? std::string_view() : *header;
  const Cut unit = cut(text, ' ');
  const Cut total = cut(unit.after, '/');
  const Cut ends = cut(total.before, '-');
  const auto first = parse_unsigned(ends.before);
  const bool total_fits = total.after == "*" || total.after == std::to_string(blob_.size_bytes);
  if (unit.before != "bytes" || !first.has_value() || *first != position_ || !total_fits) {
    return error(
        "REGISTRY_PROTOCOL",
        fmt::format("asked for bytes from {}, got range '{}'", position_, text.substr(0, 100)));
  }
  return {};
}

Result<void> BlobDownload::check_head(const HttpResponse& head) {
  const std::string* encoding = head.find_header("content-encoding");
  if (encoding != nullptr && *encoding != "identity") {
    return error("REGISTRY_PROTOCOL", "sent with Content-Encoding " + encoding->substr(0, 100));
  }
  const bool is_part = head.status == kPartialContent;
  if (is_part) IK_TRY(check_range(head));
  // A server without ranges begins anew.
  skip_ = is_part ? 0 : position_;
  const std::string* length = head.find_header("content-length");
  const std::uint64_t expected = blob_.size_bytes - (is_part ? position_ : 0);
  if (length != nullptr && *length != std::to_string(expected)) {
    return error("SIZE_MISMATCH",
                 fmt::format("size mismatch: expected {} bytes, the registry announces {}",
                             expected,
                             length->substr(0, 100)));
  }
  return {};
}

Result<void> BlobDownload::take(std::string_view bytes) {
  const std::uint64_t skipped = std::min<std::uint64_t>(skip_, bytes.size());
  skip_ -= skipped;
  bytes.remove_prefix(skipped);
  if (bytes.size() > blob_.size_bytes - position_) {
    return error("SIZE_MISMATCH",
                 fmt::format("size mismatch: more than the expected {} bytes", blob_.size_bytes));
  }
  if (bytes.empty()) return {};
  position_ += bytes.size();
  return sink_(bytes);
}

Result<void> BlobDownload::run(const Transport& transport) {
  if (position_ > blob_.size_bytes) return error("SIZE_MISMATCH", "more bytes than it has");
  int idle_breaks = 0;
  for (int breaks = 0; position_ < blob_.size_bytes || blob_.size_bytes == 0; ++breaks) {
    const std::uint64_t before = position_;
    OutgoingRequest request;
    if (position_ > 0) request.headers.push_back(fmt::format("Range: bytes={}-", position_));
    request.on_head = [this](const HttpResponse& head) { return check_head(head); };
    request.sink = [this](std::string_view bytes) { return take(bytes); };
    Result<void> sent = transport.send(std::move(request));
    if (sent.has_value() && position_ == blob_.size_bytes) break;
    if (!sent.has_value() && !is_break(sent.error())) return sent;
    const bool is_silence = !sent.has_value() && sent.error().code == kSilent;
    if (position_ > before) idle_breaks = 0;
    idle_breaks += is_silence ? kSilenceWeight : 1;
    if (idle_breaks > kMaxIdleDownloads || breaks > kMaxBreaks) {
      if (!sent.has_value()) return sent;
      return error(
          "SIZE_MISMATCH",
          fmt::format("size mismatch: it ends after {} of {} bytes", position_, blob_.size_bytes));
    }
    IK_TRY(transport.wait(retry_delay_ms(idle_breaks - 1, {})));
  }
  return {};
}

}  // namespace ikada
