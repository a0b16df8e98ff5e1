#include "cluster/daemon/etcd_joining.h"

#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "cluster/daemon/etcd_setup.h"
#include "cluster/store/etcd_client.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr std::string_view kInitialCluster = "--initial-cluster=";
constexpr std::string_view kOwnPeer = "--initial-advertise-peer-urls=";
constexpr std::string_view kOwnClient = "--advertise-client-urls=";
constexpr std::string_view kName = "--name=";
constexpr std::string_view kDataDir = "--data-dir=";
constexpr std::string_view kExisting = "--initial-cluster-state=existing";
constexpr std::string_view kDataInDirectory = "/etcd/data";  // plan_etcd_arguments()
constexpr std::chrono::milliseconds kAskLimit{1000};

std::string value_of(const std::vector<std::string>& arguments, std::string_view option) {
  for (const std::string& each : arguments) {
    if (each.starts_with(option)) return each.substr(option.size());
  }
  return {};
}

// ":7443" of "https://192.0.2.1:7443".
std::string port_of(const std::string& url) {
  const size_t colon = url.rfind(':');
  return colon == std::string::npos ? std::string() : url.substr(colon);
}

}  // namespace

std::string to_initial_cluster(const std::vector<EtcdMember>& members,
                               const std::string& own_url,
                               const std::string& own_name) {
  std::string text;
  for (const EtcdMember& member : members) {
    if (!text.empty()) text += ',';
    const std::string& name = member.peer_url == own_url ? own_name : member.name;
    text += name + "=" + member.peer_url;
  }
  return text;
}

std::vector<std::string> other_members(const std::vector<std::string>& arguments) {
  const std::string own = value_of(arguments, kOwnPeer);
  const std::string port = port_of(value_of(arguments, kOwnClient));
  const std::string known = value_of(arguments, kInitialCluster);
  std::vector<std::string> endpoints;
  for (const std::string_view each : split(known, ',')) {
    const std::string url(cut(each, '=').after);
    if (url.empty() || url == own) continue;
    endpoints.push_back(url.substr(0, url.size() - port_of(url).size()) + port);
  }
  return endpoints;
}

std::vector<std::string> with_members(std::vector<std::string> arguments,
                                      const std::vector<EtcdMember>& members) {
  const std::string own = value_of(arguments, kOwnPeer);
  if (std::ranges::find(members, own, &EtcdMember::peer_url) == members.end()) return arguments;
  for (std::string& each : arguments) {
    if (!each.starts_with(kInitialCluster)) continue;
    each =
        std::string(kInitialCluster) + to_initial_cluster(members, own, value_of(arguments, kName));
  }
  return arguments;
}

std::vector<std::string> with_present_members(const std::vector<std::string>& arguments) {
  const std::string data = value_of(arguments, kDataDir);
  const bool is_joining = std::ranges::find(arguments, kExisting) != arguments.end();
  if (!is_joining || ::access((data + "/member/wal").c_str(), F_OK) == 0) return arguments;
  const std::vector<std::string> others = other_members(arguments);
  if (others.empty() || !data.ends_with(kDataInDirectory)) return arguments;
  const std::string directory = data.substr(0, data.size() - kDataInDirectory.size());
  EtcdClient client({.endpoints = others, .tls = etcd_tls(directory)});
  for (const std::string& member : others) {
    const Result<std::string> body = client.call_member(member, etcd_members(), kAskLimit);
    if (!body.has_value()) continue;
    const Result<std::vector<EtcdMember>> members = parse_etcd_members(*body);
    if (members.has_value()) return with_members(arguments, *members);
  }
  return arguments;
}

}  // namespace ikada
