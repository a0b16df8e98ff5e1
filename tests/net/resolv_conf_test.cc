#include "net/resolv_conf.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

std::string plan(std::string_view host, const DnsOptions& options = {}, bool host_network = false) {
  const auto text = plan_resolv_conf(host, options, host_network);
  return text ? *text : text.error().message;
}

TEST_CASE("the host's servers, search and options are kept") {
  CHECK(plan("# by hand\nsearch old\nnameserver 192.0.2.1 # first\n\tnameserver\t192.0.2.2\n"
             "search a.example b.example\noptions ndots:2\noptions timeout:1\nsortlist x\n") ==
        "nameserver 192.0.2.1\nnameserver 192.0.2.2\n"
        "search a.example b.example\noptions ndots:2 timeout:1\n");
}

TEST_CASE("loopback, IPv6 and odd servers are left out, and public ones stand in for none") {
  CHECK(plan("nameserver 127.0.0.53\nnameserver 192.0.2.1\nnameserver fe80::1%eth0\n") ==
        "nameserver 192.0.2.1\n");
  CHECK(plan("nameserver 127.0.0.53\noptions edns0\n") ==
        "nameserver 8.8.8.8\nnameserver 8.8.4.4\noptions edns0\n");
  CHECK(plan("") == "nameserver 8.8.8.8\nnameserver 8.8.4.4\n");
}

TEST_CASE("a container in the host's network has the host's file as it is") {
  const char* host = "# by hand\nnameserver 127.0.0.53\nsortlist x\n";

  CHECK(plan(host, {}, true) == host);
  CHECK(plan(host, {.servers = {}, .search = {"x.example"}, .options = {}}, true) ==
        "nameserver 127.0.0.53\nsearch x.example\n");
}

TEST_CASE("explicit values replace the host's") {
  const DnsOptions options = {
      .servers = {"127.0.0.1", "2001:db8::1"}, .search = {"."}, .options = {"ndots:1"}};

  CHECK(plan("nameserver 192.0.2.1\nsearch a.example\noptions ndots:2\n", options) ==
        "nameserver 127.0.0.1\nnameserver 2001:db8::1\noptions ndots:1\n");
}

TEST_CASE("explicit values cannot add a line or a word") {
  for (const char* bad : {"1.2.3.4\nnameserver 6.6.6.6", "1.2.3.4 x", "", "dns.example"}) {
    CAPTURE(bad);
    CHECK(!plan_resolv_conf("", {.servers = {bad}, .search = {}, .options = {}}, false));
  }
  for (const char* bad : {"a\nnameserver 6.6.6.6", "a b", "a\r", ""}) {
    CAPTURE(bad);
    CHECK(!plan_resolv_conf("", {.servers = {}, .search = {bad}, .options = {}}, false));
    CHECK(!plan_resolv_conf("", {.servers = {}, .search = {}, .options = {bad}}, false));
  }
}

}  // namespace
}  // namespace ikada
