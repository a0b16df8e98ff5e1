// ControlSimulation: what clients of the API do, and what they may expect of the answers.
#include <utility>

#include "cluster/state/record_key.h"
#include "tests/cluster/control/control_simulation.h"

namespace ikada::control {
namespace {

constexpr const char* kDefinitions[] = {
    R"({"family":"web","containerDefinitions":[
        {"name":"a","image":"forever","cpu":256,"memory":256}]})",
    R"({"family":"port","networkMode":"host","containerDefinitions":[
        {"name":"a","image":"forever","cpu":128,"memory":128,
         "portMappings":[{"containerPort":8080,"hostPort":8080}]}]})",
    R"({"family":"job","containerDefinitions":[
        {"name":"a","image":"job","cpu":128,"memory":128}]})",
    R"({"family":"pair","containerDefinitions":[
        {"name":"a","image":"job","cpu":128,"memory":128,"essential":false},
        {"name":"b","image":"forever","cpu":128,"memory":128,
         "dependsOn":[{"containerName":"a","condition":"SUCCESS"}]}]})",
    R"({"family":"fails","containerDefinitions":[
        {"name":"a","image":"fails","cpu":64,"memory":64}]})",
    R"({"family":"stubborn","containerDefinitions":[
        {"name":"a","image":"stubborn","cpu":512,"memory":512,"stopTimeout":3}]})",
    R"({"family":"healthy","containerDefinitions":[
        {"name":"a","image":"forever","cpu":256,"memory":256,
         "healthCheck":{"command":["CMD","true"],"interval":5,"timeout":2,"retries":3}}]})",
    R"({"family":"big","containerDefinitions":[
        {"name":"a","image":"forever","cpu":1024,"memory":1024}]})",
    R"({"family":"site","containerDefinitions":[
        {"name":"a","image":"forever","cpu":128,"memory":128,
         "portMappings":[{"containerPort":80}]}]})",
    R"({"family":"own","networkMode":"awsvpc","containerDefinitions":[
        {"name":"a","image":"forever","cpu":128,"memory":128}]})",
};
constexpr const char* kFamilies[] = {
    "web", "port", "job", "pair", "fails", "stubborn", "healthy", "big", "own"};
constexpr size_t kFamilyCount = std::size(kFamilies);
constexpr double kRequestsLost = 0.05;
constexpr double kAnswersLost = 0.1;
constexpr double kTwice = 0.1;

std::string id_of_arn(const std::string& arn) { return arn.substr(arn.rfind('/') + 1); }

}  // namespace

struct ControlSimulation::Call {
  std::string action;
  Json body;
  int tries = 1;
  std::string token = {};  // Of a task that is run.
  size_t asked = 1;
  std::string task = {};  // That is to stop.
  bool is_done = false;
};

void ControlSimulation::register_definitions() {
  for (const char* const text : kDefinitions) {
    auto call = std::make_shared<Call>(
        Call{.action = "RegisterTaskDefinition", .body = *parse_json(text), .tries = 100});
    begin(call);
    run_until([&] { return call->is_done; }, seconds(30));
  }
}

void ControlSimulation::begin(const std::shared_ptr<Call>& call) {
  ++open_calls_;
  send(call);
}

void ControlSimulation::send(const std::shared_ptr<Call>& call) {
  if (call->is_done) return;
  if (call->tries-- <= 0) {
    call->is_done = true;
    --open_calls_;
    return;
  }
  const ApiRequest request{.target = std::string(kEcsTargetPrefix) + call->action,
                           .body = call->body.dump(),
                           .region = kHome.region,
                           .caller_arn = "arn:aws:iam::000000000000:root"};
  const int copies =
      call->action != "RunTask" || call->token.empty() || !time_.chance(kTwice) ? 1 : 2;
  for (int i = 0; i < copies; ++i) {
    if (time_.chance(kRequestsLost)) continue;
    VirtualManager& manager = *managers_[time_.below(managers_.size())];
    time_.after(network_.delay(), [this, &manager, request, call] {
      manager.handle(request, [this, call](const ApiReply& reply) {
        if (time_.chance(kAnswersLost)) return;
        time_.after(network_.delay(), [this, call, reply] { take_answer(call, reply); });
      });
    });
  }
  time_.after(time_.between(milliseconds(500), seconds(5)), [this, call] { send(call); });
}

