#include "tests/cluster/control/virtual_host.h"

#include <utility>

namespace ikada::control {

VirtualHost::VirtualHost(HostSetting& setting,
                         size_t place,
                         std::int64_t cpu_units,
                         std::int64_t memory_mib)
    : setting_(setting),
      place_(place),
      facts_{.cpu_units = cpu_units,
             .memory_mib = memory_mib,
             .has_cpu_controller = true,
             .has_memory_controller = true},
      engine_(setting.time) {}

VirtualHost::~VirtualHost() = default;

AgentOptions VirtualHost::agent_options() const {
  AgentOptions options;
  options.instance = {.cluster = "default", .id = disk_.instance, .reserved_memory_mib = 0};
  options.on_event = [this](const std::string& line) {
    setting_.trace(fmt::format("host {}: {}", place_, line));
  };
  options.runner.on_error = [this](const Error& error) {
    setting_.trace(fmt::format("host {}: {}", place_, error.message));
  };
  return options;
}

// As host_daemon.cc and cluster_member.cc put them together.
void VirtualHost::start() {
  life_ = std::make_unique<Life>();
  life_->loop = std::make_shared<VirtualLoop>(setting_.time, clock_);
  UplinkOptions link;
  for (size_t i = 0; i < setting_.managers; ++i) link.managers.push_back(std::to_string(i));
  life_->uplink = std::make_unique<Uplink>(
      life_->loop,
      std::move(link),
      [this](const std::string& manager, FrameLink::Listener listener) {
        return setting_.network.dial(place_, life_->loop, std::stoul(manager), std::move(listener));
      });
  life_->assignments = std::make_unique<RemoteAssignments>(*life_->uplink);
  const AgentOptions options = agent_options();
  auto runner = std::make_unique<TaskRunner>(
      life_->loop,
      options.runner,
      std::make_unique<EngineView>(setting_.time, engine_, life_->loop),
      std::make_unique<DiskView>(
          setting_.time, disk_, engine_.health(), life_->loop, setting_.mistakes.trusts_disk));
  life_->agent = std::make_unique<Agent>(Agent::Ground{.loop = life_->loop,
                                                       .runner = std::move(runner),
                                                       .facts = facts_,
                                                       .keep_id =
                                                           [this](const std::string& id) {
                                                             disk_.instance = id;
                                                             return Result<void>();
                                                           }},
                                         options,
                                         *life_->assignments);
  life_->uplink->start({.on_connected = [this] { life_->assignments->note_connected(); },
                        .on_lost = {},
                        .on_news =
                            [this](const News& news) {
                              if (news.verb == "refused") {
                                setting_.trace(fmt::format("host {} is refused", place_));
                              }
                              tell_news(news);
                            }});
  life_->agent->start();
}

void VirtualHost::tell_news(const News& news) {
  if (setting_.mistakes.forgets_drain && news.verb == "assign") {
    News wrong = news;
    Json& task = wrong.body["task"];
    const bool is_leaving = task.contains("targets") && task["targets"].contains("deregisteredAt");
    if (is_leaving) task["desiredStatus"] = "STOPPED";
    return life_->assignments->note_news(wrong);
  }
  if (!setting_.mistakes.forgets_orphans || news.verb != "assign-all") {
    return life_->assignments->note_news(news);
  }
  for (const Json& each : news.body["assignments"]) {
    life_->assignments->note_news({.verb = "assign", .body = each});
  }
}

void VirtualHost::kill() {
  life_->loop->end();
  setting_.network.end(place_, life_->loop, true);
  life_.reset();
}

void VirtualHost::lose_power() {
  setting_.network.set_power(place_, false);
  if (runs()) {
    life_->loop->end();
    setting_.network.end(place_, life_->loop, false);
    life_.reset();
  }
  engine_.lose_power();
}

}  // namespace ikada::control
