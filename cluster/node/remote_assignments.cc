#include "cluster/node/remote_assignments.h"

#include <utility>

namespace ikada {
namespace {

Json scope_json(const Scope& scope) {
  return {{"account", scope.account}, {"region", scope.region}};
}

Scope read_scope(JsonReader reader) {
  Scope scope;
  reader.require("account", scope.account);
  reader.require("region", scope.region);
  return scope;
}

Json member(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found == json.end() ? Json() : *found;
}

}  // namespace

Json to_json(const Assignment& assignment) {
  return {{"scope", scope_json(assignment.scope)},
          {"task", to_json(assignment.task)},
          {"definition", to_json(assignment.definition)}};
}

Result<Assignment> parse_assignment(const Json& json) {
  JsonReader reader(json, "assignment");
  Assignment assignment;
  assignment.scope = read_scope(reader.object("scope"));
  IK_TRY(reader.done());
  IK_LET(task, from_json<Task>(member(json, "task"), "assignment: task"));
  assignment.task = std::move(task);
  IK_LET(definition,
         from_json<TaskDefinition>(member(json, "definition"), "assignment: definition"));
  assignment.definition = std::move(definition);
  return assignment;
}

Json to_json(const TaskReport& report) {
  return {{"scope", scope_json(report.scope)},
          {"task", to_json(report.task)},
          {"sequence", report.sequence}};
}

Result<TaskReport> parse_task_report(const Json& json) {
  JsonReader reader(json, "report");
  TaskReport report;
  report.scope = read_scope(reader.object("scope"));
  reader.require("sequence", report.sequence);
  IK_TRY(reader.done());
  IK_LET(task, from_json<Task>(member(json, "task"), "report: task"));
  report.task = std::move(task);
  return report;
}

void RemoteAssignments::enlist(const ContainerInstance& host, Enlisted then) {
  link_.ask(
      "enlist", {{"host", to_json(host)}}, [then = std::move(then)](const Result<Json>& body) {
        if (!body.has_value()) return then(body.error());
        std::string instance;
        JsonReader reader(*body, "the manager's answer");
        reader.require("instance", instance);
        const Result<void> read = reader.done();
        if (!read.has_value()) return then(read.error());
        then(instance);
      });
}

void RemoteAssignments::follow(const std::string& instance, Listener listener) {
  instance_ = instance;
  listener_ = std::move(listener);
  ask_to_follow();
}

// Failing means that the connection is gone; the next one asks again.
void RemoteAssignments::ask_to_follow() {
  link_.ask("follow", {{"instance", instance_}}, [](const Result<Json>&) {});
}

void RemoteAssignments::report(const TaskReport& report, Taken then) {
  link_.ask("report", to_json(report), [then = std::move(then)](const Result<Json>& body) {
    if (!body.has_value()) return then(body.error());
    then({});
  });
}

void RemoteAssignments::ask(const std::string& what, const std::string& task, Told then) {
  link_.ask(what, {{"task", task}}, std::move(then));
}

void RemoteAssignments::protect(const std::string& task, const Json& request, Told then) {
  link_.ask("protection", {{"task", task}, {"request", request}}, std::move(then));
}

void RemoteAssignments::note_connected() {
  if (!instance_.empty()) ask_to_follow();
}

void RemoteAssignments::note_news(const News& news) {
  if (news.verb == "assign" && listener_.on_one) {
    const Result<Assignment> one = parse_assignment(news.body);
    if (one.has_value()) listener_.on_one(*one);
  }
  if (news.verb != "assign-all" || !listener_.on_all) return;
  std::vector<Assignment> all;
  for (const Json& each : member(news.body, "assignments")) {
    Result<Assignment> one = parse_assignment(each);
    // Half a list would stop tasks that are wanted.
    if (!one.has_value()) return;
    all.push_back(std::move(*one));
  }
  listener_.on_all(all);
}

}  // namespace ikada
