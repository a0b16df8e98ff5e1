#include "cluster/store/etcd_exchange.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

namespace ikada {
namespace {

constexpr long kConnectTimeoutMs = 2500;  // With TLS's handshake, on a busy host.
constexpr long kKeepAliveIdleS = 5;
constexpr long kKeepAliveIntervalS = 2;
constexpr size_t kMaxErrorBytes = size_t{64} << 10;
constexpr int kHttpOk = 200;

struct FreeHeaders {
  const CurlLibrary* curl;
  void operator()(curl_slist* list) const { curl->slist_free_all(list); }
};
using Headers = std::unique_ptr<curl_slist, FreeHeaders>;

Headers make_headers(const CurlLibrary& curl, bool needs_leader) {
  curl_slist* list = curl.slist_append(nullptr, "Content-Type: application/json");
  list = curl.slist_append(list, "Expect:");
  if (needs_leader) list = curl.slist_append(list, "Grpc-Metadata-Hasleader: true");
  return {list, FreeHeaders{&curl}};
}

}  // namespace

void EtcdInterrupt::interrupt() {
  const std::lock_guard lock(mutex_);
  interrupted_ = true;
  if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
}

void EtcdInterrupt::hold(int socket) {
  const std::lock_guard lock(mutex_);
  socket_ = socket;
}

void EtcdInterrupt::let_go(int socket) {
  const std::lock_guard lock(mutex_);
  if (socket_ == socket) socket_ = -1;
}

struct EtcdExchange::Running {
  EtcdExchange& exchange;
  const EtcdRequest& request;
  const Options& options;
  Answer answer = {};
  size_t sent_bytes = 0;

  int status() const {
    long status = 0;
    exchange.curl_.easy_getinfo(exchange.handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    return static_cast<int>(status);
  }
};

Result<std::unique_ptr<EtcdExchange>> EtcdExchange::create(const EtcdTls& tls) {
  IK_LET(curl, curl_library());
  CURL* const handle = curl->easy_init();
  if (handle == nullptr) return make_error(ErrorKind::kUnavailable, "libcurl: no memory");
  return std::unique_ptr<EtcdExchange>(new EtcdExchange(*curl, tls, handle));
}

size_t EtcdExchange::on_body(char* bytes, size_t size, size_t count, void* user) {
  Running& running = *static_cast<Running*>(user);
  const std::string_view part(bytes, size * count);
  const bool is_ok = running.status() == kHttpOk;
  if (is_ok && running.options.sink) return running.options.sink(part) ? part.size() : 0;
  const size_t limit = is_ok ? running.options.max_body_bytes : kMaxErrorBytes;
  if (running.answer.body.size() + part.size() > limit) {
    running.answer.was_too_large = true;
    return 0;
  }
  running.answer.body.append(part);
  return part.size();
}

size_t EtcdExchange::on_read(char* buffer, size_t size, size_t count, void* user) {
  Running& running = *static_cast<Running*>(user);
  const std::string_view left = std::string_view(running.request.body).substr(running.sent_bytes);
  const size_t part = std::min(left.size(), size * count);
  ::memcpy(buffer, left.data(), part);
  running.sent_bytes += part;
  if (part > 0) running.answer.was_sent = true;
  return part;
}

// libcurl begins anew by itself when a connection that it had kept turns out to be dead. A
// transaction must not be sent twice, since the member may have got the first.
int EtcdExchange::on_seek(void* user, curl_off_t /*offset*/, int /*origin*/) {
  return static_cast<Running*>(user)->answer.was_sent ? CURL_SEEKFUNC_FAIL : CURL_SEEKFUNC_OK;
}

int EtcdExchange::on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const Running& running = *static_cast<Running*>(user);
  const Options& options = running.options;
  if (options.interrupt != nullptr && options.interrupt->is_interrupted()) return 1;
  return options.still_wanted && !options.still_wanted() ? 1 : 0;
}

curl_socket_t EtcdExchange::on_open_socket(void* user, curlsocktype, curl_sockaddr* address) {
  const Running& running = *static_cast<Running*>(user);
  const int socket = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (socket >= 0 && running.options.interrupt != nullptr) running.options.interrupt->hold(socket);
  return socket;
}

// `user` is the interrupt itself: a connection is closed after the exchange that opened it.
int EtcdExchange::on_close_socket(void* user, curl_socket_t socket) {
  if (user != nullptr) static_cast<EtcdInterrupt*>(user)->let_go(socket);
  return ::close(socket);
}

template <typename Value>
void EtcdExchange::set(CURLoption option, Value value) {
  const CURLcode code = curl_.easy_setopt(handle_.get(), option, value);
  if (code != CURLE_OK && option_failure_ == CURLE_OK) option_failure_ = code;
}

void EtcdExchange::set_options(Running& running, curl_slist* headers) {
  const Options& options = running.options;
  option_failure_ = CURLE_OK;
  curl_.easy_reset(handle_.get());
  set(CURLOPT_PROTOCOLS_STR, "https");
  set(CURLOPT_PROXY, "");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_CAINFO, tls_.ca_file.c_str());
  // The file changes while the authority is exchanged; otherwise it would be read once a day.
  set(CURLOPT_CA_CACHE_TIMEOUT, 0L);
  // Not the public authorities that the system trusts.
  set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  set(CURLOPT_SSLCERT, tls_.certificate_file.c_str());
  set(CURLOPT_SSLKEY, tls_.key_file.c_str());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout.count()));
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_TCP_KEEPIDLE, kKeepAliveIdleS);
  set(CURLOPT_TCP_KEEPINTVL, kKeepAliveIntervalS);
  set(CURLOPT_HTTPHEADER, headers);
  // Length known, so the member answers without waiting for the end of a chunked body.
  set(CURLOPT_POST, 1L);
  set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(running.request.body.size()));
  set(CURLOPT_READFUNCTION, &on_read);
  set(CURLOPT_READDATA, &running);
  set(CURLOPT_SEEKFUNCTION, &on_seek);
  set(CURLOPT_SEEKDATA, &running);
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_WRITEDATA, &running);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &on_progress);
  set(CURLOPT_XFERINFODATA, &running);
  set(CURLOPT_OPENSOCKETFUNCTION, &on_open_socket);
  set(CURLOPT_OPENSOCKETDATA, &running);
  set(CURLOPT_CLOSESOCKETFUNCTION, &on_close_socket);
  set(CURLOPT_CLOSESOCKETDATA, options.interrupt);
}

EtcdExchange::Answer EtcdExchange::post(const EtcdRequest& request, const Options& options) {
  Running running{.exchange = *this, .request = request, .options = options};
  const Headers headers = make_headers(curl_, options.needs_leader);
  std::array<char, CURL_ERROR_SIZE> detail{};
  set_options(running, headers.get());
  const std::string url = options.endpoint + request.path;
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_ERRORBUFFER, detail.data());
  const CURLcode code =
      option_failure_ == CURLE_OK ? curl_.easy_perform(handle_.get()) : option_failure_;
  // Neither may be used once we are gone.
  set(CURLOPT_ERRORBUFFER, static_cast<char*>(nullptr));
  Answer answer = std::move(running.answer);
  if (code == CURLE_OK) {
    answer.status = running.status();
  } else {
    answer.failure = fmt::format(
        "{}: {}", options.endpoint, detail[0] != '\0' ? detail.data() : curl_.easy_strerror(code));
  }
  return answer;
}

}  // namespace ikada
