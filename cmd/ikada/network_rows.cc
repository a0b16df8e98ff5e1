#include "cmd/ikada/network_rows.h"

#include "cmd/ikada/container_rows.h"
#include "net/ipv4.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr size_t kShortId = 12;

Json describe_containers(const std::vector<ListedContainer>& containers, std::string_view network) {
  Json found = Json::object();
  for (const ListedContainer& each : containers) {
    if (!each.status.is_running() || each.record.spec.network.mode != network) continue;
    const ContainerAddress& address = each.network.address;
    const std::string text =
        address.address.empty() ? "" : fmt::format("{}/{}", address.address, address.prefix_length);
    found[each.record.id] = {{"Name", each.record.name},
                             {"EndpointID", ""},
                             {"MacAddress", address.mac},
                             {"IPv4Address", text},
                             {"IPv6Address", ""}};
  }
  return found;
}

bool matches(const NetworkDescription& network, std::string_view key, std::string_view value) {
  if (key == "name") return network.name.find(value) != std::string::npos;
  if (key == "id") return network.id.starts_with(value);
  if (key == "driver") return network.driver == value;
  if (key == "scope") return value == "local";
  return value == "builtin";  // type
}

}  // namespace

const std::vector<NetworkDescription>& all_networks() {
  static const std::vector<NetworkDescription> networks = {
      {"d4fb2594eb7dc73de37a0d0fa2c6d263f511aad6f96221a2a8f2f62adfc304a6", "bridge", "bridge"},
      {"88b0493d09a67a1090413b4f6ac877752921564ab0b74e3925b3e40bb94e5f12", "host", "host"},
      {"4dc490dac81500346cb378f08238b54887962507eca96323dc95d7bb264873d7", "none", "null"},
  };
  return networks;
}

Result<NetworkDescription> find_network(const std::string& name_or_id) {
  for (const NetworkDescription& each : all_networks()) {
    if (each.name == name_or_id) return each;
  }
  for (const NetworkDescription& each : all_networks()) {
    if (!name_or_id.empty() && each.id.starts_with(name_or_id)) return each;
  }
  return make_error(ErrorKind::kNotFound, "network {} not found", name_or_id);
}

Json network_row(const NetworkDescription& network, bool truncate) {
  return {{"ID", truncate ? network.id.substr(0, kShortId) : network.id},
          {"Name", network.name},
          {"Driver", network.driver},
          {"Scope", "local"},
          {"IPv4", "true"},
          {"IPv6", "false"},
          {"Internal", "false"},
          {"Labels", ""},
          {"CreatedAt", format_docker_time(0)},
          {"Label", Json::object()}};
}

Result<Json> describe_network(const NetworkDescription& network,
                              const EngineLayout& layout,
                              const BridgeConfig& bridge) {
  IK_LET(containers, list_all_containers(layout));
  Json addresses = Json::array();
  Json options = Json::object();
  if (network.name == "bridge") {
    IK_LET(subnet, parse_ipv4_subnet(bridge.subnet));
    addresses.push_back({{"Subnet", bridge.subnet}, {"Gateway", format_ipv4(subnet.gateway())}});
    options = {{"com.docker.network.bridge.name", bridge.name},
               {"com.docker.network.bridge.default_bridge", "true"},
               {"com.docker.network.bridge.enable_icc", "true"},
               {"com.docker.network.bridge.enable_ip_masquerade", "true"},
               {"com.docker.network.bridge.host_binding_ipv4", "0.0.0.0"}};
  }
  return Json{{"Name", network.name},
              {"Id", network.id},
              {"Created", format_rfc3339(0)},
              {"Scope", "local"},
              {"Driver", network.driver},
              {"EnableIPv4", true},
              {"EnableIPv6", false},
              {"IPAM", {{"Driver", "default"}, {"Options", Json()}, {"Config", addresses}}},
              {"Internal", false},
              {"Attachable", false},
              {"Ingress", false},
              {"Containers", describe_containers(containers, network.name)},
              {"Options", options},
              {"Labels", Json::object()}};
}

Result<std::vector<NetworkDescription>> filter_networks(const std::vector<std::string>& filters) {
  std::vector<NetworkDescription> networks = all_networks();
  for (const std::string& filter : filters) {
    const Cut parts = cut(filter, '=');
    const std::string_view key = parts.before;
    if (key != "name" && key != "id" && key != "driver" && key != "scope" && key != "type") {
      return make_error(ErrorKind::kInvalid, "invalid filter '{}'", filter);
    }
    std::erase_if(networks,
                  [&](const NetworkDescription& each) { return !matches(each, key, parts.after); });
  }
  return networks;
}

}  // namespace ikada
