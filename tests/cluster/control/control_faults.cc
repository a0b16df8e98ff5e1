// ControlSimulation: what fails, and how it comes back.
#include <algorithm>
#include <utility>

#include <fmt/ranges.h>

#include "tests/cluster/control/control_simulation.h"

namespace ikada::control {

void ControlSimulation::restart_manager(size_t place) {
  managers_[place]->start();
  gossip_.restart(place, ++incarnation_);
  gossip_.join(place, (place + 1) % (manager_count_ + host_count_));
}

void ControlSimulation::restart_host(size_t place) {
  network_.set_power(place, true);
  hosts_[place - manager_count_]->start();
  gossip_.restart(place, ++incarnation_);
  gossip_.join(place, time_.below(manager_count_));
}

void ControlSimulation::break_manager() {
  const size_t place = time_.below(managers_.size());
  VirtualManager* const manager = managers_[place].get();
  if (!manager->runs() || manager->is_paused()) return;
  if (time_.chance(0.5)) {
    trace(fmt::format("manager {} is killed", place));
    manager->kill();
    gossip_.kill(place);
    return time_.after(time_.between(milliseconds(100), seconds(8)), [this, place] {
      sync_gossip();
      if (!managers_[place]->runs()) restart_manager(place);
    });
  }
  trace(fmt::format("manager {} stands still", place));
  manager->pause();
  gossip_.pause(place);
  time_.after(time_.between(milliseconds(300), seconds(10)), [this, place, manager] {
    sync_gossip();
    if (!manager->is_paused()) return;
    manager->resume();
    gossip_.resume(place);
  });
}

void ControlSimulation::break_host(VirtualHost& chosen) {
  VirtualHost* const host = &chosen;
  const size_t place = host->place();
  if (is_whole_ || !host->runs() || host->is_paused()) return;
  sync_gossip();
  const size_t choice = time_.below(10);
  if (choice < 3) {
    trace(fmt::format("host {} stands still", place));
    host->pause();
    gossip_.pause(place);
    return time_.after(time_.between(milliseconds(300), seconds(10)), [this, place, host] {
      sync_gossip();
      if (!host->is_paused()) return;
      host->resume();
      gossip_.resume(place);
    });
  }
  const bool loses_power = choice < 6;
  trace(fmt::format("host {} {}", place, loses_power ? "loses power" : "has its daemon killed"));
  if (loses_power) {
    host->lose_power();
  } else {
    host->kill();
  }
  gossip_.kill(place);
  if (loses_power && time_.chance(0.3)) {
    trace(fmt::format("host {} never comes back", place));
    gone_.insert(place);
    return;
  }
  time_.after(time_.between(milliseconds(50), seconds(loses_power ? 20 : 6)), [this, place, host] {
    sync_gossip();
    if (!host->runs() && !gone_.contains(place)) restart_host(place);
  });
}

void ControlSimulation::break_network() {
  const size_t places = manager_count_ + host_count_;
  const size_t choice = time_.below(3);
  if (choice == 0) {
    std::set<size_t> inside;
    for (size_t place = 0; place < places; ++place) {
      if (time_.chance(0.4)) inside.insert(place);
    }
    trace(fmt::format("a partition with {} inside", fmt::join(inside, " ")));
    network_.partition(inside);
  } else if (choice == 1) {
    const size_t from = time_.below(places);
    const size_t to = time_.below(places);
    trace(fmt::format("nothing passes from {} to {}", from, to));
    network_.cut(from, to);
  } else {
    network_.set_loss(0.05 + 0.3 * static_cast<double>(time_.below(100)) / 100);
  }
  time_.after(time_.between(milliseconds(500), seconds(12)), [this] {
    sync_gossip();
    trace("the network is whole");
    network_.heal();
    network_.set_loss(0);
  });
}

void ControlSimulation::break_store() {
  const size_t choice = time_.below(10);
  StoreHealth* health = &store_health_;
  if (choice >= 5) health = &managers_[time_.below(managers_.size())]->way_to_store();
  trace(fmt::format("the store has trouble {}", choice));
  switch (choice % 5) {
    case 0:
      health->is_down = true;
      break;
    case 1:
      health->answers_lost = 0.4;
      break;
    case 2:
      health->slow = 0.3;
      break;
    case 3:
      health->is_watch_late = true;
      break;
    default:
      health->unavailable = 0.3;
      health->is_full = time_.chance(0.5);
      break;
  }
  time_.after(time_.between(milliseconds(300), seconds(8)), [this, health] {
    trace("the store is whole");
    *health = {};
  });
}

void ControlSimulation::weaken_host() {
  VirtualHost* const host = hosts_[time_.below(hosts_.size())].get();
  HostHealth& health = host->engine().health();
  trace(fmt::format("host {} is weak", host->place()));
  switch (time_.below(6)) {
    case 0:
      health.slow_engine = 0.5;
      break;
    case 1:
      health.failed_actions = 0.4;
      break;
    case 2:
      health.slow_disk = 0.5;
      break;
    case 3:
      health.is_disk_full = true;
      break;
    case 4:
      host->clock().wall_offset = time_.between(-std::chrono::hours(1), std::chrono::hours(1));
      return;
    default:
      host->engine().crash_one();
      return;
  }
  time_.after(time_.between(seconds(1), seconds(10)), [&health] { health = {}; });
  // What a weak host has begun is what its next process has to find.
  if (time_.chance(0.5)) {
    time_.after(time_.between(milliseconds(100), seconds(5)), [this, host] { break_host(*host); });
  }
}

// By an operator, of a host that is down.
void ControlSimulation::remove_node() {
  if (removed_.size() + gone_.size() + 2 >= hosts_.size()) return;
  VirtualHost* const host = hosts_[time_.below(hosts_.size())].get();
  const auto leader = std::find_if(
      managers_.begin(), managers_.end(), [](const auto& each) { return each->leads(); });
  if (leader == managers_.end() || (*leader)->is_paused()) return;
  trace(fmt::format("node {} is removed", host->place()));
  removed_.insert(host->place());
  insist_on_removal(node_id(host->place()));
}

void ControlSimulation::insist_on_removal(const std::string& node) {
  if (!invariants_.state().scope(kHome).nodes.contains(node)) return;
  for (const auto& each : managers_) {
    if (each->leads() && !each->is_paused()) each->remove_node(node);
  }
  time_.after(seconds(1), [this, node] { insist_on_removal(node); });
}

void ControlSimulation::break_something() {
  sync_gossip();
  const size_t choice = time_.below(100);
  if (choice < 22) return break_manager();
  if (choice < 46) return break_host(*hosts_[time_.below(hosts_.size())]);
  if (choice < 62) return break_network();
  if (choice < 80) return break_store();
  if (choice < 92) return weaken_host();
  if (choice < 99) {
    trace("the store's history is compacted");
    const Result<StoreStatus> status = store_.status();
    invariants_.look();  // What it has not seen it never will.
    if (status.has_value()) static_cast<void>(store_.compact(status->revision));
    return;
  }
  remove_node();
}

}  // namespace ikada::control
