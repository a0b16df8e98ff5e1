#include "cmd/ikada/balancer_choice.h"

#include <stdio.h>

#include <algorithm>
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

// "HOST, port PORT: WHAT; HOST: WHAT; and 2 more"
bool concerns_only(const std::string& reason, const std::set<std::int64_t>& ports) {
  constexpr std::string_view kNext = "; ";
  for (size_t begin = 0; begin < reason.size();) {
    const size_t end = std::min(reason.find(kNext, begin), reason.size());
    const std::string each = reason.substr(begin, end - begin);
    begin = end + kNext.size();
    const bool is_rest = each.starts_with("and ") && each.ends_with(" more");
    const bool is_of_them = std::any_of(ports.begin(), ports.end(), [&](std::int64_t port) {
      return each.find(fmt::format(", port {}: ", port)) != std::string::npos;
    });
    if (!is_of_them && !is_rest) return false;
  }
  return !reason.empty();
}

Result<void> wait_for_balancer(const ApiClient& api,
                               const AwaitedBalancer& awaited,
                               std::string& shown) {
  const std::string& name = awaited.name;
  const steady_clock::time_point give_up_at = steady_clock::now() + kBalancerPatience;
  steady_clock::time_point good_at = steady_clock::now();  // Not impaired, the last time.
  while (true) {
    IK_LET(balancer, find_balancer(api, name).context("load balancer {}", name));
    const std::string code = balancer["State"].value("Code", "");
    const std::string reason = balancer["State"].value("Reason", "");
    const std::string progress =
        fmt::format("load balancer {}: {}{}{}", name, code, reason.empty() ? "" : ": ", reason);
    if (progress != shown) ::fprintf(stderr, "%s\n", printable(progress).c_str());
    shown = progress;
    if (code == "active") return {};
    if (code == "active_impaired" && concerns_only(reason, awaited.leaving)) return {};
    const steady_clock::time_point now = steady_clock::now();
    if (code != "active_impaired") good_at = now;
    if (now - good_at >= kTolerance || now >= give_up_at) {
      return make_error(ErrorKind::kUnavailable, "{}", progress);
    }
    std::this_thread::sleep_for(kLookAtBalancer);
  }
}

}  // namespace ikada
