// URLs as libcurl understands them, so that what is checked here is what is connected to.
//
// Source: libcurl-url(3), RFC 3986.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

struct Url {
  std::string text;
  std::string scheme;  // "http" or "https".
  std::string host;    // Lower case, IPv6 in brackets.
  std::string port;    // Always there: "443".

  // "host:port", or "host" alone if the port is the scheme's own.
  std::string authority() const;

  // Same scheme, host and port: what may be told to one may be told to the other.
  bool same_origin(const Url& other) const;
};

// An absolute http or https URL without a user name in it. kInvalid otherwise.
Result<Url> parse_url(std::string_view text);

// `reference` as it is meant in a document at `base`; it may be absolute. kInvalid as above.
Result<Url> resolve_url(const Url& base, std::string_view reference);

// With the parameters behind its query, escaped.
Result<Url> add_query(const Url& url,
                      const std::vector<std::pair<std::string, std::string>>& parameters);

// 127.0.0.0/8, ::1 and "localhost": hosts that may be spoken to in plain http.
bool is_loopback_host(std::string_view host);

// Where an address belongs to, in the eyes of somebody who is led there by a stranger.
enum class AddressScope {
  kPublic,
  kPrivate,  // RFC 1918, RFC 4193, shared address space and other special ranges.
  kLoopback,
  kLinkLocal,  // Where clouds keep their metadata services.
};

// Of an IPv4 or IPv6 address in text; IPv4 inside IPv6 counts as IPv4. What is no address is
// kPrivate.
AddressScope address_scope(const std::string& address);

}  // namespace ikada
