#include "cmd/ikada/apply_wishes.h"

#include <doctest/doctest.h>

#include "cmd/ikada/json_or_yaml.h"

namespace ikada {
namespace {

Result<ApplyWishes> wishes_of(const std::string& yaml) {
  const Result<Json> file = parse_json_or_yaml(yaml);
  REQUIRE_MESSAGE(file.has_value(), file.error().message);
  return read_wishes(*file);
}

TEST_CASE("shorthands are written out") {
  const Result<ApplyWishes> wishes = wishes_of(
      "loadBalancers:\n"
      "  - name: web\n"
      "    listeners:\n"
      "      - {port: 80, forward: web, rules: [{priority: 1, forward: api}]}\n"
      "      - {port: 443, certificates: [web], forward: web}\n");
  REQUIRE(wishes.has_value());
  const Json& listeners = wishes->balancers[0]["listeners"];
  const Json forward = {{{"type", "forward"}, {"targetGroup", "web"}}};
  CHECK(listeners[0]["defaultActions"] == forward);
  CHECK(listeners[0]["protocol"] == "HTTP");
  CHECK(listeners[0]["rules"][0]["actions"][0]["targetGroup"] == "api");
  CHECK(listeners[1]["protocol"] == "HTTPS");
  CHECK(listeners[1]["rules"] == Json::array());
}

TEST_CASE("listeners of network load balancers are of TCP unless they say otherwise") {
  const Result<ApplyWishes> wishes = wishes_of(
      "loadBalancers: [{name: dns, type: network, listeners: [{port: 53, forward: dns}, "
      "{port: 54, protocol: UDP, forward: dns}]}]\n");
  REQUIRE(wishes.has_value());
  CHECK(wishes->balancers[0]["listeners"][0]["protocol"] == "TCP");
  CHECK(wishes->balancers[0]["listeners"][1]["protocol"] == "UDP");
}

TEST_CASE("texts of the APIs are texts") {
  const Result<ApplyWishes> wishes = wishes_of(
      "taskDefinitions: [{family: f, cpu: 256, containerDefinitions: [{name: a, cpu: 10}]}]\n"
      "targetGroups: [{name: g, healthCheckPort: 80, matcher: {httpCode: 200}}]\n");
  REQUIRE(wishes.has_value());
  CHECK(wishes->definitions[0]["cpu"] == "256");
  CHECK(wishes->definitions[0]["containerDefinitions"][0]["cpu"] == 10);
  CHECK(wishes->groups[0]["healthCheckPort"] == "80");
  CHECK(wishes->groups[0]["matcher"]["httpCode"] == "200");
}

TEST_CASE("a misspelt member is refused and named") {
  for (const char* file :
       {"services: [{serviceName: a, oddCount: 3}]",
        "targetGroups: [{name: a, oddCount: 3}]",
        "taskDefinitions: [{family: a, oddCount: 3}]",
        "taskDefinitions: [{family: a, containerDefinitions: [{name: a, oddCount: 3}]}]",
        "loadBalancers: [{name: a, oddCount: 3}]",
        "loadBalancers: [{name: a, listeners: [{port: 80, oddCount: 3}]}]",
        "loadBalancers: [{name: a, listeners: [{port: 80, rules: [{priority: 1, "
        "oddCount: 3}]}]}]"}) {
    CAPTURE(file);
    const Result<ApplyWishes> wishes = wishes_of(file);
    REQUIRE_FALSE(wishes.has_value());
    CHECK(wishes.error().message.ends_with("unknown member oddCount"));
  }
}

TEST_CASE("what is no such file is refused") {
  for (const char* file : {"service: []",
                           "services: {}",
                           "services: [{name: a}]",
                           "services: [{serviceName: a}, {serviceName: a}]",
                           "services: [a]",
                           "cluster: [a]",
                           "loadBalancers: [{name: a, listeners: [{protocol: HTTP}]}]",
                           "loadBalancers: [{name: a, listeners: [{port: 80}, {port: 80}]}]",
                           "loadBalancers: [{name: a, listeners: [1]}]",
                           "loadBalancers: [{name: a, listeners: 1}]",
                           "loadBalancers: [{name: a, listeners: [{port: 1, rules: [{}]}]}]",
                           "loadBalancers: [{name: a, listeners: [{port: 1, forward: [a]}]}]",
                           "loadBalancers: [{name: a, listeners: [{port: 1, forward: a, "
                           "defaultActions: []}]}]"}) {
    CAPTURE(file);
    const Result<Json> json = parse_json_or_yaml(file);
    REQUIRE(json.has_value());
    CHECK_FALSE(read_wishes(*json).has_value());
  }
}

TEST_CASE("spellings go both ways, ARNs by their names") {
  CHECK(in_balancing_case({{"healthCheckPath", "/"}, {"matcher", {{"httpCode", "200"}}}}) ==
        Json{{"HealthCheckPath", "/"}, {"Matcher", {{"HttpCode", "200"}}}});
  CHECK(
      in_file_case({{"DefaultActions",
                     {{{"TargetGroupArn", "arn:aws:elasticloadbalancing:r:1:targetgroup/web/1"}}}},
                    {"Certificates", {{{"CertificateArn", "arn:aws:acm:r:1:certificate/web"}}}}}) ==
      Json{{"defaultActions", {{{"targetGroup", "web"}}}},
           {"certificates", {{{"certificate", "web"}}}}});
}

TEST_CASE("only what is wished for is compared") {
  const Json shown = {{"desiredCount", 1}, {"other", true}, {"list", {{{"a", 1}, {"b", 2}}}}};
  CHECK(find_differences({{"desiredCount", 1}}, shown).empty());
  CHECK(find_differences({{"list", {{{"a", 1}}}}}, shown).empty());
  CHECK(find_differences({{"none", Json::array()}}, shown).empty());
  CHECK(find_differences({{"desiredCount", "1"}}, shown).empty());
  CHECK(find_differences({{"desiredCount", 15}}, shown) ==
        std::vector<std::string>{"desiredCount: 1 -> 15"});
  CHECK(find_differences({{"list", {{{"a", 2}}}}}, shown) ==
        std::vector<std::string>{"list[0].a: 1 -> 2"});
  CHECK(find_differences({{"new", "x"}}, shown) == std::vector<std::string>{"new: none -> x"});
  CHECK(find_differences({{"list", Json::array()}}, shown).size() == 1);
}

}  // namespace
}  // namespace ikada
