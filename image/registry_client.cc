#include "image/registry_client.h"

#include <algorithm>
#include <mutex>

#include "image/blob_download.h"
#include "image/http_client.h"
#include "image/http_status.h"
#include "image/registry_auth.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr size_t kMaxSmallBlobBytes = size_t{4} << 20;
constexpr std::string_view kDockerHubHost = "registry-1.docker.io";

Error registry_error(ErrorKind kind, std::string_view code, std::string message) {
  return {.kind = kind, .message = std::move(message), .errno_value = 0, .code = std::string(code)};
}

// A plain request that reached a TLS port: most servers answer so, in plain text.
bool wants_tls(const HttpResponse& response) {
  return response.status == kBadRequest && response.body.find("HTTP") != std::string::npos;
}

std::string registry_host(const std::string& registry) {
  return registry == "docker.io" ? std::string(kDockerHubHost) : registry;
}

}  // namespace

struct RegistryClient::Session {
  Reference reference;
  RegistryOptions options;
  RegistryAccess access;
  std::unique_ptr<HttpClient> http;
  std::unique_ptr<RegistryAuth> auth;
  std::mutex mutex;
  std::string base;  // "https://registry-1.docker.io", once found.

  Result<std::string> find_base();
  Result<std::string> probe(const Url& secure);
  Result<HttpResponse> send(OutgoingRequest request, const std::string& path);
  Error answer_error(const HttpResponse& response, const std::string& what) const;
  Error denied_error(const Error& why) const;
  std::string rate_limit_advice(const HttpResponse& response) const;
  std::string repository_url() const { return "/v2/" + reference.repository; }
};

// Loopback registries mostly speak plain http, insecure ones mostly https with a certificate nobody
// vouches for; which it is shows only by asking. All others speak https, and nothing is tried.
Result<std::string> RegistryClient::Session::find_base() {
  const std::lock_guard lock(mutex);
  if (!base.empty()) return base;
  const std::string host = registry_host(reference.registry);
  if (!options.unix_socket.empty()) {
    base = "http://" + host;
    return base;
  }
  IK_LET(secure, parse_url("https://" + host));
  if (is_loopback_host(secure.host) || http->is_insecure(secure)) {
    IK_LET(found, probe(secure));
    base = found;
  } else {
    base = "https://" + host;
  }
  return base;
}

Result<std::string> RegistryClient::Session::probe(const Url& secure) {
  const std::string host = registry_host(reference.registry);
  const bool plain_first = is_loopback_host(secure.host);
  const std::string candidates[] = {plain_first ? "http://" + host : "https://" + host,
                                    plain_first ? "https://" + host : "http://" + host};
  std::optional<Error> first;
  for (const std::string& candidate : candidates) {
    OutgoingRequest request;
    request.url = candidate + "/v2/";
    request.retries = false;
    const Result<HttpResponse> response = http->send(request);
    if (response.has_value() && !wants_tls(*response)) return candidate;
    if (response.has_value()) continue;
    const std::string& code = response.error().code;
    const bool other_protocol = code == kNotHttp || code == kBroken || code == "TLS_HANDSHAKE";
    if (!other_protocol) return response.error();
    if (!first.has_value()) first = response.error();
  }
  if (first.has_value()) return *first;
  return registry_error(ErrorKind::kUnavailable, kNotHttp, host + " speaks neither http nor https");
}

Result<HttpResponse> RegistryClient::Session::send(OutgoingRequest request,
                                                   const std::string& path) {
  IK_LET(found, find_base().context("registry {}", reference.registry));
  IK_LET(origin, parse_url(found));
  if (!path.empty()) request.url = found + path;
  IK_LET(target, parse_url(request.url));
  const bool goes_home = origin.same_origin(target);
  for (int attempt = 0;; ++attempt) {
    request.authorization = goes_home ? auth->authorization() : "";
    Result<HttpResponse> response = http->send(request);
    if (!response.has_value()) {
      return std::move(response).context("registry {}", reference.registry);
    }
    // A server we were redirected to has no say in who we are.
    const bool is_ours = origin.same_origin(response->url);
    constexpr int kMaxAnswers = 2;
    if (response->status != kUnauthorized || !is_ours || attempt == kMaxAnswers) return response;
    const Result<void> answered = auth->answer(*response, request.authorization);
    if (!answered.has_value()) return denied_error(answered.error());
  }
}

