// The runner's actions (task_actions.h), done with this host's engine: calls that wait are made in
// pools, the ends of containers and of health checks are watched on the loop.
//
// Its end stops no container. The loop does not run any more then.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/thread_pool.hpp>

#include "cluster/agent/health_probe.h"
#include "cluster/agent/loop_gate.h"
#include "cluster/agent/task_actions.h"

namespace ikada {

class EngineActions final : public TaskActions {
 public:
  EngineActions(boost::asio::io_context& loop, ContainerActions actions);
  ~EngineActions() override;
  EngineActions(const EngineActions&) = delete;
  EngineActions& operator=(const EngineActions&) = delete;

  void pull(const Facts& facts,
            const std::string& container,
            std::function<void(const Result<std::string>&)> then) override;
  void start(const Facts& facts,
             const std::string& container,
             bool is_restart,
             std::function<void(const Result<StartedContainer>&)> then) override;
  void find(const Facts& facts,
            const std::string& container,
            std::function<void(const std::optional<StartedContainer>&)> then) override;
  void signal(const Facts& facts,
              const std::string& container,
              bool is_kill,
              std::function<void(const Result<void>&)> then) override;
  void await_end(const std::string& id, std::function<void(const EndedContainer&)> then) override;
  void check_health(const HealthRun& run, std::function<void(bool passed)> then) override;
  void remove_all(const Facts& facts, std::function<void(const Result<void>&)> then) override;
  void recover(std::function<void()> then) override;
  void shut_down() override;

 private:
  using Descriptor = boost::asio::posix::stream_descriptor;
  using OnEnd = std::function<void(const EndedContainer&)>;
  struct Probe;

  void watch_end(const std::string& id,
                 const std::shared_ptr<Descriptor>& descriptor,
                 const OnEnd& then);
  void collect_end(const std::string& id, const OnEnd& then);
  void watch_probe(const std::shared_ptr<Probe>& probe);
  void await_probe(const std::shared_ptr<Probe>& probe);
  void end_probe(const std::shared_ptr<Probe>& probe);

  boost::asio::io_context& loop_;
  std::shared_ptr<LoopGate> gate_;
  std::shared_ptr<ContainerActions> actions_;
  std::set<std::shared_ptr<Descriptor>> watches_;
  std::vector<std::weak_ptr<Probe>> probes_;
  int pulls_under_way_ = 0;
  bool is_shut_down_ = false;
  boost::asio::thread_pool pool_;
  std::unique_ptr<boost::asio::thread_pool> pulls_;
};

}  // namespace ikada
