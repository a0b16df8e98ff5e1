#include "image/build/build_variables.h"

#include <algorithm>
#include <array>

namespace ikada {
namespace {

constexpr std::array<std::string_view, 10> kProxies = {"HTTP_PROXY",
                                                       "http_proxy",
                                                       "HTTPS_PROXY",
                                                       "https_proxy",
                                                       "FTP_PROXY",
                                                       "ftp_proxy",
                                                       "NO_PROXY",
                                                       "no_proxy",
                                                       "ALL_PROXY",
                                                       "all_proxy"};

bool is_proxy(std::string_view name) {
  return std::find(kProxies.begin(), kProxies.end(), name) != kProxies.end();
}

std::optional<std::string> find_in(const std::map<std::string, std::string>& map,
                                   std::string_view name) {
  const auto found = map.find(std::string(name));
  if (found == map.end()) return std::nullopt;
  return found->second;
}

void add_platform(std::map<std::string, std::string>& into,
                  const std::string& prefix,
                  const Platform& platform) {
  into[prefix + "PLATFORM"] = platform.text();
  into[prefix + "OS"] = platform.os;
  into[prefix + "ARCH"] = platform.architecture;
  into[prefix + "VARIANT"] = platform.variant;
}

}  // namespace

BuildVariables::BuildVariables(std::map<std::string, std::string> given,
                               const Platform& target,
                               const Platform& host)
    : given_(std::move(given)) {
  add_platform(platform_, "TARGET", target);
  add_platform(platform_, "BUILD", host);
}

Result<void> BuildVariables::declare_global(const Instruction& arg, char escape) {
  const auto& body = std::get<ArgInstruction>(arg.body);
  const WordExpansion expansion{.find = [this](auto name) { return find_global(name); },
                                .escape = escape};
  for (const auto& [name, raw] : body.arguments) {
    if (const auto given = find_in(given_, name); given.has_value()) {
      global_[name] = *given;
    } else if (raw.has_value()) {
      IK_LET(value, expand_word(*raw, expansion).context("{}: ARG", arg.line));
      global_[name] = std::move(value);
    }
  }
  return {};
}

std::optional<std::string> BuildVariables::find_global(std::string_view name) const {
  if (auto value = find_in(global_, name); value.has_value()) return value;
  return find_in(platform_, name);
}

std::optional<std::string> BuildVariables::value_of(
    const std::string& name, const std::optional<std::string>& default_value) const {
  if (auto value = find_in(given_, name); value.has_value()) return value;
  if (default_value.has_value()) return default_value;
  return find_global(name);
}

std::vector<std::string> BuildVariables::proxies() const {
  std::vector<std::string> found;
  for (const auto& [name, value] : given_) {
    if (is_proxy(name)) found.push_back(fmt::format("{}={}", name, value));
  }
  return found;
}

std::vector<std::string> BuildVariables::unused(const Dockerfile& file) const {
  std::vector<std::string> names;
  const auto asks_for = [](const Instruction& instruction, const std::string& name) {
    const auto* arg = std::get_if<ArgInstruction>(&instruction.body);
    return arg != nullptr && std::any_of(arg->arguments.begin(),
                                         arg->arguments.end(),
                                         [&](const auto& each) { return each.first == name; });
  };
  for (const auto& [name, value] : given_) {
    bool used = is_proxy(name);
    for (const Instruction& each : file.arguments) used = used || asks_for(each, name);
    for (const DockerfileStage& stage : file.stages) {
      for (const Instruction& each : stage.instructions) used = used || asks_for(each, name);
    }
    if (!used && name != "SOURCE_DATE_EPOCH") names.push_back(name);
  }
  return names;
}

}  // namespace ikada
