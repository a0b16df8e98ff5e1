#include <stdio.h>

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/go_template.h"
#include "cmd/ikada/host_description.h"
#include "runtime/base/number.h"

namespace ikada {
namespace {

constexpr std::string_view kInfoFormat =
    "Containers: {{.Containers}}\n"
    " Running: {{.ContainersRunning}}\n"
    " Paused: {{.ContainersPaused}}\n"
    " Stopped: {{.ContainersStopped}}\n"
    "Images: {{.Images}}\n"
    "Server Version: {{.ServerVersion}}\n"
    "Storage Driver: {{.Driver}}\n"
    "Cgroup Driver: {{.CgroupDriver}}\n"
    "Cgroup Version: {{.CgroupVersion}}\n"
    "Cgroup Mount: {{.CgroupMount}}\n"
    "Cgroup Controllers: {{join .CgroupControllers \" \"}}\n"
    "Network: bridge {{.Network.Bridge}}; modes {{join .Network.Modes \" \"}}\n"
    "Default Runtime: {{.DefaultRuntime}}\n"
    "Security Options:\n{{range .SecurityOptions}} {{slice . 5}}\n{{end}}"
    "Kernel Version: {{.KernelVersion}}\n"
    "Operating System: {{.OperatingSystem}}\n"
    "OSType: {{.OSType}}\n"
    "Architecture: {{.Architecture}}\n"
    "CPUs: {{.NCPU}}\n"
    "Total Memory: {{.MemText}}\n"
    "Name: {{.Name}}\n"
    "Root Dir: {{.DockerRootDir}}\n"
    "Run Dir: {{.RunDir}}\n"
    "Configuration: {{.ConfigFile}}\n"
    "Credentials: {{.CredentialsFile}}\n";

Result<void> show_info(const std::string& format, const Context& context) {
  IK_LET(info, describe_host(context));
  std::string text = format == "json" ? "{{json .}}\n" : format + "\n";
  if (format.empty()) {
    info["MemText"] = format_binary_size(info["MemTotal"].get<std::uint64_t>());
    text = kInfoFormat;
  }
  IK_LET(rendered, render(text, info));
  ::fwrite(rendered.data(), 1, rendered.size(), stdout);
  return {};
}

}  // namespace

void add_info_command(CLI::App& app, Context& context) {
  auto format = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("info", "Show this host and what ikada has on it");
  command->add_option("-f,--format", *format, "json, or a Go template");
  command->callback([format, &context] { context.finish(show_info(*format, context)); });
}

}  // namespace ikada
