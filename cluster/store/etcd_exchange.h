// One request to one member of etcd over mutual TLS, on one libcurl handle.
//
// Certificates: etcd's gateway is itself a client of etcd and presents the server's certificate, so
// that must be good for clientAuth too; with etcd's own users switched on, a client certificate
// must have no common name.
//
// Source: libcurl(3), CURLOPT_SEEKFUNCTION(3); RFC 9112.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "cluster/store/etcd_messages.h"
#include "image/curl_library.h"

namespace ikada {

struct EtcdTls {
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
};

// From another thread: ends an exchange at once by shutting its socket.
class EtcdInterrupt {
 public:
  void interrupt();
  bool is_interrupted() const { return interrupted_; }

  // For the exchange.
  void hold(int socket);
  void let_go(int socket);

 private:
  std::atomic<bool> interrupted_ = false;
  std::mutex mutex_;
  int socket_ = -1;
};

class EtcdExchange {
 public:
  // `tls` lives longer.
  static Result<std::unique_ptr<EtcdExchange>> create(const EtcdTls& tls);

  struct Options {
    std::string endpoint;                  // "https://10.0.0.1:7443"
    std::chrono::milliseconds timeout{0};  // For all of it; 0: none.
    size_t max_body_bytes = size_t{64} << 20;
    EtcdInterrupt* interrupt = nullptr;
    // Gets the body of a 200 as it comes, instead of `body`; false ends the exchange.
    std::function<bool(std::string_view bytes)> sink = {};
    // Called about every second; false ends the exchange.
    std::function<bool()> still_wanted = {};
    bool needs_leader = false;  // The member ends the stream when it has no leader.
  };

  struct Answer {
    int status = 0;  // 0: no complete answer came, and `failure` says why.
    std::string body;
    std::string failure;
    bool was_sent = false;  // Some of the request may have reached the member.
    bool was_too_large = false;
  };
  Answer post(const EtcdRequest& request, const Options& options);

 private:
  struct Running;
  struct Free {
    const CurlLibrary* curl;
    void operator()(CURL* handle) const { curl->easy_cleanup(handle); }
  };

  EtcdExchange(const CurlLibrary& curl, const EtcdTls& tls, CURL* handle)
      : curl_(curl), tls_(tls), handle_(handle, Free{&curl}) {}

  static size_t on_body(char* bytes, size_t size, size_t count, void* user);
  static size_t on_read(char* buffer, size_t size, size_t count, void* user);
  static int on_seek(void* user, curl_off_t offset, int origin);
  static int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
  static curl_socket_t on_open_socket(void* user, curlsocktype purpose, curl_sockaddr* address);
  static int on_close_socket(void* user, curl_socket_t socket);

  template <typename Value>
  void set(CURLoption option, Value value);
  void set_options(Running& running, curl_slist* headers);

  const CurlLibrary& curl_;
  const EtcdTls& tls_;
  std::unique_ptr<CURL, Free> handle_;
  CURLcode option_failure_ = CURLE_OK;
};

}  // namespace ikada