void ControlSimulation::take_answer(const std::shared_ptr<Call>& call, const ApiReply& reply) {
  if (reply.status >= 500) {
    if (call->is_done) return;
    return time_.after(time_.between(milliseconds(20), milliseconds(300)),
                       [this, call] { send(call); });
  }
  if (!std::exchange(call->is_done, true)) --open_calls_;
  const Json answer = parse_json(reply.body).value_or(Json());
  if (reply.status != 200) {
    trace(fmt::format("client: {}: {}", call->action, reply.body));
    return;
  }
  if (call->action == "RunTask" || call->action == "StartTask") return take_tasks(*call, answer);
  if (call->action == "StopTask") return take_stopped(*call);
}

void ControlSimulation::take_tasks(const Call& call, const Json& answer) {
  std::set<std::string> ids;
  for (const Json& each : answer["tasks"])
    ids.insert(id_of_arn(each["taskArn"].get<std::string>()));
  trace(fmt::format("client: {} {} made {}{}",
                    call.action,
                    call.token,
                    answer["tasks"].size(),
                    answer["failures"].empty() ? "" : ", " + answer["failures"].dump()));
  invariants_.look();
  invariants_.take_tasks(call.token, call.asked, ids);
}

void ControlSimulation::take_stopped(const Call& call) {
  trace(fmt::format("client: StopTask {}", call.task));
  invariants_.look();
  const auto found = cluster()->tasks.find(call.task);
  if (found == cluster()->tasks.end() || found->second.value.desired_status != "STOPPED") {
    invariants_.fail(fmt::format("StopTask {} was answered and not kept", call.task));
  }
}

void ControlSimulation::run_task() {
  const std::string family = kFamilies[time_.below(kFamilyCount)];
  auto call = std::make_shared<Call>(Call{.action = "RunTask", .body = {}});
  call->asked = 1 + time_.below(3);
  call->body = {{"taskDefinition", family}, {"count", call->asked}};
  if (family == "own") {
    call->body["networkConfiguration"] = {
        {"awsvpcConfiguration", {{"subnets", Json::array({"subnet-1"})}}}};
  }
  if (time_.chance(0.3)) {
    call->body["placementStrategy"] = Json::array({{{"type", "spread"}, {"field", "instanceId"}}});
  }
  if (time_.chance(0.8)) {
    call->token = time_.random_hex(8);
    call->body["clientToken"] = call->token;
    call->body["startedBy"] = call->token;
    call->tries = 6;
  }
  begin(call);
}

void ControlSimulation::start_task() {
  auto call = std::make_shared<Call>(Call{.action = "StartTask", .body = {}});
  const size_t place = hosts_[time_.below(hosts_.size())]->place();
  call->body = {{"taskDefinition", "web"}, {"containerInstances", Json::array({node_id(place)})}};
  begin(call);
}

void ControlSimulation::stop_task() {
  const auto& tasks = cluster()->tasks;
  if (tasks.empty()) return;
  const auto chosen =
      std::next(tasks.begin(), static_cast<std::ptrdiff_t>(time_.below(tasks.size())));
  auto call = std::make_shared<Call>(Call{.action = "StopTask", .body = {}, .tries = 6});
  call->task = chosen->first;
  call->body = {{"task", chosen->first}};
  if (time_.chance(0.1)) {
    call->body["force"] = true;
    forced_.insert(chosen->first);
  }
  begin(call);
}

void ControlSimulation::set_instance_state() {
  auto call = std::make_shared<Call>(
      Call{.action = "UpdateContainerInstancesState", .body = {}, .tries = 4});
  const size_t place = hosts_[time_.below(hosts_.size())]->place();
  call->body = {{"containerInstances", Json::array({node_id(place)})},
                {"status", time_.chance(0.4) ? "DRAINING" : "ACTIVE"}};
  begin(call);
}

