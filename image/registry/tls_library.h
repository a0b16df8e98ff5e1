// libssl, loaded when a registry with a certificate starts, and its context.
//
// <openssl/ssl.h> gives types and constants only; every call goes through TlsLibrary.
//
// Source: SSL_CTX_new(3), SSL_accept(3), SSL_get_error(3).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "runtime/base/result.h"

namespace ikada::registry {

struct TlsLibrary {
  decltype(TLS_server_method)* server_method = nullptr;
  decltype(SSL_CTX_new)* context_new = nullptr;
  decltype(SSL_CTX_free)* context_free = nullptr;
  decltype(SSL_CTX_up_ref)* context_up_ref = nullptr;
  decltype(SSL_CTX_ctrl)* context_control = nullptr;
  decltype(SSL_CTX_set_options)* context_set_options = nullptr;
  decltype(SSL_CTX_use_certificate_chain_file)* use_certificate = nullptr;
  decltype(SSL_CTX_use_PrivateKey_file)* use_key = nullptr;
  decltype(SSL_CTX_check_private_key)* check_key = nullptr;
  decltype(SSL_new)* session_new = nullptr;
  decltype(SSL_free)* session_free = nullptr;
  decltype(SSL_set_fd)* set_fd = nullptr;
  decltype(SSL_set_accept_state)* set_accept_state = nullptr;
  decltype(SSL_read)* read = nullptr;
  decltype(SSL_write)* write = nullptr;
  decltype(SSL_shutdown)* shutdown = nullptr;
  decltype(SSL_get_error)* get_error = nullptr;
  decltype(ERR_get_error)* next_error = nullptr;
  decltype(ERR_clear_error)* clear_errors = nullptr;
  decltype(ERR_reason_error_string)* reason = nullptr;
};

// kUnavailable if the library is not installed.
Result<const TlsLibrary*> tls_library();

// What all connections share: certificate and key.
class TlsContext {
 public:
  // Reads both files. TLS 1.2 is the oldest version spoken.
  static Result<std::shared_ptr<const TlsContext>> load(const std::string& certificate,
                                                        const std::string& key);

  // Of one that somebody else has made; `name_peer` says who shows a certificate. The handshake is
  // done when it is called.
  using NamePeer = std::function<std::string(SSL* session)>;
  static Result<std::shared_ptr<const TlsContext>> share(SSL_CTX* context, NamePeer name_peer);

  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

  const TlsLibrary& library() const { return library_; }
  SSL_CTX* get() const { return context_; }
  const NamePeer& name_peer() const { return name_peer_; }

 private:
  TlsContext(const TlsLibrary& library, SSL_CTX* context) : library_(library), context_(context) {}

  const TlsLibrary& library_;
  SSL_CTX* context_;
  NamePeer name_peer_;
};

}  // namespace ikada::registry
