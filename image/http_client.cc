#include "image/http_client.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "image/http_exchange.h"
#include "image/retry.h"

namespace ikada {
namespace {

constexpr int kMaxRedirects = 5;

Error refused_request(std::string_view code, std::string message) {
  return {.kind = ErrorKind::kDenied,
          .message = std::move(message),
          .errno_value = 0,
          .code = std::string(code)};
}

// A redirect that is followed. The older kinds would turn what is sent into a GET.
bool is_redirect(int status, const OutgoingRequest& request) {
  if (status == 307 || status == 308) return request.form.empty();
  const bool reads = request.form.empty() && (request.method.empty() || request.method == "GET" ||
                                              request.method == "HEAD");
  return reads && (status == 301 || status == 302 || status == 303);
}

// How long to wait before the request is sent again; nullopt if it is not.
std::optional<int> delay_before_retry(const Result<HttpResponse>& response, int attempt) {
  if (attempt >= kMaxRetries) return std::nullopt;
  if (!response.has_value()) {
    const bool again = response.error().code == kBroken;
    return again ? std::optional(retry_delay_ms(attempt, {})) : std::nullopt;
  }
  if (!is_worth_retrying(response->status)) return std::nullopt;
  const std::string* after = response->find_header("retry-after");
  return retry_delay_ms(attempt, after == nullptr ? std::string_view() : *after);
}

}  // namespace

const std::string* HttpResponse::find_header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return &value;
  }
  return nullptr;
}

HttpClient::HttpClient(const CurlLibrary& curl, HttpOptions options)
    : curl_(curl), options_(std::move(options)) {}

HttpClient::~HttpClient() {
  for (CURL* handle : idle_) curl_.easy_cleanup(handle);
}

Result<std::unique_ptr<HttpClient>> HttpClient::create(HttpOptions options) {
  IK_LET(curl, curl_library());
  return std::unique_ptr<HttpClient>(new HttpClient(*curl, std::move(options)));
}

bool HttpClient::is_insecure(const Url& url) const {
  return std::ranges::any_of(options_.insecure_hosts, [&](const std::string& host) {
    return host == url.host || host == url.host + ":" + url.port || host == url.authority();
  });
}

Result<void> HttpClient::check_scheme(const Url& url) const {
  const bool is_local = !options_.unix_socket.empty() || is_loopback_host(url.host);
  if (url.scheme == "https" || is_local || is_insecure(url)) return {};
  return refused_request(
      "TLS_REQUIRED",
      fmt::format("plain http to {} is refused; only loopback and registries configured "
                  "as insecure may be spoken to without TLS",
                  url.authority()));
}

Result<CURL*> HttpClient::take_handle() {
  const std::lock_guard lock(mutex_);
  if (!idle_.empty()) {
    CURL* const handle = idle_.back();
    idle_.pop_back();
    return handle;
  }
  CURL* const handle = curl_.easy_init();
  if (handle == nullptr) return make_error(ErrorKind::kSystem, "libcurl: out of memory");
  return handle;
}

Result<HttpResponse> HttpClient::exchange(const OutgoingRequest& request,
                                          const Url& url,
                                          bool& delivered) {
  IK_TRY(check_scheme(url));
  IK_LET(handle, take_handle());
  const ExchangeOptions options{.curl = curl_,
                                .handle = handle,
                                .url = url,
                                .verifies_certificate = !is_insecure(url),
                                .inactivity_limit_s = options_.inactivity_limit_s,
                                .unix_socket = options_.unix_socket,
                                .cancelled = cancelled_};
  Result<HttpResponse> response = ikada::exchange(request, options, delivered);
  const std::lock_guard lock(mutex_);
  idle_.push_back(handle);
  return response;
}

Result<HttpResponse> HttpClient::follow(const OutgoingRequest& request, bool& delivered) {
  OutgoingRequest hop = request;
  IK_LET(url, parse_url(request.url));
  for (int redirects = 0;; ++redirects) {
    IK_LET(response, exchange(hop, url, delivered));
    const std::string* location = response.find_header("location");
    if (!is_redirect(response.status, request) || location == nullptr) return response;
    if (redirects == kMaxRedirects) {
      return refused_request(
          "REDIRECT_REFUSED",
          fmt::format("{}: more than {} redirects", url.authority(), kMaxRedirects));
    }
    Result<Url> next = resolve_url(url, *location);
    if (!next.has_value()) {
      return refused_request("REDIRECT_REFUSED", "redirect to " + next.error().message);
    }
    if (url.scheme == "https" && next->scheme != "https") {
      return refused_request("REDIRECT_REFUSED",
                             fmt::format("redirect from https to {}", next->text.substr(0, 200)));
    }
    if (!url.same_origin(*next)) {
      hop.authorization.clear();
      hop.refuse_private_addresses = hop.refuse_private_addresses ||
                                     address_scope(response.peer_address) == AddressScope::kPublic;
    }
    url = std::move(*next);
  }
}

Result<HttpResponse> HttpClient::send(const OutgoingRequest& request) {
  for (int attempt = 0;; ++attempt) {
    bool delivered = false;
    Result<HttpResponse> response = follow(request, delivered);
    if (delivered || !request.retries) return response;
    const std::optional<int> delay_ms = delay_before_retry(response, attempt);
    if (!delay_ms.has_value()) return response;
    IK_TRY(wait(*delay_ms));
  }
}

Result<void> HttpClient::wait(int milliseconds) {
  std::unique_lock lock(mutex_);
  const bool stopped = cancelled_changed_.wait_for(
      lock, std::chrono::milliseconds(milliseconds), [this] { return cancelled_.load(); });
  if (stopped) return make_error(ErrorKind::kUnavailable, "cancelled");
  return {};
}

void HttpClient::cancel() {
  {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
  }
  cancelled_changed_.notify_all();
}

}  // namespace ikada
