#include <stdio.h>

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/cluster_daemon.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/go_template.h"

namespace ikada {
namespace {

void print_line(const Json& status, const char* key, const char* title) {
  const auto found = status.find(key);
  if (found == status.end()) return;
  const std::string text = found->is_string() ? found->get<std::string>() : found->dump();
  ::printf("%s: %s\n", title, text.c_str());
}

Result<void> cluster_status(const std::string& format, const Context& context) {
  IK_LET(status, ask_cluster(context, "GET", "/cluster"));
  if (!format.empty()) {
    IK_LET(rendered, render(format == "json" ? "{{json .}}\n" : format + "\n", status));
    ::fwrite(rendered.data(), 1, rendered.size(), stdout);
    return {};
  }
  print_line(status, "role", "Role");
  print_line(status, "cluster", "Cluster");
  print_line(status, "node", "Node");
  print_line(status, "name", "Name");
  print_line(status, "address", "Address");
  const Json members = status.value("etcdMembers", Json::object());
  for (const Json& manager : status.value("managers", Json::array())) {
    const auto endpoint = manager.get<std::string>();
    std::string address = endpoint.substr(0, endpoint.rfind(':'));
    if (address.starts_with('[')) address = address.substr(1, address.size() - 2);
    const std::string state = members.value(address, "");
    ::printf("Manager: %s%s%s\n", endpoint.c_str(), state.empty() ? "" : " ", state.c_str());
  }
  print_line(status, "leader", "Leader");
  print_line(status, "store", "Store");
  print_line(status, "connected", "Connected");
  print_line(status, "nodes", "Nodes");
  print_line(status, "connectedNodes", "Connected nodes");
  print_line(status, "refused", "Refused");
  const Json authority = status.value("ca", Json::object());
  print_line(authority, "authority", "CA");
  if (!authority.value("phase", "").empty()) {
    const Result<Json> rotation = ask_cluster(context, "GET", "/cluster/authority");
    ::printf("CA rotation: %s\n", authority.value("phase", "").c_str());
    for (const Json& each : rotation.value_or(Json::object()).value("waitsFor", Json::array())) {
      ::printf("CA rotation waits for: %s\n", each.get<std::string>().c_str());
    }
  }
  const Json gossip = status.value("gossip", Json::object());
  print_line(gossip, "key", "Gossip key");
  if (gossip.value("phase", "").empty()) return {};
  print_line(gossip, "phase", "Key rotation");
  return {};
}

}  // namespace

void add_cluster_status_command(CLI::App& group, Context& context) {
  auto format = std::make_shared<std::string>();
  CLI::App* command = group.add_subcommand("status", "Show what this host is in its cluster");
  command->add_option("-f,--format", *format, "json, or a Go template");
  command->callback([format, &context] { context.finish(cluster_status(*format, context)); });
}

}  // namespace ikada
