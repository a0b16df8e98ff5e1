#include "cluster/api/query_form.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

Json body_of(std::string_view form) {
  const Result<QueryCall> call = parse_query_form(form);
  REQUIRE_MESSAGE(call.has_value(), call.error().message);
  return call->body;
}

TEST_CASE("a form becomes the JSON that it means") {
  const Result<QueryCall> call = parse_query_form(
      "Action=CreateListener&Version=2015-12-01&Port=80&LoadBalancerArn=arn%3Aa%2Fb"
      "&DefaultActions.member.1.Type=forward"
      "&DefaultActions.member.1.ForwardConfig.TargetGroups.member.2.Weight=2"
      "&DefaultActions.member.1.ForwardConfig.TargetGroups.member.1.Weight=1"
      "&DefaultActions.member.1.ForwardConfig.TargetGroupStickinessConfig.Enabled=true");
  REQUIRE(call.has_value());
  CHECK(call->action == "CreateListener");
  CHECK(call->version == "2015-12-01");
  const Json expected = {{"Port", 80},
                         {"LoadBalancerArn", "arn:a/b"},
                         {"DefaultActions",
                          {{{"Type", "forward"},
                            {"ForwardConfig",
                             {{"TargetGroups", {{{"Weight", 1}}, {{"Weight", 2}}}},
                              {"TargetGroupStickinessConfig", {{"Enabled", true}}}}}}}}};
  CHECK(call->body == expected);
}

TEST_CASE("only members that are numbers become numbers") {
  CHECK(body_of("HealthCheckPort=80&Name=80") == Json{{"HealthCheckPort", "80"}, {"Name", "80"}});
  CHECK(body_of("Port=x") == Json{{"Port", "x"}});
  CHECK(body_of("A.RedirectConfig.Port=81&A.RedirectConfig.Path=%2F+a") ==
        Json{{"A", {{"RedirectConfig", {{"Port", "81"}, {"Path", "/ a"}}}}}});
}

TEST_CASE("lists may be empty, and their numbers need not follow each other") {
  CHECK(body_of("Subnets=&Description=") == Json{{"Subnets", Json::array()}, {"Description", ""}});
  CHECK(body_of("Names.member.10=b&Names.member.9=a") == Json{{"Names", {"a", "b"}}});
  CHECK(body_of("") == Json::object());
}

TEST_CASE("what means nothing is refused") {
  for (const std::string_view form : {"a.member.x=1",
                                      "a.member.0=1",
                                      "a.member.1=1&a.member.01=2",
                                      "a=1&a=2",
                                      "a=1&a.b=2",
                                      "a.b=2&a=1",
                                      "a..b=1",
                                      "=1",
                                      "a=%zz",
                                      "a=%"}) {
    CAPTURE(form);
    CHECK_FALSE(parse_query_form(form).has_value());
  }
  std::string deep = "a";
  for (int i = 0; i < 100; ++i) deep += ".a";
  CHECK_FALSE(parse_query_form(deep + "=1").has_value());
  std::string many;
  for (int i = 0; i < 20'000; ++i) many += "&a=";
  CHECK_FALSE(parse_query_form(many).has_value());
}

}  // namespace
}  // namespace ikada
