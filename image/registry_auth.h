// How one repository of a registry is asked for: the Authorization header, from what the registry
// demanded with its last 401.
//
// Threads share one object, and with it one token. The password goes to the registry's own host, to
// hosts named in auth_hosts, and to the token server known for a registry (docker.io →
// auth.docker.io), always by https unless both ends are loopback or insecure.
//
// Source: distribution, "Token Authentication Specification" and "Oauth2 Token Authentication"; RFC
// 7617 (Basic).
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "image/auth_challenge.h"
#include "image/credentials.h"
#include "image/http_client.h"
#include "runtime/base/result.h"

namespace ikada {

struct RegistryAuthOptions {
  std::string registry;  // As people write it: "docker.io".
  std::string scope;     // "repository:library/nginx:pull", several with spaces; empty for none.
  std::optional<Credentials> credentials = {};
  std::vector<std::string> auth_hosts = {};
};

class RegistryAuth {
 public:
  RegistryAuth(HttpClient& http, RegistryAuthOptions options)
      : http_(http), options_(std::move(options)) {}

  // The header's value to try first; empty if nothing was demanded yet or the token ran out.
  std::string authorization();

  // Answers the 401 that a request with authorization `used` got. kDenied if there is no answer to
  // it; with code AUTH_REALM_REFUSED if a stranger asks for the password.
  Result<void> answer(const HttpResponse& unauthorized, const std::string& used);

 private:
  Result<void> answer_basic(const std::string& used);
  Result<void> fetch_token(const AuthChallenge& challenge, const HttpResponse& unauthorized);
  Result<OutgoingRequest> token_request(const AuthChallenge& challenge, const Url& realm) const;
  Result<void> check_realm(const Url& realm, const Url& asked_by) const;
  Result<void> keep_token(const HttpResponse& response);

  HttpClient& http_;
  RegistryAuthOptions options_;
  std::mutex mutex_;
  std::string authorization_;
  std::optional<std::chrono::steady_clock::time_point> expires_;
};

// What a registry wrote into the body of an error: "CODE" and its words on one line; empty if it is
// not in the registry's form.
struct RegistryMessage {
  std::string code;
  std::string text;
};
RegistryMessage read_registry_message(const std::string& body);

}  // namespace ikada
