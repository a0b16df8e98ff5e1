#include "image/url.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

TEST_CASE("parse_url takes absolute http and https URLs only") {
  const Url url = parse_url("HTTPS://Registry.Example:443/v2/?a=b").value();
  CHECK(url.scheme == "https");
  CHECK(url.host == "registry.example");
  CHECK(url.port == "443");
  CHECK(url.authority() == "registry.example");
  CHECK(parse_url("http://[::1]:5000/")->authority() == "[::1]:5000");
  const std::string rows[] = {"",
                              "registry.example",
                              "/v2/",
                              "file:///etc/passwd",
                              "ftp://host/",
                              "unix:///run/x.sock",
                              "https://user@host/",
                              "https://user:pass@host/",
                              "https://",
                              "https://host/a b",
                              "https://host/\r\nX: y",
                              "https://host:99999/",
                              "https://" + std::string(20'000, 'a')};
  for (const std::string& text : rows) {
    CAPTURE(text.substr(0, 100));
    CHECK(!parse_url(text).has_value());
  }
}

TEST_CASE("resolve_url follows references as browsers do") {
  const Url base = parse_url("https://host:5000/v2/web/blobs/x?y=z").value();
  CHECK(resolve_url(base, "/other")->text == "https://host:5000/other");
  CHECK(resolve_url(base, "https://cdn.example/z")->host == "cdn.example");
  CHECK(resolve_url(base, "//cdn.example/z")->text == "https://cdn.example/z");
  CHECK(!resolve_url(base, "file:///etc/passwd").has_value());
  CHECK(!resolve_url(base, "https://u@cdn.example/").has_value());
}

TEST_CASE("an origin is scheme, host and port") {
  const Url url = parse_url("https://host/a").value();
  CHECK(url.same_origin(parse_url("https://HOST:443/b").value()));
  CHECK(!url.same_origin(parse_url("https://host:444/a").value()));
  CHECK(!url.same_origin(parse_url("http://host:443/a").value()));
  CHECK(!url.same_origin(parse_url("https://host.example/a").value()));
}

TEST_CASE("add_query escapes") {
  const Url url = parse_url("https://auth.example/token?x=1").value();
  CHECK(add_query(url, {{"scope", "repository:a/b:pull"}, {"account", "a&b=c d"}})->text ==
        "https://auth.example/token?x=1&scope=repository%3aa%2fb%3apull&account=a%26b%3dc+d");
}

TEST_CASE("addresses are told apart by where they belong") {
  using enum AddressScope;
  const std::pair<const char*, AddressScope> rows[] = {
      {"93.184.216.34", kPublic},
      {"1.1.1.1", kPublic},
      {"172.15.0.1", kPublic},
      {"172.32.0.1", kPublic},
      {"2606:2800:220:1::1", kPublic},
      {"127.0.0.1", kLoopback},
      {"127.255.255.254", kLoopback},
      {"::1", kLoopback},
      {"::ffff:127.0.0.1", kLoopback},
      {"169.254.169.254", kLinkLocal},
      {"::ffff:169.254.169.254", kLinkLocal},
      {"64:ff9b::a9fe:a9fe", kLinkLocal},
      {"fe80::1", kLinkLocal},
      {"10.0.0.1", kPrivate},
      {"172.16.0.1", kPrivate},
      {"172.31.255.255", kPrivate},
      {"192.168.1.1", kPrivate},
      {"100.64.0.1", kPrivate},
      {"0.0.0.0", kPrivate},
      {"224.0.0.1", kPrivate},
      {"255.255.255.255", kPrivate},
      {"fd00::1", kPrivate},
      {"ff02::1", kPrivate},
      {"::", kPrivate},
      {"", kPrivate},
      {"/run/docker.sock", kPrivate},
  };
  for (const auto& [address, scope] : rows) {
    CAPTURE(address);
    CHECK(address_scope(address) == scope);
  }
}

TEST_CASE("loopback hosts are known by name and address") {
  for (const char* host : {"localhost", "127.0.0.1", "127.1.2.3", "[::1]"}) {
    CAPTURE(host);
    CHECK(is_loopback_host(host));
  }
  for (const char* host : {"", "localhost.example", "127.0.0.1.example", "128.0.0.1", "[::2]"}) {
    CAPTURE(host);
    CHECK(!is_loopback_host(host));
  }
}

}  // namespace
}  // namespace ikada
