#include "image/blob_upload.h"

#include <algorithm>
#include <optional>

#include <doctest/doctest.h>

#include "image/retry.h"

namespace ikada {
namespace {

constexpr std::string_view kPlace = "http://127.0.0.1:5000/v2/web/blobs/uploads/";
constexpr size_t kLarge = (size_t{2} << 20) + 77;

Error broken() {
  Error error = make_error(ErrorKind::kUnavailable, "broken");
  error.code = kBroken;
  return error;
}

// A registry that cuts requests with a body after so many bytes, and keeps or forgets those.
struct FakeRegistry {
  size_t bytes_per_request = SIZE_MAX;
  size_t largest_request = SIZE_MAX;
  bool forgets = false;
  std::string claimed_digest = {};
  int cuts = 1000;  // Then it works.
  std::string blob = {};
  std::optional<std::string> upload = {};
  int uploads = 0;
  std::vector<std::string> requests = {};
  std::vector<int> waits = {};
  std::string remembered = {};

  HttpResponse answer(int status) const {
    HttpResponse response{.status = status};
    response.url = parse_url(fmt::format("{}{}", kPlace, uploads)).value();
    response.headers.emplace_back("location", fmt::format("/v2/web/blobs/uploads/{}", uploads));
    if (upload.has_value() && !upload->empty()) {
      response.headers.emplace_back("range", fmt::format("0-{}", upload->size() - 1));
    }
    return response;
  }

  // False if the connection breaks.
  bool take(const HttpBody& body) {
    std::string bytes(body.size_bytes, '\0');
    CHECK(body.read(0, bytes.data(), bytes.size()).value() == bytes.size());
    const bool cut = bytes.size() > bytes_per_request && cuts-- > 0;
    if (cut) bytes.resize(bytes_per_request);
    upload->append(bytes);
    if (cut && forgets) upload.reset();
    return !cut;
  }

