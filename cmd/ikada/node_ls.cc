#include <stdio.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/cluster_daemon.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/table.h"

namespace ikada {
namespace {

constexpr std::array kNodeColumns = {
    Column{"ID", "NODE ID"},
    Column{"Name", "NAME"},
    Column{"Role", "ROLE"},
    Column{"State", "STATE"},
    Column{"Status", "STATUS"},
    Column{"Manager", "MANAGER"},
    Column{"Address", "ADDRESS"},
    Column{"Tasks", "TASKS"},
    Column{"Version", "VERSION"},
    Column{"Labels", "LABELS"},
};

std::string manager_word(const Json& node) {
  return node.value("leads", false) ? "leader" : node.value("etcd", "");
}

std::string labels_text(const Json& node) {
  const Json labels = node.value("labels", Json::object());
  std::string text;
  for (const auto& [name, value] : labels.items()) {
    if (!text.empty()) text += ',';
    text += name + "=" + value.get<std::string>();
  }
  return text;
}

Json node_row(const Json& node, bool is_self) {
  constexpr size_t kShortId = 12;
  return {{"ID", node.value("id", "").substr(0, kShortId)},
          {"Name", node.value("name", "") + (is_self ? " *" : "")},
          {"Role", node.value("role", "")},
          {"State", node.value("state", "")},
          {"Status", node.value("status", "-")},
          {"Manager", manager_word(node)},
          {"Address", node.value("address", "")},
          {"Tasks", std::to_string(node.value("runningTasksCount", 0))},
          {"Version", node.value("version", "")},
          {"Labels", labels_text(node)}};
}

Result<void> node_ls(const std::string& format, bool quiet, const Context& context) {
  IK_LET(answer, ask_cluster(context, "GET", "/cluster/nodes"));
  const std::string remark = answer.value("remark", "");
  if (!remark.empty()) ::fprintf(stderr, "%s\n", printable(remark).c_str());
  std::vector<Json> rows;
  for (const Json& node : answer["nodes"]) {
    rows.push_back(node_row(node, node["id"] == answer["self"]));
  }
  return print_rows(
      {kNodeColumns,
       "table {{.ID}}\t{{.Name}}\t{{.Role}}\t{{.State}}\t{{.Status}}\t{{.Manager}}\t{{.Address}}"
       "\t{{.Tasks}}\t{{.Labels}}"},
      rows,
      quiet && format.empty() ? "{{.ID}}" : format);
}

}  // namespace

void add_node_ls_command(CLI::App& group, Context& context) {
  auto format = std::make_shared<std::string>();
  auto quiet = std::make_shared<bool>(false);
  CLI::App* command = group.add_subcommand("ls", "List the nodes of the cluster");
  command->add_flag("-q,--quiet", *quiet, "Only ids");
  command->add_option("--format", *format, "json, table TEMPLATE, or a Go template");
  command->callback(
      [format, quiet, &context] { context.finish(node_ls(*format, *quiet, context)); });
}

}  // namespace ikada