Error RegistryClient::Session::denied_error(const Error& why) const {
  if (why.code != "UNAUTHORIZED" || reference.repository.empty()) return why;
  return registry_error(
      ErrorKind::kDenied,
      why.code,
      fmt::format("{} access denied for {}, repository does not exist or may require "
                  "'ikada login': {}",
                  access.pushes ? "push" : "pull",
                  reference.familiar_name(),
                  why.message));
}

Error RegistryClient::Session::answer_error(const HttpResponse& response,
                                            const std::string& what) const {
  const RegistryMessage message = read_registry_message(response.body);
  const std::string words = message.text.empty() ? "" : ": " + message.text;
  switch (response.status) {
    case kUnauthorized:
    case kForbidden:
      return denied_error(registry_error(ErrorKind::kDenied,
                                         "UNAUTHORIZED",
                                         message.text.empty()
                                             ? "unauthorized: authentication required"
                                             : "denied: " + message.text));
    case kMissing:
      if (message.code == "NAME_UNKNOWN") {
        return registry_error(
            ErrorKind::kNotFound,
            message.code,
            fmt::format("repository {} not found{}", reference.familiar_name(), words));
      }
      return registry_error(
          ErrorKind::kNotFound, message.code, fmt::format("{} not found{}", what, words));
    case kTooManyRequests:
      return registry_error(ErrorKind::kUnavailable,
                            "TOOMANYREQUESTS",
                            fmt::format("registry {}: toomanyrequests{}{}",
                                        reference.registry,
                                        words,
                                        rate_limit_advice(response)));
    default:
      return registry_error(ErrorKind::kUnavailable,
                            "REGISTRY_PROTOCOL",
                            fmt::format("registry {}: {}: unexpected status {}{}",
                                        reference.registry,
                                        what,
                                        response.status,
                                        words));
  }
}

// What can be done about a rate limit: " (…)".
std::string RegistryClient::Session::rate_limit_advice(const HttpResponse& response) const {
  const std::string* const header = response.find_header("retry-after");
  const auto wait_s = parse_unsigned(header == nullptr ? std::string_view() : trim(*header));
  const std::string when = wait_s.has_value() && *wait_s > 0
                               ? fmt::format("try again in {} s", *wait_s)
                               : std::string("try again later");
  if (options.credentials.has_value()) return " (" + when + ")";
  return fmt::format(
      " ({}, or log in with 'ikada login {}' for a higher limit)", when, reference.registry);
}

std::string RegistryAccess::scope(const std::string& repository) const {
  std::string scope = fmt::format("repository:{}:pull{}", repository, pushes ? ",push" : "");
  if (!mount_source.empty()) scope += fmt::format(" repository:{}:pull", mount_source);
  return scope;
}

RegistryClient::RegistryClient(std::unique_ptr<Session> session) : session_(std::move(session)) {}
RegistryClient::~RegistryClient() = default;

Result<std::unique_ptr<RegistryClient>> RegistryClient::create(const Reference& reference,
                                                               RegistryOptions options,
                                                               RegistryAccess access) {
  IK_LET(http,
         HttpClient::create({.insecure_hosts = options.insecure_registries,
                             .inactivity_limit_s = options.inactivity_limit_s,
                             .unix_socket = options.unix_socket}));
  auto session = std::make_unique<Session>();
  session->reference = reference;
  session->http = std::move(http);
  const bool has_repository = !reference.repository.empty();
  session->auth = std::make_unique<RegistryAuth>(
      *session->http,
      RegistryAuthOptions{.registry = reference.registry,
                          .scope = has_repository ? access.scope(reference.repository) : "",
                          .credentials = options.credentials,
                          .auth_hosts = options.auth_hosts});
  session->options = std::move(options);
  session->access = std::move(access);
  return std::unique_ptr<RegistryClient>(new RegistryClient(std::move(session)));
}

