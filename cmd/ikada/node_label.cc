#include <stdio.h>

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/api_client.h"
#include "cmd/ikada/cluster_daemon.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"

namespace ikada {
namespace {

struct NodeLabelOptions {
  std::string node;
  std::vector<std::string> labels;
};

struct LabelChanges {
  Json put = Json::array();
  Json remove = Json::array();
};

// "disk=ssd" is put, "disk-" removed.
Result<LabelChanges> plan_labels(const std::vector<std::string>& texts, const Json& instance) {
  LabelChanges changes;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    const bool is_removed = equals == std::string::npos && text.size() > 1 && text.back() == '-';
    if (!is_removed && (equals == 0 || equals == std::string::npos)) {
      return make_error(
          ErrorKind::kInvalid, "\"{}\" is no label: expected NAME=VALUE or NAME-", text);
    }
    Json attribute = {{"targetType", "container-instance"}, {"targetId", instance}};
    attribute["name"] = text.substr(0, is_removed ? text.size() - 1 : equals);
    if (!is_removed && equals + 1 < text.size()) attribute["value"] = text.substr(equals + 1);
    (is_removed ? changes.remove : changes.put).push_back(std::move(attribute));
  }
  return changes;
}

Result<void> node_label(const NodeLabelOptions& options, const Context& context) {
  IK_LET(node, find_cluster_node(context, options.node));
  if (!node.contains("instance")) {
    return make_error(ErrorKind::kConflict, "node {} runs no tasks", options.node);
  }
  IK_LET(changes, plan_labels(options.labels, node["instance"]));
  const auto change = [&](const char* action, const Json& attributes) -> Result<void> {
    if (attributes.empty()) return {};
    IK_TRY(ApiClient(context).call(action,
                                   {{"cluster", node["cluster"]}, {"attributes", attributes}}));
    return {};
  };
  // First what goes: there may be ten.
  IK_TRY(change("DeleteAttributes", changes.remove));
  IK_TRY(change("PutAttributes", changes.put));
  ::printf("%s\n", options.node.c_str());
  return {};
}

}  // namespace

void add_node_label_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<NodeLabelOptions>();
  CLI::App* command = group.add_subcommand("label", "Set labels of a node, or remove them");
  command->add_option("NODE", options->node, "Name or id")->required();
  command->add_option("LABEL", options->labels, "NAME=VALUE sets it, NAME- removes it")->required();
  command->callback([options, &context] { context.finish(node_label(*options, context)); });
}

}  // namespace ikada
