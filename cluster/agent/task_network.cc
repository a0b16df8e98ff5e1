#include "cluster/agent/task_network.h"

#include <algorithm>
#include <utility>

namespace ikada {
namespace {

constexpr const char* kInterfaceType = "ElasticNetworkInterface";

void put_detail(Attachment& attachment, const char* name, const std::string& value) {
  for (KeyValuePair& each : attachment.details) {
    if (each.name != name) continue;
    each.value = value;
    return;
  }
  attachment.details.push_back({.name = name, .value = value});
}

// "eni-" and 17 digits, as theirs are; they follow from the attachment's.
std::string interface_id_of(const Attachment& attachment) {
  constexpr size_t kDigits = 17;
  std::string digits = attachment.id;
  std::erase(digits, '-');
  return "eni-" + digits.substr(0, kDigits);
}

}  // namespace

TaskDefinition with_network_holder(TaskDefinition definition) {
  if (network_mode_of(definition) != "awsvpc") return definition;
  for (ContainerDefinition& each : definition.container_definitions) {
    if (!each.depends_on.has_value()) each.depends_on.emplace();
    each.depends_on->push_back({.container_name = kNetworkHolder, .condition = "START"});
  }
  ContainerDefinition holder;
  holder.name = kNetworkHolder;
  holder.stop_timeout_s = 0;
  definition.container_definitions.push_back(std::move(holder));
  return definition;
}

std::string host_name_of(const TaskAddress& address) {
  std::string name = "ip-" + address.ipv4;
  std::replace(name.begin(), name.end(), '.', '-');
  return name;
}

void attach_address(Task& task, const TaskAddress& address) {
  for (Attachment& each : task.attachments) {
    if (each.type != kInterfaceType) continue;
    each.status = "ATTACHED";
    put_detail(each, "networkInterfaceId", interface_id_of(each));
    put_detail(each, "macAddress", address.mac);
    put_detail(each, "privateDnsName", host_name_of(address));
    put_detail(each, "privateIPv4Address", address.ipv4);
    for (TaskContainer& container : task.containers) {
      container.network_interfaces = {
          {.attachment_id = each.id, .private_ipv4_address = address.ipv4}};
    }
  }
}

void detach_address(Task& task) {
  for (Attachment& each : task.attachments) {
    if (each.type == kInterfaceType) each.status = "DELETED";
  }
}

}  // namespace ikada
