#include "cluster/agent/engine_actions.h"

#include <poll.h>

#include <utility>

#include <boost/asio/steady_timer.hpp>

namespace ikada {
namespace {

constexpr size_t kActionThreads = 8;
constexpr size_t kPullThreads = 4;

bool is_readable(int fd) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&entry, 1, 0) > 0;
}

}  // namespace

// Begun on the pool, watched on the loop, reaped on the pool.
struct EngineActions::Probe {
  Probe(boost::asio::io_context& loop, HealthProbe its)
      : process(std::move(its)), exit(loop), timer(loop) {}

  HealthProbe process;
  Descriptor exit;
  boost::asio::steady_timer timer;
  std::function<void(bool)> then = {};
  std::chrono::milliseconds timeout{0};
  bool is_late = false;
};

EngineActions::EngineActions(boost::asio::io_context& loop, ContainerActions actions)
    : loop_(loop),
      gate_(std::make_shared<LoopGate>(loop)),
      actions_(std::make_shared<ContainerActions>(std::move(actions))),
      pool_(kActionThreads),
      pulls_(std::make_unique<boost::asio::thread_pool>(kPullThreads)) {}

EngineActions::~EngineActions() {
  gate_->close();
  pool_.join();
  // A pull may take minutes and cannot be interrupted: it ends with the process.
  if (pulls_under_way_ > 0) static_cast<void>(pulls_.release());
}

void EngineActions::pull(const Facts& facts,
                         const std::string& container,
                         std::function<void(const Result<std::string>&)> then) {
  ++pulls_under_way_;
  boost::asio::post(
      *pulls_,
      [this, gate = gate_, actions = actions_, facts, name = container, then = std::move(then)] {
        const ContainerDefinition* definition = find_container(facts->definition, name);
        Result<std::string> digest = actions->pull(definition->image);
        gate->post([this, then, digest = std::move(digest)] {
          --pulls_under_way_;
          then(digest);
        });
      });
}

void EngineActions::start(const Facts& facts,
                          const std::string& container,
                          bool is_restart,
                          std::function<void(const Result<StartedContainer>&)> then) {
  boost::asio::post(pool_, [this, facts, container, is_restart, then = std::move(then)] {
    Result<StartedContainer> started = actions_->start(*facts, container, is_restart);
    gate_->post([then, started = std::move(started)] { then(started); });
  });
}

void EngineActions::find(const Facts& facts,
                         const std::string& container,
                         std::function<void(const std::optional<StartedContainer>&)> then) {
  boost::asio::post(pool_, [this, facts, container, then = std::move(then)] {
    const std::optional<std::string> id = actions_->find(*facts, container);
    std::optional<StartedContainer> started;
    if (id.has_value() && actions_->has_started(*id)) {
      started = actions_->describe_started(*facts, container, *id);
    }
    gate_->post([then, started = std::move(started)] { then(started); });
  });
}

void EngineActions::signal(const Facts& facts,
                           const std::string& container,
                           bool is_kill,
                           std::function<void(const Result<void>&)> then) {
  boost::asio::post(pool_, [this, facts, container, is_kill, then = std::move(then)] {
    Result<void> sent = actions_->signal(*facts, container, is_kill);
    gate_->post([then, sent = std::move(sent)] { then(sent); });
  });
}

void EngineActions::await_end(const std::string& id, OnEnd then) {
  boost::asio::post(pool_, [this, id, then = std::move(then)] {
    std::optional<UniqueFd> fd = actions_->watch(id);
    if (!fd.has_value()) return collect_end(id, then);
    gate_->post([this, id, then, owned = std::move(*fd)]() mutable {
      if (is_shut_down_) return;
      auto descriptor = std::make_shared<Descriptor>(loop_, owned.release());
      watches_.insert(descriptor);
      watch_end(id, descriptor, then);
    });
  });
}

void EngineActions::watch_end(const std::string& id,
                              const std::shared_ptr<Descriptor>& descriptor,
                              const OnEnd& then) {
  descriptor->async_wait(Descriptor::wait_read,
                         [this, id, descriptor, then](const boost::system::error_code& error) {
                           if (error || is_shut_down_) return;
                           // An event of a descriptor that was closed in the same breath may have
                           // come here instead.
                           if (!is_readable(descriptor->native_handle()))
                             return watch_end(id, descriptor, then);
                           watches_.erase(descriptor);
                           boost::asio::post(pool_, [this, id, then] { collect_end(id, then); });
                         });
}

// On the pool.
void EngineActions::collect_end(const std::string& id, const OnEnd& then) {
  const EndedContainer end = actions_->end_of(id);
  gate_->post([then, end] { then(end); });
}

void EngineActions::check_health(const HealthRun& run, std::function<void(bool passed)> then) {
  boost::asio::post(pool_, [this, run, then = std::move(then)] {
    Result<HealthProbe> begun = HealthProbe::begin(
        actions_->layout(), actions_->runtime_program(), run.container_id, run.command);
    if (!begun.has_value()) return gate_->post([then] { then(false); });
    auto probe = std::make_shared<Probe>(loop_, std::move(*begun));
    probe->then = then;
    probe->timeout = run.timeout;
    gate_->post([this, probe] { watch_probe(probe); });
  });
}

void EngineActions::watch_probe(const std::shared_ptr<Probe>& probe) {
  if (is_shut_down_) return;
  probe->exit.assign(probe->process.exit_fd());
  await_probe(probe);
  probe->timer.expires_after(probe->timeout);
  probe->timer.async_wait([this, probe](const boost::system::error_code& error) {
    if (error) return;
    probe->is_late = true;
    boost::asio::post(pool_, [probe] { probe->process.kill(); });
  });
  std::erase_if(probes_, [](const std::weak_ptr<Probe>& each) { return each.expired(); });
  probes_.push_back(probe);
}

void EngineActions::await_probe(const std::shared_ptr<Probe>& probe) {
  probe->exit.async_wait(
      Descriptor::wait_read, [this, probe](const boost::system::error_code& error) {
        if (!error && !is_shut_down_ && !is_readable(probe->exit.native_handle())) {
          return await_probe(probe);
        }
        probe->timer.cancel();
        // Its owner closes it.
        if (probe->exit.is_open()) probe->exit.release();
        if (!error) end_probe(probe);
      });
}

void EngineActions::end_probe(const std::shared_ptr<Probe>& probe) {
  boost::asio::post(pool_, [this, probe] {
    const bool passed = probe->process.passed();
    gate_->post([probe, passed] { probe->then(passed && !probe->is_late); });
  });
}

void EngineActions::remove_all(const Facts& facts, std::function<void(const Result<void>&)> then) {
  boost::asio::post(pool_, [this, facts, then = std::move(then)] {
    Result<void> removed = actions_->remove_all(*facts);
    gate_->post([then, removed = std::move(removed)] { then(removed); });
  });
}

void EngineActions::recover(std::function<void()> then) {
  boost::asio::post(pool_, [this, then = std::move(then)] {
    actions_->recover();
    gate_->post(then);
  });
}

void EngineActions::shut_down() {
  is_shut_down_ = true;
  for (const std::shared_ptr<Descriptor>& each : std::exchange(watches_, {})) each->close();
  for (const std::weak_ptr<Probe>& each : probes_) {
    const std::shared_ptr<Probe> probe = each.lock();
    if (probe == nullptr) continue;
    probe->timer.cancel();
    if (probe->exit.is_open()) {
      probe->exit.cancel();
      probe->exit.release();
    }
  }
}

}  // namespace ikada