void ControlSimulation::deregister_instance() {
  const size_t place = hosts_[time_.below(hosts_.size())]->place();
  deregistered_.insert(place);
  auto call =
      std::make_shared<Call>(Call{.action = "DeregisterContainerInstance", .body = {}, .tries = 4});
  call->body = {{"containerInstance", node_id(place)}, {"force", true}};
  trace(fmt::format("client: deregisters {}", place));
  begin(call);
}

// As the API of load balancers would: the records.
void ControlSimulation::make_balancer() {
  TargetGroup group{.name = "site", .id = "00000000000000aa", .port = 80};
  group.attributes["deregistration_delay.timeout_seconds"] = std::to_string(kDelayMs / 1000);
  Listener listener{.balancer = "lb", .id = "00000000000000bb", .port = 8080};
  listener.default_actions.push_back({.type = "forward", .groups = {{.target_group = "site"}}});
  const LoadBalancer balancer{.name = "lb", .id = "00000000000000cc"};
  Transaction records;
  records.put(target_group_key(kHome, "site"), to_json(group).dump())
      .put(balancer_key(kHome, "lb"), to_json(balancer).dump())
      .put(listener_key(kHome, "lb", listener.id), to_json(listener).dump());
  static_cast<void>(store_.commit(records));
  run_for(seconds(1));
}

void ControlSimulation::create_services() {
  const size_t count = time_.below(3);
  for (size_t i = 0; i < count; ++i) {
    auto call = std::make_shared<Call>(Call{.action = "CreateService", .body = {}, .tries = 100});
    const bool is_balanced = time_.chance(0.6);
    call->body = {{"serviceName", fmt::format("s{}", i)},
                  {"taskDefinition", is_balanced ? "site" : "web"},
                  {"desiredCount", 1 + time_.below(3)}};
    if (is_balanced) {
      call->body["loadBalancers"] = Json::array(
          {{{"targetGroupArn", "site"}, {"containerName", "a"}, {"containerPort", 80}}});
    }
    begin(call);
    run_until([&] { return call->is_done; }, seconds(30));
  }
}

void ControlSimulation::update_service() {
  const auto& services = cluster()->services;
  if (services.empty()) return run_task();
  const auto chosen =
      std::next(services.begin(), static_cast<std::ptrdiff_t>(time_.below(services.size())));
  auto call = std::make_shared<Call>(Call{.action = "UpdateService", .body = {}, .tries = 4});
  call->body = {{"service", chosen->first}};
  if (time_.chance(0.7)) call->body["desiredCount"] = time_.below(4);
  if (time_.chance(0.4)) call->body["forceNewDeployment"] = true;
  begin(call);
}

// Whoever leads now gives out every place that the records say is free, and no other.
std::string ControlSimulation::fill() {
  for (int attempt = 0; attempt < 100; ++attempt) {
    const size_t places = std::min<size_t>(free_places(), 10);
    if (places == 0) return "";
    auto call = std::make_shared<Call>(Call{.action = "RunTask", .body = {}, .tries = 1});
    call->asked = places;
    call->body = {{"taskDefinition", "web"}, {"count", places}};
    const size_t before = invariants_.promised().size();
    begin(call);
    run_until([&] { return call->is_done; }, seconds(30));
    if (!invariants_.broken().empty()) return invariants_.broken();
    const size_t made = invariants_.promised().size() - before;
    if (made == places) return "";
    // Less: the call or its answer was lost, it went to somebody who does not lead, or another
    // call that is on its way to the store has come before it.
    run_for(milliseconds(500));
  }
  return fmt::format("{} free places are not given out", free_places());
}

void ControlSimulation::call_something() {
  const size_t choice = time_.below(100);
  if (choice < 8) return update_service();
  if (choice < 55) return run_task();
  if (choice < 65) return start_task();
  if (choice < 92) return stop_task();
  if (choice < 99) return set_instance_state();
  deregister_instance();
}

}  // namespace ikada::control