  Result<HttpResponse> send(const OutgoingRequest& request, const std::string& path) {
    const std::string& method = request.method.empty() ? "GET" : request.method;
    requests.push_back(method);
    if (method == "HEAD") return answer(blob.empty() ? 404 : 200);
    if (method == "POST") {
      CHECK(path == "/v2/web/blobs/uploads/");
      ++uploads;
      upload = "";
      return answer(202);
    }
    const bool known =
        upload.has_value() && request.url.starts_with(fmt::format("{}{}", kPlace, uploads));
    if (!known) return answer(404);
    if (method == "GET") return answer(204);
    if (request.body->size_bytes > largest_request) return answer(413);
    for (const std::string& header : request.headers) {
      const std::string range = fmt::format("Content-Range: {}-", upload->size());
      if (header.starts_with("Content-Range") && !header.starts_with(range)) return answer(416);
    }
    if (!take(*request.body)) return broken();
    if (method == "PATCH") return answer(202);
    blob = *std::exchange(upload, std::nullopt);
    HttpResponse done = answer(201);
    const std::string digest = claimed_digest.empty() ? Digest::of(blob).text() : claimed_digest;
    done.headers.emplace_back("docker-content-digest", digest);
    return done;
  }
};

std::string make_blob(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 + i / 251);
  return text;
}

Result<void> upload(FakeRegistry& registry, const std::string& text, std::string resume_url = {}) {
  const Descriptor blob{.media_type = "", .digest = Digest::of(text), .size_bytes = text.size()};
  const HttpBody body = body_of_text(text);
  BlobUpload job(blob, body, "/v2/web");
  if (!resume_url.empty()) job.resume(std::move(resume_url));
  return job.run({.send = [&](const OutgoingRequest& request,
                              const std::string& path) { return registry.send(request, path); },
                  .answer_error =
                      [](const HttpResponse& response, const std::string& what) {
                        return make_error(ErrorKind::kUnavailable, "{}: {}", what, response.status);
                      },
                  .wait = [&](int milliseconds) -> Result<void> {
                    registry.waits.push_back(milliseconds);
                    return {};
                  },
                  .remember = [&](const std::string& url) { registry.remembered = url; }});
}

int count(const FakeRegistry& registry, std::string_view method) {
  return static_cast<int>(std::ranges::count(registry.requests, method));
}

TEST_CASE("a small blob takes two requests, a large one three") {
  FakeRegistry small;
  REQUIRE(upload(small, "hello").has_value());
  CHECK(small.blob == "hello");
  CHECK(small.requests == std::vector<std::string>{"POST", "PUT"});

  FakeRegistry large;
  REQUIRE(upload(large, make_blob(kLarge)).has_value());
  CHECK(large.blob == make_blob(kLarge));
  CHECK(large.requests == std::vector<std::string>{"POST", "PATCH", "PUT"});

  FakeRegistry empty;
  REQUIRE(upload(empty, "").has_value());
  CHECK(empty.requests == std::vector<std::string>{"POST", "PUT"});
}

TEST_CASE("an upload goes on where its connection was cut") {
  FakeRegistry registry{.bytes_per_request = 300'000};

  REQUIRE(upload(registry, make_blob(kLarge)).has_value());

  CHECK(registry.blob == make_blob(kLarge));
  CHECK(registry.uploads == 1);
  CHECK(count(registry, "PATCH") == 7);
  CHECK(registry.waits.size() == 6);
}

TEST_CASE("a small blob that was cut is completed, too") {
  FakeRegistry registry{.bytes_per_request = 3};

  REQUIRE(upload(registry, "0123456789").has_value());

  CHECK(registry.blob == "0123456789");
}

TEST_CASE("an upload that the registry has forgotten begins anew") {
  FakeRegistry registry{.bytes_per_request = 300'000, .forgets = true, .cuts = 2};

  REQUIRE(upload(registry, make_blob(kLarge)).has_value());

  CHECK(registry.blob == make_blob(kLarge));
  CHECK(registry.uploads == 3);
}

TEST_CASE("cuts without progress are not endured for ever") {
  FakeRegistry registry{.bytes_per_request = 300'000, .forgets = true};

  const Result<void> result = upload(registry, make_blob(kLarge));

  REQUIRE(!result.has_value());
  CHECK(result.error().code == kBroken);
  CHECK(registry.uploads <= 6);
}

TEST_CASE("a registry that refuses large requests gets parts") {
  FakeRegistry registry{.largest_request = size_t{5} << 20};
  const std::string text = make_blob(size_t{9} << 20);

  REQUIRE(upload(registry, text).has_value());

  CHECK(registry.blob == text);
  CHECK(count(registry, "PATCH") == 4);  // The refused one, then 4, 4 and 1 MiB.

  FakeRegistry tiny{.largest_request = 1000};
  CHECK(!upload(tiny, make_blob(kLarge)).has_value());
  CHECK(count(tiny, "PATCH") == 1);
}

TEST_CASE("an upload of an earlier process goes on at its place") {
  FakeRegistry registry{.bytes_per_request = 300'000, .cuts = 1};
  const std::string text = make_blob(kLarge);
  registry.uploads = 1;
  registry.upload = text.substr(0, 1'000'000);

  REQUIRE(upload(registry, text, fmt::format("{}1", kPlace)).has_value());

  CHECK(registry.blob == text);
  CHECK(count(registry, "POST") == 0);

  FakeRegistry forgotten;
  REQUIRE(upload(forgotten, text, fmt::format("{}1", kPlace)).has_value());
  CHECK(forgotten.uploads == 1);
  CHECK(forgotten.remembered == fmt::format("{}1", kPlace));
}

TEST_CASE("a registry that keeps something else is caught") {
  FakeRegistry registry{.claimed_digest = Digest::of("other").text()};

  const Result<void> result = upload(registry, "hello");

  REQUIRE(!result.has_value());
  CHECK(result.error().code == "DIGEST_MISMATCH");
}

TEST_CASE("an upload's place is resolved, but never from https to http") {
  HttpResponse response{.status = 202, .peer_address = "93.184.216.34"};
  response.url = parse_url("https://registry.example.com/v2/web/blobs/uploads/").value();
  const auto place = [&](const char* location) {
    response.headers = {{"location", location}};
    return upload_place(response, {});
  };

  CHECK(place("/v2/x?_state=a%3D").value().url == "https://registry.example.com/v2/x?_state=a%3D");
  CHECK(!place("/v2/x").value().refuses_private_addresses);
  CHECK(place("https://storage.example.com/x").value().refuses_private_addresses);
  CHECK(place("http://registry.example.com/v2/x").error().code == "REDIRECT_REFUSED");
  CHECK(!place("file:///etc/passwd").has_value());
  response.headers.clear();
  CHECK(upload_place(response, {}).error().code == "REGISTRY_PROTOCOL");
}

}  // namespace
}  // namespace ikada
