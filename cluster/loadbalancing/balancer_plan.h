// What the balancer of one host is to do, whole: listeners, their rules, groups, targets.
//
// A plan follows from the cluster's records alone, so every host that carries the balancers has the
// same one. Names are unique in it: REGION-free ids, made of [A-Za-z0-9._:-], at most 100 bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cluster/model/load_balancer.h"

namespace ikada {

// A place that requests go to.
struct PlannedTarget {
  std::string id = {};       // Unique in its group: "i-0abc:32768", "10.0.1.7:80", "TASK:PORT".
  std::string address = {};  // IPv4, where the balancer's host reaches it.
  std::uint16_t port = 0;
  bool draining = false;  // Gets no new requests; those in flight may end.
  // Of a target that is an instance: its host's node, and the address that the host has in the
  // network of tasks. Empty if they are not known.
  std::string node = {};
  std::string tunnel = {};

  bool operator==(const PlannedTarget&) const = default;
};

struct PlannedGroup {
  std::string name = {};          // Unique in the plan; WeightedGroup::target_group names it.
  std::string protocol = "HTTP";  // As a listener's.
  std::string protocol_version = "HTTP1";
  TargetHealthCheck health_check = {};
  std::map<std::string, std::string> attributes =
      {};  // As in TargetGroup: stickiness.*, slow_start…
  std::vector<PlannedTarget> targets = {};
  std::string arn = {};

  bool operator==(const PlannedGroup&) const = default;
};

struct PlannedListener {
  std::string name = {};     // Unique in the plan.
  std::string address = {};  // Where it listens; empty: every address of the host.
  std::uint16_t port = 0;
  std::string protocol = "HTTP";                    // Of network load balancers TCP, UDP, TCP_UDP.
  std::vector<std::string> certificate_files = {};  // PEM with chain and key; the first is default.
  std::string ssl_policy = {};                      // As in Listener: which versions of TLS.
  std::vector<ListenerAction> default_actions = {};
  std::vector<ListenerRule> rules = {};
  std::map<std::string, std::string> attributes = {};  // Of its load balancer: idle timeout…
  std::string balancer_arn = {};
  std::string log_group = {};  // Where its access log goes; empty: nowhere.

  bool operator==(const PlannedListener&) const = default;
};

struct BalancerPlan {
  std::vector<PlannedListener> listeners = {};
  std::vector<PlannedGroup> groups = {};  // Those some listener uses, and no other.

  bool operator==(const BalancerPlan&) const = default;
};

// How a target does, as the balancer of this host sees it.
enum class TargetState {
  kInitial,  // Its first checks are not done.
  kHealthy,
  kUnhealthy,
  kDraining,
  kUnused,  // Nothing sends requests to its group.
};

struct TargetObservation {
  TargetState state = TargetState::kInitial;
  std::string reason = {};       // Elb.InitialHealthChecking, Target.ResponseCodeMismatch, …
  std::string description = {};  // "Health checks failed with these codes: [503]".
  // Requests and connections in flight. Of a draining one at least 1 until surely none is left.
  std::int64_t sessions = 0;

  bool operator==(const TargetObservation&) const = default;
};

// By group's name, then target's id.
using TargetObservations =
    std::map<std::string, std::map<std::string, TargetObservation, std::less<>>, std::less<>>;

}  // namespace ikada