Result<void> RegistryClient::ping() {
  IK_LET(response, session_->send({}, "/v2/"));
  if (response.status == kOk) return {};
  if (response.status == kMissing) {
    return registry_error(
        ErrorKind::kUnavailable,
        "REGISTRY_PROTOCOL",
        fmt::format("{} is no registry: it has no /v2/", session_->reference.registry));
  }
  return session_->answer_error(response, "/v2/");
}

Result<FetchedManifest> RegistryClient::fetch_manifest(const std::string& tag_or_digest) {
  const bool by_digest = tag_or_digest.find(':') != std::string::npos;
  Digest wanted;
  if (by_digest) {
    IK_LET(digest, Digest::parse(tag_or_digest));
    wanted = std::move(digest);
  }
  OutgoingRequest request;
  request.max_body_bytes = kMaxManifestBytes;
  for (const std::string_view type :
       {kOciIndexType, kDockerListType, kOciManifestType, kDockerManifestType}) {
    request.headers.push_back(fmt::format("Accept: {}", type));
  }
  IK_LET(response,
         session_->send(request, session_->repository_url() + "/manifests/" + tag_or_digest));
  const std::string name =
      session_->reference.familiar_name() + (by_digest ? "@" : ":") + tag_or_digest;
  if (response.status != kOk) return session_->answer_error(response, "manifest for " + name);
  FetchedManifest manifest{
      .digest = Digest::of(response.body), .media_type = {}, .body = std::move(response.body)};
  const std::string* type = response.find_header("content-type");
  if (type != nullptr) manifest.media_type = trim(cut(*type, ';').before);
  const std::string* promised = response.find_header("docker-content-digest");
  const bool lies = promised != nullptr && Digest::parse(*promised).has_value() &&
                    *promised != manifest.digest.text();
  if (lies || (by_digest && wanted != manifest.digest)) {
    return registry_error(ErrorKind::kInvalid,
                          "DIGEST_MISMATCH",
                          fmt::format("manifest for {}: digest mismatch: expected {}, got {}",
                                      name,
                                      by_digest ? wanted.text() : *promised,
                                      manifest.digest.text()));
  }
  return manifest;
}

Result<void> RegistryClient::fetch_blob(const Descriptor& blob,
                                        std::uint64_t offset,
                                        const Sink& sink) {
  const std::string path = session_->repository_url() + "/blobs/" + blob.digest.text();
  const BlobDownload::Transport transport{
      .send = [&](OutgoingRequest request) -> Result<void> {
        IK_LET(response, session_->send(std::move(request), path));
        if (response.status / 100 == 2) return {};
        return session_->answer_error(response, "blob " + blob.digest.text());
      },
      .wait = [&](int milliseconds) { return session_->http->wait(milliseconds); }};
  return BlobDownload(blob, offset, sink).run(transport);
}

Result<std::string> RegistryClient::fetch_small_blob(const Descriptor& blob) {
  if (blob.size_bytes > kMaxSmallBlobBytes) {
    return registry_error(ErrorKind::kInvalid,
                          "CONFIG_INVALID",
                          fmt::format("blob {} is larger than 4 MiB", blob.digest.text()));
  }
  std::string bytes;
  IK_TRY(fetch_blob(blob, 0, [&](std::string_view part) -> Result<void> {
    bytes.append(part);
    return {};
  }));
  const Digest got = Digest::of(bytes);
  if (got == blob.digest) return bytes;
  return registry_error(
      ErrorKind::kInvalid,
      "DIGEST_MISMATCH",
      fmt::format("blob {}: digest mismatch: got {}", blob.digest.text(), got.text()));
}

Result<HttpResponse> RegistryClient::request(OutgoingRequest request, const std::string& path) {
  return session_->send(std::move(request), path);
}

Error RegistryClient::answer_error(const HttpResponse& response, const std::string& what) const {
  return session_->answer_error(response, what);
}

std::string RegistryClient::repository_path() const { return session_->repository_url(); }

Result<void> RegistryClient::wait(int milliseconds) { return session_->http->wait(milliseconds); }

void RegistryClient::cancel() { session_->http->cancel(); }

Result<void> check_credentials(const std::string& registry, RegistryOptions options) {
  const Reference reference{.registry = registry, .repository = {}, .tag = {}, .digest = {}};
  IK_LET(client, RegistryClient::create(reference, std::move(options)));
  return client->ping();
}

}  // namespace ikada
