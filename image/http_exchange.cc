#include "image/http_exchange.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "runtime/base/text.h"

namespace ikada {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr size_t kMaxHeaderBytes = size_t{256} << 10;
constexpr size_t kMaxErrorBodyBytes = size_t{64} << 10;
constexpr long kConnectTimeoutS = 15;
constexpr long kReceiveBufferBytes = 256L << 10;
constexpr long kSendBufferBytes = 256L << 10;
constexpr size_t kLeastActivityBytes = 1024;  // Within the inactivity limit.
constexpr int kOkFirst = 200;
constexpr int kOkLast = 299;

struct FreeList {
  const CurlLibrary* curl;
  void operator()(curl_slist* list) const { curl->slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

// What libcurl's callbacks work on.
struct Running {
  const OutgoingRequest& request;
  const ExchangeOptions& options;
  bool& delivered;
  HttpResponse response = {};
  size_t header_bytes = 0;
  bool head_seen = false;
  std::uint64_t sent_bytes = 0;       // Of the request's body.
  std::optional<Error> failure = {};  // Ours; libcurl only knows that a callback stopped it.
  SteadyClock::time_point last_activity = SteadyClock::now();
  size_t bytes_since_activity = 0;
};

void touch(Running& running) {
  running.last_activity = SteadyClock::now();
  running.bytes_since_activity = 0;
}

// A byte now and then is no activity: it would keep us for ever.
void count_bytes(Running& running, size_t bytes) {
  running.bytes_since_activity += bytes;
  if (running.bytes_since_activity >= kLeastActivityBytes) touch(running);
}

size_t on_header(char* bytes, size_t size, size_t count, void* user) {
  Running& running = *static_cast<Running*>(user);
  const std::string_view line = trim(std::string_view(bytes, size * count));
  count_bytes(running, size * count);
  running.header_bytes += size * count;
  if (running.header_bytes > kMaxHeaderBytes) {
    running.failure = make_error(ErrorKind::kInvalid, "the answer's headers are too large");
    running.failure->code = kNotHttp;
    return 0;
  }
  if (line.starts_with("HTTP/")) {
    // Also after "100 Continue" and a proxy's answer to CONNECT.
    running.response.headers.clear();
    return size * count;
  }
  const Cut field = cut(line, ':');
  if (field.found) {
    running.response.headers.emplace_back(lower_case(trim(field.before)), trim(field.after));
  }
  return size * count;
}

Result<void> see_head(Running& running) {
  if (running.head_seen) return {};
  running.head_seen = true;
  long status = 0;
  running.options.curl.easy_getinfo(running.options.handle, CURLINFO_RESPONSE_CODE, &status);
  running.response.status = static_cast<int>(status);
  const bool is_ok = status >= kOkFirst && status <= kOkLast;
  if (is_ok && running.request.on_head) IK_TRY(running.request.on_head(running.response));
  return {};
}

Result<void> take_body(Running& running, std::string_view bytes) {
  IK_TRY(see_head(running));
  const int status = running.response.status;
  const bool is_ok = status >= kOkFirst && status <= kOkLast;
  if (is_ok && running.request.sink) {
    running.delivered = true;
    return running.request.sink(bytes);
  }
  const size_t limit = is_ok ? running.request.max_body_bytes : kMaxErrorBodyBytes;
  std::string& body = running.response.body;
  if (body.size() + bytes.size() > limit) {
    // Of an error's text the beginning is enough.
    if (!is_ok) return {};
    Error error = make_error(ErrorKind::kInvalid, "the answer is larger than {} bytes", limit);
    error.code = "MANIFEST_TOO_LARGE";
    return error;
  }
  body.append(bytes);
  return {};
}

size_t on_body(char* bytes, size_t size, size_t count, void* user) {
  Running& running = *static_cast<Running*>(user);
  const SteadyClock::time_point begin = SteadyClock::now();
  const Result<void> taken = take_body(running, std::string_view(bytes, size * count));
  // The time a slow sink takes is not the server's silence.
  running.last_activity += SteadyClock::now() - begin;
  count_bytes(running, size * count);
  if (taken.has_value()) return size * count;
  running.failure = taken.error();
  return 0;
}

size_t on_read(char* buffer, size_t size, size_t count, void* user) {
  Running& running = *static_cast<Running*>(user);
  const HttpBody& body = *running.request.body;
  touch(running);
  if (running.sent_bytes == body.size_bytes) return 0;
  const Result<size_t> got = body.read(running.sent_bytes, buffer, size * count);
  if (got.has_value() && *got > 0) {
    running.sent_bytes += *got;
    return *got;
  }
  running.failure = got.has_value() ? make_error(ErrorKind::kInvalid,
                                                 "the body ends after {} of {} bytes",
                                                 running.sent_bytes,
                                                 body.size_bytes)
                                    : got.error();
  return CURL_READFUNC_ABORT;
}

// libcurl starts anew by itself when a connection that it had kept turns out to be dead, though the
// server may have got the bytes.
int on_seek(void* user, curl_off_t offset, int origin) {
  Running& running = *static_cast<Running*>(user);
  if (!running.request.retries) return CURL_SEEKFUNC_FAIL;
  if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
  running.sent_bytes = static_cast<std::uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

bool is_sending(const Running& running) {
  return running.request.body.has_value() && running.sent_bytes < running.request.body->size_bytes;
}

// How long the server may say nothing: longer when all was sent and it has to work on that.
int silence_limit_s(const Running& running) {
  const int usual_s = running.options.inactivity_limit_s;
  return is_sending(running) ? usual_s : std::max(usual_s, running.request.answer_limit_s);
}

int on_progress(void* user, curl_off_t /*total*/, curl_off_t /*now*/, curl_off_t, curl_off_t) {
  Running& running = *static_cast<Running*>(user);
  const int limit_s = silence_limit_s(running);
  if (running.options.cancelled) {
    running.failure = make_error(ErrorKind::kUnavailable, "cancelled");
    return 1;
  }
  if (SteadyClock::now() - running.last_activity < std::chrono::seconds(limit_s)) return 0;
  running.failure = make_error(ErrorKind::kUnavailable,
                               "{} {} {} for {} s",
                               running.options.url.authority(),
                               is_sending(running) ? "took" : "sent",
                               running.bytes_since_activity == 0 ? "nothing" : "next to nothing",
                               limit_s);
  running.failure->code = kSilent;
  return 1;
}

std::string address_text(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = nullptr;
  if (address.sa_family == AF_INET) bytes = &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
  if (address.sa_family == AF_INET6) {
    bytes = &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  }
  if (bytes == nullptr) return {};
  ::inet_ntop(address.sa_family, bytes, text.data(), text.size());
  return text.data();
}

// Called after the name was resolved, so a name that leads elsewhere the second time changes
// nothing.
curl_socket_t on_open_socket(void* user, curlsocktype /*purpose*/, curl_sockaddr* address) {
  Running& running = *static_cast<Running*>(user);
  const std::string text = address_text(address->addr);
  touch(running);
  if (running.request.refuse_private_addresses && address_scope(text) != AddressScope::kPublic) {
    running.failure = make_error(ErrorKind::kDenied,
                                 "a public registry led to {} at {}, which is not public",
                                 running.options.url.authority(),
                                 text);
    running.failure->code = "REDIRECT_REFUSED";
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

Error transport_error(const Running& running, CURLcode code, const char* detail) {
  if (running.failure.has_value()) return *running.failure;
  const Url& url = running.options.url;
  const char* const words = detail[0] != '\0' ? detail : running.options.curl.easy_strerror(code);
  Error error{.kind = ErrorKind::kUnavailable, .message = {}};
  long tunnel_status = 0;
  running.options.curl.easy_getinfo(
      running.options.handle, CURLINFO_HTTP_CONNECTCODE, &tunnel_status);
  if (tunnel_status > kOkLast) {
    error.message = fmt::format("{}: the proxy answered {}", url.authority(), tunnel_status);
    error.code = kUnreachable;
    return error;
  }
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      error.message = fmt::format("lookup {}: no such host", url.host);
      error.code = kUnreachable;
      return error;
    case CURLE_COULDNT_CONNECT: {
      long number = 0;
      running.options.curl.easy_getinfo(running.options.handle, CURLINFO_OS_ERRNO, &number);
      error.errno_value = static_cast<int>(number);
      error.message = fmt::format("dial {}:{}: {}",
                                  url.host,
                                  url.port,
                                  number == 0 ? words : lower_case(errno_text(error.errno_value)));
      error.code = kUnreachable;
      return error;
    }
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      error.message = fmt::format("tls: {}: {}", url.authority(), words);
      error.code = code == CURLE_SSL_CONNECT_ERROR ? "TLS_HANDSHAKE" : "TLS_FAILED";
      return error;
    case CURLE_OPERATION_TIMEDOUT:
      error.message = fmt::format("dial {}:{}: timed out", url.host, url.port);
      error.code = kSilent;
      return error;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
      error.message = fmt::format("{} does not speak HTTP: {}", url.authority(), words);
      error.code = kNotHttp;
      return error;
    default:
      error.message = fmt::format("{}: {}", url.authority(), words);
      error.code = kBroken;
      return error;
  }
}

HeaderList make_headers(const OutgoingRequest& request, const CurlLibrary& curl) {
  std::vector<std::string> lines = request.headers;
  lines.emplace_back("User-Agent: ikada/" IKADA_VERSION);
  lines.emplace_back("Expect:");
  if (!request.authorization.empty()) lines.push_back("Authorization: " + request.authorization);
  curl_slist* list = nullptr;
  for (const std::string& line : lines) list = curl.slist_append(list, line.c_str());
  return {list, FreeList{&curl}};
}

// Sets options one after the other; the first failure is kept.
class OptionSetter {
 public:
  explicit OptionSetter(const ExchangeOptions& options) : options_(options) {}

  template <typename Value>
  void set(CURLoption option, Value value) {
    const CURLcode code = options_.curl.easy_setopt(options_.handle, option, value);
    if (code != CURLE_OK && first_ == CURLE_OK) first_ = code;
  }

  Result<void> done() const {
    if (first_ == CURLE_OK) return {};
    return make_error(
        ErrorKind::kInternal, "libcurl option: {}", options_.curl.easy_strerror(first_));
  }

 private:
  const ExchangeOptions& options_;
  CURLcode first_ = CURLE_OK;
};

void set_certificates(OptionSetter& setter, const ExchangeOptions& options) {
  setter.set(CURLOPT_SSL_VERIFYPEER, options.verifies_certificate ? 1L : 0L);
  setter.set(CURLOPT_SSL_VERIFYHOST, options.verifies_certificate ? 2L : 0L);
  setter.set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  const char* const file = ::secure_getenv("SSL_CERT_FILE");
  const char* const directory = ::secure_getenv("SSL_CERT_DIR");
  if (file != nullptr && *file != '\0') setter.set(CURLOPT_CAINFO, file);
  if (directory != nullptr && *directory != '\0') setter.set(CURLOPT_CAPATH, directory);
}

void set_method(OptionSetter& setter, Running& running) {
  const OutgoingRequest& request = running.request;
  if (!request.form.empty()) {
    setter.set(CURLOPT_POSTFIELDSIZE, static_cast<long>(request.form.size()));
    setter.set(CURLOPT_POSTFIELDS, request.form.c_str());
  } else if (request.method == "HEAD") {
    setter.set(CURLOPT_NOBODY, 1L);
  } else if (request.body.has_value()) {
    setter.set(CURLOPT_UPLOAD, 1L);
    setter.set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body->size_bytes));
    setter.set(CURLOPT_UPLOAD_BUFFERSIZE, kSendBufferBytes);
    setter.set(CURLOPT_READFUNCTION, &on_read);
    setter.set(CURLOPT_READDATA, &running);
    setter.set(CURLOPT_SEEKFUNCTION, &on_seek);
    setter.set(CURLOPT_SEEKDATA, &running);
    setter.set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  } else if (!request.method.empty()) {
    setter.set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
}

Result<void> set_options(Running& running, curl_slist* headers, char* detail) {
  OptionSetter setter(running.options);
  running.options.curl.easy_reset(running.options.handle);
  setter.set(CURLOPT_URL, running.options.url.text.c_str());
  setter.set(CURLOPT_PROTOCOLS_STR, "http,https");
  setter.set(CURLOPT_HTTPHEADER, headers);
  setter.set(CURLOPT_ERRORBUFFER, detail);
  setter.set(CURLOPT_NOSIGNAL, 1L);
  setter.set(CURLOPT_FOLLOWLOCATION, 0L);
  // Each download has a connection of its own, so that a slow layer holds up no other.
  setter.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  setter.set(CURLOPT_BUFFERSIZE, kReceiveBufferBytes);
  setter.set(CURLOPT_CONNECTTIMEOUT, kConnectTimeoutS);
  setter.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set_certificates(setter, running.options);
  setter.set(CURLOPT_HEADERFUNCTION, &on_header);
  setter.set(CURLOPT_HEADERDATA, &running);
  setter.set(CURLOPT_WRITEFUNCTION, &on_body);
  setter.set(CURLOPT_WRITEDATA, &running);
  setter.set(CURLOPT_NOPROGRESS, 0L);
  setter.set(CURLOPT_XFERINFOFUNCTION, &on_progress);
  setter.set(CURLOPT_XFERINFODATA, &running);
  setter.set(CURLOPT_OPENSOCKETFUNCTION, &on_open_socket);
  setter.set(CURLOPT_OPENSOCKETDATA, &running);
  if (!running.options.unix_socket.empty()) {
    setter.set(CURLOPT_UNIX_SOCKET_PATH, running.options.unix_socket.c_str());
    setter.set(CURLOPT_PROXY, "");
  }
  set_method(setter, running);
  return setter.done();
}

}  // namespace

Result<HttpResponse> exchange(const OutgoingRequest& request,
                              const ExchangeOptions& options,
                              bool& delivered) {
  Running running{.request = request, .options = options, .delivered = delivered};
  const HeaderList headers = make_headers(request, options.curl);
  std::array<char, CURL_ERROR_SIZE> detail{};
  IK_TRY(set_options(running, headers.get(), detail.data()));
  const CURLcode code = options.curl.easy_perform(options.handle);
  const char* peer = nullptr;
  options.curl.easy_getinfo(options.handle, CURLINFO_PRIMARY_IP, &peer);
  if (peer != nullptr) running.response.peer_address = peer;
  if (code != CURLE_OK) return transport_error(running, code, detail.data());
  // An answer without a body has not passed take_body().
  IK_TRY(see_head(running));
  running.response.url = options.url;
  return std::move(running.response);
}

}  // namespace ikada
