// Keys of gossip exchanged while packets are lost and hosts die: nobody is taken for dead who
// lives.
#include <algorithm>
#include <map>

#include <doctest/doctest.h>

#include "cluster/gossip/keyring.h"
#include "cluster/node/key_rotation.h"
#include "tests/cluster/gossip/simulation.h"

namespace ikada {
namespace {

using gossip::Channel;
using gossip::GossipKey;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kHosts = 24;

std::string id_of(const GossipKey& key) { return fmt::format("{:08x}", gossip::key_id(key)); }

// Members whose links to the leading manager bring them the ring sooner or later, and what they
// have back to it.
class RotatingCluster {
 public:
  explicit RotatingCluster(std::uint64_t seed) : simulation_(seed), random_(seed) {
    const GossipKey first = make_key();
    ring_.ids = {id_of(first)};
    for (size_t host = 0; host < kHosts; ++host) keyrings_.emplace_back("blue", first);
    said_.resize(kHosts);
    simulation_.network() = {.loss = 0.1, .duplicates = 0.05};
    simulation_.seal = [this](size_t from, std::string_view plain, Channel channel) {
      return keyrings_[from].seal(plain, channel);
    };
    simulation_.open = [this](size_t to, std::string_view sealed, Channel channel) {
      Result<std::string> plain = keyrings_[to].open(sealed, channel);
      return plain.has_value() ? std::optional(std::move(*plain)) : std::nullopt;
    };
    simulation_.add_acquainted(kHosts);
    for (size_t host = 0; host < kHosts; ++host) say(host);
  }

  gossip::Simulation& simulation() { return simulation_; }
  const KeyRing& ring() const { return ring_; }

  void begin() {
    ring_ = *begin_rotation(ring_, id_of(make_key()));
    tell_all();
  }

  // One look of the leading manager. `waits`: whether it asks what the hosts have.
  void look(bool waits = true) {
    std::vector<RingHolder> holders;
    for (size_t host = 0; host < kHosts && waits; ++host) {
      if (simulation_.runs(host)) holders.push_back({fmt::format("m{}", host), said_[host]});
    }
    const RotationStep step = plan_rotation(ring_, holders);
    if (!step.ring.has_value()) return;
    ring_ = *step.ring;
    tell_all();
  }

  void run(seconds time, bool waits = true) {
    for (milliseconds passed{}; passed < time; passed += milliseconds(250)) {
      simulation_.run_for(milliseconds(250));
      deliver();
      look(waits);
    }
  }

  void kill(size_t host) {
    simulation_.kill(host);
    said_[host].clear();
    std::erase_if(due_, [&](const auto& each) { return each.second == host; });
  }

  // With what it has kept; its link comes up later.
  void restart(size_t host) {
    simulation_.restart(host, 2);
    simulation_.join(host, host == 0 ? 1 : 0);
    due_.emplace(simulation_.now() + seconds(2), host);
  }

  bool has_only(size_t host, const std::string& id) const {
    const auto ids = keyrings_[host].ids();
    return ids.size() == 1 && fmt::format("{:08x}", ids.front()) == id;
  }

  // Those who were taken for dead by whoever.
  std::vector<size_t> failed() const {
    std::vector<size_t> subjects;
    for (const gossip::Observation& each : simulation_.observations()) {
      const bool is_new = std::ranges::find(subjects, each.subject) == subjects.end();
      if (each.kind == gossip::MemberChange::Kind::kFailed && is_new) {
        subjects.push_back(each.subject);
      }
    }
    return subjects;
  }

 private:
  GossipKey make_key() {
    GossipKey key{};
    for (auto& byte : key) byte = static_cast<std::uint8_t>(random_.next());
    made_[id_of(key)] = key;
    return key;
  }

  void say(size_t host) {
    said_[host].clear();
    for (const gossip::KeyId id : keyrings_[host].ids()) {
      said_[host].push_back(fmt::format("{:08x}", id));
    }
  }

  void tell_all() {
    for (size_t host = 0; host < kHosts; ++host) {
      if (simulation_.runs(host)) {
        due_.emplace(simulation_.now() + milliseconds(random_.below(3000)), host);
      }
    }
  }

  // A host gets the ring as it is by then.
  void deliver() {
    while (!due_.empty() && due_.begin()->first <= simulation_.now()) {
      const size_t host = due_.begin()->second;
      due_.erase(due_.begin());
      std::vector<GossipKey> keys;
      for (const std::string& id : ring_.ids) keys.push_back(made_.at(id));
      const gossip::KeyId before = keyrings_[host].ids().front();
      REQUIRE(keyrings_[host].set(keys).has_value());
      say(host);
      const auto ids = keyrings_[host].ids();
      if (std::ranges::find(ids, before) == ids.end()) simulation_.join(host, host == 0 ? 1 : 0);
    }
  }

  gossip::Simulation simulation_;
  gossip::Prng random_;
  KeyRing ring_;
  std::map<std::string, GossipKey> made_;
  std::vector<gossip::Keyring> keyrings_;
  std::vector<std::vector<std::string>> said_;
  std::multimap<gossip::TimePoint, size_t> due_;
};

TEST_CASE("two rotations under load, a host away during them: no false alarm, and it gets in") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    RotatingCluster cluster(seed);
    cluster.run(seconds(3));
    cluster.begin();
    const std::string first = *cluster.ring().next;
    cluster.run(seconds(1));
    cluster.kill(7);
    cluster.run(seconds(15));
    CHECK(rotation_phase(cluster.ring()).empty());
    CHECK(cluster.has_only(0, first));
    cluster.begin();
    const std::string second = *cluster.ring().next;
    cluster.run(seconds(15));
    CHECK_FALSE(cluster.has_only(7, second));

    cluster.restart(7);
    cluster.run(seconds(10));

    CHECK(cluster.failed() == std::vector<size_t>{7});
    CHECK(cluster.simulation().agrees());
    for (size_t host = 0; host < kHosts; ++host) CHECK(cluster.has_only(host, second));
  }
}

TEST_CASE("a rotation that asks nobody has hosts taken for dead") {
  RotatingCluster cluster(1);
  cluster.run(seconds(3));
  cluster.begin();
  cluster.run(seconds(10), false);
  CHECK_FALSE(cluster.failed().empty());
}

}  // namespace
}  // namespace ikada
