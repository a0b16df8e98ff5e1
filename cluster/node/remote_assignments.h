// Assignments of an agent whose manager is on another host: the same calls, over a link.
//
// {"ask":"enlist","body":{"host"}}       -> {"instance"}
// {"ask":"follow","body":{"instance"}}   -> {}; then news: assign-all {"assignments"}, assign
// {"ask":"report","body":{"scope","task","sequence"}} -> {}
#pragma once

#include <string>

#include "cluster/agent/assignments.h"
#include "cluster/node/uplink.h"

namespace ikada {

class RemoteAssignments : public Assignments {
 public:
  // `link` outlives it.
  explicit RemoteAssignments(Uplink& link) : link_(link) {}

  void enlist(const ContainerInstance& host, Enlisted then) override;
  void follow(const std::string& instance, Listener listener) override;
  void report(const TaskReport& report, Taken then) override;
  void ask(const std::string& what, const std::string& task, Told then) override;
  void protect(const std::string& task, const Json& request, Told then) override;

  // What the link tells.
  void note_connected();
  void note_news(const News& news);

 private:
  void ask_to_follow();

  Uplink& link_;
  std::string instance_;
  Listener listener_;
};

Json to_json(const Assignment& assignment);
Result<Assignment> parse_assignment(const Json& json);
Json to_json(const TaskReport& report);
Result<TaskReport> parse_task_report(const Json& json);

}  // namespace ikada
