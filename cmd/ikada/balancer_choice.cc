#include "cmd/ikada/balancer_choice.h"

#include <stdio.h>

#include <chrono>
#include <thread>

namespace ikada {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookAtBalancer{50};
constexpr std::chrono::seconds kBalancerPatience{60};
// A host tries again by itself.
constexpr std::chrono::seconds kTolerance{3};

}  // namespace

Result<Json> find_balancer(const ApiClient& api, const std::string& name) {
  IK_LET(answer, api.call_balancing("DescribeLoadBalancers", {{"Names", Json::array({name})}}));
  return answer["LoadBalancers"][0];
}

Result<std::vector<Json>> list_all_balancers(const ApiClient& api) {
  std::vector<Json> balancers;
  Json input = Json::object();
  while (true) {
    IK_LET(page, api.call_balancing("DescribeLoadBalancers", input));
    for (Json& each : page["LoadBalancers"]) balancers.push_back(std::move(each));
    if (!page.contains("NextMarker")) return balancers;
    input["Marker"] = page["NextMarker"];
  }
}

Result<void> wait_for_balancer(const ApiClient& api, const std::string& name) {
  const steady_clock::time_point give_up_at = steady_clock::now() + kBalancerPatience;
  steady_clock::time_point good_at = steady_clock::now();  // Not impaired, the last time.
  std::string shown;
  while (true) {
    IK_LET(balancer, find_balancer(api, name));
    const std::string code = balancer["State"].value("Code", "");
    const std::string reason = balancer["State"].value("Reason", "");
    const std::string progress =
        fmt::format("load balancer {}: {}{}{}", name, code, reason.empty() ? "" : ": ", reason);
    if (progress != shown) ::fprintf(stderr, "%s\n", printable(progress).c_str());
    shown = progress;
    if (code == "active") return {};
    const steady_clock::time_point now = steady_clock::now();
    if (code != "active_impaired") good_at = now;
    if (now - good_at >= kTolerance || now >= give_up_at) {
      return make_error(ErrorKind::kUnavailable, "{}", progress);
    }
    std::this_thread::sleep_for(kLookAtBalancer);
  }
}

}  // namespace ikada
