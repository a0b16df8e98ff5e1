#include "image/blob_download.h"

#include <optional>

#include <doctest/doctest.h>

#include "image/retry.h"

namespace ikada {
namespace {

Error broken(std::string_view code) {
  Error error = make_error(ErrorKind::kUnavailable, "broken");
  error.code = code;
  return error;
}

// A registry that gives a few bytes of the blob per request and then breaks.
struct FakeRegistry {
  std::string blob = "0123456789";
  size_t bytes_per_answer = 100;
  size_t growth = 0;  // Of the above, per request.
  bool knows_ranges = true;
  std::string_view break_code = kBroken;
  std::optional<std::string> content_range = {};
  std::vector<std::pair<std::string, std::string>> more_headers = {};
  int requests = 0;
  int waits = 0;

  Result<void> send(const OutgoingRequest& request) {
    ++requests;
    size_t first = 0;
    for (const std::string& header : request.headers) {
      if (header.starts_with("Range: bytes=") && knows_ranges)
        first = std::stoul(header.substr(13));
    }
    HttpResponse head{.status = first > 0 ? 206 : 200, .headers = more_headers};
    if (first > 0) {
      head.headers.emplace_back("content-range",
                                content_range.value_or(fmt::format(
                                    "bytes {}-{}/{}", first, blob.size() - 1, blob.size())));
    }
    IK_TRY(request.on_head(head));
    const std::string bytes = blob.substr(first, bytes_per_answer);
    bytes_per_answer += growth;
    IK_TRY(request.sink(bytes));
    if (first + bytes.size() < blob.size()) return broken(break_code);
    return {};
  }
};

Result<std::string> download(FakeRegistry& registry, std::uint64_t size, std::uint64_t offset = 0) {
  std::string got;
  const Descriptor blob{.media_type = "", .digest = Digest::of("x"), .size_bytes = size};
  const BlobDownload::Sink sink = [&](std::string_view bytes) -> Result<void> {
    got.append(bytes);
    return {};
  };
  BlobDownload job(blob, offset, sink);
  IK_TRY(job.run({.send = [&](const OutgoingRequest& request) { return registry.send(request); },
                  .wait = [&](int) -> Result<void> {
                    ++registry.waits;
                    return {};
                  }}));
  return got;
}

TEST_CASE("a blob arrives whole, however often its transfer breaks") {
  FakeRegistry pieces{.bytes_per_answer = 3};
  CHECK(download(pieces, 10).value() == "0123456789");
  CHECK(pieces.requests == 4);

  // Without ranges each answer begins anew.
  FakeRegistry old{.bytes_per_answer = 3, .growth = 4, .knows_ranges = false};
  CHECK(download(old, 10).value() == "0123456789");
  CHECK(old.requests == 3);

  FakeRegistry whole;
  CHECK(download(whole, 10).value() == "0123456789");
  CHECK(whole.waits == 0);
}

TEST_CASE("a download begins where the caller stands, also without ranges") {
  FakeRegistry registry;
  CHECK(download(registry, 10, 4).value() == "456789");
  CHECK(download(registry, 10, 10).value().empty());
  FakeRegistry old{.knows_ranges = false};
  CHECK(download(old, 10, 4).value() == "456789");
}

TEST_CASE("without progress a download is given up") {
  FakeRegistry stuck{.bytes_per_answer = 0};
  CHECK(download(stuck, 10).error().code == kBroken);
  CHECK(stuck.requests == 3);

  FakeRegistry silent{.bytes_per_answer = 0, .break_code = kSilent};
  CHECK(download(silent, 10).error().code == kSilent);
  CHECK(silent.requests == 2);

  FakeRegistry drip{.blob = std::string(1000, 'x'), .bytes_per_answer = 1};
  CHECK(!download(drip, 1000).has_value());
  CHECK(drip.requests < 40);
}

TEST_CASE("sizes and ranges that do not fit are refused") {
  FakeRegistry longer{.blob = "0123456789X"};
  CHECK(download(longer, 10).error().code == "SIZE_MISMATCH");

  FakeRegistry shorter{.blob = "012345678", .knows_ranges = false};
  CHECK(download(shorter, 10).error().code == "SIZE_MISMATCH");

  FakeRegistry announced{.more_headers = {{"content-length", "11"}}};
  CHECK(download(announced, 10).error().code == "SIZE_MISMATCH");

  for (const char* range : {"bytes 3-9/10", "bytes 4-9/11", "bytes */10", "items 4-9/10", ""}) {
    CAPTURE(range);
    FakeRegistry elsewhere{.content_range = range};
    CHECK(download(elsewhere, 10, 4).error().code == "REGISTRY_PROTOCOL");
  }
  FakeRegistry packed{.more_headers = {{"content-encoding", "gzip"}}};
  CHECK(download(packed, 10).error().code == "REGISTRY_PROTOCOL");

  FakeRegistry registry;
  CHECK(download(registry, 10, 11).error().code == "SIZE_MISMATCH");
}

TEST_CASE("Retry-After is kept to, within a minute") {
  CHECK(retry_delay_ms(0, "0") == 0);
  CHECK(retry_delay_ms(0, " 7 ") == 7000);
  CHECK(retry_delay_ms(0, "31536000") == 60'000);
  CHECK(retry_delay_ms(3, "99999999999999999999") <= 4000);
  for (int attempt = 0; attempt < 100; ++attempt) {
    const int delay = retry_delay_ms(attempt, "Wed, 21 Oct 2026 07:28:00 GMT");
    CHECK(delay >= 250);
    CHECK(delay <= 60'000);
  }
}

}  // namespace
}  // namespace ikada
