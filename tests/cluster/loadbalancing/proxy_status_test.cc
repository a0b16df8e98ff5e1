#include "cluster/loadbalancing/proxy_status.h"

#include <doctest/doctest.h>

namespace ikada {

TEST_CASE("HAProxy's statistics are read by the names of their columns") {
  const auto status = parse_proxy_status(
      "# pxname,svname,scur,status,check_status,check_code,addr,uweight,req_tot,hrsp_5xx,\n"
      "l:web,FRONTEND,3,OPEN,,,,,7,0,\n"
      "g:web,one,2,UP 1/2,* L7OK,0,10.0.0.1:80,100,,0,\n"
      "g:web,two,0,DOWN,L7STS,503,10.0.0.2:80,0,,0,\n"
      "g:web,BACKEND,2,UP,,,,100,7,1,\n"
      "\n");

  REQUIRE(status.has_value());
  const ProxyServer& one = status->servers.at("g:web").at("one");
  CHECK(one.is_up());
  CHECK(one.has_passed());
  CHECK(one.sessions == 2);
  CHECK(one.weight == 100);
  CHECK(one.address == "10.0.0.1:80");
  const ProxyServer& two = status->servers.at("g:web").at("two");
  CHECK(two.is_down());
  CHECK_FALSE(two.has_passed());
  CHECK(two.check_code == 503);
  CHECK(status->counts.at("g:web").requests == 7);
  CHECK(status->counts.at("g:web").responses[4] == 1);
  CHECK_FALSE(status->servers.contains("l:web"));
}

TEST_CASE("a target's words do not pass for lines of the statistics") {
  const auto status = parse_proxy_status(
      "# pxname,svname,status,last_chk,addr,uweight,\n"
      "g:web,one,DOWN,\"bad, \"\"word\"\"\ng:web,evil,UP\",10.0.0.1:80,100,\n");

  REQUIRE(status.has_value());
  CHECK(status->servers.at("g:web").size() == 1);
  CHECK(status->servers.at("g:web").at("one").address == "10.0.0.1:80");
}

TEST_CASE("what is no statistics is refused") {
  CHECK_FALSE(parse_proxy_status("").has_value());
  CHECK_FALSE(parse_proxy_status("Unknown command").has_value());
  CHECK_FALSE(parse_proxy_status("# pxname,svname,\n").has_value());
}

TEST_CASE("a part of the statistics replaces whole sections") {
  auto status = parse_proxy_status(
      "# pxname,svname,status,addr,uweight,req_tot,\n"
      "g:a,one,UP,10.0.0.1:80,100,,\ng:a,BACKEND,UP,,,1,\n"
      "g:b,two,UP,10.0.0.2:80,100,,\ng:b,BACKEND,UP,,,1,\n");
  auto part = parse_proxy_status(
      "# pxname,svname,status,addr,uweight,req_tot,\ng:a,BACKEND,UP,,,2,\n\n"
      "# pxname,svname,status,addr,uweight,req_tot,\n"
      "g:c,three,UP,10.0.0.3:80,100,,\ng:c,BACKEND,UP,,,3,\n");
  REQUIRE(status.has_value());
  REQUIRE(part.has_value());

  replace_sections(*status, *part);

  CHECK(status->servers["g:a"].empty());
  CHECK(status->servers["g:b"].size() == 1);
  CHECK(status->servers["g:c"].size() == 1);
  CHECK(status->counts["g:a"].requests == 2);
  CHECK(status->counts.size() == 3);
}

TEST_CASE("sessions of old workers are summed up by server") {
  ProxyStatus status;
  ProxyStatus old;
  old.servers["g:web"]["one"].sessions = 2;
  old.servers["o:web"]["one"].sessions = 1;
  old.servers["g:web"]["two"].sessions = 0;

  add_lingering(status, old);

  CHECK(status.lingering == std::map<std::string, std::int64_t>{{"one", 3}});
}

}  // namespace ikada
