// HTTP requests to registries and token servers: https with a certificate somebody vouches for,
// plain http only to loopback and to hosts configured as insecure.
//
// send() waits; it may be called from several threads, each gets a connection of its own, and
// connections are used again. Proxies come from the environment (https_proxy, no_proxy), trusted
// certificates from SSL_CERT_FILE and SSL_CERT_DIR if set.
//
// Redirects are followed by us: at most five, never from https to http, without the Authorization
// once scheme, host or port differ, and never from a public server to a private address. Answers
// 429 and 5xx and broken connections are tried again a few times, as long as no byte of a body has
// been passed on; switch `retries` off for what must not be done twice. "Expect: 100-continue" is
// never sent.
//
// Source: libcurl(3); RFC 9110.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "image/curl_library.h"
#include "image/http_body.h"
#include "image/url.h"
#include "runtime/base/result.h"

namespace ikada {

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers = {};  // Names in lower case.
  std::string body = {};                                          // Unless it went to the sink.
  std::string peer_address = {};  // Of the server or proxy that answered.
  Url url = {};                   // That answered, after redirects.

  // The first header of that name, or null.
  const std::string* find_header(std::string_view name) const;
};

struct OutgoingRequest {
  std::string url;
  std::vector<std::string> headers = {};  // "Accept: text/plain"
  std::string authorization = {};         // Value of the header; for this URL's origin only.
  std::string form = {};                  // If not empty, POSTed as a form.
  std::string method = {};                // Empty: GET, or POST for a form.
  std::optional<HttpBody> body = {};      // POST, PUT and PATCH need one, be it empty.
  int answer_limit_s = 0;  // Silence allowed between the body and the answer, if longer than usual.
  size_t max_body_bytes = size_t{4} << 20;
  bool retries = true;
  bool refuse_private_addresses = false;  // A public server led us here.

  // With a sink, the body of a 2xx answer goes there; on_head sees the answer before. Both may
  // block, and an error of theirs ends the request and is returned.
  std::function<Result<void>(const HttpResponse& head)> on_head = {};
  std::function<Result<void>(std::string_view bytes)> sink = {};
};

struct HttpOptions {
  std::vector<std::string> insecure_hosts = {};  // "host" or "host:port".
  int inactivity_limit_s = 30;
  std::string unix_socket = {};  // All requests go there, in plain http.
};

// Codes of transport errors, all kUnavailable.
inline constexpr std::string_view kUnreachable = "REGISTRY_UNREACHABLE";  // No connection at all.
inline constexpr std::string_view kBroken = "REGISTRY_RESET";             // It broke.
inline constexpr std::string_view kSilent = "REGISTRY_TIMEOUT";           // Nothing came any more.
inline constexpr std::string_view kNotHttp = "REGISTRY_PROTOCOL";         // No HTTP was answered.

class HttpClient {
 public:
  static Result<std::unique_ptr<HttpClient>> create(HttpOptions options);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient();

  // The answer, whatever its status. kUnavailable with a code above if there was none, kDenied with
  // code REDIRECT_REFUSED or TLS_REQUIRED for what is not done, kInvalid if the body is too large.
  Result<HttpResponse> send(const OutgoingRequest& request);

  // Waits, but not after cancel().
  Result<void> wait(int milliseconds);

  // Makes running and later requests fail soon with kUnavailable. From any thread.
  void cancel();

  bool is_insecure(const Url& url) const;

 private:
  HttpClient(const CurlLibrary& curl, HttpOptions options);
  Result<HttpResponse> follow(const OutgoingRequest& request, bool& delivered);
  Result<HttpResponse> exchange(const OutgoingRequest& request, const Url& url, bool& delivered);
  Result<void> check_scheme(const Url& url) const;
  Result<CURL*> take_handle();

  const CurlLibrary& curl_;
  HttpOptions options_;
  std::atomic<bool> cancelled_ = false;
  std::mutex mutex_;
  std::condition_variable cancelled_changed_;
  std::vector<CURL*> idle_;  // The last used is used first: its connection lives.
};

}  // namespace ikada
