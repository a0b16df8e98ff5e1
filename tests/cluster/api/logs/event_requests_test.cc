#include <doctest/doctest.h>

#include "cluster/api/logs/content_requests.h"
#include "cluster/api/logs/log_actions.h"
#include "tests/cluster/api/action_bench.h"

namespace ikada {
namespace {

// An action of this API; the answer, or the error's name.
Json call_logs(ActionBench& bench, std::string_view action, const std::string& body) {
  const Json json = quoted(body);
  const ApiCall call{.body = json,
                     .scope = bench.scope,
                     .caller_arn = "",
                     .now = bench.now,
                     .options = bench.options,
                     .random_hex = {}};
  const Result<Outcome> outcome = logs::find_action(action)->action(call, bench.state);
  if (!outcome.has_value()) return outcome.error().code;
  if (!outcome->proposal.has_value()) return outcome->answer;
  REQUIRE(bench.make(*outcome->proposal));
  return outcome->proposal->then(bench.state);
}

template <typename Plan>
auto plan(ActionBench& bench, Plan function, const Json& json) {
  const ApiCall call{.body = json,
                     .scope = bench.scope,
                     .caller_arn = "",
                     .now = bench.now,
                     .options = bench.options,
                     .random_hex = {}};
  return function(call, bench.state);
}

EventPage page_with(std::int64_t ms) {
  return {.events = {{.key = event_key(ms * 1'000'000, std::string(16, 'a'), 0),
                      .stream = "s",
                      .time_ms = ms,
                      .message = "m"}},
          .has_streams = true};
}

}  // namespace

TEST_CASE("a group is made, kept for some days, tagged and removed") {
  ActionBench bench;
  CHECK(call_logs(bench, "CreateLogGroup", "{'logGroupName':'/ecs/a','tags':{'k':'v'}}") ==
        Json::object());
  CHECK(call_logs(bench, "CreateLogGroup", "{'logGroupName':'/ecs/a'}") ==
        "ResourceAlreadyExistsException");
  CHECK(call_logs(bench, "CreateLogGroup", "{'logGroupName':'a b'}") ==
        "InvalidParameterException");
  CHECK(call_logs(bench, "PutRetentionPolicy", "{'logGroupName':'/ecs/a','retentionInDays':7}") ==
        Json::object());
  CHECK(call_logs(bench, "PutRetentionPolicy", "{'logGroupName':'/ecs/a','retentionInDays':8}") ==
        "InvalidParameterException");
  const Json groups = call_logs(bench, "DescribeLogGroups", "{'logGroupNamePrefix':'/ecs'}");
  REQUIRE(groups["logGroups"].size() == 1);
  CHECK(groups["logGroups"][0]["retentionInDays"] == 7);
  CHECK(groups["logGroups"][0]["arn"] == "arn:aws:logs:r:1:log-group:/ecs/a:*");
  CHECK(groups["logGroups"][0]["creationTime"] == bench.now.milliseconds);
  const std::string arn = "{'resourceArn':'arn:aws:logs:r:1:log-group:/ecs/a:*'";
  call_logs(bench, "TagResource", arn + ",'tags':{'x':'y'}}");
  call_logs(bench, "UntagResource", arn + ",'tagKeys':['k']}");
  CHECK(call_logs(bench, "ListTagsForResource", arn + "}") == quoted("{'tags':{'x':'y'}}"));
  CHECK(call_logs(bench, "DeleteLogGroup", "{'logGroupName':'/ecs/a'}") == Json::object());
  CHECK(call_logs(bench, "DeleteLogGroup", "{'logGroupName':'/ecs/a'}") ==
        "ResourceNotFoundException");
}

TEST_CASE("a task that is launched makes the groups it logs to") {
  ActionBench bench;
  bench.call("CreateCluster", "{'clusterName':'default'}");
  bench.call("RegisterContainerInstance",
             "{'cluster':'default','totalResources':[{'name':'CPU','type':'INTEGER',"
             "'integerValue':4096},{'name':'MEMORY','type':'INTEGER','integerValue':8192}]}");
  bench.call("RegisterTaskDefinition",
             "{'family':'f','containerDefinitions':[{'name':'a','image':'i','memory':64,"
             "'logConfiguration':{'logDriver':'awslogs','options':{'awslogs-group':'g/x',"
             "'awslogs-region':'r'}}}]}");

  bench.call("RunTask", "{'taskDefinition':'f','count':2}");

  CHECK(bench.state.scope(bench.scope).log_groups.count("g%x") == 1);
  CHECK(call_logs(bench, "DescribeLogGroups", "{}")["logGroups"].size() == 1);
}

TEST_CASE("tokens of GetLogEvents lead forwards and backwards, and say where the end is") {
  ActionBench bench;
  call_logs(bench, "CreateLogGroup", "{'logGroupName':'g'}");
  Json body = {{"logGroupName", "g"}, {"logStreamName", "s"}, {"startTime", 5}};

  const auto first = plan(bench, logs::plan_get_log_events, body);
  REQUIRE(first.has_value());
  CHECK_FALSE(first->query.range.from_head);
  CHECK(first->query.range.low == key_before(5'000'000));
  const Json shown = first->show(page_with(9));
  CHECK(shown["events"][0]["timestamp"] == 9);

  body["nextToken"] = shown["nextForwardToken"];
  const auto next = plan(bench, logs::plan_get_log_events, body);
  REQUIRE(next.has_value());
  CHECK(next->query.range.from_head);
  CHECK(next->query.range.low == page_with(9).events[0].key);
  CHECK(next->show(EventPage())["nextForwardToken"] == body["nextToken"]);
  body["nextToken"] = shown["nextBackwardToken"];
  const auto before = plan(bench, logs::plan_get_log_events, body);
  REQUIRE(before.has_value());
  CHECK_FALSE(before->query.range.from_head);
  CHECK(before->query.range.high == page_with(9).events[0].key);
  body["nextToken"] = "f/../s";
  CHECK_FALSE(plan(bench, logs::plan_get_log_events, body).has_value());
}

TEST_CASE("what is older than the group's retention is not asked for") {
  ActionBench bench;
  call_logs(bench, "CreateLogGroup", "{'logGroupName':'g'}");
  call_logs(bench, "PutRetentionPolicy", "{'logGroupName':'g','retentionInDays':1}");

  const auto asked = plan(bench, logs::plan_filter_log_events, Json{{"logGroupName", "g"}});

  REQUIRE(asked.has_value());
  CHECK(asked->query.range.low == key_before((bench.now.milliseconds - 86'400'000) * 1'000'000));
  CHECK_FALSE(plan(bench,
                   logs::plan_filter_log_events,
                   Json{{"logGroupName", "g"}, {"filterPattern", "{ $.a = 1 }"}})
                  .has_value());
}

TEST_CASE("events that are put are in order, and neither too old nor too new") {
  ActionBench bench;
  call_logs(bench, "CreateLogGroup", "{'logGroupName':'g'}");
  const std::int64_t now = bench.now.milliseconds;
  const auto put = [&](std::vector<std::int64_t> times) {
    Json events = Json::array();
    for (const std::int64_t time : times) events.push_back({{"timestamp", time}, {"message", "m"}});
    return plan(bench,
                logs::plan_put_log_events,
                Json{{"logGroupName", "g"}, {"logStreamName", "s"}, {"logEvents", events}});
  };
  CHECK(put({now, now + 1})->events.size() == 2);
  CHECK_FALSE(put({now + 1, now}).has_value());
  CHECK_FALSE(put({}).has_value());
  CHECK_FALSE(put({now - 90'000'000, now}).has_value());
  const auto mixed = put({now, now + 8'000'000});
  CHECK(mixed->events.size() == 1);
  CHECK(mixed->answer["rejectedLogEventsInfo"]["tooNewLogEventStartIndex"] == 1);
}

}  // namespace ikada
