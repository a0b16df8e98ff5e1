#include <stdio.h>
#include <sys/utsname.h>

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/go_template.h"
#include "cmd/ikada/open_engine.h"
#include "image/platform.h"
#include "runtime/base/json.h"
#include "runtime/base/text.h"
#include "runtime/sys/program_output.h"

namespace ikada {
namespace {

// Docker's default layout, for what we have.
constexpr std::string_view kVersionFormat =
    "Client: ikada\n"
    " Version:    {{.Client.Version}}\n"
    " OS/Arch:    {{.Client.Os}}/{{.Client.Arch}}\n"
    "\n"
    "Server: ikada (no daemon)\n"
    " Version:    {{.Server.Version}}\n"
    " OS/Arch:    {{.Server.Os}}/{{.Server.Arch}}\n"
    " Kernel:     {{.Server.KernelVersion}}\n"
    "{{range .Server.Components}} {{.Name}}:\n"
    "  Version:   {{.Version}}\n{{end}}";

// The last word of the first line that `ikada-runtime --version` prints.
Result<std::string> runtime_version() {
  IK_LET(program, find_runtime_program());
  IK_LET(output, run_program(program, {program, "--version"}));
  if (output.status.shell_status() != 0) {
    return make_error(
        ErrorKind::kUnavailable, "{} --version: status {}", program, output.status.shell_status());
  }
  const std::string_view line = cut(output.text, '\n').before;
  return std::string(line.substr(line.rfind(' ') + 1));
}

Json describe_versions(const Result<std::string>& runtime) {
  const Platform platform = host_platform();
  utsname kernel{};
  ::uname(&kernel);
  Json versions;
  versions["Client"] = {
      {"Version", IKADA_VERSION}, {"Os", platform.os}, {"Arch", platform.architecture}};
  versions["Server"] = versions["Client"];
  versions["Server"]["KernelVersion"] = kernel.release;
  versions["Server"]["Components"] = Json::array();
  if (runtime.has_value()) {
    versions["Server"]["Components"].push_back({{"Name", "ikada-runtime"}, {"Version", *runtime}});
  }
  return versions;
}

// What is known is shown also when ikada-runtime is missing.
Result<void> show_versions(const std::string& format) {
  const Result<std::string> runtime = runtime_version();
  const Json versions = describe_versions(runtime);
  const bool is_json = format == "json";
  const std::string text = format.empty() ? std::string(kVersionFormat)
                           : is_json      ? "{{json .}}\n"
                                          : format + "\n";
  IK_LET(rendered, render(text, versions));
  ::fwrite(rendered.data(), 1, rendered.size(), stdout);
  ::fflush(stdout);
  if (!runtime.has_value()) return runtime.error();
  return {};
}

}  // namespace

void add_version_command(CLI::App& app, Context& context) {
  auto format = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("version", "Show the versions of ikada's programs");
  command->add_option("-f,--format", *format, "json, or a Go template");
  command->callback([format, &context] { context.finish(show_versions(*format)); });
}

}  // namespace ikada
