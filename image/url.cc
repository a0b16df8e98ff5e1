#include "image/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

#include "image/curl_library.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr size_t kMaxUrlBytes = 16384;
constexpr size_t kShownUrlCharacters = 200;

struct FreeUrl {
  const CurlLibrary* curl = nullptr;
  void operator()(CURLU* url) const { curl->url_cleanup(url); }
};
using UrlHandle = std::unique_ptr<CURLU, FreeUrl>;

Error invalid_url(std::string_view text, std::string_view why) {
  return make_error(ErrorKind::kInvalid, "URL '{}': {}", text.substr(0, kShownUrlCharacters), why);
}

std::string part(const CurlLibrary& curl, CURLU* url, CURLUPart which) {
  char* text = nullptr;
  if (curl.url_get(url, which, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
  std::string copy(text);
  curl.free(text);
  return copy;
}

bool is_clean(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= ' ' || byte == 0x7F;
  });
}

Result<UrlHandle> make_handle(const CurlLibrary& curl) {
  UrlHandle handle(curl.url(), FreeUrl{&curl});
  if (handle == nullptr) return make_error(ErrorKind::kSystem, "URL: out of memory");
  return handle;
}

Result<Url> read_parts(const CurlLibrary& curl, CURLU* handle) {
  Url url{.text = {}, .scheme = part(curl, handle, CURLUPART_SCHEME), .host = {}, .port = {}};
  char* text = nullptr;
  if (curl.url_get(handle, CURLUPART_URL, &text, 0) == CURLUE_OK) {
    url.text = text;
    curl.free(text);
  }
  if (url.scheme != "http" && url.scheme != "https") {
    return invalid_url(url.text, "only http and https are spoken");
  }
  if (!part(curl, handle, CURLUPART_USER).empty()) {
    return invalid_url(url.text, "a user name in a URL is refused");
  }
  url.host = lower_case(part(curl, handle, CURLUPART_HOST));
  url.port = part(curl, handle, CURLUPART_PORT);
  if (url.host.empty()) return invalid_url(url.text, "no host");
  return url;
}

AddressScope ipv4_scope(std::uint32_t address) {
  struct Range {
    std::uint32_t first;
    int bits;
    AddressScope scope;
  };
  // Source: IANA IPv4 Special-Purpose Address Registry.
  static constexpr std::array kRanges = {
      Range{0x7F000000, 8, AddressScope::kLoopback},
      Range{0xA9FE0000, 16, AddressScope::kLinkLocal},
      Range{0x00000000, 8, AddressScope::kPrivate},
      Range{0x0A000000, 8, AddressScope::kPrivate},
      Range{0x64400000, 10, AddressScope::kPrivate},
      Range{0xAC100000, 12, AddressScope::kPrivate},
      Range{0xC0000000, 24, AddressScope::kPrivate},
      Range{0xC0A80000, 16, AddressScope::kPrivate},
      Range{0xC6120000, 15, AddressScope::kPrivate},
      Range{0xE0000000, 3, AddressScope::kPrivate},
  };
  for (const Range& range : kRanges) {
    if ((address ^ range.first) >> (32 - range.bits) == 0) return range.scope;
  }
  return AddressScope::kPublic;
}

AddressScope ipv6_scope(const in6_addr& address) {
  const std::uint8_t* bytes = address.s6_addr;
  const bool embeds_ipv4 = IN6_IS_ADDR_V4MAPPED(&address) || IN6_IS_ADDR_V4COMPAT(&address);
  if (IN6_IS_ADDR_LOOPBACK(&address)) return AddressScope::kLoopback;
  // 64:ff9b::/96 is the way to IPv4 through NAT64.
  constexpr std::array<std::uint8_t, 12> kNat64 = {0, 0x64, 0xFF, 0x9B};
  if (embeds_ipv4 || std::equal(kNat64.begin(), kNat64.end(), bytes)) {
    std::uint32_t ipv4 = 0;
    ::memcpy(&ipv4, bytes + kNat64.size(), sizeof(ipv4));
    return ipv4_scope(ntohl(ipv4));
  }
  if (IN6_IS_ADDR_LINKLOCAL(&address)) return AddressScope::kLinkLocal;
  // Global unicast is 2000::/3; all else is for special purposes.
  return (bytes[0] & 0xE0U) == 0x20 ? AddressScope::kPublic : AddressScope::kPrivate;
}

}  // namespace

std::string Url::authority() const {
  const bool is_default = port == (scheme == "https" ? "443" : "80");
  return is_default ? host : host + ":" + port;
}

bool Url::same_origin(const Url& other) const {
  return scheme == other.scheme && host == other.host && port == other.port;
}

Result<Url> parse_url(std::string_view text) {
  if (text.size() > kMaxUrlBytes) return invalid_url(text, "too long");
  if (!is_clean(text)) return invalid_url(text, "it holds spaces or control characters");
  IK_LET(curl, curl_library());
  IK_LET(handle, make_handle(*curl));
  const std::string copy(text);
  if (curl->url_set(handle.get(), CURLUPART_URL, copy.c_str(), 0) != CURLUE_OK) {
    return invalid_url(text, "not a URL");
  }
  return read_parts(*curl, handle.get());
}

Result<Url> resolve_url(const Url& base, std::string_view reference) {
  if (reference.size() > kMaxUrlBytes) return invalid_url(reference, "too long");
  if (!is_clean(reference)) {
    return invalid_url(reference, "it holds spaces or control characters");
  }
  IK_LET(curl, curl_library());
  IK_LET(handle, make_handle(*curl));
  const std::string copy(reference);
  if (curl->url_set(handle.get(), CURLUPART_URL, base.text.c_str(), 0) != CURLUE_OK ||
      curl->url_set(handle.get(), CURLUPART_URL, copy.c_str(), 0) != CURLUE_OK) {
    return invalid_url(reference, "not a URL");
  }
  return read_parts(*curl, handle.get());
}

Result<Url> add_query(const Url& url,
                      const std::vector<std::pair<std::string, std::string>>& parameters) {
  IK_LET(curl, curl_library());
  IK_LET(handle, make_handle(*curl));
  bool done = curl->url_set(handle.get(), CURLUPART_URL, url.text.c_str(), 0) == CURLUE_OK;
  for (const auto& [name, value] : parameters) {
    const std::string pair = fmt::format("{}={}", name, value);
    done = done && curl->url_set(handle.get(),
                                 CURLUPART_QUERY,
                                 pair.c_str(),
                                 CURLU_APPENDQUERY | CURLU_URLENCODE) == CURLUE_OK;
  }
  if (!done) return invalid_url(url.text, "cannot take a query");
  return read_parts(*curl, handle.get());
}

bool is_loopback_host(std::string_view host) {
  if (host == "localhost") return true;
  std::string address(host);
  if (host.starts_with('[') && host.ends_with(']')) address = host.substr(1, host.size() - 2);
  return address_scope(address) == AddressScope::kLoopback;
}

AddressScope address_scope(const std::string& address) {
  in_addr ipv4{};
  if (::inet_pton(AF_INET, address.c_str(), &ipv4) == 1) return ipv4_scope(ntohl(ipv4.s_addr));
  in6_addr ipv6{};
  if (::inet_pton(AF_INET6, address.c_str(), &ipv6) == 1) return ipv6_scope(ipv6);
  return AddressScope::kPrivate;
}

}  // namespace ikada
